// SPDX-License-Identifier: GPL-2.0

#include <kunit/visibility.h>
#include <linux/dma-mapping.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_event.h"
#include "axon_fault.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"

#define AXON_FAULT_RECORDS BIT(AXON_FAULT_RING_LOG2)
#define AXON_FAULT_SIZE	   (AXON_FAULT_RECORDS * sizeof(struct axon_fault))

/**
 * axon_fault_init() - allocate the fault ring
 * @adev: the device
 *
 * Return: 0 or -ENOMEM.
 */
int axon_fault_init(struct axon_device *adev)
{
	struct axon_fault_ring *ring = &adev->faults;

	ring->records = dma_alloc_coherent(adev->drm.dev, AXON_FAULT_SIZE, &ring->dma, GFP_KERNEL);
	return ring->records ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(axon_fault_init);

/**
 * axon_fault_fini() - the mirror of axon_fault_init()
 * @adev: the device; the chip is stopped
 */
void axon_fault_fini(struct axon_device *adev)
{
	struct axon_fault_ring *ring = &adev->faults;

	dma_free_coherent(adev->drm.dev, AXON_FAULT_SIZE, ring->records, ring->dma);
}
EXPORT_SYMBOL_IF_KUNIT(axon_fault_fini);

/**
 * axon_fault_start() - tell the chip, fresh from reset, where the ring is
 * @adev: the device
 */
void axon_fault_start(struct axon_device *adev)
{
	struct axon_fault_ring *ring = &adev->faults;

	mutex_lock(&ring->lock);
	ring->tail = axon_read32(adev, FAULT, HEAD);
	ring->lost = axon_read32(adev, FAULT, LOST);
	axon_write32(adev, FAULT, TAIL, ring->tail);
	axon_write64(adev, FAULT, BASE, ring->dma);
	axon_write32(adev, FAULT, LOG2, AXON_FAULT_RING_LOG2);
	axon_ras_start(adev);
	mutex_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_fault_start);

static void axon_fault_deliver(struct axon_device *adev, const struct axon_fault *record)
{
	struct axon_slot *slot;

	if (record->slot >= adev->num_slots) {
		drm_err_ratelimited(&adev->drm, "fault record names slot %u of %u\n", record->slot,
				    adev->num_slots);
		return;
	}

	drm_dbg(&adev->drm, "fault %u on slot %u, address %#llx, pc %#llx\n", record->cause,
		record->slot, record->addr, record->pc);
	slot = &adev->slots.slot[record->slot];
	spin_lock_irq(&adev->slots.irq_lock);
	axon_event_fault(adev, slot->ring, record);
	if (slot->ring) {
		slot->ring->record = *record;
		slot->ring->fault(slot->ring, record);
	}
	spin_unlock_irq(&adev->slots.irq_lock);
}

/* A slot that faulted, and whose record may be among the lost ones, is to be found without. */
static void axon_fault_search(struct axon_device *adev)
{
	struct axon_fault none = { .engine = AXON_NUM_ENGINES, .core = AXON_FAULT_NO_CORE };
	struct axon_slot *slot;

	spin_lock_irq(&adev->slots.irq_lock);
	for (slot = adev->slots.slot; slot < adev->slots.slot + adev->num_slots; slot++) {
		none.slot = slot->id;
		if (slot->ring && axon_slot_read32(adev, slot->id, STATUS) == AXON_SLOT_FAULTED)
			slot->ring->fault(slot->ring, &none);
	}
	spin_unlock_irq(&adev->slots.irq_lock);
}

/**
 * axon_fault_drain() - deliver every record to the queue that it is about
 * @adev: the device
 */
void axon_fault_drain(struct axon_device *adev)
{
	struct axon_fault_ring *ring = &adev->faults;
	struct axon_fault record;
	u32 head, lost;
	int idx;

	/* What a chip reported just before it fell asleep is looked for when it wakes up. */
	if (READ_ONCE(adev->asleep) || !drm_dev_enter(&adev->drm, &idx))
		return;
	/* What is read of such a chip means nothing; the watch finds it. */
	if (READ_ONCE(adev->lost) || axon_reset_is_gone(adev)) {
		drm_dev_exit(idx);
		return;
	}

	mutex_lock(&ring->lock);
	head = axon_read32(adev, FAULT, HEAD);
	if (head - ring->tail > AXON_FAULT_RECORDS) {
		drm_err_ratelimited(&adev->drm, "fault ring: head %u is out of reach of tail %u\n",
				    head, ring->tail);
		ring->tail = head;
	}
	for (; ring->tail != head; ring->tail++) {
		record = ring->records[ring->tail % AXON_FAULT_RECORDS];
		axon_fault_deliver(adev, &record);
	}
	axon_write32(adev, FAULT, TAIL, ring->tail);

	lost = axon_read32(adev, FAULT, LOST);
	if (lost != ring->lost) {
		drm_warn(&adev->drm, "the chip lost %u fault records\n", lost - ring->lost);
		axon_event_faults_lost(adev, lost - ring->lost);
		axon_fault_search(adev);
	}
	ring->lost = lost;
	axon_ras_look(adev);
	mutex_unlock(&ring->lock);
	drm_dev_exit(idx);
}
EXPORT_SYMBOL_IF_KUNIT(axon_fault_drain);
