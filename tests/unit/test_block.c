/* SPDX-License-Identifier: MIT */
/*
 * Packed block formats: PACK of GGUF blocks and UNPACK of columns, against dequantisation written from
 * ggml's block structures, and the packed bytes against the layout in axon_isa.h.
 */
#include <math.h>

#include "block.h"
#include "convert.h"
#include "flat_engine.h"

#define MEM    FLAT_BASE
#define PACKED (MEM + 0x200000)
#define OUT    (MEM + 0x400000)
#define SRAM   AXON_SRAM_BASE

static struct flat flat;
static uint64_t seed;

static uint32_t below(uint32_t n)
{
	return flat_random(&seed) % n;
}

static int run(const void *desc)
{
	return dma_run(&flat.e, desc, FLAT_DESC);
}

/* ---- GGUF's types ------------------------------------------------------------------------ */
static float half_at(const uint8_t *p)
{
	return f16_to_f32(p[0] | p[1] << 8);
}

static void q4_0(const uint8_t *b, float *w)
{
	for (int j = 0; j < 16; j++) {
		w[j] = ((b[2 + j] & 15) - 8) * half_at(b);
		w[j + 16] = ((b[2 + j] >> 4) - 8) * half_at(b);
	}
}

static void q4_1(const uint8_t *b, float *w)
{
	for (int j = 0; j < 16; j++) {
		w[j] = (b[4 + j] & 15) * half_at(b) + half_at(b + 2);
		w[j + 16] = (b[4 + j] >> 4) * half_at(b) + half_at(b + 2);
	}
}

static void q5_0(const uint8_t *b, float *w)
{
	const uint32_t qh = b[2] | b[3] << 8 | b[4] << 16 | (uint32_t)b[5] << 24;

	for (int j = 0; j < 16; j++) {
		w[j] = (int)((b[6 + j] & 15) | (qh >> j & 1) << 4) - 16;
		w[j + 16] = (int)(b[6 + j] >> 4 | (qh >> (j + 16) & 1) << 4) - 16;
		w[j] *= half_at(b);
		w[j + 16] *= half_at(b);
	}
}

static void q5_1(const uint8_t *b, float *w)
{
	const uint32_t qh = b[4] | b[5] << 8 | b[6] << 16 | (uint32_t)b[7] << 24;

	for (int j = 0; j < 16; j++) {
		w[j] = (int)((b[8 + j] & 15) | (qh >> j & 1) << 4) * half_at(b) + half_at(b + 2);
		w[j + 16] = (int)(b[8 + j] >> 4 | (qh >> (j + 16) & 1) << 4) * half_at(b) +
			    half_at(b + 2);
	}
}

static void q8_0(const uint8_t *b, float *w)
{
	for (int j = 0; j < 32; j++)
		w[j] = (int8_t)b[2 + j] * half_at(b);
}

static void scale_min_k4(int j, const uint8_t *q, int *d, int *m)
{
	if (j < 4) {
		*d = q[j] & 63;
		*m = q[j + 4] & 63;
	} else {
		*d = (q[j + 4] & 15) | (q[j - 4] >> 6) << 4;
		*m = q[j + 4] >> 4 | (q[j] >> 6) << 4;
	}
}

static void q4_k(const uint8_t *b, float *w)
{
	for (int j = 0; j < 256; j++) {
		const uint8_t byte = b[16 + j / 64 * 32 + j % 32];
		int d, m;

		scale_min_k4(j / 32, b + 4, &d, &m);
		w[j] = (half_at(b) * d) * (j % 64 < 32 ? byte & 15 : byte >> 4);
		w[j] -= half_at(b + 2) * m;
	}
}

static void q5_k(const uint8_t *b, float *w)
{
	for (int j = 0; j < 256; j++) {
		const uint8_t byte = b[48 + j / 64 * 32 + j % 32];
		const int high = b[16 + j % 32] >> (j / 32) & 1 ? 16 : 0;
		int d, m;

		scale_min_k4(j / 32, b + 4, &d, &m);
		w[j] = (half_at(b) * d) * ((j % 64 < 32 ? byte & 15 : byte >> 4) + high);
		w[j] -= half_at(b + 2) * m;
	}
}

static void q6_k(const uint8_t *b, float *w)
{
	const uint8_t *ql = b, *qh = b + 128;
	const int8_t *sc = (const int8_t *)b + 192;

	for (int n = 0; n < 256; n += 128, w += 128, ql += 64, qh += 32, sc += 8)
		for (int l = 0; l < 32; l++) {
			const int is = l / 16;
			const int q1 = ((ql[l] & 15) | (qh[l] >> 0 & 3) << 4) - 32;
			const int q2 = ((ql[l + 32] & 15) | (qh[l] >> 2 & 3) << 4) - 32;
			const int q3 = (ql[l] >> 4 | (qh[l] >> 4 & 3) << 4) - 32;
			const int q4 = (ql[l + 32] >> 4 | (qh[l] >> 6 & 3) << 4) - 32;
			const float d = half_at(b + 208);

			w[l] = d * sc[is] * q1;
			w[l + 32] = d * sc[is + 2] * q2;
			w[l + 64] = d * sc[is + 4] * q3;
			w[l + 96] = d * sc[is + 6] * q4;
		}
}

static const struct gguf_type {
	const char *name;
	uint32_t format;
	uint32_t bytes, elements;
	void (*decode)(const uint8_t *b, float *w);
} types[] = {
	{"Q4_0", AXON_FMT_Q4_0, 18, 32, q4_0},	 {"Q4_1", AXON_FMT_Q4_1, 20, 32, q4_1},
	{"Q5_0", AXON_FMT_Q5_0, 22, 32, q5_0},	 {"Q5_1", AXON_FMT_Q5_1, 24, 32, q5_1},
	{"Q8_0", AXON_FMT_Q8_0, 34, 32, q8_0},	 {"Q4_K", AXON_FMT_Q4_K, 144, 256, q4_k},
	{"Q5_K", AXON_FMT_Q5_K, 176, 256, q5_k}, {"Q6_K", AXON_FMT_Q6_K, 210, 256, q6_k},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* Random bytes whose fp16 fields are numbers. */
static void random_block(const struct gguf_type *t, uint8_t *b)
{
	for (uint32_t i = 0; i < t->bytes; i++)
		b[i] = flat_random(&seed);
	for (int i = 0; i < 2; i++) {
		const uint16_t h = f32_to_f16(((int32_t)below(20001) - 10000) / 7000.0f);

		if (t->format == AXON_FMT_Q6_K)
			memcpy(b + 208, &h, 2);
		else if (!i || AXON_FMT_MIN(t->format) != AXON_MIN_NONE)
			memcpy(b + 2 * i, &h, 2);
	}
}

/* ---- the packed layout, read as the comment in axon_isa.h says it ------------------------- */
static float weight(uint32_t fmt, const uint8_t *tile, uint32_t k, uint32_t column)
{
	const uint32_t super = AXON_FMT_SUPER(fmt), sub = AXON_FMT_SUB(fmt),
		       bits = AXON_FMT_BITS(fmt);
	const uint32_t lane = 4 * column + k % 4, g = k % 32 / 4;
	const uint8_t *p = tile + k / super * AXON_FMT_RECORD(fmt), *quants;
	const float d = half_at(p + 2 * column);
	float m = 0, s = d;
	uint32_t q;

	p += 32;
	if (AXON_FMT_MIN(fmt) != AXON_MIN_NONE) {
		m = half_at(p + 2 * column);
		p += 32;
	}
	if (AXON_FMT_SCALE(fmt) != AXON_SCALE_F16) {
		const uint8_t sc = p[k % 256 / sub * 16 + column];

		s = d * (AXON_FMT_SCALE(fmt) == AXON_SCALE_S8 ? (int8_t)sc : sc);
		p += 256 / sub * 16;
	}
	if (AXON_FMT_MIN(fmt) == AXON_MIN_U6) {
		m = -(m * p[k % 256 / sub * 16 + column]);
		p += 256 / sub * 16;
	}
	quants = p + k % super / 32 * 64 * bits;
	if (bits == 8) {
		q = quants[64 * g + lane];
	} else {
		q = g < 4 ? quants[64 * g + lane] & 15 : quants[64 * (g - 4) + lane] >> 4;
		if (bits == 5)
			q |= (quants[256 + 8 * g + lane / 8] >> (lane % 8) & 1) << 4;
		if (bits == 6)
			q |= (quants[256 + 64 * (g % 4 / 2) + lane] >> (4 * (g % 2) + 2 * (g / 4)) &
			      3)
			     << 4;
	}
	s *= (float)((int)q - (int)AXON_FMT_ZERO(fmt));
	return AXON_FMT_MIN(fmt) == AXON_MIN_NONE ? s : s + m;
}

/* ---- PACK and UNPACK of blocks ----------------------------------------------------------- */
struct matrix {
	const struct gguf_type *t;
	uint32_t k, cols;
	float *w; /* [cols][k] */
	uint64_t tile_stride;
};

static struct axon_dma_pack pack_of(const struct matrix *x, uint64_t src, uint64_t dst)
{
	return (struct axon_dma_pack){
		.h = {.op = AXON_DMA_PACK, .size = sizeof(struct axon_dma_pack)},
		.src = src,
		.dst = dst,
		.k = x->k,
		.cols = x->cols,
		.tile_stride = x->tile_stride,
		.format = x->t->format,
		.src_type = AXON_BLOCK,
		.dst_type = AXON_BLOCK,
	};
}

/* Fills GGUF rows at MEM, packs them to dst, and keeps what they mean. */
static void make(struct matrix *x, const struct gguf_type *t, uint32_t k, uint32_t cols,
		 uint64_t dst)
{
	const uint32_t row = k / t->elements * t->bytes, stride = row + below(2) * 6;
	struct axon_dma_pack d;
	uint8_t block[256];

	*x = (struct matrix){t, k, cols, malloc(sizeof(float) * k * cols), 0};
	if (below(2))
		x->tile_stride = AXON_TILE_BYTES(t->format, k) + 64;
	d = pack_of(x, MEM + 4001, dst);
	d.src_stride = stride;
	for (uint32_t n = 0; n < cols; n++)
		for (uint32_t i = 0; i < k / t->elements; i++) {
			random_block(t, block);
			flat_put(&flat, d.src + n * stride + i * t->bytes, block, t->bytes);
			t->decode(block, x->w + n * k + i * t->elements);
		}
	assert_int_equal(run(&d), 0);
	if (!x->tile_stride)
		x->tile_stride = AXON_TILE_BYTES(t->format, k);
}

static void assert_weight(float found, float expected, const char *name, uint32_t n, uint32_t k)
{
	/* -0 and 0 are the same weight: which one a zero scale gives is of no account */
	if (found != expected)
		fail_msg("%s column %u k %u: expected %a, found %a", name, n, k, expected, found);
}

static void test_pack(void **state)
{
	static const uint32_t widths[] = {1, 3, 16, 17, 31, 48};

	(void)state;
	for (size_t i = 0; i < TYPES * 12; i++) {
		const struct gguf_type *t = &types[i % TYPES];
		const uint32_t k = t->elements * (1 + below(t->elements == 32 ? 21 : 4));
		const uint32_t cols = widths[i / TYPES % 6], tiles = (cols + 15) / 16;
		struct flat_before before;
		struct matrix x;
		uint8_t *tile;

		flat.scattered = i / TYPES >= 6;
		before = flat_before(&flat);
		make(&x, t, k, cols, PACKED + 77);
		tile = malloc(x.tile_stride * tiles);
		flat_get(&flat, PACKED + 77, tile, x.tile_stride * tiles);
		for (uint32_t n = 0; n < 16 * tiles; n++)
			for (uint32_t j = 0; j < k; j++)
				assert_weight(
					weight(t->format, tile + n / 16 * x.tile_stride, j, n % 16),
					n < cols ? x.w[n * k + j] : 0, t->name, n, j);
		free(tile);
		free(x.w);
		flat_forget(&before);
	}
	flat.scattered = false;
}

static float stored(uint64_t addr, unsigned int type)
{
	uint32_t u = 0;

	flat_get(&flat, addr, &u, type_size(type));
	return type == AXON_F32	  ? f32_from_bits(u)
	       : type == AXON_F16 ? f16_to_f32(u)
				  : bf16_to_f32(u);
}

static float rounded(float w, unsigned int type)
{
	return type == AXON_F32	  ? w
	       : type == AXON_F16 ? f16_to_f32(f32_to_f16(w))
				  : bf16_to_f32(f32_to_bf16(w));
}

static void test_unpack(void **state)
{
	static const uint8_t out[] = {AXON_F32, AXON_BF16, AXON_F16};

	(void)state;
	for (size_t i = 0; i < TYPES * 24; i++) {
		const struct gguf_type *t = &types[i % TYPES];
		const uint32_t k = t->elements * (1 + below(t->elements == 32 ? 17 : 3));
		const uint32_t cols = 1 + below(40), count = 1 + below(30);
		const bool transpose = i / TYPES % 2, listed = i / TYPES / 2 % 2 || count > cols;
		const uint8_t type = out[i / TYPES / 4 % 3];
		struct axon_dma_pack d;
		struct flat_before before;
		struct matrix x;
		uint32_t index[30];

		flat.scattered = i / TYPES >= 12;
		make(&x, t, k, cols, PACKED + 77);
		d = pack_of(&x, PACKED + 77, OUT + 3);
		d.h.op = AXON_DMA_UNPACK;
		d.h.flags = transpose ? AXON_DMA_F_TRANSPOSE : 0;
		d.dst_type = type;
		d.limit = cols;
		d.cols = count;
		d.dst_stride = (transpose ? count : k) * type_size(type) + below(2) * 10;
		d.first = listed ? 12345 : below(cols - count + 1);
		for (uint32_t n = 0; n < count; n++)
			index[n] = listed ? below(cols) : d.first + n;
		if (listed) {
			d.index = SRAM + 64;
			flat_put(&flat, d.index, index, sizeof(index));
		}
		before = flat_before(&flat);
		assert_int_equal(run(&d), 0);
		flat_check_reported(&flat, &before);
		flat_forget(&before);
		for (uint32_t n = 0; n < count; n++)
			for (uint32_t j = 0; j < k; j++) {
				const uint64_t at =
					transpose ? j * d.dst_stride + n * type_size(type)
						  : n * d.dst_stride + j * type_size(type);

				assert_weight(stored(d.dst + at, type),
					      rounded(x.w[index[n] * k + j], type), t->name, n, j);
			}
		free(x.w);
	}
	flat.scattered = false;
}

/* ---- dense tiles ------------------------------------------------------------------------- */
static void test_dense(void **state)
{
	static const uint8_t dst[] = {AXON_F32, AXON_F16, AXON_BF16, AXON_I8};
	static const uint8_t src[] = {AXON_F32, AXON_F16, AXON_BF16};
	static const uint32_t pairs[] = {1, 1, 2, 4};

	(void)state;
	for (int i = 0; i < 48; i++) {
		const uint8_t to = dst[i % 4], from = src[i / 4 % 3];
		const uint32_t k = 1 + below(600), cols = 1 + below(40), pair = pairs[i % 4];
		const uint32_t padded = (k + pair - 1) / pair * pair, size = type_size(to);
		const uint64_t tile = (uint64_t)padded * 16 * size;
		struct axon_dma_pack d = {
			.h = {.op = AXON_DMA_PACK, .size = sizeof(d)},
			.src = MEM + 3,
			.dst = PACKED + 9,
			.k = k,
			.cols = cols,
			.src_stride = k * type_size(from) + 5,
			.src_type = from,
			.dst_type = to,
		};
		float *w = malloc(sizeof(float) * k * cols);

		flat.scattered = i / 12 % 2;
		for (uint32_t j = 0; j < k * cols; j++) {
			const uint64_t at = d.src + j / k * d.src_stride + j % k * type_size(from);
			const float f = ((int32_t)below(4000) - 2000) / 16.0f;
			uint32_t u = from == AXON_F32	? f32_bits(f)
				     : from == AXON_F16 ? f32_to_f16(f)
							: f32_to_bf16(f);

			flat_put(&flat, at, &u, type_size(from));
			w[j] = rounded(f, from);
		}
		assert_int_equal(run(&d), 0);
		for (uint32_t n = 0; n < (cols + 15) / 16 * 16; n++)
			for (uint32_t j = 0; j < padded; j++) {
				const uint64_t at = d.dst + n / 16 * tile +
						    ((uint64_t)j / pair * 16 * pair +
						     n % 16 * pair + j % pair) *
							    size;
				const float e = n < cols && j < k ? w[n * k + j] : 0;
				int8_t byte;

				flat_get(&flat, at, &byte, 1);
				if (to == AXON_I8)
					assert_int_equal(byte, i32_to_i8(f32_to_i32(e)));
				else
					assert_weight(stored(at, to), rounded(e, to), "dense", n,
						      j);
			}
		/* and back */
		d.h.op = AXON_DMA_UNPACK;
		d.src_type = to;
		d.dst_type = AXON_F32;
		d.src = PACKED + 9;
		d.dst = OUT;
		d.dst_stride = 4 * k;
		d.limit = cols;
		assert_int_equal(run(&d), 0);
		for (uint32_t j = 0; j < k * cols; j++)
			assert_weight(stored(OUT + 4 * j, AXON_F32),
				      to == AXON_I8 ? i32_to_i8(f32_to_i32(w[j]))
						    : rounded(w[j], to),
				      "dense row", j / k, j % k);
		free(w);
	}
	flat.scattered = false;
}

/* ---- refusals and cost ------------------------------------------------------------------- */
#define FIELD(member) offsetof(struct axon_dma_pack, member)

static struct axon_dma_pack good(unsigned int op)
{
	return (struct axon_dma_pack){
		.h = {.op = op, .size = sizeof(struct axon_dma_pack)},
		.src = MEM,
		.dst = PACKED,
		.k = 256,
		.cols = 20,
		.limit = 20,
		.src_stride = 144,
		.dst_stride = 1024,
		.format = AXON_FMT_Q4_K,
		.src_type = AXON_BLOCK,
		.dst_type = op == AXON_DMA_PACK ? AXON_BLOCK : AXON_F32,
	};
}

#define REFUSE(op_, change, cause, check)                       \
	do {                                                    \
		struct axon_dma_pack d = good(AXON_DMA_##op_);  \
		struct flat_before before = flat_before(&flat); \
                                                                \
		change;                                         \
		assert_int_equal(run(&d), cause);               \
		assert_true(check);                             \
		assert_true(flat_unchanged(&flat, &before));    \
		flat_forget(&before);                           \
	} while (0)
#define BAD(op_, change, field) \
	REFUSE(op_, change, AXON_FAULT_BAD_DESC, flat_bad_field(&flat) == FIELD(field))

static void test_refusals(void **state)
{
	(void)state;
	BAD(PACK, d.h.size--, h.size);
	BAD(PACK, d.h.flags = AXON_DMA_F_TRANSPOSE, h.flags);
	BAD(UNPACK, d.h.flags = 1, h.flags);
	BAD(PACK, d.h.reserved = 1, h.reserved);
	BAD(UNPACK, d.reserved = 1, reserved);
	BAD(PACK, d.format = AXON_FMT(4, 0, 16, AXON_SCALE_U6, AXON_MIN_U6),
	    format); /* no GGUF type */
	BAD(PACK, d.format = AXON_FMT(7, 0, 32, AXON_SCALE_F16, AXON_MIN_NONE), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 16, 32, AXON_SCALE_F16, AXON_MIN_NONE), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 8, 16, AXON_SCALE_F16, AXON_MIN_NONE), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 8, 32, AXON_SCALE_F16, AXON_MIN_U6), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 8, 32, AXON_SCALE_U6, AXON_MIN_F16), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 8, 32, 3, AXON_MIN_NONE), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 8, 32, AXON_SCALE_U6, 3), format);
	BAD(UNPACK, d.format = AXON_FMT(4, 8, 0, AXON_SCALE_U6, AXON_MIN_U6), format);
	BAD(UNPACK, d.format = 0, format);
	BAD(PACK, d.k = 255, k);
	BAD(UNPACK, d.k = 32, k);
	BAD(PACK, d.dst_type = AXON_Q8A, dst_type);
	BAD(PACK, d.dst_type = AXON_U8, dst_type);
	BAD(PACK, d.dst_type = AXON_F32, src_type); /* from blocks to dense tiles */
	BAD(PACK, d.src_type = AXON_F32, src_type);
	BAD(PACK, (d.dst_type = AXON_F32, d.src_type = AXON_Q8A), src_type);
	BAD(UNPACK, d.dst_type = AXON_I8, dst_type);
	BAD(UNPACK, d.src_type = AXON_Q8A, src_type);
	BAD(UNPACK, (d.src_type = AXON_BF16, d.k = ~0u), k);
	BAD(PACK, d.tile_stride = 1ull << 63, tile_stride);
	BAD(PACK, (d.tile_stride = INT64_MAX, d.cols = 48), tile_stride);
	BAD(PACK, d.src_stride = INT64_MAX, src_stride);
	BAD(UNPACK, d.dst_stride = INT64_MAX, dst_stride);
	REFUSE(PACK, d.dst = SRAM + FLAT_SRAM - 64, AXON_FAULT_SRAM_RANGE,
	       flat.e.fault_addr == SRAM + FLAT_SRAM);
	REFUSE(UNPACK, d.dst = SRAM + FLAT_SRAM - 64, AXON_FAULT_SRAM_RANGE,
	       flat.e.fault_addr == SRAM + FLAT_SRAM);
	REFUSE(UNPACK, d.src = SRAM + FLAT_SRAM - 4735, AXON_FAULT_SRAM_RANGE,
	       flat.e.fault_addr == SRAM + FLAT_SRAM);
	REFUSE(UNPACK, d.index = SRAM + FLAT_SRAM - 79, AXON_FAULT_SRAM_RANGE,
	       flat.e.fault_addr == SRAM + FLAT_SRAM);
	REFUSE(UNPACK, d.first = 1, AXON_FAULT_BAD_INDEX, flat.e.fault_info == 20);
	REFUSE(UNPACK, (d.first = ~0u, d.limit = ~0u), AXON_FAULT_BAD_INDEX, true);
	REFUSE(UNPACK, d.cols = 0, 0, flat.e.cycles == 64);
	REFUSE(PACK, d.k = 0, 0, flat.e.cycles == 64);
}

static void test_bad_index(void **state)
{
	struct axon_dma_pack d = good(AXON_DMA_UNPACK);
	const uint32_t index[2] = {19, 20};

	(void)state;
	d.index = SRAM;
	d.cols = 2;
	flat_put(&flat, d.index, index, sizeof(index));
	assert_int_equal(run(&d), AXON_FAULT_BAD_INDEX);
	assert_int_equal(flat.e.fault_addr, SRAM + 4);
	assert_int_equal(flat.e.fault_info, 20);
}

static void test_cost(void **state)
{
	struct axon_dma_pack d = good(AXON_DMA_PACK);

	(void)state;
	/* two tiles of one Q4_K record of 2368 bytes */
	assert_int_equal(run(&d), 0);
	assert_int_equal(flat.e.cycles, 64 + 2 * 2368 / 32);
	d.src = SRAM;
	d.dst = SRAM + 0x8000;
	assert_int_equal(run(&d), 0);
	assert_int_equal(flat.e.cycles, 64 + 2 * 2368 / 64);
	/* twenty columns of 148 bytes */
	d = good(AXON_DMA_UNPACK);
	assert_int_equal(run(&d), 0);
	assert_int_equal(flat.e.cycles, 64 + (20 * 148 + 31) / 32);
}

static void test_stop(void **state)
{
	struct axon_dma_pack d = good(AXON_DMA_UNPACK);

	(void)state;
	d.dst_stride = 0;
	d.cols = d.limit = 1u << 31;
	d.tile_stride = 1;
	d.src_type = AXON_F32;
	d.k = 4;
	d.src = MEM;
	flat.stop = 1;
	assert_int_equal(run(&d), ENGINE_STOPPED);
	flat.stop = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pack),	  cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_dense),	  cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bad_index), cmocka_unit_test(test_cost),
		cmocka_unit_test(test_stop),
	};
	int failed;

	flat_open(&flat);
	seed = 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	flat_close(&flat);
	return failed != 0;
}
