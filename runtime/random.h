/* SPDX-License-Identifier: MIT */
/* The host's random numbers, for training and for tests: splitmix64, the same everywhere for a seed. */
#ifndef AXON_RUNTIME_RANDOM_H
#define AXON_RUNTIME_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Of a stream that belongs to `seed` and `number`. */
static inline uint64_t random_stream(uint64_t seed, uint64_t number)
{
	uint64_t state = seed;

	state = random_next(&state) ^ number;
	return random_next(&state);
}

/* Uniform in [-1, 1), a multiple of 2^-23. */
static inline float random_unit(uint64_t *state)
{
	return (float)(random_next(state) >> 40) * 0x1p-23f - 1.0f;
}

/* Below n, which is not 0. The bias, n / 2^64, cannot be seen. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((unsigned __int128)random_next(state) * n >> 64);
}

#endif
