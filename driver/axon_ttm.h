/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_TTM_H
#define AXON_TTM_H

struct axon_device;

int axon_ttm_init(struct axon_device *adev);

#endif
