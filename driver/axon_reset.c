// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Reset
 *
 * Each step is taken when the one before has not come to an end in AXON_REG_TIMEOUT_US:
 *
 * 1. A fault, a hang or a client that goes away costs one slot: it is reset, its queue is dead, and
 *    nobody else notices.
 * 2. The chip is reset through its register: every queue is dead with -EIO, while address spaces
 *    and the contents of device memory stay.
 * 3. The function is reset as PCI defines it, and its configuration space restored. Queues are dead
 *    as before, and what was in device memory is lost, which the event says.
 * 4. The chip is lost. Queues are dead with -ENODEV, everything that would need it is refused with
 *    that, and a uevent WEDGED=rebind,bus-reset asks whoever administers the machine for help, in
 *    the form of drm_dev_wedged_event(), which 6.12 has not. A reset from outside, by
 *    /sys/bus/pci/devices/.../reset or the AER service, that brings it back ends this.
 *
 * A chip that answers nothing at all, because its link is down or it was pulled out, goes to the
 * last step at once.
 *
 * Locking. &axon_device.reset_lock makes one reset of the whole chip happen at a time, and is the
 * innermost mutex but that of the fault ring. Resets from outside come with the device lock held;
 * taking that here would deadlock against a driver that is being unbound, so step 3 does without:
 * it only keeps others from the configuration space, and leaves the work to whoever is resetting
 * the function already.
 */

#include <linux/iopoll.h>
#include <linux/kobject.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_coredump.h"
#include "axon_device.h"
#include "axon_event.h"
#include "axon_fence.h"
#include "axon_migrate.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"

/**
 * axon_reset_is_gone() - tell whether the chip answers no more
 * @adev: the device
 *
 * Return: whether its link is down, or it was pulled out.
 */
bool axon_reset_is_gone(struct axon_device *adev)
{
	return axon_read32(adev, GLOBAL, ID) == ~0u;
}

/* A chip that is gone reads as all ones, and will not become ready. */
static int axon_reset_wait(struct axon_device *adev)
{
	u32 status;
	int ret;

	ret = readl_poll_timeout(adev->regs + AXON_BLOCK_GLOBAL(STATUS), status,
				 status == AXON_STATUS_READY || status == ~0u, 10,
				 AXON_REG_TIMEOUT_US);
	return !ret && status == ~0u ? -ENODEV : ret;
}

/**
 * axon_reset_hw() - reset the whole chip
 * @adev: the device
 *
 * Return: 0 or a negative error. The registers then have their reset values.
 */
int axon_reset_hw(struct axon_device *adev)
{
	axon_write32(adev, GLOBAL, CTRL, AXON_CTRL_RESET);
	return axon_reset_wait(adev);
}

/* Reset the function. -EBUSY: somebody else does so just now. */
static int axon_reset_function(struct axon_device *adev)
{
	struct pci_dev *pdev = to_pci_dev(adev->drm.dev);
	int ret;

	if (!pci_device_is_present(pdev))
		return -ENODEV;
	if (!pci_cfg_access_trylock(pdev))
		return -EBUSY;

	pci_save_state(pdev);
	ret = pcie_flr(pdev);
	pci_restore_state(pdev);
	pci_save_state(pdev);
	pci_cfg_access_unlock(pdev);
	return ret ?: axon_reset_wait(adev);
}

/**
 * axon_reset_end_rings() - end what a chip that has been reset has forgotten
 * @adev: the device
 * @error: for the fences of what was not done
 *
 * Rings without a slot too: their doorbells are 0, and none of them could be told from new.
 */
void axon_reset_end_rings(struct axon_device *adev, int error)
{
	struct axon_ring *ring;
	unsigned long doorbell;

	/* Under the lock no ring goes away. */
	xa_lock(&adev->slots.rings);
	xa_for_each(&adev->slots.rings, doorbell, ring)
		axon_ring_end(ring, error);
	xa_unlock(&adev->slots.rings);
}

static void axon_reset_send(struct axon_device *adev, const char *recovery)
{
	char wedged[32];
	char *env[2] = { wedged };

	if (!adev->drm.registered)
		return;
	snprintf(wedged, sizeof(wedged), "WEDGED=%s", recovery);
	kobject_uevent_env(&adev->drm.accel->kdev->kobj, KOBJ_CHANGE, env);
}

/* Under &axon_device.reset_lock: the chip is as after a reset, or with @ret lost. */
static void axon_reset_finish(struct axon_device *adev, int ret, bool memory_lost)
{
	if (ret)
		drm_err(&adev->drm, "the chip is lost: error %d; reset its function, or rebind\n",
			ret);
	else if (memory_lost)
		drm_warn(&adev->drm, "what was in device memory is lost\n");

	WRITE_ONCE(adev->lost, ret);
	axon_event_device_reset(adev, ret ? -ENODEV : -EIO, memory_lost);
	axon_reset_end_rings(adev, ret ? -ENODEV : -EIO);
	if (!ret)
		axon_device_start(adev);
	axon_reset_send(adev, ret ? "rebind,bus-reset" : "none");
	/* The dead still hold slots. */
	axon_slot_kick(adev);
}

/**
 * axon_reset_device() - reset the whole chip and bring it up again
 * @adev: the device
 * @why: what led to it, for the log
 *
 * The caller is in a drm_dev_enter() section.
 */
void axon_reset_device(struct axon_device *adev, const char *why)
{
	bool memory_lost = false;
	int ret = -ENODEV;

	mutex_lock(&adev->reset_lock);
	if (adev->lost)
		goto out;

	drm_err(&adev->drm, "reset of the whole chip: %s\n", why);
	if (!axon_reset_is_gone(adev)) {
		axon_coredump_take(adev, NULL, why);
		ret = axon_reset_hw(adev);
	}
	if (ret && ret != -ENODEV && dev_is_pci(adev->drm.dev)) {
		drm_err(&adev->drm, "that did not end: function-level reset\n");
		ret = axon_reset_function(adev);
		/* Whoever does so now will call axon_reset_done(). */
		if (ret == -EBUSY)
			goto out;
		memory_lost = true;
	}
	axon_reset_finish(adev, ret, memory_lost);
out:
	mutex_unlock(&adev->reset_lock);
}

/**
 * axon_reset_prepare() - the function is about to be reset, or was reset already, from outside
 * @adev: the device
 * @error: for the fences of what was not done
 */
void axon_reset_prepare(struct axon_device *adev, int error)
{
	mutex_lock(&adev->reset_lock);
	axon_reset_end_rings(adev, error);
	mutex_unlock(&adev->reset_lock);
}

/**
 * axon_reset_done() - take up a function that was reset from outside
 * @adev: the device; its configuration space is restored
 *
 * Return: 0, or a negative error: the chip is lost.
 */
int axon_reset_done(struct axon_device *adev)
{
	int ret, idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return -ENODEV;

	mutex_lock(&adev->reset_lock);
	drm_info(&adev->drm, "reset of the whole chip: from outside\n");
	ret = axon_reset_wait(adev);
	axon_reset_finish(adev, ret, true);
	mutex_unlock(&adev->reset_lock);
	if (!ret)
		axon_migrate_revive(adev);
	drm_dev_exit(idx);
	return ret;
}

/**
 * axon_reset_slot() - reset one slot and wait until no core works for it any more
 * @adev: the device
 * @slot: its number
 *
 * The caller is in a drm_dev_enter() section.
 */
void axon_reset_slot(struct axon_device *adev, unsigned int slot)
{
	u32 state;

	if (READ_ONCE(adev->lost))
		return;
	axon_slot_write32(adev, slot, RESET, 1);
	if (readl_poll_timeout(adev->regs + AXON_BLOCK_SLOT(slot, STATUS), state,
			       state == AXON_SLOT_DISABLED || state == ~0u, 10,
			       AXON_REG_TIMEOUT_US))
		axon_reset_device(adev, "a slot did not stop");
	else if (state == ~0u)
		axon_reset_device(adev, "it does not answer");
}
