/* SPDX-License-Identifier: MIT */
/* The matrix engine on AVX-512: bringing B into form, and the drain. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "matrix_avx512.h"

#define INLINE static inline __attribute__((always_inline))

static __mmask16 first(unsigned int lanes)
{
	return lanes >= 16 ? 0xffff : (1u << lanes) - 1;
}

/* 16 neighbouring elements of a float type as fp32. */
INLINE __m512 widen16(const uint8_t *from, unsigned int type, __mmask16 valid)
{
	if (type == AXON_F32)
		return _mm512_maskz_loadu_ps(valid, from);
	if (type == AXON_F16)
		return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(valid, from));
	return _mm512_castsi512_ps(_mm512_slli_epi32(
		_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, from)), 16));
}

/* One step of a tile: `rows` rows of k, stride bytes apart. */
INLINE __m512i step16(enum matrix_rule rule, unsigned int type, const uint8_t *from, size_t stride,
		      unsigned int rows, __mmask16 valid)
{
	__m512i step = _mm512_setzero_si512();

	if (rule == MATRIX_F32)
		return _mm512_castps_si512(widen16(from, type, valid));
	for (unsigned int x = 0; x < rows; x++, from += stride) {
		__m512i row = rule == MATRIX_BF16
				      ? _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, from))
				      : _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, from));

		step = _mm512_or_si512(step,
				       _mm512_slli_epi32(row, x * (rule == MATRIX_BF16 ? 16 : 8)));
	}
	return step;
}

/* rule and type are constants where this is inlined. */
INLINE void rows_of(const struct matrix_pack *p, enum matrix_rule rule, unsigned int type)
{
	const unsigned int size = type == AXON_F32 ? 4 : type == AXON_I8 ? 1 : 2;
	const unsigned int per_step = rule == MATRIX_F32 ? 1 : rule == MATRIX_BF16 ? 2 : 4;
	unsigned int whole = p->cols & ~(MATRIX_COLS - 1);

	for (unsigned int k = 0; k < p->k; k += per_step) {
		const uint8_t *from = p->src + k * p->src_stride;
		uint8_t *to = p->dst + (size_t)(k / per_step) * 64;
		unsigned int rows = p->k - k < per_step ? p->k - k : per_step;

		for (unsigned int col = 0; col < whole; col += MATRIX_COLS, to += p->dst_stride)
			_mm512_store_si512(to, step16(rule, type, from + col * size, p->src_stride,
						      rows, 0xffff));
		if (whole < p->cols)
			_mm512_store_si512(to, step16(rule, type, from + whole * size,
						      p->src_stride, rows, first(p->cols - whole)));
	}
}

static void pack_rows(const struct matrix_pack *p)
{
	if (p->rule == MATRIX_BF16)
		rows_of(p, MATRIX_BF16, AXON_BF16);
	else if (p->rule == MATRIX_I8)
		rows_of(p, MATRIX_I8, AXON_I8);
	else if (p->type == AXON_F32)
		rows_of(p, MATRIX_F32, AXON_F32);
	else if (p->type == AXON_F16)
		rows_of(p, MATRIX_F32, AXON_F16);
	else
		rows_of(p, MATRIX_F32, AXON_BF16);
}

/* in[column][step] to out[step][column], both 16 × 16 dwords. */
INLINE void transpose(__m512i r[16])
{
	__m512i t[16];

#pragma GCC unroll 8
	for (unsigned int i = 0; i < 16; i += 2) {
		t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < 16; i += 4) {
		r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
		r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
		r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
		r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
	/* r[4a + b] now holds steps b, b + 4, b + 8, b + 12 of columns 4a to 4a + 3, one per 128 bits */
#pragma GCC unroll 4
	for (unsigned int b = 0; b < 4; b++) {
		__m512i low01 = _mm512_shuffle_i32x4(r[b], r[4 + b], 0x88);
		__m512i high01 = _mm512_shuffle_i32x4(r[b], r[4 + b], 0xdd);
		__m512i low23 = _mm512_shuffle_i32x4(r[8 + b], r[12 + b], 0x88);
		__m512i high23 = _mm512_shuffle_i32x4(r[8 + b], r[12 + b], 0xdd);

		t[b] = _mm512_shuffle_i32x4(low01, low23, 0x88);
		t[b + 4] = _mm512_shuffle_i32x4(high01, high23, 0x88);
		t[b + 8] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
		t[b + 12] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
	}
#pragma GCC unroll 16
	for (unsigned int i = 0; i < 16; i++)
		r[i] = t[i];
}

/* 16 steps of the 16 columns at `from`, `bytes` bytes of each; beyond `cols` the last one again. */
INLINE void block16(const struct matrix_pack *p, bool dwords, unsigned int type,
		    const uint8_t *from, unsigned int cols, size_t bytes, uint8_t *to)
{
	unsigned int size = type == AXON_F32 ? 4 : type == AXON_I8 ? 1 : 2;
	unsigned int steps = dwords ? (bytes + 3) / 4 : bytes / size;
	__m512i r[16];

#pragma GCC unroll 16
	for (unsigned int i = 0; i < 16; i++) {
		const uint8_t *column = from + (i < cols ? i : cols - 1) * p->src_stride;

		_mm_prefetch(column + 16 * p->src_stride, _MM_HINT_T0); /* the next tile's */
		if (!dwords)
			r[i] = _mm512_castps_si512(widen16(column, type, first(steps)));
		else if (bytes >= 64)
			r[i] = _mm512_loadu_si512(column);
		else
			r[i] = _mm512_maskz_loadu_epi8((1ull << bytes) - 1, column);
	}
	transpose(r);
#pragma GCC unroll 16
	for (unsigned int i = 0; i < 16; i++)
		if (i < steps)
			_mm512_store_si512(to + 64 * i, r[i]);
}

/* dwords: a step is four bytes of a column as they are; else elements are widened to fp32. */
INLINE void columns_of(const struct matrix_pack *p, bool dwords, unsigned int type)
{
	unsigned int size = type == AXON_F32 ? 4 : type == AXON_I8 ? 1 : 2;
	size_t bytes = (size_t)p->k * size, chunk = dwords ? 64 : 16 * size;

	for (unsigned int col = 0; col < p->cols; col += MATRIX_COLS) {
		const uint8_t *from = p->src + col * p->src_stride;
		uint8_t *to = p->dst + col / MATRIX_COLS * p->dst_stride;
		size_t at = 0;

		if (p->cols - col >= 16)
			for (; bytes - at >= chunk; at += chunk, to += 1024)
				block16(p, dwords, type, from + at, 16, chunk, to);
		for (; at < bytes; at += chunk, to += 1024)
			block16(p, dwords, type, from + at, p->cols - col,
				bytes - at < chunk ? bytes - at : chunk, to);
	}
}

static void pack_cols(const struct matrix_pack *p)
{
	if (p->rule != MATRIX_F32 || p->type == AXON_F32)
		columns_of(p, true, p->type);
	else if (p->type == AXON_F16)
		columns_of(p, false, AXON_F16);
	else
		columns_of(p, false, AXON_BF16);
}

/* F16 [k][16] and BF16 [k / 2][16][2] to fp32. */
static void pack_packed(const struct matrix_pack *p)
{
	const __m512i high = _mm512_set1_epi32((int)0xffff0000);

	for (unsigned int col = 0; col < p->cols; col += MATRIX_COLS) {
		const uint8_t *from = p->src + col / MATRIX_COLS * p->src_stride;
		uint8_t *to = p->dst + col / MATRIX_COLS * p->dst_stride;

		if (p->type == AXON_F16) {
			for (unsigned int k = 0; k < p->k; k++, from += 32, to += 64)
				_mm512_store_ps(to, widen16(from, AXON_F16, 0xffff));
			continue;
		}
		for (unsigned int k = 0; k < p->k; k += 2, from += 64, to += 128) {
			__m512i pair = _mm512_loadu_si512(from);

			_mm512_store_si512(to, _mm512_slli_epi32(pair, 16));
			if (k + 1 < p->k)
				_mm512_store_si512(to + 64, _mm512_and_si512(pair, high));
		}
	}
}

static void store(uint8_t *c, unsigned int type, __m512 v, __mmask16 valid)
{
	__m512i bits = _mm512_castps_si512(v), round;

	if (type == AXON_F32) {
		_mm512_mask_storeu_ps(c, valid, v);
	} else if (type == AXON_F16) {
		_mm256_mask_storeu_epi16(
			c, valid,
			_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
	} else {
		/* nearest even by hand: VCVTNEPS2BF16 flushes denormals. A NaN is the canonical one already. */
		round = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
		bits = _mm512_add_epi32(bits, _mm512_add_epi32(round, _mm512_set1_epi32(0x7fff)));
		_mm512_mask_cvtepi32_storeu_epi16(c, valid, _mm512_srli_epi32(bits, 16));
	}
}

static void drain(const struct matrix_drain *d)
{
	const __m512 scale = _mm512_set1_ps(d->scale),
		     nan = _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000));
	unsigned int size = d->c_type == AXON_F32 || d->c_type == AXON_I32 ? 4 : 2;
	uint8_t *c = d->c;

	if (d->c_type == AXON_I32) {
		memcpy(c, d->acc, d->cols * sizeof(*d->acc));
		return;
	}
	for (unsigned int col = 0; col < d->cols; col += 16, c += 16 * size) {
		__mmask16 valid = first(d->cols - col);
		__m512i acc = _mm512_maskz_loadu_epi32(valid, d->acc + col);
		__m512 v = d->acc_int ? _mm512_cvtepi32_ps(acc) : _mm512_castsi512_ps(acc);

		v = _mm512_mul_ps(v, scale);
		if (d->addend)
			v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(valid, d->addend + col));
		v = _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), nan);
		store(c, d->c_type, v, valid);
	}
}

const struct matrix_path matrix_path_avx512 = {
	.name = "avx512",
	.dense = {matrix_f32_avx512, matrix_bf16_avx512, matrix_i8_avx512},
	.a_bias = 128,
	.pack = {pack_rows, pack_cols, pack_packed},
	.block = matrix_block_avx512,
	.block_rows = 8,
	.wide = matrix_wide_avx512,
	.widen = matrix_widen_avx512,
	.wide_rows = 6,
	.wide_tiles = 2,
	.drain = drain,
};

#endif
