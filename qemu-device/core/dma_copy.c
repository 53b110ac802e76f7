/* SPDX-License-Identifier: MIT */
/* COPY, FILL and PREFETCH: elements in up to six dimensions. */
#include <string.h>

#include "convert.h"
#include "dma.h"

#define AT(member) offsetof(struct axon_dma_copy, member)
#define MERGED_MAX (1ull << 24) /* elements: what is merged with one more extent fits in 64 bits */
#define BLOCK	   32		/* elements a side of a transposed block */

struct copy {
	struct dma *m;
	struct dma_row row; /* its strides are those of dim[0] */
	struct dma_dim dim[AXON_DMA_DIMS];
	unsigned int dims;
	bool fill;			/* nothing is read */
	uint8_t pattern[DMA_CHUNK * 4]; /* what clipped elements, or all of a FILL, become */
};

/* ---- checks ------------------------------------------------------------------------------ */
static int check(struct dma *m, const struct axon_dma_copy *d, unsigned int flags)
{
	int cause = dma_check_header(m, &d->h, sizeof(*d), flags);

	if (cause)
		return cause;
	if (!type_size(d->dst_type))
		return engine_bad_desc(m->e, m->va, AT(dst_type), d->dst_type);
	if (!type_size(d->src_type))
		return engine_bad_desc(m->e, m->va, AT(src_type), d->src_type);
	if (d->dims < 1 || d->dims > AXON_DMA_DIMS)
		return engine_bad_desc(m->e, m->va, AT(dims), d->dims);
	if (d->reserved0)
		return engine_bad_desc(m->e, m->va, AT(reserved0), d->reserved0);
	if (d->reserved1)
		return engine_bad_desc(m->e, m->va, AT(reserved1), d->reserved1);
	return 0;
}

/* The part of a dimension that lies inside the source's limits. */
static void clip(const struct axon_dma_copy *d, unsigned int i, struct dma_dim *dim)
{
	const int64_t first = -(int64_t)d->origin[i], last = first + d->limit[i];

	dim->first = first < 0 ? 0 : first;
	dim->last = last < 0 ? 0 : last;
	if (dim->last > dim->n)
		dim->last = dim->n;
	if (dim->first > dim->last)
		dim->first = dim->last;
}

/* Fills dim[] from the descriptor; false when there is nothing to move. */
static bool set_dims(struct copy *c, const struct axon_dma_copy *d)
{
	c->dims = d->dims;
	for (unsigned int i = 0; i < d->dims; i++) {
		c->dim[i] = (struct dma_dim){
			.n = d->extent[i],
			.dst_stride = d->dst_stride[i],
			.src_stride = d->src_stride[i],
			.last = d->extent[i],
		};
		if (!d->extent[i])
			return false;
		if (d->h.flags & AXON_DMA_F_CLIP)
			clip(d, i, &c->dim[i]);
	}
	return true;
}

static int check_dst(const struct copy *c, const struct axon_dma_copy *d)
{
	struct dma_extent extent[AXON_DMA_DIMS];

	for (unsigned int i = 0; i < c->dims; i++)
		extent[i] = (struct dma_extent){c->dim[i].n, c->dim[i].dst_stride};
	return dma_check_span(c->m, d->dst, c->row.dst_size, extent, c->dims, AT(dst_stride));
}

/* Only what is read counts: a clipped origin may lie outside of everything. */
static int check_src(const struct copy *c, const struct axon_dma_copy *d)
{
	struct dma_extent extent[AXON_DMA_DIMS];
	__int128 first = d->src;

	for (unsigned int i = 0; i < c->dims; i++) {
		if (c->dim[i].first == c->dim[i].last)
			return 0;
		extent[i] =
			(struct dma_extent){c->dim[i].last - c->dim[i].first, c->dim[i].src_stride};
		first += (__int128)c->dim[i].first * c->dim[i].src_stride;
	}
	if (first < 0 || first > UINT64_MAX)
		return engine_bad_desc(c->m->e, c->m->va, AT(src_stride), d->src_stride[0]);
	return dma_check_span(c->m, first, c->row.src_size, extent, c->dims, AT(src_stride));
}

/* Elements, at most 2^58, so that their bytes do not overflow either. */
static uint64_t count(const struct copy *c)
{
	uint64_t n = 1;

	for (unsigned int i = 0; i < c->dims; i++)
		if (__builtin_mul_overflow(n, c->dim[i].n, &n) || n > 1ull << 58)
			return 1ull << 58;
	return n;
}

/* ---- the shape --------------------------------------------------------------------------- */
static uint64_t magnitude(int64_t stride)
{
	return stride < 0 ? -(uint64_t)stride : (uint64_t)stride;
}

static bool unclipped(const struct dma_dim *dim)
{
	return dim->first == 0 && dim->last == dim->n;
}

static void drop_dim(struct copy *c, unsigned int i)
{
	c->dims--;
	memmove(&c->dim[i], &c->dim[i + 1], (c->dims - i) * sizeof(c->dim[0]));
}

/* The order of elements is free: put small destination strides inside and join what adjoins. */
static void simplify(struct copy *c)
{
	for (unsigned int i = 1; i < c->dims; i++)
		for (unsigned int j = i;
		     j && magnitude(c->dim[j].dst_stride) < magnitude(c->dim[j - 1].dst_stride);
		     j--) {
			const struct dma_dim swap = c->dim[j];

			c->dim[j] = c->dim[j - 1];
			c->dim[j - 1] = swap;
		}
	for (unsigned int i = 0; c->dims > 1 && i < c->dims;) {
		if (c->dim[i].n == 1 && unclipped(&c->dim[i]))
			drop_dim(c, i);
		else
			i++;
	}
	for (unsigned int i = 0; i + 1 < c->dims;) {
		struct dma_dim *in = &c->dim[i], *out = in + 1;

		if (unclipped(in) && unclipped(out) && in->n < MERGED_MAX &&
		    (uint64_t)out->dst_stride == in->n * (uint64_t)in->dst_stride &&
		    (uint64_t)out->src_stride == in->n * (uint64_t)in->src_stride) {
			in->n *= out->n;
			in->last = in->n;
			drop_dim(c, i + 1);
		} else {
			i++;
		}
	}
	c->row.dst_stride = c->dim[0].dst_stride;
	c->row.src_stride = c->dim[0].src_stride;
}

/* ---- moving ------------------------------------------------------------------------------ */
/* Row along dim[0]; `inside` says whether the outer indices lie in the source's limits. */
static int move_row(struct copy *c, uint64_t dst, uint64_t src, bool inside)
{
	const struct dma_dim *dim = &c->dim[0];
	const uint64_t first = inside ? dim->first : dim->n, last = inside ? dim->last : dim->n;
	int cause = dma_fill_row(c->m, &c->row, dst, first, c->pattern);

	if (!cause && first < last)
		cause = dma_move_row(c->m, &c->row, dst + first * (uint64_t)dim->dst_stride,
				     src + first * (uint64_t)dim->src_stride, last - first);
	if (!cause)
		cause = dma_fill_row(c->m, &c->row, dst + last * (uint64_t)dim->dst_stride,
				     dim->n - last, c->pattern);
	return cause;
}

/* A block of dim[0] × dim[1], contiguous along dim[0] in dst and along dim[1] in src. */
static int move_block(struct copy *c, uint64_t dst, uint64_t src, unsigned int n0, unsigned int n1)
{
	uint8_t rows[BLOCK][BLOCK * 4], in[BLOCK * 4], out[BLOCK * 4], *host;
	const unsigned int size = c->row.dst_size;
	int cause = 0;

	for (unsigned int i = 0; i < n0 && !cause; i++, src += c->dim[0].src_stride) {
		const uint64_t bytes = n1 * c->row.src_size;

		cause = window_map(&c->m->src, src, bytes, &host);
		if (!cause && !host) {
			host = in;
			cause = window_read(&c->m->src, in, src, bytes);
		}
		if (!cause)
			convert(rows[i], c->row.dst_type, host, c->row.src_type, n1);
	}
	for (unsigned int j = 0; j < n1 && !cause; j++, dst += c->dim[1].dst_stride) {
		copy_elements(out, size, rows[0] + j * size, sizeof(rows[0]), size, n0);
		cause = window_write(&c->m->dst, dst, out, n0 * size);
	}
	return cause ? cause : dma_progress(c->m, n0 * n1 * size);
}

static int transpose(struct copy *c, uint64_t dst, uint64_t src)
{
	const struct dma_dim *d0 = &c->dim[0], *d1 = &c->dim[1];
	int cause = 0;

	for (uint64_t i = 0; i < d0->n && !cause; i += BLOCK)
		for (uint64_t j = 0; j < d1->n && !cause; j += BLOCK)
			cause = move_block(
				c,
				dst + i * (uint64_t)d0->dst_stride + j * (uint64_t)d1->dst_stride,
				src + i * (uint64_t)d0->src_stride + j * (uint64_t)d1->src_stride,
				d0->n - i < BLOCK ? d0->n - i : BLOCK,
				d1->n - j < BLOCK ? d1->n - j : BLOCK);
	return cause;
}

/* Whether dst runs along dim[0] and src along another dimension, which is then made dim[1]. */
static bool is_transpose(struct copy *c)
{
	if (c->fill || c->row.dst_stride != c->row.dst_size ||
	    c->row.src_stride == c->row.src_size || !unclipped(&c->dim[0]))
		return false;
	for (unsigned int i = 1; i < c->dims; i++)
		if (c->dim[i].src_stride == c->row.src_size && unclipped(&c->dim[i])) {
			const struct dma_dim swap = c->dim[i];

			c->dim[i] = c->dim[1];
			c->dim[1] = swap;
			return true;
		}
	return false;
}

/* Runs through the dimensions from `inner` on, outermost slowest. */
static int move_all(struct copy *c, uint64_t dst, uint64_t src)
{
	const bool blocks = is_transpose(c);
	const unsigned int inner = blocks ? 2 : 1;
	uint64_t at[AXON_DMA_DIMS] = {0};
	unsigned int i;
	int cause;

	do {
		bool inside = !c->fill;

		for (i = inner; i < c->dims; i++)
			inside = inside && at[i] >= c->dim[i].first && at[i] < c->dim[i].last;
		if (blocks && inside) {
			cause = transpose(c, dst, src);
		} else if (blocks) {
			cause = 0;
			for (uint64_t j = 0; j < c->dim[1].n && !cause; j++)
				cause = move_row(c, dst + j * (uint64_t)c->dim[1].dst_stride, src,
						 false);
		} else {
			cause = move_row(c, dst, src, inside);
		}
		for (i = inner; i < c->dims; i++) {
			dst += c->dim[i].dst_stride;
			src += c->dim[i].src_stride;
			if (++at[i] < c->dim[i].n)
				break;
			dst -= c->dim[i].n * (uint64_t)c->dim[i].dst_stride;
			src -= c->dim[i].n * (uint64_t)c->dim[i].src_stride;
			at[i] = 0;
		}
	} while (!cause && i < c->dims);
	return cause;
}

static void copy_init(struct copy *c, struct dma *m, const struct axon_dma_copy *d)
{
	c->m = m;
	c->fill = false;
	c->row = (struct dma_row){
		.dst_type = d->dst_type,
		.dst_size = type_size(d->dst_type),
		.src_type = d->src_type,
		.src_size = type_size(d->src_type),
	};
}

int dma_copy(struct dma *m, const struct axon_dma_copy *d)
{
	struct copy c;
	uint64_t n;
	int cause = check(m, d, AXON_DMA_F_CLIP);

	if (cause)
		return cause;
	copy_init(&c, m, d);
	if (!set_dims(&c, d))
		return 0;
	cause = check_dst(&c, d);
	if (!cause)
		cause = check_src(&c, d);
	if (cause)
		return cause;
	n = count(&c);
	m->e->cycles = dma_cost(
		(struct dma_traffic[]){{d->dst, n * c.row.dst_size}, {d->src, n * c.row.src_size}},
		2, n * c.row.dst_size);
	memset(c.pattern, 0, sizeof(c.pattern));
	simplify(&c);
	return move_all(&c, d->dst, d->src);
}

int dma_fill(struct dma *m, const struct axon_dma_copy *d)
{
	struct copy c;
	uint64_t bytes;
	int cause = check(m, d, 0);

	if (cause)
		return cause;
	copy_init(&c, m, d);
	if (!set_dims(&c, d))
		return 0;
	cause = check_dst(&c, d);
	if (cause)
		return cause;
	c.fill = true;
	bytes = count(&c) * c.row.dst_size;
	m->e->cycles = dma_cost(&(struct dma_traffic){d->dst, bytes}, 1, bytes);
	for (unsigned int i = 0; i < DMA_CHUNK; i++)
		memcpy(c.pattern + i * c.row.dst_size, &d->src, c.row.dst_size);
	for (unsigned int i = 0; i < c.dims; i++)
		c.dim[i].src_stride = c.dim[i].dst_stride;
	simplify(&c);
	return move_all(&c, d->dst, 0);
}

/* The host reads ahead by itself: only the checks and the cost are left of it. */
int dma_prefetch(struct dma *m, const struct axon_dma_copy *d)
{
	struct copy c;
	int cause = check(m, d, AXON_DMA_F_CLIP);

	if (cause)
		return cause;
	copy_init(&c, m, d);
	if (!set_dims(&c, d))
		return 0;
	cause = check_src(&c, d);
	if (!cause)
		m->e->cycles =
			dma_cost(&(struct dma_traffic){d->src, count(&c) * c.row.src_size}, 1, 0);
	return cause;
}
