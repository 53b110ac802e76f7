// SPDX-License-Identifier: MIT
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Around n allocations there are at most n + 1 holes, and one more while a freed one is merged with
 * its neighbours. Room for them is made on allocation, which may fail, so that freeing never asks.
 */
static int reserve(struct ranges *ranges, unsigned int holes)
{
	unsigned int capacity = ranges->capacity ? ranges->capacity : 16;
	struct range *grown;

	if (holes <= ranges->capacity)
		return 0;
	while (capacity < holes)
		capacity *= 2;
	grown = realloc(ranges->holes, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	ranges->holes = grown;
	ranges->capacity = capacity;
	return 0;
}

static void insert(struct ranges *ranges, unsigned int at, uint64_t start, uint64_t end)
{
	memmove(&ranges->holes[at + 1], &ranges->holes[at],
		(ranges->count - at) * sizeof(*ranges->holes));
	ranges->holes[at] = (struct range){start, end};
	ranges->count++;
}

static void delete (struct ranges *ranges, unsigned int at)
{
	ranges->count--;
	memmove(&ranges->holes[at], &ranges->holes[at + 1],
		(ranges->count - at) * sizeof(*ranges->holes));
}

int ranges_init(struct ranges *ranges, uint64_t start, uint64_t end)
{
	*ranges = (struct ranges){0};
	if (reserve(ranges, 1) < 0)
		return -ENOMEM;
	if (start < end)
		insert(ranges, 0, start, end);
	return 0;
}

void ranges_fini(struct ranges *ranges)
{
	free(ranges->holes);
	*ranges = (struct ranges){0};
}

/* Cuts [start, start + size) out of hole `at`, which contains it. */
static void carve(struct ranges *ranges, unsigned int at, uint64_t start, uint64_t size)
{
	struct range hole = ranges->holes[at];

	delete (ranges, at);
	if (start + size < hole.end)
		insert(ranges, at, start + size, hole.end);
	if (hole.start < start)
		insert(ranges, at, hole.start, start);
}

int ranges_alloc(struct ranges *ranges, uint64_t size, uint64_t align, uint64_t *start)
{
	if (!size)
		return -EINVAL;
	if (reserve(ranges, ranges->live + 3) < 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < ranges->count; i++) {
		const struct range *hole = &ranges->holes[i];
		uint64_t at = (hole->start + align - 1) & ~(align - 1);

		if (at < hole->start || at >= hole->end || hole->end - at < size)
			continue;
		carve(ranges, i, at, size);
		ranges->live++;
		ranges->used += size;
		*start = at;
		return 0;
	}
	return -ENOSPC;
}

void ranges_free(struct ranges *ranges, uint64_t start, uint64_t size)
{
	unsigned int at = 0;

	while (at < ranges->count && ranges->holes[at].start < start)
		at++;
	insert(ranges, at, start, start + size);
	if (at + 1 < ranges->count && ranges->holes[at].end == ranges->holes[at + 1].start) {
		ranges->holes[at].end = ranges->holes[at + 1].end;
		delete (ranges, at + 1);
	}
	if (at > 0 && ranges->holes[at - 1].end == start) {
		ranges->holes[at - 1].end = ranges->holes[at].end;
		delete (ranges, at);
	}
	ranges->live--;
	ranges->used -= size;
}
