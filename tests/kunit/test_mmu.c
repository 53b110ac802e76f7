// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: each test changes an address space and then translates addresses as the chip would.
 */

#include "axon_cursor.h"
#include "axon_mmu.h"
#include "fake.h"

#define AS   7u
#define LEAF (AXON_PTE_V | AXON_PTE_LEAF)

struct mmu_test {
	struct axon_device *adev;
	struct axon_mmu mmu;
};

static void mmu_fini(void *data)
{
	axon_mmu_fini(data);
}

static int mmu_init(struct kunit *test)
{
	struct mmu_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->adev = fake_device(test);
	test->priv = t;
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_init(&t->mmu, t->adev, AS));
	return kunit_add_action_or_reset(test, mmu_fini, &t->mmu);
}

static void map(struct kunit *test, u64 va, u64 addr, u64 size, bool sys, u64 flags)
{
	struct mmu_test *t = test->priv;
	struct axon_cursor cur;

	axon_cursor_linear(&cur, addr, size, sys);
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_map(&t->mmu, va, &cur));
	axon_mmu_map(&t->mmu, va, &cur, flags);
}

static void unmap(struct kunit *test, u64 va, u64 size)
{
	struct mmu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_unmap(&t->mmu, va, size));
	axon_mmu_unmap(&t->mmu, va, size);
	axon_mmu_prune(&t->mmu, va, size);
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_flush(&t->mmu, va, va + size));
}

/* @va translates to @entry at @level. */
static void expect(struct kunit *test, u64 va, u64 entry, unsigned int level)
{
	struct mmu_test *t = test->priv;
	struct fake_leaf leaf = fake_walk(test, t->adev, AS, va);

	KUNIT_EXPECT_EQ_MSG(test, leaf.entry, entry, "at %#llx", va);
	KUNIT_EXPECT_EQ_MSG(test, leaf.level, level, "at %#llx", va);
}

/* Nothing is mapped at @va. */
static void expect_none(struct kunit *test, u64 va)
{
	struct mmu_test *t = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, fake_walk(test, t->adev, AS, va).entry, 0ull, "at %#llx", va);
}

/* Tables from the root down that a walk of @va passes: 1 to 4. */
static unsigned int depth(struct kunit *test, u64 va)
{
	struct mmu_test *t = test->priv;

	return 4 - fake_walk(test, t->adev, AS, va).level;
}

static void mmu_empty(struct kunit *test)
{
	expect_none(test, 0);
	expect_none(test, SZ_4G);
	expect_none(test, BIT_ULL(48) - SZ_4K);
	KUNIT_EXPECT_EQ(test, depth(test, SZ_4G), 1u);
}

static void mmu_one_page(struct kunit *test)
{
	map(test, 0x123456789000, 0xabc000, SZ_4K, false, AXON_PTE_W);
	expect(test, 0x123456789000, 0xabc000 | LEAF | AXON_PTE_W, 0);
	expect_none(test, 0x123456788000);
	expect_none(test, 0x12345678a000);
	/* The same index of each level, but of another table. */
	expect_none(test, 0x123456989000);
	expect_none(test, 0x123496789000);
	expect_none(test, 0x12b456789000);
}

static void mmu_flags(struct kunit *test)
{
	const u64 flags[] = { 0, AXON_PTE_W, AXON_PTE_X, AXON_PTE_W | AXON_PTE_X };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		u64 va = SZ_4G + i * SZ_4M;

		map(test, va, SZ_2M, SZ_4K, false, flags[i]);
		map(test, va + SZ_2M, SZ_4M, SZ_2M, true, flags[i]);
		expect(test, va, SZ_2M | LEAF | flags[i], 0);
		expect(test, va + SZ_2M, SZ_4M | LEAF | AXON_PTE_SYS | flags[i], 1);
	}
}

static void mmu_huge(struct kunit *test)
{
	map(test, SZ_4G, 6 * SZ_2M, 3 * SZ_2M, false, 0);
	expect(test, SZ_4G, 6 * SZ_2M | LEAF, 1);
	expect(test, SZ_4G + SZ_2M, 7 * SZ_2M | LEAF, 1);
	expect(test, SZ_4G + 3 * SZ_2M - SZ_4K, 8 * SZ_2M | LEAF, 1);
	expect_none(test, SZ_4G + 3 * SZ_2M);
}

/* No 2 MiB leaf where the address or the memory is not a multiple of 2 MiB. */
static void mmu_not_huge(struct kunit *test)
{
	map(test, SZ_4G, SZ_2M + SZ_4K, SZ_2M, false, 0);
	expect(test, SZ_4G, (SZ_2M + SZ_4K) | LEAF, 0);
	expect(test, SZ_4G + SZ_2M - SZ_4K, 2 * SZ_2M | LEAF, 0);

	map(test, 2 * SZ_4G + SZ_4K, SZ_2M, SZ_2M, false, 0);
	expect(test, 2 * SZ_4G + SZ_4K, SZ_2M | LEAF, 0);
	expect(test, 2 * SZ_4G + SZ_2M, (2 * SZ_2M - SZ_4K) | LEAF, 0);
	expect_none(test, 2 * SZ_4G);
	expect_none(test, 2 * SZ_4G + SZ_2M + SZ_4K);
}

/* A page before, one huge page, a page after. */
static void mmu_head_and_tail(struct kunit *test)
{
	u64 va = SZ_4G + SZ_2M - SZ_4K;

	map(test, va, SZ_8M - SZ_4K, SZ_2M + 2 * SZ_4K, true, AXON_PTE_W);
	expect(test, va, (SZ_8M - SZ_4K) | LEAF | AXON_PTE_SYS | AXON_PTE_W, 0);
	expect(test, va + SZ_4K, SZ_8M | LEAF | AXON_PTE_SYS | AXON_PTE_W, 1);
	expect(test, va + SZ_2M + SZ_4K, (SZ_8M + SZ_2M) | LEAF | AXON_PTE_SYS | AXON_PTE_W, 0);
	expect_none(test, va - SZ_4K);
	expect_none(test, va + SZ_2M + 2 * SZ_4K);
}

/* A mapping that lies in two tables of every level. */
static void mmu_across_tables(struct kunit *test)
{
	u64 va = BIT_ULL(39) - SZ_4K;

	map(test, va, SZ_1M, 2 * SZ_4K, false, 0);
	expect(test, va, SZ_1M | LEAF, 0);
	expect(test, va + SZ_4K, (SZ_1M + SZ_4K) | LEAF, 0);
	unmap(test, va, 2 * SZ_4K);
	expect_none(test, va);
	expect_none(test, va + SZ_4K);
	KUNIT_EXPECT_EQ(test, depth(test, va), 1u);
	KUNIT_EXPECT_EQ(test, depth(test, va + SZ_4K), 1u);
}

static void mmu_last_page(struct kunit *test)
{
	u64 va = BIT_ULL(48) - SZ_4K;

	map(test, va, 0, SZ_4K, false, 0);
	expect(test, va, LEAF, 0);
	expect_none(test, va - SZ_4K);
	expect_none(test, 0);
}

/* The address of an entry has 52 bits. */
static void mmu_high_bus_address(struct kunit *test)
{
	u64 addr = BIT_ULL(52) - SZ_4K;

	map(test, SZ_4G, addr, SZ_4K, true, AXON_PTE_W);
	expect(test, SZ_4G, 0xffffffffff000 | LEAF | AXON_PTE_SYS | AXON_PTE_W, 0);
}

static void mmu_scattered_pages(struct kunit *test)
{
	const dma_addr_t pages[] = { 0x5000, 0x6000, 0x3000, 0x9000, 0xa000 };
	struct mmu_test *t = test->priv;
	struct axon_cursor cur;
	unsigned int i;

	axon_cursor_pages(&cur, pages, ARRAY_SIZE(pages) * SZ_4K);
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_map(&t->mmu, SZ_4G, &cur));
	axon_mmu_map(&t->mmu, SZ_4G, &cur, 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		expect(test, SZ_4G + i * SZ_4K, pages[i] | LEAF | AXON_PTE_SYS, 0);
	expect_none(test, SZ_4G + i * SZ_4K);
}

/* 512 pages that happen to follow one another are one huge page. */
static void mmu_gathered_pages(struct kunit *test)
{
	struct mmu_test *t = test->priv;
	struct axon_cursor cur;
	dma_addr_t *pages;
	unsigned int i;

	pages = kunit_kmalloc_array(test, 512, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < 512; i++)
		pages[i] = SZ_16M + i * SZ_4K;
	axon_cursor_pages(&cur, pages, SZ_2M);
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_map(&t->mmu, SZ_4G, &cur));
	axon_mmu_map(&t->mmu, SZ_4G, &cur, 0);
	expect(test, SZ_4G, SZ_16M | LEAF | AXON_PTE_SYS, 1);
}

static void mmu_replace(struct kunit *test)
{
	map(test, SZ_4G, 0x1000, 2 * SZ_4K, false, AXON_PTE_W);
	map(test, SZ_4G + SZ_4K, 0x8000, SZ_4K, true, 0);
	expect(test, SZ_4G, 0x1000 | LEAF | AXON_PTE_W, 0);
	expect(test, SZ_4G + SZ_4K, 0x8000 | LEAF | AXON_PTE_SYS, 0);
}

static void mmu_unmap_page(struct kunit *test)
{
	map(test, SZ_4G, 0x10000, 3 * SZ_4K, false, 0);
	unmap(test, SZ_4G + SZ_4K, SZ_4K);
	expect(test, SZ_4G, 0x10000 | LEAF, 0);
	expect_none(test, SZ_4G + SZ_4K);
	expect(test, SZ_4G + 2 * SZ_4K, 0x12000 | LEAF, 0);
}

/* What is left of a huge page stays mapped as it was, page by page. */
static void mmu_cut_huge(struct kunit *test)
{
	u64 flags = LEAF | AXON_PTE_SYS | AXON_PTE_W | AXON_PTE_X;

	map(test, SZ_4G, SZ_8M, SZ_2M, true, AXON_PTE_W | AXON_PTE_X);
	unmap(test, SZ_4G + SZ_1M, SZ_64K);
	expect(test, SZ_4G, SZ_8M | flags, 0);
	expect(test, SZ_4G + SZ_1M - SZ_4K, (SZ_8M + SZ_1M - SZ_4K) | flags, 0);
	expect_none(test, SZ_4G + SZ_1M);
	expect_none(test, SZ_4G + SZ_1M + SZ_64K - SZ_4K);
	expect(test, SZ_4G + SZ_1M + SZ_64K, (SZ_8M + SZ_1M + SZ_64K) | flags, 0);
	expect(test, SZ_4G + SZ_2M - SZ_4K, (SZ_8M + SZ_2M - SZ_4K) | flags, 0);
}

/* Two huge pages cut by one range that has the end of the first and the start of the second. */
static void mmu_cut_two_huge(struct kunit *test)
{
	map(test, SZ_4G, 0, 2 * SZ_2M, false, 0);
	unmap(test, SZ_4G + SZ_2M - SZ_4K, 2 * SZ_4K);
	expect(test, SZ_4G + SZ_2M - 2 * SZ_4K, (SZ_2M - 2 * SZ_4K) | LEAF, 0);
	expect_none(test, SZ_4G + SZ_2M - SZ_4K);
	expect_none(test, SZ_4G + SZ_2M);
	expect(test, SZ_4G + SZ_2M + SZ_4K, (SZ_2M + SZ_4K) | LEAF, 0);
}

static void mmu_unmap_one_of_huge(struct kunit *test)
{
	map(test, SZ_4G, 0, 3 * SZ_2M, false, 0);
	unmap(test, SZ_4G + SZ_2M, SZ_2M);
	expect(test, SZ_4G, LEAF, 1);
	expect_none(test, SZ_4G + SZ_2M);
	expect(test, SZ_4G + 2 * SZ_2M, 2 * SZ_2M | LEAF, 1);
}

static void mmu_unmap_nothing(struct kunit *test)
{
	unmap(test, SZ_4G + SZ_4K, 7 * SZ_2M);
	expect_none(test, SZ_4G + SZ_4K);
	KUNIT_EXPECT_EQ(test, depth(test, SZ_4G + SZ_4K), 1u);
	KUNIT_EXPECT_EQ(test, depth(test, SZ_4G + SZ_4K + 7 * SZ_2M), 1u);
}

/* Preparing changes what tables there are, not what they say. */
static void mmu_prepare_keeps_meaning(struct kunit *test)
{
	struct mmu_test *t = test->priv;
	unsigned int i;

	map(test, SZ_4G, SZ_8M, SZ_2M, false, AXON_PTE_X);
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_unmap(&t->mmu, SZ_4G + SZ_4K, SZ_4K));
	for (i = 0; i < 512; i++)
		expect(test, SZ_4G + i * SZ_4K, (SZ_8M + i * SZ_4K) | LEAF | AXON_PTE_X, 0);
	expect_none(test, SZ_4G + SZ_2M);
}

/* A leaf is written only where no table is: two operations prepared before either writes. */
static void mmu_prepare_two(struct kunit *test)
{
	struct mmu_test *t = test->priv;
	struct axon_cursor cur;

	axon_cursor_linear(&cur, 0, SZ_2M, false);
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_map(&t->mmu, SZ_4G, &cur));
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_prepare_unmap(&t->mmu, SZ_4G + SZ_4K, SZ_4K));
	axon_mmu_map(&t->mmu, SZ_4G, &cur, 0);
	axon_mmu_unmap(&t->mmu, SZ_4G + SZ_4K, SZ_4K);
	expect(test, SZ_4G, LEAF, 0);
	expect_none(test, SZ_4G + SZ_4K);
	expect(test, SZ_4G + SZ_2M - SZ_4K, (SZ_2M - SZ_4K) | LEAF, 0);
}

/* Once the pages are gone so are the tables, and a huge page has its chance again. */
static void mmu_prune(struct kunit *test)
{
	map(test, SZ_4G, SZ_4K, SZ_2M, false, 0);
	KUNIT_EXPECT_EQ(test, depth(test, SZ_4G), 4u);
	unmap(test, SZ_4G, SZ_2M);
	KUNIT_EXPECT_EQ(test, depth(test, SZ_4G), 1u);
	map(test, SZ_4G, SZ_2M, SZ_2M, false, 0);
	expect(test, SZ_4G, SZ_2M | LEAF, 1);
}

static void mmu_prune_keeps_used(struct kunit *test)
{
	map(test, SZ_4G, 0, SZ_4K, false, 0);
	map(test, SZ_4G + SZ_2M, SZ_4K, SZ_4K, false, 0);
	unmap(test, SZ_4G, SZ_4K);
	KUNIT_EXPECT_EQ(test, depth(test, SZ_4G), 3u);
	expect(test, SZ_4G + SZ_2M, SZ_4K | LEAF, 0);
}

static void mmu_spaces_apart(struct kunit *test)
{
	struct mmu_test *t = test->priv;
	struct axon_mmu other;

	KUNIT_ASSERT_EQ(test, 0, axon_mmu_init(&other, t->adev, AS + 1));
	map(test, SZ_4G, SZ_1M, SZ_4K, false, 0);
	KUNIT_EXPECT_EQ(test, fake_walk(test, t->adev, AS + 1, SZ_4G).entry, 0ull);
	axon_mmu_fini(&other);
	expect(test, SZ_4G, SZ_1M | LEAF, 0);
}

static void mmu_invalidate(struct kunit *test)
{
	struct mmu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, axon_mmu_flush(&t->mmu, 0x123400000000, 0x123400200000));
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, AXON_PAGE_MMU + 0), 0x123400000000ull);
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, AXON_PAGE_MMU + 8), 0x123400200000ull);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, AXON_PAGE_MMU + 16), AS);
}

/* The chip loses the root, and everything of that address space, before the tables are freed. */
static void mmu_end(struct kunit *test)
{
	struct mmu_test *t = test->priv;
	struct axon_mmu other;

	KUNIT_ASSERT_EQ(test, 0, axon_mmu_init(&other, t->adev, 255));
	KUNIT_EXPECT_NE(test, fake_read64(t->adev, AXON_PAGE_AS + 255 * 16), 0ull);
	axon_mmu_fini(&other);
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, AXON_PAGE_AS + 255 * 16), 0ull);
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, AXON_PAGE_MMU + 8), 0ull);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, AXON_PAGE_MMU + 16), 255u);
}

/* Address space 0 has all of device memory at 2^46, in huge pages, writable and not executable. */
static void mmu_kernel_vram(struct kunit *test)
{
	struct mmu_test *t = test->priv;
	u64 at;

	for (at = 0; at < FAKE_VRAM_SIZE; at += SZ_2M) {
		struct fake_leaf leaf = fake_walk(test, t->adev, 0, BIT_ULL(46) + at);

		KUNIT_EXPECT_EQ(test, leaf.entry, at | LEAF | AXON_PTE_W);
		KUNIT_EXPECT_EQ(test, leaf.level, 1u);
	}
	KUNIT_EXPECT_EQ(test, fake_walk(test, t->adev, 0, BIT_ULL(46) + at).entry, 0ull);
}

static struct kunit_case mmu_cases[] = {
	KUNIT_CASE(mmu_empty),
	KUNIT_CASE(mmu_one_page),
	KUNIT_CASE(mmu_flags),
	KUNIT_CASE(mmu_huge),
	KUNIT_CASE(mmu_not_huge),
	KUNIT_CASE(mmu_head_and_tail),
	KUNIT_CASE(mmu_across_tables),
	KUNIT_CASE(mmu_last_page),
	KUNIT_CASE(mmu_high_bus_address),
	KUNIT_CASE(mmu_scattered_pages),
	KUNIT_CASE(mmu_gathered_pages),
	KUNIT_CASE(mmu_replace),
	KUNIT_CASE(mmu_unmap_page),
	KUNIT_CASE(mmu_cut_huge),
	KUNIT_CASE(mmu_cut_two_huge),
	KUNIT_CASE(mmu_unmap_one_of_huge),
	KUNIT_CASE(mmu_unmap_nothing),
	KUNIT_CASE(mmu_prepare_keeps_meaning),
	KUNIT_CASE(mmu_prepare_two),
	KUNIT_CASE(mmu_prune),
	KUNIT_CASE(mmu_prune_keeps_used),
	KUNIT_CASE(mmu_spaces_apart),
	KUNIT_CASE(mmu_invalidate),
	KUNIT_CASE(mmu_end),
	KUNIT_CASE(mmu_kernel_vram),
	{},
};

static struct kunit_suite mmu_suite = {
	.name = "axon_mmu",
	.init = mmu_init,
	.test_cases = mmu_cases,
};

kunit_test_suite(mmu_suite);
