/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_RESET_H
#define AXON_RESET_H

#include <linux/types.h>

struct axon_device;

bool axon_reset_is_gone(struct axon_device *adev);
void axon_reset_slot(struct axon_device *adev, unsigned int slot);
void axon_reset_device(struct axon_device *adev, const char *why);
void axon_reset_end_rings(struct axon_device *adev, int error);
int axon_reset_hw(struct axon_device *adev);

void axon_reset_prepare(struct axon_device *adev, int error);
int axon_reset_done(struct axon_device *adev);

#endif
