// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Eviction and return
 *
 * A buffer that is mapped may be pushed out of device memory, or of system memory, at any time when
 * others need the room. Before it goes, TTM's move waits for all fences in its reservation, and
 * axon_place_leave() clears its entries in every address space that maps it and waits until the
 * chip has forgotten them; only then is the memory given to somebody else. The mappings stay in the
 * tree, and &drm_gpuvm remembers that the buffer was evicted there.
 *
 * Before a job gets its fence, all buffers of its address space are locked, and those that were
 * evicted are brought back by axon_place_return(), which rewrites their entries wherever they are
 * now. The job's fence is then in the reservation of each, so that none leaves before the job has
 * ended: what a job can reach is there while it runs. So the buffers of one address space have to
 * fit into device memory together, but for those that may be in system memory as well.
 *
 * Everything that brings buffers to a place is an attempt, a function that takes its locks, does it
 * all or undoes it, and lets go of its locks. Attempts run side by side under a shared lock. One
 * may find device memory full for no better reason than that another has locked what could leave.
 * It is then repeated with that lock held exclusively. What still does not fit does not fit at all.
 *
 * Locking. The order is &axon_device.place_lock, &axon_vm.lock, the reservations, then
 * &axon_mmu.lock. Jobs' fences end without any of these, so that waiting for them under a
 * reservation is safe; TTM does so while it evicts. Nothing is validated and no memory allocated
 * between the arming of a job's fence and its publication.
 *
 * Which buffer leaves: the one that came to its place first. A submission touches no list for that.
 * Rejected: sorting all of an address space's buffers to the end of TTM's list with each job, as
 * that is work for each of them, and a mistake corrects itself: what is still in use comes back
 * behind all that is not.
 */

#include <linux/rwsem.h>

#include <drm/drm_exec.h>
#include <drm/drm_gpuvm.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_place.h"
#include "axon_vm.h"

/**
 * axon_place() - carry out something that brings buffers to a place
 * @adev: the device
 * @attempt: does so, or returns an error and has done nothing; called at most twice
 * @arg: for @attempt
 *
 * Return: what @attempt returns, -ENOSPC only when nothing else was in its way; -EINTR.
 */
int axon_place(struct axon_device *adev, int (*attempt)(void *arg), void *arg)
{
	int ret;

	ret = down_read_interruptible(&adev->place_lock);
	if (ret)
		return ret;
	ret = attempt(arg);
	up_read(&adev->place_lock);
	if (ret != -ENOSPC)
		return ret;

	ret = down_write_killable(&adev->place_lock);
	if (ret)
		return ret;
	ret = attempt(arg);
	up_write(&adev->place_lock);
	return ret;
}

/**
 * axon_place_leave() - take a buffer away from the chip, for it is about to move
 * @bo: the buffer, locked; no fence of its reservation is left
 */
void axon_place_leave(struct axon_bo *bo)
{
	struct drm_gem_object *obj = &bo->tbo.base;
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		drm_gpuvm_bo_evict(vm_bo, true);
		drm_gpuvm_bo_for_each_va(va, vm_bo)
			axon_mmu_zap(&to_axon_vm(vm_bo->vm)->mmu, va->va.addr, va->va.range);
	}
}

/* Write the entries of a mapping whose buffer is where it is to be. */
static int axon_place_map(struct axon_mmu *mmu, struct axon_bo *bo, struct drm_gpuva *va)
{
	struct axon_cursor cur;
	int ret;

	/* Tables of small pages that it has left behind may have to make room for a large one. */
	axon_mmu_prune(mmu, va->va.addr, va->va.range);
	axon_cursor_bo(&cur, bo, va->gem.offset, va->va.range);
	ret = axon_mmu_prepare_map(mmu, va->va.addr, &cur);
	if (!ret)
		axon_mmu_map(mmu, va->va.addr, &cur, to_axon_vma(va)->flags);
	axon_mmu_flush(mmu, va->va.addr, va->va.addr + va->va.range);
	return ret;
}

/**
 * axon_place_return() - bring a buffer back that was evicted: &drm_gpuvm_ops.vm_bo_validate
 * @vm_bo: the buffer in the address space; both are locked
 * @exec: the locks
 *
 * Return: 0, or as axon_bo_validate(). After an error the buffer still counts as evicted.
 */
int axon_place_return(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct axon_bo *bo = to_axon_bo(vm_bo->obj);
	struct axon_vm *vm = to_axon_vm(vm_bo->vm);
	struct drm_gpuva *va;
	int ret;

	ret = axon_bo_validate(bo);
	if (ret)
		return ret;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		ret = axon_place_map(&vm->mmu, bo, va);
		if (ret)
			return ret;
	}
	drm_gpuvm_bo_evict(vm_bo, false);
	return 0;
}
