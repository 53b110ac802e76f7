/* SPDX-License-Identifier: MIT */
/* The device's sensors, as the kernel's hwmon class shows them. */
#ifndef AXON_TOOLS_SMI_SENSOR_H
#define AXON_TOOLS_SMI_SENSOR_H

#include <stdint.h>

/* -1: the device, or this kernel, has no such sensor. */
struct smi_sensors {
	int64_t temp_mc, temp_crit_mc; /* millidegrees Celsius */
	int64_t power_uw, power_max_uw;
	int64_t energy_uj;
};

/* bdf NULL: a chip in this process, which no sensor watches. sysfs: "/sys", or a test's. */
void smi_sensors_read(const char *sysfs, const char *bdf, struct smi_sensors *s);

#endif
