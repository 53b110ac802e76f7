/* SPDX-License-Identifier: MIT */
/* GATHER and SCATTER: rows by an index list. */
#include "convert.h"
#include "dma.h"

#define AT(member) offsetof(struct axon_dma_rows, member)

static int check(struct dma *m, const struct axon_dma_rows *d)
{
	int cause = dma_check_header(m, &d->h, sizeof(*d), 0);

	if (cause)
		return cause;
	if (!type_size(d->dst_type))
		return engine_bad_desc(m->e, m->va, AT(dst_type), d->dst_type);
	if (!type_size(d->src_type))
		return engine_bad_desc(m->e, m->va, AT(src_type), d->src_type);
	if (d->reserved)
		return engine_bad_desc(m->e, m->va, AT(reserved), d->reserved);
	return 0;
}

/* The list, and the side that takes its rows in order. */
static int check_spans(struct dma *m, const struct axon_dma_rows *d, bool gather)
{
	const struct dma_extent list = {d->rows, sizeof(uint32_t)};
	const struct dma_extent extent[2] = {
		{d->cols, type_size(gather ? d->dst_type : d->src_type)},
		{d->rows, gather ? d->dst_stride : d->src_stride},
	};
	int cause = dma_check_span(m, d->index, sizeof(uint32_t), &list, 1, AT(index));

	if (cause)
		return cause;
	return dma_check_span(m, gather ? d->dst : d->src, extent[0].stride, extent, 2,
			      gather ? AT(dst_stride) : AT(src_stride));
}

static int check_indexed(struct dma *m, const struct axon_dma_rows *d, bool gather, uint64_t row)
{
	const struct dma_extent extent = {d->cols, type_size(gather ? d->src_type : d->dst_type)};

	/* A row that wraps around is as far outside as any. */
	return dma_check_span(m, row, extent.stride, &extent, 1, gather ? AT(src) : AT(dst));
}

int dma_rows(struct dma *m, const struct axon_dma_rows *d)
{
	const bool gather = d->h.op == AXON_DMA_GATHER;
	const struct dma_row row = {
		.dst_type = d->dst_type,
		.dst_size = type_size(d->dst_type),
		.src_type = d->src_type,
		.src_size = type_size(d->src_type),
		.dst_stride = type_size(d->dst_type),
		.src_stride = type_size(d->src_type),
	};
	const uint64_t elements = (uint64_t)d->rows * d->cols;
	const struct dma_traffic traffic[3] = {
		{d->dst, elements * row.dst_size},
		{d->src, elements * row.src_size},
		{d->index, d->rows * sizeof(uint32_t)},
	};
	uint64_t dst = d->dst, src = d->src;
	struct window index;
	uint32_t at;
	int cause = check(m, d);

	if (cause || !d->rows || !d->cols)
		return cause;
	cause = check_spans(m, d, gather);
	if (cause)
		return cause;
	m->e->cycles = dma_cost(traffic, 3, elements * row.dst_size);
	window_init(&index, m->e, ENGINE_READ);
	for (uint64_t i = 0; i < d->rows && !cause; i++) {
		cause = window_read(&index, &at, d->index + 4 * i, sizeof(at));
		if (cause)
			break;
		if (at >= d->limit) {
			m->e->fault_addr = d->index + 4 * i;
			m->e->fault_info = at;
			return AXON_FAULT_BAD_INDEX;
		}
		src = d->src + (gather ? at : i) * (uint64_t)d->src_stride;
		dst = d->dst + (gather ? i : at) * (uint64_t)d->dst_stride;
		cause = check_indexed(m, d, gather, gather ? src : dst);
		if (!cause)
			cause = dma_move_row(m, &row, dst, src, d->cols);
	}
	return cause;
}
