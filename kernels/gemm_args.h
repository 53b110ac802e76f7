/* SPDX-License-Identifier: MIT */
/*
 * gemm: C[m][n] = A[m][k] · B[k][n] + addend, all fp32. GEMM_A_COLS: A is stored as [k][m]; GEMM_B_COLS:
 * B is stored as [n][k]. Grid x: ceil(n / cols_per_wg), y: ceil(m / rows_per_wg). A workgroup keeps
 * rows_per_wg · min(k, GEMM_DEPTH) floats in SRAM; results depend neither on it nor on the others' sizes.
 */
#ifndef GEMM_ARGS_H
#define GEMM_ARGS_H

#include <linux/types.h>

#define GEMM_A_COLS	(1u << 0)
#define GEMM_B_COLS	(1u << 1)
#define GEMM_ADDEND_ROW (1u << 2) /* the addend is one row, a bias */

#define GEMM_DEPTH 512

struct gemm_args {
	__u64 a, b, c;
	__u64 addend; /* float[m][n], which may be c, or float[n], or 0 */
	__u32 m, n, k;
	__u32 flags;
	__u32 rows_per_wg, cols_per_wg;
};
_Static_assert(sizeof(struct gemm_args) == 56, "gemm_args");

#endif
