// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Slots and who gets them
 *
 * The chip has few slots and there may be a thousand rings. A ring has a doorbell, memory and a
 * save area of its own from the beginning; a slot is lent to it while it has work.
 *
 * A new ring takes a free slot at once and keeps it, idle or not, until another wants it. One that
 * has none is woken by its doorbell: the chip keeps the value, remembers that nobody listened and
 * raises an interrupt. Then the scheduler gives it a free slot, or asks the ring to leave that can
 * be spared most easily: an idle one, else one in a WAIT packet, else, when its time slice is over,
 * the least urgent that works. To leave takes as long as the chip's hang limits allow; nobody waits
 * for it, the chip says when. A ring that left in the middle of its work, or whose doorbell rang
 * since, is at the end of those that wait.
 *
 * Nobody starves: the longer a ring waits, the more urgent it gets, up to the highest priority, and
 * among the equally urgent the one that waited longest is first. So what has the lowest priority
 * gets a slice after at most AXON_RANK_MAX * AXON_AGE_NS and the slices of those before it in the
 * line, whatever the others do.
 *
 * A slot is not yet a core: one that runs a long workgroup is held by it, so rings with slots are
 * looked at as well. When several work and their packets have not moved for a while, the one that
 * has had its slot for longest is asked to leave and comes back at once, behind those that wait for
 * a core; and for the chip, too, the priority of what does not move rises. Rejected: leaving that
 * to the hang limits, which are made for one wrong program, not for as many as there are slots.
 *
 * Nothing is lost: a ring is taken for idle only by comparing what the chip had consumed with the
 * doorbell's value, read after the slot was let go. A doorbell that rings before that is in the
 * value; one that rings later finds no slot, sets its bit in DB_RUNG and raises the interrupt. The
 * same work clears the bits and compares, so that no bit is cleared in between.
 *
 * Locking. All decisions are made in one work item on an ordered workqueue, under &axon_slots.lock;
 * interrupt handlers only queue it. It is a mutex, because resetting a slot sleeps, and one for all
 * slots, because moving a ring concerns two of them and nothing here is hot: submitting touches the
 * doorbell and no lock of this file. Handlers need to know which ring an interrupt speaks of, hence
 * &axon_slots.irq_lock around &axon_slot.ring. Fences depend on all of it, so nothing here
 * allocates memory or waits for a fence. The order is &axon_ring.lock, &axon_slots.lock,
 * &axon_device.reset_lock, &axon_fault_ring.lock, &axon_slots.irq_lock.
 *
 * Rejected: a lock for each slot (the choice of whom to evict needs all of them), deciding in the
 * interrupt handler (an unprivileged program could keep it busy: here it costs one work item,
 * however often it rings), and leaving the choice to the chip (which has no memory to save to).
 */

#include <kunit/visibility.h>
#include <linux/delay.h>
#include <linux/iosys-map.h>
#include <linux/ktime.h>
#include <linux/list_sort.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_fault.h"
#include "axon_fence.h"
#include "axon_irq.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"
#include "axon_slot.h"
#include "axon_trace.h"

/* The chip ends what makes no progress; what does not even leave after that is ended here. */
static u64 axon_slot_leave_ns(const struct axon_ring *ring)
{
	return 2ull * ring->wall_ms * NSEC_PER_MSEC;
}

/* ---- one slot ---- */

/* The look at everything began at @now: some of it may be newer. */
static u64 axon_slot_elapsed(u64 since, u64 now)
{
	return now > since ? now - since : 0;
}

/* For how long the ring has been as it is. */
static u64 axon_slot_age(const struct axon_ring *ring, u64 now)
{
	return axon_slot_elapsed(ring->since, now);
}

static void axon_slot_attach(struct axon_slot *slot, struct axon_ring *ring)
{
	struct axon_slots *s = &slot->adev->slots;

	spin_lock_irq(&s->irq_lock);
	slot->ring = ring;
	ring->slot = slot;
	axon_irq_enable_slot(slot, ring->armed || !ring->user);
	spin_unlock_irq(&s->irq_lock);
}

/* What the ring did until now may have raised interrupts that come too late to find it here. */
static void axon_slot_release(struct axon_slot *slot)
{
	struct axon_slots *s = &slot->adev->slots;
	struct axon_ring *ring = slot->ring;

	spin_lock_irq(&s->irq_lock);
	axon_ring_complete(ring);
	axon_irq_enable_slot(slot, false);
	slot->ring = NULL;
	slot->leaving = false;
	ring->slot = NULL;
	spin_unlock_irq(&s->irq_lock);
}

static void axon_slot_program(struct axon_slot *slot, struct axon_ring *ring)
{
	struct axon_device *adev = slot->adev;
	u32 user = ring->user ? AXON_SLOT_CTRL_USER : 0;
	unsigned int s = slot->id;

	axon_slot_write64(adev, s, RING, axon_ring_packets_va(ring));
	axon_slot_write32(adev, s, LOG2, ring->log2);
	axon_slot_write32(adev, s, AS, ring->as);
	axon_slot_write32(adev, s, DOORBELL, ring->doorbell);
	axon_slot_write32(adev, s, PRIORITY, ring->priority);
	axon_slot_write64(adev, s, HANG, ring->hang_cycles);
	axon_slot_write64(adev, s, LIMIT, ring->limit_cycles);
	axon_slot_write32(adev, s, WALL_MS, ring->wall_ms);
	axon_slot_write64(adev, s, COUNTERS, axon_ring_counters_va(ring));
	axon_slot_write64(adev, s, SAVE, axon_ring_save_va(ring));
	if (ring->saved) {
		axon_slot_write32(adev, s, CTRL, user);
		axon_slot_write32(adev, s, RESUME, 1);
	} else {
		axon_slot_write32(adev, s, CTRL, user | AXON_SLOT_CTRL_ENABLE);
	}
}

static void axon_slot_bury(struct axon_ring *ring)
{
	list_del_init(&ring->node);
	ring->state = AXON_RING_DEAD;
}

/* A reset of the whole chip ends all rings: none must be started behind its back. */
static void axon_slot_load(struct axon_slot *slot, struct axon_ring *ring)
{
	struct axon_device *adev = slot->adev;

	mutex_lock(&adev->reset_lock);
	if (READ_ONCE(ring->timeline->error)) {
		axon_slot_bury(ring);
	} else {
		list_del_init(&ring->node);
		ring->state = AXON_RING_ON;
		ring->since = ktime_get_ns();
		slot->status = AXON_SLOT_SWITCHING;
		slot->stalled = false;
		trace_axon_slot_load(slot, ring);
		axon_slot_attach(slot, ring);
		axon_slot_program(slot, ring);
	}
	mutex_unlock(&adev->reset_lock);
}

static void axon_slot_enqueue(struct axon_ring *ring)
{
	ring->since = ktime_get_ns();
	if (ring->state == AXON_RING_OFF)
		ring->moved = ring->since;
	ring->state = AXON_RING_RUNNABLE;
	list_add_tail(&ring->node, &ring->adev->slots.runnable);
}

static void axon_slot_suspend(struct axon_slot *slot)
{
	struct axon_slots *s = &slot->adev->slots;

	trace_axon_slot_suspend(slot, slot->ring);
	slot->ring->since = ktime_get_ns();
	spin_lock_irq(&s->irq_lock);
	slot->leaving = true;
	axon_irq_enable_slot(slot, true);
	spin_unlock_irq(&s->irq_lock);
	axon_slot_write32(slot->adev, slot->id, SUSPEND, 1);
}

/* The chip has written the ring's state to its save area. */
static void axon_slot_leave(struct axon_slot *slot)
{
	struct axon_device *adev = slot->adev;
	struct axon_ring *ring = slot->ring;
	struct axon_save save;

	axon_slot_write32(adev, slot->id, CTRL, 0);
	axon_slot_release(slot);

	iosys_map_memcpy_from(&save, &ring->save_head, 0, sizeof(save));
	ring->saved = true;
	trace_axon_slot_leave(slot, ring);
	ring->parked = save.state == AXON_SLOT_WAITING;
	if (save.busy || save.rptr != axon_read32(adev, DB, VALUE(ring->doorbell)))
		axon_slot_enqueue(ring);
	else
		ring->state = AXON_RING_OFF;
}

/* Have the ring's owner stop it, as after a fault that the chip found. */
static void axon_slot_give_up(struct axon_slot *slot)
{
	const struct axon_fault record = {
		.cause = AXON_FAULT_HANG,
		.slot = slot->id,
		.engine = AXON_NUM_ENGINES,
		.core = AXON_FAULT_NO_CORE,
		.as = slot->ring->as,
	};

	drm_err(&slot->adev->drm, "queue %u did not leave slot %u in %llu s\n",
		slot->ring->doorbell, slot->id, axon_slot_leave_ns(slot->ring) / NSEC_PER_SEC);
	slot->ring->since = ktime_get_ns();
	spin_lock_irq(&slot->adev->slots.irq_lock);
	slot->ring->fault(slot->ring, &record);
	spin_unlock_irq(&slot->adev->slots.irq_lock);
}

/* Take a ring away from its slot, whatever it is doing. */
static void axon_slot_evict(struct axon_slot *slot)
{
	struct axon_device *adev = slot->adev;
	int idx;

	if (drm_dev_enter(&adev->drm, &idx)) {
		axon_reset_slot(adev, slot->id);
		/* What the slot has to say of this ring must not be taken for the next one's. */
		axon_fault_drain(adev);
		axon_slot_kick(adev);
		drm_dev_exit(idx);
	}
	axon_slot_release(slot);
}

/* ---- the work ---- */

static void axon_slot_scan_word(struct axon_device *adev, unsigned int w)
{
	u32 bits = axon_read32(adev, DB_STATUS, RUNG(w));
	struct axon_ring *ring;

	/* First the bit, then the value: what rings from here on sets it again. */
	axon_write32(adev, DB_STATUS, RUNG(w), bits);
	for (; bits; bits &= bits - 1) {
		ring = xa_load(&adev->slots.rings, 32 * w + __ffs(bits));
		if (ring && ring->state == AXON_RING_OFF)
			axon_slot_enqueue(ring);
	}
}

/* Whose doorbell rang while nobody listened? */
static void axon_slot_scan(struct axon_device *adev)
{
	u32 words = axon_read32(adev, DB_STATUS, SUMMARY);

	for (; words; words &= words - 1)
		axon_slot_scan_word(adev, __ffs(words));
}

/* Does the ring get on? What does not, perhaps for want of a core, gets more urgent to the chip. */
static void axon_slot_watch(struct axon_slot *slot, u64 now)
{
	struct axon_ring *ring = slot->ring;
	u32 wptr = axon_slot_read32(slot->adev, slot->id, WPTR);
	u32 rptr = axon_slot_read32(slot->adev, slot->id, RPTR);
	u64 still;

	/* One that no core has looked at yet, because all are busy. */
	if (slot->status == AXON_SLOT_IDLE && rptr != wptr)
		slot->status = AXON_SLOT_RUNNING;
	if (slot->status == AXON_SLOT_IDLE || slot->status == AXON_SLOT_WAITING)
		ring->moved = now;
	/* While it is switched on its registers are not its own yet. */
	if (slot->status != AXON_SLOT_SWITCHING && rptr != ring->rptr) {
		ring->moved = now;
		ring->rptr = rptr;
	}

	still = axon_slot_elapsed(ring->moved, now);
	slot->stalled = slot->status == AXON_SLOT_RUNNING && still >= AXON_STALL_NS;
	axon_slot_write32(slot->adev, slot->id, PRIORITY, axon_slot_rank(ring->priority, still));
}

/* Finish what has happened to a slot since the last look. */
static void axon_slot_settle(struct axon_slot *slot, u64 now)
{
	struct axon_ring *ring = slot->ring;

	if (!ring)
		return;

	if (READ_ONCE(ring->timeline->error)) {
		axon_slot_evict(slot);
		axon_slot_bury(ring);
		return;
	}

	slot->status = axon_slot_read32(slot->adev, slot->id, STATUS);
	if (!slot->leaving)
		axon_slot_watch(slot, now);
	else if (slot->status == AXON_SLOT_SUSPENDED)
		axon_slot_leave(slot);
	else if (axon_slot_age(ring, now) > axon_slot_leave_ns(ring))
		axon_slot_give_up(slot);
}

static struct axon_slot *axon_slot_find_free(struct axon_device *adev)
{
	unsigned int i;

	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++)
		if (!adev->slots.slot[i].ring)
			return &adev->slots.slot[i];
	return NULL;
}

static bool axon_slot_may_leave(const struct axon_slot *slot, const struct axon_ring *candidate,
				u64 now)
{
	const struct axon_ring *ring = slot->ring;

	if (!ring || slot->leaving)
		return false;
	if (slot->status == AXON_SLOT_RUNNING && ring->priority > candidate->rank)
		return false;
	return axon_slot_age(ring, now) >= axon_slot_slice(slot->status, candidate->parked);
}

/* Which of two can be spared more easily? */
static bool axon_slot_spared_before(const struct axon_slot *a, const struct axon_slot *b)
{
	static const unsigned int value[] = {
		[AXON_SLOT_IDLE] = 0,
		[AXON_SLOT_WAITING] = 1,
		[AXON_SLOT_RUNNING] = 2,
	};

	if (a->status != b->status)
		return value[a->status] < value[b->status];
	if (a->ring->priority != b->ring->priority)
		return a->ring->priority < b->ring->priority;
	return a->ring->since < b->ring->since;
}

static struct axon_slot *axon_slot_find_victim(struct axon_device *adev,
					       const struct axon_ring *candidate, u64 now)
{
	struct axon_slot *best = NULL;
	unsigned int i;

	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++) {
		struct axon_slot *slot = &adev->slots.slot[i];

		if (axon_slot_may_leave(slot, candidate, now) &&
		    (!best || axon_slot_spared_before(slot, best)))
			best = slot;
	}
	return best;
}

static int axon_slot_compare(void *priv, const struct list_head *a, const struct list_head *b)
{
	const struct axon_ring *x = list_entry(a, struct axon_ring, node);
	const struct axon_ring *y = list_entry(b, struct axon_ring, node);

	if (x->rank != y->rank)
		return x->rank < y->rank;
	return x->since > y->since;
}

/* For each ring that waits, in order: a slot, or one that is to become free. */
static void axon_slot_assign(struct axon_device *adev, u64 now)
{
	struct axon_slots *s = &adev->slots;
	struct axon_ring *ring, *next;
	struct axon_slot *slot;
	unsigned int i, leaving = 0;

	for (i = 0; i < adev->num_slots; i++)
		leaving += s->slot[i].leaving;

	list_for_each_entry(ring, &s->runnable, node)
		ring->rank = axon_slot_rank(ring->priority, axon_slot_age(ring, now));
	list_sort(NULL, &s->runnable, axon_slot_compare);

	list_for_each_entry_safe(ring, next, &s->runnable, node) {
		slot = axon_slot_find_free(adev);
		if (slot) {
			axon_slot_load(slot, ring);
			continue;
		}
		if (leaving) {
			leaving--;
			continue;
		}
		slot = axon_slot_find_victim(adev, ring, now);
		if (!slot)
			break;
		axon_slot_suspend(slot);
	}
}

/* Let others have the cores of the ring that has been on its slot for longest. */
static void axon_slot_share(struct axon_device *adev, u64 now)
{
	struct axon_slots *s = &adev->slots;
	struct axon_slot *oldest = NULL;
	unsigned int i, stalled = 0;

	if (!adev->save_size || axon_slot_elapsed(s->shared, now) < AXON_STALL_NS)
		return;

	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++) {
		struct axon_slot *slot = &s->slot[i];

		if (!slot->ring || slot->leaving || !slot->stalled)
			continue;
		stalled++;
		if (!oldest || slot->ring->since < oldest->ring->since)
			oldest = slot;
	}
	if (stalled > 1) {
		s->shared = now;
		axon_slot_suspend(oldest);
	}
}

/* When to look again, in ms; 0 when only an interrupt can make it necessary. */
static unsigned int axon_slot_next_look(struct axon_device *adev)
{
	unsigned int i, on = 0, working = 0;

	/* Whoever is asked to leave does so for one that waits, or waits itself then. */
	if (!list_empty(&adev->slots.runnable))
		return AXON_TICK_MS;

	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++) {
		const struct axon_slot *slot = &adev->slots.slot[i];

		on += !!slot->ring;
		working += slot->ring && slot->status != AXON_SLOT_IDLE;
	}
	if (on < 2)
		return 0;
	return working ? AXON_WATCH_MS : AXON_WATCH_IDLE_MS;
}

static void axon_slot_work(struct work_struct *work)
{
	struct axon_device *adev = container_of(work, struct axon_device, slots.work.work);
	struct axon_slots *s = &adev->slots;
	u64 now = ktime_get_ns();
	unsigned int i, ms;
	int idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return;

	mutex_lock(&s->lock);
	/* What is read of a chip that is lost means nothing. */
	if (adev->asleep || s->parked || READ_ONCE(adev->lost) || axon_reset_is_gone(adev))
		goto out;
	axon_slot_scan(adev);
	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++)
		axon_slot_settle(&s->slot[i], now);
	axon_slot_assign(adev, now);
	if (list_empty(&s->runnable))
		axon_slot_share(adev, now);
	ms = axon_slot_next_look(adev);
	if (ms)
		queue_delayed_work(s->wq, &s->work, msecs_to_jiffies(ms));
out:
	mutex_unlock(&s->lock);
	drm_dev_exit(idx);
}

/**
 * axon_slot_kick() - have the scheduler look at everything
 * @adev: the device, in a drm_dev_enter() section or an interrupt handler
 */
void axon_slot_kick(struct axon_device *adev)
{
	mod_delayed_work(adev->slots.wq, &adev->slots.work, 0);
}

/* ---- rings ---- */

/**
 * axon_slot_ring_doorbell() - tell the chip how many packets there are
 * @ring: the ring, whose lock is held; the caller is in a drm_dev_enter() section
 *
 * A chip that sleeps is told when it wakes up.
 */
void axon_slot_ring_doorbell(struct axon_ring *ring)
{
	struct axon_slots *s = &ring->adev->slots;
	unsigned long flags;

	spin_lock_irqsave(&s->irq_lock, flags);
	/* writel() orders the packets before the doorbell. */
	if (!ring->adev->asleep)
		axon_doorbell_write(ring->adev, ring->doorbell, ring->wptr);
	spin_unlock_irqrestore(&s->irq_lock, flags);
}

/**
 * axon_slot_arm() - have &axon_ring.notify called at the next SIGNAL with an interrupt
 * @ring: a user ring
 *
 * Once, and then not again until it is armed again: a program that signals without end costs
 * interrupts only as often as somebody begins to wait. What is in memory when this returns may have
 * raised none.
 */
void axon_slot_arm(struct axon_ring *ring)
{
	struct axon_slots *s = &ring->adev->slots;
	unsigned long flags;

	spin_lock_irqsave(&s->irq_lock, flags);
	if (!ring->armed && ring->slot)
		axon_irq_enable_slot(ring->slot, true);
	ring->armed = true;
	spin_unlock_irqrestore(&s->irq_lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(axon_slot_arm);

/**
 * axon_slot_interrupt() - react to the interrupt of a slot
 * @slot: the slot
 *
 * In hard interrupt context.
 */
void axon_slot_interrupt(struct axon_slot *slot)
{
	struct axon_slots *s = &slot->adev->slots;
	struct axon_ring *ring;

	spin_lock(&s->irq_lock);
	ring = slot->ring;
	if (ring && ring->user && !slot->leaving) {
		ring->armed = false;
		axon_irq_enable_slot(slot, false);
	}
	if (ring)
		axon_ring_complete(ring);
	if (slot->leaving)
		axon_slot_kick(slot->adev);
	spin_unlock(&s->irq_lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_slot_interrupt);

/**
 * axon_slot_add() - make a ring known to the scheduler
 * @ring: the ring, complete
 *
 * It gets a free slot at once, if there is any.
 *
 * Return: 0, -ENODEV after an unplug, or -ENOMEM.
 */
int axon_slot_add(struct axon_ring *ring)
{
	struct axon_device *adev = ring->adev;
	struct axon_slots *s = &adev->slots;
	struct axon_slot *slot;
	int ret, idx;

	if (READ_ONCE(adev->lost) || !drm_dev_enter(&adev->drm, &idx))
		return -ENODEV;

	/* What the doorbell's last owner left. */
	axon_write32(adev, DB, VALUE(ring->doorbell), 0);
	axon_write32(adev, DB_STATUS, RUNG(ring->doorbell / 32), BIT(ring->doorbell % 32));

	ret = xa_err(xa_store(&s->rings, ring->doorbell, ring, GFP_KERNEL));
	if (!ret) {
		mutex_lock(&s->lock);
		slot = ring->doorbell ? axon_slot_find_free(adev) : &s->slot[AXON_KERNEL_SLOT];
		ring->moved = ktime_get_ns();
		if (slot && ring->state == AXON_RING_OFF)
			axon_slot_load(slot, ring);
		mutex_unlock(&s->lock);
		axon_slot_kick(adev);
		axon_watch_kick(adev);
	}
	drm_dev_exit(idx);
	return ret;
}

/**
 * axon_slot_remove() - take a ring away from the chip for good
 * @ring: the ring
 *
 * Bounded in time. Removing it twice does no harm.
 */
void axon_slot_remove(struct axon_ring *ring)
{
	struct axon_slots *s = &ring->adev->slots;

	mutex_lock(&s->lock);
	if (ring->slot)
		axon_slot_evict(ring->slot);
	axon_slot_bury(ring);
	mutex_unlock(&s->lock);
}

/**
 * axon_slot_dump() - keep the state of a ring that is about to be removed
 * @ring: the ring; its lock is held
 */
void axon_slot_dump(struct axon_ring *ring)
{
	struct axon_device *adev = ring->adev;
	int idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return;
	mutex_lock(&adev->slots.lock);
	axon_coredump_take(adev, ring, "a queue was ended");
	mutex_unlock(&adev->slots.lock);
	drm_dev_exit(idx);
}

/**
 * axon_slot_forget() - undo axon_slot_add()
 * @ring: the ring, removed
 */
void axon_slot_forget(struct axon_ring *ring)
{
	struct axon_slots *s = &ring->adev->slots;

	mutex_lock(&s->lock);
	xa_erase(&s->rings, ring->doorbell);
	mutex_unlock(&s->lock);
}

/**
 * axon_slot_poll() - look at a ring that has work and does not seem to get on with it
 * @ring: the ring
 * @progress: filled in: what its slot has completed, a number that moves while it has that slot
 *
 * Return: false if it only waits for a slot.
 */
bool axon_slot_poll(struct axon_ring *ring, u32 *progress)
{
	struct axon_device *adev = ring->adev;
	struct axon_slots *s = &adev->slots;
	bool on = true;
	int idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return true;

	mutex_lock(&s->lock);
	if (ring->state == AXON_RING_OFF)
		axon_slot_enqueue(ring);
	if (ring->state == AXON_RING_RUNNABLE || (ring->slot && ring->slot->leaving))
		on = false;
	else if (ring->slot)
		*progress = axon_slot_read32(adev, ring->slot->id, PROGRESS);
	mutex_unlock(&s->lock);
	/* Should an interrupt have been lost. */
	axon_slot_kick(adev);
	drm_dev_exit(idx);
	return on;
}
EXPORT_SYMBOL_IF_KUNIT(axon_slot_poll);

/* ---- power ---- */

/* A slot whose ring has nothing to do, nor has anything to be done to it. */
static bool axon_slot_rests(const struct axon_slot *slot)
{
	const struct axon_ring *ring = slot->ring;
	struct axon_device *adev = slot->adev;

	if (!ring)
		return true;
	return !slot->leaving && !READ_ONCE(ring->timeline->error) &&
	       axon_slot_read32(adev, slot->id, STATUS) == AXON_SLOT_IDLE &&
	       axon_slot_read32(adev, slot->id, RPTR) == axon_slot_read32(adev, slot->id, WPTR);
}

/* Under &axon_slots.lock. */
static bool axon_slot_all_rest(struct axon_device *adev)
{
	struct axon_slots *s = &adev->slots;
	unsigned int i;

	if (READ_ONCE(adev->lost) || !list_empty(&s->runnable) ||
	    axon_read32(adev, DB_STATUS, SUMMARY))
		return false;
	for (i = 0; i < adev->num_slots; i++)
		if (!axon_slot_rests(&s->slot[i]))
			return false;
	return true;
}

/**
 * axon_slot_set_asleep() - touch the chip no more, or again
 * @adev: the device, whose &axon_slots.lock is held or whose rings are parked
 * @asleep: which of the two; what the chip did not hear while it slept is told to it
 */
void axon_slot_set_asleep(struct axon_device *adev, bool asleep)
{
	mutex_lock(&adev->inv_lock);
	spin_lock_irq(&adev->slots.irq_lock);
	WRITE_ONCE(adev->asleep, asleep);
	if (!asleep)
		axon_irq_restore(adev);
	spin_unlock_irq(&adev->slots.irq_lock);
	if (!asleep)
		axon_device_restore_roots(adev);
	mutex_unlock(&adev->inv_lock);
}

/**
 * axon_slot_is_idle() - look whether any ring has work
 * @adev: the device, awake
 *
 * Return: whether the chip could sleep; it may be out of date.
 */
bool axon_slot_is_idle(struct axon_device *adev)
{
	bool idle;

	mutex_lock(&adev->slots.lock);
	idle = axon_slot_all_rest(adev);
	mutex_unlock(&adev->slots.lock);
	return idle;
}

/**
 * axon_slot_sleep() - touch the chip no more, if no ring has work
 * @adev: the device, awake; no process can reach a doorbell
 *
 * Return: whether it is so.
 */
bool axon_slot_sleep(struct axon_device *adev)
{
	bool idle;

	mutex_lock(&adev->slots.lock);
	idle = axon_slot_all_rest(adev);
	if (idle)
		axon_slot_set_asleep(adev, true);
	mutex_unlock(&adev->slots.lock);
	return idle;
}

/**
 * axon_slot_wake() - the mirror of axon_slot_sleep()
 * @adev: the device, in D0 again
 */
void axon_slot_wake(struct axon_device *adev)
{
	mutex_lock(&adev->slots.lock);
	axon_slot_set_asleep(adev, false);
	mutex_unlock(&adev->slots.lock);
	axon_slot_kick(adev);
	axon_watch_kick(adev);
}

/* One look at all slots that are to become free; whether they are. */
static bool axon_slot_park_once(struct axon_device *adev)
{
	u64 now = ktime_get_ns();
	unsigned int i, on = 0;

	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++) {
		struct axon_slot *slot = &adev->slots.slot[i];

		axon_slot_settle(slot, now);
		if (slot->ring && !slot->leaving && axon_slot_slice(slot->status, false) != U64_MAX)
			axon_slot_suspend(slot);
		on += !!slot->ring;
	}
	return !on;
}

/**
 * axon_slot_park() - take every ring off its slot, whatever it does, and give out none
 * @adev: the device, awake; user space is frozen
 *
 * As long as their hang limits allow for one to leave.
 */
void axon_slot_park(struct axon_device *adev)
{
	struct axon_slots *s = &adev->slots;
	struct axon_ring *ring;
	unsigned long doorbell;
	bool parked;

	do {
		mutex_lock(&s->lock);
		s->parked = true;
		parked = axon_slot_park_once(adev);
		mutex_unlock(&s->lock);
		if (!parked)
			usleep_range(500, 1000);
	} while (!parked);

	xa_lock(&s->rings);
	xa_for_each(&s->rings, doorbell, ring)
		ring->rung = axon_read32(adev, DB, VALUE(doorbell));
	xa_unlock(&s->rings);
}

/* A ring that a job was handed to meanwhile has more packets than its doorbell says. */
static void axon_slot_restore_doorbell(struct axon_ring *ring)
{
	struct axon_slots *s = &ring->adev->slots;

	spin_lock_irq(&s->irq_lock);
	axon_write32(ring->adev, DB, VALUE(ring->doorbell),
		     ring->user ? ring->rung : READ_ONCE(ring->wptr));
	spin_unlock_irq(&s->irq_lock);
	if (ring->state == AXON_RING_OFF)
		axon_slot_enqueue(ring);
}

/**
 * axon_slot_unpark() - the mirror of axon_slot_park()
 * @adev: the device, awake; the chip may have been reset, device memory is as it was
 *
 * All rings are given slots: those that turn out to have nothing to do let go of them.
 */
void axon_slot_unpark(struct axon_device *adev)
{
	struct axon_slots *s = &adev->slots;
	struct axon_ring *ring;
	unsigned long doorbell;

	mutex_lock(&s->lock);
	xa_for_each(&s->rings, doorbell, ring)
		if (doorbell != AXON_KERNEL_SLOT)
			axon_slot_restore_doorbell(ring);
	s->parked = false;
	mutex_unlock(&s->lock);
	axon_slot_kick(adev);
}

/* ---- the device ---- */

/**
 * axon_slot_count_free() - count the slots that nobody holds
 * @adev: the device
 *
 * Return: the number, which may be out of date; the driver's own slot never counts.
 */
unsigned int axon_slot_count_free(struct axon_device *adev)
{
	unsigned int i, n = 0;

	for (i = AXON_KERNEL_SLOT + 1; i < adev->num_slots; i++)
		n += !READ_ONCE(adev->slots.slot[i].ring);
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(axon_slot_count_free);

/**
 * axon_slot_init() - set up the slot scheduler
 * @adev: the device
 *
 * Return: 0 or -ENOMEM.
 */
int axon_slot_init(struct axon_device *adev)
{
	struct axon_slots *s = &adev->slots;
	unsigned int i;

	mutex_init(&s->lock);
	spin_lock_init(&s->irq_lock);
	ida_init(&s->doorbells);
	xa_init(&s->rings);
	INIT_LIST_HEAD(&s->runnable);
	INIT_DELAYED_WORK(&s->work, axon_slot_work);
	for (i = 0; i < AXON_NUM_SLOTS; i++) {
		s->slot[i].adev = adev;
		s->slot[i].id = i;
	}

	s->wq = alloc_ordered_workqueue("axon-slots", WQ_MEM_RECLAIM);
	return s->wq ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(axon_slot_init);

/**
 * axon_slot_fini() - the mirror of axon_slot_init()
 * @adev: the device; the chip is stopped and its interrupts are gone
 *
 * Rings of open files stay known, and may still be removed.
 */
void axon_slot_fini(struct axon_device *adev)
{
	cancel_delayed_work_sync(&adev->slots.work);
	destroy_workqueue(adev->slots.wq);
}
EXPORT_SYMBOL_IF_KUNIT(axon_slot_fini);
