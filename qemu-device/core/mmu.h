/* SPDX-License-Identifier: MIT */
/*
 * Virtual addresses to host memory: the walk of the page tables and each worker's own cache of
 * what it found. A cache belongs to one thread; invalidating is done by numbering: whatever an
 * address space's translations were tagged with no longer matches once mmu_space() has changed.
 */
#ifndef AXON_MMU_H
#define AXON_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "axon_hw.h"

struct axon_core;

enum mmu_access { MMU_READ, MMU_WRITE, MMU_EXEC };

#define MMU_EXTENTS   64
#define MMU_WINDOWS   8
#define MMU_PAGE_SIZE (1u << AXON_PAGE_SHIFT)

/* Virtual addresses [va, va + len) of one space that lie in one piece of host memory. */
struct mmu_extent {
	uint64_t space;
	uint64_t va;
	uint64_t len;
	uint8_t *host;
	uint64_t bus; /* of the first byte, where sys */
	bool sys;
	bool exec;
};

/* Bus addresses [bus, bus + len) as the host resolved them. */
struct mmu_window {
	uint64_t generation;
	uint64_t bus;
	uint64_t len;
	uint8_t *host;
};

struct mmu {
	struct axon_core *core;
	/* [0] for reading and executing, [1] for writing */
	struct mmu_extent extent[2][MMU_EXTENTS];
	unsigned int last[2]; /* hit or filled last */
	unsigned int victim[2];
	struct mmu_window window[2][MMU_WINDOWS];
	unsigned int window_victim[2];
	uint64_t fault_addr; /* of the last access that failed */
	uint8_t *sink;	     /* a page that takes writes to AXON_PTE_NULL */
};

/* false when memory ran out */
bool mmu_init(struct mmu *mmu, struct axon_core *core);
void mmu_fini(struct mmu *mmu);

/* The number under which address space `as` caches its translations now; it never comes back. */
uint64_t mmu_space(struct axon_core *core, unsigned int as);

/*
 * Host memory behind va; *run = contiguous bytes from there, at least to the end of the 4 KiB
 * page. 0 or a fault cause with mmu->fault_addr set. The pointer may be used until the thread's
 * next worker_check().
 */
int mmu_translate(struct mmu *mmu, unsigned int as, uint64_t va, enum mmu_access access,
		  uint8_t **host, uint64_t *run);

/* Is va, just translated for writing, system memory, whose changes the host wants to know? */
bool mmu_is_system(struct mmu *mmu, unsigned int as, uint64_t va);

/* Tell the host that [va, va + bytes) was written. */
void mmu_written(struct mmu *mmu, unsigned int as, uint64_t va, uint64_t bytes);

/* Copies across pages. 0 or a fault cause; what lies before the fault has been copied. */
int mmu_read(struct mmu *mmu, unsigned int as, uint64_t va, void *dst, uint64_t bytes);
int mmu_write(struct mmu *mmu, unsigned int as, uint64_t va, const void *src, uint64_t bytes);

/* A naturally aligned structure of up to a page, in place. The caller calls mmu_written(). */
int mmu_map(struct mmu *mmu, unsigned int as, uint64_t va, enum mmu_access access, void *host);

#endif
