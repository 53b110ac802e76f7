/* SPDX-License-Identifier: MIT */
/* A language model's shape, read from its GGUF metadata. */
#ifndef AXON_RUNTIME_LLM_CONFIG_H
#define AXON_RUNTIME_LLM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "gguf.h"

/* The architectures that run, for help texts and error messages. */
#define LLM_ARCHITECTURES "gemma3, llama"

struct llm_config {
	uint32_t layers, width, feed_forward, vocabulary;
	uint32_t heads, kv_heads, head_dim;
	uint32_t context;      /* tokens the model was trained for */
	float eps;	       /* of every RMSNorm */
	float embed_scale;     /* embeddings are multiplied by it */
	float attention_scale; /* q · k is multiplied by it */
	uint32_t activation;   /* enum gated_act */

	/* Rotary embedding: pairs (2i, 2i + 1) when interleaved, else (i, i + rope_dim / 2). */
	bool rope_interleaved;
	uint32_t rope_dim;
	float rope_base,
		rope_scale;    /* angle = rope_scale · position · rope_base^(-2i / rope_dim) */
	float rope_base_local; /* of windowed layers, which do not scale */

	/* Layer i sees a window of the last `window` tokens unless window is 0 or (i + 1) % period is 0. */
	uint32_t window, window_period;
};

/* Refuses by name what it does not know: architecture, rope scaling, experts. */
int llm_config_read(const struct gguf *g, struct llm_config *c, struct axon_err *err);

static inline bool llm_layer_is_windowed(const struct llm_config *c, uint32_t layer)
{
	return c->window && (layer + 1) % c->window_period;
}

#endif
