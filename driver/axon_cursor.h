/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_CURSOR_H
#define AXON_CURSOR_H

#include <linux/types.h>

#include "axon_compat.h"

struct axon_bo;
struct ttm_resource;

/**
 * struct axon_cursor - a walk over the memory behind a buffer, one contiguous run after another
 */
struct axon_cursor {
	/** @addr: of the rest of the run: offset in device memory, or bus address */
	u64 addr;
	/** @run: bytes left in the run, 0 at the end */
	u64 run;
	/** @left: bytes left in all, those of the run included */
	u64 left;
	/** @sys: system memory: @addr is a bus address */
	bool sys;

	/** @mm: allocator of @block, NULL for system memory */
	struct gpu_buddy *mm;
	/** @block: the run's block */
	struct gpu_buddy_block *block;
	/** @pages: bus addresses of the pages after the run */
	const dma_addr_t *pages;
};

void axon_cursor_linear(struct axon_cursor *cur, u64 addr, u64 size, bool sys);
void axon_cursor_vram(struct axon_cursor *cur, struct ttm_resource *res, u64 offset, u64 size);
void axon_cursor_pages(struct axon_cursor *cur, const dma_addr_t *pages, u64 size);
void axon_cursor_bo(struct axon_cursor *cur, struct axon_bo *bo, u64 offset, u64 size);
void axon_cursor_advance(struct axon_cursor *cur, u64 bytes);

#endif
