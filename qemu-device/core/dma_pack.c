/* SPDX-License-Identifier: MIT */
/* PACK and UNPACK: rows W[n][0..k) to and from tiles of sixteen columns. */
#include <string.h>

#include "block.h"
#include "convert.h"
#include "dma.h"

#define AT(member) offsetof(struct axon_dma_pack, member)
#define COLS	   AXON_TILE_COLS
#define PANEL_K	   256u /* k packed at once: the longest record's */

/* How a matrix is stored in tiles. */
struct tiles {
	uint32_t format;    /* 0 when dense */
	uint8_t type, size; /* dense: element type and its bytes */
	uint32_t pair;	    /* dense: k that lie together for one column: 1, 2 or 4 */
	uint32_t k;	    /* rounded up to `pair` */
	uint64_t bytes;	    /* of a tile */
	uint64_t stride;
};

/* ---- checks ------------------------------------------------------------------------------ */
static int check(struct dma *m, const struct axon_dma_pack *d, unsigned int flags)
{
	int cause = dma_check_header(m, &d->h, sizeof(*d), flags);

	if (cause)
		return cause;
	if (d->reserved)
		return engine_bad_desc(m->e, m->va, AT(reserved), d->reserved);
	return 0;
}

/* Fills t for the packed side; type_at is where the descriptor has its type. */
static int tiles_init(struct dma *m, const struct axon_dma_pack *d, unsigned int type,
		      size_t type_at, struct tiles *t)
{
	*t = (struct tiles){.type = type, .size = type_size(type), .k = d->k, .pair = 1};
	switch (type) {
	case AXON_BLOCK:
		if (!block_format_valid(d->format))
			return engine_bad_desc(m->e, m->va, AT(format), d->format);
		if (d->k % AXON_FMT_SUPER(d->format))
			return engine_bad_desc(m->e, m->va, AT(k), d->k);
		t->format = d->format;
		t->bytes = AXON_TILE_BYTES(d->format, d->k);
		break;
	case AXON_I8: t->pair = 4; break;
	case AXON_BF16: t->pair = 2; break;
	case AXON_F32:
	case AXON_F16: break;
	default: return engine_bad_desc(m->e, m->va, type_at, type);
	}
	if (type != AXON_BLOCK) {
		if (d->k > UINT32_MAX - 3)
			return engine_bad_desc(m->e, m->va, AT(k), d->k);
		t->k = (d->k + t->pair - 1) / t->pair * t->pair;
		t->bytes = (uint64_t)t->k * COLS * t->size;
	}
	t->stride = d->tile_stride ? d->tile_stride : t->bytes;
	if (t->stride > INT64_MAX)
		return engine_bad_desc(m->e, m->va, AT(tile_stride), t->stride);
	return 0;
}

static int check_tiles(struct dma *m, uint64_t addr, const struct tiles *t, uint64_t cols)
{
	const struct dma_extent extent[2] = {
		{t->bytes, 1},
		{(cols + COLS - 1) / COLS, t->stride},
	};

	return dma_check_span(m, addr, 1, extent, 2, AT(tile_stride));
}

static int check_lines(struct dma *m, uint64_t addr, uint64_t bytes, int64_t stride, uint64_t lines,
		       size_t field)
{
	const struct dma_extent extent[2] = {{bytes, 1}, {lines, stride}};

	return dma_check_span(m, addr, 1, extent, 2, field);
}

/* Packed bytes at whichever port they or the rows go through. */
static void set_cost(struct dma *m, const struct axon_dma_pack *d, uint64_t packed)
{
	const uint64_t memory = engine_is_local(d->dst) ? d->src : d->dst;

	m->e->cycles = dma_cost(&(struct dma_traffic){memory, packed}, 1, packed);
}

/* ---- PACK -------------------------------------------------------------------------------- */
struct pack {
	struct dma *m;
	const struct axon_dma_pack *d;
	struct tiles t;
	uint32_t unit; /* k of a source unit (GGUF block or element) */
	uint32_t unit_bytes;
	uint8_t panel[PANEL_K * COLS * 4];
};

static int pack_check(struct pack *p)
{
	const struct axon_dma_pack *d = p->d;
	struct dma *m = p->m;
	int cause = tiles_init(m, d, d->dst_type, AT(dst_type), &p->t);

	if (cause)
		return cause;
	if (p->t.format) {
		p->unit = AXON_FMT_SUPER(p->t.format);
		p->unit_bytes = block_gguf_bytes(p->t.format);
		if (!p->unit_bytes)
			return engine_bad_desc(m->e, m->va, AT(format), d->format);
		if (d->src_type != AXON_BLOCK)
			return engine_bad_desc(m->e, m->va, AT(src_type), d->src_type);
	} else {
		p->unit = 1;
		p->unit_bytes = type_size(d->src_type);
		if (!p->unit_bytes)
			return engine_bad_desc(m->e, m->va, AT(src_type), d->src_type);
	}
	if (!d->k || !d->cols)
		return 0;
	cause = check_tiles(m, d->dst, &p->t, d->cols);
	if (!cause)
		cause = check_lines(m, d->src, (uint64_t)d->k / p->unit * p->unit_bytes,
				    d->src_stride, d->cols, AT(src_stride));
	return cause;
}

/* A GGUF block's or a dense row piece's place in the panel. */
static void pack_column(struct pack *p, unsigned int column, const uint8_t *src, uint32_t k)
{
	const struct tiles *t = &p->t;
	uint8_t row[PANEL_K * 4];

	if (t->format) {
		for (uint32_t i = 0; i < k; i += p->unit, src += p->unit_bytes)
			block_pack(t->format, p->panel + i / p->unit * AXON_FMT_RECORD(t->format),
				   column, src);
		return;
	}
	convert(row, t->type, src, p->d->src_type, k);
	for (uint32_t i = 0; i < k; i++)
		memcpy(p->panel + (i / t->pair * t->pair * COLS + column * t->pair + i % t->pair) *
					  t->size,
		       row + i * t->size, t->size);
}

/* k..k + n - 1 of the sixteen columns from col on. */
static int pack_panel(struct pack *p, uint64_t col, uint64_t k, uint32_t n)
{
	const uint64_t bytes = (uint64_t)n / p->unit * p->unit_bytes;
	const uint32_t padded = (n + p->t.pair - 1) / p->t.pair * p->t.pair;
	const uint64_t packed =
		p->t.format ? AXON_TILE_BYTES(p->t.format, n) : (uint64_t)padded * COLS * p->t.size;
	const uint64_t offset =
		p->t.format ? AXON_TILE_BYTES(p->t.format, k) : k * COLS * p->t.size;
	uint8_t bounce[PANEL_K * 4], *src;
	int cause = 0;

	memset(p->panel, 0, packed);
	for (uint64_t c = col; c < p->d->cols && c < col + COLS && !cause; c++) {
		const uint64_t at =
			p->d->src + c * (uint64_t)p->d->src_stride + k / p->unit * p->unit_bytes;

		cause = window_map(&p->m->src, at, bytes, &src);
		if (!cause && !src) {
			src = bounce;
			cause = window_read(&p->m->src, bounce, at, bytes);
		}
		if (!cause)
			pack_column(p, c - col, src, n);
	}
	if (!cause)
		cause = window_write(&p->m->dst, p->d->dst + col / COLS * p->t.stride + offset,
				     p->panel, packed);
	return cause ? cause : dma_progress(p->m, packed);
}

int dma_pack(struct dma *m, const struct axon_dma_pack *d)
{
	struct pack p = {.m = m, .d = d};
	int cause = check(m, d, 0);

	if (!cause)
		cause = pack_check(&p);
	if (cause || !d->k || !d->cols)
		return cause;
	set_cost(m, d, (d->cols + (uint64_t)COLS - 1) / COLS * p.t.bytes);
	for (uint64_t col = 0; col < d->cols && !cause; col += COLS)
		for (uint64_t k = 0; k < d->k && !cause; k += PANEL_K)
			cause = pack_panel(&p, col, k, d->k - k < PANEL_K ? d->k - k : PANEL_K);
	return cause;
}

/* ---- UNPACK ------------------------------------------------------------------------------ */
struct unpack {
	struct dma *m;
	const struct axon_dma_pack *d;
	struct tiles t;
	struct dma_row out; /* one column's elements in dst */
};

static int unpack_check(struct unpack *u)
{
	const struct axon_dma_pack *d = u->d;
	const bool transpose = d->h.flags & AXON_DMA_F_TRANSPOSE;
	struct dma *m = u->m;
	int cause = tiles_init(m, d, d->src_type, AT(src_type), &u->t);

	if (cause)
		return cause;
	if (d->dst_type != AXON_F32 && d->dst_type != AXON_BF16 && d->dst_type != AXON_F16)
		return engine_bad_desc(m->e, m->va, AT(dst_type), d->dst_type);
	if (!d->k || !d->cols)
		return 0;
	if (!d->index && (uint64_t)d->first + d->cols > d->limit) {
		m->e->fault_addr = m->va;
		m->e->fault_info = (uint64_t)d->first + d->cols - 1;
		return AXON_FAULT_BAD_INDEX;
	}
	if (d->index) {
		const struct dma_extent list = {d->cols, sizeof(uint32_t)};

		cause = dma_check_span(m, d->index, sizeof(uint32_t), &list, 1, AT(index));
	}
	if (!cause && d->limit)
		cause = check_tiles(m, d->src, &u->t, d->limit);
	if (!cause)
		cause = check_lines(m, d->dst,
				    (transpose ? (uint64_t)d->cols : d->k) * type_size(d->dst_type),
				    d->dst_stride, transpose ? d->k : d->cols, AT(dst_stride));
	return cause;
}

/* Up to PANEL_K numbers of a column from k on, from the tile's bytes there. */
static void unpack_column(const struct tiles *t, const uint8_t *src, unsigned int column,
			  uint32_t n, float *w)
{
	uint8_t row[PANEL_K * 4];

	if (t->format) {
		for (uint32_t i = 0; i < n; i += AXON_FMT_SUPER(t->format)) {
			block_decode(t->format, src, column, w + i);
			src += AXON_FMT_RECORD(t->format);
		}
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		memcpy(row + i * t->size,
		       src + (i / t->pair * t->pair * COLS + column * t->pair + i % t->pair) *
				       t->size,
		       t->size);
	convert_to_f32(w, row, t->type, n);
}

/* Row i of dst = column n. */
static int unpack_one(struct unpack *u, uint64_t i, uint32_t n)
{
	const struct tiles *t = &u->t;
	const bool transpose = u->d->h.flags & AXON_DMA_F_TRANSPOSE;
	uint64_t dst = u->d->dst + i * (transpose ? u->out.dst_size : (uint64_t)u->d->dst_stride);
	uint64_t src = u->d->src + n / COLS * t->stride;
	uint8_t bounce[PANEL_K * COLS * 4], out[PANEL_K * 4], *tile;
	float w[PANEL_K];
	int cause = 0;

	for (uint32_t k = 0, part; k < u->d->k && !cause; k += part) {
		uint64_t bytes;

		part = u->d->k - k < PANEL_K ? u->d->k - k : PANEL_K;
		bytes = t->format ? AXON_TILE_BYTES(t->format, part)
				  : (uint64_t)((part + t->pair - 1) / t->pair * t->pair) * COLS *
					    t->size;
		cause = window_map(&u->m->src, src, bytes, &tile);
		if (!cause && !tile) {
			tile = bounce;
			cause = window_read(&u->m->src, bounce, src, bytes);
		}
		if (cause)
			break;
		unpack_column(t, tile, n % COLS, part, w);
		convert_from_f32(out, u->out.dst_type, w, part);
		cause = dma_put_row(u->m, &u->out, dst, part, out);
		dst += part * (uint64_t)u->out.dst_stride;
		src += bytes;
	}
	return cause;
}

int dma_unpack(struct dma *m, const struct axon_dma_pack *d)
{
	const unsigned int size = type_size(d->dst_type);
	struct unpack u = {
		.m = m,
		.d = d,
		.out = {.dst_type = d->dst_type,
			.dst_size = size,
			.dst_stride = d->h.flags & AXON_DMA_F_TRANSPOSE ? d->dst_stride : size},
	};
	struct window index;
	int cause = check(m, d, AXON_DMA_F_TRANSPOSE);

	if (!cause)
		cause = unpack_check(&u);
	if (cause || !d->k || !d->cols)
		return cause;
	set_cost(m, d, u.t.bytes / COLS * d->cols);
	window_init(&index, m->e, ENGINE_READ);
	for (uint64_t i = 0; i < d->cols && !cause; i++) {
		uint32_t n = d->first + i;

		if (d->index)
			cause = window_read(&index, &n, d->index + 4 * i, sizeof(n));
		if (cause)
			break;
		if (n >= d->limit) {
			m->e->fault_addr = d->index + 4 * i;
			m->e->fault_info = n;
			return AXON_FAULT_BAD_INDEX;
		}
		cause = unpack_one(&u, i, n);
	}
	return cause;
}
