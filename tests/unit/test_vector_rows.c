/* SPDX-License-Identifier: MIT */
/* The vector engine's passes: reductions, row registers, top-k, scans, masks by position. */
#include "vector_test.h"

#define ROWS 5
static const uint32_t widths[] = {1, 2, 15, 16, 17, 31, 33, 127, 512, 513, 1031, 4096};
#define WIDTHS	 (sizeof(widths) / sizeof(widths[0]))
#define MAX_COLS 4096

static float in[ROWS * MAX_COLS];

/* Loads operand 0 into v0. */
static void start_loaded(struct program *p, uint32_t rows, uint32_t cols)
{
	start(p, rows, cols);
	operand(p, MEM + 4, AXON_F32, 4);
	insn(p, AXON_V_LOAD, 0, 0, 0, 0);
	flat_put(&flat, MEM + 4, in, (size_t)rows * cols * 4);
}

/* One word for each row, at SRAM. */
static void store_row_register(struct program *p, uint8_t reg)
{
	struct axon_vector_operand *o;

	o = operand(p, SRAM, AXON_I32, 0);
	o->row_stride = 4;
	insn(p, AXON_V_STORE, p->d.operands - 1, 0, reg, 0);
}

static float word(uint64_t addr)
{
	float f;

	flat_get(&flat, addr, &f, 4);
	return f;
}

/* ---- reductions -------------------------------------------------------------------------- */
/* Lane i mod 16 ascending, then the halving tree: the specification's text. */
static float sum_of(const float *a, uint32_t n, bool squares)
{
	float lane[16] = {0};

	for (uint32_t i = 0; i < n; i++) {
		const float square = a[i] * a[i];

		lane[i % 16] += squares ? square : a[i];
	}
	for (int i = 0; i < 8; i++)
		lane[i] += lane[i + 8];
	for (int i = 0; i < 4; i++)
		lane[i] += lane[i + 4];
	lane[0] += lane[2];
	lane[1] += lane[3];
	return lane[0] + lane[1];
}

static float extreme_of(const float *a, uint32_t n, int sign)
{
	float best = NAN;

	for (uint32_t i = 0; i < n; i++)
		if (isnan(best) || sign * a[i] > sign * best ||
		    (a[i] == best && (sign > 0 ? !signbit(a[i]) : signbit(a[i]))))
			best = a[i];
	return best;
}

static float argmax_of(const float *a, uint32_t n)
{
	uint32_t best = ~0u;

	for (uint32_t i = 0; i < n; i++)
		if (!isnan(a[i]) && (best == ~0u || a[i] > a[best]))
			best = i;
	return from_bits(best == ~0u ? 0 : best);
}

static float reduction(unsigned int op, const float *a, uint32_t n)
{
	switch (op) {
	case AXON_V_RSUM: return sum_of(a, n, false);
	case AXON_V_RSUMSQ: return sum_of(a, n, true);
	case AXON_V_RMAX: return extreme_of(a, n, 1);
	case AXON_V_RMIN: return extreme_of(a, n, -1);
	default: return argmax_of(a, n);
	}
}

/* Numbers whose sum depends on the order, with what else may come. */
static void fill_input(uint32_t n, int round)
{
	for (uint32_t i = 0; i < n; i++) {
		in[i] = number() * exp2f((float)below(20) - 10);
		if (round == 1 && !below(3))
			in[i] = below(2) ? NAN : -INFINITY;
		if (round == 2)
			in[i] = below(2) ? 0.0f : -0.0f;
		if (round == 3)
			in[i] = (float)(int)below(3); /* many equals */
		if (round == 4)
			in[i] = NAN;
		if (round == 5)
			in[i] = below(n) ? -INFINITY : NAN;
	}
}

static void test_reductions(void **state)
{
	static const uint8_t ops[] = {AXON_V_RSUM, AXON_V_RSUMSQ, AXON_V_RMAX, AXON_V_RMIN,
				      AXON_V_RARGMAX};

	(void)state;
	for (size_t w = 0; w < WIDTHS * 6; w++) {
		const uint32_t n = widths[w / 6];

		fill_input(ROWS * n, w % 6);
		for (size_t o = 0; o < sizeof(ops); o++) {
			struct program p;

			start_loaded(&p, ROWS, n);
			insn(&p, ops[o], AXON_R(3), 0, 0, 0);
			store_row_register(&p, AXON_R(3));
			assert_int_equal(run(&p), 0);
			for (uint32_t r = 0; r < ROWS; r++)
				assert_same(word(SRAM + 4 * r), reduction(ops[o], in + r * n, n),
					    "reduction", ops[o] * 100000 + n);
		}
	}
}

/* Several at once, of computed values and of a row register, with the row's arithmetic behind. */
static void test_softmax_shape(void **state)
{
	const uint32_t n = 1031;
	static float out[ROWS * MAX_COLS], e[MAX_COLS];
	struct program p;

	(void)state;
	for (uint32_t i = 0; i < ROWS * n; i++)
		in[i] = number() / 100;
	start_loaded(&p, ROWS, n);
	operand(&p, MEM + 0x100000, AXON_F32, 4);
	insn(&p, AXON_V_RMAX, AXON_R(0), 0, 0, 0);
	insn(&p, AXON_V_NEG, AXON_R(1), AXON_R(0), 0, 0);
	insn(&p, AXON_V_PASS, 0, 0, 0, 0);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_ADD, 1, 0, AXON_R(1), 0);
	insn(&p, AXON_V_EXP, 1, 1, 0, 0);
	insn(&p, AXON_V_STORE, 1, 0, 1, 0);
	insn(&p, AXON_V_RSUM, AXON_R(2), 1, 0, 0);
	insn(&p, AXON_V_RCP, AXON_R(2), AXON_R(2), 0, 0);
	insn(&p, AXON_V_PASS, 0, 0, 0, 0);
	insn(&p, AXON_V_LOAD, 5, 1, 0, 0);
	insn(&p, AXON_V_MUL, 5, 5, AXON_R(2), 0);
	insn(&p, AXON_V_STORE, 1, 0, 5, 0);
	assert_int_equal(run(&p), 0);
	flat_get(&flat, MEM + 0x100000, out, sizeof(float) * ROWS * n);
	for (uint32_t r = 0; r < ROWS; r++) {
		double total = 0;

		for (uint32_t i = 0; i < n; i++) {
			e[i] = exp((double)in[r * n + i] - extreme_of(in + r * n, n, 1));
			total += e[i];
		}
		for (uint32_t i = 0; i < n; i++)
			assert_true(fabs(out[r * n + i] - e[i] / total) <
				    1e-6 * e[i] / total + 1e-9);
	}
}

/* Row registers: zero at first, kept over passes, not over rows; ROW, LOAD and UNIFORM in them. */
static void test_row_registers(void **state)
{
	struct axon_vector_operand *o;
	struct program p;

	(void)state;
	start(&p, 4, 20);
	o = operand(&p, MEM, AXON_F32, 0);
	o->row_stride = 4;
	o = operand(&p, SRAM, AXON_F32, 4);
	for (int i = 0; i < 4; i++) {
		const float f = 10 + i;

		flat_put(&flat, MEM + 4 * i, &f, 4);
	}
	insn(&p, AXON_V_LOAD, AXON_R(15), 0, 0, 0);
	insn(&p, AXON_V_ROW, AXON_R(14), 0, 0, 0);
	insn(&p, AXON_V_I2F, AXON_R(14), AXON_R(14), 0, 0);
	insn(&p, AXON_V_CONST, AXON_R(13), 0, 0, 0)->fimm = 100;
	insn(&p, AXON_V_FMA, AXON_R(12), AXON_R(14), AXON_R(13), AXON_R(15));
	insn(&p, AXON_V_ADD, AXON_R(11), AXON_R(11), AXON_R(12), 0);
	insn(&p, AXON_V_PASS, 0, 0, 0, 0);
	insn(&p, AXON_V_ADDI, AXON_R(11), AXON_R(11), 0, 0)->fimm = 0.5f;
	insn(&p, AXON_V_PASS, 0, 0, 0, 0);
	insn(&p, AXON_V_COL, 0, 0, 0, 0);
	insn(&p, AXON_V_I2F, 0, 0, 0, 0);
	insn(&p, AXON_V_ADD, 0, 0, AXON_R(11), 0);
	insn(&p, AXON_V_STORE, 1, 0, 0, 0);
	assert_int_equal(run(&p), 0);
	for (int r = 0; r < 4; r++)
		for (int c = 0; c < 20; c++)
			assert_same(word(SRAM + 80 * r + 4 * c), r * 100 + 10 + r + 0.5f + c,
				    "row register", r);
}

/* A strip instruction in the pass of a reduction sees the register as it was before. */
static void test_reduction_is_final_after_the_pass(void **state)
{
	struct program p;

	(void)state;
	fill_input(2 * 40, 0);
	start_loaded(&p, 2, 40);
	operand(&p, SRAM, AXON_F32, 4);
	insn(&p, AXON_V_RSUM, AXON_R(0), 0, 0, 0);
	insn(&p, AXON_V_MOV, 1, AXON_R(0), 0, 0);
	insn(&p, AXON_V_STORE, 1, 0, 1, 0);
	assert_int_equal(run(&p), 0);
	for (int i = 0; i < 80; i++)
		assert_same(word(SRAM + 4 * i), 0, "before the pass ends", i);
}

/* ---- positions --------------------------------------------------------------------------- */
static void test_columns_and_rows(void **state)
{
	struct program p;

	(void)state;
	start(&p, 3, 700);
	operand(&p, SRAM, AXON_I32, 4);
	insn(&p, AXON_V_COL, 0, 0, 0, 0);
	insn(&p, AXON_V_ROW, 1, 0, 0, 0);
	insn(&p, AXON_V_SHL, 1, 1, 0, 0)->imm = 16;
	insn(&p, AXON_V_OR, 0, 0, 1, 0);
	insn(&p, AXON_V_STORE, 0, 0, 0, 0);
	assert_int_equal(run(&p), 0);
	for (uint32_t i = 0; i < 2100; i++)
		assert_int_equal(bits(word(SRAM + 4 * i)), i / 700 << 16 | i % 700);
}

static void test_affine(void **state)
{
	static const int16_t by[] = {0, 1, -1, 2, -3, 700, -700, 32767, -32768};
	static const int32_t at[] = {0, 1, -1, 5, -600, 600, INT32_MAX, INT32_MIN};

	(void)state;
	for (unsigned int n = 0; n < 9 * 9 * 8; n++) {
		const int16_t by_row = by[n % 9], by_col = by[n / 9 % 9];
		const int32_t start_at = at[n / 81];
		struct axon_vinsn *i;
		struct program p;

		start(&p, 4, 601);
		operand(&p, SRAM, AXON_I32, 4);
		i = insn(&p, AXON_V_AFFINE, 0, 0, 0, 0);
		i->imm = start_at;
		i->imm2 = (uint32_t)(uint16_t)by_col << 16 | (uint16_t)by_row;
		insn(&p, AXON_V_STORE, 0, 0, 0, 0);
		assert_int_equal(run(&p), 0);
		for (int64_t r = 0; r < 4; r++)
			for (int64_t c = 0; c < 601; c++) {
				const uint32_t found = bits(word(SRAM + 4 * (r * 601 + c)));

				assert_int_equal(found,
						 by_row * r + by_col * c + start_at >= 0 ? ~0u : 0);
			}
	}
}

/* ---- scan and top-k ---------------------------------------------------------------------- */
static void test_scan(void **state)
{
	(void)state;
	for (size_t w = 0; w < WIDTHS; w++) {
		const uint32_t n = widths[w];
		struct program p;

		fill_input(ROWS * n, 0);
		start_loaded(&p, ROWS, n);
		operand(&p, MEM + 0x100000, AXON_F32, 4);
		insn(&p, AXON_V_SCAN, 7, 0, 0, 0);
		insn(&p, AXON_V_STORE, 1, 0, 7, 0);
		assert_int_equal(run(&p), 0);
		for (uint32_t r = 0; r < ROWS; r++) {
			float sum = 0;

			for (uint32_t i = 0; i < n; i++) {
				sum += in[r * n + i];
				assert_same(word(MEM + 0x100000 + 4 * (r * n + i)), sum, "scan", i);
			}
		}
	}
}

static int by_rank(const void *x, const void *y)
{
	const struct axon_topk *a = x, *b = y;

	if (a->value != b->value)
		return a->value < b->value ? 1 : -1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void test_topk(void **state)
{
	(void)state;
	for (size_t w = 0; w < WIDTHS * 6; w++) {
		static struct axon_topk sorted[MAX_COLS], found[AXON_V_TOPK_MAX];
		static const uint32_t ks[] = {1, 2, 7, 40, 63, 64};
		const uint32_t n = widths[w / 6], k = ks[below(6)];
		struct program p;

		fill_input(ROWS * n, w % 6);
		start_loaded(&p, ROWS, n);
		operand(&p, SRAM + 8, AXON_F32, 4)->row_stride = 1000;
		insn(&p, AXON_V_TOPK, 1, 0, 0, 0)->imm = k;
		assert_int_equal(run(&p), 0);
		for (uint32_t r = 0; r < ROWS; r++) {
			uint32_t count = 0;

			for (uint32_t i = 0; i < n; i++)
				if (!isnan(in[r * n + i]))
					sorted[count++] = (struct axon_topk){in[r * n + i], i};
			qsort(sorted, count, sizeof(sorted[0]), by_rank);
			flat_get(&flat, SRAM + 8 + 1000 * r, found, k * sizeof(found[0]));
			for (uint32_t i = 0; i < k; i++) {
				const struct axon_topk none = {-INFINITY, ~0u};
				const struct axon_topk e = i < count ? sorted[i] : none;

				assert_same(found[i].value, e.value, "top-k value", i);
				assert_int_equal(found[i].index, e.index);
			}
		}
	}
}

/* The whole of a large vocabulary in one row, ascending: each column enters. */
static void test_topk_large(void **state)
{
	enum { N = 262144 };
	struct axon_topk found[64];
	struct program p;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		const float f = i / 2;

		flat_put(&flat, MEM + 4 * i, &f, 4);
	}
	start(&p, 1, N);
	operand(&p, MEM, AXON_F32, 4);
	operand(&p, SRAM, AXON_I32, 4);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_TOPK, 1, 0, 0, 0)->imm = 64;
	assert_int_equal(run(&p), 0);
	flat_get(&flat, SRAM, found, sizeof(found));
	for (uint32_t i = 0; i < 64; i++) {
		assert_same(found[i].value, (N - 1 - i) / 2, "value", i);
		assert_int_equal(found[i].index, N - 1 - (i ^ 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reductions),
		cmocka_unit_test(test_softmax_shape),
		cmocka_unit_test(test_row_registers),
		cmocka_unit_test(test_reduction_is_final_after_the_pass),
		cmocka_unit_test(test_columns_and_rows),
		cmocka_unit_test(test_affine),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_topk),
		cmocka_unit_test(test_topk_large),
	};

	return RUN_WITH_ALL_KERNELS(tests);
}
