// SPDX-License-Identifier: MIT
#include <accel.h>
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "train_options.h"

#define TASK "fashion-mnist"

enum {
	OPT_STEPS = 256,
	OPT_EPOCHS,
	OPT_OUT,
	OPT_RESUME,
	OPT_EVAL,
	OPT_SAVE_EVERY,
	OPT_DATA,
	OPT_REPORT,
	OPT_DEVICE,
	OPT_PROGRESS,
};

static const struct argp_option options[] = {
	{"steps", OPT_STEPS, "N", 0, "stop after step N, counted from the beginning of training",
	 0},
	{"epochs", OPT_EPOCHS, "N", 0, "the same in passes over the data (default 5)", 0},
	{"batch", 'b', "N", 0, "images in a step (default 64)", 0},
	{"seed", 's', "N", 0, "seed of the weights and of the data's order (default 1)", 0},
	{"data", OPT_DATA, "FOLDER", 0,
	 "the data set's files (default /usr/share/datasets/fashion-mnist)", 0},
	{"report", OPT_REPORT, "N", 0, "print loss and speed every N steps (default 100)", 0},
	{NULL, 0, NULL, 0, "Checkpoints:", 1},
	{"out", OPT_OUT, "FILE", 0, "write a checkpoint, in safetensors", 1},
	{"save-every", OPT_SAVE_EVERY, "N", 0, "write it every N steps (default: after each epoch)",
	 1},
	{"resume", OPT_RESUME, "FILE", 0, "go on from a checkpoint", 1},
	{"eval", OPT_EVAL, "FILE", 0, "only test a checkpoint", 1},
	{NULL, 0, NULL, 0, "Device:", 2},
	{"device", OPT_DEVICE, "N", 0,
	 "accelerator N of those that ACCEL_VISIBLE_DEVICES leaves (default 0)", 2},
	{"progress", OPT_PROGRESS, NULL, 0, "show progress though standard error is no terminal",
	 2},
	{0}};

static const char doc[] =
	"Train a network on the axon accelerator. Tasks: " TASK
	" (a convolutional network on the images of Debian's dataset-fashion-mnist).\v"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

static uint64_t number(struct argp_state *state, const char *name, const char *text, uint64_t min,
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

static void check(struct argp_state *state, const struct train_options *o)
{
	if (!state->arg_num)
		argp_error(state, "expected a task, found none; tasks: " TASK);
	if (o->steps && o->epochs)
		argp_error(state, "expected one end, found --steps and --epochs; give one of them");
	if (o->eval && (o->resume || o->out || o->steps || o->epochs))
		argp_error(state, "--eval: expected no option of training, found one; leave --out, "
				  "--resume, --steps and --epochs out");
	if (o->save_every && !o->out)
		argp_error(state, "--save-every: expected a file to write; give --out FILE");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct train_options *o = state->input;

	switch (key) {
	case OPT_STEPS: o->steps = number(state, "--steps", arg, 1, UINT32_MAX); break;
	case OPT_EPOCHS: o->epochs = number(state, "--epochs", arg, 1, 10000); break;
	case 'b':
		o->batch = (uint32_t)number(state, "--batch", arg, 1, CLASSIFIER_MAX_BATCH);
		o->batch_given = true;
		break;
	case 's':
		o->seed = number(state, "--seed", arg, 0, UINT64_MAX);
		o->seed_given = true;
		break;
	case OPT_DATA: o->data = arg; break;
	case OPT_REPORT: o->report = number(state, "--report", arg, 1, UINT32_MAX); break;
	case OPT_OUT: o->out = arg; break;
	case OPT_SAVE_EVERY:
		o->save_every = number(state, "--save-every", arg, 1, UINT32_MAX);
		break;
	case OPT_RESUME: o->resume = arg; break;
	case OPT_EVAL: o->eval = arg; break;
	case OPT_DEVICE: o->device = (unsigned int)number(state, "--device", arg, 0, 1023); break;
	case OPT_PROGRESS: o->progress = true; break;
	case ARGP_KEY_ARG:
		if (state->arg_num || strcmp(arg, TASK))
			argp_error(state, "expected one task, found '%s'; tasks: " TASK, arg);
		break;
	case ARGP_KEY_END: check(state, o); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "accel-train %s\n", accel_version());
}

void train_options_parse(int argc, char **argv, struct train_options *o)
{
	static const struct argp argp = {options, parse_option, "TASK", doc, NULL, NULL, NULL};

	argp_program_version_hook = print_version;
	argp_err_exit_status = 2;
	*o = (struct train_options){
		.data = "/usr/share/datasets/fashion-mnist", .seed = 1, .batch = 64, .report = 100};
	argp_parse(&argp, argc, argv, 0, NULL, o);
	if (!o->steps && !o->epochs)
		o->epochs = 5;
}
