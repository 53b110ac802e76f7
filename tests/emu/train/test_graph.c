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
	refused(*state, &g, "linear: expected a tensor that nothing uses yet, found number 7");

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

	graph_init(&g, 1);
	graph_linear(&g, graph_input(&g, 1, 1, 16384), "a", 2);
	refused(*state, &g, "linear: expected sizes that need at most 4128768 bytes");

	graph_init(&g, 1);
	for (int i = 0; i < GRAPH_NODES + 1; i++)
		graph_input(&g, 1, 1, 1);
	refused(*state, &g, "expected at most 256 tensors");
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

/* Only a convolution's gradient lies in its output's place. */
static void test_memory(void **state)
{
	struct kernel_rig *rig = *state;
	static struct graph g;
	struct range ranges[64];
	struct axon_err err = {0};
	uint32_t x;
	int n = 0;

	graph_init(&g, 3);
	x = graph_max_pool(&g, graph_conv(&g, graph_input(&g, 4, 6, 3), "a", 5));
	x = graph_linear(&g, graph_conv(&g, x, "b", 7), "c", 11);
	graph_cross_entropy(&g, graph_linear(&g, x, "d", 2));
	assert_int_equal(graph_place(&g, &rig->chip, &err), 0);
	for (uint32_t i = 0; i < g.count; i++) {
		const struct graph_tensor *t = &g.tensors[i];

		if (t->op == GRAPH_CROSS_ENTROPY)
			continue;
		add_range(ranges, &n, t->value, t->elements * sizeof(float));
		if (t->op == GRAPH_INPUT)
			assert_int_equal(t->grad, 0);
		else if (t->op == GRAPH_CONV)
			assert_int_equal(t->grad, t->value);
		else
			add_range(ranges, &n, t->grad, t->elements * sizeof(float));
	}
	add_range(ranges, &n, g.scratch_va, g.scratch);
	for (uint64_t i = 0; i < 4 * g.parameters; i++)
		assert_true(g.value[i] == 0.0f);
	graph_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_refusals),
		KERNEL_TEST(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
