// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

enum { OPT_JSON = 512, OPT_DEVICE };

static const struct argp_option options[] = {
	{"repetitions", 'r', "N", 0, "measure N times (default 5)", 10},
	{"output", 'o', "FORMAT", 0, "md, json or csv (default md)", 10},
	{"json", OPT_JSON, NULL, 0, "the same as -o json", 10},
	{"device", OPT_DEVICE, "N", 0,
	 "accelerator N of those that ACCEL_VISIBLE_DEVICES leaves (default 0)", 10},
	{0}};

static enum report_format parse_format(const char *name, struct argp_state *state)
{
	static const char *const names[] = {
		[REPORT_MD] = "md", [REPORT_JSON] = "json", [REPORT_CSV] = "csv"};

	for (enum report_format f = REPORT_MD; f <= REPORT_CSV; f++)
		if (!strcmp(name, names[f]))
			return f;
	argp_error(state, "-o: expected md, json or csv, found '%s'", name);
	return REPORT_MD;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct bench_options *o = state->input;

	switch (key) {
	case 'r': o->repetitions = (unsigned int)bench_number(state, "-r", arg, 1, 1000); break;
	case 'o': o->format = parse_format(arg, state); break;
	case OPT_JSON: o->format = REPORT_JSON; break;
	case OPT_DEVICE:
		o->device = (unsigned int)bench_number(state, "--device", arg, 0, 1023);
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp bench_argp = {options, parse_option, NULL, NULL, NULL, NULL, NULL};

uint64_t bench_number(struct argp_state *state, const char *option, const char *text, uint64_t min,
		      uint64_t max)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || text[0] < '0' || text[0] > '9' || *end || v < min || v > max)
		argp_error(state, "%s: expected a whole number of %llu to %llu, found '%s'", option,
			   (unsigned long long)min, (unsigned long long)max, text);
	return v;
}

char *bench_next_item(char **text)
{
	return *text && **text ? strsep(text, ",") : NULL;
}

int bench_program_load(struct chip *chip, struct bench_program *p, const char *name,
		       const void *elf, size_t bytes, struct axon_err *err)
{
	int ret = accel_program_load(chip->vm, elf, bytes, &p->program);

	if (!ret)
		ret = accel_program_kernel(p->program, name, &p->kernel);
	return ret ? chip_fail(err, name, ret) : 0;
}

int bench_buffer(struct chip *chip, uint64_t bytes, unsigned int flags,
		 struct accel_buffer **buffer, void **map, struct axon_err *err)
{
	int ret = chip_buffer(chip, bytes, flags, ACCEL_PURPOSE_OTHER, buffer, err);

	if (ret)
		return ret;
	ret = accel_buffer_map(*buffer, map);
	return ret ? chip_fail(err, "mapping a buffer", ret) : 0;
}

uint64_t bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

double bench_median(uint64_t *ns, size_t n)
{
	qsort(ns, n, sizeof(*ns), ascending);
	return n % 2 ? (double)ns[n / 2] : ((double)ns[n / 2 - 1] + (double)ns[n / 2]) / 2;
}

uint64_t bench_random(struct bench_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dull;
}
