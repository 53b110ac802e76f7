// SPDX-License-Identifier: MIT
#include "axon.h"
#include "gemm_args.h"

static axon_token load_a(const struct gemm_args *args, uint32_t row, uint32_t rows, uint32_t to)
{
	int64_t k = args->k, m = args->m;
	bool cols = args->flags & GEMM_A_COLS;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d)},
		.dst = to,
		.src = args->a + 4 * (uint64_t)row * (cols ? 1 : args->k),
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 2,
		.extent = {args->k, rows},
		.dst_stride = {4, 4 * k},
		.src_stride = {cols ? 4 * m : 4, cols ? 4 : 4 * k},
	};

	return axon_dma(&d);
}

AXON_KERNEL void gemm(const struct gemm_args *args, uint32_t x, uint32_t y)
{
	struct axon_sram sram = axon_sram_all();
	uint32_t row = y * args->rows_per_wg, col = x * args->cols_per_wg, k = args->k;
	uint32_t rows = axon_min(args->rows_per_wg, args->m - row);
	bool b_cols = args->flags & GEMM_B_COLS;
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d)},
		.m = rows,
		.n = axon_min(args->cols_per_wg, args->n - col),
		.k = k,
		.a = axon_sram_take(&sram, (uint64_t)rows * k * 4),
		.a_s0 = (int32_t)(4 * k),
		.b = args->b + 4 * (uint64_t)col * (b_cols ? k : 1),
		.b_stride = 4 * (uint64_t)(b_cols ? k : args->n),
		.b_layout = b_cols ? AXON_B_COLS : AXON_B_ROWS,
		.c = args->c + 4 * ((uint64_t)row * args->n + col),
		.c_stride = 4 * (int64_t)args->n,
		.scale = 1.0f,
	};

	d.h.wait[0] = load_a(args, row, rows, d.a);
	if (args->bias) {
		d.h.flags = AXON_MATRIX_F_ADDEND | AXON_MATRIX_F_ADDEND_ROW;
		d.addend = args->bias + 4 * (uint64_t)col;
	}
	axon_matrix(&d);
}
