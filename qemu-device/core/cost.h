/* SPDX-License-Identifier: MIT */
/*
 * Modelled cycles of the engines' operations: the only copy of the numbers. An operand is "memory"
 * when its address is at or above 4 GiB, otherwise it is SRAM.
 */
#ifndef AXON_COST_H
#define AXON_COST_H

#include <stdint.h>

/* The engines' ports, bytes per cycle. */
#define COST_MEMORY_BYTES	32u
#define COST_SRAM_BYTES		64u

/*
 * DMA: START + the bytes read from memory and written to memory at the memory port, or, when no
 * operand is in memory, the bytes written at the SRAM port. Clipped elements count as read. Index
 * lists count as read. PACK and UNPACK count the packed bytes instead, once.
 */
#define COST_DMA_START		64u

/*
 * Vector: START + max(lane cycles, the bytes of memory operands at the memory port).
 * Lane cycles: each strip instruction and reduction rows · ceil(cols / LANES) · weight; each
 * instruction with a row register as destination rows · weight; PASS nothing.
 * Memory bytes: for each instruction naming a memory operand, rows · (cols, or 1 for a col_stride
 * of 0 or a row-register LOAD) · element size; SCATTER_ADD twice that; TOPK rows · imm · 8; QUANT
 * rows · cols / 32 · 40.
 */
#define COST_VECTOR_START	16u
#define COST_VECTOR_LANES	16u
#define COST_VECTOR_PLAIN	1u
#define COST_VECTOR_HEAVY	4u	/* DIV SQRT RSQRT RCP EXP LOG TANH ERF SIGMOID */
#define COST_VECTOR_SERIAL	2u	/* GATHER SCATTER_ADD SCAN TOPK RANDOM UNIFORM */

/* a + b, a · b and ceil(a / b), at most UINT64_MAX. */
static inline uint64_t cost_add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static inline uint64_t cost_mul(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

static inline uint64_t cost_units(uint64_t bytes, uint32_t per_cycle)
{
	return bytes / per_cycle + (bytes % per_cycle != 0);
}

#endif
