/* SPDX-License-Identifier: MIT */
/* What the planning and the recording of a graph share. */
#ifndef AXON_RUNTIME_GRAPH_PRIV_H
#define AXON_RUNTIME_GRAPH_PRIV_H

#include <stdint.h>

/* Images whose weight gradients one workgroup sums. Fixed, so that results don't depend on the chip. */
#define CONV_IMAGES_PER_PART 4

/* Rows and columns of a product that one workgroup of gemm makes. */
#define GEMM_ROWS 64
#define GEMM_COLS 512

static inline uint32_t conv_parts(uint32_t images)
{
	return (images + CONV_IMAGES_PER_PART - 1) / CONV_IMAGES_PER_PART;
}

#endif
