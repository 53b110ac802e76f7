/* SPDX-License-Identifier: MIT */
/*
 * Descriptors made to break out of the engine or to keep it for ever: indices that change while they
 * are checked, shapes so large that their loops must be left early.
 */
#include "vector_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define COLS   1024
#define RACES  20000
#define WILD   0x3fffff00u /* words: 4 GiB behind the table */
#define TABLE  (MEM + 0x40000)
#define INDEX  (MEM + 0x20000)
#define RESULT MEM

/* An engine that does not come back ends the test, not the day. */
#define PATIENCE_S 60

/* ---- indices that another core rewrites -------------------------------------------------- */

static _Atomic bool racing;

/* Wild for about as long as right, and either for about as long as a run takes. */
static void *rewrite_indices(void *arg)
{
	uint32_t *index = (uint32_t *)flat_at(&flat, INDEX);
	uint32_t value = 1;

	(void)arg;
	while (atomic_load(&racing)) {
		value = value == 1 ? WILD : 1;
		for (unsigned int i = 0; i < COLS; i++)
			__atomic_store_n(&index[i], value, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* A program over INDEX (operand 0), TABLE (1) and RESULT (2). */
static void start_indexed(struct program *p)
{
	start(p, 1, COLS);
	operand(p, INDEX, AXON_I32, 4);
	operand(p, TABLE, AXON_F32, 4)->limit = COLS;
	operand(p, RESULT, AXON_I32, 4);
}

/* Each run either succeeds or finds a wild index; a wild access would end the process. */
static void race(struct program *p)
{
	pthread_t thread;

	flat.scattered = false;
	flat.stop = 0;
	atomic_store(&racing, true);
	assert_int_equal(pthread_create(&thread, NULL, rewrite_indices, NULL), 0);
	for (unsigned int n = 0; n < RACES; n++) {
		int cause = run(p);

		if (cause)
			assert_int_equal(cause, AXON_FAULT_BAD_INDEX);
	}
	atomic_store(&racing, false);
	pthread_join(thread, NULL);
}

static void gathered_indices_are_read_once(void **state)
{
	struct program p;

	(void)state;
	start_indexed(&p);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_GATHER, 1, 1, 0, 0);
	race(&p);
}

static void scattered_indices_are_read_once(void **state)
{
	struct program p;

	(void)state;
	start_indexed(&p);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_SCATTER_ADD, 1, 0, 0, AXON_R(0));
	race(&p);
}

/* The sum is made where it is stored: there it can be rewritten as well. */
static void computed_indices_are_read_once(void **state)
{
	struct program p;

	(void)state;
	start_indexed(&p);
	p.d.operand[2].addr = INDEX;
	p.d.operand[0].addr = RESULT;
	memset(flat_at(&flat, RESULT), 0, COLS * sizeof(uint32_t));
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_OR, 1, 0, 0, 0);
	insn(&p, AXON_V_STORE, 2, 0, 1, 0);
	insn(&p, AXON_V_GATHER, 2, 1, 1, 0);
	race(&p);
}

/* ---- shapes without end ------------------------------------------------------------------ */

/* 2^56 columns by 2^6 rows, transposed; its first block is not mapped. */
static void a_faulting_transpose_ends_at_once(void **state)
{
	const uint64_t columns = (1ull << 24) - 1;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d)},
		.dst = AXON_LOCAL_END,
		.src = AXON_LOCAL_END,
		.dst_type = AXON_U8,
		.src_type = AXON_U8,
		.dims = 3,
		.extent = {columns, UINT32_MAX, 64},
		.dst_stride = {1, columns, 1ll << 57},
		.src_stride = {64, 64 * columns, 1},
	};

	(void)state;
	alarm(PATIENCE_S);
	flat.stop = 0;
	assert_int_equal(dma_run(&flat.e, &d.h, FLAT_DESC), AXON_FAULT_PAGE_READ);
	alarm(0);
}

static void *stop_soon(void *arg)
{
	const struct timespec soon = {.tv_nsec = 20000000};

	(void)arg;
	nanosleep(&soon, NULL);
	__atomic_store_n(&flat.stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Minutes of row registers and nothing else. */
static void a_program_without_strips_can_be_stopped(void **state)
{
	struct program p;
	pthread_t thread;

	(void)state;
	alarm(PATIENCE_S);
	start(&p, UINT32_MAX, 1);
	for (unsigned int i = 0; i < AXON_V_INSNS; i++)
		insn(&p, AXON_V_CONST, AXON_R(0), 0, 0, 0);
	flat.stop = 0;
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
	assert_int_equal(run(&p), ENGINE_STOPPED);
	pthread_join(thread, NULL);
	flat.stop = 0;
	alarm(0);
}

/* What cannot be stopped must be short, also where it is rows that are many. */
static void many_rows_that_cannot_be_stopped_are_refused(void **state)
{
	struct program p;
	struct axon_vector_operand *o;

	(void)state;
	start(&p, 1u << 23, 1);
	o = operand(&p, MEM, AXON_F32, 4);
	o->row_stride = 0;
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_ADD, 0, 0, 0, 0);
	insn(&p, AXON_V_STORE, 0, 0, 0, 0);
	assert_int_equal(run(&p), AXON_FAULT_BAD_DESC);
	assert_int_equal(flat_bad_field(&flat), offsetof(struct axon_vector_desc, rows));
	p.d.rows = 1u << 12;
	assert_int_equal(run(&p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gathered_indices_are_read_once),
		cmocka_unit_test(scattered_indices_are_read_once),
		cmocka_unit_test(computed_indices_are_read_once),
		cmocka_unit_test(a_faulting_transpose_ends_at_once),
		cmocka_unit_test(a_program_without_strips_can_be_stopped),
		cmocka_unit_test(many_rows_that_cannot_be_stopped_are_refused),
	};

	return RUN_WITH_ALL_KERNELS(tests);
}
