// SPDX-License-Identifier: MIT
/*
 * Several sequences at once, as llama-batched-bench measures it: B prompts of PP random tokens, then
 * TG tokens of each. The first sequence must choose what it chose in a batch of another size.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_model.h"
#include "llm_batch.h"

#define MAX_BATCHES   16
#define MAX_SEQUENCES 256
#define MAX_TOKENS    65536

struct batched_options {
	struct bench_options common;
	const char *model;
	uint32_t batch, prompt, gen;
	unsigned int num_parallel;
	uint32_t parallel[MAX_BATCHES];
};

struct batched {
	const struct batched_options *options;
	struct chip chip;
	struct gguf *gguf;
	struct llm *llm;
	uint32_t cores, most; /* sequences */
	int32_t *prompts;     /* [most][prompt] */
	int32_t *expected;    /* [gen + 1]: what the first sequence chooses */
	uint32_t num_expected;
};

/* Sequences under way, and what one run of them took. */
struct batched_run {
	uint32_t n;
	struct llm_sequence *sequences[MAX_SEQUENCES];
	int32_t last[MAX_SEQUENCES];
	uint32_t chosen; /* tokens of the first sequence */
	uint64_t prompt_ns, gen_ns;
	struct llm_step_trace trace; /* of one step more */
};

static const struct argp_option options[] = {
	{"model", 'm', "FILE", 0, "GGUF file of the model (required)", 0},
	{"npp", 'p', "N", 0, "tokens of each prompt (default 128)", 0},
	{"ntg", 'n', "N", 0, "tokens to generate of each (default 32)", 0},
	{"npl", 'l', "N[,...]", 0, "sequences at once (default 1,2,4,8,16)", 0},
	{"batch-size", 'b', "N", 0, "prompt tokens in one step (default 512)", 0},
	{0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct batched_options *o = state->input;
	char *item;

	switch (key) {
	case 'm': o->model = arg; break;
	case 'p': o->prompt = (uint32_t)bench_number(state, "-p", arg, 1, MAX_TOKENS); break;
	case 'n': o->gen = (uint32_t)bench_number(state, "-n", arg, 1, MAX_TOKENS); break;
	case 'b': o->batch = (uint32_t)bench_number(state, "-b", arg, 1, 65536); break;
	case 'l':
		o->num_parallel = 0;
		while ((item = bench_next_item(&arg))) {
			if (o->num_parallel == MAX_BATCHES)
				argp_error(state, "-l: expected at most %d numbers", MAX_BATCHES);
			o->parallel[o->num_parallel++] =
				(uint32_t)bench_number(state, "-l", item, 1, MAX_SEQUENCES);
		}
		break;
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	case ARGP_KEY_END:
		if (!o->model)
			argp_error(state, "expected a model, found none; give -m FILE");
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- one run ---- */

/* Positions of a sequence: one step more is traced. */
static uint32_t positions(const struct batched_options *o)
{
	return o->prompt + o->gen + 1;
}

static int begin(struct batched *b, struct batched_run *r, struct axon_err *err)
{
	const struct batched_options *o = b->options;
	const struct llm_sampling greedy = {.top_p = 1};
	int ret = 0;

	for (uint32_t i = 0; i < r->n && !ret; i++) {
		ret = llm_sequence_new(b->llm, positions(o), &greedy, &r->sequences[i], err);
		if (!ret)
			ret = llm_sequence_run(r->sequences[i], b->prompts + i * o->prompt,
					       o->prompt, 1, err);
	}
	return ret;
}

/* The first sequence's tokens are the same in every batch. */
static int check_token(struct batched *b, struct batched_run *r, int32_t token,
		       struct axon_err *err)
{
	uint32_t i = r->chosen++;

	if (i == b->num_expected)
		b->expected[b->num_expected++] = token;
	if (token == b->expected[i])
		return 0;
	return axon_fail(err, BENCH_WRONG,
			 "token %u of the first of %u sequences: expected %d as in the batch "
			 "before, found %d",
			 i, r->n, b->expected[i], token);
}

/* Steps until each sequence has `each` tokens more. */
static int steps(struct batched *b, struct batched_run *r, uint32_t each, struct axon_err *err)
{
	struct llm_token tokens[MAX_SEQUENCES];
	uint64_t left = (uint64_t)each * r->n;
	bool more = true;
	uint32_t n;
	int ret = 0;

	while (left && more && !ret) {
		ret = llm_step(b->llm, tokens, &n, &more, err);
		for (uint32_t t = 0; t < n && !ret; t++, left--)
			for (uint32_t i = 0; i < r->n; i++)
				if (tokens[t].sequence == r->sequences[i]) {
					r->last[i] = tokens[t].token;
					if (!i)
						ret = check_token(b, r, tokens[t].token, err);
				}
	}
	return ret;
}

static int generate(struct batched *b, struct batched_run *r, struct axon_err *err)
{
	const struct batched_options *o = b->options;
	struct llm_token tokens[MAX_SEQUENCES];
	uint64_t start = bench_now_ns();
	uint32_t n;
	int ret = steps(b, r, 1, err);

	r->prompt_ns = bench_now_ns() - start;
	start = bench_now_ns();
	for (uint32_t i = 0; i < r->n && !ret; i++)
		ret = llm_sequence_run(r->sequences[i], &r->last[i], 1, o->gen, err);
	if (!ret)
		ret = steps(b, r, o->gen, err);
	r->gen_ns = bench_now_ns() - start;
	for (uint32_t i = 0; i < r->n && !ret; i++)
		ret = llm_sequence_run(r->sequences[i], &r->last[i], 1, 1, err);
	return ret ? ret : llm_step_traced(b->llm, tokens, &n, &r->trace, err);
}

static int run(struct batched *b, struct batched_run *r, struct axon_err *err)
{
	int ret = begin(b, r, err);

	if (!ret)
		ret = generate(b, r, err);
	for (uint32_t i = 0; i < r->n; i++)
		llm_sequence_free(r->sequences[i]);
	return ret;
}

/* ---- the report ---- */

static void report(const struct batched *b, const struct batched_run *r, struct report *report)
{
	const struct batched_options *o = b->options;
	double t_pp = (double)r->prompt_ns / 1e9, t_tg = (double)r->gen_ns / 1e9;
	uint64_t pp = (uint64_t)r->n * o->prompt, tg = (uint64_t)r->n * o->gen;
	double use = bench_matrix_use(&r->trace, b->cores);
	struct report_row row = report_row();

	report_number(&row, "pp", o->prompt);
	report_number(&row, "tg", o->gen);
	report_number(&row, "pl", r->n);
	report_number(&row, "n_kv", pp + tg);
	report_real(&row, "t_pp", t_pp);
	report_real(&row, "speed_pp", (double)pp / t_pp);
	report_real(&row, "t_tg", t_tg);
	report_real(&row, "speed_tg", (double)tg / t_tg);
	report_real(&row, "t", t_pp + t_tg);
	report_real(&row, "speed", (double)(pp + tg) / (t_pp + t_tg));
	report_number(&row, "modelled_cycles", r->trace.cycles / r->n);
	report_real(&row, "matrix_use", use);

	report_cell(&row, "%u", o->prompt);
	report_cell(&row, "%u", o->gen);
	report_cell(&row, "%u", r->n);
	report_cell(&row, "%llu", (unsigned long long)(pp + tg));
	report_cell(&row, "%.3f", t_pp);
	report_cell(&row, "%.2f", (double)pp / t_pp);
	report_cell(&row, "%.3f", t_tg);
	report_cell(&row, "%.2f", (double)tg / t_tg);
	report_cell(&row, "%.3f", t_pp + t_tg);
	report_cell(&row, "%.2f", (double)(pp + tg) / (t_pp + t_tg));
	report_cell(&row, "%llu", (unsigned long long)(r->trace.cycles / r->n));
	report_cell(&row, "%.1f %%", 100 * use);
	report_add(report, &row);
}

static int by_time(const void *a, const void *b)
{
	const struct batched_run *x = a, *y = b;
	uint64_t s = x->prompt_ns + x->gen_ns, t = y->prompt_ns + y->gen_ns;

	return s < t ? -1 : s > t;
}

/* The median of the repetitions, after one that does not count. */
static int measure_batch(struct batched *b, uint32_t n, struct report *out, struct axon_err *err)
{
	unsigned int repetitions = b->options->common.repetitions;
	struct batched_run *runs = calloc(repetitions + 1, sizeof(*runs));
	int ret = runs ? 0 : axon_fail(err, -ENOMEM, "out of memory");

	for (unsigned int i = 0; i <= repetitions && !ret; i++) {
		runs[i].n = n;
		ret = run(b, &runs[i], err);
	}
	if (!ret) {
		qsort(runs + 1, repetitions, sizeof(*runs), by_time);
		report(b, &runs[1 + repetitions / 2], out);
	}
	free(runs);
	return ret;
}

static int measure(struct batched *b, struct axon_err *err)
{
	static const struct report_column columns[] = {
		{"PP", 6, false},
		{"TG", 6, false},
		{"B", 4, false},
		{"N_KV", 6, false},
		{"T_PP s", 8, false},
		{"S_PP t/s", 8, false},
		{"T_TG s", 8, false},
		{"S_TG t/s", 8, false},
		{"T s", 8, false},
		{"S t/s", 8, false},
		{"cycles/token", 12, false},
		{"matrix use", 10, false},
	};
	const struct batched_options *o = b->options;
	struct report report;
	int ret = 0;

	report_begin(&report, o->common.format, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned int i = 0; i < o->num_parallel && !ret; i++)
		ret = measure_batch(b, o->parallel[i], &report, err);
	report_end(&report);
	return ret;
}

/* ---- the whole ---- */

static int make_prompts(struct batched *b, struct axon_err *err)
{
	const struct batched_options *o = b->options;
	struct bench_random random = BENCH_RANDOM;
	size_t n = (size_t)b->most * o->prompt;

	b->prompts = malloc(n * sizeof(*b->prompts));
	b->expected = malloc((o->gen + 1ull) * sizeof(*b->expected));
	if (!b->prompts || !b->expected)
		return axon_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		b->prompts[i] =
			(int32_t)((bench_random(&random) >> 32) % llm_config(b->llm)->vocabulary);
	return 0;
}

static int prepare(struct batched *b, struct axon_err *err)
{
	const struct batched_options *o = b->options;
	struct accel_device_info info = {.size = sizeof(info)};
	struct llm_options options = {.context = positions(o), .batch = o->batch};
	int ret = gguf_open(o->model, &b->gguf, err);

	for (unsigned int i = 0; i < o->num_parallel; i++)
		b->most = o->parallel[i] > b->most ? o->parallel[i] : b->most;
	options.sequences = b->most;
	if (!ret)
		ret = chip_open(&b->chip, o->common.device, err);
	if (!ret)
		ret = llm_open(&b->chip, b->gguf, &options, &b->llm, err);
	if (ret)
		return ret;
	ret = accel_device_get_info(b->chip.dev, &info);
	b->cores = info.num_cores;
	return ret ? chip_fail(err, "reading the accelerator's properties", ret)
		   : make_prompts(b, err);
}

int bench_batched(int argc, char **argv, struct axon_err *err)
{
	static const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse_option,
		NULL,
		"Measure several sequences at once as llama-batched-bench does: prompts of random "
		"tokens, then one token of each sequence in every step.",
		children,
		NULL,
		NULL};
	struct batched_options o = {.common = {.format = REPORT_MD, .repetitions = 1},
				    .batch = 512,
				    .prompt = 128,
				    .gen = 32,
				    .num_parallel = 5,
				    .parallel = {1, 2, 4, 8, 16}};
	struct batched b = {.options = &o};
	int ret;

	argp_parse(&argp, argc, argv, ARGP_LONG_ONLY, NULL, &o);
	ret = prepare(&b, err);
	if (!ret)
		ret = measure(&b, err);
	free(b.prompts);
	free(b.expected);
	llm_close(b.llm);
	chip_close(&b.chip);
	gguf_close(b.gguf);
	return ret;
}
