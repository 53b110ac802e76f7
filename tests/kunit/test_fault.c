// SPDX-License-Identifier: GPL-2.0
/*
 * The fault ring: the test writes records and the head as the chip does.
 */

#include "axon_fault.h"
#include "axon_ring.h"
#include "fake.h"

#define RECORDS 256

struct fault_test {
	struct axon_device *adev;
	struct axon_ring ring;
	/* what was delivered to slot 3 */
	struct axon_fault last;
	unsigned int count;
};

static void fault_deliver(struct axon_ring *ring, const struct axon_fault *record)
{
	struct fault_test *t = container_of(ring, struct fault_test, ring);

	t->last = *record;
	t->count++;
}

static void fault_forget(void *data)
{
	struct fault_test *t = data;

	t->adev->slots.slot[3].ring = NULL;
}

static u32 reg_read(struct fault_test *t, u32 reg)
{
	return fake_read32(t->adev, AXON_PAGE_FAULT + reg);
}

static void reg_write(struct fault_test *t, u32 reg, u32 value)
{
	fake_write32(t->adev, AXON_PAGE_FAULT + reg, value);
}

static int fault_test_init(struct kunit *test)
{
	struct fault_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->adev = fake_device(test);
	t->ring.adev = t->adev;
	t->ring.slot = &t->adev->slots.slot[3];
	t->ring.fault = fault_deliver;
	t->adev->slots.slot[3].ring = &t->ring;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fault_forget, t));
	axon_fault_start(t->adev);
	return 0;
}

/* The chip writes record number @n and moves the head behind it. */
static void chip_faults(struct fault_test *t, u32 n, u8 slot, u64 addr)
{
	t->adev->faults.records[n % RECORDS] = (struct axon_fault){
		.cause = AXON_FAULT_PAGE_READ,
		.slot = slot,
		.core = 2,
		.addr = addr,
		.pc = 0x1122334455667788,
	};
	reg_write(t, AXON_REG_FAULT_HEAD, n + 1);
}

/* Events that the device's history has counted. */
static u64 num_events(struct fault_test *t)
{
	return t->adev->events.total;
}

static void fault_start(struct kunit *test)
{
	struct fault_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, AXON_PAGE_FAULT + AXON_REG_FAULT_BASE),
			(u64)t->adev->faults.dma);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(t->adev->faults.dma, 64));
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_LOG2), 8u);
}

static void fault_nothing(struct kunit *test)
{
	struct fault_test *t = test->priv;

	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 0u);
	KUNIT_EXPECT_EQ(test, num_events(t), 0ull);
}

static void fault_one(struct kunit *test)
{
	struct fault_test *t = test->priv;

	chip_faults(t, 0, 3, 0xdead0000);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 1u);
	KUNIT_EXPECT_EQ(test, t->last.cause, 1);
	KUNIT_EXPECT_EQ(test, t->last.core, 2);
	KUNIT_EXPECT_EQ(test, t->last.addr, 0xdead0000ull);
	KUNIT_EXPECT_EQ(test, t->last.pc, 0x1122334455667788ull);
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_TAIL), 1u);
	/* An interrupt that comes twice delivers nothing twice. */
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 1u);
}

static void fault_several(struct kunit *test)
{
	struct fault_test *t = test->priv;
	u32 i;

	for (i = 0; i < 5; i++)
		chip_faults(t, i, 3, i);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 5u);
	KUNIT_EXPECT_EQ(test, t->last.addr, 4ull);
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_TAIL), 5u);
}

static void fault_wraps(struct kunit *test)
{
	struct fault_test *t = test->priv;
	u32 i;

	for (i = 0; i < RECORDS + 44; i++) {
		chip_faults(t, i, 3, i);
		axon_fault_drain(t->adev);
		KUNIT_EXPECT_EQ(test, t->last.addr, (u64)i);
	}
	KUNIT_EXPECT_EQ(test, t->count, 300u);
}

/* The ring is full to the last record. */
static void fault_full(struct kunit *test)
{
	struct fault_test *t = test->priv;
	u32 i;

	for (i = 0; i < RECORDS; i++)
		chip_faults(t, i, 3, i);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 256u);
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_TAIL), 256u);
}

/* Head and tail count modulo 2^32. */
static void fault_pointer_wraps(struct kunit *test)
{
	struct fault_test *t = test->priv;

	reg_write(t, AXON_REG_FAULT_HEAD, U32_MAX);
	axon_fault_start(t->adev);
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_TAIL), U32_MAX);
	chip_faults(t, U32_MAX, 3, 1);
	chip_faults(t, 0, 3, 2);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 2u);
	KUNIT_EXPECT_EQ(test, t->last.addr, 2ull);
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_TAIL), 1u);
}

/* A chip that claims more records than there is room for is not believed. */
static void fault_out_of_reach(struct kunit *test)
{
	struct fault_test *t = test->priv;

	reg_write(t, AXON_REG_FAULT_HEAD, RECORDS + 1);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 0u);
	KUNIT_EXPECT_EQ(test, reg_read(t, AXON_REG_FAULT_TAIL), RECORDS + 1u);
	chip_faults(t, RECORDS + 1, 3, 9);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 1u);
}

static void fault_other_slots(struct kunit *test)
{
	struct fault_test *t = test->priv;

	/* Nobody is in the first, the next two are not there. */
	chip_faults(t, 0, 4, 1);
	chip_faults(t, 1, AXON_NUM_SLOTS, 2);
	chip_faults(t, 2, 255, 3);
	chip_faults(t, 3, 3, 4);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 1u);
	KUNIT_EXPECT_EQ(test, t->last.addr, 4ull);
	/* A slot that the chip has not got is nothing to remember. */
	KUNIT_EXPECT_EQ(test, num_events(t), 2ull);
}

static void fault_lost(struct kunit *test)
{
	struct fault_test *t = test->priv;

	reg_write(t, AXON_REG_FAULT_LOST, 12);
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, t->count, 0u);
	KUNIT_EXPECT_EQ(test, num_events(t), 1ull);
	/* They are told of once. */
	axon_fault_drain(t->adev);
	KUNIT_EXPECT_EQ(test, num_events(t), 1ull);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(fault_start),
	KUNIT_CASE(fault_nothing),
	KUNIT_CASE(fault_one),
	KUNIT_CASE(fault_several),
	KUNIT_CASE(fault_wraps),
	KUNIT_CASE(fault_full),
	KUNIT_CASE(fault_pointer_wraps),
	KUNIT_CASE(fault_out_of_reach),
	KUNIT_CASE(fault_other_slots),
	KUNIT_CASE(fault_lost),
	{},
};

static struct kunit_suite fault_suite = {
	.name = "axon_fault",
	.init = fault_test_init,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
