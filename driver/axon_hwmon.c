// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/hwmon/hwmonN: temperature, power, energy and clock, as the kernel's documentation of
 * hwmon's sysfs interface has them. The clock is that of modelled cycles; the hwmon core knows no
 * kind for clocks, so its file is made here, as amdgpu does.
 */

#include <linux/hwmon.h>
#include <linux/hwmon-sysfs.h>

#include "axon_device.h"
#include "axon_hwmon.h"
#include "axon_pm.h"
#include "axon_regs.h"

#if IS_REACHABLE(CONFIG_HWMON)

#define AXON_UW_PER_MW 1000

static umode_t axon_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				     int channel)
{
	return 0444;
}

static int axon_hwmon_read_chip(struct axon_device *adev, enum hwmon_sensor_types type, u32 attr,
				long *value)
{
	switch (type) {
	case hwmon_temp:
		*value = attr == hwmon_temp_input ? axon_read32(adev, SENSOR, TEMP) :
						    axon_read32(adev, SENSOR, TEMP_CRIT);
		return 0;
	case hwmon_power:
		*value = AXON_UW_PER_MW * (attr == hwmon_power_input ?
						   (long)axon_read32(adev, SENSOR, POWER) :
						   (long)axon_read32(adev, SENSOR, POWER_MAX));
		return 0;
	case hwmon_energy:
		*value = axon_read64(adev, SENSOR, ENERGY);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int axon_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
			   long *value)
{
	struct axon_device *adev = dev_get_drvdata(dev);
	int ret, idx;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;
	ret = axon_hwmon_read_chip(adev, type, attr, value);
	axon_pm_exit(adev, idx);
	return ret;
}

static int axon_hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				  int channel, const char **text)
{
	*text = "chip";
	return 0;
}

static const struct hwmon_ops axon_hwmon_ops = {
	.is_visible = axon_hwmon_is_visible,
	.read = axon_hwmon_read,
	.read_string = axon_hwmon_read_string,
};

static const struct hwmon_channel_info *const axon_hwmon_channels[] = {
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_CRIT | HWMON_T_LABEL),
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT | HWMON_P_RATED_MAX | HWMON_P_LABEL),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT | HWMON_E_LABEL), NULL
};

static const struct hwmon_chip_info axon_hwmon_chip = {
	.ops = &axon_hwmon_ops,
	.info = axon_hwmon_channels,
};

static ssize_t freq1_input_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct axon_device *adev = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", adev->clock_hz);
}
static DEVICE_ATTR_RO(freq1_input);

static ssize_t freq1_label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "cores\n");
}
static DEVICE_ATTR_RO(freq1_label);

static struct attribute *axon_hwmon_attrs[] = { &dev_attr_freq1_input.attr,
						&dev_attr_freq1_label.attr, NULL };
ATTRIBUTE_GROUPS(axon_hwmon);

/**
 * axon_hwmon_init() - register the sensors
 * @adev: the device, which is up
 *
 * They go with the driver's hold on the device. Their absence hinders nobody.
 */
void axon_hwmon_init(struct axon_device *adev)
{
	struct device *hwmon;

	hwmon = devm_hwmon_device_register_with_info(adev->drm.dev, "axon", adev, &axon_hwmon_chip,
						     axon_hwmon_groups);
	if (IS_ERR(hwmon))
		drm_warn(&adev->drm, "no sensors: %pe\n", hwmon);
}

#endif
