// SPDX-License-Identifier: MIT
/*
 * Description: gated gives act(a · gate) · (a · up) for both activations, all weight types, and
 * outputs of every type, however it is cut into workgroups.
 */
#include <math.h>

#include "float16.h"
#include "gated_args.h"
#include "weights.h"

struct shape {
	uint32_t k, n, rows, cols_per_wg, rows_per_wg;
};

struct inputs {
	struct weights gate, up;
	const uint8_t *gate_a, *up_a;
	uint32_t gate_a_type, up_a_type;
};

static double activate(uint32_t act, double g)
{
	if (act == GATED_SILU)
		return g / (1 + exp(-g));
	return 0.5 * g * (1 + tanh(sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
}

/*
 * The products are exact to the bit, so what remains are the polynomials' 4 ulp and the roundings
 * of at most ten operations, of numbers not above |g·u|: 32 halves of an ulp.
 */
static double expect(const struct inputs *in, uint32_t act, uint32_t row, uint32_t col,
		     double *tolerance)
{
	const uint8_t *ga = in->gate_a + row * activation_bytes(in->gate_a_type, in->gate.w.k);
	const uint8_t *ua = in->up_a + row * activation_bytes(in->up_a_type, in->up.w.k);
	double g = (double)weights_dot(&in->gate, col, ga, in->gate_a_type);
	double u = (double)weights_dot(&in->up, col, ua, in->up_a_type);

	*tolerance = 32 * 0x1p-24 * fabs(g * u);
	return activate(act, g) * u;
}

static void check_row(struct kernel_rig *rig, const struct inputs *in, uint32_t act, uint32_t row,
		      const uint8_t *out, uint32_t type)
{
	const struct axon_q8a *q8a = (const struct axon_q8a *)out;

	for (uint32_t i = 0; i < in->gate.w.n; i++) {
		double tolerance, e = expect(in, act, row, i, &tolerance), found;

		if (type == AXON_F32) {
			found = (double)((const float *)out)[i];
		} else if (type == AXON_BF16) {
			found = (double)bf16_to_float(((const uint16_t *)out)[i]);
			tolerance += 0x1p-8 * fabs(e); /* half an ulp */
		} else {
			const struct axon_q8a *block = &q8a[i / 32];

			found = (double)block->scale * block->q[i % 32];
			tolerance += 0.5001 * (double)block->scale;
			assert_true(fabsf(block->scale) < 1000);
		}
		check_near(rig, (size_t)row * in->gate.w.n + i, found, e, tolerance);
	}
}

/* The scale of a quantised block must be its largest element's, not just any. */
static void check_scales(struct kernel_rig *rig, const struct inputs *in, uint32_t act,
			 uint32_t row, const struct axon_q8a *out)
{
	for (uint32_t block = 0; block < in->gate.w.n / 32; block++) {
		double most = 0, slack = 0;

		for (uint32_t i = 0; i < 32; i++) {
			double tolerance, e = expect(in, act, row, 32 * block + i, &tolerance);

			most = fmax(most, fabs(e));
			slack = fmax(slack, tolerance);
		}
		check_near(rig, block, (double)out[block].scale * 127, most,
			   slack + 0x1p-22 * most);
	}
}

static void gated_case(struct kernel_rig *rig, const struct shape *s, uint32_t gate_id,
		       uint32_t up_id, uint32_t act, uint32_t out_type)
{
	struct inputs in;
	struct step *step;
	uint8_t *out;
	struct gated_args args = {
		.out_stride = activation_bytes(out_type, s->n),
		.out_type = out_type,
		.act = act,
		.cols_per_wg = s->cols_per_wg,
		.rows_per_wg = s->rows_per_wg,
	};

	kernel_case(rig, "%s and %s, %u of %u, %u rows, act %u, type %u", quant_type(gate_id)->name,
		    quant_type(up_id)->name, s->n, s->k, s->rows, act, out_type);
	args.rows = kernel_step(rig, s->rows, 0, &step);
	weights_make(rig, &in.gate, gate_id, s->n, s->k);
	weights_make(rig, &in.up, up_id, s->n, s->k);
	args.gate = in.gate.w;
	args.up = in.up.w;
	in.gate_a_type = args.gate_a_type = upload_activation_type(&in.gate.w);
	in.up_a_type = args.up_a_type = upload_activation_type(&in.up.w);
	args.gate_a = args.up_a = activations_make(rig, in.gate_a_type, s->rows, s->k, &in.gate_a);
	in.up_a = in.gate_a;
	if (in.gate_a_type != in.up_a_type)
		args.up_a = activations_make(rig, in.up_a_type, s->rows, s->k, &in.up_a);
	args.out = kernel_take(rig, (s->rows + 1) * args.out_stride, &out);
	kernel_launch(rig, CHIP_gated, div_up(s->n, s->cols_per_wg),
		      div_up(s->rows, s->rows_per_wg) + 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t r = 0; r < s->rows; r++) {
		const uint8_t *row = out + r * args.out_stride;

		check_row(rig, &in, act, r, row, out_type);
		if (out_type == AXON_Q8A)
			check_scales(rig, &in, act, r, (const struct axon_q8a *)row);
	}
	check_untouched(rig, out + s->rows * args.out_stride, args.out_stride);
	weights_free(&in.gate);
	weights_free(&in.up);
}

static void every_type(void **state)
{
	static const struct shape s = {256, 96, 3, 64, 2};

	for (size_t t = 0; t < COUNT(weight_types); t++)
		for (uint32_t act = GATED_SILU; act <= GATED_GELU_TANH; act++)
			gated_case(*state, &s, weight_types[t], weight_types[t], act, AXON_F32);
}

static void every_output(void **state)
{
	static const struct shape shapes[] = {
		{256, 32, 1, 32, 1}, {512, 160, 5, 64, 3}, {256, 64, 0, 32, 4}};
	static const uint32_t types[] = {AXON_F32, AXON_BF16, AXON_Q8A};

	for (size_t i = 0; i < COUNT(shapes); i++)
		for (size_t t = 0; t < COUNT(types); t++)
			for (uint32_t act = GATED_SILU; act <= GATED_GELU_TANH; act++)
				gated_case(*state, &shapes[i], QUANT_Q4_K, QUANT_Q4_K, act,
					   types[t]);
}

/* Gate and up of types that want different rows. */
static void mixed_types(void **state)
{
	static const struct shape s = {256, 64, 4, 32, 3};

	gated_case(*state, &s, QUANT_Q6_K, QUANT_BF16, GATED_SILU, AXON_F32);
	gated_case(*state, &s, QUANT_F16, QUANT_Q4_0, GATED_GELU_TANH, AXON_F32);
}

/* Widths that are no multiple of 32, where nothing is quantised. */
static void odd_widths(void **state)
{
	gated_case(*state, &(struct shape){7, 1, 2, 32, 1}, QUANT_F32, QUANT_F32, GATED_SILU,
		   AXON_F32);
	gated_case(*state, &(struct shape){33, 83, 5, 32, 2}, QUANT_BF16, QUANT_BF16,
		   GATED_GELU_TANH, AXON_BF16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(every_type),
		KERNEL_TEST(every_output),
		KERNEL_TEST(mixed_types),
		KERNEL_TEST(odd_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
