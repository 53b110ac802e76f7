// SPDX-License-Identifier: MIT
/* From tokens back to text, one at a time, as a whole, or as a stream. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_priv.h"
#include "utf8.h"

/* snprintf's way of writing: count everything, keep what fits. */
struct sink {
	char *buf;
	size_t cap, n;
};

static void emit(struct sink *out, const char *s, size_t len)
{
	if (out->n < out->cap)
		memcpy(out->buf + out->n, s, len < out->cap - out->n ? len : out->cap - out->n);
	out->n += len;
}

static void emit_unescaped(struct sink *out, const char *s, size_t len)
{
	while (len) {
		const char *space = memmem(s, len, "\xe2\x96\x81", 3);
		size_t before = space ? (size_t)(space - s) : len;

		emit(out, s, before);
		if (!space)
			return;
		emit(out, " ", 1);
		s = space + 3;
		len -= before + 3;
	}
}

/* Undo BPE's spelling of bytes; what is not part of it stays as it is. */
static void emit_unspelt(struct sink *out, const char *s, size_t len)
{
	while (len) {
		uint32_t code;
		size_t n = utf8_decode(s, len, &code);
		int byte = n ? tokenizer_bpe_byte(code) : -1;
		char c = (char)byte;

		if (!n)
			n = 1;
		if (byte >= 0)
			emit(out, &c, 1);
		else
			emit(out, s, n);
		s += n;
		len -= n;
	}
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte token is spelt "<0xHH>". */
static void emit_byte(struct sink *out, const char *s, size_t len)
{
	int high = len == 6 ? hex(s[3]) : -1, low = len == 6 ? hex(s[4]) : -1;
	char c;

	if (high < 0 || low < 0)
		return;
	c = (char)(high << 4 | low);
	emit(out, &c, 1);
}

size_t tokenizer_piece(const struct tokenizer *tk, int32_t id, unsigned int flags, char *buf,
		       size_t cap)
{
	struct gguf_str text = tokenizer_text(tk, id);
	struct sink out = {.buf = buf, .cap = cap};
	uint8_t attr;

	if (!text.n)
		return 0;
	attr = tk->attrs[id];
	if (attr & (TOKEN_CONTROL | TOKEN_UNKNOWN)) {
		if (flags & TOKENIZER_SHOW_SPECIAL)
			emit(&out, text.p, text.n);
	} else if (attr & TOKEN_USER) {
		emit(&out, text.p, text.n);
	} else if (attr & TOKEN_NORMAL) {
		if (tk->model == TOKENIZER_SPM)
			emit_unescaped(&out, text.p, text.n);
		else
			emit_unspelt(&out, text.p, text.n);
	} else if (attr & TOKEN_BYTE) {
		emit_byte(&out, text.p, text.n);
	}
	return out.n;
}

struct tokenizer_stream {
	const struct tokenizer *tk;
	unsigned int flags;
	bool strip_space; /* drop the space that encoding put in front of the text */
	size_t held;	  /* bytes of an incomplete character at the front of buf */
	size_t given;	  /* bytes before them that the last call handed out */
	char buf[];
};

/* No piece is longer than its token's text, and up to 3 bytes are held. */
int tokenizer_stream_new(const struct tokenizer *tk, unsigned int flags,
			 struct tokenizer_stream **out, struct axon_err *err)
{
	struct tokenizer_stream *s = calloc(1, sizeof(*s) + tk->max_len + 4);

	if (!s)
		return axon_fail(err, -ENOMEM, "no memory to decode tokens");
	s->tk = tk;
	s->flags = flags;
	s->strip_space = tk->space_prefix && flags & TOKENIZER_TEXT_START;
	*out = s;
	return 0;
}

void tokenizer_stream_free(struct tokenizer_stream *s)
{
	free(s);
}

/* Move what the last call held back to the front. */
static void drop_given(struct tokenizer_stream *s)
{
	memmove(s->buf, s->buf + s->given, s->held);
	s->given = 0;
}

size_t tokenizer_stream_push(struct tokenizer_stream *s, int32_t id, const char **bytes)
{
	size_t n, skip = 0;

	drop_given(s);
	n = tokenizer_piece(s->tk, id, s->flags, s->buf + s->held, s->tk->max_len);
	if (s->strip_space && n) { /* the first piece, so nothing is held */
		skip = s->buf[0] == ' ';
		s->strip_space = false;
	}
	n += s->held;
	s->held = utf8_incomplete(s->buf, n);
	s->given = n - s->held;
	*bytes = s->buf + skip;
	return s->given - skip;
}

size_t tokenizer_stream_end(struct tokenizer_stream *s, const char **bytes)
{
	size_t n;

	drop_given(s);
	n = s->held;
	s->held = 0;
	*bytes = s->buf;
	return n;
}

int tokenizer_decode(const struct tokenizer *tk, const int32_t *ids, size_t n, unsigned int flags,
		     char **text, size_t *len, struct axon_err *err)
{
	size_t total = 0, at = 0, skip = 0;
	char *buf;

	for (size_t i = 0; i < n; i++)
		total += tokenizer_piece(tk, ids[i], flags, NULL, 0);
	buf = malloc(total + 1);
	if (!buf)
		return axon_fail(err, -ENOMEM, "no memory to decode %zu tokens", n);
	for (size_t i = 0; i < n; i++)
		at += tokenizer_piece(tk, ids[i], flags, buf + at, total - at);
	if (tk->space_prefix && flags & TOKENIZER_TEXT_START && total && buf[0] == ' ')
		skip = 1;
	memmove(buf, buf + skip, total - skip);
	buf[total - skip] = 0;
	*text = buf;
	*len = total - skip;
	return 0;
}
