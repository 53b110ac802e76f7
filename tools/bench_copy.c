// SPDX-License-Identifier: MIT
/*
 * Copies between system memory and device memory by the chip's copy engine, beside memcpy() on the
 * processor. Each repetition goes there and back over poisoned memory, and what arrives is compared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define DEFAULT_SIZES "1,16,64"
#define MAX_SIZES     16
#define MAX_MIB	      65536
#define POISON	      0xa5a5a5a5

struct copy_options {
	struct bench_options common;
	unsigned int num_sizes;
	uint64_t sizes[MAX_SIZES]; /* bytes */
};

/* One size: source and target in system memory, a buffer in device memory between them. */
struct copy_bench {
	const struct copy_options *options;
	struct chip chip;
	uint64_t bytes;
	struct accel_buffer *source, *device, *target, *times;
	uint8_t *source_map, *target_map;
	struct copy_times {
		struct axon_timestamp begin, end;
	} * times_map;
	struct accel_stream *stream;
	uint64_t *there_ns, *back_ns; /* samples */
	uint64_t cycles;
	double memcpy_ns;
};

static const struct argp_option options[] = {
	{"size", 's', "MIB[,MIB...]", 0, "sizes in MiB (default " DEFAULT_SIZES ")", 0}, {0}};

static void parse_sizes(struct copy_options *o, char *list, struct argp_state *state)
{
	char *item;

	for (o->num_sizes = 0; (item = bench_next_item(&list)); o->num_sizes++) {
		if (o->num_sizes == MAX_SIZES)
			argp_error(state, "-s: expected at most %d sizes", MAX_SIZES);
		o->sizes[o->num_sizes] = bench_number(state, "-s", item, 1, MAX_MIB) << 20;
	}
	if (!o->num_sizes)
		argp_error(state, "-s: expected sizes in MiB, found none");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct copy_options *o = state->input;

	switch (key) {
	case 's': parse_sizes(o, arg, state); break;
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* One copy between two TIMESTAMP packets. */
static int copy(struct copy_bench *b, struct accel_buffer *to, struct accel_buffer *from,
		uint64_t *ns, struct axon_err *err)
{
	uint64_t times = accel_buffer_va(b->times), start;
	int ret = accel_stream_reset(b->stream);

	if (!ret)
		ret = accel_stream_timestamp(b->stream, times + offsetof(struct copy_times, begin));
	if (!ret)
		ret = accel_stream_copy(b->stream, accel_buffer_va(to), accel_buffer_va(from),
					b->bytes);
	if (!ret)
		ret = accel_stream_timestamp(b->stream, times + offsetof(struct copy_times, end));
	if (ret)
		return chip_fail(err, "recording a copy", ret);
	start = bench_now_ns();
	ret = chip_run(&b->chip, b->stream, err);
	*ns = bench_now_ns() - start;
	b->cycles = b->times_map->end.cycles - b->times_map->begin.cycles;
	return ret;
}

/* What an earlier copy left must not pass for what this one brings. */
static int poison(struct copy_bench *b, struct axon_err *err)
{
	int ret = accel_stream_reset(b->stream);

	memset(b->target_map, (uint8_t)POISON, b->bytes);
	if (!ret)
		ret = accel_stream_fill(b->stream, accel_buffer_va(b->device), POISON, b->bytes);
	return ret ? chip_fail(err, "recording a fill", ret) : chip_run(&b->chip, b->stream, err);
}

static double gb_per_s(const struct copy_bench *b, double ns)
{
	return (double)b->bytes / ns;
}

static void add_row(struct copy_bench *b, struct report *report, const char *direction, double ns)
{
	double rate = gb_per_s(b, ns), peer = gb_per_s(b, b->memcpy_ns);
	struct report_row row = report_row();

	report_string(&row, "direction", direction);
	report_number(&row, "bytes", b->bytes);
	report_number(&row, "repetitions", b->options->common.repetitions);
	report_real(&row, "median_ns", ns);
	report_real(&row, "gb_per_s", rate);
	report_real(&row, "process_memcpy_gb_per_s", peer);
	report_number(&row, "modelled_cycles", b->cycles);
	report_cell(&row, "%s", direction);
	report_cell(&row, "%llu", (unsigned long long)(b->bytes >> 20));
	report_cell(&row, "%.2f", rate);
	report_cell(&row, "%.2f", peer);
	report_cell(&row, "%.2f", rate / peer);
	report_cell(&row, "%llu", (unsigned long long)b->cycles);
	report_add(report, &row);
}

static void measure_memcpy(struct copy_bench *b)
{
	unsigned int n = b->options->common.repetitions;

	for (unsigned int i = 0; i <= n; i++) {
		uint64_t start = bench_now_ns();

		memcpy(b->target_map, b->source_map, b->bytes);
		if (i)
			b->there_ns[i - 1] = bench_now_ns() - start;
	}
	b->memcpy_ns = bench_median(b->there_ns, n);
}

static int verify(const struct copy_bench *b, struct axon_err *err)
{
	uint64_t at = 0;

	if (!memcmp(b->source_map, b->target_map, b->bytes))
		return 0;
	while (b->source_map[at] == b->target_map[at])
		at++;
	return axon_fail(err, BENCH_WRONG,
			 "byte %llu of %llu: expected 0x%02x, found 0x%02x after the way there and "
			 "back",
			 (unsigned long long)at, (unsigned long long)b->bytes, b->source_map[at],
			 b->target_map[at]);
}

static int create_buffers(struct copy_bench *b, struct axon_err *err)
{
	struct bench_random random = BENCH_RANDOM;
	void *source, *target;
	int ret = bench_buffer(&b->chip, b->bytes, ACCEL_BUFFER_SYSTEM, &b->source, &source, err);

	if (!ret)
		ret = bench_buffer(&b->chip, b->bytes, ACCEL_BUFFER_SYSTEM, &b->target, &target,
				   err);
	if (!ret)
		ret = chip_buffer(&b->chip, b->bytes, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_OTHER,
				  &b->device, err);
	if (ret)
		return ret;
	b->source_map = source;
	b->target_map = target;
	for (uint64_t i = 0; i < b->bytes; i += sizeof(uint64_t)) {
		uint64_t word = bench_random(&random);

		memcpy(b->source_map + i, &word, sizeof(word));
	}
	return 0;
}

static void destroy_buffers(struct copy_bench *b)
{
	accel_buffer_destroy(b->source);
	accel_buffer_destroy(b->target);
	accel_buffer_destroy(b->device);
	b->source = b->target = b->device = NULL;
}

static int measure_round(struct copy_bench *b, uint64_t *there, uint64_t *back,
			 struct axon_err *err)
{
	int ret = poison(b, err);

	if (!ret)
		ret = copy(b, b->device, b->source, there, err);
	if (!ret)
		ret = copy(b, b->target, b->device, back, err);
	return ret ? ret : verify(b, err);
}

static int measure_size(struct copy_bench *b, struct report *report, struct axon_err *err)
{
	unsigned int n = b->options->common.repetitions;
	uint64_t there, back;
	int ret = create_buffers(b, err);

	if (ret)
		return ret;
	measure_memcpy(b);
	for (unsigned int i = 0; i <= n; i++) {
		ret = measure_round(b, &there, &back, err);
		if (ret)
			return ret;
		if (i) {
			b->there_ns[i - 1] = there;
			b->back_ns[i - 1] = back;
		}
	}
	add_row(b, report, "system to device", bench_median(b->there_ns, n));
	add_row(b, report, "device to system", bench_median(b->back_ns, n));
	return 0;
}

static int prepare(struct copy_bench *b, struct axon_err *err)
{
	void *times;
	int ret = chip_open(&b->chip, b->options->common.device, err);

	if (!ret)
		ret = bench_buffer(&b->chip, sizeof(*b->times_map), ACCEL_BUFFER_SYSTEM, &b->times,
				   &times, err);
	if (ret)
		return ret;
	b->times_map = times;
	b->there_ns = calloc(b->options->common.repetitions, sizeof(*b->there_ns));
	b->back_ns = calloc(b->options->common.repetitions, sizeof(*b->back_ns));
	ret = b->there_ns && b->back_ns ? accel_stream_create(b->chip.vm, &b->stream) : -ENOMEM;
	return ret ? chip_fail(err, "preparing", ret) : 0;
}

static int measure(struct copy_bench *b, struct axon_err *err)
{
	static const struct report_column columns[] = {
		{"direction", 16, true},	{"MiB", 5, false},   {"GB/s", 7, false},
		{"process's memcpy", 7, false}, {"ratio", 5, false}, {"modelled cycles", 15, false},
	};
	struct report report;
	int ret = 0;

	report_begin(&report, b->options->common.format, columns,
		     sizeof(columns) / sizeof(*columns));
	for (unsigned int i = 0; i < b->options->num_sizes && !ret; i++) {
		b->bytes = b->options->sizes[i];
		ret = measure_size(b, &report, err);
		destroy_buffers(b);
	}
	report_end(&report);
	return ret;
}

int bench_copy(int argc, char **argv, struct axon_err *err)
{
	static const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse_option,
		NULL,
		"Measure copies between system memory and device memory, from submission to "
		"completion, beside memcpy() in this process.",
		children,
		NULL,
		NULL};
	struct copy_options o = {.common = BENCH_DEFAULTS,
				 .num_sizes = 3,
				 .sizes = {1u << 20, 16u << 20, 64u << 20}};
	struct copy_bench b = {.options = &o};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = prepare(&b, err);
	if (!ret)
		ret = measure(&b, err);
	accel_stream_destroy(b.stream);
	accel_buffer_destroy(b.times);
	free(b.there_ns);
	free(b.back_ns);
	chip_close(&b.chip);
	return ret;
}
