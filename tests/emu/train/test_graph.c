// SPDX-License-Identifier: MIT
/*
 * Description: a graph of layers refuses what it cannot do by name, keeps the first reason, and gives
 * every tensor its own memory.
 */
#include "graph.h"
#include "kernel_rig.h"

static void refused(struct kernel_rig *rig, struct graph *g, const char *words)
{
	struct axon_err err = {0};

	assert_int_equal(graph_place(g, &rig->chip, &err), -EINVAL);
	if (!strstr(err.msg, words))
		fail_msg("expected '%s' in '%s'", words, err.msg);
	graph_close(g);
}

static void test_refusals(void **state)
{
	static struct graph g;
	uint32_t x;

	graph_init(&g, 2);
	x = graph_input(&g, 4, 4, 1);
	graph_conv(&g, x, "a", 2);
	graph_conv(&g, x, "b", 2);
	refused(*state, &g, "conv: expected a tensor that nothing uses yet, found number 0");

	graph_init(&g, 2);
	graph_linear(&g, 7, "a", 2);
	refused(*state, &g, "linear: expected a tensor that is not used up, found number 7");

	graph_init(&g, 2);
	graph_max_pool(&g, graph_conv(&g, graph_input(&g, 4, 5, 1), "a", 2));
	refused(*state, &g, "max_pool: expected an even height and width, found 4 and 5");

	graph_init(&g, 2);
	graph_max_pool(&g, graph_input(&g, 4, 4, 1));
	refused(*state, &g, "max_pool: expected the output of conv, found that of input");

	graph_init(&g, 2);
	x = graph_linear(&g, graph_input(&g, 4, 4, 1), "a", 3);
	graph_conv(&g, x, "b", 2);
	refused(*state, &g, "conv: expected images, found a tensor of 2 dimensions");

	graph_init(&g, 2);
	graph_cross_entropy(&g, graph_input(&g, 4, 4, 1));
	refused(*state, &g, "cross_entropy: expected rows, found a tensor of 4 dimensions");

	graph_init(&g, 1 << 20);
	graph_input(&g, 1 << 20, 4, 1);
	refused(*state, &g, "input: expected 1 to 2147483648 elements");

	graph_init(&g, 1);
	graph_conv(&g, graph_input(&g, 256, 256, 16), "a", 16);
	refused(*state, &g, "conv: expected sizes that need at most 4128768 bytes");

	graph_init(&g, 0);
	graph_input(&g, 1, 1, 1);
	refused(*state, &g, "batch: expected at least 1, found 0");
}

/* A parameter, a linear layer of some width on ids, and what is refused of layers for language. */
static uint32_t weights(struct graph *g, uint32_t out, uint32_t in)
{
	const uint32_t dim[] = {out, in};

	return graph_parameter(g, "w", 2, dim, (struct graph_start){0});
}

static uint32_t rows(struct graph *g, uint32_t x, uint32_t width)
{
	return graph_matmul(g, x, weights(g, width, 8), GRAPH_NONE);
}

static uint32_t begin(struct graph *g)
{
	graph_init(g, 6);
	return graph_embed(g, graph_ids(g), weights(g, 9, 8));
}

static void test_language_refusals(void **state)
{
	static const uint32_t width[] = {8};
	const struct graph_start start = {0};
	struct graph_sequence s = {.tokens = 3, .head_dim = 4, .width = 8};
	static struct graph g;
	uint32_t x, y;

	x = begin(&g);
	graph_matmul(&g, rows(&g, x, 8), weights(&g, 8, 8), x);
	graph_norm(&g, x, graph_parameter(&g, "n", 1, width, start), 0);
	refused(*state, &g, "norm: expected a tensor that is not used up, found number 2");

	x = begin(&g);
	graph_matmul(&g, x, weights(&g, 8, 8), x);
	refused(*state, &g, "linear: expected to add another tensor than the input");

	x = begin(&g);
	graph_matmul(&g, rows(&g, x, 8), weights(&g, 5, 8), x);
	refused(*state, &g, "linear: expected 30 elements to add, found 48");

	x = begin(&g);
	graph_matmul(&g, x, weights(&g, 5, 7), GRAPH_NONE);
	refused(*state, &g, "linear: expected 8 columns of the weights, found 7");

	x = begin(&g);
	graph_ids(&g);
	refused(*state, &g, "ids: expected to be asked for once, found twice");

	x = begin(&g);
	graph_embed(&g, x, weights(&g, 9, 8));
	refused(*state, &g, "embed: expected the output of ids, found that of embed");

	x = begin(&g);
	graph_norm(&g, rows(&g, x, 7), graph_parameter(&g, "n", 1, width, start), 0);
	refused(*state, &g, "norm: expected 7 weights, found 8");

	x = begin(&g);
	graph_rotate(&g, x, &s);
	refused(*state, &g, "rotate: expected the output of linear, found that of embed");

	x = begin(&g);
	graph_rotate(&g, rows(&g, x, 6), &s);
	refused(*state, &g, "rotate: expected heads of an even size, found 6 elements");

	x = begin(&g);
	graph_rotate(&g, rows(&g, x, 12), &s);
	refused(*state, &g, "rotate: expected at most 8 elements, found 12");

	s.tokens = 4;
	x = begin(&g);
	graph_rotate(&g, rows(&g, x, 8), &s);
	refused(*state, &g, "rotate: expected a batch of whole sequences, found 6 of 4 tokens");

	s.tokens = 3;
	x = begin(&g);
	graph_attention(&g, rows(&g, x, 16), rows(&g, x, 12), rows(&g, x, 12), &s);
	refused(*state, &g, "attention: expected kv heads that divide the heads, found 12 and 16");

	x = begin(&g);
	graph_attention(&g, rows(&g, x, 16), rows(&g, x, 8), rows(&g, x, 16), &s);
	refused(*state, &g, "attention: expected 48 elements of v, found 96");

	x = begin(&g);
	y = rows(&g, x, 8);
	graph_attention(&g, y, y, rows(&g, x, 8), &s);
	refused(*state, &g, "attention: expected a tensor that nothing uses yet");

	x = begin(&g);
	graph_swiglu(&g, rows(&g, x, 8), rows(&g, x, 9));
	refused(*state, &g, "swiglu: expected 48 elements of up, found 54");

	x = begin(&g);
	graph_cross_entropy(&g, x);
	refused(*state, &g, "cross_entropy: expected the output of linear, found that of embed");

	graph_init(&g, 1 << 20);
	s = (struct graph_sequence){.tokens = 1 << 20, .head_dim = 4};
	x = graph_embed(&g, graph_ids(&g), weights(&g, 9, 8));
	graph_attention(&g, rows(&g, x, 8), rows(&g, x, 8), rows(&g, x, 8), &s);
	refused(*state, &g, "attention: expected sizes that need at most 4128768 bytes");

	x = begin(&g);
	graph_parameter(&g, "a name that is longer than those that the graph has the room to keep",
			1, width, start);
	refused(*state, &g, "parameter: expected a name below 64 bytes");
}

struct range {
	uint64_t start, end;
};

static void add_range(struct range *ranges, int *n, uint64_t at, uint64_t bytes)
{
	for (int i = 0; i < *n; i++)
		assert_true(at + bytes <= ranges[i].start || at >= ranges[i].end);
	ranges[(*n)++] = (struct range){at, at + bytes};
}

/* A gradient lies in its tensor's place, if something overwrites that, or has memory of its own. */
static void test_memory(void **state)
{
	struct kernel_rig *rig = *state;
	static struct graph g;
	struct range ranges[64];
	struct axon_err err = {0};
	uint32_t x, pooled, logits;
	int n = 0;

	graph_init(&g, 3);
	pooled = graph_conv(&g, graph_input(&g, 4, 6, 3), "a", 5);
	x = graph_max_pool(&g, pooled);
	x = graph_linear(&g, graph_conv(&g, x, "b", 7), "c", 11);
	logits = graph_linear(&g, x, "d", 2);
	graph_cross_entropy(&g, logits);
	assert_int_equal(graph_place(&g, &rig->chip, &err), 0);
	for (uint32_t i = 0; i < g.count; i++) {
		const struct graph_tensor *t = &g.tensors[i];

		if (t->op == GRAPH_CROSS_ENTROPY)
			continue;
		add_range(ranges, &n, t->value, t->elements * sizeof(float));
		if (t->op == GRAPH_INPUT)
			assert_int_equal(t->grad, 0);
		else if (i == pooled || i == logits)
			assert_int_equal(t->grad, t->value);
		else
			add_range(ranges, &n, t->grad, t->elements * sizeof(float));
	}
	add_range(ranges, &n, g.scratch_va, g.scratch);
	for (uint64_t i = 0; i < 4 * g.parameters; i++)
		assert_true(g.value[i] == 0.0f);
	graph_close(&g);
}

/*
 * Of a long chain of layers only two gradients are needed at a time, and there is room for them all; attention's
 * are needed together, though memory of their size is free by then.
 */
static void test_shared_memory(void **state)
{
	const struct graph_sequence s = {.tokens = 3, .head_dim = 4, .width = 8};
	struct kernel_rig *rig = *state;
	static struct graph g;
	struct axon_err err = {0};
	uint32_t q, k, v;
	uint32_t x, first = 0, depth = 500;

	x = begin(&g);
	q = rows(&g, x, 8);
	k = rows(&g, x, 8);
	v = rows(&g, x, 8);
	x = graph_attention(&g, q, k, v, &s);
	for (uint32_t i = 0; i < depth; i++) {
		x = rows(&g, x, 8);
		first = i ? first : x;
	}
	graph_cross_entropy(&g, rows(&g, x, 8));
	assert_int_equal(graph_place(&g, &rig->chip, &err), 0);
	assert_int_not_equal(g.tensors[q].grad, g.tensors[k].grad);
	assert_int_not_equal(g.tensors[k].grad, g.tensors[v].grad);
	assert_int_not_equal(g.tensors[v].grad, g.tensors[q].grad);
	for (uint32_t i = 0; i < depth; i++) {
		const struct graph_tensor *t = &g.tensors[first + 2 * i];

		assert_int_equal(t->op, GRAPH_LINEAR);
		assert_int_not_equal(t->grad, 0);
		if (i) /* not where the gradient is that it is made of */
			assert_int_not_equal(t->grad, g.tensors[first + 2 * (i - 1)].grad);
		if (i > 1)
			assert_int_equal(t->grad, g.tensors[first + 2 * (i - 2)].grad);
	}
	graph_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_refusals),
		KERNEL_TEST(test_language_refusals),
		KERNEL_TEST(test_memory),
		KERNEL_TEST(test_shared_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
