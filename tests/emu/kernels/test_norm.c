// SPDX-License-Identifier: MIT
/*
 * Description: norm adds, normalises and quantises as its header says, in the order of the vector
 * engine, to the bit, for every combination of its inputs and outputs.
 */
#include <math.h>

#include "float16.h"
#include "norm_args.h"
#include "weights.h"

enum { Y = 1, POST = 2, WEIGHT = 4, INPUTS = 8 };

struct shape {
	uint32_t rows, cols, rows_per_wg;
	float eps;
};

struct buffers {
	float *x, *y, *post, *weight;
	uint8_t *q8a, *dense;
};

/* v = v / rms(v) · weight */
static void normalise(float *v, uint32_t n, const float *weight, float eps)
{
	float r = lane_sum(v, n, true) * (1.0f / (float)n) + eps;

	r = 1.0f / sqrtf(r);
	for (uint32_t i = 0; i < n; i++)
		v[i] = v[i] * r * weight[i];
}

/* What row r must be: x in *x, the outputs' number in *h. */
static void expect_row(const struct buffers *b, const struct shape *s, int inputs, uint32_t row,
		       float *x, float *h)
{
	size_t at = (size_t)row * s->cols;

	memcpy(x, b->x + at, s->cols * sizeof(float));
	if (inputs & Y) {
		memcpy(h, b->y + at, s->cols * sizeof(float));
		if (inputs & POST)
			normalise(h, s->cols, b->post, s->eps);
		for (uint32_t i = 0; i < s->cols; i++)
			x[i] += h[i];
	}
	memcpy(h, x, s->cols * sizeof(float));
	if (inputs & WEIGHT)
		normalise(h, s->cols, b->weight, s->eps);
}

static void check_dense(struct kernel_rig *rig, uint32_t type, const uint8_t *found, const float *h,
			uint32_t cols)
{
	if (type == AXON_F32) {
		check_floats(rig, (const float *)found, h, cols);
		return;
	}
	for (uint32_t i = 0; i < cols; i++) {
		uint16_t expected = type == AXON_BF16 ? bf16_of_float(h[i]) : f16_of_float(h[i]);

		check_bytes(rig, found + 2 * i, &expected, 2);
	}
}

/* dense_type AXON_NUM_TYPES: no dense output */
static void norm_case(struct kernel_rig *rig, const struct shape *s, int inputs, bool q8a,
		      uint32_t dense_type)
{
	size_t n = (size_t)s->rows * s->cols;
	bool dense = dense_type != AXON_NUM_TYPES;
	size_t q8a_row = activation_bytes(AXON_Q8A, s->cols);
	size_t dense_row = activation_bytes(dense_type, s->cols);
	struct buffers b;
	struct step *step;
	struct norm_args args = {
		.dense_type = dense_type,
		.cols = s->cols,
		.rows_per_wg = s->rows_per_wg,
		.eps = s->eps,
	};

	kernel_case(rig, "%ux%u in %u,%s%s%s%s, dense type %u", s->rows, s->cols, s->rows_per_wg,
		    inputs & Y ? " y" : "", inputs & POST ? " post" : "",
		    inputs & WEIGHT ? " weight" : "", q8a ? " q8a" : "", dense_type);
	args.rows = kernel_step(rig, s->rows, 3, &step);
	args.x = kernel_random(rig, n, &b.x);
	args.y = kernel_random(rig, n, &b.y);
	args.post = kernel_random(rig, s->cols, &b.post);
	args.weight = kernel_random(rig, s->cols, &b.weight);
	args.q8a = kernel_take(rig, s->rows * q8a_row, &b.q8a);
	args.dense = kernel_take(rig, s->rows * dense_row, &b.dense);
	for (uint32_t i = 0; s->rows && i < s->cols; i++) /* eps alone makes this row */
		b.x[i] = b.y[i] = 0;
	args.y = inputs & Y ? args.y : 0;
	args.post = inputs & POST ? args.post : 0;
	args.weight = inputs & WEIGHT ? args.weight : 0;
	args.q8a = q8a ? args.q8a : 0;
	args.dense = dense ? args.dense : 0;

	float *x = calloc(3 * n + 1, sizeof(float)), *h = x + n;
	struct axon_q8a *expected = calloc(s->cols / 32 + 1, sizeof(*expected));

	for (uint32_t r = 0; r < s->rows; r++)
		expect_row(&b, s, inputs, r, x + (size_t)r * s->cols, h + (size_t)r * s->cols);
	kernel_launch(rig, CHIP_norm, div_up(s->rows, s->rows_per_wg) + 1, 1, &args, sizeof(args));
	kernel_run(rig);
	check_floats(rig, b.x, x, n);
	for (uint32_t r = 0; r < s->rows; r++) {
		const float *row = h + (size_t)r * s->cols;

		if (q8a) {
			q8a_of(row, s->cols, expected);
			check_bytes(rig, b.q8a + r * q8a_row, expected, q8a_row);
		}
		if (dense)
			check_dense(rig, dense_type, b.dense + r * dense_row, row, s->cols);
	}
	free(expected);
	free(x);
}

static void every_combination(void **state)
{
	static const struct shape shapes[] = {
		{1, 32, 1, 1e-6f}, {5, 96, 2, 1e-5f}, {7, 640, 16, 1e-2f}, {0, 64, 16, 1e-6f}};
	static const uint32_t types[] = {AXON_F32, AXON_BF16, AXON_F16, AXON_NUM_TYPES};

	for (size_t i = 0; i < COUNT(shapes); i++)
		for (int inputs = 0; inputs < INPUTS; inputs++)
			for (size_t t = 0; t < COUNT(types); t++)
				for (int q8a = 0; q8a < 2; q8a++)
					norm_case(*state, &shapes[i], inputs, q8a, types[t]);
}

/* Without Q8A a row may have any length. */
static void every_width(void **state)
{
	static const struct shape shapes[] = {{1, 1, 1, 1e-6f},
					      {3, 7, 2, 1e-6f},
					      {2, 131, 1, 1e-5f},
					      {33, 17, 4, 1e-5f},
					      {2, 5376, 1, 1e-6f}};

	for (size_t i = 0; i < COUNT(shapes); i++)
		norm_case(*state, &shapes[i], Y | POST | WEIGHT, false, AXON_F32);
}

/* Outputs may be any rows; their results lie one behind the other. */
static void outputs(void **state)
{
	static const uint32_t rows[] = {5, 0, 3};
	struct kernel_rig *rig = *state;
	enum { n = 7, cols = 96 };
	struct step_output *output;
	float *x, *y, *weight, *found;
	float expected[cols];
	uint32_t *count;

	kernel_case(rig, "outputs");

	struct norm_args args = {
		.rows = kernel_take(rig, sizeof(*count), &count),
		.output = kernel_take(rig, COUNT(rows) * sizeof(*output), &output),
		.x = kernel_random(rig, n * cols, &x),
		.y = kernel_random(rig, n * cols, &y),
		.weight = kernel_random(rig, cols, &weight),
		.dense = kernel_take(rig, COUNT(rows) * cols * sizeof(float), &found),
		.dense_type = AXON_F32,
		.cols = cols,
		.rows_per_wg = 1,
		.eps = 1e-6f,
	};

	*count = COUNT(rows);
	for (size_t i = 0; i < COUNT(rows); i++)
		output[i] = (struct step_output){.row = rows[i], .sequence = 9};

	float *sum = malloc(n * cols * sizeof(float));

	for (uint32_t i = 0; i < n * cols; i++)
		sum[i] = x[i] + y[i];
	kernel_launch(rig, CHIP_norm, COUNT(rows) + 1, 1, &args, sizeof(args));
	kernel_run(rig);
	for (size_t i = 0; i < COUNT(rows); i++) {
		memcpy(expected, sum + (size_t)rows[i] * cols, sizeof(expected));
		normalise(expected, cols, weight, args.eps);
		check_floats(rig, found + i * cols, expected, cols);
	}
	free(sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(every_combination),
		KERNEL_TEST(every_width),
		KERNEL_TEST(outputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
