// SPDX-License-Identifier: MIT
/*
 * Description: matmul gives, for every weight type and any cut into workgroups, the products in
 * the order that the matrix engine fixes, to the bit.
 */
#include "float16.h"
#include "matmul_args.h"
#include "weights.h"

#define C_GAP 8 /* bytes behind a row of c */

struct output {
	uint32_t id, n;
	bool bias;
	uint32_t c_type;
};

struct shape {
	uint32_t blocks;     /* k in blocks of 256, or elements where all types are dense */
	uint32_t room, rows; /* that there is memory for, that the step has: the lesser counts */
	uint32_t cols_per_wg, rows_per_wg;
};

struct product {
	struct weights w;
	const uint8_t *a;
	float *bias;
	uint8_t *c;
};

static void make_product(struct kernel_rig *rig, const struct output *o, const struct shape *s,
			 uint32_t k, struct product *p, struct matmul_output *out)
{
	weights_make(rig, &p->w, o->id, o->n, k);
	out->w = p->w.w;
	out->a_type = upload_activation_type(&p->w.w);
	out->a = activations_make(rig, out->a_type, s->room, k, &p->a);
	out->bias = kernel_random(rig, o->n, &p->bias);
	out->bias = o->bias ? out->bias : 0;
	out->c_type = o->c_type;
	out->c_stride = activation_bytes(o->c_type, o->n) + C_GAP;
	out->c = kernel_take(rig, s->room * out->c_stride, &p->c);
}

static void check_element(struct kernel_rig *rig, const uint8_t *c, uint32_t type, float expected)
{
	uint16_t half = type == AXON_BF16 ? bf16_of_float(expected) : f16_of_float(expected);

	if (type == AXON_F32)
		check_floats(rig, (const float *)c, &expected, 1);
	else
		check_bytes(rig, c, &half, sizeof(half));
}

static uint32_t step_rows(const struct shape *s)
{
	return s->room < s->rows ? s->room : s->rows;
}

static void check_product(struct kernel_rig *rig, const struct output *o, const struct shape *s,
			  const struct product *p, const struct matmul_output *out)
{
	uint32_t rows = step_rows(s);
	size_t size = o->c_type == AXON_F32 ? 4 : 2, row_bytes = o->n * size;

	for (uint32_t r = 0; r < s->room; r++) {
		const uint8_t *a = p->a + r * activation_bytes(out->a_type, p->w.w.k);
		const uint8_t *c = p->c + r * out->c_stride;

		for (uint32_t i = 0; r < rows && i < o->n; i++)
			check_element(rig, c + i * size, o->c_type,
				      weights_dot(&p->w, i, a, out->a_type) +
					      (o->bias ? p->bias[i] : 0));
		if (r < rows)
			check_untouched(rig, c + row_bytes, C_GAP);
		else
			check_untouched(rig, c, out->c_stride);
	}
}

static void matmul_case(struct kernel_rig *rig, const struct shape *s, const struct output *o,
			uint32_t outputs)
{
	struct product p[MATMUL_OUTPUTS] = {0};
	struct step *step;
	struct matmul_args args = {
		.cols_per_wg = s->cols_per_wg,
		.rows_per_wg = s->rows_per_wg,
	};
	uint32_t x = 0, k = s->blocks;

	kernel_case(rig, "%u outputs, the first %s of %u, %u rows, %u by %u to a workgroup",
		    outputs, quant_type(o[0].id)->name, o[0].n, s->room, s->rows_per_wg,
		    s->cols_per_wg);
	args.rows = kernel_step(rig, s->room, 0, &step);
	step->rows = step_rows(s);
	for (uint32_t i = 0; i < outputs; i++)
		if (weight_block(o[i].id) > 1)
			k = s->blocks * 256;
	for (uint32_t i = 0; i < outputs; i++) {
		make_product(rig, &o[i], s, k, &p[i], &args.out[i]);
		x += div_up(o[i].n, s->cols_per_wg);
	}
	/* One column and one row of workgroups too many do nothing. */
	kernel_launch(rig, CHIP_matmul, x + 1, div_up(s->room, s->rows_per_wg) + 1, &args,
		      sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < outputs; i++) {
		check_product(rig, &o[i], s, &p[i], &args.out[i]);
		weights_free(&p[i].w);
	}
}

static void every_type(void **state)
{
	static const struct shape shapes[] = {
		{1, 1, 1, 64, 1}, {1, 5, 16, 32, 2},  {2, 13, 13, 16, 13},
		{1, 9, 4, 64, 3}, {1, 0, 16, 64, 16},
	};
	static const uint32_t n[] = {1, 33, 97, 64, 16};

	for (size_t t = 0; t < COUNT(weight_types); t++)
		for (size_t i = 0; i < COUNT(shapes); i++)
			matmul_case(*state, &shapes[i],
				    &(struct output){weight_types[t], n[i], i % 2, AXON_F32}, 1);
}

/* Rows of any length, and the two types that the matrix engine multiplies by other rules. */
static void dense_widths(void **state)
{
	static const uint32_t dense[] = {QUANT_F32, QUANT_F16, QUANT_BF16};
	static const uint32_t widths[] = {1, 7, 131, 640};

	for (size_t t = 0; t < COUNT(dense); t++)
		for (size_t i = 0; i < COUNT(widths); i++)
			matmul_case(*state, &(struct shape){widths[i], 6, 6, 32, 4},
				    &(struct output){dense[t], 47, true, AXON_F32}, 1);
}

static void several_outputs(void **state)
{
	static const struct output o[] = {
		{QUANT_Q4_K, 80, true, AXON_F32},
		{QUANT_Q6_K, 17, false, AXON_BF16},
		{QUANT_BF16, 33, true, AXON_F16},
	};
	static const struct shape shapes[] = {
		{1, 3, 16, 32, 2}, {1, 7, 5, 16, 5}, {1, 1, 1, 128, 1}};

	for (size_t i = 0; i < COUNT(shapes); i++)
		for (uint32_t outputs = 2; outputs <= MATMUL_OUTPUTS; outputs++)
			matmul_case(*state, &shapes[i], o, outputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(every_type),
		KERNEL_TEST(dense_widths),
		KERNEL_TEST(several_outputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
