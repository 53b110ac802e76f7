/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_GEM_H
#define AXON_GEM_H

#include <drm/ttm/ttm_bo.h>

struct axon_device;
struct drm_device;
struct drm_file;
struct iosys_map;

/**
 * struct axon_bo - a buffer
 */
struct axon_bo {
	/** @tbo: base class */
	struct ttm_buffer_object tbo;
	/** @vm_obj: owner of the reservation shared with the only VM, or NULL; referenced */
	struct drm_gem_object *vm_obj;
	/** @flags: DRM_AXON_BO_*: allowed placements */
	u32 flags;
	/** @purpose: enum drm_axon_purpose */
	u32 purpose;
	/** @placed: TTM_PL_* where it is, for those who look without a lock */
	u32 placed;
};

static inline struct axon_bo *to_axon_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct axon_bo, tbo.base);
}

int axon_bo_validate(struct axon_bo *bo);
int axon_bo_pin(struct axon_bo *bo);
void axon_bo_unpin(struct axon_bo *bo);
void axon_bo_map_word(struct axon_bo *bo, u64 offset, struct iosys_map *map);
struct axon_bo *axon_bo_create_pinned(struct axon_device *adev, u64 size);
void axon_bo_put_pinned(struct axon_bo *bo);

int axon_bo_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
int axon_bo_mmap_offset_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
