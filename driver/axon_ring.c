// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Hardware queues
 *
 * A ring and the fence value that it signals lie in address space 0, at a place that the slot
 * number fixes, so that neither can be named by a user program. The command buffers that a ring
 * CALLs run in the address space of their owner and without privilege, whatever they contain.
 *
 * &axon_ring.lock serialises the doorbell against the reset of the slot: without it a doorbell
 * could ring for a slot that has a new owner by now. It is held in the path that signals fences, so
 * nothing under it allocates memory or waits for a fence.
 */

#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include <drm/drm_drv.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_event.h"
#include "axon_fence.h"
#include "axon_limits.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"

#define AXON_RING_SIZE PAGE_ALIGN(sizeof(struct axon_ring_mem))

static u64 axon_ring_va(const struct axon_ring *ring, size_t offset)
{
	return AXON_KERNEL_VA_SLOT(ring->slot) + offset;
}

static int axon_slot_get(struct axon_device *adev, bool kernel)
{
	int slot;

	if (kernel)
		return ida_alloc_range(&adev->slot_ida, AXON_KERNEL_SLOT, AXON_KERNEL_SLOT,
				       GFP_KERNEL);

	slot = ida_alloc_range(&adev->slot_ida, AXON_KERNEL_SLOT + 1, adev->num_slots - 1,
			       GFP_KERNEL);
	if (slot > 0)
		atomic_inc(&adev->slots_used);
	return slot == -ENOSPC ? -EBUSY : slot;
}

static void axon_slot_put(struct axon_device *adev, unsigned int slot)
{
	if (slot != AXON_KERNEL_SLOT)
		atomic_dec(&adev->slots_used);
	ida_free(&adev->slot_ida, slot);
}

static int axon_ring_map(struct axon_ring *ring)
{
	struct axon_mmu *mmu = &ring->adev->mmu;
	u64 va = axon_ring_va(ring, 0);
	struct axon_cursor cur;
	int ret;

	axon_cursor_linear(&cur, ring->dma, AXON_RING_SIZE, true);
	mutex_lock(&ring->adev->mmu_lock);
	ret = mmu->root ? axon_mmu_prepare_map(mmu, va, &cur) : -ENODEV;
	if (!ret)
		axon_mmu_map(mmu, va, &cur, AXON_PTE_W);
	if (!ret)
		ret = axon_mmu_flush(mmu, va, va + AXON_RING_SIZE);
	mutex_unlock(&ring->adev->mmu_lock);
	return ret;
}

static void axon_ring_unmap(struct axon_ring *ring)
{
	struct axon_mmu *mmu = &ring->adev->mmu;
	u64 va = axon_ring_va(ring, 0);

	mutex_lock(&ring->adev->mmu_lock);
	/* A queue may outlive the device, and with it this address space. */
	if (mmu->root) {
		axon_mmu_unmap(mmu, va, AXON_RING_SIZE);
		axon_mmu_flush(mmu, va, va + AXON_RING_SIZE);
	}
	mutex_unlock(&ring->adev->mmu_lock);
}

/**
 * axon_ring_init() - get a slot and the memory for a ring
 * @ring: the ring; @as, @priority and @fault are set, the rest is 0
 * @adev: the device
 * @kernel: for the driver's own use
 *
 * Return: 0, -EBUSY when every slot is taken, or another negative error.
 */
int axon_ring_init(struct axon_ring *ring, struct axon_device *adev, bool kernel)
{
	int ret;

	ret = axon_slot_get(adev, kernel);
	if (ret < 0)
		return ret;

	ring->adev = adev;
	ring->slot = ret;
	mutex_init(&ring->lock);

	ret = -ENOMEM;
	ring->timeline = axon_timeline_create(ring->slot, kernel ? NULL : THIS_MODULE);
	if (!ring->timeline)
		goto err_slot;

	ring->mem = dma_alloc_coherent(adev->drm.dev, AXON_RING_SIZE, &ring->dma, GFP_KERNEL);
	if (!ring->mem)
		goto err_timeline;

	ret = axon_ring_map(ring);
	if (ret)
		goto err_mem;
	return 0;

err_mem:
	dma_free_coherent(adev->drm.dev, AXON_RING_SIZE, ring->mem, ring->dma);
err_timeline:
	axon_timeline_put(ring->timeline);
err_slot:
	mutex_destroy(&ring->lock);
	axon_slot_put(adev, ring->slot);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_init);

/**
 * axon_ring_start() - let the chip serve the ring
 * @ring: the ring
 */
void axon_ring_start(struct axon_ring *ring)
{
	struct axon_device *adev = ring->adev;
	struct axon_slot *slot = &adev->slots[ring->slot];
	unsigned int s = ring->slot;
	int idx;

	spin_lock_irq(&slot->lock);
	slot->ring = ring;
	spin_unlock_irq(&slot->lock);

	mutex_lock(&ring->lock);
	if (drm_dev_enter(&adev->drm, &idx)) {
		axon_slot_write64(adev, s, RING,
				  axon_ring_va(ring, offsetof(struct axon_ring_mem, packets)));
		axon_slot_write32(adev, s, LOG2, AXON_RING_LOG2);
		axon_slot_write32(adev, s, AS, ring->as);
		axon_slot_write32(adev, s, DOORBELL, s);
		axon_slot_write32(adev, s, PRIORITY, ring->priority);
		axon_slot_write64(adev, s, HANG, axon_limits_hang_cycles());
		axon_slot_write64(adev, s, LIMIT, axon_limits_cycles());
		axon_slot_write32(adev, s, WALL_MS, axon_limits_wall_ms());
		axon_slot_write64(adev, s, COUNTERS,
				  axon_ring_va(ring, offsetof(struct axon_ring_mem, counters)));
		axon_slot_write32(adev, s, CTRL, AXON_SLOT_CTRL_ENABLE);
		ring->running = true;
		drm_dev_exit(idx);
	}
	mutex_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_start);

/**
 * axon_ring_set_owner() - tell whose ring it is, for the history of events
 * @ring: the ring, started; nothing was submitted yet
 * @owner: the file; it closes its queues before it goes
 * @id: handle of the queue in that file
 */
void axon_ring_set_owner(struct axon_ring *ring, struct drm_file *owner, u32 id)
{
	struct axon_slot *slot = &ring->adev->slots[ring->slot];

	mutex_lock(&ring->lock);
	spin_lock_irq(&slot->lock);
	ring->owner = owner;
	ring->owner_id = id;
	spin_unlock_irq(&slot->lock);
	mutex_unlock(&ring->lock);
}

static void axon_ring_emit(struct axon_ring *ring, const struct axon_packet *packet)
{
	ring->mem->packets[ring->wptr++ % AXON_RING_PACKETS] = *packet;
}

/**
 * axon_ring_submit() - hand a job to the chip
 * @ring: the ring; the caller sees to it that there is room for @count + 1 packets
 * @packets: the job
 * @count: number of packets
 * @fence: signalled when they are done
 *
 * Return: 0, or the error with which the queue has ended and the fence was signalled.
 */
int axon_ring_submit(struct axon_ring *ring, const struct axon_packet *packets, unsigned int count,
		     struct axon_fence *fence)
{
	struct axon_packet signal = {
		.op = AXON_PKT_SIGNAL,
		.flags = AXON_PKT_F_IRQ,
		.tag = lower_32_bits(fence->base.seqno),
		.signal.addr = axon_ring_va(ring, offsetof(struct axon_ring_mem, signal)),
		.signal.value = fence->base.seqno,
	};
	unsigned int i;
	int ret, idx;

	mutex_lock(&ring->lock);
	ret = axon_fence_arm(fence);
	/* After an unplug the fence is pending and axon_device_fini() ends it. */
	if (!ret && drm_dev_enter(&ring->adev->drm, &idx)) {
		for (i = 0; i < count; i++)
			axon_ring_emit(ring, &packets[i]);
		axon_ring_emit(ring, &signal);
		/* writel() orders the packets before the doorbell. */
		axon_doorbell_write(ring->adev, ring->slot, ring->wptr);
		drm_dev_exit(idx);
	}
	mutex_unlock(&ring->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_submit);

/**
 * axon_ring_complete() - signal the fences of what the chip has done
 * @ring: the ring; its memory is there
 */
void axon_ring_complete(struct axon_ring *ring)
{
	axon_timeline_complete(ring->timeline, READ_ONCE(ring->mem->signal.value));
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_complete);

/**
 * axon_ring_stop() - take the work away from the chip and end it
 * @ring: the ring
 * @error: for the fences of what was not done; -ECANCELED if the owner wants it so, and anything
 *         else is an event
 *
 * Bounded in time. Nothing can be submitted afterwards. Stopping twice does no harm.
 */
void axon_ring_stop(struct axon_ring *ring, int error)
{
	struct axon_device *adev = ring->adev;
	int idx;

	mutex_lock(&ring->lock);
	if (ring->running && drm_dev_enter(&adev->drm, &idx)) {
		if (error != -ECANCELED)
			axon_event_queue_reset(ring, error);
		axon_reset_slot(adev, ring->slot);
		drm_dev_exit(idx);
	}
	ring->running = false;
	if (ring->mem)
		axon_ring_complete(ring);
	axon_timeline_abort(ring->timeline, error);
	mutex_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_stop);

/**
 * axon_ring_fini() - stop a ring and give its slot back
 * @ring: the ring
 * @error: for the fences of what was not done
 *
 * The mirror of axon_ring_init() and axon_ring_start(). The interrupt handler uses a ring under
 * the slot's lock, and not after this. The timeline stays for the caller to put.
 */
void axon_ring_fini(struct axon_ring *ring, int error)
{
	struct axon_device *adev = ring->adev;
	struct axon_slot *slot = &adev->slots[ring->slot];
	struct axon_ring_mem *mem;

	axon_ring_stop(ring, error);
	/* What the slot has to say of this ring must not be taken for the next one's. */
	axon_fault_drain(adev);

	spin_lock_irq(&slot->lock);
	slot->ring = NULL;
	spin_unlock_irq(&slot->lock);

	axon_ring_unmap(ring);
	mutex_lock(&ring->lock);
	mem = ring->mem;
	ring->mem = NULL;
	mutex_unlock(&ring->lock);
	dma_free_coherent(adev->drm.dev, AXON_RING_SIZE, mem, ring->dma);
	axon_slot_put(adev, ring->slot);
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_fini);

/**
 * axon_ring_poll() - look at a ring without an interrupt
 * @ring: the ring
 * @progress: filled in: what the slot has completed, a number that only moves; or NULL
 * @counters: filled in: busy time
 *
 * Signals what is done, should its interrupt have been lost.
 *
 * Return: whether there is still something to look at.
 */
bool axon_ring_poll(struct axon_ring *ring, u32 *progress, struct axon_counters *counters)
{
	bool alive;
	int idx;

	mutex_lock(&ring->lock);
	alive = ring->mem;
	if (alive) {
		axon_ring_complete(ring);
		*counters = ring->mem->counters;
	}
	if (alive && progress && drm_dev_enter(&ring->adev->drm, &idx)) {
		*progress = axon_slot_read32(ring->adev, ring->slot, PROGRESS);
		drm_dev_exit(idx);
	}
	mutex_unlock(&ring->lock);
	return alive;
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_poll);
