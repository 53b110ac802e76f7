// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lm.h"
#include "rope_table.h"

#define MAX_LAYERS 1024
#define DEVIATION  0.02f

/* ---- what cannot be ---- */

static int check_range(const char *name, uint64_t found, uint64_t least, uint64_t most,
		       struct axon_err *err)
{
	if (found >= least && found <= most)
		return 0;
	return axon_fail(err, -EINVAL, "%s: expected %llu to %llu, found %llu", name,
			 (unsigned long long)least, (unsigned long long)most,
			 (unsigned long long)found);
}

static int check_config(const struct lm_config *c, const struct lm_state *at, struct axon_err *err)
{
	const struct {
		const char *name;
		uint64_t found, least, most;
	} ranges[] = {
		{"vocab", c->vocab, 2, 1 << 24},
		{"embed", c->embed, 2, 1 << 16},
		{"layers", c->layers, 1, MAX_LAYERS},
		{"heads", c->heads, 1, 1 << 12},
		{"kv_heads", c->kv_heads, 1, c->heads},
		{"ff", c->ff, 1, 1 << 18},
		{"context", c->context, 1, 1 << 20},
		{"batch", at->batch, 1, LM_MAX_BATCH},
		{"batch times context", (uint64_t)at->batch * c->context, 1, 1 << 24},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (check_range(ranges[i].name, ranges[i].found, ranges[i].least, ranges[i].most,
				err))
			return -EINVAL;
	if (c->embed % (2 * c->heads))
		return axon_fail(err, -EINVAL,
				 "embed: expected a multiple of twice the %u heads, found %u",
				 c->heads, c->embed);
	if (c->heads % c->kv_heads)
		return axon_fail(err, -EINVAL,
				 "kv_heads: expected a divisor of the %u heads, found %u", c->heads,
				 c->kv_heads);
	if (!(c->rope_base > 1.0f) || !isfinite(c->rope_base))
		return axon_fail(err, -EINVAL, "rope_base: expected more than 1, found %g",
				 (double)c->rope_base);
	if (!(c->eps >= 0.0f) || !isfinite(c->eps))
		return axon_fail(err, -EINVAL, "eps: expected 0 or more, found %g", (double)c->eps);
	return 0;
}

static int check_optimizer(const struct lm_optimizer *o, struct axon_err *err)
{
	const struct {
		const char *name;
		double found, below;
	} ranges[] = {
		{"rate", o->rate, INFINITY}, {"min_rate", o->min_rate, INFINITY},
		{"beta1", o->beta1, 1},	     {"beta2", o->beta2, 1},
		{"eps", o->eps, INFINITY},   {"decay", o->decay, INFINITY},
		{"clip", o->clip, INFINITY},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (!(ranges[i].found >= 0) || !(ranges[i].found < ranges[i].below))
			return axon_fail(err, -EINVAL,
					 "%s: expected a number from 0 to below %g, found %g",
					 ranges[i].name, ranges[i].below, ranges[i].found);
	return 0;
}

/* ---- the model ---- */

/* A matrix whose elements have the deviation that is asked for. */
static uint32_t matrix(struct lm *lm, const char *name, uint32_t out, uint32_t in, float deviation,
		       bool keep)
{
	const uint32_t dim[] = {out, in};

	return graph_parameter(
		&lm->graph, name, 2, dim,
		(struct graph_start){.spread = deviation * sqrtf(3.0f), .keep = keep});
}

static uint32_t norm(struct lm *lm, uint32_t x, const char *name)
{
	const uint32_t dim[] = {lm->config.embed};
	uint32_t w = graph_parameter(&lm->graph, name, 1, dim,
				     (struct graph_start){.fill = 1.0f, .keep = true});

	return graph_norm(&lm->graph, x, w, lm->config.eps);
}

/* One of a layer's matrices, blk.<layer>.<part>.weight, times x. */
static uint32_t project(struct lm *lm, uint32_t x, uint32_t layer, const char *part, uint32_t out,
			uint32_t in, uint32_t residual)
{
	float deviation = DEVIATION;
	char name[GRAPH_NAME];

	if (residual != GRAPH_NONE)
		deviation /= sqrtf(2.0f * (float)lm->config.layers);
	snprintf(name, sizeof(name), "blk.%u.%s.weight", layer, part);
	return graph_matmul(&lm->graph, x, matrix(lm, name, out, in, deviation, false), residual);
}

static uint32_t layer_norm(struct lm *lm, uint32_t x, uint32_t layer, const char *part)
{
	char name[GRAPH_NAME];

	snprintf(name, sizeof(name), "blk.%u.%s.weight", layer, part);
	return norm(lm, x, name);
}

static uint32_t add_layer(struct lm *lm, uint32_t x, uint32_t i, const struct graph_sequence *s)
{
	const struct lm_config *c = &lm->config;
	struct graph *g = &lm->graph;
	uint32_t kv = c->kv_heads * s->head_dim;
	uint32_t h = layer_norm(lm, x, i, "attn_norm");
	uint32_t q = project(lm, h, i, "attn_q", c->embed, c->embed, GRAPH_NONE);
	uint32_t k = project(lm, h, i, "attn_k", kv, c->embed, GRAPH_NONE);
	uint32_t v = project(lm, h, i, "attn_v", kv, c->embed, GRAPH_NONE);
	uint32_t gate, up;

	q = graph_rotate(g, q, s);
	k = graph_rotate(g, k, s);
	h = graph_attention(g, q, k, v, s);
	x = project(lm, h, i, "attn_output", c->embed, c->embed, x);
	h = layer_norm(lm, x, i, "ffn_norm");
	gate = project(lm, h, i, "ffn_gate", c->ff, c->embed, GRAPH_NONE);
	up = project(lm, h, i, "ffn_up", c->ff, c->embed, GRAPH_NONE);
	h = graph_swiglu(g, gate, up);
	return project(lm, h, i, "ffn_down", c->embed, c->ff, x);
}

static void build(struct lm *lm)
{
	const struct lm_config *c = &lm->config;
	uint64_t tables = accel_buffer_va(lm->tables);
	const struct graph_sequence s = {
		.tokens = c->context,
		.head_dim = c->embed / c->heads,
		.cos = tables,
		.sin = tables + (uint64_t)c->context * c->embed / 2 * sizeof(float),
		.width = c->embed,
	};
	struct graph *g = &lm->graph;
	uint32_t x, table;

	graph_init(g, lm->at.batch * c->context);
	x = graph_ids(g);
	table = matrix(lm, "token_embd.weight", c->vocab, c->embed, DEVIATION,
		       !lm->optimizer.decay_embedding);
	x = graph_embed(g, x, table);
	for (uint32_t i = 0; i < c->layers; i++)
		x = add_layer(lm, x, i, &s);
	x = norm(lm, x, "output_norm.weight");
	if (!c->tied)
		table = matrix(lm, "output.weight", c->vocab, c->embed, DEVIATION, false);
	graph_cross_entropy(g, graph_matmul(g, x, table, GRAPH_NONE));
}

/* The tables of the rotary embedding: a head's, over and over. */
static int fill_tables(struct lm *lm, struct axon_err *err)
{
	uint32_t pairs = lm->config.embed / lm->config.heads / 2;
	uint64_t n = (uint64_t)lm->config.context * lm->config.embed / 2;
	uint64_t head = (uint64_t)lm->config.context * pairs;
	float *table = NULL, *one = malloc(2 * head * sizeof(*one));
	int ret = chip_buffer(lm->chip, 2 * n * sizeof(float), ACCEL_BUFFER_VRAM,
			      ACCEL_PURPOSE_OTHER, &lm->tables, err);

	if (!ret && !one)
		ret = axon_fail(err, -ENOMEM, "out of memory");
	if (ret)
		goto out;
	ret = accel_buffer_map(lm->tables, (void **)&table);
	if (!ret)
		ret = rope_table_fill(one, one + head, lm->config.context, pairs,
				      lm->config.rope_base, 1.0f, NULL);
	if (ret)
		ret = chip_fail(err, "the rotary embedding's tables", ret);
	for (uint64_t i = 0; !ret && i < 2 * n; i++)
		table[i] = one[i / (lm->config.embed / 2) * pairs + i % pairs];
out:
	free(one);
	return ret;
}

static int record(struct lm *lm, struct axon_err *err)
{
	struct graph *g = &lm->graph;
	int ret = accel_stream_create(lm->chip->vm, &lm->train);

	if (!ret)
		ret = accel_stream_create(lm->chip->vm, &lm->eval);
	if (ret)
		return chip_fail(err, "a stream", ret);
	ret = graph_record_forward(g, lm->eval, err);
	if (!ret)
		ret = graph_record_forward(g, lm->train, err);
	if (!ret)
		ret = graph_record_backward(g, lm->train, err);
	return ret ? ret : graph_record_adamw(g, lm->train, true, err);
}

int lm_open(struct lm *lm, struct chip *chip, const struct lm_config *config,
	    const struct lm_optimizer *optimizer, const struct lm_state *at, struct axon_err *err)
{
	int ret = check_config(config, at, err);

	memset(lm, 0, sizeof(*lm));
	if (!ret)
		ret = check_optimizer(optimizer, err);
	if (ret)
		return ret;
	lm->config = *config;
	lm->optimizer = *optimizer;
	lm->at = (struct lm_state){.seed = at->seed, .batch = at->batch};
	lm->chip = chip;
	ret = fill_tables(lm, err);
	if (ret)
		goto out;
	build(lm);
	ret = graph_place(&lm->graph, chip, err);
	if (!ret)
		ret = record(lm, err);
	if (!ret)
		graph_randomise(&lm->graph, at->seed);
out:
	if (ret)
		lm_close(lm);
	return ret;
}

void lm_close(struct lm *lm)
{
	accel_stream_destroy(lm->train);
	accel_stream_destroy(lm->eval);
	graph_close(&lm->graph);
	accel_buffer_destroy(lm->tables);
	memset(lm, 0, sizeof(*lm));
}

/* ---- steps ---- */

double lm_rate(const struct lm_optimizer *o, uint64_t s)
{
	double part;

	if (s < o->warmup)
		return o->rate * (double)s / o->warmup;
	if (!o->steps)
		return o->rate;
	if (s >= o->steps)
		return o->min_rate;
	part = (double)(s - o->warmup) / (o->steps - o->warmup);
	return o->min_rate + (o->rate - o->min_rate) * 0.5 * (1 + cos(M_PI * part));
}

/* What adamw needs to know of the step that is number t, from 1. */
static struct adamw_step adamw_step(const struct lm_optimizer *o, uint64_t t)
{
	double rate = lm_rate(o, t);

	return (struct adamw_step){
		.m_rate = (float)(1 - o->beta1),
		.v_keep = (float)o->beta2,
		.v_rate = (float)(1 - o->beta2),
		.w_keep = (float)(1 - rate * o->decay),
		.rate = (float)(rate / (1 - pow(o->beta1, (double)t))),
		.v_scale = (float)(1 / sqrt(1 - pow(o->beta2, (double)t))),
		.eps = (float)o->eps,
		.clip = o->clip > 0 ? (float)o->clip : INFINITY,
	};
}

/* What goes in, and what is to be predicted from it. */
static int set_tokens(struct lm *lm, const uint32_t *tokens, struct axon_err *err)
{
	uint32_t context = lm->config.context;
	struct graph *g = &lm->graph;

	for (uint32_t i = 0; i < lm->at.batch; i++, tokens += context + 1) {
		for (uint32_t j = 0; j <= context; j++)
			if (tokens[j] >= lm->config.vocab)
				return axon_fail(err, -EINVAL,
						 "tokens: expected numbers below %u, found %u",
						 lm->config.vocab, tokens[j]);
		memcpy(g->id + (size_t)i * context, tokens, context * sizeof(*tokens));
		memcpy(g->label + (size_t)i * context, tokens + 1, context * sizeof(*tokens));
	}
	return 0;
}

static int run(struct lm *lm, struct accel_stream *stream, const uint32_t *tokens, double *loss,
	       struct axon_err *err)
{
	double sum = 0;
	int ret = set_tokens(lm, tokens, err);

	if (!ret)
		ret = chip_run(lm->chip, stream, err);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < lm->graph.batch; i++)
		sum += (double)lm->graph.loss[i];
	*loss = sum / lm->graph.batch;
	return 0;
}

int lm_step(struct lm *lm, const uint32_t *tokens, double *loss, struct axon_err *err)
{
	int ret;

	*lm->graph.adamw = adamw_step(&lm->optimizer, lm->at.step + 1);
	ret = run(lm, lm->train, tokens, loss, err);
	if (!ret)
		lm->at.step++;
	return ret;
}

int lm_evaluate(struct lm *lm, const uint32_t *tokens, double *loss, struct axon_err *err)
{
	return run(lm, lm->eval, tokens, loss, err);
}

const float *lm_losses(const struct lm *lm)
{
	return lm->graph.loss;
}

double lm_gradient_norm(const struct lm *lm)
{
	return sqrt((double)*lm->graph.squares);
}

/* ---- parameters ---- */

uint32_t lm_parameters(const struct lm *lm)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < lm->graph.count; i++)
		n += lm->graph.tensors[i].op == GRAPH_PARAMETER;
	return n;
}

struct lm_parameter lm_parameter(const struct lm *lm, uint32_t i)
{
	const struct graph *g = &lm->graph;
	const struct graph_tensor *t = g->tensors;

	while (t->op != GRAPH_PARAMETER || i--)
		t++;
	return (struct lm_parameter){
		.name = t->name,
		.dims = t->dims,
		.dim = t->dim,
		.elements = t->elements,
		.value = g->value + t->at,
		.m = g->m + t->at,
		.v = g->v + t->at,
	};
}

uint64_t lm_size(const struct lm *lm)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < lm->graph.count; i++)
		if (lm->graph.tensors[i].op == GRAPH_PARAMETER)
			n += lm->graph.tensors[i].elements;
	return n;
}
