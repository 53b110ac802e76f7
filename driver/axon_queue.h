/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_QUEUE_H
#define AXON_QUEUE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "axon_compat.h"
#include "axon_ring.h"
#include "axon_wait.h"

struct axon_file;
struct axon_vm;
struct drm_device;
struct drm_file;
struct page;

/*
 * Jobs that a queue may have, here and on the chip. They are kernel memory that nobody else
 * accounts for, and a program that goes on submitting must not get all of it.
 */
#define AXON_QUEUE_MAX_JOBS 1024

/**
 * struct axon_queue - a user's queue
 */
struct axon_queue {
	/** @ring: the hardware's part */
	struct axon_ring ring;
	/** @kref: the handle's, one of each job, and of each ioctl under way */
	struct kref kref;
	/** @vm: address space of the command buffers, referenced */
	struct axon_vm *vm;
	/** @sched: feeds @ring, unless a process does */
	struct drm_gpu_scheduler sched;
	/** @entity: the only one of @sched */
	struct drm_sched_entity entity;

	/** @waits: who waits for words that @ring writes, if it is a user ring */
	struct axon_waits waits;
	/** @dummy: what the process has in place of the doorbell once the queue has ended */
	struct page *dummy;

	/** @lock: makes the order of fences that of jobs; protects @closed */
	struct mutex lock;
	/** @closed: the handle is gone; nothing may be pushed any more */
	bool closed;
	/** @jobs: jobs that are not freed yet */
	atomic_t jobs;
	/** @idle: woken when @jobs becomes less */
	wait_queue_head_t idle;

	/** @fault_lock: protects @fault; taken in hard interrupt context */
	spinlock_t fault_lock;
	/** @fault: the first fault, cause AXON_FAULT_NONE until then */
	struct axon_fault fault;
	/** @stop_work: stops @ring after a fault; holds a reference while it is queued */
	struct work_struct stop_work;
	/** @release_work: frees the queue */
	struct work_struct release_work;

	/** @seen_progress: of @ring at the last time-out; the time-out handler's own */
	u32 seen_progress;
};

static inline struct axon_queue *axon_queue_get(struct axon_queue *q)
{
	kref_get(&q->kref);
	return q;
}

struct axon_queue *axon_queue_lookup(struct axon_file *afile, u32 id);
void axon_queue_put(struct axon_queue *q);
void axon_queue_close(struct axon_file *afile);
int axon_queue_error(struct axon_queue *q);

int axon_queue_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
int axon_queue_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *file);
int axon_queue_state_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
