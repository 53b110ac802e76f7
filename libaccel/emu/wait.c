// SPDX-License-Identifier: MIT
/* User queues' doorbells, waiting for the words they write, and eventfds. */
#include "emu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- doorbells: each queue has the one of its slot's number ---- */

int backend_doorbell_map(struct backend *b, const struct drm_axon_queue_create *queue,
			 void **doorbell)
{
	pthread_mutex_lock(&b->lock);
	*doorbell = emu_queue_get(b, queue->queue_id);
	pthread_mutex_unlock(&b->lock);
	return 0;
}

void backend_doorbell_unmap(struct backend *b, void *doorbell)
{
	(void)b;
	(void)doorbell;
}

void backend_doorbell_ring(struct backend *b, void *doorbell, uint32_t value)
{
	const struct emu_queue *queue = doorbell;

	pthread_mutex_lock(&b->lock);
	emu_write(b, AXON_PAGE_DOORBELL(queue->slot) + AXON_REG_DOORBELL, value);
	pthread_mutex_unlock(&b->lock);
}

/* ---- eventfds ---- */

static void free_eventfd(struct backend *b, struct emu_eventfd *event)
{
	if (event->sync)
		emu_sync_unref(event->sync);
	if (event->bo)
		emu_bo_unref(b, event->bo);
	if (event->fd >= 0)
		close(event->fd);
	free(event);
}

static bool is_due(const struct emu_eventfd *event)
{
	if (event->sync)
		return event->sync->value >= event->value;
	return event->queue->status == DRM_AXON_QUEUE_DEAD ||
	       __atomic_load_n(event->word, __ATOMIC_ACQUIRE) >= event->value;
}

void emu_eventfds_ring(struct backend *b, const struct emu_queue *queue)
{
	struct emu_eventfd **link = &b->eventfds;

	while (*link) {
		struct emu_eventfd *event = *link;
		const uint64_t one = 1;

		if (!is_due(event) && !(queue && event->queue == queue)) {
			link = &event->next;
			continue;
		}
		/* it can only fail when the count is full, and then it is readable */
		if (write(event->fd, &one, sizeof(one)) < 0)
			errno = 0;
		*link = event->next;
		free_eventfd(b, event);
	}
}

void emu_eventfds_free(struct backend *b)
{
	while (b->eventfds) {
		struct emu_eventfd *event = b->eventfds;

		b->eventfds = event->next;
		free_eventfd(b, event);
	}
}

/* Takes the references that `wanted` names. */
static int add_eventfd(struct backend *b, const struct emu_eventfd *wanted, int fd)
{
	struct emu_eventfd *event = malloc(sizeof(*event));

	if (!event)
		return -ENOMEM;
	*event = *wanted;
	event->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (event->fd < 0) {
		free(event);
		return -errno;
	}
	if (event->sync)
		event->sync->refs++;
	if (event->bo)
		event->bo->refs++;
	event->next = b->eventfds;
	b->eventfds = event;
	emu_process(b);
	return 0;
}

int backend_sync_eventfd(struct backend *b, uint32_t handle, uint64_t point, int eventfd)
{
	struct emu_eventfd event = {.value = point};
	int ret = -ENOENT;

	pthread_mutex_lock(&b->lock);
	event.sync = table_get(&b->syncs, handle);
	if (event.sync)
		ret = add_eventfd(b, &event, eventfd);
	pthread_mutex_unlock(&b->lock);
	return ret;
}

/* ---- waiting ---- */

/* What the wait is for, as the handles say now. */
static int find(struct backend *b, const struct drm_axon_wait *wait, struct emu_eventfd *event)
{
	*event = (struct emu_eventfd){
		.queue = emu_queue_get(b, wait->queue_id),
		.bo = table_get(&b->bos, wait->handle),
		.value = wait->value,
	};
	if (!event->queue || !event->bo)
		return -ENOENT;
	if (wait->offset & 7 || wait->offset >= event->bo->size)
		return -EINVAL;
	event->word = (const uint64_t *)(emu_bo_host(b, event->bo) + wait->offset);
	return 0;
}

/* 0, -EAGAIN while there is nothing to say, or an error. */
static int look(struct backend *b, struct drm_axon_wait *wait)
{
	struct emu_eventfd event;
	int ret;

	pthread_mutex_lock(&b->lock);
	emu_process(b);
	ret = find(b, wait, &event);
	if (!ret && wait->flags & DRM_AXON_WAIT_EVENTFD) {
		ret = add_eventfd(b, &event, wait->eventfd);
	} else if (!ret && __atomic_load_n(event.word, __ATOMIC_ACQUIRE) < wait->value) {
		ret = -EAGAIN;
		if (event.queue->status == DRM_AXON_QUEUE_DEAD) {
			wait->fault = event.queue->fault;
			ret = -EIO;
		}
	}
	pthread_mutex_unlock(&b->lock);
	return ret;
}

int backend_wait(struct backend *b, struct drm_axon_wait *wait)
{
	bool in_time = true;

	for (;;) {
		uint64_t seen = emu_events(b);
		int ret = look(b, wait);

		if (ret != -EAGAIN)
			return ret;
		if (!in_time)
			return -ETIME;
		in_time = emu_sleep(b, seen, wait->timeout_ns);
	}
}
