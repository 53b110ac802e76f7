// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Reset
 *
 * A fault, a hang or a client that goes away costs one slot: it is reset, its queue is dead, and
 * nobody else notices. Only when the chip does not carry that out is all of it reset: every queue
 * is then dead with -EIO, while address spaces and the contents of device memory stay. A chip that
 * does not come back from that either is lost: submissions end with -ENODEV from then on.
 */

#include <linux/iopoll.h>

#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_event.h"
#include "axon_fence.h"
#include "axon_regs.h"
#include "axon_reset.h"
#include "axon_ring.h"

/**
 * axon_reset_hw() - reset the whole chip
 * @adev: the device
 *
 * Return: 0 or -ETIMEDOUT. The registers then have their reset values.
 */
int axon_reset_hw(struct axon_device *adev)
{
	u32 status;

	axon_write32(adev, GLOBAL, CTRL, AXON_CTRL_RESET);
	return readl_poll_timeout(adev->regs + AXON_BLOCK_GLOBAL(STATUS), status,
				  status == AXON_STATUS_READY, 10, AXON_REG_TIMEOUT_US);
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

/**
 * axon_reset_device() - reset the whole chip and bring it up again
 * @adev: the device
 * @why: what led to it, for the log
 *
 * The caller is in a drm_dev_enter() section.
 */
void axon_reset_device(struct axon_device *adev, const char *why)
{
	int ret;

	mutex_lock(&adev->reset_lock);
	drm_err(&adev->drm, "reset of the whole chip: %s\n", why);
	ret = axon_reset_hw(adev);
	if (ret) {
		drm_err(&adev->drm, "the chip did not come out of reset: reload it\n");
		WRITE_ONCE(adev->lost, true);
	}
	axon_event_device_reset(adev, ret ? -ENODEV : -EIO);
	axon_reset_end_rings(adev, ret ? -ENODEV : -EIO);
	if (!ret)
		axon_device_start(adev);
	/* The dead still hold slots. */
	axon_slot_kick(adev);
	mutex_unlock(&adev->reset_lock);
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

	axon_slot_write32(adev, slot, RESET, 1);
	if (readl_poll_timeout(adev->regs + AXON_BLOCK_SLOT(slot, STATUS), state,
			       state == AXON_SLOT_DISABLED, 10, AXON_REG_TIMEOUT_US))
		axon_reset_device(adev, "a slot did not stop");
}
