// SPDX-License-Identifier: MIT
/* Encoding as a whole, special tokens first, then the text between; and what a vocabulary holds. */
#include <errno.h>
#include <stdlib.h>

#include "tokenizer_priv.h"

int id_list_push(struct id_list *l, int32_t id)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		int32_t *grown = realloc(l->v, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		l->v = grown;
		l->cap = cap;
	}
	l->v[l->n++] = id;
	return 0;
}

/* A stretch of the text: a special token, or text that is still to be encoded. */
struct fragment {
	size_t off, len;
	int32_t id; /* TOKENIZER_NONE: text */
};

struct fragments {
	struct fragment *v;
	size_t n, cap;
};

static int fragments_push(struct fragments *f, size_t off, size_t len, int32_t id)
{
	if (!len)
		return 0;
	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 16;
		struct fragment *grown = realloc(f->v, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		f->v = grown;
		f->cap = cap;
	}
	f->v[f->n++] = (struct fragment){off, len, id};
	return 0;
}

/* The special token of @group's length at @s, or TOKENIZER_NONE. */
static int32_t special_at(const struct tokenizer *tk, const struct special_group *group,
			  const char *s, bool parse_special)
{
	uint8_t first = (uint8_t)*s;
	int32_t id;

	if (!(group->first[first / 8] >> first % 8 & 1))
		return TOKENIZER_NONE;
	id = tokenizer_find(tk, s, group->len);
	if (id < 0 || !(tk->attrs[id] & TOKEN_SPECIAL))
		return TOKENIZER_NONE;
	if (!parse_special && tk->attrs[id] & (TOKEN_CONTROL | TOKEN_UNKNOWN))
		return TOKENIZER_NONE;
	return id;
}

/* Copy fragment @f to @out, cut where tokens of the group's length stand. */
static int cut_fragment(const struct tokenizer *tk, const struct special_group *group,
			const char *text, const struct fragment *f, bool parse_special,
			struct fragments *out)
{
	size_t start = f->off, end = f->off + f->len;
	int ret = 0;

	if (f->id >= 0)
		return fragments_push(out, f->off, f->len, f->id);
	for (size_t at = start; at + group->len <= end && !ret;) {
		int32_t id = special_at(tk, group, text + at, parse_special);

		if (id < 0) {
			at++;
			continue;
		}
		ret = fragments_push(out, start, at - start, TOKENIZER_NONE);
		if (!ret)
			ret = fragments_push(out, at, group->len, id);
		at += group->len;
		start = at;
	}
	return ret ? ret : fragments_push(out, start, end - start, TOKENIZER_NONE);
}

/* Find the special tokens, the longest first wherever they overlap. */
static int partition(const struct tokenizer *tk, const char *text, size_t len, bool parse_special,
		     struct fragments *f)
{
	struct fragments next = {};
	int ret = fragments_push(f, 0, len, TOKENIZER_NONE);

	for (size_t g = 0; g < tk->n_groups && !ret; g++) {
		struct fragments done;

		next.n = 0;
		for (size_t i = 0; i < f->n && !ret; i++)
			ret = cut_fragment(tk, &tk->groups[g], text, &f->v[i], parse_special,
					   &next);
		done = *f;
		*f = next;
		next = done;
	}
	free(next.v);
	return ret;
}

static int encode_fragments(const struct tokenizer *tk, const char *text, const struct fragments *f,
			    struct id_list *out)
{
	bool spm = tk->model == TOKENIZER_SPM;
	struct merger m = {.tk = tk, .key = spm ? tokenizer_spm_key : tokenizer_bpe_key};
	bool prefix = tk->space_prefix;
	int ret = 0;

	for (size_t i = 0; i < f->n && !ret; i++) {
		const struct fragment *part = &f->v[i];

		if (part->id >= 0)
			ret = id_list_push(out, part->id);
		else if (spm)
			ret = tokenizer_encode_spm(tk, &m, text + part->off, part->len, prefix,
						   out);
		else
			ret = tokenizer_encode_bpe(tk, &m, text + part->off, part->len, out);
		prefix = tk->space_prefix && part->id >= 0;
	}
	merger_free(&m);
	return ret;
}

static int explain(const struct tokenizer *tk, int code, size_t len, struct axon_err *err)
{
	switch (code) {
	case -ENOMEM: return axon_fail(err, code, "no memory to encode a text of %zu bytes", len);
	case -E2BIG:
		return axon_fail(
			err, code,
			"a text of %zu bytes is too long to encode at once; give a shorter one",
			len);
	default:
		return named_fail(tk, err, code,
				  "the vocabulary has neither tokens for all bytes nor an unknown "
				  "token, so this text cannot be encoded: use another model");
	}
}

int tokenizer_encode(const struct tokenizer *tk, const char *text, size_t len, unsigned int flags,
		     int32_t **ids, size_t *n, struct axon_err *err)
{
	bool add = flags & TOKENIZER_ADD_SPECIAL;
	struct fragments f = {};
	struct id_list out = {};
	int ret = len > INT32_MAX / 16 ? -E2BIG : 0;

	if (!ret)
		ret = partition(tk, text, len, flags & TOKENIZER_PARSE_SPECIAL, &f);
	if (!ret && add && tk->add_bos)
		ret = id_list_push(&out, tk->bos);
	if (!ret)
		ret = encode_fragments(tk, text, &f, &out);
	if (!ret && add && tk->add_eos)
		ret = id_list_push(&out, tk->eos);
	free(f.v);
	if (ret) {
		free(out.v);
		return explain(tk, ret, len, err);
	}
	*ids = out.v;
	*n = out.n;
	return 0;
}

size_t tokenizer_size(const struct tokenizer *tk)
{
	return tk->n;
}

int32_t tokenizer_bos(const struct tokenizer *tk)
{
	return tk->bos;
}

int32_t tokenizer_eos(const struct tokenizer *tk)
{
	return tk->eos;
}

bool tokenizer_adds_bos(const struct tokenizer *tk)
{
	return tk->add_bos;
}

static bool has_attr(const struct tokenizer *tk, int32_t id, uint8_t attr)
{
	return id >= 0 && (uint32_t)id < tk->n && tk->attrs[id] & attr;
}

bool tokenizer_is_eog(const struct tokenizer *tk, int32_t id)
{
	return has_attr(tk, id, TOKEN_EOG);
}

bool tokenizer_is_control(const struct tokenizer *tk, int32_t id)
{
	return has_attr(tk, id, TOKEN_CONTROL);
}

struct gguf_str tokenizer_text(const struct tokenizer *tk, int32_t id)
{
	if (id < 0 || (uint32_t)id >= tk->n)
		return (struct gguf_str){"", 0};
	return (struct gguf_str){tk->base + tk->tokens[id].off, tk->tokens[id].len};
}
