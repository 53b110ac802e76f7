// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Hardware queues
 *
 * A ring has a doorbell of its own. Its packets, the fence value that it signals, its counters and
 * its save area lie in address space 0, at a place that the doorbell's number fixes, so that no
 * user program can name any of them. The command buffers that a ring CALLs run in the address space
 * of their owner and without privilege, whatever they contain.
 *
 * The packets of a user ring are in its owner's address space, and so is all that they name; it
 * keeps only counters and save area here.
 *
 * Everything is allocated when the ring is made: what gives it a slot (axon_slot.c) and what hands
 * it a job is in the path that signals fences.
 */

#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include <drm/drm_drv.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_event.h"
#include "axon_fence.h"
#include "axon_gem.h"
#include "axon_limits.h"
#include "axon_regs.h"
#include "axon_ring.h"

static_assert(IS_ALIGNED(offsetof(struct axon_ring_mem, packets), AXON_PACKET_SIZE));

static u64 axon_ring_va(const struct axon_ring *ring, size_t offset)
{
	return AXON_KERNEL_VA_RING(ring->doorbell) + offset;
}

static size_t axon_ring_size(const struct axon_ring *ring)
{
	return PAGE_ALIGN(ring->user ? offsetof(struct axon_ring_mem, packets) :
				       sizeof(struct axon_ring_mem));
}

/**
 * axon_ring_packets_va() - find a ring's packets
 * @ring: the ring
 *
 * Return: their address, in address space 0 or for a user ring in its own.
 */
u64 axon_ring_packets_va(const struct axon_ring *ring)
{
	return ring->user ? ring->user_va :
			    axon_ring_va(ring, offsetof(struct axon_ring_mem, packets));
}

/**
 * axon_ring_counters_va() - find a ring's counters
 * @ring: the ring
 *
 * Return: their address in address space 0.
 */
u64 axon_ring_counters_va(const struct axon_ring *ring)
{
	return axon_ring_va(ring, offsetof(struct axon_ring_mem, counters));
}

/**
 * axon_ring_save_va() - find a ring's save area
 * @ring: the ring
 *
 * Return: its address in address space 0, or 0 if it has none.
 */
u64 axon_ring_save_va(const struct axon_ring *ring)
{
	return ring->save ? AXON_KERNEL_VA_SAVE(ring->doorbell) : 0;
}

/* A chip that cannot suspend serves as many rings as it has slots. */
static int axon_doorbell_get(struct axon_device *adev, bool kernel)
{
	unsigned int last = adev->save_size ? AXON_NUM_DOORBELLS - 1 : adev->num_slots - 1;
	int doorbell;

	if (kernel)
		return ida_alloc_range(&adev->slots.doorbells, AXON_KERNEL_SLOT, AXON_KERNEL_SLOT,
				       GFP_KERNEL);

	doorbell = ida_alloc_range(&adev->slots.doorbells, AXON_KERNEL_SLOT + 1, last, GFP_KERNEL);
	return doorbell == -ENOSPC ? -EBUSY : doorbell;
}

static int axon_ring_map(struct axon_ring *ring, u64 va, const struct axon_cursor *mem)
{
	struct axon_mmu *mmu = &ring->adev->mmu;
	int ret;

	mutex_lock(&ring->adev->mmu_lock);
	ret = mmu->root ? axon_mmu_prepare_map(mmu, va, mem) : -ENODEV;
	if (!ret)
		axon_mmu_map(mmu, va, mem, AXON_PTE_W);
	if (!ret)
		ret = axon_mmu_flush(mmu, va, va + mem->left);
	mutex_unlock(&ring->adev->mmu_lock);
	return ret;
}

static void axon_ring_unmap(struct axon_ring *ring, u64 va, u64 size)
{
	struct axon_mmu *mmu = &ring->adev->mmu;

	mutex_lock(&ring->adev->mmu_lock);
	/* A queue may outlive the device, and with it this address space. */
	if (mmu->root) {
		axon_mmu_unmap(mmu, va, size);
		axon_mmu_prune(mmu, va, size);
		axon_mmu_flush(mmu, va, va + size);
	}
	mutex_unlock(&ring->adev->mmu_lock);
}

static int axon_ring_init_mem(struct axon_ring *ring)
{
	struct device *dev = ring->adev->drm.dev;
	size_t size = axon_ring_size(ring);
	struct axon_cursor cur;
	int ret;

	ring->mem = dma_alloc_coherent(dev, size, &ring->dma, GFP_KERNEL);
	if (!ring->mem)
		return -ENOMEM;

	axon_cursor_linear(&cur, ring->dma, size, true);
	ret = axon_ring_map(ring, axon_ring_va(ring, 0), &cur);
	if (ret)
		dma_free_coherent(dev, size, ring->mem, ring->dma);
	return ret;
}

static void axon_ring_fini_mem(struct axon_ring *ring)
{
	struct axon_ring_mem *mem;

	axon_ring_unmap(ring, axon_ring_va(ring, 0), axon_ring_size(ring));
	mutex_lock(&ring->lock);
	mem = ring->mem;
	ring->mem = NULL;
	mutex_unlock(&ring->lock);
	dma_free_coherent(ring->adev->drm.dev, axon_ring_size(ring), mem, ring->dma);
}

/* The driver's own ring never leaves its slot. */
static int axon_ring_init_save(struct axon_ring *ring, bool kernel)
{
	u64 size = PAGE_ALIGN(ring->adev->save_size);
	struct axon_cursor cur;
	struct axon_bo *bo;
	int ret;

	if (!size || kernel)
		return 0;

	bo = axon_bo_create_pinned(ring->adev, size);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ring->save = bo;
	axon_bo_map_word(bo, 0, &ring->save_head);
	axon_cursor_bo(&cur, bo, 0, size);
	ret = axon_ring_map(ring, axon_ring_save_va(ring), &cur);
	if (ret) {
		ring->save = NULL;
		axon_bo_put_pinned(bo);
	}
	return ret;
}

static void axon_ring_fini_save(struct axon_ring *ring)
{
	if (!ring->save)
		return;
	axon_ring_unmap(ring, axon_ring_save_va(ring), PAGE_ALIGN(ring->adev->save_size));
	axon_bo_put_pinned(ring->save);
	ring->save = NULL;
}

/**
 * axon_ring_init() - get a doorbell and the memory for a ring, and let the chip serve it
 * @ring: the ring; @as, @priority, @fault and what makes it a user ring are set, the rest is 0
 * @adev: the device
 * @kernel: for the driver's own use
 *
 * Return: 0, -EBUSY when every doorbell is taken, or another negative error.
 */
int axon_ring_init(struct axon_ring *ring, struct axon_device *adev, bool kernel)
{
	int ret;

	ret = axon_doorbell_get(adev, kernel);
	if (ret < 0)
		return ret;

	ring->adev = adev;
	ring->doorbell = ret;
	if (!ring->user)
		ring->log2 = AXON_RING_LOG2;
	ring->hang_cycles = axon_limits_hang_cycles();
	ring->wall_ms = axon_limits_wall_ms();
	ring->limit_cycles = ring->user ? 0 : axon_limits_cycles();
	mutex_init(&ring->lock);
	INIT_LIST_HEAD(&ring->node);

	ret = -ENOMEM;
	ring->timeline = axon_timeline_create(ring->doorbell, kernel ? NULL : THIS_MODULE);
	if (!ring->timeline)
		goto err_doorbell;

	ret = axon_ring_init_mem(ring);
	if (ret)
		goto err_timeline;

	ret = axon_ring_init_save(ring, kernel);
	if (ret)
		goto err_mem;

	ret = axon_slot_add(ring);
	if (ret)
		goto err_save;
	return 0;

err_save:
	axon_ring_fini_save(ring);
err_mem:
	axon_ring_fini_mem(ring);
err_timeline:
	axon_timeline_put(ring->timeline);
err_doorbell:
	mutex_destroy(&ring->lock);
	ida_free(&adev->slots.doorbells, ring->doorbell);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_init);

/**
 * axon_ring_set_owner() - tell whose ring it is, for the history of events
 * @ring: the ring; nothing was submitted yet
 * @owner: the file; it closes its queues before it goes
 * @id: handle of the queue in that file
 */
void axon_ring_set_owner(struct axon_ring *ring, struct drm_file *owner, u32 id)
{
	struct axon_slots *slots = &ring->adev->slots;

	mutex_lock(&ring->lock);
	spin_lock_irq(&slots->irq_lock);
	ring->owner = owner;
	ring->owner_id = id;
	spin_unlock_irq(&slots->irq_lock);
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
		axon_slot_ring_doorbell(ring);
		drm_dev_exit(idx);
	}
	mutex_unlock(&ring->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_submit);

/**
 * axon_ring_complete() - pass on what the chip has done
 * @ring: the ring; its memory is there
 */
void axon_ring_complete(struct axon_ring *ring)
{
	if (ring->user)
		ring->notify(ring);
	else
		axon_timeline_complete(ring->timeline, READ_ONCE(ring->mem->signal.value));
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_complete);

/**
 * axon_ring_end() - end what the chip will not do any more
 * @ring: the ring; its memory is there
 * @error: for the fences of what was not done
 *
 * Nothing can be submitted afterwards. Must not be called under &axon_slots.irq_lock.
 */
void axon_ring_end(struct axon_ring *ring, int error)
{
	struct axon_slots *s = &ring->adev->slots;
	unsigned long flags;

	if (!ring->user)
		axon_ring_complete(ring);
	axon_timeline_abort(ring->timeline, error);
	if (!ring->user)
		return;

	/* Whoever begins to wait arms the ring first: it sees the error, or is seen here. */
	spin_lock_irqsave(&s->irq_lock, flags);
	ring->notify(ring);
	spin_unlock_irqrestore(&s->irq_lock, flags);
}

/**
 * axon_ring_stop() - take the work away from the chip and end it
 * @ring: the ring
 * @error: for the fences of what was not done; -ECANCELED if the owner wants it so, and anything
 *         else is an event
 *
 * Bounded in time. Stopping twice does no harm.
 */
void axon_ring_stop(struct axon_ring *ring, int error)
{
	mutex_lock(&ring->lock);
	if (error != -ECANCELED && !READ_ONCE(ring->timeline->error)) {
		axon_event_queue_reset(ring, error);
		axon_slot_dump(ring);
	}
	axon_slot_remove(ring);
	if (ring->mem)
		axon_ring_end(ring, error);
	mutex_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_stop);

/**
 * axon_ring_fini() - stop a ring and give its doorbell and memory back
 * @ring: the ring; nobody else can ring its doorbell
 * @error: for the fences of what was not done
 *
 * The mirror of axon_ring_init(). The timeline stays for the caller to put.
 */
void axon_ring_fini(struct axon_ring *ring, int error)
{
	axon_ring_stop(ring, error);
	axon_slot_forget(ring);
	axon_ring_fini_save(ring);
	axon_ring_fini_mem(ring);
	ida_free(&ring->adev->slots.doorbells, ring->doorbell);
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_fini);

/**
 * axon_ring_poll() - look at a ring without an interrupt
 * @ring: the ring
 * @counters: filled in: busy time
 *
 * Signals what is done, should its interrupt have been lost.
 *
 * Return: whether there is still something to look at.
 */
bool axon_ring_poll(struct axon_ring *ring, struct axon_counters *counters)
{
	bool alive;

	mutex_lock(&ring->lock);
	alive = ring->mem;
	if (alive) {
		if (!ring->user)
			axon_ring_complete(ring);
		*counters = ring->mem->counters;
	}
	mutex_unlock(&ring->lock);
	return alive;
}
EXPORT_SYMBOL_IF_KUNIT(axon_ring_poll);
