// SPDX-License-Identifier: MIT
/*
 * Description: what a graph minimises is the mean over the batch. An optimizer that divides by the
 * gradient's size would hide another factor, so the gradient itself is looked at.
 */
#include <math.h>

#include "graph.h"
#include "kernel_rig.h"

#define BATCH	6
#define CLASSES 4

/* With weights of zero all classes are as likely, whatever the input. */
static void test_gradient_of_the_mean(void **state)
{
	static const int32_t label[BATCH] = {0, 1, 1, 3, 3, 3};
	static const float share[CLASSES] = {1.0f / 6, 2.0f / 6, 0, 3.0f / 6};
	struct kernel_rig *rig = *state;
	struct axon_err err = {0};
	static struct graph g;

	graph_init(&g, BATCH);
	graph_cross_entropy(&g, graph_linear(&g, graph_input(&g, 2, 2, 1), "a", CLASSES));
	assert_int_equal(graph_place(&g, &rig->chip, &err), 0);
	memcpy(g.label, label, sizeof(label));
	assert_int_equal(graph_record_forward(&g, rig->stream, &err), 0);
	assert_int_equal(graph_record_backward(&g, rig->stream, &err), 0);
	kernel_run(rig);
	for (uint32_t i = 0; i < BATCH; i++)
		assert_true(fabsf(g.loss[i] - logf(CLASSES)) < 1e-6f);
	for (uint32_t i = 0; i < g.count; i++) {
		const struct graph_tensor *t = &g.tensors[i];

		for (uint32_t c = 0; c < CLASSES && !strcmp(t->name, "a.bias"); c++)
			assert_true(fabsf(g.grad[t->at + c] - (1.0f / CLASSES - share[c])) < 1e-6f);
	}
	graph_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_gradient_of_the_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
