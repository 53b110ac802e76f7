/* SPDX-License-Identifier: MIT */
/*
 * The matrix engine's block rule with AVX-512 VNNI: a kernel for each GGUF format and height, which
 * unpacks B as it streams; and for formats without a minimum, kernels for what they become in 8 bits, two
 * tiles wide (with a minimum there are too few registers for that to be faster). VPDPBUSD takes the quants as they are, unsigned, and A's
 * bytes broadcast; the zero point is in the sums that the accumulation starts with.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "matrix_avx512.h"

#define INLINE	  static inline __attribute__((always_inline))
#define MAX_ROWS  8
#define MAX_TILES 2
/*
 * With few rows loads run far enough ahead by themselves, and fetching in advance costs bandwidth; with
 * more, arithmetic fills the window and B must be asked for.
 */
#define FETCH_ROWS  4
#define FETCH_AHEAD 4096 /* bytes */

/* The quants of 4 k and of the 4 k sixteen later, for x = 0..3. */
INLINE void unpack(unsigned int bits, const uint8_t *b, unsigned int x, __m512i *low, __m512i *high)
{
	const __m512i nibble = _mm512_set1_epi8(15);
	__m512i v = _mm512_loadu_si512(b + 64 * x);

	if (bits == 8) {
		*low = v;
		*high = _mm512_loadu_si512(b + 64 * (x + 4));
		return;
	}
	*low = _mm512_and_si512(v, nibble);
	*high = _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble);
	if (bits == 5) {
		const __m512i bit = _mm512_set1_epi8(16);
		uint64_t m0, m1;

		memcpy(&m0, b + 256 + 8 * x, sizeof(m0));
		memcpy(&m1, b + 256 + 8 * (x + 4), sizeof(m1));
		*low = _mm512_mask_add_epi8(*low, m0, *low, bit);
		*high = _mm512_mask_add_epi8(*high, m1, *high, bit);
	} else if (bits == 6) {
		const __m512i pair = _mm512_set1_epi8(0x30);
		__m512i h = _mm512_loadu_si512(b + 256 + 64 * (x / 2));

		if (x % 2)
			h = _mm512_srli_epi16(h, 4);
		/* low | (h << 4 & pair), high | (h << 2 & pair) */
		*low = _mm512_ternarylogic_epi32(*low, _mm512_slli_epi16(h, 4), pair, 0xf8);
		*high = _mm512_ternarylogic_epi32(*high, _mm512_slli_epi16(h, 2), pair, 0xf8);
	}
}

INLINE __m512 halves16(const uint8_t *from)
{
	return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
}

INLINE __m512i bytes16(const uint8_t *from, bool is_signed)
{
	__m128i v = _mm_loadu_si128((const __m128i *)from);

	return is_signed ? _mm512_cvtepi8_epi32(v) : _mm512_cvtepu8_epi32(v);
}

INLINE __m512 word(const uint32_t *w)
{
	return _mm512_castsi512_ps(_mm512_set1_epi32((int)*w));
}

/* Sums kept apart: one for each sub-block, and two with so few rows that latency would show. */
INLINE unsigned int chains_of(uint32_t format, unsigned int rows)
{
	return rows <= 2 ? 2 : matrix_block_halves(format);
}

/* Everything of 32 k but the format is in t; format, rows and tiles are constants where this is inlined. */
INLINE void products(uint32_t format, unsigned int rows, unsigned int tiles,
		     const struct matrix_block *t, const uint8_t *quants, const int8_t *q,
		     const uint32_t *words, __m512i sum[2][MAX_ROWS][MAX_TILES])
{
	const unsigned int halves = matrix_block_halves(format), bits = AXON_FMT_BITS(format);
	const unsigned int stride = matrix_block_words(format), chains = chains_of(format, rows);
	__m512i low[MAX_TILES], high[MAX_TILES];

#pragma GCC unroll 2
	for (unsigned int h = 0; h < chains; h++)
#pragma GCC unroll 8
		for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
			for (unsigned int j = 0; j < tiles; j++)
				sum[h][i][j] =
					_mm512_set1_epi32(AXON_FMT_ZERO(format) && h < halves
								  ? (int)words[i * stride + 1 + h]
								  : 0);
#pragma GCC unroll 4
	for (unsigned int x = 0; x < 4; x++) {
#pragma GCC unroll 2
		for (unsigned int j = 0; j < tiles; j++)
			unpack(bits, quants + j * t->b_stride, x, &low[j], &high[j]);
#pragma GCC unroll 8
		for (unsigned int i = 0; i < rows; i++) {
			__m512i a = _mm512_set1_epi32(*(const int32_t *)(q + 32 * i + 4 * x));

#pragma GCC unroll 2
			for (unsigned int j = 0; j < tiles; j++)
				sum[0][i][j] = _mm512_dpbusd_epi32(sum[0][i][j], low[j], a);
		}
#pragma GCC unroll 8
		for (unsigned int i = 0; i < rows; i++) {
			__m512i a = _mm512_set1_epi32(*(const int32_t *)(q + 32 * i + 16 + 4 * x));

#pragma GCC unroll 2
			for (unsigned int j = 0; j < tiles; j++)
				sum[chains - 1][i][j] =
					_mm512_dpbusd_epi32(sum[chains - 1][i][j], high[j], a);
		}
	}
}

INLINE void multiply(uint32_t format, unsigned int rows, unsigned int tiles,
		     const struct matrix_block *t)
{
	const unsigned int halves = matrix_block_halves(format), min = AXON_FMT_MIN(format);
	const unsigned int stride = matrix_block_words(format);
	const unsigned int groups = AXON_FMT_SUPER(format) / 32, super = groups > 1;
	const unsigned int sc_at = min == AXON_MIN_NONE ? 32 : 64,
			   mn_at = sc_at + 16 * groups * halves;
	const uint8_t *b = t->b;
	const int8_t *q = t->q;
	const uint32_t *words = t->words;
	__m512 acc[MAX_ROWS][MAX_TILES], d[MAX_TILES], m[MAX_TILES];
	__m512i sum[2][MAX_ROWS][MAX_TILES];

#pragma GCC unroll 8
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (unsigned int j = 0; j < tiles; j++)
			acc[i][j] = _mm512_loadu_ps(t->acc + i * t->acc_stride + j * MATRIX_COLS);
	for (unsigned int r = 0; r < t->records; r++, b += AXON_FMT_RECORD(format)) {
#pragma GCC unroll 2
		for (unsigned int j = 0; j < tiles; j++) {
			d[j] = halves16(b + j * t->b_stride);
			m[j] = min == AXON_MIN_NONE ? d[j] : halves16(b + j * t->b_stride + 32);
		}
		for (unsigned int g = 0; g < groups; g++, q += 32 * rows, words += stride * rows) {
			const uint8_t *quants =
				b + AXON_FMT_HEAD(format) + g * 64 * AXON_FMT_BITS(format);

			if (tiles == 1 && rows >= FETCH_ROWS)
				for (unsigned int x = 0; x <= AXON_FMT_BITS(format); x++)
					_mm_prefetch(quants + FETCH_AHEAD + 64 * x, _MM_HINT_T0);
			products(format, rows, tiles, t, quants, q, words, sum);
#pragma GCC unroll 2
			for (unsigned int j = 0; j < tiles; j++) {
				const uint8_t *head = b + j * t->b_stride;
				__m512i sc[2], mn[2], pair;

#pragma GCC unroll 2
				for (unsigned int h = 0; h < halves; h++) {
					unsigned int at = 16 * (g * halves + h);

					if (super)
						sc[h] = bytes16(head + sc_at + at,
								AXON_FMT_SCALE(format) ==
									AXON_SCALE_S8);
					if (min == AXON_MIN_U6)
						mn[h] = bytes16(head + mn_at + at, false);
				}
				if (min == AXON_MIN_U6) /* int16 pairs, as the sums are */
					pair = _mm512_or_si512(
						mn[0], _mm512_slli_epi32(mn[halves - 1], 16));
#pragma GCC unroll 8
				for (unsigned int i = 0; i < rows; i++) {
					const uint32_t *w = words + i * stride;
					__m512 scale = word(w), a = acc[i][j];
					__m512i isum = sum[0][i][j], least;

					if (halves < chains_of(format, rows))
						isum = _mm512_add_epi32(isum, sum[1][i][j]);
					if (super)
						isum = _mm512_mullo_epi32(isum, sc[0]);
					if (halves == 2)
						isum = _mm512_add_epi32(
							isum,
							_mm512_mullo_epi32(sum[1][i][j], sc[1]));
					a = _mm512_fmadd_ps(_mm512_cvtepi32_ps(isum),
							    _mm512_mul_ps(scale, d[j]), a);
					if (min == AXON_MIN_F16) {
						a = _mm512_fmadd_ps(word(w + 1 + halves),
								    _mm512_mul_ps(scale, m[j]), a);
					} else if (min == AXON_MIN_U6) {
						least = _mm512_madd_epi16(
							pair,
							_mm512_set1_epi32((int)w[1 + halves]));
						a = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(least),
								     _mm512_mul_ps(scale, m[j]), a);
					}
					acc[i][j] = a;
				}
			}
		}
	}
#pragma GCC unroll 8
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (unsigned int j = 0; j < tiles; j++)
			_mm512_storeu_ps(t->acc + i * t->acc_stride + j * MATRIX_COLS, acc[i][j]);
}

#define KERNEL(name, rows, tiles)                                         \
	static void name##_##rows##x##tiles(const struct matrix_block *t) \
	{                                                                 \
		multiply(name, rows, tiles, t);                           \
	}
#define STREAMED(name) KERNEL(name, 1, 1) KERNEL(name, 2, 1) KERNEL(name, 4, 1) KERNEL(name, 8, 1)
#define STREAMED_TABLE(name)                                                 \
	{                                                                    \
		name,                                                        \
		{                                                            \
			name##_1x1, name##_2x1, name##_4x1, NULL, name##_8x1 \
		}                                                            \
	}
#define WIDENED(name)      \
	KERNEL(name, 2, 1) \
	KERNEL(name, 4, 1) \
	KERNEL(name, 6, 1) KERNEL(name, 2, 2) KERNEL(name, 4, 2) KERNEL(name, 6, 2)
#define WIDENED_TABLE(name)                                        \
	{                                                          \
		name,                                              \
		{                                                  \
			{name##_2x1, name##_4x1, name##_6x1},      \
			{                                          \
				name##_2x2, name##_4x2, name##_6x2 \
			}                                          \
		}                                                  \
	}

#define ANY_ZERO 0xffu /* the zero point is in the sums: one kernel serves all */

/* Names that survive the macros above. */
enum {
	Q4_0 = AXON_FMT_Q4_0,
	Q4_1 = AXON_FMT_Q4_1,
	Q5_0 = AXON_FMT_Q5_0,
	Q5_1 = AXON_FMT_Q5_1,
	Q4_K = AXON_FMT_Q4_K,
	Q5_K = AXON_FMT_Q5_K,
	Q6_K = AXON_FMT_Q6_K,
	Q8_0 = AXON_FMT_Q8_0,
	F16_NONE = AXON_FMT(8, ANY_ZERO, 32, AXON_SCALE_F16, AXON_MIN_NONE),
	S8_NONE = AXON_FMT(8, ANY_ZERO, 16, AXON_SCALE_S8, AXON_MIN_NONE),
};

STREAMED(Q4_0)
STREAMED(Q4_1)
STREAMED(Q5_0)
STREAMED(Q5_1)
STREAMED(Q8_0)
STREAMED(Q4_K)
STREAMED(Q5_K)
STREAMED(Q6_K)
WIDENED(F16_NONE)
WIDENED(S8_NONE)

static const struct {
	uint32_t format;
	matrix_block_fn fn[MAX_ROWS / 2 + 1]; /* [rows / 2] */
} streamed[] = {
	STREAMED_TABLE(Q4_0), STREAMED_TABLE(Q4_1), STREAMED_TABLE(Q5_0), STREAMED_TABLE(Q5_1),
	STREAMED_TABLE(Q8_0), STREAMED_TABLE(Q4_K), STREAMED_TABLE(Q5_K), STREAMED_TABLE(Q6_K),
};

static const struct {
	uint32_t format;
	matrix_block_fn fn[MAX_TILES][3]; /* [tiles - 1][rows / 2 - 1] */
} widened[] = {WIDENED_TABLE(F16_NONE), WIDENED_TABLE(S8_NONE)};

matrix_block_fn matrix_block_avx512(uint32_t format, unsigned int rows)
{
	for (unsigned int i = 0; i < sizeof(streamed) / sizeof(streamed[0]); i++)
		if (streamed[i].format == format)
			return streamed[i].fn[rows / 2];
	return NULL;
}

matrix_block_fn matrix_wide_avx512(uint32_t format, unsigned int rows, unsigned int tiles)
{
	format |= ANY_ZERO << 8;
	for (unsigned int i = 0; i < sizeof(widened) / sizeof(widened[0]); i++)
		if (widened[i].format == format)
			return widened[i].fn[tiles - 1][rows / 2 - 1];
	return NULL;
}

INLINE void widen(unsigned int bits, uint32_t format, uint8_t *dst, const uint8_t *src,
		  unsigned int records)
{
	for (unsigned int r = 0; r < records; r++) {
		memcpy(dst, src, AXON_FMT_HEAD(format));
		dst += AXON_FMT_HEAD(format);
		src += AXON_FMT_HEAD(format);
		for (unsigned int g = 0; g < AXON_FMT_SUPER(format) / 32;
		     g++, src += 64 * bits, dst += 512)
			for (unsigned int x = 0; x < 4; x++) {
				__m512i low, high;

				unpack(bits, src, x, &low, &high);
				_mm512_storeu_si512(dst + 64 * x, low);
				_mm512_storeu_si512(dst + 64 * (x + 4), high);
			}
	}
}

void matrix_widen_avx512(uint32_t format, uint8_t *dst, const uint8_t *src, unsigned int records)
{
	switch (AXON_FMT_BITS(format)) {
	case 4: return widen(4, format, dst, src, records);
	case 5: return widen(5, format, dst, src, records);
	case 6: return widen(6, format, dst, src, records);
	}
}

#endif
