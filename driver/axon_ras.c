// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Reliability
 *
 * Memory errors and overheating. A corrected error is counted and harms nobody. An uncorrected one
 * costs the queue that met it, by a fault of its own; the page is not retired: it goes back to the
 * free memory with the queue's buffers and is rewritten when it is cleared for its next owner. A
 * chip that is too hot begins no packet until it has cooled, by itself, and loses nothing.
 *
 * The counts stand in the folder "errors" of the PCI device in sysfs, and in QUERY_DEVICE.
 */

#include <linux/device.h>
#include <linux/sysfs.h>

#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_event.h"
#include "axon_ras.h"
#include "axon_regs.h"

/**
 * axon_ras_start() - take the counts of a chip that is fresh from reset for seen
 * @adev: the device; &axon_fault_ring.lock is held
 */
void axon_ras_start(struct axon_device *adev)
{
	struct axon_ras *ras = &adev->ras;

	ras->seen_corrected = axon_read32(adev, ECC, CORRECTED);
	ras->seen_uncorrected = axon_read32(adev, ECC, UNCORRECTED);
	ras->seen_throttled = axon_read32(adev, THERMAL, COUNT);
}

static u32 axon_ras_add(atomic64_t *total, u32 *seen, u32 now)
{
	u32 more = now - *seen;

	*seen = now;
	atomic64_add(more, total);
	return more;
}

/**
 * axon_ras_look() - count what is new
 * @adev: the device; &axon_fault_ring.lock is held
 */
void axon_ras_look(struct axon_device *adev)
{
	struct axon_ras *ras = &adev->ras;
	u32 corrected, uncorrected, throttled;

	corrected = axon_ras_add(&ras->corrected, &ras->seen_corrected,
				 axon_read32(adev, ECC, CORRECTED));
	uncorrected = axon_ras_add(&ras->uncorrected, &ras->seen_uncorrected,
				   axon_read32(adev, ECC, UNCORRECTED));
	throttled = axon_ras_add(&ras->throttled, &ras->seen_throttled,
				 axon_read32(adev, THERMAL, COUNT));

	if (corrected)
		dev_info_ratelimited(adev->drm.dev,
				     "%u memory errors corrected, the newest at %#llx\n", corrected,
				     axon_read64(adev, ECC, ADDR));
	if (uncorrected)
		drm_err_ratelimited(&adev->drm,
				    "%u uncorrected memory errors, the newest at %#llx\n",
				    uncorrected, axon_read64(adev, ECC, ADDR));
	if (throttled) {
		dev_warn_ratelimited(adev->drm.dev,
				     "the chip is too hot: it stands still until it has cooled\n");
		axon_event_throttled(adev);
	}
}

/* ---- sysfs ---- */

static ssize_t axon_ras_show(struct device *dev, char *buf, size_t offset)
{
	struct axon_device *adev = dev_get_drvdata(dev);
	atomic64_t *count = (void *)&adev->ras + offset;

	return sysfs_emit(buf, "%llu\n", atomic64_read(count));
}

#define AXON_RAS_ATTR(member)                                                                      \
	static ssize_t member##_show(struct device *dev, struct device_attribute *attr, char *buf) \
	{                                                                                          \
		return axon_ras_show(dev, buf, offsetof(struct axon_ras, member));                 \
	}                                                                                          \
	static DEVICE_ATTR_RO(member)

AXON_RAS_ATTR(corrected);
AXON_RAS_ATTR(uncorrected);
AXON_RAS_ATTR(throttled);
AXON_RAS_ATTR(lost_interrupts);

static struct attribute *axon_ras_attrs[] = {
	&dev_attr_corrected.attr,
	&dev_attr_uncorrected.attr,
	&dev_attr_throttled.attr,
	&dev_attr_lost_interrupts.attr,
	NULL,
};

const struct attribute_group axon_ras_group = {
	.name = "errors",
	.attrs = axon_ras_attrs,
};
