// SPDX-License-Identifier: MIT
/*
 * Each operation is done by the host's FPU where the flags of the result are known beforehand, and
 * in integers (hart_softfp.h) otherwise. They are known when rounding to nearest with "inexact"
 * already set, from operands that are zero or normal to a result that is neither large nor small:
 * then no other flag can come up. That is the common case, since "inexact" is sticky, and it needs
 * no access to the host's own flags. The host's FPU must be in its default mode.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "hart_fp.h"
#include "hart_softfp.h"

_Static_assert(FLT_EVAL_METHOD == 0, "float and double must be computed in their own precision");

static const struct fp_format fmt_f32 = {.width = 32, .precision = 24, .emax = 127};
static const struct fp_format fmt_f64 = {.width = 64, .precision = 53, .emax = 1023};

/* Only "inexact" can be raised, and it is raised already. */
static inline bool flags_settled(unsigned rm, uint32_t fcsr)
{
	return rm == HART_RNE && fcsr & HART_FP_NX;
}

static inline float to_host_f32(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline double to_host_f64(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint32_t to_bits_f32(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline uint64_t to_bits_f64(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Is the exponent field at least @least, and not that of infinities and NaNs? */
SOFTFP bool exponent_from(const struct fp_format *fmt, uint64_t bits, uint64_t least)
{
	uint64_t magnitude = bits & ~fp_sign_bit(fmt, true);
	uint64_t low = least << (fmt->precision - 1);

	return magnitude - low < fp_inf(fmt, false) - low;
}

SOFTFP bool is_zero(const struct fp_format *fmt, uint64_t bits)
{
	return !(bits & ~fp_sign_bit(fmt, true));
}

SOFTFP bool is_normal(const struct fp_format *fmt, uint64_t bits)
{
	return exponent_from(fmt, bits, 1);
}

SOFTFP bool is_plain(const struct fp_format *fmt, uint64_t bits)
{
	return is_normal(fmt, bits) || is_zero(fmt, bits);
}

/* Certainly no overflow, and no underflow: a tiny result can round to the least normal number. */
SOFTFP bool is_safe(const struct fp_format *fmt, uint64_t bits)
{
	return exponent_from(fmt, bits, 2);
}

/* Truncation, where the value is in the range of @type. The bounds are exact. */
static inline bool truncate_fast(double value, enum hart_fp_int type, uint64_t *result,
				 uint32_t *fcsr)
{
	static const struct {
		double above, below;
	} range[] = {
		[HART_INT32] = {-0x1p31 - 1, 0x1p31},
		[HART_UINT32] = {-1, 0x1p32},
		[HART_INT64] = {-0x1p63, 0x1p63},
		[HART_UINT64] = {-1, 0x1p63},
	};
	int64_t whole;

	if (!(value > range[type].above && value < range[type].below))
		return false;
	whole = (int64_t)value;
	if ((double)whole != value)
		*fcsr |= HART_FP_NX;
	*result = type == HART_UINT32 ? (uint64_t)(int64_t)(int32_t)whole : (uint64_t)whole;
	return true;
}

#define DEFINE_ADD(name, suffix, bits, op, flip)                                               \
	bits hart_fp_##name##_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr)            \
	{                                                                                      \
		const struct fp_format *fmt = &fmt_##suffix;                                   \
                                                                                               \
		if (flags_settled(rm, *fcsr) && is_plain(fmt, a) && is_plain(fmt, b)) {        \
			bits r = to_bits_##suffix(to_host_##suffix(a) op to_host_##suffix(b)); \
                                                                                               \
			/* a sum of such numbers is zero only exactly */                       \
			if (is_safe(fmt, r) || is_zero(fmt, r))                                \
				return r;                                                      \
		}                                                                              \
		return fp_soft_add(fmt, a, b ^ (flip), rm, fcsr);                              \
	}

#define DEFINE_MUL(suffix, bits)                                                              \
	bits hart_fp_mul_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr)                \
	{                                                                                     \
		const struct fp_format *fmt = &fmt_##suffix;                                  \
                                                                                              \
		if (flags_settled(rm, *fcsr) && is_plain(fmt, a) && is_plain(fmt, b)) {       \
			bits r = to_bits_##suffix(to_host_##suffix(a) * to_host_##suffix(b)); \
                                                                                              \
			if (is_safe(fmt, r) || is_zero(fmt, a) || is_zero(fmt, b))            \
				return r;                                                     \
		}                                                                             \
		return fp_soft_mul(fmt, a, b, rm, fcsr);                                      \
	}

#define DEFINE_DIV(suffix, bits)                                                              \
	bits hart_fp_div_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr)                \
	{                                                                                     \
		const struct fp_format *fmt = &fmt_##suffix;                                  \
                                                                                              \
		if (flags_settled(rm, *fcsr) && is_plain(fmt, a) && is_normal(fmt, b)) {      \
			bits r = to_bits_##suffix(to_host_##suffix(a) / to_host_##suffix(b)); \
                                                                                              \
			if (is_safe(fmt, r) || is_zero(fmt, a))                               \
				return r;                                                     \
		}                                                                             \
		return fp_soft_div(fmt, a, b, rm, fcsr);                                      \
	}

#define DEFINE_SQRT(suffix, bits, host_sqrt)                                                   \
	bits hart_fp_sqrt_##suffix(bits a, unsigned rm, uint32_t *fcsr)                        \
	{                                                                                      \
		const struct fp_format *fmt = &fmt_##suffix;                                   \
                                                                                               \
		if (flags_settled(rm, *fcsr) && is_normal(fmt, a) && !(a >> (fmt->width - 1))) \
			return to_bits_##suffix(host_sqrt(to_host_##suffix(a)));               \
		return fp_soft_sqrt(fmt, a, rm, fcsr);                                         \
	}

#define DEFINE_FMA(suffix, bits, host_fma)                                                       \
	bits hart_fp_fma_##suffix(bits a, bits b, bits c, unsigned rm, uint32_t *fcsr)           \
	{                                                                                        \
		const struct fp_format *fmt = &fmt_##suffix;                                     \
                                                                                                 \
		if (flags_settled(rm, *fcsr) && is_plain(fmt, a) && is_plain(fmt, b) &&          \
		    is_plain(fmt, c)) {                                                          \
			bits r = to_bits_##suffix(host_fma(                                      \
				to_host_##suffix(a), to_host_##suffix(b), to_host_##suffix(c))); \
                                                                                                 \
			if (is_safe(fmt, r))                                                     \
				return r;                                                        \
		}                                                                                \
		return fp_soft_fma(fmt, a, b, c, rm, fcsr);                                      \
	}

#define DEFINE_COMPARES(suffix, bits)                                      \
	bits hart_fp_min_##suffix(bits a, bits b, uint32_t *fcsr)          \
	{                                                                  \
		return fp_soft_minmax(&fmt_##suffix, a, b, false, fcsr);   \
	}                                                                  \
	bits hart_fp_max_##suffix(bits a, bits b, uint32_t *fcsr)          \
	{                                                                  \
		return fp_soft_minmax(&fmt_##suffix, a, b, true, fcsr);    \
	}                                                                  \
	bool hart_fp_eq_##suffix(bits a, bits b, uint32_t *fcsr)           \
	{                                                                  \
		return fp_soft_relation(&fmt_##suffix, a, b, FP_EQ, fcsr); \
	}                                                                  \
	bool hart_fp_lt_##suffix(bits a, bits b, uint32_t *fcsr)           \
	{                                                                  \
		return fp_soft_relation(&fmt_##suffix, a, b, FP_LT, fcsr); \
	}                                                                  \
	bool hart_fp_le_##suffix(bits a, bits b, uint32_t *fcsr)           \
	{                                                                  \
		return fp_soft_relation(&fmt_##suffix, a, b, FP_LE, fcsr); \
	}                                                                  \
	uint64_t hart_fp_class_##suffix(bits a)                            \
	{                                                                  \
		return fp_soft_class(&fmt_##suffix, a);                    \
	}

#define DEFINE_INTS(suffix, bits)                                                              \
	uint64_t hart_fp_to_int_##suffix(bits a, enum hart_fp_int type, unsigned rm,           \
					 uint32_t *fcsr)                                       \
	{                                                                                      \
		uint64_t result;                                                               \
                                                                                               \
		if (rm == HART_RTZ && truncate_fast(to_host_##suffix(a), type, &result, fcsr)) \
			return result;                                                         \
		return fp_soft_to_int(&fmt_##suffix, a, type, rm, fcsr);                       \
	}                                                                                      \
	bits hart_fp_from_int_##suffix(uint64_t value, enum hart_fp_int type, unsigned rm,     \
				       uint32_t *fcsr)                                         \
	{                                                                                      \
		return fp_soft_from_int(&fmt_##suffix, value, type, rm, fcsr);                 \
	}

DEFINE_ADD(add, f32, uint32_t, +, 0)
DEFINE_ADD(add, f64, uint64_t, +, 0)
DEFINE_ADD(sub, f32, uint32_t, -, 1u << 31)
DEFINE_ADD(sub, f64, uint64_t, -, 1ull << 63)
DEFINE_MUL(f32, uint32_t)
DEFINE_MUL(f64, uint64_t)
DEFINE_DIV(f32, uint32_t)
DEFINE_DIV(f64, uint64_t)
DEFINE_SQRT(f32, uint32_t, sqrtf)
DEFINE_SQRT(f64, uint64_t, sqrt)
DEFINE_FMA(f32, uint32_t, fmaf)
DEFINE_FMA(f64, uint64_t, fma)
DEFINE_COMPARES(f32, uint32_t)
DEFINE_COMPARES(f64, uint64_t)
DEFINE_INTS(f32, uint32_t)
DEFINE_INTS(f64, uint64_t)

uint64_t hart_fp_widen(uint32_t a, uint32_t *fcsr)
{
	/* exact, so the rounding mode does not matter */
	return fp_soft_convert(&fmt_f64, &fmt_f32, a, HART_RNE, fcsr);
}

uint32_t hart_fp_narrow(uint64_t a, unsigned rm, uint32_t *fcsr)
{
	if (flags_settled(rm, *fcsr) && is_plain(&fmt_f64, a)) {
		uint32_t r = to_bits_f32((float)to_host_f64(a));

		if (is_safe(&fmt_f32, r) || is_zero(&fmt_f64, a))
			return r;
	}
	return fp_soft_convert(&fmt_f32, &fmt_f64, a, rm, fcsr);
}
