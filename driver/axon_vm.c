// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Address spaces
 *
 * User addresses run from 4 GiB, below which a core sees its local memory, to half of the 48 bits;
 * the upper half is reserved for what the kernel may want to keep there. Address space 0 is the
 * kernel's own and has no handle.
 *
 * A long-running VM takes user queues and nothing else: no fence depends on what runs in it.
 *
 * A VM lives as long as its handle or a queue on it: destroying the handle under a running queue
 * takes nothing away from the queue.
 */

#include <linux/slab.h>

#include <drm/drm_print.h>

#include "axon_accel.h"
#include "axon_device.h"
#include "axon_place.h"
#include "axon_vm.h"

/* The last mapping or user is gone: nothing is left but the structure. */
static void axon_vm_free(struct drm_gpuvm *gpuvm)
{
	kfree(to_axon_vm(gpuvm));
}

static const struct drm_gpuvm_ops axon_vm_ops = {
	.vm_free = axon_vm_free,
	.op_alloc = axon_bind_op_alloc,
	.op_free = axon_bind_op_free,
	.vm_bo_validate = axon_place_return,
};

static int axon_vm_init_mmu(struct axon_vm *vm, struct axon_device *adev)
{
	int as, ret;

	as = ida_alloc_range(&adev->as_ida, 1, AXON_NUM_AS - 1, GFP_KERNEL);
	if (as < 0)
		return as == -ENOSPC ? -EUSERS : as;

	ret = axon_mmu_init(&vm->mmu, adev, as);
	if (ret)
		ida_free(&adev->as_ida, as);
	return ret;
}

static struct axon_vm *axon_vm_create(struct axon_device *adev, bool long_running)
{
	struct drm_gem_object *resv_obj;
	struct axon_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	ret = axon_vm_init_mmu(vm, adev);
	if (ret)
		goto err_free;

	resv_obj = drm_gpuvm_resv_object_alloc(&adev->drm);
	if (!resv_obj) {
		ret = -ENOMEM;
		goto err_mmu;
	}

	kref_init(&vm->kref);
	mutex_init(&vm->lock);
	vm->long_running = long_running;
	drm_gpuvm_init(&vm->base, "axon", 0, &adev->drm, resv_obj, AXON_VA_START,
		       AXON_VA_END - AXON_VA_START, 0, 0, &axon_vm_ops);
	/* The VM holds the object now. */
	drm_gem_object_put(resv_obj);
	return vm;

err_mmu:
	axon_mmu_fini(&vm->mmu);
	ida_free(&adev->as_ida, vm->mmu.as);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
}

static void axon_vm_release(struct kref *kref)
{
	struct axon_vm *vm = container_of(kref, struct axon_vm, kref);
	struct axon_device *adev = vm->mmu.adev;

	mutex_lock(&vm->lock);
	/* The chip first: buffers are let go only when it cannot reach them any more. */
	axon_mmu_fini(&vm->mmu);
	axon_vm_forget(vm);
	mutex_unlock(&vm->lock);
	ida_free(&adev->as_ida, vm->mmu.as);
	drm_gpuvm_put(&vm->base);
}

/**
 * axon_vm_put() - drop a reference
 * @vm: the VM
 */
void axon_vm_put(struct axon_vm *vm)
{
	kref_put(&vm->kref, axon_vm_release);
}

/**
 * axon_vm_lookup() - find a VM
 * @afile: the caller's file
 * @id: handle
 *
 * Return: the VM, referenced, or NULL.
 */
struct axon_vm *axon_vm_lookup(struct axon_file *afile, u32 id)
{
	struct axon_vm *vm;

	xa_lock(&afile->vms);
	vm = xa_load(&afile->vms, id);
	if (vm)
		kref_get(&vm->kref);
	xa_unlock(&afile->vms);
	return vm;
}

/**
 * axon_vm_close() - drop the handles of a file that is being closed
 * @afile: the file
 */
void axon_vm_close(struct axon_file *afile)
{
	struct axon_vm *vm;
	unsigned long id;

	xa_for_each(&afile->vms, id, vm)
		axon_vm_put(vm);
	xa_destroy(&afile->vms);
}

/**
 * axon_vm_create_ioctl() - DRM_IOCTL_AXON_VM_CREATE
 * @drm: the device
 * @data: struct drm_axon_vm_create
 * @file: the caller
 *
 * Return: 0; -EINVAL for unknown flags; -EOPNOTSUPP for a long-running VM on a chip that offers no
 * user queues; -EUSERS when every address space is taken.
 */
int axon_vm_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct axon_device *adev = to_axon_device(drm);
	struct axon_file *afile = to_axon_file(file);
	struct drm_axon_vm_create *args = data;
	bool long_running = args->flags & DRM_AXON_VM_LONG_RUNNING;
	struct axon_vm *vm;
	int ret;

	if (args->flags & ~DRM_AXON_VM_LONG_RUNNING)
		return -EINVAL;
	if (long_running && !(adev->features & AXON_FEAT_USER_QUEUES))
		return -EOPNOTSUPP;

	vm = axon_vm_create(adev, long_running);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = xa_alloc(&afile->vms, &args->vm_id, vm, AXON_HANDLES, GFP_KERNEL);
	if (ret)
		axon_vm_put(vm);
	return ret;
}

/**
 * axon_vm_destroy_ioctl() - DRM_IOCTL_AXON_VM_DESTROY
 * @drm: the device
 * @data: struct drm_axon_vm_destroy
 * @file: the caller
 *
 * Return: 0; -EINVAL for non-zero padding; -ENOENT for a VM that does not exist.
 */
int axon_vm_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_axon_vm_destroy *args = data;
	struct axon_vm *vm;

	if (args->pad)
		return -EINVAL;

	vm = xa_erase(&to_axon_file(file)->vms, args->vm_id);
	if (!vm)
		return -ENOENT;

	axon_vm_put(vm);
	return 0;
}
