// SPDX-License-Identifier: MIT
/* The vocabulary's hash tables: tokens by text, and merges by their two halves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_priv.h"

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Multiply-and-fold over eight bytes at a time: vocabularies of 262,144 tokens load at once. */
uint64_t strtab_hash(const char *s, size_t len, uint64_t seed)
{
	uint64_t h = seed ^ 0x9e3779b97f4a7c15, v;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&v, s, 8);
		h = mix(h ^ v, 0xd6e8feb86659fd93);
	}
	v = len;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | (uint8_t)s[i];
	return mix(h ^ v, 0xd6e8feb86659fd93);
}

/* Room for @n strings at most half full. */
int strtab_init(struct strtab *t, uint32_t n)
{
	uint64_t size = 16;

	while (size < 2 * (uint64_t)n)
		size *= 2;
	t->slots = calloc(size, sizeof(*t->slots));
	t->mask = (uint32_t)(size - 1);
	return t->slots ? 0 : -ENOMEM;
}

static void put(struct slot *slot, uint32_t id, uint64_t hash)
{
	slot->id_plus_1 = id + 1;
	slot->tag = (uint32_t)(hash >> 32);
}

/* The token's slot, or the empty one where it belongs. */
static struct slot *token_slot(const struct tokenizer *tk, const char *s, size_t len, uint64_t hash)
{
	const struct strtab *t = &tk->table;

	for (uint32_t i = (uint32_t)hash & t->mask;; i = (i + 1) & t->mask) {
		struct slot *slot = &t->slots[i];
		const struct span *token;

		if (!slot->id_plus_1)
			return slot;
		if (slot->tag != (uint32_t)(hash >> 32))
			continue;
		token = &tk->tokens[slot->id_plus_1 - 1];
		if (token->len == len && !memcmp(tk->base + token->off, s, len))
			return slot;
	}
}

int tokenizer_index_tokens(struct tokenizer *tk, struct axon_err *err)
{
	if (strtab_init(&tk->table, tk->n))
		return named_fail(tk, err, -ENOMEM, "no memory for %u tokens", tk->n);
	for (uint32_t id = 0; id < tk->n; id++) {
		const struct span *token = &tk->tokens[id];
		const char *s = tk->base + token->off;
		uint64_t hash = strtab_hash(s, token->len, 0);
		struct slot *slot;

		if (!token->len) /* no text spells it, so none need find it */
			continue;
		slot = token_slot(tk, s, token->len, hash);
		if (slot->id_plus_1)
			return named_fail(tk, err, -EINVAL,
					  "tokens %u and %u of tokenizer.ggml.tokens are both "
					  "'%.*s'; each was expected once" ERR_RECONVERT,
					  slot->id_plus_1 - 1, id,
					  token->len > 64 ? 64 : (int)token->len, s);
		put(slot, id, hash);
	}
	return 0;
}

int32_t tokenizer_find(const struct tokenizer *tk, const char *text, size_t len)
{
	if (!len || len > tk->max_len)
		return TOKENIZER_NONE;
	return (int32_t)token_slot(tk, text, len, strtab_hash(text, len, 0))->id_plus_1 - 1;
}

static uint64_t merge_hash(const char *left, size_t left_len, const char *right, size_t right_len)
{
	return strtab_hash(right, right_len, strtab_hash(left, left_len, 0));
}

/* The slot of a merge of @left and @right, or the empty one where it belongs. */
static struct slot *merge_slot(const struct tokenizer *tk, const char *left, size_t left_len,
			       const char *right, size_t right_len, uint64_t hash)
{
	const struct strtab *t = &tk->merge_table;

	for (uint32_t i = (uint32_t)hash & t->mask;; i = (i + 1) & t->mask) {
		struct slot *slot = &t->slots[i];
		const struct span *merge;
		const char *s;

		if (!slot->id_plus_1)
			return slot;
		if (slot->tag != (uint32_t)(hash >> 32))
			continue;
		merge = &tk->merges[slot->id_plus_1 - 1];
		s = tk->merge_base + merge->off;
		if (merge->len == left_len + 1 + right_len && s[left_len] == ' ' &&
		    !memcmp(s, left, left_len) && !memcmp(s + left_len + 1, right, right_len))
			return slot;
	}
}

static void index_merge(struct tokenizer *tk, uint32_t rank)
{
	const struct span *merge = &tk->merges[rank];
	const char *s = tk->merge_base + merge->off, *space, *right;
	struct slot *slot;
	size_t left_len, right_len;
	uint64_t hash;

	/* The halves hold no space (BPE spells it otherwise), but the left one may be any byte. */
	space = merge->len > 1 ? memchr(s + 1, ' ', merge->len - 1) : NULL;
	if (!space)
		return;
	right = space + 1;
	left_len = (size_t)(space - s);
	right_len = merge->len - left_len - 1;
	hash = merge_hash(s, left_len, right, right_len);
	slot = merge_slot(tk, s, left_len, right, right_len, hash);
	if (!slot->id_plus_1) /* of two equal merges the earlier counts */
		put(slot, rank, hash);
}

int tokenizer_load_merges(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	struct gguf_array a;
	struct gguf_str s;
	uint32_t n;
	int ret = gguf_array(g, "tokenizer.ggml.merges", &a, err);

	if (ret)
		return ret;
	if (a.kind != GGUF_STRING || a.n > INT32_MAX)
		return named_fail(tk, err, -EINVAL,
				  "tokenizer.ggml.merges is no array of strings, which was "
				  "expected" ERR_RECONVERT);
	n = (uint32_t)a.n;
	tk->merges = calloc(n ? n : 1, sizeof(*tk->merges));
	if (!tk->merges || strtab_init(&tk->merge_table, n))
		return named_fail(tk, err, -ENOMEM, "no memory for %u merges", n);
	tk->merge_base = (const char *)a.p;
	for (uint32_t i = 0; gguf_array_next(&a, &s); i++) {
		tk->merges[i].off = (uint32_t)(s.p - tk->merge_base);
		tk->merges[i].len = (uint32_t)s.n;
		index_merge(tk, i);
	}
	return 0;
}

int64_t tokenizer_merge_rank(const struct tokenizer *tk, const char *s, size_t left, size_t len)
{
	size_t right = len - left;

	return (int64_t)merge_slot(tk, s, left, s + left, right,
				   merge_hash(s, left, s + left, right))
		       ->id_plus_1 -
	       1;
}
