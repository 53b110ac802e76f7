/* SPDX-License-Identifier: MIT */
/* What the parts of a language model on the chip share. */
#ifndef AXON_RUNTIME_LLM_PRIV_H
#define AXON_RUNTIME_LLM_PRIV_H

#include "llm_batch.h"
#include "llm_pool.h"
#include "llm_weights.h"
#include "step_args.h"

/* One stream for each power of two of rows. */
#define LLM_STREAMS 18

/* The same activations for consumers of different types: quantised, dense, or both. */
struct activations {
	uint64_t q8a, dense; /* addresses, [batch] rows */
};

struct llm {
	struct chip *chip;
	struct llm_config config;
	struct llm_weights weights;
	struct llm_memory memory;
	uint32_t context, batch, logit_rows;
	uint32_t rows;	      /* of the largest step */
	uint32_t sram_budget; /* bytes of a core's SRAM that kernels may plan with */

	struct llm_pool pool;
	uint32_t most_sequences, table_pages;
	struct llm_sequence *sequences; /* [most_sequences] */
	uint64_t ages;			/* prompts so far */

	/* llm_prompt() and llm_next() */
	struct llm_sequence *single;
	struct llm_sampling sampling;
	uint32_t limit;

	/* Steps, by their serial numbers modulo 2^32: composed <= seen <= submitted. */
	uint32_t run_ahead;
	uint32_t submitted, seen;      /* steps that were submitted, whose results were read */
	uint32_t composed;	       /* the last that the host wrote */
	uint64_t values[STEP_RESULTS]; /* what each signals, by serial % STEP_RESULTS */
	bool stale;		       /* the chip's next step is not what the host wants */
	struct tracer *tracer;	       /* of the next step; NULL: none */

	struct accel_buffer *cache;	  /* keys and values */
	uint64_t head_bytes;		  /* of one kv head's keys, or values, in one layer */
	struct accel_buffer *scratch;	  /* activations */
	uint64_t x, y, q, k, v, attended; /* float[batch][...] */
	struct activations h, heads, gated;
	struct accel_buffer *ropes;
	uint64_t cos, sin, cos_local, sin_local;

	struct accel_buffer *control; /* system memory, mapped */
	struct step *step;
	uint32_t *tokens, *pages;
	struct step_segment *segments;
	struct step_output *outputs;
	struct step_sequence *step_sequences;
	struct step_chosen *chosen;
	uint64_t step_va;
	uint32_t *targets;
	struct logprob *scores;
	float *logits;
	uint64_t targets_va, scores_va, logits_va;

	struct accel_stream *steps[LLM_STREAMS]; /* of up to 2^i rows, recorded when first used */
	struct accel_stream *head;
};

struct llm_sequence {
	struct llm *m;
	bool used;
	uint32_t index;
	uint64_t age;	 /* when it was given its prompt */
	uint32_t *pages; /* [n_pages] */
	uint32_t n_pages;
	uint32_t pos;		/* tokens in the cache once the last step that was seen is over */
	const int32_t *pending; /* not in a step yet */
	uint32_t n_pending;
	int32_t last;	  /* sampled, and not appended */
	uint32_t left;	  /* tokens still to sample; 0: it has ended */
	uint32_t valid;	  /* serial of the first step whose tokens count */
	uint32_t counter; /* random numbers drawn */
	struct llm_sampling sampling;
};

/* llm_memory.c: buffers and addresses. llm->config, chip, context, batch, logit_rows are set. */
int llm_plan_memory(struct llm *m, const struct gguf *g, struct axon_err *err);
int llm_create_buffers(struct llm *m, struct axon_err *err);
void llm_destroy_buffers(struct llm *m);

/* llm_record.c: packets. */
/* A step of up to `rows` rows, to the tokens of its outputs and the next step. */
int llm_record_step(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err);
/* Logits of up to logit_rows outputs of a step that had none, and log-probabilities of the targets. */
int llm_record_score(struct llm *m, struct accel_stream *s, struct axon_err *err);
/* -ENOTSUP when a row of scores does not fit a core's SRAM. */
int llm_check_attention(const struct llm *m, struct axon_err *err);

/* llm_step.c */
/* Waits for all steps under way; what they sampled and the host has not seen is forgotten. */
int llm_settle(struct llm *m, struct axon_err *err);
/* An empty step, and rows of q in it. Only while no step is under way. */
void llm_begin_step(struct llm *m);
void llm_add_rows(struct llm *m, struct llm_sequence *q, const int32_t *tokens, uint32_t n);
int llm_submit_step(struct llm *m, uint32_t rows, struct axon_err *err);
/* llm_step() with at most `ahead` steps under way. */
int llm_step_ahead(struct llm *m, uint32_t ahead, struct llm_token *tokens, uint32_t *n, bool *more,
		   struct axon_err *err);

/* llm_sequence.c */
int llm_check_tokens(const struct llm *m, const int32_t *tokens, uint32_t n, struct axon_err *err);

/* llm_trace.c */
/* Records a step with statistics and submits it. */
int llm_tracer_submit(struct llm *m, uint32_t rows, uint64_t *value, struct axon_err *err);

#endif
