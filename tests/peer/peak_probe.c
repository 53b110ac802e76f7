// SPDX-License-Identifier: MIT
/*
 * usage: peak_probe THREADS [int8|bf16|fp32|memcpy|read]
 *
 * Prints one number: how fast the host is right now, with so many threads at once.
 *   int8, bf16, fp32  multiplications and additions, in Gop/s, of loops that touch registers only:
 *                     what the matrix engine's inner loops can reach at best (int8 if nothing is named)
 *   memcpy            copying 256 MiB, in GB/s of bytes copied
 *   read              reading 256 MiB front to back, in GB/s
 * Of some short windows the best counts: a moment's interruption changes nothing of what the host can
 * do. Samples of speed on a shared machine compare only where these numbers stayed.
 */
#include <immintrin.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MAX_THREADS 256
#define WINDOWS	    5
#define SECONDS	    0.1 /* of a window, at least */
#define CHAINS	    12	/* independent sums, enough to hide the latency */
#define BATCH	    100000
#define BYTES	    (256ul << 20) /* of all threads together */
#define HUGE_PAGE   (2ul << 20)

/* One thread's part in a measurement. */
struct share {
	const unsigned char *src;
	unsigned char *dst;
	size_t bytes;
	double rates[WINDOWS];
};

struct probe {
	const char *name;
	bool memory;
	/* One batch: the operations, or bytes, that it made. */
	double (*batch)(const struct share *share);
};

static const struct probe *probe;
static pthread_barrier_t barrier;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CHAINS sums of one vector type, each going through `step` of itself, x and y BATCH times. */
#define REGISTER_LOOP(name, isa, vector, step, operations)                                 \
	__attribute__((target(isa))) static double name(const struct share *share)         \
	{                                                                                  \
		vector sum[CHAINS] = {0}, x = {0}, y = {0};                                \
                                                                                           \
		(void)share;                                                               \
		/* values that the compiler cannot know */                                 \
		asm volatile("" : "+v"(x), "+v"(y));                                       \
		_Pragma("GCC unroll 12") for (int i = 0; i < CHAINS;                       \
					      i++) asm volatile("" : "+v"(sum[i]));        \
		for (int n = 0; n < BATCH; n++)                                            \
			_Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) sum[i] = \
				step(sum[i], x, y);                                        \
		_Pragma("GCC unroll 12") for (int i = 0; i < CHAINS;                       \
					      i++) asm volatile("" : : "v"(sum[i]));       \
		return (double)(operations)*CHAINS * BATCH;                                \
	}

#define STEP_VNNI(sum, x, y) _mm512_dpbusd_epi32(sum, x, y)
#define STEP_BF16(sum, x, y) _mm512_dpbf16_ps(sum, (__m512bh)(x), (__m512bh)(y))
#define STEP_F32(sum, x, y)  _mm512_fmadd_ps(x, y, sum)
/* what int8 comes to without VNNI: 16-bit products, summed in pairs and added */
#define STEP_MADD(sum, x, y) _mm256_add_epi32(sum, _mm256_madd_epi16(x, _mm256_xor_si256(sum, y)))
#define STEP_FMA(sum, x, y)  _mm256_fmadd_ps(x, y, sum)

REGISTER_LOOP(int8_avx512, "avx512f,avx512vnni", __m512i, STEP_VNNI, 128)
REGISTER_LOOP(bf16_avx512, "avx512f,avx512bf16", __m512, STEP_BF16, 64)
REGISTER_LOOP(fp32_avx512, "avx512f", __m512, STEP_F32, 32)
REGISTER_LOOP(int8_avx2, "avx2", __m256i, STEP_MADD, 32)
REGISTER_LOOP(fp32_avx2, "avx2,fma", __m256, STEP_FMA, 16)

static double int8(const struct share *share)
{
	return __builtin_cpu_supports("avx512vnni") ? int8_avx512(share) : int8_avx2(share);
}

static double fp32(const struct share *share)
{
	return __builtin_cpu_supports("avx512f") ? fp32_avx512(share) : fp32_avx2(share);
}

/* Without an instruction of its own a product of bf16 is one of fp32. */
static double bf16(const struct share *share)
{
	return __builtin_cpu_supports("avx512bf16") ? bf16_avx512(share) : fp32(share);
}

static double copy_bytes(const struct share *share)
{
	memcpy(share->dst, share->src, share->bytes);
	asm volatile("" : : "r"(share->dst) : "memory");
	return (double)share->bytes;
}

__attribute__((target("avx2"))) static double read_bytes(const struct share *share)
{
	__m256i sum[4] = {0};

	for (size_t i = 0; i < share->bytes; i += sizeof(sum))
#pragma GCC unroll 4
		for (size_t j = 0; j < 4; j++)
			sum[j] = _mm256_xor_si256(
				sum[j], *(const __m256i *)(share->src + i + j * sizeof(sum[0])));
#pragma GCC unroll 4
	for (size_t j = 0; j < 4; j++)
		asm volatile("" : : "x"(sum[j]));
	return (double)share->bytes;
}

static const struct probe probes[] = {
	{"int8", false, int8},	      {"bf16", false, bf16},	  {"fp32", false, fp32},
	{"memcpy", true, copy_bytes}, {"read", true, read_bytes},
};

static void *run(void *arg)
{
	struct share *share = arg;

	for (int window = 0; window < WINDOWS; window++) {
		double done = 0, start, seconds;

		pthread_barrier_wait(&barrier);
		start = now();
		do {
			done += probe->batch(share);
			seconds = now() - start;
		} while (seconds < SECONDS);
		share->rates[window] = done / seconds;
	}
	return NULL;
}

/* Memory that has been written to, on huge pages where there are any. NULL: there is none. */
static unsigned char *memory(void)
{
	unsigned char *bytes = aligned_alloc(HUGE_PAGE, BYTES);

	if (bytes) {
		madvise(bytes, BYTES, MADV_HUGEPAGE);
		memset(bytes, 1, BYTES);
	}
	return bytes;
}

/* What all threads did together in the best window. */
static double best_window(const struct share *share, int threads)
{
	double best = 0;

	for (int window = 0; window < WINDOWS; window++) {
		double sum = 0;

		for (int i = 0; i < threads; i++)
			sum += share[i].rates[window];
		best = sum > best ? sum : best;
	}
	return best;
}

static int measure(int threads, double *rate)
{
	unsigned char *src = probe->memory ? memory() : NULL,
		      *dst = probe->memory ? memory() : NULL;
	size_t part = BYTES / (size_t)threads & ~63ul;
	pthread_t thread[MAX_THREADS];
	struct share share[MAX_THREADS];

	if (probe->memory && (!src || !dst)) {
		fprintf(stderr, "peak_probe: expected 512 MiB of memory, found less\n");
		return 1;
	}
	pthread_barrier_init(&barrier, NULL, (unsigned int)threads);
	for (int i = 0; i < threads; i++) {
		share[i] = (struct share){.bytes = part};
		if (probe->memory) {
			share[i].src = src + (size_t)i * part;
			share[i].dst = dst + (size_t)i * part;
		}
		if (pthread_create(&thread[i], NULL, run, &share[i])) {
			fprintf(stderr, "peak_probe: expected %d threads, could start %d\n",
				threads, i);
			exit(1);
		}
	}
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	*rate = best_window(share, threads);
	free(src);
	free(dst);
	return 0;
}

int main(int argc, char **argv)
{
	int threads = argc == 2 || argc == 3 ? atoi(argv[1]) : 0;
	const char *name = argc == 3 ? argv[2] : probes[0].name;
	double rate;

	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++)
		if (!strcmp(probes[i].name, name))
			probe = &probes[i];
	if (threads < 1 || threads > MAX_THREADS || !probe) {
		fprintf(stderr,
			"usage: peak_probe THREADS (1 to %d) [int8|bf16|fp32|memcpy|read]\n",
			MAX_THREADS);
		return 2;
	}
	if (measure(threads, &rate))
		return 1;
	printf("%.1f\n", rate * 1e-9);
	return 0;
}
