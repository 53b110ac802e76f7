// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-fence.h>

#include <drm/drm_syncobj.h>

#include "axon_sync.h"
#include "fake.h"

#define SIGNAL	 DRM_AXON_SYNC_SIGNAL
#define TIMELINE DRM_AXON_SYNC_TIMELINE

static int sync_test_init(struct kunit *test)
{
	test->priv = fake_open(test, fake_device(test));
	return 0;
}

/* A syncobj without a fence. */
static u32 syncobj(struct kunit *test)
{
	struct drm_syncobj *obj;
	u32 handle;

	KUNIT_ASSERT_EQ(test, 0, drm_syncobj_create(&obj, 0, NULL));
	KUNIT_ASSERT_EQ(test, 0, drm_syncobj_get_handle(test->priv, obj, &handle));
	drm_syncobj_put(obj);
	return handle;
}

static int get(struct kunit *test, const struct drm_axon_sync *in, u32 count,
	       struct axon_syncs *syncs)
{
	const struct drm_axon_array array = {
		.stride = sizeof(*in),
		.count = count,
		.pointer = (uintptr_t)fake_user(test, in, count * sizeof(*in)),
	};

	return axon_syncs_get(test->priv, &array, syncs);
}

static void expect(struct kunit *test, u32 handle, u32 flags, u64 point, int want)
{
	const struct drm_axon_sync in = { .handle = handle, .flags = flags, .point = point };
	struct axon_syncs syncs;

	KUNIT_EXPECT_EQ_MSG(test, get(test, &in, 1, &syncs), want, "handle %u flags %#x point %llu",
			    handle, flags, point);
	axon_syncs_put(&syncs);
}

/* Publish @fence as a submission with these syncobjs does. */
static void publish(struct kunit *test, const struct drm_axon_sync *in, u32 count,
		    struct dma_fence *fence)
{
	struct axon_syncs syncs;

	KUNIT_ASSERT_EQ(test, 0, get(test, in, count, &syncs));
	axon_syncs_signal(&syncs, fence);
	axon_syncs_put(&syncs);
}

static void sync_none(struct kunit *test)
{
	const struct drm_axon_array array = {};
	struct axon_syncs syncs;

	KUNIT_EXPECT_EQ(test, 0, axon_syncs_get(test->priv, &array, &syncs));
	KUNIT_EXPECT_EQ(test, syncs.count, 0u);
	axon_syncs_put(&syncs);
}

static void sync_flags(struct kunit *test)
{
	u32 handle = syncobj(test);

	expect(test, handle, SIGNAL, 0, 0);
	expect(test, handle, SIGNAL | TIMELINE, 1, 0);
	expect(test, handle, 4, 0, -EINVAL);
	expect(test, handle, SIGNAL | 0x80000000, 0, -EINVAL);
}

/* A point belongs to a timeline, and a timeline's begin at 1. */
static void sync_points(struct kunit *test)
{
	u32 handle = syncobj(test);

	expect(test, handle, SIGNAL, 1, -EINVAL);
	expect(test, handle, SIGNAL | TIMELINE, 0, -EINVAL);
	expect(test, handle, 0, 5, -EINVAL);
	expect(test, handle, TIMELINE, 0, -EINVAL);
	expect(test, handle, SIGNAL | TIMELINE, U64_MAX, 0);
}

static void sync_handles(struct kunit *test)
{
	expect(test, 0, SIGNAL, 0, -ENOENT);
	expect(test, 77, SIGNAL, 0, -ENOENT);
	expect(test, 77, 0, 0, -ENOENT);
}

/* Nobody waits for what nobody has submitted. */
static void sync_not_submitted(struct kunit *test)
{
	u32 handle = syncobj(test);

	expect(test, handle, 0, 0, -EINVAL);
	expect(test, handle, TIMELINE, 1, -EINVAL);
}

static void sync_counts(struct kunit *test)
{
	struct drm_axon_sync *in = kunit_kcalloc(test, 65, sizeof(*in), GFP_KERNEL);
	u32 i, handle = syncobj(test);
	struct axon_syncs syncs;

	KUNIT_ASSERT_NOT_NULL(test, in);
	for (i = 0; i < 65; i++)
		in[i] = (struct drm_axon_sync){ .handle = handle, .flags = SIGNAL };
	KUNIT_EXPECT_EQ(test, get(test, in, 64, &syncs), 0);
	KUNIT_EXPECT_EQ(test, syncs.count, 64u);
	axon_syncs_put(&syncs);
	KUNIT_EXPECT_EQ(test, get(test, in, 65, &syncs), -EINVAL);
	axon_syncs_put(&syncs);
}

static void sync_signal(struct kunit *test)
{
	const struct drm_axon_sync out = { .handle = syncobj(test), .flags = SIGNAL };
	const struct drm_axon_sync wait = { .handle = out.handle };
	struct dma_fence *fence = dma_fence_allocate_private_stub(ktime_get());
	struct axon_syncs syncs;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	publish(test, &out, 1, fence);
	KUNIT_ASSERT_EQ(test, 0, get(test, &wait, 1, &syncs));
	KUNIT_EXPECT_PTR_EQ(test, syncs.sync[0].fence, fence);
	KUNIT_EXPECT_NULL(test, syncs.sync[0].syncobj);
	axon_syncs_put(&syncs);
	dma_fence_put(fence);
}

/* A point is there to be waited for once it, and no sooner than it, was submitted. */
static void sync_timeline(struct kunit *test)
{
	struct drm_axon_sync sync = { .handle = syncobj(test), .flags = SIGNAL | TIMELINE };
	struct dma_fence *fence = dma_fence_allocate_private_stub(ktime_get());

	KUNIT_ASSERT_NOT_NULL(test, fence);
	sync.point = 3;
	publish(test, &sync, 1, fence);
	expect(test, sync.handle, TIMELINE, 3, 0);
	expect(test, sync.handle, TIMELINE, 4, -EINVAL);
	sync.point = 1ull << 40;
	publish(test, &sync, 1, fence);
	expect(test, sync.handle, TIMELINE, 4, 0);
	expect(test, sync.handle, TIMELINE, 1ull << 40, 0);
	expect(test, sync.handle, TIMELINE, (1ull << 40) + 1, -EINVAL);
	dma_fence_put(fence);
}

static void sync_several(struct kunit *test)
{
	const struct drm_axon_sync out[] = {
		{ .handle = syncobj(test), .flags = SIGNAL },
		{ .handle = syncobj(test), .flags = SIGNAL | TIMELINE, .point = 9 },
		{ .handle = syncobj(test), .flags = SIGNAL },
	};
	struct dma_fence *fence = dma_fence_allocate_private_stub(ktime_get());

	KUNIT_ASSERT_NOT_NULL(test, fence);
	publish(test, out, ARRAY_SIZE(out), fence);
	expect(test, out[0].handle, 0, 0, 0);
	expect(test, out[1].handle, TIMELINE, 9, 0);
	expect(test, out[2].handle, 0, 0, 0);
	dma_fence_put(fence);
}

/* What was found before the mistake is let go of again, and nothing is published. */
static void sync_fails_half_way(struct kunit *test)
{
	struct dma_fence *fence = dma_fence_allocate_private_stub(ktime_get());
	const struct drm_axon_sync out = { .handle = syncobj(test), .flags = SIGNAL };
	const struct drm_axon_sync in[] = {
		{ .handle = out.handle },
		{ .handle = syncobj(test), .flags = SIGNAL | TIMELINE, .point = 1 },
		{ .handle = 77 },
	};
	struct axon_syncs syncs;
	struct drm_syncobj *obj;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	publish(test, &out, 1, fence);
	KUNIT_EXPECT_EQ(test, kref_read(&fence->refcount), 2u);
	KUNIT_EXPECT_EQ(test, get(test, in, ARRAY_SIZE(in), &syncs), -ENOENT);
	axon_syncs_put(&syncs);
	KUNIT_EXPECT_EQ(test, kref_read(&fence->refcount), 2u);
	obj = drm_syncobj_find(test->priv, in[1].handle);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, kref_read(&obj->refcount), 2u);
	drm_syncobj_put(obj);
	expect(test, in[1].handle, TIMELINE, 1, -EINVAL);
	dma_fence_put(fence);
}

static struct kunit_case sync_cases[] = {
	KUNIT_CASE(sync_none),
	KUNIT_CASE(sync_flags),
	KUNIT_CASE(sync_points),
	KUNIT_CASE(sync_handles),
	KUNIT_CASE(sync_not_submitted),
	KUNIT_CASE(sync_counts),
	KUNIT_CASE(sync_signal),
	KUNIT_CASE(sync_timeline),
	KUNIT_CASE(sync_several),
	KUNIT_CASE(sync_fails_half_way),
	{},
};

static struct kunit_suite sync_suite = {
	.name = "axon_sync",
	.init = sync_test_init,
	.test_cases = sync_cases,
};

kunit_test_suite(sync_suite);
