/* SPDX-License-Identifier: MIT */
/* The DMA engine: entry, checks and the moving of one row. */
#include <string.h>

#include "convert.h"
#include "dma.h"
#include "dma_cost.h"

int dma_check_header(struct dma *m, const struct axon_desc *h, size_t size, unsigned int flags)
{
	if (h->size != size)
		return engine_bad_desc(m->e, m->va, offsetof(struct axon_desc, size), h->size);
	if (h->flags & ~flags)
		return engine_bad_desc(m->e, m->va, offsetof(struct axon_desc, flags), h->flags);
	if (h->reserved)
		return engine_bad_desc(m->e, m->va, offsetof(struct axon_desc, reserved),
				       h->reserved);
	return 0;
}

int dma_check_span(struct dma *m, uint64_t addr, unsigned int size, const struct dma_extent *extent,
		   unsigned int dims, size_t field)
{
	__int128 lo = addr, hi = (__int128)addr + size;

	for (unsigned int i = 0; i < dims; i++) {
		const __int128 reach = (__int128)extent[i].stride * (extent[i].n - 1);

		if (reach < 0)
			lo += reach;
		else
			hi += reach;
	}
	if (engine_is_local(addr)) {
		if (lo >= AXON_SRAM_BASE && hi <= (__int128)AXON_SRAM_BASE + m->e->sram_size)
			return 0;
		m->e->fault_addr = lo < AXON_SRAM_BASE ? (uint64_t)lo
						       : AXON_SRAM_BASE + (uint64_t)m->e->sram_size;
		return AXON_FAULT_SRAM_RANGE;
	}
	if (lo < AXON_LOCAL_END || hi > UINT64_MAX)
		return engine_bad_desc(m->e, m->va, field, extent[0].stride);
	return 0;
}

uint64_t dma_cost(const struct dma_traffic *t, unsigned int operands, uint64_t written)
{
	uint64_t memory = 0;
	bool local = true;

	for (unsigned int i = 0; i < operands; i++)
		if (!engine_is_local(t[i].addr)) {
			memory += t[i].bytes;
			local = false;
		}
	if (local)
		return COST_DMA_START + (written + COST_DMA_SRAM_BYTES - 1) / COST_DMA_SRAM_BYTES;
	return COST_DMA_START + (memory + COST_DMA_MEMORY_BYTES - 1) / COST_DMA_MEMORY_BYTES;
}

/* Where n elements `stride` apart from addr on are, when one run holds them; else *host = NULL. */
static int map_row(struct window *w, uint64_t addr, int64_t stride, unsigned int size, uint64_t n,
		   uint8_t **host)
{
	const uint64_t span = (n - 1) * (uint64_t)stride; /* modulo 2^64, as addresses are */
	int cause;

	if (stride >= 0)
		return window_map(w, addr, span + size, host);
	cause = window_map(w, addr + span, size - span, host);
	if (!cause && *host)
		*host -= span;
	return cause;
}

static int read_row(struct window *w, uint64_t addr, int64_t stride, unsigned int size, uint64_t n,
		    uint8_t *to)
{
	uint8_t *host;
	int cause;

	if (stride == size)
		return window_read(w, to, addr, n * size);
	cause = map_row(w, addr, stride, size, n, &host);
	if (!cause && host) {
		copy_elements(to, size, host, stride, size, n);
		return 0;
	}
	for (; n && !cause; n--, addr += stride, to += size)
		cause = window_read(w, to, addr, size);
	return cause;
}

static int write_row(struct window *w, uint64_t addr, int64_t stride, unsigned int size, uint64_t n,
		     const uint8_t *from)
{
	uint8_t *host;
	int cause;

	if (stride == size)
		return window_write(w, addr, from, n * size);
	cause = map_row(w, addr, stride, size, n, &host);
	if (!cause && host) {
		const uint64_t span = (n - 1) * (uint64_t)stride;

		copy_elements(host, stride, from, size, size, n);
		window_dirty(w, stride < 0 ? addr + span : addr,
			     (stride < 0 ? -span : span) + size);
		return 0;
	}
	for (; n && !cause; n--, addr += stride, from += size)
		cause = window_write(w, addr, from, size);
	return cause;
}

int dma_put_row(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t n,
		const uint8_t *from)
{
	int cause = write_row(&m->dst, dst, row->dst_stride, row->dst_size, n, from);

	return cause ? cause : dma_progress(m, n * row->dst_size);
}

/* Contiguous bytes, run by run and panel by panel. */
static int move_bytes(struct dma *m, uint64_t dst, uint64_t src, uint64_t bytes)
{
	uint8_t *host;
	uint64_t n;
	int cause = 0;

	for (; bytes && !cause; bytes -= n, dst += n, src += n) {
		n = bytes < DMA_PANEL ? bytes : DMA_PANEL;
		cause = window_map(&m->src, src, 1, &host);
		if (cause)
			return cause;
		if (n > m->src.size - (src - m->src.lo))
			n = m->src.size - (src - m->src.lo);
		cause = window_write(&m->dst, dst, host, n);
		if (!cause)
			cause = dma_progress(m, n);
	}
	return cause;
}

/* At most DMA_CHUNK elements, converted or spread. */
static int move_chunk(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t src,
		      uint64_t n)
{
	uint8_t in[DMA_CHUNK * 4], out[DMA_CHUNK * 4], *from = NULL, *to = NULL;
	int cause = 0;

	if (row->src_stride == row->src_size)
		cause = window_map(&m->src, src, n * row->src_size, &from);
	if (!cause && !from) {
		from = in;
		cause = read_row(&m->src, src, row->src_stride, row->src_size, n, in);
	}
	if (!cause && row->dst_stride == row->dst_size)
		cause = window_map(&m->dst, dst, n * row->dst_size, &to);
	if (cause)
		return cause;
	if (to) {
		convert(to, row->dst_type, from, row->src_type, n);
		window_dirty(&m->dst, dst, n * row->dst_size);
		return dma_progress(m, n * row->dst_size);
	}
	if (row->dst_type != row->src_type) {
		convert(out, row->dst_type, from, row->src_type, n);
		from = out;
	}
	return dma_put_row(m, row, dst, n, from);
}

int dma_move_row(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t src, uint64_t n)
{
	int cause = 0;

	if (row->dst_type == row->src_type && row->dst_stride == row->dst_size &&
	    row->src_stride == row->src_size)
		return move_bytes(m, dst, src, n * row->dst_size);
	while (n && !cause) {
		const uint64_t part = n < DMA_CHUNK ? n : DMA_CHUNK;

		cause = move_chunk(m, row, dst, src, part);
		n -= part;
		dst += part * (uint64_t)row->dst_stride;
		src += part * (uint64_t)row->src_stride;
	}
	return cause;
}

int dma_fill_row(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t n,
		 const uint8_t *pattern)
{
	int cause = 0;

	while (n && !cause) {
		const uint64_t part = n < DMA_CHUNK ? n : DMA_CHUNK;

		cause = dma_put_row(m, row, dst, part, pattern);
		n -= part;
		dst += part * (uint64_t)row->dst_stride;
	}
	return cause;
}

int dma_run(struct engine *e, const struct axon_desc *desc, uint64_t desc_va)
{
	struct dma m = {.e = e, .va = desc_va};
	int cause;

	window_init(&m.src, e, ENGINE_READ);
	window_init(&m.dst, e, ENGINE_WRITE);
	e->cycles = COST_DMA_START;
	switch (desc->op) {
	case AXON_DMA_COPY: cause = dma_copy(&m, (const void *)desc); break;
	case AXON_DMA_FILL: cause = dma_fill(&m, (const void *)desc); break;
	case AXON_DMA_GATHER:
	case AXON_DMA_SCATTER: cause = dma_rows(&m, (const void *)desc); break;
	case AXON_DMA_PREFETCH: cause = dma_prefetch(&m, (const void *)desc); break;
	case AXON_DMA_PACK: cause = dma_pack(&m, (const void *)desc); break;
	case AXON_DMA_UNPACK: cause = dma_unpack(&m, (const void *)desc); break;
	default: return engine_bad_desc(e, desc_va, offsetof(struct axon_desc, op), desc->op);
	}
	window_flush(&m.dst);
	return cause;
}
