// SPDX-License-Identifier: GPL-2.0
/*
 * User queues through the ioctls: what is refused before the chip hears of it, where doorbells lie,
 * and waiting for a word that is there already.
 */

#include <linux/ktime.h>

#include <drm/drm_vma_manager.h>

#include "axon_vm.h"
#include "fake.h"

#define START SZ_4G
#define END   BIT_ULL(47)

struct userq_test {
	struct axon_device *adev;
	struct drm_file *file;
	/* long-running, and not */
	u32 vm, other_vm;
	/* a buffer of two pages */
	u32 bo;
	u32 queue;
};

static struct drm_axon_queue_create good_queue(struct userq_test *t)
{
	return (struct drm_axon_queue_create){
		.vm_id = t->vm,
		.flags = DRM_AXON_QUEUE_USER,
		.ring_va = START,
		.ring_log2 = 6,
	};
}

static int userq_test_init(struct kunit *test)
{
	struct drm_axon_vm_create vm = { .flags = DRM_AXON_VM_LONG_RUNNING };
	struct userq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct drm_axon_queue_create queue;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->adev = fake_device(test);
	t->adev->features = AXON_FEAT_USER_QUEUES;
	t->file = fake_open(test, t->adev);
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_VM_CREATE, &vm));
	t->vm = vm.vm_id;
	t->other_vm = fake_vm(test, t->file);
	t->bo = fake_bo(test, t->file, 2 * SZ_4K, 0);
	queue = good_queue(t);
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &queue));
	t->queue = queue.queue_id;
	return 0;
}

static void userq_rings(struct kunit *test)
{
	static const struct {
		u64 va;
		u32 log2;
		int want;
	} cases[] = {
		{ START, 6, 0 },
		{ START + 64, 16, 0 },
		/* the last that ends where addresses do */
		{ END - (64ull << 6), 6, 0 },
		{ END - (64ull << 16), 16, 0 },
		{ END - (64ull << 6) + 64, 6, -EINVAL },
		{ END - 64, 6, -EINVAL },
		{ END, 6, -EINVAL },
		{ START - 64, 6, -EINVAL },
		{ 0, 6, -EINVAL },
		/* the end wraps around */
		{ -(64ull << 6), 6, -EINVAL },
		{ U64_MAX - 63, 6, -EINVAL },
		/* not on 64 bytes */
		{ START + 32, 6, -EINVAL },
		{ START + 1, 6, -EINVAL },
		/* sizes */
		{ START, 4, 0 },
		{ START, 3, -EINVAL },
		{ START, 17, -EINVAL },
		{ START, 0, -EINVAL },
		{ START, 64 + 6, -EINVAL },
		{ START, U32_MAX, -EINVAL },
	};
	struct userq_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_axon_queue_create args = good_queue(t);

		args.ring_va = cases[i].va;
		args.ring_log2 = cases[i].log2;
		KUNIT_EXPECT_EQ_MSG(test, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args),
				    cases[i].want, "va %#llx log2 %u", cases[i].va, cases[i].log2);
	}
}

/* User queues only on long-running VMs, no others there, and none on a chip without them. */
static void userq_kinds(struct kunit *test)
{
	struct userq_test *t = test->priv;
	struct drm_axon_queue_create args = good_queue(t);

	args.vm_id = t->other_vm;
	KUNIT_EXPECT_EQ(test, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args), -EINVAL);
	args = (struct drm_axon_queue_create){ .vm_id = t->vm };
	KUNIT_EXPECT_EQ(test, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args), -EINVAL);
	args = (struct drm_axon_queue_create){ .vm_id = t->other_vm, .ring_log2 = 6 };
	KUNIT_EXPECT_EQ(test, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args), -EINVAL);
	t->adev->features = AXON_FEAT_SUSPEND;
	args = good_queue(t);
	KUNIT_EXPECT_EQ(test, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args), -EOPNOTSUPP);
}

/* One page for each doorbell, above all that DRM hands out for buffers, below what is signed. */
static void userq_doorbells(struct kunit *test)
{
	const u64 buffers = (u64)(DRM_FILE_PAGE_OFFSET_START + DRM_FILE_PAGE_OFFSET_SIZE)
			    << PAGE_SHIFT;
	struct userq_test *t = test->priv;
	struct drm_axon_queue_create first = good_queue(t), args = good_queue(t);
	struct drm_axon_queue_destroy destroy = {};

	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &first));
	KUNIT_EXPECT_GE(test, first.doorbell_offset, buffers);
	KUNIT_EXPECT_LT(test, first.doorbell_offset + 1024 * SZ_4K, (u64)S64_MAX);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(first.doorbell_offset));
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args));
	KUNIT_EXPECT_EQ(test, args.doorbell_offset, first.doorbell_offset + SZ_4K);

	/* A number that is free again is given out again, with its offset. */
	destroy.queue_id = first.queue_id;
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_DESTROY, &destroy));
	args = good_queue(t);
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args));
	KUNIT_EXPECT_EQ(test, args.doorbell_offset, first.doorbell_offset);

	/* The driver rings those of kernel queues, and nobody else. */
	args = (struct drm_axon_queue_create){ .vm_id = t->other_vm };
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &args));
	KUNIT_EXPECT_EQ(test, args.doorbell_offset, 0ull);
}

/* A wait that ends at once: the word is 0. */
static struct drm_axon_wait good_wait(struct userq_test *t)
{
	return (struct drm_axon_wait){ .queue_id = t->queue, .handle = t->bo };
}

static int wait(struct userq_test *t, struct drm_axon_wait args)
{
	return fake_ioctl(t->file, DRM_AXON_WAIT, &args);
}

static void wait_offsets(struct kunit *test)
{
	static const struct {
		u64 offset;
		int want;
	} cases[] = {
		{ 0, 0 },
		{ 8, 0 },
		{ 4096, 0 },
		{ 8192 - 8, 0 },
		{ 8192, -EINVAL },
		{ 8192 + 8, -EINVAL },
		{ 8192 - 4, -EINVAL },
		{ 1, -EINVAL },
		{ 4, -EINVAL },
		{ -8ull, -EINVAL },
		{ BIT_ULL(63), -EINVAL },
	};
	struct userq_test *t = test->priv;
	struct drm_axon_wait args = good_wait(t);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		args.offset = cases[i].offset;
		KUNIT_EXPECT_EQ_MSG(test, wait(t, args), cases[i].want, "offset %llu",
				    cases[i].offset);
	}
}

/* Unknown flags, and fields that belong to the other way of waiting or are the driver's. */
static void wait_fields(struct kunit *test)
{
	struct userq_test *t = test->priv;
	struct drm_axon_wait args = good_wait(t);

	args.flags = 2;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EINVAL);
	args.flags = 0x80000001;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EINVAL);
	args = good_wait(t);
	args.eventfd = -1;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EINVAL);
	args = good_wait(t);
	args.flags = DRM_AXON_WAIT_EVENTFD;
	args.timeout_ns = 1;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EINVAL);
	args.timeout_ns = 0;
	args.eventfd = -1;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EBADF);
	args = good_wait(t);
	args.fault.pc = 1;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EINVAL);
}

static void wait_handles(struct kunit *test)
{
	struct userq_test *t = test->priv;
	struct drm_axon_queue_create queue = { .vm_id = t->other_vm };
	struct drm_axon_wait args = good_wait(t);

	args.queue_id = 77;
	KUNIT_EXPECT_EQ(test, wait(t, args), -ENOENT);
	args = good_wait(t);
	args.handle = 77;
	KUNIT_EXPECT_EQ(test, wait(t, args), -ENOENT);
	/* A kernel queue promises fences. */
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_QUEUE_CREATE, &queue));
	args = good_wait(t);
	args.queue_id = queue.queue_id;
	KUNIT_EXPECT_EQ(test, wait(t, args), -EINVAL);
}

/* At least the value, as unsigned numbers; until when is a time that may be over. */
static void wait_values(struct kunit *test)
{
	static const s64 past[] = { 0, 1, -1, S64_MIN };
	struct userq_test *t = test->priv;
	struct drm_axon_wait args = good_wait(t);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(past); i++) {
		args.timeout_ns = past[i];
		args.value = 0;
		KUNIT_EXPECT_EQ(test, wait(t, args), 0);
		args.value = 1;
		KUNIT_EXPECT_EQ(test, wait(t, args), -ETIME);
		args.value = U64_MAX;
		KUNIT_EXPECT_EQ(test, wait(t, args), -ETIME);
	}
	args.timeout_ns = ktime_get_ns() + NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, wait(t, args), -ETIME);
	KUNIT_EXPECT_GE(test, (s64)ktime_get_ns(), args.timeout_ns);
}

static struct kunit_case userq_cases[] = {
	KUNIT_CASE(userq_rings),     KUNIT_CASE(userq_kinds),
	KUNIT_CASE(userq_doorbells), KUNIT_CASE(wait_offsets),
	KUNIT_CASE(wait_fields),     KUNIT_CASE(wait_handles),
	KUNIT_CASE(wait_values),     {},
};

static struct kunit_suite userq_suite = {
	.name = "axon_userq",
	.init = userq_test_init,
	.test_cases = userq_cases,
};

kunit_test_suite(userq_suite);
