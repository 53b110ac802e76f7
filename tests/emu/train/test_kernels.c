// SPDX-License-Identifier: MIT
/*
 * Description: the kernels of training that are no layer, against plain C: products of all
 * orientations, sums of parts and of squares, gathered rows, and AdamW and clipping as PyTorch does them.
 */
#include <math.h>

#include "adamw_args.h"
#include "gather_args.h"
#include "gemm_args.h"
#include "kernel_rig.h"
#include "reduce_args.h"
#include "sum_squares_args.h"

enum addend { NOTHING, ROW, MATRIX, IN_PLACE, ADDENDS };

/* One product in the order of the matrix engine, the addend behind the first GEMM_DEPTH of k. */
static float product(const struct gemm_args *args, const float *a, const float *b, uint32_t i,
		     uint32_t j, float addend)
{
	float sum = 0;

	for (uint32_t l = 0; l < args->k; l++) {
		if (l == GEMM_DEPTH)
			sum += addend;
		sum = fmaf(args->flags & GEMM_A_COLS ? a[l * args->m + i] : a[i * args->k + l],
			   args->flags & GEMM_B_COLS ? b[j * args->k + l] : b[l * args->n + j],
			   sum);
	}
	return args->k > GEMM_DEPTH ? sum : sum + addend;
}

static void gemm_case(struct kernel_rig *rig, uint32_t m, uint32_t n, uint32_t k, uint32_t flags,
		      enum addend addend)
{
	struct gemm_args args = {
		.m = m, .n = n, .k = k, .flags = flags, .rows_per_wg = 5, .cols_per_wg = 18};
	float *a, *b, *c, *add;
	uint64_t add_va;

	kernel_case(rig, "gemm %ux%ux%u, flags %u, addend %d", m, n, k, flags, addend);
	args.a = kernel_random(rig, (size_t)m * k, &a);
	args.b = kernel_random(rig, (size_t)k * n, &b);
	args.c = kernel_take(rig, (size_t)m * n * 4, &c);
	add_va = kernel_random(rig, (size_t)m * n, &add);
	if (addend == IN_PLACE)
		memcpy(c, add, (size_t)m * n * 4);
	args.addend = addend == NOTHING ? 0 : addend == IN_PLACE ? args.c : add_va;
	args.flags |= addend == ROW ? GEMM_ADDEND_ROW : 0;
	kernel_launch(rig, CHIP_gemm, div_up(n, 18), div_up(m, 5), &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < m * n; i++) {
		float expected = product(&args, a, b, i / n, i % n,
					 addend == NOTHING ? 0 : add[addend == ROW ? i % n : i]);

		check_floats(rig, &c[i], &expected, 1);
	}
}

static void test_gemm(void **state)
{
	for (uint32_t flags = 0; flags < 4; flags++)
		for (enum addend addend = NOTHING; addend < ADDENDS; addend++) {
			gemm_case(*state, 1, 1, 1, flags, addend);
			gemm_case(*state, 7, 19, 3, flags, addend);
			gemm_case(*state, 13, 40, 70, flags, addend);
			gemm_case(*state, 6, 20, GEMM_DEPTH, flags, addend);
			gemm_case(*state, 6, 20, 2 * GEMM_DEPTH + 5, flags, addend);
		}
}

static void reduce_case(struct kernel_rig *rig, uint32_t n, uint32_t parts, uint32_t gap)
{
	struct reduce_args args = {.n = n, .n_per_wg = 6, .parts = parts, .stride = (n + gap) * 4};
	float *x, *y, *column = calloc(parts, sizeof(float));

	kernel_case(rig, "reduce %u parts of %u", parts, n);
	args.x = kernel_random(rig, (size_t)(n + gap) * parts, &x);
	args.y = kernel_take(rig, n * 4, &y);
	kernel_launch(rig, CHIP_reduce, div_up(n, 6), 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < n; i++) {
		float sum;

		for (uint32_t p = 0; p < parts; p++)
			column[p] = x[(size_t)p * (n + gap) + i];
		sum = lane_sum(column, parts, false);
		check_floats(rig, &y[i], &sum, 1);
	}
	free(column);
}

static void test_reduce(void **state)
{
	reduce_case(*state, 1, 1, 0);
	reduce_case(*state, 13, 5, 3);
	reduce_case(*state, 6, 64, 0);
	reduce_case(*state, 20, 100, 1);
}

static void test_gather(void **state)
{
	enum { ROWS = 5, COLS = 37, LIMIT = 9 };
	static const uint32_t order[ROWS] = {8, 0, 3, 3, 7};
	struct kernel_rig *rig = *state;
	struct gather_args args = {.rows = ROWS,
				   .cols = COLS,
				   .limit = LIMIT,
				   .rows_per_wg = 2,
				   .src_type = AXON_U8,
				   .dst_type = AXON_F32};
	uint8_t *src;
	uint32_t *index;
	float *dst;

	kernel_case(rig, "gather");
	args.src = kernel_take(rig, LIMIT * COLS, &src);
	args.index = kernel_take(rig, sizeof(order), &index);
	args.dst = kernel_take(rig, ROWS * COLS * 4, &dst);
	for (uint32_t i = 0; i < LIMIT * COLS; i++)
		src[i] = (uint8_t)random_bits(rig);
	memcpy(index, order, sizeof(order));
	for (int scaled = 0; scaled < 2; scaled++) {
		args.scale = scaled ? 0.25f : 0.0f;
		args.shift = -1.5f;
		kernel_launch(rig, CHIP_gather, 3, 1, &args, sizeof(args));
		kernel_run(rig);
		for (uint32_t i = 0; i < ROWS * COLS; i++) {
			float v = src[order[i / COLS] * COLS + i % COLS];

			v = scaled ? v * 0.25f - 1.5f : v;
			check_floats(rig, &dst[i], &v, 1);
		}
	}
	index[4] = LIMIT;
	kernel_launch(rig, CHIP_gather, 3, 1, &args, sizeof(args));
	kernel_run_to_fault(rig, AXON_FAULT_BAD_INDEX);
}

static void sum_squares_case(struct kernel_rig *rig, uint32_t n)
{
	struct sum_squares_args args = {.n = n};
	uint32_t parts = div_up(n, SUM_SQUARES_CHUNK);
	float *x, *part;

	kernel_case(rig, "sum_squares %u", n);
	args.x = kernel_random(rig, n, &x);
	args.part = kernel_take(rig, parts * 4, &part);
	kernel_launch(rig, CHIP_sum_squares, parts, 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < parts; i++) {
		uint32_t first = i * SUM_SQUARES_CHUNK, left = n - first;
		float sum = lane_sum(x + first, left < SUM_SQUARES_CHUNK ? left : SUM_SQUARES_CHUNK,
				     true);

		check_floats(rig, &part[i], &sum, 1);
	}
}

static void test_sum_squares(void **state)
{
	sum_squares_case(*state, 1);
	sum_squares_case(*state, 1003);
	sum_squares_case(*state, SUM_SQUARES_CHUNK);
	sum_squares_case(*state, 2 * SUM_SQUARES_CHUNK + 17);
}

/* torch.optim.AdamW: lr 1e-3, betas (0.9, 0.999), eps 1e-8, weight_decay 0.01 */
static void adamw_reference(double *w, double g, double *m, double *v, int t)
{
	*w -= 1e-3 * 0.01 * *w;
	*m = 0.9 * *m + 0.1 * g;
	*v = 0.999 * *v + 0.001 * g * g;
	*w -= 1e-3 * (*m / (1 - pow(0.9, t))) / (sqrt(*v / (1 - pow(0.999, t))) + 1e-8);
}

/*
 * As torch.nn.utils.clip_grad_norm_ does: above the limit, exactly at it, below; and a weight that does not
 * decay. One step makes m a tenth of the gradient that counts.
 */
static void test_clipping(void **state)
{
	static const struct {
		float squares, clip, scale;
	} cases[] = {
		{16.0f, 1.0f, 1.0f / (4.0f + 1e-6f)},
		{4.0f, 2.0f, 2.0f / (2.0f + 1e-6f)},
		{4.0f, 2.5f, 1.0f},
		{0.0f, 1.0f, 1.0f},
		{1e30f, INFINITY, 1.0f},
	};
	struct kernel_rig *rig = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct adamw_args args = {.n = 2, .flags = i % 2 ? ADAMW_KEEP : 0};
		float *w, *g, *m, *v, *squares;
		struct adamw_step *step;

		kernel_case(rig, "clipping %zu", i);
		args.step = kernel_take(rig, sizeof(*step), &step);
		args.w = kernel_random(rig, 2, &w);
		args.g = kernel_random(rig, 2, &g);
		args.m = kernel_take(rig, 8, &m);
		args.v = kernel_take(rig, 8, &v);
		args.squares = kernel_take(rig, 4, &squares);
		*squares = cases[i].squares;
		*step = (struct adamw_step){
			.m_rate = 0.5f, .w_keep = 0.5f, .eps = 1, .clip = cases[i].clip};
		m[0] = m[1] = v[0] = v[1] = 0;

		float expected[] = {g[0] * cases[i].scale * 0.5f, g[1] * cases[i].scale * 0.5f};
		float kept[] = {w[0] * (i % 2 ? 1.0f : 0.5f), w[1] * (i % 2 ? 1.0f : 0.5f)};

		kernel_launch(rig, CHIP_adamw, 1, 1, &args, sizeof(args));
		kernel_run(rig);
		check_floats(rig, m, expected, 2);
		check_floats(rig, w, kept, 2);
	}
}

static void adamw_case(struct kernel_rig *rig, uint32_t n)
{
	struct adamw_args args = {.n = n};
	float *w, *g, *m, *v;
	struct adamw_step *step;

	kernel_case(rig, "adamw %u", n);
	args.step = kernel_take(rig, sizeof(*step), &step);
	args.w = kernel_random(rig, n, &w);
	args.g = kernel_random(rig, n, &g);
	args.m = kernel_take(rig, n * 4, &m);
	args.v = kernel_take(rig, n * 4, &v);
	memset(m, 0, n * 4);
	memset(v, 0, n * 4);
	g[0] = 0;

	double *x = calloc(3 * n, sizeof(*x)), *xm = x + n, *xv = xm + n;

	for (uint32_t i = 0; i < n; i++)
		x[i] = (double)w[i];
	for (int t = 1; t <= 4; t++) {
		*step = (struct adamw_step){.m_rate = 0.1f,
					    .v_keep = 0.999f,
					    .v_rate = 0.001f,
					    .w_keep = (float)(1 - 1e-5),
					    .rate = (float)(1e-3 / (1 - pow(0.9, t))),
					    .v_scale = (float)(1 / sqrt(1 - pow(0.999, t))),
					    .eps = 1e-8f};
		kernel_launch(rig, CHIP_adamw, div_up(n, ADAMW_CHUNK), 1, &args, sizeof(args));
		kernel_run(rig);
		for (uint32_t i = 0; i < n; i++) {
			adamw_reference(&x[i], (double)g[i], &xm[i], &xv[i], t);
			check_near(rig, i, (double)w[i], x[i], 4e-7);
			check_near(rig, i, (double)m[i], xm[i], 2e-7);
			check_near(rig, i, (double)v[i], xv[i], 1e-6 * (xv[i] + 1e-6));
			g[i] = -0.5f * g[i] + 0.01f * (float)t;
		}
	}
	free(x);
}

static void test_adamw(void **state)
{
	adamw_case(*state, 1);
	adamw_case(*state, 1000);
	adamw_case(*state, ADAMW_CHUNK + 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_gemm),	       KERNEL_TEST(test_reduce), KERNEL_TEST(test_gather),
		KERNEL_TEST(test_sum_squares), KERNEL_TEST(test_adamw),	 KERNEL_TEST(test_clipping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
