/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_MMU_H
#define AXON_MMU_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct axon_cursor;
struct axon_device;
struct axon_pt;

/* How the kernel's own address space is laid out. A ring's memory is where its doorbell says. */
#define AXON_KERNEL_VA_RING(db) (0x100000000ull + ((u64)(db) << 20))
#define AXON_KERNEL_VA_SAVE(db) (BIT_ULL(45) + ((u64)(db) << 32))
#define AXON_KERNEL_VA_VRAM	BIT_ULL(46)
#define AXON_KERNEL_VA_WINDOW	(2 * AXON_KERNEL_VA_VRAM)
#define AXON_KERNEL_WINDOW_SIZE SZ_64M

/**
 * struct axon_mmu - the page tables of one address space
 *
 * The owner's lock, &axon_vm.lock or &axon_device.mmu_lock for the kernel's, covers which tables
 * there are.
 */
struct axon_mmu {
	/** @adev: the device */
	struct axon_device *adev;
	/** @lock: protects what the tables say; innermost, nothing is allocated under it */
	struct mutex lock;
	/** @root: level 3; NULL at the end, which is under @lock too */
	struct axon_pt *root;
	/** @dead: tables out of use, freed once the chip has forgotten them */
	struct list_head dead;
	/** @as: number of the address space */
	unsigned int as;
};

int axon_mmu_init(struct axon_mmu *mmu, struct axon_device *adev, unsigned int as);
void axon_mmu_fini(struct axon_mmu *mmu);
int axon_mmu_prepare_map(struct axon_mmu *mmu, u64 va, const struct axon_cursor *mem);
int axon_mmu_prepare_unmap(struct axon_mmu *mmu, u64 va, u64 size);
void axon_mmu_map(struct axon_mmu *mmu, u64 va, const struct axon_cursor *mem, u64 flags);
void axon_mmu_zap(struct axon_mmu *mmu, u64 va, u64 size);
void axon_mmu_unmap(struct axon_mmu *mmu, u64 va, u64 size);
void axon_mmu_prune(struct axon_mmu *mmu, u64 va, u64 size);
int axon_mmu_flush(struct axon_mmu *mmu, u64 start, u64 end);

int axon_mmu_setup(struct axon_device *adev);
void axon_mmu_teardown(struct axon_device *adev);

#endif
