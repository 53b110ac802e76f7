/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_ARRAY_H
#define AXON_ARRAY_H

#include <linux/types.h>

#include "axon_accel.h"

void *axon_array_get(const struct drm_axon_array *array, size_t size, u32 max);

#endif
