// SPDX-License-Identifier: MIT
/* Description: pages of the cache are never lent twice, lie in one piece where they can, and come back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "llm_pool.h"

static void in_one_piece(void **state)
{
	uint32_t a[3], b[2], c[3], d[4];
	struct llm_pool pool;

	(void)state;
	assert_int_equal(llm_pool_init(&pool, 12), 0);
	assert_int_equal(llm_pool_take(&pool, 3, a), 0);
	assert_int_equal(llm_pool_take(&pool, 2, b), 0);
	assert_int_equal(llm_pool_take(&pool, 3, c), 0);
	assert_int_equal(a[0], 0);
	assert_int_equal(b[0], 3);
	assert_int_equal(c[2], 7);
	llm_pool_give_back(&pool, b, 2);
	/* The gap of two is too small for four, and the first that two fit. */
	assert_int_equal(llm_pool_take(&pool, 4, d), 0);
	assert_memory_equal(d, ((uint32_t[]){8, 9, 10, 11}), sizeof(d));
	assert_int_equal(llm_pool_take(&pool, 2, b), 0);
	assert_memory_equal(b, ((uint32_t[]){3, 4}), sizeof(b));
	assert_int_equal(pool.free, 0);
	llm_pool_destroy(&pool);
}

static void in_pieces(void **state)
{
	uint32_t one[8][1], rest[5];
	struct llm_pool pool;

	(void)state;
	assert_int_equal(llm_pool_init(&pool, 9), 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(llm_pool_take(&pool, 1, one[i]), 0);
	for (uint32_t i = 0; i < 8; i += 2)
		llm_pool_give_back(&pool, one[i], 1);
	assert_int_equal(llm_pool_take(&pool, 6, rest), -EAGAIN);
	assert_int_equal(pool.free, 5);
	assert_int_equal(llm_pool_take(&pool, 5, rest), 0);
	assert_memory_equal(rest, ((uint32_t[]){0, 2, 4, 6, 8}), sizeof(rest));
	assert_int_equal(llm_pool_take(&pool, 1, one[0]), -EAGAIN);
	llm_pool_destroy(&pool);
}

static void nothing(void **state)
{
	struct llm_pool pool;

	(void)state;
	assert_int_equal(llm_pool_init(&pool, 1), 0);
	assert_int_equal(llm_pool_take(&pool, 0, NULL), 0);
	assert_int_equal(pool.free, 1);
	llm_pool_destroy(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_one_piece),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
