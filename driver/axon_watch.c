// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: The watch
 *
 * Interrupts tell of what is done and what went wrong, and one of them may be lost. So while there
 * is a queue the driver looks at the chip once a second. What has been there for two looks, and
 * would have been taken away by an interrupt long ago, is taken up now, and counted.
 *
 * It is also who notices that a chip answers no more, and that the queue of a process stands still
 * although the chip's own limits should have ended it; for a kernel queue the scheduler's time-out
 * does that. It never wakes a chip that sleeps: whoever wakes it kicks the watch.
 *
 * Rejected: polling more often (each look is a few reads over the bus), and only when somebody
 * waits for a fence (a fence has no callback that would be called for all who wait).
 */

#include <kunit/visibility.h>
#include <linux/ktime.h>
#include <linux/pm_runtime.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_fault.h"
#include "axon_fence.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"

static void axon_watch_lost(struct axon_device *adev, const char *of)
{
	atomic64_inc(&adev->ras.lost_interrupts);
	dev_warn_ratelimited(adev->drm.dev, "an interrupt was lost: %s\n", of);
}

/* A job that was done at the last look already, and whose fence is pending still. */
static void axon_watch_signal(struct axon_device *adev, struct axon_watch_slot *seen,
			      struct axon_ring *ring)
{
	u64 signal = READ_ONCE(ring->mem->signal.value);

	if (seen->signal && seen->signal == signal &&
	    axon_timeline_is_behind(ring->timeline, signal)) {
		axon_watch_lost(adev, "of a job that is done");
		axon_ring_complete(ring);
	}
	seen->signal = signal;
}

/* The chip should have ended it: have the ring's owner do so. */
static void axon_watch_progress(struct axon_device *adev, struct axon_watch_slot *seen,
				struct axon_slot *slot)
{
	u32 status = axon_slot_read32(adev, slot->id, STATUS);
	u32 progress = axon_slot_read32(adev, slot->id, PROGRESS);
	struct axon_ring *ring = slot->ring;
	u64 now = ktime_get_ns();
	const struct axon_fault record = {
		.cause = AXON_FAULT_HANG,
		.slot = slot->id,
		.engine = AXON_NUM_ENGINES,
		.core = AXON_FAULT_NO_CORE,
		.as = ring->as,
	};

	if (status != AXON_SLOT_RUNNING || progress != seen->progress) {
		seen->progress = progress;
		seen->moved = now;
	} else if (now - seen->moved > 4ull * ring->wall_ms * NSEC_PER_MSEC) {
		drm_err(&adev->drm, "queue %u: no progress in %u ms and no fault reported\n",
			ring->doorbell, 4 * ring->wall_ms);
		seen->moved = now;
		ring->fault(ring, &record);
	}
}

/* Under &axon_slots.lock. */
static void axon_watch_slot(struct axon_device *adev, struct axon_slot *slot)
{
	struct axon_watch_slot *seen = &adev->watch.slot[slot->id];
	struct axon_ring *ring;

	spin_lock_irq(&adev->slots.irq_lock);
	ring = slot->ring;
	if (ring && ring->doorbell != seen->doorbell)
		*seen = (struct axon_watch_slot){
			.doorbell = ring->doorbell,
			.moved = ktime_get_ns(),
		};
	if (ring && ring->user) {
		/* Whether an interrupt was lost only those who wait can tell. */
		if (ring->armed)
			axon_ring_complete(ring);
		axon_watch_progress(adev, seen, slot);
	} else if (ring && ring->mem) {
		axon_watch_signal(adev, seen, ring);
	}
	spin_unlock_irq(&adev->slots.irq_lock);
}

static void axon_watch_faults(struct axon_device *adev)
{
	struct axon_watch *watch = &adev->watch;
	u32 head = axon_read32(adev, FAULT, HEAD);
	u32 tail = READ_ONCE(adev->faults.tail);

	if (head == tail) {
		/* For what the RAS page counts. */
		axon_fault_drain(adev);
	} else if (head == watch->head) {
		axon_watch_lost(adev, "of a fault");
		axon_fault_drain(adev);
	}
	watch->head = head;
}

static void axon_watch_doorbells(struct axon_device *adev)
{
	struct axon_watch *watch = &adev->watch;
	bool rung = axon_read32(adev, DB_STATUS, SUMMARY);

	if (rung && watch->rung) {
		axon_watch_lost(adev, "of a doorbell");
		axon_slot_kick(adev);
		rung = false;
	}
	watch->rung = rung;
}

static void axon_watch_look(struct axon_device *adev)
{
	unsigned int i;

	if (axon_reset_is_gone(adev)) {
		axon_reset_device(adev, "it does not answer");
		return;
	}

	axon_watch_faults(adev);
	axon_watch_doorbells(adev);
	mutex_lock(&adev->slots.lock);
	for (i = 0; i < adev->num_slots; i++)
		axon_watch_slot(adev, &adev->slots.slot[i]);
	mutex_unlock(&adev->slots.lock);
}

/* The driver's own queue alone, with its waiter in a system call, need not be looked after. */
static bool axon_watch_is_needed(struct axon_device *adev)
{
	unsigned long doorbell = AXON_KERNEL_SLOT;

	return xa_find_after(&adev->slots.rings, &doorbell, ULONG_MAX, XA_PRESENT);
}

static void axon_watch_work(struct work_struct *work)
{
	struct axon_device *adev = container_of(work, struct axon_device, watch.work.work);
	struct device *dev = adev->drm.dev;
	int awake, idx;

	/* Negative while nobody puts the chip to sleep yet, or any more. */
	awake = pm_runtime_get_if_active(dev);
	if (!awake)
		return;

	if (drm_dev_enter(&adev->drm, &idx)) {
		if (!READ_ONCE(adev->lost))
			axon_watch_look(adev);
		if (axon_watch_is_needed(adev))
			axon_watch_kick(adev);
		drm_dev_exit(idx);
	}
	if (awake > 0)
		pm_runtime_put_autosuspend(dev);
}

/**
 * axon_watch_kick() - see to it that the chip is looked after
 * @adev: the device, in a drm_dev_enter() section; there is a queue
 */
void axon_watch_kick(struct axon_device *adev)
{
	queue_delayed_work(adev->slots.wq, &adev->watch.work,
			   msecs_to_jiffies(AXON_WATCH_PERIOD_MS));
}

/**
 * axon_watch_init() - prepare the watch
 * @adev: the device
 */
void axon_watch_init(struct axon_device *adev)
{
	INIT_DELAYED_WORK(&adev->watch.work, axon_watch_work);
}
EXPORT_SYMBOL_IF_KUNIT(axon_watch_init);

/**
 * axon_watch_fini() - the mirror of axon_watch_init()
 * @adev: the device; no drm_dev_enter() section is or will be open
 */
void axon_watch_fini(struct axon_device *adev)
{
	cancel_delayed_work_sync(&adev->watch.work);
}
EXPORT_SYMBOL_IF_KUNIT(axon_watch_fini);
