/* SPDX-License-Identifier: MIT */
/* Random numbers, and operands that arithmetic finds hard. */
#ifndef RANDOM_FP_H
#define RANDOM_FP_H

#include <stdint.h>

/* xorshift64*: the whole run follows from the seed, which must not be 0. */
struct random {
	uint64_t state;
};

uint64_t random_u64(struct random *r);

/* Evenly from 0 to n - 1. */
uint32_t random_below(struct random *r, uint32_t n);

/* An x register: limits, small numbers, sign-extended words, anything. */
uint64_t random_x(struct random *r);

/* Bits of a float and a double: every class, exponents that meet, significands of long runs. */
uint32_t random_f32(struct random *r);
uint64_t random_f64(struct random *r);

/* An f register: a double, a boxed single, sometimes a badly boxed one. */
uint64_t random_f(struct random *r);

#endif
