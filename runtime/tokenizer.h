/* SPDX-License-Identifier: MIT */
/*
 * Text to tokens and back, as the vocabulary in a GGUF file says. Two kinds are supported, by the
 * file's tokenizer.ggml.model: "llama" (SentencePiece merges by score, with byte fallback) and
 * "gpt2" (byte-level BPE, with the pre-tokenizers named in tokenizer_pre.c). Results equal
 * llama.cpp's.
 *
 * A tokenizer is immutable once made, so any number of threads may use one. It points into the
 * GGUF's metadata: close the GGUF after it.
 */
#ifndef AXON_RUNTIME_TOKENIZER_H
#define AXON_RUNTIME_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "gguf.h"

struct tokenizer;

#define TOKENIZER_NONE (-1)

enum tokenizer_flags {
	/* Encode: put the beginning and end tokens around the text where the file asks for them. */
	TOKENIZER_ADD_SPECIAL = 1,
	/* Encode: control tokens written out in the text ("<end_of_turn>") become those tokens. */
	TOKENIZER_PARSE_SPECIAL = 2,
	/* Decode: control tokens show as their text instead of as nothing. */
	TOKENIZER_SHOW_SPECIAL = 4,
	/*
	 * Decode: the tokens begin a text, so drop the space that some vocabularies put in front
	 * when encoding one. Not for tokens that continue a prompt.
	 */
	TOKENIZER_TEXT_START = 8,
};

int tokenizer_new(const struct gguf *g, struct tokenizer **out, struct axon_err *err);
void tokenizer_free(struct tokenizer *tk);

/*
 * Encode @len bytes of @text, which may hold anything, NUL and malformed UTF-8 included.
 * *@ids is malloc'ed and the caller's to free, also when *@n is 0.
 */
int tokenizer_encode(const struct tokenizer *tk, const char *text, size_t len, unsigned int flags,
		     int32_t **ids, size_t *n, struct axon_err *err);

/*
 * The bytes of one token, which need not be whole characters. Like snprintf, copies at most @cap
 * bytes and returns how many there are; an id outside the vocabulary has none.
 */
size_t tokenizer_piece(const struct tokenizer *tk, int32_t id, unsigned int flags, char *buf,
		       size_t cap);

/* Decode a sequence. *@text is malloc'ed, has @len bytes and a NUL after them. */
int tokenizer_decode(const struct tokenizer *tk, const int32_t *ids, size_t n, unsigned int flags,
		     char **text, size_t *len, struct axon_err *err);

/* Decoding as tokens arrive: characters come out whole, however tokens cut them. */
struct tokenizer_stream;

int tokenizer_stream_new(const struct tokenizer *tk, unsigned int flags,
			 struct tokenizer_stream **out, struct axon_err *err);
void tokenizer_stream_free(struct tokenizer_stream *s);
/* The bytes that @id completes; they are valid until the next call on this stream. */
size_t tokenizer_stream_push(struct tokenizer_stream *s, int32_t id, const char **bytes);
/* What is left of an incomplete character at the end. */
size_t tokenizer_stream_end(struct tokenizer_stream *s, const char **bytes);

size_t tokenizer_size(const struct tokenizer *tk);
/* Special tokens, or TOKENIZER_NONE. */
int32_t tokenizer_bos(const struct tokenizer *tk);
int32_t tokenizer_eos(const struct tokenizer *tk);
/* Does the file ask for a beginning token? */
bool tokenizer_adds_bos(const struct tokenizer *tk);
/* Does this token end a generation (end of text, of turn, of message)? */
bool tokenizer_is_eog(const struct tokenizer *tk, int32_t id);
bool tokenizer_is_control(const struct tokenizer *tk, int32_t id);
/* The token as the vocabulary spells it; empty for an id outside. */
struct gguf_str tokenizer_text(const struct tokenizer *tk, int32_t id);
/* The token that the vocabulary spells so, or TOKENIZER_NONE. */
int32_t tokenizer_find(const struct tokenizer *tk, const char *text, size_t len);

#endif
