// SPDX-License-Identifier: MIT
#include "axon.h"
#include "gemm_args.h"

/* `rows` rows of A, columns at .. at + k, to SRAM. */
static axon_token load_a(const struct gemm_args *args, uint32_t row, uint32_t rows, uint32_t at,
			 uint32_t k, uint32_t to, axon_token free)
{
	bool cols = args->flags & GEMM_A_COLS;
	int64_t step = 4 * (int64_t)(cols ? args->m : 1), stride = cols ? 4 : 4 * (int64_t)args->k;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d), .wait = {free}},
		.dst = to,
		.src = args->a + (uint64_t)(at * step + row * stride),
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 2,
		.extent = {k, rows},
		.dst_stride = {4, 4 * (int64_t)k},
		.src_stride = {step, stride},
	};

	return axon_dma(&d);
}

AXON_KERNEL void gemm(const struct gemm_args *args, uint32_t x, uint32_t y)
{
	struct axon_sram sram = axon_sram_all();
	uint32_t row = y * args->rows_per_wg, col = x * args->cols_per_wg, k = args->k;
	uint32_t rows = axon_min(args->rows_per_wg, args->m - row);
	uint32_t depth = axon_min(k, GEMM_DEPTH);
	bool b_cols = args->flags & GEMM_B_COLS, addend_row = args->flags & GEMM_ADDEND_ROW;
	uint64_t b_step = 4 * (uint64_t)(b_cols ? 1 : args->n);
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d)},
		.m = rows,
		.n = axon_min(args->cols_per_wg, args->n - col),
		.a = axon_sram_take(&sram, (uint64_t)rows * depth * 4),
		.b_stride = 4 * (uint64_t)(b_cols ? k : args->n),
		.b_layout = b_cols ? AXON_B_COLS : AXON_B_ROWS,
		.c = args->c + 4 * ((uint64_t)row * args->n + col),
		.c_stride = 4 * (int64_t)args->n,
		.scale = 1.0f,
	};
	axon_token done = 0;

	if (args->addend) {
		d.h.flags = AXON_MATRIX_F_ADDEND | (addend_row ? AXON_MATRIX_F_ADDEND_ROW : 0);
		d.addend = args->addend + 4 * ((uint64_t)(addend_row ? 0 : row) * args->n + col);
		d.addend_stride = d.c_stride;
	}
	for (uint32_t at = 0; at < k; at += depth) {
		d.k = axon_min(depth, k - at);
		d.a_s0 = (int32_t)(4 * d.k);
		d.b = args->b + 4 * (uint64_t)col * (b_cols ? k : 1) + at * b_step;
		d.h.wait[0] = load_a(args, row, rows, at, d.k, d.a, done);
		done = axon_matrix(&d);
		d.h.flags = AXON_MATRIX_F_ACCUMULATE;
	}
}
