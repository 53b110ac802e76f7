// SPDX-License-Identifier: MIT
#include <math.h>

#include "float16.h"
#include "pack_args.h"
#include "weights.h"

/* Between packed tiles. */
#define TILE_GAP 64

const uint32_t weight_types[11] = {QUANT_F32,  QUANT_F16,  QUANT_BF16, QUANT_Q8_0,
				   QUANT_Q4_0, QUANT_Q4_1, QUANT_Q5_0, QUANT_Q5_1,
				   QUANT_Q4_K, QUANT_Q5_K, QUANT_Q6_K};

uint32_t weight_block(uint32_t id)
{
	return quant_type(id)->block;
}

/* Where a block holds its fp16 numbers: scale, then minimum; -1 for none. */
static void find_scales(uint32_t id, int *d, int *m)
{
	*d = id == QUANT_Q6_K ? 208 : 0;
	*m = id == QUANT_Q4_1 || id == QUANT_Q5_1 || id == QUANT_Q4_K || id == QUANT_Q5_K ? 2 : -1;
}

static void put_f16(uint8_t *block, int at, float value)
{
	uint16_t bits = f16_of_float(value);

	if (at >= 0)
		memcpy(block + at, &bits, sizeof(bits));
}

/* The numbers of one block, by the plain dequantisation with d and m put at 1 or 0. */
static void take_apart(struct weights *out, uint32_t id, const uint8_t *block, size_t element)
{
	uint32_t n = weight_block(id);
	uint8_t copy[256];
	float part[256];
	int d, m;

	find_scales(id, &d, &m);
	memcpy(copy, block, quant_type(id)->bytes);
	put_f16(copy, d, 1);
	put_f16(copy, m, 0);
	quant_dequantise(id, copy, part, n);
	for (uint32_t i = 0; i < n; i++)
		out->q[element + i] = (int32_t)part[i];
	put_f16(copy, d, 0);
	put_f16(copy, m, 1);
	quant_dequantise(id, copy, part, n);
	for (uint32_t i = 0; i < n; i++)
		out->mn[element + i] = (int32_t)part[i];
	for (uint32_t i = 0; i < n / 32; i++) {
		uint16_t bits;

		memcpy(&bits, block + d, sizeof(bits));
		out->d[element / 32 + i] = f16_to_float(bits);
		memcpy(&bits, block + (m < 0 ? d : m), sizeof(bits));
		out->m[element / 32 + i] = m < 0 ? 0 : f16_to_float(bits);
	}
}

/* Random quants with scales that make weights of about 1. */
static void random_block(struct kernel_rig *rig, uint32_t id, uint8_t *block)
{
	const struct quant_type *type = quant_type(id);
	float size = type->block == 256 ? 0x1p-9f : id == QUANT_Q8_0 ? 0x1p-7f : 0x1p-3f;
	int d, m;

	for (uint32_t i = 0; i < type->bytes; i++)
		block[i] = (uint8_t)random_bits(rig);
	find_scales(id, &d, &m);
	put_f16(block, d, size * random_float(rig));
	put_f16(block, m, size * random_float(rig));
}

static void random_element(struct kernel_rig *rig, uint32_t id, uint8_t *at)
{
	float value = random_float(rig);
	uint16_t bits = id == QUANT_F16 ? f16_of_float(value) : bf16_of_float(value);

	if (id == QUANT_F32)
		memcpy(at, &value, sizeof(value));
	else
		memcpy(at, &bits, sizeof(bits));
}

/* In two parts where there is more than a tile. */
static void pack(struct kernel_rig *rig, const struct weights *weights, uint64_t src,
		 size_t row_bytes)
{
	const struct weight *w = &weights->w;
	uint32_t first = w->n > AXON_TILE_COLS ? AXON_TILE_COLS : w->n;

	for (uint32_t at = 0, rows = first; rows; at += rows, rows = w->n - at) {
		struct pack_args args = {
			.dst = w->addr + at / AXON_TILE_COLS * w->tile_bytes,
			.src = src + at * row_bytes,
			.src_stride = row_bytes,
			.dst_tile_bytes = w->tile_bytes,
			.rows = rows,
			.k = w->k,
			.rows_per_wg = 2 * AXON_TILE_COLS,
			.format = w->format,
			.src_type = w->type,
			.dst_type = w->type,
		};

		kernel_launch(rig, CHIP_pack, div_up(rows, args.rows_per_wg), 1, &args,
			      sizeof(args));
	}
	kernel_run(rig);
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n, size);

	assert_non_null(p);
	return p;
}

void weights_make(struct kernel_rig *rig, struct weights *out, uint32_t id, uint32_t n, uint32_t k)
{
	const struct quant_type *type = quant_type(id);
	size_t row_bytes = (size_t)k / type->block * type->bytes, elements = (size_t)n * k;
	struct gguf_tensor tensor = {.type = id, .ne = {k, n, 1, 1}};
	uint64_t bytes = upload_matrix_bytes(&tensor, &out->w);
	uint8_t *raw, *packed;
	uint64_t src = kernel_take(rig, n * row_bytes, &raw);

	out->w.tile_bytes += TILE_GAP;
	out->w.addr = kernel_take(rig, bytes + div_up(n, AXON_TILE_COLS) * TILE_GAP, &packed);
	out->name = type->name;
	out->value = zeroed(elements, sizeof(float));
	out->q = zeroed(elements, sizeof(int32_t));
	out->mn = zeroed(elements, sizeof(int32_t));
	out->d = zeroed(elements / 32 + 1, sizeof(float));
	out->m = zeroed(elements / 32 + 1, sizeof(float));
	for (size_t i = 0; i < elements; i += type->block) {
		uint8_t *at = raw + i / type->block * type->bytes;

		if (type->block == 1) {
			random_element(rig, id, at);
			continue;
		}
		random_block(rig, id, at);
		take_apart(out, id, at, i);
	}
	quant_dequantise(id, raw, out->value, elements);
	pack(rig, out, src, row_bytes);
}

void weights_free(struct weights *w)
{
	free(w->value);
	free(w->q);
	free(w->mn);
	free(w->d);
	free(w->m);
	memset(w, 0, sizeof(*w));
}

size_t activation_bytes(uint32_t type, uint32_t k)
{
	if (type == AXON_Q8A)
		return k / 32 * sizeof(struct axon_q8a);
	return (type == AXON_F32 ? 4 : 2) * (size_t)k;
}

uint64_t activations_make(struct kernel_rig *rig, uint32_t type, uint32_t rows, uint32_t k,
			  const uint8_t **ptr)
{
	uint8_t *bytes;
	uint64_t va = kernel_take(rig, rows * activation_bytes(type, k), &bytes);
	float *row = zeroed(k, sizeof(float));

	*ptr = bytes;
	for (uint32_t r = 0; r < rows; r++, bytes += activation_bytes(type, k)) {
		for (uint32_t i = 0; i < k; i++)
			row[i] = random_float(rig);
		if (type == AXON_Q8A)
			q8a_of(row, k, (struct axon_q8a *)bytes);
		else if (type == AXON_F32)
			memcpy(bytes, row, k * sizeof(float));
		else
			for (uint32_t i = 0; i < k; i++)
				((uint16_t *)bytes)[i] = bf16_of_float(row[i]);
	}
	free(row);
	return va;
}

/* Q8A × BLOCK */
static float block_dot(const struct weights *w, size_t column, const struct axon_q8a *a)
{
	float acc = 0;

	for (uint32_t block = 0; block < w->w.k / 32; block++, a++) {
		size_t at = column * w->w.k + block * 32;
		float scale = a->scale * w->d[at / 32], minimum = a->scale * w->m[at / 32];
		int32_t sum = 0, min_sum = 0;

		for (uint32_t i = 0; i < 32; i++) {
			sum += w->q[at + i] * a->q[i];
			min_sum += w->mn[at + i] * a->q[i];
		}
		acc = fmaf((float)sum, scale, acc);
		if (AXON_FMT_MIN(w->w.format) != AXON_MIN_NONE)
			acc = fmaf((float)min_sum, minimum, acc);
	}
	return acc;
}

static float bf16_dot(const float *w, uint32_t k, const uint16_t *a)
{
	float acc = 0;

	for (uint32_t i = 0; i < k; i += 2) {
		if (i + 1 < k)
			acc = fmaf(bf16_to_float(a[i + 1]), w[i + 1], acc);
		acc = fmaf(bf16_to_float(a[i]), w[i], acc);
	}
	return acc;
}

float weights_dot(const struct weights *weights, uint32_t n, const void *a, uint32_t a_type)
{
	const float *w = weights->value + (size_t)n * weights->w.k;
	float acc = 0;

	if (a_type == AXON_Q8A)
		return block_dot(weights, n, a);
	if (a_type == AXON_BF16 && weights->w.type == AXON_BF16)
		return bf16_dot(w, weights->w.k, a);
	for (uint32_t i = 0; i < weights->w.k; i++) {
		float value = a_type == AXON_F32 ? ((const float *)a)[i]
						 : bf16_to_float(((const uint16_t *)a)[i]);

		acc = fmaf(value, w[i], acc);
	}
	return acc;
}
