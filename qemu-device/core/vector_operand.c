/* SPDX-License-Identifier: MIT */
/* The vector engine's operands: elements of a row from and to SRAM or memory. */
#include <string.h>

#include "convert.h"
#include "vector.h"

/* Where the n strided elements from addr on are, if one run holds them all; else *host = NULL. */
static int map_strided(struct vector_operand *op, uint64_t addr, uint32_t n, uint8_t **host)
{
	const int64_t stride = op->o->col_stride;
	const uint64_t span = (uint64_t)(n - 1) * (uint64_t)(stride < 0 ? -stride : stride);
	int cause = window_map(&op->w, stride < 0 ? addr - span : addr, span + op->size, host);

	if (!cause && *host && stride < 0)
		*host += span;
	return cause;
}

static int read_strided(struct vector_operand *op, uint64_t addr, uint32_t n, uint8_t *dst)
{
	const int64_t stride = op->o->col_stride;
	uint8_t *host;
	int cause = map_strided(op, addr, n, &host);

	if (!cause && host) {
		copy_elements(dst, op->size, host, stride, op->size, n);
		return 0;
	}
	for (; n && !cause; n--, addr += stride, dst += op->size)
		cause = window_read(&op->w, dst, addr, op->size);
	return cause;
}

static int write_strided(struct vector_operand *op, uint64_t addr, uint32_t n, const uint8_t *src)
{
	const int64_t stride = op->o->col_stride;
	uint8_t *host;
	int cause = map_strided(op, addr, n, &host);

	if (!cause && host) {
		const int64_t span = (n - 1) * stride;

		copy_elements(host, stride, src, op->size, op->size, n);
		window_dirty(&op->w, span < 0 ? addr + span : addr,
			     (span < 0 ? -span : span) + op->size);
		return 0;
	}
	for (; n && !cause; n--, addr += stride, src += op->size)
		cause = window_write(&op->w, addr, src, op->size);
	return cause;
}

/* One element for all columns. */
static int load_splat(struct vector_state *v, struct vector_step *s, struct vector_reg *out)
{
	struct vector_operand *op = &v->operand[s->operand];
	float value;
	int cause = window_read(&op->w, v->bytes, op->row, op->size);

	if (cause)
		return cause;
	v->k->widen[op->o->type](&value, v->bytes, 1);
	for (int i = 0; i < VECTOR_LANES; i++)
		s->splat[i] = value;
	*out = (struct vector_reg){s->splat, 0};
	return 0;
}

/* Whether a register's values may be left in an operand: nothing reads the padding behind them. */
static bool serves_as_strip(const uint8_t *host, uint32_t n)
{
	return n % VECTOR_LANES == 0 && (uintptr_t)host % sizeof(float) == 0;
}

int vector_load(struct vector_state *v, struct vector_step *s, uint64_t col, uint32_t n, float *d,
		struct vector_reg *out)
{
	struct vector_operand *op = &v->operand[s->operand];
	const int64_t stride = op->o->col_stride;
	const uint64_t addr = op->row + col * (uint64_t)stride;
	uint8_t *host;
	int cause;

	if (!stride)
		return load_splat(v, s, out);
	if (stride == op->size) {
		cause = window_map(&op->w, addr, (uint64_t)n * op->size, &host);
		if (!cause && !host) {
			host = v->bytes;
			cause = window_read(&op->w, host, addr, (uint64_t)n * op->size);
		} else if (!cause && s->in_place && op->size == sizeof(*d) &&
			   serves_as_strip(host, n)) {
			*out = (struct vector_reg){(const float *)host, 1};
			return 0;
		}
	} else {
		host = v->bytes;
		cause = read_strided(op, addr, n, host);
	}
	if (cause)
		return cause;
	v->k->widen[op->o->type](d, host, n);
	memset(d + n, 0, -n % VECTOR_LANES * sizeof(*d));
	*out = (struct vector_reg){d, 1};
	return 0;
}

const uint32_t *vector_random(struct vector_state *v, uint32_t stream, uint64_t col, uint32_t n)
{
	const uint64_t element = v->row * v->prog.cols + col;
	const struct vector_philox p = {v->d->seed, stream, v->d->counter};
	const uint32_t blocks = (element % 4 + n + 3) / 4;

	v->k->random(v->words, element / 4, &p, (blocks + 15) & ~15u);
	return v->words + element % 4;
}

/* Source s as n values that lie together. */
static const float *source(struct vector_state *v, const struct vector_reg *r, uint32_t n)
{
	if (r->step)
		return r->p;
	for (uint32_t i = 0; i < n; i++)
		v->values[i] = r->p[0];
	return v->values;
}

static void narrow(struct vector_state *v, const struct vector_operand *op, uint64_t col, void *dst,
		   const float *src, uint32_t n)
{
	if (op->o->flags & AXON_VO_STOCHASTIC)
		v->k->narrow_random[op->o->type](dst, src, vector_random(v, ~0u, col, n), n);
	else
		v->k->narrow[op->o->type](dst, src, n);
}

int vector_store(struct vector_state *v, const struct vector_step *s, uint64_t col, uint32_t n)
{
	struct vector_operand *op = &v->operand[s->operand];
	const int64_t stride = op->o->col_stride;
	const uint64_t addr = op->row + col * (uint64_t)stride;
	const float *src;
	uint8_t *host;
	int cause;

	if (s->stored)
		return 0;
	src = source(v, &v->reg[s->src[0]], n);
	if (!stride) { /* the last column stays */
		narrow(v, op, col + n - 1, v->bytes, src + n - 1, 1);
		return window_write(&op->w, addr, v->bytes, op->size);
	}
	if (stride != op->size) {
		narrow(v, op, col, v->bytes, src, n);
		return write_strided(op, addr, n, v->bytes);
	}
	cause = window_map(&op->w, addr, (uint64_t)n * op->size, &host);
	if (cause)
		return cause;
	if (host) {
		narrow(v, op, col, host, src, n);
		window_dirty(&op->w, addr, (uint64_t)n * op->size);
		return 0;
	}
	narrow(v, op, col, v->bytes, src, n);
	return window_write(&op->w, addr, v->bytes, (uint64_t)n * op->size);
}

float *vector_store_place(struct vector_state *v, const struct vector_step *s, uint64_t col,
			  uint32_t n, float *d)
{
	struct vector_step *store = &v->prog.step[s->direct - 1];
	struct vector_operand *op = &v->operand[store->operand];
	const uint64_t addr = op->row + col * sizeof(*d);
	uint8_t *host;

	/* A fault is the STORE's to report. */
	store->stored = !window_map(&op->w, addr, n * sizeof(*d), &host) && host &&
			serves_as_strip(host, n);
	if (!store->stored)
		return d;
	window_dirty(&op->w, addr, n * sizeof(*d));
	return (float *)host;
}

int vector_quant(struct vector_state *v, const struct vector_step *s, uint64_t col, uint32_t n)
{
	const uint64_t bytes = n / 32 * sizeof(struct axon_q8a);
	struct vector_operand *op = &v->operand[s->operand];
	const uint64_t addr = op->row + col / 32 * sizeof(struct axon_q8a);
	const float *src = source(v, &v->reg[s->src[0]], n);
	uint8_t *host;
	int cause = window_map(&op->w, addr, bytes, &host);

	if (cause)
		return cause;
	if (host) {
		v->k->quant(host, src, n / 32);
		window_dirty(&op->w, addr, bytes);
		return 0;
	}
	v->k->quant(v->bytes, src, n / 32);
	return window_write(&op->w, addr, v->bytes, bytes);
}

/* Access at the indices in a register. */
struct indexed {
	struct vector_operand *op;
	const float *index;
	uint32_t step;
	uint8_t *all; /* the elements 0..limit - 1, when one run holds them */
};

static void indexed_begin(struct indexed *x, struct vector_state *v, const struct vector_step *s)
{
	const struct vector_reg *index = &v->reg[s->src[0]];
	struct vector_operand *op = &v->operand[s->operand];
	const int64_t stride = op->o->col_stride;
	uint8_t *first;

	*x = (struct indexed){.op = op, .index = index->p, .step = index->step};
	/* Element 0 need not be used nor mapped: a fault is for the element that meets it. */
	if (stride < 0 || !op->o->limit || window_map(&op->w, op->row, 1, &first))
		return;
	if ((op->o->limit - 1) * (uint64_t)stride + op->size <= op->w.size - (op->row - op->w.lo))
		x->all = first;
}

/* Checks n indices; of the first that is out of bounds a record is made. */
static int indexed_check(const struct indexed *x, uint32_t n)
{
	const struct vector_operand *op = x->op;
	uint32_t most = 0, i;

	for (i = 0; i < n; i++) {
		const uint32_t index = f32_bits(x->index[i * x->step]);

		most = index > most ? index : most;
	}
	if (most < op->o->limit)
		return 0;
	for (i = 0; f32_bits(x->index[i * x->step]) < op->o->limit;)
		i++;
	op->w.e->fault_addr = op->row;
	op->w.e->fault_info = f32_bits(x->index[i * x->step]);
	return AXON_FAULT_BAD_INDEX;
}

static int64_t indexed_offset(const struct indexed *x, uint32_t i)
{
	return (int64_t)f32_bits(x->index[i * x->step]) * x->op->o->col_stride;
}

/* All n elements from one run, `size` bytes each. */
static void gather_run(const struct indexed *x, uint32_t n, unsigned int size, uint8_t *restrict to)
{
	const int64_t stride = x->op->o->col_stride;
	const float *index = x->index;
	const uint32_t step = x->step;
	const uint8_t *all = x->all;

	switch (size) {
	case 1:
		for (uint32_t i = 0; i < n; i++, index += step)
			to[i] = all[f32_bits(*index) * stride];
		break;
	case 2:
		for (uint32_t i = 0; i < n; i++, index += step)
			memcpy(to + 2 * i, all + f32_bits(*index) * stride, 2);
		break;
	case 4:
		for (uint32_t i = 0; i < n; i++, index += step)
			memcpy(to + 4 * i, all + f32_bits(*index) * stride, 4);
		break;
	}
}

int vector_gather(struct vector_state *v, const struct vector_step *s, uint32_t n, float *d)
{
	struct indexed x;
	int cause;

	indexed_begin(&x, v, s);
	cause = indexed_check(&x, n);
	if (cause)
		return cause;
	if (x.all)
		gather_run(&x, n, x.op->size, v->bytes);
	for (uint32_t i = 0; i < n && !x.all && !cause; i++)
		cause = window_read(&x.op->w, v->bytes + i * x.op->size,
				    x.op->row + indexed_offset(&x, i), x.op->size);
	if (cause)
		return cause;
	v->k->widen[x.op->o->type](d, v->bytes, n);
	memset(d + n, 0, -n % VECTOR_LANES * sizeof(*d));
	return 0;
}

/* The sums into one run; what lies between the lowest and the highest counts as written. */
static void scatter_run(const struct indexed *x, const struct vector_reg *value, uint32_t n)
{
	int64_t low = INT64_MAX, high = 0;

	for (uint32_t i = 0; i < n; i++) {
		const int64_t offset = indexed_offset(x, i);
		float sum;

		memcpy(&sum, x->all + offset, sizeof(sum));
		sum += value->p[i * value->step];
		memcpy(x->all + offset, &sum, sizeof(sum));
		low = offset < low ? offset : low;
		high = offset > high ? offset : high;
	}
	window_dirty(&x->op->w, x->op->row + low, high - low + sizeof(float));
}

int vector_scatter_add(struct vector_state *v, const struct vector_step *s, uint32_t n)
{
	const struct vector_reg *value = &v->reg[s->src[1]];
	struct indexed x;
	int cause;

	indexed_begin(&x, v, s);
	cause = indexed_check(&x, n);
	if (cause)
		return cause;
	if (x.all) {
		scatter_run(&x, value, n);
		return 0;
	}
	for (uint32_t i = 0; i < n && !cause; i++) {
		const uint64_t addr = x.op->row + indexed_offset(&x, i);
		float sum;

		cause = window_read(&x.op->w, &sum, addr, sizeof(sum));
		if (cause)
			break;
		sum += value->p[i * value->step];
		cause = window_write(&x.op->w, addr, &sum, sizeof(sum));
	}
	return cause;
}

int vector_topk_store(struct vector_state *v, const struct vector_step *s,
		      const struct axon_topk *best)
{
	struct vector_operand *op = &v->operand[s->operand];

	return window_write(&op->w, op->row, best, s->imm * sizeof(*best));
}
