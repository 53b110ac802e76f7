/* SPDX-License-Identifier: MIT */
/*
 * The inner loops of the vector engine and of bulk conversion. vector_impl.h is their only text; it
 * is compiled for plain C, AVX2 and AVX-512, with the same results to the last bit (the payload of a
 * NaN excepted), and the best that the host has is used.
 */
#ifndef AXON_VECTOR_KERNELS_H
#define AXON_VECTOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "axon_isa.h"

#define VECTOR_LANES 16 /* of reductions; strips are padded to a multiple */

/* One strip of an instruction: n is a multiple of VECTOR_LANES, a step is 0 (broadcast) or 1. */
struct vector_map {
	float *d;
	const float *s[3];
	uint32_t step[3];
	uint32_t imm;
	size_t n;
};

/* What a row's reduction has seen, by lane. */
struct vector_acc {
	int32_t lane[VECTOR_LANES];
	uint32_t col[VECTOR_LANES]; /* RARGMAX */
} __attribute__((aligned(64)));

struct vector_philox {
	uint64_t key;
	uint32_t stream;
	uint32_t counter;
};

struct vector_kernels {
	const char *name;
	/* Element by element, by opcode; NULL for the others. */
	void (*map[AXON_V_OPCODE_COUNT])(const struct vector_map *m);
	/* Columns col..col + n - 1 of a; only n of them count, the padding must be readable. */
	void (*reduce[AXON_V_OPCODE_COUNT])(struct vector_acc *acc, const float *a, uint32_t step,
					    size_t n, uint32_t col);
	/* n consecutive elements, unaligned, by axon_type; I32 copies bits. */
	void (*widen[AXON_I32 + 1])(float *dst, const void *src, size_t n);
	void (*narrow[AXON_I32 + 1])(void *dst, const float *src, size_t n);
	/* BF16 and F16 with stochastic rounding by the given words. */
	void (*narrow_random[AXON_I32 + 1])(void *dst, const float *src, const uint32_t *random,
					    size_t n);
	/* Blocks of struct axon_q8a. */
	void (*quant)(void *dst, const float *src, size_t blocks);
	/* The 4 · blocks words of Philox blocks first, first + 1, …; blocks is a multiple of 16. */
	void (*random)(uint32_t *dst, uint64_t first, const struct vector_philox *p, size_t blocks);
	/* The first i >= from with src[i] > bound, or n; src is readable to a multiple of 16. */
	size_t (*above)(const float *src, size_t from, size_t n, float bound);
};

extern const struct vector_kernels vector_portable;
#ifdef __x86_64__
extern const struct vector_kernels vector_avx2;
extern const struct vector_kernels vector_avx512;
#endif

/* Kernel set i that this host can run, best first, or NULL: what a test compares. */
const struct vector_kernels *vector_kernels_nth(unsigned int i);

/* The best; vector_kernels_use() overrides it, for tests, while no operation runs. */
const struct vector_kernels *vector_kernels(void);
void vector_kernels_use(const struct vector_kernels *k);

/* What a lane of RMAX or RMIN or RARGMAX says: the order of its key, INT32_MIN for nothing yet. */
static inline int32_t vector_key(int32_t bits)
{
	return bits ^ (bits >> 31 & 0x7fffffff);
}

#endif
