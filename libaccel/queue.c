// SPDX-License-Identifier: MIT
/*
 * Queues. A submission is the stream's packets, then one SIGNAL packet of the library's own that
 * writes the submission's number to the queue's progress word. The kernel is asked to carry it out;
 * user queues, which do without, are in user_queue.c.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

/* One page: the progress word in the first 64 bytes, SIGNAL packets in the others. */
#define TAIL_PACKETS (PAGE_BYTES / AXON_PACKET_SIZE - 1)

static int create_tail(struct accel_queue *queue)
{
	void *map;
	int ret = accel_buffer_create(queue->vm, PAGE_BYTES, ACCEL_BUFFER_SYSTEM,
				      ACCEL_PURPOSE_COMMANDS, &queue->tail);

	if (ret < 0)
		return ret;
	ret = accel_buffer_map(queue->tail, &map);
	if (ret < 0)
		return ret;
	return progress_new(map, &queue->progress);
}

static int create_kernel_queue(struct accel_queue *queue, unsigned int priority)
{
	struct accel_device *dev = queue->vm->dev;
	struct drm_axon_queue_create create = {.vm_id = queue->vm->id, .priority = priority};
	int ret = accel_timeline_create(dev, &queue->timeline);

	if (!ret)
		ret = create_tail(queue);
	if (!ret)
		ret = backend_queue_create(dev->backend, &create);
	queue->id = create.queue_id;
	return ret;
}

static void free_queue(struct accel_queue *queue)
{
	if (queue->progress) {
		progress_detach(queue->progress);
		progress_unref(queue->progress);
	}
	accel_buffer_destroy(queue->tail);
	accel_timeline_destroy(queue->timeline);
	free(queue);
}

ACCEL_EXPORT int accel_queue_create(struct accel_vm *vm, unsigned int priority,
				    struct accel_queue **out)
{
	struct accel_queue *queue;
	int ret;

	if (priority > DRM_AXON_PRIORITY_HIGH)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->vm = vm;
	ret = vm->long_running ? user_ring_create(queue, priority)
			       : create_kernel_queue(queue, priority);
	if (ret < 0) {
		free_queue(queue);
		return ret;
	}
	queue->progress->queue = queue->id;
	pthread_mutex_lock(&vm->lock);
	queue->next = vm->queues;
	vm->queues = queue;
	pthread_mutex_unlock(&vm->lock);
	*out = queue;
	return 0;
}

ACCEL_EXPORT void accel_queue_destroy(struct accel_queue *queue)
{
	struct accel_queue **link;
	struct accel_vm *vm;

	if (!queue)
		return;
	vm = queue->vm;
	pthread_mutex_lock(&vm->lock);
	for (link = &vm->queues; *link != queue; link = &(*link)->next)
		;
	*link = queue->next;
	pthread_mutex_unlock(&vm->lock);
	/* After this nothing of the queue runs, so that its memory may go. */
	if (queue->user)
		user_ring_destroy(queue);
	else
		backend_queue_destroy(vm->dev->backend, queue->id);
	free_queue(queue);
}

ACCEL_EXPORT int accel_queue_fault(struct accel_queue *queue, struct axon_fault *fault)
{
	struct drm_axon_queue_state state = {0};
	int ret = backend_queue_state(queue->vm->dev->backend, queue->id, &state);

	if (ret < 0)
		return ret;
	*fault = state.fault;
	return 0;
}

bool queue_idle(struct accel_queue *queue)
{
	struct drm_axon_queue_state state = {0};

	if (progress_done(queue->progress) >= queue->seqno)
		return true;
	return backend_queue_state(queue->vm->dev->backend, queue->id, &state) == 0 &&
	       state.status == DRM_AXON_QUEUE_DEAD;
}

/* Writes the SIGNAL packet of submission `seqno` once its place in the ring is free again. */
static int write_tail(struct accel_queue *queue, uint64_t seqno, struct drm_axon_call *call)
{
	unsigned int at = 1 + seqno % TAIL_PACKETS;
	struct axon_packet *packets = queue->tail->map;

	if (seqno > TAIL_PACKETS) {
		int ret = accel_timeline_wait(queue->timeline, seqno - TAIL_PACKETS, -1);

		if (ret < 0)
			return ret;
	}
	packets[at] = (struct axon_packet){
		.op = AXON_PKT_SIGNAL,
		.signal = {.addr = queue->tail->va, .value = seqno},
	};
	*call = (struct drm_axon_call){
		.va = queue->tail->va + at * AXON_PACKET_SIZE,
		.count = 1,
	};
	return 0;
}

static void retract(struct accel_queue *queue, uint64_t seqno, const struct accel_sync *signal,
		    unsigned int num_signal)
{
	for (unsigned int i = num_signal; i-- > 0;)
		timeline_drop(signal[i].timeline, queue->progress, seqno);
	timeline_drop(queue->timeline, queue->progress, seqno);
}

/* A waiter that wakes up must find the point. When a timeline refuses, none is left told. */
int queue_announce(struct accel_queue *queue, uint64_t seqno, const struct accel_sync *signal,
		   unsigned int num_signal)
{
	int ret = timeline_add(queue->timeline, seqno, queue->progress, seqno);

	for (unsigned int i = 0; i < num_signal && !ret; i++)
		ret = timeline_add(signal[i].timeline, signal[i].value, queue->progress, seqno);
	if (ret < 0)
		retract(queue, seqno, signal, num_signal);
	return ret;
}

static struct drm_axon_sync sync_of(const struct accel_timeline *tl, uint64_t point, uint32_t flags)
{
	return (struct drm_axon_sync){
		.handle = tl->handle,
		.flags = DRM_AXON_SYNC_TIMELINE | flags,
		.point = point,
	};
}

ACCEL_EXPORT int accel_queue_submit(struct accel_queue *queue, struct accel_stream *stream,
				    const struct accel_sync *wait, unsigned int num_wait,
				    const struct accel_sync *signal, unsigned int num_signal)
{
	struct drm_axon_sync syncs[DRM_AXON_MAX_SYNCS];
	struct drm_axon_call calls[2];
	unsigned int num_calls = 0, n = 0;
	uint64_t seqno;
	int ret;

	if (stream->vm != queue->vm)
		return -EXDEV;
	if (num_wait >= DRM_AXON_MAX_SYNCS || num_signal >= DRM_AXON_MAX_SYNCS - num_wait)
		return -E2BIG;
	if (queue->user)
		return user_ring_submit(queue, stream, wait, num_wait, signal, num_signal);
	for (unsigned int i = 0; i < num_wait + num_signal; i++)
		if ((i < num_wait ? wait[i] : signal[i - num_wait]).timeline->word)
			return -EXDEV;
	seqno = queue->seqno + 1;
	for (unsigned int i = 0; i < num_wait; i++)
		if (wait[i].value) /* zero is reached from the start */
			syncs[n++] = sync_of(wait[i].timeline, wait[i].value, 0);
	for (unsigned int i = 0; i < num_signal; i++)
		syncs[n++] = sync_of(signal[i].timeline, signal[i].value, DRM_AXON_SYNC_SIGNAL);
	syncs[n++] = sync_of(queue->timeline, seqno, DRM_AXON_SYNC_SIGNAL);
	if (stream->count)
		calls[num_calls++] = (struct drm_axon_call){
			.va = stream->commands->va,
			.count = stream->count,
		};
	ret = write_tail(queue, seqno, &calls[num_calls++]);
	if (ret < 0)
		return ret;
	ret = queue_announce(queue, seqno, signal, num_signal);
	if (ret < 0)
		return ret;

	pthread_mutex_lock(&queue->vm->lock);
	ret = backend_submit(queue->vm->dev->backend, queue->id, calls, num_calls, syncs, n);
	if (!ret)
		queue->seqno = seqno;
	pthread_mutex_unlock(&queue->vm->lock);
	if (ret < 0)
		retract(queue, seqno, signal, num_signal);
	return ret;
}

ACCEL_EXPORT int accel_queue_ring_doorbell(struct accel_queue *queue)
{
	if (!queue->user)
		return -EINVAL;
	user_ring_ring(queue);
	return 0;
}

ACCEL_EXPORT int accel_queue_run(struct accel_queue *queue, struct accel_stream *stream)
{
	int ret = accel_queue_submit(queue, stream, NULL, 0, NULL, 0);

	return ret < 0 ? ret : accel_timeline_wait(queue->timeline, queue->seqno, -1);
}
