/* SPDX-License-Identifier: MIT */
/*
 * An operand's view of memory: the host-contiguous stretch that holds what was accessed last, so
 * that a stream of accesses translates once for each run and not once for each element. Writes are
 * collected and reported to the host in stretches. SRAM is one such run.
 */
#ifndef AXON_WINDOW_H
#define AXON_WINDOW_H

#include "engine.h"

struct window {
	struct engine *e;
	uint64_t lo;   /* first address of the run */
	uint64_t size; /* its bytes; 0 at first */
	uint8_t *host;
	enum engine_access access;
	uint64_t dirty_lo, dirty_hi; /* written, not yet reported */
};

static inline void window_init(struct window *w, struct engine *e, enum engine_access access)
{
	*w = (struct window){.e = e, .access = access};
}

/* The slow half of window_map(). */
int window_move(struct window *w, uint64_t addr, uint64_t bytes, uint8_t **host);

/*
 * *host = where [addr, addr + bytes) is, or NULL when the bytes do not lie together (then use
 * window_read() and window_write()). Returns 0 or a fault cause, with fault_addr set. The pointer
 * is good until the window moves.
 */
static inline int window_map(struct window *w, uint64_t addr, uint64_t bytes, uint8_t **host)
{
	uint64_t offset = addr - w->lo;

	if (offset < w->size && bytes <= w->size - offset) {
		*host = w->host + offset;
		return 0;
	}
	return window_move(w, addr, bytes, host);
}

/* Copies across runs. A fault leaves what came before it copied. */
int window_read(struct window *w, void *dst, uint64_t addr, uint64_t bytes);
int window_write(struct window *w, uint64_t addr, const void *src, uint64_t bytes);

/* After writing [addr, addr + bytes) through window_map(). */
void window_dirty(struct window *w, uint64_t addr, uint64_t bytes);

/* Reports what was written. Call it when an operation ends, however it ends. */
void window_flush(struct window *w);

#endif
