// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Placement
 *
 * Buffers live in device memory (TTM_PL_VRAM) or in system memory that the chip can reach
 * (TTM_PL_TT), and may be pushed from the first to the second, and from there into TTM's own care
 * (TTM_PL_SYSTEM), mapped or not: axon_place.c has page tables follow. A new buffer begins in TTM's
 * care, without any memory.
 *
 * Device memory is cleared before it holds a buffer for the first time, unless no program will
 * ever see that buffer. The chip does that, and the moves, on a queue of the driver's own; the CPU
 * stands in when the chip fails, through the write-combined mapping of all of device memory.
 */

#include <kunit/visibility.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_kmap_iter.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_migrate.h"
#include "axon_place.h"
#include "axon_pm.h"
#include "axon_ttm.h"

static struct axon_device *ttm_to_axon(struct ttm_device *bdev)
{
	return container_of(bdev, struct axon_device, ttm);
}

static struct axon_bo *ttm_to_axon_bo(struct ttm_buffer_object *tbo)
{
	return container_of(tbo, struct axon_bo, tbo);
}

/* ---- system memory: pages ---- */

static struct ttm_tt *axon_tt_create(struct ttm_buffer_object *tbo, u32 page_flags)
{
	struct ttm_tt *tt = kzalloc(sizeof(*tt), GFP_KERNEL);

	if (tt && ttm_sg_tt_init(tt, tbo, page_flags, ttm_cached)) {
		kfree(tt);
		return NULL;
	}
	return tt;
}

static int axon_tt_populate(struct ttm_device *bdev, struct ttm_tt *tt,
			    struct ttm_operation_ctx *ctx)
{
	return ttm_pool_alloc(&bdev->pool, tt, ctx);
}

static void axon_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_pool_free(&bdev->pool, tt);
}

static void axon_tt_destroy(struct ttm_device *bdev, struct ttm_tt *tt)
{
	ttm_tt_fini(tt);
	kfree(tt);
}

/* ---- system memory: accounting ---- */

static int axon_tt_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
			 const struct ttm_place *place, struct ttm_resource **res)
{
	struct ttm_resource *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;

	ttm_resource_init(tbo, place, r);
	if (ttm_resource_manager_usage(man) > man->size) {
		ttm_resource_fini(man, r);
		kfree(r);
		return -ENOSPC;
	}
	*res = r;
	return 0;
}

static void axon_tt_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	ttm_resource_fini(man, res);
	kfree(res);
}

static const struct ttm_resource_manager_func axon_tt_func = {
	.alloc = axon_tt_alloc,
	.free = axon_tt_free,
};

static void axon_tt_fini(struct drm_device *drm, void *arg)
{
	struct axon_device *adev = to_axon_device(drm);

	ttm_resource_manager_set_used(&adev->tt, false);
	if (drm_WARN_ON(drm, ttm_resource_manager_evict_all(&adev->ttm, &adev->tt)))
		return;

	ttm_resource_manager_cleanup(&adev->tt);
	ttm_set_driver_manager(&adev->ttm, TTM_PL_TT, NULL);
}

/* Half of the machine's memory, which is also what TTM lets its drivers have. */
static int axon_tt_init(struct axon_device *adev)
{
	adev->tt.use_tt = true;
	adev->tt.func = &axon_tt_func;
	ttm_resource_manager_init(&adev->tt, &adev->ttm, (u64)totalram_pages() << PAGE_SHIFT >> 1);
	ttm_set_driver_manager(&adev->ttm, TTM_PL_TT, &adev->tt);
	ttm_resource_manager_set_used(&adev->tt, true);
	return drmm_add_action_or_reset(&adev->drm, axon_tt_fini, NULL);
}

/* ---- moves ---- */

/**
 * struct axon_kmap_iter - device memory for ttm_move_memcpy(), page after page
 */
struct axon_kmap_iter {
	/** @base: base class */
	struct ttm_kmap_iter base;
	/** @cur: at the next page */
	struct axon_cursor cur;
	/** @io: device memory */
	void __iomem *io;
};

static void axon_kmap_iter_map(struct ttm_kmap_iter *base, struct iosys_map *map, pgoff_t i)
{
	struct axon_kmap_iter *iter = container_of(base, struct axon_kmap_iter, base);

	iosys_map_set_vaddr_iomem(map, iter->io + iter->cur.addr);
	axon_cursor_advance(&iter->cur, PAGE_SIZE);
}

static const struct ttm_kmap_iter_ops axon_kmap_iter_ops = {
	.map_local = axon_kmap_iter_map,
};

static struct ttm_kmap_iter *axon_kmap_iter_init(struct axon_kmap_iter *iter,
						 struct axon_device *adev, struct ttm_resource *res)
{
	iter->base.ops = &axon_kmap_iter_ops;
	iter->io = adev->vram_io;
	axon_cursor_vram(&iter->cur, res, 0, res->size);
	return &iter->base;
}

static void axon_ttm_copy_by_cpu(struct ttm_buffer_object *tbo, struct ttm_resource *res,
				 bool to_vram)
{
	struct ttm_kmap_iter *vram, *pages;
	struct ttm_kmap_iter_tt tt_iter;
	struct axon_kmap_iter iter;

	vram = axon_kmap_iter_init(&iter, ttm_to_axon(tbo->bdev), res);
	pages = ttm_kmap_iter_tt_init(&tt_iter, tbo->ttm);
	ttm_move_memcpy(false, PFN_UP(res->size), to_vram ? vram : pages, to_vram ? pages : vram);
}

/* Copy between device memory and pages, in either direction. */
static int axon_ttm_copy(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			 struct ttm_resource *dst)
{
	struct axon_device *adev = ttm_to_axon(tbo->bdev);
	bool to_vram = dst->mem_type == TTM_PL_VRAM;
	struct ttm_resource *res = to_vram ? dst : tbo->resource;
	int ret, idx;

	ret = ttm_tt_populate(tbo->bdev, tbo->ttm, ctx);
	if (ret)
		return ret;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;
	if (axon_migrate_copy(adev, res, tbo->ttm->dma_address, to_vram))
		axon_ttm_copy_by_cpu(tbo, res, to_vram);
	axon_pm_exit(adev, idx);
	return 0;
}

static void axon_ttm_clear_by_cpu(struct axon_device *adev, struct ttm_resource *res)
{
	struct axon_cursor cur;

	axon_cursor_vram(&cur, res, 0, res->size);
	while (cur.left) {
		memset_io(adev->vram_io + cur.addr, 0, cur.run);
		axon_cursor_advance(&cur, cur.run);
	}
}

static int axon_ttm_clear(struct axon_device *adev, struct ttm_resource *res)
{
	int idx;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;
	if (axon_migrate_clear(adev, res))
		axon_ttm_clear_by_cpu(adev, res);
	axon_pm_exit(adev, idx);
	return 0;
}

/* It has no memory yet, and so nobody has used it. */
static bool axon_ttm_is_new(struct ttm_buffer_object *tbo)
{
	if (!tbo->resource)
		return true;
	return tbo->resource->mem_type == TTM_PL_SYSTEM && tbo->ttm &&
	       !ttm_tt_is_populated(tbo->ttm) && !(tbo->ttm->page_flags & TTM_TT_FLAG_SWAPPED);
}

static int axon_ttm_move_new(struct ttm_buffer_object *tbo, struct ttm_resource *dst)
{
	int ret = 0;

	if (dst->mem_type == TTM_PL_VRAM) {
		if (tbo->type != ttm_bo_type_kernel)
			ret = axon_ttm_clear(ttm_to_axon(tbo->bdev), dst);
		if (ret)
			return ret;
		/* As TTM does behind a move that it waits for. */
		axon_tt_destroy(tbo->bdev, tbo->ttm);
		tbo->ttm = NULL;
	}
	ttm_bo_move_null(tbo, dst);
	return 0;
}

/*
 * Everybody has to be done with the buffer where it is, and the chip to have forgotten the way
 * there, before it goes. Fences end in bounded time; TTM's own wait would give up on slow ones.
 */
static int axon_ttm_leave(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx)
{
	struct dma_resv *resv = tbo->base.resv;
	long left;

	if (ctx->no_wait_gpu) {
		if (!dma_resv_test_signaled(resv, DMA_RESV_USAGE_BOOKKEEP))
			return -EBUSY;
	} else {
		left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, ctx->interruptible,
					     MAX_SCHEDULE_TIMEOUT);
		if (left < 0)
			return left;
	}
	axon_place_leave(ttm_to_axon_bo(tbo));
	return 0;
}

static int axon_ttm_move_old(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			     struct ttm_resource *dst)
{
	bool copy = tbo->resource->mem_type == TTM_PL_VRAM || dst->mem_type == TTM_PL_VRAM;
	int ret = 0;

	/* The chip cannot reach what is in TTM's care. */
	if (copy || tbo->resource->mem_type != TTM_PL_SYSTEM)
		ret = axon_ttm_leave(tbo, ctx);
	if (!ret && copy)
		ret = axon_ttm_copy(tbo, ctx, dst);
	if (ret)
		return ret;

	if (copy)
		ttm_bo_move_sync_cleanup(tbo, dst);
	else
		ttm_bo_move_null(tbo, dst);
	return 0;
}

static int axon_ttm_move(struct ttm_buffer_object *tbo, bool evict, struct ttm_operation_ctx *ctx,
			 struct ttm_resource *dst, struct ttm_place *hop)
{
	int ret;

	ret = axon_ttm_is_new(tbo) ? axon_ttm_move_new(tbo, dst) : axon_ttm_move_old(tbo, ctx, dst);
	if (!ret)
		WRITE_ONCE(ttm_to_axon_bo(tbo)->placed, dst->mem_type);
	return ret;
}

static void axon_ttm_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement)
{
	static const struct ttm_place tt = { .mem_type = TTM_PL_TT };
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	bool vram = tbo->resource->mem_type == TTM_PL_VRAM;

	*placement = (struct ttm_placement){
		.num_placement = 1,
		.placement = vram ? &tt : &system,
	};
}

/* ---- CPU mappings ---- */

static int axon_ttm_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	if (res->mem_type != TTM_PL_VRAM)
		return 0;

	res->bus.offset = ttm_to_axon(bdev)->vram_base;
	res->bus.is_iomem = true;
	res->bus.caching = ttm_write_combined;
	return 0;
}

static unsigned long axon_ttm_io_mem_pfn(struct ttm_buffer_object *tbo, unsigned long page)
{
	struct axon_cursor cur;

	axon_cursor_vram(&cur, tbo->resource, (u64)page << PAGE_SHIFT, PAGE_SIZE);
	return PHYS_PFN(ttm_to_axon(tbo->bdev)->vram_base + cur.addr);
}

/* For debuggers: ptrace() and /proc/PID/mem. */
static int axon_ttm_access(struct ttm_buffer_object *tbo, unsigned long offset, void *buf, int len,
			   int write)
{
	struct axon_device *adev = ttm_to_axon(tbo->bdev);
	struct axon_cursor cur;
	int done = 0, idx;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;
	axon_cursor_vram(&cur, tbo->resource, offset, len);
	while (cur.left) {
		u64 n = cur.run;

		if (write)
			memcpy_toio(adev->vram_io + cur.addr, buf + done, n);
		else
			memcpy_fromio(buf + done, adev->vram_io + cur.addr, n);
		done += n;
		axon_cursor_advance(&cur, n);
	}
	axon_pm_exit(adev, idx);
	return done;
}

static const struct ttm_device_funcs axon_ttm_funcs = {
	.ttm_tt_create = axon_tt_create,
	.ttm_tt_populate = axon_tt_populate,
	.ttm_tt_unpopulate = axon_tt_unpopulate,
	.ttm_tt_destroy = axon_tt_destroy,
	.eviction_valuable = ttm_bo_eviction_valuable,
	.evict_flags = axon_ttm_evict_flags,
	.move = axon_ttm_move,
	.io_mem_reserve = axon_ttm_io_mem_reserve,
	.io_mem_pfn = axon_ttm_io_mem_pfn,
	.access_memory = axon_ttm_access,
};

static void axon_ttm_fini(struct drm_device *drm, void *arg)
{
	ttm_device_fini(&to_axon_device(drm)->ttm);
}

/**
 * axon_ttm_init() - set up buffer placement
 * @adev: the device, identified
 *
 * Return: 0 or a negative error. Undone when the DRM device is released.
 */
int axon_ttm_init(struct axon_device *adev)
{
	struct drm_device *drm = &adev->drm;
	int ret;

	ret = ttm_device_init(&adev->ttm, &axon_ttm_funcs, drm->dev, drm->anon_inode->i_mapping,
			      drm->vma_offset_manager, true, false);
	if (ret)
		return ret;

	ret = drmm_add_action_or_reset(drm, axon_ttm_fini, NULL);
	if (ret)
		return ret;

	ret = axon_tt_init(adev);
	if (ret)
		return ret;

	return axon_vram_init(adev);
}
EXPORT_SYMBOL_IF_KUNIT(axon_ttm_init);
