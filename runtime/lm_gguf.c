// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gated_args.h"
#include "gguf_write.h"
#include "llm_config.h"
#include "lm_gguf.h"

#define ARCHITECTURE "llama"

/* The format's numbers of token types and of what a file mostly holds. */
enum { TYPE_NORMAL = 1, TYPE_CONTROL = 3 };
enum { FILE_F32 = 0, FILE_F16 = 1, FILE_BF16 = 32 };

/* ---- writing ---- */

static void put_shape(struct gguf_writer *w, const struct lm_config *c)
{
	gguf_put_u32(w, ARCHITECTURE ".vocab_size", c->vocab);
	gguf_put_u32(w, ARCHITECTURE ".context_length", c->context);
	gguf_put_u32(w, ARCHITECTURE ".embedding_length", c->embed);
	gguf_put_u32(w, ARCHITECTURE ".block_count", c->layers);
	gguf_put_u32(w, ARCHITECTURE ".feed_forward_length", c->ff);
	gguf_put_u32(w, ARCHITECTURE ".attention.head_count", c->heads);
	gguf_put_u32(w, ARCHITECTURE ".attention.head_count_kv", c->kv_heads);
	gguf_put_f32(w, ARCHITECTURE ".attention.layer_norm_rms_epsilon", c->eps);
	gguf_put_u32(w, ARCHITECTURE ".rope.dimension_count", c->embed / c->heads);
	gguf_put_f32(w, ARCHITECTURE ".rope.freq_base", c->rope_base);
}

static void put_vocabulary(struct gguf_writer *w, const struct bpe_vocab *v)
{
	const struct interned *token = v->tokens.strings;

	gguf_put_str(w, "tokenizer.ggml.model", "gpt2");
	gguf_put_str(w, "tokenizer.ggml.pre", BPE_PRETOKENIZER);
	gguf_put_array(w, "tokenizer.ggml.tokens", GGUF_STRING, v->tokens.n);
	for (uint32_t i = 0; i < v->tokens.n; i++)
		gguf_put_item_str(w, intern_bytes(&v->tokens, i), token[i].len);
	gguf_put_array(w, "tokenizer.ggml.token_type", GGUF_I32, v->tokens.n);
	for (uint32_t i = 0; i < v->tokens.n; i++)
		gguf_put_item_u32(w, i == BPE_END ? TYPE_CONTROL : TYPE_NORMAL);
	gguf_put_array(w, "tokenizer.ggml.merges", GGUF_STRING, v->n_merges);
	for (uint32_t i = 0; i < v->n_merges; i++) {
		struct bpe_merge m = v->merges[i];

		gguf_put_item_merge(w, intern_bytes(&v->tokens, m.left), token[m.left].len,
				    intern_bytes(&v->tokens, m.right), token[m.right].len);
	}
	gguf_put_u32(w, "tokenizer.ggml.bos_token_id", BPE_END);
	gguf_put_u32(w, "tokenizer.ggml.eos_token_id", BPE_END);
	gguf_put_bool(w, "tokenizer.ggml.add_bos_token", true);
	gguf_put_bool(w, "tokenizer.ggml.add_eos_token", false);
}

static uint32_t file_type(enum quant_id type)
{
	return type == QUANT_F16 ? FILE_F16 : type == QUANT_BF16 ? FILE_BF16 : FILE_F32;
}

int lm_gguf_write(const struct lm *lm, const struct bpe_vocab *vocab, enum quant_id type,
		  const char *path, struct axon_err *err)
{
	struct gguf_writer *w = gguf_writer_new();
	int ret;

	if (!w)
		return axon_fail(err, -ENOMEM, "%s: out of memory", path);
	gguf_put_str(w, "general.architecture", ARCHITECTURE);
	gguf_put_str(w, "general.name", "trained by accel-train");
	gguf_put_u32(w, "general.file_type", file_type(type));
	put_shape(w, &lm->config);
	put_vocabulary(w, vocab);
	for (uint32_t i = 0; i < lm_parameters(lm); i++) {
		struct lm_parameter p = lm_parameter(lm, i);

		gguf_put_tensor(w, p.name, p.dims == 1 ? QUANT_F32 : type, p.dims, p.dim, p.value);
	}
	ret = gguf_write(w, path, err);
	gguf_writer_free(w);
	return ret;
}

/* ---- the tokenizer ---- */

static int write_to_memory(const struct bpe_vocab *vocab, int fd, struct axon_err *err)
{
	struct gguf_writer *w = gguf_writer_new();
	FILE *f = fdopen(dup(fd), "wb");
	int ret = -ENOMEM;

	if (w && f) {
		gguf_put_str(w, "general.architecture", ARCHITECTURE);
		put_vocabulary(w, vocab);
		ret = gguf_write_stream(w, f, err);
	} else {
		axon_fail(err, ret, "vocabulary: out of memory");
	}
	if (f)
		fclose(f);
	gguf_writer_free(w);
	return ret;
}

int lm_gguf_tokenizer(const struct bpe_vocab *vocab, struct gguf **g, struct tokenizer **tk,
		      struct axon_err *err)
{
	int fd = memfd_create("vocabulary", MFD_CLOEXEC), ret;

	*g = NULL;
	*tk = NULL;
	if (fd < 0)
		return axon_fail(err, -errno, "vocabulary: %s", strerror(errno));
	ret = write_to_memory(vocab, fd, err);
	if (!ret)
		ret = gguf_open_fd(fd, "vocabulary", g, err);
	close(fd);
	return ret ? ret : tokenizer_new(*g, tk, err);
}

/* ---- reading ---- */

int lm_gguf_config(const struct gguf *g, struct lm_config *c, struct axon_err *err)
{
	struct llm_config m;
	int ret = llm_config_read(g, &m, err);

	if (ret)
		return ret;
	if (strcmp(gguf_arch(g), ARCHITECTURE) || m.head_dim * m.heads != m.width ||
	    m.rope_dim != m.head_dim || m.rope_scale != 1.0f || !m.rope_interleaved ||
	    m.activation != GATED_SILU || gguf_find_tensor(g, "rope_freqs.weight") ||
	    gguf_find_tensor(g, "blk.0.attn_q.bias"))
		return axon_fail(err, -ENOTSUP,
				 "%s: expected a model of the shape that accel-train lm makes, "
				 "found another; accel-run --perplexity scores it",
				 gguf_name(g));
	*c = (struct lm_config){
		.vocab = m.vocabulary,
		.embed = m.width,
		.layers = m.layers,
		.heads = m.heads,
		.kv_heads = m.kv_heads,
		.ff = m.feed_forward,
		.context = m.context,
		.rope_base = m.rope_base,
		.eps = m.eps,
		.tied = !gguf_find_tensor(g, "output.weight"),
	};
	return 0;
}

static int load_parameter(const struct gguf *g, const struct lm_parameter *p, struct axon_err *err)
{
	const struct gguf_tensor *t;
	void *bytes;
	int ret = gguf_get_tensor(g, p->name, &t, err);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < GGUF_MAX_DIMS; i++)
		if (t->ne[i] != (i < p->dims ? p->dim[p->dims - 1 - i] : 1))
			return axon_fail(
				err, -EINVAL,
				"%s: %s: expected the shape that the metadata gives, found "
				"another" ERR_DAMAGED,
				gguf_name(g), p->name);
	bytes = malloc(t->size);
	if (!bytes)
		return axon_fail(err, -ENOMEM, "%s: out of memory", gguf_name(g));
	ret = gguf_read(g, t, 0, bytes, t->size, err);
	if (!ret)
		quant_dequantise(t->type, bytes, p->value, p->elements);
	free(bytes);
	return ret;
}

int lm_gguf_load(const struct gguf *g, struct lm *lm, struct axon_err *err)
{
	int ret = 0;

	for (uint32_t i = 0; i < lm_parameters(lm) && !ret; i++) {
		struct lm_parameter p = lm_parameter(lm, i);

		ret = load_parameter(g, &p, err);
	}
	return ret;
}
