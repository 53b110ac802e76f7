// SPDX-License-Identifier: MIT
#include "adamw_args.h"
#include "vector_program.h"

enum { W, G, M, V, T };

/* What gradients are multiplied by, so that the norm of them all is at most s->clip. */
static float clip(const struct adamw_args *args, const struct adamw_step *s)
{
	float norm, scale;

	if (!args->squares)
		return 1.0f;
	__asm__("fsqrt.s %0, %1" : "=f"(norm) : "f"(*(const float *)args->squares));
	scale = s->clip / (norm + 1e-6f);
	return scale > 1.0f ? 1.0f : scale;
}

AXON_KERNEL void adamw(const struct adamw_args *args, uint32_t wg)
{
	const struct adamw_step *s = (const struct adamw_step *)args->step;
	uint32_t first = wg * ADAMW_CHUNK;
	uint64_t at = 4ull * first;
	struct vector_program p;

	v_begin(&p, 1, axon_min(ADAMW_CHUNK, args->n - first));
	uint8_t w = v_operand(&p, args->w + at, 0, 4, AXON_F32);
	uint8_t g = v_operand(&p, args->g + at, 0, 4, AXON_F32);
	uint8_t m = v_operand(&p, args->m + at, 0, 4, AXON_F32);
	uint8_t v = v_operand(&p, args->v + at, 0, 4, AXON_F32);

	v_load(&p, G, g);
	vf(&p, AXON_V_MULI, G, G, clip(args, s));
	v_load(&p, M, m);
	v2(&p, AXON_V_SUB, T, G, M);
	vf(&p, AXON_V_MULI, T, T, s->m_rate);
	v2(&p, AXON_V_ADD, M, M, T);
	v_store(&p, m, M);

	v_load(&p, V, v);
	v2(&p, AXON_V_MUL, G, G, G);
	vf(&p, AXON_V_MULI, G, G, s->v_rate);
	vf(&p, AXON_V_MULI, V, V, s->v_keep);
	v2(&p, AXON_V_ADD, V, V, G);
	v_store(&p, v, V);

	v1(&p, AXON_V_SQRT, V, V);
	vf(&p, AXON_V_MULI, V, V, s->v_scale);
	vf(&p, AXON_V_ADDI, V, V, s->eps);
	v2(&p, AXON_V_DIV, M, M, V);
	vf(&p, AXON_V_MULI, M, M, s->rate);
	v_load(&p, W, w);
	vf(&p, AXON_V_MULI, W, W, args->flags & ADAMW_KEEP ? 1.0f : s->w_keep);
	v2(&p, AXON_V_SUB, W, W, M);
	v_store(&p, w, W);
	v_run(&p);
}
