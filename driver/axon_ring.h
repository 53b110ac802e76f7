/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_RING_H
#define AXON_RING_H

#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "axon_hw.h"
#include "axon_slot.h"

struct axon_bo;
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

/* The slot, and the doorbell, that the driver keeps for itself. */
#define AXON_KERNEL_SLOT 0

/**
 * struct axon_ring_mem - what driver and chip share; mapped in address space 0 only
 */
struct axon_ring_mem {
	/** @counters: busy time */
	struct axon_counters counters;
	/** @signal: number of the newest job that is done */
	struct axon_signal signal;
	/** @pad: keeps @packets aligned */
	u8 pad[48];
	/** @packets: the ring; a user ring is elsewhere, and these are left out */
	struct axon_packet packets[AXON_RING_PACKETS];
};

/**
 * struct axon_ring - a hardware queue, whether or not it has a slot just now
 */
struct axon_ring {
	/** @adev: the device */
	struct axon_device *adev;
	/** @timeline: of the jobs' fences, referenced; a user ring has none, but may end */
	struct axon_timeline *timeline;
	/** @fault: told of each fault, under &axon_slots.irq_lock; must not sleep */
	void (*fault)(struct axon_ring *ring, const struct axon_fault *record);
	/** @owner: whose it is, by axon_ring_set_owner(); NULL for the driver's own */
	struct drm_file *owner;
	/** @owner_id: the queue's handle there */
	u32 owner_id;
	/** @notify: of a user ring: something was signalled, or it is over; as @fault */
	void (*notify)(struct axon_ring *ring);
	/** @record: what the chip reported of it last; under &axon_slots.irq_lock */
	struct axon_fault record;
	/** @doorbell: its number */
	unsigned int doorbell;
	/** @as: address space of the command buffers */
	unsigned int as;
	/** @priority: as the slot's register takes it */
	unsigned int priority;
	/** @user: the packets are written by a process */
	bool user;
	/** @log2: of the number of packets */
	u32 log2;
	/** @user_va: of the packets of a user ring, in @as */
	u64 user_va;
	/** @hang_cycles: its limits as they were when it was made: without progress, modelled... */
	u64 hang_cycles;
	/** @wall_ms: ...and in wall time; */
	u32 wall_ms;
	/** @limit_cycles: and for one packet; 0 for a user ring, as fences are promised for none */
	u64 limit_cycles;

	/** @lock: protects @mem and @wptr */
	struct mutex lock;
	/** @mem: shared memory, NULL once it was given back */
	struct axon_ring_mem *mem;
	/** @dma: its bus address */
	dma_addr_t dma;
	/** @wptr: packets written, modulo 2^32 */
	u32 wptr;

	/** @save: where the chip keeps the ring's state while it has no slot; NULL if it cannot */
	struct axon_bo *save;
	/** @save_head: struct axon_save at its beginning */
	struct iosys_map save_head;

	/* The slot scheduler's, under &axon_slots.lock. */

	/** @state: where it stands */
	enum axon_ring_state state;
	/** @saved: @save holds its state, or did before it got the slot it has */
	bool saved;
	/** @parked: it was in a WAIT packet when it left its slot */
	bool parked;
	/** @rank: how urgent it is, while the scheduler decides */
	unsigned int rank;
	/** @since: ns, since when it has the slot, was asked to leave it or waits for one */
	u64 since;
	/** @rung: the doorbell's value while the machine sleeps */
	u32 rung;
	/** @rptr: packets consumed, as the scheduler saw it last */
	u32 rptr;
	/** @moved: ns, when it saw @rptr move last, or began to have work */
	u64 moved;
	/** @node: in &axon_slots.runnable */
	struct list_head node;
	/** @slot: its slot, or NULL; changes under &axon_slots.irq_lock too */
	struct axon_slot *slot;
	/** @armed: @notify is to be called; under &axon_slots.irq_lock */
	bool armed;
};

u64 axon_ring_packets_va(const struct axon_ring *ring);
u64 axon_ring_counters_va(const struct axon_ring *ring);
u64 axon_ring_save_va(const struct axon_ring *ring);

int axon_ring_init(struct axon_ring *ring, struct axon_device *adev, bool kernel);
void axon_ring_set_owner(struct axon_ring *ring, struct drm_file *owner, u32 id);
int axon_ring_submit(struct axon_ring *ring, const struct axon_packet *packets, unsigned int count,
		     struct axon_fence *fence);
void axon_ring_complete(struct axon_ring *ring);
void axon_ring_end(struct axon_ring *ring, int error);
void axon_ring_stop(struct axon_ring *ring, int error);
void axon_ring_fini(struct axon_ring *ring, int error);
bool axon_ring_poll(struct axon_ring *ring, struct axon_counters *counters);

#endif
