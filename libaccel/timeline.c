// SPDX-License-Identifier: MIT
/*
 * Timelines, and how a failure reaches whoever waits on one.
 *
 * A fence that signals does not say whether its work succeeded. So each point remembers which
 * submission was to signal it, and asks that queue's progress once the fence has signalled. Points
 * that succeeded are forgotten; a failed one stays and fails every wait at or behind it.
 *
 * A timeline is a syncobj, or a word in memory: timeline_memory.c.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int progress_new(const struct axon_signal *word, struct progress **out)
{
	struct progress *progress = calloc(1, sizeof(*progress));

	if (!progress)
		return -ENOMEM;
	pthread_mutex_init(&progress->lock, NULL);
	progress->refs = 1;
	progress->word = word;
	*out = progress;
	return 0;
}

struct progress *progress_ref(struct progress *progress)
{
	__atomic_fetch_add(&progress->refs, 1, __ATOMIC_RELAXED);
	return progress;
}

void progress_unref(struct progress *progress)
{
	if (__atomic_sub_fetch(&progress->refs, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_mutex_destroy(&progress->lock);
	free(progress);
}

uint64_t progress_done(struct progress *progress)
{
	uint64_t done;

	pthread_mutex_lock(&progress->lock);
	if (progress->word)
		progress->last = __atomic_load_n(&progress->word->value, __ATOMIC_ACQUIRE);
	done = progress->last;
	pthread_mutex_unlock(&progress->lock);
	return done;
}

void progress_detach(struct progress *progress)
{
	progress_done(progress);
	pthread_mutex_lock(&progress->lock);
	progress->word = NULL;
	pthread_mutex_unlock(&progress->lock);
}

bool progress_is_detached(struct progress *progress)
{
	bool detached;

	pthread_mutex_lock(&progress->lock);
	detached = !progress->word;
	pthread_mutex_unlock(&progress->lock);
	return detached;
}

static bool point_succeeded(const struct timeline_point *point)
{
	return progress_done(point->progress) >= point->seqno;
}

/* Forgets the points that succeeded. */
static void prune(struct accel_timeline *tl)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < tl->count; i++) {
		if (point_succeeded(&tl->points[i]))
			progress_unref(tl->points[i].progress);
		else
			tl->points[kept++] = tl->points[i];
	}
	tl->count = kept;
}

bool timeline_is_pending(struct accel_timeline *tl)
{
	prune(tl);
	return tl->count;
}

/* A word in memory has one writer at a time. */
static bool is_taken(struct accel_timeline *tl, const struct progress *writer)
{
	return tl->word && timeline_is_pending(tl) && tl->points[0].progress != writer;
}

static int make_room(struct accel_timeline *tl)
{
	struct timeline_point *grown;
	unsigned int capacity;

	if (tl->count < tl->capacity)
		return 0;
	prune(tl);
	if (tl->count < tl->capacity)
		return 0;
	capacity = tl->capacity ? 2 * tl->capacity : 8;
	grown = realloc(tl->points, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	tl->points = grown;
	tl->capacity = capacity;
	return 0;
}

int timeline_add(struct accel_timeline *tl, uint64_t value, struct progress *progress,
		 uint64_t seqno)
{
	int ret = -EINVAL;

	pthread_mutex_lock(&tl->lock);
	if (is_taken(tl, progress))
		ret = -EALREADY;
	else if (value > tl->last)
		ret = make_room(tl);
	if (!ret) {
		tl->points[tl->count++] = (struct timeline_point){
			.value = value,
			.before = tl->last,
			.progress = progress_ref(progress),
			.seqno = seqno,
		};
		tl->last = value;
		pthread_cond_broadcast(&tl->added);
	}
	pthread_mutex_unlock(&tl->lock);
	return ret;
}

void timeline_drop(struct accel_timeline *tl, struct progress *progress, uint64_t seqno)
{
	pthread_mutex_lock(&tl->lock);
	for (unsigned int i = tl->count; i-- > 0;) {
		struct timeline_point point = tl->points[i];

		if (point.progress != progress || point.seqno != seqno)
			continue;
		if (tl->last == point.value)
			tl->last = point.before;
		memmove(&tl->points[i], &tl->points[i + 1],
			(--tl->count - i) * sizeof(*tl->points));
		progress_unref(progress);
	}
	pthread_mutex_unlock(&tl->lock);
}

static struct accel_timeline *new_timeline(struct accel_device *dev)
{
	struct accel_timeline *tl = calloc(1, sizeof(*tl));
	pthread_condattr_t attr;

	if (!tl)
		return NULL;
	tl->dev = dev;
	pthread_mutex_init(&tl->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&tl->added, &attr);
	pthread_condattr_destroy(&attr);
	return tl;
}

static void free_timeline(struct accel_timeline *tl)
{
	for (unsigned int i = 0; i < tl->count; i++)
		progress_unref(tl->points[i].progress);
	free(tl->points);
	pthread_cond_destroy(&tl->added);
	pthread_mutex_destroy(&tl->lock);
	free(tl);
}

ACCEL_EXPORT int accel_timeline_create(struct accel_device *dev, struct accel_timeline **out)
{
	struct accel_timeline *tl = new_timeline(dev);
	int ret;

	if (!tl)
		return -ENOMEM;
	ret = backend_sync_create(dev->backend, &tl->handle);
	if (ret < 0) {
		free_timeline(tl);
		return ret;
	}
	*out = tl;
	return 0;
}

ACCEL_EXPORT int accel_timeline_create_in(struct accel_vm *vm, struct accel_timeline **out)
{
	struct accel_timeline *tl;
	void *map;
	int ret;

	if (!vm->long_running)
		return -EINVAL;
	tl = new_timeline(vm->dev);
	if (!tl)
		return -ENOMEM;
	ret = accel_buffer_create(vm, PAGE_BYTES, ACCEL_BUFFER_SYSTEM, ACCEL_PURPOSE_COMMANDS,
				  &tl->buffer);
	if (!ret)
		ret = accel_buffer_map(tl->buffer, &map);
	if (ret < 0) {
		accel_buffer_destroy(tl->buffer);
		free_timeline(tl);
		return ret;
	}
	tl->word = map;
	*out = tl;
	return 0;
}

ACCEL_EXPORT void accel_timeline_destroy(struct accel_timeline *tl)
{
	if (!tl)
		return;
	if (tl->word)
		accel_buffer_destroy(tl->buffer);
	else
		backend_sync_destroy(tl->dev->backend, tl->handle);
	free_timeline(tl);
}

ACCEL_EXPORT int accel_timeline_signal(struct accel_timeline *tl, uint64_t value)
{
	int ret = -EINVAL;

	pthread_mutex_lock(&tl->lock);
	if (tl->word && timeline_is_pending(tl)) {
		ret = -EALREADY;
	} else if (value > tl->last && tl->word) {
		timeline_memory_signal(tl, value);
		ret = 0;
	} else if (value > tl->last) {
		ret = backend_sync_signal(tl->dev->backend, tl->handle, value);
	}
	if (!ret)
		tl->last = value;
	pthread_mutex_unlock(&tl->lock);
	return ret;
}

ACCEL_EXPORT int accel_timeline_query(struct accel_timeline *tl, uint64_t *value)
{
	if (!tl->word)
		return backend_sync_query(tl->dev->backend, tl->handle, value);
	*value = timeline_memory_value(tl);
	return 0;
}

/* CLOCK_MONOTONIC `timeout` from now; never, for a negative one. */
static int64_t deadline(int64_t timeout)
{
	struct timespec now;
	int64_t ns;

	if (timeout < 0)
		return INT64_MAX;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000ll + now.tv_nsec;
	return timeout > INT64_MAX - ns ? INT64_MAX : ns + timeout;
}

ACCEL_EXPORT int accel_timeline_wait(struct accel_timeline *tl, uint64_t value, int64_t timeout_ns)
{
	int ret;

	if (!value)
		return 0;
	if (tl->word)
		ret = timeline_memory_wait(tl, value, deadline(timeout_ns));
	else
		ret = backend_sync_wait(tl->dev->backend, tl->handle, value, deadline(timeout_ns));
	if (ret < 0)
		return ret;
	pthread_mutex_lock(&tl->lock);
	for (unsigned int i = 0; i < tl->count && tl->points[i].value <= value; i++)
		if (!point_succeeded(&tl->points[i]))
			ret = -EIO;
	pthread_mutex_unlock(&tl->lock);
	return ret;
}

ACCEL_EXPORT int accel_timeline_eventfd(struct accel_timeline *tl, uint64_t value, int eventfd)
{
	uint64_t last;

	if (tl->word)
		return timeline_memory_eventfd(tl, value, eventfd);
	pthread_mutex_lock(&tl->lock);
	last = tl->last;
	pthread_mutex_unlock(&tl->lock);
	if (!value || value > last)
		return -EINVAL;
	return backend_sync_eventfd(tl->dev->backend, tl->handle, value, eventfd);
}
