/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_EVENT_H
#define AXON_EVENT_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct axon_device;
struct axon_event;
struct axon_fault;
struct axon_ring;
struct drm_axon_query_events;
struct drm_file;

/**
 * struct axon_events - the newest events of a device
 */
struct axon_events {
	/** @lock: protects what follows; taken in hard interrupt context */
	spinlock_t lock;
	/** @ring: DRM_AXON_MAX_EVENTS of them; event n is at (n - 1) modulo that */
	struct axon_event *ring;
	/** @total: events so far */
	u64 total;
};

int axon_event_init(struct axon_device *adev);

void axon_event_fault(struct axon_device *adev, struct axon_ring *ring,
		      const struct axon_fault *record);
void axon_event_faults_lost(struct axon_device *adev, u32 lost);
void axon_event_queue_reset(struct axon_ring *ring, int error);
void axon_event_device_reset(struct axon_device *adev, int error, bool memory_lost);
void axon_event_throttled(struct axon_device *adev);

struct drm_axon_query_events *axon_event_snapshot(struct axon_device *adev, struct drm_file *reader,
						  u32 *size);

#endif
