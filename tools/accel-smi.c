// SPDX-License-Identifier: MIT
/* accel-smi: shows the accelerators and who uses them, and tests them when asked to. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "smi_diag.h"
#include "smi_event.h"
#include "smi_top.h"

/* Utilisation of a single look is that of this time. */
#define SAMPLE_SECONDS 0.2
/* From one live view to the next, if not told otherwise. */
#define TOP_SECONDS 1

static void wait_seconds(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

static enum smi_exit print(const struct smi *smi, const struct smi_options *o)
{
	if (o->csv)
		return smi_print_csv(smi, o, smi->first && !o->no_header);
	if (o->json || o->verb == SMI_DUMP) {
		smi_print_json(smi, o->verb, o->interval > 0);
	} else {
		if (!smi->first && o->verb != SMI_EVENT)
			putchar('\n');
		smi_print_text(smi, o->verb);
	}
	return SMI_OK;
}

/* A file holds one output; standard output takes one after the other. */
static enum smi_exit output(struct smi *smi, const struct smi_options *o, unsigned long n)
{
	struct smi_output out;
	enum smi_exit end, ret = smi_output_begin(&out, o->output);

	if (ret)
		return ret;
	if (o->verb == SMI_DIAG)
		for (unsigned int i = 0; i < smi->num_devices; i++)
			smi_diag_run(&smi->devices[i]);
	smi->first = n == 1 || o->output;
	ret = print(smi, o);
	end = smi_output_end(&out, !ret);
	if (!o->output)
		smi_event_told(smi);
	return ret ? ret : end;
}

/* Whether it tells what happens between two looks; other verbs answer at once. */
static bool takes_time(enum smi_verb verb)
{
	return verb == SMI_ALL || verb == SMI_METRIC || verb == SMI_PROCESS || verb == SMI_HEALTH ||
	       verb == SMI_DUMP;
}

/* By the last output. */
static bool has_failed(const struct smi *smi, enum smi_verb verb)
{
	if (verb == SMI_DIAG)
		for (unsigned int i = 0; i < smi->num_devices; i++)
			if (smi_diag_worst(&smi->devices[i]) == SMI_FAIL)
				return true;
	return verb == SMI_HEALTH && smi_failed(smi);
}

static enum smi_exit watch(struct smi *smi, const struct smi_options *o)
{
	enum smi_exit ret = smi_sample(smi);
	double wait = SAMPLE_SECONDS;

	for (unsigned long n = 1; !ret; n++, wait = o->interval) {
		if (takes_time(o->verb) || o->query || n > 1)
			wait_seconds(wait);
		ret = smi_sample(smi);
		if (!ret)
			ret = output(smi, o, n);
		if (ret || !o->interval || n == o->iterations)
			break;
	}
	if (!ret && has_failed(smi, o->verb))
		ret = SMI_FAILURE;
	return ret;
}

/* The first view comes at once, of a short time; then each of the interval. */
static enum smi_exit top(struct smi *smi, const struct smi_options *o)
{
	enum smi_exit ret = smi_sample(smi);
	double wait = SAMPLE_SECONDS;
	struct smi_top top;

	smi_top_begin(&top);
	for (unsigned long n = 1; !ret && smi_top_wait(&top, wait); n++) {
		wait = o->interval > 0 ? o->interval : TOP_SECONDS;
		ret = smi_sample(smi);
		if (!ret)
			smi_top_print(&top, smi);
		if (n == o->iterations)
			break;
	}
	smi_top_end(&top);
	return ret;
}

static enum smi_exit explain(const struct smi_options *o)
{
	struct smi_output out;
	enum smi_exit end, ret = smi_output_begin(&out, o->output);

	if (ret)
		return ret;
	ret = smi_explain(o);
	end = smi_output_end(&out, !ret);
	return ret ? ret : end;
}

int main(int argc, char **argv)
{
	struct smi_options options;
	enum smi_exit ret;
	struct smi smi;

	smi_options_parse(argc, argv, &options);
	if (options.verb == SMI_EXPLAIN)
		return explain(&options);
	ret = smi_open(&smi, options.device);
	if (ret)
		return ret;
	ret = options.verb == SMI_TOP ? top(&smi, &options) : watch(&smi, &options);
	smi_close(&smi);
	return ret;
}
