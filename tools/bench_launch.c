// SPDX-License-Identifier: MIT
/*
 * What a launch costs. In a stream: a thousand launches between two TIMESTAMP packets. Alone: from
 * before its submission until the wait for it returns, by a user queue and by the driver's ioctl.
 * The kernel counts, so that a launch that did not run, or ran twice, is noticed. With --floor also
 * what lies under a submission: the doorbell, the look at the completion word, an ioctl.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_count_args.h"
#include "bench_floor.h"

#define DEFAULT_LAUNCHES    1000
#define DEFAULT_SUBMISSIONS 200
#define MAX_COUNT	    1000000

enum { OPT_FLOOR = 1024 };

struct launch_options {
	struct bench_options common;
	unsigned int launches, submissions;
	bool floor;
};

/* One way to submit, with what is needed to launch by it. */
struct launch_path {
	struct chip *chip;
	struct bench_program program;
	struct accel_buffer *buffer;
	struct launch_results {
		uint64_t counter;
		uint64_t reserved;
		struct axon_timestamp begin, end;
	} * results;
	uint64_t results_va;
	struct accel_stream *single;
	uint64_t expected; /* counter */
};

struct launch_bench {
	const struct launch_options *options;
	struct chip chip;
	struct chip by_ioctl; /* on the same device; a vm, a queue and a timeline only */
	struct launch_path user, kernel;
	struct accel_stream *stream; /* of `user` */
	struct bench_floors floors;
	uint64_t *samples;
	struct report report;
};

static const struct argp_option options[] = {
	{"launches", 'l', "N", 0, "launches in the stream (default 1000)", 0},
	{"submissions", 's', "N", 0, "submissions of one launch (default 200)", 0},
	{"floor", OPT_FLOOR, NULL, 0,
	 "measure a doorbell, a look at the completion word and an ioctl beside them", 0},
	{0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct launch_options *o = state->input;

	switch (key) {
	case 'l': o->launches = (unsigned int)bench_number(state, "-l", arg, 1, MAX_COUNT); break;
	case 's':
		o->submissions = (unsigned int)bench_number(state, "-s", arg, 1, MAX_COUNT);
		break;
	case OPT_FLOOR: o->floor = true; break;
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int record(struct launch_path *p, struct accel_stream **stream, unsigned int launches)
{
	struct bench_count_args args = {p->results_va + offsetof(struct launch_results, counter)};
	struct accel_launch launch = {.size = sizeof(launch)};
	int ret = accel_stream_create(p->chip->vm, stream);

	if (!ret)
		ret = accel_stream_timestamp(
			*stream, p->results_va + offsetof(struct launch_results, begin));
	for (unsigned int i = 0; i < launches && !ret; i++)
		ret = accel_stream_launch(*stream, p->program.kernel, &launch, &args, sizeof(args));
	return ret ? ret
		   : accel_stream_timestamp(*stream,
					    p->results_va + offsetof(struct launch_results, end));
}

static int open_path(struct launch_path *p, struct chip *chip, struct axon_err *err)
{
	void *map;
	int ret;

	p->chip = chip;
	ret = BENCH_PROGRAM_LOAD(chip, &p->program, bench_count, err);
	if (!ret)
		ret = bench_buffer(chip, sizeof(*p->results), ACCEL_BUFFER_SYSTEM, &p->buffer, &map,
				   err);
	if (ret)
		return ret;
	p->results = map;
	p->results->counter = 0;
	p->results_va = accel_buffer_va(p->buffer);
	ret = record(p, &p->single, 1);
	return ret ? chip_fail(err, "recording a launch", ret) : 0;
}

static void close_path(struct launch_path *p)
{
	accel_stream_destroy(p->single);
	accel_buffer_destroy(p->buffer);
	accel_program_destroy(p->program.program);
}

/* A queue whose submissions are ioctls, whatever kind the runtime chose. */
static int open_by_ioctl(struct launch_bench *b, struct axon_err *err)
{
	struct chip *chip = &b->by_ioctl;
	int ret = accel_vm_create(b->chip.dev, &chip->vm);

	chip->dev = b->chip.dev;
	if (!ret)
		ret = accel_queue_create(chip->vm, 1, &chip->queue);
	if (!ret)
		ret = accel_timeline_create(chip->dev, &chip->timeline);
	return ret ? chip_fail(err, "opening a queue of the driver's", ret) : 0;
}

static void close_by_ioctl(struct launch_bench *b)
{
	accel_timeline_destroy(b->by_ioctl.timeline);
	accel_queue_destroy(b->by_ioctl.queue);
	accel_vm_destroy(b->by_ioctl.vm);
}

static int prepare(struct launch_bench *b, struct axon_err *err)
{
	unsigned int n = b->options->common.repetitions, s = b->options->submissions;
	int ret = chip_open(&b->chip, b->options->common.device, err);

	if (!ret)
		ret = open_by_ioctl(b, err);
	if (!ret)
		ret = open_path(&b->user, &b->chip, err);
	if (!ret)
		ret = open_path(&b->kernel, &b->by_ioctl, err);
	if (ret)
		return ret;
	b->samples = calloc(n > s ? n : s, sizeof(*b->samples));
	ret = b->samples ? record(&b->user, &b->stream, b->options->launches) : -ENOMEM;
	return ret ? chip_fail(err, "recording launches", ret) : 0;
}

/* Runs a stream and checks the count; *ns is from submission to the end of the wait. */
static int run(struct launch_path *p, struct accel_stream *stream, unsigned int launches,
	       uint64_t *ns, struct axon_err *err)
{
	uint64_t start = bench_now_ns();
	int ret = chip_run(p->chip, stream, err);

	*ns = bench_now_ns() - start;
	if (ret)
		return ret;
	p->expected += launches;
	if (p->results->counter != p->expected)
		return axon_fail(err, BENCH_WRONG, "expected %llu launches to have run, found %llu",
				 (unsigned long long)p->expected,
				 (unsigned long long)p->results->counter);
	return 0;
}

static uint64_t cycles(const struct launch_path *p)
{
	return p->results->end.cycles - p->results->begin.cycles;
}

struct result {
	const char *test;
	unsigned int launches, repetitions;
	double median_us, min_us;
	uint64_t cycles; /* 0: nothing ran on the chip */
	double bound_us; /* what the floors allow; 0: nothing */
};

static void add_row(struct launch_bench *b, const struct result *r)
{
	struct report_row row = report_row();

	report_string(&row, "test", r->test);
	report_number(&row, "launches", r->launches);
	report_number(&row, "repetitions", r->repetitions);
	report_real(&row, "median_us", r->median_us);
	report_real(&row, "min_us", r->min_us);
	report_number(&row, "modelled_cycles", r->cycles);
	report_cell(&row, "%s", r->test);
	report_cell(&row, "%u", r->launches);
	report_cell(&row, "%.3f", r->median_us);
	report_cell(&row, "%.3f", r->min_us);
	report_cell(&row, r->cycles ? "%llu" : "-", (unsigned long long)r->cycles);
	if (b->options->floor) {
		report_real(&row, "bound_us", r->bound_us);
		report_real(&row, "of_bound", r->bound_us > 0 ? r->median_us / r->bound_us : 0);
		report_cell(&row, r->bound_us > 0 ? "%.3f" : "-", r->bound_us);
		report_cell(&row, r->bound_us > 0 ? "%.2f" : "-", r->median_us / r->bound_us);
	}
	report_add(&b->report, &row);
}

static int measure_stream(struct launch_bench *b, struct axon_err *err)
{
	unsigned int n = b->options->common.repetitions, launches = b->options->launches;
	const struct launch_results *r = b->user.results;

	for (unsigned int i = 0; i <= n; i++) {
		uint64_t ns;
		int ret = run(&b->user, b->stream, launches, &ns, err);

		if (ret)
			return ret;
		if (i)
			b->samples[i - 1] = r->end.ns - r->begin.ns;
	}

	double median = bench_median(b->samples, n);

	add_row(b, &(struct result){
			   .test = "packet in a stream",
			   .launches = launches,
			   .repetitions = n,
			   .median_us = median / launches / 1e3,
			   .min_us = (double)b->samples[0] / launches / 1e3,
			   .cycles = cycles(&b->user) / launches,
		   });
	return 0;
}

static int measure_submission(struct launch_bench *b, struct launch_path *p, const char *test,
			      double bound_us, struct axon_err *err)
{
	unsigned int n = b->options->submissions;

	for (unsigned int i = 0; i <= n; i++) {
		uint64_t ns;
		int ret = run(p, p->single, 1, &ns, err);

		if (ret)
			return ret;
		if (i)
			b->samples[i - 1] = ns;
	}

	double median = bench_median(b->samples, n);

	add_row(b, &(struct result){
			   .test = test,
			   .launches = 1,
			   .repetitions = n,
			   .median_us = median / 1e3,
			   .min_us = (double)b->samples[0] / 1e3,
			   .cycles = cycles(p),
			   .bound_us = bound_us,
		   });
	return 0;
}

static void add_floor(struct launch_bench *b, const char *test, const struct bench_floor *floor)
{
	if (floor->repetitions)
		add_row(b, &(struct result){
				   .test = test,
				   .repetitions = floor->repetitions,
				   .median_us = floor->median_us,
				   .min_us = floor->min_us,
			   });
}

static int measure_floors(struct launch_bench *b, struct axon_err *err)
{
	int ret = bench_floors_measure(&b->chip, &b->floors, err);

	if (ret)
		return ret;
	add_floor(b, "doorbell and look", &b->floors.doorbell);
	add_floor(b, "ioctl", &b->floors.ioctl);
	return 0;
}

static int measure(struct launch_bench *b, struct axon_err *err)
{
	static const struct report_column columns[] = {
		{"test", 31, true},	{"launches", 8, false},		{"median us", 9, false},
		{"min us", 9, false},	{"modelled cycles", 15, false}, {"bound us", 9, false},
		{"of bound", 8, false},
	};
	double user_bound = 0, ioctl_bound = 0;
	int ret = 0;

	report_begin(&b->report, b->options->common.format, columns, b->options->floor ? 7 : 5);
	if (b->options->floor) {
		ret = measure_floors(b, err);
		user_bound = 3 * b->floors.doorbell.median_us;
		ioctl_bound = user_bound + 4 * b->floors.ioctl.median_us;
	}
	if (!ret)
		ret = measure_stream(b, err);
	if (!ret && b->chip.user_queue)
		ret = measure_submission(b, &b->user, "submit to complete, user queue", user_bound,
					 err);
	if (!ret)
		ret = measure_submission(b, &b->kernel, "submit to complete, ioctl",
					 b->floors.ioctl.repetitions ? ioctl_bound : 0, err);
	report_end(&b->report);
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
	free(b.samples);
	accel_stream_destroy(b.stream);
	close_path(&b.user);
	close_path(&b.kernel);
	close_by_ioctl(&b);
	chip_close(&b.chip);
	return ret;
}
