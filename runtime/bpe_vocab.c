// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpe_vocab.h"
#include "tokenizer_priv.h"
#include "utf8.h"

#define MAX_MERGES (1u << 20)

static int no_memory(struct axon_err *err)
{
	return axon_fail(err, -ENOMEM, "no memory for the vocabulary");
}

int bpe_init(struct bpe_vocab *v, struct axon_err *err)
{
	uint32_t token;

	memset(v, 0, sizeof(*v));
	if (intern_add(&v->tokens, BPE_END_TEXT, strlen(BPE_END_TEXT), &token))
		return no_memory(err);
	/* By their spelling: 68 of them are spelt beyond Latin-1, in the order of the bytes. */
	for (uint32_t code = 0; code < 0x200; code++) {
		int byte = tokenizer_bpe_byte(code);
		char spelt[4];

		if (byte < 0)
			continue;
		if (intern_add(&v->tokens, spelt, (uint32_t)utf8_encode(code, spelt),
			       &v->byte[byte]))
			return no_memory(err);
	}
	return 0;
}

void bpe_free(struct bpe_vocab *v)
{
	intern_free(&v->tokens);
	free(v->merges);
	memset(v, 0, sizeof(*v));
}

static int add_token(struct bpe_vocab *v, struct bpe_merge merge, uint32_t *token)
{
	const struct interned *left = &v->tokens.strings[merge.left];
	const struct interned *right = &v->tokens.strings[merge.right];
	uint32_t len = left->len + right->len;
	char *spelt = malloc(len);
	int ret = -ENOMEM;

	if (spelt) {
		memcpy(spelt, intern_bytes(&v->tokens, merge.left), left->len);
		memcpy(spelt + left->len, intern_bytes(&v->tokens, merge.right), right->len);
		ret = intern_add(&v->tokens, spelt, len, token);
	}
	free(spelt);
	return ret;
}

int bpe_add(struct bpe_vocab *v, struct bpe_merge merge, uint32_t *token, struct axon_err *err)
{
	struct bpe_merge *grown = v->merges;

	if (!(v->n_merges & (v->n_merges - 1))) /* full: room is the next power of two */
		grown = realloc(v->merges, 2 * (v->n_merges + 1ull) * sizeof(*grown));
	if (!grown)
		return no_memory(err);
	v->merges = grown;
	if (add_token(v, merge, token))
		return no_memory(err);
	v->merges[v->n_merges++] = merge;
	return 0;
}

char *bpe_print(const struct bpe_vocab *v)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (uint32_t i = 0; i < v->n_merges; i++)
		fprintf(f, "%s%u %u", i ? " " : "", v->merges[i].left, v->merges[i].right);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The next token of a merge, which must be one of those so far, none of them special. */
static bool parse_token(const struct bpe_vocab *v, const char **text, uint32_t *token)
{
	unsigned long n;
	char *end;

	if (**text == ' ')
		++*text;
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	n = strtoul(*text, &end, 10);
	*text = end;
	*token = (uint32_t)n;
	return !errno && n != BPE_END && n < v->tokens.n;
}

int bpe_parse(const char *text, struct bpe_vocab *v, struct axon_err *err)
{
	int ret = bpe_init(v, err);

	while (!ret && *text) {
		const char *pair = text;
		struct bpe_merge merge;
		uint32_t token;

		if (v->n_merges == MAX_MERGES || v->tokens.n > BPE_MAX_SIZE ||
		    !parse_token(v, &text, &merge.left) || !parse_token(v, &text, &merge.right))
			return axon_fail(err, -EINVAL,
					 "vocabulary: expected pairs of tokens known before, found "
					 "'%.20s' as number %u" ERR_DAMAGED,
					 pair, v->n_merges);
		ret = bpe_add(v, merge, &token, err);
	}
	return ret;
}
