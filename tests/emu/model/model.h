/* SPDX-License-Identifier: MIT */
/* The default model on the accelerator, for tests. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <stdint.h>

#include "llm.h"
#include "tokenizer.h"

/* The model of AXON_TEST_MODEL, or the default one in the cache; ends with 77 where there is none. */
struct model {
	struct gguf *gguf;
	struct tokenizer *tokenizer;
	struct chip chip;
	struct llm *llm;
};

void model_open(struct model *m, uint32_t context, uint32_t logit_rows);
void model_close(struct model *m);
/* A file of tests/data, NUL-terminated; the caller frees it. */
char *model_read_data(const char *name);

#endif
