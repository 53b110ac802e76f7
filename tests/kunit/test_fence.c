// SPDX-License-Identifier: GPL-2.0

#include <linux/slab.h>

#include "axon_fence.h"
#include "fake.h"

static void timeline_put(void *data)
{
	axon_timeline_put(data);
}

static int fence_test_init(struct kunit *test)
{
	struct axon_timeline *tl = axon_timeline_create(5, NULL);

	KUNIT_ASSERT_NOT_NULL(test, tl);
	test->priv = tl;
	return kunit_add_action_or_reset(test, timeline_put, tl);
}

static void fence_put(void *data)
{
	dma_fence_put(data);
}

/* A fence with its place in the timeline, which the test holds. */
static struct axon_fence *fence_new(struct kunit *test)
{
	struct axon_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	axon_fence_init(fence, test->priv);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fence_put, &fence->base));
	return fence;
}

static struct axon_fence *fence_armed(struct kunit *test)
{
	struct axon_fence *fence = fence_new(test);

	KUNIT_ASSERT_EQ(test, 0, axon_fence_arm(fence));
	return fence;
}

/* 1 for signalled, 0 for pending, or the negative error it was signalled with. */
static int status(struct axon_fence *fence)
{
	return dma_fence_get_status(&fence->base);
}

static void fence_numbers(struct kunit *test)
{
	struct axon_timeline *tl = test->priv;
	u64 i;

	for (i = 1; i <= 3; i++) {
		struct axon_fence *fence = fence_armed(test);

		KUNIT_EXPECT_EQ(test, fence->base.seqno, i);
		KUNIT_EXPECT_EQ(test, fence->base.context, tl->context);
	}
	axon_timeline_complete(tl, 3);
}

static void fence_names(struct kunit *test)
{
	struct axon_fence *fence = fence_armed(test);

	KUNIT_EXPECT_STREQ(test, fence->base.ops->get_driver_name(&fence->base), "axon");
	KUNIT_EXPECT_STREQ(test, fence->base.ops->get_timeline_name(&fence->base), "axon-queue5");
	axon_timeline_complete(test->priv, 1);
}

static void fence_complete(struct kunit *test)
{
	struct axon_fence *fence[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		fence[i] = fence_armed(test);
	axon_timeline_complete(test->priv, 0);
	KUNIT_EXPECT_EQ(test, status(fence[0]), 0);
	axon_timeline_complete(test->priv, 2);
	KUNIT_EXPECT_EQ(test, status(fence[0]), 1);
	KUNIT_EXPECT_EQ(test, status(fence[1]), 1);
	KUNIT_EXPECT_EQ(test, status(fence[2]), 0);
	axon_timeline_complete(test->priv, 4);
	KUNIT_EXPECT_EQ(test, status(fence[2]), 1);
	KUNIT_EXPECT_EQ(test, status(fence[3]), 1);
}

/* An interrupt that comes late finds a value that was dealt with. */
static void fence_complete_late(struct kunit *test)
{
	struct axon_fence *first = fence_armed(test), *second = fence_armed(test);

	axon_timeline_complete(test->priv, 1);
	axon_timeline_complete(test->priv, 1);
	axon_timeline_complete(test->priv, 0);
	KUNIT_EXPECT_EQ(test, status(first), 1);
	KUNIT_EXPECT_EQ(test, status(second), 0);
	axon_timeline_complete(test->priv, 2);
}

/* Numbers have 64 bits: what the chip writes is not compared modulo 2^32. */
static void fence_beyond_32_bits(struct kunit *test)
{
	struct axon_timeline *tl = test->priv;
	struct axon_fence *last, *next;

	tl->seqno = U32_MAX - 1;
	last = fence_armed(test);
	next = fence_armed(test);
	KUNIT_EXPECT_EQ(test, last->base.seqno, 0xffffffffull);
	KUNIT_EXPECT_EQ(test, next->base.seqno, 0x100000000ull);
	axon_timeline_complete(tl, 0xffffffff);
	KUNIT_EXPECT_EQ(test, status(last), 1);
	KUNIT_EXPECT_EQ(test, status(next), 0);
	axon_timeline_complete(tl, 0x100000000);
	KUNIT_EXPECT_EQ(test, status(next), 1);
}

/* A fence whose work the chip has not got is not signalled by what the chip has done. */
static void fence_not_armed(struct kunit *test)
{
	struct axon_fence *fence = fence_new(test);

	axon_timeline_complete(test->priv, 1);
	KUNIT_EXPECT_EQ(test, status(fence), 0);
	axon_fence_abort(fence, -ECANCELED);
	KUNIT_EXPECT_EQ(test, status(fence), -ECANCELED);
}

static void fence_abort_twice(struct kunit *test)
{
	struct axon_fence *fence = fence_new(test);

	axon_fence_abort(fence, -ECANCELED);
	axon_fence_abort(fence, -EIO);
	KUNIT_EXPECT_EQ(test, status(fence), -ECANCELED);
}

static void timeline_abort(struct kunit *test)
{
	struct axon_fence *done = fence_armed(test), *lost = fence_armed(test);

	axon_timeline_complete(test->priv, 1);
	axon_timeline_abort(test->priv, -EIO);
	KUNIT_EXPECT_EQ(test, status(done), 1);
	KUNIT_EXPECT_EQ(test, status(lost), -EIO);
}

/* After the end nothing is accepted, and the reason is the first one. */
static void timeline_abort_for_good(struct kunit *test)
{
	struct axon_fence *fence = fence_new(test);

	axon_timeline_abort(test->priv, -EIO);
	axon_timeline_abort(test->priv, -ENODEV);
	KUNIT_EXPECT_EQ(test, axon_fence_arm(fence), -EIO);
	KUNIT_EXPECT_EQ(test, status(fence), -EIO);
}

/* The timeline is there for as long as one of its fences is. */
static void timeline_outlived(struct kunit *test)
{
	struct axon_timeline *tl = axon_timeline_create(11, NULL);
	struct axon_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tl);
	KUNIT_ASSERT_NOT_NULL(test, fence);
	axon_fence_init(fence, tl);
	axon_fence_abort(fence, -ECANCELED);
	axon_timeline_put(tl);
	KUNIT_EXPECT_STREQ(test, fence->base.ops->get_timeline_name(&fence->base), "axon-queue11");
	dma_fence_put(&fence->base);
}

static struct kunit_case fence_cases[] = {
	KUNIT_CASE(fence_numbers),
	KUNIT_CASE(fence_names),
	KUNIT_CASE(fence_complete),
	KUNIT_CASE(fence_complete_late),
	KUNIT_CASE(fence_beyond_32_bits),
	KUNIT_CASE(fence_not_armed),
	KUNIT_CASE(fence_abort_twice),
	KUNIT_CASE(timeline_abort),
	KUNIT_CASE(timeline_abort_for_good),
	KUNIT_CASE(timeline_outlived),
	{},
};

static struct kunit_suite fence_suite = {
	.name = "axon_fence",
	.init = fence_test_init,
	.test_cases = fence_cases,
};

kunit_test_suite(fence_suite);
