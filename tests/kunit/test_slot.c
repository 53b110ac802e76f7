// SPDX-License-Identifier: GPL-2.0
/*
 * The slot scheduler: whom it gives a slot and whom it takes one from. The test is the chip: it
 * sets the states of slots, what a save area says and which doorbells rang. Nothing happens between
 * two looks of the scheduler but what the test does, and the age of what it decides on is set, not
 * waited for.
 */

#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "axon_fence.h"
#include "axon_ring.h"
#include "axon_slot.h"
#include "fake.h"

#define MS	1000000ull
#define WALL_MS 2000		     /* by tests/kunit/run */
#define SLOTS	(AXON_NUM_SLOTS - 1) /* without the driver's own */
#define RINGS	(SLOTS + 3)

struct slot_test {
	struct axon_device *adev;
	/* ring i has doorbell i + 1, and until it has to leave slot i + 1 */
	struct axon_ring rings[RINGS];
	/* in the place of the heads of their save areas, for the chip has no memory */
	struct axon_save saves[RINGS];
	unsigned int count;
	/* causes of the faults that the rings were told of, by doorbell */
	u32 faults[RINGS + 1];
	unsigned int notified;
};

static struct slot_test *test_of(struct axon_ring *ring)
{
	return container_of(ring - (ring->doorbell - 1), struct slot_test, rings[0]);
}

static void slot_fault(struct axon_ring *ring, const struct axon_fault *record)
{
	test_of(ring)->faults[ring->doorbell] = record->cause;
}

static void slot_notify(struct axon_ring *ring)
{
	test_of(ring)->notified++;
}

static void set_status(struct slot_test *t, unsigned int slot, u32 status)
{
	fake_write32(t->adev, AXON_PAGE_SLOT(slot) + AXON_REG_SLOT_STATUS, status);
}

static void set_all(struct slot_test *t, u32 status)
{
	unsigned int i;

	for (i = 1; i <= SLOTS; i++)
		set_status(t, i, status);
}

static void end_rings(void *data)
{
	struct slot_test *t = data;
	unsigned int i;

	/* Each slot that is reset is at once. */
	set_all(t, AXON_SLOT_DISABLED);
	for (i = 0; i < t->count; i++) {
		axon_ring_fini(&t->rings[i], -ECANCELED);
		axon_timeline_put(t->rings[i].timeline);
	}
}

static int slot_test_init(struct kunit *test)
{
	struct slot_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->adev = fake_device(test);
	t->adev->save_size = SZ_4K;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_rings, t));
	return 0;
}

/* One look at everything, and none after it. */
static void look(struct slot_test *t)
{
	struct axon_slots *s = &t->adev->slots;

	mod_delayed_work(s->wq, &s->work, 0);
	flush_delayed_work(&s->work);
	cancel_delayed_work_sync(&s->work);
}

/* The same; would there be another one, without anybody asking for it? */
static bool look_again(struct slot_test *t)
{
	struct axon_slots *s = &t->adev->slots;

	mod_delayed_work(s->wq, &s->work, 0);
	flush_delayed_work(&s->work);
	return cancel_delayed_work_sync(&s->work);
}

static struct axon_ring *add(struct kunit *test, unsigned int priority, bool user)
{
	struct slot_test *t = test->priv;
	struct axon_ring *ring = &t->rings[t->count];

	KUNIT_ASSERT_LT(test, t->count, RINGS);
	ring->as = 1;
	ring->priority = priority;
	ring->user = user;
	ring->user_va = user ? SZ_4G : 0;
	ring->log2 = user ? 6 : 0;
	ring->fault = slot_fault;
	ring->notify = slot_notify;
	KUNIT_ASSERT_EQ(test, 0, axon_ring_init(ring, t->adev, false));
	KUNIT_ASSERT_EQ(test, ring->doorbell, t->count + 1);
	iosys_map_set_vaddr(&ring->save_head, &t->saves[t->count]);
	t->count++;
	look(t);
	return ring;
}

/* Since @ms ago. */
static u64 ago(u64 ms)
{
	return ktime_get_ns() - ms * MS;
}

/* So far ahead that a look finds no time to have gone by. */
static u64 just_now(void)
{
	return ktime_get_ns() + 3600 * 1000 * MS;
}

/* Rings of priority 1 on all slots, each for ages and longer than the next, and they get on. */
static void fill(struct kunit *test)
{
	struct slot_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		add(test, 1, true);
		KUNIT_ASSERT_NOT_NULL(test, t->rings[i].slot);
		KUNIT_ASSERT_EQ(test, t->rings[i].slot->id, i + 1);
	}
	for (i = 0; i < SLOTS; i++) {
		t->rings[i].since = 1 + i;
		t->rings[i].moved = just_now();
	}
	set_all(t, AXON_SLOT_RUNNING);
}

/* A process writes @value to the doorbell of @ring, which has no slot. */
static void rings_doorbell(struct slot_test *t, struct axon_ring *ring, u32 value)
{
	u32 word = ring->doorbell / 32;

	fake_write32(t->adev, AXON_PAGE_DB_VALUE + 4 * ring->doorbell, value);
	fake_write32(t->adev, AXON_PAGE_DB_STATUS + 4 * word, BIT(ring->doorbell % 32));
	fake_write32(t->adev, AXON_PAGE_DB_STATUS + AXON_REG_DB_SUMMARY, BIT(word));
	look(t);
	fake_write32(t->adev, AXON_PAGE_DB_STATUS + 4 * word, 0);
	fake_write32(t->adev, AXON_PAGE_DB_STATUS + AXON_REG_DB_SUMMARY, 0);
}

/* The slots whose rings were asked to leave since the last time, as bits. */
static u32 asked(struct slot_test *t)
{
	u32 i, slots = 0;

	for (i = 0; i <= SLOTS; i++) {
		u32 at = AXON_PAGE_SLOT(i) + AXON_REG_SLOT_SUSPEND;

		slots |= fake_read32(t->adev, at) << i;
		fake_write32(t->adev, at, 0);
	}
	return slots;
}

/* The chip is done with a suspend; @save is what it wrote. */
static void suspended(struct slot_test *t, unsigned int slot, struct axon_save save)
{
	t->saves[t->adev->slots.slot[slot].ring->doorbell - 1] = save;
	set_status(t, slot, AXON_SLOT_SUSPENDED);
	look(t);
}

/* ---- arithmetic ---- */

/* 200 ms of waiting are one priority, and the highest that waiting leads to is 2. */
static void slot_rank(struct kunit *test)
{
	static const struct {
		unsigned int priority;
		u64 waited;
		unsigned int want;
	} cases[] = {
		{ 0, 0, 0 },
		{ 0, 200 * MS - 1, 0 },
		{ 0, 200 * MS, 1 },
		{ 0, 400 * MS - 1, 1 },
		{ 0, 400 * MS, 2 },
		{ 0, 600 * MS, 2 },
		{ 1, 200 * MS - 1, 1 },
		{ 1, 200 * MS, 2 },
		{ 1, 400 * MS, 2 },
		{ 2, 0, 2 },
		{ 2, 1000 * MS, 2 },
		{ 0, U64_MAX, 2 },
		{ 0, (1ull << 32) * 200 * MS, 2 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, axon_slot_rank(cases[i].priority, cases[i].waited),
				    cases[i].want, "priority %u after %llu ns", cases[i].priority,
				    cases[i].waited);
}

static void slot_slice(struct kunit *test)
{
	static const u32 stay[] = { AXON_SLOT_DISABLED, AXON_SLOT_FAULTED, AXON_SLOT_SUSPENDED,
				    AXON_SLOT_RESETTING, AXON_SLOT_SWITCHING };
	unsigned int i;

	KUNIT_EXPECT_EQ(test, axon_slot_slice(AXON_SLOT_IDLE, false), 0ull);
	KUNIT_EXPECT_EQ(test, axon_slot_slice(AXON_SLOT_IDLE, true), 0ull);
	KUNIT_EXPECT_EQ(test, axon_slot_slice(AXON_SLOT_WAITING, false), 1 * MS);
	/* Two that wait for memory words take turns as slowly as two that work. */
	KUNIT_EXPECT_EQ(test, axon_slot_slice(AXON_SLOT_WAITING, true), 20 * MS);
	KUNIT_EXPECT_EQ(test, axon_slot_slice(AXON_SLOT_RUNNING, false), 20 * MS);
	KUNIT_EXPECT_EQ(test, axon_slot_slice(AXON_SLOT_RUNNING, true), 20 * MS);
	/* SUSPEND works in the states 1 to 3 only. */
	for (i = 0; i < ARRAY_SIZE(stay); i++)
		KUNIT_EXPECT_EQ(test, axon_slot_slice(stay[i], false), U64_MAX);
}

/* ---- who is spared ---- */

/* A new ring has a free slot at once; with none it waits for its doorbell, and nobody leaves. */
static void slot_first_come(struct kunit *test)
{
	struct slot_test *t = test->priv;
	struct axon_ring *ring;

	fill(test);
	KUNIT_EXPECT_EQ(test, axon_slot_count_free(t->adev), 0u);
	ring = add(test, 2, true);
	KUNIT_EXPECT_NULL(test, ring->slot);
	KUNIT_EXPECT_EQ(test, ring->state, AXON_RING_OFF);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);
}

static void slot_spares_idle(struct kunit *test)
{
	struct slot_test *t = test->priv;

	fill(test);
	set_status(t, 5, AXON_SLOT_IDLE);
	set_status(t, 6, AXON_SLOT_IDLE);
	set_status(t, 2, AXON_SLOT_WAITING);
	/* It came only just now, but so it is with the other idle one. */
	t->rings[4].since = just_now();
	t->rings[5].since = just_now() + 1;
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(5));
}

/* Idle by its state, but no core has looked at the ring yet. */
static void slot_spares_no_work(struct kunit *test)
{
	struct slot_test *t = test->priv;

	fill(test);
	set_status(t, 5, AXON_SLOT_IDLE);
	fake_write32(t->adev, AXON_PAGE_SLOT(5) + AXON_REG_SLOT_WPTR, 3);
	set_status(t, 6, AXON_SLOT_IDLE);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(6));
}

static void slot_spares_waiting(struct kunit *test)
{
	struct slot_test *t = test->priv;

	fill(test);
	set_status(t, 9, AXON_SLOT_WAITING);
	t->rings[8].since = ago(5);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(9));
}

/* Of those that work the least urgent, of those the one that has had its slot for longest. */
static void slot_spares_least_urgent(struct kunit *test)
{
	struct slot_test *t = test->priv;

	fill(test);
	t->rings[11].priority = 0;
	t->rings[3].priority = 0;
	t->rings[3].since = ago(100);
	t->rings[11].since = ago(200);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(12));
}

/* What works keeps its slot for its slice, and one in a WAIT packet for a shorter one. */
static void slot_keeps_its_slice(struct kunit *test)
{
	struct slot_test *t = test->priv;
	unsigned int i;

	fill(test);
	set_status(t, 4, AXON_SLOT_WAITING);
	for (i = 0; i < SLOTS; i++)
		t->rings[i].since = just_now();
	rings_doorbell(t, add(test, 2, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);

	t->rings[7].since = ago(21);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(8));
}

/* The more urgent is not asked to leave for the less urgent, until that has waited for long. */
static void slot_keeps_the_urgent(struct kunit *test)
{
	struct slot_test *t = test->priv;
	struct axon_ring *ring;

	fill(test);
	ring = add(test, 0, true);
	rings_doorbell(t, ring, 1);
	KUNIT_ASSERT_EQ(test, ring->state, AXON_RING_RUNNABLE);
	ring->since = just_now();
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);

	ring->since = ago(200);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(1));
}

/* One slot is enough for one that waits, however long it takes to become free. */
static void slot_asks_once(struct kunit *test)
{
	struct slot_test *t = test->priv;

	fill(test);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(1));
	set_status(t, 1, AXON_SLOT_SWITCHING);
	look(t);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(2));
}

/* ---- who is next ---- */

/* First the rank, then who has waited for longest. */
static void slot_order(struct kunit *test)
{
	struct slot_test *t = test->priv;
	struct axon_ring *low, *high, *late;

	fill(test);
	low = add(test, 0, true);
	high = add(test, 1, true);
	late = add(test, 1, true);
	set_status(t, 3, AXON_SLOT_IDLE);
	rings_doorbell(t, late, 1);
	rings_doorbell(t, low, 1);
	rings_doorbell(t, high, 1);
	low->since = ago(50);
	high->since = ago(20);
	late->since = ago(10);
	suspended(t, 3, (struct axon_save){});
	KUNIT_EXPECT_PTR_EQ(test, t->adev->slots.slot[3].ring, high);
	KUNIT_EXPECT_EQ(test, low->state, AXON_RING_RUNNABLE);
	KUNIT_EXPECT_EQ(test, late->state, AXON_RING_RUNNABLE);
}

/* The lowest priority, once it has waited for 400 ms, is behind nobody that came after it. */
static void slot_nobody_starves(struct kunit *test)
{
	struct slot_test *t = test->priv;
	struct axon_ring *low, *high;

	fill(test);
	low = add(test, 0, true);
	high = add(test, 2, true);
	set_status(t, 3, AXON_SLOT_IDLE);
	rings_doorbell(t, low, 1);
	rings_doorbell(t, high, 1);
	low->since = ago(400);
	high->since = ago(200);
	suspended(t, 3, (struct axon_save){});
	KUNIT_EXPECT_PTR_EQ(test, t->adev->slots.slot[3].ring, low);
	KUNIT_EXPECT_EQ(test, high->state, AXON_RING_RUNNABLE);
}

/* ---- leaving and coming back ---- */

struct leaving {
	struct axon_save save;
	/* value of the doorbell when the chip is done */
	u32 doorbell;
	enum axon_ring_state want;
};

static const struct leaving leavings[] = {
	/* all that was asked for is done */
	{ { .rptr = 7, .state = AXON_SLOT_IDLE }, 7, AXON_RING_OFF },
	{ { .rptr = 0, .state = AXON_SLOT_IDLE }, 0, AXON_RING_OFF },
	/* in the middle of a packet, though it be the last */
	{ { .rptr = 7, .busy = 1, .state = AXON_SLOT_RUNNING }, 7, AXON_RING_RUNNABLE },
	{ { .rptr = 7, .busy = 1, .state = AXON_SLOT_WAITING }, 7, AXON_RING_RUNNABLE },
	/* the doorbell rang since; numbers wrap around, and different is different */
	{ { .rptr = 7, .state = AXON_SLOT_IDLE }, 8, AXON_RING_RUNNABLE },
	{ { .rptr = U32_MAX, .state = AXON_SLOT_IDLE }, 0, AXON_RING_RUNNABLE },
};

KUNIT_ARRAY_PARAM(leaving, leavings, NULL);

static void slot_leaves(struct kunit *test)
{
	const struct leaving *param = test->param_value;
	struct slot_test *t = test->priv;
	struct axon_ring *ring = &t->rings[3];

	fill(test);
	set_status(t, 4, AXON_SLOT_WAITING);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_ASSERT_EQ(test, asked(t), BIT(4));
	fake_write32(t->adev, AXON_PAGE_DB_VALUE + 4 * ring->doorbell, param->doorbell);
	suspended(t, 4, param->save);
	KUNIT_EXPECT_EQ(test, ring->state, param->want);
	KUNIT_EXPECT_EQ(test, ring->parked, param->save.state == AXON_SLOT_WAITING);
	KUNIT_EXPECT_TRUE(test, ring->saved);
	KUNIT_EXPECT_NULL(test, ring->slot);
	KUNIT_EXPECT_PTR_EQ(test, t->rings[SLOTS].slot, &t->adev->slots.slot[4]);
}

/* A ring that comes back is resumed, a new one enabled; either with all that is its own. */
static void slot_programs(struct kunit *test)
{
	struct slot_test *t = test->priv;
	u32 page = AXON_PAGE_SLOT(3);
	struct axon_ring *ring;

	fill(test);
	ring = add(test, 2, true);
	set_status(t, 3, AXON_SLOT_IDLE);
	rings_doorbell(t, ring, 5);
	suspended(t, 3, (struct axon_save){});
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_DOORBELL), 16u);
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, page + AXON_REG_SLOT_RING), (u64)SZ_4G);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_LOG2), 6u);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_PRIORITY), 2u);
	/* A user ring may run for ever, if it gets on. */
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, page + AXON_REG_SLOT_LIMIT), 0ull);
	KUNIT_EXPECT_NE(test, fake_read64(t->adev, page + AXON_REG_SLOT_HANG), 0ull);
	/* Save areas lie 4 GiB apart, at a place of address space 0 that the doorbell fixes. */
	KUNIT_EXPECT_EQ(test, fake_read64(t->adev, page + AXON_REG_SLOT_SAVE),
			BIT_ULL(45) + 16 * BIT_ULL(32));
	KUNIT_EXPECT_NE(test, fake_walk(test, t->adev, 0, BIT_ULL(45) + 16 * BIT_ULL(32)).entry,
			0ull);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_CTRL), 3u);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_RESUME), 0u);

	/* The one that left rings again; the one that had come is idle. */
	set_status(t, 3, AXON_SLOT_IDLE);
	rings_doorbell(t, &t->rings[2], 1);
	suspended(t, 3, (struct axon_save){ .rptr = 5 });
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_DOORBELL), 3u);
	/* USER without ENABLE, then RESUME. */
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_CTRL), 2u);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, page + AXON_REG_SLOT_RESUME), 1u);
	KUNIT_EXPECT_EQ(test, ring->state, AXON_RING_OFF);
}

/* A ring that does not leave in twice the wall-time limit, WALL_MS, is ended as if it hung. */
static void slot_gives_up(struct kunit *test)
{
	struct slot_test *t = test->priv;

	fill(test);
	rings_doorbell(t, add(test, 1, true), 1);
	KUNIT_ASSERT_EQ(test, asked(t), BIT(1));
	set_status(t, 1, AXON_SLOT_SWITCHING);
	t->rings[0].since = ago(2 * WALL_MS - 1000);
	look(t);
	KUNIT_EXPECT_EQ(test, t->faults[1], (u32)AXON_FAULT_NONE);
	t->rings[0].since = ago(2 * WALL_MS + 1);
	look(t);
	KUNIT_EXPECT_EQ(test, t->faults[1], (u32)AXON_FAULT_HANG);
}

/* A ring that ended, whoever ended it, is never scheduled again, and its slot is free. */
static void slot_buries(struct kunit *test)
{
	struct slot_test *t = test->priv;
	struct axon_ring *ring;

	fill(test);
	ring = add(test, 1, true);
	set_all(t, AXON_SLOT_DISABLED);
	axon_timeline_abort(t->rings[6].timeline, -EIO);
	look(t);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, AXON_PAGE_SLOT(7) + AXON_REG_SLOT_RESET), 1u);
	KUNIT_EXPECT_EQ(test, t->rings[6].state, AXON_RING_DEAD);
	KUNIT_EXPECT_EQ(test, axon_slot_count_free(t->adev), 1u);
	rings_doorbell(t, &t->rings[6], 9);
	KUNIT_EXPECT_EQ(test, t->rings[6].state, AXON_RING_DEAD);
	rings_doorbell(t, ring, 9);
	KUNIT_ASSERT_NOT_NULL(test, ring->slot);
	KUNIT_EXPECT_EQ(test, ring->slot->id, 7u);
}

/* ---- cores ---- */

/* Of those that do not get on the one with the oldest slot leaves, and one in 100 ms. */
static void slot_shares_cores(struct kunit *test)
{
	struct slot_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 3; i++)
		add(test, 1, true);
	set_all(t, AXON_SLOT_RUNNING);
	for (i = 0; i < 3; i++) {
		t->rings[i].since = 3 - i;
		t->rings[i].moved = just_now();
	}
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);
	/* One alone is kept by nobody. */
	t->rings[1].moved = ago(100);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);
	t->rings[0].moved = ago(100);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(2));
	t->rings[2].moved = ago(100);
	t->adev->slots.shared = just_now();
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);
	t->adev->slots.shared = ago(101);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), BIT(3));
}

/* A ring that has just come has not stood still since the dawn of time. */
static void slot_starts_to_move(struct kunit *test)
{
	u64 before = ktime_get_ns();

	KUNIT_EXPECT_GE(test, add(test, 1, true)->moved, before);
}

/* Packets that move are no stall, nor is one that has none or waits. */
static void slot_moves(struct kunit *test)
{
	struct slot_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		add(test, 0, true);
		t->rings[i].moved = ago(1000);
	}
	set_status(t, 1, AXON_SLOT_RUNNING);
	fake_write32(t->adev, AXON_PAGE_SLOT(1) + AXON_REG_SLOT_RPTR, 1);
	set_status(t, 2, AXON_SLOT_WAITING);
	set_status(t, 3, AXON_SLOT_RUNNING);
	look(t);
	KUNIT_EXPECT_EQ(test, asked(t), 0u);
	KUNIT_EXPECT_FALSE(test, t->adev->slots.slot[1].stalled);
	KUNIT_EXPECT_FALSE(test, t->adev->slots.slot[2].stalled);
	KUNIT_EXPECT_TRUE(test, t->adev->slots.slot[3].stalled);
	/* To the chip what does not move is more urgent. */
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, AXON_PAGE_SLOT(1) + AXON_REG_SLOT_PRIORITY), 0u);
	KUNIT_EXPECT_EQ(test, fake_read32(t->adev, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_PRIORITY), 2u);
}

/* The scheduler looks by itself while somebody waits or shares the chip, and sleeps otherwise. */
static void slot_sleeps(struct kunit *test)
{
	struct slot_test *t = test->priv;

	KUNIT_EXPECT_FALSE(test, look_again(t));
	add(test, 1, true);
	set_all(t, AXON_SLOT_RUNNING);
	KUNIT_EXPECT_FALSE(test, look_again(t));
	add(test, 1, true);
	KUNIT_EXPECT_TRUE(test, look_again(t));
	set_all(t, AXON_SLOT_IDLE);
	KUNIT_EXPECT_TRUE(test, look_again(t));
}

/* ---- interrupts ---- */

static bool masked(struct slot_test *t, unsigned int slot)
{
	return fake_read32(t->adev, AXON_PAGE_IRQ + AXON_REG_IRQ_MASK) & BIT(2 + slot);
}

/* A kernel ring's always come; a user ring's once each time that somebody begins to wait. */
static void slot_interrupts(struct kunit *test)
{
	struct slot_test *t = test->priv;
	struct axon_slot *slot = &t->adev->slots.slot[2];

	add(test, 1, false);
	add(test, 1, true);
	KUNIT_EXPECT_FALSE(test, masked(t, 1));
	KUNIT_EXPECT_TRUE(test, masked(t, 2));
	axon_slot_arm(&t->rings[1]);
	KUNIT_EXPECT_FALSE(test, masked(t, 2));
	KUNIT_EXPECT_EQ(test, t->notified, 0u);
	local_irq_disable();
	axon_slot_interrupt(slot);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, t->notified, 1u);
	KUNIT_EXPECT_TRUE(test, masked(t, 2));
	axon_slot_arm(&t->rings[1]);
	KUNIT_EXPECT_FALSE(test, masked(t, 2));
}

static struct kunit_case slot_cases[] = {
	KUNIT_CASE(slot_rank),
	KUNIT_CASE(slot_slice),
	KUNIT_CASE(slot_first_come),
	KUNIT_CASE(slot_spares_idle),
	KUNIT_CASE(slot_spares_no_work),
	KUNIT_CASE(slot_spares_waiting),
	KUNIT_CASE(slot_spares_least_urgent),
	KUNIT_CASE(slot_keeps_its_slice),
	KUNIT_CASE(slot_keeps_the_urgent),
	KUNIT_CASE(slot_asks_once),
	KUNIT_CASE(slot_order),
	KUNIT_CASE(slot_nobody_starves),
	KUNIT_CASE_PARAM(slot_leaves, leaving_gen_params),
	KUNIT_CASE(slot_programs),
	KUNIT_CASE(slot_gives_up),
	KUNIT_CASE(slot_buries),
	KUNIT_CASE(slot_shares_cores),
	KUNIT_CASE(slot_starts_to_move),
	KUNIT_CASE(slot_moves),
	KUNIT_CASE(slot_sleeps),
	KUNIT_CASE(slot_interrupts),
	{},
};

static struct kunit_suite slot_suite = {
	.name = "axon_slot",
	.init = slot_test_init,
	.test_cases = slot_cases,
};

kunit_test_suite(slot_suite);
