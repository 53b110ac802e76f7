// SPDX-License-Identifier: GPL-2.0
/*
 * The manager of device memory, asked as TTM asks it.
 */

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "axon_cursor.h"
#include "axon_vram.h"
#include "fake.h"

#define PAGES (FAKE_VRAM_SIZE / SZ_4K)

static int vram_init(struct kunit *test)
{
	test->priv = fake_device(test);
	return 0;
}

/* TTM's part of a buffer of @size bytes, as far as the manager looks at it. */
static struct ttm_buffer_object *buffer(struct kunit *test, u64 size)
{
	struct ttm_buffer_object *tbo = kunit_kzalloc(test, sizeof(*tbo), GFP_KERNEL);
	struct axon_device *adev = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, tbo);
	tbo->base.size = size;
	tbo->bdev = &adev->ttm;
	return tbo;
}

static int alloc(struct kunit *test, u64 size, struct ttm_resource **res)
{
	static const struct ttm_place place = { .mem_type = TTM_PL_VRAM };
	struct axon_device *adev = test->priv;
	struct ttm_resource_manager *man = &adev->vram.base;

	return man->func->alloc(man, buffer(test, size), &place, res);
}

static void release(struct kunit *test, struct ttm_resource *res)
{
	struct axon_device *adev = test->priv;
	struct ttm_resource_manager *man = &adev->vram.base;

	man->func->free(man, res);
}

static u64 usage(struct kunit *test)
{
	struct axon_device *adev = test->priv;

	return ttm_resource_manager_usage(&adev->vram.base);
}

/* Mark the pages of @res in @map; each must be inside device memory and not marked yet. */
static void mark(struct kunit *test, unsigned long *map, struct ttm_resource *res)
{
	struct axon_cursor cur;
	u64 at, sum = 0;

	for (axon_cursor_vram(&cur, res, 0, res->size); cur.left;
	     axon_cursor_advance(&cur, cur.run)) {
		KUNIT_ASSERT_LE(test, cur.addr + cur.run, (u64)FAKE_VRAM_SIZE);
		for (at = cur.addr; at < cur.addr + cur.run; at += SZ_4K)
			KUNIT_EXPECT_FALSE(test, __test_and_set_bit(at / SZ_4K, map));
		sum += cur.run;
	}
	KUNIT_EXPECT_EQ(test, sum, (u64)res->size);
}

static void vram_alloc(struct kunit *test)
{
	struct ttm_resource *res;

	KUNIT_ASSERT_EQ(test, 0, alloc(test, SZ_1M, &res));
	KUNIT_EXPECT_EQ(test, res->mem_type, (u32)TTM_PL_VRAM);
	KUNIT_EXPECT_EQ(test, (u64)res->size, (u64)SZ_1M);
	KUNIT_EXPECT_EQ(test, usage(test), (u64)SZ_1M);
	release(test, res);
	KUNIT_EXPECT_EQ(test, usage(test), 0ull);
}

static void vram_too_large(struct kunit *test)
{
	struct ttm_resource *res;

	KUNIT_EXPECT_EQ(test, alloc(test, FAKE_VRAM_SIZE + SZ_4K, &res), -ENOSPC);
	KUNIT_EXPECT_EQ(test, alloc(test, BIT_ULL(62), &res), -ENOSPC);
	KUNIT_EXPECT_EQ(test, usage(test), 0ull);
}

static void vram_all_of_it(struct kunit *test)
{
	struct ttm_resource *all, *more;

	KUNIT_ASSERT_EQ(test, 0, alloc(test, FAKE_VRAM_SIZE, &all));
	KUNIT_EXPECT_EQ(test, alloc(test, SZ_4K, &more), -ENOSPC);
	KUNIT_EXPECT_EQ(test, usage(test), (u64)FAKE_VRAM_SIZE);
	release(test, all);
	KUNIT_ASSERT_EQ(test, 0, alloc(test, FAKE_VRAM_SIZE, &all));
	release(test, all);
}

/* A failed allocation takes nothing: what is left can still be had to the last page. */
static void vram_failure_takes_nothing(struct kunit *test)
{
	struct ttm_resource *half, *most, *rest;

	KUNIT_ASSERT_EQ(test, 0, alloc(test, FAKE_VRAM_SIZE / 2, &half));
	KUNIT_EXPECT_EQ(test, alloc(test, FAKE_VRAM_SIZE / 2 + SZ_4K, &most), -ENOSPC);
	KUNIT_EXPECT_EQ(test, usage(test), (u64)FAKE_VRAM_SIZE / 2);
	KUNIT_ASSERT_EQ(test, 0, alloc(test, FAKE_VRAM_SIZE / 2, &rest));
	release(test, half);
	release(test, rest);
}

/* No two buffers share a page, and sizes that are no power of two take no more than they say. */
static void vram_apart(struct kunit *test)
{
	static const u32 pages[] = { 1, 3, 511, 513, 7, 1000, 4097, 2 };
	struct ttm_resource *res[ARRAY_SIZE(pages)];
	unsigned long *map = kunit_kzalloc(test, PAGES / 8, GFP_KERNEL);
	u64 sum = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, map);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		KUNIT_ASSERT_EQ(test, 0, alloc(test, (u64)pages[i] * SZ_4K, &res[i]));
		mark(test, map, res[i]);
		sum += pages[i];
	}
	KUNIT_EXPECT_EQ(test, (u64)bitmap_weight(map, PAGES), sum);
	KUNIT_EXPECT_EQ(test, usage(test), sum * SZ_4K);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		release(test, res[i]);
}

/* Memory of which every second 64 KiB are taken still holds a buffer as large as all the gaps. */
static void vram_fragmented(struct kunit *test)
{
	const unsigned int pieces = FAKE_VRAM_SIZE / SZ_64K;
	unsigned long *map = kunit_kzalloc(test, PAGES / 8, GFP_KERNEL);
	struct ttm_resource **res, *large;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, map);
	res = kunit_kcalloc(test, pieces, sizeof(*res), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, res);
	for (i = 0; i < pieces; i++)
		KUNIT_ASSERT_EQ(test, 0, alloc(test, SZ_64K, &res[i]));
	for (i = 0; i < pieces; i += 2)
		release(test, res[i]);

	KUNIT_ASSERT_EQ(test, 0, alloc(test, FAKE_VRAM_SIZE / 2, &large));
	mark(test, map, large);
	for (i = 1; i < pieces; i += 2)
		mark(test, map, res[i]);
	KUNIT_EXPECT_TRUE(test, bitmap_full(map, PAGES));

	release(test, large);
	for (i = 1; i < pieces; i += 2)
		release(test, res[i]);
}

/* A walk from the middle finds the same pages as one that comes there from the start. */
static void vram_cursor_offset(struct kunit *test)
{
	struct axon_cursor whole, part;
	struct ttm_resource *res;
	u64 offset;

	/* Three blocks at least: 1 + 2 + 4 pages are no power of two. */
	KUNIT_ASSERT_EQ(test, 0, alloc(test, 7 * SZ_4K, &res));
	axon_cursor_vram(&whole, res, 0, res->size);
	for (offset = 0; offset < res->size; offset += SZ_4K) {
		axon_cursor_vram(&part, res, offset, SZ_4K);
		KUNIT_EXPECT_EQ(test, part.addr, whole.addr);
		KUNIT_EXPECT_EQ(test, part.run, (u64)SZ_4K);
		axon_cursor_advance(&whole, SZ_4K);
	}
	KUNIT_EXPECT_EQ(test, whole.left, 0ull);
	release(test, res);
}

static struct kunit_case vram_cases[] = {
	KUNIT_CASE(vram_alloc),		KUNIT_CASE(vram_too_large),
	KUNIT_CASE(vram_all_of_it),	KUNIT_CASE(vram_failure_takes_nothing),
	KUNIT_CASE(vram_apart),		KUNIT_CASE(vram_fragmented),
	KUNIT_CASE(vram_cursor_offset), {},
};

static struct kunit_suite vram_suite = {
	.name = "axon_vram",
	.init = vram_init,
	.test_cases = vram_cases,
};

kunit_test_suite(vram_suite);
