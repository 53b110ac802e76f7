/* SPDX-License-Identifier: MIT */
/* The command line of accel-train fashion-mnist. */
#ifndef AXON_TOOLS_TRAIN_CLASSIFIER_OPTIONS_H
#define AXON_TOOLS_TRAIN_CLASSIFIER_OPTIONS_H

#include "train.h"

struct train_classifier_options {
	struct train_common common;
	const char *data;		 /* folder of the data set */
	const char *out, *resume, *eval; /* checkpoints */
	uint64_t steps, epochs;		 /* one of them; 0: not given */
	uint64_t seed;
	uint32_t batch;
	bool seed_given, batch_given;
};

/* Exits with a message and status 2 on a wrong command line, as argp does. */
void train_classifier_options_parse(int argc, char **argv, struct train_classifier_options *o);

#endif
