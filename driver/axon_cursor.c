// SPDX-License-Identifier: GPL-2.0

#include <kunit/visibility.h>

#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_vram.h"

/* Start the run at the pages' next one and extend it while the bus addresses follow on. */
static void axon_cursor_gather(struct axon_cursor *cur)
{
	cur->addr = *cur->pages++;
	cur->run = PAGE_SIZE;
	while (cur->run < cur->left && *cur->pages == cur->addr + cur->run) {
		cur->run += PAGE_SIZE;
		cur->pages++;
	}
}

static void axon_cursor_block(struct axon_cursor *cur, u64 skip)
{
	cur->addr = gpu_buddy_block_offset(cur->block) + skip;
	cur->run = min(gpu_buddy_block_size(cur->mm, cur->block) - skip, cur->left);
}

/**
 * axon_cursor_linear() - walk one contiguous piece of memory
 * @cur: the cursor
 * @addr: offset in device memory, or bus address
 * @size: bytes
 * @sys: system memory
 */
void axon_cursor_linear(struct axon_cursor *cur, u64 addr, u64 size, bool sys)
{
	*cur = (struct axon_cursor){ .addr = addr, .run = size, .left = size, .sys = sys };
}
EXPORT_SYMBOL_IF_KUNIT(axon_cursor_linear);

/**
 * axon_cursor_vram() - walk a piece of a resource in device memory
 * @cur: the cursor
 * @res: of TTM_PL_VRAM
 * @offset: first byte
 * @size: bytes, > 0
 */
void axon_cursor_vram(struct axon_cursor *cur, struct ttm_resource *res, u64 offset, u64 size)
{
	struct axon_vram_res *vres = to_axon_vram_res(res);
	struct axon_device *adev = container_of(res->bo->bdev, struct axon_device, ttm);
	struct gpu_buddy *mm = &adev->vram.mm;
	struct gpu_buddy_block *block;

	*cur = (struct axon_cursor){ .left = size, .mm = mm };
	list_for_each_entry(block, &vres->blocks, link) {
		if (offset < gpu_buddy_block_size(mm, block))
			break;
		offset -= gpu_buddy_block_size(mm, block);
	}
	cur->block = block;
	axon_cursor_block(cur, offset);
}
EXPORT_SYMBOL_IF_KUNIT(axon_cursor_vram);

/**
 * axon_cursor_pages() - walk pages of system memory
 * @cur: the cursor
 * @pages: their bus addresses
 * @size: bytes, page-aligned, > 0
 */
void axon_cursor_pages(struct axon_cursor *cur, const dma_addr_t *pages, u64 size)
{
	*cur = (struct axon_cursor){ .left = size, .sys = true, .pages = pages };
	axon_cursor_gather(cur);
}
EXPORT_SYMBOL_IF_KUNIT(axon_cursor_pages);

/**
 * axon_cursor_bo() - walk a piece of a buffer, wherever it lies
 * @cur: the cursor
 * @bo: the buffer, in device memory or populated system memory, locked or pinned
 * @offset: first byte, page-aligned
 * @size: bytes, page-aligned, > 0
 */
void axon_cursor_bo(struct axon_cursor *cur, struct axon_bo *bo, u64 offset, u64 size)
{
	if (bo->tbo.resource->mem_type == TTM_PL_VRAM)
		axon_cursor_vram(cur, bo->tbo.resource, offset, size);
	else
		axon_cursor_pages(cur, bo->tbo.ttm->dma_address + (offset >> PAGE_SHIFT), size);
}

/**
 * axon_cursor_advance() - go on
 * @cur: the cursor
 * @bytes: at most the rest of the run
 */
void axon_cursor_advance(struct axon_cursor *cur, u64 bytes)
{
	cur->addr += bytes;
	cur->run -= bytes;
	cur->left -= bytes;
	if (cur->run || !cur->left)
		return;

	if (cur->mm) {
		cur->block = list_next_entry(cur->block, link);
		axon_cursor_block(cur, 0);
	} else {
		axon_cursor_gather(cur);
	}
}
EXPORT_SYMBOL_IF_KUNIT(axon_cursor_advance);
