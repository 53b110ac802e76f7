/* SPDX-License-Identifier: MIT */
/* The matrix engine's dense products with AVX2 and FMA; a tile is two registers wide. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "matrix_avx2.h"

#define INLINE	    static inline __attribute__((always_inline))
#define MXCSR_FLUSH 0x8040u /* denormals are zeros, tiny results become zeros */

INLINE __m256 as_ps(__m256i v)
{
	return _mm256_castsi256_ps(v);
}

/* The even bytes of each dword as int16, or the even bf16 as fp32; and the odd ones. */
INLINE __m256i even(enum matrix_rule rule, __m256i v)
{
	return rule == MATRIX_BF16 ? _mm256_slli_epi32(v, 16)
				   : _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8);
}

INLINE __m256i odd(enum matrix_rule rule, __m256i v)
{
	return rule == MATRIX_BF16 ? _mm256_and_si256(v, _mm256_set1_epi32((int)0xffff0000))
				   : _mm256_srai_epi16(v, 8);
}

INLINE __m256i step(enum matrix_rule rule, __m256i acc, __m256i a, __m256i b)
{
	__m256i ae = even(rule, a), ao = odd(rule, a), be = even(rule, b), bo = odd(rule, b);

	if (rule == MATRIX_F32)
		return _mm256_castps_si256(_mm256_fmadd_ps(as_ps(a), as_ps(b), as_ps(acc)));
	if (rule == MATRIX_BF16)
		return _mm256_castps_si256(_mm256_fmadd_ps(
			as_ps(ae), as_ps(be), _mm256_fmadd_ps(as_ps(ao), as_ps(bo), as_ps(acc))));
	return _mm256_add_epi32(
		acc, _mm256_add_epi32(_mm256_madd_epi16(ae, be), _mm256_madd_epi16(ao, bo)));
}

/* rows × 1 tile in registers; rows is a constant where this is inlined. */
INLINE void multiply(enum matrix_rule rule, unsigned int rows, const struct matrix_dense *t,
		     const uint8_t *a, const uint8_t *b, uint32_t *c)
{
	__m256i acc[6][2];

#pragma GCC unroll 6
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (unsigned int h = 0; h < 2; h++)
			acc[i][h] = _mm256_loadu_si256(
				(const __m256i *)(c + i * t->acc_stride + 8 * h));
	for (unsigned int k = 0; k < t->steps; k++, b += 64) {
		__m256i b0 = _mm256_loadu_si256((const __m256i *)b);
		__m256i b1 = _mm256_loadu_si256((const __m256i *)(b + 32));

#pragma GCC unroll 6
		for (unsigned int i = 0; i < rows; i++) {
			__m256i x = _mm256_set1_epi32(
				*(const int32_t *)(a + i * t->a_stride + 4 * (size_t)k));

			acc[i][0] = step(rule, acc[i][0], x, b0);
			acc[i][1] = step(rule, acc[i][1], x, b1);
		}
	}
#pragma GCC unroll 6
	for (unsigned int i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (unsigned int h = 0; h < 2; h++)
			_mm256_storeu_si256((__m256i *)(c + i * t->acc_stride + 8 * h), acc[i][h]);
}

typedef void (*kernel_fn)(const struct matrix_dense *t, const uint8_t *a, const uint8_t *b,
			  uint32_t *c);

#define KERNEL(rule, rows)                                                        \
	static void rule##_##rows(const struct matrix_dense *t, const uint8_t *a, \
				  const uint8_t *b, uint32_t *c)                  \
	{                                                                         \
		multiply(rule, rows, t, a, b, c);                                 \
	}
#define KERNELS(rule) KERNEL(rule, 1) KERNEL(rule, 2) KERNEL(rule, 4) KERNEL(rule, 6)
#define TABLE(rule)                                    \
	{                                              \
		rule##_1, rule##_2, rule##_4, rule##_6 \
	}

KERNELS(MATRIX_F32)
KERNELS(MATRIX_BF16)
KERNELS(MATRIX_I8)

static const kernel_fn kernels[MATRIX_NUM_DENSE][4] = {
	[MATRIX_F32] = TABLE(MATRIX_F32),
	[MATRIX_BF16] = TABLE(MATRIX_BF16),
	[MATRIX_I8] = TABLE(MATRIX_I8),
};

static void dense(const struct matrix_dense *t, const kernel_fn table[4])
{
	unsigned int rows = MATRIX_DENSE_ROUND(t->rows), height;

	for (unsigned int j = 0; j < t->tiles; j++)
		for (unsigned int i = 0; i < rows; i += height) {
			unsigned int index = rows - i >= 6 ? 3 : (rows - i) / 2;

			height = index ? 2 * index : 1;
			table[index](t, t->a + i * t->a_stride, t->b + j * t->b_stride,
				     t->acc + i * t->acc_stride + j * MATRIX_COLS);
		}
}

static void dense_f32(const struct matrix_dense *t)
{
	dense(t, kernels[MATRIX_F32]);
}

static void dense_bf16(const struct matrix_dense *t)
{
	unsigned int mxcsr = _mm_getcsr();

	_mm_setcsr(mxcsr | MXCSR_FLUSH);
	dense(t, kernels[MATRIX_BF16]);
	_mm_setcsr(mxcsr);
}

static void dense_i8(const struct matrix_dense *t)
{
	dense(t, kernels[MATRIX_I8]);
}

const struct matrix_path matrix_path_avx2 = {
	.name = "avx2",
	.dense = {dense_f32, dense_bf16, dense_i8},
	.pack = {matrix_pack_rows_portable, matrix_pack_cols_portable, matrix_pack_packed_portable},
	.block = matrix_block_avx2,
	.block_rows = 4,
	.drain = matrix_drain_portable,
};

#endif
