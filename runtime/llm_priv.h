/* SPDX-License-Identifier: MIT */
/* What the parts of a language model on the chip share. */
#ifndef AXON_RUNTIME_LLM_PRIV_H
#define AXON_RUNTIME_LLM_PRIV_H

#include "llm.h"
#include "llm_weights.h"
#include "step_args.h"

/* The same activations for consumers of different types: quantised, dense, or both. */
struct activations {
	uint64_t q8a, dense; /* addresses, [batch] rows */
};

struct llm {
	struct chip *chip;
	struct llm_config config;
	struct llm_weights weights;
	struct llm_memory memory;
	struct llm_sampling sampling;
	uint32_t context, batch, logit_rows;
	uint32_t sram_budget; /* bytes of a core's SRAM that kernels may plan with */
	uint32_t pos;	      /* tokens in the cache */

	struct accel_buffer *cache;	  /* keys and values */
	uint64_t head_bytes;		  /* of one kv head's keys, or values, in one layer */
	struct accel_buffer *scratch;	  /* activations */
	uint64_t x, y, q, k, v, attended; /* float[batch][...] */
	struct activations h, heads, gated;
	struct accel_buffer *ropes;
	uint64_t cos, sin, cos_local, sin_local;

	struct accel_buffer *control; /* system memory, mapped */
	struct step *step, *head_step;
	uint64_t step_va, head_step_va;
	uint32_t *targets;
	struct logprob *scores;
	float *logits;
	uint64_t targets_va, scores_va, logits_va;

	struct accel_stream *decode, *prefill, *head;
	uint32_t prefill_rows; /* what `prefill` was recorded for, 0 = nothing */
	bool prefill_samples;
};

/* llm_memory.c: buffers and addresses. llm->config, chip, context, batch, logit_rows are set. */
int llm_plan_memory(struct llm *m, const struct gguf *g, struct axon_err *err);
int llm_create_buffers(struct llm *m, struct axon_err *err);
void llm_destroy_buffers(struct llm *m);

/* llm_record.c: packets. */
/* All layers and the final norm, for `rows` tokens of the step block. */
int llm_record_layers(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err);
/* Logits of `rows` rows of the normalised output, from row `first` on (head_step->rows at most). */
int llm_record_head(struct llm *m, struct accel_stream *s, uint32_t first, uint32_t rows,
		    struct axon_err *err);
int llm_record_sample(struct llm *m, struct accel_stream *s, struct axon_err *err);
/* Log-probabilities of the targets of `rows` rows of logits. */
int llm_record_logprobs(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err);
/* -ENOTSUP when a row of scores does not fit a core's SRAM. */
int llm_check_attention(const struct llm *m, struct axon_err *err);

/* llm.c: rows tokens through the layers and, if asked for, the logits of the last and a sample of them. */
int llm_record_step(struct llm *m, struct accel_stream *s, uint32_t rows, bool sample,
		    struct axon_err *err);

#endif
