/* SPDX-License-Identifier: MIT */
/*
 * The seam between the library and what carries out its wishes. It speaks the user ABI's own
 * structures; handles and ids are the driver's. Two implementations exist and one is linked:
 * backend_drm.c asks the kernel driver, emu/ is a small driver for a chip in this process.
 * Every function returns 0 or a negative errno and may be called from any thread.
 */
#ifndef ACCEL_BACKEND_H
#define ACCEL_BACKEND_H

#include <stddef.h>
#include <stdint.h>
#include "accel.h"
#include "axon_accel.h"

#define BACKEND_MAX_NODES 64

/* A device as discovery finds it, before it is opened. */
struct backend_node {
	unsigned int minor; /* of /dev/accel/accelN */
	char bdf[16];
};

struct backend;

/* The nodes of the axon driver, by minor; the count, or -EUNATCH when there is none. */
int backend_enumerate(struct backend_node nodes[BACKEND_MAX_NODES]);
int backend_open(const struct backend_node *node, struct backend **backend);
void backend_close(struct backend *backend);
int backend_fd(struct backend *backend);
int backend_query_device(struct backend *backend, struct drm_axon_query_device *device);
/* Fills what the other queries tell: memory in use and its purposes, engine times, the timestamp. */
int backend_query_use(struct backend *backend, struct accel_device_info *info);
/* The newest events, newest first, at most room; how many, or -errno. */
int backend_query_events(struct backend *backend, struct drm_axon_query_event *events,
			 unsigned int room);

int backend_vm_create(struct backend *backend, uint32_t flags, uint32_t *vm);
void backend_vm_destroy(struct backend *backend, uint32_t vm);
/* Carries one operation out before it returns. */
int backend_bind(struct backend *backend, uint32_t vm, const struct drm_axon_bind_op *op);

/* Rounds bo->size up and fills bo->handle. */
int backend_bo_create(struct backend *backend, struct drm_axon_bo_create *bo);
void backend_bo_destroy(struct backend *backend, uint32_t handle);
int backend_bo_map(struct backend *backend, uint32_t handle, size_t size, void **ptr);
void backend_bo_unmap(struct backend *backend, void *ptr, size_t size);

/* Fills queue->queue_id and what else is out. */
int backend_queue_create(struct backend *backend, struct drm_axon_queue_create *queue);
void backend_queue_destroy(struct backend *backend, uint32_t queue);
int backend_queue_state(struct backend *backend, uint32_t queue,
			struct drm_axon_queue_state *state);
int backend_submit(struct backend *backend, uint32_t queue, const struct drm_axon_call *calls,
		   unsigned int num_calls, const struct drm_axon_sync *syncs,
		   unsigned int num_syncs);

/* The doorbell of a user queue that was just created; unmapped before the queue is destroyed. */
int backend_doorbell_map(struct backend *backend, const struct drm_axon_queue_create *queue,
			 void **doorbell);
void backend_doorbell_unmap(struct backend *backend, void *doorbell);
/* What was written to the ring before is seen by the device. */
void backend_doorbell_ring(struct backend *backend, void *doorbell, uint32_t value);
/* Restarts after signals. */
int backend_wait(struct backend *backend, struct drm_axon_wait *wait);

/* Timeline syncobjs. */
int backend_sync_create(struct backend *backend, uint32_t *handle);
void backend_sync_destroy(struct backend *backend, uint32_t handle);
int backend_sync_signal(struct backend *backend, uint32_t handle, uint64_t point);
int backend_sync_query(struct backend *backend, uint32_t handle, uint64_t *point);
/* Waits until CLOCK_MONOTONIC reaches deadline_ns, also for a point that nobody has submitted. */
int backend_sync_wait(struct backend *backend, uint32_t handle, uint64_t point,
		      int64_t deadline_ns);
int backend_sync_eventfd(struct backend *backend, uint32_t handle, uint64_t point, int eventfd);

#endif
