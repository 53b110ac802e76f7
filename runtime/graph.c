// SPDX-License-Identifier: MIT
#include <axon_isa.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "graph.h"
#include "graph_priv.h"
#include "random.h"

#define MAX_ELEMENTS (1ull << 31)

static const char *const op_names[] = {
	[GRAPH_INPUT] = "input",   [GRAPH_PARAMETER] = "parameter",
	[GRAPH_CONV] = "conv",	   [GRAPH_MAX_POOL] = "max_pool",
	[GRAPH_LINEAR] = "linear", [GRAPH_CROSS_ENTROPY] = "cross_entropy",
};

void graph_init(struct graph *g, uint32_t batch)
{
	memset(g, 0, sizeof(*g));
	g->batch = batch;
}

/* The first refusal stays; what is added behind it does not count. */
#define refuse(g, ...)                                              \
	do {                                                        \
		if (!(g)->err.code)                                 \
			axon_fail(&(g)->err, -EINVAL, __VA_ARGS__); \
	} while (0)

static uint32_t add(struct graph *g, enum graph_op op, uint32_t dims, const uint32_t *dim)
{
	struct graph_tensor *t;

	if (g->count == GRAPH_NODES) {
		refuse(g, "expected at most %d tensors in a graph, found more", GRAPH_NODES);
		return 0;
	}
	t = &g->tensors[g->count];
	t->op = op;
	t->dims = dims;
	t->elements = 1;
	for (uint32_t i = 0; i < dims; i++) {
		t->dim[i] = dim[i];
		t->elements *= dim[i];
		if (!dim[i] || t->elements > MAX_ELEMENTS) {
			refuse(g, "%s: expected 1 to %llu elements, found another size",
			       op_names[op], MAX_ELEMENTS);
			t->elements = 1;
		}
	}
	return g->count++;
}

static const struct graph_tensor *use(struct graph *g, enum graph_op op, uint32_t x)
{
	struct graph_tensor *t = &g->tensors[x < g->count ? x : 0];

	if (x >= g->count || t->uses++)
		refuse(g, "%s: expected a tensor that nothing uses yet, found number %u",
		       op_names[op], x);
	return t;
}

static const struct graph_tensor *use_image(struct graph *g, enum graph_op op, uint32_t x)
{
	const struct graph_tensor *t = use(g, op, x);

	if (t->dims != 4)
		refuse(g, "%s: expected images, found a tensor of %u dimensions", op_names[op],
		       t->dims);
	return t;
}

/* What a kernel takes of SRAM, with some room for alignment. */
static void need_sram(struct graph *g, enum graph_op op, uint64_t bytes)
{
	if (bytes + 256 <= g->sram)
		return;
	g->sram = bytes + 256;
	g->sram_op = op;
}

uint32_t graph_input(struct graph *g, uint32_t height, uint32_t width, uint32_t channels)
{
	uint32_t dim[] = {g->batch, height, width, channels};

	return add(g, GRAPH_INPUT, 4, dim);
}

static uint32_t parameter(struct graph *g, const char *layer, const char *part, uint32_t fan_in,
			  uint32_t dims, const uint32_t *dim)
{
	uint32_t id = add(g, GRAPH_PARAMETER, dims, dim);
	struct graph_tensor *t = &g->tensors[id];

	snprintf(t->name, sizeof(t->name), "%.40s.%s", layer, part);
	t->fan_in = fan_in;
	t->at = g->parameters;
	g->parameters += (t->elements + 15) & ~15ull; /* a cache line each */
	return id;
}

/* Finishes an operation with weights of `dims` dimensions, dim[0] outputs. */
static uint32_t weighted(struct graph *g, uint32_t id, uint32_t x, const char *name,
			 uint32_t fan_in, uint32_t dims, const uint32_t *dim)
{
	uint32_t w = parameter(g, name, "weight", fan_in, dims, dim);
	uint32_t b = parameter(g, name, "bias", fan_in, 1, dim);

	g->tensors[id].x = x;
	g->tensors[id].w = w;
	g->tensors[id].b = b;
	return id;
}

uint32_t graph_conv(struct graph *g, uint32_t x, const char *name, uint32_t out)
{
	const struct graph_tensor *t = use_image(g, GRAPH_CONV, x);
	uint32_t in = t->dim[3], dim[] = {g->batch, t->dim[1], t->dim[2], out};
	uint32_t w[] = {out, 3, 3, in};
	uint64_t row = t->dim[2] + 2ull;
	uint64_t part = (9ull * in + 1) * out * 4 * conv_parts(g->batch);

	if (part > g->scratch)
		g->scratch = part;
	need_sram(g, GRAPH_CONV,
		  4 * (row * (t->dim[1] + 3) * in + row * t->dim[1] * out)); /* conv_grad */
	need_sram(g, GRAPH_CONV, 4 * (row * (t->dim[1] + 2) * out + 9ull * in * out));
	return weighted(g, add(g, GRAPH_CONV, 4, dim), x, name, 9 * in, 4, w);
}

uint32_t graph_max_pool(struct graph *g, uint32_t x)
{
	const struct graph_tensor *t = use_image(g, GRAPH_MAX_POOL, x);
	uint32_t dim[] = {g->batch, t->dim[1] / 2, t->dim[2] / 2, t->dim[3]};
	uint32_t id;

	/* The gradient takes the place of x, which a convolution does not need again. */
	if (t->op != GRAPH_CONV)
		refuse(g, "max_pool: expected the output of conv, found that of %s",
		       op_names[t->op]);
	if (t->dim[1] % 2 || t->dim[2] % 2)
		refuse(g, "max_pool: expected an even height and width, found %u and %u", t->dim[1],
		       t->dim[2]);
	id = add(g, GRAPH_MAX_POOL, 4, dim);
	g->tensors[id].x = x;
	return id;
}

uint32_t graph_linear(struct graph *g, uint32_t x, const char *name, uint32_t out)
{
	const struct graph_tensor *t = use(g, GRAPH_LINEAR, x);
	uint32_t in = (uint32_t)(t->elements / g->batch), dim[] = {g->batch, out};
	uint32_t w[] = {out, in};

	need_sram(g, GRAPH_LINEAR, 4ull * GEMM_ROWS * in);
	need_sram(g, GRAPH_LINEAR, 4ull * GEMM_ROWS * out);
	need_sram(g, GRAPH_LINEAR, 4ull * GEMM_ROWS * g->batch);
	return weighted(g, add(g, GRAPH_LINEAR, 2, dim), x, name, in, 2, w);
}

uint32_t graph_cross_entropy(struct graph *g, uint32_t x)
{
	const struct graph_tensor *t = use(g, GRAPH_CROSS_ENTROPY, x);
	uint32_t dim[] = {g->batch}, id;

	if (t->dims != 2)
		refuse(g, "cross_entropy: expected rows, found a tensor of %u dimensions", t->dims);
	id = add(g, GRAPH_CROSS_ENTROPY, 1, dim);
	g->tensors[id].x = x;
	return id;
}

static int buffer(struct graph *g, uint64_t bytes, unsigned int flags, enum accel_purpose purpose,
		  struct accel_buffer **buf, void *map, struct axon_err *err)
{
	int ret = chip_buffer(g->chip, bytes, flags, purpose, buf, err);

	if (ret || !map)
		return ret;
	ret = accel_buffer_map(*buf, map);
	return ret ? chip_fail(err, "mapping a buffer", ret) : 0;
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

/* Addresses of the activations in `a`, which is planned when it has no base. */
static void lay_out(struct graph *g, struct arena *a)
{
	for (uint32_t i = 0; i < g->count; i++) {
		struct graph_tensor *t = &g->tensors[i];
		uint64_t bytes = t->elements * sizeof(float);

		if (t->op == GRAPH_PARAMETER || t->op == GRAPH_CROSS_ENTROPY)
			continue;
		t->value = arena_take(a, bytes);
		if (t->op == GRAPH_MAX_POOL || t->op == GRAPH_LINEAR)
			t->grad = arena_take(a, bytes);
		else if (t->op == GRAPH_CONV)
			t->grad = t->value;
	}
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

static int place_control(struct graph *g, struct axon_err *err)
{
	uint64_t row = (g->batch * sizeof(float) + 63) & ~63ull;
	uint8_t *p = NULL;
	int ret = buffer(g, 3 * row + sizeof(*g->adamw), ACCEL_BUFFER_SYSTEM,
			 ACCEL_PURPOSE_ACTIVATIONS, &g->control, &p, err);

	if (ret)
		return ret;
	g->label_va = accel_buffer_va(g->control);
	g->loss_va = g->label_va + row;
	g->correct_va = g->loss_va + row;
	g->adamw_va = g->correct_va + row;
	g->label = (int32_t *)p;
	g->loss = (const float *)(p + row);
	g->correct = (const float *)(p + 2 * row);
	g->adamw = (struct adamw_step *)(p + 3 * row);
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
				 op_names[g->sram_op], info.sram_size - AXON_STACK_SIZE,
				 (unsigned long long)g->sram);
	if (g->parameters > MAX_ELEMENTS)
		return axon_fail(err, -EINVAL, "expected at most %llu parameters, found %llu",
				 MAX_ELEMENTS, (unsigned long long)g->parameters);
	return 0;
}

int graph_place(struct graph *g, struct chip *chip, struct axon_err *err)
{
	int ret;

	if (g->err.code) {
		if (err)
			*err = g->err;
		return g->err.code;
	}
	g->chip = chip;
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
	g->weights = g->activations = g->control = NULL;
}

void graph_randomise(struct graph *g, uint64_t seed)
{
	for (uint32_t i = 0; i < g->count; i++) {
		const struct graph_tensor *t = &g->tensors[i];
		uint64_t state = random_stream(seed, i);

		if (t->op != GRAPH_PARAMETER)
			continue;
		for (uint64_t j = 0; j < t->elements; j++)
			g->value[t->at + j] = random_unit(&state) / sqrtf((float)t->fan_in);
	}
}
