// SPDX-License-Identifier: MIT
/*
 * Speed of a language model as llama-bench measures it: ppN is a prompt of N random tokens from
 * an empty cache, tgN are N tokens one by one. Repetitions must choose the same tokens, since the
 * chip's arithmetic is fixed to the bit.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_model.h"
#include "llm_batch.h"

#define MAX_TESTS      16
#define MAX_TOKENS     1000000
#define DEFAULT_PROMPT 512
#define DEFAULT_GEN    128

struct llm_test {
	uint32_t prompt, gen; /* one of them is 0 */
};

struct llm_bench_options {
	struct bench_options common;
	const char *model;
	uint32_t batch;
	unsigned int num_prompt, num_gen;
	uint32_t prompt[MAX_TESTS], gen[MAX_TESTS];
};

struct llm_bench {
	const struct llm_bench_options *options;
	struct chip chip;
	struct gguf *gguf;
	struct llm *llm;
	struct llm_sequence *sequence;
	struct llm_step_trace trace;
	struct bench_model model;
	uint32_t cores;
	int32_t *tokens, *chosen, *expected;
	uint64_t *samples;
};

static const struct argp_option options[] = {
	{"model", 'm', "FILE", 0, "GGUF file of the model (required)", 0},
	{"n-prompt", 'p', "N[,...]", 0, "prompt lengths, 0: none (default 512)", 0},
	{"n-gen", 'n', "N[,...]", 0, "tokens to generate, 0: none (default 128)", 0},
	{"batch-size", 'b', "N", 0, "prompt tokens in one step (default 512)", 0},
	{0}};

static unsigned int parse_lengths(uint32_t lengths[MAX_TESTS], const char *option, char *list,
				  struct argp_state *state)
{
	unsigned int n = 0;
	char *item;

	while ((item = bench_next_item(&list))) {
		uint32_t length = (uint32_t)bench_number(state, option, item, 0, MAX_TOKENS);

		if (n == MAX_TESTS)
			argp_error(state, "%s: expected at most %d lengths", option, MAX_TESTS);
		if (length)
			lengths[n++] = length;
	}
	return n;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct llm_bench_options *o = state->input;

	switch (key) {
	case 'm': o->model = arg; break;
	case 'p': o->num_prompt = parse_lengths(o->prompt, "-p", arg, state); break;
	case 'n': o->num_gen = parse_lengths(o->gen, "-n", arg, state); break;
	case 'b': o->batch = (uint32_t)bench_number(state, "-b", arg, 1, 65536); break;
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	case ARGP_KEY_END:
		if (!o->model)
			argp_error(state, "expected a model, found none; give -m FILE");
		if (!o->num_prompt && !o->num_gen)
			argp_error(state, "expected something to measure; give -p N or -n N");
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- one run ---- */

/* Steps until a token comes, with what they cost if trace is given. */
static int next_token(struct llm_bench *b, int32_t *token, struct llm_step_trace *trace,
		      struct axon_err *err)
{
	struct llm_token tokens[1];
	bool more = true;
	uint32_t n = 0;
	int ret = 0;

	while (!n && more && !ret) {
		struct llm_step_trace one = {0};

		ret = trace ? llm_step_traced(b->llm, tokens, &n, &one, err)
			    : llm_step(b->llm, tokens, &n, &more, err);
		if (trace) {
			trace->cycles += one.cycles;
			trace->busy[AXON_ENGINE_MATRIX] += one.busy[AXON_ENGINE_MATRIX];
		}
	}
	*token = tokens[0].token;
	return ret;
}

/* Fills the cache anew; *ns is the time of what the test counts, b->chosen what was sampled. */
static int run(struct llm_bench *b, const struct llm_test *t, uint64_t *ns, struct axon_err *err)
{
	uint64_t start = bench_now_ns();
	int ret;

	llm_sequence_rewind(b->sequence, 0);
	ret = llm_sequence_run(b->sequence, b->tokens, t->prompt ? t->prompt : 1, 1, err);
	if (!ret)
		ret = next_token(b, b->chosen, NULL, err);
	if (t->gen && !ret) {
		start = bench_now_ns();
		ret = llm_sequence_run(b->sequence, b->chosen, 1, t->gen, err);
	}
	for (uint32_t i = 0; i < t->gen && !ret; i++)
		ret = next_token(b, &b->chosen[i + 1], NULL, err);
	*ns = bench_now_ns() - start;
	return ret;
}

/* Once more with statistics: the whole prompt, or the last token. */
static int trace(struct llm_bench *b, const struct llm_test *t, struct axon_err *err)
{
	int ret;

	b->trace = (struct llm_step_trace){0};
	llm_sequence_rewind(b->sequence, t->gen);
	ret = llm_sequence_run(b->sequence, t->gen ? &b->chosen[t->gen - 1] : b->tokens,
			       t->gen ? 1 : t->prompt, 1, err);
	return ret ? ret : next_token(b, b->chosen, &b->trace, err);
}

/* The run that does not count chooses the tokens which the others must choose too. */
static int run_again(struct llm_bench *b, const struct llm_test *t, uint64_t *ns,
		     struct axon_err *err)
{
	int ret = run(b, t, ns, err);

	for (uint32_t i = 0; i <= t->gen && !ret; i++)
		if (b->chosen[i] != b->expected[i])
			ret = axon_fail(err, BENCH_WRONG,
					"token %u: expected %d as in the run before, found %d", i,
					b->expected[i], b->chosen[i]);
	return ret;
}

/* ---- the report ---- */

static double mean_of(const double *v, unsigned int n)
{
	double sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += v[i];
	return sum / n;
}

/* Of a sample; 0 for a single value. */
static double stddev_of(const double *v, unsigned int n)
{
	double mean = mean_of(v, n), sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += (v[i] - mean) * (v[i] - mean);
	return n > 1 ? sqrt(sum / (n - 1)) : 0;
}

static void report_time(struct report_row *row)
{
	time_t now = time(NULL);
	char text[32];
	struct tm utc;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	report_string(row, "test_time", text);
}

/* llama-bench's names, and its order. */
static void report_fields(const struct llm_bench *b, const struct llm_test *t,
			  struct report_row *row)
{
	report_string(row, "build_version", accel_version());
	report_string(row, "backends", "axon");
	report_string(row, "model_filename", b->options->model);
	report_string(row, "model_type", b->model.type);
	report_number(row, "model_size", b->model.bytes);
	report_number(row, "model_n_params", b->model.params);
	report_number(row, "n_batch", b->options->batch);
	report_number(row, "n_ubatch", b->options->batch);
	report_number(row, "n_cores", b->cores);
	report_number(row, "n_prompt", t->prompt);
	report_number(row, "n_gen", t->gen);
	report_number(row, "n_depth", 0);
	report_time(row);
}

static void report_test(struct llm_bench *b, const struct llm_test *t, struct report *report)
{
	struct json_object *samples_ns = json_object_new_array();
	struct json_object *samples_ts = json_object_new_array();
	unsigned int n = b->options->common.repetitions;
	uint64_t cycles = b->trace.cycles / (t->prompt ? t->prompt : 1);
	double use = bench_matrix_use(&b->trace, b->cores);
	struct report_row row = report_row();
	double ns[n], ts[n];

	for (unsigned int i = 0; i < n; i++) {
		ns[i] = (double)b->samples[i];
		ts[i] = 1e9 * (t->prompt + t->gen) / ns[i];
		json_object_array_add(samples_ns, json_object_new_uint64(b->samples[i]));
		json_object_array_add(samples_ts, json_object_new_double(ts[i]));
	}
	report_fields(b, t, &row);
	report_real(&row, "avg_ns", mean_of(ns, n));
	report_real(&row, "stddev_ns", stddev_of(ns, n));
	report_real(&row, "avg_ts", mean_of(ts, n));
	report_real(&row, "stddev_ts", stddev_of(ts, n));
	report_number(&row, "modelled_cycles", cycles);
	report_real(&row, "matrix_use", use);
	json_object_object_add(row.fields, "samples_ns", samples_ns);
	json_object_object_add(row.fields, "samples_ts", samples_ts);

	report_cell(&row, "%s", b->model.type);
	bench_model_size_cell(&row, b->model.bytes);
	bench_model_params_cell(&row, b->model.params);
	report_cell(&row, "axon");
	report_cell(&row, "%u", b->cores);
	report_cell(&row, "%s%u", t->prompt ? "pp" : "tg", t->prompt + t->gen);
	report_cell(&row, "%.2f ± %.2f", mean_of(ts, n), stddev_of(ts, n));
	report_cell(&row, "%llu", (unsigned long long)cycles);
	report_cell(&row, "%.1f %%", 100 * use);
	report_add(report, &row);
}

/* ---- the whole ---- */

static int measure_test(struct llm_bench *b, const struct llm_test *t, struct report *report,
			struct axon_err *err)
{
	uint64_t ns;
	int ret = run(b, t, &ns, err);

	memcpy(b->expected, b->chosen, (t->gen + 1) * sizeof(*b->chosen));
	for (unsigned int i = 0; i < b->options->common.repetitions && !ret; i++)
		ret = run_again(b, t, &b->samples[i], err);
	if (!ret)
		ret = trace(b, t, err);
	if (!ret)
		report_test(b, t, report);
	return ret;
}

static int measure(struct llm_bench *b, struct axon_err *err)
{
	static const struct report_column columns[] = {
		{"model", 30, true},   {"size", 10, false},	    {"params", 10, false},
		{"backend", 10, true}, {"cores", 7, false},	    {"test", 15, false},
		{"t/s", 20, false},    {"cycles/token", 12, false}, {"matrix use", 10, false},
	};
	const struct llm_bench_options *o = b->options;
	struct report report;
	int ret = 0;

	report_begin(&report, o->common.format, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned int i = 0; i < o->num_prompt && !ret; i++)
		ret = measure_test(b, &(struct llm_test){.prompt = o->prompt[i]}, &report, err);
	for (unsigned int i = 0; i < o->num_gen && !ret; i++)
		ret = measure_test(b, &(struct llm_test){.gen = o->gen[i]}, &report, err);
	report_end(&report);
	return ret;
}

/* Tokens that the longest test has in the cache. */
static uint32_t longest(const struct llm_bench_options *o)
{
	uint32_t most = 1;

	for (unsigned int i = 0; i < o->num_prompt; i++)
		most = o->prompt[i] > most ? o->prompt[i] : most;
	for (unsigned int i = 0; i < o->num_gen; i++)
		most = o->gen[i] + 1 > most ? o->gen[i] + 1 : most;
	return most;
}

static int make_tokens(struct llm_bench *b, struct axon_err *err)
{
	struct bench_random random = BENCH_RANDOM;
	uint32_t n = longest(b->options);

	b->tokens = malloc(n * sizeof(*b->tokens));
	b->chosen = malloc((n + 1ull) * sizeof(*b->chosen));
	b->expected = malloc((n + 1ull) * sizeof(*b->expected));
	b->samples = calloc(b->options->common.repetitions, sizeof(*b->samples));
	if (!b->tokens || !b->chosen || !b->expected || !b->samples)
		return axon_fail(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < n; i++)
		b->tokens[i] =
			(int32_t)((bench_random(&random) >> 32) % llm_config(b->llm)->vocabulary);
	return 0;
}

static int prepare(struct llm_bench *b, struct axon_err *err)
{
	const struct llm_bench_options *o = b->options;
	struct accel_device_info info = {.size = sizeof(info)};
	struct llm_options options = {.context = longest(o), .batch = o->batch};
	const struct llm_sampling greedy = {.top_p = 1};
	int ret = gguf_open(o->model, &b->gguf, err);

	if (!ret)
		ret = chip_open(&b->chip, o->common.device, err);
	if (!ret)
		ret = llm_open(&b->chip, b->gguf, &options, &b->llm, err);
	if (ret)
		return ret;
	ret = llm_sequence_new(b->llm, longest(o), &greedy, &b->sequence, err);
	if (ret)
		return ret;
	bench_model_describe(b->gguf, &b->model);
	ret = accel_device_get_info(b->chip.dev, &info);
	b->cores = info.num_cores;
	return ret ? chip_fail(err, "reading the accelerator's properties", ret)
		   : make_tokens(b, err);
}

int bench_llm(int argc, char **argv, struct axon_err *err)
{
	static const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse_option,
		NULL,
		"Measure the speed of a language model as llama-bench does: prompts of random "
		"tokens (pp) and tokens one by one (tg), each from an empty cache.",
		children,
		NULL,
		NULL};
	struct llm_bench_options o = {.common = BENCH_DEFAULTS,
				      .batch = 512,
				      .num_prompt = 1,
				      .prompt = {DEFAULT_PROMPT},
				      .num_gen = 1,
				      .gen = {DEFAULT_GEN}};
	struct llm_bench b = {.options = &o};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = prepare(&b, err);
	if (!ret)
		ret = measure(&b, err);
	free(b.tokens);
	free(b.chosen);
	free(b.expected);
	free(b.samples);
	llm_close(b.llm);
	chip_close(&b.chip);
	gguf_close(b.gguf);
	return ret;
}
