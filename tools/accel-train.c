// SPDX-License-Identifier: MIT
/* accel-train: trains a network on the accelerator, from the command line. */
#include <accel.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "train.h"

static const struct task {
	const char *name;
	char *title; /* of its messages */
	int (*main)(int argc, char **argv);
} tasks[] = {
	{"fashion-mnist", "accel-train fashion-mnist", train_classifier_main},
	{"lm", "accel-train lm", train_lm_main},
};

#define TASKS "fashion-mnist, lm"

static const char doc[] =
	"Train a network on the axon accelerator. Tasks, each with options of its own "
	"(accel-train TASK --help):\n\n"
	"fashion-mnist: a convolutional network on the images of Debian's dataset-fashion-mnist\n"
	"lm: a language model on a text\v"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

static volatile sig_atomic_t interrupted;

/* The first Ctrl-C ends the work in order, with a checkpoint; a second one kills. */
static void on_interrupt(int signal_number)
{
	interrupted = 1;
	signal(signal_number, SIG_DFL);
}

bool train_interrupted(void)
{
	return interrupted;
}

int train_status(int ret, const struct axon_err *err)
{
	if (ret)
		fprintf(stderr, "accel-train: %s\n", err->msg);
	return ret ? 1 : interrupted ? 130 : 0;
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "accel-train %s\n", accel_version());
}

/* Without a task, what is left to say. */
static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_ARG:
		argp_error(state, "expected a task, found '%s'; tasks: " TASKS, arg);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "expected a task, found none; tasks: " TASKS);
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {NULL, parse_option, "TASK [OPTION...]", doc, NULL,
					 NULL, NULL};
	struct sigaction interrupt = {.sa_handler = on_interrupt};

	argp_program_version_hook = print_version;
	argp_err_exit_status = 2;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);
	for (size_t i = 0; argc > 1 && i < sizeof(tasks) / sizeof(tasks[0]); i++)
		if (!strcmp(argv[1], tasks[i].name)) {
			argv[1] = tasks[i].title;
			return tasks[i].main(argc - 1, argv + 1);
		}
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, NULL);
	return 2;
}
