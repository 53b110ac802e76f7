/* SPDX-License-Identifier: MIT */
/* Which inner loops this host runs. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "matrix_impl.h"

static const struct matrix_path *available[MATRIX_NUM_PATHS] = {&matrix_path_portable};
static _Atomic(const struct matrix_path *) selected;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)
/*
 * Whether a bf16 kernel gives the portable one's bits. Instructions for it flush and round in
 * ways that manuals describe loosely, so ask: exponents around the smallest normal number among them.
 */
static bool bf16_agrees(matrix_dense_fn kernel)
{
	enum { STEPS = 16, ROUNDS = 64 };
	_Alignas(64) uint32_t a[STEPS], b[STEPS * MATRIX_COLS], start[MATRIX_COLS];
	uint32_t expected[MATRIX_COLS], found[MATRIX_COLS], random = 1;
	struct matrix_dense t = {
		.a = (const uint8_t *)a,
		.a_stride = sizeof(a),
		.b = (const uint8_t *)b,
		.b_stride = sizeof(b),
		.acc_stride = MATRIX_COLS,
		.rows = 1,
		.tiles = 1,
	};

	for (unsigned int round = 0; round < ROUNDS; round++) {
		/* sign and mantissa at random; exponents near 2^-63 in every second round, else near 1 */
		uint32_t exponent = round % 2 ? 0x20002000 : 0x3f003f00;

		for (unsigned int i = 0; i < STEPS * MATRIX_COLS; i++) {
			random = random * 1664525 + 1013904223;
			b[i] = (random & 0x80ff80ff) + exponent;
			if (i < STEPS)
				a[i] = (random >> 7 & 0x80ff80ff) + exponent;
			if (i < MATRIX_COLS)
				start[i] = round % 2 ? (random & 0x81ffffff) : 0;
		}
		t.steps = 1 + round % STEPS;
		memcpy(expected, start, sizeof(start));
		memcpy(found, start, sizeof(start));
		t.acc = expected;
		matrix_path_portable.dense[MATRIX_BF16](&t);
		t.acc = found;
		kernel(&t);
		if (memcmp(expected, found, sizeof(found)))
			return false;
	}
	return true;
}

static struct matrix_path avx2, avx512;

static void find_x86(void)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
	    !__builtin_cpu_supports("f16c"))
		return;
	avx2 = matrix_path_avx2;
	if (!bf16_agrees(avx2.dense[MATRIX_BF16]))
		avx2.dense[MATRIX_BF16] = matrix_path_portable.dense[MATRIX_BF16];
	available[MATRIX_AVX2] = &avx2;
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
	    !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vnni"))
		return;
	avx512 = matrix_path_avx512;
	if (!__builtin_cpu_supports("avx512bf16") || !bf16_agrees(avx512.dense[MATRIX_BF16]))
		avx512.dense[MATRIX_BF16] = avx2.dense[MATRIX_BF16];
	available[MATRIX_AVX512] = &avx512;
}
#endif

static void find(void)
{
	const struct matrix_path *best = NULL;

#if defined(__x86_64__)
	find_x86();
#endif
	for (unsigned int i = 0; i < MATRIX_NUM_PATHS; i++)
		if (available[i])
			best = available[i];
	atomic_store(&selected, best);
}

const struct matrix_path *matrix_path(void)
{
	pthread_once(&once, find);
	return atomic_load_explicit(&selected, memory_order_relaxed);
}

bool matrix_select(enum matrix_path_id id)
{
	pthread_once(&once, find);
	if (!available[id])
		return false;
	atomic_store(&selected, available[id]);
	return true;
}
