// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smi.h"

enum { OPT_JSON = 256 };

static const struct argp_option options[] = {
	{"device", 'd', "DEV", 0, "only this one: index, PCI address, UUID, or all (the default)",
	 0},
	{"watch", 'w', "SEC", 0, "print again every SEC seconds", 0},
	{"iterations", 'i', "N", 0, "with -w: stop after N times", 0},
	{"json", OPT_JSON, NULL, 0, "print JSON; with -w one line each time", 0},
	{0}};

static const char doc[] =
	"Show the axon accelerators, what is in their memory and what keeps them busy.\n\n"
	"Without VERB one table of devices and processes. Verbs:\n"
	"  list     what there is: name, address, UUID, hardware\n"
	"  metric   memory, queues, faults, utilisation of each engine\n"
	"  process  who uses the devices\v"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 4 no permission, 6 no such device, 9 no "
	"driver, 15 device lost.";

static const char *const verbs[] = {
	[SMI_LIST] = "list", [SMI_METRIC] = "metric", [SMI_PROCESS] = "process"};

static enum smi_verb parse_verb(const char *name, struct argp_state *state)
{
	for (enum smi_verb verb = SMI_LIST; verb <= SMI_PROCESS; verb++)
		if (!strcmp(name, verbs[verb]))
			return verb;
	argp_error(state, "verb: expected list, metric or process, found '%s'", name);
	return SMI_ALL;
}

static double seconds(const char *text, struct argp_state *state)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= 0.1 && v <= 86400))
		argp_error(state, "-w: expected seconds from 0.1 to 86400, found '%s'", text);
	return v;
}

static unsigned long count(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || end == text || *end || !v || text[0] == '-')
		argp_error(state, "-i: expected a whole number of at least 1, found '%s'", text);
	return v;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct smi_options *o = state->input;

	switch (key) {
	case 'd': o->device = strcmp(arg, "all") ? arg : NULL; break;
	case 'w': o->interval = seconds(arg, state); break;
	case 'i': o->iterations = count(arg, state); break;
	case OPT_JSON: o->json = true; break;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "expected one verb, found '%s' too", arg);
		o->verb = parse_verb(arg, state);
		break;
	case ARGP_KEY_END:
		if (o->iterations && !o->interval)
			argp_error(state, "-i: expected -w SEC with it, found none");
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "accel-smi %s\n", accel_version());
}

void smi_options_parse(int argc, char **argv, struct smi_options *o)
{
	static const struct argp argp = {options, parse_option, "[VERB]", doc, NULL, NULL, NULL};

	argp_program_version_hook = print_version;
	argp_err_exit_status = SMI_USAGE;
	*o = (struct smi_options){0};
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
