// SPDX-License-Identifier: MIT
/* Timeline syncobjs: points are promised in ascending order and count once all before them do. */
#include "emu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct emu_sync *emu_sync_ref(struct backend *b, uint32_t handle)
{
	struct emu_sync *sync = table_get(&b->syncs, handle);

	if (sync)
		sync->refs++;
	return sync;
}

void emu_sync_unref(struct emu_sync *sync)
{
	if (--sync->refs)
		return;
	free(sync->pending);
	free(sync);
}

uint64_t emu_sync_last(const struct emu_sync *sync)
{
	return sync->count ? sync->pending[sync->count - 1].value : sync->value;
}

int emu_sync_promise(struct emu_sync *sync, uint64_t value)
{
	if (value <= emu_sync_last(sync))
		return -EINVAL;
	if (sync->count == sync->capacity) {
		unsigned int capacity = sync->capacity ? 2 * sync->capacity : 8;
		struct emu_point *grown = realloc(sync->pending, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		sync->pending = grown;
		sync->capacity = capacity;
	}
	sync->pending[sync->count++] = (struct emu_point){.value = value};
	return 0;
}

void emu_sync_take_back(struct emu_sync *sync, uint64_t value)
{
	if (sync->count && sync->pending[sync->count - 1].value == value)
		sync->count--;
}

void emu_sync_complete(struct emu_sync *sync, uint64_t value)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < sync->count; i++)
		if (sync->pending[i].value == value)
			sync->pending[i].done = true;
	while (done < sync->count && sync->pending[done].done)
		sync->value = sync->pending[done++].value;
	sync->count -= done;
	memmove(sync->pending, sync->pending + done, sync->count * sizeof(*sync->pending));
}

int backend_sync_create(struct backend *b, uint32_t *handle)
{
	struct emu_sync *sync = calloc(1, sizeof(*sync));
	int ret;

	if (!sync)
		return -ENOMEM;
	sync->refs = 1;
	pthread_mutex_lock(&b->lock);
	ret = table_add(&b->syncs, sync, handle);
	pthread_mutex_unlock(&b->lock);
	if (ret < 0)
		free(sync);
	return ret;
}

void backend_sync_destroy(struct backend *b, uint32_t handle)
{
	struct emu_sync *sync;

	pthread_mutex_lock(&b->lock);
	sync = table_get(&b->syncs, handle);
	table_remove(&b->syncs, handle);
	emu_sync_unref(sync);
	pthread_mutex_unlock(&b->lock);
}

int backend_sync_signal(struct backend *b, uint32_t handle, uint64_t point)
{
	struct emu_sync *sync;
	int ret = -ENOENT;

	pthread_mutex_lock(&b->lock);
	sync = table_get(&b->syncs, handle);
	if (sync)
		ret = emu_sync_promise(sync, point);
	if (!ret) {
		emu_sync_complete(sync, point);
		emu_process(b);
		emu_event(b);
	}
	pthread_mutex_unlock(&b->lock);
	return ret;
}

int backend_sync_query(struct backend *b, uint32_t handle, uint64_t *point)
{
	struct emu_sync *sync;

	pthread_mutex_lock(&b->lock);
	emu_process(b);
	sync = table_get(&b->syncs, handle);
	if (sync)
		*point = sync->value;
	pthread_mutex_unlock(&b->lock);
	return sync ? 0 : -ENOENT;
}

int backend_sync_wait(struct backend *b, uint32_t handle, uint64_t point, int64_t deadline_ns)
{
	struct emu_sync *sync;
	bool in_time = true, reached;

	pthread_mutex_lock(&b->lock);
	sync = emu_sync_ref(b, handle);
	pthread_mutex_unlock(&b->lock);
	if (!sync)
		return -ENOENT;
	for (;;) {
		uint64_t seen = emu_events(b);

		pthread_mutex_lock(&b->lock);
		emu_process(b);
		reached = sync->value >= point;
		if (reached || !in_time)
			emu_sync_unref(sync);
		pthread_mutex_unlock(&b->lock);
		if (reached || !in_time)
			return reached ? 0 : -ETIME;
		in_time = emu_sleep(b, seen, deadline_ns);
	}
}
