// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/bus/pci/devices/ADDRESS/axon/: what the device is, how often something went wrong and how
 * long its engines were busy, one value in each file, for monitors that open no node. Docs are in
 * axon(4).
 */

#include <linux/device.h>

#include "axon_device.h"
#include "axon_pm.h"
#include "axon_regs.h"
#include "axon_sysfs.h"

static struct axon_device *axon_sysfs_device(struct device *dev)
{
	return pci_get_drvdata(to_pci_dev(dev));
}

#define AXON_SYSFS_SHOW(name, format, ...)                                                       \
	static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
	{                                                                                        \
		struct axon_device *adev = axon_sysfs_device(dev);                               \
		return sysfs_emit(buf, format "\n", __VA_ARGS__);                                \
	}                                                                                        \
	static DEVICE_ATTR_RO(name)

AXON_SYSFS_SHOW(uuid, "%pUb", adev->uuid);
AXON_SYSFS_SHOW(hw_version, "%u.%u", adev->hw_version >> 16, adev->hw_version & 0xffff);
AXON_SYSFS_SHOW(num_cores, "%u", adev->num_cores);
AXON_SYSFS_SHOW(sram_bytes, "%u", adev->sram_size);
AXON_SYSFS_SHOW(vram_bytes, "%llu", adev->vram_size);
AXON_SYSFS_SHOW(vram_used_bytes, "%llu", ttm_resource_manager_usage(&adev->vram.base));
AXON_SYSFS_SHOW(faults, "%lld", atomic64_read(&adev->num_faults));
AXON_SYSFS_SHOW(queue_resets, "%lld", atomic64_read(&adev->num_resets));
AXON_SYSFS_SHOW(device_resets, "%lld", atomic64_read(&adev->num_device_resets));

/* Wall time for which an engine was busy, of all cores together: never goes back but at a reset. */
static ssize_t axon_sysfs_busy(struct device *dev, char *buf, enum axon_engine engine)
{
	struct axon_device *adev = axon_sysfs_device(dev);
	u64 ns;
	int idx;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;
	ns = axon_read64(adev, PERF, NS(engine));
	axon_pm_exit(adev, idx);
	return sysfs_emit(buf, "%llu\n", div_u64(ns, NSEC_PER_USEC));
}

#define AXON_SYSFS_BUSY(name, engine)                                                            \
	static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
	{                                                                                        \
		return axon_sysfs_busy(dev, buf, engine);                                        \
	}                                                                                        \
	static DEVICE_ATTR_RO(name)

AXON_SYSFS_BUSY(busy_dma_us, AXON_ENGINE_DMA);
AXON_SYSFS_BUSY(busy_matrix_us, AXON_ENGINE_MATRIX);
AXON_SYSFS_BUSY(busy_vector_us, AXON_ENGINE_VECTOR);
AXON_SYSFS_BUSY(busy_hart_us, AXON_ENGINE_HART);
AXON_SYSFS_BUSY(busy_copy_us, AXON_ENGINE_COPY);

static struct attribute *axon_sysfs_attrs[] = {
	&dev_attr_uuid.attr,	     &dev_attr_hw_version.attr,	    &dev_attr_num_cores.attr,
	&dev_attr_sram_bytes.attr,   &dev_attr_vram_bytes.attr,	    &dev_attr_vram_used_bytes.attr,
	&dev_attr_faults.attr,	     &dev_attr_queue_resets.attr,   &dev_attr_device_resets.attr,
	&dev_attr_busy_dma_us.attr,  &dev_attr_busy_matrix_us.attr, &dev_attr_busy_vector_us.attr,
	&dev_attr_busy_hart_us.attr, &dev_attr_busy_copy_us.attr,   NULL
};

static const struct attribute_group axon_sysfs_group = {
	.name = "axon",
	.attrs = axon_sysfs_attrs,
};

/* Of the PCI driver: the core adds them after probe and takes them away before remove. */
const struct attribute_group *axon_sysfs_groups[] = { &axon_sysfs_group, &axon_ras_group, NULL };
