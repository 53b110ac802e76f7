// SPDX-License-Identifier: MIT
/*
 * Queues: one hardware slot each. A job waits for its syncs, then goes to the ring as its CALLs
 * and a SIGNAL of the slot's fence; jobs of a queue start and finish in order.
 */
#include "emu.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Generous: a kernel that gets anything done in a modelled second or ten real ones is not hung. */
#define HANG_CYCLES  1000000000ull
#define HANG_WALL_MS 10000

static uint64_t slot_reg(const struct emu_queue *queue, uint64_t reg)
{
	return AXON_PAGE_SLOT(queue->slot) + reg;
}

static uint64_t area_va(uint64_t offset)
{
	return EMU_KERNEL_VA + offset;
}

static struct axon_signal *fence_of(struct backend *b, const struct emu_queue *queue)
{
	return &b->area->fence[queue->slot];
}

static void enable_slot(struct backend *b, struct emu_queue *queue,
			const struct drm_axon_queue_create *create)
{
	uint64_t ring = area_va(offsetof(struct kernel_area, ring[queue->slot]));
	uint32_t ctrl = AXON_SLOT_CTRL_ENABLE | (queue->user ? AXON_SLOT_CTRL_USER : 0);

	*fence_of(b, queue) = (struct axon_signal){0};
	/* what the doorbell's last owner left */
	emu_write(b, AXON_PAGE_DB_VALUE + AXON_REG_DB_VALUE(queue->slot), 0);
	emu_write64(b, slot_reg(queue, AXON_REG_SLOT_RING), queue->user ? create->ring_va : ring);
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_LOG2),
		  queue->user ? create->ring_log2 : EMU_RING_LOG2);
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_AS), create->vm_id);
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_DOORBELL), queue->slot);
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_PRIORITY), create->priority);
	emu_write64(b, slot_reg(queue, AXON_REG_SLOT_HANG), HANG_CYCLES);
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_WALL_MS), HANG_WALL_MS);
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_CTRL), ctrl);
}

/* Afterwards nothing of the queue runs. The chip promises that this takes bounded time. */
static void reset_slot(struct backend *b, struct emu_queue *queue)
{
	emu_write(b, slot_reg(queue, AXON_REG_SLOT_RESET), 1);
	while (emu_read(b, slot_reg(queue, AXON_REG_SLOT_STATUS)) != AXON_SLOT_DISABLED)
		sched_yield();
}

static void free_job(struct emu_job *job)
{
	for (unsigned int i = 0; i < job->num_waits; i++)
		emu_sync_unref(job->waits[i].sync);
	for (unsigned int i = 0; i < job->num_signals; i++)
		emu_sync_unref(job->signals[i].sync);
	free(job->calls);
	free(job->waits);
	free(job->signals);
	free(job);
}

static void finish_first(struct emu_queue *queue)
{
	struct emu_job *job = queue->jobs;

	queue->jobs = job->next;
	if (!queue->jobs)
		queue->tail = &queue->jobs;
	if (job->started)
		queue->in_ring -= job->num_calls + 1;
	for (unsigned int i = 0; i < job->num_signals; i++)
		emu_sync_complete(job->signals[i].sync, job->signals[i].point);
	free_job(job);
}

/* Finishes the jobs that the chip has done, or all when the queue is dead. */
static bool retire(struct backend *b, struct emu_queue *queue)
{
	uint64_t done = __atomic_load_n(&fence_of(b, queue)->value, __ATOMIC_ACQUIRE);
	bool any = false;

	while (queue->jobs &&
	       (queue->status == DRM_AXON_QUEUE_DEAD || queue->jobs->seqno <= done)) {
		finish_first(queue);
		any = true;
	}
	return any;
}

static bool may_start(const struct emu_queue *queue, const struct emu_job *job)
{
	for (unsigned int i = 0; i < job->num_waits; i++)
		if (job->waits[i].sync->value < job->waits[i].point)
			return false;
	return queue->in_ring + job->num_calls + 1 <= EMU_RING_PACKETS;
}

static struct axon_packet *next_packet(struct backend *b, struct emu_queue *queue)
{
	queue->in_ring++;
	return &b->area->ring[queue->slot][queue->wptr++ % EMU_RING_PACKETS];
}

static void start_job(struct backend *b, struct emu_queue *queue, struct emu_job *job)
{
	for (unsigned int i = 0; i < job->num_calls; i++)
		*next_packet(b, queue) = (struct axon_packet){
			.op = AXON_PKT_CALL,
			.call = {.addr = job->calls[i].va, .count = job->calls[i].count},
		};
	*next_packet(b, queue) = (struct axon_packet){
		.op = AXON_PKT_SIGNAL,
		.flags = AXON_PKT_F_IRQ,
		.signal =
			{
				.addr = area_va(offsetof(struct kernel_area, fence[queue->slot])),
				.value = job->seqno,
			},
	};
	job->started = true;
	emu_write(b, AXON_PAGE_DOORBELL(queue->slot) + AXON_REG_DOORBELL, queue->wptr);
}

static void start(struct backend *b, struct emu_queue *queue)
{
	for (struct emu_job *job = queue->jobs; job; job = job->next) {
		if (job->started)
			continue;
		if (!may_start(queue, job))
			break;
		start_job(b, queue, job);
	}
}

static void take_faults(struct backend *b)
{
	uint32_t head = emu_read(b, AXON_PAGE_FAULT + AXON_REG_FAULT_HEAD);
	uint32_t tail = emu_read(b, AXON_PAGE_FAULT + AXON_REG_FAULT_TAIL);

	if (head == tail)
		return;
	for (; tail != head; tail++) {
		const struct axon_fault *fault = &b->area->faults[tail % (1 << EMU_FAULT_LOG2)];
		struct emu_queue *queue =
			fault->slot < AXON_NUM_SLOTS ? b->queues[fault->slot] : NULL;

		emu_history_fault(b, queue, fault);
		if (!queue || queue->status == DRM_AXON_QUEUE_DEAD)
			continue;
		queue->fault = *fault;
		queue->status = DRM_AXON_QUEUE_DEAD;
		emu_history_queue_reset(b, queue, EIO);
		reset_slot(b, queue);
		if (queue->user)
			emu_event(b);
	}
	emu_write(b, AXON_PAGE_FAULT + AXON_REG_FAULT_TAIL, tail);
}

void emu_process(struct backend *b)
{
	bool any, changed = false;

	emu_write(b, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS,
		  emu_read(b, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS));
	take_faults(b);
	do { /* a job that finishes in one queue may let one start in another */
		any = false;
		for (unsigned int i = 0; i < AXON_NUM_SLOTS; i++)
			if (b->queues[i])
				any |= retire(b, b->queues[i]);
		for (unsigned int i = 0; i < AXON_NUM_SLOTS; i++)
			if (b->queues[i])
				start(b, b->queues[i]);
		changed |= any;
	} while (any);
	emu_eventfds_ring(b, NULL);
	if (changed)
		emu_event(b);
}

int backend_queue_create(struct backend *b, struct drm_axon_queue_create *create)
{
	struct emu_queue *queue = calloc(1, sizeof(*queue));
	int ret = -EBUSY;

	if (!queue)
		return -ENOMEM;
	queue->tail = &queue->jobs;
	queue->user = create->flags & DRM_AXON_QUEUE_USER;
	pthread_mutex_lock(&b->lock);
	for (unsigned int slot = 0; slot < AXON_NUM_SLOTS; slot++) {
		if (b->queues[slot])
			continue;
		queue->slot = slot;
		b->queues[slot] = queue;
		enable_slot(b, queue, create);
		create->queue_id = slot + 1;
		ret = 0;
		break;
	}
	pthread_mutex_unlock(&b->lock);
	if (ret < 0)
		free(queue);
	return ret;
}

/* Cancels what the queue has not done yet. */
void emu_queue_free(struct backend *b, struct emu_queue *queue)
{
	reset_slot(b, queue);
	queue->status = DRM_AXON_QUEUE_DEAD;
	emu_eventfds_ring(b, queue);
	emu_process(b);
	b->queues[queue->slot] = NULL;
	free(queue);
}

struct emu_queue *emu_queue_get(struct backend *b, uint32_t id)
{
	return id - 1 < AXON_NUM_SLOTS ? b->queues[id - 1] : NULL;
}

void backend_queue_destroy(struct backend *b, uint32_t id)
{
	pthread_mutex_lock(&b->lock);
	emu_queue_free(b, emu_queue_get(b, id));
	pthread_mutex_unlock(&b->lock);
}

int backend_queue_state(struct backend *b, uint32_t id, struct drm_axon_queue_state *state)
{
	struct emu_queue *queue;

	pthread_mutex_lock(&b->lock);
	emu_process(b);
	queue = emu_queue_get(b, id);
	if (queue) {
		state->queue_id = id;
		state->status = queue->status;
		state->fault = queue->fault;
	}
	pthread_mutex_unlock(&b->lock);
	return queue ? 0 : -ENOENT;
}

/* ---- submission ---- */

/* One fence of a submission: a wait must be for a point that will come, a signal for a new one. */
static int add_fence(struct backend *b, struct emu_job *job, const struct drm_axon_sync *sync)
{
	bool signal = sync->flags & DRM_AXON_SYNC_SIGNAL;
	struct emu_fence fence = {
		.sync = emu_sync_ref(b, sync->handle),
		.point = sync->point,
	};
	int ret = 0;

	if (!fence.sync)
		return -ENOENT;
	if (signal)
		ret = emu_sync_promise(fence.sync, fence.point);
	else if (fence.point > emu_sync_last(fence.sync))
		ret = -EINVAL;
	if (ret < 0) {
		emu_sync_unref(fence.sync);
		return ret;
	}
	if (signal)
		job->signals[job->num_signals++] = fence;
	else
		job->waits[job->num_waits++] = fence;
	return 0;
}

static struct emu_job *new_job(const struct drm_axon_call *calls, unsigned int num_calls,
			       unsigned int num_syncs)
{
	struct emu_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->calls = calloc(num_calls, sizeof(*calls));
	job->waits = calloc(num_syncs, sizeof(*job->waits));
	job->signals = calloc(num_syncs, sizeof(*job->signals));
	if (!job->calls || !job->waits || !job->signals) {
		free_job(job);
		return NULL;
	}
	memcpy(job->calls, calls, num_calls * sizeof(*calls));
	job->num_calls = num_calls;
	return job;
}

static int submit(struct backend *b, struct emu_queue *queue, struct emu_job *job,
		  const struct drm_axon_sync *syncs, unsigned int num_syncs)
{
	int ret = 0;

	if (queue->status == DRM_AXON_QUEUE_DEAD)
		return -EIO;
	/* Waits first: a job must not be able to wait for itself. */
	for (unsigned int i = 0; i < num_syncs && !ret; i++)
		if (!(syncs[i].flags & DRM_AXON_SYNC_SIGNAL))
			ret = add_fence(b, job, &syncs[i]);
	for (unsigned int i = 0; i < num_syncs && !ret; i++)
		if (syncs[i].flags & DRM_AXON_SYNC_SIGNAL)
			ret = add_fence(b, job, &syncs[i]);
	if (ret < 0) {
		for (unsigned int i = job->num_signals; i-- > 0;)
			emu_sync_take_back(job->signals[i].sync, job->signals[i].point);
		return ret;
	}
	job->seqno = ++queue->seqno;
	*queue->tail = job;
	queue->tail = &job->next;
	emu_process(b);
	return 0;
}

int backend_submit(struct backend *b, uint32_t id, const struct drm_axon_call *calls,
		   unsigned int num_calls, const struct drm_axon_sync *syncs,
		   unsigned int num_syncs)
{
	struct emu_job *job = new_job(calls, num_calls, num_syncs);
	struct emu_queue *queue;
	int ret = -ENOENT;

	if (!job)
		return -ENOMEM;
	pthread_mutex_lock(&b->lock);
	queue = emu_queue_get(b, id);
	if (queue)
		ret = submit(b, queue, job, syncs, num_syncs);
	if (ret < 0)
		free_job(job);
	pthread_mutex_unlock(&b->lock);
	return ret;
}
