// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Power
 *
 * While nothing uses it the chip is in D3hot, where it keeps its registers, its queues and device
 * memory; only its translations go. Who is about to touch it calls axon_pm_get(), which wakes it,
 * and axon_pm_put() when done. That is each ioctl of the driver's own for as long as it takes, a
 * kernel queue's job from its submission until it is freed, and whoever waits. AXON_AUTOSUSPEND_MS
 * after the last of them the chip may sleep; /sys/bus/pci/devices/.../power/ has the usual files to
 * change that.
 *
 * A user queue is different: the kernel does not see its doorbell. So before the chip goes to sleep
 * all mappings of doorbells and buffers are taken away from the processes, and then its slots are
 * looked at. If any is at work, be it in a WAIT packet, or any ring waits for a slot, the
 * chip stays awake and the mappings come back fault by fault; so a device with a user queue at work
 * never sleeps. If none is, it sleeps, and the next who rings a doorbell, or looks into a buffer,
 * faults and wakes it. A look at the slots comes before all that as well, so that a chip at work
 * costs nobody a mapping.
 *
 * &axon_device.asleep is for those who must not wake the chip: interrupt handlers, the work of the
 * slot scheduler, and whoever changes page tables, perhaps under reclaim. They leave out what the
 * chip would not hear; waking up makes up for it. It changes under &axon_slots.lock,
 * &axon_device.inv_lock and &axon_slots.irq_lock together, in this order, so that each of them
 * keeps it as it is.
 *
 * When the machine goes to sleep nobody is asked: user space is frozen, every ring leaves its slot
 * for its save area, in the middle of its work if need be, and device memory is copied to system
 * memory (axon_image.c) unless the machine only idles, in which case the chip keeps it. On the way
 * back the chip is reset, in case it lost its registers, told everything again, and the rings get
 * slots and go on.
 *
 * Rejected: suspending user queues that are at work to their save areas (a program that waits for
 * a word which the CPU will write would never see it), and leaving the mappings (a store to a
 * doorbell of a chip that is in D3hot is lost).
 */

#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/suspend.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_image.h"
#include "axon_migrate.h"
#include "axon_pm.h"
#include "axon_reset.h"

/* For how long nobody has to have used the chip until it is put to sleep. */
#define AXON_AUTOSUSPEND_MS 5000

/**
 * axon_pm_get() - wake the chip and keep it awake
 * @adev: the device
 *
 * May sleep. Reservations and the lock of an address space may be held, and &axon_queue.lock and
 * &axon_slots.lock must not be.
 *
 * Return: 0; -ENODEV after an unplug; another negative error when the chip does not wake up.
 */
int axon_pm_get(struct axon_device *adev)
{
	struct device *dev = adev->drm.dev;

	if (drm_dev_is_unplugged(&adev->drm))
		return -ENODEV;
	/* Before it is all up, or after it went down, nobody puts it to sleep. */
	if (!pm_runtime_enabled(dev)) {
		pm_runtime_get_noresume(dev);
		return 0;
	}
	return pm_runtime_resume_and_get(dev);
}

/**
 * axon_pm_hold() - keep a chip awake that is
 * @adev: the device; the caller keeps it awake too
 */
void axon_pm_hold(struct axon_device *adev)
{
	pm_runtime_get_noresume(adev->drm.dev);
}

/**
 * axon_pm_put() - the mirror of axon_pm_get() and axon_pm_hold()
 * @adev: the device
 *
 * Any context.
 */
void axon_pm_put(struct axon_device *adev)
{
	pm_runtime_mark_last_busy(adev->drm.dev);
	pm_runtime_put_autosuspend(adev->drm.dev);
}

/**
 * axon_pm_enter() - axon_pm_get() and drm_dev_enter() in one
 * @adev: the device
 * @idx: for axon_pm_exit()
 *
 * Return: whether the chip is there, awake, and will be until axon_pm_exit().
 */
bool axon_pm_enter(struct axon_device *adev, int *idx)
{
	if (axon_pm_get(adev))
		return false;
	if (drm_dev_enter(&adev->drm, idx))
		return true;
	axon_pm_put(adev);
	return false;
}

/**
 * axon_pm_exit() - the mirror of axon_pm_enter()
 * @adev: the device
 * @idx: as axon_pm_enter() gave it
 */
void axon_pm_exit(struct axon_device *adev, int idx)
{
	drm_dev_exit(idx);
	axon_pm_put(adev);
}

static int axon_pm_runtime_suspend(struct device *dev)
{
	struct axon_device *adev = dev_get_drvdata(dev);

	if (axon_slot_is_idle(adev)) {
		unmap_mapping_range(adev->drm.anon_inode->i_mapping, 0, 0, 1);
		if (axon_slot_sleep(adev))
			return 0;
	}
	pm_runtime_mark_last_busy(dev);
	return -EBUSY;
}

static int axon_pm_runtime_resume(struct device *dev)
{
	struct axon_device *adev = dev_get_drvdata(dev);

	if (!pci_device_is_present(to_pci_dev(dev)))
		return -ENODEV;
	axon_slot_wake(adev);
	axon_fault_drain(adev);
	return 0;
}

/* The PCI core has woken it; user space is frozen. */
static int axon_pm_suspend(struct device *dev)
{
	struct axon_device *adev = dev_get_drvdata(dev);
	int ret = 0;

	if (READ_ONCE(adev->lost))
		return 0;

	axon_slot_park(adev);
	if (pm_suspend_target_state != PM_SUSPEND_TO_IDLE)
		ret = axon_image_save(adev);
	if (ret) {
		drm_err(&adev->drm, "device memory cannot be saved: error %d\n", ret);
		axon_slot_unpark(adev);
		return ret;
	}

	axon_migrate_fini(adev);
	axon_slot_set_asleep(adev, true);
	return 0;
}

static int axon_pm_resume(struct device *dev)
{
	struct axon_device *adev = dev_get_drvdata(dev);
	int ret;

	if (READ_ONCE(adev->lost))
		return 0;

	ret = axon_reset_hw(adev);
	axon_slot_set_asleep(adev, false);
	if (!ret) {
		axon_device_start(adev);
		ret = axon_migrate_resume(adev);
	}
	if (!ret)
		ret = axon_image_restore(adev);
	if (ret) {
		drm_err(&adev->drm, "the chip did not come back from sleep: error %d\n", ret);
		WRITE_ONCE(adev->lost, true);
		axon_reset_end_rings(adev, -ENODEV);
	}
	axon_slot_unpark(adev);
	return ret;
}

const struct dev_pm_ops axon_pm_ops = {
	.suspend = pm_sleep_ptr(axon_pm_suspend),
	.resume = pm_sleep_ptr(axon_pm_resume),
	.freeze = pm_sleep_ptr(axon_pm_suspend),
	.thaw = pm_sleep_ptr(axon_pm_resume),
	.poweroff = pm_sleep_ptr(axon_pm_suspend),
	.restore = pm_sleep_ptr(axon_pm_resume),
	.runtime_suspend = pm_ptr(axon_pm_runtime_suspend),
	.runtime_resume = pm_ptr(axon_pm_runtime_resume),
};

/**
 * axon_pm_init() - let the chip sleep from now on
 * @adev: the device, registered; the PCI core has kept it awake until now
 */
void axon_pm_init(struct axon_device *adev)
{
	struct device *dev = adev->drm.dev;

	pm_runtime_set_autosuspend_delay(dev, AXON_AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_allow(dev);
	axon_pm_put(adev);
}

/**
 * axon_pm_fini() - the mirror of axon_pm_init()
 * @adev: the device; the PCI core has woken it
 */
void axon_pm_fini(struct axon_device *adev)
{
	struct device *dev = adev->drm.dev;

	pm_runtime_get_noresume(dev);
	pm_runtime_dont_use_autosuspend(dev);
}
