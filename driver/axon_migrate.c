// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: The driver's own queue
 *
 * Slot 0 runs packets of the driver's own, in address space 0, where all of device memory is
 * mapped. It clears device memory before a buffer gets it: the chip is many times faster at that
 * than the CPU through the BAR. Should the chip fail, the CPU does it: memory is never handed out
 * with someone else's data in it.
 */

#include <linux/dma-fence.h>
#include <linux/io.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "axon_cursor.h"
#include "axon_device.h"
#include "axon_fence.h"
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
	/** @ring: on AXON_KERNEL_SLOT */
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

	axon_ring_start(&m->ring);
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
static int axon_migrate_run(struct axon_migrate *m, const struct axon_packet *packets,
			    unsigned int count)
{
	struct axon_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	long left;
	int ret;

	if (!fence)
		return -ENOMEM;

	axon_fence_init(fence, m->ring.timeline);
	ret = axon_ring_submit(&m->ring, packets, count, fence);
	if (!ret) {
		left = dma_fence_wait_timeout(&fence->base, false,
					      msecs_to_jiffies(AXON_TIMEOUT_MS));
		ret = left > 0 ? fence->base.error : -ETIMEDOUT;
	}
	dma_fence_put(&fence->base);
	return ret;
}

/* Take packets' worth of blocks from @cur. */
static unsigned int axon_migrate_fill(struct axon_cursor *cur, struct axon_packet *packets)
{
	unsigned int n;

	for (n = 0; n < AXON_MIGRATE_BATCH && cur->left; n++) {
		packets[n] = (struct axon_packet){
			.op = AXON_PKT_FILL,
			.fill.dst = AXON_KERNEL_VA_VRAM + cur->addr,
			.fill.bytes = cur->run,
		};
		axon_cursor_advance(cur, cur->run);
	}
	return n;
}

static int axon_migrate_clear_by_chip(struct axon_migrate *m, struct axon_device *adev,
				      struct ttm_resource *res)
{
	struct axon_packet *packets;
	struct axon_cursor cur;
	int ret = 0;

	packets = kmalloc_array(AXON_MIGRATE_BATCH, sizeof(*packets), GFP_KERNEL);
	if (!packets)
		return -ENOMEM;

	axon_cursor_vram(&cur, res, 0, res->size);
	mutex_lock(&m->lock);
	while (!ret && cur.left)
		ret = m->alive ? axon_migrate_run(m, packets, axon_migrate_fill(&cur, packets)) :
				 -EIO;
	if (ret && m->alive) {
		axon_migrate_stop(m, ret);
		axon_migrate_start(m, adev);
	}
	mutex_unlock(&m->lock);
	kfree(packets);
	return ret;
}

static void axon_migrate_clear_by_cpu(struct axon_device *adev, struct ttm_resource *res)
{
	struct axon_cursor cur;

	axon_cursor_vram(&cur, res, 0, res->size);
	while (cur.left) {
		memset_io(adev->vram_io + cur.addr, 0, cur.run);
		axon_cursor_advance(&cur, cur.run);
	}
}

/**
 * axon_migrate_clear() - clear device memory
 * @adev: the device
 * @res: the memory, of TTM_PL_VRAM, which nobody uses yet
 *
 * Return: 0, or -ENODEV when the device is gone.
 */
int axon_migrate_clear(struct axon_device *adev, struct ttm_resource *res)
{
	int idx;

	if (!drm_dev_enter(&adev->drm, &idx))
		return -ENODEV;

	if (axon_migrate_clear_by_chip(adev->migrate, adev, res))
		axon_migrate_clear_by_cpu(adev, res);
	drm_dev_exit(idx);
	return 0;
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
