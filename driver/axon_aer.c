// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Errors of the bus
 *
 * What the PCI core tells of errors and of resets that come from outside. A correctable error is
 * counted by the PCI core (aer_dev_correctable in sysfs) and concerns nobody here. After a
 * non-fatal one the link still works, but a transaction was lost and with it perhaps part of
 * somebody's result: nobody can tell whose, so the chip is reset through its register, which keeps
 * device memory. After a fatal one the AER service resets the link, and the chip with it.
 */

#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_aer.h"
#include "axon_device.h"
#include "axon_reset.h"

static pci_ers_result_t axon_aer_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct axon_device *adev = pci_get_drvdata(pdev);

	drm_err(&adev->drm, "error of the bus: %s\n",
		state == pci_channel_io_normal ? "a transaction was lost" :
		state == pci_channel_io_frozen ? "the link is to be reset" :
						 "the link is gone for good");
	switch (state) {
	case pci_channel_io_normal:
		return PCI_ERS_RESULT_CAN_RECOVER;
	case pci_channel_io_frozen:
		axon_reset_prepare(adev, -EIO);
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		axon_reset_prepare(adev, -ENODEV);
		return PCI_ERS_RESULT_DISCONNECT;
	}
}

static pci_ers_result_t axon_aer_mmio_enabled(struct pci_dev *pdev)
{
	struct axon_device *adev = pci_get_drvdata(pdev);
	int idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return PCI_ERS_RESULT_DISCONNECT;
	axon_reset_device(adev, "a transaction was lost");
	drm_dev_exit(idx);
	return READ_ONCE(adev->lost) ? PCI_ERS_RESULT_NEED_RESET : PCI_ERS_RESULT_RECOVERED;
}

static pci_ers_result_t axon_aer_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return axon_reset_done(pci_get_drvdata(pdev)) ? PCI_ERS_RESULT_DISCONNECT :
							PCI_ERS_RESULT_RECOVERED;
}

static void axon_aer_resume(struct pci_dev *pdev)
{
	struct axon_device *adev = pci_get_drvdata(pdev);

	drm_info(&adev->drm, "recovered from the error of the bus\n");
}

static void axon_aer_reset_prepare(struct pci_dev *pdev)
{
	axon_reset_prepare(pci_get_drvdata(pdev), -EIO);
}

static void axon_aer_reset_done(struct pci_dev *pdev)
{
	axon_reset_done(pci_get_drvdata(pdev));
}

const struct pci_error_handlers axon_aer_handlers = {
	.error_detected = axon_aer_detected,
	.mmio_enabled = axon_aer_mmio_enabled,
	.slot_reset = axon_aer_slot_reset,
	.resume = axon_aer_resume,
	.reset_prepare = axon_aer_reset_prepare,
	.reset_done = axon_aer_reset_done,
};
