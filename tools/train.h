/* SPDX-License-Identifier: MIT */
/* accel-train's tasks and what they share. */
#ifndef AXON_TOOLS_TRAIN_H
#define AXON_TOOLS_TRAIN_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* The tasks: parse their own command line, and return the exit status. */
int train_classifier_main(int argc, char **argv);
int train_lm_main(int argc, char **argv);

/* Ctrl-C or SIGTERM was received: end the work in order. */
bool train_interrupted(void);
/* The exit status, the error printed. */
int train_status(int ret, const struct axon_err *err);

/* Options of every task; the argp's input is this struct. */
struct train_common {
	uint64_t report;     /* steps between lines */
	uint64_t save_every; /* steps; 0: not given */
	unsigned int device;
	bool progress;
};

extern const struct argp train_common_argp;

/* A whole number in this range; otherwise exits as argp_error() does. */
uint64_t train_number(struct argp_state *state, const char *name, const char *text, uint64_t min,
		      uint64_t max);

#endif
