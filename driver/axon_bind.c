// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: VM_BIND
 *
 * All operations of one call take effect, or none does:
 *
 * 1. check what the caller asks for, and find the buffers;
 * 2. lock the VM, all buffers to be mapped and all that are mapped in the ranges now;
 * 3. for each operation in order: bring the buffer to its place, allocate mappings and page tables,
 *    then change the tree of mappings. This may fail, and what was done to the tree is undone;
 * 4. write the page tables, make the chip forget the old ones, and let go of the old mappings.
 *
 * Step 4 cannot fail and is all that an asynchronous VM_BIND would leave for later.
 *
 * A buffer that was evicted in this VM before stays so, although it is back now, until all of its
 * mappings are written together: see axon_place.c.
 *
 * In a long-running VM each mapping pins its buffer, because no job comes by that would bring it
 * back.
 */

#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>

#include "axon_accel.h"
#include "axon_array.h"
#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_place.h"
#include "axon_trace.h"
#include "axon_vm.h"

/**
 * struct axon_bind_op - one change to the tree of mappings
 */
struct axon_bind_op {
	/** @base: base class */
	struct drm_gpuva_op base;
	/** @vma: for DRM_GPUVA_OP_MAP: the new mapping */
	struct axon_vma *vma;
	/** @prev: for DRM_GPUVA_OP_REMAP: what stays before the range, or NULL */
	struct axon_vma *prev;
	/** @next: for DRM_GPUVA_OP_REMAP: what stays after it, or NULL */
	struct axon_vma *next;
};

/**
 * struct axon_bind - one operation of the caller's
 */
struct axon_bind {
	/** @bo: what to map, referenced; NULL to unmap */
	struct axon_bo *bo;
	/** @vm_bo: the buffer in this VM, referenced */
	struct drm_gpuvm_bo *vm_bo;
	/** @ops: changes to the tree */
	struct drm_gpuva_ops *ops;
	/** @offset: in @bo */
	u64 offset;
	/** @va: first address */
	u64 va;
	/** @size: bytes */
	u64 size;
	/** @flags: AXON_PTE_W, AXON_PTE_X */
	u64 flags;
};

static struct axon_bind_op *to_axon_bind_op(struct drm_gpuva_op *op)
{
	return container_of(op, struct axon_bind_op, base);
}

/**
 * axon_bind_op_alloc() - &drm_gpuvm_ops.op_alloc
 *
 * Return: the base class of a new struct axon_bind_op, or NULL.
 */
struct drm_gpuva_op *axon_bind_op_alloc(void)
{
	struct axon_bind_op *op = kzalloc(sizeof(*op), GFP_KERNEL);

	return op ? &op->base : NULL;
}

/**
 * axon_bind_op_free() - &drm_gpuvm_ops.op_free
 * @op: base class of a struct axon_bind_op
 */
void axon_bind_op_free(struct drm_gpuva_op *op)
{
	kfree(to_axon_bind_op(op));
}

/* ---- mappings; the buffer's reservation is held ---- */

static struct axon_vma *axon_vma_alloc(u64 flags)
{
	struct axon_vma *vma = kzalloc(sizeof(*vma), GFP_KERNEL);

	if (vma)
		vma->flags = flags;
	return vma;
}

/* @vma has just been put into the tree. */
static void axon_vma_link(struct axon_vma *vma, struct drm_gpuvm_bo *vm_bo)
{
	if (!vma)
		return;
	drm_gpuva_link(&vma->base, vm_bo);
	if (to_axon_vm(vm_bo->vm)->long_running)
		ttm_bo_pin(&to_axon_bo(vma->base.gem.obj)->tbo);
}

/* @vma is not in the tree any more. */
static void axon_vma_destroy(struct axon_vma *vma)
{
	if (to_axon_vm(vma->base.vm)->long_running)
		ttm_bo_unpin(&to_axon_bo(vma->base.gem.obj)->tbo);
	drm_gpuva_unlink(&vma->base);
	kfree(vma);
}

static void axon_vma_remove(struct axon_vma *vma)
{
	if (!vma)
		return;
	drm_gpuva_remove(&vma->base);
	axon_vma_destroy(vma);
}

/* ---- the tree ---- */

static int axon_bind_alloc_op(struct axon_bind *bind, struct drm_gpuva_op *base)
{
	struct axon_bind_op *op = to_axon_bind_op(base);
	u64 flags;

	switch (base->op) {
	case DRM_GPUVA_OP_MAP:
		op->vma = axon_vma_alloc(bind->flags);
		return op->vma ? 0 : -ENOMEM;
	case DRM_GPUVA_OP_REMAP:
		flags = to_axon_vma(base->remap.unmap->va)->flags;
		if (base->remap.prev)
			op->prev = axon_vma_alloc(flags);
		if (base->remap.next)
			op->next = axon_vma_alloc(flags);
		if (!op->prev == !base->remap.prev && !op->next == !base->remap.next)
			return 0;
		return -ENOMEM;
	default:
		return 0;
	}
}

static void axon_bind_free_op(struct drm_gpuva_op *base)
{
	struct axon_bind_op *op = to_axon_bind_op(base);

	kfree(op->vma);
	kfree(op->prev);
	kfree(op->next);
}

static void axon_bind_apply_op(struct axon_vm *vm, struct axon_bind *bind,
			       struct drm_gpuva_op *base)
{
	struct axon_bind_op *op = to_axon_bind_op(base);

	switch (base->op) {
	case DRM_GPUVA_OP_MAP:
		drm_gpuva_map(&vm->base, &op->vma->base, &base->map);
		axon_vma_link(op->vma, bind->vm_bo);
		break;
	case DRM_GPUVA_OP_REMAP:
		drm_gpuva_remap(op->prev ? &op->prev->base : NULL,
				op->next ? &op->next->base : NULL, &base->remap);
		axon_vma_link(op->prev, base->remap.unmap->va->vm_bo);
		axon_vma_link(op->next, base->remap.unmap->va->vm_bo);
		break;
	default:
		drm_gpuva_unmap(&base->unmap);
		break;
	}
}

static void axon_bind_undo_op(struct axon_vm *vm, struct drm_gpuva_op *base)
{
	struct axon_bind_op *op = to_axon_bind_op(base);

	/* Inserting cannot fail: the place was this mapping's own until now. */
	switch (base->op) {
	case DRM_GPUVA_OP_MAP:
		axon_vma_remove(op->vma);
		break;
	case DRM_GPUVA_OP_REMAP:
		axon_vma_remove(op->prev);
		axon_vma_remove(op->next);
		drm_gpuva_insert(&vm->base, base->remap.unmap->va);
		break;
	default:
		drm_gpuva_insert(&vm->base, base->unmap.va);
		break;
	}
}

/* The mapping that @base took out of the tree, or NULL. */
static struct axon_vma *axon_bind_old_vma(struct drm_gpuva_op *base)
{
	switch (base->op) {
	case DRM_GPUVA_OP_REMAP:
		return to_axon_vma(base->remap.unmap->va);
	case DRM_GPUVA_OP_UNMAP:
		return to_axon_vma(base->unmap.va);
	default:
		return NULL;
	}
}

/* ---- one operation of the caller's ---- */

static int axon_bind_prepare_map(struct axon_vm *vm, struct axon_bind *bind)
{
	struct drm_gem_object *obj = &bind->bo->tbo.base;
	struct axon_cursor cur;
	int ret;

	ret = axon_bo_validate(bind->bo);
	if (ret)
		return ret;

	bind->vm_bo = drm_gpuvm_bo_obtain(&vm->base, obj);
	if (IS_ERR(bind->vm_bo)) {
		ret = PTR_ERR(bind->vm_bo);
		bind->vm_bo = NULL;
		return ret;
	}
	drm_gpuvm_bo_extobj_add(bind->vm_bo);

	axon_cursor_bo(&cur, bind->bo, bind->offset, bind->size);
	ret = axon_mmu_prepare_map(&vm->mmu, bind->va, &cur);
	if (ret)
		return ret;

	bind->ops = drm_gpuvm_sm_map_ops_create(&vm->base, bind->va, bind->size, obj, bind->offset);
	return 0;
}

static int axon_bind_alloc(struct axon_vm *vm, struct axon_bind *bind)
{
	struct drm_gpuva_op *op;
	int ret;

	ret = axon_mmu_prepare_unmap(&vm->mmu, bind->va, bind->size);
	if (ret)
		return ret;

	if (bind->bo)
		ret = axon_bind_prepare_map(vm, bind);
	else
		bind->ops = drm_gpuvm_sm_unmap_ops_create(&vm->base, bind->va, bind->size);
	if (ret)
		return ret;

	if (IS_ERR(bind->ops)) {
		ret = PTR_ERR(bind->ops);
		bind->ops = NULL;
		return ret;
	}

	drm_gpuva_for_each_op(op, bind->ops) {
		ret = axon_bind_alloc_op(bind, op);
		if (ret)
			goto err_ops;
	}
	return 0;

err_ops:
	drm_gpuva_for_each_op(op, bind->ops)
		axon_bind_free_op(op);
	drm_gpuva_ops_free(&vm->base, bind->ops);
	bind->ops = NULL;
	return ret;
}

static void axon_bind_undo(struct axon_vm *vm, struct axon_bind *bind)
{
	struct drm_gpuva_op *op;

	drm_gpuva_for_each_op_reverse(op, bind->ops)
		axon_bind_undo_op(vm, op);
}

/* Write the page tables. */
static void axon_bind_commit(struct axon_vm *vm, struct axon_bind *bind)
{
	struct axon_cursor cur;

	trace_axon_bind(to_axon_device(vm->base.drm), vm->mmu.as, bind->va, bind->size, bind->bo);
	axon_mmu_unmap(&vm->mmu, bind->va, bind->size);
	if (!bind->bo || bind->vm_bo->evicted)
		return;

	axon_cursor_bo(&cur, bind->bo, bind->offset, bind->size);
	axon_mmu_map(&vm->mmu, bind->va, &cur, bind->flags);
}

/* The chip has forgotten the old mappings. */
static void axon_bind_finish(struct axon_bind *bind)
{
	struct drm_gpuva_op *op;

	drm_gpuva_for_each_op(op, bind->ops) {
		struct axon_vma *old = axon_bind_old_vma(op);

		if (old)
			axon_vma_destroy(old);
	}
}

/* ---- all of them ---- */

static int axon_bind_all(struct axon_vm *vm, struct axon_bind *binds, u32 count)
{
	struct drm_gpuva_op *op;
	int ret = 0;
	u32 i;

	for (i = 0; i < count; i++) {
		ret = axon_bind_alloc(vm, &binds[i]);
		if (ret)
			break;
		drm_gpuva_for_each_op(op, binds[i].ops)
			axon_bind_apply_op(vm, &binds[i], op);
	}

	if (ret)
		while (i--)
			axon_bind_undo(vm, &binds[i]);
	return ret;
}

static void axon_bind_commit_all(struct axon_vm *vm, struct axon_bind *binds, u32 count, bool ok)
{
	u64 start = U64_MAX, end = 0;
	u32 i;

	for (i = 0; ok && i < count; i++)
		axon_bind_commit(vm, &binds[i]);

	/* After a failure too: the tables that were prepared may be empty. */
	for (i = 0; i < count; i++) {
		axon_mmu_prune(&vm->mmu, binds[i].va, binds[i].size);
		start = min(start, binds[i].va);
		end = max(end, binds[i].va + binds[i].size);
	}

	/* Even when the chip has to be reset for it, nothing uses the old mappings afterwards. */
	axon_mmu_flush(&vm->mmu, start, end);

	for (i = 0; ok && i < count; i++)
		axon_bind_finish(&binds[i]);
}

static int axon_bind_lock_and_do(struct axon_vm *vm, struct drm_exec *exec, struct axon_bind *binds,
				 u32 count)
{
	int ret = 0;
	u32 i;

	drm_exec_until_all_locked(exec) {
		for (i = 0; i < count; i++) {
			ret = drm_gpuvm_prepare_range(&vm->base, exec, binds[i].va, binds[i].size,
						      0);
			if (!ret && binds[i].bo)
				ret = drm_exec_lock_obj(exec, &binds[i].bo->tbo.base);
			drm_exec_retry_on_contention(exec);
			if (ret)
				return ret;
		}
		/* While not all is locked yet: TTM locks what it pushes out with this ticket. */
		ret = axon_bind_all(vm, binds, count);
	}
	axon_bind_commit_all(vm, binds, count, !ret);
	return ret;
}

/**
 * struct axon_bind_attempt - what axon_bind_attempt() is to carry out
 */
struct axon_bind_attempt {
	/** @vm: the VM */
	struct axon_vm *vm;
	/** @binds: operations, checked */
	struct axon_bind *binds;
	/** @count: of @binds */
	u32 count;
};

static int axon_bind_attempt(void *arg)
{
	struct axon_bind_attempt *a = arg;
	struct axon_vm *vm = a->vm;
	struct drm_exec exec;
	int ret;
	u32 i;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, a->count);
	ret = axon_bind_lock_and_do(vm, &exec, a->binds, a->count);

	for (i = 0; i < a->count; i++) {
		struct axon_bind *bind = &a->binds[i];

		if (bind->ops)
			drm_gpuva_ops_free(&vm->base, bind->ops);
		drm_gpuvm_bo_put(bind->vm_bo);
		bind->ops = NULL;
		bind->vm_bo = NULL;
	}
	drm_exec_fini(&exec);
	mutex_unlock(&vm->lock);
	return ret;
}

/* ---- what the caller asks for ---- */

static int axon_bind_check_range(const struct drm_axon_bind_op *in)
{
	u64 end;

	if (!in->size || !PAGE_ALIGNED(in->va | in->size | in->bo_offset))
		return -EINVAL;
	if (check_add_overflow(in->va, in->size, &end) || in->va < AXON_VA_START ||
	    end > AXON_VA_END)
		return -EINVAL;
	return 0;
}

static int axon_bind_check_bo(struct axon_vm *vm, struct axon_bo *bo,
			      const struct drm_axon_bind_op *in)
{
	u64 end;

	if (check_add_overflow(in->bo_offset, in->size, &end) || end > bo->tbo.base.size)
		return -EINVAL;
	/* A buffer of one VM shares that VM's reservation. */
	if (bo->vm_obj && bo->vm_obj != drm_gpuvm_resv_obj(&vm->base))
		return -EINVAL;
	return 0;
}

static int axon_bind_check_map(struct axon_vm *vm, struct drm_file *file,
			       const struct drm_axon_bind_op *in, struct axon_bind *out)
{
	struct drm_gem_object *obj;

	if (in->flags & ~(DRM_AXON_BIND_READONLY | DRM_AXON_BIND_EXEC))
		return -EINVAL;

	obj = drm_gem_object_lookup(file, in->bo_handle);
	if (!obj)
		return -ENOENT;

	out->bo = to_axon_bo(obj);
	out->offset = in->bo_offset;
	out->flags = (in->flags & DRM_AXON_BIND_READONLY ? 0 : AXON_PTE_W) |
		     (in->flags & DRM_AXON_BIND_EXEC ? AXON_PTE_X : 0);
	return axon_bind_check_bo(vm, out->bo, in);
}

static int axon_bind_check(struct axon_vm *vm, struct drm_file *file,
			   const struct drm_axon_bind_op *in, struct axon_bind *out)
{
	int ret;

	if (in->pad)
		return -EINVAL;

	ret = axon_bind_check_range(in);
	if (ret)
		return ret;

	out->va = in->va;
	out->size = in->size;
	switch (in->op) {
	case DRM_AXON_BIND_MAP:
		return axon_bind_check_map(vm, file, in, out);
	case DRM_AXON_BIND_UNMAP:
		return in->flags || in->bo_handle || in->bo_offset ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int axon_bind_array(struct axon_vm *vm, struct drm_file *file,
			   const struct drm_axon_bind_op *in, u32 count)
{
	struct axon_bind_attempt attempt = { .vm = vm, .count = count };
	struct axon_bind *binds;
	int ret = 0;
	u32 i;

	binds = kvcalloc(count, sizeof(*binds), GFP_KERNEL);
	if (!binds)
		return -ENOMEM;
	attempt.binds = binds;

	for (i = 0; i < count && !ret; i++)
		ret = axon_bind_check(vm, file, &in[i], &binds[i]);
	if (!ret)
		ret = axon_place(vm->mmu.adev, axon_bind_attempt, &attempt);

	for (i = 0; i < count; i++)
		if (binds[i].bo)
			drm_gem_object_put(&binds[i].bo->tbo.base);
	kvfree(binds);
	return ret;
}

/**
 * axon_vm_bind_ioctl() - DRM_IOCTL_AXON_VM_BIND
 * @drm: the device
 * @data: struct drm_axon_vm_bind
 * @file: the caller
 *
 * Return: 0; -EINVAL for unknown flags or operations, non-zero padding, no or too many operations,
 * what is not page-aligned or outside the buffer or the user's range, and for a buffer that belongs
 * to another VM; -EOPNOTSUPP for syncobjs; -ENOENT for a VM or buffer that does not exist; -ENOSPC
 * when device memory is full.
 */
int axon_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_axon_vm_bind *args = data;
	struct drm_axon_bind_op *ops;
	struct axon_vm *vm;
	int ret;

	if (args->flags || !args->ops.count)
		return -EINVAL;
	if (args->syncs.count)
		return -EOPNOTSUPP;

	vm = axon_vm_lookup(to_axon_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;

	ops = axon_array_get(&args->ops, sizeof(*ops), DRM_AXON_MAX_BIND_OPS);
	if (IS_ERR(ops)) {
		ret = PTR_ERR(ops);
	} else {
		ret = axon_bind_array(vm, file, ops, args->ops.count);
		kvfree(ops);
	}
	axon_vm_put(vm);
	return ret;
}

/**
 * axon_vm_forget() - drop all mappings of an address space that the chip has lost
 * @vm: the VM, locked
 */
void axon_vm_forget(struct axon_vm *vm)
{
	struct drm_gpuva *va, *next;

	drm_gpuvm_for_each_va_safe(va, next, &vm->base) {
		struct drm_gem_object *obj = va->gem.obj;

		/* The kernel's reserved node, absent here, would have none. */
		drm_gem_object_get(obj);
		dma_resv_lock(obj->resv, NULL);
		axon_vma_remove(to_axon_vma(va));
		dma_resv_unlock(obj->resv);
		drm_gem_object_put(obj);
	}
}
