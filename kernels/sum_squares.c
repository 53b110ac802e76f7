// SPDX-License-Identifier: MIT
#include "sum_squares_args.h"
#include "vector_program.h"

AXON_KERNEL void sum_squares(const struct sum_squares_args *args, uint32_t wg)
{
	uint64_t first = (uint64_t)wg * SUM_SQUARES_CHUNK, left = args->n - first;
	struct vector_program p;

	v_begin(&p, 1, left < SUM_SQUARES_CHUNK ? (uint32_t)left : SUM_SQUARES_CHUNK);
	uint8_t x = v_operand(&p, args->x + 4 * first, 0, 4, AXON_F32);
	uint8_t part = v_operand(&p, args->part + 4ull * wg, 0, 0, AXON_F32);

	v_load(&p, 0, x);
	v1(&p, AXON_V_RSUMSQ, AXON_R(0), 0);
	v_store(&p, part, AXON_R(0));
	v_run(&p);
}
