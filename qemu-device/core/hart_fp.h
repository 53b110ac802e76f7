/* SPDX-License-Identifier: MIT */
/*
 * IEEE 754 arithmetic as RISC-V's F and D extensions define it: bits in, bits out. Exceptions are
 * ORed into *fcsr. @rm is a valid rounding mode.
 */
#ifndef AXON_HART_FP_H
#define AXON_HART_FP_H

#include <stdbool.h>
#include <stdint.h>

enum hart_fp_rm {
	HART_RNE, /* nearest, ties to even */
	HART_RTZ, /* towards zero */
	HART_RDN, /* down */
	HART_RUP, /* up */
	HART_RMM, /* nearest, ties away from zero */
	HART_NUM_RM,
	HART_RM_DYN = 7, /* in an instruction: the mode in fcsr */
};

enum hart_fp_flag {
	HART_FP_NX = 1,	 /* inexact */
	HART_FP_UF = 2,	 /* underflow: tiny after rounding and inexact */
	HART_FP_OF = 4,	 /* overflow */
	HART_FP_DZ = 8,	 /* divide by zero */
	HART_FP_NV = 16, /* invalid */
};

/* Integer types that conversions know. */
enum hart_fp_int {
	HART_INT32,
	HART_UINT32,
	HART_INT64,
	HART_UINT64,
};

/* One set for each format: fn##_f32 on uint32_t, fn##_f64 on uint64_t. */
#define HART_FP_DECLARE(suffix, bits)                                                      \
	bits hart_fp_add_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr);            \
	bits hart_fp_sub_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr);            \
	bits hart_fp_mul_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr);            \
	bits hart_fp_div_##suffix(bits a, bits b, unsigned rm, uint32_t *fcsr);            \
	bits hart_fp_sqrt_##suffix(bits a, unsigned rm, uint32_t *fcsr);                   \
	/* a * b + c, rounded once */                                                      \
	bits hart_fp_fma_##suffix(bits a, bits b, bits c, unsigned rm, uint32_t *fcsr);    \
	bits hart_fp_min_##suffix(bits a, bits b, uint32_t *fcsr);                         \
	bits hart_fp_max_##suffix(bits a, bits b, uint32_t *fcsr);                         \
	bool hart_fp_eq_##suffix(bits a, bits b, uint32_t *fcsr);                          \
	bool hart_fp_lt_##suffix(bits a, bits b, uint32_t *fcsr);                          \
	bool hart_fp_le_##suffix(bits a, bits b, uint32_t *fcsr);                          \
	/* fclass's ten bits */                                                            \
	uint64_t hart_fp_class_##suffix(bits a);                                           \
	/* saturating; 32-bit results are sign-extended */                                 \
	uint64_t hart_fp_to_int_##suffix(bits a, enum hart_fp_int type, unsigned rm,       \
					 uint32_t *fcsr);                                  \
	bits hart_fp_from_int_##suffix(uint64_t value, enum hart_fp_int type, unsigned rm, \
				       uint32_t *fcsr);

HART_FP_DECLARE(f32, uint32_t)
HART_FP_DECLARE(f64, uint64_t)
#undef HART_FP_DECLARE

uint64_t hart_fp_widen(uint32_t a, uint32_t *fcsr);
uint32_t hart_fp_narrow(uint64_t a, unsigned rm, uint32_t *fcsr);

#endif
