/* SPDX-License-Identifier: MIT */
/* Arguments of the test kernels. */
#ifndef TEST_ARGS_H
#define TEST_ARGS_H

#include <stdint.h>

/* test_add: c[i] = a[i] + b[i], TEST_ADD_BLOCK elements to a workgroup */
#define TEST_ADD_BLOCK 64
struct test_add_args {
	uint64_t a, b, c; /* of float[n] */
	uint64_t n;
};

/* test_where: what each workgroup sees, at out[(z * gy + y) * gx + x] */
struct test_where {
	uint32_t x, y, z, gx, gy, gz, cores, core, sram, pad;
	uint64_t sp;
};
struct test_where_args {
	uint64_t out;
};

/* test_step: *value += *by, one workgroup */
struct test_step_args {
	uint64_t value; /* of uint64_t */
	uint64_t by;	/* of uint64_t */
};

/* test_memory: memcpy, memmove and memset on SRAM, compared there with loops over bytes */
struct test_memory_args {
	uint64_t errors; /* of uint32_t */
};

/* test_print: `lines` numbered lines from each workgroup */
struct test_print_args {
	uint32_t lines;
};

/* The kernels that fault */
struct test_fault_args {
	uint64_t addr;
	uint32_t x; /* the only workgroup that faults */
};

#endif
