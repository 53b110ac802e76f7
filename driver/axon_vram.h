/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_VRAM_H
#define AXON_VRAM_H

#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/ttm/ttm_resource.h>

#include "axon_compat.h"

struct axon_device;
struct axon_image;

/**
 * struct axon_vram_mgr - device memory
 */
struct axon_vram_mgr {
	/** @base: base class */
	struct ttm_resource_manager base;
	/** @lock: protects @mm, @used and the images there */
	struct mutex lock;
	/** @mm: free blocks */
	struct gpu_buddy mm;
	/** @used: struct axon_vram_res of all buffers */
	struct list_head used;
};

/**
 * struct axon_vram_res - device memory of one buffer
 */
struct axon_vram_res {
	/** @base: base class */
	struct ttm_resource base;
	/** @blocks: in the order of the buffer's offsets */
	struct list_head blocks;
	/** @node: in &axon_vram_mgr.used */
	struct list_head node;
	/** @image: a copy, while the machine sleeps, or NULL */
	struct axon_image *image;
};

static inline struct axon_vram_res *to_axon_vram_res(struct ttm_resource *res)
{
	return container_of(res, struct axon_vram_res, base);
}

int axon_vram_init(struct axon_device *adev);

#endif
