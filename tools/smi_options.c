// SPDX-License-Identifier: MIT
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smi.h"

enum { OPT_JSON = 256, OPT_CSV, OPT_QUERY, OPT_NO_HEADER, OPT_NO_UNITS };

static const struct argp_option options[] = {
	{"device", 'd', "DEV", 0, "only this one: index, PCI address, UUID, or all (the default)",
	 0},
	{"watch", 'w', "SEC", 0, "print again every SEC seconds", 0},
	{"iterations", 'i', "N", 0, "with -w: stop after N times", 0},
	{"output", 'o', "FILE", 0, "write to FILE, which is replaced once the output is whole", 0},
	{"json", OPT_JSON, NULL, 0, "print JSON; with -w one line each time", 0},
	{"csv", OPT_CSV, NULL, 0,
	 "print CSV: field names, then a row for each device, process or event", 0},
	{"query", OPT_QUERY, "F1,F2", 0, "CSV of these fields of any verb", 0},
	{"no-header", OPT_NO_HEADER, NULL, 0, "with --csv: no field names", 0},
	{"no-units", OPT_NO_UNITS, NULL, 0, "with --csv: plain numbers", 0},
	{0}};

static const char doc[] =
	"Show the axon accelerators, what is in their memory and what keeps them busy.\n\n"
	"Without VERB one table of devices and processes. Verbs:\n"
	"  list     what there is: name, address, UUID, hardware\n"
	"  static   all that does not change: identity, sizes, features, driver\n"
	"  metric   memory, queues, faults, utilisation of each engine\n"
	"  process  who uses the devices, and what their memory is for\n"
	"  event    the newest faults and resets; with -w those that come\n"
	"  health   PASS, WARN or FAIL of each check; FAIL exits with 1\n"
	"  topo     where the devices are plugged in, and how near to each other\n"
	"  top      devices and processes, live, the busiest first; q ends it\n"
	"  diag     a self-test that any user of the device may run; FAIL exits with 1\n"
	"  dump     all of the above but diag as JSON, and for root the registers, for a report\n"
	"  explain  what an error or a fault means and what to do: its name, its number or an "
	"errno; without one the whole catalogue\v"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 4 no permission, 6 no such device, 9 no "
	"driver, 15 device lost.";

static const char *const verbs[SMI_NUM_VERBS] = {
	[SMI_LIST] = "list",	   [SMI_STATIC] = "static",  [SMI_METRIC] = "metric",
	[SMI_PROCESS] = "process", [SMI_EVENT] = "event",    [SMI_HEALTH] = "health",
	[SMI_TOPO] = "topo",	   [SMI_TOP] = "top",	     [SMI_DIAG] = "diag",
	[SMI_DUMP] = "dump",	   [SMI_EXPLAIN] = "explain"};

static enum smi_verb parse_verb(const char *name, struct argp_state *state)
{
	for (enum smi_verb verb = SMI_LIST; verb < SMI_NUM_VERBS; verb++)
		if (!strcmp(name, verbs[verb]))
			return verb;
	argp_error(state,
		   "verb: expected list, static, metric, process, event, health, topo, top, "
		   "diag, dump or explain, found '%s'",
		   name);
	return SMI_ALL;
}

static void parse_argument(struct smi_options *o, const char *text, struct argp_state *state)
{
	if (!state->arg_num)
		o->verb = parse_verb(text, state);
	else if (o->verb == SMI_EXPLAIN && state->arg_num == 1)
		o->entry = text;
	else
		argp_error(state, "expected one %s, found '%s' too",
			   o->verb == SMI_EXPLAIN ? "name" : "verb", text);
}

/* Options that do not go together. */
static void check_options(const struct smi_options *o, struct argp_state *state)
{
	if (o->iterations && !o->interval && o->verb != SMI_TOP)
		argp_error(state, "-i: expected -w SEC with it, found none");
	if ((o->no_header || o->no_units) && !o->csv)
		argp_error(state, "%s: expected --csv or --query with it, found none",
			   o->no_header ? "--no-header" : "--no-units");
	if (o->csv && o->json)
		argp_error(state, "expected one of --csv and --json, found both");
	if (o->verb == SMI_TOP && (o->csv || o->json || o->output))
		argp_error(state, "top: expected no option but -d, -w and -i, found %s",
			   o->csv    ? "--csv"
			   : o->json ? "--json"
				     : "-o");
	if (o->verb == SMI_DUMP && (o->csv || o->interval > 0))
		argp_error(state, "dump: expected no option but -d, -o and --json, found %s",
			   o->csv ? "--csv" : "-w");
	if (o->verb == SMI_EXPLAIN && (o->csv || o->interval || o->device))
		argp_error(state, "explain: expected no option but --json and -o, found %s",
			   o->csv      ? "--csv"
			   : o->device ? "-d"
				       : "-w");
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
	case 'o': o->output = arg; break;
	case OPT_JSON: o->json = true; break;
	case OPT_QUERY:
		o->query = arg;
		o->csv = true;
		break;
	case OPT_CSV: o->csv = true; break;
	case OPT_NO_HEADER: o->no_header = true; break;
	case OPT_NO_UNITS: o->no_units = true; break;
	case ARGP_KEY_ARG: parse_argument(o, arg, state); break;
	case ARGP_KEY_END: check_options(o, state); break;
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
	static const struct argp argp = {options, parse_option, "[VERB [NAME]]", doc, NULL,
					 NULL,	  NULL};

	argp_program_version_hook = print_version;
	argp_err_exit_status = SMI_USAGE;
	*o = (struct smi_options){0};
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
