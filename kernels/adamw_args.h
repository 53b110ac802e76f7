/* SPDX-License-Identifier: MIT */
/*
 * adamw: one step of AdamW for n weights, g being their gradient:
 *   m += (g − m) · m_rate;  v = v · v_keep + g² · v_rate
 *   w = w · w_keep − rate · m / (sqrt(v) · v_scale + eps)
 * with what depends on the step in memory, so that a stream can be replayed. Grid x:
 * ceil(n / ADAMW_CHUNK).
 */
#ifndef ADAMW_ARGS_H
#define ADAMW_ARGS_H

#include <linux/types.h>

#define ADAMW_CHUNK 4096

struct adamw_step {
	float m_rate;  /* 1 − β1 */
	float v_keep;  /* β2 */
	float v_rate;  /* 1 − β2 */
	float w_keep;  /* 1 − learning rate · weight decay */
	float rate;    /* learning rate / (1 − β1^t) */
	float v_scale; /* 1 / sqrt(1 − β2^t) */
	float eps;
};

struct adamw_args {
	__u64 step;	  /* struct adamw_step */
	__u64 w, g, m, v; /* float[n] */
	__u32 n;
	__u32 reserved;
};
_Static_assert(sizeof(struct adamw_args) == 48, "adamw_args");

#endif
