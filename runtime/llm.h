/* SPDX-License-Identifier: MIT */
/*
 * A language model on the chip: weights and key-value cache in device memory, and recorded streams
 * that run a prompt and each further token. Here one sequence at a time; llm_batch.h has several,
 * of which this is the case of one.
 */
#ifndef AXON_RUNTIME_LLM_H
#define AXON_RUNTIME_LLM_H

#include "chip.h"
#include "llm_config.h"
#include "logprob_args.h"
#include "upload.h"

struct llm;

struct llm_sampling {
	float temperature; /* 0: the most likely token */
	uint32_t top_k;	   /* 0: off */
	float top_p;	   /* 1: off */
	float min_p;	   /* 0: off */
	uint64_t seed;
};

struct llm_options {
	uint32_t
		context; /* tokens the cache holds; 0: what the model was trained for, at most 4096 */
	uint32_t batch; /* prompt tokens in one step; 0: 512 */
	uint32_t
		logit_rows; /* rows of logits computed at once by llm_score(); 0: only what sampling needs */
	uint32_t sequences; /* at once, at most; 0: 1 */
	uint32_t cache;	    /* tokens that all of them may hold together; 0: a context each */
	uint32_t run_ahead; /* steps submitted before their results are seen; 0: 4, 1: none */
	upload_progress progress;
	void *opaque;
};

struct llm_memory {
	uint64_t file, weights, cache, activations; /* bytes; file: of the tensors in the GGUF */
};

/* The GGUF must stay open until this returns. -ENOSPC: the message says what --vram would do. */
int llm_open(struct chip *chip, const struct gguf *g, const struct llm_options *options,
	     struct llm **out, struct axon_err *err);
void llm_close(struct llm *m);

const struct llm_config *llm_config(const struct llm *m);
struct llm_memory llm_memory(const struct llm *m);
uint32_t llm_context(const struct llm *m);
uint32_t llm_sequences(const struct llm *m);

/*
 * Tokens that end a text: the chip goes no further by itself, though it may be told to. Those beyond
 * LLM_ENDS are left to the caller to see.
 */
#define LLM_ENDS 16
void llm_set_ends(struct llm *m, const int32_t *tokens, uint32_t n);

/* The draws start over. */
void llm_set_sampling(struct llm *m, const struct llm_sampling *s);
/* No more than n tokens after the next prompt will be asked for: the chip runs no further ahead. */
void llm_set_limit(struct llm *m, uint32_t n);

/* Tokens in the cache. llm_rewind() forgets those from position pos on. */
uint32_t llm_position(const struct llm *m);
void llm_rewind(struct llm *m, uint32_t pos);

/* Appends n >= 1 tokens and samples the one that follows. -ENOSPC when the context is full. */
int llm_prompt(struct llm *m, const int32_t *tokens, uint32_t n, int32_t *next,
	       struct axon_err *err);
/* Appends the token sampled last and samples the next. */
int llm_next(struct llm *m, int32_t *next, struct axon_err *err);

/* What a step took, kernel by kernel; times in ns. `busy`: modelled cycles of each engine, all cores together. */
struct llm_kernel_cost {
	const char *name;
	uint32_t launches;
	uint64_t ns;	 /* wall */
	uint64_t cycles; /* modelled */
	uint64_t instret;
};

struct llm_step_trace {
	uint32_t packets;
	bool user_queue; /* submitted without the kernel */
	uint64_t submit, submitted,
		woken;	      /* CLOCK_MONOTONIC: before and after the submission, after the wait */
	uint64_t first, last; /* device time of the stream's first and last packet */
	uint64_t cycles;      /* modelled, of the whole stream */
	uint64_t busy[AXON_NUM_ENGINES];
	uint32_t kernels;
	struct llm_kernel_cost kernel[CHIP_KERNEL_COUNT];
};

/* As llm_next(), with statistics in every packet. */
int llm_next_traced(struct llm *m, int32_t *next, struct llm_step_trace *trace,
		    struct axon_err *err);

/*
 * The logits that llm_prompt()'s token was sampled from, float[vocabulary]. After llm_next() with
 * nothing run ahead they are those of its token.
 */
const float *llm_logits(const struct llm *m);

/* One scored position; logits is float[vocabulary], valid during the call. Non-zero ends the scoring. */
typedef int (*llm_scored)(void *opaque, uint32_t position, const struct logprob *score,
			  const float *logits);
/*
 * Runs n tokens as a text of its own (from position 0), and calls `scored` for each position p of
 * first .. n - 2 with the log-probability of token p + 1, in order. Needs logit_rows.
 */
int llm_score(struct llm *m, const int32_t *tokens, uint32_t n, uint32_t first, llm_scored scored,
	      void *opaque, struct axon_err *err);

#endif
