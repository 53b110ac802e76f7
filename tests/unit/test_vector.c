/* SPDX-License-Identifier: MIT */
/*
 * The vector engine's instructions, each against a formula in plain C. All tests run once for each
 * kernel set that the host can run.
 */
#include "vector_test.h"

/* ---- element by element ------------------------------------------------------------------ */
static float min_number(float a, float b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	if (a == b)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static float max_number(float a, float b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	if (a == b)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

static float mask(bool b)
{
	return from_bits(b ? ~0u : 0);
}

static float to_int(float a)
{
	int32_t i = isnan(a)		 ? 0
		    : a >= 2147483648.0f ? INT32_MAX
		    : a < -2147483648.0f ? INT32_MIN
					 : (int32_t)nearbyint((double)a);

	return from_bits(i);
}

#define IMM 13u /* of shifts; ADDI and MULI use 1.375 */

static float expected(unsigned int op, float a, float b, float c)
{
	const uint32_t ua = bits(a), ub = bits(b);

	switch (op) {
	case AXON_V_MOV: return a;
	case AXON_V_ADD: return a + b;
	case AXON_V_SUB: return a - b;
	case AXON_V_MUL: return a * b;
	case AXON_V_DIV: return a / b;
	case AXON_V_FMA: return fmaf(a, b, c);
	case AXON_V_ADDI: return a + 1.375f;
	case AXON_V_MULI: return a * 1.375f;
	case AXON_V_MIN: return min_number(a, b);
	case AXON_V_MAX: return max_number(a, b);
	case AXON_V_NEG: return from_bits(ua ^ 0x80000000);
	case AXON_V_ABS: return from_bits(ua & 0x7fffffff);
	case AXON_V_FLOOR: return floorf(a);
	case AXON_V_RINT: return nearbyintf(a);
	case AXON_V_SQRT: return sqrtf(a);
	case AXON_V_RSQRT: return 1.0f / sqrtf(a);
	case AXON_V_RCP: return 1.0f / a;
	case AXON_V_LT: return mask(a < b);
	case AXON_V_LE: return mask(a <= b);
	case AXON_V_EQ: return mask(a == b);
	case AXON_V_SELECT: return bits(c) >> 31 ? a : b;
	case AXON_V_IADD: return from_bits(ua + ub);
	case AXON_V_ISUB: return from_bits(ua - ub);
	case AXON_V_IMUL: return from_bits(ua * ub);
	case AXON_V_ILT: return mask((int32_t)ua < (int32_t)ub);
	case AXON_V_IEQ: return mask(ua == ub);
	case AXON_V_AND: return from_bits(ua & ub);
	case AXON_V_OR: return from_bits(ua | ub);
	case AXON_V_XOR: return from_bits(ua ^ ub);
	case AXON_V_SHL: return from_bits(ua << IMM);
	case AXON_V_SHR: return from_bits(ua >> IMM);
	case AXON_V_SAR: return from_bits((uint32_t)((int64_t)(int32_t)ua >> IMM));
	case AXON_V_F2I: return to_int(a);
	case AXON_V_I2F: return (float)(int32_t)ua;
	}
	fail_msg("no formula for opcode %u", op);
	return 0;
}

static const uint8_t exact_ops[] = {
	AXON_V_MOV,  AXON_V_ADD,   AXON_V_SUB,	AXON_V_MUL, AXON_V_DIV, AXON_V_FMA,   AXON_V_ADDI,
	AXON_V_MULI, AXON_V_MIN,   AXON_V_MAX,	AXON_V_NEG, AXON_V_ABS, AXON_V_FLOOR, AXON_V_RINT,
	AXON_V_SQRT, AXON_V_RSQRT, AXON_V_RCP,	AXON_V_LT,  AXON_V_LE,	AXON_V_EQ,    AXON_V_SELECT,
	AXON_V_IADD, AXON_V_ISUB,  AXON_V_IMUL, AXON_V_ILT, AXON_V_IEQ, AXON_V_AND,   AXON_V_OR,
	AXON_V_XOR,  AXON_V_SHL,   AXON_V_SHR,	AXON_V_SAR, AXON_V_F2I, AXON_V_I2F,
};

/* Values that matter, and random bits. */
static float value(void)
{
	static const uint32_t special[] = {
		0,	    0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
		0xffc12345, 0x7f812345, 1,	    0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff,
		0xff7fffff, 0x4b000001, 0x4affffff, 0x3f000000, 0xbf000000, 0x3fc00000, 0x4f000000,
		0xcf000000, 0x4effffff, 0xcf000001, 0x7fffffff, 0xffffffff,
	};
	const uint32_t r = flat_random(&seed);

	switch (r % 4) {
	case 0: return from_bits(special[(r >> 2) % (sizeof(special) / sizeof(special[0]))]);
	case 1: return from_bits(flat_random(&seed));
	default: return ((int32_t)flat_random(&seed) % 100000) / 977.0f;
	}
}

#define ELEMENTS 1300 /* more than two strips, with an odd end */

static void test_exact_operations(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(exact_ops); n++) {
		const uint8_t op = exact_ops[n];
		static const uint32_t cols[] = {1, 17, ELEMENTS};

		for (int s = 0; s < 6; s++) {
			const uint32_t count = cols[s / 2];
			float in[3][ELEMENTS], out[ELEMENTS];
			struct program p;

			flat.scattered = s % 2;
			start(&p, 1, count);
			for (int j = 0; j < 3; j++) {
				for (uint32_t i = 0; i < count; i++)
					in[j][i] = value();
				flat_put(&flat, MEM + 20000 * j + 4092, in[j], count * 4);
				operand(&p, MEM + 20000 * j + 4092, AXON_F32, 4);
				insn(&p, AXON_V_LOAD, j, j, 0, 0);
			}
			operand(&p, SRAM + 4, AXON_F32, 4);
			insn(&p, op, 3, 0, 1, 2)->imm =
				op == AXON_V_ADDI || op == AXON_V_MULI ? bits(1.375f) : IMM;
			insn(&p, AXON_V_STORE, 3, 0, 3, 0);
			assert_int_equal(run(&p), 0);
			flat_get(&flat, SRAM + 4, out, count * 4);
			for (uint32_t i = 0; i < count; i++)
				assert_same(out[i], expected(op, in[0][i], in[1][i], in[2][i]),
					    "operation", op * 10000 + i);
		}
	}
	flat.scattered = false;
}

/* ---- transcendental functions ------------------------------------------------------------ */
/* The distance of got from the true value in units of the expected float's last place. */
static double ulps(float got, double truth)
{
	const float nearest = truth;
	int exponent;

	if (isnan(truth))
		return isnan(got) ? 0 : 1e9;
	if (isinf(nearest) || isinf(got))
		return nearest == got ? 0 : 1e9;
	frexp(nearest == 0 ? 0x1p-149 : (double)nearest, &exponent);
	exponent = exponent - 24 < -149 ? -149 : exponent - 24;
	return fabs(((double)got - truth) / ldexp(1.0, exponent));
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static void check_function(uint8_t op, double (*f)(double), double limit, float range)
{
	enum { N = 8192 };
	static float in[N], out[N];
	double worst = 0;
	float at = 0;

	for (int round = 0; round < 40; round++) {
		struct program p;

		for (int i = 0; i < N; i++) {
			const uint32_t r = flat_random(&seed);

			in[i] = round % 2 ? from_bits(r) : range * ((int32_t)r / 2147483648.0f);
			if (op == AXON_V_SIGMOID && in[i] < -88)
				in[i] = -in[i]; /* the formula overflows below, as specified */
		}
		if (!round) {
			const float special[] = {0,	    -0.0f,   1,	     -1,     INFINITY,
						 -INFINITY, NAN,     88.72f, 88.73f, -87.33f,
						 -103.9f,   -104.1f, 1e-40f, 0.625f};

			memcpy(in, special, sizeof(special));
			if (op == AXON_V_SIGMOID)
				in[10] = in[11] = 0;
		}
		start(&p, 1, N);
		operand(&p, MEM, AXON_F32, 4);
		operand(&p, MEM + 65536, AXON_F32, 4);
		insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
		insn(&p, op, 1, 0, 0, 0);
		insn(&p, AXON_V_STORE, 1, 0, 1, 0);
		flat_put(&flat, MEM, in, sizeof(in));
		assert_int_equal(run(&p), 0);
		flat_get(&flat, MEM + 65536, out, sizeof(out));
		for (int i = 0; i < N; i++) {
			const double e = ulps(out[i], f((double)in[i]));

			if (e > worst) {
				worst = e;
				at = in[i];
			}
		}
	}
	print_message("    opcode %u: worst %.3f ulp at %a\n", op, worst, at);
	assert_true(worst <= limit);
}

static void test_functions(void **state)
{
	(void)state;
	check_function(AXON_V_EXP, exp, 2, 110);
	check_function(AXON_V_LOG, log, 4, 10);
	check_function(AXON_V_TANH, tanh, 4, 10);
	check_function(AXON_V_ERF, erf, 4, 5);
	check_function(AXON_V_SIGMOID, sigmoid, 4, 88);
}

/* The polynomials of this set give the bits of the last, which is plain C. */
static void test_functions_agree(void **state)
{
	static const uint8_t ops[] = {AXON_V_EXP, AXON_V_LOG, AXON_V_TANH, AXON_V_ERF,
				      AXON_V_SIGMOID};
	enum { N = 16384 };
	static float in[N], out[N], plain[N];

	(void)state;
	for (size_t n = 0; n < 4 * sizeof(ops); n++) {
		struct vector_map m = {.d = out, .s = {in, in, in}, .step = {1, 1, 1}, .n = N};

		for (int i = 0; i < N; i++)
			in[i] = n % 4 ? from_bits(flat_random(&seed)) : number() / 50;
		vector_kernels()->map[ops[n / 4]](&m);
		m.d = plain;
		vector_portable.map[ops[n / 4]](&m);
		for (int i = 0; i < N; i++)
			assert_same(out[i], plain[i], "function", ops[n / 4] * 100000 + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_operations),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_functions_agree),
	};

	return RUN_WITH_ALL_KERNELS(tests);
}
