// SPDX-License-Identifier: GPL-2.0

#include <linux/interrupt.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_fault.h"
#include "axon_irq.h"
#include "axon_regs.h"
#include "axon_slot.h"

static irqreturn_t axon_irq_fault(int irq, void *data)
{
	axon_fault_drain(data);
	return IRQ_HANDLED;
}

/* A SIGNAL was carried out, its value is in memory already; or a ring has left or come. */
static irqreturn_t axon_irq_slot(int irq, void *data)
{
	axon_slot_interrupt(data);
	return IRQ_HANDLED;
}

/* A ring without a slot has work. This comes again only when the scheduler has cleared the bit. */
static irqreturn_t axon_irq_doorbell(int irq, void *data)
{
	axon_slot_kick(data);
	return IRQ_HANDLED;
}

/**
 * axon_irq_enable_slot() - let a slot raise its interrupt, or not
 * @slot: the slot
 * @enable: which of the two
 *
 * Under &axon_slots.irq_lock. It holds when the function returns.
 */
void axon_irq_enable_slot(struct axon_slot *slot, bool enable)
{
	struct axon_device *adev = slot->adev;
	u32 bit = BIT(AXON_VEC_SLOT(slot->id));
	u32 mask = adev->slots.irq_mask;
	int idx;

	mask = enable ? mask & ~bit : mask | bit;
	if (mask == adev->slots.irq_mask)
		return;

	adev->slots.irq_mask = mask;
	if (!adev->asleep && drm_dev_enter(&adev->drm, &idx)) {
		/* What came while it was off is not wanted: it would be raised now. */
		if (enable)
			axon_write32(adev, IRQ, STATUS, bit);
		axon_write32(adev, IRQ, MASK, mask);
		axon_read32(adev, IRQ, MASK);
		drm_dev_exit(idx);
	}
}

/**
 * axon_irq_restore() - tell the chip what to raise interrupts for
 * @adev: the device
 *
 * Under &axon_slots.irq_lock.
 */
void axon_irq_restore(struct axon_device *adev)
{
	axon_write32(adev, IRQ, MASK, adev->slots.irq_mask);
}

/**
 * axon_irq_start() - as axon_irq_restore(), for a chip that is fresh from reset
 * @adev: the device
 */
void axon_irq_start(struct axon_device *adev)
{
	spin_lock_irq(&adev->slots.irq_lock);
	axon_irq_restore(adev);
	spin_unlock_irq(&adev->slots.irq_lock);
}

static void axon_irq_free_slots(struct axon_device *adev, unsigned int count)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);

	while (count--)
		free_irq(pci_irq_vector(pdev, AXON_VEC_SLOT(count)), &adev->slots.slot[count]);
}

/**
 * axon_irq_init() - get the interrupts
 * @adev: the device
 *
 * Return: 0 or a negative error.
 */
int axon_irq_init(struct axon_device *adev)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);
	unsigned int i;
	int ret;

	ret = pci_alloc_irq_vectors(pdev, AXON_NUM_VECTORS, AXON_NUM_VECTORS, PCI_IRQ_MSIX);
	if (ret < 0) {
		drm_err(&adev->drm, "expected %u MSI-X vectors: error %d\n", AXON_NUM_VECTORS, ret);
		return ret;
	}

	ret = request_threaded_irq(pci_irq_vector(pdev, AXON_VEC_FAULT), NULL, axon_irq_fault,
				   IRQF_ONESHOT, "axon-fault", adev);
	if (ret)
		goto err_vectors;

	ret = request_irq(pci_irq_vector(pdev, AXON_VEC_DOORBELL), axon_irq_doorbell, 0,
			  "axon-doorbell", adev);
	if (ret)
		goto err_fault;

	for (i = 0; i < adev->num_slots; i++) {
		ret = request_irq(pci_irq_vector(pdev, AXON_VEC_SLOT(i)), axon_irq_slot, 0,
				  "axon-slot", &adev->slots.slot[i]);
		if (ret)
			goto err_slots;
	}
	return 0;

err_slots:
	axon_irq_free_slots(adev, i);
	free_irq(pci_irq_vector(pdev, AXON_VEC_DOORBELL), adev);
err_fault:
	free_irq(pci_irq_vector(pdev, AXON_VEC_FAULT), adev);
err_vectors:
	pci_free_irq_vectors(pdev);
	return ret;
}

/**
 * axon_irq_fini() - the mirror of axon_irq_init()
 * @adev: the device
 */
void axon_irq_fini(struct axon_device *adev)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);

	axon_irq_free_slots(adev, adev->num_slots);
	free_irq(pci_irq_vector(pdev, AXON_VEC_DOORBELL), adev);
	free_irq(pci_irq_vector(pdev, AXON_VEC_FAULT), adev);
	pci_free_irq_vectors(pdev);
}
