/* SPDX-License-Identifier: MIT */
/* An image in SRAM with its border of zeros, as convolution reads it: [height + 2 or more][width + 2][channels]. */
#ifndef CONV_TILE_H
#define CONV_TILE_H

#include "axon.h"

/* Bytes of a row of the tile. */
static inline uint32_t conv_tile_row(uint32_t width, uint32_t channels)
{
	return (width + 2) * channels * 4;
}

/* Fills `rows` rows; those behind the image and its border are zeros too. */
static inline axon_token conv_tile_load(uint32_t tile, uint32_t rows, uint64_t image,
					uint32_t height, uint32_t width, uint32_t channels)
{
	int64_t pixel = 4 * (int64_t)channels, row = width * pixel;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .flags = AXON_DMA_F_CLIP, .size = sizeof(d)},
		.dst = tile,
		.src = image - (uint64_t)(row + pixel),
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 3,
		.extent = {channels, width + 2, rows},
		.dst_stride = {4, pixel, conv_tile_row(width, channels)},
		.src_stride = {4, pixel, row},
		.origin = {0, -1, -1},
		.limit = {channels, width, height},
	};

	return axon_dma(&d);
}

#endif
