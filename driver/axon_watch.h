/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_WATCH_H
#define AXON_WATCH_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include "axon_hw.h"

struct axon_device;

/* How often the driver looks: what no interrupt told of is found by the second look. */
#define AXON_WATCH_PERIOD_MS 1000

/**
 * struct axon_watch_slot - what was seen of a slot at the last look
 */
struct axon_watch_slot {
	/** @doorbell: of the ring that was there */
	unsigned int doorbell;
	/** @signal: jobs that it had done */
	u64 signal;
	/** @progress: AXON_REG_SLOT_PROGRESS */
	u32 progress;
	/** @moved: ns, when @progress was seen to move last, or the slot not to work */
	u64 moved;
};

/**
 * struct axon_watch - what was seen of the chip at the last look
 */
struct axon_watch {
	/** @work: one look; queued while there is a queue */
	struct delayed_work work;
	/** @head: fault records that the chip had written */
	u32 head;
	/** @rung: there were doorbells that nobody had listened to */
	bool rung;
	/** @slot: of each slot */
	struct axon_watch_slot slot[AXON_NUM_SLOTS];
};

void axon_watch_init(struct axon_device *adev);
void axon_watch_fini(struct axon_device *adev);
void axon_watch_kick(struct axon_device *adev);

#endif
