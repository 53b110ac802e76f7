/* SPDX-License-Identifier: MIT */
/* Pre-tokenizers: how byte-level BPE cuts text into words before it merges within them. */
#ifndef AXON_RUNTIME_TOKENIZER_PRE_H
#define AXON_RUNTIME_TOKENIZER_PRE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct pretokenizer;

/* What comes with a pre-tokenizer's name besides its patterns. */
struct pretokenizer_traits {
	bool ignore_merges; /* a word that is a token stays whole, whatever the merges say */
	bool add_bos;	    /* unless the file says otherwise */
};

/* By the name in tokenizer.ggml.pre; an unsupported one is refused with the list of the others. */
int pretokenizer_new(const char *name, size_t len, struct pretokenizer **out,
		     struct pretokenizer_traits *traits, struct axon_err *err);
void pretokenizer_free(struct pretokenizer *p);

/*
 * Call @word on each word of the valid UTF-8 in @text, in order; together they are the text. Stops
 * at the first non-zero return, and returns it.
 */
int pretokenizer_split(const struct pretokenizer *p, const char *text, size_t len,
		       int (*word)(void *arg, const char *s, size_t len), void *arg);

#endif
