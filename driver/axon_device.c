// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Bringing the device up and down
 *
 * axon_device_init() is a ladder and axon_device_fini() its mirror for everything that touches the
 * chip. What open files may still need after the device is gone (TTM, the memory managers) is
 * managed by DRM instead and goes with the last reference.
 */

#include <kunit/visibility.h>
#include <linux/dma-mapping.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_event.h"
#include "axon_irq.h"
#include "axon_migrate.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"
#include "axon_ttm.h"

static int axon_device_map(struct axon_device *adev)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);
	resource_size_t vram_len = pci_resource_len(pdev, AXON_BAR_VRAM);
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(52));
	if (ret)
		return ret;

	ret = pci_request_regions(pdev, "axon");
	if (ret)
		return ret;

	adev->regs = pcim_iomap(pdev, AXON_BAR_REGS, AXON_BAR0_SIZE);
	if (!adev->regs)
		return -ENOMEM;

	adev->regs_base = pci_resource_start(pdev, AXON_BAR_REGS);
	adev->vram_base = pci_resource_start(pdev, AXON_BAR_VRAM);
	adev->vram_io = devm_ioremap_wc(&pdev->dev, adev->vram_base, vram_len);
	if (!adev->vram_io)
		return -ENOMEM;

	pci_set_master(pdev);
	return 0;
}

/* Read what the chip says of itself, and refuse a chip that this driver does not know. */
static int axon_device_identify(struct axon_device *adev)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);
	u64 bar = pci_resource_len(pdev, AXON_BAR_VRAM);
	u32 id = axon_read32(adev, GLOBAL, ID);
	unsigned int i;

	if (id != AXON_ID_VALUE) {
		drm_err(&adev->drm, "expected the identity %#x, found %#x\n", AXON_ID_VALUE, id);
		return -ENODEV;
	}

	adev->hw_version = axon_read32(adev, GLOBAL, HW_VERSION);
	if (adev->hw_version >> 16 != AXON_HW_VERSION_MAJOR) {
		drm_err(&adev->drm,
			"expected hardware version %u.x, found %u.%u: build driver and device from one source tree\n",
			AXON_HW_VERSION_MAJOR, adev->hw_version >> 16, adev->hw_version & 0xffff);
		return -ENODEV;
	}

	adev->num_cores = axon_read32(adev, GLOBAL, NUM_CORES);
	adev->sram_size = axon_read32(adev, GLOBAL, SRAM_SIZE);
	adev->clock_hz = axon_read32(adev, GLOBAL, CLOCK_HZ);
	adev->features = axon_read64(adev, GLOBAL, FEATURES);
	for (i = 0; i < sizeof(adev->uuid); i += 4) {
		u32 word = readl(adev->regs + AXON_BLOCK_GLOBAL(UUID) + i);

		memcpy(adev->uuid + i, &word, 4);
	}

	adev->num_slots = axon_read32(adev, GLOBAL, NUM_SLOTS);
	if (adev->num_slots < 2 || adev->num_slots > AXON_NUM_SLOTS) {
		drm_err(&adev->drm, "expected 2 to %u slots, found %u\n", AXON_NUM_SLOTS,
			adev->num_slots);
		return -ENODEV;
	}

	if (adev->features & AXON_FEAT_SUSPEND) {
		adev->save_size = axon_slot_read32(adev, AXON_KERNEL_SLOT, SAVE_SIZE);
		if (adev->save_size < sizeof(struct axon_save)) {
			drm_err(&adev->drm, "expected save areas of at least %zu bytes, found %u\n",
				sizeof(struct axon_save), adev->save_size);
			return -ENODEV;
		}
	}

	adev->vram_size = axon_read64(adev, GLOBAL, VRAM_SIZE);
	if (!adev->vram_size || !PAGE_ALIGNED(adev->vram_size) || adev->vram_size > bar) {
		drm_err(&adev->drm, "expected device memory of at most %#llx bytes, found %#llx\n",
			bar, adev->vram_size);
		return -ENODEV;
	}
	return 0;
}

VISIBLE_IF_KUNIT void axon_device_init_locks(struct axon_device *adev)
{
	init_rwsem(&adev->place_lock);
	mutex_init(&adev->inv_lock);
	mutex_init(&adev->mmu_lock);
	mutex_init(&adev->reset_lock);
	mutex_init(&adev->faults.lock);
	ida_init(&adev->as_ida);
}
EXPORT_SYMBOL_IF_KUNIT(axon_device_init_locks);

/**
 * axon_device_restore_roots() - write the whole address-space table
 * @adev: the device
 *
 * Under &axon_device.inv_lock.
 */
void axon_device_restore_roots(struct axon_device *adev)
{
	unsigned int as;

	for (as = 0; as < AXON_NUM_AS; as++)
		if (axon_read64(adev, AS, ROOT(as)) != adev->as_root[as])
			axon_write64(adev, AS, ROOT(as), adev->as_root[as]);
}

/**
 * axon_device_start() - bring the chip from reset to work
 * @adev: the device
 *
 * The slots stay disabled: their owners enable them.
 */
void axon_device_start(struct axon_device *adev)
{
	mutex_lock(&adev->inv_lock);
	axon_device_restore_roots(adev);
	mutex_unlock(&adev->inv_lock);
	axon_fault_start(adev);
	axon_irq_start(adev);
	axon_write32(adev, GLOBAL, CTRL, AXON_CTRL_ENABLE);
}

/**
 * axon_device_set_root() - set the page tables of an address space
 * @adev: the device
 * @as: number of the address space
 * @root: the root's PDE, 0 for none
 */
void axon_device_set_root(struct axon_device *adev, unsigned int as, u64 root)
{
	int idx;

	mutex_lock(&adev->inv_lock);
	adev->as_root[as] = root;
	if (!adev->asleep && drm_dev_enter(&adev->drm, &idx)) {
		axon_write64(adev, AS, ROOT(as), root);
		drm_dev_exit(idx);
	}
	mutex_unlock(&adev->inv_lock);
}

/**
 * axon_device_init() - bring the device up
 * @adev: the device, zeroed but for its base class
 *
 * Return: 0 or a negative error.
 */
int axon_device_init(struct axon_device *adev)
{
	int ret;

	axon_device_init_locks(adev);

	ret = axon_event_init(adev);
	if (ret)
		return ret;

	ret = axon_coredump_init(adev);
	if (ret)
		return ret;

	ret = axon_device_map(adev);
	if (ret)
		return ret;

	ret = axon_device_identify(adev);
	if (ret)
		return ret;

	ret = axon_reset_hw(adev);
	if (ret) {
		drm_err(&adev->drm, "the chip did not come out of reset\n");
		return ret;
	}

	ret = axon_ttm_init(adev);
	if (ret)
		goto err_reset;

	ret = axon_mmu_setup(adev);
	if (ret)
		goto err_reset;

	ret = axon_fault_init(adev);
	if (ret)
		goto err_mmu;

	ret = axon_slot_init(adev);
	if (ret)
		goto err_fault;

	axon_watch_init(adev);
	ret = axon_irq_init(adev);
	if (ret)
		goto err_slot;

	axon_device_start(adev);

	ret = axon_migrate_init(adev);
	if (ret)
		goto err_start;

	/* What a reset from outside takes away. */
	pci_save_state(to_pci_dev(adev->drm.dev));
	drm_info(&adev->drm, "hardware %u.%u, %u cores, %llu MiB of device memory\n",
		 adev->hw_version >> 16, adev->hw_version & 0xffff, adev->num_cores,
		 adev->vram_size >> 20);
	return 0;

err_start:
	axon_reset_hw(adev);
	axon_irq_fini(adev);
	axon_watch_fini(adev);
err_slot:
	axon_slot_fini(adev);
err_fault:
	axon_fault_fini(adev);
err_mmu:
	axon_mmu_teardown(adev);
err_reset:
	pci_clear_master(to_pci_dev(adev->drm.dev));
	return ret;
}

/**
 * axon_device_fini() - take the device down
 * @adev: the device, unplugged from DRM: no drm_dev_enter() section is or will be open
 *
 * Files may still be open. Their fences signal with -ENODEV here, their memory goes with them.
 */
void axon_device_fini(struct axon_device *adev)
{
	/* A chip that was pulled out does not answer. */
	if (pci_device_is_present(to_pci_dev(adev->drm.dev)))
		axon_reset_hw(adev);
	axon_reset_end_rings(adev, -ENODEV);
	axon_migrate_fini(adev);
	axon_irq_fini(adev);
	axon_watch_fini(adev);
	axon_slot_fini(adev);
	axon_fault_fini(adev);
	axon_mmu_teardown(adev);
	axon_coredump_fini(adev);
	pci_clear_master(to_pci_dev(adev->drm.dev));
}
