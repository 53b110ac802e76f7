/* SPDX-License-Identifier: MIT */
/*
 * The matrix engine's block rule with AVX2: a kernel for each GGUF format and 1, 2 or 4 rows of one tile, which
 * is two registers wide. VPMADDUBSW saturates at 16 bits: quants of up to 6 bits stay below that for as
 * many products as LIMIT says, quants of 8 bits do not and are widened instead.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "matrix_avx2.h"

#define INLINE	 static inline __attribute__((always_inline))
#define MAX_ROWS 4
#define LIMIT(bits) \
	((bits) == 6 ? 2u : 4u) /* 2 · 63 · 128 · 2 and 4 · 31 · 128 · 2 are below 32768 */

INLINE __m256i load(const uint8_t *from)
{
	return _mm256_loadu_si256((const __m256i *)from);
}

/* Bit i of `mask` as 16 in byte i. */
INLINE __m256i bits16(uint32_t mask)
{
	const __m256i byte =
		_mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
	const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
	__m256i v = _mm256_shuffle_epi8(_mm256_set1_epi32((int)mask), byte);

	return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(v, bit), bit),
				_mm256_set1_epi8(16));
}

/* Half h of the tile's quants for k = 16·part + 4·x .. + 3. */
INLINE __m256i unpack(unsigned int bits, const uint8_t *b, unsigned int part, unsigned int x,
		      unsigned int h)
{
	const __m256i nibble = _mm256_set1_epi8(15), pair = _mm256_set1_epi8(0x30);
	__m256i v, high;

	if (bits == 8)
		return load(b + 64 * (4 * part + x) + 32 * h);
	v = load(b + 64 * x + 32 * h);
	v = _mm256_and_si256(part ? _mm256_srli_epi16(v, 4) : v, nibble);
	if (bits == 5) {
		uint32_t mask;

		memcpy(&mask, b + 256 + 8 * (4 * part + x) + 4 * h, sizeof(mask));
		v = _mm256_or_si256(v, bits16(mask));
	} else if (bits == 6) {
		high = load(b + 256 + 64 * (x / 2) + 32 * h);
		if (x % 2)
			high = _mm256_srli_epi16(high, 4);
		high = part ? _mm256_slli_epi16(high, 2) : _mm256_slli_epi16(high, 4);
		v = _mm256_or_si256(v, _mm256_and_si256(high, pair));
	}
	return v;
}

/* Products of four unsigned and four signed bytes in each dword, without saturation. */
INLINE __m256i dot8(__m256i w, __m256i a)
{
	__m256i even = _mm256_madd_epi16(_mm256_and_si256(w, _mm256_set1_epi16(255)),
					 _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8));
	__m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(w, 8), _mm256_srai_epi16(a, 8));

	return _mm256_add_epi32(even, odd);
}

/* Sums of 32 k; format and rows are constants where this is inlined. */
INLINE void products(uint32_t format, unsigned int rows, const uint8_t *quants, const int8_t *q,
		     const uint32_t *words, __m256i sum[2][MAX_ROWS][2])
{
	const unsigned int halves = matrix_block_halves(format),
			   stride = matrix_block_words(format);
	const unsigned int bits = AXON_FMT_BITS(format);
	const __m256i ones = _mm256_set1_epi16(1);
	__m256i partial[MAX_ROWS][2];

#pragma GCC unroll 2
	for (unsigned int part = 0; part < 2; part++) {
		const unsigned int s = part * (halves - 1);

#pragma GCC unroll 4
		for (unsigned int i = 0; i < rows && part < halves; i++)
			sum[s][i][0] = sum[s][i][1] =
				_mm256_set1_epi32((int)words[i * stride + 1 + s]);
#pragma GCC unroll 4
		for (unsigned int x = 0; x < 4; x++) {
			__m256i w[2] = {unpack(bits, quants, part, x, 0),
					unpack(bits, quants, part, x, 1)};

#pragma GCC unroll 4
			for (unsigned int i = 0; i < rows; i++) {
				__m256i a = _mm256_set1_epi32(
					*(const int32_t *)(q + 32 * i + 16 * part + 4 * x));

#pragma GCC unroll 2
				for (unsigned int h = 0; h < 2; h++) {
					__m256i product;

					if (bits == 8) {
						sum[s][i][h] = _mm256_add_epi32(sum[s][i][h],
										dot8(w[h], a));
						continue;
					}
					product = _mm256_maddubs_epi16(w[h], a);
					partial[i][h] =
						x % LIMIT(bits)
							? _mm256_add_epi16(partial[i][h], product)
							: product;
					if (x % LIMIT(bits) == LIMIT(bits) - 1)
						sum[s][i][h] = _mm256_add_epi32(
							sum[s][i][h],
							_mm256_madd_epi16(partial[i][h], ones));
				}
			}
		}
	}
}

INLINE __m256 halves8(const uint8_t *from)
{
	return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from));
}

INLINE __m256i bytes8(const uint8_t *from, bool is_signed)
{
	__m128i v = _mm_loadl_epi64((const __m128i *)from);

	return is_signed ? _mm256_cvtepi8_epi32(v) : _mm256_cvtepu8_epi32(v);
}

/* One output's 32 k, half h of the tile: head is the record, g the group of 32 in it. */
INLINE __m256 scale_up(uint32_t format, const uint8_t *head, unsigned int g, unsigned int h,
		       const uint32_t *w, __m256i sum0, __m256i sum1, __m256 acc)
{
	const unsigned int halves = matrix_block_halves(format), min = AXON_FMT_MIN(format);
	const unsigned int groups = AXON_FMT_SUPER(format) / 32;
	const bool is_signed = AXON_FMT_SCALE(format) == AXON_SCALE_S8;
	const uint8_t *sc = head + (min == AXON_MIN_NONE ? 32 : 64) + 16 * g * halves + 8 * h;
	const uint8_t *mn = sc + 16 * groups * halves;
	__m256 scale = _mm256_castsi256_ps(_mm256_set1_epi32((int)w[0]));
	__m256i last = _mm256_set1_epi32((int)w[1 + halves * (min != AXON_MIN_NONE)]), pair;

	if (groups > 1)
		sum0 = _mm256_mullo_epi32(sum0, bytes8(sc, is_signed));
	if (halves == 2)
		sum0 = _mm256_add_epi32(sum0, _mm256_mullo_epi32(sum1, bytes8(sc + 16, is_signed)));
	acc = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum0),
			      _mm256_mul_ps(scale, halves8(head + 16 * h)), acc);
	if (min == AXON_MIN_NONE)
		return acc;
	scale = _mm256_mul_ps(scale, halves8(head + 32 + 16 * h));
	if (min == AXON_MIN_F16)
		return _mm256_fmadd_ps(_mm256_castsi256_ps(last), scale, acc);
	/* int16 pairs, as the sums are */
	pair = _mm256_or_si256(bytes8(mn, false),
			       _mm256_slli_epi32(bytes8(mn + 16 * (halves - 1), false), 16));
	return _mm256_fnmadd_ps(_mm256_cvtepi32_ps(_mm256_madd_epi16(pair, last)), scale, acc);
}

INLINE void multiply(uint32_t format, unsigned int rows, const struct matrix_block *t)
{
	const unsigned int halves = matrix_block_halves(format),
			   stride = matrix_block_words(format);
	const unsigned int groups = AXON_FMT_SUPER(format) / 32;
	const uint8_t *b = t->b;
	const int8_t *q = t->q;
	const uint32_t *words = t->words;
	__m256 acc[MAX_ROWS][2];
	__m256i sum[2][MAX_ROWS][2];

#pragma GCC unroll 4
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (unsigned int h = 0; h < 2; h++)
			acc[i][h] = _mm256_loadu_ps(t->acc + i * t->acc_stride + 8 * h);
	for (unsigned int r = 0; r < t->records; r++, b += AXON_FMT_RECORD(format)) {
		for (unsigned int g = 0; g < groups; g++, q += 32 * rows, words += stride * rows) {
			products(format, rows,
				 b + AXON_FMT_HEAD(format) + g * 64 * AXON_FMT_BITS(format), q,
				 words, sum);
#pragma GCC unroll 4
			for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
				for (unsigned int h = 0; h < 2; h++)
					acc[i][h] = scale_up(format, b, g, h, words + i * stride,
							     sum[0][i][h], sum[halves - 1][i][h],
							     acc[i][h]);
		}
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (unsigned int h = 0; h < 2; h++)
			_mm256_storeu_ps(t->acc + i * t->acc_stride + 8 * h, acc[i][h]);
}

#define KERNEL(name, rows)                                      \
	static void name##_##rows(const struct matrix_block *t) \
	{                                                       \
		multiply(AXON_FMT_##name, rows, t);             \
	}
#define KERNELS(name) KERNEL(name, 1) KERNEL(name, 2) KERNEL(name, 4)
#define TABLE(name)                                  \
	{                                            \
		AXON_FMT_##name,                     \
		{                                    \
			name##_1, name##_2, name##_4 \
		}                                    \
	} /* by rows / 2 */

KERNELS(Q4_0)
KERNELS(Q4_1)
KERNELS(Q5_0)
KERNELS(Q5_1)
KERNELS(Q8_0)
KERNELS(Q4_K)
KERNELS(Q5_K)
KERNELS(Q6_K)

static const struct {
	uint32_t format;
	matrix_block_fn fn[MAX_ROWS / 2 + 1];
} kernels[] = {
	TABLE(Q4_0), TABLE(Q4_1), TABLE(Q5_0), TABLE(Q5_1),
	TABLE(Q8_0), TABLE(Q4_K), TABLE(Q5_K), TABLE(Q6_K),
};

matrix_block_fn matrix_block_avx2(uint32_t format, unsigned int rows)
{
	for (unsigned int i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (kernels[i].format == format)
			return kernels[i].fn[rows / 2];
	return NULL;
}

#endif
