/* SPDX-License-Identifier: MIT */
/*
 * gemm: C[m][n] = A[m][k] · B[k][n] + bias[n], all fp32. GEMM_A_COLS: A is stored as [k][m];
 * GEMM_B_COLS: B is stored as [n][k]. Grid x: ceil(n / cols_per_wg), y: ceil(m / rows_per_wg).
 * rows_per_wg · k floats must fit into SRAM.
 */
#ifndef GEMM_ARGS_H
#define GEMM_ARGS_H

#include <linux/types.h>

#define GEMM_A_COLS (1u << 0)
#define GEMM_B_COLS (1u << 1)

struct gemm_args {
	__u64 a, b, c;
	__u64 bias; /* or 0 */
	__u32 m, n, k;
	__u32 flags;
	__u32 rows_per_wg, cols_per_wg;
};
_Static_assert(sizeof(struct gemm_args) == 56, "gemm_args");

#endif
