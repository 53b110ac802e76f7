// SPDX-License-Identifier: MIT
/* SentencePiece-style encoding: spaces become U+2581, tokens form by score, the rest is bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_priv.h"

bool tokenizer_spm_key(const struct tokenizer *tk, const char *s, size_t left, size_t len,
		       double *key)
{
	int32_t id = tokenizer_find(tk, s, len);

	(void)left;
	if (id < 0)
		return false;
	*key = tk->scores[id];
	return true;
}

static char *escape_spaces(const char *text, size_t len, bool space_prefix, size_t *escaped)
{
	char *buf = malloc(3 * len + 3), *p = buf;

	if (!buf)
		return NULL;
	if (space_prefix)
		p = mempcpy(p, "\xe2\x96\x81", 3);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ')
			p = mempcpy(p, "\xe2\x96\x81", 3);
		else
			*p++ = text[i];
	}
	*escaped = (size_t)(p - buf);
	return buf;
}

/* A merged piece is a token; a single character need not be one, and is then spelt in bytes. */
static int push_piece(const struct tokenizer *tk, const char *s, size_t len, struct id_list *out)
{
	int32_t id = tokenizer_find(tk, s, len);
	int ret = 0;

	if (id >= 0)
		return id_list_push(out, id);
	for (size_t i = 0; i < len && !ret; i++) {
		id = tk->byte_ids[(uint8_t)s[i]];
		ret = id < 0 ? -EILSEQ : id_list_push(out, id);
	}
	return ret;
}

int tokenizer_encode_spm(const struct tokenizer *tk, struct merger *m, const char *text, size_t len,
			 bool space_prefix, struct id_list *out)
{
	size_t n;
	char *escaped = escape_spaces(text, len, space_prefix, &n);
	int ret;

	if (!escaped)
		return -ENOMEM;
	ret = merger_run(m, escaped, n);
	for (int32_t i = 0; i >= 0 && !ret; i = m->pieces[i].next)
		ret = push_piece(tk, escaped + m->pieces[i].off, m->pieces[i].len, out);
	free(escaped);
	return ret;
}
