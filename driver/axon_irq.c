// SPDX-License-Identifier: GPL-2.0

#include <linux/interrupt.h>

#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_fault.h"
#include "axon_irq.h"
#include "axon_ring.h"

static irqreturn_t axon_irq_fault(int irq, void *data)
{
	axon_fault_drain(data);
	return IRQ_HANDLED;
}

/* A SIGNAL was carried out; its value is in memory already. */
static irqreturn_t axon_irq_slot(int irq, void *data)
{
	struct axon_slot *slot = data;

	spin_lock(&slot->lock);
	if (slot->ring)
		axon_ring_complete(slot->ring);
	spin_unlock(&slot->lock);
	return IRQ_HANDLED;
}

static void axon_irq_free_slots(struct axon_device *adev, unsigned int count)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);

	while (count--)
		free_irq(pci_irq_vector(pdev, AXON_VEC_SLOT(count)), &adev->slots[count]);
}

/**
 * axon_irq_init() - get the interrupts
 * @adev: the device
 *
 * AXON_VEC_DOORBELL speaks of user queues, which this driver does not offer: it stays unrequested.
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

	for (i = 0; i < adev->num_slots; i++) {
		ret = request_irq(pci_irq_vector(pdev, AXON_VEC_SLOT(i)), axon_irq_slot, 0,
				  "axon-slot", &adev->slots[i]);
		if (ret)
			goto err_slots;
	}
	return 0;

err_slots:
	axon_irq_free_slots(adev, i);
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
	free_irq(pci_irq_vector(pdev, AXON_VEC_FAULT), adev);
	pci_free_irq_vectors(pdev);
}
