// SPDX-License-Identifier: MIT
#include "rotate_args.h"
#include "vector_program.h"

AXON_KERNEL void rotate(const struct rotate_args *args, uint32_t wg, uint32_t sequence)
{
	enum { X0, X1, COS, SIN, Y0, Y1 };
	uint32_t first = wg * args->tokens_per_wg;
	uint32_t tokens = axon_min(args->tokens_per_wg, args->tokens - first);
	int64_t row = 8 * (int64_t)args->pairs, table = (int64_t)args->table_stride;
	uint64_t at = args->x + ((uint64_t)sequence * args->tokens + first) * (uint64_t)row;
	struct vector_program p;

	v_begin(&p, tokens, args->pairs);
	v_operand(&p, at, row, 8, AXON_F32);
	v_operand(&p, at + 4, row, 8, AXON_F32);
	v_operand(&p, args->cos + (uint64_t)(first * table), table, 4, AXON_F32);
	v_operand(&p, args->sin + (uint64_t)(first * table), table, 4, AXON_F32);
	for (uint8_t i = X0; i <= SIN; i++)
		v_load(&p, i, i);
	if (args->flags & ROTATE_BACK)
		v1(&p, AXON_V_NEG, SIN, SIN);
	v2(&p, AXON_V_MUL, Y0, X1, SIN);
	v1(&p, AXON_V_NEG, Y0, Y0);
	v3(&p, AXON_V_FMA, Y0, X0, COS, Y0);
	v2(&p, AXON_V_MUL, Y1, X0, SIN);
	v3(&p, AXON_V_FMA, Y1, X1, COS, Y1);
	v_store(&p, X0, Y0);
	v_store(&p, X1, Y1);
	v_run(&p);
}
