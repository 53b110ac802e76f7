// SPDX-License-Identifier: MIT
#include "reduce_args.h"
#include "vector_program.h"

AXON_KERNEL void reduce(const struct reduce_args *args, uint32_t wg)
{
	uint32_t first = wg * args->n_per_wg;
	struct vector_program p;

	v_begin(&p, axon_min(args->n_per_wg, args->n - first), args->parts);
	uint8_t x = v_operand(&p, args->x + 4ull * first, 4, (int32_t)args->stride, AXON_F32);
	uint8_t y = v_operand(&p, args->y + 4ull * first, 4, 0, AXON_F32);

	v_load(&p, 0, x);
	v1(&p, AXON_V_RSUM, AXON_R(0), 0);
	v_store(&p, y, AXON_R(0));
	v_run(&p);
}
