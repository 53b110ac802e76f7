/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_DEBUGFS_H
#define AXON_DEBUGFS_H

struct axon_device;
struct drm_printer;

void axon_debugfs_init(struct axon_device *adev);
void axon_debugfs_init_tables(struct axon_device *adev);
void axon_debugfs_print_registers(struct axon_device *adev, struct drm_printer *p);

#endif
