/* SPDX-License-Identifier: MIT */
/*
 * swiglu: y = silu(gate) · up, element by element. With dy, the gradient of y, gate and up
 * become their own gradients and y is not used. Grid x: ceil(n / SWIGLU_CHUNK).
 */
#ifndef SWIGLU_ARGS_H
#define SWIGLU_ARGS_H

#include <linux/types.h>

#define SWIGLU_CHUNK 16384

struct swiglu_args {
	__u64 gate, up; /* float[n] */
	__u64 y;	/* float[n] */
	__u64 dy;	/* float[n] or 0 */
	__u64 n;
};
_Static_assert(sizeof(struct swiglu_args) == 40, "swiglu_args");

#endif
