/* SPDX-License-Identifier: MIT */
/*
 * adamw: one step of AdamW for n weights, g being their gradient:
 *   m += (g − m) · m_rate;  v = v · v_keep + g² · v_rate
 *   w = w · w_keep − rate · m / (sqrt(v) · v_scale + eps)
 * with what depends on the step in memory, so that a stream can be replayed. With `squares`, the sum of
 * the squares of all gradients, g is first scaled to a norm of at most s = step->clip: multiplied by
 * min(1, s / (sqrt(squares) + 1e-6)). With ADAMW_KEEP w_keep is 1. Grid x: ceil(n / ADAMW_CHUNK).
 */
#ifndef ADAMW_ARGS_H
#define ADAMW_ARGS_H

#include <linux/types.h>

#define ADAMW_CHUNK 16384

#define ADAMW_KEEP (1u << 0) /* no weight decay */

struct adamw_step {
	float m_rate;  /* 1 − β1 */
	float v_keep;  /* β2 */
	float v_rate;  /* 1 − β2 */
	float w_keep;  /* 1 − learning rate · weight decay */
	float rate;    /* learning rate / (1 − β1^t) */
	float v_scale; /* 1 / sqrt(1 − β2^t) */
	float eps;
	float clip;
};

struct adamw_args {
	__u64 step;	  /* struct adamw_step */
	__u64 w, g, m, v; /* float[n] */
	__u64 squares;	  /* float or 0 */
	__u32 n;
	__u32 flags;
};
_Static_assert(sizeof(struct adamw_args) == 56, "adamw_args");

#endif
