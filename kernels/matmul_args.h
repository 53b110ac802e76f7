/* SPDX-License-Identifier: MIT */
/*
 * matmul: c_s = a · W_s (+ bias_s) for up to three matrices that share a.
 * Grid x: Σ ceil(n_s / cols_per_wg), the matrices one after the other; y: ceil(rows / rows_per_wg).
 */
#ifndef MATMUL_ARGS_H
#define MATMUL_ARGS_H

#include "weight_args.h"

#define MATMUL_OUTPUTS 3

struct matmul_output {
	struct weight w; /* n = 0: unused, and those behind it */
	__u64 a;	 /* rows of a_type, as W's type wants them */
	__u64 bias;	 /* float[n] or 0 */
	__u64 c;
	__u64 c_stride; /* bytes */
	__u32 a_type;	/* AXON_Q8A, F32, BF16 */
	__u32 c_type;	/* AXON_F32, BF16, F16 */
};
_Static_assert(sizeof(struct matmul_output) == 72, "matmul_output");

struct matmul_args {
	__u64 rows;	   /* __u32: how many */
	__u32 cols_per_wg; /* multiple of 16 */
	__u32 rows_per_wg;
	struct matmul_output out[MATMUL_OUTPUTS];
};
_Static_assert(sizeof(struct matmul_args) == 232, "matmul_args");

#endif
