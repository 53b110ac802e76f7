/* SPDX-License-Identifier: MIT */
/* The DMA engine's own structures; the operations are in dma_copy.c, dma_rows.c and dma_pack.c. */
#ifndef AXON_DMA_H
#define AXON_DMA_H

#include <stdbool.h>

#include "engine.h"
#include "window.h"

#define DMA_CHUNK 512	/* elements converted or scattered at once */
#define DMA_PANEL 65536 /* bytes between two looks at the stop flag */

struct dma {
	struct engine *e;
	uint64_t va; /* of the descriptor */
	struct window src, dst;
	uint32_t since_stop; /* bytes moved since the stop flag was looked at */
};

/* One row of elements: their types and the bytes from one to the next on either side. */
struct dma_row {
	uint8_t dst_type, src_type, dst_size, src_size;
	int64_t dst_stride, src_stride;
};

struct dma_dim {
	uint64_t n;
	int64_t dst_stride, src_stride;
	uint64_t first, last; /* where src is read: first <= i < last; zero elsewhere */
};

int dma_copy(struct dma *m, const struct axon_dma_copy *d);
int dma_fill(struct dma *m, const struct axon_dma_copy *d);
int dma_prefetch(struct dma *m, const struct axon_dma_copy *d);
int dma_rows(struct dma *m, const struct axon_dma_rows *d);
int dma_pack(struct dma *m, const struct axon_dma_pack *d);
int dma_unpack(struct dma *m, const struct axon_dma_pack *d);

/* Counts bytes of work; ENGINE_STOPPED when the chip wants to stop, else 0. */
static inline int dma_progress(struct dma *m, uint64_t bytes)
{
	if (bytes < DMA_PANEL - m->since_stop) {
		m->since_stop += bytes;
		return 0;
	}
	m->since_stop = 0;
	return *m->e->stop ? ENGINE_STOPPED : 0;
}

/*
 * Checks all addresses that `dims` dimensions of elements of `size` bytes reach from addr: an SRAM
 * operand must stay in SRAM, a memory operand in memory. `field` is that of the strides. 0 or a cause.
 */
struct dma_extent {
	uint64_t n;
	int64_t stride;
};
int dma_check_span(struct dma *m, uint64_t addr, unsigned int size, const struct dma_extent *extent,
		   unsigned int dims, size_t field);

/* Checks size, flags and the reserved word of a descriptor's header. */
int dma_check_header(struct dma *m, const struct axon_desc *h, size_t size, unsigned int flags);

/* Moves n elements with conversion. */
int dma_move_row(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t src, uint64_t n);

/* Puts at most DMA_CHUNK elements, already of the destination's type, and counts them as progress. */
int dma_put_row(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t n,
		const uint8_t *from);

/* Sets n elements to the one that `pattern` holds DMA_CHUNK times. */
int dma_fill_row(struct dma *m, const struct dma_row *row, uint64_t dst, uint64_t n,
		 const uint8_t *pattern);

/* The modelled cost of an operation with these operands that writes so many bytes. */
struct dma_traffic {
	uint64_t addr, bytes;
};
uint64_t dma_cost(const struct dma_traffic *t, unsigned int operands, uint64_t written);

#endif
