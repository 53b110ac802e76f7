// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/accel/PCI-ADDRESS/inject, on a kernel with fault injection and a chip that
 * offers it: "KIND" or "KIND=VALUE" written there makes something go wrong, as docs/hardware.md
 * lists it.
 */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "axon_device.h"
#include "axon_inject.h"
#include "axon_regs.h"

#define AXON_INJECT_TEXT 64

static int axon_inject_kind(const char *name)
{
	static const char *const kinds[] = {
#define AXON_INJECT_NAME(name, number, text) [number] = text,
		AXON_INJECT_LIST(AXON_INJECT_NAME)
#undef AXON_INJECT_NAME
	};

	return match_string(kinds, ARRAY_SIZE(kinds), name);
}

static int axon_inject(struct axon_device *adev, unsigned int kind, u64 value)
{
	int idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return -ENODEV;
	axon_write64(adev, INJECT, VALUE, value);
	axon_write32(adev, INJECT, KIND, kind);
	drm_dev_exit(idx);
	return 0;
}

static ssize_t axon_inject_write(struct file *file, const char __user *from, size_t size,
				 loff_t *pos)
{
	char text[AXON_INJECT_TEXT], *value = text, *name;
	u64 number = 0;
	int kind, ret;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = 0;
	name = strsep(&value, "=");
	if (value) {
		ret = kstrtou64(strim(value), 0, &number);
		if (ret)
			return ret;
	}

	kind = axon_inject_kind(strim(name));
	if (kind < 0)
		return -EINVAL;
	ret = axon_inject(file->private_data, kind, number);
	return ret ?: size;
}

static const struct file_operations axon_inject_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = axon_inject_write,
};

/**
 * axon_inject_init() - add the file
 * @adev: the device, identified
 *
 * It goes with the device.
 */
void axon_inject_init(struct axon_device *adev)
{
	if (adev->features & AXON_FEAT_INJECT)
		debugfs_create_file("inject", 0200, adev->drm.debugfs_root, adev,
				    &axon_inject_fops);
}
