// SPDX-License-Identifier: MIT
/*
 * What a launch costs. In a stream: a thousand launches between two TIMESTAMP packets. Alone: from
 * before its submission until the wait for it returns. The kernel counts, so that a launch that
 * did not run, or ran twice, is noticed.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_count_args.h"

#define DEFAULT_LAUNCHES    1000
#define DEFAULT_SUBMISSIONS 200
#define MAX_COUNT	    1000000

struct launch_options {
	struct bench_options common;
	unsigned int launches, submissions;
};

struct launch_bench {
	const struct launch_options *options;
	struct chip chip;
	struct bench_program program;
	struct accel_buffer *buffer;
	struct launch_results {
		uint64_t counter;
		uint64_t reserved;
		struct axon_timestamp begin, end;
	} * results;
	uint64_t results_va;
	struct accel_stream *stream, *single;
	uint64_t expected; /* counter */
};

static const struct argp_option options[] = {
	{"launches", 'l', "N", 0, "launches in the stream (default 1000)", 0},
	{"submissions", 's', "N", 0, "submissions of one launch (default 200)", 0},
	{0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct launch_options *o = state->input;

	switch (key) {
	case 'l': o->launches = (unsigned int)bench_number(state, "-l", arg, 1, MAX_COUNT); break;
	case 's':
		o->submissions = (unsigned int)bench_number(state, "-s", arg, 1, MAX_COUNT);
		break;
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int record(struct launch_bench *b, struct accel_stream *stream, unsigned int launches)
{
	struct bench_count_args args = {b->results_va + offsetof(struct launch_results, counter)};
	struct accel_launch launch = {.size = sizeof(launch)};
	int ret = accel_stream_timestamp(stream,
					 b->results_va + offsetof(struct launch_results, begin));

	for (unsigned int i = 0; i < launches && !ret; i++)
		ret = accel_stream_launch(stream, b->program.kernel, &launch, &args, sizeof(args));
	return ret ? ret
		   : accel_stream_timestamp(stream,
					    b->results_va + offsetof(struct launch_results, end));
}

static int prepare(struct launch_bench *b, struct axon_err *err)
{
	void *map;
	int ret = chip_open(&b->chip, b->options->common.device, err);

	if (!ret)
		ret = BENCH_PROGRAM_LOAD(&b->chip, &b->program, bench_count, err);
	if (!ret)
		ret = bench_buffer(&b->chip, sizeof(*b->results), ACCEL_BUFFER_SYSTEM, &b->buffer,
				   &map, err);
	if (ret)
		return ret;
	b->results = map;
	b->results->counter = 0;
	b->results_va = accel_buffer_va(b->buffer);
	ret = accel_stream_create(b->chip.vm, &b->stream);
	if (!ret)
		ret = accel_stream_create(b->chip.vm, &b->single);
	if (!ret)
		ret = record(b, b->stream, b->options->launches);
	if (!ret)
		ret = record(b, b->single, 1);
	return ret ? chip_fail(err, "recording launches", ret) : 0;
}

/* Runs a stream and checks the count; *ns is from submission to the end of the wait. */
static int run(struct launch_bench *b, struct accel_stream *stream, unsigned int launches,
	       uint64_t *ns, struct axon_err *err)
{
	uint64_t start = bench_now_ns();
	int ret = chip_run(&b->chip, stream, err);

	*ns = bench_now_ns() - start;
	if (ret)
		return ret;
	b->expected += launches;
	if (b->results->counter != b->expected)
		return axon_fail(err, BENCH_WRONG, "expected %llu launches to have run, found %llu",
				 (unsigned long long)b->expected,
				 (unsigned long long)b->results->counter);
	return 0;
}

static void add_row(struct launch_bench *b, struct report *report, const char *test,
		    unsigned int launches, double us, double min_us, uint64_t cycles)
{
	struct report_row row = report_row();

	report_string(&row, "test", test);
	report_number(&row, "launches", launches);
	report_number(&row, "repetitions",
		      launches == 1 ? b->options->submissions : b->options->common.repetitions);
	report_real(&row, "median_us", us);
	report_real(&row, "min_us", min_us);
	report_number(&row, "modelled_cycles", cycles);
	report_cell(&row, "%s", test);
	report_cell(&row, "%u", launches);
	report_cell(&row, "%.2f", us);
	report_cell(&row, "%.2f", min_us);
	report_cell(&row, "%llu", (unsigned long long)cycles);
	report_add(report, &row);
}

static int measure_stream(struct launch_bench *b, struct report *report, uint64_t *samples,
			  struct axon_err *err)
{
	unsigned int n = b->options->common.repetitions, launches = b->options->launches;
	const struct launch_results *r = b->results;

	for (unsigned int i = 0; i <= n; i++) {
		uint64_t ns;
		int ret = run(b, b->stream, launches, &ns, err);

		if (ret)
			return ret;
		if (i)
			samples[i - 1] = r->end.ns - r->begin.ns;
	}
	double median = bench_median(samples, n);

	add_row(b, report, "packet in a stream", launches, median / launches / 1e3,
		(double)samples[0] / launches / 1e3, (r->end.cycles - r->begin.cycles) / launches);
	return 0;
}

static int measure_submission(struct launch_bench *b, struct report *report, uint64_t *samples,
			      struct axon_err *err)
{
	unsigned int n = b->options->submissions;
	const struct launch_results *r = b->results;

	for (unsigned int i = 0; i <= n; i++) {
		uint64_t ns;
		int ret = run(b, b->single, 1, &ns, err);

		if (ret)
			return ret;
		if (i)
			samples[i - 1] = ns;
	}
	double median = bench_median(samples, n);

	add_row(b, report, "submit to complete", 1, median / 1e3, (double)samples[0] / 1e3,
		r->end.cycles - r->begin.cycles);
	return 0;
}

static int measure(struct launch_bench *b, struct axon_err *err)
{
	static const struct report_column columns[] = {
		{"test", 18, true},   {"launches", 8, false},	      {"median us", 9, false},
		{"min us", 9, false}, {"modelled cycles", 15, false},
	};
	unsigned int n = b->options->common.repetitions;
	uint64_t *samples =
		calloc(n > b->options->submissions ? n : b->options->submissions, sizeof(*samples));
	struct report report;
	int ret;

	if (!samples)
		return axon_fail(err, -ENOMEM, "out of memory");
	report_begin(&report, b->options->common.format, columns,
		     sizeof(columns) / sizeof(*columns));
	ret = measure_stream(b, &report, samples, err);
	if (!ret)
		ret = measure_submission(b, &report, samples, err);
	report_end(&report);
	free(samples);
	return ret;
}

int bench_launch(int argc, char **argv, struct axon_err *err)
{
	static const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse_option,
		NULL,
		"Measure what a launch costs, each of one workgroup that adds one to a counter.",
		children,
		NULL,
		NULL};
	struct launch_options o = {
		.common = BENCH_DEFAULTS,
		.launches = DEFAULT_LAUNCHES,
		.submissions = DEFAULT_SUBMISSIONS,
	};
	struct launch_bench b = {.options = &o};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = prepare(&b, err);
	if (!ret)
		ret = measure(&b, err);
	accel_stream_destroy(b.stream);
	accel_stream_destroy(b.single);
	accel_buffer_destroy(b.buffer);
	accel_program_destroy(b.program.program);
	chip_close(&b.chip);
	return ret;
}
