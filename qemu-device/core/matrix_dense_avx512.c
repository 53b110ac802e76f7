/* SPDX-License-Identifier: MIT */
/* The matrix engine's dense products with AVX-512: VNNI for int8, BF16 where the host has it. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "matrix_impl.h"
#include "matrix_avx512.h"

#define INLINE static inline __attribute__((always_inline))

INLINE __m512i step(enum matrix_rule rule, __m512i acc, __m512i a, __m512i b)
{
	switch (rule) {
	case MATRIX_F32:
		return _mm512_castps_si512(_mm512_fmadd_ps(
			_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), _mm512_castsi512_ps(acc)));
	case MATRIX_BF16:
		return _mm512_castps_si512(
			_mm512_dpbf16_ps(_mm512_castsi512_ps(acc), (__m512bh)a, (__m512bh)b));
	default: return _mm512_dpbusd_epi32(acc, a, b);
	}
}

/*
 * VPDPBUSD wants one side unsigned: A comes with a bias of 128, and what that adds, 128 · Σ b for each
 * column, is taken off the sums again. With OWN_BIAS rows or more it is worth a pass of its own over B.
 */
#define A_BIAS_LOG 7
#define OWN_BIAS   6

/* rows × tiles accumulators in registers; both are constants where this is inlined. */
INLINE void multiply(enum matrix_rule rule, unsigned int rows, unsigned int tiles,
		     const struct matrix_dense *t, const uint8_t *a, const uint8_t *b, uint32_t *c,
		     const __m512i *bias)
{
	const bool sums = rule == MATRIX_I8 && rows < OWN_BIAS;
	const __m512i ones = _mm512_set1_epi8(1);
	__m512i acc[6][4], w[4], sum[4];

#pragma GCC unroll 4
	for (unsigned int j = 0; j < tiles; j++)
		sum[j] = _mm512_setzero_si512();
#pragma GCC unroll 6
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 4
		for (unsigned int j = 0; j < tiles; j++) {
			acc[i][j] = _mm512_loadu_si512(c + i * t->acc_stride + j * MATRIX_COLS);
			if (rule == MATRIX_I8 && !sums)
				acc[i][j] = _mm512_sub_epi32(acc[i][j], bias[j]);
		}
#pragma GCC unroll 2
	for (unsigned int k = 0; k < t->steps; k++) {
#pragma GCC unroll 4
		for (unsigned int j = 0; j < tiles; j++) {
			w[j] = _mm512_loadu_si512(b + j * t->b_stride + (size_t)k * 64);
			if (sums)
				sum[j] = _mm512_dpbusd_epi32(sum[j], ones, w[j]);
		}
#pragma GCC unroll 6
		for (unsigned int i = 0; i < rows; i++) {
			__m512i x = _mm512_set1_epi32(
				*(const int32_t *)(a + i * t->a_stride + 4 * (size_t)k));

#pragma GCC unroll 4
			for (unsigned int j = 0; j < tiles; j++)
				acc[i][j] = step(rule, acc[i][j], x, w[j]);
		}
	}
#pragma GCC unroll 6
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 4
		for (unsigned int j = 0; j < tiles; j++) {
			if (sums)
				acc[i][j] = _mm512_sub_epi32(acc[i][j],
							     _mm512_slli_epi32(sum[j], A_BIAS_LOG));
			_mm512_storeu_si512(c + i * t->acc_stride + j * MATRIX_COLS, acc[i][j]);
		}
}

static void biases(const struct matrix_dense *t, const uint8_t *b, unsigned int tiles,
		   __m512i bias[4])
{
	const __m512i ones = _mm512_set1_epi8(1);

	for (unsigned int j = 0; j < tiles; j++, b += t->b_stride) {
		__m512i sum[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

		for (unsigned int k = 0; k < t->steps; k++)
			sum[k % 2] = _mm512_dpbusd_epi32(sum[k % 2], ones,
							 _mm512_loadu_si512(b + (size_t)k * 64));
		bias[j] = _mm512_slli_epi32(_mm512_add_epi32(sum[0], sum[1]), A_BIAS_LOG);
	}
}

typedef void (*kernel_fn)(const struct matrix_dense *t, const uint8_t *a, const uint8_t *b,
			  uint32_t *c, const __m512i *bias);

#define KERNEL(rule, rows, tiles)                                                               \
	static void rule##_##rows##x##tiles(const struct matrix_dense *t, const uint8_t *a,     \
					    const uint8_t *b, uint32_t *c, const __m512i *bias) \
	{                                                                                       \
		multiply(rule, rows, tiles, t, a, b, c, bias);                                  \
	}
/* the formatter finds no layout of this list that it keeps */
/* clang-format off */
#define KERNELS(rule)                                                                                 \
	KERNEL(rule, 1, 1) KERNEL(rule, 1, 2) KERNEL(rule, 1, 4)                                      \
	KERNEL(rule, 2, 1) KERNEL(rule, 2, 2) KERNEL(rule, 2, 4)                                      \
	KERNEL(rule, 4, 1) KERNEL(rule, 4, 2) KERNEL(rule, 4, 4)                                      \
	KERNEL(rule, 6, 1) KERNEL(rule, 6, 2) KERNEL(rule, 6, 4)
/* clang-format on */
#define TABLE(rule)                                                                         \
	{                                                                                   \
		{rule##_1x1, rule##_1x2, rule##_1x4}, {rule##_2x1, rule##_2x2, rule##_2x4}, \
			{rule##_4x1, rule##_4x2, rule##_4x4},                               \
		{                                                                           \
			rule##_6x1, rule##_6x2, rule##_6x4                                  \
		}                                                                           \
	}

KERNELS(MATRIX_F32)
KERNELS(MATRIX_BF16)
KERNELS(MATRIX_I8)

/* [height][width] */
static const kernel_fn kernels[MATRIX_NUM_DENSE][4][3] = {
	[MATRIX_F32] = TABLE(MATRIX_F32),
	[MATRIX_BF16] = TABLE(MATRIX_BF16),
	[MATRIX_I8] = TABLE(MATRIX_I8),
};

INLINE void dense(enum matrix_rule rule, const struct matrix_dense *t)
{
	unsigned int rows = MATRIX_DENSE_ROUND(t->rows), tiles, height;

	for (unsigned int j = 0; j < t->tiles; j += tiles) {
		unsigned int left = t->tiles - j, width = left >= 4 ? 2 : left >= 2 ? 1 : 0;
		const uint8_t *b = t->b + j * t->b_stride;
		__m512i bias[4];

		tiles = 1u << width;
		if (rule == MATRIX_I8 && rows >= OWN_BIAS)
			biases(t, b, tiles, bias);
		for (unsigned int i = 0; i < rows; i += height) {
			unsigned int index = rows - i >= 6 ? 3 : (rows - i) / 2;

			height = index ? 2 * index : 1;
			kernels[rule][index][width](t, t->a + i * t->a_stride, b,
						    t->acc + i * t->acc_stride + j * MATRIX_COLS,
						    bias);
		}
	}
}

void matrix_f32_avx512(const struct matrix_dense *t)
{
	dense(MATRIX_F32, t);
}

void matrix_bf16_avx512(const struct matrix_dense *t)
{
	dense(MATRIX_BF16, t);
}

void matrix_i8_avx512(const struct matrix_dense *t)
{
	dense(MATRIX_I8, t);
}

#endif
