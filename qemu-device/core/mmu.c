// SPDX-License-Identifier: MIT
#include "mmu.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"

/*
 * A miss looks ahead for neighbours that continue the same piece of host memory, so that a tensor
 * streams from a handful of extents; this many entries, because a program that jumps about pays
 * the look-ahead at each miss.
 */
#define LOOK_AHEAD 4096
#define EXTENT_MAX (1ull << 30)

#define PTE_KIND \
	(AXON_PTE_V | AXON_PTE_W | AXON_PTE_X | AXON_PTE_SYS | AXON_PTE_LEAF | AXON_PTE_NULL)

static const uint8_t zero_page[MMU_PAGE_SIZE] __attribute__((aligned(MMU_PAGE_SIZE)));

/* Where a walk ended. */
struct leaf {
	const uint64_t *table; /* NULL: nowhere yet */
	unsigned int index;
	unsigned int level;
	uint64_t va; /* first address that the entry maps */
	uint64_t pte;
};

bool mmu_init(struct mmu *mmu, struct axon_core *core)
{
	*mmu = (struct mmu){.core = core};
	mmu->sink = aligned_alloc(MMU_PAGE_SIZE, MMU_PAGE_SIZE);
	for (unsigned int w = 0; w < 2; w++) {
		for (unsigned int i = 0; i < MMU_EXTENTS; i++)
			mmu->extent[w][i].space = UINT64_MAX;
		for (unsigned int i = 0; i < MMU_WINDOWS; i++)
			mmu->window[w][i].generation = UINT64_MAX;
	}
	return mmu->sink;
}

void mmu_fini(struct mmu *mmu)
{
	free(mmu->sink);
}

/* Either count only grows, so their sum changes with each of them. */
uint64_t mmu_space(struct axon_core *core, unsigned int as)
{
	uint64_t generation =
		atomic_load(&core->as[as].generation) + atomic_load(&core->bus_generation);

	return generation << 8 | as;
}

static int refused(enum mmu_access access)
{
	switch (access) {
	case MMU_WRITE: return AXON_FAULT_PAGE_WRITE;
	case MMU_EXEC: return AXON_FAULT_PAGE_EXEC;
	default: return AXON_FAULT_PAGE_READ;
	}
}

/* Host memory at a bus address; *len = bytes there. NULL when there is none. */
static uint8_t *bus_resolve(struct mmu *mmu, uint64_t bus, bool write, uint64_t *len)
{
	struct axon_core *core = mmu->core;
	uint64_t generation = atomic_load(&core->bus_generation);
	struct mmu_window *window;

	for (unsigned int i = 0; i < MMU_WINDOWS; i++) {
		window = &mmu->window[write][i];
		if (window->generation == generation && bus - window->bus < window->len) {
			*len = window->len - (bus - window->bus);
			return window->host + (bus - window->bus);
		}
	}
	window = &mmu->window[write][mmu->window_victim[write]++ % MMU_WINDOWS];
	window->generation = UINT64_MAX;
	window->bus = bus;
	window->len = EXTENT_MAX;
	window->host = core->host.resolve(core->opaque, bus, &window->len, write);
	if (!window->host || window->len == 0)
		return NULL;
	if (window->len > EXTENT_MAX)
		window->len = EXTENT_MAX;
	window->generation = generation;
	*len = window->len;
	return window->host;
}

/* What a PTE's or PDE's address names: host memory and how much of it follows, in whole pages. */
static uint8_t *backing(struct mmu *mmu, uint64_t pte, uint64_t offset, bool write, uint64_t *len)
{
	uint64_t addr = (pte & AXON_PTE_ADDR) + offset;
	struct axon_core *core = mmu->core;
	uint8_t *host;

	if (pte & AXON_PTE_SYS) {
		host = bus_resolve(mmu, addr, write, len);
		if (!host)
			return NULL;
	} else {
		if (addr >= core->vram_size)
			return NULL;
		*len = core->vram_size - addr;
		host = core->vram + addr;
	}
	*len &= ~(uint64_t)(MMU_PAGE_SIZE - 1);
	return *len ? host : NULL;
}

static uint64_t load_entry(const uint64_t *table, unsigned int index)
{
	return __atomic_load_n(&table[index], __ATOMIC_RELAXED);
}

/* Levels 0 and 1 have leaves, marked as such and aligned to their size. */
static bool leaf_is_valid(unsigned int level, uint64_t pte)
{
	uint64_t misaligned = pte & AXON_PTE_ADDR & ((1ull << AXON_PT_SHIFT(level)) - 1);

	return level <= 1 && (pte & AXON_PTE_LEAF) && !misaligned;
}

/* The entry that maps va, whatever it permits. */
static int walk(struct mmu *mmu, unsigned int as, uint64_t va, enum mmu_access access,
		struct leaf *leaf)
{
	uint64_t pte = atomic_load(&mmu->core->as[as].root);
	unsigned int level = AXON_PT_LEVELS;
	uint64_t len;

	if (va >> AXON_VA_BITS)
		return refused(access);
	while (pte & AXON_PTE_V) {
		if (level == 0 || (level < AXON_PT_LEVELS && pte & AXON_PTE_LEAF)) {
			if (!leaf_is_valid(level, pte))
				return AXON_FAULT_BUS;
			leaf->level = level;
			leaf->va = va >> AXON_PT_SHIFT(level) << AXON_PT_SHIFT(level);
			leaf->pte = pte;
			return 0;
		}
		leaf->table = (const uint64_t *)backing(mmu, pte, 0, false, &len);
		if (!leaf->table)
			return AXON_FAULT_BUS;
		level--;
		leaf->index = va >> AXON_PT_SHIFT(level) & (AXON_PT_ENTRIES - 1);
		pte = load_entry(leaf->table, leaf->index);
	}
	return refused(access);
}

/* The leaf after this one, if its entry looks the same but for the address. */
static bool next_leaf(struct mmu *mmu, unsigned int as, struct leaf *leaf)
{
	struct leaf next = *leaf;
	uint64_t size = 1ull << AXON_PT_SHIFT(leaf->level);

	if (leaf->index + 1 < AXON_PT_ENTRIES) {
		next.index++;
		next.va += size;
		next.pte = load_entry(next.table, next.index);
	} else if (walk(mmu, as, leaf->va + size, MMU_READ, &next) || next.level != leaf->level) {
		return false;
	}
	if ((next.pte ^ leaf->pte) & PTE_KIND ||
	    (next.pte & AXON_PTE_ADDR) != (leaf->pte & AXON_PTE_ADDR) + size)
		return false;
	*leaf = next;
	return true;
}

/* Continue the extent over the leaves that follow on in host memory. */
static void extend(struct mmu *mmu, unsigned int as, struct leaf leaf, uint64_t backed,
		   struct mmu_extent *extent)
{
	uint64_t end = leaf.va + (1ull << AXON_PT_SHIFT(leaf.level));

	backed = backed < EXTENT_MAX ? backed : EXTENT_MAX;
	for (unsigned int i = 0; i < LOOK_AHEAD && end - extent->va < backed; i++) {
		if (!next_leaf(mmu, as, &leaf))
			break;
		end += 1ull << AXON_PT_SHIFT(leaf.level);
	}
	extent->len = end - extent->va < backed ? end - extent->va : backed;
}

static int null_extent(struct mmu *mmu, uint64_t va, bool write, struct mmu_extent *extent)
{
	extent->va = va & ~(uint64_t)(MMU_PAGE_SIZE - 1);
	extent->len = MMU_PAGE_SIZE;
	extent->host = write ? mmu->sink : (uint8_t *)zero_page;
	if (write)
		memset(mmu->sink, 0, MMU_PAGE_SIZE);
	return 0;
}

static int fill(struct mmu *mmu, unsigned int as, uint64_t va, enum mmu_access access,
		struct mmu_extent *extent)
{
	bool write = access == MMU_WRITE;
	struct leaf leaf = {0};
	uint64_t backed, offset;
	int cause = walk(mmu, as, va, access, &leaf);

	if (cause)
		return cause;
	if ((write && !(leaf.pte & AXON_PTE_W)) || (access == MMU_EXEC && !(leaf.pte & AXON_PTE_X)))
		return refused(access);
	extent->exec = leaf.pte & AXON_PTE_X;
	extent->sys = false;
	if (leaf.pte & AXON_PTE_NULL)
		return null_extent(mmu, va, write, extent);

	/* from the start of the mapping, or where that has no memory from the page */
	offset = 0;
	extent->host = backing(mmu, leaf.pte, offset, write, &backed);
	if (!extent->host || backed <= va - leaf.va) {
		offset = (va - leaf.va) & ~(uint64_t)(MMU_PAGE_SIZE - 1);
		extent->host = backing(mmu, leaf.pte, offset, write, &backed);
		if (!extent->host)
			return AXON_FAULT_BUS;
	}
	extent->sys = leaf.pte & AXON_PTE_SYS;
	extent->bus = (leaf.pte & AXON_PTE_ADDR) + offset;
	extent->va = leaf.va + offset;
	extend(mmu, as, leaf, backed, extent);
	return inject_extent(mmu->core, as, va, extent);
}

static bool covers(const struct mmu_extent *extent, uint64_t space, uint64_t va,
		   enum mmu_access access)
{
	return extent->space == space && va - extent->va < extent->len &&
	       (access != MMU_EXEC || extent->exec);
}

/* The extent around va, or NULL with *cause set. */
static struct mmu_extent *find(struct mmu *mmu, unsigned int as, uint64_t va,
			       enum mmu_access access, int *cause)
{
	bool write = access == MMU_WRITE;
	uint64_t space = mmu_space(mmu->core, as);
	struct mmu_extent *extent = &mmu->extent[write][mmu->last[write]];
	struct mmu_extent found;

	if (covers(extent, space, va, access))
		return extent;
	for (unsigned int i = 0; i < MMU_EXTENTS; i++) {
		extent = &mmu->extent[write][i];
		if (covers(extent, space, va, access)) {
			mmu->last[write] = i;
			return extent;
		}
	}
	*cause = fill(mmu, as, va, access, &found);
	if (*cause) {
		mmu->fault_addr = va;
		return NULL;
	}
	found.space = space;
	mmu->last[write] = mmu->victim[write];
	mmu->victim[write] = (mmu->victim[write] + 1) % MMU_EXTENTS;
	extent = &mmu->extent[write][mmu->last[write]];
	*extent = found;
	return extent;
}

int mmu_translate(struct mmu *mmu, unsigned int as, uint64_t va, enum mmu_access access,
		  uint8_t **host, uint64_t *run)
{
	int cause;
	struct mmu_extent *extent = find(mmu, as, va, access, &cause);

	if (!extent)
		return cause;
	*host = extent->host + (va - extent->va);
	*run = extent->len - (va - extent->va);
	return 0;
}

bool mmu_is_system(struct mmu *mmu, unsigned int as, uint64_t va)
{
	int cause;
	struct mmu_extent *extent = find(mmu, as, va, MMU_WRITE, &cause);

	return extent && extent->sys;
}

void mmu_written(struct mmu *mmu, unsigned int as, uint64_t va, uint64_t bytes)
{
	struct axon_core *core = mmu->core;
	int cause;

	while (core->host.written && bytes) {
		struct mmu_extent *extent = find(mmu, as, va, MMU_WRITE, &cause);
		uint64_t offset, n;

		if (!extent)
			return;
		offset = va - extent->va;
		n = extent->len - offset < bytes ? extent->len - offset : bytes;
		if (extent->sys)
			core->host.written(core->opaque, extent->bus + offset, n);
		va += n;
		bytes -= n;
	}
}

int mmu_read(struct mmu *mmu, unsigned int as, uint64_t va, void *dst, uint64_t bytes)
{
	uint8_t *out = dst;

	while (bytes) {
		uint8_t *host;
		uint64_t run;
		int cause = mmu_translate(mmu, as, va, MMU_READ, &host, &run);

		if (cause)
			return cause;
		run = run < bytes ? run : bytes;
		memcpy(out, host, run);
		out += run;
		va += run;
		bytes -= run;
	}
	return 0;
}

int mmu_write(struct mmu *mmu, unsigned int as, uint64_t va, const void *src, uint64_t bytes)
{
	const uint8_t *in = src;

	while (bytes) {
		uint8_t *host;
		uint64_t run;
		int cause = mmu_translate(mmu, as, va, MMU_WRITE, &host, &run);

		if (cause)
			return cause;
		run = run < bytes ? run : bytes;
		memcpy(host, in, run);
		mmu_written(mmu, as, va, run);
		in += run;
		va += run;
		bytes -= run;
	}
	return 0;
}

int mmu_map(struct mmu *mmu, unsigned int as, uint64_t va, enum mmu_access access, void *host)
{
	uint64_t run;

	return mmu_translate(mmu, as, va, access, (uint8_t **)host, &run);
}
