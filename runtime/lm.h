/* SPDX-License-Identifier: MIT */
/*
 * A decoder-only language model of the llama architecture in training: RMSNorm before each half of
 * a layer, rotary embedding of adjacent pairs, causal grouped-query attention, SwiGLU, fp32. Where
 * training is, is (seed, batch, step) and the parameters with their moments: a checkpoint holds
 * these, and going on from it with the same data gives the same bits as never having stopped.
 */
#ifndef AXON_RUNTIME_LM_H
#define AXON_RUNTIME_LM_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"

#define LM_MAX_BATCH 1024

struct lm_config {
	uint32_t vocab; /* tokens */
	uint32_t embed; /* width of a token's row; a multiple of 2 · heads */
	uint32_t layers;
	uint32_t heads;	   /* query heads of embed / heads elements */
	uint32_t kv_heads; /* divides heads */
	uint32_t ff;	   /* width of the feed-forward layer */
	uint32_t context;  /* tokens of a sequence */
	float rope_base;
	float eps; /* of every RMSNorm */
	bool tied; /* the output uses token_embd.weight; there is no output.weight */
};

/*
 * AdamW with decoupled weight decay, gradients clipped to a global norm first. The rate of step s,
 * from 1, rises linearly to `rate` over `warmup` steps and then falls on half a cosine to
 * `min_rate` at step `steps`, where it stays. Norm weights never decay.
 */
struct lm_optimizer {
	double rate, min_rate;
	uint32_t warmup; /* steps, 0: none */
	uint32_t steps;	 /* of the whole schedule, 0: constant after the warm-up */
	double beta1, beta2, eps;
	double decay;
	bool decay_embedding; /* token_embd.weight decays too */
	double clip;	      /* largest norm of all gradients together, 0: no limit */
};

struct lm_state {
	uint64_t seed;
	uint32_t batch; /* sequences of a step */
	uint64_t step;	/* steps done */
};

struct lm {
	struct lm_config config;
	struct lm_optimizer optimizer;
	struct lm_state at; /* a checkpoint that is loaded sets at.step */
	struct chip *chip;
	struct graph graph;
	struct accel_stream *train, *eval;
	struct accel_buffer *tables;
};

/* A parameter, or one of its moments, as the host sees it: row-major floats. */
struct lm_parameter {
	const char *name; /* of the GGUF tensor: token_embd.weight, blk.0.attn_q.weight, … */
	uint32_t dims;
	const uint32_t *dim; /* [out][in]: the reverse of GGUF's order */
	uint64_t elements;
	float *value, *m, *v; /* read and write between steps */
};

/*
 * Takes memory and fills the parameters from the seed: norm weights are 1, matrices uniform with a
 * deviation of 0.02, those that feed the residual stream divided by √(2 · layers). step is 0.
 * A configuration that cannot be is refused by the name of its field (-EINVAL).
 */
int lm_open(struct lm *lm, struct chip *chip, const struct lm_config *config,
	    const struct lm_optimizer *optimizer, const struct lm_state *at, struct axon_err *err);
/* A zeroed struct may be closed too. */
void lm_close(struct lm *lm);

/*
 * One step on tokens[batch][context + 1], each below vocab: every token but a sequence's first is
 * predicted from those before it. *loss is the mean over batch · context of the negative
 * log-likelihood, in nats, before the step. A token out of range is refused (-EINVAL).
 */
int lm_step(struct lm *lm, const uint32_t *tokens, double *loss, struct axon_err *err);
/*
 * The loss without a step. Each prediction's own is in lm_losses() then: what was put in to fill
 * a batch can be left out of a mean.
 */
int lm_evaluate(struct lm *lm, const uint32_t *tokens, double *loss, struct axon_err *err);
/* float[batch][context] of the last lm_step() or lm_evaluate(). */
const float *lm_losses(const struct lm *lm);

/* Of step s, from 1. */
double lm_rate(const struct lm_optimizer *optimizer, uint64_t s);
/* Norm of all gradients together in the last lm_step(), before clipping. */
double lm_gradient_norm(const struct lm *lm);

/* Parameters in their order in a GGUF file: token_embd, layers, output_norm, output if not tied. */
uint32_t lm_parameters(const struct lm *lm);
struct lm_parameter lm_parameter(const struct lm *lm, uint32_t i);
/* Numbers of all parameters, each counted once. */
uint64_t lm_size(const struct lm *lm);

#endif
