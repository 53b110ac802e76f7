// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "axon_isa.h"
#include "llm_weights.h"
#include "quant.h"

/*
 * The model is walked twice with the same code: with no upload to learn how much memory it takes,
 * and with one to fill it.
 */
struct walk {
	const struct gguf *gguf;
	const struct llm_config *config;
	struct llm_weights *weights;
	struct arena arena;
	struct upload *upload; /* NULL while planning */
	uint64_t file_bytes;
	struct axon_err *err;
};

static int check_shape(struct walk *w, const struct gguf_tensor *t, uint64_t k, uint64_t n)
{
	if (t->ne[0] == k && t->ne[1] == n && t->ne[2] == 1 && t->ne[3] == 1)
		return 0;
	return axon_fail(w->err, -EINVAL,
			 "%s: expected %llu x %llu, found %llu x %llu x %llu x %llu; "
			 "the file is damaged",
			 t->name, (unsigned long long)k, (unsigned long long)n,
			 (unsigned long long)t->ne[0], (unsigned long long)t->ne[1],
			 (unsigned long long)t->ne[2], (unsigned long long)t->ne[3]);
}

static int walk_matrix(struct walk *w, const char *name, uint32_t k, uint32_t n, struct weight *out)
{
	const struct gguf_tensor *t;
	int ret = gguf_get_tensor(w->gguf, name, &t, w->err);

	if (!ret)
		ret = check_shape(w, t, k, n);
	if (ret)
		return ret;

	uint64_t bytes = upload_matrix_bytes(t, out);

	out->addr = arena_take(&w->arena, bytes);
	w->file_bytes += t->size;
	return w->upload ? upload_matrix(w->upload, t, out, w->err) : 0;
}

/* An optional fp32 vector: *va stays 0 when the file has none. */
static int walk_vector_if(struct walk *w, const char *name, uint32_t n, uint64_t *va)
{
	const struct gguf_tensor *t = gguf_find_tensor(w->gguf, name);
	int ret;

	if (!t)
		return 0;
	ret = check_shape(w, t, n, 1);
	if (ret)
		return ret;
	if (t->type != QUANT_F32)
		return axon_fail(w->err, -ENOTSUP,
				 "%s: expected type F32, found %s; "
				 "vectors of other types do not run",
				 t->name, quant_type(t->type)->name);
	*va = arena_take(&w->arena, t->size);
	w->file_bytes += t->size;
	return w->upload ? upload_vector(w->upload, t, *va, w->err) : 0;
}

static int walk_vector(struct walk *w, const char *name, uint32_t n, uint64_t *va)
{
	const struct gguf_tensor *t;
	int ret = gguf_get_tensor(w->gguf, name, &t, w->err);

	return ret ? ret : walk_vector_if(w, name, n, va);
}

/* A layer's tensors: X(member, name, k, n) */
#define LAYER_MATRICES(X)                          \
	X(q, "attn_q.weight", width, q_width)      \
	X(k, "attn_k.weight", width, kv_width)     \
	X(v, "attn_v.weight", width, kv_width)     \
	X(o, "attn_output.weight", q_width, width) \
	X(gate, "ffn_gate.weight", width, ff)      \
	X(up, "ffn_up.weight", width, ff)          \
	X(down, "ffn_down.weight", ff, width)

/* X(member, name, n, required) */
#define LAYER_VECTORS(X)                                              \
	X(attn_norm, "attn_norm.weight", width, true)                 \
	X(ffn_norm, "ffn_norm.weight", width, true)                   \
	X(post_attn_norm, "post_attention_norm.weight", width, gemma) \
	X(post_ffn_norm, "post_ffw_norm.weight", width, gemma)        \
	X(q_norm, "attn_q_norm.weight", c->head_dim, gemma)           \
	X(k_norm, "attn_k_norm.weight", c->head_dim, gemma)           \
	X(q_bias, "attn_q.bias", q_width, false)                      \
	X(k_bias, "attn_k.bias", kv_width, false)                     \
	X(v_bias, "attn_v.bias", kv_width, false)

static int walk_layer(struct walk *w, uint32_t index, struct llm_layer *l)
{
	const struct llm_config *c = w->config;
	uint32_t width = c->width, ff = c->feed_forward;
	uint32_t q_width = c->heads * c->head_dim, kv_width = c->kv_heads * c->head_dim;
	bool gemma = !strcmp(gguf_arch(w->gguf), "gemma3");
	char name[GGUF_MAX_NAME];
	int ret;

#define WALK_MATRIX(member, suffix, k, n)                         \
	snprintf(name, sizeof(name), "blk.%u.%s", index, suffix); \
	ret = walk_matrix(w, name, k, n, &l->member);             \
	if (ret)                                                  \
		return ret;
	LAYER_MATRICES(WALK_MATRIX)
#undef WALK_MATRIX

#define WALK_VECTOR(member, suffix, n, required)                   \
	snprintf(name, sizeof(name), "blk.%u.%s", index, suffix);  \
	ret = (required) ? walk_vector(w, name, n, &l->member)     \
			 : walk_vector_if(w, name, n, &l->member); \
	if (ret)                                                   \
		return ret;
	LAYER_VECTORS(WALK_VECTOR)
#undef WALK_VECTOR
	return 0;
}

static int read_rope_factors(struct walk *w)
{
	const struct gguf_tensor *t = gguf_find_tensor(w->gguf, "rope_freqs.weight");
	uint32_t n = w->config->rope_dim / 2;
	float *factors;
	int ret;

	if (!t)
		return 0;
	ret = check_shape(w, t, n, 1);
	if (ret)
		return ret;
	if (t->type != QUANT_F32)
		return axon_fail(w->err, -ENOTSUP,
				 "rope_freqs.weight: expected type F32, found %s; "
				 "vectors of other types do not run",
				 quant_type(t->type)->name);
	factors = malloc(t->size);
	if (!factors)
		return axon_fail(w->err, -ENOMEM, "out of memory");
	ret = gguf_read(w->gguf, t, 0, factors, t->size, w->err);
	if (ret)
		free(factors);
	else
		w->weights->rope_factors = factors;
	return ret;
}

static int walk_model(struct walk *w)
{
	const struct llm_config *c = w->config;
	struct llm_weights *out = w->weights;
	int ret = walk_matrix(w, "token_embd.weight", c->width, c->vocabulary, &out->embedding);

	if (!ret)
		ret = walk_vector(w, "output_norm.weight", c->width, &out->output_norm);
	for (uint32_t i = 0; i < c->layers && !ret; i++)
		ret = walk_layer(w, i, &out->layers[i]);
	if (ret)
		return ret;
	if (gguf_find_tensor(w->gguf, "output.weight"))
		return walk_matrix(w, "output.weight", c->width, c->vocabulary, &out->output);
	out->output = out->embedding;
	return 0;
}

static int walk_begin(struct walk *w, const struct gguf *g, const struct llm_config *c,
		      struct llm_weights *out, struct axon_err *err)
{
	memset(out, 0, sizeof(*out));
	*w = (struct walk){.gguf = g, .config = c, .weights = out, .err = err};
	out->layers = calloc(c->layers, sizeof(*out->layers));
	return out->layers ? 0 : axon_fail(err, -ENOMEM, "out of memory");
}

int llm_weights_plan(const struct gguf *g, const struct llm_config *c, uint64_t *bytes,
		     struct axon_err *err)
{
	struct llm_weights planned;
	struct walk w;
	int ret = walk_begin(&w, g, c, &planned, err);

	if (!ret)
		ret = walk_model(&w);
	*bytes = w.arena.used;
	llm_weights_free(&planned);
	return ret;
}

int llm_weights_load(struct chip *chip, const struct gguf *g, const struct llm_config *c,
		     upload_progress progress, void *opaque, struct llm_weights *out,
		     struct axon_err *err)
{
	struct walk w;
	int ret = walk_begin(&w, g, c, out, err);

	if (!ret)
		ret = walk_model(&w);
	if (!ret)
		ret = read_rope_factors(&w);
	if (!ret)
		ret = chip_buffer(chip, w.arena.used, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_WEIGHTS,
				  &out->buffer, err);
	if (ret)
		goto fail;

	out->device_bytes = w.arena.used;
	out->file_bytes = w.file_bytes;
	w.arena = (struct arena){.base = accel_buffer_va(out->buffer)};
	ret = upload_new(chip, g, &w.upload, err);
	if (ret)
		goto fail;
	upload_set_progress(w.upload, progress, opaque, out->file_bytes);
	ret = walk_model(&w);
	if (!ret)
		ret = upload_finish(w.upload, err);
	upload_free(w.upload);
	if (!ret)
		return 0;
fail:
	llm_weights_free(out);
	return ret;
}

void llm_weights_free(struct llm_weights *w)
{
	accel_buffer_destroy(w->buffer);
	free(w->rope_factors);
	free(w->layers);
	memset(w, 0, sizeof(*w));
}
