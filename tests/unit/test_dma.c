/* SPDX-License-Identifier: MIT */
/* The DMA engine: copies, fills and rows by index, each against a loop over single elements. */
#include <math.h>

#include "convert.h"
#include "flat_engine.h"

#define MEM  FLAT_BASE
#define SRAM AXON_SRAM_BASE

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

static const unsigned int sizes[] = {
	[AXON_F32] = 4, [AXON_BF16] = 2, [AXON_F16] = 2,
	[AXON_I8] = 1,	[AXON_U8] = 1,	 [AXON_I32] = 4,
};
#define TYPES 6

/* ---- conversion, written from the formats' definitions ----------------------------------- */
/* The value of a small binary float: sign, e exponent bits, f fraction bits. */
static double decode_float(uint32_t u, int e, int f)
{
	const int exponent = u >> f & ((1 << e) - 1), bias = (1 << (e - 1)) - 1;
	const uint32_t fraction = u & ((1u << f) - 1);
	const double sign = u >> (e + f) & 1 ? -1 : 1;

	if (exponent == (1 << e) - 1)
		return fraction ? NAN : sign * INFINITY;
	if (!exponent)
		return sign * ldexp(fraction, 1 - bias - f);
	return sign * ldexp(fraction + (1u << f), exponent - bias - f);
}

/* The nearest such float, ties to even. Every double is one rounding away. */
static uint32_t encode_float(double x, int e, int f)
{
	const int bias = (1 << (e - 1)) - 1;
	const uint32_t sign = (uint32_t)(signbit(x) != 0) << (e + f);
	const uint32_t infinity = ((1u << e) - 1) << f;
	int exponent;
	double scaled;

	if (isnan(x))
		return sign | infinity | 1u << (f - 1);
	if (isinf(x))
		return sign | infinity;
	x = fabs(x);
	if (x == 0)
		return sign;
	frexp(x, &exponent); /* x = m · 2^exponent, 1/2 <= m < 1 */
	exponent--;
	if (exponent < 1 - bias)
		exponent = 1 - bias;
	scaled = nearbyint(ldexp(x, f - exponent)); /* integer, nearest even by default */
	/* Carries out of the fraction, and into infinity, come out right by themselves. */
	const uint64_t u =
		((uint64_t)(exponent + bias) << f) + (uint64_t)scaled - ((uint64_t)1 << f);

	return sign | (u > infinity ? infinity : (uint32_t)u);
}

static double decode(unsigned int type, uint32_t u)
{
	switch (type) {
	case AXON_F32: return decode_float(u, 8, 23);
	case AXON_BF16: return decode_float(u, 8, 7);
	case AXON_F16: return decode_float(u, 5, 10);
	case AXON_I8: return (int8_t)u;
	case AXON_U8: return (uint8_t)u;
	default: return (int32_t)u;
	}
}

static uint32_t encode_int(double x, double low, double high)
{
	if (isnan(x))
		return 0;
	x = nearbyint(x);
	return (uint32_t)(int64_t)(x < low ? low : x > high ? high : x);
}

static uint32_t encode(unsigned int type, double x)
{
	switch (type) {
	case AXON_F32: return encode_float(x, 8, 23);
	case AXON_BF16: return encode_float(x, 8, 7);
	case AXON_F16: return encode_float(x, 5, 10);
	case AXON_I8: return encode_int(x, -128, 127) & 0xff;
	case AXON_U8: return encode_int(x, 0, 255) & 0xff;
	default: return encode_int(x, INT32_MIN, INT32_MAX);
	}
}

static bool is_nan(unsigned int type, uint32_t u)
{
	return isnan(decode(type, u));
}

static uint32_t get(uint64_t addr, unsigned int type)
{
	uint32_t u = 0;

	flat_get(&flat, addr, &u, sizes[type]);
	return u;
}

static void put(uint64_t addr, unsigned int type, uint32_t u)
{
	flat_put(&flat, addr, &u, sizes[type]);
}

/* Bits that try the edges: mostly random, some near a power of two or at a tie. */
static uint32_t element(unsigned int type)
{
	static const float edges[] = {
		0,
		-0.0f,
		0.5f,
		1.5f,
		2.5f,
		-0.5f,
		127.5f,
		128,
		-128.5f,
		-129,
		255.5f,
		256,
		65504,
		65519.996f,
		65520,
		1e6f,
		3e9f,
		-3e9f,
		2147483520.0f,
		0x1p-14f,
		0x1p-24f,
		0x1p-25f,
		0x1.8p-25f,
		0x1.000002p-25f,
		0x1p-126f,
		0x1p-149f,
		0x1.01p0f,
		0x1.03p0f,
		0x1.002p0f,
		0x1.006p0f,
		0x1.fffffep127f,
		INFINITY,
		-INFINITY,
		NAN,
	};
	uint32_t r = flat_random(&seed);

	if (type == AXON_F32 && r % 3 == 0) {
		const float f = edges[r / 3 % (sizeof(edges) / sizeof(edges[0]))];

		memcpy(&r, &f, sizeof(r));
		return r;
	}
	if (type == AXON_F32 && r % 3 == 1)
		return encode_float(((int32_t)flat_random(&seed) % 70000) / 16.0, 8, 23);
	if (type == AXON_I32 && r % 3 == 0)
		return (flat_random(&seed) & 0xff) << 23 >> below(24);
	return r & (sizes[type] == 4 ? ~0u : sizes[type] == 2 ? 0xffff : 0xff);
}

/* What a destination element should be for these source bits. */
static void check_element(uint64_t addr, unsigned int dst_type, uint32_t u, unsigned int src_type)
{
	const uint32_t expected = dst_type == src_type ? u : encode(dst_type, decode(src_type, u));
	const uint32_t found = get(addr, dst_type);

	if (found == expected ||
	    (dst_type != src_type && is_nan(dst_type, found) && is_nan(dst_type, expected)))
		return;
	fail_msg("types %u -> %u at 0x%llx: 0x%x expected as 0x%x, found 0x%x", src_type, dst_type,
		 (unsigned long long)addr, u, expected, found);
}

/* ---- COPY -------------------------------------------------------------------------------- */
static struct axon_dma_copy copy_of(unsigned int dims)
{
	return (struct axon_dma_copy){
		.h = {.op = AXON_DMA_COPY, .size = sizeof(struct axon_dma_copy)},
		.dims = dims,
	};
}

static void test_conversions(void **state)
{
	enum { N = 5000 };
	static uint32_t in[N];

	(void)state;
	for (unsigned int pair = 0; pair < TYPES * TYPES * 2; pair++) {
		struct axon_dma_copy d = copy_of(1);

		d.src_type = pair / TYPES % TYPES;
		d.dst_type = pair % TYPES;
		flat.scattered = pair >= TYPES * TYPES;
		d.extent[0] = N;
		d.src = MEM + 4099;
		d.dst = MEM + 40961;
		d.src_stride[0] = sizes[d.src_type];
		d.dst_stride[0] = sizes[d.dst_type];
		for (int i = 0; i < N; i++) {
			in[i] = element(d.src_type);
			put(d.src + i * sizes[d.src_type], d.src_type, in[i]);
		}
		assert_int_equal(run(&d), 0);
		for (int i = 0; i < N; i++)
			check_element(d.dst + i * sizes[d.dst_type], d.dst_type, in[i], d.src_type);
	}
	flat.scattered = false;
}

/* The functions for single numbers, which the engines share. */
static void test_single_conversions(void **state)
{
	(void)state;
	for (uint32_t h = 0; h < 65536; h++) {
		const float half = f16_to_f32(h), brain = bf16_to_f32(h);

		assert_true(half == decode(AXON_F16, h) || (half != half && is_nan(AXON_F16, h)));
		assert_true(brain == decode(AXON_BF16, h) ||
			    (brain != brain && is_nan(AXON_BF16, h)));
		/* halfway to the next one and its neighbours: what ties are made of */
		for (int i = -1; i < 2; i++) {
			const float b = f32_from_bits((h << 16 | 0x8000) + i);
			const float f = f32_from_bits(f32_bits(half * (1 + 0x1p-11f)) + i);

			if (b == b)
				assert_int_equal(f32_to_bf16(b), encode(AXON_BF16, b));
			if (f == f)
				assert_int_equal(f32_to_f16(f), encode(AXON_F16, f));
		}
		/* eight or nine significant bits anywhere, with and without a bit far below */
		for (int i = 0; i < 2; i++) {
			const int32_t n =
				(int32_t)(((h & 0x3ff) | 0x200) << 21 >> (h >> 10) % 24) + i;

			assert_int_equal(i32_to_bf16(n), encode(AXON_BF16, n));
			assert_int_equal(i32_to_bf16(-n), encode(AXON_BF16, -(double)n));
		}
	}
	for (int n = 0; n < 100000; n++) {
		const uint32_t u = element(AXON_F32);

		assert_int_equal(f32_to_i32(f32_from_bits(u)),
				 (int32_t)encode(AXON_I32, decode(AXON_F32, u)));
	}
}

/* A random shape whose destination elements do not overlap. */
static void random_shape(struct axon_dma_copy *d)
{
	uint8_t order[2][AXON_DMA_DIMS] = {{0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}};
	int64_t span[2] = {sizes[d->dst_type], sizes[d->src_type]};
	uint64_t total = 1;

	for (int i = 0; i < d->dims; i++) {
		static const uint32_t extents[] = {1, 2, 3, 5, 7, 13, 32, 33, 67};
		uint32_t n = extents[below(9)];

		while (total * n > 20000)
			n = n / 2 + (n == 1 ? 0 : n % 2);
		d->extent[i] = n ? n : 1;
		total *= d->extent[i];
	}
	for (int side = 0; side < 2; side++) {
		int64_t low = 0;

		for (int i = d->dims - 1; i > 0 && below(2); i--) {
			const unsigned int j = below(i + 1);
			const uint8_t swap = order[side][i];

			order[side][i] = order[side][j];
			order[side][j] = swap;
		}
		for (int i = 0; i < d->dims; i++) {
			const unsigned int dim = order[side][i];
			int64_t stride = span[side] + (below(3) ? 0 : below(9));

			span[side] = stride * d->extent[dim];
			if (!below(5)) {
				stride = -stride;
				low += stride * (d->extent[dim] - 1);
			}
			if (side)
				d->src_stride[dim] = below(12) ? stride : 0;
			else
				d->dst_stride[dim] = stride;
		}
		assert_true(span[side] < 1 << 22);
		if (side)
			d->src = MEM + below(100) - low;
		else
			d->dst = MEM + (FLAT_BYTES / 2) + below(100) - low;
	}
}

/* Whether src is read at this index. */
static bool is_read(const struct axon_dma_copy *d, const uint32_t *at)
{
	for (int i = 0; i < d->dims && d->h.flags & AXON_DMA_F_CLIP; i++) {
		const int64_t position = (int64_t)d->origin[i] + at[i];

		if (position < 0 || position >= d->limit[i])
			return false;
	}
	return true;
}

static void check_copy(const struct axon_dma_copy *d, struct flat_before *before)
{
	uint32_t at[AXON_DMA_DIMS] = {0};
	int i;

	do {
		uint64_t dst = d->dst, src = d->src;

		for (i = 0; i < d->dims; i++) {
			dst += at[i] * (uint64_t)d->dst_stride[i];
			src += at[i] * (uint64_t)d->src_stride[i];
		}
		if (is_read(d, at))
			check_element(dst, d->dst_type, get(src, d->src_type), d->src_type);
		else
			assert_int_equal(get(dst, d->dst_type), 0);
		/* What is right becomes "before": nothing else may differ in the end. */
		for (unsigned int b = 0; b < sizes[d->dst_type]; b++)
			before->mem[flat_at(&flat, dst + b) - flat.mem] = *flat_at(&flat, dst + b);
		for (i = 0; i < d->dims; i++) {
			if (++at[i] < d->extent[i])
				break;
			at[i] = 0;
		}
	} while (i < d->dims);
	assert_true(flat_unchanged(&flat, before));
}

static void random_memory(void)
{
	for (uint64_t i = 0; i < FLAT_BYTES; i += 4) {
		const uint32_t r = flat_random(&seed);

		memcpy(flat.mem + i, &r, 4);
	}
}

static void test_random_copies(void **state)
{
	(void)state;
	random_memory();
	for (int n = 0; n < 250; n++) {
		struct axon_dma_copy d = copy_of(1 + below(AXON_DMA_DIMS));
		struct flat_before before;

		flat.scattered = n % 2;
		d.src_type = below(TYPES);
		d.dst_type = below(2) ? d.src_type : below(TYPES);
		random_shape(&d);
		if (!below(3)) {
			d.h.flags = AXON_DMA_F_CLIP;
			for (int i = 0; i < d.dims; i++) {
				d.origin[i] = below(2) ? 0 : (int)below(9) - 4;
				d.limit[i] = below(3) ? d.extent[i] : below(d.extent[i] + 3);
			}
		}
		before = flat_before(&flat);
		assert_int_equal(run(&d), 0);
		flat_check_reported(&flat, &before);
		check_copy(&d, &before);
		flat_forget(&before);
	}
	flat.scattered = false;
}

/* Several panels of plain bytes, in every combination of SRAM and memory. */
static void test_large_copies(void **state)
{
	static const uint64_t places[] = {MEM + 5, MEM + 0x300003, SRAM + 1, SRAM + FLAT_SRAM / 2};

	(void)state;
	for (int n = 0; n < 32; n++) {
		const uint64_t src = places[n % 4], dst = places[n / 4 % 4];
		const uint32_t bytes = FLAT_SRAM / 2 - 17;
		struct axon_dma_copy d = copy_of(1);
		uint8_t *expected = malloc(bytes), *found = malloc(bytes);

		flat.scattered = n >= 16;
		if (src != dst) {
			d.src = src;
			d.dst = dst;
			d.src_type = d.dst_type = AXON_U8;
			d.extent[0] = bytes;
			d.src_stride[0] = d.dst_stride[0] = 1;
			flat_get(&flat, src, expected, bytes);
			assert_int_equal(run(&d), 0);
			flat_get(&flat, dst, found, bytes);
			assert_memory_equal(found, expected, bytes);
		}
		free(expected);
		free(found);
	}
	flat.scattered = false;
}

/* ---- FILL -------------------------------------------------------------------------------- */
static void test_fill(void **state)
{
	(void)state;
	for (unsigned int type = 0; type < TYPES; type++)
		for (unsigned int n = 0; n < 20; n++) {
			struct axon_dma_copy d = copy_of(1 + below(AXON_DMA_DIMS));
			uint32_t at[AXON_DMA_DIMS] = {0}, u;
			struct flat_before before;
			int i;

			flat.scattered = n % 2;
			d.dst_type = type;
			random_shape(&d);
			d.h.op = AXON_DMA_FILL;
			d.src = 0xa5a5a5a500000000ull | flat_random(&seed);
			u = d.src & (sizes[type] == 4 ? ~0u : (1u << 8 * sizes[type]) - 1);
			before = flat_before(&flat);
			assert_int_equal(run(&d), 0);
			flat_check_reported(&flat, &before);
			do {
				uint64_t dst = d.dst;

				for (i = 0; i < d.dims; i++)
					dst += at[i] * (uint64_t)d.dst_stride[i];
				assert_int_equal(get(dst, type), u);
				memcpy(before.mem + (flat_at(&flat, dst) - flat.mem), &u, 1);
				for (unsigned int b = 1; b < sizes[type]; b++)
					before.mem[flat_at(&flat, dst + b) - flat.mem] = u >> 8 * b;
				for (i = 0; i < d.dims; i++) {
					if (++at[i] < d.extent[i])
						break;
					at[i] = 0;
				}
			} while (i < d.dims);
			assert_true(flat_unchanged(&flat, &before));
			flat_forget(&before);
		}
	flat.scattered = false;
}

/* ---- GATHER and SCATTER ------------------------------------------------------------------ */
static struct axon_dma_rows rows_of(unsigned int op, uint32_t rows, uint32_t cols)
{
	return (struct axon_dma_rows){
		.h = {.op = op, .size = sizeof(struct axon_dma_rows)},
		.rows = rows,
		.cols = cols,
		.limit = 50,
		.dst = MEM + 0x10007,
		.src = MEM + 0x200003,
		.index = MEM + 0x100,
	};
}

static void test_rows(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 200; n++) {
		const bool gather = n % 2;
		struct axon_dma_rows d = rows_of(gather ? AXON_DMA_GATHER : AXON_DMA_SCATTER,
						 1 + below(40), 1 + below(700));
		uint8_t order[50];

		flat.scattered = n / 2 % 2;
		d.src_type = below(TYPES);
		d.dst_type = below(2) ? d.src_type : below(TYPES);
		d.src_stride = d.cols * sizes[d.src_type] + below(50);
		d.dst_stride = d.cols * sizes[d.dst_type] + below(50);
		for (int i = 0; i < 50; i++)
			order[i] = i;
		for (uint32_t i = 0; i < d.rows; i++) {
			/* scattered rows must differ, or which one stays is open */
			const uint32_t j = i + below(50 - i), pick = order[j];

			order[j] = order[i];
			order[i] = gather ? below(50) : pick;
			put(d.index + 4 * i, AXON_I32, order[i]);
		}
		assert_int_equal(run(&d), 0);
		for (uint32_t i = 0; i < d.rows; i++)
			for (uint32_t j = 0; j < d.cols; j++) {
				const uint32_t to = gather ? i : order[i],
					       from = gather ? order[i] : i;

				check_element(
					d.dst + to * d.dst_stride + j * sizes[d.dst_type],
					d.dst_type,
					get(d.src + from * d.src_stride + j * sizes[d.src_type],
					    d.src_type),
					d.src_type);
			}
	}
	flat.scattered = false;
}

static void test_bad_index(void **state)
{
	(void)state;
	for (int gather = 0; gather < 2; gather++) {
		struct axon_dma_rows d = rows_of(gather ? AXON_DMA_GATHER : AXON_DMA_SCATTER, 3, 8);
		const uint32_t index[3] = {49, 50, 0};

		d.src_stride = d.dst_stride = 32;
		flat_put(&flat, d.index, index, sizeof(index));
		assert_int_equal(run(&d), AXON_FAULT_BAD_INDEX);
		assert_int_equal(flat.e.fault_addr, d.index + 4);
		assert_int_equal(flat.e.fault_info, 50);
	}
}

/* ---- refusals ---------------------------------------------------------------------------- */
#define COPY_FIELD(member) offsetof(struct axon_dma_copy, member)

static struct axon_dma_copy good_copy(void)
{
	struct axon_dma_copy d = copy_of(2);

	d.src = MEM;
	d.dst = SRAM;
	d.extent[0] = 8;
	d.extent[1] = 4;
	d.src_stride[0] = d.dst_stride[0] = 4;
	d.src_stride[1] = d.dst_stride[1] = 32;
	return d;
}

static void refuse_copy(struct axon_dma_copy d, int cause, uint64_t info_or_addr)
{
	struct flat_before before = flat_before(&flat);

	assert_int_equal(run(&d), cause);
	if (cause == AXON_FAULT_BAD_DESC) {
		assert_int_equal(flat.e.fault_addr, FLAT_DESC);
		assert_int_equal(flat_bad_field(&flat), info_or_addr);
	} else {
		assert_int_equal(flat.e.fault_addr, info_or_addr);
	}
	assert_true(flat_unchanged(&flat, &before));
	flat_forget(&before);
}

#define REFUSE(change, field)                                           \
	do {                                                            \
		struct axon_dma_copy d = good_copy();                   \
                                                                        \
		change;                                                 \
		refuse_copy(d, AXON_FAULT_BAD_DESC, COPY_FIELD(field)); \
	} while (0)

#define REFUSE_RANGE(change, cause, addr)             \
	do {                                          \
		struct axon_dma_copy d = good_copy(); \
                                                      \
		change;                               \
		refuse_copy(d, cause, addr);          \
	} while (0)

static void test_bad_copies(void **state)
{
	struct axon_dma_copy good = good_copy();

	(void)state;
	assert_int_equal(run(&good), 0);
	REFUSE(d.h.op = AXON_DMA_OP_COUNT, h.op);
	REFUSE(d.h.size--, h.size);
	REFUSE(d.h.size += 8, h.size);
	REFUSE(d.h.flags = 2, h.flags);
	REFUSE(d.h.reserved = 1, h.reserved);
	REFUSE(d.dst_type = AXON_Q8A, dst_type);
	REFUSE(d.src_type = AXON_BLOCK, src_type);
	REFUSE(d.dst_type = 255, dst_type);
	REFUSE(d.dims = 0, dims);
	REFUSE(d.dims = 7, dims);
	REFUSE(d.reserved0 = 1, reserved0);
	REFUSE(d.reserved1 = 1, reserved1);
	REFUSE((d.h.op = AXON_DMA_FILL, d.h.flags = AXON_DMA_F_CLIP), h.flags);
	REFUSE((d.h.op = AXON_DMA_PREFETCH, d.src_type = 77), src_type);
	/* addresses that run around the end, or out of memory into SRAM */
	REFUSE((d.src = ~0ull - 8), src_stride);
	REFUSE((d.dst = ~0ull - 8), dst_stride);
	REFUSE((d.src_stride[1] = INT64_MAX, d.dst_stride[1] = 0, d.extent[1] = UINT32_MAX),
	       src_stride);
	REFUSE((d.src_stride[1] = INT64_MIN), src_stride);
	REFUSE((d.dst = AXON_LOCAL_END, d.dst_stride[1] = -32), dst_stride);
	REFUSE((d.h.op = AXON_DMA_PREFETCH, d.src = ~0ull - 8), src_stride);

	REFUSE_RANGE(d.dst = SRAM + FLAT_SRAM - 127, AXON_FAULT_SRAM_RANGE, SRAM + FLAT_SRAM);
	REFUSE_RANGE(d.dst = SRAM - 1, AXON_FAULT_SRAM_RANGE, SRAM - 1);
	REFUSE_RANGE(d.dst_stride[1] = -32, AXON_FAULT_SRAM_RANGE, SRAM - 96);
	REFUSE_RANGE((d.src = SRAM + FLAT_SRAM, d.dst = MEM), AXON_FAULT_SRAM_RANGE,
		     SRAM + FLAT_SRAM);
	REFUSE_RANGE(d.src = 0, AXON_FAULT_SRAM_RANGE, 0);
	REFUSE_RANGE(d.src = FLAT_BASE + FLAT_BYTES, AXON_FAULT_PAGE_READ, FLAT_BASE + FLAT_BYTES);
	REFUSE_RANGE((d.src = SRAM, d.dst = FLAT_READONLY), AXON_FAULT_PAGE_WRITE, FLAT_READONLY);
	REFUSE_RANGE((d.h.op = AXON_DMA_FILL, d.dst = SRAM + FLAT_SRAM - 127),
		     AXON_FAULT_SRAM_RANGE, SRAM + FLAT_SRAM);
	REFUSE_RANGE((d.h.op = AXON_DMA_PREFETCH, d.src = SRAM + FLAT_SRAM - 127),
		     AXON_FAULT_SRAM_RANGE, SRAM + FLAT_SRAM);
}

#define ROWS_FIELD(member) offsetof(struct axon_dma_rows, member)
#define REFUSE_ROWS(change, cause, check)                                \
	do {                                                             \
		struct axon_dma_rows d = rows_of(AXON_DMA_GATHER, 3, 8); \
                                                                         \
		d.src_stride = d.dst_stride = 32;                        \
		change;                                                  \
		assert_int_equal(run(&d), cause);                        \
		assert_true(check);                                      \
	} while (0)

static void test_bad_rows(void **state)
{
	const uint32_t index[3] = {0, 1, 2};

	(void)state;
	flat_put(&flat, MEM + 0x100, index, sizeof(index));
	REFUSE_ROWS((void)d, 0, true);
	REFUSE_ROWS(d.rows = 0, 0, flat.e.cycles == 64);
	REFUSE_ROWS(d.h.size = 80, AXON_FAULT_BAD_DESC,
		    flat_bad_field(&flat) == ROWS_FIELD(h.size));
	REFUSE_ROWS(d.dst_type = 6, AXON_FAULT_BAD_DESC,
		    flat_bad_field(&flat) == ROWS_FIELD(dst_type));
	REFUSE_ROWS(d.src_type = 8, AXON_FAULT_BAD_DESC,
		    flat_bad_field(&flat) == ROWS_FIELD(src_type));
	REFUSE_ROWS(d.reserved = 1, AXON_FAULT_BAD_DESC,
		    flat_bad_field(&flat) == ROWS_FIELD(reserved));
	REFUSE_ROWS(d.h.flags = 1, AXON_FAULT_BAD_DESC,
		    flat_bad_field(&flat) == ROWS_FIELD(h.flags));
	REFUSE_ROWS(d.dst_stride = INT64_MAX, AXON_FAULT_BAD_DESC,
		    flat_bad_field(&flat) == ROWS_FIELD(dst_stride));
	REFUSE_ROWS(d.dst = SRAM + FLAT_SRAM - 80, AXON_FAULT_SRAM_RANGE,
		    flat.e.fault_addr == SRAM + FLAT_SRAM);
	REFUSE_ROWS(d.index = SRAM + FLAT_SRAM - 8, AXON_FAULT_SRAM_RANGE,
		    flat.e.fault_addr == SRAM + FLAT_SRAM);
	/* the row that index 2 names ends outside */
	REFUSE_ROWS(d.src = SRAM + FLAT_SRAM - 80, AXON_FAULT_SRAM_RANGE,
		    flat.e.fault_addr == SRAM + FLAT_SRAM);
	REFUSE_ROWS(d.src = FLAT_BASE + FLAT_BYTES - 64, AXON_FAULT_PAGE_READ,
		    flat.e.fault_addr == FLAT_BASE + FLAT_BYTES);
}

/* ---- stopping and cost ------------------------------------------------------------------- */
static void test_stop(void **state)
{
	struct axon_dma_copy d = good_copy();

	(void)state;
	flat.stop = 1;
	assert_int_equal(run(&d), 0); /* less than a panel: done before anyone looks */
	d.src_stride[1] = d.dst_stride[1] = 0;
	d.extent[1] = UINT32_MAX; /* hours */
	assert_int_equal(run(&d), ENGINE_STOPPED);
	d.extent[0] = 1;
	assert_int_equal(run(&d), ENGINE_STOPPED);
	d.h.op = AXON_DMA_FILL;
	assert_int_equal(run(&d), ENGINE_STOPPED);
	flat.stop = 0;
}

static uint64_t cost(uint64_t dst, uint64_t src, uint8_t dst_type, uint8_t src_type,
		     unsigned int op)
{
	struct axon_dma_copy d = good_copy();

	d.h.op = op;
	d.dst = dst;
	d.src = src;
	d.dst_type = dst_type;
	d.src_type = src_type;
	d.extent[0] = 7; /* 28 elements */
	assert_int_equal(run(&d), 0);
	return flat.e.cycles;
}

static void test_cost(void **state)
{
	struct axon_dma_rows d = rows_of(AXON_DMA_GATHER, 3, 8);
	const uint32_t index[3] = {0, 1, 2};
	struct axon_dma_copy none = good_copy();

	(void)state;
	/* 112 bytes of F32 in SRAM: 64 + 112/64 up */
	assert_int_equal(cost(SRAM, SRAM + 4096, AXON_F32, AXON_F32, AXON_DMA_COPY), 66);
	/* 112 from memory: 64 + 112/32 up */
	assert_int_equal(cost(SRAM, MEM, AXON_F32, AXON_F32, AXON_DMA_COPY), 68);
	/* 112 from and 56 to memory */
	assert_int_equal(cost(MEM + 4096, MEM, AXON_BF16, AXON_F32, AXON_DMA_COPY), 70);
	assert_int_equal(cost(MEM, 0, AXON_F16, AXON_F32, AXON_DMA_FILL), 66);
	assert_int_equal(cost(SRAM, 0, AXON_F16, AXON_F32, AXON_DMA_FILL), 65);
	assert_int_equal(cost(0, MEM, AXON_F32, AXON_F32, AXON_DMA_PREFETCH), 68);
	none.extent[1] = 0;
	assert_int_equal(run(&none), 0);
	assert_int_equal(flat.e.cycles, 64);
	/* 96 bytes each way and an index list of 12 */
	flat_put(&flat, d.index, index, sizeof(index));
	d.src_stride = d.dst_stride = 32;
	assert_int_equal(run(&d), 0);
	assert_int_equal(flat.e.cycles, 64 + 7);
	d.dst = SRAM;
	assert_int_equal(run(&d), 0);
	assert_int_equal(flat.e.cycles, 64 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversions),   cmocka_unit_test(test_single_conversions),
		cmocka_unit_test(test_random_copies), cmocka_unit_test(test_large_copies),
		cmocka_unit_test(test_fill),	      cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bad_index),     cmocka_unit_test(test_bad_copies),
		cmocka_unit_test(test_bad_rows),      cmocka_unit_test(test_stop),
		cmocka_unit_test(test_cost),
	};
	int failed;

	flat_open(&flat);
	seed = 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	flat_close(&flat);
	return failed != 0;
}
