/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_SYSFS_H
#define AXON_SYSFS_H

struct attribute_group;

extern const struct attribute_group *axon_sysfs_groups[];

#endif
