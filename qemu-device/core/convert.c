/* SPDX-License-Identifier: MIT */
#include "convert.h"
#include "vector_kernels.h"

#define CHUNK 512 /* elements of an intermediate fp32 row */

uint16_t i32_to_bf16(int32_t i)
{
	uint32_t magnitude = i < 0 ? -(uint32_t)i : (uint32_t)i, shift, kept, cut;

	if (magnitude < 1u << 24)
		return f32_to_bf16((float)i);
	/* Eight significant bits, nearest even; then the number is exact in fp32. */
	shift = 24 - __builtin_clz(magnitude);
	cut = magnitude & ((1u << shift) - 1);
	kept = magnitude >> shift;
	kept += cut > 1u << (shift - 1) || (cut == 1u << (shift - 1) && (kept & 1));
	return f32_bits((i < 0 ? -1.0f : 1.0f) * (float)kept * (float)(1u << shift)) >> 16;
}

void convert_to_f32(float *dst, const void *src, unsigned int src_type, size_t n)
{
	const uint8_t *p = src;

	if (src_type != AXON_I32) {
		vector_kernels()->widen[src_type](dst, src, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int32_t v;

		memcpy(&v, p + 4 * i, 4);
		dst[i] = (float)v;
	}
}

void convert_from_f32(void *dst, unsigned int dst_type, const float *src, size_t n)
{
	uint8_t *p = dst;

	if (dst_type != AXON_I32) {
		vector_kernels()->narrow[dst_type](dst, src, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int32_t v = f32_to_i32(src[i]);

		memcpy(p + 4 * i, &v, 4);
	}
}

/* Integers that fp32 would round. */
static void convert_from_i32(uint8_t *dst, unsigned int dst_type, const uint8_t *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t h;
		int32_t v;

		memcpy(&v, src + 4 * i, 4);
		switch (dst_type) {
		case AXON_BF16:
			h = i32_to_bf16(v);
			memcpy(dst + 2 * i, &h, 2);
			break;
		case AXON_I8: dst[i] = i32_to_i8(v); break;
		case AXON_U8: dst[i] = i32_to_u8(v); break;
		}
	}
}

void convert(void *dst, unsigned int dst_type, const void *src, unsigned int src_type, size_t n)
{
	const unsigned int dst_size = type_size(dst_type), src_size = type_size(src_type);
	float row[CHUNK];

	if (dst_type == src_type) {
		memmove(dst, src, n * dst_size);
		return;
	}
	if (src_type == AXON_I32 && dst_type != AXON_F32 && dst_type != AXON_F16) {
		convert_from_i32(dst, dst_type, src, n);
		return;
	}
	for (size_t i = 0, part; i < n; i += part) {
		part = n - i < CHUNK ? n - i : CHUNK;
		convert_to_f32(row, (const uint8_t *)src + i * src_size, src_type, part);
		convert_from_f32((uint8_t *)dst + i * dst_size, dst_type, row, part);
	}
}

void copy_elements(uint8_t *dst, int64_t to, const uint8_t *src, int64_t from, unsigned int size,
		   size_t n)
{
	/* by product, not by sum: one step past the last element may be no pointer at all */
	switch (size) {
	case 1:
		for (int64_t i = 0; i < (int64_t)n; i++)
			dst[i * to] = src[i * from];
		break;
	case 2:
		for (int64_t i = 0; i < (int64_t)n; i++)
			memcpy(dst + i * to, src + i * from, 2);
		break;
	case 4:
		for (int64_t i = 0; i < (int64_t)n; i++)
			memcpy(dst + i * to, src + i * from, 4);
		break;
	}
}
