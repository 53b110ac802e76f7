/* SPDX-License-Identifier: MIT */
/*
 * Reads what llama-perplexity --kl-divergence-base writes: "_logits_", then context, vocabulary and
 * chunks as int32, the chunks' tokens as int32, and for each position of the second half of each chunk
 * but its last a row: float scale, float minimum, then a uint16 for each token of the vocabulary
 * (padded to even), log-probability = scale · value + minimum.
 */
#ifndef AXON_RUNTIME_EVALUATE_BASE_H
#define AXON_RUNTIME_EVALUATE_BASE_H

#include <stdint.h>

#include "err.h"
#include "logprob_args.h"

struct base;

struct base_row {
	float scale, minimum;
	const uint16_t *values; /* valid until the next row is read */
	uint32_t best;		/* its most likely token */
	float margin;		/* to the second, in nats */
};

int base_open(const char *path, struct base **out, struct axon_err *err);
void base_close(struct base *b);
uint32_t base_context(const struct base *b);
uint32_t base_vocabulary(const struct base *b);
uint32_t base_chunks(const struct base *b);
const int32_t *base_tokens(const struct base *b);

int base_next_row(struct base *b, struct base_row *row, struct axon_err *err);
/* Σ p log(p / q), p the base's and q the logits' distribution. */
double base_divergence(const struct base_row *row, const float *logits, const struct logprob *score,
		       uint32_t vocabulary);

#endif
