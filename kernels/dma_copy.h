/* SPDX-License-Identifier: MIT */
/* The copies that kernels need most: rows of one type, to or from SRAM. */
#ifndef DMA_COPY_H
#define DMA_COPY_H

#include "axon.h"

/* Copies `rows` rows of `bytes` bytes. */
static inline axon_token dma_rows(uint64_t dst, int64_t dst_stride, uint64_t src,
				  int64_t src_stride, uint32_t rows, uint32_t bytes)
{
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d)},
		.dst = dst,
		.src = src,
		.dst_type = AXON_U8,
		.src_type = AXON_U8,
		.dims = 2,
		.extent = {bytes, rows},
		.dst_stride = {1, dst_stride},
		.src_stride = {1, src_stride},
	};

	return axon_dma(&d);
}

#endif
