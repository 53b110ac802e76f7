// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Device memory
 *
 * The manager of TTM_PL_VRAM over the buddy allocator. A buffer is a list of blocks and need not
 * be contiguous: the chip's page tables gather it, and the whole of device memory is mapped for
 * the CPU, so that nothing ever has to be compacted.
 */

#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "axon_device.h"
#include "axon_image.h"
#include "axon_vram.h"

static struct axon_vram_mgr *to_axon_vram_mgr(struct ttm_resource_manager *man)
{
	return container_of(man, struct axon_vram_mgr, base);
}

static int axon_vram_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
			   const struct ttm_place *place, struct ttm_resource **res)
{
	struct axon_vram_mgr *mgr = to_axon_vram_mgr(man);
	struct axon_vram_res *vres;
	int ret;

	if (tbo->base.size > man->size)
		return -ENOSPC;

	vres = kzalloc(sizeof(*vres), GFP_KERNEL);
	if (!vres)
		return -ENOMEM;

	ttm_resource_init(tbo, place, &vres->base);
	INIT_LIST_HEAD(&vres->blocks);

	mutex_lock(&mgr->lock);
	ret = gpu_buddy_alloc_blocks(&mgr->mm, 0, man->size, vres->base.size, PAGE_SIZE,
				     &vres->blocks, 0);
	if (!ret)
		list_add_tail(&vres->node, &mgr->used);
	mutex_unlock(&mgr->lock);
	if (ret) {
		ttm_resource_fini(man, &vres->base);
		kfree(vres);
		return ret;
	}

	*res = &vres->base;
	return 0;
}

static void axon_vram_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct axon_vram_mgr *mgr = to_axon_vram_mgr(man);
	struct axon_vram_res *vres = to_axon_vram_res(res);

	mutex_lock(&mgr->lock);
	gpu_buddy_free_list(&mgr->mm, &vres->blocks, 0);
	list_del(&vres->node);
	axon_image_free(container_of(mgr, struct axon_device, vram), vres->image);
	mutex_unlock(&mgr->lock);

	ttm_resource_fini(man, res);
	kfree(vres);
}

static void axon_vram_debug(struct ttm_resource_manager *man, struct drm_printer *p)
{
	struct axon_vram_mgr *mgr = to_axon_vram_mgr(man);

	mutex_lock(&mgr->lock);
	drm_printf(p, "free: %llu KiB of %llu KiB\n", mgr->mm.avail >> 10, mgr->mm.size >> 10);
	mutex_unlock(&mgr->lock);
}

static const struct ttm_resource_manager_func axon_vram_func = {
	.alloc = axon_vram_alloc,
	.free = axon_vram_free,
	.debug = axon_vram_debug,
};

static void axon_vram_fini(struct drm_device *drm, void *arg)
{
	struct axon_device *adev = to_axon_device(drm);
	struct axon_vram_mgr *mgr = arg;

	ttm_resource_manager_set_used(&mgr->base, false);
	if (drm_WARN_ON(drm, ttm_resource_manager_evict_all(&adev->ttm, &mgr->base)))
		return;

	gpu_buddy_fini(&mgr->mm);
	ttm_resource_manager_cleanup(&mgr->base);
	ttm_set_driver_manager(&adev->ttm, TTM_PL_VRAM, NULL);
	mutex_destroy(&mgr->lock);
}

/**
 * axon_vram_init() - set up the manager of device memory
 * @adev: the device; its TTM device is initialised
 *
 * Return: 0 or a negative error. Undone when the DRM device is released.
 */
int axon_vram_init(struct axon_device *adev)
{
	struct axon_vram_mgr *mgr = &adev->vram;
	int ret;

	mutex_init(&mgr->lock);
	INIT_LIST_HEAD(&mgr->used);
	mgr->base.func = &axon_vram_func;
	ttm_resource_manager_init(&mgr->base, &adev->ttm, adev->vram_size);

	ret = gpu_buddy_init(&mgr->mm, adev->vram_size, PAGE_SIZE);
	if (ret)
		return ret;

	ttm_set_driver_manager(&adev->ttm, TTM_PL_VRAM, &mgr->base);
	ttm_resource_manager_set_used(&mgr->base, true);
	return drmm_add_action_or_reset(&adev->drm, axon_vram_fini, mgr);
}
