/* SPDX-License-Identifier: MIT */
/* The command line of accel-train lm. */
#ifndef AXON_TOOLS_TRAIN_LM_OPTIONS_H
#define AXON_TOOLS_TRAIN_LM_OPTIONS_H

#include "lm_settings.h"
#include "quant.h"
#include "train.h"

struct train_lm_options {
	struct train_common common;
	const char *data;	/* the text */
	const char *out;	/* the GGUF file */
	const char *checkpoint; /* to write */
	const char *resume;	/* a checkpoint */
	const char *eval;	/* a checkpoint or a GGUF file */
	enum quant_id type;	/* of the GGUF file's matrices */
	struct lm_settings settings;
	bool given[LM_SETTINGS];
};

/* Exits with a message and status 2 on a wrong command line, as argp does. */
void train_lm_options_parse(int argc, char **argv, struct train_lm_options *o);

#endif
