/* SPDX-License-Identifier: MIT */
/*
 * IEEE 754 arithmetic in integers, for any binary format of up to 64 bits. hart_fp.c instantiates
 * it: each function is inlined with a constant format. Private to that file.
 */
#ifndef AXON_HART_SOFTFP_H
#define AXON_HART_SOFTFP_H

#include <stdbool.h>
#include <stdint.h>

#include "hart_fp.h"

#define SOFTFP static inline __attribute__((always_inline))

typedef unsigned __int128 uint128;

struct fp_format {
	unsigned width;
	unsigned precision; /* significand bits, the hidden one included */
	int emax;	    /* also the exponent's bias */
};

enum fp_kind {
	FP_KIND_ZERO,
	FP_KIND_FINITE,
	FP_KIND_INF,
	FP_KIND_QNAN,
	FP_KIND_SNAN,
};

/* A finite number is sig / 2^63 * 2^exp with bit 63 of sig set. */
struct fp_number {
	enum fp_kind kind;
	bool sign;
	int exp;
	uint64_t sig;
};

SOFTFP uint64_t fp_sign_bit(const struct fp_format *fmt, bool sign)
{
	return (uint64_t)sign << (fmt->width - 1);
}

SOFTFP uint64_t fp_inf(const struct fp_format *fmt, bool sign)
{
	return fp_sign_bit(fmt, sign) | (uint64_t)(2 * fmt->emax + 1) << (fmt->precision - 1);
}

SOFTFP uint64_t fp_canonical_nan(const struct fp_format *fmt)
{
	return fp_inf(fmt, false) | 1ull << (fmt->precision - 2);
}

SOFTFP uint64_t fp_invalid(const struct fp_format *fmt, uint32_t *fcsr)
{
	*fcsr |= HART_FP_NV;
	return fp_canonical_nan(fmt);
}

SOFTFP bool fp_is_nan(struct fp_number a)
{
	return a.kind >= FP_KIND_QNAN;
}

SOFTFP struct fp_number fp_unpack(const struct fp_format *fmt, uint64_t bits)
{
	unsigned frac_bits = fmt->precision - 1;
	uint64_t frac = bits & ((1ull << frac_bits) - 1);
	int biased = bits >> frac_bits & (2 * fmt->emax + 1);
	struct fp_number a = {.kind = FP_KIND_FINITE, .sign = bits >> (fmt->width - 1) & 1};

	if (biased == 2 * fmt->emax + 1) {
		a.kind = !frac			       ? FP_KIND_INF
			 : frac >> (frac_bits - 1) & 1 ? FP_KIND_QNAN
						       : FP_KIND_SNAN;
	} else if (biased) {
		a.sig = (frac | 1ull << frac_bits) << (63 - frac_bits);
		a.exp = biased - fmt->emax;
	} else if (frac) {
		unsigned shift = __builtin_clzll(frac);

		a.sig = frac << shift;
		a.exp = 1 - fmt->emax + 63 - (int)frac_bits - (int)shift;
	} else {
		a.kind = FP_KIND_ZERO;
	}
	return a;
}

/* Shift right; what falls out is remembered in bit 0. */
SOFTFP uint64_t fp_shift_jam(uint64_t sig, unsigned n)
{
	if (n == 0)
		return sig;
	if (n >= 64)
		return sig != 0;
	return sig >> n | (sig << (64 - n) != 0);
}

SOFTFP uint128 fp_shift_jam128(uint128 sig, unsigned n)
{
	if (n == 0)
		return sig;
	if (n >= 128)
		return sig != 0;
	return sig >> n | (sig << (128 - n) != 0);
}

/* Is a magnitude with last bit @odd and remainder @rem, half a unit being @half, rounded up? */
SOFTFP bool fp_rounds_up(unsigned rm, bool sign, bool odd, uint64_t rem, uint64_t half)
{
	switch (rm) {
	case HART_RNE: return rem > half || (rem == half && odd);
	case HART_RDN: return sign && rem;
	case HART_RUP: return !sign && rem;
	case HART_RMM: return rem >= half;
	default: return false;
	}
}

/* @sig without its last @drop bits, rounded. */
SOFTFP uint64_t fp_round(uint64_t sig, unsigned drop, unsigned rm, bool sign)
{
	uint64_t rem = sig & ((1ull << drop) - 1);
	uint64_t kept = sig >> drop;

	return kept + fp_rounds_up(rm, sign, kept & 1, rem, 1ull << (drop - 1));
}

SOFTFP uint64_t fp_overflow(const struct fp_format *fmt, bool sign, unsigned rm, uint32_t *fcsr)
{
	bool to_inf = rm == HART_RNE || rm == HART_RMM || rm == (sign ? HART_RDN : HART_RUP);

	*fcsr |= HART_FP_OF | HART_FP_NX;
	return to_inf ? fp_inf(fmt, sign) : fp_inf(fmt, sign) - 1;
}

/* Round sig / 2^63 * 2^exp; bit 63 of @sig is set, bit 0 may stand for bits below. */
SOFTFP uint64_t fp_pack(const struct fp_format *fmt, bool sign, int exp, uint64_t sig, unsigned rm,
			uint32_t *fcsr)
{
	const unsigned drop = 64 - fmt->precision;
	const int emin = 1 - fmt->emax;
	uint64_t base = 0; /* the exponent field, less what the hidden bit adds to it */
	bool tiny = false;
	uint64_t bits;

	if (exp > fmt->emax)
		return fp_overflow(fmt, sign, rm, fcsr);
	if (exp < emin) {
		/* tiny unless, with exponents unbounded, it would round up to 2^emin */
		tiny = exp < emin - 1 || !(fp_round(sig, drop, rm, sign) >> fmt->precision);
		sig = fp_shift_jam(sig, emin - exp);
	} else {
		base = (uint64_t)(exp - emin) << (fmt->precision - 1);
	}
	if (sig & ((1ull << drop) - 1))
		*fcsr |= HART_FP_NX | (tiny ? HART_FP_UF : 0);
	bits = base + fp_round(sig, drop, rm, sign);
	if (bits >= fp_inf(fmt, false))
		return fp_overflow(fmt, sign, rm, fcsr);
	return fp_sign_bit(fmt, sign) | bits;
}

SOFTFP uint64_t fp_pack128(const struct fp_format *fmt, bool sign, int exp, uint128 sig,
			   unsigned rm, uint32_t *fcsr)
{
	return fp_pack(fmt, sign, exp, (uint64_t)(sig >> 64) | ((uint64_t)sig != 0), rm, fcsr);
}

/* The NaN that an operation with a NaN among its operands returns. */
SOFTFP uint64_t fp_propagate(const struct fp_format *fmt, struct fp_number a, struct fp_number b,
			     uint32_t *fcsr)
{
	if (a.kind == FP_KIND_SNAN || b.kind == FP_KIND_SNAN)
		*fcsr |= HART_FP_NV;
	return fp_canonical_nan(fmt);
}

/* A sum that is exactly zero is positive, except when rounding down or if both terms agree. */
SOFTFP uint64_t fp_zero_sum(const struct fp_format *fmt, bool a_sign, bool b_sign, unsigned rm)
{
	return fp_sign_bit(fmt, a_sign == b_sign ? a_sign : rm == HART_RDN);
}

SOFTFP uint64_t fp_soft_add(const struct fp_format *fmt, uint64_t x, uint64_t y, unsigned rm,
			    uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	struct fp_number b = fp_unpack(fmt, y);
	uint64_t sum, small;
	unsigned shift;

	if (fp_is_nan(a) || fp_is_nan(b))
		return fp_propagate(fmt, a, b, fcsr);
	if (a.kind == FP_KIND_INF || b.kind == FP_KIND_INF) {
		if (a.kind == b.kind && a.sign != b.sign)
			return fp_invalid(fmt, fcsr);
		return a.kind == FP_KIND_INF ? x : y;
	}
	if (a.kind == FP_KIND_ZERO || b.kind == FP_KIND_ZERO) {
		if (a.kind == b.kind)
			return fp_zero_sum(fmt, a.sign, b.sign, rm);
		return a.kind == FP_KIND_ZERO ? y : x;
	}
	if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
		struct fp_number t = a;

		a = b;
		b = t;
	}
	/* One bit of room for the carry; no bit is lost where more than one can cancel. */
	small = fp_shift_jam(b.sig >> 1, a.exp - b.exp);
	sum = a.sign == b.sign ? (a.sig >> 1) + small : (a.sig >> 1) - small;
	if (!sum)
		return fp_zero_sum(fmt, a.sign, b.sign, rm);
	shift = __builtin_clzll(sum);
	return fp_pack(fmt, a.sign, a.exp + 1 - (int)shift, sum << shift, rm, fcsr);
}

SOFTFP uint64_t fp_soft_mul(const struct fp_format *fmt, uint64_t x, uint64_t y, unsigned rm,
			    uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	struct fp_number b = fp_unpack(fmt, y);
	bool sign = a.sign != b.sign;
	uint128 product;
	int carry;

	if (fp_is_nan(a) || fp_is_nan(b))
		return fp_propagate(fmt, a, b, fcsr);
	if (a.kind == FP_KIND_INF || b.kind == FP_KIND_INF) {
		if (a.kind == FP_KIND_ZERO || b.kind == FP_KIND_ZERO)
			return fp_invalid(fmt, fcsr);
		return fp_inf(fmt, sign);
	}
	if (a.kind == FP_KIND_ZERO || b.kind == FP_KIND_ZERO)
		return fp_sign_bit(fmt, sign);
	product = (uint128)a.sig * b.sig;
	carry = product >> 127;
	return fp_pack128(fmt, sign, a.exp + b.exp + carry, product << !carry, rm, fcsr);
}

SOFTFP uint64_t fp_soft_div(const struct fp_format *fmt, uint64_t x, uint64_t y, unsigned rm,
			    uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	struct fp_number b = fp_unpack(fmt, y);
	bool sign = a.sign != b.sign;
	bool borrow = a.sig < b.sig;
	uint128 dividend;

	if (fp_is_nan(a) || fp_is_nan(b))
		return fp_propagate(fmt, a, b, fcsr);
	if (a.kind == FP_KIND_INF)
		return b.kind == FP_KIND_INF ? fp_invalid(fmt, fcsr) : fp_inf(fmt, sign);
	if (b.kind == FP_KIND_INF)
		return fp_sign_bit(fmt, sign);
	if (b.kind == FP_KIND_ZERO) {
		if (a.kind == FP_KIND_ZERO)
			return fp_invalid(fmt, fcsr);
		*fcsr |= HART_FP_DZ;
		return fp_inf(fmt, sign);
	}
	if (a.kind == FP_KIND_ZERO)
		return fp_sign_bit(fmt, sign);
	dividend = (uint128)a.sig << (63 + borrow);
	return fp_pack(fmt, sign, a.exp - b.exp - borrow,
		       (uint64_t)(dividend / b.sig) | (dividend % b.sig != 0), rm, fcsr);
}

/* The integer square root of @n, which has bit 126 or 127 set; bit 0 tells of a remainder. */
SOFTFP uint64_t fp_isqrt(uint128 n)
{
	uint128 root = 0, rest = n;

	for (int bit = 63; bit >= 0; bit--) {
		uint128 step = ((root << 1) + ((uint128)1 << bit)) << bit;

		if (step <= rest) {
			rest -= step;
			root += (uint128)1 << bit;
		}
	}
	return (uint64_t)root | (rest != 0);
}

SOFTFP uint64_t fp_soft_sqrt(const struct fp_format *fmt, uint64_t x, unsigned rm, uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	int odd = a.exp & 1;

	if (fp_is_nan(a))
		return fp_propagate(fmt, a, a, fcsr);
	if (a.kind == FP_KIND_ZERO)
		return x;
	if (a.sign)
		return fp_invalid(fmt, fcsr);
	if (a.kind == FP_KIND_INF)
		return x;
	return fp_pack(fmt, false, (a.exp - odd) / 2, fp_isqrt((uint128)a.sig << (63 + odd)), rm,
		       fcsr);
}

/* a * b + c of finite numbers that are not zero. */
SOFTFP uint64_t fp_fma_finite(const struct fp_format *fmt, struct fp_number a, struct fp_number b,
			      struct fp_number c, unsigned rm, uint32_t *fcsr)
{
	uint128 product = (uint128)a.sig * b.sig;
	uint128 addend = (uint128)c.sig << 63;
	bool sign = a.sign != b.sign;
	int carry = product >> 127;
	int exp = a.exp + b.exp + carry;
	uint128 sum;
	unsigned shift;

	product >>= carry; /* exact: its last 22 bits are zero. Both now have bit 126 set. */
	if (exp >= c.exp) {
		addend = fp_shift_jam128(addend, exp - c.exp);
	} else {
		product = fp_shift_jam128(product, c.exp - exp);
		exp = c.exp;
	}
	if (sign == c.sign) {
		sum = product + addend;
	} else if (product >= addend) {
		sum = product - addend;
	} else {
		sum = addend - product;
		sign = c.sign;
	}
	if (!sum)
		return fp_zero_sum(fmt, sign, !sign, rm);
	shift = sum >> 64 ? __builtin_clzll(sum >> 64) : 64 + __builtin_clzll((uint64_t)sum);
	return fp_pack128(fmt, sign, exp + 1 - (int)shift, sum << shift, rm, fcsr);
}

SOFTFP uint64_t fp_soft_fma(const struct fp_format *fmt, uint64_t x, uint64_t y, uint64_t z,
			    unsigned rm, uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	struct fp_number b = fp_unpack(fmt, y);
	struct fp_number c = fp_unpack(fmt, z);
	bool sign = a.sign != b.sign;
	bool inf = a.kind == FP_KIND_INF || b.kind == FP_KIND_INF;
	bool zero = a.kind == FP_KIND_ZERO || b.kind == FP_KIND_ZERO;

	/* Infinity times zero is invalid even where c is a quiet NaN. */
	if (inf && zero)
		return fp_invalid(fmt, fcsr);
	if (fp_is_nan(a) || fp_is_nan(b) || fp_is_nan(c)) {
		fp_propagate(fmt, a, b, fcsr);
		return fp_propagate(fmt, c, c, fcsr);
	}
	if (inf) {
		if (c.kind == FP_KIND_INF && c.sign != sign)
			return fp_invalid(fmt, fcsr);
		return fp_inf(fmt, sign);
	}
	if (c.kind == FP_KIND_INF)
		return z;
	if (zero)
		return c.kind == FP_KIND_ZERO ? fp_zero_sum(fmt, sign, c.sign, rm) : z;
	if (c.kind == FP_KIND_ZERO)
		return fp_soft_mul(fmt, x, y, rm, fcsr);
	return fp_fma_finite(fmt, a, b, c, rm, fcsr);
}

SOFTFP uint64_t fp_soft_convert(const struct fp_format *to, const struct fp_format *from,
				uint64_t x, unsigned rm, uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(from, x);

	switch (a.kind) {
	case FP_KIND_ZERO: return fp_sign_bit(to, a.sign);
	case FP_KIND_INF: return fp_inf(to, a.sign);
	case FP_KIND_QNAN:
	case FP_KIND_SNAN: return fp_propagate(to, a, a, fcsr);
	default: return fp_pack(to, a.sign, a.exp, a.sig, rm, fcsr);
	}
}

SOFTFP bool fp_int_is_signed(enum hart_fp_int type)
{
	return type == HART_INT32 || type == HART_INT64;
}

/* The greatest magnitude of an integer type on the side of @sign. */
SOFTFP uint64_t fp_int_limit(enum hart_fp_int type, bool sign)
{
	unsigned bits = type == HART_INT32 || type == HART_UINT32 ? 32 : 64;

	if (!fp_int_is_signed(type))
		return sign ? 0 : UINT64_MAX >> (64 - bits);
	return (UINT64_MAX >> (65 - bits)) + sign;
}

/* An integer of @type as it lies in an x register. */
SOFTFP uint64_t fp_int_register(enum hart_fp_int type, bool sign, uint64_t magnitude)
{
	uint64_t value = sign ? -magnitude : magnitude;

	if (type == HART_INT32 || type == HART_UINT32)
		return (uint64_t)(int64_t)(int32_t)value;
	return value;
}

SOFTFP uint64_t fp_soft_to_int(const struct fp_format *fmt, uint64_t x, enum hart_fp_int type,
			       unsigned rm, uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	bool sign = a.sign && !fp_is_nan(a);
	uint64_t limit = fp_int_limit(type, sign);
	uint64_t whole, rest;

	if (a.kind == FP_KIND_ZERO)
		return 0;
	if (a.kind != FP_KIND_FINITE || a.exp > 63) {
		*fcsr |= HART_FP_NV;
		return fp_int_register(type, sign, limit);
	}
	/* a = whole + rest / 2^64; far below a half it is enough that rest is not zero */
	whole = a.exp < 0 ? 0 : a.sig >> (63 - a.exp);
	rest = a.exp < -1 ? 1 : a.exp < 63 ? a.sig << (a.exp + 1) : 0;
	whole += fp_rounds_up(rm, sign, whole & 1, rest, 1ull << 63);
	if (whole > limit) {
		*fcsr |= HART_FP_NV;
		return fp_int_register(type, sign, limit);
	}
	if (rest)
		*fcsr |= HART_FP_NX;
	return fp_int_register(type, sign, whole);
}

SOFTFP uint64_t fp_soft_from_int(const struct fp_format *fmt, uint64_t value, enum hart_fp_int type,
				 unsigned rm, uint32_t *fcsr)
{
	bool sign = false;
	unsigned shift;

	if (type == HART_INT32)
		value = (uint64_t)(int64_t)(int32_t)value;
	else if (type == HART_UINT32)
		value = (uint32_t)value;
	if (fp_int_is_signed(type) && value >> 63) {
		sign = true;
		value = -value;
	}
	if (!value)
		return 0;
	shift = __builtin_clzll(value);
	return fp_pack(fmt, sign, 63 - (int)shift, value << shift, rm, fcsr);
}

/* -1, 0, 1 as a is less than, equal to, greater than b; not for NaNs. Zeros are equal. */
SOFTFP int fp_soft_compare(const struct fp_format *fmt, uint64_t x, uint64_t y)
{
	uint64_t sign = fp_sign_bit(fmt, true);
	bool less;

	if (x == y || !((x | y) & ~sign))
		return 0;
	if ((x ^ y) & sign)
		return x & sign ? -1 : 1;
	less = (x < y) != !!(x & sign);
	return less ? -1 : 1;
}

/* fmin (@max false) and fmax: the number where one is a NaN; -0 is less than +0. */
SOFTFP uint64_t fp_soft_minmax(const struct fp_format *fmt, uint64_t x, uint64_t y, bool max,
			       uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	struct fp_number b = fp_unpack(fmt, y);
	int order;

	if (fp_is_nan(a) || fp_is_nan(b)) {
		uint64_t nan = fp_propagate(fmt, a, b, fcsr);

		return !fp_is_nan(a) ? x : !fp_is_nan(b) ? y : nan;
	}
	order = fp_soft_compare(fmt, x, y);
	if (order == 0)
		order = b.sign - a.sign;
	return (order < 0) != max ? x : y;
}

/* What each comparison asks. */
enum fp_relation { FP_EQ, FP_LT, FP_LE };

SOFTFP bool fp_soft_relation(const struct fp_format *fmt, uint64_t x, uint64_t y,
			     enum fp_relation relation, uint32_t *fcsr)
{
	struct fp_number a = fp_unpack(fmt, x);
	struct fp_number b = fp_unpack(fmt, y);

	if (fp_is_nan(a) || fp_is_nan(b)) {
		fp_propagate(fmt, a, b, fcsr);
		if (relation != FP_EQ)
			*fcsr |= HART_FP_NV;
		return false;
	}
	switch (relation) {
	case FP_EQ: return fp_soft_compare(fmt, x, y) == 0;
	case FP_LT: return fp_soft_compare(fmt, x, y) < 0;
	default: return fp_soft_compare(fmt, x, y) <= 0;
	}
}

SOFTFP uint64_t fp_soft_class(const struct fp_format *fmt, uint64_t x)
{
	struct fp_number a = fp_unpack(fmt, x);
	bool subnormal = a.kind == FP_KIND_FINITE && a.exp < 1 - fmt->emax;

	switch (a.kind) {
	case FP_KIND_INF: return a.sign ? 1 << 0 : 1 << 7;
	case FP_KIND_FINITE:
		if (subnormal)
			return a.sign ? 1 << 2 : 1 << 5;
		return a.sign ? 1 << 1 : 1 << 6;
	case FP_KIND_ZERO: return a.sign ? 1 << 3 : 1 << 4;
	case FP_KIND_SNAN: return 1 << 8;
	default: return 1 << 9;
	}
}

#endif
