/* SPDX-License-Identifier: MIT */
/*
 * Numbers in storage: fp16, bf16 and the integers to fp32 and back. Nearest even throughout,
 * denormals kept; to integers with saturation, NaN gives 0; a NaN stays a (quiet) NaN.
 */
#ifndef AXON_CONVERT_H
#define AXON_CONVERT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "axon_isa.h"

static inline uint32_t f32_bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static inline float f32_from_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

static inline float bf16_to_f32(uint16_t h)
{
	return f32_from_bits((uint32_t)h << 16);
}

static inline uint16_t f32_to_bf16(float f)
{
	uint32_t u = f32_bits(f);

	if ((u & 0x7fffffff) > 0x7f800000)
		return u >> 16 | 0x40;
	return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

static inline float f16_to_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;

	if (rest >= 0x7c00) /* infinity and NaN */
		return f32_from_bits(sign | 0x7f800000 | (rest & 0x3ff) << 13 |
				     (rest > 0x7c00 ? 0x400000 : 0));
	if (rest >= 0x400)
		return f32_from_bits(sign | ((rest << 13) + (112u << 23)));
	/* denormals: an exact product */
	return f32_from_bits(sign | f32_bits((float)rest * 0x1p-24f));
}

static inline uint16_t f32_to_f16(float f)
{
	uint32_t u = f32_bits(f), sign = u >> 16 & 0x8000;

	u &= 0x7fffffff;
	if (u > 0x7f800000)
		return sign | 0x7e00 | (u >> 13 & 0x1ff);
	if (u >= 0x477ff000) /* 65520 and up round to infinity */
		return sign | 0x7c00;
	if (u >= 0x38800000) /* normal */
		return sign | (u - (112u << 23) + 0xfff + (u >> 13 & 1)) >> 13;
	/* denormal or zero: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits */
	return sign | (uint16_t)(f32_bits(f32_from_bits(u) + 0.5f) - 0x3f000000);
}

/* Stochastic: the low 16 or 13 random bits are added, then what does not fit is cut off. */
static inline uint16_t f32_to_bf16_random(float f, uint32_t random)
{
	uint32_t u = f32_bits(f), rest = u & 0x7fffffff;

	if (rest > 0x7f800000)
		return u >> 16 | 0x40;
	return (rest == 0x7f800000 ? u : u + (random & 0xffff)) >> 16;
}

static inline uint16_t f32_to_f16_random(float f, uint32_t random)
{
	uint32_t u = f32_bits(f), sign = u >> 16 & 0x8000, shift;

	u &= 0x7fffffff;
	if (u > 0x7f800000)
		return sign | 0x7e00 | (u >> 13 & 0x1ff);
	if (u == 0x7f800000)
		return sign | 0x7c00;
	u += random & 0x1fff;
	if (u >= 0x47800000) /* cut off to the largest number */
		return sign | 0x7bff;
	if (u >= 0x38800000)
		return sign | (u - (112u << 23)) >> 13;
	shift = 126 - (u >> 23);
	return sign | (shift > 24 ? 0 : ((u & 0x7fffff) | 0x800000) >> shift);
}

static inline int32_t f32_to_i32(float f)
{
	if (f != f)
		return 0;
	if (f >= 2147483648.0f)
		return INT32_MAX;
	if (f < -2147483648.0f)
		return INT32_MIN;
	return (int32_t)__builtin_rintf(f);
}

static inline int8_t i32_to_i8(int32_t i)
{
	return i > INT8_MAX ? INT8_MAX : i < INT8_MIN ? INT8_MIN : i;
}

static inline uint8_t i32_to_u8(int32_t i)
{
	return i > UINT8_MAX ? UINT8_MAX : i < 0 ? 0 : i;
}

/* One rounding, not two. */
uint16_t i32_to_bf16(int32_t i);

/* Bytes of an element; 0 for Q8A, BLOCK and what is no type. */
static inline unsigned int type_size(unsigned int type)
{
	switch (type) {
	case AXON_F32:
	case AXON_I32: return 4;
	case AXON_BF16:
	case AXON_F16: return 2;
	case AXON_I8:
	case AXON_U8: return 1;
	}
	return 0;
}

/*
 * n consecutive elements, unaligned, of any type that type_size() knows; I32 is a number here. The
 * arrays may be the same one where dst's elements are not larger than src's, else they are apart.
 */
void convert_to_f32(float *dst, const void *src, unsigned int src_type, size_t n);
void convert_from_f32(void *dst, unsigned int dst_type, const float *src, size_t n);
void convert(void *dst, unsigned int dst_type, const void *src, unsigned int src_type, size_t n);

/* Copies n elements of `size` (1, 2 or 4) bytes between places `to` and `from` bytes apart. */
void copy_elements(uint8_t *dst, int64_t to, const uint8_t *src, int64_t from, unsigned int size,
		   size_t n);

#endif
