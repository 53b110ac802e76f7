// SPDX-License-Identifier: MIT
/*
 * Timelines that are a word in the memory of a long-running address space. The device writes it
 * with a SIGNAL packet, the process with a store; both only ever let it grow, because one of them at
 * a time may (timeline_add()). The kernel is only asked to sleep until a queue has signalled.
 */
#include "internal.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

/*
 * A sleep in the kernel names a queue. Another thread may destroy that queue meanwhile and its number
 * may come back, so no sleep is longer than this before the queue is looked at again.
 */
#define SLEEP_NS 500000000ll

/*
 * To fall asleep and be woken costs some hundred microseconds. What a queue does in less than that
 * is waited for awake: not for longer, because the chip's host threads may need this CPU.
 */
#define SPIN_NS	   50000
#define SPIN_LOOPS 64 /* between looks at the clock */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

uint64_t timeline_memory_value(const struct accel_timeline *tl)
{
	return __atomic_load_n(&tl->word->value, __ATOMIC_ACQUIRE);
}

void timeline_memory_signal(struct accel_timeline *tl, uint64_t value)
{
	__atomic_store_n(&tl->word->value, value, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&tl->added);
}

/* Of the queue whose submission will reach the value, referenced; NULL without one. Wants the lock. */
static struct progress *find_writer(const struct accel_timeline *tl, uint64_t value)
{
	for (unsigned int i = 0; i < tl->count; i++)
		if (tl->points[i].value >= value)
			return progress_ref(tl->points[i].progress);
	return NULL;
}

/* Waits for a submission that will reach the value. NULL: the value was reached, or time is up. */
static struct progress *await_writer(struct accel_timeline *tl, uint64_t value, int64_t deadline_ns)
{
	const struct timespec until = {
		.tv_sec = deadline_ns / 1000000000,
		.tv_nsec = deadline_ns % 1000000000,
	};
	struct progress *writer;
	int ret = 0;

	pthread_mutex_lock(&tl->lock);
	while (!(writer = find_writer(tl, value)) && timeline_memory_value(tl) < value && !ret)
		ret = pthread_cond_timedwait(&tl->added, &tl->lock, &until);
	pthread_mutex_unlock(&tl->lock);
	return writer;
}

/* One sleep, at most. 0, or -EIO when the queue is dead or gone and did not reach the value. */
static int sleep_on(struct accel_timeline *tl, struct progress *writer, uint64_t value,
		    int64_t deadline_ns)
{
	int64_t until = now_ns() + SLEEP_NS;
	struct drm_axon_wait wait = {
		.queue_id = writer->queue,
		.handle = tl->buffer->handle,
		.value = value,
		.timeout_ns = until < deadline_ns ? until : deadline_ns,
	};
	int ret = -EIO;

	if (!progress_is_detached(writer))
		ret = backend_wait(tl->dev->backend, &wait);
	if (ret == -ETIME)
		return 0;
	if (ret == -ENOENT || ret == -ECANCELED) /* destroyed, before or meanwhile */
		ret = -EIO;
	return ret == -EIO && timeline_memory_value(tl) >= value ? 0 : ret;
}

static bool spin(const struct accel_timeline *tl, uint64_t value)
{
	int64_t start = now_ns();

	do {
		for (unsigned int i = 0; i < SPIN_LOOPS; i++)
			if (timeline_memory_value(tl) >= value)
				return true;
	} while (now_ns() - start < SPIN_NS);
	return false;
}

int timeline_memory_wait(struct accel_timeline *tl, uint64_t value, int64_t deadline_ns)
{
	if (timeline_memory_value(tl) >= value || (deadline_ns > now_ns() && spin(tl, value)))
		return 0;
	while (timeline_memory_value(tl) < value) {
		struct progress *writer;
		int ret;

		if (now_ns() >= deadline_ns)
			return -ETIME;
		writer = await_writer(tl, value, deadline_ns);
		if (!writer)
			continue;
		ret = sleep_on(tl, writer, value, deadline_ns);
		progress_unref(writer);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int ring_now(int eventfd)
{
	const uint64_t one = 1;

	return write(eventfd, &one, sizeof(one)) < 0 ? -errno : 0;
}

int timeline_memory_eventfd(struct accel_timeline *tl, uint64_t value, int eventfd)
{
	struct drm_axon_wait wait = {
		.flags = DRM_AXON_WAIT_EVENTFD,
		.handle = tl->buffer->handle,
		.eventfd = eventfd,
		.value = value,
	};
	struct progress *writer;
	int ret = -EINVAL;

	pthread_mutex_lock(&tl->lock);
	writer = find_writer(tl, value);
	pthread_mutex_unlock(&tl->lock);
	if (timeline_memory_value(tl) >= value)
		ret = ring_now(eventfd);
	else if (writer && progress_is_detached(writer))
		ret = ring_now(eventfd);
	else if (writer) {
		wait.queue_id = writer->queue;
		ret = backend_wait(tl->dev->backend, &wait);
	}
	if (writer)
		progress_unref(writer);
	return ret;
}
