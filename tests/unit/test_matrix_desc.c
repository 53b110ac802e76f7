/* SPDX-License-Identifier: MIT */
/* What the matrix engine refuses, how it stops, and what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "matrix_world.h"

#define REFUSED(field_, change)                                              \
	do {                                                                 \
		struct axon_matrix_desc d = good;                            \
		change;                                                      \
		assert_int_equal(world_run(w, &d), AXON_FAULT_BAD_DESC);     \
		assert_int_equal(w->e.fault_addr, DESC_VA);                  \
		assert_int_equal(w->e.fault_info >> 32,                      \
				 offsetof(struct axon_matrix_desc, field_)); \
	} while (0)

static void test_bad_descriptors(void **state)
{
	struct world *w = world_new(4096);
	struct axon_matrix_desc good = matrix_desc(AXON_F32, AXON_F32, (struct shape){4, 20, 32});

	(void)state;
	good.b_layout = AXON_B_ROWS;
	good.b_stride = 80;
	assert_int_equal(world_run(w, &good), 0);
	REFUSED(h.size, d.h.size = 120);
	REFUSED(h.op, d.h.op = 1);
	REFUSED(h.flags, d.h.flags = 8);
	REFUSED(h.flags, d.h.flags = AXON_MATRIX_F_ADDEND_ROW);
	REFUSED(h.reserved, d.h.reserved = 1);
	REFUSED(reserved0[2], d.reserved0[2] = 1);
	REFUSED(reserved1, d.reserved1 = 1);
	REFUSED(m, d.m = (1u << 20) + 1);
	REFUSED(n, d.n = ~0u);
	REFUSED(k, d.k = 1u << 31);
	REFUSED(a_type, d.a_type = AXON_U8);
	REFUSED(a_type, d.a_type = AXON_BLOCK);
	REFUSED(a_type, d.a_type = 99);
	REFUSED(b_type, d.b_type = AXON_I8);
	REFUSED(b_type, d.b_type = AXON_BLOCK);
	REFUSED(b_type, (d.a_type = AXON_I8, d.b_type = AXON_U8));
	REFUSED(b_type, d.a_type = AXON_Q8A);
	REFUSED(c_type, d.c_type = AXON_I32);
	REFUSED(c_type, d.c_type = AXON_I8);
	REFUSED(c_type, (d.c_type = AXON_BF16, d.h.flags = AXON_MATRIX_F_ACCUMULATE));
	REFUSED(c_type, (d.a_type = d.b_type = AXON_I8, d.h.flags = AXON_MATRIX_F_ACCUMULATE));
	REFUSED(h.flags, (d.a_type = d.b_type = AXON_I8, d.c_type = AXON_I32,
			  d.h.flags = AXON_MATRIX_F_ADDEND));
	REFUSED(scale, (d.a_type = d.b_type = AXON_I8, d.c_type = AXON_I32, d.scale = 2));
	REFUSED(addend_type, (d.addend_type = AXON_I8, d.h.flags = AXON_MATRIX_F_ADDEND));
	REFUSED(addend, (d.addend = ADDEND_AT + 2, d.h.flags = AXON_MATRIX_F_ADDEND));
	REFUSED(addend_stride,
		(d.addend = ADDEND_AT, d.addend_stride = 2, d.h.flags = AXON_MATRIX_F_ADDEND));
	REFUSED(addend_stride, (d.addend = ADDEND_AT, d.addend_stride = INT64_MIN,
				d.h.flags = AXON_MATRIX_F_ADDEND));
	REFUSED(b_layout, d.b_layout = 3);
	REFUSED(a, d.a += 2);
	REFUSED(a_s0, d.a_s0 += 2);
	REFUSED(a_s1, (d.a_m0 = 2, d.a_s1 = 1));
	REFUSED(b, d.b += 1);
	REFUSED(b_stride, d.b_stride = 82);
	REFUSED(b_stride, d.b_stride = 1ull << 62);
	REFUSED(b_stride, d.b_stride = ~3ull);
	REFUSED(b_stride, d.b = ~0ull - 255);
	REFUSED(c, d.c += 2);
	REFUSED(c_stride, d.c_stride = 3);
	REFUSED(c_stride, d.c_stride = INT64_MAX & ~7);
	REFUSED(c_stride, d.c_stride = INT64_MIN);
	REFUSED(c_stride, d.c = ~0ull - 127);
	REFUSED(h.flags, (d.h.flags = AXON_MATRIX_F_ACCUMULATE, d.m = d.n = 1u << 20,
			  d.k = 1u << 15, d.a_s0 = d.b_stride = d.c_stride = 0));
	REFUSED(h.flags, (d.h.flags = AXON_MATRIX_F_ADDEND, d.addend = d.c,
			  d.m = d.n = d.k = 1u << 14, d.a_s0 = d.b_stride = d.c_stride = 0));
	good = matrix_desc(AXON_Q8A, AXON_BLOCK, (struct shape){4, 20, 256});
	good.b_layout = AXON_B_PACKED;
	good.b_format = AXON_FMT_Q4_K;
	assert_int_equal(world_run(w, &good), 0);
	REFUSED(b_layout, d.b_layout = AXON_B_ROWS);
	REFUSED(b_format, d.b_format = 0);
	REFUSED(b_format, d.b_format = AXON_FMT(7, 0, 32, 0, 0));
	REFUSED(b_format, d.b_format = AXON_FMT(4, 0, 24, AXON_SCALE_U6, 0));
	REFUSED(b_format, d.b_format = AXON_FMT(4, 0, 32, 3, 0));
	REFUSED(b_format, d.b_format = AXON_FMT(4, 0, 32, AXON_SCALE_F16, AXON_MIN_U6));
	REFUSED(b_format, d.b_format = AXON_FMT(4, 0, 32, AXON_SCALE_U6, AXON_MIN_F16));
	REFUSED(k, d.k = 128);
	REFUSED(k, (d.b_format = AXON_FMT_Q8_0, d.k = 48));
	world_free(w);
}

#define FAULTS(cause, at, change)                          \
	do {                                               \
		struct axon_matrix_desc d = good;          \
		change;                                    \
		assert_int_equal(world_run(w, &d), cause); \
		assert_int_equal(w->e.fault_addr, at);     \
	} while (0)

static void test_bad_addresses(void **state)
{
	struct world *w = world_new(4096);
	struct axon_matrix_desc good = matrix_desc(AXON_F32, AXON_F32, (struct shape){4, 20, 32});
	uint32_t sram_end = AXON_SRAM_BASE + SRAM_SIZE;

	(void)state;
	good.b_layout = AXON_B_ROWS;
	good.b_stride = 80;
	good.a_s0 = 128;
	FAULTS(AXON_FAULT_SRAM_RANGE, AXON_SRAM_BASE - 4, d.a = AXON_SRAM_BASE - 4);
	FAULTS(AXON_FAULT_SRAM_RANGE, 0, d.a = 0);
	FAULTS(0, 0, d.a = sram_end - 512);
	FAULTS(AXON_FAULT_SRAM_RANGE, sram_end - 124, d.a = sram_end - 508);
	FAULTS(AXON_FAULT_SRAM_RANGE, AXON_SRAM_BASE - 128,
	       (d.a = AXON_SRAM_BASE + 256, d.a_s0 = -128));
	FAULTS(0, 0, (d.a = AXON_SRAM_BASE + 384, d.a_s0 = -128));
	FAULTS(AXON_FAULT_SRAM_RANGE, AXON_SRAM_BASE - 128,
	       (d.a = AXON_SRAM_BASE, d.a_m0 = 2, d.a_s0 = 256, d.a_s1 = -128));
	/* five rows in groups of four: the second group has one row, so the box is not full */
	FAULTS(0, 0, (d.m = 5, d.a = sram_end - 1024, d.a_m0 = 4, d.a_s0 = 128, d.a_s1 = 896));
	FAULTS(AXON_FAULT_SRAM_RANGE, sram_end,
	       (d.m = 6, d.a = sram_end - 1024, d.a_m0 = 4, d.a_s0 = 128, d.a_s1 = 896));
	FAULTS(AXON_FAULT_SRAM_RANGE, 0x10000000 + 0x7fffff00ull * 3 + 8, d.a_s0 = 0x7fffff00);
	FAULTS(AXON_FAULT_SRAM_RANGE, sram_end - 4, d.b = sram_end - 4);
	FAULTS(AXON_FAULT_SRAM_RANGE, sram_end - 4, d.c = sram_end - 4);
	FAULTS(AXON_FAULT_PAGE_READ, MEM_BASE + MEM_SIZE, d.b = MEM_BASE + MEM_SIZE - 160);
	FAULTS(AXON_FAULT_PAGE_READ, MEM_BASE - 4, d.b = MEM_BASE - 4);
	FAULTS(AXON_FAULT_PAGE_WRITE, MEM_BASE + MEM_SIZE,
	       (d.c = MEM_BASE + MEM_SIZE - 160, d.c_stride = 80));
	FAULTS(AXON_FAULT_PAGE_READ, MEM_BASE + MEM_SIZE,
	       (d.h.flags = AXON_MATRIX_F_ADDEND, d.addend = MEM_BASE + MEM_SIZE));
	world_free(w);
}

static void test_stop(void **state)
{
	struct axon_matrix_desc d = matrix_desc(AXON_F32, AXON_F32, (struct shape){20, 600, 40});
	struct world *w = world_new(4096);

	(void)state;
	d.b_layout = AXON_B_ROWS;
	d.b_stride = 2400;
	w->stop_after = 5;
	assert_int_equal(world_run(w, &d), ENGINE_STOPPED);
	/* what adds to C is not left half-way */
	d.h.flags = AXON_MATRIX_F_ACCUMULATE;
	w->stop_after = 5;
	assert_int_equal(world_run(w, &d), 0);
	d.h.flags = AXON_MATRIX_F_ADDEND;
	d.addend = d.c;
	d.addend_stride = d.c_stride;
	w->stop_after = 5;
	assert_int_equal(world_run(w, &d), 0);
	/* nor started */
	memset(w->written, 0, MEM_SIZE);
	w->stop = 1;
	assert_int_equal(matrix_run(&w->e, &d.h, DESC_VA), ENGINE_STOPPED);
	for (unsigned int i = 0; i < MEM_SIZE; i++)
		assert_int_equal(w->written[i], 0);
	world_free(w);
}

/* 32 + max(⌈m/8⌉·⌈n/16⌉·⌈k/r⌉, ⌈bytes/32⌉), by hand. */
static void test_cycles(void **state)
{
	struct world *w = world_new(4096);
	struct axon_matrix_desc d = matrix_desc(AXON_F32, AXON_F32, (struct shape){9, 33, 10});

	(void)state;
	d.b_layout = AXON_B_ROWS;
	d.b_stride = 132;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles, 32 + 79); /* 2·3·10 = 60; (33·10 + 9·33)·4 = 2508 bytes */
	d.b = AXON_SRAM_BASE + 4096;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles, 32 + 60); /* 1188 bytes: 38 */
	d.h.flags = AXON_MATRIX_F_ACCUMULATE | AXON_MATRIX_F_ADDEND;
	d.addend = ADDEND_AT;
	d.addend_type = AXON_F16;
	d.addend_stride = 66;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles, 32 + 93); /* 2·1188 + 594 = 2970 bytes */
	d = matrix_desc(AXON_BF16, AXON_BF16, (struct shape){16, 32, 101});
	d.b_layout = AXON_B_PACKED;
	d.b = AXON_SRAM_BASE + 65536;
	d.c = AXON_SRAM_BASE + 131072;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles, 32 + 204); /* 2·2·51 */
	d = matrix_desc(AXON_I8, AXON_I8, (struct shape){16, 32, 101});
	d.b_layout = AXON_B_PACKED;
	d.b = AXON_SRAM_BASE + 65536;
	d.c = AXON_SRAM_BASE + 131072;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles, 32 + 104); /* 2·2·26 */
	d = matrix_desc(AXON_Q8A, AXON_BLOCK, (struct shape){1, 20, 512});
	d.b_layout = AXON_B_PACKED;
	d.b_format = AXON_FMT_Q4_K;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles,
			 32 + 299); /* 2 tiles · 2 records · 2368 + 80 = 9552 bytes; 1·2·128 */
	d.m = 0;
	assert_int_equal(world_run(w, &d), 0);
	assert_int_equal(w->e.cycles, 32);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_descriptors),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
