/* SPDX-License-Identifier: MIT */
/*
 * logprob: out[r] = log softmax(logits row r)[target r], and the row's maximum and log-sum-exp.
 * Grid x: at least rows.
 */
#ifndef LOGPROB_ARGS_H
#define LOGPROB_ARGS_H

#include <linux/types.h>

struct logprob {
	float logprob;
	float max;     /* largest logit */
	float log_sum; /* log Σ exp(logit − max) */
	__u32 best;    /* its first column */
};
_Static_assert(sizeof(struct logprob) == 16, "logprob");

struct logprob_args {
	__u64 rows;    /* __u32: how many */
	__u64 logits;  /* float[rows][vocabulary] */
	__u64 targets; /* __u32[rows] */
	__u64 out;     /* struct logprob[rows] */
	__u32 vocabulary;
	__u32 reserved;
};
_Static_assert(sizeof(struct logprob_args) == 40, "logprob_args");

#endif
