// SPDX-License-Identifier: MIT
#include "norm_args.h"
#include "step_args.h"
#include "vector_program.h"

/* Row register r = 1 / sqrt(r / cols + eps), r being a sum of squares. */
static void reciprocal_rms(struct vector_program *p, uint8_t r, uint32_t cols, float eps)
{
	vf(p, AXON_V_MULI, r, r, 1.0f / (float)cols);
	vf(p, AXON_V_ADDI, r, r, eps);
	v1(p, AXON_V_RSQRT, r, r);
}

/* v = v · r · weight */
static void scale_by(struct vector_program *p, uint8_t v, uint8_t r, uint64_t weight)
{
	v2(p, AXON_V_MUL, v, v, r);
	v_load(p, 15, v_operand(p, weight, 0, 4, AXON_F32));
	v2(p, AXON_V_MUL, v, v, 15);
}

AXON_KERNEL void norm(const struct norm_args *args, uint32_t wg)
{
	enum { X = 0, Y = 1 };
	const uint8_t r_y = AXON_R(0), r_x = AXON_R(1);
	uint32_t rows = *(const uint32_t *)args->rows;
	uint32_t cols = args->cols, first = wg * args->rows_per_wg, from = first;

	if (first >= rows)
		return;

	if (args->output)
		from = ((const struct step_output *)args->output)[wg].row;

	struct vector_program p;
	int64_t row = 4 * (int64_t)cols;
	uint8_t x;

	v_begin(&p, axon_min(args->rows_per_wg, rows - first), cols);
	x = v_operand(&p, args->x + from * row, row, 4, AXON_F32);
	if (args->y) {
		uint8_t y = v_operand(&p, args->y + from * row, row, 4, AXON_F32);

		if (args->post) {
			v_load(&p, Y, y);
			v1(&p, AXON_V_RSUMSQ, r_y, Y);
			reciprocal_rms(&p, r_y, cols, args->eps);
			v_pass(&p);
		}
		v_load(&p, Y, y);
		if (args->post)
			scale_by(&p, Y, r_y, args->post);
		v_load(&p, X, x);
		v2(&p, AXON_V_ADD, X, X, Y);
		v_store(&p, x, X);
	} else {
		v_load(&p, X, x);
	}
	if (args->weight) {
		v1(&p, AXON_V_RSUMSQ, r_x, X);
		reciprocal_rms(&p, r_x, cols, args->eps);
		v_pass(&p);
		v_load(&p, X, x);
		scale_by(&p, X, r_x, args->weight);
	}
	if (args->q8a) {
		int64_t bytes = cols / 32 * (int64_t)sizeof(struct axon_q8a);
		uint8_t q = v_operand(&p, args->q8a + first * bytes, bytes, 0, AXON_Q8A);

		v_word(&p, AXON_V_QUANT, q, 0, X, 0, 0, 0);
	}
	if (args->dense) {
		int32_t size = args->dense_type == AXON_F32 ? 4 : 2;
		int64_t bytes = (int64_t)cols * size;

		v_store(&p,
			v_operand(&p, args->dense + first * bytes, bytes, size,
				  (uint8_t)args->dense_type),
			X);
	}
	v_run(&p);
}
