// SPDX-License-Identifier: MIT
#include "cross_entropy_args.h"
#include "vector_program.h"

enum { X, ONE, HIT, PICKED };
static const uint8_t r_max = AXON_R(0), r_best = AXON_R(1), r_label = AXON_R(2), r_sum = AXON_R(3),
		     r_picked = AXON_R(4), r_loss = AXON_R(5), r_correct = AXON_R(6),
		     r_one = AXON_R(7);

/* X = exp(x − max), and HIT = all ones in the label's column. */
static void shifted(struct vector_program *p, uint8_t x)
{
	v_load(p, X, x);
	v2(p, AXON_V_SUB, X, X, r_max);
	v1(p, AXON_V_COL, HIT, 0);
	v2(p, AXON_V_IEQ, HIT, HIT, r_label);
}

AXON_KERNEL void cross_entropy(const struct cross_entropy_args *args, uint32_t wg)
{
	uint32_t first = wg * args->rows_per_wg;
	int64_t row = 4 * (int64_t)args->cols;
	struct vector_program p;

	v_begin(&p, axon_min(args->rows_per_wg, args->rows - first), args->cols);
	uint8_t x = v_operand(&p, args->x + (uint64_t)(first * row), row, 4, AXON_F32);
	uint8_t label = v_operand(&p, args->label + 4ull * first, 4, 0, AXON_I32);
	uint8_t dx = v_operand(&p, args->dx + (uint64_t)(first * row), row, 4, AXON_F32);
	uint8_t loss = v_operand(&p, args->loss + 4ull * first, 4, 0, AXON_F32);
	uint8_t correct = v_operand(&p, args->correct + 4ull * first, 4, 0, AXON_F32);

	v_load(&p, X, x);
	v1(&p, AXON_V_RMAX, r_max, X);
	v1(&p, AXON_V_RARGMAX, r_best, X);
	v_load(&p, r_label, label);
	v_pass(&p);

	shifted(&p, x);
	v2(&p, AXON_V_AND, PICKED, X, HIT);
	v1(&p, AXON_V_RSUM, r_picked, PICKED);
	v1(&p, AXON_V_EXP, X, X);
	v1(&p, AXON_V_RSUM, r_sum, X);
	v1(&p, AXON_V_LOG, r_loss, r_sum);
	v2(&p, AXON_V_SUB, r_loss, r_loss, r_picked);
	v_store(&p, loss, r_loss);
	v2(&p, AXON_V_IEQ, r_correct, r_best, r_label);
	v_const(&p, r_one, 1.0f);
	v2(&p, AXON_V_AND, r_correct, r_correct, r_one);
	v_store(&p, correct, r_correct);
	v_pass(&p);

	shifted(&p, x);
	v1(&p, AXON_V_EXP, X, X);
	v2(&p, AXON_V_DIV, X, X, r_sum);
	v_const(&p, ONE, 1.0f);
	v2(&p, AXON_V_AND, ONE, ONE, HIT);
	v2(&p, AXON_V_SUB, X, X, ONE);
	vf(&p, AXON_V_MULI, X, X, args->scale);
	v_store(&p, dx, X);
	v_run(&p);
}
