/* SPDX-License-Identifier: MIT */
/*
 * Measures of a model on a text, as llama.cpp's llama-perplexity defines them: the text is cut into
 * chunks of `context` tokens, the first token of each becomes the beginning token where the file asks
 * for one, and the second half of each chunk is scored.
 */
#ifndef AXON_RUNTIME_EVALUATE_H
#define AXON_RUNTIME_EVALUATE_H

#include <stdint.h>

#include "llm.h"

struct evaluation {
	uint32_t chunks;	 /* done so far */
	uint64_t scored;	 /* positions */
	double perplexity;	 /* exp of the mean negative log-probability */
	double perplexity_error; /* one standard error */
	/* Against a base of log-probabilities; zero without one. */
	double kl_mean;	     /* mean Kullback-Leibler divergence from the base, nats */
	uint64_t same_best;  /* positions with the base's most likely token */
	uint64_t clear;	     /* positions where the base's two best are > 0.25 apart */
	uint64_t clear_same; /* of those, with the base's most likely token */
};

/* Called after each chunk; non-zero stops with -EINTR. */
typedef int (*evaluation_progress)(void *opaque, const struct evaluation *e, uint32_t chunks);

struct evaluation_options {
	uint32_t context;    /* tokens in a chunk */
	uint32_t max_chunks; /* 0: all */
	int32_t bos;	     /* replaces the first token of each chunk; negative: nothing does */
	evaluation_progress progress;
	void *opaque;
};

/* At least two chunks' worth of tokens, as llama-perplexity asks for. */
int evaluate_perplexity(struct llm *m, const int32_t *tokens, uint32_t n,
			const struct evaluation_options *o, struct evaluation *e,
			struct axon_err *err);

/* Against a file that llama-perplexity --kl-divergence-base wrote; tokens and context are the file's. */
int evaluate_divergence(struct llm *m, const char *path, const struct evaluation_options *o,
			struct evaluation *e, struct axon_err *err);
/* The context that such a file was made with. */
int evaluate_base_context(const char *path, uint32_t *context, struct axon_err *err);

#endif
