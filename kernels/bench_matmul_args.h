/* SPDX-License-Identifier: MIT */
/*
 * bench_matmul: c = a · W of any type that the matrix engine takes, and nothing else.
 * Grid x: ceil(w.n / cols_per_wg), y: ceil(m / rows_per_wg).
 */
#ifndef BENCH_MATMUL_ARGS_H
#define BENCH_MATMUL_ARGS_H

#include "weight_args.h"

struct bench_matmul_args {
	struct weight w;
	__u64 a; /* m rows of a_type without gaps */
	__u64 c; /* float[m][w.n] */
	__u32 m;
	__u32 a_type; /* enum axon_type */
	__u32 a_row_bytes;
	__u32 rows_per_wg;
	__u32 cols_per_wg; /* multiple of 16 */
	__u32 reserved;
};
_Static_assert(sizeof(struct bench_matmul_args) == 72, "bench_matmul_args");

#endif
