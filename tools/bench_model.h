/* SPDX-License-Identifier: MIT */
/* What a model is called and how large it is, as llama-bench says it. */
#ifndef AXON_TOOLS_BENCH_MODEL_H
#define AXON_TOOLS_BENCH_MODEL_H

#include <stdint.h>

#include "bench_report.h"
#include "gguf.h"
#include "llm.h"

struct bench_model {
	char type[64]; /* "llama 1B Q8_0" */
	uint64_t bytes, params;
};

void bench_model_describe(const struct gguf *g, struct bench_model *m);
void bench_model_size_cell(struct report_row *row, uint64_t bytes);
void bench_model_params_cell(struct report_row *row, uint64_t params);

/* The part of the modelled time that the matrix engines of all cores were busy, 0 to 1. */
double bench_matrix_use(const struct llm_step_trace *t, uint32_t cores);

#endif
