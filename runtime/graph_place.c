// SPDX-License-Identifier: MIT
/* Memory of a graph: parameters with their gradients and moments, activations, what the host sees. */
#include <axon_isa.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "graph.h"
#include "graph_priv.h"
#include "step_args.h"
#include "sum_squares_args.h"

#define MAX_PARAMETERS (1ull << 31)

static int buffer(struct graph *g, uint64_t bytes, unsigned int flags, enum accel_purpose purpose,
		  struct accel_buffer **buf, void *map, struct axon_err *err)
{
	int ret = chip_buffer(g->chip, bytes, flags, purpose, buf, err);

	if (ret || !map)
		return ret;
	ret = accel_buffer_map(*buf, map);
	return ret ? chip_fail(err, "mapping a buffer", ret) : 0;
}

/* Those that decay come first, so that AdamW takes them in one go. */
static void order_parameters(struct graph *g)
{
	g->parameters = 0;
	for (int keep = 0; keep < 2; keep++) {
		for (uint32_t i = 0; i < g->count; i++) {
			struct graph_tensor *t = &g->tensors[i];

			if (t->op != GRAPH_PARAMETER || t->start.keep != keep)
				continue;
			t->at = g->parameters;
			g->parameters += (t->elements + 15) & ~15ull; /* a cache line each */
		}
		if (!keep)
			g->decaying = g->parameters;
	}
}

static int place_parameters(struct graph *g, struct axon_err *err)
{
	uint64_t bytes = g->parameters * sizeof(float);
	void *p = NULL;
	int ret = buffer(g, 4 * bytes, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_WEIGHTS, &g->weights, &p,
			 err);

	if (ret)
		return ret;
	memset(p, 0, 4 * bytes);
	g->value = p;
	g->grad = g->value + g->parameters;
	g->m = g->grad + g->parameters;
	g->v = g->m + g->parameters;
	for (uint32_t i = 0; i < g->count; i++) {
		struct graph_tensor *t = &g->tensors[i];

		if (t->op != GRAPH_PARAMETER)
			continue;
		t->value = accel_buffer_va(g->weights) + t->at * sizeof(float);
		t->grad = t->value + bytes;
	}
	return 0;
}

static void lay_out_values(struct graph *g, struct arena *a)
{
	for (uint32_t i = 0; i < g->count; i++) {
		struct graph_tensor *t = &g->tensors[i];

		if (t->op == GRAPH_PARAMETER || t->op == GRAPH_CROSS_ENTROPY || t->op == GRAPH_IDS)
			continue;
		t->grad = 0;
		t->owns = t->free = false;
		if (t->op == GRAPH_ROTATE) /* in place */
			t->value = g->tensors[t->in[0]].value;
		else
			t->value = arena_take(a, t->elements * sizeof(float));
		if (t->op == GRAPH_ATTENTION)
			t->log_sum =
				arena_take(a, t->elements / t->sequence.head_dim * sizeof(float));
	}
}

/* Memory for a gradient, of one that is not needed any more if there is one of that size. */
static void take_grad(struct graph *g, struct arena *a, struct graph_tensor *t)
{
	if (t->op == GRAPH_INPUT || t->op == GRAPH_IDS || t->grad)
		return;
	t->owns = true;
	for (uint32_t i = 0; i < g->count; i++) {
		struct graph_tensor *old = &g->tensors[i];

		if (!old->free || old->elements != t->elements)
			continue;
		old->free = false;
		t->grad = old->grad;
		return;
	}
	t->grad = arena_take(a, t->elements * sizeof(float));
}

/* x's gradient lies where t's does. */
static void pass_grad(struct graph_tensor *t, struct graph_tensor *x)
{
	x->grad = t->grad;
	x->owns = t->owns;
	t->owns = false;
}

/* In the order of the backward pass: an operation's inputs get their gradients, then its own is free. */
static void lay_out_grads(struct graph *g, struct arena *a)
{
	for (uint32_t i = g->count; i-- > 0;) {
		struct graph_tensor *t = &g->tensors[i], *in[GRAPH_INPUTS];

		for (int j = 0; j < GRAPH_INPUTS; j++)
			in[j] = graph_tensor(g, t->in[j]);
		switch (t->op) {
		case GRAPH_INPUT:
		case GRAPH_IDS:
		case GRAPH_PARAMETER: continue;
		case GRAPH_MAX_POOL:
		case GRAPH_CROSS_ENTROPY: in[0]->grad = in[0]->value; break;
		case GRAPH_SWIGLU:
			in[0]->grad = in[0]->value;
			in[1]->grad = in[1]->value;
			break;
		case GRAPH_ROTATE: pass_grad(t, in[0]); break;
		case GRAPH_ATTENTION:
			for (int j = 0; j < 3; j++)
				take_grad(g, a, in[j]);
			break;
		case GRAPH_LINEAR:
			take_grad(g, a, in[0]);
			if (t->in[3] != GRAPH_NONE)
				pass_grad(t, in[3]);
			break;
		case GRAPH_CONV:
		case GRAPH_NORM: take_grad(g, a, in[0]); break;
		case GRAPH_EMBED: break;
		}
		t->free = t->owns;
	}
}

static void lay_out(struct graph *g, struct arena *a)
{
	lay_out_values(g, a);
	lay_out_grads(g, a);
	g->scratch_va = arena_take(a, g->scratch);
}

static int place_activations(struct graph *g, struct axon_err *err)
{
	struct arena plan = {0}, placed = {0};
	int ret;

	lay_out(g, &plan);
	ret = buffer(g, plan.used, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_ACTIVATIONS, &g->activations,
		     NULL, err);
	if (ret)
		return ret;
	placed.base = accel_buffer_va(g->activations);
	lay_out(g, &placed);
	return 0;
}

/* Where the host and the chip meet. */
struct control {
	struct adamw_step adamw;
	float squares;
	struct step step; /* for kernels that are the runtime's for inference, too */
};

static int place_control(struct graph *g, struct axon_err *err)
{
	uint64_t row = (g->batch * sizeof(float) + 63) & ~63ull, va;
	struct control *control;
	uint8_t *p = NULL;
	int ret = buffer(g, 4 * row + sizeof(*control), ACCEL_BUFFER_SYSTEM,
			 ACCEL_PURPOSE_ACTIVATIONS, &g->control, &p, err);

	if (ret)
		return ret;
	va = accel_buffer_va(g->control);
	g->label_va = va;
	g->id_va = va + row;
	g->loss_va = va + 2 * row;
	g->correct_va = va + 3 * row;
	va += 4 * row;
	g->adamw_va = va + offsetof(struct control, adamw);
	g->squares_va = va + offsetof(struct control, squares);
	g->step_va = va + offsetof(struct control, step);
	g->label = (int32_t *)p;
	g->id = (int32_t *)(p + row);
	g->loss = (const float *)(p + 2 * row);
	g->correct = (const float *)(p + 3 * row);
	control = (struct control *)(p + 4 * row);
	g->adamw = &control->adamw;
	g->squares = &control->squares;
	control->step = (struct step){.rows = g->batch};
	for (uint32_t i = 0; i < g->count; i++)
		if (g->tensors[i].op == GRAPH_IDS)
			g->tensors[i].value = g->id_va;
	return 0;
}

/* What the chip cannot hold is refused here, not by a kernel in the middle of a step. */
static int check_sizes(const struct graph *g, struct axon_err *err)
{
	struct accel_device_info info = {.size = sizeof(info)};
	int ret = accel_device_get_info(g->chip->dev, &info);

	if (ret)
		return chip_fail(err, "asking for the accelerator's size", ret);
	if (g->sram > info.sram_size - AXON_STACK_SIZE)
		return axon_fail(err, -EINVAL,
				 "%s: expected sizes that need at most %u bytes of a core's SRAM, "
				 "found %llu; make the layer smaller",
				 graph_op_name(g->sram_op), info.sram_size - AXON_STACK_SIZE,
				 (unsigned long long)g->sram);
	if (g->parameters > MAX_PARAMETERS)
		return axon_fail(err, -EINVAL, "expected at most %llu parameters, found %llu",
				 MAX_PARAMETERS, (unsigned long long)g->parameters);
	return 0;
}

int graph_place(struct graph *g, struct chip *chip, struct axon_err *err)
{
	uint64_t squares;
	int ret = g->err.code;

	if (ret) {
		if (err)
			*err = g->err;
		graph_close(g);
		return ret;
	}
	g->chip = chip;
	order_parameters(g);
	squares = graph_div_up(g->parameters, SUM_SQUARES_CHUNK) * sizeof(float);
	if (squares > g->scratch)
		g->scratch = squares;
	ret = check_sizes(g, err);
	if (!ret)
		ret = place_parameters(g, err);
	if (!ret)
		ret = place_activations(g, err);
	if (!ret)
		ret = place_control(g, err);
	if (ret)
		graph_close(g);
	return ret;
}

void graph_close(struct graph *g)
{
	accel_buffer_destroy(g->weights);
	accel_buffer_destroy(g->activations);
	accel_buffer_destroy(g->control);
	free(g->tensors);
	g->weights = g->activations = g->control = NULL;
	g->tensors = NULL;
	g->count = g->room = 0;
}
