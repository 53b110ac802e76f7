// SPDX-License-Identifier: MIT
/* The chip's command side: registers, rings, packets, address spaces, launches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chip.h"
#include "rv.h"

/* args[wg.x + grid.x·(wg.y + grid.y·wg.z)] = x + 10·y + 100·z, in 14 instructions */
static uint64_t mark_kernel(struct chip *c)
{
	return CHIP_CODE(c, RV_CSRR(T0, AXON_CSR_GRID_Y), RV_MUL(T0, T0, A3), RV_ADD(T0, T0, A2),
			 RV_CSRR(T1, AXON_CSR_GRID_X), RV_MUL(T0, T0, T1), RV_ADD(T0, T0, A1),
			 RV_SLLI(T0, T0, 3), RV_ADD(T0, T0, A0), RV_ADDI(T1, ZERO, 10),
			 RV_MUL(A2, A2, T1), RV_ADDI(T1, ZERO, 100), RV_MUL(A3, A3, T1),
			 RV_ADD(A1, A1, A2), RV_ADD(A1, A1, A3), RV_SD(A1, T0, 0), RV_RET);
}

/* its cost from the table in hart_insn.h: 2 CSR, 4 MUL, 8 ALU, a store to memory, a jump */
#define MARK_CYCLES (2 + 4 * 3 + 8 + 2 + 1)
#define MARK_INSNS  16

static void test_registers(void **state)
{
	struct chip *c = chip_new(4, 2);
	uint64_t slot = AXON_PAGE_SLOT(15);

	(void)state;
	assert_int_equal(chip_r32(c, AXON_REG_ID), 0x4e4f5841);
	assert_int_equal(chip_r32(c, AXON_REG_HW_VERSION), 0x00010000);
	assert_int_equal(chip_r32(c, AXON_REG_NUM_CORES), 4);
	assert_int_equal(chip_r32(c, AXON_REG_SRAM_SIZE), 1 << 20);
	assert_int_equal(chip_r32(c, AXON_REG_NUM_SLOTS), 16);
	assert_int_equal(chip_r32(c, AXON_REG_NUM_DOORBELLS), 1024);
	assert_int_equal(chip_r32(c, AXON_REG_NUM_AS), 256);
	assert_int_equal(chip_r32(c, AXON_REG_CLOCK_HZ), 1000000000);
	assert_int_equal(chip_r64(c, AXON_REG_VRAM_SIZE), 64 << 20);
	assert_int_equal(chip_r32(c, AXON_REG_VRAM_SIZE + 4), 0);
	assert_int_equal(chip_r64(c, AXON_REG_FEATURES), 3);
	assert_int_equal(chip_r32(c, AXON_REG_STATUS), AXON_STATUS_READY);
	assert_true(chip_r64(c, AXON_REG_TIMESTAMP) > 0);
	assert_int_equal(chip_r32(c, AXON_REG_UUID), 0x6e6f7861);

	/* halves of a 64-bit register, and what cannot be written */
	chip_w32(c, slot + AXON_REG_SLOT_HANG + 4, 0x1234);
	chip_w32(c, slot + AXON_REG_SLOT_HANG, 0x5678);
	assert_int_equal(chip_r64(c, slot + AXON_REG_SLOT_HANG), 0x123400005678);
	chip_w64(c, slot + AXON_REG_SLOT_SAVE, 0x123456789);
	assert_int_equal(chip_r64(c, slot + AXON_REG_SLOT_SAVE), 0x123456000);
	assert_int_equal(chip_r32(c, slot + AXON_REG_SLOT_STATUS), AXON_SLOT_DISABLED);
	chip_w32(c, slot + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE | AXON_SLOT_CTRL_USER);
	assert_int_equal(chip_r32(c, slot + AXON_REG_SLOT_CTRL), 3);
	/* fixed while it is enabled */
	chip_w32(c, slot + AXON_REG_SLOT_LOG2, 9);
	assert_int_equal(chip_r32(c, slot + AXON_REG_SLOT_LOG2), 0);
	chip_w64(c, slot + AXON_REG_SLOT_SAVE, 0x1000);
	assert_int_equal(chip_r64(c, slot + AXON_REG_SLOT_SAVE), 0x123456000);
	chip_w32(c, slot + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	assert_int_equal(chip_r32(c, slot + AXON_REG_SLOT_CTRL), 3);

	/* accesses that are none */
	assert_int_equal(axon_core_read(c->core, AXON_REG_ID, 2), 0);
	assert_int_equal(axon_core_read(c->core, 2, 4), 0);
	assert_int_equal(axon_core_read(c->core, AXON_BAR0_SIZE, 4), 0);
	assert_int_equal(axon_core_read(c->core, AXON_BAR0_SIZE - 4, 8), 0);
	axon_core_write(c->core, UINT64_MAX, 0, 4);

	axon_core_reset(c->core);
	assert_int_equal(chip_r64(c, slot + AXON_REG_SLOT_HANG), 0);
	assert_int_equal(chip_r32(c, AXON_REG_CTRL), 0);
	assert_int_equal(chip_r64(c, AXON_PAGE_AS + AXON_REG_AS_ROOT(1)), 0);
	chip_free(c);
}

static void test_config(void **state)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	struct chip *c = chip_new(1, 1);
	struct axon_core_config good = {.cores = 1, .vram = page, .vram_size = 16 << 20};
	struct axon_core_config bad[6] = {good, good, good, good, good, good};
	const struct axon_core_host none = {0};
	const char *error;

	(void)state;
	bad[0].cores = 65;
	bad[1].vram_size = 8 << 20;
	bad[2].vram_size = 24 << 20;
	bad[3].sram_size = 300000;
	bad[4].vram = page + 1;
	for (unsigned int i = 0; i < 6; i++) {
		error = NULL;
		assert_null(axon_core_new(&bad[i], &none, NULL, &error));
		assert_non_null(error);
	}
	chip_free(c);
}

static void test_signal(void **state)
{
	struct chip *c = chip_new(1, 1);
	struct axon_signal *signal = (struct axon_signal *)c->sys;
	struct axon_packet packet = chip_signal(CHIP_SYS_VA, 77);

	(void)state;
	chip_slot(c, 3, 1);
	packet.flags = AXON_PKT_F_IRQ;
	assert_true(chip_run(c, 3, packet));
	assert_int_equal(signal->value, 77);
	assert_true(signal->ns > 0 && signal->ns <= chip_r64(c, AXON_REG_TIMESTAMP));
	assert_int_equal(c->irqs[AXON_VEC_SLOT(3)], 1);
	assert_int_equal(chip_r32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS), 1 << AXON_VEC_SLOT(3));
	assert_int_equal(c->written, sizeof(*signal));
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(3) + AXON_REG_SLOT_RPTR), 2);

	/* masked: noted only, raised when the mask goes */
	chip_w32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_MASK, 1 << AXON_VEC_SLOT(3));
	assert_true(chip_run(c, 3, packet));
	assert_int_equal(c->irqs[AXON_VEC_SLOT(3)], 1);
	chip_w32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_MASK, 0);
	assert_int_equal(c->irqs[AXON_VEC_SLOT(3)], 2);
	chip_w32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS, 1 << AXON_VEC_SLOT(3));
	assert_int_equal(chip_r32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS), 0);

	/* a doorbell that feeds no slot */
	chip_w32(c, AXON_PAGE_DOORBELL(1023), 1);
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 1);
	chip_free(c);
}

/* Launch the mark kernel over a grid, check each workgroup's mark and return the statistics. */
static struct axon_launch_stats run_marks(struct chip *c, uint64_t kernel, uint32_t x, uint32_t y,
					  uint32_t z)
{
	uint64_t out = chip_alloc(c, (uint64_t)x * y * z * 8);
	uint64_t stats = chip_alloc(c, sizeof(struct axon_launch_stats));
	struct axon_packet launch = chip_launch(kernel, chip_va(out), x, y, z);
	uint64_t *mark = chip_ptr(c, out);

	launch.launch.stats = chip_va(stats);
	assert_true(chip_run(c, 0, chip_buffer(c, &launch, 1)));
	for (uint32_t k = 0; k < z; k++)
		for (uint32_t j = 0; j < y; j++)
			for (uint32_t i = 0; i < x; i++)
				assert_int_equal(mark[i + x * (j + y * k)], i + 10 * j + 100 * k);
	return *(struct axon_launch_stats *)chip_ptr(c, stats);
}

static void test_launch(void **state)
{
	(void)state;
	for (unsigned int threads = 1; threads <= 4; threads++) {
		struct chip *c = chip_new(4, threads);
		struct axon_launch_stats stats;
		uint64_t kernel = mark_kernel(c);

		chip_slot(c, 0, 1);
		stats = run_marks(c, kernel, 1, 1, 1);
		assert_int_equal(stats.cycles, 200 + MARK_CYCLES);
		assert_int_equal(stats.instret, MARK_INSNS);
		/* 42 workgroups on 4 cores: 11 rounds */
		stats = run_marks(c, kernel, 7, 3, 2);
		assert_int_equal(stats.cycles, 200 + 11 * MARK_CYCLES);
		assert_int_equal(stats.instret, 42 * MARK_INSNS);
		assert_int_equal(stats.engine_cycles[AXON_ENGINE_HART], 42 * MARK_CYCLES);
		assert_true(stats.ns > 0);
		stats = run_marks(c, kernel, 5000, 1, 1);
		assert_int_equal(stats.cycles, 200 + 1250 * MARK_CYCLES);
		chip_free(c);
	}
}

static void test_launch_state(void **state)
{
	struct chip *c = chip_new(3, 1);
	/* every register but a0..a3, ra, sp is 0; sp is the end of SRAM; the core is wg mod cores */
	uint64_t kernel = CHIP_CODE(c, RV_SLLI(T0, A1, 6), RV_ADD(A0, A0, T0), RV_SD(SP, A0, 0),
				    RV_SD(RA, A0, 8), RV_SD(S1, A0, 16), RV_CSRR(T0, AXON_CSR_CORE),
				    RV_SD(T0, A0, 24), RV_CSRR(T0, AXON_CSR_NUM_CORES),
				    RV_SD(T0, A0, 32), RV_CSRR(T0, AXON_CSR_SRAM_SIZE),
				    RV_SD(T0, A0, 40), RV_ADDI(S1, ZERO, 5), RV_RET);
	uint64_t out = chip_alloc(c, 5 * 64);

	(void)state;
	chip_slot(c, 0, 1);
	assert_true(chip_run(c, 0, chip_launch(kernel, chip_va(out), 5, 1, 1)));
	for (unsigned int wg = 0; wg < 5; wg++) {
		uint64_t *word = chip_ptr(c, out + wg * 64);

		assert_int_equal(word[0], 0x10000000 + (1 << 20));
		assert_int_equal(word[1], 0x100);
		assert_int_equal(word[2], 0);
		assert_int_equal(word[3], wg % 3);
		assert_int_equal(word[4], 3);
		assert_int_equal(word[5], 1 << 20);
	}
	chip_free(c);
}

static void test_overlap(void **state)
{
	struct chip *c = chip_new(4, 2);
	uint64_t kernel = mark_kernel(c);
	struct axon_packet packets[40];
	uint64_t out[40];

	(void)state;
	chip_slot(c, 0, 1);
	for (unsigned int i = 0; i < 40; i++) {
		out[i] = chip_alloc(c, 9 * 8);
		packets[i] = chip_launch(kernel, chip_va(out[i]), 9, 1, 1);
		packets[i].flags = i % 10 == 9 ? 0 : AXON_PKT_F_OVERLAP;
	}
	assert_true(chip_run(c, 0, chip_buffer(c, packets, 40)));
	for (unsigned int i = 0; i < 40; i++)
		for (unsigned int wg = 0; wg < 9; wg++)
			assert_int_equal(((uint64_t *)chip_ptr(c, out[i]))[wg], wg);
	chip_free(c);
}

static void test_copy_fill(void **state)
{
	struct chip *c = chip_new(1, 2);
	uint64_t bytes = (3 << 20) + 12345;
	uint64_t a = chip_alloc(c, 4 << 20), b = chip_alloc(c, 4 << 20);
	uint8_t *from = chip_ptr(c, a), *to = chip_ptr(c, b);
	struct axon_packet fill = {
		.op = AXON_PKT_FILL,
		.fill = {.dst = CHIP_SYS_VA + 8, .bytes = 5 << 20, .pattern = 0x01020304}};

	(void)state;
	chip_slot(c, 0, 1);
	for (uint64_t i = 0; i < bytes; i++)
		from[i] = (uint8_t)(i * 7 + i / 251);
	/* device memory to system memory and back, at odd addresses */
	assert_true(chip_run(c, 0, chip_copy(CHIP_SYS_VA + 4001, chip_va(a), bytes)));
	assert_memory_equal(c->sys + 4001, from, bytes);
	assert_int_equal(c->sys[4000], 0);
	assert_int_equal(c->sys[4001 + bytes], 0);
	assert_int_equal(c->written, bytes);
	assert_true(chip_run(c, 0, chip_copy(chip_va(b) + 3, CHIP_SYS_VA + 4001, bytes)));
	assert_memory_equal(to + 3, from, bytes);
	assert_int_equal(c->written, bytes);
	assert_true(chip_run(c, 0, chip_copy(chip_va(b), chip_va(a), 0)));

	assert_true(chip_run(c, 0, fill));
	for (uint64_t i = 0; i < 5 << 20; i += 4)
		assert_int_equal(*(uint32_t *)(c->sys + 8 + i), 0x01020304);
	assert_memory_equal(c->sys + 8 + (5 << 20), "\0\0\0\0", 4);

	/* null pages give zeros and take anything */
	assert_true(chip_run(c, 0, chip_copy(CHIP_NULL_VA, chip_va(a), 4096)));
	assert_true(chip_run(c, 0, chip_copy(chip_va(b), CHIP_NULL_VA, 4096)));
	for (unsigned int i = 0; i < 4096; i++)
		assert_int_equal(to[i], 0);
	chip_free(c);
}

/* One that does not fit into the host's caches takes another way; no line of it begins on one. */
static void test_large_copy(void **state)
{
	struct chip *c = chip_new(1, 2);
	uint64_t bytes = (17 << 20) + 77;
	uint64_t a = chip_alloc(c, 18 << 20), b = chip_alloc(c, 18 << 20);
	uint8_t *from = chip_ptr(c, a), *to = chip_ptr(c, b);

	(void)state;
	chip_slot(c, 0, 1);
	for (uint64_t i = 0; i < 18 << 20; i++)
		from[i] = (uint8_t)(i * 7 + i / 251 + 1);
	memset(to, 0, 18 << 20);
	assert_true(chip_run(c, 0, chip_copy(chip_va(b) + 9, chip_va(a) + 5, bytes)));
	assert_memory_equal(to + 9, from + 5, bytes);
	for (unsigned int i = 0; i < 9; i++) {
		assert_int_equal(to[i], 0);
		assert_int_equal(to[9 + bytes + i], 0);
	}
	chip_free(c);
}

static void test_wait_between_slots(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t word = chip_alloc(c, 16);

	(void)state;
	chip_slot(c, 0, 1);
	chip_slot(c, 1, 1);
	chip_push(c, 0, chip_wait(chip_va(word), 5));
	chip_push(c, 0, chip_signal(CHIP_SYS_VA + 64, 1));
	chip_doorbell(c, 0);
	chip_wait_state(c, 0, AXON_SLOT_WAITING);
	assert_true(chip_run(c, 1, chip_signal(chip_va(word), 4)));
	chip_sleep_ms(5);
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_STATUS), AXON_SLOT_WAITING);
	assert_true(chip_run(c, 1, chip_signal(chip_va(word), 6)));
	chip_wait_state(c, 0, AXON_SLOT_IDLE);
	assert_int_equal(c->sys[64], 1);

	/* a word that the host writes is seen without a doorbell */
	chip_push(c, 0, chip_wait(chip_va(word), 10));
	chip_doorbell(c, 0);
	chip_wait_state(c, 0, AXON_SLOT_WAITING);
	__atomic_store_n((uint64_t *)chip_ptr(c, word), 10, __ATOMIC_RELEASE);
	chip_wait_state(c, 0, AXON_SLOT_IDLE);
	chip_free(c);
}

static void test_call_branch(void **state)
{
	struct chip *c = chip_new(1, 1);
	/* args[0] += 1 */
	uint64_t kernel =
		CHIP_CODE(c, RV_LD(T0, A0, 0), RV_ADDI(T0, T0, 1), RV_SD(T0, A0, 0), RV_RET);
	uint64_t word = chip_alloc(c, 64);
	struct axon_packet loop[3] = {
		chip_launch(kernel, chip_va(word), 1, 1, 1),
		{.op = AXON_PKT_BRANCH,
		 .branch = {.addr = chip_va(word),
			    .mask = ~0ull,
			    .value = 100,
			    .cond = AXON_COND_LT,
			    .target = -1}},
		{.op = AXON_PKT_TIMESTAMP, .timestamp = {.addr = chip_va(word + 16)}},
	};
	struct axon_packet nest, skip[3] = {{.op = AXON_PKT_BRANCH,
					     .branch = {.cond = AXON_COND_ALWAYS, .target = 3}},
					    {.op = 99},
					    {.op = 99}};
	struct axon_timestamp *stamp = chip_ptr(c, word + 16);

	(void)state;
	chip_slot(c, 0, 1);
	assert_true(chip_run(c, 0, chip_buffer(c, loop, 3)));
	assert_int_equal(*(uint64_t *)chip_ptr(c, word), 100);
	/* CALL 10; a hundred times 10 for the branch and 200 + load 8, add 1, store 2, jump 1 */
	assert_int_equal(stamp->cycles, 10 + 100 * (10 + 200 + 12));

	/* the deepest nest, empty buffers, a branch to the end */
	nest = chip_buffer(c, skip, 3);
	for (unsigned int depth = 1; depth < AXON_CALL_DEPTH; depth++)
		nest = chip_buffer(c, &nest, 1);
	assert_true(chip_run(c, 0, nest));
	assert_true(chip_run(c, 0, chip_buffer(c, skip, 0)));
	/* in the ring a branch goes forwards only */
	chip_push(c, 0, (struct axon_packet){.op = AXON_PKT_BRANCH, .branch = {.target = 2}});
	chip_push(c, 0, (struct axon_packet){.op = 99});
	assert_true(chip_finish(c, 0));
	chip_free(c);
}

static void test_ring_wraps(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t traces = chip_alloc(c, 150 * sizeof(struct axon_signal));
	const struct axon_signal *trace = chip_ptr(c, traces);

	(void)state;
	chip_slot(c, 0, 1);
	/* Each packet leaves its number, so that one skipped or carried out twice shows. */
	for (unsigned int round = 1; round <= 5; round++) {
		for (unsigned int i = 0; i < 150; i++)
			chip_push(c, 0,
				  chip_signal(chip_va(traces) + i * sizeof(*trace),
					      1000 * round + i));
		assert_true(chip_finish(c, 0));
		for (unsigned int i = 0; i < 150; i++)
			assert_int_equal(trace[i].value, 1000 * round + i);
	}
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_RPTR), 5 * 151);
	chip_free(c);
}

static void test_counters(void **state)
{
	struct chip *c = chip_new(2, 2);
	uint64_t memory = chip_alloc(c, sizeof(struct axon_counters));
	struct axon_counters *counters = chip_ptr(c, memory);
	uint64_t copy = AXON_PAGE_PERF + AXON_REG_PERF_CYCLES(AXON_ENGINE_COPY);

	(void)state;
	chip_w64(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_COUNTERS, chip_va(memory));
	chip_slot(c, 0, 1);
	run_marks(c, mark_kernel(c), 6, 1, 1);
	/* CALL, LAUNCH and the SIGNAL that ended it */
	assert_int_equal(counters->workgroups, 6);
	assert_int_equal(counters->packets, 3);
	assert_int_equal(counters->cycles[AXON_ENGINE_HART], 6 * MARK_CYCLES);
	assert_true(counters->ns[AXON_ENGINE_HART] > 0);
	assert_int_equal(chip_r64(c, AXON_PAGE_PERF + AXON_REG_PERF_CYCLES(AXON_ENGINE_HART)),
			 6 * MARK_CYCLES);
	assert_int_equal(chip_r64(c, copy), 0);
	assert_true(chip_run(c, 0, chip_copy(CHIP_SYS_VA, CHIP_VRAM_VA, 6400)));
	assert_int_equal(chip_r64(c, copy), 100 + 6400 / 32);
	assert_int_equal(counters->cycles[AXON_ENGINE_COPY], 300);
	chip_free(c);
}

static void test_log(void **state)
{
	struct chip *c = chip_new(4, 4);
	/* 16 workgroups log "axon\n" out of memory */
	uint64_t text = chip_alloc(c, 64);
	uint64_t kernel = CHIP_CODE(c, RV_ADDI(T0, ZERO, 5),
				    RV_CUSTOM(AXON_INSN_LOG, 0, ZERO, A0, T0), RV_RET);
	uint64_t at = chip_alloc(c, sizeof(struct axon_log) + 64);
	struct axon_log *log = chip_ptr(c, at);
	struct axon_packet launch = chip_launch(kernel, chip_va(text), 16, 1, 1);

	(void)state;
	memcpy(chip_ptr(c, text), "axon\n", 5);
	log->size = 52;
	launch.launch.log = chip_va(at);
	chip_slot(c, 0, 1);
	assert_true(chip_run(c, 0, chip_buffer(c, &launch, 1)));
	assert_int_equal(log->head, 50);
	assert_int_equal(log->dropped, 6);
	for (unsigned int i = 0; i < 10; i++)
		assert_memory_equal((char *)(log + 1) + 5 * i, "axon\n", 5);
	assert_memory_equal((char *)(log + 1) + 50, "\0\0", 2);
	/* without a log it is dropped silently */
	assert_true(chip_run(c, 0, chip_launch(kernel, chip_va(text), 1, 1, 1)));
	chip_free(c);
}

static void test_hart_store_is_reported(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t kernel = CHIP_CODE(c, RV_SD(A0, A0, 0), RV_RET);

	(void)state;
	chip_slot(c, 0, 1);
	assert_true(chip_run(c, 0, chip_launch(kernel, CHIP_SYS_VA + 24, 1, 1, 1)));
	assert_int_equal(*(uint64_t *)(c->sys + 24), CHIP_SYS_VA + 24);
	assert_true(c->written >= 8);
	chip_free(c);
}

/* Issue the two DMA descriptors at a0 and wait: for the token of one, then for everything. */
static void test_engine_clock(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t at = chip_alloc(c, 2 * sizeof(struct axon_dma_copy));
	uint64_t kernel = CHIP_CODE(c, RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_DMA, T0, A0, ZERO),
				    RV_ADDI(A0, A0, sizeof(struct axon_dma_copy)),
				    RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_DMA, T1, A0, ZERO),
				    RV_CUSTOM(AXON_INSN_WAIT, 0, ZERO, T0, ZERO),
				    RV_CUSTOM(AXON_INSN_FENCE, 0, ZERO, ZERO, ZERO), RV_RET);
	uint64_t out = chip_alloc(c, 256), stats_at = chip_alloc(c, 64);
	struct axon_launch_stats *stats = chip_ptr(c, stats_at);
	struct axon_dma_copy *desc = chip_ptr(c, at);
	struct axon_packet launch = chip_launch(kernel, chip_va(at), 1, 1, 1);
	uint64_t each;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		desc[i] = (struct axon_dma_copy){
			.h = {.op = AXON_DMA_FILL, .size = sizeof(*desc)},
			.dst = chip_va(out) + 128 * i,
			.src = 0x5a5a5a5a,
			.dst_type = AXON_I32,
			.src_type = AXON_I32,
			.dims = 1,
			.extent = {32},
			.dst_stride = {4},
		};
	}
	launch.launch.stats = chip_va(stats_at);
	chip_slot(c, 0, 1);
	assert_true(chip_run(c, 0, chip_buffer(c, &launch, 1)));
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(((uint32_t *)chip_ptr(c, out))[i], 0x5a5a5a5a);
	each = stats->engine_cycles[AXON_ENGINE_DMA] / 2;
	assert_true(each > 5);
	/*
	 * The first starts at 4, when its issue is over, and ends at 4 + each; the second, issued at 9,
	 * waits for the engine and ends at 4 + 2 each. The fence waits for it and takes 1, so does ret.
	 */
	assert_int_equal(stats->cycles, 200 + 4 + 2 * each + 2);
	assert_int_equal(stats->engine_cycles[AXON_ENGINE_HART], 4 + 2 * each + 2);
	assert_int_equal(stats->instret, 6);
	chip_free(c);
}

/* One worker: a slot of higher priority is served between another one's workgroups. */
static void test_priority(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t slow =
		CHIP_CODE(c, RV_LUI(T0, 122), RV_ADDI(T0, T0, -1), RV_BNE(T0, ZERO, -4), RV_RET);

	(void)state;
	chip_w32(c, AXON_PAGE_SLOT(1) + AXON_REG_SLOT_PRIORITY, 3);
	chip_slot(c, 0, 1);
	chip_slot(c, 1, 1);
	chip_push(c, 0, chip_launch(slow, 0, 100000, 1, 1));
	chip_doorbell(c, 0);
	chip_wait_state(c, 0, AXON_SLOT_RUNNING);
	assert_true(chip_run(c, 1, (struct axon_packet){.op = AXON_PKT_NOP}));
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_STATUS), AXON_SLOT_RUNNING);
	/* switched off, it stays where it is */
	chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_CTRL, 0);
	chip_reset_slot(c, 0);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_launch),
		cmocka_unit_test(test_launch_state),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_copy_fill),
		cmocka_unit_test(test_large_copy),
		cmocka_unit_test(test_wait_between_slots),
		cmocka_unit_test(test_call_branch),
		cmocka_unit_test(test_ring_wraps),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_hart_store_is_reported),
		cmocka_unit_test(test_engine_clock),
		cmocka_unit_test(test_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
