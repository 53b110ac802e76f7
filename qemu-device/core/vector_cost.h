/* SPDX-License-Identifier: MIT */
/*
 * Modelled cycles of the vector engine: the only copy of the numbers.
 *
 * START + max(lane cycles, ceil(memory bytes / MEMORY_BYTES)).
 * Lane cycles: for each strip instruction and reduction rows · ceil(cols / LANES) · weight; for each
 * instruction that makes or stores a row register rows · weight; PASS nothing.
 * Memory bytes: for each instruction that names an operand at or above 4 GiB, rows · cols · element
 * size, where cols is 1 for a col_stride of 0 and for a row-register instruction; SCATTER_ADD twice
 * that; TOPK rows · imm · 8; QUANT rows · cols / 32 · 40.
 */
#ifndef AXON_VECTOR_COST_H
#define AXON_VECTOR_COST_H

#include <stdint.h>

#define COST_VECTOR_START	 16u
#define COST_VECTOR_LANES	 16u
#define COST_VECTOR_MEMORY_BYTES 32u
#define COST_VECTOR_PLAIN	 1u
#define COST_VECTOR_HEAVY	 4u /* DIV SQRT RSQRT RCP EXP LOG TANH ERF SIGMOID */
#define COST_VECTOR_SERIAL	 2u /* GATHER SCATTER_ADD SCAN TOPK RANDOM UNIFORM */

/* a + b and a · b, at most UINT64_MAX. */
static inline uint64_t cost_add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static inline uint64_t cost_mul(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

/* Cycles for n things at per_cycle each cycle. */
static inline uint64_t cost_units(uint64_t n, uint32_t per_cycle)
{
	return n / per_cycle + (n % per_cycle != 0);
}

#endif
