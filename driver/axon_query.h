/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_QUERY_H
#define AXON_QUERY_H

struct drm_device;
struct drm_file;
struct drm_printer;

int axon_query_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
void axon_show_fdinfo(struct drm_printer *p, struct drm_file *file);

#endif
