// SPDX-License-Identifier: MIT
/* The history of faults and resets. All is this process's own: nothing is hidden. */
#define _GNU_SOURCE
#include "emu.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void add(struct backend *b, const struct emu_queue *queue,
		struct drm_axon_query_event *event)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	event->time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (queue) {
		event->client = 1;
		event->pid = (uint32_t)getpid();
		event->queue_id = queue->slot + 1;
		snprintf(event->comm, sizeof(event->comm), "%.15s", program_invocation_short_name);
	}
	event->number = b->num_history + 1;
	b->history[b->num_history++ % DRM_AXON_MAX_EVENTS] = *event;
}

void emu_history_fault(struct backend *b, const struct emu_queue *queue,
		       const struct axon_fault *fault)
{
	struct drm_axon_query_event event = {
		.kind = DRM_AXON_EVENT_FAULT,
		.slot = fault->slot,
		.fault = *fault,
	};

	b->num_faults++;
	add(b, queue, &event);
}

void emu_history_queue_reset(struct backend *b, const struct emu_queue *queue, int error)
{
	struct drm_axon_query_event event = {
		.kind = DRM_AXON_EVENT_QUEUE_RESET,
		.slot = queue->slot,
		.error = (uint32_t)error,
	};

	b->num_resets++;
	add(b, queue, &event);
}

int backend_query_events(struct backend *b, struct drm_axon_query_event *events, unsigned int room)
{
	unsigned int n;

	pthread_mutex_lock(&b->lock);
	for (n = 0; n < room && n < b->num_history && n < DRM_AXON_MAX_EVENTS; n++)
		events[n] = b->history[(b->num_history - 1 - n) % DRM_AXON_MAX_EVENTS];
	pthread_mutex_unlock(&b->lock);
	return (int)n;
}
