/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_RING_H
#define AXON_RING_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "axon_hw.h"

struct axon_device;
struct axon_fence;
struct axon_timeline;
struct drm_file;

#define AXON_RING_LOG2	  8
#define AXON_RING_PACKETS BIT(AXON_RING_LOG2)

/*
 * Packets that may be under way. One less than the ring holds: the memory of a job's SIGNAL is
 * written just before its place in the ring is free.
 */
#define AXON_RING_CREDITS (AXON_RING_PACKETS - 1)

/* The slot that the driver keeps for itself. */
#define AXON_KERNEL_SLOT 0

/**
 * struct axon_ring_mem - what driver and chip share; mapped in address space 0 only
 */
struct axon_ring_mem {
	/** @packets: the ring */
	struct axon_packet packets[AXON_RING_PACKETS];
	/** @signal: number of the newest job that is done */
	struct axon_signal signal;
	/** @pad: keeps @counters on a line of their own */
	u8 pad[48];
	/** @counters: busy time */
	struct axon_counters counters;
};

/**
 * struct axon_ring - a hardware queue on its slot
 */
struct axon_ring {
	/** @adev: the device */
	struct axon_device *adev;
	/** @timeline: where the chip signals the jobs' fences, referenced */
	struct axon_timeline *timeline;
	/** @fault: told of each fault, under &axon_slot.lock; must not sleep */
	void (*fault)(struct axon_ring *ring, const struct axon_fault *record);
	/** @owner: whose it is, by axon_ring_set_owner(); NULL for the driver's own */
	struct drm_file *owner;
	/** @owner_id: the queue's handle there */
	u32 owner_id;
	/** @slot: number of the slot */
	unsigned int slot;
	/** @as: address space of the command buffers */
	unsigned int as;
	/** @priority: as the slot's register takes it */
	unsigned int priority;

	/** @lock: protects the members below, and the slot's registers */
	struct mutex lock;
	/** @mem: shared memory, NULL once the slot was given back */
	struct axon_ring_mem *mem;
	/** @dma: its bus address */
	dma_addr_t dma;
	/** @wptr: packets written, modulo 2^32 */
	u32 wptr;
	/** @running: the slot is enabled */
	bool running;
};

int axon_ring_init(struct axon_ring *ring, struct axon_device *adev, bool kernel);
void axon_ring_start(struct axon_ring *ring);
void axon_ring_set_owner(struct axon_ring *ring, struct drm_file *owner, u32 id);
int axon_ring_submit(struct axon_ring *ring, const struct axon_packet *packets, unsigned int count,
		     struct axon_fence *fence);
void axon_ring_complete(struct axon_ring *ring);
void axon_ring_stop(struct axon_ring *ring, int error);
void axon_ring_fini(struct axon_ring *ring, int error);
bool axon_ring_poll(struct axon_ring *ring, u32 *progress, struct axon_counters *counters);

#endif
