/* SPDX-License-Identifier: MIT */
/* What accel-run's modes share: the opened model, interruption, progress. */
#ifndef AXON_TOOLS_RUN_H
#define AXON_TOOLS_RUN_H

#include <stdbool.h>

#include "llm.h"
#include "run_options.h"
#include "tokenizer.h"

struct prompts;

struct run {
	const struct run_options *options;
	struct gguf *gguf;
	struct tokenizer *tokenizer;
	struct chip chip;
	struct llm *llm;
	struct prompts *prompts; /* RUN_PROMPTS */
	bool show_progress;
};

/* Each returns 0, or a negative errno with err filled; -EINTR after Ctrl-C. */
int run_generate(struct run *r, struct axon_err *err);
int run_chat(struct run *r, struct axon_err *err);
/* Reads the prompts, once the tokenizer is open, and plans the cache that they need. */
int run_prompts_load(struct run *r, struct llm_options *options, struct axon_err *err);
int run_prompts(struct run *r, struct axon_err *err);
void run_prompts_free(struct prompts *p);
int run_perplexity(struct run *r, struct axon_err *err);
int run_divergence(struct run *r, struct axon_err *err);

/* Ctrl-C was pressed. */
bool run_interrupted(void);
double run_now(void); /* seconds */
/* Seconds since the process was started, loading the program included, to 10 ms. */
double run_age(void);
/* A whole file in memory that the caller frees. */
int run_read_file(const char *path, char **text, size_t *len, struct axon_err *err);

#endif
