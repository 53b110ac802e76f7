// SPDX-License-Identifier: MIT
/* What goes wrong on the chip: every fault on purpose, hangs, resets, stale translations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chip.h"
#include "rv.h"

#define SLOT 2
#define TAG  0xabcd

/* The slot faults at the packet, alone; it works again after a reset. Returns the record. */
static struct axon_fault expect_fault(struct chip *c, struct axon_packet packet, unsigned int cause)
{
	uint32_t before = chip_faults(c);
	uint32_t irqs = c->irqs[AXON_VEC_FAULT];
	struct axon_fault fault;

	packet.tag = TAG;
	chip_slot(c, SLOT, 1);
	assert_false(chip_run(c, SLOT, packet));
	fault = chip_fault(c, before);
	assert_int_equal(fault.cause, cause);
	assert_int_equal(fault.slot, SLOT);
	assert_int_equal(chip_faults(c), before + 1);
	for (unsigned int i = 0; i < 1000 && c->irqs[AXON_VEC_FAULT] == irqs; i++)
		chip_sleep_ms(1);
	assert_int_equal(c->irqs[AXON_VEC_FAULT], irqs + 1);
	/* others go on, this one after a reset */
	assert_true(chip_run(c, 0, (struct axon_packet){.op = AXON_PKT_NOP}));
	chip_reset_slot(c, SLOT);
	assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_RPTR), 0);
	chip_slot(c, SLOT, 1);
	assert_true(chip_run(c, SLOT, (struct axon_packet){.op = AXON_PKT_NOP}));
	chip_reset_slot(c, SLOT);
	return fault;
}

static struct axon_fault packet_fault(struct chip *c, struct axon_packet packet, unsigned int cause,
				      uint64_t addr, uint64_t info)
{
	struct axon_packet call;
	struct axon_fault fault;

	packet.tag = TAG;
	call = chip_buffer(c, &packet, 1);
	fault = expect_fault(c, call, cause);
	assert_int_equal(fault.core, AXON_FAULT_NO_CORE);
	assert_int_equal(fault.as, 1);
	assert_int_equal(fault.tag, TAG);
	assert_int_equal(fault.packet, call.call.addr);
	assert_int_equal(fault.addr, cause == AXON_FAULT_BAD_PACKET ? call.call.addr : addr);
	assert_int_equal(fault.info, info);
	return fault;
}

static struct chip *bench(void)
{
	struct chip *c = chip_new(2, 2);

	chip_slot(c, 0, 1);
	return c;
}

static void test_bad_packets(void **state)
{
	static const struct {
		struct axon_packet packet;
		uint32_t offset, found;
	} bad[] = {
		{{.op = AXON_PKT_COUNT}, 0, AXON_PKT_COUNT},
		{{.op = 255}, 0, 255},
		{{.op = AXON_PKT_NOP, .flags = 1}, 1, 1},
		{{.op = AXON_PKT_SIGNAL, .flags = AXON_PKT_F_OVERLAP}, 1, 1},
		{{.op = AXON_PKT_LAUNCH, .flags = AXON_PKT_F_IRQ}, 1, 2},
		{{.op = AXON_PKT_NOP, .reserved = 7}, 2, 7},
		{{.op = AXON_PKT_NOP, .raw = {[6] = 5}}, 56, 5},
		{{.op = AXON_PKT_LAUNCH, .launch = {.reserved0 = 9}}, 36, 9},
		{{.op = AXON_PKT_LAUNCH, .launch = {.reserved1 = 9ull << 32}}, 60, 9},
		{{.op = AXON_PKT_LAUNCH, .launch = {.entry = 0x1000}}, 8, 0x1000},
		{{.op = AXON_PKT_LAUNCH, .launch = {.entry = 0x100000002}}, 8, 2},
		{{.op = AXON_PKT_LAUNCH, .launch = {.entry = 0x100000000, .grid = {1, 0, 1}}},
		 28,
		 0},
		{{.op = AXON_PKT_LAUNCH,
		  .launch = {.entry = 0x100000000, .grid = {65536, 65536, 1}}},
		 28,
		 65536},
		{{.op = AXON_PKT_LAUNCH,
		  .launch = {.entry = 0x100000000, .grid = {1, 1, 1}, .log = 4}},
		 40,
		 4},
		{{.op = AXON_PKT_LAUNCH,
		  .launch = {.entry = 0x100000000, .grid = {1, 1, 1}, .stats = 4}},
		 48,
		 4},
		{{.op = AXON_PKT_COPY, .copy = {.reserved = {[3] = 1}}}, 56, 1},
		{{.op = AXON_PKT_FILL, .fill = {.dst = 2}}, 8, 2},
		{{.op = AXON_PKT_FILL, .fill = {.bytes = 6}}, 16, 6},
		{{.op = AXON_PKT_FILL, .fill = {.reserved0 = 6}}, 28, 6},
		{{.op = AXON_PKT_WAIT, .wait = {.addr = 4}}, 8, 4},
		{{.op = AXON_PKT_SIGNAL, .signal = {.addr = 8}}, 8, 8},
		{{.op = AXON_PKT_TIMESTAMP, .timestamp = {.addr = 8}}, 8, 8},
		{{.op = AXON_PKT_CALL, .call = {.addr = 32}}, 8, 32},
		{{.op = AXON_PKT_CALL, .call = {.reserved0 = 1}}, 20, 1},
		{{.op = AXON_PKT_BRANCH, .branch = {.cond = 5}}, 32, 5},
		{{.op = AXON_PKT_BRANCH, .branch = {.target = 2}}, 36, 2},
		{{.op = AXON_PKT_BRANCH, .branch = {.target = -1}}, 36, 0xffffffff},
		{{.op = AXON_PKT_BRANCH, .branch = {.cond = AXON_COND_EQ, .addr = 4}}, 8, 4},
	};
	struct chip *c = bench();

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		packet_fault(c, bad[i].packet, AXON_FAULT_BAD_PACKET, 0,
			     (uint64_t)bad[i].offset << 32 | bad[i].found);
	chip_free(c);
}

static void test_packet_addresses(void **state)
{
	struct chip *c = bench();
	uint64_t ok = chip_va(chip_alloc(c, 4096));
	struct axon_packet stamp = {.op = AXON_PKT_TIMESTAMP};

	(void)state;
	packet_fault(c, chip_copy(ok, CHIP_NONE_VA, 8), AXON_FAULT_PAGE_READ, CHIP_NONE_VA, 0);
	packet_fault(c, chip_copy(CHIP_RO_VA, ok, 8), AXON_FAULT_PAGE_WRITE, CHIP_RO_VA, 0);
	packet_fault(c, chip_copy(ok, CHIP_OUT_VA, 8), AXON_FAULT_BUS, CHIP_OUT_VA, 0);
	packet_fault(c, chip_copy(CHIP_NOBUS_VA, ok, 8), AXON_FAULT_BUS, CHIP_NOBUS_VA, 0);
	/* beyond 48 bits, around the end of the numbers, over the end of device memory */
	packet_fault(c, chip_copy(ok, 1ull << 48, 8), AXON_FAULT_PAGE_READ, 1ull << 48, 0);
	packet_fault(c, chip_copy(ok, UINT64_MAX - 3, 8), AXON_FAULT_PAGE_READ, UINT64_MAX - 3, 0);
	packet_fault(c, chip_copy(ok, CHIP_VRAM_VA + CHIP_VRAM - 8, 16), AXON_FAULT_PAGE_READ,
		     CHIP_VRAM_VA + CHIP_VRAM, 0);
	packet_fault(c, chip_signal(CHIP_RO_VA, 1), AXON_FAULT_PAGE_WRITE, CHIP_RO_VA, 0);
	packet_fault(c, chip_wait(CHIP_NONE_VA, 1), AXON_FAULT_PAGE_READ, CHIP_NONE_VA, 0);
	stamp.timestamp.addr = CHIP_NONE_VA;
	packet_fault(c, stamp, AXON_FAULT_PAGE_WRITE, CHIP_NONE_VA, 0);
	chip_free(c);
}

static void test_page_tables(void **state)
{
	struct chip *c = bench();
	uint64_t ok = chip_va(chip_alloc(c, 64));
	uint64_t *top = chip_ptr(c, c->root[1]), *table, va;

	(void)state;
	/* tables outside memory, on no RAM, leaves where none may be */
	top[1] = CHIP_VRAM | AXON_PTE_V;
	top[2] = 0x1000 | AXON_PTE_V | AXON_PTE_SYS;
	top[3] = AXON_PTE_V | AXON_PTE_LEAF;
	for (uint64_t i = 1; i < 4; i++)
		packet_fault(c, chip_copy(ok, i << 39, 8), AXON_FAULT_BUS, i << 39, 0);
	/* a misaligned 2 MiB page */
	chip_map(c, 1, 0x500000000, 0x1000, 4096, AXON_PTE_V);
	table = chip_ptr(c, top[0] & AXON_PTE_ADDR);
	table = chip_ptr(c, table[0x500000000 >> AXON_PT_SHIFT(2)] & AXON_PTE_ADDR);
	table[0] = 0x1000 | AXON_PTE_V | AXON_PTE_LEAF;
	packet_fault(c, chip_copy(ok, 0x500000000, 8), AXON_FAULT_BUS, 0x500000000, 0);
	/* a page without the leaf bit */
	table[1] = chip_alloc(c, 4096) | AXON_PTE_V;
	packet_fault(c, chip_copy(ok, 0x500200000, 8), AXON_FAULT_PAGE_READ, 0x500200000, 0);
	table = chip_ptr(c, table[1] & AXON_PTE_ADDR);
	table[0] = chip_alloc(c, 4096) | AXON_PTE_V;
	packet_fault(c, chip_copy(ok, 0x500200000, 8), AXON_FAULT_BUS, 0x500200000, 0);
	/* a table that is its own child: the walk ends after four levels all the same */
	top[5] = c->root[1] | AXON_PTE_V;
	va = 5ull << 39 | 5ull << 30 | 5ull << 21 | 5ull << 12;
	packet_fault(c, chip_copy(ok, va, 8), AXON_FAULT_BUS, va, 0);
	chip_free(c);
}

/* What only the driver's address space maps, the ring reaches, and no buffer that it calls. */
static void test_privilege(void **state)
{
	struct chip *c = bench();
	uint64_t ok = chip_va(chip_alloc(c, 64)), page = (chip_alloc(c, 8192) + 4095) & ~4095ull;
	const struct axon_signal *secret = chip_ptr(c, page);

	(void)state;
	chip_map(c, 0, CHIP_NONE_VA, page, 4096, AXON_PTE_V | AXON_PTE_W);
	assert_true(chip_run(c, 0, chip_signal(CHIP_NONE_VA, 7)));
	assert_int_equal(secret->value, 7);
	packet_fault(c, chip_signal(CHIP_NONE_VA, 8), AXON_FAULT_PAGE_WRITE, CHIP_NONE_VA, 0);
	packet_fault(c, chip_wait(CHIP_NONE_VA, 7), AXON_FAULT_PAGE_READ, CHIP_NONE_VA, 0);
	packet_fault(c, chip_copy(ok, CHIP_NONE_VA, 8), AXON_FAULT_PAGE_READ, CHIP_NONE_VA, 0);
	packet_fault(c, chip_copy(CHIP_NONE_VA, ok, 8), AXON_FAULT_PAGE_WRITE, CHIP_NONE_VA, 0);
	assert_int_equal(secret->value, 7);
	chip_free(c);
}

static void test_ring_faults(void **state)
{
	struct chip *c = bench();
	uint64_t page = AXON_PAGE_SLOT(SLOT);
	struct axon_packet nest = {.op = AXON_PKT_NOP};
	struct axon_fault fault;

	(void)state;
	/* a CALL too deep: the buffer that was not entered */
	for (unsigned int depth = 0; depth <= AXON_CALL_DEPTH; depth++)
		nest = chip_buffer(c, &nest, 1);
	expect_fault(c, nest, AXON_FAULT_CALL_DEPTH);
	/* a CALL of nothing */
	nest = (struct axon_packet){.op = AXON_PKT_CALL, .call = {CHIP_NONE_VA, 1, 0, {0}}};
	fault = expect_fault(c, nest, AXON_FAULT_PAGE_READ);
	assert_int_equal(fault.packet, CHIP_NONE_VA);

	/* nor into the driver's own address space */
	chip_slot(c, SLOT, 0);
	assert_false(chip_run(c, SLOT, nest));
	fault = chip_fault(c, chip_faults(c) - 1);
	assert_int_equal(fault.cause, AXON_FAULT_BAD_PACKET);
	chip_reset_slot(c, SLOT);

	/* more packets than the ring holds; a ring of a size that there is not */
	chip_slot(c, SLOT, 1);
	c->wptr[SLOT] = 257;
	chip_doorbell(c, SLOT);
	chip_wait_state(c, SLOT, AXON_SLOT_FAULTED);
	fault = chip_fault(c, chip_faults(c) - 1);
	assert_int_equal(fault.cause, AXON_FAULT_BAD_PACKET);
	assert_int_equal(fault.info, (uint64_t)AXON_REG_SLOT_WPTR << 32 | 257);
	chip_reset_slot(c, SLOT);
	chip_w32(c, page + AXON_REG_SLOT_LOG2, 17);
	chip_w32(c, page + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	chip_wait_state(c, SLOT, AXON_SLOT_FAULTED);
	chip_reset_slot(c, SLOT);
	chip_free(c);
}

/* A kernel of the words, launched over 4 workgroups of which those with x = 0 skip one word. */
static struct axon_fault kernel_fault(struct chip *c, uint64_t args, uint32_t insn,
				      unsigned int cause, uint64_t addr)
{
	uint64_t entry = CHIP_CODE(c, RV_BEQ(A1, ZERO, 8), insn, RV_RET);
	struct axon_packet launch = chip_launch(entry, args, 4, 1, 1);
	struct axon_fault fault;

	chip_invalidate(c, 1);
	launch.tag = TAG;
	fault = expect_fault(c, chip_buffer(c, &launch, 1), cause);
	assert_int_equal(fault.engine, AXON_ENGINE_HART);
	assert_in_range(fault.wg[0], 1, 3);
	assert_int_equal(fault.core, fault.wg[0] % 2);
	assert_int_equal(fault.as, 1);
	assert_int_equal(fault.tag, TAG);
	assert_int_equal(fault.addr, addr ? addr : entry + 4);
	return fault;
}

static void test_kernel_faults(void **state)
{
	struct chip *c = bench();
	uint64_t ok = chip_va(chip_alloc(c, 64));
	struct axon_fault fault;

	(void)state;
	fault = kernel_fault(c, CHIP_NONE_VA + 8, RV_LD(T0, A0, 8), AXON_FAULT_PAGE_READ,
			     CHIP_NONE_VA + 16);
	assert_int_equal(fault.pc & 63, 4);
	kernel_fault(c, CHIP_RO_VA, RV_SD(T0, A0, 8), AXON_FAULT_PAGE_WRITE, CHIP_RO_VA + 8);
	kernel_fault(c, CHIP_OUT_VA, RV_LD(T0, A0, 0), AXON_FAULT_BUS, CHIP_OUT_VA);
	kernel_fault(c, CHIP_NOBUS_VA, RV_SD(T0, A0, 0), AXON_FAULT_BUS, CHIP_NOBUS_VA);
	kernel_fault(c, ok, 0xffffffff, AXON_FAULT_ILLEGAL_INSN, 0);
	kernel_fault(c, ok, RV_CUSTOM(5, 0, T0, A0, A0), AXON_FAULT_ILLEGAL_INSN, 0);
	kernel_fault(c, ok, RV_ECALL, AXON_FAULT_ECALL, 0);
	kernel_fault(c, ok, RV_EBREAK, AXON_FAULT_EBREAK, 0);
	kernel_fault(c, ok, RV_LD(T0, ZERO, 64), AXON_FAULT_LOCAL_ADDR, 64);
	kernel_fault(c, ok, RV_SD(T0, SP, 0), AXON_FAULT_LOCAL_ADDR, AXON_SRAM_BASE + (1 << 20));
	kernel_fault(c, ok + 2, RV_JALR(ZERO, A0, 0), AXON_FAULT_PC_MISALIGNED, ok + 2);
	kernel_fault(c, CHIP_NX_VA, RV_JALR(ZERO, A0, 0), AXON_FAULT_PAGE_EXEC, CHIP_NX_VA);
	kernel_fault(c, 0x2000, RV_JALR(ZERO, A0, 0), AXON_FAULT_PAGE_EXEC, 0x2000);
	chip_free(c);
}

/* A kernel that issues the descriptor at its argument. */
static struct axon_fault issue_fault(struct chip *c, unsigned int engine, uint64_t desc,
				     unsigned int cause)
{
	uint64_t entry = CHIP_CODE(c, RV_CUSTOM(AXON_INSN_ISSUE, engine, T0, A0, ZERO), RV_RET);
	struct axon_packet launch = chip_launch(entry, desc, 1, 1, 1);

	chip_invalidate(c, 1);
	return expect_fault(c, chip_buffer(c, &launch, 1), cause);
}

static void test_issue_faults(void **state)
{
	struct chip *c = bench();
	uint64_t at = chip_alloc(c, sizeof(struct axon_dma_copy));
	struct axon_dma_copy *desc = chip_ptr(c, at);
	uint64_t wait = CHIP_CODE(c, RV_CUSTOM(AXON_INSN_WAIT, 0, ZERO, A0, ZERO), RV_RET);
	struct axon_fault fault;

	(void)state;
	issue_fault(c, 3, chip_va(at), AXON_FAULT_ILLEGAL_INSN);
	fault = issue_fault(c, 0, chip_va(at) + 4, AXON_FAULT_BAD_DESC);
	assert_int_equal(fault.addr, chip_va(at) + 4);
	issue_fault(c, 0, CHIP_NONE_VA, AXON_FAULT_PAGE_READ);
	issue_fault(c, 0, 0x1000, AXON_FAULT_SRAM_RANGE);
	issue_fault(c, 0, AXON_SRAM_BASE + (1 << 20) - 16, AXON_FAULT_SRAM_RANGE);

	for (unsigned int size = 0; size < 3; size++) {
		desc->h.size = (uint16_t[]){0, 31, 60000}[size];
		fault = issue_fault(c, AXON_ENGINE_VECTOR, chip_va(at), AXON_FAULT_BAD_DESC);
		assert_int_equal(fault.engine, AXON_ENGINE_VECTOR);
		assert_int_equal(fault.addr, chip_va(at));
		assert_int_equal(fault.info, 2ull << 32 | desc->h.size);
	}
	desc->h.size = sizeof(*desc);
	desc->h.wait[1] = AXON_TOKEN(AXON_ENGINE_DMA, 1);
	fault = issue_fault(c, 0, chip_va(at), AXON_FAULT_BAD_TOKEN);
	assert_int_equal(fault.addr, AXON_TOKEN(AXON_ENGINE_DMA, 1));
	assert_int_equal(fault.info >> 32, 16);
	desc->h.wait[1] = 0;
	desc->h.op = 77;
	fault = issue_fault(c, AXON_ENGINE_DMA, chip_va(at), AXON_FAULT_BAD_DESC);
	assert_int_equal(fault.engine, AXON_ENGINE_DMA);
	assert_int_equal(fault.info, 77);

	/* WAIT for what was never issued */
	fault = expect_fault(c, chip_launch(wait, AXON_TOKEN(AXON_ENGINE_HART, 1), 1, 1, 1),
			     AXON_FAULT_BAD_TOKEN);
	assert_int_equal(fault.as, 0);
	expect_fault(c, chip_launch(wait, 1ull << 60, 1, 1, 1), AXON_FAULT_BAD_TOKEN);
	assert_true(chip_run(c, 0, chip_launch(wait, 0, 1, 1, 1)));
	chip_free(c);
}

static void test_fault_ring(void **state)
{
	struct chip *c = bench();
	struct axon_packet bad = {.op = 200};
	uint64_t page = AXON_PAGE_FAULT;

	(void)state;
	/* 16 records fit; the driver consumes none */
	for (unsigned int i = 0; i < 18; i++) {
		chip_slot(c, SLOT, 1);
		assert_false(chip_run(c, SLOT, bad));
		for (unsigned int ms = 0; c->irqs[AXON_VEC_FAULT] <= i && ms < 1000; ms++)
			chip_sleep_ms(1);
		chip_reset_slot(c, SLOT);
	}
	assert_int_equal(chip_r32(c, page + AXON_REG_FAULT_HEAD), 16);
	assert_int_equal(chip_r32(c, page + AXON_REG_FAULT_LOST), 2);
	chip_w32(c, page + AXON_REG_FAULT_TAIL, 16);
	/* a ring where no memory is */
	chip_w64(c, page + AXON_REG_FAULT_BASE, 0x1000);
	chip_slot(c, SLOT, 1);
	assert_false(chip_run(c, SLOT, bad));
	for (unsigned int ms = 0; c->irqs[AXON_VEC_FAULT] <= 18 && ms < 1000; ms++)
		chip_sleep_ms(1);
	assert_int_equal(chip_r32(c, page + AXON_REG_FAULT_LOST), 3);
	chip_free(c);
}

static void test_hang(void **state)
{
	struct chip *c = bench();
	uint64_t page = AXON_PAGE_SLOT(SLOT);
	uint64_t loop = CHIP_CODE(c, RV_LOOP);
	uint64_t word = chip_va(chip_alloc(c, 16));
	/* a million instructions' work in a workgroup */
	uint64_t slow =
		CHIP_CODE(c, RV_LUI(T0, 122), RV_ADDI(T0, T0, -1), RV_BNE(T0, ZERO, -4), RV_RET);
	struct axon_packet wait = chip_wait(word, 1);

	(void)state;
	chip_w64(c, page + AXON_REG_SLOT_HANG, 2000000);
	expect_fault(c, chip_launch(loop, 0, 3, 1, 1), AXON_FAULT_HANG);
	/* many workgroups that take half of the limit each progress */
	chip_slot(c, SLOT, 1);
	assert_true(chip_run(c, SLOT, chip_launch(slow, 0, 8, 1, 1)));
	chip_reset_slot(c, SLOT);
	/* they exceed the absolute limit: one ring packet, 4 million cycles on 2 cores */
	chip_w64(c, page + AXON_REG_SLOT_LIMIT, 3500000);
	expect_fault(c, chip_launch(slow, 0, 8, 1, 1), AXON_FAULT_TIMEOUT);
	chip_w64(c, page + AXON_REG_SLOT_HANG, 0);
	expect_fault(c, chip_launch(loop, 0, 1, 1, 1), AXON_FAULT_TIMEOUT);
	expect_fault(c, chip_copy(CHIP_VRAM_VA, CHIP_SYS_VA, 1ull << 40), AXON_FAULT_TIMEOUT);
	/* a loop of packets */
	expect_fault(c, chip_buffer(c, &(struct axon_packet){.op = AXON_PKT_BRANCH}, 1),
		     AXON_FAULT_TIMEOUT);
	chip_w64(c, page + AXON_REG_SLOT_LIMIT, 0);

	/* the wall clock, for a program and for a program's own WAIT; the driver's may take longer */
	chip_w32(c, page + AXON_REG_SLOT_WALL_MS, 50);
	expect_fault(c, chip_launch(loop, 0, 1, 1, 1), AXON_FAULT_HANG);
	expect_fault(c, chip_buffer(c, &wait, 1), AXON_FAULT_HANG);
	chip_slot(c, SLOT, 1);
	chip_push(c, SLOT, wait);
	chip_doorbell(c, SLOT);
	chip_sleep_ms(120);
	assert_int_equal(chip_r32(c, page + AXON_REG_SLOT_STATUS), AXON_SLOT_WAITING);
	chip_free(c);
}

/* Descriptors that would take years, all operands in a few KiB of SRAM; one for each engine. */
static uint64_t endless_descriptor(struct chip *c, unsigned int engine)
{
	struct {
		struct axon_vector_desc desc;
		struct axon_vinsn insn[2];
	} vector = {
		.desc = {.h = {.op = AXON_VECTOR_RUN, .size = sizeof(vector)},
			 .rows = ~0u,
			 .cols = 1024,
			 .insns = 2,
			 .operands = 1,
			 .operand = {{.addr = AXON_SRAM_BASE, .col_stride = 4, .type = AXON_F32}}},
		.insn = {{.op = AXON_V_CONST, .dst = 0}, {.op = AXON_V_STORE, .dst = 0, .b = 0}},
	};
	const struct axon_dma_copy dma = {
		.h = {.op = AXON_DMA_FILL, .size = sizeof(dma)},
		.dst = AXON_SRAM_BASE,
		.dst_type = AXON_I32,
		.src_type = AXON_I32,
		.dims = 3,
		.extent = {1024, ~0u, ~0u},
		.dst_stride = {4},
	};
	const struct axon_matrix_desc matrix = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(matrix)},
		.m = 1 << 20,
		.n = 16384,
		.k = 16384,
		.a = AXON_SRAM_BASE,
		.b = AXON_SRAM_BASE,
		.c = AXON_SRAM_BASE + 65536,
		.scale = 1,
	};
	const void *desc[] = {&dma, &matrix, &vector};
	const size_t size[] = {sizeof(dma), sizeof(matrix), sizeof(vector)};
	uint64_t at = chip_alloc(c, size[engine]);

	memcpy(chip_ptr(c, at), desc[engine], size[engine]);
	return chip_va(at);
}

static void test_endless_operation(void **state)
{
	(void)state;
	for (unsigned int engine = 0; engine < 3; engine++) {
		struct chip *c = bench();
		uint64_t issue =
			CHIP_CODE(c, RV_CUSTOM(AXON_INSN_ISSUE, engine, T0, A0, ZERO), RV_RET);
		struct axon_packet launch =
			chip_launch(issue, endless_descriptor(c, engine), 1, 1, 1);

		/* quiesced in the middle it goes on, and is ended by a reset */
		chip_slot(c, SLOT, 1);
		chip_push(c, SLOT, launch);
		chip_doorbell(c, SLOT);
		chip_wait_state(c, SLOT, AXON_SLOT_RUNNING);
		chip_sleep_ms(5);
		axon_core_quiesce(c->core);
		axon_core_resume(c->core);
		chip_sleep_ms(5);
		assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_STATUS),
				 AXON_SLOT_RUNNING);
		chip_reset_slot(c, SLOT);
		/* or by the wall clock */
		chip_w32(c, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_WALL_MS, 30);
		expect_fault(c, launch, AXON_FAULT_HANG);
		chip_free(c);
	}
}

static void test_reset_of_a_loop(void **state)
{
	struct chip *c = bench();
	uint64_t loop = CHIP_CODE(c, RV_LOOP);

	(void)state;
	/* each worker is in it, and other slots still wait for one afterwards */
	chip_slot(c, SLOT, 1);
	chip_push(c, SLOT, chip_launch(loop, 0, 100, 1, 1));
	chip_doorbell(c, SLOT);
	chip_wait_state(c, SLOT, AXON_SLOT_RUNNING);
	chip_sleep_ms(20);
	chip_reset_slot(c, SLOT);
	assert_true(chip_run(c, 0, (struct axon_packet){.op = AXON_PKT_NOP}));

	/* a whole-device reset in a loop, and in a quiesced one */
	for (unsigned int quiesced = 0; quiesced < 2; quiesced++) {
		chip_w32(c, AXON_REG_CTRL, AXON_CTRL_ENABLE);
		chip_w64(c, AXON_PAGE_AS + AXON_REG_AS_ROOT(0), c->root[0] | AXON_PTE_V);
		chip_slot(c, SLOT, 1);
		chip_push(c, SLOT, chip_launch(loop, 0, 2, 1, 1));
		chip_doorbell(c, SLOT);
		chip_wait_state(c, SLOT, AXON_SLOT_RUNNING);
		chip_sleep_ms(5);
		if (quiesced)
			axon_core_quiesce(c->core);
		axon_core_reset(c->core);
		if (quiesced)
			axon_core_resume(c->core);
		assert_int_equal(chip_r32(c, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_STATUS),
				 AXON_SLOT_DISABLED);
	}
	chip_free(c);
}

static void test_quiesce(void **state)
{
	struct chip *c = bench();
	/* count up in memory for ever */
	uint64_t count = CHIP_CODE(c, RV_ADDI(T0, T0, 1), RV_SD(T0, A0, 0), RV_BEQ(ZERO, ZERO, -8));
	uint64_t at = chip_alloc(c, 64);
	uint64_t *word = chip_ptr(c, at);

	(void)state;
	chip_slot(c, SLOT, 1);
	chip_push(c, SLOT, chip_launch(count, chip_va(at), 1, 1, 1));
	chip_doorbell(c, SLOT);
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t before, after;

		axon_core_quiesce(c->core);
		axon_core_quiesce(c->core);
		axon_core_resume(c->core);
		before = *(volatile uint64_t *)word;
		chip_sleep_ms(2);
		after = *(volatile uint64_t *)word;
		assert_int_equal(before, after);
		axon_core_resume(c->core);
		for (unsigned int ms = 0; *(volatile uint64_t *)word == after; ms++) {
			assert_true(ms < 5000);
			chip_sleep_ms(1);
		}
	}
	chip_reset_slot(c, SLOT);
	chip_free(c);
}

static void test_invalidate(void **state)
{
	struct chip *c = bench();
	/* copy 8 bytes from A0 to A0 + 8 for ever */
	uint64_t spin = CHIP_CODE(c, RV_LD(T0, A0, 0), RV_SD(T0, A0, 8), RV_BEQ(ZERO, ZERO, -8));
	uint64_t a = chip_alloc(c, 4096), b = chip_alloc(c, 4096);
	uint64_t *one = chip_ptr(c, a), *two = chip_ptr(c, b);
	uint64_t va = 0x600000000, rw = AXON_PTE_V | AXON_PTE_W;

	(void)state;
	one[0] = 1;
	two[0] = 2;
	chip_map(c, 1, va, a, 4096, rw);
	chip_slot(c, SLOT, 1);
	chip_push(c, SLOT,
		  chip_buffer(c, &(struct axon_packet[]){chip_launch(spin, va, 2, 1, 1)}[0], 1));
	chip_doorbell(c, SLOT);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t *from = i & 1 ? two : one;

		for (unsigned int ms = 0; *(volatile uint64_t *)&from[1] != from[0]; ms++) {
			assert_true(ms < 5000);
			chip_sleep_ms(1);
		}
		chip_map(c, 1, va, i & 1 ? a : b, 4096, rw);
		chip_invalidate(c, 1);
		from[1] = 99;
		chip_sleep_ms(2);
		/* nobody writes through the old translation any more */
		assert_int_equal(*(volatile uint64_t *)&from[1], 99);
	}
	/* unmapped: it faults */
	chip_map(c, 1, va, 0, 4096, 0);
	chip_invalidate(c, 1);
	chip_wait_state(c, SLOT, AXON_SLOT_FAULTED);
	assert_int_equal(chip_fault(c, 0).addr & ~15ull, va);
	chip_reset_slot(c, SLOT);
	chip_free(c);
}

static void test_bus_changes(void **state)
{
	struct chip *c = bench();
	uint8_t *other = aligned_alloc(4096, CHIP_SYS), *old = c->sys;

	(void)state;
	memset(other, 0x55, CHIP_SYS);
	assert_true(chip_run(c, 0, chip_copy(CHIP_SYS_VA, CHIP_VRAM_VA, 4096)));
	c->sys = other;
	axon_core_invalidate_bus(c->core, CHIP_SYS_BUS, CHIP_SYS);
	assert_true(chip_run(c, 0, chip_copy(CHIP_VRAM_VA, CHIP_SYS_VA, 64)));
	assert_int_equal(c->vram[63], 0x55);
	c->sys = old;
	axon_core_invalidate_bus(c->core, CHIP_SYS_BUS, CHIP_SYS);
	free(other);
	chip_free(c);
}

static void test_sram_is_scrubbed(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t put = CHIP_CODE(c, RV_SD(A0, SP, -8), RV_RET);
	uint64_t get = CHIP_CODE(c, RV_LD(T0, SP, -8), RV_SD(T0, A0, 0), RV_RET);
	uint64_t out = chip_alloc(c, 64);
	uint64_t *word = chip_ptr(c, out);
	struct axon_packet packet;

	(void)state;
	*word = 1;
	chip_slot(c, 0, 1);
	packet = chip_launch(put, chip_va(out), 1, 1, 1);
	assert_true(chip_run(c, 0, chip_buffer(c, &packet, 1)));
	/* the same core, in address space 0 */
	assert_true(chip_run(c, 0, chip_launch(get, chip_va(out), 1, 1, 1)));
	assert_int_equal(*word, 0);
	/* the same number for another program's tables */
	assert_true(chip_run(c, 0, chip_buffer(c, &packet, 1)));
	chip_w64(c, AXON_PAGE_AS + AXON_REG_AS_ROOT(1), c->root[1] | AXON_PTE_V);
	*word = 1;
	packet = chip_launch(get, chip_va(out), 1, 1, 1);
	assert_true(chip_run(c, 0, chip_buffer(c, &packet, 1)));
	assert_int_equal(*word, 0);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_packets),
		cmocka_unit_test(test_packet_addresses),
		cmocka_unit_test(test_page_tables),
		cmocka_unit_test(test_privilege),
		cmocka_unit_test(test_ring_faults),
		cmocka_unit_test(test_kernel_faults),
		cmocka_unit_test(test_issue_faults),
		cmocka_unit_test(test_fault_ring),
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_endless_operation),
		cmocka_unit_test(test_reset_of_a_loop),
		cmocka_unit_test(test_quiesce),
		cmocka_unit_test(test_invalidate),
		cmocka_unit_test(test_bus_changes),
		cmocka_unit_test(test_sram_is_scrubbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
