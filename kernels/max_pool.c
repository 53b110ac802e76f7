// SPDX-License-Identifier: MIT
#include "max_pool_args.h"
#include "vector_program.h"

enum { WINDOW = 4, MAX = 4, GRAD, TAKEN, ZERO };

/* v0..v3 = the window's elements, operands 0..3. */
static void load_window(struct vector_program *p, const struct max_pool_args *args, uint64_t x)
{
	int64_t pixel = 4 * (int64_t)args->channels, row = args->width * pixel;

	for (uint8_t i = 0; i < WINDOW; i++) {
		uint8_t o = v_operand(p, x + (uint64_t)(i / 2 * row + i % 2 * pixel), 2 * pixel, 4,
				      AXON_F32);

		p->d.operand[o].row_div = args->width / 2;
		p->d.operand[o].outer_stride = 2 * row;
		v_load(p, i, o);
	}
}

static void forward(struct vector_program *p, uint8_t y)
{
	v_const(p, MAX, 0.0f);
	for (uint8_t i = 0; i < WINDOW; i++)
		v2(p, AXON_V_MAX, MAX, MAX, i);
	v_store(p, y, MAX);
}

static void backward(struct vector_program *p, uint8_t y, uint8_t dy)
{
	v_load(p, MAX, y);
	v_load(p, GRAD, dy);
	v_const(p, ZERO, 0.0f);
	v2(p, AXON_V_LT, TAKEN, ZERO, MAX);
	v2(p, AXON_V_AND, GRAD, GRAD, TAKEN);
	for (uint8_t i = 0; i < WINDOW; i++) {
		v2(p, AXON_V_EQ, TAKEN, i, MAX);
		v2(p, AXON_V_AND, TAKEN, TAKEN, GRAD);
		v2(p, AXON_V_XOR, GRAD, GRAD, TAKEN); /* nothing is left for the next */
		v_store(p, i, TAKEN);
	}
}

AXON_KERNEL void max_pool(const struct max_pool_args *args, uint32_t image)
{
	uint32_t rows = args->height / 2 * (args->width / 2);
	int64_t pixel = 4 * (int64_t)args->channels;
	uint64_t at = (uint64_t)image * rows * (uint64_t)pixel;
	struct vector_program p;

	v_begin(&p, rows, args->channels);
	load_window(&p, args, args->x + 4 * at);
	uint8_t y = v_operand(&p, args->y + at, pixel, 4, AXON_F32);

	if (args->dy)
		backward(&p, y, v_operand(&p, args->dy + at, pixel, 4, AXON_F32));
	else
		forward(&p, y);
	v_run(&p);
}
