// SPDX-License-Identifier: MIT
/* Suspend and resume: a queue that is moved about gives what it gives when it is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "chip.h"
#include "rv.h"
#include "save.h"

#define SLOTS 4 /* that queues are moved between */

/* A queue and where it is; its doorbell stays its own. */
struct queue {
	unsigned int slot;
	unsigned int doorbell;
	bool user;
	uint64_t ring, save; /* offsets */
	uint32_t wptr;
	unsigned int suspends;
};

static uint32_t status(struct chip *c, unsigned int s)
{
	return chip_r32(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_STATUS);
}

static void await_switch(struct chip *c, unsigned int s)
{
	for (unsigned int ms = 0; status(c, s) == AXON_SLOT_SWITCHING; ms++) {
		assert_true(ms < CHIP_TIMEOUT_MS);
		chip_sleep_ms(1);
	}
}

static void program(struct chip *c, const struct queue *q)
{
	uint64_t page = AXON_PAGE_SLOT(q->slot);

	chip_w64(c, page + AXON_REG_SLOT_RING, chip_va(q->ring));
	chip_w32(c, page + AXON_REG_SLOT_LOG2, CHIP_RING_LOG2);
	chip_w32(c, page + AXON_REG_SLOT_AS, 1);
	chip_w32(c, page + AXON_REG_SLOT_DOORBELL, q->doorbell);
	chip_w64(c, page + AXON_REG_SLOT_SAVE, chip_va(q->save));
}

static void queue_new(struct chip *c, struct queue *q, unsigned int doorbell, bool user)
{
	uint32_t bytes = chip_r32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SAVE_SIZE);

	*q = (struct queue){.doorbell = doorbell, .user = user};
	q->ring = chip_alloc(c, AXON_PACKET_SIZE << CHIP_RING_LOG2);
	q->save = chip_alloc(c, bytes);
	program(c, q);
	chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_CTRL,
		 AXON_SLOT_CTRL_ENABLE | (user ? AXON_SLOT_CTRL_USER : 0));
}

static void queue_push(struct chip *c, struct queue *q, struct axon_packet packet)
{
	uint32_t mask = (1u << CHIP_RING_LOG2) - 1;

	memcpy(chip_ptr(c, q->ring + (q->wptr++ & mask) * AXON_PACKET_SIZE), &packet,
	       sizeof(packet));
	chip_w32(c, AXON_PAGE_DOORBELL(q->doorbell), q->wptr);
}

static struct save_area *area_of(struct chip *c, const struct queue *q)
{
	return chip_ptr(c, q->save);
}

/* Suspended and off its slot; or, when it is false, it faulted. */
static bool queue_suspend(struct chip *c, struct queue *q)
{
	uint32_t irqs = atomic_load(&c->irqs[AXON_VEC_SLOT(q->slot)]);

	chip_w32(c, AXON_PAGE_SLOT(q->slot) + AXON_REG_SLOT_SUSPEND, 1);
	await_switch(c, q->slot);
	if (status(c, q->slot) == AXON_SLOT_FAULTED)
		return false;
	assert_int_equal(status(c, q->slot), AXON_SLOT_SUSPENDED);
	for (unsigned int i = 0; atomic_load(&c->irqs[AXON_VEC_SLOT(q->slot)]) == irqs; i++) {
		assert_true(i < CHIP_TIMEOUT_MS);
		chip_sleep_ms(1);
	}
	assert_int_equal(area_of(c, q)->head.version, AXON_SAVE_VERSION);
	chip_w32(c, AXON_PAGE_SLOT(q->slot) + AXON_REG_SLOT_CTRL, 0);
	assert_int_equal(status(c, q->slot), AXON_SLOT_DISABLED);
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(q->slot) + AXON_REG_SLOT_RPTR), 0);
	q->suspends++;
	return true;
}

/* Written on `slot`; the caller looks what becomes of it. */
static void queue_resume_on(struct chip *c, struct queue *q, unsigned int slot)
{
	q->slot = slot;
	program(c, q);
	chip_w32(c, AXON_PAGE_SLOT(slot) + AXON_REG_SLOT_CTRL, q->user ? AXON_SLOT_CTRL_USER : 0);
	chip_w32(c, AXON_PAGE_SLOT(slot) + AXON_REG_SLOT_RESUME, 1);
}

static void queue_resume(struct chip *c, struct queue *q, unsigned int slot)
{
	uint32_t irqs = atomic_load(&c->irqs[AXON_VEC_SLOT(slot)]);

	queue_resume_on(c, q, slot);
	for (unsigned int i = 0; atomic_load(&c->irqs[AXON_VEC_SLOT(slot)]) == irqs; i++) {
		assert_true(i < CHIP_TIMEOUT_MS);
		chip_sleep_ms(1);
	}
	assert_in_range(status(c, slot), AXON_SLOT_IDLE, AXON_SLOT_WAITING);
	assert_int_equal(area_of(c, q)->head.version, 0);
}

static void queue_move(struct chip *c, struct queue *q)
{
	assert_true(queue_suspend(c, q));
	queue_resume(c, q, (q->slot + 1) % SLOTS);
}

/* ---- a whole workload -------------------------------------------------------------------- */

#define GROUPS	   12
#define LAUNCHES   4
#define BLOCK	   16384 /* bytes of a workgroup: descriptors, input, output */
#define IN	   4096
#define OUT	   8192
#define WORDS	   12288 /* what the hart writes */
#define ITERATIONS 40
#define COPY_BYTES (5u << 20)
#define FILL_BYTES (3u << 20)

enum { S2 = 18, S3, S4, S5, S6, S7, S8 };
enum { D_IN, D_INIT, D_OUT, D_MATRIX = 3, D_VECTOR = 4 };
#define DESC 512 /* bytes apart */

#define ISSUE(engine, rd, desc)                                \
	RV_ADDI(T2, S0, 2 * DESC), /* twice: 12 signed bits */ \
		RV_ADDI(T2, T2, ((desc)-2) * DESC),            \
		RV_CUSTOM(AXON_INSN_ISSUE, engine, rd, T2, ZERO)
#define WAIT(token) RV_CUSTOM(AXON_INSN_WAIT, 0, ZERO, token, ZERO)

/*
 * a0 + x·BLOCK: descriptors. Engines work in SRAM with tokens held over the loop's turns, the hart
 * computes integers and a double beside them, keeps one in SRAM and logs it.
 */
static uint64_t busy_kernel(struct chip *c)
{
	return CHIP_CODE(
		c, RV_LUI(T0, BLOCK >> 12), RV_MUL(T0, T0, A1), RV_ADD(S0, A0, T0),
		RV_LUI(S3, AXON_SRAM_BASE >> 12), RV_LUI(S4, 0x12345), RV_ADD(S1, A1, S4),
		RV_LUI(T0, WORDS >> 12), RV_ADD(S5, S0, T0), RV_ADDI(S6, ZERO, ITERATIONS),
		RV_ADDI(S2, ZERO, 0), ISSUE(AXON_ENGINE_DMA, T0, D_INIT), WAIT(T0),
		/* the loop: 24 words */
		ISSUE(AXON_ENGINE_DMA, S7, D_IN), WAIT(S2), RV_LUI(T0, 1), RV_MUL(S1, S1, S4),
		RV_ADDI(S1, S1, 77), RV_SD(S1, S3, 0x7f8), RV_ADDI(T0, T0, -1),
		RV_BNE(T0, ZERO, -16), RV_R(0x53, 0, 0x69, 1, S1, 2) /* fcvt.d.l f1, s1 */,
		RV_R(0x53, 0, 0x05, 2, 2, 1) /* fsub.d f2, f2, f1 */, WAIT(S7),
		ISSUE(AXON_ENGINE_MATRIX, S8, D_MATRIX), WAIT(S8),
		ISSUE(AXON_ENGINE_VECTOR, S2, D_VECTOR), RV_LD(T0, S3, 0x7f8), RV_SD(T0, S5, 0),
		RV_ADDI(T1, ZERO, 8), RV_CUSTOM(AXON_INSN_LOG, 0, ZERO, S5, T1),
		RV_ADDI(S6, S6, -1), RV_BNE(S6, ZERO, -4 * 25),
		/* behind it */
		WAIT(S2), ISSUE(AXON_ENGINE_DMA, T0, D_OUT), WAIT(T0),
		RV_R(0x53, 0, 0x71, T0, 2, 0) /* fmv.x.d */, RV_SD(T0, S5, 8), RV_CSRR(T0, 0xc00),
		RV_SD(T0, S5, 16), RV_CSRR(T0, 0xc02), RV_SD(T0, S5, 24), RV_CSRR(T0, 0x003),
		RV_SD(T0, S5, 32), RV_SD(S2, S5, 40), RV_CSRR(T0, AXON_CSR_CORE), RV_SD(T0, S5, 48),
		RV_RET);
}

static void put_descriptors(struct chip *c, uint64_t block)
{
	const struct axon_dma_copy copy = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(copy)},
		.dst = AXON_SRAM_BASE,
		.src = chip_va(block + IN),
		.dims = 1,
		.extent = {512},
		.dst_stride = {4},
		.src_stride = {4},
	};
	const struct axon_matrix_desc matrix = {
		.h = {.op = AXON_MATRIX_MUL,
		      .flags = AXON_MATRIX_F_ACCUMULATE,
		      .size = sizeof(matrix)},
		.m = 16,
		.n = 16,
		.k = 16,
		.a = AXON_SRAM_BASE,
		.a_s1 = 64,
		.a_m0 = 1,
		.b = AXON_SRAM_BASE + 1024,
		.b_stride = 64,
		.c = AXON_SRAM_BASE + 4096,
		.c_stride = 64,
		.scale = 1,
	};
	const struct {
		struct axon_vector_desc desc;
		struct axon_vinsn insn[3];
	} vector = {
		.desc = {.h = {.op = AXON_VECTOR_RUN, .size = sizeof(vector)},
			 .rows = 16,
			 .cols = 16,
			 .insns = 3,
			 .operands = 1,
			 .operand = {{.addr = AXON_SRAM_BASE + 4096,
				      .row_stride = 64,
				      .col_stride = 4}}},
		.insn = {{.op = AXON_V_LOAD, .dst = 0, .a = 0},
			 {.op = AXON_V_MULI, .dst = 0, .a = 0, .fimm = 0.75f},
			 {.op = AXON_V_STORE, .dst = 0, .b = 0}},
	};
	struct axon_dma_copy init = copy, out = copy;

	init.dst = AXON_SRAM_BASE + 4096;
	init.extent[0] = out.extent[0] = 256;
	out.src = AXON_SRAM_BASE + 4096;
	out.dst = chip_va(block + OUT);
	memcpy(chip_ptr(c, block + D_IN * DESC), &copy, sizeof(copy));
	memcpy(chip_ptr(c, block + D_INIT * DESC), &init, sizeof(init));
	memcpy(chip_ptr(c, block + D_OUT * DESC), &out, sizeof(out));
	memcpy(chip_ptr(c, block + D_MATRIX * DESC), &matrix, sizeof(matrix));
	memcpy(chip_ptr(c, block + D_VECTOR * DESC), &vector, sizeof(vector));
	for (unsigned int i = 0; i < 512; i++)
		((float *)chip_ptr(c, block + IN))[i] = (float)((i * 37 + block / BLOCK) % 64) / 32;
}

/* What is compared, as offsets in device memory. */
struct workload {
	struct axon_packet call;
	uint64_t blocks, logs, stats, stamps, counters, copied, done;
};

#define LOG_BYTES (sizeof(struct axon_log) + GROUPS * ITERATIONS * 8)

static struct workload workload_new(struct chip *c)
{
	uint64_t kernel = busy_kernel(c);
	struct workload w = {
		.blocks = chip_alloc(c, LAUNCHES * GROUPS * BLOCK),
		.logs = chip_alloc(c, LAUNCHES * LOG_BYTES),
		.stats = chip_alloc(c, LAUNCHES * sizeof(struct axon_launch_stats)),
		.stamps = chip_alloc(c, 2 * sizeof(struct axon_timestamp)),
		.counters = chip_alloc(c, sizeof(struct axon_counters)),
		.copied = chip_alloc(c, COPY_BYTES),
		.done = chip_alloc(c, 64),
	};
	struct axon_packet packets[LAUNCHES + 4] = {
		{.op = AXON_PKT_TIMESTAMP, .timestamp = {.addr = chip_va(w.stamps)}}};
	unsigned int n = 1;

	for (unsigned int b = 0; b < LAUNCHES * GROUPS; b++)
		put_descriptors(c, w.blocks + b * BLOCK);
	for (unsigned int l = 0; l < LAUNCHES; l++) {
		uint64_t log = w.logs + l * LOG_BYTES;

		*(uint64_t *)chip_ptr(c, log) = GROUPS * ITERATIONS * 8;
		packets[n] =
			chip_launch(kernel, chip_va(w.blocks + l * GROUPS * BLOCK), GROUPS, 1, 1);
		packets[n].flags = l + 1 < LAUNCHES ? AXON_PKT_F_OVERLAP : 0;
		packets[n].launch.log = chip_va(log);
		packets[n++].launch.stats = chip_va(w.stats + l * sizeof(struct axon_launch_stats));
	}
	packets[n++] = chip_copy(chip_va(w.copied), chip_va(w.blocks), LAUNCHES * GROUPS * BLOCK);
	packets[n++] =
		(struct axon_packet){.op = AXON_PKT_FILL,
				     .fill = {.dst = chip_va(w.copied + LAUNCHES * GROUPS * BLOCK),
					      .bytes = FILL_BYTES,
					      .pattern = 0x1234567}};
	packets[n++] = (struct axon_packet){.op = AXON_PKT_TIMESTAMP,
					    .timestamp = {.addr = chip_va(w.stamps + 16)}};
	w.call = chip_buffer(c, packets, n);
	w.call = chip_buffer(c, &w.call, 1);
	return w;
}

static int compare_words(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The same but for wall times and the order of messages from different workgroups. */
static void compare(struct chip *a, struct chip *b, const struct workload *w)
{
	struct axon_counters *ca = chip_ptr(a, w->counters), *cb = chip_ptr(b, w->counters);
	struct axon_timestamp *ta = chip_ptr(a, w->stamps), *tb = chip_ptr(b, w->stamps);

	assert_memory_equal(chip_ptr(a, w->blocks), chip_ptr(b, w->blocks),
			    LAUNCHES * GROUPS * BLOCK);
	assert_memory_equal(chip_ptr(a, w->copied), chip_ptr(b, w->copied), COPY_BYTES);
	for (unsigned int l = 0; l < LAUNCHES; l++) {
		struct axon_launch_stats *sa = chip_ptr(a, w->stats), *sb = chip_ptr(b, w->stats);
		struct axon_log *la = chip_ptr(a, w->logs + l * LOG_BYTES);
		struct axon_log *lb = chip_ptr(b, w->logs + l * LOG_BYTES);

		assert_true(sa[l].cycles > 200);
		assert_int_equal(sa[l].cycles, sb[l].cycles);
		assert_int_equal(sa[l].instret, sb[l].instret);
		assert_memory_equal(sa[l].engine_cycles, sb[l].engine_cycles,
				    sizeof(sa[l].engine_cycles));
		assert_int_equal(la->head, GROUPS * ITERATIONS * 8);
		qsort(la + 1, GROUPS * ITERATIONS, 8, compare_words);
		qsort(lb + 1, GROUPS * ITERATIONS, 8, compare_words);
		assert_memory_equal(la, lb, LOG_BYTES);
	}
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(ta[i].cycles, tb[i].cycles);
	assert_memory_equal(ca->cycles, cb->cycles, sizeof(ca->cycles));
	assert_int_equal(ca->workgroups, LAUNCHES * GROUPS);
	assert_int_equal(cb->workgroups, LAUNCHES * GROUPS);
	assert_int_equal(ca->packets, cb->packets);
}

static struct chip *bench(unsigned int threads, struct queue *q, bool user, struct workload *w)
{
	struct chip *c = chip_new(3, threads);

	queue_new(c, q, 700, user);
	*w = workload_new(c);
	for (unsigned int s = 0; s < SLOTS; s++)
		chip_w64(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_COUNTERS, chip_va(w->counters));
	queue_push(c, q, w->call);
	queue_push(c, q, chip_signal(chip_va(w->done), 1));
	return c;
}

static bool is_done(struct chip *c, const struct workload *w)
{
	return __atomic_load_n((uint64_t *)chip_ptr(c, w->done), __ATOMIC_ACQUIRE);
}

static void await(struct chip *c, const struct workload *w)
{
	for (unsigned int ms = 0; !is_done(c, w); ms++) {
		assert_true(ms < CHIP_TIMEOUT_MS);
		assert_int_equal(chip_faults(c), 0);
		chip_sleep_ms(1);
	}
}

/* What the suspends of a run came upon. */
struct seen {
	unsigned int suspends, workgroups, jobs, chunks;
};

static void look(struct chip *c, const struct queue *q, struct seen *seen)
{
	const struct save_area *area = area_of(c, q);

	seen->suspends++;
	for (unsigned int i = 0; i < area->records; i++)
		seen->workgroups += area->entry[i].full;
	seen->jobs += area->jobs > 1;
	seen->chunks += area->jobs && area->job[0].packet.op != AXON_PKT_LAUNCH;
}

static void test_same_as_uninterrupted(void **state)
{
	struct seen seen = {0};

	(void)state;
	for (unsigned int threads = 1; threads <= 3; threads++) {
		struct chip *alone, *moved;
		struct workload w;
		struct queue q;

		/* the area's size depends on the threads, and with it where everything lies */
		alone = bench(threads, &q, threads == 2, &w);
		await(alone, &w);
		moved = bench(threads, &q, threads == 2, &w);
		while (!is_done(moved, &w)) {
			usleep(q.suspends * 97 % 1000);
			assert_true(queue_suspend(moved, &q));
			look(moved, &q, &seen);
			queue_resume(moved, &q, q.suspends % SLOTS);
			assert_int_equal(chip_faults(moved), 0);
		}
		chip_wait_state(moved, q.slot, AXON_SLOT_IDLE);
		chip_wait_state(alone, 0, AXON_SLOT_IDLE);
		compare(alone, moved, &w);
		chip_free(alone);
		chip_free(moved);
	}
	print_message("%u suspends, of %u workgroups, %u overlapping, %u in a COPY or FILL\n",
		      seen.suspends, seen.workgroups, seen.jobs, seen.chunks);
	assert_true(seen.suspends > 24);
	assert_true(seen.workgroups > 24);
	assert_true(seen.jobs > 4);
}

/* ---- where a queue can be when it is suspended -------------------------------------------- */

static struct chip *empty_bench(unsigned int threads, struct queue *q)
{
	struct chip *c = chip_new(2, threads);

	queue_new(c, q, 700, false);
	return c;
}

static bool finishes(struct chip *c, struct queue *q)
{
	uint64_t at = chip_alloc(c, 16);
	uint64_t *value = chip_ptr(c, at);

	queue_push(c, q, chip_signal(chip_va(at), 1));
	for (unsigned int ms = 0; !__atomic_load_n(value, __ATOMIC_ACQUIRE); ms++) {
		assert_true(ms < CHIP_TIMEOUT_MS);
		if (status(c, q->slot) == AXON_SLOT_FAULTED)
			return false;
		chip_sleep_ms(1);
	}
	return true;
}

static void test_idle(void **state)
{
	struct queue q;
	struct chip *c = empty_bench(1, &q);
	uint64_t page = AXON_PAGE_SLOT(0);

	(void)state;
	assert_true(chip_r32(c, page + AXON_REG_SLOT_SAVE_SIZE) >= (1 << 20));
	assert_true(finishes(c, &q));
	assert_true(finishes(c, &q));
	chip_wait_state(c, 0, AXON_SLOT_IDLE);
	assert_true(queue_suspend(c, &q));
	assert_int_equal(area_of(c, &q)->head.rptr, 2);
	assert_int_equal(area_of(c, &q)->head.busy, 0);
	assert_int_equal(area_of(c, &q)->head.state, AXON_SLOT_IDLE);
	assert_int_equal(area_of(c, &q)->head.clock, 20);
	assert_int_equal(area_of(c, &q)->head.ring, chip_va(q.ring));
	/* suspended nobody listens: what is rung is found by the resume */
	queue_push(c, &q, (struct axon_packet){.op = AXON_PKT_NOP});
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 1);
	queue_resume(c, &q, 2);
	assert_true(queue_suspend(c, &q));
	queue_resume(c, &q, 3);
	assert_true(finishes(c, &q));
	/* once: it is there now, and nothing in the area */
	queue_resume_on(c, &q, 1);
	assert_int_equal(chip_fault(c, 0).cause, AXON_FAULT_BAD_SAVE);
	chip_reset_slot(c, 1);
	q.slot = 3;
	chip_w32(c, AXON_PAGE_DB_VALUE + AXON_REG_DB_VALUE(q.doorbell), q.wptr);
	chip_wait_state(c, 3, AXON_SLOT_IDLE);
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_RPTR), 4);

	/* straight back on the slot where it is */
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_SUSPEND, 1);
	chip_wait_state(c, 3, AXON_SLOT_SUSPENDED);
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_SUSPEND, 1);
	assert_int_equal(status(c, 3), AXON_SLOT_SUSPENDED);
	chip_w32(c, AXON_PAGE_DB_STATUS + AXON_REG_DB_RUNG(700 / 32), ~0u);
	queue_push(c, &q, (struct axon_packet){.op = AXON_PKT_NOP});
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 2);
	assert_int_equal(chip_r32(c, AXON_PAGE_DB_STATUS + AXON_REG_DB_RUNG(700 / 32)),
			 1u << 700 % 32);
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_RESUME, 1);
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_WPTR), q.wptr);
	assert_true(finishes(c, &q));

	/* a suspended queue dies of a reset, and the slot serves another */
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_SUSPEND, 1);
	chip_wait_state(c, 3, AXON_SLOT_SUSPENDED);
	chip_reset_slot(c, 3);
	chip_slot(c, 3, 1);
	assert_true(chip_run(c, 3, (struct axon_packet){.op = AXON_PKT_NOP}));

	/* neither means anything to a slot that is off or at work */
	chip_w32(c, page + AXON_REG_SLOT_SUSPEND, 1);
	assert_int_equal(status(c, 0), AXON_SLOT_DISABLED);
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_RESUME, 1);
	assert_true(chip_run(c, 3, (struct axon_packet){.op = AXON_PKT_NOP}));
	assert_int_equal(chip_faults(c), 1);
	chip_free(c);
}

static void store(struct chip *c, uint64_t at, uint64_t value)
{
	__atomic_store_n((uint64_t *)chip_ptr(c, at), value, __ATOMIC_RELEASE);
}

static void test_waiting(void **state)
{
	struct queue q;
	struct chip *c = empty_bench(1, &q);
	uint64_t word = chip_alloc(c, 16);
	struct axon_packet packets[2] = {{.op = AXON_PKT_NOP}, chip_wait(chip_va(word), 5)};
	struct axon_packet call = chip_buffer(c, packets, 2);
	struct save_area *area = area_of(c, &q);

	(void)state;
	/* in the ring */
	queue_push(c, &q, packets[1]);
	chip_wait_state(c, 0, AXON_SLOT_WAITING);
	assert_true(queue_suspend(c, &q));
	assert_int_equal(area->head.state, AXON_SLOT_WAITING);
	assert_int_equal(area->head.wait_addr, chip_va(word));
	assert_int_equal(area->head.wait_value, 5);
	assert_int_equal(area->head.rptr, 0);
	assert_int_equal(area->head.busy, 0);
	queue_resume(c, &q, 1);
	chip_sleep_ms(3);
	assert_int_equal(status(c, 1), AXON_SLOT_WAITING);
	store(c, word, 5);
	assert_true(finishes(c, &q));

	/* three calls deep; the word comes while it is away */
	store(c, word, 0);
	call = chip_buffer(c, &call, 1);
	queue_push(c, &q, chip_buffer(c, &call, 1));
	chip_wait_state(c, 1, AXON_SLOT_WAITING);
	assert_true(queue_suspend(c, &q));
	assert_int_equal(area->head.busy, 1);
	assert_int_equal(area->depth, 3);
	assert_int_equal(area->frame[2].next, 1);
	store(c, word, 5);
	queue_resume(c, &q, 2);
	assert_true(finishes(c, &q));

	/* the time that it has waited goes with it: no more than a moment here, */
	store(c, word, 0);
	queue_push(c, &q, call);
	chip_wait_state(c, 2, AXON_SLOT_WAITING);
	assert_true(queue_suspend(c, &q));
	chip_w32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_WALL_MS, 3600000);
	assert_true(area->wait_ns < 3600000ull * 1000000);
	queue_resume(c, &q, 3);
	chip_wait_state(c, 3, AXON_SLOT_WAITING);
	/* more than the slot allows there */
	assert_true(queue_suspend(c, &q));
	area->wait_ns += 3600000ull * 1000000;
	queue_resume_on(c, &q, 3);
	assert_int_equal(chip_fault(c, 0).cause, AXON_FAULT_HANG);
	chip_free(c);
}

/* Every worker is in a loop, and each of several overlapping launches has workgroups in one. */
static void test_loop(void **state)
{
	struct queue q;
	struct chip *c = empty_bench(2, &q);
	uint64_t loop = CHIP_CODE(c, RV_LOOP);
	struct axon_packet launch = chip_launch(loop, 0, 1, 1, 1);
	struct save_area *area = area_of(c, &q);
	struct axon_fault fault;

	(void)state;
	for (unsigned int s = 0; s < SLOTS; s++)
		chip_w64(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_HANG, 1ull << 32);
	launch.flags = AXON_PKT_F_OVERLAP;
	queue_push(c, &q, launch);
	queue_push(c, &q, launch);
	queue_push(c, &q, launch);
	for (unsigned int i = 0; i < 30; i++) {
		chip_sleep_ms(1);
		queue_move(c, &q);
	}
	/* the chip's clock goes on from where it was, and so does the limit */
	assert_true(queue_suspend(c, &q));
	assert_true(area->entry[0].full || area->entry[1].full);
	for (unsigned int i = 0; i < 2; i++) {
		struct save_workgroup *wg =
			chip_ptr(c, q.save + SAVE_RECORDS + i * (SAVE_SRAM + (1 << 20)));

		assert_true(!area->entry[i].full || wg->cycles > 10000);
		wg->progress -= 1ull << 32;
	}
	queue_resume_on(c, &q, 1);
	fault = chip_fault(c, 0);
	assert_int_equal(fault.cause, AXON_FAULT_HANG);
	assert_int_equal(fault.pc, loop);
	assert_int_equal(status(c, 1), AXON_SLOT_FAULTED);
	/* a queue that faulted is not suspended */
	chip_w32(c, AXON_PAGE_SLOT(1) + AXON_REG_SLOT_SUSPEND, 1);
	assert_int_equal(status(c, 1), AXON_SLOT_FAULTED);
	chip_reset_slot(c, 1);
	chip_free(c);
}

/* Other slots are switched and reset though a program keeps all cores. */
static void test_nobody_waits_for_a_loop(void **state)
{
	struct queue q, other;
	struct chip *c = empty_bench(2, &q);
	uint64_t loop = CHIP_CODE(c, RV_LOOP);

	(void)state;
	assert_true(finishes(c, &q));
	assert_true(queue_suspend(c, &q));
	queue_new(c, &other, 701, false);
	queue_push(c, &other, chip_launch(loop, 0, 8, 1, 1));
	chip_wait_state(c, 0, AXON_SLOT_RUNNING);
	chip_sleep_ms(3);

	for (unsigned int i = 1; i < 4; i++) {
		queue_resume(c, &q, i);
		assert_true(queue_suspend(c, &q));
	}
	/* nor for what keeps them when that is moved at the same time */
	queue_resume(c, &q, 1);
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t from = AXON_PAGE_SLOT(other.slot), page = AXON_PAGE_SLOT(q.slot);

		chip_w32(c, (i % 2 ? from : page) + AXON_REG_SLOT_SUSPEND, 1);
		chip_w32(c, (i % 2 ? page : from) + AXON_REG_SLOT_SUSPEND, 1);
		chip_wait_state(c, q.slot, AXON_SLOT_SUSPENDED);
		chip_wait_state(c, other.slot, AXON_SLOT_SUSPENDED);
		chip_w32(c, from + AXON_REG_SLOT_CTRL, 0);
		chip_w32(c, page + AXON_REG_SLOT_CTRL, 0);
		queue_resume_on(c, &other, (other.slot + 2) % 4);
		queue_resume_on(c, &q, (q.slot + 2) % 4);
		await_switch(c, other.slot);
		await_switch(c, q.slot);
	}
	chip_reset_slot(c, q.slot);
	chip_reset_slot(c, other.slot);
	assert_int_equal(chip_faults(c), 0);
	chip_free(c);
}

/* An operation under way is finished, and the hart does not get as far as the next one. */
static void test_operation_is_finished(void **state)
{
	struct queue q;
	struct chip *c = empty_bench(1, &q);
	uint64_t at = chip_alloc(c, sizeof(struct axon_dma_copy)), out = chip_alloc(c, 65536);
	uint64_t issue =
		CHIP_CODE(c, RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_DMA, T0, A0, ZERO),
			  RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_DMA, T0, A0, ZERO), RV_RET);
	struct save_area *area = area_of(c, &q);
	struct save_workgroup *wg = chip_ptr(c, q.save + SAVE_RECORDS);
	uint64_t stats = chip_alloc(c, sizeof(struct axon_launch_stats));
	struct axon_packet launch;

	(void)state;
	/* some tens of ms: the same 64 KiB 2,500 times over */
	*(struct axon_dma_copy *)chip_ptr(c, at) = (struct axon_dma_copy){
		.h = {.op = AXON_DMA_FILL, .size = sizeof(struct axon_dma_copy)},
		.dst = chip_va(out),
		.src = 0x12345678,
		.dst_type = AXON_I32,
		.src_type = AXON_I32,
		.dims = 2,
		.extent = {16384, 2500},
		.dst_stride = {4},
	};
	launch = chip_launch(issue, chip_va(at), 1, 1, 1);
	launch.launch.stats = chip_va(stats);
	queue_push(c, &q, launch);
	for (uint64_t i = 1; i <= 2; i++) {
		while (__atomic_load_n((uint32_t *)chip_ptr(c, out), __ATOMIC_RELAXED) == 0)
			usleep(10);
		assert_true(queue_suspend(c, &q));
		assert_true(area->entry[0].full);
		assert_int_equal(wg->seq[AXON_ENGINE_DMA], i);
		assert_int_equal(wg->pc, issue + 4 * i);
		store(c, out, 0);
		queue_resume(c, &q, i);
	}
	assert_true(finishes(c, &q));
	/* issued at 4, and one after the other: 64 + bytes / 32 each */
	assert_int_equal(((struct axon_launch_stats *)chip_ptr(c, stats))->cycles,
			 200 + 4 + 2 * (64 + 65536 * 2500ull / 32));
	chip_free(c);
}

/* ---- what may come between --------------------------------------------------------------- */

static void test_fault_comes_first(void **state)
{
	struct queue q;
	struct chip *c = empty_bench(2, &q);
	uint64_t save = q.save;

	(void)state;
	/* nowhere to save to */
	chip_reset_slot(c, 0);
	program(c, &q);
	chip_w64(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SAVE, CHIP_RO_VA);
	chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	assert_false(queue_suspend(c, &q));
	assert_int_equal(chip_fault(c, 0).cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(chip_fault(c, 0).addr, CHIP_RO_VA);
	assert_int_equal(chip_fault(c, 0).as, 0);
	chip_reset_slot(c, 0);

	/* nothing to resume from */
	chip_w64(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SAVE, CHIP_NONE_VA);
	chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_RESUME, 1);
	assert_int_equal(chip_fault(c, 1).cause, AXON_FAULT_PAGE_READ);
	assert_int_equal(status(c, 0), AXON_SLOT_FAULTED);
	chip_reset_slot(c, 0);
	q.save = save;
	q.wptr = 0;
	queue_resume_on(c, &q, 1);
	assert_int_equal(chip_fault(c, 2).cause, AXON_FAULT_BAD_SAVE);
	assert_int_equal(chip_fault(c, 2).info, 0);
	assert_int_equal(chip_fault(c, 2).addr, chip_va(save));
	chip_reset_slot(c, 1);
	chip_free(c);
}

/* A suspend or resume that a reset, switching off or a pause of the chip comes upon. */
static void test_races(void **state)
{
	struct queue q;
	struct chip *c = empty_bench(2, &q);
	uint64_t count = CHIP_CODE(c, RV_ADDI(T0, T0, 1), RV_BNE(T0, ZERO, -4), RV_RET);
	uint64_t copied = chip_alloc(c, 8 << 20);

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		uint64_t page = AXON_PAGE_SLOT(q.slot);

		queue_push(c, &q, chip_launch(count, 0, 1 + i % 5, 1, 1));
		queue_push(c, &q, chip_copy(chip_va(copied), CHIP_VRAM_VA, 8 << 20));
		usleep(i * 131 % 700);
		/* asked for during a resume it would be nothing */
		await_switch(c, q.slot);
		chip_w32(c, page + AXON_REG_SLOT_SUSPEND, 1);
		usleep(i * 37 % 300);
		switch (i % 6) {
		case 0: break;
		case 1: /* not before it is over */
			chip_w32(c, page + AXON_REG_SLOT_CTRL, 0);
			chip_w32(c, page + AXON_REG_SLOT_SUSPEND, 1);
			chip_w32(c, page + AXON_REG_SLOT_RESUME, 1);
			break;
		case 2:
			axon_core_quiesce(c->core);
			chip_sleep_ms(1);
			axon_core_resume(c->core);
			break;
		case 3: axon_core_invalidate_bus(c->core, 0, UINT64_MAX); break;
		case 4: chip_invalidate(c, 0); break;
		default:
			/* another slot works meanwhile */
			chip_slot(c, 9, 1);
			assert_true(chip_run(c, 9, (struct axon_packet){.op = AXON_PKT_NOP}));
			chip_reset_slot(c, 9);
			break;
		}
		if (i % 6 != 1) {
			chip_wait_state(c, q.slot, AXON_SLOT_SUSPENDED);
			chip_w32(c, page + AXON_REG_SLOT_CTRL, 0);
			queue_resume_on(c, &q, (q.slot + 1) % SLOTS);
		} else {
			/* suspended, or on its way back already */
			await_switch(c, q.slot);
			if (status(c, q.slot) == AXON_SLOT_SUSPENDED)
				chip_w32(c, page + AXON_REG_SLOT_RESUME, 1);
		}
		usleep(i * 53 % 200);
		if (i % 7 == 6) {
			/* in the middle of it or not: nothing is left but the slot's registers */
			chip_w32(c, AXON_PAGE_SLOT(q.slot) + AXON_REG_SLOT_SUSPEND, 1);
			chip_reset_slot(c, q.slot);
			q.wptr = 0;
			program(c, &q);
			chip_w32(c, AXON_PAGE_SLOT(q.slot) + AXON_REG_SLOT_CTRL,
				 AXON_SLOT_CTRL_ENABLE);
		}
	}
	assert_int_equal(chip_faults(c), 0);
	chip_w32(c, AXON_PAGE_SLOT(q.slot) + AXON_REG_SLOT_SUSPEND, 1);
	axon_core_reset(c->core);
	for (unsigned int s = 0; s < SLOTS; s++)
		assert_int_equal(status(c, s), AXON_SLOT_DISABLED);
	assert_int_equal(chip_r64(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SAVE), 0);
	assert_int_equal(chip_r32(c, AXON_PAGE_DB_VALUE + AXON_REG_DB_VALUE(700)), 0);
	chip_free(c);
}

/* ---- areas that hold no such queue -------------------------------------------------------- */

static void test_bad_save(void **state)
{
	/* of one launch of two workgroups that are under way, called at depth 1 */
	static const struct {
		size_t offset, size;
		uint64_t value;
	} bad[] = {
#define BAD(f, v) {offsetof(struct save_area, f), sizeof(((struct save_area *)0)->f), v}
		BAD(head.version, 0),
		BAD(head.version, AXON_SAVE_VERSION + 1),
		BAD(head.bytes, 64),
		BAD(head.busy, 0),
		BAD(head.state, AXON_SLOT_FAULTED),
		BAD(head.as, 2),
		BAD(head.log2, CHIP_RING_LOG2 + 1),
		BAD(head.ctrl, AXON_SLOT_CTRL_USER),
		BAD(head.ring, CHIP_VRAM_VA),
		BAD(cores, 3),
		BAD(sram_size, 2 << 20),
		BAD(records, 300),
		BAD(records, 1),
		BAD(jobs, SLOT_JOBS + 1),
		BAD(overlap, 2),
		BAD(depth, AXON_CALL_DEPTH + 1),
		BAD(frame[0].base, CHIP_VRAM_VA + 4),
		BAD(frame[0].next, 7),
		BAD(entry[0].full, 2),
		BAD(entry[SHELF_SIZE - 1].full, 1),
		BAD(entry[0].job, 1),
		BAD(entry[0].part, 2),
		BAD(entry[1].part, UINT64_MAX),
		BAD(job[0].packet.op, AXON_PKT_SIGNAL),
		BAD(job[0].packet.launch.entry, 64),
		BAD(job[0].packet.launch.grid[1], 0),
		BAD(job[0].packet.launch.grid[2], UINT32_MAX),
		BAD(job[0].as, 2),
		BAD(job[0].next, UINT64_MAX),
		BAD(job[0].drained, 3),
		BAD(job[0].cost[0], 1),
#undef BAD
	};
	struct queue q;
	struct chip *c = empty_bench(2, &q);
	struct axon_packet launch = chip_launch(CHIP_CODE(c, RV_LOOP), 0, 2, 1, 1);
	uint32_t bytes = chip_r32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SAVE_SIZE);
	uint8_t *copy = malloc(bytes), *area = chip_ptr(c, q.save);

	(void)state;
	queue_push(c, &q, chip_buffer(c, &launch, 1));
	/* until both workgroups are under way */
	for (;;) {
		chip_sleep_ms(1);
		assert_true(queue_suspend(c, &q));
		if (area_of(c, &q)->job[0].next == 2 && area_of(c, &q)->entry[1].full)
			break;
		queue_resume(c, &q, 0);
	}
	memcpy(copy, area, bytes);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct axon_fault fault;

		memcpy(area, copy, bytes);
		memcpy(area + bad[i].offset, &bad[i].value, bad[i].size);
		queue_resume_on(c, &q, 1);
		fault = chip_fault(c, i);
		assert_int_equal(fault.cause, AXON_FAULT_BAD_SAVE);
		assert_int_equal(fault.slot, 1);
		/* what is inside a packet is the packet's; a part that is twice there is missing elsewhere */
		if (bad[i].offset < offsetof(struct save_area, job))
			assert_true(fault.info <= bad[i].offset);
		assert_int_equal(fault.addr, chip_va(q.save) + fault.info);
		chip_reset_slot(c, 1);
	}
	/* the state itself is good */
	memcpy(area, copy, bytes);
	queue_resume(c, &q, 2);
	free(copy);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_uninterrupted),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_nobody_waits_for_a_loop),
		cmocka_unit_test(test_operation_is_finished),
		cmocka_unit_test(test_fault_comes_first),
		cmocka_unit_test(test_races),
		cmocka_unit_test(test_bad_save),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
