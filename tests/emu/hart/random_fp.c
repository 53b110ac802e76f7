// SPDX-License-Identifier: MIT
#include <stdbool.h>

#include "random_fp.h"

uint64_t random_u64(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dull;
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return (random_u64(r) >> 32) * n >> 32;
}

uint64_t random_x(struct random *r)
{
	static const uint64_t limits[] = {
		0,
		1,
		2,
		-1ull,
		-2ull,
		INT32_MAX,
		(uint64_t)(int64_t)INT32_MIN,
		0x80000000,
		UINT32_MAX,
		0x100000000,
		INT64_MAX,
		(uint64_t)INT64_MIN,
		0x7fffffffffffff80,
		0xfffffffffffffbff,
	};
	uint64_t v = random_u64(r);

	switch (random_below(r, 5)) {
	case 0: return limits[random_below(r, sizeof(limits) / sizeof(limits[0]))];
	case 1: return v >> random_below(r, 64);
	case 2: return (uint64_t)((int64_t)v >> random_below(r, 64));
	case 3: return (uint64_t)(int64_t)(int32_t)v;
	default: return v;
	}
}

struct format {
	unsigned frac_bits;
	unsigned exp_bits;
};

static uint64_t fraction(struct random *r, const struct format *fmt)
{
	uint64_t mask = (1ull << fmt->frac_bits) - 1;
	uint64_t v = random_u64(r) & mask;
	unsigned at = random_below(r, fmt->frac_bits);

	switch (random_below(r, 6)) {
	case 0: return 0;
	case 1: return mask;
	case 2: return mask << at & mask; /* ones, then zeros */
	case 3: return mask >> at;
	case 4: return 1ull << at;
	default: return v;
	}
}

static uint64_t exponent(struct random *r, const struct format *fmt)
{
	unsigned max = (1u << fmt->exp_bits) - 1;
	unsigned bias = max / 2;

	switch (random_below(r, 8)) {
	case 0: return 0;
	case 1: return max;
	case 2: return 1 + random_below(r, 3);
	case 3: return max - 1 - random_below(r, 3);
	case 4: return bias + random_below(r, 66); /* around the integer types' limits */
	case 5:
	case 6: return bias - 3 + random_below(r, 6);
	default: return random_below(r, max + 1);
	}
}

static uint64_t number(struct random *r, const struct format *fmt)
{
	uint64_t sign = random_u64(r) & 1;

	return sign << (fmt->frac_bits + fmt->exp_bits) | exponent(r, fmt) << fmt->frac_bits |
	       fraction(r, fmt);
}

uint32_t random_f32(struct random *r)
{
	static const struct format fmt = {.frac_bits = 23, .exp_bits = 8};

	return number(r, &fmt);
}

/* A double at one of float's limits, for the conversion between them. */
static uint64_t near_f32_limit(struct random *r, const struct format *fmt)
{
	static const int limits[] = {-150, -127, 127};
	uint64_t exp = 1023 + limits[random_below(r, 3)] + (int)random_below(r, 2);

	return (random_u64(r) & 1) << 63 | exp << fmt->frac_bits | fraction(r, fmt);
}

uint64_t random_f64(struct random *r)
{
	static const struct format fmt = {.frac_bits = 52, .exp_bits = 11};

	return random_below(r, 8) ? number(r, &fmt) : near_f32_limit(r, &fmt);
}

uint64_t random_f(struct random *r)
{
	switch (random_below(r, 16)) {
	case 0: return (random_u64(r) << 32) | random_f32(r);
	case 1 ... 7: return 0xffffffff00000000ull | random_f32(r);
	default: return random_f64(r);
	}
}
