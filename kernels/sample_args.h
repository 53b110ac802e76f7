/* SPDX-License-Identifier: MIT */
/*
 * sample: chooses the next token from one row of logits and advances the step block to it. A
 * temperature below SAMPLE_COLD takes the largest logit (the first of equals). Otherwise, in
 * llama.cpp's order: top_k (0 = off), top_p (1 = off), min_p (0 = off), then temperature, then a
 * draw with the Philox number `counter` of `seed`. A top_k above 64 keeps all logits that equal the
 * last one kept, llama.cpp exactly k. Grid: one workgroup.
 */
#ifndef SAMPLE_ARGS_H
#define SAMPLE_ARGS_H

#include <linux/types.h>

/* Below this the largest logit has all the weight that fp32 can tell. */
#define SAMPLE_COLD 1e-6f

struct sample_args {
	__u64 step;   /* struct step: tokens[0], pos, rows and counter are updated */
	__u64 logits; /* float[vocabulary] */
	__u64 seed;
	__u32 vocabulary;
	__u32 top_k;
	float temperature;
	float top_p;
	float min_p;
	__u32 reserved;
};
_Static_assert(sizeof(struct sample_args) == 48, "sample_args");

#endif
