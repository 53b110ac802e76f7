// SPDX-License-Identifier: GPL-2.0

#include "axon_cursor.h"
#include "fake.h"

/* The run of @cur is @run bytes at @addr. */
static void expect(struct kunit *test, const struct axon_cursor *cur, u64 addr, u64 run)
{
	KUNIT_EXPECT_EQ(test, cur->addr, addr);
	KUNIT_EXPECT_EQ(test, cur->run, run);
}

static void cursor_linear(struct kunit *test)
{
	struct axon_cursor cur;

	axon_cursor_linear(&cur, 0x40000, 0x9000, false);
	KUNIT_EXPECT_FALSE(test, cur.sys);
	expect(test, &cur, 0x40000, 0x9000);
	axon_cursor_advance(&cur, 0x1000);
	expect(test, &cur, 0x41000, 0x8000);
	KUNIT_EXPECT_EQ(test, cur.left, 0x8000ull);
	axon_cursor_advance(&cur, 0x8000);
	KUNIT_EXPECT_EQ(test, cur.run, 0ull);
	KUNIT_EXPECT_EQ(test, cur.left, 0ull);
}

static void cursor_one_page(struct kunit *test)
{
	const dma_addr_t page = 0xffff000;
	struct axon_cursor cur;

	axon_cursor_pages(&cur, &page, SZ_4K);
	KUNIT_EXPECT_TRUE(test, cur.sys);
	expect(test, &cur, 0xffff000, SZ_4K);
	axon_cursor_advance(&cur, SZ_4K);
	KUNIT_EXPECT_EQ(test, cur.left, 0ull);
}

/* Pages that follow one another make a run, whatever came before. */
static void cursor_runs(struct kunit *test)
{
	const dma_addr_t pages[] = { 0x1000, 0x2000, 0x3000, 0x8000, 0x7000, 0x9000, 0xa000 };
	struct axon_cursor cur;

	axon_cursor_pages(&cur, pages, ARRAY_SIZE(pages) * SZ_4K);
	expect(test, &cur, 0x1000, 3 * SZ_4K);
	axon_cursor_advance(&cur, 3 * SZ_4K);
	expect(test, &cur, 0x8000, SZ_4K);
	axon_cursor_advance(&cur, SZ_4K);
	expect(test, &cur, 0x7000, SZ_4K);
	axon_cursor_advance(&cur, SZ_4K);
	expect(test, &cur, 0x9000, 2 * SZ_4K);
	axon_cursor_advance(&cur, 2 * SZ_4K);
	KUNIT_EXPECT_EQ(test, cur.left, 0ull);
}

/* The walk ends where it was told to, though the pages go on. */
static void cursor_ends(struct kunit *test)
{
	const dma_addr_t pages[] = { 0x1000, 0x2000, 0x3000 };
	struct axon_cursor cur;

	axon_cursor_pages(&cur, pages, 2 * SZ_4K);
	expect(test, &cur, 0x1000, 2 * SZ_4K);
	KUNIT_EXPECT_EQ(test, cur.left, (u64)2 * SZ_4K);
}

static void cursor_within_a_run(struct kunit *test)
{
	const dma_addr_t pages[] = { 0x1000, 0x2000, 0x9000 };
	struct axon_cursor cur;

	axon_cursor_pages(&cur, pages, 3 * SZ_4K);
	axon_cursor_advance(&cur, SZ_4K);
	expect(test, &cur, 0x2000, SZ_4K);
	axon_cursor_advance(&cur, SZ_4K);
	expect(test, &cur, 0x9000, SZ_4K);
	KUNIT_EXPECT_EQ(test, cur.left, (u64)SZ_4K);
}

/* A copy goes its own way. */
static void cursor_copy(struct kunit *test)
{
	const dma_addr_t pages[] = { 0x1000, 0x5000 };
	struct axon_cursor cur, copy;

	axon_cursor_pages(&cur, pages, 2 * SZ_4K);
	copy = cur;
	axon_cursor_advance(&copy, SZ_4K);
	expect(test, &copy, 0x5000, SZ_4K);
	expect(test, &cur, 0x1000, SZ_4K);
}

static struct kunit_case cursor_cases[] = {
	KUNIT_CASE(cursor_linear),
	KUNIT_CASE(cursor_one_page),
	KUNIT_CASE(cursor_runs),
	KUNIT_CASE(cursor_ends),
	KUNIT_CASE(cursor_within_a_run),
	KUNIT_CASE(cursor_copy),
	{},
};

static struct kunit_suite cursor_suite = {
	.name = "axon_cursor",
	.test_cases = cursor_cases,
};

kunit_test_suite(cursor_suite);
