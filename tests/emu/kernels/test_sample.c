// SPDX-License-Identifier: MIT
/*
 * Description: sample chooses among the tokens that llama.cpp's chain of top-k, top-p, min-p and
 * temperature leaves, by the Philox number of its seed and counter, on the short list and by
 * bisection.
 */
#include <math.h>

#include "kernel_rig.h"
#include "sample_args.h"

#define DRAWS 2000

struct limits {
	uint32_t vocabulary, top_k;
	float temperature, top_p, min_p;
};

/* What the chain leaves: tokens by falling logit, and their weights. */
struct chain {
	uint32_t n;
	uint32_t *tokens;
	double *weights, total;
};

static const float *sort_logits; /* for qsort() */

static int by_logit(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (sort_logits[x] != sort_logits[y])
		return sort_logits[x] > sort_logits[y] ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* How many of the first n are left when `top_p` of their probability has been reached. */
static uint32_t cut_top_p(const float *logits, const uint32_t *tokens, uint32_t n, double top_p)
{
	double most = (double)logits[tokens[0]], sum = 0, reached = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += exp((double)logits[tokens[i]] - most);
	for (uint32_t i = 0; i < n; i++) {
		reached += exp((double)logits[tokens[i]] - most) / sum;
		if (reached >= top_p)
			return i + 1;
	}
	return n;
}

static struct chain apply_chain(const float *logits, const struct limits *l)
{
	struct chain c = {.n = l->vocabulary};
	double most;
	uint32_t kept = 1;

	c.tokens = malloc(c.n * sizeof(*c.tokens));
	c.weights = calloc(c.n, sizeof(*c.weights));
	assert_true(c.tokens && c.weights);
	for (uint32_t i = 0; i < c.n; i++)
		c.tokens[i] = i;
	sort_logits = logits;
	qsort(c.tokens, c.n, sizeof(*c.tokens), by_logit);
	if (l->top_k && l->top_k < c.n)
		c.n = l->top_k;
	if (l->top_p < 1)
		c.n = cut_top_p(logits, c.tokens, c.n, (double)l->top_p);
	most = (double)logits[c.tokens[0]];
	while (kept < c.n && exp((double)logits[c.tokens[kept]] - most) >= (double)l->min_p)
		kept++;
	c.n = kept;
	for (uint32_t i = 0; i < c.n; i++) {
		c.weights[i] = exp(((double)logits[c.tokens[i]] - most) / (double)l->temperature);
		c.total += c.weights[i];
	}
	return c;
}

static void chain_free(struct chain *c)
{
	free(c->tokens);
	free(c->weights);
}

/* Philox4x32-10 (Salmon and others 2011): the first word of counter 0, 0, 0, `counter`. */
static uint32_t philox(uint64_t seed, uint32_t counter)
{
	uint32_t c[4] = {0, 0, 0, counter}, key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

	for (int round = 0; round < 10; round++) {
		uint64_t a = 0xd2511f53ull * c[0], b = 0xcd9e8d57ull * c[2];
		uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ key[0], (uint32_t)b,
				    (uint32_t)(a >> 32) ^ c[3] ^ key[1], (uint32_t)a};

		memcpy(c, next, sizeof(c));
		key[0] += 0x9e3779b9;
		key[1] += 0xbb67ae85;
	}
	return c[0];
}

static double uniform(uint64_t seed, uint32_t counter)
{
	return (philox(seed, counter) >> 8) * 0x1p-24;
}

static bool uses_list(const struct limits *l)
{
	return l->top_k && l->top_k <= AXON_V_TOPK_MAX && l->top_k <= l->vocabulary;
}

/*
 * The token at u of the sum of weights: on the short list by falling logit, else by number. False
 * when u is so near to an end of the token's part that fp32 may decide for its neighbour.
 */
static bool choose(const struct chain *c, const struct limits *l, double u, uint32_t *token)
{
	double *of = calloc(l->vocabulary, sizeof(*of)), sum = 0, at = u * c->total;
	bool clear = false;

	for (uint32_t i = 0; i < c->n; i++)
		of[uses_list(l) ? i : c->tokens[i]] = c->weights[i];
	for (uint32_t i = 0; i < l->vocabulary; i++) {
		double slack = 1e-5 * c->total;

		sum += of[i];
		if (sum <= at)
			continue;
		*token = uses_list(l) ? c->tokens[i] : i;
		clear = at - (sum - of[i]) > slack && sum - at > slack;
		break;
	}
	free(of);
	return clear;
}

/* A step block of one output, sequence 0 with these limits. */
static struct step_sequence *take_step(struct kernel_rig *rig, const struct limits *l,
				       uint64_t seed, struct sample_args *args,
				       struct step_chosen **chosen)
{
	struct step_sequence *sequence;
	struct step *step;

	args->step = kernel_step(rig, 1, 11, &step);
	args->vocabulary = l->vocabulary;
	*chosen = kernel_host(rig, step->chosen);
	sequence = kernel_host(rig, step->sequence);
	sequence->seed = seed;
	sequence->top_k = l->top_k;
	sequence->temperature = l->temperature;
	sequence->top_p = l->top_p;
	sequence->min_p = l->min_p;
	return sequence;
}

/* DRAWS draws with counters from 0 on, in one submission. */
static void draw_tokens(struct kernel_rig *rig, const struct limits *l, uint64_t seed,
			uint64_t logits, uint32_t *tokens)
{
	struct sample_args args = {.logits = logits};
	struct step_chosen *chosen, *drawn;
	struct step_sequence *sequence = take_step(rig, l, seed, &args, &chosen);
	uint64_t drawn_va = kernel_take(rig, DRAWS * sizeof(*drawn), &drawn);
	struct step *step = kernel_host(rig, args.step);

	for (uint32_t i = 0; i < DRAWS; i++) {
		kernel_launch(rig, CHIP_sample, 2, 1, &args, sizeof(args));
		assert_int_equal(accel_stream_copy(rig->stream, drawn_va + i * sizeof(*drawn),
						   step->chosen, sizeof(*drawn)),
				 0);
	}
	kernel_run(rig);
	assert_int_equal(sequence->counter, DRAWS);
	for (uint32_t i = 0; i < DRAWS; i++)
		tokens[i] = drawn[i].token;
}

/* Every clear draw is the token that Philox names; no draw is a token that the chain drops. */
static void check_draws(struct kernel_rig *rig, const struct chain *c, const struct limits *l,
			uint64_t seed, const uint32_t *tokens)
{
	uint32_t unclear = 0;

	for (uint32_t i = 0; i < DRAWS; i++) {
		uint32_t expected = 0, rank = 0;

		if (!choose(c, l, uniform(seed, i), &expected))
			unclear++;
		else if (tokens[i] != expected)
			fail_msg("%s: draw %u: expected token %u, found %u", rig->label, i,
				 expected, tokens[i]);
		while (rank < c->n && c->tokens[rank] != tokens[i])
			rank++;
		if (rank == c->n)
			fail_msg("%s: draw %u: token %u is not among the %u kept", rig->label, i,
				 tokens[i], c->n);
	}
	assert_true(unclear <= DRAWS / 20);
}

/*
 * Pearson's chi-square over the tokens expected at least five times and all others as one: five
 * standard deviations above its mean would come once in millions of seeds, and the seed is fixed.
 */
static void check_frequencies(struct kernel_rig *rig, const struct chain *c, const uint32_t *tokens)
{
	double square = 0, rest = DRAWS, rest_expected = DRAWS;
	uint32_t classes = 0;

	for (uint32_t rank = 0; rank < c->n; rank++) {
		double expected = DRAWS * c->weights[rank] / c->total, found = 0;

		if (expected < 5)
			break;
		for (uint32_t i = 0; i < DRAWS; i++)
			found += tokens[i] == c->tokens[rank];
		square += (found - expected) * (found - expected) / expected;
		rest -= found;
		rest_expected -= expected;
		classes++;
	}
	if (rest_expected >= 5)
		square += (rest - rest_expected) * (rest - rest_expected) / rest_expected;
	if (square > classes + 5 * sqrt(2.0 * classes) + 1)
		fail_msg("%s: chi-square %.1f of %u classes", rig->label, square, classes);
}

static void draw_case(struct kernel_rig *rig, const struct limits *l)
{
	static uint32_t tokens[DRAWS], again[DRAWS];
	const uint64_t seed = 0x123456789abcdefull;
	float *logits;

	kernel_case(rig, "%u tokens, top_k %u, top_p %g, min_p %g, temperature %g", l->vocabulary,
		    l->top_k, (double)l->top_p, (double)l->min_p, (double)l->temperature);

	uint64_t va = kernel_random(rig, l->vocabulary, &logits);

	for (uint32_t i = 0; i < l->vocabulary; i++)
		logits[i] = 4 * logits[i] - 1;

	struct chain c = apply_chain(logits, l);

	draw_tokens(rig, l, seed, va, tokens);
	check_draws(rig, &c, l, seed, tokens);
	check_frequencies(rig, &c, tokens);
	draw_tokens(rig, l, seed, va, again);
	check_bytes(rig, again, tokens, sizeof(tokens));
	if (c.n > 1) {
		draw_tokens(rig, l, seed + (1ull << 32), va, again);
		assert_memory_not_equal(again, tokens, sizeof(tokens));
	}
	chain_free(&c);
}

static void by_list(void **state)
{
	static const struct limits cases[] = {
		{300, 40, 0.8f, 0.95f, 0.05f}, {300, 64, 1.0f, 1.0f, 0.0f},
		{300, 1, 1.0f, 1.0f, 0.0f},    {50, 50, 1.7f, 0.5f, 0.0f},
		{131, 20, 0.3f, 1.0f, 0.2f},   {1, 1, 1.0f, 0.9f, 0.1f},
		{300, 40, 1.0f, 0.0f, 0.0f},   {300, 40, 1.0f, 1.0f, 1.0f},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		draw_case(*state, &cases[i]);
}

static void by_bisection(void **state)
{
	static const struct limits cases[] = {
		{300, 0, 1.0f, 1.0f, 0.0f},   {300, 65, 0.8f, 0.9f, 0.02f},
		{517, 200, 1.5f, 1.0f, 0.0f}, {131, 0, 0.5f, 0.7f, 0.0f},
		{97, 0, 2.0f, 1.0f, 0.3f},    {30, 40, 1.0f, 0.95f, 0.0f},
		{300, 0, 1.0f, 0.0f, 0.0f},   {1, 0, 1.0f, 1.0f, 0.0f},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		draw_case(*state, &cases[i]);
}

static void sample_once(struct kernel_rig *rig, const float *row, struct limits l,
			uint32_t expected)
{
	struct sample_args args = {0};
	struct step_sequence *sequence;
	struct step_chosen *chosen;
	float *logits;

	kernel_case(rig, "greedy of %u, temperature %g", l.vocabulary, (double)l.temperature);
	args.logits = kernel_take(rig, l.vocabulary * sizeof(float), &logits);
	sequence = take_step(rig, &l, 7, &args, &chosen);
	memcpy(logits, row, l.vocabulary * sizeof(float));
	sequence->counter = 41;
	kernel_launch(rig, CHIP_sample, 1, 1, &args, sizeof(args));
	kernel_run(rig);
	assert_int_equal(chosen->token, expected);
	assert_int_equal(chosen->sequence, 0);
	assert_int_equal(sequence->counter, 42);
}

/* Temperature 0 takes the first of the largest, whatever the limits. */
static void greedy(void **state)
{
	static const float ties[] = {-1, 3, 2, 3, 3, -5, 0}, below[] = {-9, -8, -INFINITY, -8.5f};
	static const float last[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5f};
	struct limits l = {.vocabulary = COUNT(ties), .top_p = 1};

	sample_once(*state, ties, l, 1);
	l.top_k = 3;
	l.top_p = 0.5f;
	sample_once(*state, ties, l, 1);
	l.temperature = -1;
	sample_once(*state, ties, l, 1);
	l = (struct limits){.vocabulary = COUNT(below), .top_p = 1};
	sample_once(*state, below, l, 1);
	l.vocabulary = 1;
	sample_once(*state, below, l, 0);
	l.vocabulary = COUNT(last);
	sample_once(*state, last, l, COUNT(last) - 1);
}

/* A temperature near 0 takes the largest on both paths. */
static void cold(void **state)
{
	static const float row[] = {1, 5, 2, 4.5f, -3};
	struct limits l = {COUNT(row), 0, 1e-3f, 1, 0};

	sample_once(*state, row, l, 1);
	l.top_k = 4;
	sample_once(*state, row, l, 1);
}

/* The test's own numbers: Random123's known answers for counters and keys of zeros. */
static void philox_known_answer(void **state)
{
	(void)state;
	assert_int_equal(philox(0, 0), 0x6627e8d5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(philox_known_answer),
		KERNEL_TEST(greedy),
		KERNEL_TEST(cold),
		KERNEL_TEST(by_list),
		KERNEL_TEST(by_bisection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
