// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: what the driver tells the chip, and its arithmetic where numbers wrap around.
 */

#include <linux/slab.h>

#include "axon_fence.h"
#include "axon_mmu.h"
#include "axon_ring.h"
#include "fake.h"

#define SIZE 256 /* packets */

struct ring_test {
	struct axon_device *adev;
	struct axon_ring ring;
};

static void ring_no_fault(struct axon_ring *ring, const struct axon_fault *record)
{
}

static void ring_end(void *data)
{
	struct axon_ring *ring = data;

	axon_ring_fini(ring, -ECANCELED);
	axon_timeline_put(ring->timeline);
}

static int ring_test_init(struct kunit *test)
{
	struct ring_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->adev = fake_device(test);
	t->ring.as = 9;
	t->ring.priority = 2;
	t->ring.fault = ring_no_fault;
	KUNIT_ASSERT_EQ(test, 0, axon_ring_init(&t->ring, t->adev, false));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, ring_end, &t->ring));
	return 0;
}

static u32 slot_read32(struct ring_test *t, u32 reg)
{
	return fake_read32(t->adev, AXON_PAGE_SLOT(t->ring.slot->id) + reg);
}

static u32 doorbell(struct ring_test *t)
{
	return fake_read32(t->adev, AXON_PAGE_DOORBELL(t->ring.doorbell));
}

/* Submit @count NOPs, the first with @tag. The caller gets a reference to the fence. */
static struct axon_fence *submit(struct kunit *test, unsigned int count, u32 tag)
{
	struct axon_packet packets[8] = {};
	struct axon_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	struct ring_test *t = test->priv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	KUNIT_ASSERT_LE(test, count, ARRAY_SIZE(packets));
	for (i = 0; i < count; i++)
		packets[i] = (struct axon_packet){ .op = AXON_PKT_NOP, .tag = tag + i };
	axon_fence_init(fence, t->ring.timeline);
	KUNIT_ASSERT_EQ(test, 0, axon_ring_submit(&t->ring, packets, count, fence));
	return fence;
}

/* The chip has done the job with number @value. */
static void chip_signals(struct ring_test *t, u64 value)
{
	WRITE_ONCE(t->ring.mem->signal.value, value);
	axon_ring_complete(&t->ring);
}

static void ring_registers(struct kunit *test)
{
	struct ring_test *t = test->priv;
	u32 page = AXON_PAGE_SLOT(1);

	/* Slot 0 is the driver's own. */
	KUNIT_ASSERT_NOT_NULL(test, t->ring.slot);
	KUNIT_ASSERT_EQ(test, t->ring.slot->id, 1u);
	/* The counters, the signal, then the packets on a line of their own. */
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, page + AXON_REG_SLOT_RING), 0x1001000c0ull);
	KUNIT_EXPECT_EQ(test, slot_read32(t, AXON_REG_SLOT_LOG2), 8u);
	KUNIT_EXPECT_EQ(test, slot_read32(t, AXON_REG_SLOT_AS), 9u);
	KUNIT_EXPECT_EQ(test, slot_read32(t, AXON_REG_SLOT_DOORBELL), 1u);
	KUNIT_EXPECT_EQ(test, slot_read32(t, AXON_REG_SLOT_PRIORITY), 2u);
	KUNIT_EXPECT_EQ(test, slot_read32(t, AXON_REG_SLOT_CTRL), AXON_SLOT_CTRL_ENABLE);
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, page + AXON_REG_SLOT_COUNTERS), 0x100100000ull);
	/* Neither a hang nor an endless job keeps a fence from signalling. */
	KUNIT_EXPECT_NE(test, fake_read64(t->adev, page + AXON_REG_SLOT_HANG), 0ull);
	KUNIT_EXPECT_NE(test, fake_read64(t->adev, page + AXON_REG_SLOT_LIMIT), 0ull);
	KUNIT_EXPECT_NE(test, slot_read32(t, AXON_REG_SLOT_WALL_MS), 0u);
}

/* The ring lies in address space 0, where its owner cannot reach it, and holds no code. */
static void ring_mapped(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct fake_leaf leaf = fake_walk(test, t->adev, 0, 0x100100000);

	KUNIT_EXPECT_EQ(test, leaf.entry,
			t->ring.dma | AXON_PTE_V | AXON_PTE_LEAF | AXON_PTE_SYS | AXON_PTE_W);
	KUNIT_EXPECT_EQ(test, fake_walk(test, t->adev, 0, 0x100105000).entry, 0ull);
	KUNIT_EXPECT_EQ(test, fake_walk(test, t->adev, 9, 0x100100000).entry, 0ull);
}

static void ring_submit(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_packet *packets = t->ring.mem->packets;
	struct axon_fence *fence = submit(test, 2, 70);

	KUNIT_EXPECT_EQ(test, doorbell(t), 3u);
	KUNIT_EXPECT_EQ(test, packets[0].tag, 70u);
	KUNIT_EXPECT_EQ(test, packets[1].tag, 71u);
	KUNIT_EXPECT_EQ(test, packets[2].op, AXON_PKT_SIGNAL);
	KUNIT_EXPECT_EQ(test, packets[2].flags, AXON_PKT_F_IRQ);
	KUNIT_EXPECT_EQ(test, packets[2].signal.addr, 0x100100080ull);
	KUNIT_EXPECT_EQ(test, packets[2].signal.value, 1ull);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&fence->base));
	chip_signals(t, 1);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&fence->base));
	dma_fence_put(&fence->base);
}

/* Packet number 256 takes the place of number 0, and the doorbell goes on counting. */
static void ring_wraps(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_packet *packets = t->ring.mem->packets;
	unsigned int job;

	/* 36 jobs of 7 packets and a SIGNAL: 288 packets. */
	for (job = 0; job < 36; job++) {
		dma_fence_put(&submit(test, 7, 1000 * job)->base);
		chip_signals(t, job + 1);
		KUNIT_EXPECT_EQ(test, doorbell(t), 8 * (job + 1));
	}
	/* Packets 280 to 287, the last job's. */
	KUNIT_EXPECT_EQ(test, packets[280 - SIZE].tag, 35000u);
	KUNIT_EXPECT_EQ(test, packets[286 - SIZE].tag, 35006u);
	KUNIT_EXPECT_EQ(test, packets[287 - SIZE].op, AXON_PKT_SIGNAL);
	KUNIT_EXPECT_EQ(test, packets[287 - SIZE].signal.value, 36ull);
	/* Number 32 is still there: its place comes next. */
	KUNIT_EXPECT_EQ(test, packets[32].tag, 4000u);
}

/* A job that lies on both sides of the ring's end. */
static void ring_wraps_within_a_job(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_packet *packets = t->ring.mem->packets;

	t->ring.wptr = SIZE - 2;
	dma_fence_put(&submit(test, 3, 50)->base);
	KUNIT_EXPECT_EQ(test, packets[SIZE - 2].tag, 50u);
	KUNIT_EXPECT_EQ(test, packets[SIZE - 1].tag, 51u);
	KUNIT_EXPECT_EQ(test, packets[0].tag, 52u);
	KUNIT_EXPECT_EQ(test, packets[1].op, AXON_PKT_SIGNAL);
	KUNIT_EXPECT_EQ(test, doorbell(t), SIZE + 2u);
}

static void ring_pointer_wraps(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_packet *packets = t->ring.mem->packets;

	t->ring.wptr = U32_MAX - 1;
	dma_fence_put(&submit(test, 3, 60)->base);
	KUNIT_EXPECT_EQ(test, packets[254].tag, 60u);
	KUNIT_EXPECT_EQ(test, packets[255].tag, 61u);
	KUNIT_EXPECT_EQ(test, packets[0].tag, 62u);
	KUNIT_EXPECT_EQ(test, packets[1].op, AXON_PKT_SIGNAL);
	KUNIT_EXPECT_EQ(test, doorbell(t), 2u);
}

static void ring_stop(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_fence *done = submit(test, 1, 0), *lost = submit(test, 1, 0), *late;

	/* The chip wrote the value, but its interrupt did not come. */
	WRITE_ONCE(t->ring.mem->signal.value, 1);
	axon_ring_stop(&t->ring, -EIO);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, AXON_PAGE_SLOT(1) + AXON_REG_SLOT_RESET), 1u);
	KUNIT_EXPECT_NULL(test, t->ring.slot);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&done->base), 1);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&lost->base), -EIO);

	late = kzalloc(sizeof(*late), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, late);
	axon_fence_init(late, t->ring.timeline);
	KUNIT_EXPECT_EQ(test, axon_ring_submit(&t->ring, NULL, 0, late), -EIO);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&late->base), -EIO);
	KUNIT_EXPECT_EQ(test, doorbell(t), 4u);
	dma_fence_put(&done->base);
	dma_fence_put(&lost->base);
	dma_fence_put(&late->base);
}

/* A look at the ring makes up for an interrupt that was lost. */
static void ring_poll(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_fence *fence = submit(test, 1, 0);
	struct axon_counters counters = {};
	u32 progress = 0;

	WRITE_ONCE(t->ring.mem->signal.value, 1);
	t->ring.mem->counters.packets = 77;
	fake_write32(t->adev, AXON_PAGE_SLOT(1) + AXON_REG_SLOT_PROGRESS, 12);
	KUNIT_EXPECT_TRUE(test, axon_ring_poll(&t->ring, &counters));
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&fence->base));
	KUNIT_EXPECT_EQ(test, counters.packets, 77ull);
	KUNIT_EXPECT_TRUE(test, axon_slot_poll(&t->ring, &progress));
	KUNIT_EXPECT_EQ(test, progress, 12u);
	dma_fence_put(&fence->base);
}

/* A chip that cannot suspend serves as many rings as it has slots. */
static void ring_slots(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_ring *rings;
	unsigned int i, n = AXON_NUM_SLOTS - 2;

	rings = kunit_kcalloc(test, n + 1, sizeof(*rings), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rings);
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, 0, axon_ring_init(&rings[i], t->adev, false));
		KUNIT_ASSERT_NOT_NULL(test, rings[i].slot);
		KUNIT_EXPECT_EQ(test, rings[i].slot->id, i + 2);
	}
	KUNIT_EXPECT_EQ(test, axon_ring_init(&rings[n], t->adev, false), -EBUSY);
	/* The driver's own is kept for it. */
	KUNIT_ASSERT_EQ(test, 0, axon_ring_init(&rings[n], t->adev, true));
	KUNIT_ASSERT_NOT_NULL(test, rings[n].slot);
	KUNIT_EXPECT_EQ(test, rings[n].slot->id, 0u);
	for (i = 0; i <= n; i++)
		ring_end(&rings[i]);
}

/* A slot that was given back has nothing mapped, and is the next to be had. */
static void ring_gone(struct kunit *test)
{
	struct ring_test *t = test->priv;
	struct axon_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);
	struct axon_counters counters;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	KUNIT_ASSERT_EQ(test, 0, axon_ring_init(ring, t->adev, false));
	KUNIT_EXPECT_NE(test, fake_walk(test, t->adev, 0, 0x100200000).entry, 0ull);
	axon_ring_fini(ring, -ECANCELED);
	KUNIT_EXPECT_EQ(test, fake_walk(test, t->adev, 0, 0x100200000).entry, 0ull);
	KUNIT_EXPECT_FALSE(test, axon_ring_poll(ring, &counters));
	axon_timeline_put(ring->timeline);

	memset(ring, 0, sizeof(*ring));
	KUNIT_ASSERT_EQ(test, 0, axon_ring_init(ring, t->adev, false));
	KUNIT_EXPECT_EQ(test, ring->doorbell, 2u);
	KUNIT_ASSERT_NOT_NULL(test, ring->slot);
	KUNIT_EXPECT_EQ(test, ring->slot->id, 2u);
	ring_end(ring);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(ring_registers),
	KUNIT_CASE(ring_mapped),
	KUNIT_CASE(ring_submit),
	KUNIT_CASE(ring_wraps),
	KUNIT_CASE(ring_wraps_within_a_job),
	KUNIT_CASE(ring_pointer_wraps),
	KUNIT_CASE(ring_stop),
	KUNIT_CASE(ring_poll),
	KUNIT_CASE(ring_slots),
	KUNIT_CASE(ring_gone),
	{},
};

static struct kunit_suite ring_suite = {
	.name = "axon_ring",
	.init = ring_test_init,
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
