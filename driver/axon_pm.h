/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_PM_H
#define AXON_PM_H

#include <linux/pm.h>
#include <linux/types.h>

struct axon_device;

extern const struct dev_pm_ops axon_pm_ops;

void axon_pm_init(struct axon_device *adev);
void axon_pm_fini(struct axon_device *adev);

int axon_pm_get(struct axon_device *adev);
void axon_pm_hold(struct axon_device *adev);
void axon_pm_put(struct axon_device *adev);
bool axon_pm_enter(struct axon_device *adev, int *idx);
void axon_pm_exit(struct axon_device *adev, int idx);

#endif
