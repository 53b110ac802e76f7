/* SPDX-License-Identifier: MIT */
/*
 * The 16-bit types, which the hart has no instructions for, one number at a time. The engines
 * convert whole tiles. Nearest even; NaNs stay NaNs.
 */
#ifndef FLOAT16_H
#define FLOAT16_H

#include <stdint.h>

static inline float float_of_bits(uint32_t bits)
{
	float value;

	__builtin_memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint32_t bits_of_float(float value)
{
	uint32_t bits;

	__builtin_memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline float bf16_to_float(uint16_t bf16)
{
	return float_of_bits((uint32_t)bf16 << 16);
}

static inline uint16_t bf16_of_float(float value)
{
	uint32_t bits = bits_of_float(value);

	if (value != value)
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float f16_to_float(uint16_t f16)
{
	uint32_t sign = (uint32_t)(f16 & 0x8000) << 16, rest = f16 & 0x7fff;

	if (rest >= 0x7c00)
		return float_of_bits(sign | 0x7f800000 | (rest & 0x3ff) << 13);
	if (rest < 0x400) /* a multiple of 2^-24, exact in fp32 */
		return float_of_bits(sign | bits_of_float((float)rest * 0x1p-24f));
	return float_of_bits(sign | ((rest << 13) + ((127 - 15) << 23)));
}

static inline uint16_t f16_of_float(float value)
{
	uint32_t bits = bits_of_float(value), rest = bits & 0x7fffffff;
	uint16_t sign = bits >> 16 & 0x8000;

	if (rest > 0x7f800000)
		return sign | 0x7e00;
	if (rest >= 0x477ff000) /* 65520 and above round to infinity */
		return sign | 0x7c00;
	if (rest < 0x38800000) /* below 2^-14: adding 0.5 leaves the rounded multiple of 2^-24 */
		return sign | (uint16_t)(bits_of_float(float_of_bits(rest) + 0.5f) - 0x3f000000);
	rest += 0xfff + (rest >> 13 & 1);
	return sign | (uint16_t)((rest - ((127 - 15) << 23)) >> 13);
}

#endif
