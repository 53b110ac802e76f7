// SPDX-License-Identifier: MIT
/*
 * Description: what the kernel pack lays out and embed takes out again is the plain dequantisation
 * of the GGUF rows, to the bit, for every type, and a token outside of the table is a fault.
 */
#include "embed_args.h"
#include "weights.h"

struct shape {
	uint32_t n, blocks; /* rows; k in blocks of the type */
	uint32_t rows, rows_per_wg;
	float scale;
};

static uint64_t launch_embed(struct kernel_rig *rig, const struct weights *w, const struct shape *s,
			     struct step **step, float **out)
{
	struct embed_args args = {
		.table = w->w,
		.step = kernel_step(rig, s->rows, 0, step),
		.out = kernel_take(rig, (s->rows + 1) * w->w.k * sizeof(float), out),
		.scale = s->scale,
		.rows_per_wg = s->rows_per_wg,
	};

	uint32_t *tokens = kernel_host(rig, (*step)->tokens);

	for (uint32_t r = 0; r < s->rows; r++)
		tokens[r] = random_bits(rig) % s->n;
	if (s->rows > 2) {
		tokens[0] = s->n - 1;
		tokens[1] = 0;
		tokens[2] = s->n - 1;
	}
	kernel_launch(rig, CHIP_embed, div_up(s->rows, s->rows_per_wg) + 1, 1, &args, sizeof(args));
	return args.out;
}

static void embed_case(struct kernel_rig *rig, uint32_t id, const struct shape *s)
{
	uint32_t k = s->blocks * weight_block(id);
	struct weights w;
	struct step *step;
	float *out;

	kernel_case(rig, "%s, n %u, k %u, rows %u in %u, scale %g", quant_type(id)->name, s->n, k,
		    s->rows, s->rows_per_wg, (double)s->scale);
	weights_make(rig, &w, id, s->n, k);
	launch_embed(rig, &w, s, &step, &out);
	kernel_run(rig);

	const uint32_t *tokens = kernel_host(rig, step->tokens);

	for (uint32_t r = 0; r < s->rows; r++)
		for (uint32_t i = 0; i < k; i++) {
			/* A zero that comes of two zeros may have either sign: + 0 takes it. */
			float expected = w.value[(size_t)tokens[r] * k + i] * s->scale + 0.0f;
			float found = out[(size_t)r * k + i] + 0.0f;

			check_floats(rig, &found, &expected, 1);
		}
	check_untouched(rig, out + (size_t)s->rows * k, k * sizeof(float));
	weights_free(&w);
}

static void every_type(void **state)
{
	static const struct shape shapes[] = {
		{1, 1, 1, 1, 1.0f},	{16, 2, 5, 16, 1.0f},  {17, 1, 7, 3, 25.298221f},
		{37, 3, 40, 16, -0.5f}, {131, 2, 11, 4, 1.0f}, {5, 1, 0, 16, 2.0f},
	};

	for (size_t t = 0; t < COUNT(weight_types); t++)
		for (size_t i = 0; i < COUNT(shapes); i++)
			embed_case(*state, weight_types[t], &shapes[i]);
}

/* Dense rows may have any length: odd ones end in half a pair of the BF16 layout. */
static void dense_widths(void **state)
{
	static const uint32_t dense[] = {QUANT_F32, QUANT_F16, QUANT_BF16}, widths[] = {7, 64, 641};

	for (size_t t = 0; t < COUNT(dense); t++)
		for (size_t i = 0; i < COUNT(widths); i++)
			embed_case(*state, dense[t], &(struct shape){33, widths[i], 9, 4, 1.5f});
}

static void token_out_of_range(void **state)
{
	struct shape s = {20, 1, 3, 16, 1.0f};
	struct kernel_rig *rig = *state;
	struct weights w;
	struct step *step;
	float *out;

	kernel_case(rig, "token 20 of 20");
	weights_make(rig, &w, QUANT_Q8_0, s.n, 32);
	launch_embed(rig, &w, &s, &step, &out);
	((uint32_t *)kernel_host(rig, step->tokens))[1] = s.n;
	kernel_run_to_fault(rig, AXON_FAULT_BAD_INDEX);
	weights_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(every_type),
		KERNEL_TEST(dense_widths),
		KERNEL_TEST(token_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
