// SPDX-License-Identifier: MIT
#include "conv_args.h"
#include "conv_grad_args.h"
#include "cross_entropy_args.h"
#include "gemm_args.h"
#include "graph.h"
#include "graph_priv.h"
#include "max_pool_args.h"
#include "reduce_args.h"

#define REDUCE_PER_WG	 1024
#define CROSS_ENTROPY_WG 256

/* What recording one operation needs. */
struct recorder {
	struct graph *g;
	struct accel_stream *stream;
	struct axon_err *err;
};

static int launch(const struct recorder *r, enum chip_kernel kernel, uint32_t x, uint32_t y,
		  const void *args, size_t bytes)
{
	return chip_launch(r->g->chip, r->stream, kernel, x, y, args, bytes, r->err);
}

static uint32_t div_up(uint64_t a, uint32_t b)
{
	return (uint32_t)((a + b - 1) / b);
}

static const struct graph_tensor *tensor(const struct recorder *r, uint32_t id)
{
	return &r->g->tensors[id];
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

	return launch(r, CHIP_reduce, div_up(n, REDUCE_PER_WG), 1, &args, sizeof(args));
}

static int gemm(const struct recorder *r, struct gemm_args *args)
{
	args->rows_per_wg = GEMM_ROWS;
	args->cols_per_wg = GEMM_COLS;
	return launch(r, CHIP_gemm, div_up(args->n, GEMM_COLS), div_up(args->m, GEMM_ROWS), args,
		      sizeof(*args));
}

static int conv_forward(const struct recorder *r, const struct graph_tensor *t)
{
	struct conv_args args = {
		.x = tensor(r, t->x)->value,
		.w = tensor(r, t->w)->value,
		.bias = tensor(r, t->b)->value,
		.y = t->value,
		.height = t->dim[1],
		.width = t->dim[2],
		.in = tensor(r, t->x)->dim[3],
		.out = t->dim[3],
	};

	return launch(r, CHIP_conv, t->dim[0], 1, &args, sizeof(args));
}

static int conv_backward(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = tensor(r, t->x), *w = tensor(r, t->w), *b = tensor(r, t->b);
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
	struct conv_args input = {
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
		ret = launch(r, CHIP_conv, t->dim[0], 1, &input, sizeof(input));
	return ret;
}

static int max_pool(const struct recorder *r, const struct graph_tensor *t, uint64_t dy)
{
	const struct graph_tensor *x = tensor(r, t->x);
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

static int linear_forward(const struct recorder *r, const struct graph_tensor *t)
{
	struct gemm_args args = {
		.a = tensor(r, t->x)->value,
		.b = tensor(r, t->w)->value,
		.c = t->value,
		.bias = tensor(r, t->b)->value,
		.m = t->dim[0],
		.n = t->dim[1],
		.k = tensor(r, t->w)->dim[1],
		.flags = GEMM_B_COLS,
	};

	return gemm(r, &args);
}

static int linear_backward(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = tensor(r, t->x), *w = tensor(r, t->w), *b = tensor(r, t->b);
	struct gemm_args weight = {
		.a = t->grad,
		.b = x->value,
		.c = w->grad,
		.m = w->dim[0],
		.n = w->dim[1],
		.k = t->dim[0],
		.flags = GEMM_A_COLS,
	};
	struct gemm_args input = {
		.a = t->grad,
		.b = w->value,
		.c = x->grad,
		.m = t->dim[0],
		.n = w->dim[1],
		.k = w->dim[0],
	};
	int ret = gemm(r, &weight);

	if (!ret)
		ret = reduce(r, t->grad, b->grad, b->elements, t->dim[0],
			     b->elements * sizeof(float));
	if (!ret && x->grad)
		ret = gemm(r, &input);
	return ret;
}

/* Loss and gradient come together. */
static int cross_entropy(const struct recorder *r, const struct graph_tensor *t)
{
	const struct graph_tensor *x = tensor(r, t->x);
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

	return launch(r, CHIP_cross_entropy, div_up(args.rows, CROSS_ENTROPY_WG), 1, &args,
		      sizeof(args));
}

int graph_record_forward(struct graph *g, struct accel_stream *stream, struct axon_err *err)
{
	const struct recorder r = {g, stream, err};
	int ret = 0;

	for (uint32_t i = 0; !ret && i < g->count; i++) {
		const struct graph_tensor *t = &g->tensors[i];

		switch (t->op) {
		case GRAPH_INPUT:
		case GRAPH_PARAMETER: break;
		case GRAPH_CONV: ret = conv_forward(&r, t); break;
		case GRAPH_MAX_POOL: ret = max_pool(&r, t, 0); break;
		case GRAPH_LINEAR: ret = linear_forward(&r, t); break;
		case GRAPH_CROSS_ENTROPY: ret = cross_entropy(&r, t); break;
		}
	}
	return ret;
}

int graph_record_backward(struct graph *g, struct accel_stream *stream, struct axon_err *err)
{
	const struct recorder r = {g, stream, err};
	int ret = 0;

	for (uint32_t i = g->count; !ret && i-- > 0;) {
		const struct graph_tensor *t = &g->tensors[i];

		switch (t->op) {
		case GRAPH_INPUT:
		case GRAPH_PARAMETER:
		case GRAPH_CROSS_ENTROPY: break;
		case GRAPH_CONV: ret = conv_backward(&r, t); break;
		case GRAPH_MAX_POOL: ret = max_pool(&r, t, t->grad); break;
		case GRAPH_LINEAR: ret = linear_backward(&r, t); break;
		}
	}
	return ret;
}

int graph_record_adamw(struct graph *g, struct accel_stream *stream, struct axon_err *err)
{
	uint64_t at = accel_buffer_va(g->weights), bytes = g->parameters * sizeof(float);
	struct adamw_args args = {
		.step = g->adamw_va,
		.w = at,
		.g = at + bytes,
		.m = at + 2 * bytes,
		.v = at + 3 * bytes,
		.n = (uint32_t)g->parameters,
	};

	return chip_launch(g->chip, stream, CHIP_adamw, div_up(g->parameters, ADAMW_CHUNK), 1,
			   &args, sizeof(args), err);
}
