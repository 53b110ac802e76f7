// SPDX-License-Identifier: MIT
/*
 * usage: peak_probe THREADS
 *
 * Prints how fast the host is right now: 8-bit multiply-adds per second, in Gop/s, of loops that
 * touch registers only, on so many threads at once. Samples of speed on a shared machine compare only
 * where this number stayed.
 */
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_THREADS 256
#define SECONDS	    0.2
#define CHAINS	    12 /* independent sums, enough to hide the latency */
#define BATCH	    100000

static pthread_barrier_t barrier;
static volatile int sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Each returns the operations that one batch makes. */
__attribute__((target("avx512f,avx512bw,avx512vnni"))) static double batch_vnni(void)
{
	__m512i sum[CHAINS], a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2);
	int total = 0;

#pragma GCC unroll 12
	for (int i = 0; i < CHAINS; i++)
		sum[i] = _mm512_set1_epi32(i);
	for (int n = 0; n < BATCH; n++)
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			sum[i] = _mm512_dpbusd_epi32(sum[i], a, b);
#pragma GCC unroll 12
	for (int i = 0; i < CHAINS; i++)
		total += _mm512_reduce_add_epi32(sum[i]);
	sink = total;
	return 128.0 * CHAINS * BATCH;
}

__attribute__((target("avx2"))) static double batch_avx2(void)
{
	__m256i sum[CHAINS], a = _mm256_set1_epi16(1);

#pragma GCC unroll 12
	for (int i = 0; i < CHAINS; i++)
		sum[i] = _mm256_set1_epi32(i);
	for (int n = 0; n < BATCH; n++)
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			sum[i] = _mm256_add_epi32(_mm256_madd_epi16(sum[i], a), sum[i]);
#pragma GCC unroll 12
	for (int i = 1; i < CHAINS; i++)
		sum[0] = _mm256_add_epi32(sum[0], sum[i]);
	sink = _mm256_extract_epi32(sum[0], 0);
	return 32.0 * CHAINS * BATCH;
}

static void *run(void *rate)
{
	double (*batch)(void) = __builtin_cpu_supports("avx512vnni") ? batch_vnni : batch_avx2;
	double operations = 0, start, seconds;

	pthread_barrier_wait(&barrier);
	start = now();
	do {
		operations += batch();
		seconds = now() - start;
	} while (seconds < SECONDS);
	*(double *)rate = operations / seconds;
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 0;
	pthread_t threads[MAX_THREADS];
	double rates[MAX_THREADS], sum = 0;

	if (n < 1 || n > MAX_THREADS) {
		fprintf(stderr, "usage: peak_probe THREADS (1 to %d)\n", MAX_THREADS);
		return 2;
	}
	pthread_barrier_init(&barrier, NULL, (unsigned int)n);
	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, run, &rates[i]))
			return 1;
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		sum += rates[i];
	}
	printf("%.1f\n", sum * 1e-9);
	return 0;
}
