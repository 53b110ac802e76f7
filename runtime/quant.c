// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "quant.h"

static const struct quant_type types[] = {
	[QUANT_F32] = {"F32", 1, 4},
	[QUANT_F16] = {"F16", 1, 2},
	[QUANT_Q4_0] = {"Q4_0", 32, 18},
	[QUANT_Q4_1] = {"Q4_1", 32, 20},
	[QUANT_Q5_0] = {"Q5_0", 32, 22},
	[QUANT_Q5_1] = {"Q5_1", 32, 24},
	[QUANT_Q8_0] = {"Q8_0", 32, 34},
	[QUANT_Q4_K] = {"Q4_K", 256, 144},
	[QUANT_Q5_K] = {"Q5_K", 256, 176},
	[QUANT_Q6_K] = {"Q6_K", 256, 210},
	[QUANT_BF16] = {"BF16", 1, 2},
	/* Known by name only, so that a refusal can say what it found. */
	[9] = {"Q8_1", 0, 0},
	[10] = {"Q2_K", 0, 0},
	[11] = {"Q3_K", 0, 0},
	[15] = {"Q8_K", 0, 0},
	[16] = {"IQ2_XXS", 0, 0},
	[17] = {"IQ2_XS", 0, 0},
	[18] = {"IQ3_XXS", 0, 0},
	[19] = {"IQ1_S", 0, 0},
	[20] = {"IQ4_NL", 0, 0},
	[21] = {"IQ3_S", 0, 0},
	[22] = {"IQ2_S", 0, 0},
	[23] = {"IQ4_XS", 0, 0},
	[24] = {"I8", 0, 0},
	[25] = {"I16", 0, 0},
	[26] = {"I32", 0, 0},
	[27] = {"I64", 0, 0},
	[28] = {"F64", 0, 0},
	[29] = {"IQ1_M", 0, 0},
	[34] = {"TQ1_0", 0, 0},
	[35] = {"TQ2_0", 0, 0},
	[39] = {"MXFP4", 0, 0},
	[40] = {"NVFP4", 0, 0},
};

const struct quant_type *quant_type(uint32_t id)
{
	if (id >= sizeof(types) / sizeof(types[0]) || !types[id].name)
		return NULL;
	return &types[id];
}

bool quant_supported(uint32_t id)
{
	const struct quant_type *t = quant_type(id);

	return t && t->block;
}

int quant_size(uint32_t id, uint64_t ne0, uint64_t rows, uint64_t *size)
{
	const struct quant_type *t = quant_type(id);
	uint64_t row;

	if (!t || !t->block || ne0 % t->block)
		return -EINVAL;
	if (__builtin_mul_overflow(ne0 / t->block, (uint64_t)t->bytes, &row) ||
	    __builtin_mul_overflow(row, rows, size) || *size > INT64_MAX)
		return -EOVERFLOW;
	return 0;
}

float quant_bf16_to_f32(uint16_t h)
{
	uint32_t bits = (uint32_t)h << 16;
	float f;

	memcpy(&f, &bits, 4);
	return f;
}

float quant_f16_to_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 0x1f,
		 mantissa = h & 0x3ff;
	uint32_t bits;
	float f;

	if (exponent == 0) { /* zero or subnormal: mantissa units of 2^-24, exact in fp32 */
		f = (float)mantissa * 0x1p-24f;
		return sign ? -f : f;
	}
	if (exponent == 31)
		bits = sign | 0x7f800000 | mantissa << 13;
	else
		bits = sign | (exponent + 112) << 23 | mantissa << 13;
	memcpy(&f, &bits, 4);
	return f;
}

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_u32(const uint8_t *p)
{
	return get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

static float get_f16(const uint8_t *p)
{
	return quant_f16_to_f32(get_u16(p));
}

/*
 * The four block-32 types are one family: an fp16 scale, for *_1 an fp16 minimum, for Q5 the fifth
 * bits as 32 bits in element order, then 16 bytes whose low nibbles are elements 0–15 and whose
 * high nibbles are elements 16–31. Without a minimum the numbers are centred.
 */
static void block32(const uint8_t *p, float *dst, bool five, bool minimum)
{
	float d = get_f16(p), m = minimum ? get_f16(p + 2) : 0;
	const uint8_t *high = p + (minimum ? 4 : 2), *q = high + (five ? 4 : 0);
	uint32_t fifth = five ? get_u32(high) : 0;
	int centre = minimum ? 0 : five ? 16 : 8;

	for (int i = 0; i < 32; i++) {
		int v = i < 16 ? q[i] & 15 : q[i - 16] >> 4;

		v |= (int)(fifth >> i & 1) << 4;
		dst[i] = minimum ? (float)v * d + m : (float)(v - centre) * d;
	}
}

static void q8_0(const uint8_t *p, float *dst)
{
	float d = get_f16(p);

	for (int i = 0; i < 32; i++)
		dst[i] = (float)(int8_t)p[2 + i] * d;
}

/* Scale and minimum @i of the eight that a Q4_K or Q5_K block packs into 12 bytes, 6 bits each. */
static void k_scale(const uint8_t *s, int i, uint8_t *scale, uint8_t *minimum)
{
	if (i < 4) {
		*scale = s[i] & 63;
		*minimum = s[i + 4] & 63;
	} else {
		*scale = (uint8_t)((s[i + 4] & 15) | s[i - 4] >> 6 << 4);
		*minimum = (uint8_t)(s[i + 4] >> 4 | s[i] >> 6 << 4);
	}
}

/* Q4_K and Q5_K: eight sub-blocks of 32; each 32 bytes hold two of them, low nibbles first. */
static void q45_k(const uint8_t *p, float *dst, bool five)
{
	float d = get_f16(p), dmin = get_f16(p + 2);
	const uint8_t *scales = p + 4, *high = p + 16, *q = high + (five ? 32 : 0);

	for (int sub = 0; sub < 8; sub++) {
		uint8_t scale, minimum;
		float dl, ml;

		k_scale(scales, sub, &scale, &minimum);
		dl = d * scale;
		ml = dmin * minimum;
		for (int i = 0; i < 32; i++) {
			uint8_t byte = q[sub / 2 * 32 + i];
			int v = sub & 1 ? byte >> 4 : byte & 15;

			if (five)
				v |= (high[i] >> sub & 1) << 4;
			dst[sub * 32 + i] = dl * (float)v - ml;
		}
	}
}

/*
 * Q6_K: sixteen sub-blocks of 16 with int8 scales. Per half of 128: elements 0–63 are the low and
 * 64–127 the high nibbles of 64 bytes; the upper two bits of elements i, i+32, i+64 and i+96
 * share one byte.
 */
static void q6_k(const uint8_t *p, float *dst)
{
	const uint8_t *low = p, *high = p + 128, *scales = p + 192;
	float d = get_f16(p + 208);

	for (int i = 0; i < 256; i++) {
		int half = i / 128, j = i % 128;
		uint8_t byte = low[half * 64 + j % 64];
		int v = j < 64 ? byte & 15 : byte >> 4;

		v |= (high[half * 32 + j % 32] >> (j / 32 * 2) & 3) << 4;
		dst[i] = d * (int8_t)scales[i / 16] * (float)(v - 32);
	}
}

static void dequantise_block(uint32_t id, const uint8_t *p, float *dst)
{
	switch (id) {
	case QUANT_F32: memcpy(dst, p, 4); break;
	case QUANT_F16: *dst = get_f16(p); break;
	case QUANT_BF16: *dst = quant_bf16_to_f32(get_u16(p)); break;
	case QUANT_Q4_0:
	case QUANT_Q4_1:
	case QUANT_Q5_0:
	case QUANT_Q5_1:
		block32(p, dst, id == QUANT_Q5_0 || id == QUANT_Q5_1,
			id == QUANT_Q4_1 || id == QUANT_Q5_1);
		break;
	case QUANT_Q8_0: q8_0(p, dst); break;
	case QUANT_Q4_K:
	case QUANT_Q5_K: q45_k(p, dst, id == QUANT_Q5_K); break;
	case QUANT_Q6_K: q6_k(p, dst); break;
	}
}

void quant_dequantise(uint32_t id, const void *src, float *dst, size_t n)
{
	const struct quant_type *t = quant_type(id);
	const uint8_t *p = src;

	for (size_t i = 0; i < n; i += t->block, p += t->bytes)
		dequantise_block(id, p, dst + i);
}
