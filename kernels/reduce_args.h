/* SPDX-License-Identifier: MIT */
/*
 * reduce: y[i] = Σ over `parts` parts of part[i], in the order of the vector engine's reductions, so
 * that the result depends on the parts alone. Grid x: ceil(n / n_per_wg).
 */
#ifndef REDUCE_ARGS_H
#define REDUCE_ARGS_H

#include <linux/types.h>

struct reduce_args {
	__u64 x; /* float[n] of the first part */
	__u64 y; /* float[n] */
	__u32 n, n_per_wg;
	__u32 parts;
	__u32 stride; /* bytes between parts */
};
_Static_assert(sizeof(struct reduce_args) == 32, "reduce_args");

#endif
