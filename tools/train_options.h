/* SPDX-License-Identifier: MIT */
/* accel-train's command line. */
#ifndef AXON_TOOLS_TRAIN_OPTIONS_H
#define AXON_TOOLS_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct train_options {
	const char *data;		 /* folder of the data set */
	const char *out, *resume, *eval; /* checkpoints */
	uint64_t steps, epochs;		 /* one of them; 0: not given */
	uint64_t save_every;		 /* steps; 0: at the end of each epoch */
	uint64_t report;		 /* steps between lines */
	uint64_t seed;
	uint32_t batch;
	bool seed_given, batch_given, progress;
	unsigned int device;
};

/* Exits with a message and status 2 on a wrong command line, as argp does. */
void train_options_parse(int argc, char **argv, struct train_options *o);

#endif
