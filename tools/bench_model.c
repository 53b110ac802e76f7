// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "bench_model.h"

/* GGUF's general.file_type, in llama.cpp's words. */
static const char *file_type_name(uint32_t type)
{
	static const char *const names[] = {
		[0] = "all F32",	[1] = "F16",
		[2] = "Q4_0",		[3] = "Q4_1",
		[7] = "Q8_0",		[8] = "Q5_0",
		[9] = "Q5_1",		[14] = "Q4_K - Small",
		[15] = "Q4_K - Medium", [16] = "Q5_K - Small",
		[17] = "Q5_K - Medium", [18] = "Q6_K",
		[32] = "BF16",
	};

	return type < sizeof(names) / sizeof(*names) && names[type] ? names[type] : "mixed";
}

void bench_model_describe(const struct gguf *g, struct bench_model *m)
{
	struct gguf_str label = {"", 0};
	uint32_t type = UINT32_MAX;

	gguf_str(g, "general.size_label", &label, NULL);
	gguf_u32_or(g, "general.file_type", type, &type, NULL);
	snprintf(m->type, sizeof(m->type), "%s%s%.*s %s", gguf_arch(g), label.n ? " " : "",
		 label.n < 16 ? (int)label.n : 16, label.p, file_type_name(type));
	for (char *c = m->type; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	m->bytes = m->params = 0;
	for (size_t i = 0; i < gguf_n_tensors(g); i++) {
		const struct gguf_tensor *t = gguf_tensor(g, i);

		m->bytes += t->size;
		m->params += t->ne[0] * t->ne[1] * t->ne[2] * t->ne[3];
	}
}

void bench_model_size_cell(struct report_row *row, uint64_t bytes)
{
	if (bytes < 1u << 30)
		report_cell(row, "%.2f MiB", (double)bytes / 0x1p20);
	else
		report_cell(row, "%.2f GiB", (double)bytes / 0x1p30);
}

void bench_model_params_cell(struct report_row *row, uint64_t params)
{
	if (params < 1000000000)
		report_cell(row, "%.2f M", (double)params / 1e6);
	else
		report_cell(row, "%.2f B", (double)params / 1e9);
}

double bench_matrix_use(const struct llm_step_trace *t, uint32_t cores)
{
	double all = (double)t->cycles * cores;

	return all > 0 ? (double)t->busy[AXON_ENGINE_MATRIX] / all : 0;
}
