/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_HWMON_H
#define AXON_HWMON_H

struct axon_device;

#if IS_REACHABLE(CONFIG_HWMON)
void axon_hwmon_init(struct axon_device *adev);
#else
static inline void axon_hwmon_init(struct axon_device *adev)
{
}
#endif

#endif
