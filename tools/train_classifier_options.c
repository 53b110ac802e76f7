// SPDX-License-Identifier: MIT
#include "classifier.h"
#include "train_classifier_options.h"

enum {
	OPT_STEPS = 256,
	OPT_EPOCHS,
	OPT_OUT,
	OPT_RESUME,
	OPT_EVAL,
	OPT_DATA,
};

static const struct argp_option options[] = {
	{"steps", OPT_STEPS, "N", 0, "stop after step N, counted from the beginning of training",
	 0},
	{"epochs", OPT_EPOCHS, "N", 0, "the same in passes over the data (default 5)", 0},
	{"batch", 'b', "N", 0, "images in a step (default 64)", 0},
	{"seed", 's', "N", 0, "seed of the weights and of the data's order (default 1)", 0},
	{"data", OPT_DATA, "FOLDER", 0,
	 "the data set's files (default /usr/share/datasets/fashion-mnist)", 0},
	{NULL, 0, NULL, 0, "Checkpoints:", 1},
	{"out", OPT_OUT, "FILE", 0,
	 "write a checkpoint, in safetensors, at the end and after each epoch or --save-every", 1},
	{"resume", OPT_RESUME, "FILE", 0, "go on from a checkpoint", 1},
	{"eval", OPT_EVAL, "FILE", 0, "only test a checkpoint", 1},
	{0}};

static const char doc[] =
	"Train a convolutional network on the images of Debian's dataset-fashion-mnist.\v"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

static void check(struct argp_state *state, const struct train_classifier_options *o)
{
	if (o->steps && o->epochs)
		argp_error(state, "expected one end, found --steps and --epochs; give one of them");
	if (o->eval && (o->resume || o->out || o->steps || o->epochs))
		argp_error(state, "--eval: expected no option of training, found one; leave --out, "
				  "--resume, --steps and --epochs out");
	if (o->common.save_every && !o->out)
		argp_error(state, "--save-every: expected a file to write; give --out FILE");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct train_classifier_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &o->common; break;
	case OPT_STEPS: o->steps = train_number(state, "--steps", arg, 1, UINT32_MAX); break;
	case OPT_EPOCHS: o->epochs = train_number(state, "--epochs", arg, 1, 10000); break;
	case 'b':
		o->batch = (uint32_t)train_number(state, "--batch", arg, 1, CLASSIFIER_MAX_BATCH);
		o->batch_given = true;
		break;
	case 's':
		o->seed = train_number(state, "--seed", arg, 0, UINT64_MAX);
		o->seed_given = true;
		break;
	case OPT_DATA: o->data = arg; break;
	case OPT_OUT: o->out = arg; break;
	case OPT_RESUME: o->resume = arg; break;
	case OPT_EVAL: o->eval = arg; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	case ARGP_KEY_END: check(state, o); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void train_classifier_options_parse(int argc, char **argv, struct train_classifier_options *o)
{
	static const struct argp_child children[] = {{&train_common_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse_option, NULL, doc, children, NULL, NULL};

	*o = (struct train_classifier_options){
		.common = {.report = 100},
		.data = "/usr/share/datasets/fashion-mnist",
		.seed = 1,
		.batch = 64,
	};
	argp_parse(&argp, argc, argv, 0, NULL, o);
	if (!o->steps && !o->epochs)
		o->epochs = 5;
}
