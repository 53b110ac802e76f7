/* SPDX-License-Identifier: MIT */
/*
 * What every test of a kernel starts from: the chip with all kernels loaded, memory that both sides
 * see, with a guard behind each piece, and checks that name the case they failed in.
 */
#ifndef KERNEL_RIG_H
#define KERNEL_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "axon_isa.h"
#include "chip.h"
#include "step_args.h"

#define KERNEL_PIECES 64
#define KERNEL_PAGES  16 /* of a step's sequence */

struct kernel_rig {
	struct chip chip;
	struct accel_stream *stream;
	struct accel_buffer *memory;
	uint8_t *bytes;
	size_t used;
	size_t guards[KERNEL_PIECES]; /* offsets */
	unsigned int pieces;
	char label[160]; /* of the case */
	uint32_t random;
};

/* cmocka's setup and teardown of one test: *state is the rig. */
int kernel_setup(void **state);
int kernel_teardown(void **state);

#define KERNEL_TEST(test) cmocka_unit_test_setup_teardown(test, kernel_setup, kernel_teardown)

/* Begins a case: frees all memory, seeds the random numbers and names the case. */
void kernel_case(struct kernel_rig *rig, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Memory of ones, which are NaNs in every float type. *ptr is where the host sees it. */
uint64_t kernel_take(struct kernel_rig *rig, size_t bytes, void *ptr);
/* The same with `n` floats of random_float(). */
uint64_t kernel_random(struct kernel_rig *rig, size_t n, float **ptr);
/* Where the host sees an address of kernel_take()'s. */
void *kernel_host(struct kernel_rig *rig, uint64_t va);
/*
 * A step block of `rows` tokens, which are 0, of sequence 0 from position pos on, the last an
 * output. Pages follow each other. Its first word is the number of rows.
 */
uint64_t kernel_step(struct kernel_rig *rig, uint32_t rows, uint32_t pos, struct step **step);
/* The same step again with other rows, at another position, in segments of at most `most`. */
void kernel_cut(struct kernel_rig *rig, struct step *step, uint32_t rows, uint32_t pos,
		uint32_t most);

/* Adds a launch to the stream; kernel_run() runs and empties it, and looks at the guards. */
void kernel_launch(struct kernel_rig *rig, enum chip_kernel kernel, uint32_t x, uint32_t y,
		   const void *args, size_t args_bytes);
void kernel_run(struct kernel_rig *rig);
/* Runs the stream, which must stop with this cause. */
void kernel_run_to_fault(struct kernel_rig *rig, unsigned int cause);

/* Uniform in [-1, 1). */
float random_float(struct kernel_rig *rig);
uint32_t random_bits(struct kernel_rig *rig);

void check_bytes(struct kernel_rig *rig, const void *found, const void *expected, size_t bytes);
/* All bytes as kernel_take() left them. */
void check_untouched(struct kernel_rig *rig, const void *found, size_t bytes);
void check_floats(struct kernel_rig *rig, const float *found, const float *expected, size_t n);
void check_near(struct kernel_rig *rig, size_t index, double found, double expected,
		double tolerance);

/* Σ of n floats (or of their squares) in the order of the vector engine's reductions. */
float lane_sum(const float *v, uint32_t n, bool squares);
/* n floats, a multiple of 32, as QUANT makes them. */
void q8a_of(const float *v, uint32_t n, struct axon_q8a *out);

static inline uint32_t div_up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
