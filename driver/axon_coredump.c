// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Dumps
 *
 * When a queue is ended against its owner's will, or the whole chip reset, what the chip shows of
 * itself goes to /sys/class/devcoredump/: the reason, the queue, its fault record, the packets
 * around the read pointer, the registers of the hart that faulted and all of the chip's. The format
 * is text, "NAME VALUE" on each line, and described in axon(4).
 *
 * The state must be read before the reset, which fences wait for: so nothing is allocated then.
 * There is room for one dump, made when the device comes up; a work item copies and hands it over,
 * and what fails before that is not dumped, as the first failure is the one that tells something.
 */

#include <linux/devcoredump.h>
#include <linux/ktime.h>
#include <linux/vmalloc.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "axon_coredump.h"
#include "axon_debugfs.h"
#include "axon_device.h"
#include "axon_regs.h"
#include "axon_ring.h"

#define AXON_COREDUMP_VERSION 1
/* Packets before and behind the read pointer. */
#define AXON_COREDUMP_PACKETS 4

static void axon_coredump_fault(struct drm_printer *p, const struct axon_fault *fault)
{
	drm_printf(p,
		   "fault.cause %u\nfault.slot %u\nfault.engine %u\nfault.core %u\nfault.as %u\n",
		   fault->cause, fault->slot, fault->engine, fault->core, fault->as);
	drm_printf(p, "fault.addr %#llx\nfault.pc %#llx\nfault.packet %#llx\nfault.ns %llu\n",
		   fault->addr, fault->pc, fault->packet, fault->ns);
	drm_printf(p, "fault.workgroup %u,%u,%u\nfault.tag %u\nfault.info %#llx\n", fault->wg[0],
		   fault->wg[1], fault->wg[2], fault->tag, fault->info);
}

static void axon_coredump_packets(struct drm_printer *p, const struct axon_ring *ring, u32 rptr)
{
	u32 n, first = rptr - min_t(u32, rptr, AXON_COREDUMP_PACKETS);
	const u64 *raw;
	unsigned int i;

	for (n = first; n != ring->wptr && n - first < 2 * AXON_COREDUMP_PACKETS; n++) {
		raw = (const u64 *)&ring->mem->packets[n % AXON_RING_PACKETS];
		drm_printf(p, "packet%u", n);
		for (i = 0; i < AXON_PACKET_SIZE / sizeof(*raw); i++)
			drm_printf(p, " %016llx", raw[i]);
		drm_printf(p, "\n");
	}
}

/* Under the ring's lock and the slots'. */
static void axon_coredump_ring(struct drm_printer *p, struct axon_ring *ring)
{
	struct axon_device *adev = ring->adev;
	unsigned int i, slot;

	drm_printf(p, "queue.doorbell %u\nqueue.id %u\nqueue.client %llu\nqueue.user %u\n",
		   ring->doorbell, ring->owner_id, ring->owner ? ring->owner->client_id : 0,
		   ring->user);
	drm_printf(p, "queue.as %u\nqueue.priority %u\nqueue.state %u\nqueue.wptr %u\n", ring->as,
		   ring->priority, ring->state, ring->wptr);
	axon_coredump_fault(p, &ring->record);
	if (!ring->slot)
		return;

	slot = ring->slot->id;
	drm_printf(p, "queue.slot %u\n", slot);
	drm_printf(p, "hart.pc %#llx\n", axon_slot_read64(adev, slot, HART(0)));
	for (i = 1; i < 32; i++)
		drm_printf(p, "hart.x%u %#llx\n", i, axon_slot_read64(adev, slot, HART(i)));
	if (ring->mem && !ring->user)
		axon_coredump_packets(p, ring, axon_slot_read32(adev, slot, RPTR));
}

/**
 * axon_coredump_take() - keep the state of the chip before it is reset
 * @adev: the device, in a drm_dev_enter() section
 * @ring: the queue that is ended, with its lock and &axon_slots.lock held, or NULL for the chip
 * @why: in a few words
 */
void axon_coredump_take(struct axon_device *adev, struct axon_ring *ring, const char *why)
{
	struct axon_coredump *dump = &adev->coredump;
	struct drm_print_iterator iter = {
		.data = dump->text,
		.remain = AXON_COREDUMP_SIZE,
	};
	struct drm_printer p = drm_coredump_printer(&iter);

	if (!dump->text || test_and_set_bit(0, &dump->busy))
		return;

	drm_printf(&p, "axon-coredump %u\nreason %s\ntime_ns %llu\ndevice %s\n",
		   AXON_COREDUMP_VERSION, why, ktime_get_real_ns(), dev_name(adev->drm.dev));
	if (ring)
		axon_coredump_ring(&p, ring);
	axon_debugfs_print_registers(adev, &p);
	dump->size = AXON_COREDUMP_SIZE - iter.remain;
	queue_work(system_unbound_wq, &dump->work);
}

static void axon_coredump_work(struct work_struct *work)
{
	struct axon_device *adev = container_of(work, struct axon_device, coredump.work);
	struct axon_coredump *dump = &adev->coredump;
	void *copy = vmalloc(dump->size);

	if (copy) {
		memcpy(copy, dump->text, dump->size);
		dev_coredumpv(adev->drm.dev, copy, dump->size, GFP_KERNEL);
	}
	clear_bit_unlock(0, &dump->busy);
}

/**
 * axon_coredump_init() - make room for a dump
 * @adev: the device
 *
 * Return: 0 or -ENOMEM.
 */
int axon_coredump_init(struct axon_device *adev)
{
	struct axon_coredump *dump = &adev->coredump;

	INIT_WORK(&dump->work, axon_coredump_work);
	dump->text = drmm_kmalloc(&adev->drm, AXON_COREDUMP_SIZE, GFP_KERNEL);
	return dump->text ? 0 : -ENOMEM;
}

/**
 * axon_coredump_fini() - the mirror of axon_coredump_init()
 * @adev: the device
 */
void axon_coredump_fini(struct axon_device *adev)
{
	cancel_work_sync(&adev->coredump.work);
}
