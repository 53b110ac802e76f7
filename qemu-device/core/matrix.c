/* SPDX-License-Identifier: MIT */
/*
 * The matrix engine: C = drain(A · B). This file checks a descriptor and states what it costs;
 * matrix_dense.c and matrix_block.c carry it out.
 *
 * Arithmetic, normative. One accumulator for each output, k ascending; lanes run along n. The same
 * bits on every host, whatever the shape of the descriptor. Nearest even, denormals kept, except
 * where the bf16 rule says otherwise.
 *
 * fp32 rule (F32, F16, BF16 in any mixture but BF16 × BF16): operands are converted to fp32, which
 * is exact; acc = fma(a, b, acc).
 *
 * bf16 rule (BF16 × BF16), which is what VDPBF16PS computes: for each pair (k, k + 1), k even,
 * acc = fma'(a[k+1], b[k+1], acc), then acc = fma'(a[k], b[k], acc). fma' takes denormal inputs as
 * zeros of their sign and gives a zero of its sign for a result that is tiny after rounding:
 * rounded to 24 bits with an unbounded exponent, it is smaller in magnitude than 2^-126. A missing
 * last element of A is +0, of B +0, or with B_PACKED what the padding holds.
 *
 * int8 rule (I8 × I8): acc = acc + a·b, modulo 2^32.
 *
 * Block rule (Q8A × BLOCK), for each 32 k in turn, all integers modulo 2^32:
 *   isum = Σ over sub-blocks sc · (Σ q·qa − zero·sum), sum being the one that Q8A holds (of both its halves
 *   for sub-blocks of 32), sc = 1 for SCALE_F16;
 *   acc = fma(f32(isum), fl(scale·d), acc);
 *   MIN_F16: acc = fma(f32(sum), fl(scale·m), acc);
 *   MIN_U6:  acc = fma(−f32(Σ over sub-blocks mn·sum), fl(scale·dmin), acc).
 *
 * Drain: v = acc (int8 rule with a float c_type: f32(acc)); v = fl(v·scale); with ADDEND v = fl(v + addend);
 * a NaN becomes the canonical one (sign 0, quiet, payload 0); cast to c_type. I32 is stored as it is.
 */
#include <string.h>

#include "block.h"
#include "convert.h"
#include "matrix_cost.h"
#include "matrix_impl.h"

#define DIM_MAX (1u << 20)
/* Operations that read what they write run to their end; this bounds how long that takes. */
#define UPDATE_MAX (1ull << 33)

#define BAD(op, desc_va, field)                                                     \
	engine_bad_desc((op)->e, desc_va, offsetof(struct axon_matrix_desc, field), \
			(uint32_t)(op)->d->field)

static uint64_t div_up(uint64_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

static bool is_float(unsigned int type)
{
	return type == AXON_F32 || type == AXON_BF16 || type == AXON_F16;
}

/* Whether base + i·stride .. + bytes stays in 64 bits for each i < count. */
static bool span_fits(uint64_t base, int64_t stride, uint64_t count, uint64_t bytes)
{
	__int128 last = (__int128)base + (__int128)stride * (count - 1);
	__int128 high = (last > (__int128)base ? last : (__int128)base) + bytes;

	return last >= 0 && high <= (__int128)UINT64_MAX;
}

static bool aligned(uint64_t value, unsigned int size)
{
	return (value & (size - 1)) == 0;
}

static int check_header(struct matrix_op *op, uint64_t desc_va)
{
	const struct axon_matrix_desc *d = op->d;

	if (d->h.op != AXON_MATRIX_MUL)
		return BAD(op, desc_va, h.op);
	if (d->h.flags &
	    ~(AXON_MATRIX_F_ACCUMULATE | AXON_MATRIX_F_ADDEND | AXON_MATRIX_F_ADDEND_ROW))
		return BAD(op, desc_va, h.flags);
	if ((d->h.flags & AXON_MATRIX_F_ADDEND_ROW) && !(d->h.flags & AXON_MATRIX_F_ADDEND))
		return BAD(op, desc_va, h.flags);
	if (d->h.reserved)
		return BAD(op, desc_va, h.reserved);
	for (unsigned int i = 0; i < sizeof(d->reserved0); i++)
		if (d->reserved0[i])
			return BAD(op, desc_va, reserved0[i]);
	if (d->reserved1)
		return BAD(op, desc_va, reserved1);
	if (d->m > DIM_MAX)
		return BAD(op, desc_va, m);
	if (d->n > DIM_MAX)
		return BAD(op, desc_va, n);
	if (d->k > DIM_MAX)
		return BAD(op, desc_va, k);
	return 0;
}

static int check_types(struct matrix_op *op, uint64_t desc_va)
{
	const struct axon_matrix_desc *d = op->d;

	if (is_float(d->a_type)) {
		if (!is_float(d->b_type))
			return BAD(op, desc_va, b_type);
		op->rule =
			d->a_type == AXON_BF16 && d->b_type == AXON_BF16 ? MATRIX_BF16 : MATRIX_F32;
	} else if (d->a_type == AXON_I8) {
		if (d->b_type != AXON_I8)
			return BAD(op, desc_va, b_type);
		op->rule = MATRIX_I8;
	} else if (d->a_type == AXON_Q8A) {
		if (d->b_type != AXON_BLOCK)
			return BAD(op, desc_va, b_type);
		op->rule = MATRIX_BLOCK;
	} else {
		return BAD(op, desc_va, a_type);
	}
	if (d->b_layout > AXON_B_PACKED ||
	    (op->rule == MATRIX_BLOCK && d->b_layout != AXON_B_PACKED))
		return BAD(op, desc_va, b_layout);
	if (op->rule == MATRIX_BLOCK) {
		if (!block_format_valid(d->b_format))
			return BAD(op, desc_va, b_format);
		if (d->k % AXON_FMT_SUPER(d->b_format))
			return BAD(op, desc_va, k);
	}
	return 0;
}

static int check_drain(struct matrix_op *op, uint64_t desc_va)
{
	const struct axon_matrix_desc *d = op->d;
	bool to_int = d->c_type == AXON_I32;

	if (!is_float(d->c_type) && !(to_int && op->rule == MATRIX_I8))
		return BAD(op, desc_va, c_type);
	if (to_int && (d->h.flags & AXON_MATRIX_F_ADDEND))
		return BAD(op, desc_va, h.flags);
	if (to_int && d->scale != 1.0f)
		return engine_bad_desc(op->e, desc_va, offsetof(struct axon_matrix_desc, scale),
				       f32_bits(d->scale));
	if ((d->h.flags & AXON_MATRIX_F_ACCUMULATE) &&
	    d->c_type != (op->rule == MATRIX_I8 ? AXON_I32 : AXON_F32))
		return BAD(op, desc_va, c_type);
	if (!aligned(d->c, type_size(d->c_type)))
		return BAD(op, desc_va, c);
	if (!aligned(d->c_stride, type_size(d->c_type)) ||
	    !span_fits(d->c, d->c_stride, d->m, (uint64_t)d->n * type_size(d->c_type)))
		return BAD(op, desc_va, c_stride);
	if (!(d->h.flags & AXON_MATRIX_F_ADDEND))
		return 0;
	if (!is_float(d->addend_type))
		return BAD(op, desc_va, addend_type);
	if (!aligned(d->addend, type_size(d->addend_type)))
		return BAD(op, desc_va, addend);
	if (!(d->h.flags & AXON_MATRIX_F_ADDEND_ROW) &&
	    (!aligned(d->addend_stride, type_size(d->addend_type)) ||
	     !span_fits(d->addend, d->addend_stride, d->m,
			(uint64_t)d->n * type_size(d->addend_type))))
		return BAD(op, desc_va, addend_stride);
	return 0;
}

/* Bytes of k elements of A. */
static uint64_t a_row_bytes(const struct axon_matrix_desc *d)
{
	return d->a_type == AXON_Q8A ? (uint64_t)d->k / 32 * sizeof(struct axon_q8a)
				     : (uint64_t)d->k * type_size(d->a_type);
}

/* A's rows as a box of offsets: m / a_m0 up to `outer`, m % a_m0 up to `inner`. */
static void widen(const struct axon_matrix_desc *d, int64_t outer, int64_t inner, int64_t *low,
		  int64_t *high)
{
	int64_t s1 = outer * d->a_s1, s0 = inner * d->a_s0;
	int64_t least = (s1 < 0 ? s1 : 0) + (s0 < 0 ? s0 : 0);
	int64_t most = (s1 > 0 ? s1 : 0) + (s0 > 0 ? s0 : 0);

	*low = least < *low ? least : *low;
	*high = most > *high ? most : *high;
}

static int check_a(struct matrix_op *op, uint64_t desc_va)
{
	const struct axon_matrix_desc *d = op->d;
	unsigned int align = d->a_type == AXON_Q8A ? 4 : type_size(d->a_type);
	uint32_t m0 = d->a_m0 ? d->a_m0 : d->m, last = (d->m - 1) / m0;
	int64_t low = INT64_MAX, high = INT64_MIN, base = (int64_t)d->a - AXON_SRAM_BASE;

	if (!aligned(d->a, align))
		return BAD(op, desc_va, a);
	if (!aligned((uint32_t)d->a_s0, align))
		return BAD(op, desc_va, a_s0);
	if (d->a_m0 && !aligned((uint32_t)d->a_s1, align))
		return BAD(op, desc_va, a_s1);
	/* The full groups, and the last one, which may be shorter: exact, since a box's extremes are rows. */
	if (last)
		widen(d, last - 1, m0 - 1, &low, &high);
	widen(d, 0, last ? m0 - 1 : d->m - 1, &low, &high);
	if (last) {
		int64_t at = (int64_t)last * d->a_s1, end = (int64_t)((d->m - 1) % m0) * d->a_s0;

		low = at + (end < 0 ? end : 0) < low ? at + (end < 0 ? end : 0) : low;
		high = at + (end > 0 ? end : 0) > high ? at + (end > 0 ? end : 0) : high;
	}
	if (base + low < 0 || base + high + (int64_t)a_row_bytes(d) > op->e->sram_size) {
		op->e->fault_addr = (uint64_t)(base + low < 0 ? d->a + low : d->a + high);
		op->e->fault_info = 0;
		return AXON_FAULT_SRAM_RANGE;
	}
	return 0;
}

/* Bytes between tiles when b_stride is 0, which is also what a tile of B_PACKED takes. */
static uint64_t tile_bytes(const struct matrix_op *op)
{
	const struct axon_matrix_desc *d = op->d;
	unsigned int size = type_size(d->b_type);

	if (op->rule == MATRIX_BLOCK)
		return AXON_TILE_BYTES(d->b_format, d->k);
	/* BF16 holds pairs of k, I8 fours, F32 and F16 one */
	if (d->b_type == AXON_BF16)
		return (uint64_t)(d->k + 1) / 2 * 64;
	if (d->b_type == AXON_I8)
		return (uint64_t)(d->k + 3) / 4 * 64;
	return (uint64_t)d->k * size * MATRIX_COLS;
}

static int check_b(struct matrix_op *op, uint64_t desc_va)
{
	const struct axon_matrix_desc *d = op->d;
	unsigned int size = op->rule == MATRIX_BLOCK ? 2 : type_size(d->b_type);
	uint64_t count, bytes;

	op->b_stride = d->b_stride;
	if (d->b_layout == AXON_B_ROWS) {
		count = d->k;
		bytes = (uint64_t)d->n * size;
	} else if (d->b_layout == AXON_B_COLS) {
		count = d->n;
		bytes = (uint64_t)d->k * size;
	} else {
		count = div_up(d->n, MATRIX_COLS);
		bytes = tile_bytes(op);
		if (!op->b_stride)
			op->b_stride = bytes;
	}
	if (!aligned(d->b, size))
		return BAD(op, desc_va, b);
	if (!aligned(d->b_stride, size) || d->b_stride > INT64_MAX ||
	    !span_fits(d->b, (int64_t)op->b_stride, count, bytes))
		return BAD(op, desc_va, b_stride);
	return 0;
}

static bool overlap(uint64_t a, int64_t a_stride, uint64_t a_bytes, uint64_t b, int64_t b_stride,
		    uint64_t b_bytes, uint32_t rows)
{
	uint64_t a_last = a + (uint64_t)a_stride * (rows - 1),
		 b_last = b + (uint64_t)b_stride * (rows - 1);
	uint64_t a_low = a_stride < 0 ? a_last : a, a_high = (a_stride < 0 ? a : a_last) + a_bytes;
	uint64_t b_low = b_stride < 0 ? b_last : b, b_high = (b_stride < 0 ? b : b_last) + b_bytes;

	return a_low < b_high && b_low < a_high;
}

/* An operation that adds to C, by ACCUMULATE or with C as its own addend, cannot be run twice. */
static int check_update(struct matrix_op *op, uint64_t desc_va)
{
	const struct axon_matrix_desc *d = op->d;

	op->update = d->h.flags & AXON_MATRIX_F_ACCUMULATE;
	if (d->h.flags & AXON_MATRIX_F_ADDEND)
		op->update |=
			overlap(d->c, d->c_stride, (uint64_t)d->n * type_size(d->c_type), d->addend,
				d->h.flags & AXON_MATRIX_F_ADDEND_ROW ? 0 : d->addend_stride,
				(uint64_t)d->n * type_size(d->addend_type), d->m);
	if (op->update && (uint64_t)d->m * d->n * d->k > UPDATE_MAX)
		return BAD(op, desc_va, h.flags);
	return 0;
}

static uint64_t memory_bytes(const struct matrix_op *op)
{
	const struct axon_matrix_desc *d = op->d;
	uint64_t bytes = 0, mn = (uint64_t)d->m * d->n;

	if (!engine_is_local(d->b))
		bytes += d->b_layout == AXON_B_PACKED
				 ? div_up(d->n, MATRIX_COLS) * tile_bytes(op)
				 : (uint64_t)d->n * d->k * type_size(d->b_type);
	if (!engine_is_local(d->c))
		bytes +=
			mn * type_size(d->c_type) * (d->h.flags & AXON_MATRIX_F_ACCUMULATE ? 2 : 1);
	if ((d->h.flags & AXON_MATRIX_F_ADDEND) && !engine_is_local(d->addend))
		bytes += (d->h.flags & AXON_MATRIX_F_ADDEND_ROW ? d->n : mn) *
			 type_size(d->addend_type);
	return bytes;
}

static uint64_t cost(const struct matrix_op *op)
{
	static const uint32_t k_per_cycle[] = {
		[MATRIX_F32] = COST_MATRIX_K_F32,
		[MATRIX_BF16] = COST_MATRIX_K_BF16,
		[MATRIX_I8] = COST_MATRIX_K_INT8,
		[MATRIX_BLOCK] = COST_MATRIX_K_INT8,
	};
	const struct axon_matrix_desc *d = op->d;
	uint64_t array = div_up(d->m, COST_MATRIX_ROWS) * div_up(d->n, COST_MATRIX_COLS) *
			 div_up(d->k, k_per_cycle[op->rule]);
	uint64_t memory = div_up(memory_bytes(op), COST_MATRIX_MEMORY_BYTES);

	return COST_MATRIX_START + (array > memory ? array : memory);
}

int matrix_run(struct engine *e, const struct axon_desc *desc, uint64_t desc_va)
{
	struct axon_matrix_desc d;
	struct matrix_op op = {.e = e, .d = &d};
	int rc;

	if (desc->size != sizeof(d))
		return engine_bad_desc(e, desc_va, offsetof(struct axon_desc, size), desc->size);
	memcpy(&d, desc, sizeof(d));
	rc = check_header(&op, desc_va);
	if (!rc)
		rc = check_types(&op, desc_va);
	e->cycles = COST_MATRIX_START;
	if (rc || !d.m || !d.n)
		return rc;
	rc = check_drain(&op, desc_va);
	if (!rc && d.k)
		rc = check_a(&op, desc_va);
	if (!rc && d.k)
		rc = check_b(&op, desc_va);
	if (!rc)
		rc = check_update(&op, desc_va);
	if (rc)
		return rc;
	e->cycles = cost(&op);
	op.scratch = matrix_scratch_get();
	if (!op.scratch || (e->stop && *e->stop))
		return ENGINE_STOPPED;
	op.path = matrix_path();
	rc = op.rule == MATRIX_BLOCK ? matrix_block_run(&op) : matrix_dense_run(&op);
	matrix_flush_written(&op);
	return rc;
}
