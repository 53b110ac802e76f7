/* SPDX-License-Identifier: MIT */
/* First-fit allocation of address ranges: the holes in ascending order. The caller locks. */
#ifndef ACCEL_RANGES_H
#define ACCEL_RANGES_H

#include <stdint.h>

struct range {
	uint64_t start, end;
};

struct ranges {
	struct range *holes;
	unsigned int count, capacity;
	unsigned int live; /* allocations out */
	uint64_t used;	   /* their bytes */
};

/* One hole [start, end). 0 or -ENOMEM. */
int ranges_init(struct ranges *ranges, uint64_t start, uint64_t end);
void ranges_fini(struct ranges *ranges);
/* `align` is a power of two. -ENOSPC when no hole fits, -ENOMEM. */
int ranges_alloc(struct ranges *ranges, uint64_t size, uint64_t align, uint64_t *start);
/* Gives back what ranges_alloc() gave with this size. Cannot fail. */
void ranges_free(struct ranges *ranges, uint64_t start, uint64_t size);

#endif
