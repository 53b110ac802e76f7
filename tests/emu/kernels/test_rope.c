// SPDX-License-Identifier: MIT
/*
 * Description: rope normalises and rotates queries and keys as its header says and puts keys and
 * values exactly where attention looks for them, and nowhere else.
 */
#include <math.h>

#include "float16.h"
#include "rope_args.h"
#include "kernel_rig.h"

#define POSITIONS 128 /* of the tables and the cache: two pages, the second first */
#define EPS	  1e-6f

struct shape {
	uint32_t heads, kv_heads, head_dim, rope_dim, interleaved;
	uint32_t rows, pos, segment;
	bool q_norm, k_norm;
};

struct buffers {
	float *q, *k, *v, *q_norm, *k_norm, *cos, *sin;
	uint16_t *k_cache, *v_cache;
};

/* What a head at position pos must become, in double, and by how much fp32 may be off. */
static void expect_head(const struct shape *s, const struct buffers *b, const float *in,
			const float *norm, uint32_t pos, double *out, double *tolerance)
{
	uint32_t half = s->rope_dim / 2;
	double sum = 0, most = 0;

	for (uint32_t i = 0; i < s->head_dim; i++) {
		out[i] = (double)in[i];
		sum += out[i] * out[i];
	}
	for (uint32_t i = 0; i < s->head_dim; i++) {
		if (norm)
			out[i] *= (double)norm[i] / sqrt(sum / s->head_dim + (double)EPS);
		most = fmax(most, fabs(out[i]));
	}
	for (uint32_t i = 0; i < half; i++) {
		uint32_t first = s->interleaved ? 2 * i : i;
		uint32_t second = s->interleaved ? 2 * i + 1 : i + half;
		double c = (double)b->cos[pos * half + i], d = (double)b->sin[pos * half + i];
		double x0 = out[first], x1 = out[second];

		out[first] = x0 * c - x1 * d;
		out[second] = x0 * d + x1 * c;
	}
	/* The rotation rounds twice, a sum of squares once for each 16 elements and four times. */
	*tolerance = (norm ? s->head_dim / 16 + 12 : 3) * 0x1p-24 * most;
}

/* Checks n heads of `found`, which held `before`. Without norm nothing but the rotation may differ. */
static void check_heads(struct kernel_rig *rig, const struct shape *s, const struct buffers *b,
			const float *found, const float *before, uint32_t heads, const float *norm)
{
	double *expected = calloc(s->head_dim, sizeof(*expected)), tolerance;

	for (uint32_t r = 0; r < s->rows; r++)
		for (uint32_t h = 0; h < heads; h++) {
			size_t at = ((size_t)r * heads + h) * s->head_dim;

			expect_head(s, b, before + at, norm, s->pos + r, expected, &tolerance);
			for (uint32_t i = 0; i < s->head_dim; i++)
				check_near(rig, at + i, (double)found[at + i], expected[i],
					   tolerance);
			if (!norm)
				check_bytes(rig, found + at + s->rope_dim,
					    before + at + s->rope_dim,
					    (s->head_dim - s->rope_dim) * sizeof(float));
		}
	free(expected);
}

/* Each element of the cache is one key's or value's, or as it was. */
static void check_cache(struct kernel_rig *rig, const struct shape *s, const struct buffers *b)
{
	for (uint32_t head = 0; head < s->kv_heads; head++)
		for (uint32_t pos = 0; pos < POSITIONS; pos++)
			for (uint32_t i = 0; i < s->head_dim; i++) {
				size_t plane = (size_t)head * POSITIONS * s->head_dim;
				size_t at_page = (pos + KEY_BLOCK) % POSITIONS;
				size_t key =
					plane + at_page / 16 * 16 * s->head_dim + i * 16 + pos % 16;
				size_t value = plane + at_page * s->head_dim + i;
				size_t row = (size_t)(pos - s->pos) * s->kv_heads + head;
				size_t at = row * s->head_dim + i;
				uint16_t k = 0xffff, v = 0xffff;

				if (pos >= s->pos && pos < s->pos + s->rows) {
					k = f16_of_float(b->k[at]);
					v = f16_of_float(b->v[at]);
				}
				check_bytes(rig, &b->k_cache[key], &k, sizeof(k));
				check_bytes(rig, &b->v_cache[value], &v, sizeof(v));
			}
}

static void make_tables(struct kernel_rig *rig, const struct shape *s, struct rope_args *args,
			struct buffers *b)
{
	uint32_t half = s->rope_dim / 2;
	size_t bytes = (size_t)POSITIONS * half * sizeof(float);

	args->cos = kernel_take(rig, bytes, &b->cos);
	args->sin = kernel_take(rig, bytes, &b->sin);
	for (uint32_t pos = 0; pos < POSITIONS; pos++)
		for (uint32_t i = 0; i < half; i++) {
			double angle = pos * pow(10000, -(double)i / half);

			b->cos[pos * half + i] = (float)cos(angle);
			b->sin[pos * half + i] = (float)sin(angle);
		}
}

static void rope_case(struct kernel_rig *rig, const struct shape *s)
{
	size_t q_n = (size_t)s->rows * s->heads * s->head_dim;
	size_t kv_n = (size_t)s->rows * s->kv_heads * s->head_dim;
	size_t cache = (size_t)s->kv_heads * POSITIONS * s->head_dim * 2;
	static const uint32_t pages[] = {1, 0};
	struct buffers b;
	struct step *step;
	struct rope_args args = {
		.k_head_bytes = cache / s->kv_heads,
		.v_head_bytes = cache / s->kv_heads,
		.heads = s->heads,
		.kv_heads = s->kv_heads,
		.head_dim = s->head_dim,
		.rope_dim = s->rope_dim,
		.interleaved = s->interleaved,
		.eps = EPS,
	};

	kernel_case(rig, "%u+%u heads of %u, %u rotated%s%s%s, rows %u at %u in %u", s->heads,
		    s->kv_heads, s->head_dim, s->rope_dim, s->interleaved ? " interleaved" : "",
		    s->q_norm ? ", q norm" : "", s->k_norm ? ", k norm" : "", s->rows, s->pos,
		    s->segment);
	args.step = kernel_step(rig, s->rows, s->pos, &step);
	kernel_cut(rig, step, s->rows, s->pos, s->segment);
	memcpy(kernel_host(rig, step->pages), pages, sizeof(pages));
	args.q = kernel_random(rig, q_n, &b.q);
	args.k = kernel_random(rig, kv_n, &b.k);
	args.v = kernel_random(rig, kv_n, &b.v);
	args.q_norm = kernel_random(rig, s->head_dim, &b.q_norm);
	args.k_norm = kernel_random(rig, s->head_dim, &b.k_norm);
	args.q_norm = s->q_norm ? args.q_norm : 0;
	args.k_norm = s->k_norm ? args.k_norm : 0;
	args.k_cache = kernel_take(rig, cache, &b.k_cache);
	args.v_cache = kernel_take(rig, cache, &b.v_cache);
	make_tables(rig, s, &args, &b);

	float *before = malloc((q_n + 2 * kv_n + 1) * sizeof(float));
	float *k_before = before + q_n, *v_before = k_before + kv_n;

	memcpy(before, b.q, q_n * sizeof(float));
	memcpy(k_before, b.k, kv_n * sizeof(float));
	memcpy(v_before, b.v, kv_n * sizeof(float));
	kernel_launch(rig, CHIP_rope, div_up(s->rows, s->segment) + 1, 1, &args, sizeof(args));
	kernel_run(rig);
	check_heads(rig, s, &b, b.q, before, s->heads, s->q_norm ? b.q_norm : NULL);
	check_heads(rig, s, &b, b.k, k_before, s->kv_heads, s->k_norm ? b.k_norm : NULL);
	check_bytes(rig, b.v, v_before, kv_n * sizeof(float));
	check_cache(rig, s, &b);
	free(before);
}

static void pairings(void **state)
{
	static const struct shape shapes[] = {
		{1, 1, 2, 2, 0, 1, 0, 1, false, false},
		{4, 2, 64, 64, 0, 5, 3, 2, false, false},
		{4, 2, 64, 64, 1, 5, 3, 2, false, false},
		{3, 1, 80, 32, 0, 4, 7, 16, false, false},
		{3, 1, 80, 32, 1, 4, 7, 16, false, false},
	};

	for (size_t i = 0; i < COUNT(shapes); i++)
		rope_case(*state, &shapes[i]);
}

static void head_norms(void **state)
{
	for (int norms = 1; norms < 4; norms++)
		for (uint32_t interleaved = 0; interleaved < 2; interleaved++)
			rope_case(*state, &(struct shape){4, 1, 256, 256, interleaved, 7, 30, 3,
							  norms & 1, norms & 2});
}

/* Keys cross tiles of 16 positions wherever tokens and workgroups begin and end. */
static void positions(void **state)
{
	static const struct shape shapes[] = {
		{2, 2, 8, 8, 0, 0, 5, 16, false, false},   {2, 2, 8, 8, 0, 1, 15, 16, false, false},
		{2, 2, 8, 8, 0, 1, 16, 16, false, false},  {2, 2, 8, 8, 0, 2, 15, 16, false, false},
		{6, 3, 8, 6, 0, 51, 13, 16, true, true},   {6, 3, 8, 6, 1, 40, 31, 7, true, false},
		{2, 1, 8, 4, 0, 80, 16, 80, false, false}, {5, 5, 8, 8, 0, 96, 0, 33, false, true},
	};

	for (size_t i = 0; i < COUNT(shapes); i++)
		rope_case(*state, &shapes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(pairings),
		KERNEL_TEST(head_norms),
		KERNEL_TEST(positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
