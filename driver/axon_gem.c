// SPDX-License-Identifier: GPL-2.0

#include <linux/iosys-map.h>
#include <linux/mm.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "axon_accel.h"
#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_place.h"
#include "axon_pm.h"
#include "axon_vm.h"

#define AXON_BO_PLACEMENTS (DRM_AXON_BO_VRAM | DRM_AXON_BO_SYSTEM)

static void axon_bo_free(struct drm_gem_object *obj)
{
	ttm_bo_put(&to_axon_bo(obj)->tbo);
}

/* Runs when the last reference that TTM itself holds is gone. */
static void axon_bo_destroy(struct ttm_buffer_object *tbo)
{
	struct axon_bo *bo = container_of(tbo, struct axon_bo, tbo);
	struct axon_device *adev = to_axon_device(tbo->base.dev);

	atomic64_sub(tbo->base.size, &adev->purpose_bytes[bo->purpose]);
	drm_gem_object_release(&tbo->base);
	if (bo->vm_obj)
		drm_gem_object_put(bo->vm_obj);
	kfree(bo);
}

/* PRIME is not offered: refuse it here, before an importer asks for pages. */
static struct dma_buf *axon_bo_export(struct drm_gem_object *obj, int flags)
{
	return ERR_PTR(-EOPNOTSUPP);
}

/* As TTM's own, and device memory is there only while the chip is awake. */
static vm_fault_t axon_bo_fault(struct vm_fault *vmf)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	struct axon_device *adev = to_axon_device(tbo->base.dev);
	pgprot_t prot = vmf->vma->vm_page_prot;
	vm_fault_t ret;
	int idx;

	ret = ttm_bo_vm_reserve(tbo, vmf);
	if (ret)
		return ret;

	if (axon_pm_enter(adev, &idx)) {
		ret = ttm_bo_vm_fault_reserved(vmf, prot, TTM_BO_VM_NUM_PREFAULT);
		axon_pm_exit(adev, idx);
	} else {
		ret = ttm_bo_vm_dummy_page(vmf, prot);
	}
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

static const struct vm_operations_struct axon_bo_vm_ops = {
	.fault = axon_bo_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
	.access = ttm_bo_vm_access,
};

static const struct drm_gem_object_funcs axon_bo_funcs = {
	.free = axon_bo_free,
	.export = axon_bo_export,
	.print_info = drm_gem_ttm_print_info,
	.vmap = drm_gem_ttm_vmap,
	.vunmap = drm_gem_ttm_vunmap,
	.mmap = drm_gem_ttm_mmap,
	.vm_ops = &axon_bo_vm_ops,
};

/*
 * What may be in either goes to device memory while there is room, and to system memory rather than
 * push out somebody else.
 */
static void axon_bo_placement(u32 flags, struct ttm_place places[2], struct ttm_placement *out)
{
	bool either = (flags & AXON_BO_PLACEMENTS) == AXON_BO_PLACEMENTS;

	out->placement = places;
	out->num_placement = 0;
	if (flags & DRM_AXON_BO_VRAM)
		places[out->num_placement++] = (struct ttm_place){
			.mem_type = TTM_PL_VRAM,
			.flags = either ? TTM_PL_FLAG_DESIRED : 0,
		};
	if (flags & DRM_AXON_BO_SYSTEM)
		places[out->num_placement++] = (struct ttm_place){
			.mem_type = TTM_PL_TT,
			.flags = either ? TTM_PL_FLAG_FALLBACK : 0,
		};
}

/* TTM says -ENOMEM when a placement is full; say which memory it was. */
static int axon_bo_placement_error(u32 flags, int ret)
{
	return ret == -ENOMEM && flags == DRM_AXON_BO_VRAM ? -ENOSPC : ret;
}

/**
 * axon_bo_validate() - bring a buffer to a place where the chip can reach it
 * @bo: the buffer, locked
 *
 * To be called from an attempt of axon_place(). No buffer leaves for it whose reservation the
 * caller holds, which those of the same VM share.
 *
 * Return: 0, -ENOSPC when device memory is full, or another negative error.
 */
int axon_bo_validate(struct axon_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_placement placement;
	struct ttm_place places[2];

	axon_bo_placement(bo->flags, places, &placement);
	return axon_bo_placement_error(bo->flags, ttm_bo_validate(&bo->tbo, &placement, &ctx));
}

/**
 * struct axon_bo_place - what axon_bo_place_attempt() is to do
 */
struct axon_bo_place {
	/** @bo: the buffer */
	struct axon_bo *bo;
	/** @pin: to stay */
	bool pin;
};

/* Locked with a ticket, so that TTM can wait for those who hold what might make room. */
static int axon_bo_place_attempt(void *arg)
{
	struct axon_bo_place *place = arg;
	struct axon_bo *bo = place->bo;
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT, 1);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &bo->tbo.base);
		drm_exec_retry_on_contention(&exec);
		if (!ret)
			ret = axon_bo_validate(bo);
	}
	if (!ret && place->pin)
		ttm_bo_pin(&bo->tbo);
	drm_exec_fini(&exec);
	return ret;
}

static int axon_bo_place(struct axon_bo *bo, bool pin)
{
	struct axon_bo_place place = { .bo = bo, .pin = pin };

	return axon_place(to_axon_device(bo->tbo.base.dev), axon_bo_place_attempt, &place);
}

/**
 * axon_bo_pin() - bring a buffer to a place where the chip can reach it, and keep it there
 * @bo: the buffer
 *
 * Return: 0, or as axon_bo_validate().
 */
int axon_bo_pin(struct axon_bo *bo)
{
	return axon_bo_place(bo, true);
}

/**
 * axon_bo_unpin() - the mirror of axon_bo_pin()
 * @bo: the buffer
 */
void axon_bo_unpin(struct axon_bo *bo)
{
	ttm_bo_reserve(&bo->tbo, false, false, NULL);
	ttm_bo_unpin(&bo->tbo);
	ttm_bo_unreserve(&bo->tbo);
}

/**
 * axon_bo_map_word() - find a few bytes of a buffer
 * @bo: the buffer, pinned
 * @offset: of the first
 * @map: filled in: where the processor finds them, up to the end of their page
 *
 * Nothing is mapped for it: the kernel has all of device memory mapped while the device is there,
 * and all of its own memory.
 */
void axon_bo_map_word(struct axon_bo *bo, u64 offset, struct iosys_map *map)
{
	struct axon_device *adev = to_axon_device(bo->tbo.base.dev);
	struct axon_cursor cur;

	if (bo->tbo.resource->mem_type == TTM_PL_VRAM) {
		axon_cursor_bo(&cur, bo, offset & PAGE_MASK, PAGE_SIZE);
		iosys_map_set_vaddr_iomem(map, adev->vram_io + cur.addr + offset_in_page(offset));
	} else {
		iosys_map_set_vaddr(map, page_address(bo->tbo.ttm->pages[offset >> PAGE_SHIFT]) +
						 offset_in_page(offset));
	}
}

static u64 axon_bo_max_size(struct axon_device *adev, u32 flags)
{
	return max(flags & DRM_AXON_BO_VRAM ? adev->vram_size : 0,
		   flags & DRM_AXON_BO_SYSTEM ? adev->tt.size : 0);
}

/* A buffer of one VM only shares that VM's reservation, which must be held while it is made. */
static int axon_bo_init(struct axon_bo *bo, struct axon_device *adev, enum ttm_bo_type type)
{
	static struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement nowhere = { .num_placement = 1, .placement = &system };
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct dma_resv *resv = bo->vm_obj ? bo->vm_obj->resv : NULL;
	int ret;

	if (resv)
		dma_resv_lock(resv, NULL);
	ret = ttm_bo_init_reserved(&adev->ttm, &bo->tbo, type, &nowhere, 0, &ctx, NULL, resv,
				   axon_bo_destroy);
	if (resv)
		dma_resv_unlock(resv);
	else if (!ret)
		ttm_bo_unreserve(&bo->tbo);
	return ret;
}

static struct axon_bo *axon_bo_create(struct axon_device *adev, u64 size, u32 flags, u32 purpose,
				      struct axon_vm *vm, enum ttm_bo_type type)
{
	struct axon_bo *bo;
	int ret;

	bo = kzalloc(sizeof(*bo), GFP_KERNEL);
	if (!bo)
		return ERR_PTR(-ENOMEM);

	bo->flags = flags;
	bo->purpose = purpose;
	bo->tbo.base.funcs = &axon_bo_funcs;
	drm_gem_private_object_init(&adev->drm, &bo->tbo.base, size);
	atomic64_add(size, &adev->purpose_bytes[purpose]);
	if (vm) {
		bo->vm_obj = drm_gpuvm_resv_obj(&vm->base);
		drm_gem_object_get(bo->vm_obj);
	}

	/* TTM frees @bo when this fails. */
	ret = axon_bo_init(bo, adev, type);
	if (ret)
		return ERR_PTR(ret);

	ret = axon_bo_place(bo, type == ttm_bo_type_kernel);
	if (ret) {
		drm_gem_object_put(&bo->tbo.base);
		return ERR_PTR(ret);
	}
	return bo;
}

/**
 * axon_bo_create_pinned() - make a buffer for the kernel and the chip alone
 * @adev: the device
 * @size: bytes, page-aligned
 *
 * In system memory: what is pinned would be missing where others have nothing else.
 *
 * Return: the buffer or an error pointer.
 */
struct axon_bo *axon_bo_create_pinned(struct axon_device *adev, u64 size)
{
	return axon_bo_create(adev, size, DRM_AXON_BO_SYSTEM, DRM_AXON_PURPOSE_OTHER, NULL,
			      ttm_bo_type_kernel);
}

/**
 * axon_bo_put_pinned() - the mirror of axon_bo_create_pinned()
 * @bo: the buffer; the chip does not use it any more
 */
void axon_bo_put_pinned(struct axon_bo *bo)
{
	axon_bo_unpin(bo);
	drm_gem_object_put(&bo->tbo.base);
}

/**
 * axon_bo_create_ioctl() - DRM_IOCTL_AXON_BO_CREATE
 * @drm: the device
 * @data: struct drm_axon_bo_create
 * @file: the caller
 *
 * Return: 0; -EINVAL for size 0, unknown flags or purpose, or no placement; -ENOENT for a VM that
 * does not exist; -ENOSPC when no allowed placement can hold the buffer.
 */
int axon_bo_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct axon_device *adev = to_axon_device(drm);
	struct drm_axon_bo_create *args = data;
	struct axon_vm *vm = NULL;
	struct axon_bo *bo;
	int ret;

	if (!args->size || !(args->flags & AXON_BO_PLACEMENTS) ||
	    args->flags & ~AXON_BO_PLACEMENTS || args->purpose >= DRM_AXON_PURPOSE_COUNT)
		return -EINVAL;

	if (args->size > axon_bo_max_size(adev, args->flags))
		return -ENOSPC;

	args->size = PAGE_ALIGN(args->size);
	if (args->vm_id) {
		vm = axon_vm_lookup(to_axon_file(file), args->vm_id);
		if (!vm)
			return -ENOENT;
	}
	bo = axon_bo_create(adev, args->size, args->flags, args->purpose, vm, ttm_bo_type_device);
	if (vm)
		axon_vm_put(vm);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_handle_create(file, &bo->tbo.base, &args->handle);
	drm_gem_object_put(&bo->tbo.base);
	return ret;
}

/**
 * axon_bo_mmap_offset_ioctl() - DRM_IOCTL_AXON_BO_MMAP_OFFSET
 * @drm: the device
 * @data: struct drm_axon_bo_mmap_offset
 * @file: the caller
 *
 * Return: 0; -EINVAL for non-zero padding; -ENOENT for a handle that does not exist.
 */
int axon_bo_mmap_offset_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_axon_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;

	if (args->pad)
		return -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return 0;
}
