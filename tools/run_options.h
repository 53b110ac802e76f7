/* SPDX-License-Identifier: MIT */
/* accel-run's command line. */
#ifndef AXON_TOOLS_RUN_OPTIONS_H
#define AXON_TOOLS_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "llm.h"

enum run_mode { RUN_GENERATE, RUN_CHAT, RUN_PROMPTS, RUN_PERPLEXITY, RUN_DIVERGENCE };

struct run_options {
	enum run_mode mode;
	const char *model, *prompt, *file, *prompts, *base, *template;
	unsigned int device;
	int64_t predict; /* tokens to generate, < 0: until the model ends or the context is full */
	uint32_t context, batch, chunks, parallel;
	bool ignore_end, progress, trace;
	struct llm_sampling sampling;
};

/* Exits with a message and status 2 on a wrong command line, as argp does. */
void run_options_parse(int argc, char **argv, struct run_options *o);

#endif
