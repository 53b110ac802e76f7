// SPDX-License-Identifier: MIT
/*
 * Description: the kernels' 16-bit conversions agree with the compiler's _Float16 on every half, and
 * round to the nearest even on and around every boundary between two.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "float16.h"

static _Float16 half_of_bits(uint16_t bits)
{
	_Float16 half;

	memcpy(&half, &bits, sizeof(half));
	return half;
}

static uint16_t bits_of_half(_Float16 half)
{
	uint16_t bits;

	memcpy(&bits, &half, sizeof(bits));
	return bits;
}

static void every_half_to_float(void **state)
{
	(void)state;
	for (uint32_t h = 0; h < 65536; h++) {
		float expected = (float)half_of_bits(h), found = f16_to_float(h);

		if (isnan(expected))
			assert_true(isnan(found));
		else
			assert_int_equal(bits_of_float(found), bits_of_float(expected));
	}
}

static void check_rounding(float value)
{
	uint16_t found = f16_of_float(value);

	if (isnan(value))
		assert_true(isnan(f16_to_float(found)));
	else
		assert_int_equal(found, bits_of_half((_Float16)value));
}

/* The floats at, half-way between, and one step beside all halves; and a spread of others. */
static void float_to_half(void **state)
{
	(void)state;
	for (uint32_t h = 0; h < 65536; h++) {
		uint32_t bits = bits_of_float(f16_to_float(h));

		for (int step = -2; step <= 2; step++) {
			check_rounding(float_of_bits(bits + step));
			check_rounding(float_of_bits(bits + 0x1000 + step));
		}
		check_rounding((f16_to_float(h) + f16_to_float(h + 1)) / 2);
	}
	for (uint64_t bits = 0; bits < 1ull << 32; bits += 65521)
		check_rounding(float_of_bits(bits));
}

/* bfloat16 is the upper half of a float: the nearest of the two that enclose the value. */
static void float_to_bf16(void **state)
{
	(void)state;
	for (uint64_t b = 0; b < 1ull << 32; b += 4093) {
		float value = float_of_bits(b);
		uint16_t found = bf16_of_float(value);
		uint16_t down = b >> 16, up = down + 1;
		uint32_t rest = b & 0xffff;

		if (isnan(value)) {
			assert_true(isnan(bf16_to_float(found)));
			continue;
		}
		if (rest == 0x8000)
			assert_int_equal(found, down & 1 ? up : down);
		else
			assert_int_equal(found, rest < 0x8000 ? down : up);
	}
	for (uint32_t b = 0; b < 65536; b++)
		if (!isnan(bf16_to_float(b)))
			assert_int_equal(bf16_of_float(bf16_to_float(b)), b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_half_to_float),
		cmocka_unit_test(float_to_half),
		cmocka_unit_test(float_to_bf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
