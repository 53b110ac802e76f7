/* SPDX-License-Identifier: MIT */
/*
 * The matrix engine against plain C: expected values come from the formulas of docs/hardware.md written
 * out below, for one output at a time, and every instruction-set path that this host has must give
 * those bits.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "matrix_impl.h"
#include "matrix_world.h"

/* ---- numbers ------------------------------------------------------------------------------ */

static float from_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, 4);
	return f;
}

static uint32_t to_bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

static float half(uint16_t h)
{
	int exponent = h >> 10 & 31, mantissa = h & 1023;
	float f = exponent == 31 ? (mantissa ? NAN : INFINITY)
		  : exponent	 ? ldexpf(1024 + mantissa, exponent - 25)
				 : ldexpf(mantissa, -24);

	return h & 0x8000 ? -f : f;
}

static float value(unsigned int type, uint32_t bits)
{
	return type == AXON_F32	   ? from_bits(bits)
	       : type == AXON_BF16 ? from_bits(bits << 16)
				   : half(bits);
}

/* The nearest of a 16-bit type's numbers, by trying the two neighbours of the truncated one. */
static uint16_t nearest16(unsigned int type, float v)
{
	double limit = type == AXON_F16 ? 65520.0 : 0x1.ffp127, best = INFINITY,
	       a = fabs((double)v);
	uint16_t found = 0, infinity = type == AXON_F16 ? 0x7c00 : 0x7f80;

	if (isnan(v))
		return type == AXON_F16 ? 0x7e00 : 0x7fc0;
	if (a >= limit) {
		found = infinity;
	} else {
		int exponent = 0;
		int least = type == AXON_F16 ? -24 : -133, bits = type == AXON_F16 ? 10 : 7;
		double step;

		frexp(a, &exponent);
		step = ldexp(1, exponent - 1 - bits > least ? exponent - 1 - bits : least);
		for (int up = 0; up < 2; up++) {
			double candidate = (floor(a / step) + up) * step,
			       error = fabs(candidate - a);
			uint16_t code = 0;

			if (type == AXON_BF16) {
				code = to_bits((float)candidate) >> 16;
			} else {
				int e = candidate < 0x1p-14 ? -14 : ilogb(candidate);

				code = (uint16_t)(((e + 14) << 10) + (int)ldexp(candidate, 10 - e));
			}
			if (error < best || (error == best && !(code & 1))) {
				best = error;
				found = code;
			}
		}
	}
	return found | (signbit(v) ? 0x8000 : 0);
}

static float flush(float f)
{
	return fabsf(f) < 0x1p-126f ? copysignf(0, f) : f;
}

/* The bf16 rule's fma through 113-bit arithmetic, where the sum of product and addend is as good as exact. */
static float fma_bf16(float a, float b, float c)
{
	float p, r;
	__float128 exact;

	a = flush(a);
	b = flush(b);
	c = flush(c);
	p = a * b;
	if (isnan(p) || isnan(c) || isinf(a) || isinf(b) || isinf(c))
		return fmaf(a, b, c);
	exact = (__float128)a * b + c;
	if (exact == 0)
		return fmaf(a, b, c);
	r = (float)exact;
	if (exact < 0x1p-100 && exact > -0x1p-100 && fabsf((float)(exact * 0x1p100)) < 0x1p-26f)
		return copysignf(0, exact < 0 ? -1.0f : 1.0f);
	return r;
}

/* ---- a case ------------------------------------------------------------------------------- */

struct matrix_case {
	struct axon_matrix_desc d;
	bool wild;	     /* every bit pattern, not only tame numbers */
	uint32_t *a, *b;     /* bits [m][k], [n][k]; block rule: quants */
	struct axon_q8a *qa; /* [m][k / 32] */
	uint16_t *bd, *bm;   /* [n][k / 32]; for a super-block the first of its eight */
	uint8_t *sc, *mn;    /* [n][k / 16] */
};

static uint32_t random_element(unsigned int type, bool wild)
{
	float tame = ((int)(rnd() % 2001) - 1000) / 512.0f;

	if (type == AXON_I8)
		return rnd() & 0xff;
	if (wild && type == AXON_F32)
		return rnd() % 4 ? (rnd() & 0x807fffff) | (rnd() % 3 ? 20u + rnd() % 90 : 0u) << 23
				 : rnd();
	if (wild && type == AXON_BF16)
		return rnd() % 8 ? (rnd() & 0x807f) | (rnd() % 3 ? 20u + rnd() % 90 : 0u) << 7
				 : rnd() & 0xffff;
	if (wild)
		return rnd() % 8 ? rnd() & 0xbfff : rnd() & 0xffff;
	if (type == AXON_F32)
		return to_bits(tame);
	return nearest16(type, tame);
}

static uint64_t a_offset(const struct axon_matrix_desc *d, unsigned int m)
{
	if (!d->a_m0)
		return (uint64_t)(d->a - AXON_SRAM_BASE + (int64_t)m * d->a_s0);
	return (uint64_t)(d->a - AXON_SRAM_BASE + (int64_t)(m / d->a_m0) * d->a_s1 +
			  (int64_t)(m % d->a_m0) * d->a_s0);
}

static void place_dense(struct matrix_case *c, struct world *w)
{
	struct axon_matrix_desc *d = &c->d;
	unsigned int as = size_of(d->a_type), bs = size_of(d->b_type);
	unsigned int wide = d->b_type == AXON_BF16 ? 2 : d->b_type == AXON_I8 ? 4 : 1;
	uint8_t *b = w->mem + (d->b - MEM_BASE);

	c->a = malloc(((size_t)d->m * d->k + 1) * 4);
	c->b = malloc(((size_t)d->n * d->k + 1) * 4);
	for (unsigned int m = 0; m < d->m; m++)
		for (unsigned int k = 0; k < d->k; k++) {
			c->a[m * d->k + k] = random_element(d->a_type, c->wild);
			memcpy(w->e.sram + a_offset(d, m) + k * as, &c->a[m * d->k + k], as);
		}
	for (unsigned int n = 0; n < d->n; n++)
		for (unsigned int k = 0; k < d->k; k++) {
			uint64_t at =
				d->b_layout == AXON_B_ROWS ? k * d->b_stride + n * bs
				: d->b_layout == AXON_B_COLS
					? n * d->b_stride + k * bs
					: n / 16 *
							  (d->b_stride ? d->b_stride
								       : (d->k + wide - 1) / wide *
										 wide * 16 * bs) +
						  ((k / wide * 16 + n % 16) * wide + k % wide) * bs;

			c->b[n * d->k + k] = random_element(d->b_type, c->wild);
			memcpy(b + at, &c->b[n * d->k + k], bs);
		}
}

/* Byte offset of a quant's field in a record, by the layout's description in axon_isa.h. */
static void place_quant(uint32_t f, uint8_t *quants, unsigned int col, unsigned int k,
			unsigned int q)
{
	unsigned int lane = 4 * col + k % 4, g = k % 32 / 4;

	quants += k / 32 * (64 * AXON_FMT_BITS(f));
	if (AXON_FMT_BITS(f) == 8) {
		quants[g * 64 + lane] = q;
		return;
	}
	quants[g % 4 * 64 + lane] |= (q & 15) << (g < 4 ? 0 : 4);
	if (AXON_FMT_BITS(f) == 5)
		quants[256 + g * 8 + lane / 8] |= (q >> 4) << lane % 8;
	else if (AXON_FMT_BITS(f) == 6)
		quants[256 + g % 4 / 2 * 64 + lane] |= (q >> 4) << (4 * (g % 2) + 2 * (g / 4));
}

static void place_column(struct matrix_case *c, uint8_t *tile, unsigned int n)
{
	const struct axon_matrix_desc *d = &c->d;
	uint32_t f = d->b_format, super = AXON_FMT_SUPER(f), subs = super / AXON_FMT_SUB(f);
	unsigned int col = n % 16;

	for (unsigned int k = 0; k < d->k; k += super, tile += AXON_FMT_RECORD(f)) {
		uint16_t *bd = &c->bd[(n * d->k + k) / 32], *bm = &c->bm[(n * d->k + k) / 32];
		uint8_t *at = tile + 32;

		*bd = c->wild ? rnd() & 0xffff : 0x1800 + rnd() % 0x800;
		*bm = c->wild ? rnd() & 0xffff : 0x1800 + rnd() % 0x800;
		memcpy(tile + 2 * col, bd, 2);
		if (AXON_FMT_MIN(f) != AXON_MIN_NONE) {
			memcpy(at + 2 * col, bm, 2);
			at += 32;
		}
		for (unsigned int pass = 0; pass < 2; pass++) {
			uint8_t *to = pass ? c->mn : c->sc;

			if (pass ? AXON_FMT_MIN(f) != AXON_MIN_U6
				 : AXON_FMT_SCALE(f) == AXON_SCALE_F16)
				continue;
			for (unsigned int s = 0; s < subs; s++) {
				uint8_t bits = rnd();

				if (!c->wild && (pass || AXON_FMT_SCALE(f) == AXON_SCALE_U6))
					bits &= 63;
				to[(n * d->k + k) / 16 + s] = bits;
				at[s * 16 + col] = bits;
			}
			at += subs * 16;
		}
		for (unsigned int i = 0; i < super; i++) {
			c->b[n * d->k + k + i] = rnd() & ((1u << AXON_FMT_BITS(f)) - 1);
			place_quant(f, at, col, i, c->b[n * d->k + k + i]);
		}
	}
}

static void place_block(struct matrix_case *c, struct world *w)
{
	struct axon_matrix_desc *d = &c->d;
	uint64_t stride = d->b_stride ? d->b_stride : AXON_TILE_BYTES(d->b_format, d->k);

	c->qa = calloc((size_t)d->m * d->k / 32 + 1, sizeof(*c->qa));
	c->b = malloc(((size_t)d->n * d->k + 1) * 4);
	c->bd = calloc((size_t)d->n * d->k / 32 + 1, 2);
	c->bm = calloc((size_t)d->n * d->k / 32 + 1, 2);
	c->sc = calloc((size_t)d->n * d->k / 16 + 1, 1);
	c->mn = calloc((size_t)d->n * d->k / 16 + 1, 1);
	for (unsigned int m = 0; m < d->m; m++) {
		for (unsigned int b = 0; b < d->k / 32; b++) {
			struct axon_q8a *q = &c->qa[m * (d->k / 32) + b];

			q->scale = (1 + rnd() % 100) / 1024.0f;
			for (unsigned int i = 0; i < 32; i++) {
				q->q[i] = c->wild ? (int)(rnd() & 0xff) - 128
						  : (int)(rnd() % 255) - 127;
				q->sum[i / 16] += q->q[i];
			}
			if (c->wild) {
				uint32_t sums = rnd();

				memcpy(q->sum, &sums, 4);
			}
		}
		memcpy(w->e.sram + a_offset(d, m), &c->qa[m * (d->k / 32)],
		       d->k / 32 * sizeof(struct axon_q8a));
	}
	for (unsigned int n = 0; n < d->n; n++)
		place_column(c, w->mem + (d->b - MEM_BASE) + n / 16 * stride, n);
}

/* ---- the formulas ------------------------------------------------------------------------- */

static float expect_block(const struct matrix_case *c, unsigned int m, unsigned int n, float acc)
{
	const struct axon_matrix_desc *d = &c->d;
	uint32_t f = d->b_format, super = AXON_FMT_SUPER(f), sub = AXON_FMT_SUB(f);

	for (unsigned int k = 0; k < d->k; k += 32) {
		const struct axon_q8a *qa = &c->qa[(m * d->k + k) / 32];
		unsigned int first = n * d->k + k / super * super;
		float bd = half(c->bd[first / 32]), bm = half(c->bm[first / 32]);
		uint32_t isum = 0;
		int64_t least = 0;

		for (unsigned int i = 0; i < 32; i += sub) {
			unsigned int s = first / 16 + (k % super + i) / sub;
			int32_t sc = AXON_FMT_SCALE(f) == AXON_SCALE_F16  ? 1
				     : AXON_FMT_SCALE(f) == AXON_SCALE_U6 ? c->sc[s]
									  : (int8_t)c->sc[s];
			int32_t sum = sub == 32 ? qa->sum[0] + qa->sum[1] : qa->sum[i / 16];
			int64_t dot = -(int64_t)AXON_FMT_ZERO(f) * sum;

			for (unsigned int x = i; x < i + sub; x++)
				dot += (int64_t)c->b[n * d->k + k + x] * qa->q[x];
			isum += (uint32_t)sc * (uint32_t)dot;
			least += (int64_t)c->mn[s] * sum;
		}
		acc = fmaf((float)(int32_t)isum, qa->scale * bd, acc);
		if (AXON_FMT_MIN(f) == AXON_MIN_F16)
			acc = fmaf((float)(qa->sum[0] + qa->sum[1]), qa->scale * bm, acc);
		else if (AXON_FMT_MIN(f) == AXON_MIN_U6)
			acc = fmaf(-(float)least, qa->scale * bm, acc);
	}
	return acc;
}

static float expect_float(const struct matrix_case *c, unsigned int m, unsigned int n, float acc)
{
	const struct axon_matrix_desc *d = &c->d;
	const uint32_t *a = c->a + m * d->k, *b = c->b + n * d->k;

	if (d->a_type == AXON_Q8A)
		return expect_block(c, m, n, acc);
	if (d->a_type != AXON_BF16 || d->b_type != AXON_BF16) {
		for (unsigned int k = 0; k < d->k; k++)
			acc = fmaf(value(d->a_type, a[k]), value(d->b_type, b[k]), acc);
		return acc;
	}
	for (unsigned int k = 0; k < d->k; k += 2) {
		bool pair = k + 1 < d->k;

		acc = fma_bf16(pair ? value(AXON_BF16, a[k + 1]) : 0,
			       pair ? value(AXON_BF16, b[k + 1]) : 0, acc);
		acc = fma_bf16(value(AXON_BF16, a[k]), value(AXON_BF16, b[k]), acc);
	}
	return acc;
}

static uint32_t expect(const struct matrix_case *c, const struct world *w, unsigned int m,
		       unsigned int n, uint32_t old)
{
	const struct axon_matrix_desc *d = &c->d;
	uint32_t sum = d->h.flags & AXON_MATRIX_F_ACCUMULATE ? old : 0;
	float v;

	if (d->a_type == AXON_I8) {
		for (unsigned int k = 0; k < d->k; k++)
			sum += (uint32_t)((int8_t)c->a[m * d->k + k] * (int8_t)c->b[n * d->k + k]);
		if (d->c_type == AXON_I32)
			return sum;
		v = (float)(int32_t)sum;
	} else {
		v = expect_float(c, m, n, from_bits(sum));
	}
	v = v * d->scale;
	if (d->h.flags & AXON_MATRIX_F_ADDEND) {
		uint64_t at = d->addend - MEM_BASE + n * size_of(d->addend_type);
		uint32_t bits = 0;

		if (!(d->h.flags & AXON_MATRIX_F_ADDEND_ROW))
			at += m * (uint64_t)d->addend_stride;
		memcpy(&bits, w->mem + at, size_of(d->addend_type));
		v = v + value(d->addend_type, bits);
	}
	if (d->c_type != AXON_F32)
		return nearest16(d->c_type, v);
	return isnan(v) ? 0x7fc00000 : to_bits(v);
}

/* Fills in what a case leaves at zero and runs it on every path. */
static void check(struct matrix_case *c, uint32_t page_size)
{
	struct axon_matrix_desc *d = &c->d;
	struct world *w = world_new(page_size);
	unsigned int cs = size_of(d->c_type);
	uint64_t c_at = d->c - MEM_BASE;
	uint8_t *image, *wanted;
	bool *touched;

	for (unsigned int i = 0; i < MEM_SIZE; i += 4) {
		uint32_t bits = random_element(AXON_F32, false);

		memcpy(w->mem + i, &bits, 4);
	}
	if (d->h.flags & AXON_MATRIX_F_ADDEND)
		for (unsigned int i = 0; i < 1u << 16; i += 2) {
			uint32_t bits = d->addend_type == AXON_F32
						? 0x3f80
						: random_element(d->addend_type, false);

			memcpy(w->mem + (d->addend - MEM_BASE) + i, &bits, 2);
		}
	if (d->b_layout == AXON_B_PACKED) /* padding is zero; quants are ORed in */
		memset(w->mem + (d->b - MEM_BASE), 0, C_AT - B_AT - (d->b - MEM_BASE));
	if (d->a_type == AXON_Q8A)
		place_block(c, w);
	else
		place_dense(c, w);
	image = malloc(MEM_SIZE);
	wanted = malloc(MEM_SIZE);
	touched = calloc(MEM_SIZE, 1);
	memcpy(image, w->mem, MEM_SIZE);
	memcpy(wanted, w->mem, MEM_SIZE);
	for (unsigned int m = 0; m < d->m; m++)
		for (unsigned int n = 0; n < d->n; n++) {
			uint64_t at = c_at + (uint64_t)d->c_stride * m + n * cs;
			uint32_t old = 0, bits;

			memcpy(&old, image + at, cs);
			bits = expect(c, w, m, n, old);
			memcpy(wanted + at, &bits, cs);
			memset(touched + at, 1, cs);
		}
	for (int path = 0; path < MATRIX_NUM_PATHS; path++) {
		int rc;

		if (!matrix_select(path))
			continue;
		memcpy(w->mem, image, MEM_SIZE);
		world_sync(w, true);
		rc = world_run(w, d);
		world_sync(w, false);
		if (rc || memcmp(w->mem, wanted, MEM_SIZE)) {
			uint64_t at = 0;

			while (at < MEM_SIZE && w->mem[at] == wanted[at])
				at++;
			fail_msg("%s: types %u %u %u layout %u format %#x flags %u m %u n %u k %u "
				 "wild %d pages %u: "
				 "rc %d info %#llx, differs at byte %lld of C",
				 matrix_path()->name, d->a_type, d->b_type, d->c_type, d->b_layout,
				 d->b_format, d->h.flags, d->m, d->n, d->k, c->wild, page_size, rc,
				 (unsigned long long)w->e.fault_info, (long long)(at - c_at));
		}
		assert_memory_equal(w->written, touched, MEM_SIZE);
	}
	free(image);
	free(wanted);
	free(touched);
	free(c->a);
	free(c->b);
	free(c->qa);
	free(c->bd);
	free(c->bm);
	free(c->sc);
	free(c->mn);
	world_free(w);
}

static struct matrix_case base_case(unsigned int a_type, unsigned int b_type, struct shape s)
{
	return (struct matrix_case){.d = matrix_desc(a_type, b_type, s)};
}

static const struct shape shapes[] = {
	{1, 1, 1},    {1, 16, 2},     {1, 70, 37},   {2, 17, 5},    {3, 33, 16},   {5, 16, 64},
	{6, 130, 31}, {7, 15, 129},   {8, 64, 8},    {9, 31, 33},   {13, 47, 257}, {25, 300, 19},
	{250, 18, 6}, {11, 20, 1100}, {1, 272, 523}, {4, 19, 4100},
};

static void each_layout(unsigned int a_type, unsigned int b_type, unsigned int c_type, bool wild)
{
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (unsigned int layout = 0; layout < 3; layout++) {
			struct matrix_case c = base_case(a_type, b_type, shapes[i]);
			unsigned int size = size_of(b_type);

			c.wild = wild;
			c.d.c_type = c_type;
			c.d.b_layout = layout;
			c.d.b_stride = layout == AXON_B_ROWS   ? c.d.n * size + 2 * size
				       : layout == AXON_B_COLS ? c.d.k * size + 6 * size
							       : 0;
			check(&c, i % 3 == 0 ? 4096 : i % 3 == 1 ? 512 : MEM_SIZE);
		}
}

static void test_fp32_rule(void **state)
{
	static const unsigned int types[] = {AXON_F32, AXON_F16, AXON_BF16};

	(void)state;
	for (unsigned int i = 0; i < 8; i++) /* the ninth is the bf16 rule */
		each_layout(types[i / 3], types[i % 3], AXON_F32, false);
	each_layout(AXON_F32, AXON_F32, AXON_F32, true);
	each_layout(AXON_F16, AXON_BF16, AXON_F16, true);
	each_layout(AXON_BF16, AXON_F16, AXON_BF16, true);
}

static void test_bf16_rule(void **state)
{
	(void)state;
	each_layout(AXON_BF16, AXON_BF16, AXON_F32, false);
	each_layout(AXON_BF16, AXON_BF16, AXON_F32, true);
}

static void test_int8_rule(void **state)
{
	(void)state;
	each_layout(AXON_I8, AXON_I8, AXON_I32, true);
	each_layout(AXON_I8, AXON_I8, AXON_F32, true);
	each_layout(AXON_I8, AXON_I8, AXON_BF16, true);
}

static const uint32_t formats[] = {
	AXON_FMT_Q4_0,
	AXON_FMT_Q4_1,
	AXON_FMT_Q5_0,
	AXON_FMT_Q5_1,
	AXON_FMT_Q8_0,
	AXON_FMT_Q4_K,
	AXON_FMT_Q5_K,
	AXON_FMT_Q6_K,
	AXON_FMT(6, 32, 32, AXON_SCALE_U6, AXON_MIN_U6),
	AXON_FMT(8, 200, 16, AXON_SCALE_S8, AXON_MIN_U6),
	AXON_FMT(4, 7, 16, AXON_SCALE_U6, AXON_MIN_NONE),
	AXON_FMT(6, 0, 32, AXON_SCALE_F16, AXON_MIN_F16),
};

static void test_block_rule(void **state)
{
	static const struct shape some[] = {
		{1, 16, 1}, {1, 50, 3},	 {2, 16, 2},  {3, 40, 1},  {5, 17, 2},	{8, 33, 3},
		{9, 48, 2}, {14, 20, 1}, {16, 70, 2}, {27, 31, 1}, {39, 45, 2},
	};

	(void)state;
	for (unsigned int f = 0; f < sizeof(formats) / sizeof(formats[0]); f++)
		for (unsigned int i = 0; i < sizeof(some) / sizeof(some[0]); i++)
			for (unsigned int wild = 0; wild < 2; wild++) {
				struct shape s = some[i];
				struct matrix_case c;

				s.k *= AXON_FMT_SUPER(formats[f]);
				c = base_case(AXON_Q8A, AXON_BLOCK, s);
				c.wild = wild;
				c.d.b_layout = AXON_B_PACKED;
				c.d.b_format = formats[f];
				if (i % 2)
					c.d.b_stride = AXON_TILE_BYTES(formats[f], s.k) + 6;
				check(&c, i % 3 == 0 ? 4096 : i % 3 == 1 ? 512 : MEM_SIZE);
			}
}

/* More rows than are kept at once, more k than is kept at once. */
static void test_block_large(void **state)
{
	static const struct shape some[] = {{530, 18, 64}, {3, 17, 17408}, {9, 17, 9216}};

	(void)state;
	for (unsigned int i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct matrix_case c = base_case(AXON_Q8A, AXON_BLOCK, some[i]);

		c.d.b_layout = AXON_B_PACKED;
		c.d.b_format = AXON_FMT_Q5_1;
		check(&c, 4096);
	}
}

static void test_drain(void **state)
{
	static const unsigned int types[] = {AXON_F32, AXON_F16, AXON_BF16};

	(void)state;
	for (unsigned int i = 0; i < 36; i++) {
		unsigned int rule = i / 9 % 4;
		struct matrix_case c = base_case(rule == 0   ? AXON_F32
						 : rule == 1 ? AXON_BF16
						 : rule == 2 ? AXON_I8
							     : AXON_Q8A,
						 rule == 0   ? AXON_F16
						 : rule == 1 ? AXON_BF16
						 : rule == 2 ? AXON_I8
							     : AXON_BLOCK,
						 (struct shape){10, 53, 64});

		c.d.b_layout = AXON_B_PACKED;
		c.d.b_format = AXON_FMT_Q4_1;
		c.d.c_type = types[i % 3];
		c.d.addend_type = types[i / 3 % 3];
		c.d.addend = ADDEND_AT;
		c.d.addend_stride = 53 * 4 + 12;
		c.d.scale = i % 2 ? 0.1f : -3.7e-5f;
		c.d.h.flags = AXON_MATRIX_F_ADDEND | (i % 4 == 3 ? AXON_MATRIX_F_ADDEND_ROW : 0);
		if (c.d.c_type == AXON_F32 && rule != 2)
			c.d.h.flags |= AXON_MATRIX_F_ACCUMULATE;
		check(&c, i % 2 ? 256 : MEM_SIZE);
		c = base_case(AXON_I8, AXON_I8, (struct shape){3, 20, i});
		c.d.b_layout = AXON_B_ROWS;
		c.d.b_stride = 20;
		c.d.c_type = AXON_I32;
		c.d.h.flags = AXON_MATRIX_F_ACCUMULATE;
		check(&c, 4096);
	}
}

/* k = 0 drains zeros, or C; no m or no n does nothing. */
static void test_empty(void **state)
{
	static const struct shape some[] = {{3, 5, 0}, {0, 5, 7}, {5, 0, 7}};

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct matrix_case c = base_case(AXON_F32, AXON_F32, some[i / 2]);

		c.d.b_layout = AXON_B_PACKED;
		c.d.h.flags = i % 2 ? AXON_MATRIX_F_ACCUMULATE : 0;
		check(&c, 4096);
	}
}

/* Two-level rows, forwards and backwards; C backwards. */
static void test_addressing(void **state)
{
	static const struct {
		uint32_t m0;
		int32_t s0, s1;
	} some[] = {{4, 80, 400}, {4, -80, 400}, {5, 80, -480}, {1, 7, -80}, {100, 80, 1 << 30}};

	(void)state;
	for (unsigned int i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct matrix_case c = base_case(AXON_Q8A, AXON_BLOCK, (struct shape){18, 33, 64});
		struct matrix_case dense =
			base_case(AXON_F32, AXON_F32, (struct shape){18, 33, 20});

		c.d.b_layout = dense.d.b_layout = AXON_B_PACKED;
		c.d.b_format = AXON_FMT_Q8_0;
		c.d.a = dense.d.a = AXON_SRAM_BASE + 8000;
		c.d.a_m0 = dense.d.a_m0 = some[i].m0;
		c.d.a_s0 = dense.d.a_s0 = some[i].s0 & ~3;
		c.d.a_s1 = dense.d.a_s1 = some[i].s1;
		c.d.c += 100000;
		c.d.c_stride = -400;
		check(&c, 4096);
		check(&dense, 4096);
	}
}

/* A row's result is the same alone and among others. */
static void test_batch_invariance(void **state)
{
	struct shape s = {40, 50, 512};

	(void)state;
	for (int path = 0; path < MATRIX_NUM_PATHS; path++) {
		struct matrix_case c = base_case(AXON_Q8A, AXON_BLOCK, s);
		struct world *w = world_new(MEM_SIZE);
		struct axon_matrix_desc one;
		uint8_t *together = malloc(s.m * c.d.c_stride);

		if (!matrix_select(path))
			continue;
		c.d.b_layout = AXON_B_PACKED;
		c.d.b_format = AXON_FMT_Q6_K;
		place_block(&c, w);
		world_sync(w, true);
		assert_int_equal(world_run(w, &c.d), 0);
		world_sync(w, false);
		memcpy(together, w->mem + (C_AT - MEM_BASE), s.m * c.d.c_stride);
		for (unsigned int m = 0; m < s.m; m++) {
			one = c.d;
			one.m = 1;
			one.a += m * c.d.a_s0;
			one.c += m * c.d.c_stride;
			assert_int_equal(world_run(w, &one), 0);
		}
		world_sync(w, false);
		for (unsigned int m = 0; m < s.m; m++)
			assert_memory_equal(w->mem + (C_AT - MEM_BASE) + m * c.d.c_stride,
					    together + m * c.d.c_stride, s.n * 4);
		free(together);
		free(c.qa);
		free(c.b);
		free(c.bd);
		free(c.bm);
		free(c.sc);
		free(c.mn);
		world_free(w);
	}
}

/* Everything in SRAM works as well. */
static void test_local_operands(void **state)
{
	struct matrix_case c = base_case(AXON_F32, AXON_F32, (struct shape){3, 20, 9});
	struct world *w = world_new(4096);

	(void)state;
	c.d.b_layout = AXON_B_COLS;
	c.d.b_stride = 36;
	place_dense(&c, w);
	c.d.b = AXON_SRAM_BASE + 0x10000;
	c.d.c = AXON_SRAM_BASE + 0x20000;
	memcpy(w->e.sram + 0x10000, w->mem + 64, 20 * 36);
	assert_int_equal(world_run(w, &c.d), 0);
	for (unsigned int m = 0; m < 3; m++)
		for (unsigned int n = 0; n < 20; n++)
			assert_memory_equal(w->e.sram + 0x20000 + m * c.d.c_stride + n * 4,
					    &(float){expect_float(&c, m, n, 0)}, 4);
	free(c.a);
	free(c.b);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fp32_rule),
		cmocka_unit_test(test_bf16_rule),
		cmocka_unit_test(test_int8_rule),
		cmocka_unit_test(test_block_rule),
		cmocka_unit_test(test_block_large),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_addressing),
		cmocka_unit_test(test_batch_invariance),
		cmocka_unit_test(test_local_operands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
