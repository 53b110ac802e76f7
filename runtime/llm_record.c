// SPDX-License-Identifier: MIT
/*
 * One step of the model as launches. How a launch is cut into workgroups never changes a result:
 * each output element is computed whole by one workgroup, in the order that the engines fix.
 */
#include <errno.h>

#include "advance_args.h"
#include "attention_args.h"
#include "axon_isa.h"
#include "embed_args.h"
#include "gated_args.h"
#include "llm_priv.h"
#include "matmul_args.h"
#include "norm_args.h"
#include "rope_args.h"
#include "sample_args.h"

/* A workgroup streams at most this many bytes of weights, so that a grid balances and stops soon. */
#define WORKGROUP_WEIGHT_BYTES (1u << 20)
/* Workgroups that a matrix product is cut into at least, where it is wide enough. */
#define MIN_CHUNKS 8
#define MIN_COLS   64
/* Rows that a workgroup of a row-wise kernel takes at most. */
#define ROWS_PER_WG 16

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t div_up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

/* Rows of a workgroup of a row-wise kernel, so that few rows are shared out, too. */
static uint32_t chunk_rows(uint32_t rows)
{
	return min_u32(ROWS_PER_WG, div_up(rows, MIN_CHUNKS));
}

/* The words that say how many rows, and outputs, a step has. */
static uint64_t rows_va(const struct llm *m)
{
	return m->step_va + offsetof(struct step, rows);
}

static uint64_t outputs_va(const struct llm *m)
{
	return m->step_va + offsetof(struct step, outputs);
}

/* Segments that a step of up to `rows` rows has at most: only a sequence's last is not full. */
static uint32_t most_segments(const struct llm *m, uint32_t rows)
{
	return min_u32(rows, m->most_sequences + rows / SEGMENT_ROWS);
}

/* Columns of one workgroup, a multiple of 32. */
static uint32_t chunk_cols(const struct weight *w)
{
	uint32_t tiles = WORKGROUP_WEIGHT_BYTES / (uint32_t)(w->tile_bytes > WORKGROUP_WEIGHT_BYTES
								     ? WORKGROUP_WEIGHT_BYTES
								     : w->tile_bytes);
	uint32_t most = max_u32(32, tiles / 2 * 32);
	uint32_t even = max_u32(MIN_COLS, div_up(div_up(w->n, MIN_CHUNKS), 32) * 32);

	return min_u32(most, even);
}

static uint32_t row_bytes(uint32_t type, uint32_t k)
{
	if (type == AXON_Q8A)
		return k / 32 * (uint32_t)sizeof(struct axon_q8a);
	return (type == AXON_F32 ? 4 : 2) * k;
}

/* What a group of weights that share their input wants it to be. */
struct wanted {
	bool q8a, dense;
	uint32_t dense_type;
};

static struct wanted wanted_by(const struct weight *const *w, int n)
{
	struct wanted want = {.dense_type = AXON_BF16};

	for (int i = 0; i < n; i++) {
		uint32_t type = upload_activation_type(w[i]);

		if (type == AXON_Q8A) {
			want.q8a = true;
			continue;
		}
		want.dense = true;
		if (type == AXON_F32)
			want.dense_type = AXON_F32;
	}
	return want;
}

/* The rows that weight w reads, and their type. */
static uint64_t input_of(const struct weight *w, const struct activations *act,
			 const struct wanted *want, uint32_t *type)
{
	*type = upload_activation_type(w) == AXON_Q8A ? AXON_Q8A : want->dense_type;
	return *type == AXON_Q8A ? act->q8a : act->dense;
}

static int record_embed(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err)
{
	struct embed_args args = {
		.table = m->weights.embedding,
		.step = m->step_va,
		.out = m->x,
		.scale = m->config.embed_scale,
		.rows_per_wg = chunk_rows(rows),
	};

	return chip_launch(m->chip, s, CHIP_embed, div_up(rows, args.rows_per_wg), 1, &args,
			   sizeof(args), err);
}

/* x += post(y), h = norm(x) · weight into `act` as `want` says; see norm_args.h for what 0 means. */
static int record_norm(struct llm *m, struct accel_stream *s, uint32_t rows, uint64_t x, uint64_t y,
		       uint64_t post, uint64_t weight, uint32_t cols, const struct activations *act,
		       const struct wanted *want, struct axon_err *err)
{
	struct norm_args args = {
		.rows = rows_va(m),
		.x = x,
		.y = y,
		.post = post,
		.weight = weight,
		.q8a = want->q8a ? act->q8a : 0,
		.dense = want->dense ? act->dense : 0,
		.dense_type = want->dense_type,
		.cols = cols,
		.rows_per_wg = chunk_rows(rows),
		.eps = m->config.eps,
	};

	return chip_launch(m->chip, s, CHIP_norm, div_up(rows, args.rows_per_wg), 1, &args,
			   sizeof(args), err);
}

struct product {
	const struct weight *w;
	uint64_t bias, out;
};

/* Of up to `rows` rows, the number at rows_va. */
static int record_matmul(struct llm *m, struct accel_stream *s, uint64_t rows_va, uint32_t rows,
			 const struct product *p, int n, const struct activations *act,
			 const struct wanted *want, struct axon_err *err)
{
	struct matmul_args args = {.rows = rows_va};
	uint32_t cols = UINT32_MAX, rows_per_wg = rows, x = 0;

	for (int i = 0; i < n; i++)
		cols = min_u32(cols, chunk_cols(p[i].w));
	for (int i = 0; i < n; i++) {
		struct matmul_output *out = &args.out[i];

		out->w = *p[i].w;
		out->a = input_of(p[i].w, act, want, &out->a_type);
		out->bias = p[i].bias;
		out->c = p[i].out;
		out->c_stride = 4ull * p[i].w->n;
		out->c_type = AXON_F32;
		x += div_up(p[i].w->n, cols);
		rows_per_wg =
			min_u32(rows_per_wg, m->sram_budget / row_bytes(out->a_type, p[i].w->k));
	}
	args.cols_per_wg = cols;
	args.rows_per_wg = max_u32(rows_per_wg, 1);
	return chip_launch(m->chip, s, CHIP_matmul, x, div_up(rows, args.rows_per_wg), &args,
			   sizeof(args), err);
}

static int record_rope(struct llm *m, struct accel_stream *s, uint32_t rows, uint32_t layer,
		       struct axon_err *err)
{
	const struct llm_config *c = &m->config;
	const struct llm_layer *l = &m->weights.layers[layer];
	bool local = llm_layer_is_windowed(c, layer);
	uint64_t keys = accel_buffer_va(m->cache) + 2 * m->head_bytes * c->kv_heads * layer;
	struct rope_args args = {
		.step = m->step_va,
		.q = m->q,
		.k = m->k,
		.v = m->v,
		.q_norm = l->q_norm,
		.k_norm = l->k_norm,
		.cos = local ? m->cos_local : m->cos,
		.sin = local ? m->sin_local : m->sin,
		.k_cache = keys,
		.v_cache = keys + m->head_bytes * c->kv_heads,
		.k_head_bytes = m->head_bytes,
		.v_head_bytes = m->head_bytes,
		.heads = c->heads,
		.kv_heads = c->kv_heads,
		.head_dim = c->head_dim,
		.rope_dim = c->rope_dim,
		.interleaved = c->rope_interleaved,
		.eps = c->eps,
	};

	return chip_launch(m->chip, s, CHIP_rope, most_segments(m, rows), 1, &args, sizeof(args),
			   err);
}

/* SRAM of one query row: itself, its result, and a score for each key. */
static uint64_t attention_row_bytes(const struct llm *m)
{
	return 8ull * m->config.head_dim + 4ull * (m->context + 16);
}

int llm_check_attention(const struct llm *m, struct axon_err *err)
{
	if (attention_row_bytes(m) <= m->sram_budget)
		return 0;
	return axon_fail(err, -ENOTSUP,
			 "context: expected at most %u tokens on cores with this SRAM, found %u; "
			 "use a shorter context (-c)",
			 (uint32_t)((m->sram_budget - 8ull * m->config.head_dim) / 4 - 16),
			 m->context);
}

/*
 * Query heads of a workgroup, a divisor of the `group` that shares a kv head: as many as fit, for
 * each reads the same keys, while there are workgroups for every core.
 */
static uint32_t attention_heads(const struct llm_config *c, uint32_t segments, uint32_t fits)
{
	uint32_t group = c->heads / c->kv_heads, heads = group;

	while (heads > 1 && (group % heads || heads > fits ||
			     (uint64_t)segments * (c->heads / heads) < MIN_CHUNKS))
		heads--;
	return heads;
}

static int record_attention(struct llm *m, struct accel_stream *s, uint32_t rows, uint32_t layer,
			    struct axon_err *err)
{
	const struct llm_config *c = &m->config;
	uint32_t fits = (uint32_t)(m->sram_budget / attention_row_bytes(m));
	uint32_t segments = most_segments(m, rows);
	uint32_t heads = attention_heads(c, segments, fits);
	uint32_t tokens = min_u32(SEGMENT_ROWS, fits / heads);
	uint64_t keys = accel_buffer_va(m->cache) + 2 * m->head_bytes * c->kv_heads * layer;
	struct attention_args args = {
		.step = m->step_va,
		.q = m->q,
		.k_cache = keys,
		.v_cache = keys + m->head_bytes * c->kv_heads,
		.k_head_bytes = m->head_bytes,
		.v_head_bytes = m->head_bytes,
		.out = m->attended,
		.heads = c->heads,
		.kv_heads = c->kv_heads,
		.head_dim = c->head_dim,
		.window = llm_layer_is_windowed(c, layer) ? c->window : 0,
		.rows_per_wg = tokens,
		.heads_per_wg = heads,
		.scale = c->attention_scale,
	};

	return chip_launch(m->chip, s, CHIP_attention, segments * div_up(SEGMENT_ROWS, tokens),
			   c->heads / heads, &args, sizeof(args), err);
}

static int record_gated(struct llm *m, struct accel_stream *s, uint32_t rows,
			const struct llm_layer *l, const struct wanted *want, struct axon_err *err)
{
	struct gated_args args = {
		.rows = rows_va(m), .gate = l->gate, .up = l->up, .act = m->config.activation};
	uint32_t cols = min_u32(chunk_cols(&l->gate), chunk_cols(&l->up));

	args.gate_a = input_of(&l->gate, &m->h, want, &args.gate_a_type);
	args.up_a = input_of(&l->up, &m->h, want, &args.up_a_type);
	args.out_type = upload_activation_type(&l->down);
	args.out = args.out_type == AXON_Q8A ? m->gated.q8a : m->gated.dense;
	args.out_stride = row_bytes(args.out_type, l->down.k);
	args.cols_per_wg = cols;
	args.rows_per_wg = m->sram_budget / (row_bytes(args.gate_a_type, l->gate.k) +
					     row_bytes(args.up_a_type, l->up.k) + 8 * cols);
	args.rows_per_wg = max_u32(1, min_u32(rows, args.rows_per_wg));
	return chip_launch(m->chip, s, CHIP_gated, div_up(l->gate.n, cols),
			   div_up(rows, args.rows_per_wg), &args, sizeof(args), err);
}

static int record_layer(struct llm *m, struct accel_stream *s, uint32_t rows, uint32_t index,
			struct axon_err *err)
{
	const struct llm_config *c = &m->config;
	const struct llm_layer *l = &m->weights.layers[index];
	const struct llm_layer *before = index ? l - 1 : NULL;
	struct product qkv[] = {
		{&l->q, l->q_bias, m->q}, {&l->k, l->k_bias, m->k}, {&l->v, l->v_bias, m->v}};
	struct wanted want_qkv = wanted_by((const struct weight *[]){&l->q, &l->k, &l->v}, 3);
	struct wanted want_o = wanted_by((const struct weight *[]){&l->o}, 1);
	struct wanted want_ffn = wanted_by((const struct weight *[]){&l->gate, &l->up}, 2);
	struct wanted want_down = wanted_by((const struct weight *[]){&l->down}, 1);
	int ret =
		record_norm(m, s, rows, m->x, before ? m->y : 0, before ? before->post_ffn_norm : 0,
			    l->attn_norm, c->width, &m->h, &want_qkv, err);

	if (!ret)
		ret = record_matmul(m, s, rows_va(m), rows, qkv, 3, &m->h, &want_qkv, err);
	if (!ret)
		ret = record_rope(m, s, rows, index, err);
	if (!ret)
		ret = record_attention(m, s, rows, index, err);
	if (!ret)
		ret = record_norm(m, s, rows, m->attended, 0, 0, 0, c->heads * c->head_dim,
				  &m->heads, &want_o, err);
	if (!ret)
		ret = record_matmul(m, s, rows_va(m), rows, &(struct product){&l->o, 0, m->y}, 1,
				    &m->heads, &want_o, err);
	if (!ret)
		ret = record_norm(m, s, rows, m->x, m->y, l->post_attn_norm, l->ffn_norm, c->width,
				  &m->h, &want_ffn, err);
	if (!ret)
		ret = record_gated(m, s, rows, l, &want_ffn, err);
	if (!ret)
		ret = record_matmul(m, s, rows_va(m), rows, &(struct product){&l->down, 0, m->y}, 1,
				    &m->gated, &want_down, err);
	return ret;
}

static int record_layers(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err)
{
	int ret = record_embed(m, s, rows, err);

	for (uint32_t i = 0; i < m->config.layers && !ret; i++)
		ret = record_layer(m, s, rows, i, err);
	return ret;
}

/* The last norm of up to `rows` outputs, which come to lie one behind the other, and their logits. */
static int record_head(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err)
{
	const struct weight *w = &m->weights.output;
	const struct wanted want = wanted_by(&w, 1);
	struct norm_args norm = {
		.rows = outputs_va(m),
		.output = m->step->output,
		.x = m->x,
		.y = m->y,
		.post = m->weights.layers[m->config.layers - 1].post_ffn_norm,
		.weight = m->weights.output_norm,
		.q8a = want.q8a ? m->h.q8a : 0,
		.dense = want.dense ? m->h.dense : 0,
		.dense_type = want.dense_type,
		.cols = m->config.width,
		.rows_per_wg = 1,
		.eps = m->config.eps,
	};
	int ret = chip_launch(m->chip, s, CHIP_norm, rows, 1, &norm, sizeof(norm), err);

	return ret ? ret
		   : record_matmul(m, s, outputs_va(m), rows, &(struct product){w, 0, m->logits_va},
				   1, &m->h, &want, err);
}

int llm_record_step(struct llm *m, struct accel_stream *s, uint32_t rows, struct axon_err *err)
{
	struct sample_args sample = {
		.step = m->step_va, .logits = m->logits_va, .vocabulary = m->config.vocabulary};
	struct advance_args advance = {.step = m->step_va};
	uint32_t outputs = min_u32(rows, m->most_sequences);
	int ret = record_layers(m, s, rows, err);

	if (!ret)
		ret = record_head(m, s, outputs, err);
	if (!ret)
		ret = chip_launch(m->chip, s, CHIP_sample, outputs, 1, &sample, sizeof(sample),
				  err);
	if (!ret)
		ret = chip_launch(m->chip, s, CHIP_advance, 1, 1, &advance, sizeof(advance), err);
	return ret;
}

int llm_record_score(struct llm *m, struct accel_stream *s, struct axon_err *err)
{
	struct logprob_args args = {
		.rows = outputs_va(m),
		.logits = m->logits_va,
		.targets = m->targets_va,
		.out = m->scores_va,
		.vocabulary = m->config.vocabulary,
	};
	int ret = record_head(m, s, m->logit_rows, err);

	return ret ? ret
		   : chip_launch(m->chip, s, CHIP_logprob, m->logit_rows, 1, &args, sizeof(args),
				 err);
}
