/* SPDX-License-Identifier: MIT */
/* Random operands for the matrix engine, and what they are worth as plain floats. */
#ifndef AXON_TOOLS_BENCH_DATA_H
#define AXON_TOOLS_BENCH_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "bench.h"

/* A type of weights: how it lies in a file, on the chip, and the activations that go with it. */
struct bench_type {
	const char *name;
	uint32_t gguf;	 /* enum quant_id; BENCH_INT8, which no file has */
	uint32_t type;	 /* enum axon_type on the chip */
	uint32_t format; /* AXON_FMT_*, for AXON_BLOCK */
	uint32_t a_type; /* enum axon_type of the activations */
};

#define BENCH_INT8	 UINT32_MAX
#define BENCH_TYPE_NAMES "f32,f16,bf16,int8,q8_0,q4_0,q4_1,q5_0,q5_1,q4_k,q5_k,q6_k"

/* NULL: no such type. */
const struct bench_type *bench_type(const char *name);
/* k of a row must be a multiple of it. */
uint32_t bench_type_block(const struct bench_type *t);

/* Bytes of a row of k weights as a file holds them, and of k activations. */
uint64_t bench_weight_bytes(const struct bench_type *t, uint32_t k);
uint64_t bench_activation_bytes(const struct bench_type *t, uint32_t k);
/* Bytes of one packed tile of sixteen columns. */
uint64_t bench_tile_bytes(const struct bench_type *t, uint32_t k);

void bench_fill_weights(const struct bench_type *t, struct bench_random *r, void *row, uint32_t k);
void bench_fill_activations(const struct bench_type *t, struct bench_random *r, void *row,
			    uint32_t k);

void bench_read_weights(const struct bench_type *t, const void *row, float *out, uint32_t k);
void bench_read_activations(const struct bench_type *t, const void *row, float *out, uint32_t k);

#endif
