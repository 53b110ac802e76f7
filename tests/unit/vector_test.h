/* SPDX-License-Identifier: MIT */
/* Vector programs for tests, over one flat engine, run with each kernel set that the host has. */
#ifndef VECTOR_TEST_H
#define VECTOR_TEST_H

#include <math.h>

#include "flat_engine.h"
#include "vector_kernels.h"

#define MEM  FLAT_BASE
#define SRAM AXON_SRAM_BASE

struct program {
	struct axon_vector_desc d;
	struct axon_vinsn insn[AXON_V_INSNS];
};
_Static_assert(offsetof(struct program, insn) == sizeof(struct axon_vector_desc), "program");

static struct flat flat;
static uint64_t seed;

static inline void start(struct program *p, uint32_t rows, uint32_t cols)
{
	memset(p, 0, sizeof(*p));
	p->d.h.size = sizeof(p->d);
	p->d.rows = rows;
	p->d.cols = cols;
}

static inline uint32_t below(uint32_t n)
{
	return flat_random(&seed) % n;
}

/* A number in ±1000. */
static inline float number(void)
{
	return ((int32_t)flat_random(&seed) % 1000000) / 1000.0f;
}

/* A dense operand of `rows` of p's columns. */
static inline struct axon_vector_operand *operand(struct program *p, uint64_t addr, uint8_t type,
						  int32_t size)
{
	struct axon_vector_operand *o = &p->d.operand[p->d.operands++];

	*o = (struct axon_vector_operand){
		.addr = addr,
		.row_stride = (int64_t)p->d.cols * size,
		.col_stride = size,
		.type = type,
	};
	return o;
}

static inline struct axon_vinsn *insn(struct program *p, uint8_t op, uint8_t dst, uint8_t a,
				      uint8_t b, uint8_t c)
{
	struct axon_vinsn *i = &p->insn[p->d.insns++];

	*i = (struct axon_vinsn){.op = op, .dst = dst, .a = a, .b = b, .c = c};
	p->d.h.size += sizeof(*i);
	return i;
}

static inline int run(struct program *p)
{
	return vector_run(&flat.e, &p->d.h, FLAT_DESC);
}

static inline uint32_t bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static inline float from_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

static inline void assert_same(float got, float expected, const char *what, unsigned int i)
{
	if (bits(got) == bits(expected) || (isnan(got) && isnan(expected)))
		return;
	fail_msg("%s, element %u: expected %a (0x%08x), found %a (0x%08x)", what, i, expected,
		 bits(expected), got, bits(got));
}

/* Runs the tests once for each kernel set. */
static inline int run_with_all_kernels(const struct CMUnitTest *tests, size_t count)
{
	const struct vector_kernels *k;
	int failed = 0;

	flat_open(&flat);
	for (unsigned int i = 0; (k = vector_kernels_nth(i)); i++) {
		print_message("kernels: %s\n", k->name);
		vector_kernels_use(k);
		seed = 1;
		failed += _cmocka_run_group_tests(k->name, tests, count, NULL, NULL);
	}
	flat_close(&flat);
	return failed != 0;
}
#define RUN_WITH_ALL_KERNELS(tests) run_with_all_kernels(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
