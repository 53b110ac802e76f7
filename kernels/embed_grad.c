// SPDX-License-Identifier: MIT
#include "embed_grad_args.h"
#include "vector_program.h"

static axon_token zero(const struct embed_grad_args *args, uint64_t grad, uint32_t cols)
{
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_FILL, .size = sizeof(d)},
		.dst = grad,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 2,
		.extent = {cols, args->vocab},
		.dst_stride = {4, 4 * (int64_t)args->cols},
	};

	return axon_dma(&d);
}

/* A column of dy is a row of the program: only columns have an order there. */
AXON_KERNEL void embed_grad(const struct embed_grad_args *args, uint32_t wg)
{
	enum { ID, DY, GRAD };
	uint32_t first = wg * args->cols_per_wg;
	uint32_t cols = axon_min(args->cols_per_wg, args->cols - first);
	int32_t row = (int32_t)(4 * args->cols);
	struct vector_program p;

	v_begin(&p, cols, args->rows);
	v_operand(&p, args->id, 0, 4, AXON_I32);
	v_operand(&p, args->dy + 4ull * first, 4, row, AXON_F32);
	v_operand(&p, args->grad + 4ull * first, 4, row, AXON_F32);
	p.d.operand[GRAD].limit = args->vocab;
	v_load(&p, ID, ID);
	v_load(&p, DY, DY);
	v_word(&p, AXON_V_SCATTER_ADD, GRAD, 0, ID, DY, 0, 0);
	if (!(args->flags & EMBED_GRAD_ADD))
		p.d.h.wait[0] = zero(args, p.d.operand[GRAD].addr, cols);
	v_run(&p);
}
