// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpe_train.h"
#include "tokenizer_pre.h"

/* A merge that occurs once saves one token and makes one. */
#define MIN_COUNT 2

/* A word of the text as tokens. Its text is in trainer.texts, under the same number. */
struct word {
	uint64_t count; /* how often the text has it */
	uint32_t *tokens, n;
};

struct pair {
	uint64_t count;	 /* of all words, each as often as the text has it */
	uint32_t *words; /* that have it, or had it */
	uint32_t n, cap;
	uint32_t seen; /* the last merge that made one of it */
};

/* Counts only fall between merges that make a pair; an entry may say more than there are left. */
struct entry {
	uint64_t count;
	uint32_t pair;
};

struct trainer {
	struct bpe_vocab *vocab;
	struct intern texts, keys; /* of words and pairs */
	struct word *words;
	struct pair *pairs;
	uint32_t words_cap, pairs_cap;
	struct entry *heap;
	uint32_t heap_n, heap_cap;
	uint32_t *made; /* pairs that this merge has made */
	uint32_t made_n, made_cap;
	uint32_t merge; /* its number, from 1 */
};

/* The array with room for element @n, moved if need be; NULL when out of memory. */
static void *reserve(void *array, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t room = *cap ? 2 * *cap : 16;
	void *grown;

	if (n < *cap)
		return array;
	grown = n <= UINT32_MAX / 4 ? realloc(array, room * size) : NULL;
	if (!grown)
		return NULL;
	memset((char *)grown + *cap * size, 0, (room - *cap) * size);
	*cap = room;
	return grown;
}

/* The same for an array that has its room beside it: false when out of memory. */
#define RESERVE(array, n, cap)                                              \
	({                                                                  \
		void *moved_ = reserve(array, n, &(cap), sizeof(*(array))); \
		if (moved_)                                                 \
			(array) = moved_;                                   \
		moved_ != NULL;                                             \
	})

static struct bpe_merge merge_of(const struct trainer *t, uint32_t pair)
{
	struct bpe_merge merge;

	memcpy(&merge, intern_bytes(&t->keys, pair), sizeof(merge));
	return merge;
}

/* ---- the most frequent pair ---- */

static bool before(const struct trainer *t, struct entry a, struct entry b)
{
	struct bpe_merge x = merge_of(t, a.pair), y = merge_of(t, b.pair);

	if (a.count != b.count)
		return a.count > b.count;
	return x.left != y.left ? x.left < y.left : x.right < y.right;
}

static int push(struct trainer *t, uint32_t pair)
{
	struct entry e = {t->pairs[pair].count, pair};
	uint32_t i = t->heap_n;

	if (e.count < MIN_COUNT)
		return 0;
	if (!RESERVE(t->heap, i, t->heap_cap))
		return -ENOMEM;
	t->heap_n++;
	for (; i && before(t, e, t->heap[(i - 1) / 2]); i = (i - 1) / 2)
		t->heap[i] = t->heap[(i - 1) / 2];
	t->heap[i] = e;
	return 0;
}

static struct entry pop(struct trainer *t)
{
	struct entry top = t->heap[0], last = t->heap[--t->heap_n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < t->heap_n) {
		if (child + 1 < t->heap_n && before(t, t->heap[child + 1], t->heap[child]))
			child++;
		if (!before(t, t->heap[child], last))
			break;
		t->heap[i] = t->heap[child];
		i = child;
	}
	t->heap[i] = last;
	return top;
}

/* False when none occurs often enough. */
static int best_pair(struct trainer *t, uint32_t *pair, bool *found)
{
	*found = false;
	while (t->heap_n) {
		struct entry top = pop(t);

		if (top.count == t->pairs[top.pair].count) {
			*pair = top.pair;
			*found = true;
			return 0;
		}
		if (push(t, top.pair))
			return -ENOMEM;
	}
	return 0;
}

/* ---- counting ---- */

static int find_pair(struct trainer *t, uint32_t left, uint32_t right, uint32_t *pair)
{
	struct bpe_merge key = {left, right};

	if (intern_add(&t->keys, &key, sizeof(key), pair))
		return -ENOMEM;
	return RESERVE(t->pairs, *pair, t->pairs_cap) ? 0 : -ENOMEM;
}

/* A pair that contains @token is new to the word, and remembers it. */
static int count_pair(struct trainer *t, uint32_t number, uint32_t i, uint32_t token)
{
	const struct word *w = &t->words[number];
	uint32_t left = w->tokens[i], right = w->tokens[i + 1], pair;
	struct pair *p;

	if (find_pair(t, left, right, &pair))
		return -ENOMEM;
	p = &t->pairs[pair];
	p->count += w->count;
	if (left != token && right != token)
		return 0;
	if (!RESERVE(p->words, p->n, p->cap))
		return -ENOMEM;
	if (!p->n || p->words[p->n - 1] != number)
		p->words[p->n++] = number;
	if (p->seen == t->merge)
		return 0;
	p->seen = t->merge;
	if (!RESERVE(t->made, t->made_n, t->made_cap))
		return -ENOMEM;
	t->made[t->made_n++] = pair;
	return 0;
}

static int uncount_word(struct trainer *t, const struct word *w)
{
	for (uint32_t i = 0; i + 1 < w->n; i++) {
		uint32_t pair;

		if (find_pair(t, w->tokens[i], w->tokens[i + 1], &pair))
			return -ENOMEM;
		t->pairs[pair].count -= w->count;
	}
	return 0;
}

static int push_made(struct trainer *t)
{
	int ret = 0;

	for (uint32_t i = 0; i < t->made_n && !ret; i++)
		ret = push(t, t->made[i]);
	t->made_n = 0;
	return ret;
}

/* ---- words ---- */

static int add_word(void *arg, const char *s, size_t len)
{
	struct trainer *t = arg;
	uint32_t number, known = t->texts.n;

	if (len > UINT32_MAX || intern_add(&t->texts, s, (uint32_t)len, &number) ||
	    !RESERVE(t->words, number, t->words_cap))
		return -ENOMEM;
	t->words[number].count++;
	if (number < known)
		return 0;
	t->words[number].tokens = malloc(len * sizeof(uint32_t));
	t->words[number].n = (uint32_t)len;
	if (!t->words[number].tokens)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		t->words[number].tokens[i] = t->vocab->byte[(uint8_t)s[i]];
	return 0;
}

static int count_words(struct trainer *t)
{
	t->merge = 1;
	for (uint32_t number = 0; number < t->texts.n; number++)
		for (uint32_t i = 0; i + 1 < t->words[number].n; i++)
			if (count_pair(t, number, i, t->words[number].tokens[i]))
				return -ENOMEM;
	return push_made(t);
}

static bool has_pair(const struct word *w, struct bpe_merge m)
{
	for (uint32_t i = 0; i + 1 < w->n; i++)
		if (w->tokens[i] == m.left && w->tokens[i + 1] == m.right)
			return true;
	return false;
}

static void merge_word(struct word *w, struct bpe_merge m, uint32_t token)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; n++) {
		bool merges = i + 1 < w->n && w->tokens[i] == m.left && w->tokens[i + 1] == m.right;

		w->tokens[n] = merges ? token : w->tokens[i];
		i += merges ? 2 : 1;
	}
	w->n = n;
}

static int apply(struct trainer *t, uint32_t number, struct bpe_merge m, uint32_t token)
{
	struct word *w = &t->words[number];
	int ret;

	if (!has_pair(w, m))
		return 0;
	ret = uncount_word(t, w);
	merge_word(w, m, token);
	for (uint32_t i = 0; i + 1 < w->n && !ret; i++)
		ret = count_pair(t, number, i, token);
	return ret;
}

static int merge(struct trainer *t, uint32_t pair, struct axon_err *err)
{
	struct bpe_merge m = merge_of(t, pair);
	uint32_t token;
	int ret = bpe_add(t->vocab, m, &token, err);

	t->merge++;
	/* What merges here makes other pairs: this one's list does not grow meanwhile, but may move. */
	for (uint32_t i = 0, n = t->pairs[pair].n; i < n && !ret; i++)
		ret = apply(t, t->pairs[pair].words[i], m, token);
	return ret ? ret : push_made(t);
}

static void free_trainer(struct trainer *t)
{
	for (uint32_t i = 0; i < t->words_cap; i++)
		free(t->words[i].tokens);
	for (uint32_t i = 0; i < t->pairs_cap; i++)
		free(t->pairs[i].words);
	free(t->words);
	free(t->pairs);
	free(t->heap);
	free(t->made);
	intern_free(&t->texts);
	intern_free(&t->keys);
}

static int cut_into_words(struct trainer *t, const char *text, size_t len, struct axon_err *err)
{
	struct pretokenizer_traits traits;
	struct pretokenizer *pre;
	int ret = pretokenizer_new(BPE_PRETOKENIZER, strlen(BPE_PRETOKENIZER), &pre, &traits, err);

	if (ret)
		return ret;
	ret = pretokenizer_split(pre, text, len, add_word, t);
	pretokenizer_free(pre);
	return ret ? ret : count_words(t);
}

int bpe_train(const char *text, size_t len, uint32_t size, struct bpe_vocab *v,
	      struct axon_err *err)
{
	struct trainer t = {.vocab = v};
	bool found = true;
	uint32_t pair;
	int ret = bpe_init(v, err);

	if (!ret)
		ret = cut_into_words(&t, text, len, err);
	while (!ret && found && v->tokens.n < size) {
		ret = best_pair(&t, &pair, &found);
		if (!ret && found)
			ret = merge(&t, pair, err);
	}
	free_trainer(&t);
	return ret ? axon_fail(err, ret, "vocabulary: %s", strerror(-ret)) : 0;
}
