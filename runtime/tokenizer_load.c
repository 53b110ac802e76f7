// SPDX-License-Identifier: MIT
/* Loading a vocabulary and its settings from a GGUF file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_priv.h"

#define MAX_TOKENS (1u << 24)

/* tokenizer.ggml.token_type's numbers. */
static const uint8_t attr_of_type[] = {
	[1] = TOKEN_NORMAL, [2] = TOKEN_UNKNOWN, [3] = TOKEN_CONTROL,
	[4] = TOKEN_USER,   [5] = TOKEN_UNUSED,	 [6] = TOKEN_BYTE,
};

/*
 * Tokens known by their spelling, whatever type the file gives them: files forget to mark them.
 * The same list as llama.cpp's, as far as the supported architectures use it.
 */
static const struct {
	const char *text;
	bool eog;
} known[] = {
	{"<|eot_id|>", true},
	{"<|im_end|>", true},
	{"<|end|>", true},
	{"<|return|>", true},
	{"<|call|>", true},
	{"<end_of_turn>", true},
	{"<|endoftext|>", true},
	{"</s>", true},
	{"<|eom_id|>", true},
	{"<EOT>", true},
	{"_<EOT>", true},
	{"[EOT]", true},
	{"[EOS]", true},
	{"<|end_of_text|>", true},
	{"<end_of_utterance>", true},
	{"<eos>", true},
	{"<|fim_pad|>", true},
	{"<fim-pad>", true},
	{"<fim_pad>", true},
	{"<PAD>", true},
	{"[PAD]", true},
	{"<|fim_repo|>", true},
	{"<|repo_name|>", true},
	{"<fim-repo>", true},
	{"<REPO>", true},
	{"<reponame>", true},
	{"<|file_sep|>", true},
	{"<|fim_prefix|>", false},
	{"<fim-prefix>", false},
	{"<fim_prefix>", false},
	{"<PRE>", false},
	{"\xe2\x96\x81<PRE>", false},
	{"<|fim_suffix|>", false},
	{"<fim-suffix>", false},
	{"<fim_suffix>", false},
	{"<SUF>", false},
	{"\xe2\x96\x81<SUF>", false},
	{"<|fim_middle|>", false},
	{"<fim-middle>", false},
	{"<fim_middle>", false},
	{"<MID>", false},
	{"\xe2\x96\x81<MID>", false},
};

static int load_tokens(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	struct gguf_array a;
	struct gguf_str s;
	int ret = gguf_array(g, "tokenizer.ggml.tokens", &a, err);

	if (ret)
		return ret;
	if (a.kind != GGUF_STRING || !a.n || a.n > MAX_TOKENS)
		return named_fail(tk, err, -EINVAL,
				  "tokenizer.ggml.tokens is no array of 1 to %u strings, which was "
				  "expected" ERR_RECONVERT,
				  MAX_TOKENS);
	tk->n = (uint32_t)a.n;
	tk->tokens = malloc(tk->n * sizeof(*tk->tokens));
	tk->attrs = malloc(tk->n);
	if (!tk->tokens || !tk->attrs)
		return named_fail(tk, err, -ENOMEM, "no memory for %u tokens", tk->n);
	tk->base = (const char *)a.p;
	for (uint32_t i = 0; gguf_array_next(&a, &s); i++) {
		tk->tokens[i].off = (uint32_t)(s.p - tk->base);
		tk->tokens[i].len = (uint32_t)s.n;
		if (s.n > tk->max_len)
			tk->max_len = (uint32_t)s.n;
	}
	return tokenizer_index_tokens(tk, err);
}

static int too_short(const struct tokenizer *tk, const char *key, struct axon_err *err)
{
	return named_fail(tk, err, -EINVAL,
			  "%s is no array of numbers for each of the %u tokens, which was "
			  "expected" ERR_RECONVERT,
			  key, tk->n);
}

static int load_scores(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	static const char key[] = "tokenizer.ggml.scores";
	struct gguf_array a;
	int ret;

	tk->scores = calloc(tk->n, sizeof(*tk->scores));
	if (!tk->scores)
		return named_fail(tk, err, -ENOMEM, "no memory for %u scores", tk->n);
	if (!gguf_has(g, key))
		return 0;
	ret = gguf_array(g, key, &a, err);
	if (ret)
		return ret;
	if (a.n < tk->n)
		return too_short(tk, key, err);
	for (uint32_t i = 0; i < tk->n; i++) {
		int32_t whole;

		if (gguf_array_f32(&a, i, &tk->scores[i]))
			continue;
		if (!gguf_array_i32(&a, i, &whole))
			return too_short(tk, key, err);
		tk->scores[i] = (float)whole;
	}
	return 0;
}

static int load_attrs(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	static const char key[] = "tokenizer.ggml.token_type";
	struct gguf_array a;
	int ret;

	memset(tk->attrs, TOKEN_NORMAL, tk->n);
	if (!gguf_has(g, key))
		return 0;
	ret = gguf_array(g, key, &a, err);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < tk->n; i++) {
		int32_t type;

		if (!gguf_array_i32(&a, i, &type))
			return too_short(tk, key, err);
		tk->attrs[i] =
			type >= 0 && (size_t)type < sizeof(attr_of_type) ? attr_of_type[type] : 0;
	}
	return 0;
}

/* A special token's id. A file says "none" by leaving the key out or by -1. */
static int load_id(const struct tokenizer *tk, const struct gguf *g, const char *key, uint32_t dflt,
		   int32_t *id, struct axon_err *err)
{
	uint32_t v;
	int ret;

	*id = dflt < tk->n ? (int32_t)dflt : TOKENIZER_NONE;
	if (!gguf_has(g, key))
		return 0;
	ret = gguf_u32(g, key, &v, err);
	if (ret)
		return ret;
	if (v >= tk->n && v != UINT32_MAX)
		return named_fail(tk, err, -EINVAL,
				  "%s is %u, but there are only %u tokens" ERR_RECONVERT, key, v,
				  tk->n);
	*id = v < tk->n ? (int32_t)v : TOKENIZER_NONE;
	return 0;
}

static int load_eog(struct tokenizer *tk, const struct gguf *g, const char *key,
		    struct axon_err *err)
{
	int32_t id;
	int ret = load_id(tk, g, key, UINT32_MAX, &id, err);

	if (!ret && id >= 0)
		tk->attrs[id] |= TOKEN_EOG;
	return ret;
}

static int load_specials(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	bool spm = tk->model == TOKENIZER_SPM;
	int ret = load_id(tk, g, "tokenizer.ggml.bos_token_id", spm ? 1 : 11, &tk->bos, err);

	if (!ret)
		ret = load_id(tk, g, "tokenizer.ggml.eos_token_id", spm ? 2 : 11, &tk->eos, err);
	if (!ret)
		ret = load_id(tk, g, "tokenizer.ggml.unknown_token_id", spm ? 0 : UINT32_MAX,
			      &tk->unk, err);
	if (!ret)
		ret = load_eog(tk, g, "tokenizer.ggml.eot_token_id", err);
	if (!ret)
		ret = load_eog(tk, g, "tokenizer.ggml.eom_token_id", err);
	if (!ret)
		ret = gguf_bool_or(g, "tokenizer.ggml.add_bos_token", tk->add_bos, &tk->add_bos,
				   err);
	if (!ret)
		ret = gguf_bool_or(g, "tokenizer.ggml.add_eos_token", false, &tk->add_eos, err);
	if (!ret)
		ret = gguf_bool_or(g, "tokenizer.ggml.add_space_prefix", spm, &tk->space_prefix,
				   err);
	if (ret)
		return ret;
	if ((tk->add_bos && tk->bos < 0) || (tk->add_eos && tk->eos < 0))
		return named_fail(tk, err, -EINVAL,
				  "tokenizer.ggml.add_%s_token is true, but the file names no such "
				  "token" ERR_RECONVERT,
				  tk->add_bos && tk->bos < 0 ? "bos" : "eos");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int32_t id = tokenizer_find(tk, known[i].text, strlen(known[i].text));

		if (id >= 0)
			tk->attrs[id] |= TOKEN_CONTROL | (known[i].eog ? TOKEN_EOG : 0);
	}
	if (tk->eos >= 0)
		tk->attrs[tk->eos] |= TOKEN_EOG;
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	const struct special_group *x = a, *y = b;

	return x->len > y->len ? -1 : x->len < y->len;
}

/* Group the special tokens by length, so that one pass over the text looks for all of a length. */
static int group_specials(struct tokenizer *tk, struct axon_err *err)
{
	size_t cap = 0;

	for (uint32_t id = 0; id < tk->n; id++) {
		const struct span *token = &tk->tokens[id];
		struct special_group *group = tk->groups;
		uint8_t first;

		if (!(tk->attrs[id] & TOKEN_SPECIAL) || !token->len)
			continue;
		while (group < tk->groups + tk->n_groups && group->len != token->len)
			group++;
		if (group == tk->groups + tk->n_groups) {
			if (tk->n_groups == cap) {
				cap = cap ? 2 * cap : 64;
				group = realloc(tk->groups, cap * sizeof(*group));
				if (!group)
					return named_fail(tk, err, -ENOMEM,
							  "no memory for the special tokens");
				tk->groups = group;
			}
			group = &tk->groups[tk->n_groups++];
			*group = (struct special_group){.len = token->len};
		}
		first = (uint8_t)tk->base[token->off];
		group->first[first / 8] |= (uint8_t)(1 << first % 8);
	}
	if (tk->n_groups)
		qsort(tk->groups, tk->n_groups, sizeof(*tk->groups), longest_first);
	return 0;
}

static void find_byte_tokens(struct tokenizer *tk)
{
	for (int byte = 0; byte < 256; byte++) {
		char name[8], raw = (char)byte;
		int32_t id;

		snprintf(name, sizeof(name), "<0x%02X>", byte);
		id = tokenizer_find(tk, name, 6);
		if (id < 0)
			id = tokenizer_find(tk, &raw, 1);
		tk->byte_ids[byte] = id < 0 ? tk->unk : id;
	}
}

static int load_bpe(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	struct pretokenizer_traits traits = {};
	struct gguf_str pre;
	int ret = gguf_str(g, "tokenizer.ggml.pre", &pre, err);

	if (!ret)
		ret = pretokenizer_new(pre.p, pre.n, &tk->pre, &traits, err);
	tk->ignore_merges = traits.ignore_merges;
	tk->add_bos = traits.add_bos;
	return ret ? ret : tokenizer_load_merges(tk, g, err);
}

static int choose_model(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	struct gguf_str model;
	int ret = gguf_str(g, "tokenizer.ggml.model", &model, err);

	if (ret)
		return ret;
	if (model.n == 5 && !memcmp(model.p, "llama", 5)) {
		tk->model = TOKENIZER_SPM;
		tk->add_bos = true;
	} else if (model.n == 4 && !memcmp(model.p, "gpt2", 4)) {
		tk->model = TOKENIZER_BPE;
	} else {
		return named_fail(tk, err, -EINVAL,
				  "tokenizer '%.*s' (tokenizer.ggml.model) is not supported; "
				  "supported are llama, gpt2: use a model with one of these",
				  model.n > 64 ? 64 : (int)model.n, model.p);
	}
	return 0;
}

static int load(struct tokenizer *tk, const struct gguf *g, struct axon_err *err)
{
	int ret = choose_model(tk, g, err);

	if (!ret)
		ret = load_tokens(tk, g, err);
	if (!ret)
		ret = load_attrs(tk, g, err);
	if (!ret)
		ret = tk->model == TOKENIZER_SPM ? load_scores(tk, g, err) : load_bpe(tk, g, err);
	if (!ret)
		ret = load_specials(tk, g, err);
	if (!ret)
		ret = group_specials(tk, err);
	if (!ret && tk->model == TOKENIZER_SPM)
		find_byte_tokens(tk);
	return ret;
}

int tokenizer_new(const struct gguf *g, struct tokenizer **out, struct axon_err *err)
{
	struct tokenizer *tk = calloc(1, sizeof(*tk));
	int ret;

	if (!tk)
		return axon_fail(err, -ENOMEM, "%s: no memory for the tokenizer", gguf_name(g));
	tk->name = gguf_name(g);
	ret = load(tk, g, err);
	if (ret) {
		tokenizer_free(tk);
		return ret;
	}
	*out = tk;
	return 0;
}

void tokenizer_free(struct tokenizer *tk)
{
	if (!tk)
		return;
	pretokenizer_free(tk->pre);
	free(tk->merge_table.slots);
	free(tk->merges);
	free(tk->groups);
	free(tk->table.slots);
	free(tk->attrs);
	free(tk->scores);
	free(tk->tokens);
	free(tk);
}
