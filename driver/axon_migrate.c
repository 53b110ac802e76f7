// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: The driver's own queue
 *
 * Slot 0 runs packets of the driver's own, in address space 0, where all of device memory is
 * mapped. It clears device memory before a buffer gets it, and copies between device memory and
 * pages of system memory, which it maps into a window piece by piece. The chip is many times faster
 * at that than the CPU through the BAR.
 *
 * Should the chip fail, the caller does it by CPU, and the queue is started afresh for the next
 * time: memory is never handed out with someone else's data in it, nor does a buffer lose its own.
 */

#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_fence.h"
#include "axon_limits.h"
#include "axon_migrate.h"
#include "axon_ring.h"

/* Packets of one submission; one for each block of the memory to clear. */
#define AXON_MIGRATE_BATCH 32

/**
 * struct axon_migrate - the driver's own queue
 */
struct axon_migrate {
	/** @lock: one user at a time; held until the work is done */
	struct mutex lock;
	/** @packets: the next submission */
	struct axon_packet packets[AXON_MIGRATE_BATCH];
	/** @ring: on AXON_KERNEL_SLOT, which no other gets */
	struct axon_ring ring;
	/** @alive: @ring can be used */
	bool alive;
};

/* Under the slot's lock. Ending the timeline wakes the waiter, who then starts the ring afresh. */
static void axon_migrate_fault(struct axon_ring *ring, const struct axon_fault *record)
{
	drm_err(&ring->adev->drm, "the driver's own queue faulted: cause %u, address %#llx\n",
		record->cause, record->addr);
	axon_timeline_abort(ring->timeline, -EIO);
}

static int axon_migrate_start(struct axon_migrate *m, struct axon_device *adev)
{
	int ret;

	memset(&m->ring, 0, sizeof(m->ring));
	m->ring.fault = axon_migrate_fault;
	m->ring.priority = 2;
	ret = axon_ring_init(&m->ring, adev, true);
	if (ret)
		return ret;

	m->alive = true;
	return 0;
}

static void axon_migrate_stop(struct axon_migrate *m, int error)
{
	axon_ring_fini(&m->ring, error);
	axon_timeline_put(m->ring.timeline);
	m->alive = false;
}

/* Run packets and wait for them. */
static int axon_migrate_run(struct axon_migrate *m, unsigned int count)
{
	struct axon_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	long left;
	int ret;

	if (!fence)
		return -ENOMEM;

	axon_fence_init(fence, m->ring.timeline);
	ret = axon_ring_submit(&m->ring, m->packets, count, fence);
	if (!ret) {
		left = dma_fence_wait_timeout(&fence->base, false,
					      msecs_to_jiffies(axon_limits_timeout_ms()));
		ret = left > 0 ? fence->base.error : -ETIMEDOUT;
	}
	dma_fence_put(&fence->base);
	return ret;
}

static struct axon_packet axon_migrate_fill(u64 dst, u64 bytes)
{
	return (struct axon_packet){
		.op = AXON_PKT_FILL,
		.fill.dst = dst,
		.fill.bytes = bytes,
	};
}

static struct axon_packet axon_migrate_move(u64 dst, u64 src, u64 bytes)
{
	return (struct axon_packet){
		.op = AXON_PKT_COPY,
		.copy.dst = dst,
		.copy.src = src,
		.copy.bytes = bytes,
	};
}

static int axon_migrate_clear_all(struct axon_migrate *m, struct ttm_resource *res)
{
	struct axon_cursor cur;
	int ret = 0;

	axon_cursor_vram(&cur, res, 0, res->size);
	while (!ret && cur.left) {
		unsigned int n;

		for (n = 0; n < AXON_MIGRATE_BATCH && cur.left; n++) {
			m->packets[n] = axon_migrate_fill(AXON_KERNEL_VA_VRAM + cur.addr, cur.run);
			axon_cursor_advance(&cur, cur.run);
		}
		ret = axon_migrate_run(m, n);
	}
	return ret;
}

/* Copy between device memory and the window. */
static int axon_migrate_copy_window(struct axon_migrate *m, struct axon_cursor *vram, bool to_vram)
{
	u64 window = AXON_KERNEL_VA_WINDOW;
	int ret = 0;

	while (!ret && vram->left) {
		unsigned int n;

		for (n = 0; n < AXON_MIGRATE_BATCH && vram->left; n++) {
			u64 addr = AXON_KERNEL_VA_VRAM + vram->addr;
			u64 run = vram->run;

			m->packets[n] = to_vram ? axon_migrate_move(addr, window, run) :
						  axon_migrate_move(window, addr, run);
			window += run;
			axon_cursor_advance(vram, run);
		}
		ret = axon_migrate_run(m, n);
	}
	return ret;
}

static int axon_migrate_map_window(struct axon_mmu *mmu, const dma_addr_t *pages, u64 size)
{
	struct axon_cursor cur;
	int ret;

	axon_cursor_pages(&cur, pages, size);
	mutex_lock(&mmu->adev->mmu_lock);
	ret = axon_mmu_prepare_map(mmu, AXON_KERNEL_VA_WINDOW, &cur);
	if (!ret)
		axon_mmu_map(mmu, AXON_KERNEL_VA_WINDOW, &cur, AXON_PTE_W);
	mutex_unlock(&mmu->adev->mmu_lock);
	return ret;
}

static void axon_migrate_unmap_window(struct axon_mmu *mmu, u64 size)
{
	mutex_lock(&mmu->adev->mmu_lock);
	axon_mmu_unmap(mmu, AXON_KERNEL_VA_WINDOW, size);
	axon_mmu_prune(mmu, AXON_KERNEL_VA_WINDOW, size);
	axon_mmu_flush(mmu, AXON_KERNEL_VA_WINDOW, AXON_KERNEL_VA_WINDOW + size);
	mutex_unlock(&mmu->adev->mmu_lock);
}

static int axon_migrate_copy_all(struct axon_migrate *m, struct ttm_resource *res,
				 const dma_addr_t *pages, bool to_vram)
{
	struct axon_device *adev = m->ring.adev;
	struct axon_cursor vram;
	u64 done, step;
	int ret = 0;

	for (done = 0; !ret && done < res->size; done += step) {
		step = min_t(u64, res->size - done, AXON_KERNEL_WINDOW_SIZE);
		ret = axon_migrate_map_window(&adev->mmu, pages + (done >> PAGE_SHIFT), step);
		if (!ret) {
			axon_cursor_vram(&vram, res, done, step);
			ret = axon_migrate_copy_window(m, &vram, to_vram);
		}
		axon_migrate_unmap_window(&adev->mmu, step);
	}
	return ret;
}

/* Start afresh after an error. */
static void axon_migrate_recover(struct axon_migrate *m, struct axon_device *adev, int error)
{
	if (m->alive) {
		axon_migrate_stop(m, error);
		axon_migrate_start(m, adev);
	}
}

/**
 * axon_migrate_clear() - clear device memory
 * @adev: the device, in a drm_dev_enter() section
 * @res: the memory, of TTM_PL_VRAM
 *
 * Return: 0, or a negative error: the memory is as it was, or partly cleared.
 */
int axon_migrate_clear(struct axon_device *adev, struct ttm_resource *res)
{
	struct axon_migrate *m = adev->migrate;
	int ret;

	mutex_lock(&m->lock);
	ret = m->alive ? axon_migrate_clear_all(m, res) : -EIO;
	if (ret)
		axon_migrate_recover(m, adev, ret);
	mutex_unlock(&m->lock);
	return ret;
}

/**
 * axon_migrate_copy() - copy between device memory and system memory
 * @adev: the device, in a drm_dev_enter() section
 * @res: the device memory, of TTM_PL_VRAM
 * @pages: bus addresses of as many pages
 * @to_vram: copy to device memory, else from it
 *
 * Return: 0, or a negative error: the source is as it was.
 */
int axon_migrate_copy(struct axon_device *adev, struct ttm_resource *res, const dma_addr_t *pages,
		      bool to_vram)
{
	struct axon_migrate *m = adev->migrate;
	int ret;

	mutex_lock(&m->lock);
	ret = m->alive ? axon_migrate_copy_all(m, res, pages, to_vram) : -EIO;
	if (ret)
		axon_migrate_recover(m, adev, ret);
	mutex_unlock(&m->lock);
	return ret;
}

/**
 * axon_migrate_revive() - start the driver's own queue afresh on a chip that has come back
 * @adev: the device, in a drm_dev_enter() section
 */
void axon_migrate_revive(struct axon_device *adev)
{
	struct axon_migrate *m = adev->migrate;

	mutex_lock(&m->lock);
	if (m->alive)
		axon_migrate_stop(m, -EIO);
	axon_migrate_start(m, adev);
	mutex_unlock(&m->lock);
}

/**
 * axon_migrate_init() - start the driver's own queue
 * @adev: the device
 *
 * Return: 0 or a negative error.
 */
int axon_migrate_init(struct axon_device *adev)
{
	struct axon_migrate *m = drmm_kzalloc(&adev->drm, sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;

	mutex_init(&m->lock);
	adev->migrate = m;
	return axon_migrate_start(m, adev);
}

/**
 * axon_migrate_resume() - start it again after axon_migrate_fini()
 * @adev: the device
 *
 * Return: 0 or a negative error, with which the CPU stands in from now on.
 */
int axon_migrate_resume(struct axon_device *adev)
{
	struct axon_migrate *m = adev->migrate;
	int ret;

	mutex_lock(&m->lock);
	ret = axon_migrate_start(m, adev);
	mutex_unlock(&m->lock);
	return ret;
}

/**
 * axon_migrate_fini() - end the driver's own queue
 * @adev: the device
 */
void axon_migrate_fini(struct axon_device *adev)
{
	struct axon_migrate *m = adev->migrate;

	mutex_lock(&m->lock);
	if (m->alive)
		axon_migrate_stop(m, -ENODEV);
	mutex_unlock(&m->lock);
}
