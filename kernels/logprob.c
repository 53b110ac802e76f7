// SPDX-License-Identifier: MIT
#include "logprob_args.h"
#include "vector_program.h"

AXON_KERNEL void logprob(const struct logprob_args *args, uint32_t row)
{
	if (row >= *(const uint32_t *)args->rows)
		return;

	const uint8_t max = AXON_R(0), best = AXON_R(1), sum = AXON_R(2);
	uint64_t logits = args->logits + (uint64_t)row * args->vocabulary * 4;
	struct logprob *out = (struct logprob *)args->out + row;
	uint32_t target = ((const uint32_t *)args->targets)[row];
	struct vector_program p;

	v_begin(&p, 1, args->vocabulary);
	v_operand(&p, logits, 0, 4, AXON_F32);
	v_operand(&p, (uint64_t)&out->max, 0, 0, AXON_F32);
	v_operand(&p, (uint64_t)&out->best, 0, 0, AXON_I32);
	v_operand(&p, (uint64_t)&out->log_sum, 0, 0, AXON_F32);
	v_load(&p, 0, 0);
	v1(&p, AXON_V_RMAX, max, 0);
	v1(&p, AXON_V_RARGMAX, best, 0);
	v_store(&p, 1, max);
	v_store(&p, 2, best);
	v_pass(&p);
	v_load(&p, 0, 0);
	v2(&p, AXON_V_SUB, 0, 0, max);
	v1(&p, AXON_V_EXP, 0, 0);
	v1(&p, AXON_V_RSUM, sum, 0);
	v1(&p, AXON_V_LOG, sum, sum);
	v_store(&p, 3, sum);
	axon_wait(v_run(&p));

	if (target < args->vocabulary)
		out->logprob = ((const float *)logits)[target] - out->max - out->log_sum;
}
