// SPDX-License-Identifier: MIT
/*
 * Byte-level BPE: text is cut into words, each byte is spelt as a printable character, and pairs
 * merge within a word in the order of the merge list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_priv.h"
#include "utf8.h"

/*
 * GPT-2's spelling: bytes that print in Latin-1 stand for themselves, the other 68 are numbered
 * from U+0100 on.
 */
static bool prints(int byte)
{
	return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

uint32_t tokenizer_bpe_code(uint8_t byte)
{
	if (prints(byte))
		return byte;
	if (byte <= ' ')
		return 0x100u + byte;
	if (byte < 0xad) /* 7f to a0 */
		return 0x100u + 33 + (byte - 0x7fu);
	return 0x100u + 67; /* ad */
}

int tokenizer_bpe_byte(uint32_t code)
{
	if (code < 0x100)
		return prints((int)code) ? (int)code : -1;
	if (code <= 0x100 + 32)
		return (int)(code - 0x100);
	if (code < 0x100 + 67)
		return (int)(code - 0x100 - 33 + 0x7f);
	return code == 0x100 + 67 ? 0xad : -1;
}

bool tokenizer_bpe_key(const struct tokenizer *tk, const char *s, size_t left, size_t len,
		       double *key)
{
	int64_t rank = tokenizer_merge_rank(tk, s, left, len);

	*key = (double)-rank;
	return rank >= 0;
}

struct bpe_run {
	const struct tokenizer *tk;
	struct merger *m;
	struct id_list *out;
	char *spelt; /* room for any word of the text, spelt */
};

/* A piece that is no token falls back to those of its bytes that are; llama.cpp does the same. */
static int push_piece(const struct tokenizer *tk, const char *s, size_t len, struct id_list *out)
{
	int32_t id = tokenizer_find(tk, s, len);
	int ret = 0;

	if (id >= 0)
		return id_list_push(out, id);
	for (size_t i = 0; i < len && !ret; i++) {
		id = tokenizer_find(tk, s + i, 1);
		if (id >= 0)
			ret = id_list_push(out, id);
	}
	return ret;
}

static int encode_word(void *arg, const char *s, size_t len)
{
	struct bpe_run *run = arg;
	const struct merger *m = run->m;
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < len; i++)
		n += utf8_encode(tokenizer_bpe_code((uint8_t)s[i]), run->spelt + n);
	if (run->tk->ignore_merges) {
		int32_t id = tokenizer_find(run->tk, run->spelt, n);

		if (id >= 0)
			return id_list_push(run->out, id);
	}
	ret = merger_run(run->m, run->spelt, n);
	for (int32_t i = 0; i >= 0 && !ret; i = m->pieces[i].next)
		ret = push_piece(run->tk, run->spelt + m->pieces[i].off, m->pieces[i].len,
				 run->out);
	return ret;
}

/* Replace every byte that is not part of well-formed UTF-8 by U+FFFD. */
static size_t sanitise(const char *text, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		uint32_t code;
		size_t bytes = utf8_decode(text + i, len - i, &code);

		if (bytes) {
			memcpy(out + n, text + i, bytes);
			n += bytes;
		} else {
			n += utf8_encode(0xfffd, out + n);
		}
		i += bytes ? bytes : 1;
	}
	return n;
}

int tokenizer_encode_bpe(const struct tokenizer *tk, struct merger *m, const char *text, size_t len,
			 struct id_list *out)
{
	struct bpe_run run = {.tk = tk, .m = m, .out = out};
	char *clean = malloc(3 * len);
	size_t n;
	int ret = -ENOMEM;

	if (clean) {
		n = sanitise(text, len, clean);
		run.spelt = malloc(2 * n);
		if (run.spelt)
			ret = pretokenizer_split(tk->pre, clean, n, encode_word, &run);
	}
	free(run.spelt);
	free(clean);
	return ret;
}
