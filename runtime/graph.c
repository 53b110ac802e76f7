// SPDX-License-Identifier: MIT
/* Building a graph: each operation checks what it is given and says what it will need. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash_args.h"
#include "gemm_args.h"
#include "graph.h"
#include "graph_priv.h"
#include "random.h"

#define MAX_ELEMENTS (1ull << 31)

static const char *const op_names[] = {
	[GRAPH_INPUT] = "input",	 [GRAPH_IDS] = "ids",
	[GRAPH_PARAMETER] = "parameter", [GRAPH_CONV] = "conv",
	[GRAPH_MAX_POOL] = "max_pool",	 [GRAPH_LINEAR] = "linear",
	[GRAPH_EMBED] = "embed",	 [GRAPH_NORM] = "norm",
	[GRAPH_ROTATE] = "rotate",	 [GRAPH_ATTENTION] = "attention",
	[GRAPH_SWIGLU] = "swiglu",	 [GRAPH_CROSS_ENTROPY] = "cross_entropy",
};

const char *graph_op_name(enum graph_op op)
{
	return op_names[op];
}

/* The first refusal stays; what is added behind it does not count. */
#define refuse(g, code_, ...)                                     \
	do {                                                      \
		if (!(g)->err.code)                               \
			axon_fail(&(g)->err, code_, __VA_ARGS__); \
	} while (0)

void graph_init(struct graph *g, uint32_t batch)
{
	memset(g, 0, sizeof(*g));
	g->batch = batch ? batch : 1;
	g->none = (struct graph_tensor){.dims = 1, .dim = {1, 1, 1, 1}, .elements = 1};
	if (!batch)
		refuse(g, -EINVAL, "batch: expected at least 1, found 0");
}

static bool grow(struct graph *g)
{
	uint32_t room = g->room ? 2 * g->room : 64;
	struct graph_tensor *more = realloc(g->tensors, room * sizeof(*more));

	if (!more) {
		refuse(g, -ENOMEM, "out of memory");
		return false;
	}
	g->tensors = more;
	g->room = room;
	return true;
}

static uint32_t add(struct graph *g, enum graph_op op, uint32_t dims, const uint32_t *dim)
{
	struct graph_tensor *t;

	if (g->count == g->room && !grow(g))
		return GRAPH_NONE;
	t = &g->tensors[g->count];
	*t = (struct graph_tensor){.op = op, .dims = dims, .elements = 1};
	for (uint32_t i = 0; i < GRAPH_INPUTS; i++)
		t->in[i] = GRAPH_NONE;
	for (uint32_t i = 0; i < dims; i++) {
		t->dim[i] = dim[i];
		t->elements *= dim[i];
		if (!dim[i] || t->elements > MAX_ELEMENTS) {
			refuse(g, -EINVAL, "%s: expected 1 to %llu elements, found another size",
			       op_names[op], MAX_ELEMENTS);
			t->elements = 1;
		}
	}
	return g->count++;
}

/* The only use of a tensor. */
static const struct graph_tensor *use(struct graph *g, enum graph_op op, uint32_t x)
{
	struct graph_tensor *t = graph_tensor(g, x);

	if (x >= g->count || t->uses++)
		refuse(g, -EINVAL, "%s: expected a tensor that nothing uses yet, found number %u",
		       op_names[op], x);
	t->used_up = true;
	return t;
}

/* A use whose gradient is added to that of others. */
static struct graph_tensor *share(struct graph *g, enum graph_op op, uint32_t x)
{
	struct graph_tensor *t = graph_tensor(g, x);

	if (x >= g->count || t->used_up)
		refuse(g, -EINVAL, "%s: expected a tensor that is not used up, found number %u",
		       op_names[op], x);
	t->uses++;
	return t;
}

/* The only use of the output of `from`, whose place the gradient takes. */
static const struct graph_tensor *use_output(struct graph *g, enum graph_op op, uint32_t x,
					     enum graph_op from)
{
	const struct graph_tensor *t = use(g, op, x);

	if (t->op != from)
		refuse(g, -EINVAL, "%s: expected the output of %s, found that of %s", op_names[op],
		       op_names[from], op_names[t->op]);
	return t;
}

static void check_image(struct graph *g, enum graph_op op, const struct graph_tensor *t)
{
	if (t->dims != 4)
		refuse(g, -EINVAL, "%s: expected images, found a tensor of %u dimensions",
		       op_names[op], t->dims);
}

static void check_rows(struct graph *g, enum graph_op op, const struct graph_tensor *t)
{
	if (t->dims != 2)
		refuse(g, -EINVAL, "%s: expected rows, found a tensor of %u dimensions",
		       op_names[op], t->dims);
}

static void check_same(struct graph *g, enum graph_op op, const char *what, uint64_t expected,
		       uint64_t found)
{
	if (found != expected)
		refuse(g, -EINVAL, "%s: expected %llu %s, found %llu", op_names[op],
		       (unsigned long long)expected, what, (unsigned long long)found);
}

/* What a kernel takes of SRAM, with some room for alignment. */
static void need_sram(struct graph *g, enum graph_op op, uint64_t bytes)
{
	if (bytes + 512 <= g->sram)
		return;
	g->sram = bytes + 512;
	g->sram_op = op;
}

static void need_scratch(struct graph *g, uint64_t bytes)
{
	if (bytes > g->scratch)
		g->scratch = bytes;
}

uint32_t graph_input(struct graph *g, uint32_t height, uint32_t width, uint32_t channels)
{
	uint32_t dim[] = {g->batch, height, width, channels};

	return add(g, GRAPH_INPUT, 4, dim);
}

uint32_t graph_ids(struct graph *g)
{
	for (uint32_t i = 0; i < g->count; i++)
		if (g->tensors[i].op == GRAPH_IDS)
			refuse(g, -EINVAL, "ids: expected to be asked for once, found twice");
	return add(g, GRAPH_IDS, 1, &g->batch);
}

uint32_t graph_parameter(struct graph *g, const char *name, uint32_t dims, const uint32_t *dim,
			 struct graph_start start)
{
	uint32_t id = add(g, GRAPH_PARAMETER, dims, dim);
	struct graph_tensor *t = graph_tensor(g, id);

	if (strlen(name) >= sizeof(t->name))
		refuse(g, -EINVAL, "parameter: expected a name below %zu bytes, found '%s'",
		       sizeof(t->name), name);
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->start = start;
	return id;
}

/* Finishes an operation with weights of `dims` dimensions, dim[0] outputs, and a bias. */
static uint32_t weighted(struct graph *g, uint32_t id, uint32_t x, const char *layer,
			 uint32_t fan_in, uint32_t dims, const uint32_t *dim)
{
	const struct graph_start start = {.spread = 1.0f / sqrtf((float)fan_in)};
	char name[2 * GRAPH_NAME];
	uint32_t w, b;

	snprintf(name, sizeof(name), "%.64s.weight", layer);
	w = graph_parameter(g, name, dims, dim, start);
	snprintf(name, sizeof(name), "%.64s.bias", layer);
	b = graph_parameter(g, name, 1, dim, start);
	memcpy(graph_tensor(g, id)->in, (const uint32_t[]){x, w, b}, 3 * sizeof(x));
	return id;
}

uint32_t graph_conv(struct graph *g, uint32_t x, const char *name, uint32_t out)
{
	const struct graph_tensor *t = use(g, GRAPH_CONV, x);
	uint32_t in = t->dim[3], dim[] = {g->batch, t->dim[1], t->dim[2], out};
	uint32_t w[] = {out, 3, 3, in};
	uint64_t row = t->dim[2] + 2ull;

	check_image(g, GRAPH_CONV, t);
	need_scratch(g, (9ull * in + 1) * out * 4 * conv_parts(g->batch));
	need_sram(g, GRAPH_CONV,
		  4 * (row * (t->dim[1] + 3) * in + row * t->dim[1] * out)); /* conv_grad */
	need_sram(g, GRAPH_CONV, 4 * (row * (t->dim[1] + 2) * out + 9ull * in * out));
	return weighted(g, add(g, GRAPH_CONV, 4, dim), x, name, 9 * in, 4, w);
}

uint32_t graph_max_pool(struct graph *g, uint32_t x)
{
	const struct graph_tensor *t = use(g, GRAPH_MAX_POOL, x);
	uint32_t dim[] = {g->batch, t->dim[1] / 2, t->dim[2] / 2, t->dim[3]};
	uint32_t id;

	check_image(g, GRAPH_MAX_POOL, t);
	if (t->op != GRAPH_CONV)
		refuse(g, -EINVAL, "max_pool: expected the output of conv, found that of %s",
		       op_names[t->op]);
	if (t->dim[1] % 2 || t->dim[2] % 2)
		refuse(g, -EINVAL, "max_pool: expected an even height and width, found %u and %u",
		       t->dim[1], t->dim[2]);
	id = add(g, GRAPH_MAX_POOL, 4, dim);
	graph_tensor(g, id)->in[0] = x;
	return id;
}

static uint32_t linear(struct graph *g, uint32_t in, uint32_t out)
{
	uint32_t dim[] = {g->batch, out}, most = in > out ? in : out;

	most = most > g->batch ? most : g->batch;
	need_sram(g, GRAPH_LINEAR, 4ull * GEMM_ROWS * (most < GEMM_DEPTH ? most : GEMM_DEPTH));
	return add(g, GRAPH_LINEAR, 2, dim);
}

uint32_t graph_linear(struct graph *g, uint32_t x, const char *name, uint32_t out)
{
	const struct graph_tensor *t = share(g, GRAPH_LINEAR, x);
	uint32_t in = (uint32_t)(t->elements / g->batch), w[] = {out, in};

	return weighted(g, linear(g, in, out), x, name, in, 2, w);
}

uint32_t graph_matmul(struct graph *g, uint32_t x, uint32_t w, uint32_t addend)
{
	uint32_t in = (uint32_t)(share(g, GRAPH_LINEAR, x)->elements / g->batch);
	const struct graph_tensor *weight = share(g, GRAPH_LINEAR, w);
	uint32_t id = linear(g, in, weight->dim[0]);
	const uint32_t inputs[] = {x, w, GRAPH_NONE, addend};

	weight = graph_tensor(g, w);
	check_same(g, GRAPH_LINEAR, "dimensions of the weights", 2, weight->dims);
	check_same(g, GRAPH_LINEAR, "columns of the weights", in, weight->dim[1]);
	if (addend == x)
		refuse(g, -EINVAL, "linear: expected to add another tensor than the input");
	if (addend != GRAPH_NONE) {
		struct graph_tensor *t = share(g, GRAPH_LINEAR, addend);

		t->used_up = true;
		check_same(g, GRAPH_LINEAR, "elements to add", graph_tensor(g, id)->elements,
			   t->elements);
	}
	memcpy(graph_tensor(g, id)->in, inputs, sizeof(inputs));
	return id;
}

uint32_t graph_embed(struct graph *g, uint32_t ids, uint32_t w)
{
	const struct graph_tensor *weight = share(g, GRAPH_EMBED, w);
	uint32_t dim[] = {g->batch, weight->dim[1]}, id;

	check_same(g, GRAPH_EMBED, "dimensions of the weights", 2, weight->dims);
	use_output(g, GRAPH_EMBED, ids, GRAPH_IDS);
	id = add(g, GRAPH_EMBED, 2, dim);
	memcpy(graph_tensor(g, id)->in, (const uint32_t[]){ids, w}, 2 * sizeof(w));
	return id;
}

uint32_t graph_norm(struct graph *g, uint32_t x, uint32_t w, float eps)
{
	const struct graph_tensor *t = share(g, GRAPH_NORM, x);
	uint32_t dim[] = {g->batch, t->dim[1]}, id, rows;

	check_rows(g, GRAPH_NORM, t);
	check_same(g, GRAPH_NORM, "weights", t->dim[1], use(g, GRAPH_NORM, w)->elements);
	rows = norm_grad_rows(dim[1]);
	need_sram(g, GRAPH_NORM, 4ull * rows * (dim[1] + 1ull));
	need_scratch(g, 4ull * graph_div_up(g->batch, rows) * dim[1]);
	id = add(g, GRAPH_NORM, 2, dim);
	memcpy(graph_tensor(g, id)->in, (const uint32_t[]){x, w}, 2 * sizeof(w));
	graph_tensor(g, id)->eps = eps;
	return id;
}

/* Whether rows are whole heads and the batch whole sequences. */
static void check_sequence(struct graph *g, enum graph_op op, const struct graph_tensor *t,
			   const struct graph_sequence *s)
{
	check_rows(g, op, t);
	if (!s->tokens || g->batch % s->tokens)
		refuse(g, -EINVAL, "%s: expected a batch of whole sequences, found %u of %u tokens",
		       op_names[op], g->batch, s->tokens);
	if (!s->head_dim || s->head_dim % 2 || t->dim[1] % s->head_dim)
		refuse(g, -EINVAL,
		       "%s: expected heads of an even size, found %u elements for heads of %u",
		       op_names[op], t->dim[1], s->head_dim);
}

uint32_t graph_rotate(struct graph *g, uint32_t x, const struct graph_sequence *sequence)
{
	const struct graph_tensor *t = use_output(g, GRAPH_ROTATE, x, GRAPH_LINEAR);
	uint32_t dim[] = {g->batch, t->dim[1]}, id;

	check_sequence(g, GRAPH_ROTATE, t, sequence);
	if (dim[1] > sequence->width)
		refuse(g, -EINVAL, "rotate: expected at most %u elements, found %u",
		       sequence->width, dim[1]);
	id = add(g, GRAPH_ROTATE, 2, dim);
	graph_tensor(g, id)->in[0] = x;
	graph_tensor(g, id)->sequence = *sequence;
	return id;
}

uint32_t graph_attention(struct graph *g, uint32_t q, uint32_t k, uint32_t v,
			 const struct graph_sequence *s)
{
	const struct graph_tensor *t = use(g, GRAPH_ATTENTION, q);
	uint32_t dim[] = {g->batch, t->dim[1]}, width = use(g, GRAPH_ATTENTION, k)->dim[1], id;

	check_sequence(g, GRAPH_ATTENTION, t, s);
	check_sequence(g, GRAPH_ATTENTION, graph_tensor(g, k), s);
	check_same(g, GRAPH_ATTENTION, "elements of v", graph_tensor(g, k)->elements,
		   use(g, GRAPH_ATTENTION, v)->elements);
	if (!width || dim[1] % width)
		refuse(g, -EINVAL,
		       "attention: expected kv heads that divide the heads, found %u and %u "
		       "elements",
		       width, dim[1]);
	need_sram(g, GRAPH_ATTENTION, FLASH_SRAM(FLASH_QUERIES, FLASH_KEYS, s->head_dim));
	need_sram(g, GRAPH_ATTENTION,
		  FLASH_GRAD_SRAM(FLASH_GRAD_QUERIES, FLASH_GRAD_KEYS, s->head_dim, s->tokens));
	id = add(g, GRAPH_ATTENTION, 2, dim);
	memcpy(graph_tensor(g, id)->in, (const uint32_t[]){q, k, v}, 3 * sizeof(v));
	graph_tensor(g, id)->sequence = *s;
	return id;
}

uint32_t graph_swiglu(struct graph *g, uint32_t gate, uint32_t up)
{
	const struct graph_tensor *t = use_output(g, GRAPH_SWIGLU, gate, GRAPH_LINEAR);
	uint32_t dim[] = {g->batch, t->dim[1]}, id;

	check_same(g, GRAPH_SWIGLU, "elements of up", t->elements,
		   use_output(g, GRAPH_SWIGLU, up, GRAPH_LINEAR)->elements);
	id = add(g, GRAPH_SWIGLU, 2, dim);
	memcpy(graph_tensor(g, id)->in, (const uint32_t[]){gate, up}, 2 * sizeof(up));
	return id;
}

uint32_t graph_cross_entropy(struct graph *g, uint32_t x)
{
	uint32_t id;

	check_rows(g, GRAPH_CROSS_ENTROPY, graph_tensor(g, x));
	use_output(g, GRAPH_CROSS_ENTROPY, x, GRAPH_LINEAR);
	id = add(g, GRAPH_CROSS_ENTROPY, 1, &g->batch);
	graph_tensor(g, id)->in[0] = x;
	return id;
}

void graph_randomise(struct graph *g, uint64_t seed)
{
	for (uint32_t i = 0; i < g->count; i++) {
		const struct graph_tensor *t = &g->tensors[i];
		uint64_t state = random_stream(seed, i);

		if (t->op != GRAPH_PARAMETER)
			continue;
		for (uint64_t j = 0; j < t->elements; j++)
			g->value[t->at + j] = t->start.fill + t->start.spread * random_unit(&state);
	}
}
