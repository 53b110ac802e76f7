/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_SLOT_H
#define AXON_SLOT_H

#include <linux/idr.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "axon_hw.h"

struct axon_device;
struct axon_ring;

/* What a ring that works may keep its slot for while others wait. */
#define AXON_SLICE_NS (20 * NSEC_PER_MSEC)
/* One in a WAIT packet only as long as it takes to see that it still has to. */
#define AXON_SLICE_WAITING_NS NSEC_PER_MSEC
/* Each of these that a ring has waited for a slot counts as one priority more. */
#define AXON_AGE_NS (200 * NSEC_PER_MSEC)
/* A ring whose packets have not moved for this long may keep others from the cores, or be kept. */
#define AXON_STALL_NS (100 * NSEC_PER_MSEC)
/* While a ring waits for a slot, its turn is looked for this often... */
#define AXON_TICK_MS 5
/* ...and while there are several on slots, whether they get on: if any works, and if none does. */
#define AXON_WATCH_MS	   100
#define AXON_WATCH_IDLE_MS 500

/* The highest value of enum drm_axon_priority. */
#define AXON_RANK_MAX 2

/**
 * enum axon_ring_state - where a ring stands with the slot scheduler
 */
enum axon_ring_state {
	/** @AXON_RING_OFF: on no slot and nothing to do, as far as is known */
	AXON_RING_OFF,
	/** @AXON_RING_RUNNABLE: waits for a slot */
	AXON_RING_RUNNABLE,
	/** @AXON_RING_ON: on a slot */
	AXON_RING_ON,
	/** @AXON_RING_DEAD: never scheduled again */
	AXON_RING_DEAD,
};

/**
 * struct axon_slot - one hardware queue slot
 */
struct axon_slot {
	/** @adev: the device */
	struct axon_device *adev;
	/** @id: number of the slot */
	unsigned int id;
	/** @ring: what is here, or NULL; changes under both locks of &axon_slots */
	struct axon_ring *ring;
	/** @leaving: @ring was asked to leave; changes under both locks */
	bool leaving;
	/** @status: enum axon_slot_state as the scheduler saw it last */
	u32 status;
	/** @stalled: @ring works, and its packets have not moved for AXON_STALL_NS */
	bool stalled;
};

/**
 * struct axon_slots - the slot scheduler
 */
struct axon_slots {
	/** @lock: protects the slots and where each ring stands; held around slot registers */
	struct mutex lock;
	/** @irq_lock: protects what interrupt handlers see; taken in hard interrupts */
	spinlock_t irq_lock;
	/** @irq_mask: AXON_REG_IRQ_MASK; under @irq_lock */
	u32 irq_mask;
	/** @wq: where @work runs */
	struct workqueue_struct *wq;
	/** @work: one look at everything */
	struct delayed_work work;
	/** @doorbells: numbers in use; a ring has the same one all its life */
	struct ida doorbells;
	/** @rings: those that may run, by doorbell */
	struct xarray rings;
	/** @runnable: those that wait for a slot */
	struct list_head runnable;
	/** @parked: no ring gets a slot, as the machine goes to sleep */
	bool parked;
	/** @shared: ns, when a ring had to leave its cores to others last */
	u64 shared;
	/** @slot: the slots; 0 is the driver's own and never scheduled */
	struct axon_slot slot[AXON_NUM_SLOTS];
};

/**
 * axon_slot_rank() - how urgent a ring is that waits for a slot
 * @priority: its own
 * @waited_ns: for how long
 *
 * Return: what is compared with the priority of those that have one.
 */
static inline unsigned int axon_slot_rank(unsigned int priority, u64 waited_ns)
{
	return min_t(u64, priority + waited_ns / AXON_AGE_NS, AXON_RANK_MAX);
}

/**
 * axon_slot_slice() - how long a ring may keep its slot while another waits for one
 * @status: enum axon_slot_state of the slot
 * @parked: the other was in a WAIT packet when it left its slot
 *
 * Two that wait for memory words take turns as slowly as two that work.
 *
 * Return: nanoseconds; U64_MAX when it cannot be asked to leave.
 */
static inline u64 axon_slot_slice(u32 status, bool parked)
{
	switch (status) {
	case AXON_SLOT_IDLE:
		return 0;
	case AXON_SLOT_WAITING:
		return parked ? AXON_SLICE_NS : AXON_SLICE_WAITING_NS;
	case AXON_SLOT_RUNNING:
		return AXON_SLICE_NS;
	default:
		return U64_MAX;
	}
}

int axon_slot_init(struct axon_device *adev);
void axon_slot_fini(struct axon_device *adev);
unsigned int axon_slot_count_free(struct axon_device *adev);

bool axon_slot_is_idle(struct axon_device *adev);
bool axon_slot_sleep(struct axon_device *adev);
void axon_slot_wake(struct axon_device *adev);

void axon_slot_park(struct axon_device *adev);
void axon_slot_unpark(struct axon_device *adev);
void axon_slot_set_asleep(struct axon_device *adev, bool asleep);

void axon_slot_ring_doorbell(struct axon_ring *ring);
void axon_slot_kick(struct axon_device *adev);
void axon_slot_interrupt(struct axon_slot *slot);
void axon_slot_arm(struct axon_ring *ring);
int axon_slot_add(struct axon_ring *ring);
void axon_slot_remove(struct axon_ring *ring);
void axon_slot_forget(struct axon_ring *ring);
void axon_slot_dump(struct axon_ring *ring);
bool axon_slot_poll(struct axon_ring *ring, u32 *progress);

#endif
