/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_RAS_H
#define AXON_RAS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct attribute_group;
struct axon_device;

/**
 * struct axon_ras - what the chip tells of its own health
 *
 * The chip's counts are 32 bits wide and start anew at a reset; these do not.
 */
struct axon_ras {
	/** @seen_corrected: its count of corrected errors; under &axon_fault_ring.lock */
	u32 seen_corrected;
	/** @seen_uncorrected: of uncorrected ones; the same lock */
	u32 seen_uncorrected;
	/** @seen_throttled: of times that it was too hot; the same lock */
	u32 seen_throttled;
	/** @corrected: memory errors put right */
	atomic64_t corrected;
	/** @uncorrected: memory errors that cost a queue */
	atomic64_t uncorrected;
	/** @throttled: times that the chip was too hot */
	atomic64_t throttled;
	/** @lost_interrupts: times that work was done, or a fault there, and no interrupt told */
	atomic64_t lost_interrupts;
};

extern const struct attribute_group axon_ras_group;

void axon_ras_start(struct axon_device *adev);
void axon_ras_look(struct axon_device *adev);

#endif
