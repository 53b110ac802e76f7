// SPDX-License-Identifier: MIT
#include "swiglu_args.h"
#include "vector_program.h"

enum { GATE, UP, OUT, SIGMOID, T };

static void forward(struct vector_program *p)
{
	v2(p, AXON_V_MUL, OUT, GATE, SIGMOID);
	v2(p, AXON_V_MUL, OUT, OUT, UP);
	v_store(p, OUT, OUT);
}

/* With s = sigmoid(gate): dup = dy · gate · s, dgate = dy · up · (s + gate · s · (1 − s)). */
static void backward(struct vector_program *p)
{
	v_load(p, OUT, OUT);
	v2(p, AXON_V_MUL, GATE, GATE, SIGMOID);
	v2(p, AXON_V_MUL, UP, UP, OUT);
	v2(p, AXON_V_MUL, OUT, OUT, GATE);
	v_store(p, UP, OUT);
	v1(p, AXON_V_NEG, T, SIGMOID);
	v3(p, AXON_V_FMA, T, GATE, T, GATE);
	v2(p, AXON_V_ADD, T, T, SIGMOID);
	v2(p, AXON_V_MUL, UP, UP, T);
	v_store(p, GATE, UP);
}

AXON_KERNEL void swiglu(const struct swiglu_args *args, uint32_t wg)
{
	uint64_t first = (uint64_t)wg * SWIGLU_CHUNK, left = args->n - first;
	struct vector_program p;

	v_begin(&p, 1, left < SWIGLU_CHUNK ? (uint32_t)left : SWIGLU_CHUNK);
	v_operand(&p, args->gate + 4 * first, 0, 4, AXON_F32);
	v_operand(&p, args->up + 4 * first, 0, 4, AXON_F32);
	v_operand(&p, (args->dy ? args->dy : args->y) + 4 * first, 0, 4, AXON_F32);
	v_load(&p, GATE, GATE);
	v_load(&p, UP, UP);
	v1(&p, AXON_V_SIGMOID, SIGMOID, GATE);
	if (args->dy)
		backward(&p);
	else
		forward(&p);
	v_run(&p);
}
