/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_VM_H
#define AXON_VM_H

#include <linux/kref.h>
#include <linux/mutex.h>

#include <drm/drm_gpuvm.h>

#include "axon_mmu.h"

struct axon_file;
struct drm_device;
struct drm_file;

/**
 * struct axon_vm - an address space
 */
struct axon_vm {
	/** @base: base class: the mappings */
	struct drm_gpuvm base;
	/** @kref: the file's handle and one of each queue; mappings hold @base */
	struct kref kref;
	/** @lock: protects the mappings and which tables @mmu has; taken before any reservation */
	struct mutex lock;
	/** @mmu: page tables */
	struct axon_mmu mmu;
	/** @long_running: for user queues only */
	bool long_running;
};

/**
 * struct axon_vma - one mapping
 */
struct axon_vma {
	/** @base: base class; in a long-running VM it pins its buffer */
	struct drm_gpuva base;
	/** @flags: AXON_PTE_W, AXON_PTE_X */
	u64 flags;
};

static inline struct axon_vm *to_axon_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct axon_vm, base);
}

static inline struct axon_vma *to_axon_vma(struct drm_gpuva *va)
{
	return container_of(va, struct axon_vma, base);
}

struct axon_vm *axon_vm_lookup(struct axon_file *afile, u32 id);
void axon_vm_put(struct axon_vm *vm);
void axon_vm_close(struct axon_file *afile);

struct drm_gpuva_op *axon_bind_op_alloc(void);
void axon_bind_op_free(struct drm_gpuva_op *op);
void axon_vm_forget(struct axon_vm *vm);

int axon_vm_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
int axon_vm_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
int axon_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
