/* SPDX-License-Identifier: MIT */
/*
 * A vocabulary for byte-level BPE in the making: the bytes are tokens, and each merge puts two
 * tokens together.
 */
#ifndef AXON_RUNTIME_BPE_VOCAB_H
#define AXON_RUNTIME_BPE_VOCAB_H

#include <stdint.h>

#include "err.h"
#include "intern.h"

/* How the text is cut into words: a name for tokenizer.ggml.pre. */
#define BPE_PRETOKENIZER "gpt-2"
/* Token 0 stands between texts; 1 to 256 are the bytes, in the order of their spelling. */
#define BPE_END_TEXT "<|endoftext|>"
#define BPE_END	     0u
#define BPE_MIN_SIZE 257u
#define BPE_MAX_SIZE 65536u

struct bpe_merge {
	uint32_t left, right; /* tokens */
};

struct bpe_vocab {
	struct intern tokens; /* by their spelling, see tokenizer_bpe.c */
	struct bpe_merge *merges;
	uint32_t n_merges;  /* two may make the same token */
	uint32_t byte[256]; /* the tokens of the bytes */
};

/* The bytes alone. Free the result of this and of bpe_parse() also after an error. */
int bpe_init(struct bpe_vocab *v, struct axon_err *err);
void bpe_free(struct bpe_vocab *v);

/* Adds a merge of two tokens that are there; *token is what it makes. */
int bpe_add(struct bpe_vocab *v, struct bpe_merge merge, uint32_t *token, struct axon_err *err);

/* All that a vocabulary is, as text: malloc'ed, NULL when out of memory. */
char *bpe_print(const struct bpe_vocab *v);
/* The vocabulary that was printed so; anything else is refused (-EINVAL). */
int bpe_parse(const char *text, struct bpe_vocab *v, struct axon_err *err);

#endif
