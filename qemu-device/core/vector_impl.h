/* SPDX-License-Identifier: MIT */
/*
 * The text of a kernel set. The including file defines KERNELS, the set's name, and is compiled for
 * one instruction set with -ffp-contract=off.
 */
#include "vector_kernels.h"
#include "vector_math.h"
#include "vector_simd.h"

#define LANE_VECTORS (VECTOR_LANES / VL)

/* ---- element by element ------------------------------------------------------------------ */
static void map_COL(const struct vector_map *m)
{
	for (uint32_t i = 0; i < m->n; i += VL)
		v_store(m->d + i, (vf)(vi_iota() + (int32_t)(m->imm + i)));
}

#define MAP1(name, result)                                           \
	static void map_##name(const struct vector_map *m)           \
	{                                                            \
		const size_t sa = (size_t)m->step[0] * VL, n = m->n; \
		const uint32_t imm __attribute__((unused)) = m->imm; \
		const float *pa = m->s[0];                           \
		float *d = m->d;                                     \
                                                                     \
		for (size_t i = 0; i < n; i += VL, pa += sa) {       \
			vf a = v_load(pa);                           \
                                                                     \
			v_store(d + i, (vf)(result));                \
		}                                                    \
	}

#define MAP2(name, result)                                               \
	static void map_##name(const struct vector_map *m)               \
	{                                                                \
		const size_t sa = (size_t)m->step[0] * VL, n = m->n;     \
		const size_t sb = (size_t)m->step[1] * VL;               \
		const float *pa = m->s[0], *pb = m->s[1];                \
		float *d = m->d;                                         \
                                                                         \
		for (size_t i = 0; i < n; i += VL, pa += sa, pb += sb) { \
			vf a = v_load(pa), b = v_load(pb);               \
                                                                         \
			v_store(d + i, (vf)(result));                    \
		}                                                        \
	}

#define MAP3(name, result)                                                         \
	static void map_##name(const struct vector_map *m)                         \
	{                                                                          \
		const size_t sa = (size_t)m->step[0] * VL, n = m->n;               \
		const size_t sb = (size_t)m->step[1] * VL;                         \
		const size_t sc = (size_t)m->step[2] * VL;                         \
		const float *pa = m->s[0], *pb = m->s[1], *pc = m->s[2];           \
		float *d = m->d;                                                   \
                                                                                   \
		for (size_t i = 0; i < n; i += VL, pa += sa, pb += sb, pc += sc) { \
			vf a = v_load(pa), b = v_load(pb), c = v_load(pc);         \
                                                                                   \
			v_store(d + i, (vf)(result));                              \
		}                                                                  \
	}

/* minimumNumber and maximumNumber: a NaN yields to a number, -0 is below +0. */
static inline vf v_min_number(vf a, vf b)
{
	vf r = v_select((a < b) | (b != b), a, b);

	return (vf)((vi)r | ((a == b) & (vi)a));
}

static inline vf v_max_number(vf a, vf b)
{
	vf r = v_select((a > b) | (b != b), a, b);

	return (vf)((vi)r & (~(a == b) | (vi)a));
}

/* Nearest even, saturating, 0 for NaN. */
static inline vi v_to_int(vf a)
{
	vi high = a >= 0x1p31f, fits = (a < 0x1p31f) & (a >= -0x1p31f), low = a < -0x1p31f;
	vi i = __builtin_convertvector((vf)(fits & (vi)v_rint(a)), vi);

	return i | (high & INT32_MAX) | (low & INT32_MIN);
}

MAP1(MOV, a)
MAP2(ADD, a + b)
MAP2(SUB, a - b)
MAP2(MUL, a *b)
MAP2(DIV, a / b)
MAP3(FMA, v_fma(a, b, c))
MAP1(ADDI, a + f32_from_bits(imm))
MAP1(MULI, a *f32_from_bits(imm))
MAP2(MIN, v_min_number(a, b))
MAP2(MAX, v_max_number(a, b))
MAP1(NEG, (vi)a ^ INT32_MIN)
MAP1(ABS, (vi)a &INT32_MAX)
MAP1(FLOOR, v_floor(a))
MAP1(RINT, v_rint(a))
MAP1(SQRT, v_sqrt(a))
MAP1(RSQRT, 1.0f / v_sqrt(a))
MAP1(RCP, 1.0f / a)
MAP1(EXP, v_exp(a))
MAP1(LOG, v_log(a))
MAP1(TANH, v_tanh(a))
MAP1(ERF, v_erf(a))
MAP1(SIGMOID, v_sigmoid(a))
MAP2(LT, a < b)
MAP2(LE, a <= b)
MAP2(EQ, a == b)
MAP3(SELECT, v_select((vi)c >> 31, a, b))
MAP2(IADD, (vu)a + (vu)b)
MAP2(ISUB, (vu)a - (vu)b)
MAP2(IMUL, (vu)a *(vu)b)
MAP2(ILT, (vi)a < (vi)b)
MAP2(IEQ, (vi)a == (vi)b)
MAP2(AND, (vi)a &(vi)b)
MAP2(OR, (vi)a | (vi)b)
MAP2(XOR, (vi)a ^ (vi)b)
MAP1(SHL, (vu)a << imm)
MAP1(SHR, (vu)a >> imm)
MAP1(SAR, (vi)a >> imm)
MAP1(F2I, v_to_int(a))
MAP1(I2F, __builtin_convertvector((vi)a, vf))

/* ---- reductions -------------------------------------------------------------------------- */
/* Runs `each` on v, the vector's values, and live, its mask of counting lanes, into acc[j]. */
#define REDUCE(name, type, lanes, each)                                                           \
	static void reduce_##name(struct vector_acc *to, const float *a, uint32_t step, size_t n, \
				  uint32_t col)                                                   \
	{                                                                                         \
		const size_t sa = (size_t)step * VL;                                              \
		type acc[LANE_VECTORS];                                                           \
		vi at[LANE_VECTORS] __attribute__((unused));                                      \
                                                                                                  \
		memcpy(acc, to->lane, sizeof(acc));                                               \
		lanes(memcpy(at, to->col, sizeof(at));) for (; n >= VECTOR_LANES;                 \
							     n -= VECTOR_LANES,                   \
							     col += VECTOR_LANES)                 \
			_Pragma("GCC unroll 4") for (int j = 0; j < LANE_VECTORS; j++)            \
		{                                                                                 \
			const vi live = vi_splat(-1);                                             \
			vf v = v_load(a);                                                         \
                                                                                                  \
			a += sa;                                                                  \
			each                                                                      \
		}                                                                                 \
		if (n)                                                                            \
			_Pragma("GCC unroll 4") for (int j = 0; j < LANE_VECTORS; j++)            \
			{                                                                         \
				const vi live = vi_iota() + j * VL < vi_splat(n);                 \
				vf v = v_load(a);                                                 \
                                                                                                  \
				a += sa;                                                          \
				each                                                              \
			}                                                                         \
		memcpy(to->lane, acc, sizeof(acc));                                               \
		lanes(memcpy(to->col, at, sizeof(at));)                                           \
	}
#define NO_COLUMNS(x)	(void)col;
#define WITH_COLUMNS(x) x

/* As vector_key(), or `otherwise` where v is NaN or not live. */
static inline vi v_key(vf v, vi live, int32_t otherwise)
{
	vi k = (vi)v ^ ((vi)v >> 31 & INT32_MAX);

	return vi_select((v == v) & live, k, vi_splat(otherwise));
}

REDUCE(RSUM, vf, NO_COLUMNS, { acc[j] += (vf)(live & (vi)v); })
REDUCE(RSUMSQ, vf, NO_COLUMNS, { acc[j] += (vf)(live & (vi)(v * v)); })
REDUCE(RMAX, vi, NO_COLUMNS, { acc[j] = vi_max(acc[j], v_key(v, live, INT32_MIN)); })
REDUCE(RMIN, vi, NO_COLUMNS, { acc[j] = vi_min(acc[j], v_key(v, live, INT32_MAX)); })
REDUCE(RARGMAX, vi, WITH_COLUMNS, {
	vi key = v_key(v + 0.0f, live, INT32_MIN); /* -0 equals +0 here */
	vi better = key > acc[j];

	acc[j] = vi_select(better, key, acc[j]);
	at[j] = vi_select(better, vi_iota() + (int32_t)(col + j * VL), at[j]);
})

static size_t above(const float *src, size_t from, size_t n, float bound)
{
	for (size_t i = from - from % VL; i < n; i += VL) {
		unsigned int bits = vi_bits(v_load(src + i) > bound);

		if (i < from)
			bits &= ~0u << (from - i);
		if (bits) {
			i += __builtin_ctz(bits);
			return i < n ? i : n;
		}
	}
	return n;
}

/* ---- storage types ----------------------------------------------------------------------- */
static void copy_words(void *dst, const void *src, size_t n)
{
	memmove(dst, src, n * 4);
}

static void widen_copy(float *dst, const void *src, size_t n)
{
	copy_words(dst, src, n);
}

static void narrow_copy(void *dst, const float *src, size_t n)
{
	copy_words(dst, src, n);
}

/* Whole vectors, then what is left of them through a padded copy. */
#define WIDEN(name, bytes, load)                                        \
	static void widen_##name(float *dst, const void *src, size_t n) \
	{                                                               \
		const uint8_t *p = src;                                 \
		uint8_t rest[VL * (bytes)];                             \
		float last[VL];                                         \
                                                                        \
		for (; n >= VL; n -= VL, dst += VL, p += VL * (bytes))  \
			v_store(dst, load);                             \
		if (n) {                                                \
			memset(rest, 0, sizeof(rest));                  \
			memcpy(rest, p, n *(bytes));                    \
			p = rest;                                       \
			v_store(last, load);                            \
			memcpy(dst, last, n * 4);                       \
		}                                                       \
	}

#define NARROW(name, bytes, store)                                       \
	static void narrow_##name(void *dst, const float *src, size_t n) \
	{                                                                \
		uint8_t rest[VL * (bytes)], *p = dst;                    \
		float last[VL];                                          \
		vf a;                                                    \
                                                                         \
		for (; n >= VL; n -= VL, src += VL, p += VL * (bytes)) { \
			a = v_load(src);                                 \
			store;                                           \
		}                                                        \
		if (n) {                                                 \
			uint8_t *end = p;                                \
                                                                         \
			memset(last, 0, sizeof(last));                   \
			memcpy(last, src, n * 4);                        \
			a = v_load(last);                                \
			p = rest;                                        \
			store;                                           \
			memcpy(end, rest, n *(bytes));                   \
		}                                                        \
	}

static inline vu16 v_to_bf16(vf a)
{
	vu u = (vu)a;
	vu rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
	vu nan = u >> 16 | 0x40;

	return __builtin_convertvector((vu)vi_select(a == a, (vi)rounded, (vi)nan), vu16);
}

/* As v_to_int() with narrower limits. */
static inline vi v_to_int_within(vf a, float low, float high)
{
	return ((vi)(v_clamp(a, low, high) + V_ROUNDER) - (vi)v_splat(V_ROUNDER)) & (a == a);
}

WIDEN(bf16, 2, (vf)(vi_load_u16(p) << 16))
WIDEN(f16, 2, v_load_f16(p))
WIDEN(i8, 1, __builtin_convertvector(vi_load_i8(p), vf))
WIDEN(u8, 1, __builtin_convertvector(vi_load_u8(p), vf))
NARROW(bf16, 2, *(vu16_mem *)p = v_to_bf16(a))
NARROW(f16, 2, v_store_f16(p, a))
NARROW(i8, 1, *(vi8_mem *)p = __builtin_convertvector(v_to_int_within(a, -128, 127), vi8))
NARROW(u8, 1, *(vu8_mem *)p = __builtin_convertvector(v_to_int_within(a, 0, 255), vu8))

static void narrow_random_bf16(void *dst, const float *src, const uint32_t *random, size_t n)
{
	uint8_t *p = dst;
	size_t i = 0;

	for (; i + VL <= n; i += VL) {
		vu u = (vu)v_load(src + i), r = (vu)v_load((const float *)(random + i)) & 0xffff;
		vi finite = (vi)(u & 0x7fffffff) < 0x7f800000;
		vi kept = (vi)v_load(src + i) | (((vi)(u & 0x7fffffff) > 0x7f800000) & 0x400000);

		u = (vu)vi_select(finite, (vi)(u + r), kept) >> 16;
		*(vu16_mem *)(p + 2 * i) = __builtin_convertvector(u, vu16);
	}
	for (; i < n; i++) {
		uint16_t h = f32_to_bf16_random(src[i], random[i]);

		memcpy(p + 2 * i, &h, 2);
	}
}

static void narrow_random_f16(void *dst, const float *src, const uint32_t *random, size_t n)
{
	uint8_t *p = dst;

	for (size_t i = 0; i < n; i++) {
		uint16_t h = f32_to_f16_random(src[i], random[i]);

		memcpy(p + 2 * i, &h, 2);
	}
}

/* ---- quantised activations --------------------------------------------------------------- */
static void quant(void *dst, const float *src, size_t blocks)
{
	uint8_t *to = dst;

	for (; blocks; blocks--, to += sizeof(struct axon_q8a), src += 32) {
		struct axon_q8a block;
		vi most = vi_splat(0);
		float amax, inverse;

		/* As integers, so that a NaN is larger than every number and shows in the scale. */
		for (int i = 0; i < 32; i += VL)
			most = vi_max(most, (vi)v_load(src + i) & INT32_MAX);
		amax = f32_from_bits(vi_reduce_max(most));
		inverse = amax == 0.0f ? 0.0f : 127.0f / amax;
		block.scale = amax / 127.0f;
		for (int half = 0; half < 2; half++) {
			vi sum = vi_splat(0);

			for (int i = 16 * half; i < 16 * half + 16; i += VL) {
				vi q = v_to_int_within(v_load(src + i) * inverse, -127, 127);

				sum += q;
				*(vi8_mem *)(block.q + i) = __builtin_convertvector(q, vi8);
			}
			block.sum[half] = vi_reduce_add(sum);
		}
		memcpy(to, &block, sizeof(block));
	}
}

/* ---- random numbers ---------------------------------------------------------------------- */
/* a[0] b[0] a[1] b[1] …, first and second half. */
static inline vu zip_low(vu a, vu b)
{
	const vi i = vi_iota();

	return __builtin_shuffle(a, b, (vu)((i >> 1) + (i & 1) * VL));
}

static inline vu zip_high(vu a, vu b)
{
	const vi i = vi_iota();

	return __builtin_shuffle(a, b, (vu)((i >> 1) + (i & 1) * VL + VL / 2));
}

/* Philox4x32-10 (Salmon et al., 2011), VL blocks at a time. */
static void philox(uint32_t *dst, uint64_t first, const struct vector_philox *p, size_t blocks)
{
	for (size_t b = 0; b < blocks; b += VL, dst += 4 * VL) {
		uint32_t low = first + b;
		vu k0 = (vu)vi_splat(p->key), k1 = (vu)vi_splat(p->key >> 32);
		vu c0 = (vu)vi_iota() + low;
		vu c1 = (vu)vi_splat((first + b) >> 32) - (vu)(c0 < low); /* carry */
		vu c2 = (vu)vi_splat(p->stream), c3 = (vu)vi_splat(p->counter);

		for (int round = 0; round < 10; round++, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
			vu h0, l0, h1, l1;

			vu_mul_wide(c0, 0xd2511f53, &h0, &l0);
			vu_mul_wide(c2, 0xcd9e8d57, &h1, &l1);
			c0 = h1 ^ c1 ^ k0;
			c1 = l1;
			c2 = h0 ^ c3 ^ k1;
			c3 = l0;
		}
		v_store((float *)dst, (vf)zip_low(zip_low(c0, c2), zip_low(c1, c3)));
		v_store((float *)dst + VL, (vf)zip_high(zip_low(c0, c2), zip_low(c1, c3)));
		v_store((float *)dst + 2 * VL, (vf)zip_low(zip_high(c0, c2), zip_high(c1, c3)));
		v_store((float *)dst + 3 * VL, (vf)zip_high(zip_high(c0, c2), zip_high(c1, c3)));
	}
}

/* ---- the set ----------------------------------------------------------------------------- */
#define TABLE(kind, name) [AXON_V_##name] = kind##_##name

#define NAME_(x) #x
#define NAME(x)	 NAME_(x)

const struct vector_kernels KERNELS = {
	.name = NAME(KERNELS),
	.map =
		{
			TABLE(map, COL),   TABLE(map, MOV),   TABLE(map, ADD),	   TABLE(map, SUB),
			TABLE(map, MUL),   TABLE(map, DIV),   TABLE(map, FMA),	   TABLE(map, ADDI),
			TABLE(map, MULI),  TABLE(map, MIN),   TABLE(map, MAX),	   TABLE(map, NEG),
			TABLE(map, ABS),   TABLE(map, FLOOR), TABLE(map, RINT),	   TABLE(map, SQRT),
			TABLE(map, RSQRT), TABLE(map, RCP),   TABLE(map, EXP),	   TABLE(map, LOG),
			TABLE(map, TANH),  TABLE(map, ERF),   TABLE(map, SIGMOID), TABLE(map, LT),
			TABLE(map, LE),	   TABLE(map, EQ),    TABLE(map, SELECT),  TABLE(map, IADD),
			TABLE(map, ISUB),  TABLE(map, IMUL),  TABLE(map, ILT),	   TABLE(map, IEQ),
			TABLE(map, AND),   TABLE(map, OR),    TABLE(map, XOR),	   TABLE(map, SHL),
			TABLE(map, SHR),   TABLE(map, SAR),   TABLE(map, F2I),	   TABLE(map, I2F),
		},
	.reduce =
		{
			TABLE(reduce, RSUM),
			TABLE(reduce, RSUMSQ),
			TABLE(reduce, RMAX),
			TABLE(reduce, RMIN),
			TABLE(reduce, RARGMAX),
		},
	.widen =
		{
			[AXON_F32] = widen_copy,
			[AXON_BF16] = widen_bf16,
			[AXON_F16] = widen_f16,
			[AXON_I8] = widen_i8,
			[AXON_U8] = widen_u8,
			[AXON_I32] = widen_copy,
		},
	.narrow =
		{
			[AXON_F32] = narrow_copy,
			[AXON_BF16] = narrow_bf16,
			[AXON_F16] = narrow_f16,
			[AXON_I8] = narrow_i8,
			[AXON_U8] = narrow_u8,
			[AXON_I32] = narrow_copy,
		},
	.narrow_random = {[AXON_BF16] = narrow_random_bf16, [AXON_F16] = narrow_random_f16},
	.quant = quant,
	.random = philox,
	.above = above,
};
