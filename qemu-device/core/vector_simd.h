/* SPDX-License-Identifier: MIT */
/*
 * VL lanes of fp32 or int32 over GCC's vector extension, for vector_impl.h. Only what the extension
 * cannot say, or says badly, differs between instruction sets.
 */
#ifndef AXON_VECTOR_SIMD_H
#define AXON_VECTOR_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#include "convert.h"

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

typedef float vf __attribute__((vector_size(VL * 4)));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef uint32_t vu __attribute__((vector_size(VL * 4)));
typedef int8_t vi8 __attribute__((vector_size(VL)));
typedef uint8_t vu8 __attribute__((vector_size(VL)));
typedef uint16_t vu16 __attribute__((vector_size(VL * 2)));

/* The same in memory, with any alignment. */
typedef float vf_mem __attribute__((vector_size(VL * 4), aligned(1), may_alias));
typedef uint16_t vu16_mem __attribute__((vector_size(VL * 2), aligned(1), may_alias));
typedef uint8_t vu8_mem __attribute__((vector_size(VL), aligned(1), may_alias));
typedef int8_t vi8_mem __attribute__((vector_size(VL), aligned(1), may_alias));

static inline vf v_load(const float *p)
{
	return *(const vf_mem *)p;
}

static inline void v_store(float *p, vf v)
{
	*(vf_mem *)p = v;
}

static inline vi vi_splat(int32_t i)
{
	return i - (vi){};
}

static inline vf v_splat(float f)
{
	return (vf)vi_splat(f32_bits(f));
}

/* 0, 1, 2, … */
static inline vi vi_iota(void)
{
#if VL == 16
	return (vi){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif VL == 8
	return (vi){0, 1, 2, 3, 4, 5, 6, 7};
#else
	return (vi){0, 1, 2, 3};
#endif
}

/* By lane: mask all ones ? a : b. */
static inline vi vi_select(vi mask, vi a, vi b)
{
	return (mask & a) | (~mask & b);
}

static inline vf v_select(vi mask, vf a, vf b)
{
	return (vf)vi_select(mask, (vi)a, (vi)b);
}

static inline vi vi_max(vi a, vi b)
{
#if defined(__AVX512F__)
	return (vi)_mm512_max_epi32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
	return (vi)_mm256_max_epi32((__m256i)a, (__m256i)b);
#else
	return vi_select(a > b, a, b);
#endif
}

static inline vi vi_min(vi a, vi b)
{
#if defined(__AVX512F__)
	return (vi)_mm512_min_epi32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
	return (vi)_mm256_min_epi32((__m256i)a, (__m256i)b);
#else
	return vi_select(a < b, a, b);
#endif
}

/* a limited to low..high; a NaN stays. */
static inline vf v_clamp(vf a, float low, float high)
{
#if defined(__AVX512F__)
	a = (vf)_mm512_min_ps(_mm512_set1_ps(high), (__m512)a);
	return (vf)_mm512_max_ps(_mm512_set1_ps(low), (__m512)a);
#elif defined(__AVX2__)
	a = (vf)_mm256_min_ps(_mm256_set1_ps(high), (__m256)a);
	return (vf)_mm256_max_ps(_mm256_set1_ps(low), (__m256)a);
#else
	a = v_select(a > high, v_splat(high), a);
	return v_select(a < low, v_splat(low), a);
#endif
}

/* a·2^k, rounded once, for integers k = n in ±252 and a with a·2^(k/2) normal or a NaN. */
static inline vf v_scale(vf a, vf k, vi n)
{
#if defined(__AVX512F__)
	(void)n;
	return (vf)_mm512_scalef_ps((__m512)a, (__m512)k);
#else
	vi half = n >> 1;

	(void)k;
	return a * (vf)((vi)((vu)(half + 127) << 23)) * (vf)((vi)((vu)(n - half + 127) << 23));
#endif
}

/* a·b + c, rounded once. */
static inline vf v_fma(vf a, vf b, vf c)
{
#if defined(__AVX512F__)
	return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
	return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
	vf r;

	for (int i = 0; i < VL; i++)
		r[i] = __builtin_fmaf(a[i], b[i], c[i]);
	return r;
#endif
}

static inline vf v_sqrt(vf a)
{
#if defined(__AVX512F__)
	return (vf)_mm512_sqrt_ps((__m512)a);
#elif defined(__AVX2__)
	return (vf)_mm256_sqrt_ps((__m256)a);
#else
	vf r;

	for (int i = 0; i < VL; i++)
		r[i] = __builtin_sqrtf(a[i]);
	return r;
#endif
}

static inline vf v_rint(vf a)
{
#if defined(__AVX512F__)
	return (vf)_mm512_roundscale_ps((__m512)a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
	return (vf)_mm256_round_ps((__m256)a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
	vf r;

	for (int i = 0; i < VL; i++)
		r[i] = __builtin_rintf(a[i]);
	return r;
#endif
}

static inline vf v_floor(vf a)
{
#if defined(__AVX512F__)
	return (vf)_mm512_roundscale_ps((__m512)a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
	return (vf)_mm256_round_ps((__m256)a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#else
	vf r;

	for (int i = 0; i < VL; i++)
		r[i] = __builtin_floorf(a[i]);
	return r;
#endif
}

/* One bit for each lane, from its top bit. */
static inline unsigned int vi_bits(vi a)
{
#if defined(__AVX512F__)
	return _mm512_movepi32_mask((__m512i)a);
#elif defined(__AVX2__)
	return _mm256_movemask_ps((__m256)a);
#else
	unsigned int bits = 0;

	for (int i = 0; i < VL; i++)
		bits |= ((uint32_t)a[i] >> 31) << i;
	return bits;
#endif
}

/* The two halves of the 64-bit products a·b. */
static inline void vu_mul_wide(vu a, uint32_t b, vu *high, vu *low)
{
#if defined(__AVX512F__)
	__m512i m = _mm512_set1_epi32(b);
	__m512i even = _mm512_mul_epu32((__m512i)a, m);
	__m512i odd = _mm512_mul_epu32(_mm512_shuffle_epi32((__m512i)a, 0xf5), m);

	*high = (vu)_mm512_mask_shuffle_epi32(odd, 0x5555, even, 0xf5);
	*low = (vu)_mm512_mask_shuffle_epi32(even, 0xaaaa, odd, 0xa0);
#elif defined(__AVX2__)
	__m256i m = _mm256_set1_epi32(b);
	__m256i even = _mm256_mul_epu32((__m256i)a, m);
	__m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), m);

	*high = (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
	*low = (vu)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
#else
	for (int i = 0; i < VL; i++) {
		uint64_t product = (uint64_t)a[i] * b;

		(*high)[i] = product >> 32;
		(*low)[i] = product;
	}
#endif
}

/* Small integers in memory, widened. */
static inline vi vi_load_i8(const uint8_t *p)
{
#if defined(__AVX512F__)
	return (vi)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif defined(__AVX2__)
	return (vi)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
	return __builtin_convertvector(*(const vi8_mem *)p, vi);
#endif
}

static inline vi vi_load_u8(const uint8_t *p)
{
#if defined(__AVX512F__)
	return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif defined(__AVX2__)
	return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
	return __builtin_convertvector(*(const vu8_mem *)p, vi);
#endif
}

static inline vi vi_load_u16(const uint8_t *p)
{
#if defined(__AVX512F__)
	return (vi)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
	return (vi)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
	return __builtin_convertvector(*(const vu16_mem *)p, vi);
#endif
}

static inline vf v_load_f16(const uint8_t *p)
{
#if defined(__AVX512F__)
	return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__AVX2__)
	return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
#else
	vu16 h = *(const vu16_mem *)p;
	vf r;

	for (int i = 0; i < VL; i++)
		r[i] = f16_to_f32(h[i]);
	return r;
#endif
}

static inline void v_store_f16(uint8_t *p, vf a)
{
#if defined(__AVX512F__)
	_mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)a, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__AVX2__)
	_mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)a, _MM_FROUND_TO_NEAREST_INT));
#else
	vu16 h;

	for (int i = 0; i < VL; i++)
		h[i] = f32_to_f16(a[i]);
	*(vu16_mem *)p = h;
#endif
}

/* The largest of all lanes. */
static inline int32_t vi_reduce_max(vi a)
{
#if defined(__AVX512F__)
	return _mm512_reduce_max_epi32((__m512i)a);
#else
	int32_t r = a[0];

	for (int i = 1; i < VL; i++)
		r = a[i] > r ? a[i] : r;
	return r;
#endif
}

static inline int32_t vi_reduce_add(vi a)
{
#if defined(__AVX512F__)
	return _mm512_reduce_add_epi32((__m512i)a);
#else
	int32_t r = 0;

	for (int i = 0; i < VL; i++)
		r += a[i];
	return r;
#endif
}

#endif
