/* SPDX-License-Identifier: MIT */
/* A language model's weights in device memory. */
#ifndef AXON_RUNTIME_LLM_WEIGHTS_H
#define AXON_RUNTIME_LLM_WEIGHTS_H

#include "chip.h"
#include "llm_config.h"
#include "upload.h"

/* Addresses of fp32 vectors; 0 where the model has none. */
struct llm_layer {
	struct weight q, k, v, o, gate, up, down;
	uint64_t attn_norm, post_attn_norm, ffn_norm, post_ffn_norm;
	uint64_t q_norm, k_norm;
	uint64_t q_bias, k_bias, v_bias;
};

struct llm_weights {
	struct accel_buffer *buffer;
	struct weight embedding;
	struct weight output; /* the embedding itself when the file ties them */
	uint64_t output_norm;
	float *rope_factors; /* rope_dim / 2 divisors of the rotary frequencies, or NULL */
	struct llm_layer *layers;
	uint64_t file_bytes, device_bytes;
};

/* Bytes of device memory that the weights will take, every tensor's shape checked. */
int llm_weights_plan(const struct gguf *g, const struct llm_config *c, uint64_t *bytes,
		     struct axon_err *err);
int llm_weights_load(struct chip *chip, const struct gguf *g, const struct llm_config *c,
		     upload_progress progress, void *opaque, struct llm_weights *w,
		     struct axon_err *err);
void llm_weights_free(struct llm_weights *w);

#endif
