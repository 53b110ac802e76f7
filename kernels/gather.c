// SPDX-License-Identifier: MIT
#include "gather_args.h"
#include "vector_program.h"

static uint32_t size_of(uint8_t type)
{
	return type == AXON_U8 || type == AXON_I8 ? 1 : 4;
}

static void rescale(const struct gather_args *args, uint64_t at, uint32_t rows, axon_token gathered)
{
	struct vector_program p;

	v_begin(&p, rows, args->cols);
	uint8_t o = v_operand(&p, at, 4 * (int64_t)args->cols, 4, AXON_F32);

	v_load(&p, 0, o);
	vf(&p, AXON_V_MULI, 0, 0, args->scale);
	vf(&p, AXON_V_ADDI, 0, 0, args->shift);
	v_store(&p, o, 0);
	p.d.h.wait[0] = gathered;
	v_run(&p);
}

AXON_KERNEL void gather(const struct gather_args *args, uint32_t wg)
{
	uint32_t first = wg * args->rows_per_wg;
	uint64_t dst_row = (uint64_t)args->cols * size_of(args->dst_type);
	struct axon_dma_rows d = {
		.h = {.op = AXON_DMA_GATHER, .size = sizeof(d)},
		.dst = args->dst + first * dst_row,
		.src = args->src,
		.index = args->index + 4ull * first,
		.dst_stride = (int64_t)dst_row,
		.src_stride = (int64_t)args->cols * size_of(args->src_type),
		.rows = axon_min(args->rows_per_wg, args->rows - first),
		.cols = args->cols,
		.limit = args->limit,
		.dst_type = args->dst_type,
		.src_type = args->src_type,
	};
	axon_token gathered = axon_dma(&d);

	if (args->scale != 0.0f)
		rescale(args, d.dst, d.rows, gathered);
}
