/* SPDX-License-Identifier: MIT */
/*
 * sample: chooses the next token of each output of the step from its row of logits, as its sequence
 * says, and puts it into the step's results. A temperature
 * below SAMPLE_COLD takes the largest logit (the first of equals). Otherwise, in
 * llama.cpp's order: top_k (0 = off), top_p (1 = off), min_p (0 = off), then temperature, then a
 * draw with the Philox number `counter` of `seed`. A top_k above 64 keeps all logits that equal the
 * last one kept, llama.cpp exactly k. Grid x: at least the step's outputs.
 */
#ifndef SAMPLE_ARGS_H
#define SAMPLE_ARGS_H

#include <linux/types.h>

/* Below this the largest logit has all the weight that fp32 can tell. */
#define SAMPLE_COLD 1e-6f

struct sample_args {
	__u64 step;   /* struct step: `chosen` and the sequences' counters are updated */
	__u64 logits; /* float[outputs][vocabulary] */
	__u32 vocabulary;
	__u32 reserved;
};
_Static_assert(sizeof(struct sample_args) == 24, "sample_args");

#endif
