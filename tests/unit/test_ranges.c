// SPDX-License-Identifier: MIT
/*
 * Description: the address allocator gives disjoint, aligned ranges, merges what comes back, and
 * refuses what does not fit.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ranges.h"

#define START 0x10000ull
#define END   0x110000ull

static void first_fit_with_alignment(void **state)
{
	struct ranges ranges;
	uint64_t a, b, c;

	(void)state;
	assert_int_equal(ranges_init(&ranges, START, END), 0);
	assert_int_equal(ranges_alloc(&ranges, 0x1000, 0x1000, &a), 0);
	assert_int_equal(a, START);
	assert_int_equal(ranges_alloc(&ranges, 0x8000, 0x8000, &b), 0);
	assert_int_equal(b, 0x18000);
	/* fits into the hole that the alignment left */
	assert_int_equal(ranges_alloc(&ranges, 0x7000, 0x1000, &c), 0);
	assert_int_equal(c, 0x11000);
	assert_int_equal(ranges.used, 0x10000);
	ranges_fini(&ranges);
}

static void refuses_what_does_not_fit(void **state)
{
	struct ranges ranges;
	uint64_t a;

	(void)state;
	assert_int_equal(ranges_init(&ranges, START, END), 0);
	assert_int_equal(ranges_alloc(&ranges, 0, 0x1000, &a), -EINVAL);
	assert_int_equal(ranges_alloc(&ranges, END - START + 1, 1, &a), -ENOSPC);
	assert_int_equal(ranges_alloc(&ranges, UINT64_MAX, 1, &a), -ENOSPC);
	assert_int_equal(ranges_alloc(&ranges, 0x1000, 1ull << 63, &a), -ENOSPC);
	assert_int_equal(ranges_alloc(&ranges, END - START, 0x1000, &a), 0);
	assert_int_equal(ranges_alloc(&ranges, 1, 1, &a), -ENOSPC);
	ranges_fini(&ranges);
}

static void freeing_in_any_order_merges(void **state)
{
	uint64_t at[16];
	struct ranges ranges;

	(void)state;
	for (unsigned int stride = 1; stride < 16; stride += 2) {
		assert_int_equal(ranges_init(&ranges, START, END), 0);
		for (unsigned int i = 0; i < 16; i++)
			assert_int_equal(ranges_alloc(&ranges, 0x10000, 0x1000, &at[i]), 0);
		assert_int_equal(ranges.count, 0);
		for (unsigned int i = 0; i < 16; i++)
			ranges_free(&ranges, at[i * stride % 16], 0x10000);
		assert_int_equal(ranges.count, 1);
		assert_int_equal(ranges.holes[0].start, START);
		assert_int_equal(ranges.holes[0].end, END);
		assert_int_equal(ranges.used, 0);
		ranges_fini(&ranges);
	}
}

/* Against a map of pages, which is obviously right. */
static void random_use_stays_disjoint(void **state)
{
	enum { PAGES = 256, SLOTS = 64 };
	uint64_t at[SLOTS], size[SLOTS] = {0};
	unsigned char owner[PAGES] = {0};
	struct ranges ranges;

	(void)state;
	srand(1);
	assert_int_equal(ranges_init(&ranges, START, START + PAGES * 0x1000), 0);
	for (int step = 0; step < 20000; step++) {
		unsigned int slot = rand() % SLOTS;
		uint64_t align = 0x1000ull << rand() % 4;

		if (size[slot]) {
			for (uint64_t p = 0; p < size[slot] / 0x1000; p++)
				owner[(at[slot] - START) / 0x1000 + p] = 0;
			ranges_free(&ranges, at[slot], size[slot]);
			size[slot] = 0;
			continue;
		}
		size[slot] = (1 + rand() % 12) * 0x1000;
		if (ranges_alloc(&ranges, size[slot], align, &at[slot]) < 0) {
			size[slot] = 0;
			continue;
		}
		assert_int_equal(at[slot] % align, 0);
		for (uint64_t p = 0; p < size[slot] / 0x1000; p++) {
			assert_int_equal(owner[(at[slot] - START) / 0x1000 + p], 0);
			owner[(at[slot] - START) / 0x1000 + p] = 1;
		}
	}
	ranges_fini(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_fit_with_alignment),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(freeing_in_any_order_merges),
		cmocka_unit_test(random_use_stays_disjoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
