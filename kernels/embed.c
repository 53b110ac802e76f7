// SPDX-License-Identifier: MIT
#include "axon.h"
#include "embed_args.h"
#include "step_args.h"
#include "vector_program.h"

AXON_KERNEL void embed(const struct embed_args *args, uint32_t x)
{
	const struct step *step = (const struct step *)args->step;
	uint32_t first = x * args->rows_per_wg;
	uint32_t k = args->table.k;

	if (first >= step->rows)
		return;

	uint32_t rows = axon_min(args->rows_per_wg, step->rows - first);
	uint64_t out = args->out + (uint64_t)first * k * 4;
	struct axon_dma_pack d = {
		.h = {.op = AXON_DMA_UNPACK, .size = sizeof(d)},
		.dst = out,
		.dst_stride = 4 * (int64_t)k,
		.src = args->table.addr,
		.index = step->tokens + 4ull * first,
		.tile_stride = args->table.tile_bytes,
		.k = k,
		.cols = rows,
		.limit = args->table.n,
		.format = args->table.format,
		.dst_type = AXON_F32,
		.src_type = (uint8_t)args->table.type,
	};
	axon_token unpacked = axon_dma(&d);

	if (args->scale == 1.0f)
		return;

	struct vector_program p;

	v_begin(&p, rows, k);
	v_operand(&p, out, 4 * (int64_t)k, 4, AXON_F32);
	v_load(&p, 0, 0);
	vf(&p, AXON_V_MULI, 0, 0, args->scale);
	v_store(&p, 0, 0);
	p.d.h.wait[0] = unpacked;
	v_run(&p);
}
