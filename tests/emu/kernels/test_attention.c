// SPDX-License-Identifier: MIT
/*
 * Description: attention against softmax in double, and to the bit the same however the prompt is
 * cut, the heads are shared out, the pages lie, and many cores there are.
 */
#include <math.h>

#include "attention_args.h"
#include "float16.h"
#include "kernel_rig.h"

struct shape {
	uint32_t heads, kv_heads, head_dim, window, tokens;
};

#define PAGES 4

/* How the work is cut: tokens in a step (0: all), then a workgroup's part; and the order of pages. */
struct cut {
	uint32_t step_rows, rows_per_wg, heads_per_wg;
	uint32_t pages[PAGES]; /* all 0: as they follow each other */
};

/* One sequence: queries, keys and values of all its positions. */
struct sequence {
	struct shape s;
	float *q;	 /* [token][head][head_dim] */
	uint16_t *k, *v; /* [kv head][token][head_dim], fp16 */
	float *out;	 /* as q; what the device gave */
};

static void sequence_make(struct kernel_rig *rig, const struct shape *s, struct sequence *seq)
{
	size_t q_n = (size_t)s->tokens * s->heads * s->head_dim;
	size_t kv_n = (size_t)s->tokens * s->kv_heads * s->head_dim;

	kernel_case(rig, "%u heads of %u on %u, window %u, %u tokens", s->heads, s->head_dim,
		    s->kv_heads, s->window, s->tokens);
	*seq = (struct sequence){
		.s = *s,
		.q = malloc(q_n * sizeof(float)),
		.k = malloc(kv_n * sizeof(uint16_t)),
		.v = malloc(kv_n * sizeof(uint16_t)),
		.out = malloc(q_n * sizeof(float)),
	};
	assert_true(seq->q && seq->k && seq->v && seq->out);
	for (size_t i = 0; i < q_n; i++)
		seq->q[i] = 3 * random_float(rig);
	for (size_t i = 0; i < kv_n; i++) {
		seq->k[i] = f16_of_float(random_float(rig));
		seq->v[i] = f16_of_float(random_float(rig));
	}
}

static void sequence_free(struct sequence *seq)
{
	free(seq->q);
	free(seq->k);
	free(seq->v);
	free(seq->out);
}

/* Keys and values of positions first .. end, where rope puts them. What is behind stays NaN. */
static void fill_cache(const struct sequence *seq, uint32_t first, uint32_t end,
		       const uint32_t *pages, uint16_t *k_cache, uint16_t *v_cache)
{
	const struct shape *s = &seq->s;
	size_t plane = (size_t)PAGES * KEY_BLOCK * s->head_dim;

	for (uint32_t head = 0; head < s->kv_heads; head++)
		for (uint32_t pos = first; pos < end; pos++)
			for (uint32_t i = 0; i < s->head_dim; i++) {
				size_t from = ((size_t)head * s->tokens + pos) * s->head_dim + i;
				size_t at = pages[pos / KEY_BLOCK] * KEY_BLOCK + pos % KEY_BLOCK;
				size_t tile = at / 16 * 16 * s->head_dim;

				k_cache[head * plane + tile + i * 16 + pos % 16] = seq->k[from];
				v_cache[head * plane + at * s->head_dim + i] = seq->v[from];
			}
}

/* Runs the whole sequence, step by step, into seq->out. */
static void run(struct kernel_rig *rig, struct sequence *seq, const struct cut *cut)
{
	const struct shape *s = &seq->s;
	uint32_t most = cut->step_rows ? cut->step_rows : s->tokens;
	size_t row = (size_t)s->heads * s->head_dim;
	size_t plane = (size_t)PAGES * KEY_BLOCK * s->head_dim * sizeof(uint16_t);
	uint32_t *pages, parts = div_up(SEGMENT_ROWS, cut->rows_per_wg);
	struct attention_args args = {
		.k_head_bytes = plane,
		.v_head_bytes = plane,
		.heads = s->heads,
		.kv_heads = s->kv_heads,
		.head_dim = s->head_dim,
		.window = s->window,
		.rows_per_wg = cut->rows_per_wg,
		.heads_per_wg = cut->heads_per_wg,
		.scale = 1 / sqrtf((float)s->head_dim),
	};
	uint16_t *k_cache, *v_cache;
	float *q, *out;
	struct step *step;

	kernel_case(rig, "%u heads of %u on %u, window %u, %u tokens by %u, %u by %u", s->heads,
		    s->head_dim, s->kv_heads, s->window, s->tokens, most, cut->rows_per_wg,
		    cut->heads_per_wg);
	args.step = kernel_step(rig, most, 0, &step);
	pages = kernel_host(rig, step->pages);
	if (cut->pages[0] || cut->pages[1])
		memcpy(pages, cut->pages, sizeof(cut->pages));
	args.k_cache = kernel_take(rig, plane * s->kv_heads, &k_cache);
	args.v_cache = kernel_take(rig, plane * s->kv_heads, &v_cache);
	args.q = kernel_take(rig, most * row * sizeof(float), &q);
	args.out = kernel_take(rig, most * row * sizeof(float), &out);
	for (uint32_t pos = 0; pos < s->tokens; pos += step->rows) {
		kernel_cut(rig, step, s->tokens - pos < most ? s->tokens - pos : most, pos,
			   SEGMENT_ROWS);
		fill_cache(seq, pos, pos + step->rows, pages, k_cache, v_cache);
		memcpy(q, seq->q + pos * row, step->rows * row * sizeof(float));
		kernel_launch(rig, CHIP_attention, div_up(most, SEGMENT_ROWS) * parts,
			      s->heads / cut->heads_per_wg, &args, sizeof(args));
		kernel_run(rig);
		memcpy(seq->out + pos * row, out, step->rows * row * sizeof(float));
	}
}

/* One head of one token, in double. */
static void expect(const struct sequence *seq, uint32_t pos, uint32_t head, double *out,
		   double *weight)
{
	const struct shape *s = &seq->s;
	uint32_t kv = head / (s->heads / s->kv_heads);
	uint32_t first = s->window && pos + 1 > s->window ? pos + 1 - s->window : 0;
	const float *q = seq->q + ((size_t)pos * s->heads + head) * s->head_dim;
	const uint16_t *k = seq->k + (size_t)kv * s->tokens * s->head_dim;
	const uint16_t *v = seq->v + (size_t)kv * s->tokens * s->head_dim;
	double most = -INFINITY, sum = 0;

	for (uint32_t key = first; key <= pos; key++) {
		weight[key] = 0;
		for (uint32_t i = 0; i < s->head_dim; i++)
			weight[key] +=
				(double)q[i] * (double)f16_to_float(k[key * s->head_dim + i]);
		weight[key] /= sqrt(s->head_dim);
		most = fmax(most, weight[key]);
	}
	for (uint32_t key = first; key <= pos; key++)
		sum += weight[key] = exp(weight[key] - most);
	for (uint32_t i = 0; i < s->head_dim; i++) {
		out[i] = 0;
		for (uint32_t key = first; key <= pos; key++)
			out[i] +=
				weight[key] / sum * (double)f16_to_float(v[key * s->head_dim + i]);
	}
}

/*
 * A score is a sum of head_dim products of up to 3 / sqrt(head_dim): its error is below
 * 3 · head_dim^1.5 · 2^-24, and a weight's relative error twice that. Values are below 1. A key
 * too many or too few among n changes a result by about 1 / n, a hundred times as much.
 */
static void check_sequence(struct kernel_rig *rig, const struct sequence *seq)
{
	const struct shape *s = &seq->s;
	double tolerance = 3 * pow(s->head_dim, 1.5) * 0x1p-24 + s->tokens * 0x1p-24;
	double *out = calloc(s->head_dim + s->tokens, sizeof(*out)), *weight = out + s->head_dim;

	for (uint32_t pos = 0; pos < s->tokens; pos++)
		for (uint32_t head = 0; head < s->heads; head++) {
			size_t at = ((size_t)pos * s->heads + head) * s->head_dim;

			expect(seq, pos, head, out, weight);
			for (uint32_t i = 0; i < s->head_dim; i++)
				check_near(rig, at + i, (double)seq->out[at + i], out[i],
					   tolerance);
		}
	free(out);
}

static void check_every_cut(struct kernel_rig *rig, const struct shape *s)
{
	uint32_t group = s->heads / s->kv_heads;
	const struct cut cuts[] = {
		{0, 16, group, {0}},
		{0, 16, 1, {3, 2, 1, 0}},
		{0, 5, 1, {0}},
		{0, s->tokens, group, {1, 2, 0, 3}},
		{1, 1, 1, {2, 3, 0, 1}},
		{1, 16, group, {0}},
		{7, 3, group, {0, 3, 2, 1}},
		{64, 16, 1, {0}},
		{33, 8, group, {2, 0, 1, 3}},
	};
	size_t n = (size_t)s->tokens * s->heads * s->head_dim;
	float *first = malloc(n * sizeof(float));
	struct sequence seq;

	sequence_make(rig, s, &seq);
	for (size_t i = 0; i < COUNT(cuts); i++) {
		run(rig, &seq, &cuts[i]);
		if (i) {
			check_floats(rig, seq.out, first, n);
			continue;
		}
		check_sequence(rig, &seq);
		memcpy(first, seq.out, n * sizeof(float));
	}
	sequence_free(&seq);
	free(first);
}

static void head_sizes(void **state)
{
	static const struct shape shapes[] = {
		{1, 1, 64, 0, 1}, {4, 1, 256, 0, 67}, {2, 2, 80, 0, 37}, {6, 2, 64, 0, 150}};

	for (size_t i = 0; i < COUNT(shapes); i++)
		check_every_cut(*state, &shapes[i]);
}

static void windows(void **state)
{
	static const uint32_t sizes[] = {1, 16, 64, 100, 129, 500};

	for (size_t i = 0; i < COUNT(sizes); i++)
		check_every_cut(*state, &(struct shape){4, 2, 16, sizes[i], 200});
}

/* A step of no tokens writes nothing. */
static void no_tokens(void **state)
{
	struct kernel_rig *rig = *state;
	struct step *step;
	float *out;

	kernel_case(rig, "no tokens");

	struct attention_args args = {
		.step = kernel_step(rig, 0, 9, &step),
		.out = kernel_take(rig, 4096, &out),
		.heads = 4,
		.kv_heads = 2,
		.head_dim = 64,
		.rows_per_wg = 16,
		.heads_per_wg = 2,
	};

	kernel_launch(rig, CHIP_attention, 1, 2, &args, sizeof(args));
	kernel_run(rig);
	check_untouched(rig, out, 4096);
}

static void core_counts(void **state)
{
	static const struct shape s = {8, 2, 64, 48, 150};
	static const char *const counts[] = {"1", "4", "7"};
	size_t bytes = (size_t)s.tokens * s.heads * s.head_dim * sizeof(float);
	float *first = NULL;

	if (accel_device_fd(((struct kernel_rig *)*state)->chip.dev) >= 0)
		skip();
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct sequence seq;
		void *other;

		assert_int_equal(setenv("AXON_EMU_CORES", counts[i], 1), 0);
		assert_int_equal(kernel_setup(&other), 0);
		sequence_make(other, &s, &seq);
		run(other, &seq, &(struct cut){0, 16, 4, {0}});
		if (!first) {
			first = malloc(bytes);
			memcpy(first, seq.out, bytes);
		}
		check_bytes(other, seq.out, first, bytes);
		sequence_free(&seq);
		kernel_teardown(&other);
	}
	unsetenv("AXON_EMU_CORES");
	free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(head_sizes),
		KERNEL_TEST(windows),
		KERNEL_TEST(no_tokens),
		KERNEL_TEST(core_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
