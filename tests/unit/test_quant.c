// SPDX-License-Identifier: MIT
/* Dequantisation against the PyPI package gguf's (quant_golden.py prints the table). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "quant.h"
#include "unit.h"

#define ELEMENTS 1024

static const struct golden {
	uint32_t id;
	uint8_t scales[2]; /* offsets of fp16 fields, kept finite */
	uint8_t n_scales;
	uint64_t digest; /* FNV-1a of all values */
	double some[2];	 /* elements 1 and 700 */
} golden[] = {
	{QUANT_F16, {0}, 1, 0xddf36b3198d51078, {-0x1.a2cp-7, -0x1.7p-3}},
	{QUANT_BF16, {0}, 1, 0x31eddb4c94b9b957, {-0x1.16p-58, -0x1.8p-28}},
	{QUANT_Q4_0, {0}, 1, 0xd96af0a3c8558bd4, {-0x1.ep-20, 0x1.7e4p-13}},
	{QUANT_Q4_1, {0, 2}, 2, 0xab57782003b58dc2, {-0x1.a2a2p-7, -0x1.4e45fp-3}},
	{QUANT_Q5_0, {0}, 1, 0xb11340b1c0b1c2df, {0x1.ep-19, -0x1.7dcp-7}},
	{QUANT_Q5_1, {0, 2}, 2, 0xd8c29fddd1a00935, {-0x1.a2acp-7, -0x1.86f41ep-1}},
	{QUANT_Q8_0, {0}, 1, 0xa7ca8242c46452fd, {-0x1.d6p-16, 0x1.7bcp-3}},
	{QUANT_Q4_K, {0, 2}, 2, 0x1abab19dd2f6f12a, {0x1.3a1fap-2, -0x1.69284p-4}},
	{QUANT_Q5_K, {0, 2}, 2, 0xfcc6feee10496cde, {0x1.3a5e2p-2, -0x1.198efcp+3}},
	{QUANT_Q6_K, {208}, 1, 0x0fe47774d6335474, {-0x1.3a088p+8, -0x1.1a4ep+4}},
};

static uint8_t *make_blocks(const struct golden *g, size_t *bytes)
{
	const struct quant_type *t = quant_type(g->id);
	uint32_t state = 12345;
	uint8_t *data;

	*bytes = (size_t)ELEMENTS / t->block * t->bytes;
	data = malloc(*bytes);
	for (size_t i = 0; i < *bytes; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (uint8_t)(state >> 24);
	}
	for (size_t start = 0; start < *bytes; start += t->bytes)
		for (int i = 0; i < g->n_scales; i++)
			data[start + g->scales[i] + 1] &= 0xbb;
	return data;
}

static uint64_t digest(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

static void test_dequantise(void **state)
{
	static float values[ELEMENTS];

	(void)state;
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		const struct golden *g = &golden[i];
		size_t bytes;
		uint8_t *data = make_blocks(g, &bytes);
		uint8_t *odd = malloc(bytes + 1); /* sources may be unaligned */

		memcpy(odd + 1, data, bytes);
		quant_dequantise(g->id, odd + 1, values, ELEMENTS);
		print_message("%s\n", quant_type(g->id)->name);
		assert_true(values[1] == (float)g->some[0]);
		assert_true(values[700] == (float)g->some[1]);
		assert_int_equal(digest(values, sizeof(values)), g->digest);
		free(odd);
		free(data);
	}
}

static void test_f32(void **state)
{
	const float in[3] = {1.5f, -0.0f, 3e38f};
	float out[3];

	(void)state;
	quant_dequantise(QUANT_F32, in, out, 3);
	assert_memory_equal(in, out, sizeof(in));
}

/* IEEE 754 binary16 by its definition, for all 65,536 patterns. */
static void test_f16(void **state)
{
	(void)state;
	for (uint32_t h = 0; h < 0x10000; h++) {
		int exponent = h >> 10 & 31;
		double mantissa = h & 0x3ff, want;
		float f = quant_f16_to_f32((uint16_t)h);

		if (exponent == 31 && mantissa != 0) {
			assert_true(isnan(f));
			continue;
		}
		if (exponent == 31)
			want = INFINITY;
		else if (exponent == 0)
			want = ldexp(mantissa, -24);
		else
			want = ldexp(1024 + mantissa, exponent - 25);
		assert_true(f == (float)(h & 0x8000 ? -want : want));
		assert_int_equal(!!signbit(f), h >> 15);
	}
}

static void test_sizes(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(quant_size(QUANT_Q4_K, 512, 3, &size), 0);
	assert_int_equal(size, 2 * 144 * 3);
	assert_int_equal(quant_size(QUANT_Q4_K, 640, 1, &size), -EINVAL);
	assert_int_equal(quant_size(QUANT_F32, 1ull << 40, 1ull << 40, &size), -EOVERFLOW);
	assert_int_equal(quant_size(QUANT_F32, 1ull << 61, 1, &size), -EOVERFLOW);
	assert_int_equal(quant_size(QUANT_F32, (1ull << 61) - 1, 1, &size), 0);
	assert_int_equal(quant_size(10, 256, 1, &size), -EINVAL); /* Q2_K, known by name only */
	assert_int_equal(quant_size(999, 256, 1, &size), -EINVAL);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(quant_type(QUANT_Q5_1)->name, "Q5_1");
	assert_string_equal(quant_type(23)->name, "IQ4_XS");
	assert_false(quant_supported(23));
	assert_true(quant_supported(QUANT_BF16));
	assert_null(quant_type(4)); /* a number that GGUF withdrew */
	assert_null(quant_type(0xffffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dequantise), cmocka_unit_test(test_f32),
		cmocka_unit_test(test_f16),	   cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
