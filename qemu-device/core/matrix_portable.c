/* SPDX-License-Identifier: MIT */
/* The matrix engine's inner loops in plain C: for any host, and what the others are measured by. */
#include <math.h>
#include <string.h>

#include "block.h"
#include "convert.h"
#include "matrix_impl.h"

static void dense_f32(const struct matrix_dense *t)
{
	for (unsigned int i = 0; i < t->rows; i++)
		for (unsigned int j = 0; j < t->tiles; j++) {
			const float *a = (const float *)(t->a + i * t->a_stride);
			const float *b = (const float *)(t->b + j * t->b_stride);
			float *acc = (float *)t->acc + i * t->acc_stride + j * MATRIX_COLS;

			for (unsigned int k = 0; k < t->steps; k++)
				for (unsigned int l = 0; l < MATRIX_COLS; l++)
					acc[l] = fmaf(a[k], b[k * MATRIX_COLS + l], acc[l]);
		}
}

static float flush(float f)
{
	return fabsf(f) < 0x1p-126f ? copysignf(0, f) : f;
}

/* fma' of the bf16 rule. */
static float fma_flush(float a, float b, float c)
{
	float r;

	a = flush(a);
	b = flush(b);
	c = flush(c);
	r = fmaf(a, b, c);
	if (!(fabsf(r) <= 0x1p-126f))
		return r;
	/* Tiny after rounding? Ask where the exponent has room: 24 bits are kept there. */
	return fabsf(fmaf(a * 0x1p64f, b, c * 0x1p64f)) < 0x1p-62f ? copysignf(0, r) : r;
}

static void dense_bf16(const struct matrix_dense *t)
{
	for (unsigned int i = 0; i < t->rows; i++)
		for (unsigned int j = 0; j < t->tiles; j++) {
			const uint16_t *a = (const uint16_t *)(t->a + i * t->a_stride);
			const uint16_t *b = (const uint16_t *)(t->b + j * t->b_stride);
			float *acc = (float *)t->acc + i * t->acc_stride + j * MATRIX_COLS;

			for (unsigned int k = 0; k < t->steps; k++, a += 2, b += 2 * MATRIX_COLS)
				for (unsigned int l = 0; l < MATRIX_COLS; l++) {
					float odd = fma_flush(bf16_to_f32(a[1]),
							      bf16_to_f32(b[2 * l + 1]), acc[l]);

					acc[l] = fma_flush(bf16_to_f32(a[0]), bf16_to_f32(b[2 * l]),
							   odd);
				}
		}
}

static void dense_i8(const struct matrix_dense *t)
{
	for (unsigned int i = 0; i < t->rows; i++)
		for (unsigned int j = 0; j < t->tiles; j++) {
			const int8_t *a = (const int8_t *)(t->a + i * t->a_stride);
			const int8_t *b = (const int8_t *)(t->b + j * t->b_stride);
			uint32_t *acc = t->acc + i * t->acc_stride + j * MATRIX_COLS;

			for (unsigned int k = 0; k < t->steps; k++, a += 4, b += 4 * MATRIX_COLS)
				for (unsigned int l = 0; l < MATRIX_COLS; l++)
					for (unsigned int x = 0; x < 4; x++)
						acc[l] += (uint32_t)(a[x] * b[4 * l + x]);
		}
}

static unsigned int min_u(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int per_step(enum matrix_rule rule)
{
	return rule == MATRIX_F32 ? 1 : rule == MATRIX_BF16 ? 2 : 4;
}

/* Row k of B into its places in a tile whose steps hold `wide` k. */
static void spread(uint8_t *step, unsigned int wide, const uint8_t *row, unsigned int lanes)
{
	for (unsigned int l = 0; l < lanes; l++)
		if (wide == 2)
			memcpy(step + 4 * l, row + 2 * l, 2);
		else
			step[4 * l] = row[l];
}

void matrix_pack_rows_portable(const struct matrix_pack *p)
{
	unsigned int size = type_size(p->type), wide = per_step(p->rule);

	for (unsigned int k = 0; k < p->k; k++)
		for (unsigned int col = 0; col < p->cols; col += MATRIX_COLS) {
			const uint8_t *row = p->src + k * p->src_stride + col * size;
			unsigned int lanes = min_u(p->cols - col, MATRIX_COLS);
			uint8_t *step = p->dst + col / MATRIX_COLS * p->dst_stride +
					(size_t)(k / wide) * 64;

			if (wide == 1) {
				convert_to_f32((float *)step, row, p->type, lanes);
				continue;
			}
			if (k % wide == 0)
				memset(step, 0, 64);
			spread(step + k % wide * size, wide, row, lanes);
		}
}

void matrix_pack_cols_portable(const struct matrix_pack *p)
{
	unsigned int bytes = p->k * type_size(p->type);
	float column[256];

	for (unsigned int col = 0; col < p->cols; col++) {
		const uint8_t *from = p->src + col * p->src_stride;
		uint32_t *to = (uint32_t *)(p->dst + col / MATRIX_COLS * p->dst_stride) +
			       col % MATRIX_COLS;

		if (p->rule == MATRIX_F32) {
			for (unsigned int k = 0; k < p->k; k += 256) {
				unsigned int count = min_u(p->k - k, 256);

				convert_to_f32(column, from + (size_t)k * type_size(p->type),
					       p->type, count);
				for (unsigned int i = 0; i < count; i++, to += MATRIX_COLS)
					*to = f32_bits(column[i]);
			}
			continue;
		}
		for (unsigned int at = 0; at < bytes; at += 4, to += MATRIX_COLS) {
			*to = 0;
			memcpy(to, from + at, min_u(bytes - at, 4));
		}
	}
}

/* Only for F16 and BF16 under the fp32 rule; the other packed types are used in place. */
void matrix_pack_packed_portable(const struct matrix_pack *p)
{
	for (unsigned int col = 0; col < p->cols; col += MATRIX_COLS) {
		const uint8_t *from = p->src + col / MATRIX_COLS * p->src_stride;
		uint32_t *to = (uint32_t *)(p->dst + col / MATRIX_COLS * p->dst_stride);

		if (p->type == AXON_F16) {
			convert_to_f32((float *)to, from, AXON_F16, (size_t)p->k * MATRIX_COLS);
			continue;
		}
		for (unsigned int k = 0; k < p->k; k++, to += MATRIX_COLS) {
			const uint16_t *pairs = (const uint16_t *)(from + (size_t)(k / 2) * 64);

			for (unsigned int l = 0; l < MATRIX_COLS; l++)
				to[l] = (uint32_t)pairs[2 * l + k % 2] << 16;
		}
	}
}

/* What scales 32 k of a column. */
struct column {
	uint8_t q[32];
	float d, m;
	uint32_t sc[2];
	int32_t mn[2];
};

static void load_column(uint32_t format, const uint8_t *record, unsigned int col,
			unsigned int group, const struct block_scales *s, struct column *c)
{
	unsigned int halves = matrix_block_halves(format);

	block_quants(format, record, col, group, c->q);
	c->d = s->d;
	c->m = s->m;
	for (unsigned int h = 0; h < 2; h++) {
		unsigned int sub = group * halves + h % halves;

		c->sc[h] = AXON_FMT_SCALE(format) == AXON_SCALE_F16 ? 1u : (uint32_t)s->sc[sub];
		c->mn[h] = AXON_FMT_SCALE(format) == AXON_SCALE_F16 ? 0 : s->mn[sub];
	}
}

static float block_step(uint32_t format, const struct column *c, const int8_t *q,
			const uint32_t *words, float acc)
{
	unsigned int halves = matrix_block_halves(format), half = 32 / halves;
	float scale = f32_from_bits(words[0]);
	uint32_t isum = 0;

	for (unsigned int h = 0; h < halves; h++) {
		uint32_t dot = words[1 + h];

		for (unsigned int x = h * half; x < (h + 1) * half; x++)
			dot += (uint32_t)(c->q[x] * q[x]);
		isum += c->sc[h] * dot;
	}
	acc = fmaf((float)(int32_t)isum, scale * c->d, acc);
	if (AXON_FMT_MIN(format) == AXON_MIN_F16) {
		acc = fmaf(f32_from_bits(words[1 + halves]), scale * c->m, acc);
	} else if (AXON_FMT_MIN(format) == AXON_MIN_U6) {
		int16_t sum[2];

		memcpy(sum, &words[1 + halves], sizeof(sum));
		acc = fmaf(-(float)(c->mn[0] * sum[0] + c->mn[1] * sum[1]), scale * c->m, acc);
	}
	return acc;
}

void matrix_block_portable(const struct matrix_block *t)
{
	unsigned int groups = AXON_FMT_SUPER(t->format) / 32, words = matrix_block_words(t->format);

	for (unsigned int col = 0; col < t->tiles * MATRIX_COLS; col++) {
		const uint8_t *record = t->b + col / MATRIX_COLS * t->b_stride;
		const int8_t *q = t->q;
		const uint32_t *w = t->words;

		for (unsigned int r = 0; r < t->records;
		     r++, record += AXON_FMT_RECORD(t->format)) {
			struct block_scales scales;

			block_scales(t->format, record, col % MATRIX_COLS, &scales);
			for (unsigned int g = 0; g < groups; g++) {
				struct column c;

				load_column(t->format, record, col % MATRIX_COLS, g, &scales, &c);
				for (unsigned int i = 0; i < t->rows; i++, q += 32, w += words) {
					float *acc = t->acc + i * t->acc_stride + col;

					*acc = block_step(t->format, &c, q, w, *acc);
				}
			}
		}
	}
}

static matrix_block_fn block(uint32_t format, unsigned int rows)
{
	(void)format;
	(void)rows;
	return matrix_block_portable;
}

void matrix_drain_portable(const struct matrix_drain *d)
{
	float v[MATRIX_PANEL];

	if (d->c_type == AXON_I32) {
		memcpy(d->c, d->acc, d->cols * sizeof(*d->acc));
		return;
	}
	for (unsigned int i = 0; i < d->cols; i++) {
		v[i] = d->acc_int ? (float)(int32_t)d->acc[i] : f32_from_bits(d->acc[i]);
		v[i] *= d->scale;
		if (d->addend)
			v[i] += d->addend[i];
		if (v[i] != v[i])
			v[i] = f32_from_bits(0x7fc00000);
	}
	convert_from_f32(d->c, d->c_type, v, d->cols);
}

const struct matrix_path matrix_path_portable = {
	.name = "portable",
	.dense = {dense_f32, dense_bf16, dense_i8},
	.pack = {matrix_pack_rows_portable, matrix_pack_cols_portable, matrix_pack_packed_portable},
	.block = block,
	.block_rows = 8,
	.drain = matrix_drain_portable,
};
