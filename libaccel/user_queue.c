// SPDX-License-Identifier: MIT
/*
 * User queues. A submission is WAIT packets, a CALL of the stream, a SIGNAL of the queue's own
 * timeline and SIGNALs of the caller's, written into a ring that the device reads, and then a store to
 * the doorbell: no system call. Only the last packet interrupts, which wakes waiters of all. That the
 * queue has died is learnt by waiting, not by submitting.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#define RING_LOG2    8
#define RING_PACKETS (1u << RING_LOG2)
#define RING_BYTES   (RING_PACKETS * AXON_PACKET_SIZE)
#define OUTSTANDING  63

struct user_ring {
	struct accel_buffer *buffer;
	struct axon_packet *packets;
	void *doorbell;
	uint32_t wptr;
	uint32_t end[OUTSTANDING + 1]; /* wptr behind submission n, at n modulo the size */
};

static void free_ring(struct user_ring *ring)
{
	accel_buffer_destroy(ring->buffer);
	free(ring);
}

static int create_in_driver(struct accel_queue *queue, unsigned int priority)
{
	struct backend *backend = queue->vm->dev->backend;
	struct drm_axon_queue_create create = {
		.vm_id = queue->vm->id,
		.priority = priority,
		.flags = DRM_AXON_QUEUE_USER,
		.ring_va = queue->user->buffer->va,
		.ring_log2 = RING_LOG2,
	};
	int ret = backend_queue_create(backend, &create);

	if (ret < 0)
		return ret;
	ret = backend_doorbell_map(backend, &create, &queue->user->doorbell);
	if (ret < 0)
		backend_queue_destroy(backend, create.queue_id);
	queue->id = create.queue_id;
	return ret;
}

int user_ring_create(struct accel_queue *queue, unsigned int priority)
{
	struct user_ring *ring = calloc(1, sizeof(*ring));
	void *map;
	int ret;

	if (!ring)
		return -ENOMEM;
	ret = accel_buffer_create(queue->vm, RING_BYTES, ACCEL_BUFFER_SYSTEM,
				  ACCEL_PURPOSE_COMMANDS, &ring->buffer);
	if (!ret)
		ret = accel_buffer_map(ring->buffer, &map);
	if (!ret)
		ret = accel_timeline_create_in(queue->vm, &queue->timeline);
	if (!ret)
		ret = progress_new(queue->timeline->word, &queue->progress);
	if (ret < 0) {
		free_ring(ring);
		return ret;
	}
	ring->packets = map;
	queue->user = ring;
	ret = create_in_driver(queue, priority);
	if (ret < 0) {
		queue->user = NULL;
		free_ring(ring);
	}
	return ret;
}

void user_ring_destroy(struct accel_queue *queue)
{
	struct backend *backend = queue->vm->dev->backend;

	backend_doorbell_unmap(backend, queue->user->doorbell);
	backend_queue_destroy(backend, queue->id);
	free_ring(queue->user);
}

/* A submission takes part in the timelines of its own address space. */
static int check_timelines(const struct accel_queue *queue, const struct accel_sync *sync,
			   unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!sync[i].timeline->word || sync[i].timeline->buffer->vm != queue->vm)
			return -EXDEV;
	return 0;
}

/* It waits for points that will come. */
static int check_points(const struct accel_sync *wait, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct accel_timeline *tl = wait[i].timeline;
		uint64_t last;

		pthread_mutex_lock(&tl->lock);
		last = tl->last;
		pthread_mutex_unlock(&tl->lock);
		if (wait[i].value > last)
			return -EINVAL;
	}
	return 0;
}

/* Waits until the ring has room for `need` packets of submission `seqno`. */
static int make_room(struct accel_queue *queue, uint64_t seqno, unsigned int need)
{
	const struct user_ring *ring = queue->user;
	uint64_t done = progress_done(queue->progress);

	while (seqno - done > OUTSTANDING ||
	       ring->wptr + need - ring->end[done % (OUTSTANDING + 1)] > RING_PACKETS) {
		int ret = accel_timeline_wait(queue->timeline, done + 1, -1);

		if (ret < 0)
			return ret;
		done = progress_done(queue->progress);
	}
	return 0;
}

static void put(struct user_ring *ring, struct axon_packet packet)
{
	ring->packets[ring->wptr++ % RING_PACKETS] = packet;
}

static void put_signal(struct user_ring *ring, const struct accel_timeline *tl, uint64_t value,
		       bool last)
{
	put(ring, (struct axon_packet){
			  .op = AXON_PKT_SIGNAL,
			  .flags = last ? AXON_PKT_F_IRQ : 0,
			  .signal = {.addr = tl->buffer->va, .value = value},
		  });
}

/* The queue's own word first: a point that is reached must be found to have succeeded. */
static void put_submission(struct accel_queue *queue, uint64_t seqno,
			   const struct accel_stream *stream, const struct accel_sync *wait,
			   unsigned int num_wait, const struct accel_sync *signal,
			   unsigned int num_signal)
{
	struct user_ring *ring = queue->user;

	for (unsigned int i = 0; i < num_wait; i++)
		put(ring,
		    (struct axon_packet){
			    .op = AXON_PKT_WAIT,
			    .wait = {.addr = wait[i].timeline->buffer->va, .value = wait[i].value},
		    });
	if (stream->count)
		put(ring, (struct axon_packet){
				  .op = AXON_PKT_CALL,
				  .call = {.addr = stream->commands->va, .count = stream->count},
			  });
	put_signal(ring, queue->timeline, seqno, !num_signal);
	for (unsigned int i = 0; i < num_signal; i++)
		put_signal(ring, signal[i].timeline, signal[i].value, i + 1 == num_signal);
	ring->end[seqno % (OUTSTANDING + 1)] = ring->wptr;
}

void user_ring_ring(struct accel_queue *queue)
{
	pthread_mutex_lock(&queue->vm->lock);
	backend_doorbell_ring(queue->vm->dev->backend, queue->user->doorbell, queue->user->wptr);
	pthread_mutex_unlock(&queue->vm->lock);
}

int user_ring_submit(struct accel_queue *queue, const struct accel_stream *stream,
		     const struct accel_sync *wait, unsigned int num_wait,
		     const struct accel_sync *signal, unsigned int num_signal)
{
	uint64_t seqno = queue->seqno + 1;
	int ret = check_timelines(queue, wait, num_wait);

	if (!ret)
		ret = check_points(wait, num_wait);
	if (!ret)
		ret = check_timelines(queue, signal, num_signal);
	if (!ret)
		ret = make_room(queue, seqno, num_wait + num_signal + 2);
	if (ret < 0)
		return ret;
	ret = queue_announce(queue, seqno, signal, num_signal);
	if (ret < 0)
		return ret;
	pthread_mutex_lock(&queue->vm->lock);
	put_submission(queue, seqno, stream, wait, num_wait, signal, num_signal);
	queue->seqno = seqno;
	backend_doorbell_ring(queue->vm->dev->backend, queue->user->doorbell, queue->user->wptr);
	pthread_mutex_unlock(&queue->vm->lock);
	return 0;
}
