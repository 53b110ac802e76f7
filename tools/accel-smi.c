// SPDX-License-Identifier: MIT
/* accel-smi: shows the accelerators and who uses them. It changes nothing. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "smi.h"

/* Utilisation of a single look is that of this time. */
#define SAMPLE_SECONDS 0.2

static void wait_seconds(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};

	nanosleep(&t, NULL);
}

static enum smi_exit watch(struct smi *smi, const struct smi_options *o)
{
	enum smi_exit ret = smi_sample(smi);
	double wait = SAMPLE_SECONDS;

	for (unsigned long n = 1; !ret; n++, wait = o->interval) {
		if (o->verb != SMI_LIST || n > 1)
			wait_seconds(wait);
		ret = smi_sample(smi);
		if (ret)
			break;
		if (o->json) {
			smi_print_json(smi, o->verb, o->interval > 0);
		} else {
			if (n > 1)
				putchar('\n');
			smi_print_text(smi, o->verb);
		}
		if (!o->interval || n == o->iterations)
			break;
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct smi_options options;
	enum smi_exit ret;
	struct smi smi;

	smi_options_parse(argc, argv, &options);
	ret = smi_open(&smi, options.device);
	if (ret)
		return ret;
	ret = watch(&smi, &options);
	smi_close(&smi);
	return ret;
}
