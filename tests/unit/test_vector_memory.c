/* SPDX-License-Identifier: MIT */
/* The vector engine's operands: types, strides, broadcasts, indices, quantising, random numbers. */
#include "convert.h"
#include "vector_test.h"

#define OUT (MEM + 0x100000)

static const uint8_t sizes[] = {
	[AXON_F32] = 4, [AXON_BF16] = 2, [AXON_F16] = 2,
	[AXON_I8] = 1,	[AXON_U8] = 1,	 [AXON_I32] = 4,
};

/* The element at an address as LOAD gives it. convert.h's own functions are tested in test_dma. */
static float element(uint64_t addr, uint8_t type)
{
	uint32_t u = 0;

	flat_get(&flat, addr, &u, sizes[type]);
	switch (type) {
	case AXON_BF16: return bf16_to_f32(u);
	case AXON_F16: return f16_to_f32(u);
	case AXON_I8: return (int8_t)u;
	case AXON_U8: return (uint8_t)u;
	default: return from_bits(u);
	}
}

static void assert_stored(uint64_t addr, uint8_t type, float value)
{
	uint32_t found = 0, expected;

	flat_get(&flat, addr, &found, sizes[type]);
	switch (type) {
	case AXON_BF16: expected = f32_to_bf16(value); break;
	case AXON_F16: expected = f32_to_f16(value); break;
	case AXON_I8: expected = (uint8_t)i32_to_i8(f32_to_i32(value)); break;
	case AXON_U8: expected = i32_to_u8(f32_to_i32(value)); break;
	default: expected = bits(value);
	}
	if (found != expected)
		fail_msg("type %u: expected 0x%x, found 0x%x for %a", type, expected, found, value);
}

static uint64_t address(const struct axon_vector_operand *o, uint32_t r, uint32_t c)
{
	if (o->row_div)
		return o->addr + r / o->row_div * o->outer_stride + r % o->row_div * o->row_stride +
		       (int64_t)c * o->col_stride;
	return o->addr + r * o->row_stride + (int64_t)c * o->col_stride;
}

static void random_memory(void)
{
	for (uint64_t i = 0; i < FLAT_BYTES; i += 4) {
		const float f = number();

		memcpy(flat.mem + i, &f, 4);
	}
}

/* ---- every type, stride and way of addressing -------------------------------------------- */
/* Gives an operand strides of some kind; a destination's elements must not overlap. */
static void shape(struct axon_vector_operand *o, const struct program *p, bool dst)
{
	const int32_t size = sizes[o->type];
	const uint32_t kind = below(dst ? 4 : 6);

	o->row_stride = p->d.cols * size;
	switch (kind) {
	case 1: /* strided */
		o->col_stride = size + 1 + below(20);
		o->row_stride = (int64_t)p->d.cols * o->col_stride;
		break;
	case 2: /* backwards */
		o->col_stride = -size - (int)below(3);
		o->row_stride = (int64_t)p->d.cols * -o->col_stride;
		o->addr += p->d.cols * (uint64_t)-o->col_stride;
		break;
	case 3: /* two levels, the outer one backwards */
		o->row_div = 1 + below(4);
		o->outer_stride = -(o->row_stride * o->row_div + 8);
		o->addr += 0x40000;
		break;
	case 4: o->col_stride = 0; break;
	case 5: o->row_stride = 0; break;
	}
}

static void test_operands(void **state)
{
	(void)state;
	random_memory();
	for (unsigned int n = 0; n < 240; n++) {
		const uint32_t rows = 1 + below(6), even = below(2) ? 16 : 1;
		const uint32_t cols = even * (below(2) ? 1 + below(40) : 1 + below(1200 / even));
		const uint8_t from = n % 6, to = n / 6 % 6;
		struct axon_vector_operand *a, *d;
		struct flat_before before;
		struct program p;

		flat.scattered = n % 2;
		start(&p, rows, cols);
		a = operand(&p, MEM + 4088 + (even > 1 ? 0 : below(9)), from, sizes[from]);
		d = operand(&p, OUT + 4088 + (even > 1 ? 0 : below(9)), to, sizes[to]);
		shape(a, &p, false);
		shape(d, &p, true);
		insn(&p, AXON_V_LOAD, 9, 0, 0, 0);
		insn(&p, AXON_V_ADDI, 10, 9, 0, 0)->fimm = 0.25f;
		insn(&p, AXON_V_STORE, 1, 0, 10, 0);
		before = flat_before(&flat);
		assert_int_equal(run(&p), 0);
		flat_check_reported(&flat, &before);
		for (uint32_t r = 0; r < rows; r++)
			for (uint32_t c = 0; c < cols; c++) {
				const uint64_t at = address(d, r, c);

				assert_stored(at, to, element(address(a, r, c), from) + 0.25f);
				for (int b = 0; b < sizes[to]; b++)
					before.mem[flat_at(&flat, at + b) - flat.mem] =
						*flat_at(&flat, at + b);
			}
		assert_true(flat_unchanged(&flat, &before));
		flat_forget(&before);
	}
	flat.scattered = false;
}

/* A store of all columns to one place leaves the last; a row register is stored once, at column 0. */
static void test_single_stores(void **state)
{
	struct flat_before before;
	struct program p;

	(void)state;
	start(&p, 3, 600);
	operand(&p, MEM, AXON_F32, 4);
	operand(&p, SRAM, AXON_F32, 0)->row_stride = 4;
	operand(&p, SRAM + 4096, AXON_F16, 2);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_STORE, 1, 0, 0, 0);
	insn(&p, AXON_V_ROW, AXON_R(0), 0, 0, 0);
	insn(&p, AXON_V_I2F, AXON_R(0), AXON_R(0), 0, 0);
	insn(&p, AXON_V_STORE, 2, 0, AXON_R(0), 0);
	before = flat_before(&flat);
	assert_int_equal(run(&p), 0);
	for (int r = 0; r < 3; r++) {
		assert_stored(SRAM + 4 * r, AXON_F32, element(MEM + 2400 * r + 2396, AXON_F32));
		assert_stored(SRAM + 4096 + 1200 * r, AXON_F16, r);
		memcpy(before.sram + 4 * r, flat.e.sram + 4 * r, 4);
		memcpy(before.sram + 4096 + 1200 * r, flat.e.sram + 4096 + 1200 * r, 2);
	}
	assert_true(flat_unchanged(&flat, &before));
	flat_forget(&before);
}

/* A register keeps what it loaded when the operand is stored before its last use. */
static void test_in_place(void **state)
{
	static float before[1536], after[1536], squares[1536];
	struct program p;

	(void)state;
	flat_get(&flat, MEM, before, sizeof(before));
	start(&p, 3, 512);
	operand(&p, MEM, AXON_F32, 4);
	operand(&p, OUT, AXON_F32, 4);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_ADDI, 1, 0, 0, 0)->fimm = 1;
	insn(&p, AXON_V_STORE, 0, 0, 1, 0);
	insn(&p, AXON_V_MUL, 2, 0, 0, 0);
	insn(&p, AXON_V_STORE, 1, 0, 2, 0);
	assert_int_equal(run(&p), 0);
	flat_get(&flat, MEM, after, sizeof(after));
	flat_get(&flat, OUT, squares, sizeof(squares));
	for (int i = 0; i < 1536; i++) {
		assert_same(after[i], before[i] + 1, "in place", i);
		assert_same(squares[i], before[i] * before[i], "kept", i);
	}
}

/*
 * Results that are stored where others were loaded, in every order of the stores: as if each
 * instruction had been done on its own.
 */
static void test_in_place_pairs(void **state)
{
	(void)state;
	for (int n = 0; n < 4000; n++) {
		const uint32_t cols = n % 3 ? 32 : 25;
		float x[32], y[32], v[4][32];
		bool made[4] = {false};
		struct program p;

		start(&p, 1, cols);
		operand(&p, MEM, AXON_F32, 4);
		operand(&p, OUT, AXON_F32, 4);
		for (uint32_t i = 0; i < cols; i++) {
			x[i] = number();
			y[i] = number();
		}
		flat_put(&flat, MEM, x, sizeof(x));
		flat_put(&flat, OUT, y, sizeof(y));
		for (int k = 0; k < 14; k++) {
			const uint32_t at = below(2), dst = below(4), a = below(4), b = below(4);
			float *operand_values = at ? y : x;

			switch (below(3)) {
			case 0:
				insn(&p, AXON_V_LOAD, dst, at, 0, 0);
				memcpy(v[dst], operand_values, sizeof(x));
				made[dst] = true;
				break;
			case 1:
				if (!made[a] || !made[b])
					break;
				insn(&p, AXON_V_ADD, dst, a, b, 0);
				for (uint32_t i = 0; i < cols; i++)
					v[dst][i] = v[a][i] + v[b][i];
				made[dst] = true;
				break;
			case 2:
				if (!made[a])
					break;
				insn(&p, AXON_V_STORE, at, 0, a, 0);
				memcpy(operand_values, v[a], sizeof(x));
				break;
			}
		}
		if (!p.d.insns)
			continue;
		assert_int_equal(run(&p), 0);
		for (uint32_t i = 0; i < cols; i++) {
			assert_same(element(MEM + 4 * i, AXON_F32), x[i], "first operand", n);
			assert_same(element(OUT + 4 * i, AXON_F32), y[i], "second operand", n);
		}
	}
}

/* Rows that follow each other may be run as one: the translations show that they were. */
static void test_long_streams(void **state)
{
	enum { ROWS = 2000, COLS = 3 };
	struct program p;

	(void)state;
	start(&p, ROWS, COLS);
	operand(&p, MEM, AXON_F32, 4);
	operand(&p, OUT, AXON_F32, 4);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_NEG, 0, 0, 0, 0);
	insn(&p, AXON_V_STORE, 1, 0, 0, 0);
	flat.translations = 0;
	assert_int_equal(run(&p), 0);
	assert_true(flat.translations <= 2);
	for (int i = 0; i < ROWS * COLS; i++)
		assert_same(element(OUT + 4 * i, AXON_F32), -element(MEM + 4 * i, AXON_F32),
			    "stream", i);
}

/* ---- indices ----------------------------------------------------------------------------- */
static void test_gather(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 60; n++) {
		const uint32_t cols = 1 + below(900), limit = 1 + below(3000);
		const uint8_t type = n % 6;
		static uint32_t index[3000];
		struct axon_vector_operand *table;
		struct program p;

		flat.scattered = n / 6 % 2;
		start(&p, 3, cols);
		operand(&p, SRAM, AXON_I32, 4);
		table = operand(&p, MEM + 3, type, sizes[type] + (int)below(2) * 6);
		table->row_stride = 0x8000;
		table->limit = limit;
		if (!below(4)) {
			table->addr += 0x10000;
			table->col_stride = -table->col_stride;
		}
		operand(&p, OUT, AXON_F32, 4);
		for (uint32_t i = 0; i < 3 * cols; i++)
			index[i] = below(limit);
		flat_put(&flat, SRAM, index, 3 * cols * 4);
		insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
		insn(&p, AXON_V_GATHER, 1, 1, 0, 0);
		insn(&p, AXON_V_STORE, 2, 0, 1, 0);
		assert_int_equal(run(&p), 0);
		for (uint32_t i = 0; i < 3 * cols; i++)
			assert_same(element(OUT + 4 * i, AXON_F32),
				    element(address(table, i / cols, index[i]), type), "gather", i);
	}
	flat.scattered = false;
}

static void test_scatter_add(void **state)
{
	enum { COLS = 1300, LIMIT = 37 };
	static uint32_t index[2 * COLS];
	static float value[2 * COLS], sum[2][LIMIT];

	(void)state;
	for (int scattered = 0; scattered < 2; scattered++) {
		struct program p;

		flat.scattered = scattered;
		start(&p, 2, COLS);
		operand(&p, SRAM, AXON_I32, 4);
		operand(&p, SRAM + 0x10000, AXON_F32, 4);
		operand(&p, OUT + 4000, AXON_F32, 12)->limit = LIMIT;
		for (int i = 0; i < 2 * COLS; i++) {
			index[i] = below(LIMIT);
			value[i] = number();
		}
		for (int i = 0; i < 2 * LIMIT; i++) {
			const uint64_t at = address(&p.d.operand[2], i / LIMIT, i % LIMIT);

			sum[i / LIMIT][i % LIMIT] = number();
			flat_put(&flat, at, &sum[i / LIMIT][i % LIMIT], 4);
		}
		flat_put(&flat, SRAM, index, sizeof(index));
		flat_put(&flat, SRAM + 0x10000, value, sizeof(value));
		insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
		insn(&p, AXON_V_LOAD, 1, 1, 0, 0);
		insn(&p, AXON_V_SCATTER_ADD, 2, 0, 0, 1);
		assert_int_equal(run(&p), 0);
		for (int i = 0; i < 2 * COLS; i++)
			sum[i / COLS][index[i]] += value[i];
		for (int i = 0; i < 2 * LIMIT; i++)
			assert_same(
				element(address(&p.d.operand[2], i / LIMIT, i % LIMIT), AXON_F32),
				sum[i / LIMIT][i % LIMIT], "scatter", i);
	}
	flat.scattered = false;
}

static void test_bad_index(void **state)
{
	(void)state;
	for (int scatter = 0; scatter < 2; scatter++) {
		struct program p;

		start(&p, 1, 700);
		operand(&p, MEM, AXON_F32, 4)->limit = 699;
		insn(&p, AXON_V_COL, 0, 0, 0, 0);
		if (scatter)
			insn(&p, AXON_V_SCATTER_ADD, 0, 0, 0, 0);
		else
			insn(&p, AXON_V_GATHER, 1, 0, 0, 0);
		assert_int_equal(run(&p), AXON_FAULT_BAD_INDEX);
		assert_int_equal(flat.e.fault_addr, MEM);
		assert_int_equal(flat.e.fault_info, 699);
		p.d.operand[0].limit = 700;
		assert_int_equal(run(&p), 0);
	}
}

/* ---- quantising -------------------------------------------------------------------------- */
static void check_quantised(const float *x, uint64_t addr)
{
	struct axon_q8a found;
	float amax = 0, inverse;
	int sum[2] = {0};

	flat_get(&flat, addr, &found, sizeof(found));
	for (int i = 0; i < 32; i++)
		amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
	inverse = amax == 0 ? 0 : 127.0f / amax;
	assert_same(found.scale, amax / 127.0f, "scale", 0);
	for (int i = 0; i < 32; i++) {
		float q = rintf(x[i] * inverse);

		q = q > 127 ? 127 : q < -127 ? -127 : q;
		if (isnan(q))
			q = 0;
		assert_int_equal(found.q[i], (int)q);
		sum[i / 16] += found.q[i];
	}
	assert_int_equal(found.sum[0], sum[0]);
	assert_int_equal(found.sum[1], sum[1]);
}

static void test_quant(void **state)
{
	enum { COLS = 1120, ROWS = 3 };
	static float in[ROWS * COLS];

	(void)state;
	for (int n = 0; n < 6; n++) {
		struct program p;

		flat.scattered = n % 2;
		for (int i = 0; i < ROWS * COLS; i++) {
			in[i] = number() * exp2f((int)(i / 32 * 7 % 250) - 145);
			if (i / 32 % 11 == 3)
				in[i] = 0;
			if (i / 32 % 11 == 4)
				in[i] = (int)(i % 255) - 127; /* exact */
		}
		in[5] = INFINITY;
		start(&p, ROWS, COLS);
		operand(&p, MEM, AXON_F32, 4);
		operand(&p, OUT + 4093, AXON_Q8A, 0)->row_stride = COLS / 32 * 40 + (n / 2 ? 3 : 0);
		flat_put(&flat, MEM, in, sizeof(in));
		insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
		insn(&p, AXON_V_QUANT, 1, 0, 0, 0);
		assert_int_equal(run(&p), 0);
		for (int i = 0; i < ROWS * COLS; i += 32)
			check_quantised(in + i, OUT + 4093 + i / COLS * p.d.operand[1].row_stride +
							i % COLS / 32 * 40);
	}
	flat.scattered = false;
}

/* ---- random numbers ---------------------------------------------------------------------- */
/* Philox4x32-10 as in the paper's listing. */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t c[4], k[2] = {key[0], key[1]};

	memcpy(c, counter, sizeof(c));
	for (int round = 0; round < 10; round++) {
		const uint64_t p0 = (uint64_t)0xd2511f53 * c[0], p1 = (uint64_t)0xcd9e8d57 * c[2];
		const uint32_t next[4] = {
			(uint32_t)(p1 >> 32) ^ c[1] ^ k[0],
			(uint32_t)p1,
			(uint32_t)(p0 >> 32) ^ c[3] ^ k[1],
			(uint32_t)p0,
		};

		memcpy(c, next, sizeof(c));
		k[0] += 0x9e3779b9;
		k[1] += 0xbb67ae85;
	}
	memcpy(out, c, sizeof(c));
}

/* The known answers of Random123's distribution, for the formula above and for the engine's. */
static void test_philox_known_answers(void **state)
{
	static const uint32_t known[3][10] = {
		{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
		{~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
		 0x94fdcceb, 0x5001e420, 0x24126ea1},
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct vector_philox p = {
			(uint64_t)known[i][5] << 32 | known[i][4],
			known[i][2],
			known[i][3],
		};
		uint32_t words[64], plain[4];

		philox(known[i], known[i] + 4, plain);
		assert_memory_equal(plain, known[i] + 6, 16);
		vector_kernels()->random(words, (uint64_t)known[i][1] << 32 | known[i][0], &p, 16);
		assert_memory_equal(words, known[i] + 6, 16);
	}
}

static uint32_t random_word(const struct program *p, uint64_t element, uint32_t stream)
{
	const uint32_t counter[4] = {element / 4, element / 4 >> 32, stream, p->d.counter};
	const uint32_t key[2] = {p->d.seed, p->d.seed >> 32};
	uint32_t out[4];

	philox(counter, key, out);
	return out[element % 4];
}

static void test_random(void **state)
{
	enum { ROWS = 3, COLS = 1027 };
	struct program p;

	(void)state;
	start(&p, ROWS, COLS);
	p.d.seed = 0x123456789abcdef0;
	p.d.counter = 0xfedcba98;
	operand(&p, OUT, AXON_I32, 4);
	operand(&p, OUT + 0x10000, AXON_F32, 4);
	operand(&p, OUT + 0x20000, AXON_I32, 4);
	insn(&p, AXON_V_RANDOM, 0, 0, 0, 0)->imm = 7;
	insn(&p, AXON_V_UNIFORM, 1, 0, 0, 0)->imm = 8;
	insn(&p, AXON_V_STORE, 0, 0, 0, 0);
	insn(&p, AXON_V_STORE, 1, 0, 1, 0);
	insn(&p, AXON_V_RANDOM, AXON_R(0), 0, 0, 0)->imm = 9;
	insn(&p, AXON_V_STORE, 2, 0, AXON_R(0), 0);
	assert_int_equal(run(&p), 0);
	for (uint32_t i = 0; i < ROWS * COLS; i++) {
		assert_int_equal(bits(element(OUT + 4 * i, AXON_I32)), random_word(&p, i, 7));
		assert_same(element(OUT + 0x10000 + 4 * i, AXON_F32),
			    (float)((random_word(&p, i, 8) >> 8) / 16777216.0), "uniform", i);
		if (i % COLS == 0)
			assert_int_equal(bits(element(OUT + 0x20000 + 4 * i, AXON_I32)),
					 random_word(&p, i, 9));
	}
}

/* The block number passes 2^32 in the middle of a vector. */
static void test_random_carry(void **state)
{
	const struct vector_philox v = {5, 6, 7};
	struct program p = {.d = {.seed = 5, .counter = 7}};
	uint32_t words[128];

	(void)state;
	vector_kernels()->random(words, 0x1fffffff9, &v, 32);
	for (uint64_t i = 0; i < 128; i++)
		assert_int_equal(words[i], random_word(&p, 4 * 0x1fffffff9ull + i, 6));
}

/* fp16 towards zero, by search: the largest one not above |x|. */
static uint16_t f16_towards_zero(float x)
{
	uint16_t low = 0, high = 0x7bff;

	if (isnan(x) || isinf(x))
		return f32_to_f16(x);
	while (low < high) {
		const uint16_t middle = (low + high + 1) / 2;

		if (f16_to_f32(middle) <= fabsf(x))
			low = middle;
		else
			high = middle - 1;
	}
	return low | (signbit(x) ? 0x8000 : 0);
}

static void test_stochastic(void **state)
{
	enum { COLS = 3001 };
	static float in[COLS];

	(void)state;
	for (int n = 0; n < 4; n++) {
		const uint8_t type = n % 2 ? AXON_F16 : AXON_BF16;
		struct program p;

		for (int i = 0; i < COLS; i++)
			in[i] = n < 2 ? number() * exp2f((int)below(40) - 30)
				      : from_bits(flat_random(&seed));
		memcpy(in, (float[]){0, -0.0f, INFINITY, -INFINITY, NAN, 0x1.fffffep127f}, 24);
		start(&p, 1, COLS);
		p.d.seed = 42;
		p.d.counter = n;
		operand(&p, MEM, AXON_F32, 4);
		operand(&p, OUT, type, 2)->flags = AXON_VO_STOCHASTIC;
		flat_put(&flat, MEM, in, sizeof(in));
		insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
		insn(&p, AXON_V_STORE, 1, 0, 0, 0);
		assert_int_equal(run(&p), 0);
		for (uint32_t i = 0; i < COLS; i++) {
			const uint32_t r = random_word(&p, i, ~0u);
			const bool finite = isfinite(in[i]);
			const float f = from_bits(bits(in[i]) +
						  (finite ? r & (n % 2 ? 0x1fff : 0xffff) : 0));
			uint16_t found, expected;

			flat_get(&flat, OUT + 2 * i, &found, 2);
			if (n % 2) /* past the largest fp32: as cut off as any */
				expected = finite && !isfinite(f)
						   ? f16_towards_zero(copysignf(1e30f, f))
						   : f16_towards_zero(f);
			else
				expected = isnan(in[i]) ? f32_to_bf16(in[i]) : bits(f) >> 16;
			assert_int_equal(found, expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operands),     cmocka_unit_test(test_single_stores),
		cmocka_unit_test(test_in_place),     cmocka_unit_test(test_in_place_pairs),
		cmocka_unit_test(test_long_streams), cmocka_unit_test(test_gather),
		cmocka_unit_test(test_scatter_add),  cmocka_unit_test(test_bad_index),
		cmocka_unit_test(test_quant),	     cmocka_unit_test(test_philox_known_answers),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_random_carry),
		cmocka_unit_test(test_stochastic),
	};

	return RUN_WITH_ALL_KERNELS(tests);
}
