// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <string.h>

#include "gated_args.h"
#include "llm_config.h"

/* Far above any model, and small enough that products of a few of them fit 64 bits. */
#define MAX_DIMENSION (1u << 24)
#define MAX_LAYERS    4096

/* A key as messages show it: without the dot that stands for the architecture. */
static const char *shown(const char *key)
{
	return key + (*key == '.');
}

static int check_range(const char *what, uint32_t value, uint32_t max, struct axon_err *err)
{
	if (value >= 1 && value <= max)
		return 0;
	return axon_fail(err, -EINVAL, "%s: expected 1 to %u, found %u; the file is damaged",
			 shown(what), max, value);
}

static int read_dimension(const struct gguf *g, const char *key, uint32_t max, uint32_t *value,
			  struct axon_err *err)
{
	int ret = gguf_u32(g, key, value, err);

	return ret ? ret : check_range(key, *value, max, err);
}

/* A setting that some files give for each layer: it must be the same for all. */
static int read_uniform(const struct gguf *g, const char *key, uint32_t layers, uint32_t fallback,
			uint32_t *value, struct axon_err *err)
{
	if (!gguf_has(g, key)) {
		*value = fallback;
		return 0;
	}
	for (uint32_t i = 0; i < layers; i++) {
		uint32_t v;
		int ret = gguf_u32_at(g, key, i, &v, err);

		if (ret)
			return ret;
		if (i && v != *value)
			return axon_fail(err, -ENOTSUP,
					 "%s: expected one value for all layers, found %u and %u; "
					 "layers of different shapes do not run",
					 shown(key), *value, v);
		*value = v;
	}
	return check_range(key, *value, MAX_DIMENSION, err);
}

static int read_heads(const struct gguf *g, struct llm_config *c, struct axon_err *err)
{
	int ret = read_uniform(g, ".attention.head_count", c->layers, 0, &c->heads, err);

	if (!ret)
		ret = read_uniform(g, ".attention.head_count_kv", c->layers, c->heads, &c->kv_heads,
				   err);
	if (ret)
		return ret;
	if (!c->heads || c->heads % c->kv_heads)
		return axon_fail(err, -EINVAL,
				 "attention.head_count: expected a multiple of head_count_kv (%u), "
				 "found %u; "
				 "the file is damaged",
				 c->kv_heads, c->heads);

	uint32_t value_dim;

	ret = gguf_u32_or(g, ".attention.key_length", c->width / c->heads, &c->head_dim, err);
	if (!ret)
		ret = gguf_u32_or(g, ".attention.value_length", c->head_dim, &value_dim, err);
	if (!ret)
		ret = check_range("attention.key_length", c->head_dim, 4096, err);
	if (ret)
		return ret;
	if (value_dim != c->head_dim)
		return axon_fail(err, -ENOTSUP,
				 "attention.value_length: expected key_length (%u), found %u; "
				 "values of another length do not run",
				 c->head_dim, value_dim);
	return 0;
}

static int read_rope(const struct gguf *g, struct llm_config *c, struct axon_err *err)
{
	struct gguf_str scaling = {"none", 4};
	float factor = 0;
	int ret = gguf_u32_or(g, ".rope.dimension_count", c->head_dim, &c->rope_dim, err);

	if (!ret)
		ret = gguf_f32_or(g, ".rope.freq_base", 10000.0f, &c->rope_base, err);
	if (!ret)
		ret = gguf_f32_or(g, ".rope.freq_base_swa", 10000.0f, &c->rope_base_local, err);
	if (!ret && gguf_has(g, ".rope.scaling.type"))
		ret = gguf_str(g, ".rope.scaling.type", &scaling, err);
	if (!ret)
		ret = gguf_f32_or(g,
				  gguf_has(g, ".rope.scaling.factor") ? ".rope.scaling.factor"
								      : ".rope.scale_linear",
				  0.0f, &factor, err);
	if (ret)
		return ret;
	if (c->rope_dim < 2 || c->rope_dim % 2 || c->rope_dim > c->head_dim)
		return axon_fail(
			err, -EINVAL,
			"rope.dimension_count: expected an even number of 2 to %u, found %u; "
			"the file is damaged",
			c->head_dim, c->rope_dim);

	bool none = scaling.n == 4 && !memcmp(scaling.p, "none", 4);
	bool linear = scaling.n == 6 && !memcmp(scaling.p, "linear", 6);

	if (!none && !linear)
		return axon_fail(err, -ENOTSUP,
				 "rope.scaling.type: expected none or linear, found '%.*s'; "
				 "other scalings do not run",
				 (int)(scaling.n < 64 ? scaling.n : 64), scaling.p);
	c->rope_scale = factor > 0 ? 1.0f / factor : 1.0f;
	if (!(c->rope_base > 0) || !isfinite(c->rope_base) || !(c->rope_base_local > 0) ||
	    !isfinite(c->rope_base_local) || !isfinite(c->rope_scale))
		return axon_fail(err, -EINVAL,
				 "rope.freq_base: expected a positive number, found %g; "
				 "the file is damaged",
				 (double)c->rope_base);
	return 0;
}

static int finish_llama(const struct gguf *g, struct llm_config *c, struct axon_err *err)
{
	uint32_t experts;
	int ret = gguf_u32_or(g, ".expert_count", 0, &experts, err);

	if (ret)
		return ret;
	if (experts)
		return axon_fail(err, -ENOTSUP,
				 "llama.expert_count: expected 0, found %u; "
				 "mixture-of-experts models do not run",
				 experts);
	c->rope_interleaved = true;
	c->activation = GATED_SILU;
	return 0;
}

static int finish_gemma3(const struct gguf *g, struct llm_config *c, struct axon_err *err)
{
	int ret = gguf_u32_or(g, ".attention.sliding_window", 0, &c->window, err);

	if (!ret)
		ret = gguf_u32_or(g, ".attention.sliding_window_pattern", 6, &c->window_period,
				  err);
	if (!ret)
		ret = check_range("attention.sliding_window_pattern", c->window_period, MAX_LAYERS,
				  err);
	if (!ret && c->window)
		ret = check_range("attention.sliding_window", c->window, MAX_DIMENSION, err);
	c->activation = GATED_GELU_TANH;
	c->embed_scale = sqrtf((float)c->width);
	/* The 27B model, the one with 62 layers, scales by its width per head instead. */
	if (c->layers == 62)
		c->attention_scale = 1.0f / sqrtf((float)c->width / (float)c->heads);
	return ret;
}

static const struct arch {
	const char *name;
	int (*finish)(const struct gguf *g, struct llm_config *c, struct axon_err *err);
} archs[] = {
	{"gemma3", finish_gemma3},
	{"llama", finish_llama},
};

int llm_config_read(const struct gguf *g, struct llm_config *c, struct axon_err *err)
{
	const struct arch *arch = NULL;
	const struct gguf_tensor *embedding;
	int ret;

	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		if (!strcmp(archs[i].name, gguf_arch(g)))
			arch = &archs[i];
	if (!arch)
		return axon_fail(err, -ENOTSUP,
				 "general.architecture: expected one of %s, found '%s'; "
				 "use a model of one of these",
				 LLM_ARCHITECTURES, gguf_arch(g));

	*c = (struct llm_config){.window_period = 1, .embed_scale = 1.0f};
	ret = read_dimension(g, ".block_count", MAX_LAYERS, &c->layers, err);
	if (!ret)
		ret = read_dimension(g, ".embedding_length", MAX_DIMENSION, &c->width, err);
	if (!ret)
		ret = read_uniform(g, ".feed_forward_length", c->layers, 0, &c->feed_forward, err);
	if (!ret)
		ret = read_dimension(g, ".context_length", UINT32_MAX / 2, &c->context, err);
	if (!ret)
		ret = gguf_f32(g, ".attention.layer_norm_rms_epsilon", &c->eps, err);
	if (!ret)
		ret = read_heads(g, c, err);
	if (!ret)
		ret = read_rope(g, c, err);
	if (!ret)
		ret = gguf_get_tensor(g, "token_embd.weight", &embedding, err);
	if (ret)
		return ret;
	if (!c->feed_forward)
		return axon_fail(err, -EINVAL,
				 "feed_forward_length: expected a number, found none; "
				 "the file is damaged");
	if (embedding->ne[1] > MAX_DIMENSION)
		return axon_fail(err, -EINVAL,
				 "token_embd.weight: expected at most %u rows, found %llu; "
				 "the file is damaged",
				 MAX_DIMENSION, (unsigned long long)embedding->ne[1]);
	c->vocabulary = (uint32_t)embedding->ne[1];
	c->attention_scale = 1.0f / sqrtf((float)c->head_dim);
	return arch->finish(g, c, err);
}
