// SPDX-License-Identifier: MIT
#include <string.h>

#include "axon_isa.h"
#include "bench_data.h"
#include "quant.h"

static const struct bench_type types[] = {
	{"f32", QUANT_F32, AXON_F32, 0, AXON_F32},
	{"f16", QUANT_F16, AXON_F16, 0, AXON_F16},
	{"bf16", QUANT_BF16, AXON_BF16, 0, AXON_BF16},
	{"int8", BENCH_INT8, AXON_I8, 0, AXON_I8},
	{"q8_0", QUANT_Q8_0, AXON_BLOCK, AXON_FMT_Q8_0, AXON_Q8A},
	{"q4_0", QUANT_Q4_0, AXON_BLOCK, AXON_FMT_Q4_0, AXON_Q8A},
	{"q4_1", QUANT_Q4_1, AXON_BLOCK, AXON_FMT_Q4_1, AXON_Q8A},
	{"q5_0", QUANT_Q5_0, AXON_BLOCK, AXON_FMT_Q5_0, AXON_Q8A},
	{"q5_1", QUANT_Q5_1, AXON_BLOCK, AXON_FMT_Q5_1, AXON_Q8A},
	{"q4_k", QUANT_Q4_K, AXON_BLOCK, AXON_FMT_Q4_K, AXON_Q8A},
	{"q5_k", QUANT_Q5_K, AXON_BLOCK, AXON_FMT_Q5_K, AXON_Q8A},
	{"q6_k", QUANT_Q6_K, AXON_BLOCK, AXON_FMT_Q6_K, AXON_Q8A},
};

const struct bench_type *bench_type(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return NULL;
}

uint32_t bench_type_block(const struct bench_type *t)
{
	return t->type == AXON_BLOCK ? AXON_FMT_SUPER(t->format) : 1;
}

static uint32_t dense_size(uint32_t type)
{
	return type == AXON_F32 ? 4 : type == AXON_I8 ? 1 : 2;
}

uint64_t bench_weight_bytes(const struct bench_type *t, uint32_t k)
{
	const struct quant_type *q;

	if (t->type != AXON_BLOCK)
		return (uint64_t)k * dense_size(t->type);
	q = quant_type(t->gguf);
	return (uint64_t)k / q->block * q->bytes;
}

uint64_t bench_activation_bytes(const struct bench_type *t, uint32_t k)
{
	if (t->a_type == AXON_Q8A)
		return k / 32 * sizeof(struct axon_q8a);
	return (uint64_t)k * dense_size(t->a_type);
}

uint64_t bench_tile_bytes(const struct bench_type *t, uint32_t k)
{
	/* Dense tiles interleave as many k as fit into four bytes, but for fp16. */
	uint32_t pair = t->type == AXON_I8 ? 4 : t->type == AXON_BF16 ? 2 : 1;

	if (t->type == AXON_BLOCK)
		return AXON_TILE_BYTES(t->format, k);
	return (uint64_t)(k + pair - 1) / pair * pair * AXON_TILE_COLS * dense_size(t->type);
}

/* ±[0.5, 1) with a random mantissa: bits of a float of 8, 16 or 32 bits. */
static void fill_dense(uint32_t type, struct bench_random *r, uint8_t *row, uint32_t k)
{
	uint32_t keep = type == AXON_F32 ? 0x807fffff : type == AXON_F16 ? 0x83ff : 0x807f;
	uint32_t set = type == AXON_F32 ? 0x3f000000 : type == AXON_F16 ? 0x3800 : 0x3f00;

	for (uint32_t i = 0; i < k; i++) {
		uint32_t bits = (uint32_t)(bench_random(r) >> 32);

		if (type != AXON_I8)
			bits = (bits & keep) | set;
		memcpy(row + (size_t)i * dense_size(type), &bits, dense_size(type));
	}
}

/* Where a GGUF block has its fp16 scale and minimum; equal when there is no minimum. */
static void scales_at(uint32_t gguf, size_t *scale, size_t *minimum)
{
	*scale = gguf == QUANT_Q6_K ? 208 : 0;
	*minimum =
		gguf == QUANT_Q4_1 || gguf == QUANT_Q5_1 || gguf == QUANT_Q4_K || gguf == QUANT_Q5_K
			? 2
			: *scale;
}

/* ±[2^-7, 2^-6) in fp16 */
static void fill_scale(struct bench_random *r, uint8_t *at)
{
	uint16_t bits = (uint16_t)((bench_random(r) >> 48 & 0x83ff) | 0x2000);

	memcpy(at, &bits, sizeof(bits));
}

void bench_fill_weights(const struct bench_type *t, struct bench_random *r, void *row, uint32_t k)
{
	uint64_t bytes = bench_weight_bytes(t, k);
	size_t scale, minimum;
	uint8_t *p = row;

	if (t->type != AXON_BLOCK) {
		fill_dense(t->type, r, row, k);
		return;
	}
	for (uint64_t i = 0; i < bytes; i += sizeof(uint64_t)) {
		uint64_t word = bench_random(r);

		memcpy(p + i, &word, bytes - i < sizeof(word) ? bytes - i : sizeof(word));
	}
	scales_at(t->gguf, &scale, &minimum);
	for (uint64_t i = 0; i < bytes; i += quant_type(t->gguf)->bytes) {
		fill_scale(r, p + i + scale);
		fill_scale(r, p + i + minimum);
	}
}

static void fill_q8a(struct bench_random *r, struct axon_q8a *block)
{
	fill_dense(AXON_F32, r, (uint8_t *)&block->scale, 1);
	for (int i = 0; i < 32; i++)
		block->q[i] = (int8_t)((int)(bench_random(r) >> 32) % 128);
	for (int half = 0; half < 2; half++) {
		block->sum[half] = 0;
		for (int i = 0; i < 16; i++)
			block->sum[half] = (int16_t)(block->sum[half] + block->q[16 * half + i]);
	}
}

void bench_fill_activations(const struct bench_type *t, struct bench_random *r, void *row,
			    uint32_t k)
{
	struct axon_q8a *blocks = row;

	if (t->a_type != AXON_Q8A)
		fill_dense(t->a_type, r, row, k);
	else
		for (uint32_t i = 0; i < k / 32; i++)
			fill_q8a(r, &blocks[i]);
}

static void read_int8(const int8_t *row, float *out, uint32_t k)
{
	for (uint32_t i = 0; i < k; i++)
		out[i] = row[i];
}

void bench_read_weights(const struct bench_type *t, const void *row, float *out, uint32_t k)
{
	if (t->gguf == BENCH_INT8)
		read_int8(row, out, k);
	else
		quant_dequantise(t->gguf, row, out, k);
}

void bench_read_activations(const struct bench_type *t, const void *row, float *out, uint32_t k)
{
	const struct axon_q8a *blocks = row;

	if (t->a_type != AXON_Q8A)
		bench_read_weights(t, row, out, k);
	else
		for (uint32_t i = 0; i < k; i++)
			out[i] = blocks[i / 32].scale * blocks[i / 32].q[i % 32];
}
