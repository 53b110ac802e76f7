/* SPDX-License-Identifier: MIT */
/* Multiplying rows in SRAM by columns of a packed weight matrix. */
#ifndef WEIGHT_H
#define WEIGHT_H

#include "axon.h"
#include "weight_args.h"

/* Bytes of a row of k activations of one type. */
static inline uint32_t activation_row_bytes(uint32_t type, uint32_t k)
{
	switch (type) {
	case AXON_Q8A: return k / 32 * (uint32_t)sizeof(struct axon_q8a);
	case AXON_F32: return 4 * k;
	default: return 2 * k;
	}
}

/* c = a · W[first .. first + n), first a multiple of 16. The caller may set more before it issues. */
static inline struct axon_matrix_desc weight_matmul(const struct weight *w, uint32_t first,
						    uint32_t n, uint32_t m, uint32_t a,
						    uint32_t a_type, uint64_t c, int64_t c_stride,
						    uint32_t c_type)
{
	return (struct axon_matrix_desc){
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(struct axon_matrix_desc)},
		.m = m,
		.n = n,
		.k = w->k,
		.b_format = w->format,
		.a = a,
		.a_s0 = (int32_t)activation_row_bytes(a_type, w->k),
		.b = w->addr + first / AXON_TILE_COLS * w->tile_bytes,
		.b_stride = w->tile_bytes,
		.c = c,
		.c_stride = c_stride,
		.a_type = (uint8_t)a_type,
		.b_type = (uint8_t)w->type,
		.c_type = (uint8_t)c_type,
		.b_layout = AXON_B_PACKED,
		.scale = 1.0f,
	};
}

#endif
