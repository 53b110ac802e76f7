// SPDX-License-Identifier: MIT
#include "bench_matmul_args.h"
#include "dma_copy.h"
#include "weight.h"

AXON_KERNEL void bench_matmul(const struct bench_matmul_args *args, uint32_t x, uint32_t y)
{
	struct axon_sram sram = axon_sram_all();
	uint32_t col = x * args->cols_per_wg, row = y * args->rows_per_wg;
	uint32_t cols = axon_min(args->cols_per_wg, args->w.n - col);
	uint32_t rows = axon_min(args->rows_per_wg, args->m - row);
	uint32_t a = axon_sram_take(&sram, (uint64_t)rows * args->a_row_bytes);
	uint64_t c_stride = 4ull * args->w.n;
	struct axon_matrix_desc d =
		weight_matmul(&args->w, col, cols, rows, a, args->a_type,
			      args->c + row * c_stride + 4ull * col, (int64_t)c_stride, AXON_F32);

	d.a_s0 = (int32_t)args->a_row_bytes;
	d.h.wait[0] = dma_rows(a, args->a_row_bytes, args->a + (uint64_t)row * args->a_row_bytes,
			       args->a_row_bytes, rows, args->a_row_bytes);
	axon_matrix(&d);
}
