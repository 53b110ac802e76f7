// SPDX-License-Identifier: MIT
#include "norm_grad_args.h"
#include "vector_program.h"

/* With r = 1 / rms(x): dx = r · (dy · w − x · r² · mean(dy · w · x)); also stores dy · x and r. */
static axon_token rows_grad(const struct norm_grad_args *args, uint32_t first, uint32_t rows,
			    uint32_t product, uint32_t scales)
{
	enum { X, W, DY, DX, PRODUCT, SCALE, T };
	const uint8_t r = AXON_R(0), dot = AXON_R(1);
	int64_t row = 4 * (int64_t)args->cols;
	uint64_t at = (uint64_t)first * (uint64_t)row;
	float mean = 1.0f / (float)args->cols;
	struct vector_program p;

	v_begin(&p, rows, args->cols);
	v_operand(&p, args->x + at, row, 4, AXON_F32);
	v_operand(&p, args->w, 0, 4, AXON_F32);
	v_operand(&p, args->dy + at, row, 4, AXON_F32);
	v_operand(&p, args->dx + at, row, 4, AXON_F32);
	v_operand(&p, product, row, 4, AXON_F32);
	v_operand(&p, scales, 4, 0, AXON_F32);

	v_load(&p, X, X);
	v1(&p, AXON_V_RSUMSQ, r, X);
	v_load(&p, DY, DY);
	v2(&p, AXON_V_MUL, T, DY, X);
	v_store(&p, PRODUCT, T);
	v_load(&p, W, W);
	v2(&p, AXON_V_MUL, T, T, W);
	v1(&p, AXON_V_RSUM, dot, T);
	vf(&p, AXON_V_MULI, r, r, mean);
	vf(&p, AXON_V_ADDI, r, r, args->eps);
	v1(&p, AXON_V_RSQRT, r, r);
	v_store(&p, SCALE, r);
	vf(&p, AXON_V_MULI, dot, dot, -mean);
	v2(&p, AXON_V_MUL, dot, dot, r);
	v2(&p, AXON_V_MUL, dot, dot, r);
	v_pass(&p);

	v_load(&p, DY, DY);
	v_load(&p, W, W);
	v2(&p, AXON_V_MUL, DY, DY, W);
	v_load(&p, X, X);
	v3(&p, AXON_V_FMA, X, X, dot, DY);
	v2(&p, AXON_V_MUL, X, X, r);
	if (args->flags & NORM_GRAD_ADD) {
		v_load(&p, DX, DX);
		v2(&p, AXON_V_ADD, X, X, DX);
	}
	v_store(&p, DX, X);
	return v_run(&p);
}

AXON_KERNEL void norm_grad(const struct norm_grad_args *args, uint32_t wg)
{
	struct axon_sram sram = axon_sram_all();
	uint32_t first = wg * args->rows_per_wg, cols = args->cols;
	uint32_t rows = axon_min(args->rows_per_wg, args->rows - first);
	uint32_t product = axon_sram_take(&sram, 4ull * rows * cols);
	/* dw[col] = Σ r[row] · (dy · x)[row][col] is a product with one row. */
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d)},
		.m = 1,
		.n = cols,
		.k = rows,
		.a = axon_sram_take(&sram, 4ull * rows),
		.b = product,
		.b_stride = 4 * (uint64_t)cols,
		.b_layout = AXON_B_ROWS,
		.c = args->part + 4ull * wg * cols,
		.scale = 1.0f,
	};

	d.h.wait[0] = rows_grad(args, first, rows, product, d.a);
	axon_matrix(&d);
}
