/* SPDX-License-Identifier: MIT */
/*
 * The tensor types of GGUF: numbers, names, block sizes, and a plain C dequantisation that tests
 * and small host-side reads use. The accelerator has its own, packed forms of these.
 */
#ifndef AXON_RUNTIME_QUANT_H
#define AXON_RUNTIME_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* GGUF's numbers of the types Axon runs. */
enum quant_id {
	QUANT_F32 = 0,
	QUANT_F16 = 1,
	QUANT_Q4_0 = 2,
	QUANT_Q4_1 = 3,
	QUANT_Q5_0 = 6,
	QUANT_Q5_1 = 7,
	QUANT_Q8_0 = 8,
	QUANT_Q4_K = 12,
	QUANT_Q5_K = 13,
	QUANT_Q6_K = 14,
	QUANT_BF16 = 30,
};

/* The types Axon runs, for error messages. */
#define QUANT_SUPPORTED "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K"

struct quant_type {
	const char *name;
	uint16_t block; /* elements in a block; 0 for a type that Axon only knows by name */
	uint16_t bytes; /* bytes in a block */
};

/* The traits of GGUF type number @id, or NULL for a number that GGUF has not assigned. */
const struct quant_type *quant_type(uint32_t id);

/* Does Axon run this type? */
bool quant_supported(uint32_t id);

/*
 * Bytes of @rows rows of @ne0 elements in *@size. Returns 0, or -EINVAL when the type is not
 * supported or @ne0 is no multiple of its block, or -EOVERFLOW when the size exceeds INT64_MAX.
 */
int quant_size(uint32_t id, uint64_t ne0, uint64_t rows, uint64_t *size);

/* Dequantise @n elements (a multiple of the block) of a supported type. @src may be unaligned. */
void quant_dequantise(uint32_t id, const void *src, float *dst, size_t n);

float quant_f16_to_f32(uint16_t h);
float quant_bf16_to_f32(uint16_t h);

#endif
