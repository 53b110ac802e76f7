// SPDX-License-Identifier: MIT
/* accel-smi: shows the accelerators and who uses them. It changes nothing. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "smi_health.h"

/* Utilisation of a single look is that of this time. */
#define SAMPLE_SECONDS 0.2

static void wait_seconds(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

/* One output of those that `n` counts from 1. */
static enum smi_exit print(const struct smi *smi, const struct smi_options *o, unsigned long n)
{
	if (o->csv)
		return smi_print_csv(smi, o, n == 1 && !o->no_header);
	if (o->json) {
		smi_print_json(smi, o->verb, o->interval > 0);
	} else {
		if (n > 1)
			putchar('\n');
		smi_print_text(smi, o->verb);
	}
	return SMI_OK;
}

/* Whether it tells what happens between two looks; other verbs answer at once. */
static bool takes_time(enum smi_verb verb)
{
	return verb != SMI_LIST && verb != SMI_STATIC && verb != SMI_EVENT;
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
			ret = print(smi, o, n);
		if (ret || !o->interval || n == o->iterations)
			break;
	}
	if (!ret && o->verb == SMI_HEALTH && smi_failed(smi))
		ret = SMI_FAILURE;
	return ret;
}

int main(int argc, char **argv)
{
	struct smi_options options;
	enum smi_exit ret;
	struct smi smi;

	smi_options_parse(argc, argv, &options);
	if (options.verb == SMI_EXPLAIN)
		return smi_explain(&options);
	ret = smi_open(&smi, options.device);
	if (ret)
		return ret;
	ret = watch(&smi, &options);
	smi_close(&smi);
	return ret;
}
