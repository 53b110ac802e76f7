// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Device memory while power is off
 *
 * When the machine sleeps and device memory loses its contents, each piece of it that holds a
 * buffer is copied to pages of system memory, and back to the same place afterwards. So nothing
 * that names device memory has to change: no page table, and no buffer that is pinned.
 *
 * Rejected: to evict through TTM, which cannot move what is pinned, such as save areas, and whose
 * buffers would have to be bound again before the first queue could go on.
 */

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "axon_device.h"
#include "axon_image.h"
#include "axon_migrate.h"
#include "axon_vram.h"

/**
 * struct axon_image - a copy of one piece of device memory
 */
struct axon_image {
	/** @count: pages */
	unsigned long count;
	/** @pages: the pages, NULL from the first on that could not be had */
	struct page **pages;
	/** @dma: their bus addresses */
	dma_addr_t *dma;
};

/**
 * axon_image_free() - free a copy
 * @adev: the device
 * @image: the copy, or NULL
 */
void axon_image_free(struct axon_device *adev, struct axon_image *image)
{
	unsigned long i;

	if (!image)
		return;

	for (i = 0; image->pages && image->dma && i < image->count && image->pages[i]; i++) {
		dma_unmap_page(adev->drm.dev, image->dma[i], PAGE_SIZE, DMA_BIDIRECTIONAL);
		__free_page(image->pages[i]);
	}
	kvfree(image->pages);
	kvfree(image->dma);
	kfree(image);
}

static int axon_image_add_page(struct axon_device *adev, struct axon_image *image, unsigned long i)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN);

	if (!page)
		return -ENOMEM;

	image->dma[i] = dma_map_page(adev->drm.dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(adev->drm.dev, image->dma[i])) {
		__free_page(page);
		return -ENOMEM;
	}
	image->pages[i] = page;
	return 0;
}

static struct axon_image *axon_image_create(struct axon_device *adev, u64 size)
{
	struct axon_image *image = kzalloc(sizeof(*image), GFP_KERNEL);
	unsigned long i;
	int ret = 0;

	if (!image)
		return ERR_PTR(-ENOMEM);

	image->count = size >> PAGE_SHIFT;
	image->pages = kvcalloc(image->count, sizeof(*image->pages), GFP_KERNEL);
	image->dma = kvcalloc(image->count, sizeof(*image->dma), GFP_KERNEL);
	if (!image->pages || !image->dma)
		ret = -ENOMEM;
	for (i = 0; !ret && i < image->count; i++)
		ret = axon_image_add_page(adev, image, i);
	if (!ret)
		return image;

	axon_image_free(adev, image);
	return ERR_PTR(ret);
}

static int axon_image_save_one(struct axon_device *adev, struct axon_vram_res *vres)
{
	struct axon_image *image = axon_image_create(adev, vres->base.size);
	int ret;

	if (IS_ERR(image))
		return PTR_ERR(image);

	ret = axon_migrate_copy(adev, &vres->base, image->dma, false);
	if (ret)
		axon_image_free(adev, image);
	else
		vres->image = image;
	return ret;
}

static void axon_image_drop(struct axon_device *adev)
{
	struct axon_vram_res *vres;

	list_for_each_entry(vres, &adev->vram.used, node) {
		axon_image_free(adev, vres->image);
		vres->image = NULL;
	}
}

/**
 * axon_image_save() - copy all of device memory that is in use
 * @adev: the device; no queue but the driver's own runs
 *
 * Return: 0, -ENOMEM or -EIO, with nothing kept.
 */
int axon_image_save(struct axon_device *adev)
{
	struct axon_vram_res *vres;
	int ret = 0;

	mutex_lock(&adev->vram.lock);
	list_for_each_entry(vres, &adev->vram.used, node) {
		ret = axon_image_save_one(adev, vres);
		if (ret) {
			axon_image_drop(adev);
			break;
		}
	}
	mutex_unlock(&adev->vram.lock);
	return ret;
}

/**
 * axon_image_restore() - bring back what axon_image_save() copied
 * @adev: the device, in its state then
 *
 * Return: 0 or -EIO.
 */
int axon_image_restore(struct axon_device *adev)
{
	struct axon_vram_res *vres;
	int ret = 0;

	mutex_lock(&adev->vram.lock);
	list_for_each_entry(vres, &adev->vram.used, node)
		if (!ret && vres->image)
			ret = axon_migrate_copy(adev, &vres->base, vres->image->dma, true);
	axon_image_drop(adev);
	mutex_unlock(&adev->vram.lock);
	return ret;
}
