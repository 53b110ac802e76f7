/* SPDX-License-Identifier: MIT */
/*
 * Addresses handed out of one buffer. An arena is planned first, with the same calls and no
 * buffer, to learn its size, and then placed: addresses are offsets until then.
 */
#ifndef AXON_RUNTIME_ARENA_H
#define AXON_RUNTIME_ARENA_H

#include <stdint.h>

#define ARENA_ALIGN 64

struct arena {
	uint64_t base; /* address of the buffer, 0 while planning */
	uint64_t used;
};

static inline uint64_t arena_take(struct arena *a, uint64_t bytes)
{
	uint64_t at = a->base + a->used;

	a->used += (bytes + ARENA_ALIGN - 1) & ~(uint64_t)(ARENA_ALIGN - 1);
	return at;
}

#endif
