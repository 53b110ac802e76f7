// SPDX-License-Identifier: MIT
#include "axon.h"
#include "pack_args.h"

AXON_KERNEL void pack(const struct pack_args *args, uint32_t x)
{
	uint32_t first = x * args->rows_per_wg;
	uint64_t tile_bytes = args->dst_tile_bytes;
	struct axon_dma_pack d = {
		.h = {.op = AXON_DMA_PACK, .size = sizeof(d)},
		.dst = args->dst + first / AXON_TILE_COLS * tile_bytes,
		.src = args->src + first * args->src_stride,
		.src_stride = (int64_t)args->src_stride,
		.tile_stride = tile_bytes,
		.k = args->k,
		.cols = axon_min(args->rows_per_wg, args->rows - first),
		.format = args->format,
		.dst_type = (uint8_t)args->dst_type,
		.src_type = (uint8_t)args->src_type,
	};

	axon_dma(&d);
}
