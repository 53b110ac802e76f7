/* SPDX-License-Identifier: MIT */
/*
 * Modelled cycles of the matrix engine: the only copy of the numbers.
 *
 * START + max(array cycles, memory cycles). The array has ROWS × COLS multiply-accumulate units, each
 * taking K_* steps of k per cycle: ceil(m / ROWS) · ceil(n / COLS) · ceil(k / K_*). Memory cycles are
 * ceil(bytes / MEMORY_BYTES) over the operands at or above 4 GiB: B once (B_PACKED: whole tiles), C once,
 * with ACCUMULATE twice, the addend once.
 */
#ifndef AXON_MATRIX_COST_H
#define AXON_MATRIX_COST_H

#define COST_MATRIX_START	 32u
#define COST_MATRIX_ROWS	 8u
#define COST_MATRIX_COLS	 16u
#define COST_MATRIX_K_F32	 1u
#define COST_MATRIX_K_BF16	 2u
#define COST_MATRIX_K_INT8	 4u /* I8 × I8 and the block rule */
#define COST_MATRIX_MEMORY_BYTES 32u

#endif
