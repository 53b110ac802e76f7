/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "window.h"

/* Writes less than this far apart are reported as one stretch. */
#define DIRTY_GAP 4096

int window_move(struct window *w, uint64_t addr, uint64_t bytes, uint8_t **host)
{
	struct engine *e = w->e;
	uint64_t run;
	uint8_t *base;
	int cause;

	window_flush(w);
	w->size = 0;
	if (engine_is_local(addr)) {
		cause = engine_resolve(e, addr, bytes, w->access, host, &run);
		if (cause)
			return cause;
		w->lo = AXON_SRAM_BASE;
		w->size = e->sram_size;
		w->host = e->sram;
		return 0;
	}
	cause = e->translate(e->opaque, addr, w->access, &base, &run);
	if (cause) {
		e->fault_addr = addr;
		return cause;
	}
	w->lo = addr;
	w->size = run;
	w->host = base;
	*host = bytes <= run ? base : NULL;
	return 0;
}

/* The next piece of at most `bytes` at addr; SRAM is one piece and fails as a whole. */
static int piece(struct window *w, uint64_t addr, uint64_t bytes, uint8_t **host, uint64_t *n)
{
	int cause = window_map(w, addr, engine_is_local(addr) ? bytes : 1, host);

	if (!cause) {
		*n = w->size - (addr - w->lo);
		if (*n > bytes)
			*n = bytes;
	}
	return cause;
}

int window_read(struct window *w, void *dst, uint64_t addr, uint64_t bytes)
{
	uint8_t *to = dst, *host;
	uint64_t n;
	int cause;

	for (; bytes; bytes -= n, addr += n, to += n) {
		cause = piece(w, addr, bytes, &host, &n);
		if (cause)
			return cause;
		memcpy(to, host, n);
	}
	return 0;
}

int window_write(struct window *w, uint64_t addr, const void *src, uint64_t bytes)
{
	const uint8_t *from = src;
	uint8_t *host;
	uint64_t n;
	int cause;

	for (; bytes; bytes -= n, addr += n, from += n) {
		cause = piece(w, addr, bytes, &host, &n);
		if (cause)
			return cause;
		memcpy(host, from, n);
		window_dirty(w, addr, n);
	}
	return 0;
}

void window_dirty(struct window *w, uint64_t addr, uint64_t bytes)
{
	uint64_t end = addr + bytes;

	if (engine_is_local(addr) || !bytes)
		return;
	if (w->dirty_lo == w->dirty_hi) {
		w->dirty_lo = addr;
		w->dirty_hi = end;
		return;
	}
	if (addr <= w->dirty_hi + DIRTY_GAP && w->dirty_lo <= end + DIRTY_GAP) {
		if (addr < w->dirty_lo)
			w->dirty_lo = addr;
		if (end > w->dirty_hi)
			w->dirty_hi = end;
		return;
	}
	window_flush(w);
	w->dirty_lo = addr;
	w->dirty_hi = end;
}

void window_flush(struct window *w)
{
	if (w->dirty_lo != w->dirty_hi)
		w->e->written(w->e->opaque, w->dirty_lo, w->dirty_hi - w->dirty_lo);
	w->dirty_lo = w->dirty_hi = 0;
}
