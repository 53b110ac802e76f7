/* SPDX-License-Identifier: MIT */
/*
 * How fast the matrix engine runs on this host, on one thread: matrix_run() called directly, each row beside
 * a register-only loop of the same kind of multiply-add, or for m = 1 beside a read of memory, measured
 * just before and after it. Times are of the thread, so that other work on the host disturbs little.
 *
 *   bench_matrix [portable|avx2|avx512] [words of the rows' names...]
 */
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "engine.h"
#include "matrix_impl.h"

#define MEM_BASE  0x100000000ull
#define MEM_SIZE  (640ull << 20)
#define SRAM_SIZE (8u << 20)
#define HUGE_PAGE (2ull << 20)

static uint8_t *mem;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int translate(void *opaque, uint64_t va, enum engine_access access, uint8_t **host,
		     uint64_t *run)
{
	(void)opaque;
	(void)access;
	*host = mem + (va - MEM_BASE);
	*run = MEM_SIZE - (va - MEM_BASE);
	return 0;
}

static void written(void *opaque, uint64_t va, uint64_t bytes)
{
	(void)opaque;
	(void)va;
	(void)bytes;
}

/* ---- what the host can do ------------------------------------------------------------------- */

enum peak { PEAK_F32, PEAK_BF16, PEAK_I8 };

#if defined(__x86_64__)
#define CHAINS 12

#define PEAK(name, isa, step, per_step)                                            \
	__attribute__((target(isa), noinline)) static double name(void)            \
	{                                                                          \
		enum { LOOPS = 1000000 };                                          \
		__m512i acc[CHAINS], x = _mm512_set1_epi8(1);                      \
		double start;                                                      \
                                                                                   \
		_Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) acc[i] = \
			_mm512_set1_epi32(i);                                      \
		start = now();                                                     \
		for (int n = 0; n < LOOPS; n++) {                                  \
			_Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)  \
			{                                                          \
				acc[i] = step;                                     \
				__asm__ volatile("" : "+v"(acc[i]));               \
			}                                                          \
		}                                                                  \
		return 2.0 * LOOPS * CHAINS * (per_step) / (now() - start);        \
	}

PEAK(peak_f32, "avx512f",
     _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(x),
					 _mm512_castsi512_ps(acc[i]))),
     16)
PEAK(peak_bf16, "avx512f,avx512bf16",
     _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(acc[i]), (__m512bh)x, (__m512bh)x)),
     32)
PEAK(peak_i8, "avx512f,avx512vnni", _mm512_dpbusd_epi32(acc[i], x, x), 64)

static double peak(enum peak kind)
{
	if (!__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512bf16"))
		return 0;
	return kind == PEAK_F32 ? peak_f32() : kind == PEAK_BF16 ? peak_bf16() : peak_i8();
}
#else
static double peak(enum peak kind)
{
	(void)kind;
	return 0;
}
#endif

static double read_rate(void)
{
	const uint64_t *p = (const uint64_t *)mem, bytes = 256ull << 20;
	uint64_t sum[8] = {0};
	double start = now();

	for (uint64_t i = 0; i < bytes / 8; i += 8)
		for (unsigned int j = 0; j < 8; j++)
			sum[j] ^= p[i + j];
	for (unsigned int j = 1; j < 8; j++)
		sum[0] ^= sum[j];
	__asm__ volatile("" : : "r"(sum[0]));
	return bytes / (now() - start);
}

/* ---- rows ----------------------------------------------------------------------------------- */

struct row {
	const char *name;
	unsigned int a_type, b_type, layout;
	uint32_t format;
	unsigned int m, n, k;
	enum peak peak;
};

#define BLOCK_ROW(fmt, m_)                                                                     \
	{                                                                                      \
#fmt " m=" #m_, AXON_Q8A, AXON_BLOCK, AXON_B_PACKED, AXON_FMT_##fmt, m_, 2048, \
			2048, PEAK_I8                                                          \
	}
#define BLOCK_ROWS(fmt)                                                             \
	BLOCK_ROW(fmt, 1), BLOCK_ROW(fmt, 2), BLOCK_ROW(fmt, 4), BLOCK_ROW(fmt, 8), \
		BLOCK_ROW(fmt, 16), BLOCK_ROW(fmt, 64), BLOCK_ROW(fmt, 504)
#define DENSE_ROWS(type, kind)                                                                     \
	{#type " packed 1024^3",                                                                   \
	 AXON_##type,                                                                              \
	 AXON_##type,                                                                              \
	 AXON_B_PACKED,                                                                            \
	 0,                                                                                        \
	 1024,                                                                                     \
	 1024,                                                                                     \
	 1024,                                                                                     \
	 kind},                                                                                    \
		{#type " rows 1024^3",                                                             \
		 AXON_##type,                                                                      \
		 AXON_##type,                                                                      \
		 AXON_B_ROWS,                                                                      \
		 0,                                                                                \
		 1024,                                                                             \
		 1024,                                                                             \
		 1024,                                                                             \
		 kind},                                                                            \
		{#type " cols 1024^3",                                                             \
		 AXON_##type,                                                                      \
		 AXON_##type,                                                                      \
		 AXON_B_COLS,                                                                      \
		 0,                                                                                \
		 1024,                                                                             \
		 1024,                                                                             \
		 1024,                                                                             \
		 kind},                                                                            \
		{#type " packed m=1",                                                              \
		 AXON_##type,                                                                      \
		 AXON_##type,                                                                      \
		 AXON_B_PACKED,                                                                    \
		 0,                                                                                \
		 1,                                                                                \
		 2048,                                                                             \
		 2048,                                                                             \
		 kind},                                                                            \
		{#type " rows m=1", AXON_##type, AXON_##type, AXON_B_ROWS, 0, 1, 256, 2048, kind}, \
	{                                                                                          \
#type " cols m=1", AXON_##type, AXON_##type, AXON_B_COLS, 0, 1, 2048, 256, kind    \
	}

static const struct row rows[] = {
	BLOCK_ROWS(Q8_0),
	BLOCK_ROWS(Q4_0),
	BLOCK_ROWS(Q4_1),
	BLOCK_ROWS(Q5_0),
	BLOCK_ROWS(Q5_1),
	BLOCK_ROWS(Q4_K),
	BLOCK_ROWS(Q5_K),
	BLOCK_ROWS(Q6_K),
	{"Q4_K m=1 k=512", AXON_Q8A, AXON_BLOCK, AXON_B_PACKED, AXON_FMT_Q4_K, 1, 2048, 512,
	 PEAK_I8},
	{"Q4_0 cached m=1", AXON_Q8A, AXON_BLOCK, AXON_B_PACKED, AXON_FMT_Q4_0, 1, 64, 2048,
	 PEAK_I8},
	{"Q4_K cached m=1", AXON_Q8A, AXON_BLOCK, AXON_B_PACKED, AXON_FMT_Q4_K, 1, 64, 2048,
	 PEAK_I8},
	DENSE_ROWS(F32, PEAK_F32),
	DENSE_ROWS(BF16, PEAK_BF16),
	DENSE_ROWS(I8, PEAK_I8),
	{"F32xF16 packed 1024^3", AXON_F32, AXON_F16, AXON_B_PACKED, 0, 1024, 1024, 1024, PEAK_F32},
	{"F32xF16 rows m=1", AXON_F32, AXON_F16, AXON_B_ROWS, 0, 1, 256, 2048, PEAK_F32},
	{"F32xF16 cols m=1", AXON_F32, AXON_F16, AXON_B_COLS, 0, 1, 2048, 256, PEAK_F32},
	{"F32xF16 rows m=1 tiny", AXON_F32, AXON_F16, AXON_B_ROWS, 0, 1, 64, 64, PEAK_F32},
	{"F32xF16 cols m=1 tiny", AXON_F32, AXON_F16, AXON_B_COLS, 0, 1, 64, 64, PEAK_F32},
	{"F32xF16 rows m=64", AXON_F32, AXON_F16, AXON_B_ROWS, 0, 64, 256, 512, PEAK_F32},
	{"F32xF16 cols m=64", AXON_F32, AXON_F16, AXON_B_COLS, 0, 64, 512, 256, PEAK_F32},
};

static unsigned int size_of(unsigned int type)
{
	return type == AXON_F32 ? 4 : type == AXON_I8 ? 1 : 2;
}

static uint64_t b_bytes(const struct row *r)
{
	if (r->b_type == AXON_BLOCK)
		return r->n / 16 * AXON_TILE_BYTES(r->format, r->k);
	return (uint64_t)r->n * r->k * size_of(r->b_type);
}

static void measure(struct engine *e, const struct row *r)
{
	uint32_t a_bytes = r->a_type == AXON_Q8A ? r->k / 32 * 40 : r->k * size_of(r->a_type);
	uint64_t bytes = b_bytes(r),
		 copies = r->m <= 16 && !strstr(r->name, "cached")
				  ? (MEM_SIZE - (64ull << 20)) / bytes
				  : 1,
		 runs = 0;
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d)},
		.m = r->m,
		.n = r->n,
		.k = r->k,
		.b_format = r->format,
		.a = AXON_SRAM_BASE,
		.a_s0 = (int32_t)a_bytes,
		.b_stride = r->layout == AXON_B_ROWS   ? r->n * size_of(r->b_type)
			    : r->layout == AXON_B_COLS ? r->k * size_of(r->b_type)
						       : 0,
		.c = MEM_BASE + MEM_SIZE - (64ull << 20),
		.c_stride = r->n * 4,
		.a_type = r->a_type,
		.b_type = r->b_type,
		.c_type = r->a_type == AXON_I8 ? AXON_I32 : AXON_F32,
		.b_layout = r->layout,
		.scale = 1.0f,
	};
	double before = peak(r->peak), read_before = read_rate(), start, elapsed, after, ops;

	memset(e->sram, 1, SRAM_SIZE); /* small positive numbers in every type */
	d.b = MEM_BASE;
	matrix_run(e, &d.h, 0);
	start = now();
	do {
		for (unsigned int i = 0; i < 1 + 15 * (r->m <= 16); i++, runs++) {
			int rc;

			d.b = MEM_BASE + runs % copies * bytes;
			rc = matrix_run(e, &d.h, 0);
			if (rc) {
				printf("%-22s refused: cause %d, info %#llx\n", r->name, rc,
				       (unsigned long long)e->fault_info);
				return;
			}
		}
		elapsed = now() - start;
	} while (elapsed < 0.1);
	after = peak(r->peak);
	ops = 2.0 * r->m * r->n * r->k * runs / elapsed;
	before = (before + after) / 2;
	printf("%-22s %8.1f GOP/s  %3.0f %% of %4.0f   %6.1f GB/s  %3.0f %% of %4.1f\n", r->name,
	       ops * 1e-9, before ? 100 * ops / before : 0, before * 1e-9,
	       bytes * runs / elapsed * 1e-9, 100 * bytes * runs / elapsed / read_before,
	       read_before * 1e-9);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"portable", "avx2", "avx512"};
	struct engine e = {.sram_size = SRAM_SIZE, .translate = translate, .written = written};
	int first = 1;

	mem = aligned_alloc(HUGE_PAGE, MEM_SIZE);
	e.sram = aligned_alloc(64, SRAM_SIZE);
	if (!mem || !e.sram) {
		fprintf(stderr, "bench_matrix: needs %llu MiB of memory\n", MEM_SIZE >> 20);
		return 1;
	}
	madvise(mem, MEM_SIZE, MADV_HUGEPAGE);
	memset(mem, 1, MEM_SIZE);
	for (int i = 0; i < MATRIX_NUM_PATHS; i++)
		if (argc > 1 && !strcmp(argv[1], names[i])) {
			first = 2;
			if (!matrix_select(i)) {
				fprintf(stderr, "bench_matrix: this host has no %s\n", argv[1]);
				return 1;
			}
		}
	printf("path %s, one thread\n", matrix_path()->name);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int wanted = argc == first;

		for (int j = first; j < argc; j++)
			wanted |= strstr(rows[i].name, argv[j]) != NULL;
		if (wanted)
			measure(&e, &rows[i]);
	}
	free(mem);
	free(e.sram);
	return 0;
}
