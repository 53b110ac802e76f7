/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_FAULT_H
#define AXON_FAULT_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "axon_hw.h"

struct axon_device;

#define AXON_FAULT_RING_LOG2 8

/**
 * struct axon_fault_ring - where the chip reports faults
 */
struct axon_fault_ring {
	/** @records: the ring */
	struct axon_fault *records;
	/** @dma: its bus address */
	dma_addr_t dma;
	/** @lock: protects @tail and @lost */
	struct mutex lock;
	/** @tail: records consumed, modulo 2^32 */
	u32 tail;
	/** @lost: records that the chip had no room for, as seen last */
	u32 lost;
};

int axon_fault_init(struct axon_device *adev);
void axon_fault_fini(struct axon_device *adev);
void axon_fault_start(struct axon_device *adev);
void axon_fault_drain(struct axon_device *adev);

#endif
