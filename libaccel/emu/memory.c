// SPDX-License-Identifier: MIT
/*
 * Memory and page tables. Device memory and the bus's system memory are two anonymous mappings
 * of which the kernel backs what is touched; every buffer is one contiguous piece of either.
 */
#include "emu.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES (1ull << AXON_PAGE_SHIFT)
#define HUGE_BYTES (1ull << AXON_HUGE_SHIFT)

static uint64_t alignment(uint64_t bytes)
{
	return bytes >= HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES;
}

int emu_sys_alloc(struct backend *b, uint64_t bytes, uint64_t *bus)
{
	int ret = ranges_alloc(&b->sys_free, bytes, alignment(bytes), bus);

	return ret == -ENOSPC ? -ENOMEM : ret;
}

/* Dropped pages come back as zeros, so that no buffer ever shows another's data. */
void emu_sys_free(struct backend *b, uint64_t bus, uint64_t bytes)
{
	madvise(b->sys + bus, bytes, MADV_DONTNEED);
	ranges_free(&b->sys_free, bus, bytes);
}

/* ---- page tables, in system memory ---- */

static uint64_t *table_of(struct backend *b, uint64_t entry)
{
	return (uint64_t *)(b->sys + (entry & AXON_PTE_ADDR));
}

static unsigned int index_at(uint64_t va, unsigned int level)
{
	return va >> AXON_PT_SHIFT(level) & (AXON_PT_ENTRIES - 1);
}

/* The chip may be walking the tables meanwhile. */
static void set_entry(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/*
 * The entry that maps va at `level`, or a lower one where the range has been mapped by small pages
 * before; *level says which. Makes the tables on the way; NULL when there is no memory for them.
 */
static uint64_t *entry_for(struct backend *b, struct emu_vm *vm, uint64_t va, unsigned int *level)
{
	uint64_t *entry = &table_of(b, vm->root)[index_at(va, AXON_PT_LEVELS - 1)];

	for (unsigned int l = AXON_PT_LEVELS - 1; l-- > 0;) {
		uint64_t bus;

		if (*level > l && (!(*entry & AXON_PTE_V) || *entry & AXON_PTE_LEAF))
			return entry;
		if (!(*entry & AXON_PTE_V)) {
			if (emu_sys_alloc(b, PAGE_BYTES, &bus) < 0)
				return NULL;
			set_entry(entry, bus | AXON_PTE_V | AXON_PTE_SYS);
		}
		entry = &table_of(b, *entry)[index_at(va, l)];
		if (*level > l)
			*level = l;
	}
	return entry;
}

/*
 * Writes the leaves of [va, va + size): flags and addresses, or nothing when flags are zero. With
 * `only_tables` it changes no leaf, so that a second pass cannot fail.
 */
static int walk(struct backend *b, struct emu_vm *vm, uint64_t va, uint64_t addr, uint64_t size,
		uint64_t flags, bool only_tables)
{
	while (size) {
		unsigned int level = !((va | addr) % HUGE_BYTES) && size >= HUGE_BYTES;
		uint64_t *entry = entry_for(b, vm, va, &level);
		uint64_t step = 1ull << AXON_PT_SHIFT(level);

		if (!entry)
			return -ENOMEM;
		if (!only_tables)
			set_entry(entry, flags ? flags | addr : 0);
		va += step;
		addr += step;
		size -= step;
	}
	return 0;
}

int emu_map(struct backend *b, unsigned int as, uint64_t va, uint64_t addr, uint64_t size,
	    uint64_t flags)
{
	struct emu_vm *vm = &b->vms[as];
	int ret = walk(b, vm, va, addr, size, flags, true);

	return ret < 0 ? ret : walk(b, vm, va, addr, size, flags, false);
}

static void unmap(struct backend *b, unsigned int as, const struct emu_mapping *mapping)
{
	walk(b, &b->vms[as], mapping->va, mapping->addr, mapping->size, 0, false);
	emu_write64(b, AXON_PAGE_MMU + AXON_REG_INV_START, mapping->va);
	emu_write64(b, AXON_PAGE_MMU + AXON_REG_INV_END, mapping->va + mapping->size);
	emu_write(b, AXON_PAGE_MMU + AXON_REG_INV_CMD, as);
	while (emu_read(b, AXON_PAGE_MMU + AXON_REG_INV_BUSY))
		sched_yield();
}

static void free_tables(struct backend *b, uint64_t entry, unsigned int level)
{
	for (unsigned int i = 0; level && i < AXON_PT_ENTRIES; i++) {
		uint64_t below = table_of(b, entry)[i];

		if (below & AXON_PTE_V && !(below & AXON_PTE_LEAF))
			free_tables(b, below, level - 1);
	}
	emu_sys_free(b, entry & AXON_PTE_ADDR, PAGE_BYTES);
}

int emu_vm_init(struct backend *b, unsigned int as)
{
	int ret = emu_sys_alloc(b, PAGE_BYTES, &b->vms[as].root);

	if (ret < 0)
		return ret;
	emu_write64(b, AXON_PAGE_AS + AXON_REG_AS_ROOT(as),
		    b->vms[as].root | AXON_PTE_V | AXON_PTE_SYS);
	return 0;
}

void emu_vm_fini(struct backend *b, unsigned int as)
{
	struct emu_vm *vm = &b->vms[as];

	while (vm->mappings) {
		struct emu_mapping *mapping = vm->mappings;

		vm->mappings = mapping->next;
		unmap(b, as, mapping);
		emu_bo_unref(b, mapping->bo);
		free(mapping);
	}
	emu_write64(b, AXON_PAGE_AS + AXON_REG_AS_ROOT(as), 0);
	free_tables(b, vm->root, AXON_PT_LEVELS - 1);
	vm->root = 0;
}

/* The library keeps the rules of a long-running address space; memory never moves here anyway. */
int backend_vm_create(struct backend *b, uint32_t flags, uint32_t *out)
{
	int ret = -EUSERS;

	pthread_mutex_lock(&b->lock);
	if (flags && !(emu_read(b, AXON_REG_FEATURES) & AXON_FEAT_USER_QUEUES)) {
		pthread_mutex_unlock(&b->lock);
		return -EOPNOTSUPP;
	}
	for (unsigned int as = 1; as < AXON_NUM_AS; as++) {
		if (b->vms[as].root)
			continue;
		ret = emu_vm_init(b, as);
		*out = as;
		break;
	}
	pthread_mutex_unlock(&b->lock);
	return ret;
}

void backend_vm_destroy(struct backend *b, uint32_t as)
{
	pthread_mutex_lock(&b->lock);
	emu_vm_fini(b, as);
	pthread_mutex_unlock(&b->lock);
}

static int bind_map(struct backend *b, uint32_t as, const struct drm_axon_bind_op *op)
{
	struct emu_vm *vm = &b->vms[as];
	struct emu_bo *bo = table_get(&b->bos, op->bo_handle);
	uint64_t flags = AXON_PTE_V | AXON_PTE_LEAF;
	struct emu_mapping *mapping;
	int ret;

	if (!bo)
		return -ENOENT;
	if (op->bo_offset > bo->size || op->size > bo->size - op->bo_offset)
		return -EINVAL;
	for (mapping = vm->mappings; mapping; mapping = mapping->next)
		if (op->va < mapping->va + mapping->size && mapping->va < op->va + op->size)
			return -EEXIST;
	mapping = malloc(sizeof(*mapping));
	if (!mapping)
		return -ENOMEM;
	*mapping = (struct emu_mapping){
		.next = vm->mappings,
		.bo = bo,
		.va = op->va,
		.size = op->size,
		.addr = bo->addr + op->bo_offset,
	};
	if (!bo->vram)
		flags |= AXON_PTE_SYS;
	if (!(op->flags & DRM_AXON_BIND_READONLY))
		flags |= AXON_PTE_W;
	if (op->flags & DRM_AXON_BIND_EXEC)
		flags |= AXON_PTE_X;
	ret = emu_map(b, as, mapping->va, mapping->addr, mapping->size, flags);
	if (ret < 0) {
		free(mapping);
		return ret;
	}
	vm->mappings = mapping;
	bo->refs++;
	return 0;
}

/* Only whole mappings: the library never asks for anything else. */
static int bind_unmap(struct backend *b, uint32_t as, const struct drm_axon_bind_op *op)
{
	struct emu_mapping **link = &b->vms[as].mappings, *mapping;

	while (*link && (*link)->va != op->va)
		link = &(*link)->next;
	mapping = *link;
	if (!mapping || mapping->size != op->size)
		return -EINVAL;
	*link = mapping->next;
	unmap(b, as, mapping);
	emu_bo_unref(b, mapping->bo);
	free(mapping);
	return 0;
}

int backend_bind(struct backend *b, uint32_t as, const struct drm_axon_bind_op *op)
{
	uint64_t unaligned = (op->va | op->size | op->bo_offset) & (PAGE_BYTES - 1);
	int ret;

	if (unaligned || !op->size || op->va < EMU_VA_START || op->va > EMU_VA_END ||
	    op->size > EMU_VA_END - op->va)
		return -EINVAL;
	pthread_mutex_lock(&b->lock);
	ret = op->op == DRM_AXON_BIND_MAP ? bind_map(b, as, op) : bind_unmap(b, as, op);
	pthread_mutex_unlock(&b->lock);
	return ret;
}

/* ---- buffers ---- */

static int bo_alloc(struct backend *b, struct emu_bo *bo, uint32_t flags)
{
	int ret = -ENOSPC;

	if (flags & DRM_AXON_BO_VRAM) {
		bo->vram = true;
		ret = ranges_alloc(&b->vram_free, bo->size, alignment(bo->size), &bo->addr);
	}
	if (ret == -ENOSPC && flags & DRM_AXON_BO_SYSTEM) {
		bo->vram = false;
		ret = emu_sys_alloc(b, bo->size, &bo->addr);
		if (!ret)
			b->bo_system_bytes += bo->size;
	}
	if (!ret)
		b->purpose_bytes[bo->purpose] += bo->size;
	return ret;
}

void emu_bo_unref(struct backend *b, struct emu_bo *bo)
{
	if (--bo->refs)
		return;
	if (bo->vram) {
		madvise(b->vram + bo->addr, bo->size, MADV_DONTNEED);
		ranges_free(&b->vram_free, bo->addr, bo->size);
	} else {
		emu_sys_free(b, bo->addr, bo->size);
		b->bo_system_bytes -= bo->size;
	}
	b->purpose_bytes[bo->purpose] -= bo->size;
	free(bo);
}

int backend_bo_create(struct backend *b, struct drm_axon_bo_create *args)
{
	struct emu_bo *bo;
	int ret;

	if (!args->size || args->size > EMU_VA_END || args->purpose >= DRM_AXON_PURPOSE_COUNT)
		return -EINVAL;
	bo = calloc(1, sizeof(*bo));
	if (!bo)
		return -ENOMEM;
	bo->refs = 1;
	bo->purpose = args->purpose;
	bo->size = (args->size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	args->size = bo->size;
	pthread_mutex_lock(&b->lock);
	ret = bo_alloc(b, bo, args->flags);
	if (ret < 0)
		free(bo);
	else if ((ret = table_add(&b->bos, bo, &args->handle)) < 0)
		emu_bo_unref(b, bo);
	pthread_mutex_unlock(&b->lock);
	return ret;
}

void backend_bo_destroy(struct backend *b, uint32_t handle)
{
	struct emu_bo *bo;

	pthread_mutex_lock(&b->lock);
	bo = table_get(&b->bos, handle);
	table_remove(&b->bos, handle);
	emu_bo_unref(b, bo);
	pthread_mutex_unlock(&b->lock);
}

uint8_t *emu_bo_host(struct backend *b, const struct emu_bo *bo)
{
	return (bo->vram ? b->vram : b->sys) + bo->addr;
}

int backend_bo_map(struct backend *b, uint32_t handle, size_t size, void **ptr)
{
	struct emu_bo *bo;

	(void)size;
	pthread_mutex_lock(&b->lock);
	bo = table_get(&b->bos, handle);
	if (bo)
		*ptr = emu_bo_host(b, bo);
	pthread_mutex_unlock(&b->lock);
	return bo ? 0 : -ENOENT;
}

void backend_bo_unmap(struct backend *b, void *ptr, size_t size)
{
	(void)b;
	(void)ptr;
	(void)size;
}
