// SPDX-License-Identifier: MIT
/* accel-bench: how fast the accelerator is, and whether what it computed at that speed is right. */
#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct axon_err *err);
} commands[] = {
	{"llm", bench_llm},   {"batched", bench_batched}, {"matmul", bench_matmul},
	{"copy", bench_copy}, {"launch", bench_launch},
};

static const char doc[] =
	"Measure the axon accelerator, and check what it computed. Commands:\n\n"
	"  llm      prompt and generation of a language model\n"
	"  batched  several sequences of a language model at once\n"
	"  matmul   matrix products of all types\n"
	"  copy     system memory to device memory and back\n"
	"  launch   the cost of a launch in a stream, and of a submission\v"
	"`accel-bench COMMAND --help' tells a command's options. Times are wall time; modelled "
	"cycles, the chip's own time, have columns of their own.\n\n"
	"Exit status: 0 success, 1 failure or a wrong result, 2 wrong usage.";

struct selection {
	const struct command *command;
	int argc;
	char **argv; /* from the command's name on */
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct selection *s = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
			if (!strcmp(arg, commands[i].name))
				s->command = &commands[i];
		if (!s->command)
			argp_error(state,
				   "expected llm, batched, matmul, copy or launch, found '%s'",
				   arg);
		s->argc = state->argc - state->next + 1;
		s->argv = state->argv + state->next - 1;
		state->next = state->argc;
		break;
	case ARGP_KEY_NO_ARGS: argp_error(state, "expected a command, found none"); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "accel-bench %s\n", accel_version());
}

int main(int argc, char **argv)
{
	static const struct argp argp = {NULL, parse_option, "COMMAND [OPTION...]", doc, NULL,
					 NULL, NULL};
	struct selection s = {0};
	struct axon_err err = {0};
	char name[32];

	argp_program_version_hook = print_version;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &s);

	snprintf(name, sizeof(name), "accel-bench %s", s.command->name);
	s.argv[0] = name;
	if (!s.command->run(s.argc, s.argv, &err))
		return 0;
	fprintf(stderr, "%s: %s\n", name, err.msg);
	return 1;
}
