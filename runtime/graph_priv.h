/* SPDX-License-Identifier: MIT */
/* What the planning and the recording of a graph share. */
#ifndef AXON_RUNTIME_GRAPH_PRIV_H
#define AXON_RUNTIME_GRAPH_PRIV_H

#include <stdint.h>

#include "graph.h"

/* Images whose weight gradients one workgroup sums. Fixed, so that results don't depend on the chip. */
#define CONV_IMAGES_PER_PART 4

/* The most rows and columns of a product that one workgroup of gemm makes: what the engine does in one go. */
#define GEMM_ROWS 240
#define GEMM_COLS 1024

/* Queries and keys that attention takes at a time, forward and backward. */
#define FLASH_QUERIES	   64
#define FLASH_KEYS	   256
#define FLASH_GRAD_QUERIES 256
#define FLASH_GRAD_KEYS	   64

/* Floats of a norm's rows that one workgroup of norm_grad has, and the most rows; see CONV_IMAGES_PER_PART. */
#define NORM_GRAD_FLOATS 131072
#define NORM_GRAD_ROWS	 64

static inline uint32_t graph_div_up(uint64_t a, uint32_t b)
{
	return (uint32_t)((a + b - 1) / b);
}

static inline uint32_t conv_parts(uint32_t images)
{
	return graph_div_up(images, CONV_IMAGES_PER_PART);
}

static inline uint32_t norm_grad_rows(uint32_t cols)
{
	uint32_t rows = NORM_GRAD_FLOATS / cols;

	return rows > NORM_GRAD_ROWS ? NORM_GRAD_ROWS : rows ? rows : 1;
}

static inline struct graph_tensor *graph_tensor(struct graph *g, uint32_t id)
{
	return id < g->count ? &g->tensors[id] : &g->none;
}

const char *graph_op_name(enum graph_op op);

#endif
