// SPDX-License-Identifier: MIT
/* A graph's operations as launches, forward and backward, and the optimizer. */
#include <axon_isa.h>
#include <math.h>

#include "conv_args.h"
#include "conv_grad_args.h"
#include "cross_entropy_args.h"
#include "embed_grad_args.h"
#include "flash_args.h"
#include "gather_args.h"
#include "gemm_args.h"
#include "graph.h"
#include "graph_priv.h"
#include "max_pool_args.h"
#include "norm_args.h"
#include "norm_grad_args.h"
#include "reduce_args.h"
#include "rotate_args.h"
#include "sum_squares_args.h"
#include "swiglu_args.h"

#define REDUCE_PER_WG	 1024
#define CROSS_ENTROPY_WG 32
#define EMBED_WG	 32 /* rows */
#define EMBED_GRAD_WG	 16 /* columns: a cache line */
#define GEMM_SPLIT	 96 /* rows from which on a second core is worth it */
#define NORM_WG		 64
#define ROTATE_WG	 32

/* What recording one operation needs. */
struct recorder {
	struct graph *g;
	struct accel_stream *stream;
	struct axon_err *err;
	bool overlap; /* with the next launch, which does not need this one */
};

static int launch(const struct recorder *r, enum chip_kernel kernel, uint32_t x, uint32_t y,
		  const void *args, size_t bytes)
{
	return (r->overlap ? chip_launch_overlap : chip_launch)(r->g->chip, r->stream, kernel, x, y,
								args, bytes, r->err);
}

static const struct graph_tensor *input(const struct recorder *r, const struct graph_tensor *t,
					int i)
{
	return graph_tensor(r->g, t->in[i]);
}

/* Whether a gradient is added to what other consumers gave already. */
static bool adds(const struct recorder *r, uint32_t id)
{
	struct graph_tensor *t = graph_tensor(r->g, id);
	bool added = t->has_grad;

	t->has_grad = true;
	return added;
}

static int reduce(const struct recorder *r, uint64_t x, uint64_t y, uint64_t n, uint32_t parts,
		  uint64_t stride)
{
	struct reduce_args args = {
		.x = x,
		.y = y,
		.n = (uint32_t)n,
		.n_per_wg = REDUCE_PER_WG,
		.parts = parts,
		.stride = (uint32_t)stride,
	};

	return launch(r, CHIP_reduce, graph_div_up(n, REDUCE_PER_WG), 1, &args, sizeof(args));
}

/* Rows are spread evenly over workgroups, in multiples of the engine's height. */
static int gemm(const struct recorder *r, struct gemm_args *args)
{
	uint32_t parts = graph_div_up(args->m, GEMM_ROWS);

	if (parts == 1 && args->m >= GEMM_SPLIT)
		parts = 2;
	args->rows_per_wg = (graph_div_up(args->m, parts) + 5) / 6 * 6;
	args->cols_per_wg = GEMM_COLS;
	return launch(r, CHIP_gemm, graph_div_up(args->n, GEMM_COLS),
		      graph_div_up(args->m, args->rows_per_wg), args, sizeof(*args));
}

/* ---- images ---- */

static int conv_forward(const struct recorder *r, const struct graph_tensor *t)
{
	struct conv_args args = {
		.x = input(r, t, 0)->value,
		.w = input(r, t, 1)->value,
		.bias = input(r, t, 2)->value,
		.y = t->value,
		.height = t->dim[1],
		.width = t->dim[2],
		.in = input(r, t, 0)->dim[3],
		.out = t->dim[3],
	};

	return launch(r, CHIP_conv, t->dim[0], 1, &args, sizeof(args));
}

static int conv_backward(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = input(r, t, 0), *w = input(r, t, 1), *b = input(r, t, 2);
	struct conv_grad_args grad = {
		.x = x->value,
		.dy = t->grad,
		.part = r->g->scratch_va,
		.images = t->dim[0],
		.images_per_wg = CONV_IMAGES_PER_PART,
		.height = t->dim[1],
		.width = t->dim[2],
		.in = x->dim[3],
		.out = t->dim[3],
	};
	struct conv_args back = {
		.x = t->grad,
		.w = w->value,
		.y = x->grad,
		.height = t->dim[1],
		.width = t->dim[2],
		.in = t->dim[3],
		.out = x->dim[3],
		.flags = CONV_FLIP,
	};
	uint32_t parts = conv_parts(t->dim[0]);
	uint64_t stride = (w->elements + b->elements) * sizeof(float);
	int ret = launch(r, CHIP_conv_grad, parts, 1, &grad, sizeof(grad));

	if (!ret)
		ret = reduce(r, grad.part, w->grad, w->elements, parts, stride);
	if (!ret)
		ret = reduce(r, grad.part + w->elements * sizeof(float), b->grad, b->elements,
			     parts, stride);
	if (!ret && x->grad)
		ret = launch(r, CHIP_conv, t->dim[0], 1, &back, sizeof(back));
	return ret;
}

static int max_pool(const struct recorder *r, const struct graph_tensor *t, uint64_t dy)
{
	const struct graph_tensor *x = input(r, t, 0);
	struct max_pool_args args = {
		.x = x->value,
		.y = t->value,
		.dy = dy,
		.height = x->dim[1],
		.width = x->dim[2],
		.channels = x->dim[3],
	};

	return launch(r, CHIP_max_pool, t->dim[0], 1, &args, sizeof(args));
}

/* ---- linear layers ---- */

static int linear_forward(const struct recorder *r, const struct graph_tensor *t)
{
	bool bias = t->in[2] != GRAPH_NONE;
	struct gemm_args args = {
		.a = input(r, t, 0)->value,
		.b = input(r, t, 1)->value,
		.c = t->value,
		.addend = input(r, t, bias ? 2 : 3)->value,
		.m = t->dim[0],
		.n = t->dim[1],
		.k = input(r, t, 1)->dim[1],
		.flags = GEMM_B_COLS | (bias ? GEMM_ADDEND_ROW : 0),
	};

	return gemm(r, &args);
}

static int linear_backward(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = input(r, t, 0), *w = input(r, t, 1), *b = input(r, t, 2);
	struct gemm_args weight = {
		.a = t->grad,
		.b = x->value,
		.c = w->grad,
		.m = w->dim[0],
		.n = w->dim[1],
		.k = t->dim[0],
		.flags = GEMM_A_COLS,
		.addend = adds(r, t->in[1]) ? w->grad : 0,
	};
	struct gemm_args back = {
		.a = t->grad,
		.b = w->value,
		.c = x->grad,
		.m = t->dim[0],
		.n = w->dim[1],
		.k = w->dim[0],
		.addend = adds(r, t->in[0]) ? x->grad : 0,
	};
	struct recorder beside = *r;
	int ret;

	beside.overlap = x->grad;
	ret = gemm(&beside, &weight);
	if (!ret && b->grad)
		ret = reduce(&beside, t->grad, b->grad, b->elements, t->dim[0],
			     b->elements * sizeof(float));
	if (!ret && x->grad)
		ret = gemm(r, &back);
	if (t->in[3] != GRAPH_NONE)
		adds(r, t->in[3]); /* it lies where t's gradient does */
	return ret;
}

/* ---- language models ---- */

static int embed_forward(const struct recorder *r, const struct graph_tensor *t)
{
	struct gather_args args = {
		.src = input(r, t, 1)->value,
		.index = input(r, t, 0)->value,
		.dst = t->value,
		.rows = t->dim[0],
		.cols = t->dim[1],
		.limit = input(r, t, 1)->dim[0],
		.rows_per_wg = EMBED_WG,
		.src_type = AXON_F32,
		.dst_type = AXON_F32,
	};

	return launch(r, CHIP_gather, graph_div_up(args.rows, EMBED_WG), 1, &args, sizeof(args));
}

static int embed_backward(const struct recorder *r, const struct graph_tensor *t)
{
	struct embed_grad_args args = {
		.id = input(r, t, 0)->value,
		.dy = t->grad,
		.grad = input(r, t, 1)->grad,
		.rows = t->dim[0],
		.cols = t->dim[1],
		.vocab = input(r, t, 1)->dim[0],
		.cols_per_wg = EMBED_GRAD_WG,
		.flags = adds(r, t->in[1]) ? EMBED_GRAD_ADD : 0,
	};

	return launch(r, CHIP_embed_grad, graph_div_up(args.cols, EMBED_GRAD_WG), 1, &args,
		      sizeof(args));
}

static int norm_forward(const struct recorder *r, const struct graph_tensor *t)
{
	struct norm_args args = {
		.rows = r->g->step_va,
		.x = input(r, t, 0)->value,
		.weight = input(r, t, 1)->value,
		.dense = t->value,
		.dense_type = AXON_F32,
		.cols = t->dim[1],
		.rows_per_wg = NORM_WG,
		.eps = t->eps,
	};

	return launch(r, CHIP_norm, graph_div_up(t->dim[0], NORM_WG), 1, &args, sizeof(args));
}

static int norm_backward(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = input(r, t, 0), *w = input(r, t, 1);
	uint32_t cols = t->dim[1], rows = norm_grad_rows(cols);
	uint32_t parts = graph_div_up(t->dim[0], rows);
	struct norm_grad_args args = {
		.x = x->value,
		.w = w->value,
		.dy = t->grad,
		.dx = x->grad,
		.part = r->g->scratch_va,
		.rows = t->dim[0],
		.cols = cols,
		.rows_per_wg = rows,
		.eps = t->eps,
		.flags = adds(r, t->in[0]) ? NORM_GRAD_ADD : 0,
	};
	int ret = launch(r, CHIP_norm_grad, parts, 1, &args, sizeof(args));

	return ret ? ret : reduce(r, args.part, w->grad, cols, parts, cols * sizeof(float));
}

static int rotate(const struct recorder *r, const struct graph_tensor *t, uint64_t x,
		  uint32_t flags)
{
	const struct graph_sequence *s = &t->sequence;
	struct rotate_args args = {
		.x = x,
		.cos = s->cos,
		.sin = s->sin,
		.table_stride = s->width / 2 * sizeof(float),
		.tokens = s->tokens,
		.pairs = t->dim[1] / 2,
		.tokens_per_wg = ROTATE_WG,
		.flags = flags,
	};

	return launch(r, CHIP_rotate, graph_div_up(s->tokens, ROTATE_WG), t->dim[0] / s->tokens,
		      &args, sizeof(args));
}

static struct flash_args flash_args(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *q = input(r, t, 0), *k = input(r, t, 1), *v = input(r, t, 2);
	const struct graph_sequence *s = &t->sequence;

	return (struct flash_args){
		.q = q->value,
		.k = k->value,
		.v = v->value,
		.y = t->value,
		.log_sum = t->log_sum,
		.dy = t->grad,
		.dq = q->grad,
		.dk = k->grad,
		.dv = v->grad,
		.tokens = s->tokens,
		.heads = q->dim[1] / s->head_dim,
		.kv_heads = k->dim[1] / s->head_dim,
		.head_dim = s->head_dim,
		.scale = 1.0f / sqrtf((float)s->head_dim),
	};
}

static int attention_forward(const struct recorder *r, const struct graph_tensor *t)
{
	struct flash_args args = flash_args(r, t);

	args.queries_per_wg = FLASH_QUERIES;
	args.keys_per_block = FLASH_KEYS;
	return launch(r, CHIP_flash, graph_div_up(args.tokens, FLASH_QUERIES),
		      t->dim[0] / args.tokens * args.heads, &args, sizeof(args));
}

static int attention_backward(const struct recorder *r, const struct graph_tensor *t)
{
	struct flash_args args = flash_args(r, t);

	args.queries_per_wg = FLASH_GRAD_QUERIES;
	args.keys_per_block = FLASH_GRAD_KEYS;
	return launch(r, CHIP_flash_grad, args.kv_heads, t->dim[0] / args.tokens, &args,
		      sizeof(args));
}

static int swiglu(const struct recorder *r, const struct graph_tensor *t, uint64_t dy)
{
	struct swiglu_args args = {
		.gate = input(r, t, 0)->value,
		.up = input(r, t, 1)->value,
		.y = t->value,
		.dy = dy,
		.n = t->elements,
	};

	return launch(r, CHIP_swiglu, graph_div_up(t->elements, SWIGLU_CHUNK), 1, &args,
		      sizeof(args));
}

/* Loss and gradient come together. */
static int cross_entropy(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = input(r, t, 0);
	struct cross_entropy_args args = {
		.x = x->value,
		.label = r->g->label_va,
		.dx = x->grad,
		.loss = r->g->loss_va,
		.correct = r->g->correct_va,
		.rows = x->dim[0],
		.cols = x->dim[1],
		.rows_per_wg = CROSS_ENTROPY_WG,
		.scale = 1.0f / (float)x->dim[0],
	};

	return launch(r, CHIP_cross_entropy, graph_div_up(args.rows, CROSS_ENTROPY_WG), 1, &args,
		      sizeof(args));
}

/* ---- passes ---- */

/* Whether operation i, or the next that launches something, needs what `first` to i - 1 make. */
static bool needs(struct graph *g, uint32_t i, uint32_t first)
{
	uint32_t end = i;

	while (i < g->count && (g->tensors[i].op == GRAPH_PARAMETER ||
				g->tensors[i].op == GRAPH_INPUT || g->tensors[i].op == GRAPH_IDS))
		i++;
	if (i == g->count)
		return true;
	for (int j = 0; j < GRAPH_INPUTS; j++) {
		uint32_t in = g->tensors[i].in[j];

		if (in >= first && in < end && g->tensors[in].op != GRAPH_PARAMETER)
			return true;
	}
	return false;
}

int graph_record_forward(struct graph *g, struct accel_stream *stream, struct axon_err *err)
{
	struct recorder r = {g, stream, err, false};
	uint32_t first = 0; /* of those that may be under way */
	int ret = 0;

	for (uint32_t i = 0; !ret && i < g->count; i++) {
		const struct graph_tensor *t = &g->tensors[i];

		if (!r.overlap)
			first = i;
		r.overlap = !needs(g, i + 1, first);
		switch (t->op) {
		case GRAPH_INPUT:
		case GRAPH_IDS:
		case GRAPH_PARAMETER: break;
		case GRAPH_CONV: ret = conv_forward(&r, t); break;
		case GRAPH_MAX_POOL: ret = max_pool(&r, t, 0); break;
		case GRAPH_LINEAR: ret = linear_forward(&r, t); break;
		case GRAPH_EMBED: ret = embed_forward(&r, t); break;
		case GRAPH_NORM: ret = norm_forward(&r, t); break;
		case GRAPH_ROTATE: ret = rotate(&r, t, t->value, 0); break;
		case GRAPH_ATTENTION: ret = attention_forward(&r, t); break;
		case GRAPH_SWIGLU: ret = swiglu(&r, t, 0); break;
		case GRAPH_CROSS_ENTROPY: ret = cross_entropy(&r, t); break;
		}
	}
	return ret;
}

int graph_record_backward(struct graph *g, struct accel_stream *stream, struct axon_err *err)
{
	const struct recorder r = {g, stream, err, false};
	int ret = 0;

	for (uint32_t i = 0; i < g->count; i++)
		g->tensors[i].has_grad = false;
	for (uint32_t i = g->count; !ret && i-- > 0;) {
		const struct graph_tensor *t = &g->tensors[i];

		if (!t->grad) /* nothing uses it */
			continue;
		switch (t->op) {
		case GRAPH_INPUT:
		case GRAPH_IDS:
		case GRAPH_PARAMETER:
		case GRAPH_CROSS_ENTROPY: break;
		case GRAPH_CONV: ret = conv_backward(&r, t); break;
		case GRAPH_MAX_POOL: ret = max_pool(&r, t, t->grad); break;
		case GRAPH_LINEAR: ret = linear_backward(&r, t); break;
		case GRAPH_EMBED: ret = embed_backward(&r, t); break;
		case GRAPH_NORM: ret = norm_backward(&r, t); break;
		case GRAPH_ROTATE: ret = rotate(&r, t, t->grad, ROTATE_BACK); break;
		case GRAPH_ATTENTION: ret = attention_backward(&r, t); break;
		case GRAPH_SWIGLU: ret = swiglu(&r, t, t->grad); break;
		}
	}
	return ret;
}

static int record_squares(const struct recorder *r)
{
	const struct graph *g = r->g;
	struct sum_squares_args args = {
		.x = accel_buffer_va(g->weights) + g->parameters * sizeof(float),
		.part = g->scratch_va,
		.n = g->parameters,
	};
	uint32_t parts = graph_div_up(g->parameters, SUM_SQUARES_CHUNK);
	int ret = launch(r, CHIP_sum_squares, parts, 1, &args, sizeof(args));

	return ret ? ret : reduce(r, args.part, g->squares_va, 1, parts, sizeof(float));
}

/* Parameters first .. end. */
static int record_update(const struct recorder *r, uint64_t first, uint64_t end, bool clip,
			 uint32_t flags)
{
	const struct graph *g = r->g;
	uint64_t at = accel_buffer_va(g->weights) + first * sizeof(float);
	uint64_t bytes = g->parameters * sizeof(float);
	struct adamw_args args = {
		.step = g->adamw_va,
		.w = at,
		.g = at + bytes,
		.m = at + 2 * bytes,
		.v = at + 3 * bytes,
		.squares = clip ? g->squares_va : 0,
		.n = (uint32_t)(end - first),
		.flags = flags,
	};

	if (first == end)
		return 0;
	return launch(r, CHIP_adamw, graph_div_up(args.n, ADAMW_CHUNK), 1, &args, sizeof(args));
}

int graph_record_adamw(struct graph *g, struct accel_stream *stream, bool clip,
		       struct axon_err *err)
{
	const struct recorder r = {g, stream, err, false};
	int ret = clip ? record_squares(&r) : 0;

	if (!ret)
		ret = record_update(&r, 0, g->decaying, clip, 0);
	return ret ? ret : record_update(&r, g->decaying, g->parameters, clip, ADAMW_KEEP);
}
