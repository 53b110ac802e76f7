// SPDX-License-Identifier: MIT
#include "dma_copy.h"
#include "matmul_args.h"
#include "weight.h"

/* The output that workgroup column x belongs to; x becomes the chunk within it. */
static const struct matmul_output *find_output(const struct matmul_args *args, uint32_t *x)
{
	for (uint32_t i = 0; i < MATMUL_OUTPUTS; i++) {
		uint32_t chunks = axon_div_up(args->out[i].w.n, args->cols_per_wg);

		if (*x < chunks)
			return &args->out[i];
		*x -= chunks;
	}
	return NULL;
}

AXON_KERNEL void matmul(const struct matmul_args *args, uint32_t x, uint32_t y)
{
	uint32_t total = *(const uint32_t *)args->rows;
	uint32_t row = y * args->rows_per_wg;
	const struct matmul_output *out = find_output(args, &x);

	if (!out || row >= total)
		return;

	struct axon_sram sram = axon_sram_all();
	uint32_t rows = axon_min(args->rows_per_wg, total - row);
	uint32_t col = x * args->cols_per_wg;
	uint32_t row_bytes = activation_row_bytes(out->a_type, out->w.k);
	uint32_t a = axon_sram_take(&sram, (uint64_t)rows * row_bytes);
	uint32_t c_size = out->c_type == AXON_F32 ? 4 : 2;
	struct axon_matrix_desc d =
		weight_matmul(&out->w, col, axon_min(args->cols_per_wg, out->w.n - col), rows, a,
			      out->a_type, out->c + row * out->c_stride + (uint64_t)col * c_size,
			      (int64_t)out->c_stride, out->c_type);

	d.h.wait[0] = dma_rows(a, row_bytes, out->a + (uint64_t)row * row_bytes, row_bytes, rows,
			       row_bytes);
	if (out->bias) {
		d.h.flags = AXON_MATRIX_F_ADDEND | AXON_MATRIX_F_ADDEND_ROW;
		d.addend = out->bias + (uint64_t)col * 4;
		d.addend_type = AXON_F32;
	}
	axon_matrix(&d);
}
