// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Page tables
 *
 * Tables live in coherent system memory. A change goes through four steps:
 *
 * 1. prepare: allocate every table that the change can need. This is the only step that fails. It
 *    changes what the tables look like but not what they mean: a new table is empty, or holds in
 *    512 pieces what a 2 MiB leaf said before.
 * 2. map, unmap: write entries.
 * 3. prune: unhook tables that have become empty.
 * 4. flush: make the chip forget the old translations, and only then free the unhooked tables.
 *
 * A 2 MiB leaf is written where memory and address allow it and no level-0 table exists. The
 * second condition is what lets one VM_BIND prepare all of its operations before the first of them
 * writes an entry: an operation that will cut a leaf in two finds or makes a table in its place,
 * and an earlier one that would have written the leaf then fills that table instead. Pruning gives
 * the leaf its chance back.
 *
 * Locking. Which tables there are is changed under the owner's lock alone: &axon_vm.lock, or
 * &axon_device.mmu_lock for the kernel's address space. What they say is changed under
 * &axon_mmu.lock, also by those who hold no owner's lock but take memory away from under a mapping,
 * with axon_mmu_zap(). That may be on behalf of memory reclaim, so nothing is allocated under that
 * lock; and zapping unhooks no table, so that what somebody else has prepared stays.
 *
 * Rejected: allocating while writing (VM_BIND could then fail half-way), replacing a populated
 * table by a leaf (saves 4 KiB, and needs the break-before-make dance on a live table), and a
 * dma_pool: address spaces of open files outlive a card that was pulled out, and a pool must not.
 */

#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_mmu.h"
#include "axon_regs.h"
#include "axon_reset.h"

/**
 * struct axon_pt - one page table
 */
struct axon_pt {
	/** @entries: what the chip reads */
	__le64 *entries;
	/** @dma: bus address of @entries */
	dma_addr_t dma;
	/** @used: entries that are not 0 */
	unsigned int used;
	/** @dead: in &axon_mmu.dead */
	struct list_head dead;
	/** @child: the tables below, none at level 0 */
	struct axon_pt *child[];
};

static unsigned int axon_pt_index(u64 va, unsigned int level)
{
	return (va >> AXON_PT_SHIFT(level)) % AXON_PT_ENTRIES;
}

static struct axon_pt *axon_pt_alloc(struct axon_device *adev, unsigned int level)
{
	struct axon_pt *pt;

	pt = kvzalloc(struct_size(pt, child, level ? AXON_PT_ENTRIES : 0), GFP_KERNEL);
	if (!pt)
		return NULL;

	pt->entries = dma_alloc_coherent(adev->drm.dev, SZ_4K, &pt->dma, GFP_KERNEL);
	if (!pt->entries) {
		kvfree(pt);
		return NULL;
	}
	return pt;
}

static void axon_pt_free(struct axon_device *adev, struct axon_pt *pt)
{
	dma_free_coherent(adev->drm.dev, SZ_4K, pt->entries, pt->dma);
	kvfree(pt);
}

/* Free @pt and all below it. The chip does not use them. */
static void axon_pt_free_tree(struct axon_device *adev, struct axon_pt *pt, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < AXON_PT_ENTRIES; i++)
		if (pt->child[i])
			axon_pt_free_tree(adev, pt->child[i], level - 1);
	axon_pt_free(adev, pt);
}

static void axon_pt_set(struct axon_pt *pt, unsigned int i, u64 entry)
{
	pt->used += !!entry - !!pt->entries[i];
	WRITE_ONCE(pt->entries[i], cpu_to_le64(entry));
}

static u64 axon_pt_get(const struct axon_pt *pt, unsigned int i)
{
	return le64_to_cpu(pt->entries[i]);
}

static u64 axon_pde(const struct axon_pt *pt)
{
	return pt->dma | AXON_PTE_V | AXON_PTE_SYS;
}

/* Put a new table into entry @i of @pt; it takes over what a leaf there said. */
static struct axon_pt *axon_pt_grow(struct axon_mmu *mmu, struct axon_pt *pt, unsigned int level,
				    unsigned int i)
{
	struct axon_pt *child = axon_pt_alloc(mmu->adev, level - 1);
	unsigned int j;
	u64 leaf;

	if (!child)
		return NULL;

	mutex_lock(&mmu->lock);
	leaf = axon_pt_get(pt, i);
	for (j = 0; leaf && j < AXON_PT_ENTRIES; j++)
		axon_pt_set(child, j, leaf + j * SZ_4K);

	/* The chip must not find a pointer to a table that is not filled yet. */
	dma_wmb();
	pt->child[i] = child;
	axon_pt_set(pt, i, axon_pde(child));
	mutex_unlock(&mmu->lock);
	return child;
}

/* Make sure that there are tables for @va down to @level. */
static int axon_pt_reach(struct axon_mmu *mmu, u64 va, unsigned int level)
{
	struct axon_pt *pt = mmu->root;
	unsigned int l;

	for (l = AXON_PT_LEVELS - 1; l > level; l--) {
		unsigned int i = axon_pt_index(va, l);

		pt = pt->child[i] ?: axon_pt_grow(mmu, pt, l, i);
		if (!pt)
			return -ENOMEM;
	}
	return 0;
}

/* The level-1 table for @va, which has been prepared. */
static struct axon_pt *axon_pt_level1(struct axon_mmu *mmu, u64 va)
{
	return mmu->root->child[axon_pt_index(va, 3)]->child[axon_pt_index(va, 2)];
}

/* Bytes that one step of a mapping at @va covers, and whether it can be a leaf of level 1. */
static u64 axon_mmu_step(u64 va, const struct axon_cursor *cur, bool *huge)
{
	*huge = cur->run >= SZ_2M && IS_ALIGNED(va | cur->addr, SZ_2M);
	return min(cur->run, SZ_2M - (va & (SZ_2M - 1)));
}

/**
 * axon_mmu_prepare_map() - allocate the tables that axon_mmu_map() will need
 * @mmu: the address space
 * @va: first address
 * @mem: the memory to map
 *
 * Return: 0 or -ENOMEM, after which axon_mmu_prune() gives back what was allocated.
 */
int axon_mmu_prepare_map(struct axon_mmu *mmu, u64 va, const struct axon_cursor *mem)
{
	struct axon_cursor cur = *mem;

	while (cur.left) {
		bool huge;
		u64 step = axon_mmu_step(va, &cur, &huge);
		int ret = axon_pt_reach(mmu, va, huge ? 1 : 0);

		if (ret)
			return ret;
		axon_cursor_advance(&cur, step);
		va += step;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_prepare_map);

/**
 * axon_mmu_prepare_unmap() - allocate the tables that axon_mmu_unmap() will need
 * @mmu: the address space
 * @va: first address
 * @size: bytes
 *
 * Only the ends matter: they may cut a leaf in two, be it there or about to be written.
 *
 * Return: 0 or -ENOMEM, after which axon_mmu_prune() gives back what was allocated.
 */
int axon_mmu_prepare_unmap(struct axon_mmu *mmu, u64 va, u64 size)
{
	u64 end = va + size;
	int ret = 0;

	if (!IS_ALIGNED(va, SZ_2M))
		ret = axon_pt_reach(mmu, va, 0);
	if (!ret && !IS_ALIGNED(end, SZ_2M))
		ret = axon_pt_reach(mmu, end, 0);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_prepare_unmap);

/**
 * axon_mmu_map() - write the entries of a mapping
 * @mmu: the address space
 * @va: first address
 * @mem: the memory to map
 * @flags: AXON_PTE_W, AXON_PTE_X
 *
 * The range was prepared.
 */
void axon_mmu_map(struct axon_mmu *mmu, u64 va, const struct axon_cursor *mem, u64 flags)
{
	struct axon_cursor cur = *mem;

	flags |= AXON_PTE_V | AXON_PTE_LEAF | (mem->sys ? AXON_PTE_SYS : 0);
	mutex_lock(&mmu->lock);
	while (cur.left) {
		struct axon_pt *pt = axon_pt_level1(mmu, va);
		unsigned int i = axon_pt_index(va, 1);
		bool huge;
		u64 step = axon_mmu_step(va, &cur, &huge);
		u64 done;

		if (huge && !pt->child[i]) {
			axon_pt_set(pt, i, cur.addr | flags);
		} else {
			pt = pt->child[i];
			for (done = 0; done < step; done += SZ_4K)
				axon_pt_set(pt, axon_pt_index(va + done, 0),
					    (cur.addr + done) | flags);
		}
		axon_cursor_advance(&cur, step);
		va += step;
	}
	mutex_unlock(&mmu->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_map);

static void axon_pt_clear(struct axon_pt *pt, unsigned int level, u64 start, u64 last)
{
	unsigned int end = axon_pt_index(last, level);
	unsigned int i;

	for (i = axon_pt_index(start, level); i <= end; i++) {
		u64 next = ALIGN_DOWN(start, BIT_ULL(AXON_PT_SHIFT(level))) +
			   BIT_ULL(AXON_PT_SHIFT(level));

		if (level && pt->child[i])
			axon_pt_clear(pt->child[i], level - 1, start, min(last, next - 1));
		else if (axon_pt_get(pt, i))
			axon_pt_set(pt, i, 0);
		start = next;
	}
}

/**
 * axon_mmu_unmap() - clear the entries of a range
 * @mmu: the address space
 * @va: first address
 * @size: bytes, > 0
 *
 * The range was prepared; what is mapped there must not be freed before axon_mmu_flush().
 */
void axon_mmu_unmap(struct axon_mmu *mmu, u64 va, u64 size)
{
	mutex_lock(&mmu->lock);
	axon_pt_clear(mmu->root, AXON_PT_LEVELS - 1, va, va + size - 1);
	mutex_unlock(&mmu->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_unmap);

static void axon_pt_prune(struct axon_mmu *mmu, struct axon_pt *pt, unsigned int level, u64 start,
			  u64 last)
{
	unsigned int end = axon_pt_index(last, level);
	unsigned int i;

	for (i = axon_pt_index(start, level); i <= end; i++) {
		u64 next = ALIGN_DOWN(start, BIT_ULL(AXON_PT_SHIFT(level))) +
			   BIT_ULL(AXON_PT_SHIFT(level));
		struct axon_pt *child = pt->child[i];

		if (child && level > 1)
			axon_pt_prune(mmu, child, level - 1, start, min(last, next - 1));
		if (child && !child->used) {
			pt->child[i] = NULL;
			axon_pt_set(pt, i, 0);
			list_add(&child->dead, &mmu->dead);
		}
		start = next;
	}
}

/**
 * axon_mmu_prune() - unhook the empty tables of a range
 * @mmu: the address space
 * @va: first address
 * @size: bytes, > 0
 *
 * An unmapping prepares the table that holds its end, hence the range is taken inclusively.
 */
void axon_mmu_prune(struct axon_mmu *mmu, u64 va, u64 size)
{
	mutex_lock(&mmu->lock);
	axon_pt_prune(mmu, mmu->root, AXON_PT_LEVELS - 1, va, va + size);
	mutex_unlock(&mmu->lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_prune);

/* Wait until the chip uses no old translation of [@start, @end). */
static int axon_mmu_wait_invalid(struct axon_mmu *mmu, u64 start, u64 end)
{
	struct axon_device *adev = mmu->adev;
	int ret = 0;
	u32 busy;

	mutex_lock(&adev->inv_lock);
	/* A chip that sleeps has none when it wakes up. */
	if (!adev->asleep) {
		axon_write64(adev, INV, START, start);
		axon_write64(adev, INV, END, end);
		axon_write32(adev, INV, CMD, mmu->as);
		ret = readl_poll_timeout(adev->regs + AXON_BLOCK_INV(BUSY), busy, !busy, 10,
					 AXON_REG_TIMEOUT_US);
	}
	mutex_unlock(&adev->inv_lock);
	return ret;
}

/* A chip that does not finish is reset: afterwards nothing runs that could use what it knew. */
static int axon_mmu_invalidate(struct axon_mmu *mmu, u64 start, u64 end)
{
	struct axon_device *adev = mmu->adev;
	int ret = 0, idx;

	/* On a chip that is lost nothing runs. */
	if (!READ_ONCE(adev->lost) && drm_dev_enter(&adev->drm, &idx)) {
		if (axon_mmu_wait_invalid(mmu, start, end)) {
			axon_reset_device(adev, "address translation did not settle");
			ret = -EIO;
		}
		drm_dev_exit(idx);
	}
	return ret;
}

/**
 * axon_mmu_zap() - clear the entries of a whole mapping, and make the chip forget it
 * @mmu: the address space
 * @va: first address
 * @size: bytes, > 0
 *
 * Needs neither the owner's lock nor preparation, as no leaf reaches out of a mapping. Afterwards
 * the memory that was mapped there can be given to somebody else.
 */
void axon_mmu_zap(struct axon_mmu *mmu, u64 va, u64 size)
{
	bool there;

	mutex_lock(&mmu->lock);
	there = mmu->root;
	if (there)
		axon_pt_clear(mmu->root, AXON_PT_LEVELS - 1, va, va + size - 1);
	mutex_unlock(&mmu->lock);
	if (there)
		axon_mmu_invalidate(mmu, va, va + size);
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_zap);

/**
 * axon_mmu_flush() - make changes hold, and free the tables that they put out of use
 * @mmu: the address space
 * @start: first address of the range that changed
 * @end: its end
 *
 * Return: 0, or -EIO when the chip had to be reset.
 */
int axon_mmu_flush(struct axon_mmu *mmu, u64 start, u64 end)
{
	struct axon_device *adev = mmu->adev;
	struct axon_pt *pt, *next;
	int ret = axon_mmu_invalidate(mmu, start, end);

	list_for_each_entry_safe(pt, next, &mmu->dead, dead)
		axon_pt_free(adev, pt);
	INIT_LIST_HEAD(&mmu->dead);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_flush);

/**
 * axon_mmu_init() - make an address space, with nothing mapped in it
 * @mmu: the address space
 * @adev: the device
 * @as: its number, which is free
 *
 * Return: 0 or -ENOMEM.
 */
int axon_mmu_init(struct axon_mmu *mmu, struct axon_device *adev, unsigned int as)
{
	mmu->adev = adev;
	mmu->as = as;
	INIT_LIST_HEAD(&mmu->dead);
	mmu->root = axon_pt_alloc(adev, AXON_PT_LEVELS - 1);
	if (!mmu->root)
		return -ENOMEM;

	mutex_init(&mmu->lock);
	/* As if memory reclaim had been seen taking it: for lockdep. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&mmu->lock);
	fs_reclaim_release(GFP_KERNEL);

	axon_device_set_root(adev, as, axon_pde(mmu->root));
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_init);

/**
 * axon_mmu_fini() - take an address space away from the chip and free its tables
 * @mmu: the address space; no queue uses it
 */
void axon_mmu_fini(struct axon_mmu *mmu)
{
	struct axon_pt *root = mmu->root;

	axon_device_set_root(mmu->adev, mmu->as, 0);
	axon_mmu_flush(mmu, 0, 0);
	mutex_lock(&mmu->lock);
	mmu->root = NULL;
	mutex_unlock(&mmu->lock);
	axon_pt_free_tree(mmu->adev, root, AXON_PT_LEVELS - 1);
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_fini);

/* All of device memory at a fixed place, in 2 MiB leaves, for the driver's own fills and copies. */
static int axon_mmu_map_vram(struct axon_device *adev)
{
	struct axon_cursor cur;
	int ret;

	axon_cursor_linear(&cur, 0, adev->vram_size, false);
	ret = axon_mmu_prepare_map(&adev->mmu, AXON_KERNEL_VA_VRAM, &cur);
	if (!ret)
		axon_mmu_map(&adev->mmu, AXON_KERNEL_VA_VRAM, &cur, AXON_PTE_W);
	return ret;
}

/**
 * axon_mmu_setup() - make the kernel's address space
 * @adev: the device
 *
 * Return: 0 or a negative error. Undone by axon_mmu_teardown().
 */
int axon_mmu_setup(struct axon_device *adev)
{
	int ret;

	ret = axon_mmu_init(&adev->mmu, adev, 0);
	if (ret)
		return ret;

	ret = axon_mmu_map_vram(adev);
	if (ret)
		axon_mmu_teardown(adev);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_setup);

/**
 * axon_mmu_teardown() - the mirror of axon_mmu_setup()
 * @adev: the device; nothing runs on it
 */
void axon_mmu_teardown(struct axon_device *adev)
{
	mutex_lock(&adev->mmu_lock);
	axon_mmu_fini(&adev->mmu);
	mutex_unlock(&adev->mmu_lock);
}
EXPORT_SYMBOL_IF_KUNIT(axon_mmu_teardown);
