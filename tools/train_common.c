// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "train.h"

enum { OPT_REPORT = 0x1000, OPT_SAVE_EVERY, OPT_DEVICE, OPT_PROGRESS };

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "Reports and device:", 8},
	{"report", OPT_REPORT, "N", 0, "print loss and speed every N steps (default 100; lm: 10)",
	 8},
	{"save-every", OPT_SAVE_EVERY, "N", 0, "write the checkpoint every N steps", 8},
	{"device", OPT_DEVICE, "N", 0,
	 "accelerator N of those that ACCEL_VISIBLE_DEVICES leaves (default 0)", 8},
	{"progress", OPT_PROGRESS, NULL, 0, "show progress though standard error is no terminal",
	 8},
	{0}};

uint64_t train_number(struct argp_state *state, const char *name, const char *text, uint64_t min,
		      uint64_t max)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || v < min || v > max)
		argp_error(state, "%s: expected a whole number of %llu to %llu, found '%s'", name,
			   (unsigned long long)min, (unsigned long long)max, text);
	return v;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct train_common *o = state->input;

	switch (key) {
	case OPT_REPORT: o->report = train_number(state, "--report", arg, 1, UINT32_MAX); break;
	case OPT_SAVE_EVERY:
		o->save_every = train_number(state, "--save-every", arg, 1, UINT32_MAX);
		break;
	case OPT_DEVICE:
		o->device = (unsigned int)train_number(state, "--device", arg, 0, 1023);
		break;
	case OPT_PROGRESS: o->progress = true; break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp train_common_argp = {options, parse_option, NULL, NULL, NULL, NULL, NULL};
