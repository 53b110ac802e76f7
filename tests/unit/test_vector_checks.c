/* SPDX-License-Identifier: MIT */
/* What the vector engine refuses, when it stops, and what it costs. */
#include "vector_test.h"

#define AT(member) offsetof(struct axon_vector_desc, member)
#define AT_OPERAND(i, member)                                     \
	(AT(operand) + (i) * sizeof(struct axon_vector_operand) + \
	 offsetof(struct axon_vector_operand, member))
#define AT_INSN(i, member) \
	(AT(insn) + (i) * sizeof(struct axon_vinsn) + offsetof(struct axon_vinsn, member))

/* A program that uses a bit of everything, in memory and in SRAM. */
static struct program good(void)
{
	struct program p;

	start(&p, 2, 64);
	operand(&p, MEM, AXON_F32, 4);
	operand(&p, SRAM, AXON_BF16, 2);
	operand(&p, MEM + 4096, AXON_Q8A, 0)->row_stride = 80;
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);		  /* 0 */
	insn(&p, AXON_V_RSUM, AXON_R(0), 0, 0, 0);	  /* 1 */
	insn(&p, AXON_V_RCP, AXON_R(1), AXON_R(0), 0, 0); /* 2 */
	insn(&p, AXON_V_PASS, 0, 0, 0, 0);		  /* 3 */
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);		  /* 4 */
	insn(&p, AXON_V_FMA, 1, 0, AXON_R(1), 0);	  /* 5 */
	insn(&p, AXON_V_SHL, 2, 1, 0, 0)->imm = 31;	  /* 6 */
	insn(&p, AXON_V_STORE, 1, 0, 1, 0);		  /* 7 */
	insn(&p, AXON_V_QUANT, 2, 0, 1, 0);		  /* 8 */
	return p;
}

/* A small program with one operand and one instruction that names it. */
static struct program one(uint8_t op, uint8_t type)
{
	struct program p;

	start(&p, 2, 64);
	operand(&p, MEM, type, 4)->limit = 64;
	insn(&p, AXON_V_COL, 1, 0, 0, 0);
	insn(&p, op, 0, 0, 1, 1)->imm = 1;
	return p;
}

static void refuse(struct program *p, int cause, uint64_t field_or_addr)
{
	struct flat_before before = flat_before(&flat);

	assert_int_equal(run(p), cause);
	if (cause == AXON_FAULT_BAD_DESC) {
		assert_int_equal(flat_bad_field(&flat), field_or_addr);
		assert_int_equal(flat.e.fault_addr, FLAT_DESC);
		assert_true(flat_unchanged(&flat, &before));
	} else {
		assert_int_equal(flat.e.fault_addr, field_or_addr);
	}
	flat_forget(&before);
}

#define BAD(made, change, field)                        \
	do {                                            \
		struct program p = made;                \
                                                        \
		change;                                 \
		refuse(&p, AXON_FAULT_BAD_DESC, field); \
	} while (0)
#define FAULT(made, change, cause, addr) \
	do {                             \
		struct program p = made; \
                                         \
		change;                  \
		refuse(&p, cause, addr); \
	} while (0)

static void test_bad_header(void **state)
{
	struct program p = good();

	(void)state;
	assert_int_equal(run(&p), 0);
	BAD(good(), p.d.h.op = 1, AT(h.op));
	BAD(good(), p.d.h.flags = 1, AT(h.flags));
	BAD(good(), p.d.h.reserved = 1, AT(h.reserved));
	BAD(good(), p.d.h.size = 32, AT(h.size));
	BAD(good(), p.d.h.size = sizeof(struct axon_vector_desc), AT(h.size));
	BAD(good(), p.d.h.size += 16, AT(h.size));
	BAD(good(), p.d.h.size -= 1, AT(h.size));
	BAD(good(), p.d.insns = 0, AT(insns));
	BAD(good(), p.d.insns = 33, AT(insns));
	BAD(good(), p.d.insns--, AT(h.size));
	BAD(good(), p.d.operands = 7, AT(operands));
	BAD(good(), p.d.reserved0 = 1, AT(reserved0));
	BAD(good(), p.d.reserved1 = 1, AT(reserved1));
	BAD(good(), p.d.counter = 1ull << 32, AT(counter) + 4);
	BAD(good(), p.d.cols = 65, AT(cols)); /* QUANT */
}

static void test_bad_operands(void **state)
{
	(void)state;
	BAD(good(), p.d.operand[0].type = AXON_BLOCK, AT_OPERAND(0, type));
	BAD(good(), p.d.operand[0].type = AXON_NUM_TYPES, AT_OPERAND(0, type));
	BAD(good(), p.d.operand[1].flags = 2, AT_OPERAND(1, flags));
	BAD(good(), p.d.operand[0].flags = AXON_VO_STOCHASTIC, AT_OPERAND(0, flags));
	BAD(good(), p.d.operand[1].reserved = 1, AT_OPERAND(1, reserved));
	BAD(good(), p.d.operand[2].type = AXON_I8, AT_OPERAND(2, type));  /* QUANT */
	BAD(good(), p.d.operand[0].type = AXON_Q8A, AT_OPERAND(0, type)); /* LOAD */
	BAD(one(AXON_V_STORE, AXON_F32), p.d.operand[0].type = AXON_Q8A, AT_OPERAND(0, type));
	BAD(one(AXON_V_GATHER, AXON_F32), p.d.operand[0].type = AXON_Q8A, AT_OPERAND(0, type));
	BAD(one(AXON_V_SCATTER_ADD, AXON_F32), p.d.operand[0].type = AXON_I32, AT_OPERAND(0, type));
	BAD(one(AXON_V_TOPK, AXON_F32), p.d.operand[0].type = AXON_BF16, AT_OPERAND(0, type));
	BAD(one(AXON_V_TOPK, AXON_F32), p.insn[1].imm = 0, AT_INSN(1, imm));
	BAD(one(AXON_V_TOPK, AXON_F32), p.insn[1].imm = 65, AT_INSN(1, imm));
	BAD(good(), p.insn[0].a = 3, AT_INSN(0, a));
	BAD(good(), p.insn[0].a = 255, AT_INSN(0, a));
	BAD(good(), p.insn[7].dst = 3, AT_INSN(7, dst));
	BAD(good(), p.d.operands = 2, AT_INSN(8, dst));
}

static void test_bad_instructions(void **state)
{
	(void)state;
	BAD(good(), p.insn[5].op = AXON_V_OPCODE_COUNT, AT_INSN(5, op));
	BAD(good(), p.insn[5].op = 255, AT_INSN(5, op));
	BAD(good(), p.insn[5].reserved[0] = 1, AT_INSN(5, reserved));
	BAD(good(), p.insn[3].reserved[2] = 1, AT_INSN(3, reserved));
	BAD(good(), p.insn[0].dst = 32, AT_INSN(0, dst));
	BAD(good(), p.insn[1].dst = 3, AT_INSN(1, dst)); /* a reduction into a strip */
	BAD(good(), p.insn[1].a = 32, AT_INSN(1, a));
	BAD(good(), p.insn[2].a = 0, AT_INSN(2, a)); /* a row from a strip */
	BAD(good(), p.insn[5].b = 200, AT_INSN(5, b));
	BAD(good(), p.insn[5].c = 7, AT_INSN(5, c));   /* never written */
	BAD(good(), p.insn[4].dst = 9, AT_INSN(5, a)); /* v0 is of the pass before */
	BAD(good(), p.insn[7].b = 15, AT_INSN(7, b));
	BAD(good(), p.insn[8].b = 15, AT_INSN(8, b));
	BAD(good(), p.insn[6].imm = 32, AT_INSN(6, imm));
	BAD(good(), (p.insn[6].op = AXON_V_SHR, p.insn[6].imm = ~0u), AT_INSN(6, imm));
	BAD(good(), (p.insn[6].op = AXON_V_SAR, p.insn[6].imm = 32), AT_INSN(6, imm));
	BAD(good(), (p.insn[6].op = AXON_V_SCAN, p.insn[6].dst = AXON_R(2)), AT_INSN(6, dst));
	BAD(one(AXON_V_SCATTER_ADD, AXON_F32), p.insn[1].c = 2, AT_INSN(1, c));
	BAD(one(AXON_V_GATHER, AXON_F32), p.insn[1].b = 2, AT_INSN(1, b));
}

static void test_bad_addresses(void **state)
{
	const uint64_t end = SRAM + FLAT_SRAM;

	(void)state;
	/* a strip is checked whole */
	FAULT(good(), p.d.operand[1].addr = end - 255, AXON_FAULT_SRAM_RANGE, end - 127);
	FAULT(good(), p.d.operand[1].addr = SRAM - 2, AXON_FAULT_SRAM_RANGE, SRAM - 2);
	FAULT(good(), p.d.operand[1].addr = 0, AXON_FAULT_SRAM_RANGE, 0);
	FAULT(good(), p.d.operand[0].addr = end - 4, AXON_FAULT_SRAM_RANGE, end - 4);
	FAULT(good(), p.d.operand[2].addr = end - 40, AXON_FAULT_SRAM_RANGE, end - 40);
	FAULT(good(), p.d.operand[0].addr = FLAT_BASE - 8, AXON_FAULT_PAGE_READ, FLAT_BASE - 8);
	FAULT(good(), p.d.operand[0].addr = FLAT_BASE + FLAT_BYTES - 300, AXON_FAULT_PAGE_READ,
	      FLAT_BASE + FLAT_BYTES);
	FAULT(good(), p.d.operand[2].addr = FLAT_READONLY - 40, AXON_FAULT_PAGE_WRITE,
	      FLAT_READONLY);
	FAULT(good(), p.d.operand[0].row_stride = INT64_MIN, AXON_FAULT_PAGE_READ,
	      FLAT_BASE + (1ull << 63));
	/* from memory into SRAM's addresses and out of the address space */
	FAULT(good(), p.d.operand[0].addr = AXON_LOCAL_END - 8, AXON_FAULT_SRAM_RANGE,
	      AXON_LOCAL_END - 8);
	FAULT(good(), p.d.operand[0].addr = ~0ull - 8, AXON_FAULT_PAGE_READ, ~0ull - 8);
	FAULT(one(AXON_V_GATHER, AXON_F32), p.d.operand[0].addr = end - 252, AXON_FAULT_SRAM_RANGE,
	      end);
	FAULT(one(AXON_V_SCATTER_ADD, AXON_F32), p.d.operand[0].addr = FLAT_READONLY - 252,
	      AXON_FAULT_PAGE_WRITE, FLAT_READONLY);
	FAULT(one(AXON_V_TOPK, AXON_F32), p.d.operand[0].addr = end - 4, AXON_FAULT_SRAM_RANGE,
	      end - 4);
}

/* ---- stopping ---------------------------------------------------------------------------- */
static void test_stop(void **state)
{
	struct program p = one(AXON_V_STORE, AXON_F32);

	(void)state;
	flat.stop = 1;
	p.d.rows = p.d.cols = UINT32_MAX;
	p.d.operand[0].row_stride = p.d.operand[0].col_stride = 0;
	assert_int_equal(run(&p), ENGINE_STOPPED);
	/* What reads its own output is stopped before it starts, or not at all: so it must be short. */
	p = one(AXON_V_SCATTER_ADD, AXON_F32);
	assert_int_equal(run(&p), ENGINE_STOPPED);
	p.d.rows = 1u << 24;
	refuse(&p, AXON_FAULT_BAD_DESC, AT(rows));
	p = good();
	p.d.operand[2] = p.d.operand[1] = p.d.operand[0];
	p.d.operand[2].type = AXON_Q8A;
	p.d.rows = 1u << 21;
	refuse(&p, AXON_FAULT_BAD_DESC, AT(rows));
	flat.stop = 0;
}

static void test_nothing(void **state)
{
	struct program p = good();

	(void)state;
	p.d.rows = 0;
	p.d.operand[0].addr = 0;
	assert_int_equal(run(&p), 0);
	assert_int_equal(flat.e.cycles, 16);
	p = good();
	p.d.cols = 0;
	assert_int_equal(run(&p), 0);
}

/* ---- cost, by hand ----------------------------------------------------------------------- */
static void test_cost(void **state)
{
	struct program p = good();

	(void)state;
	/*
	 * Lanes, 2 rows of 4 sixteens: LOAD 8, RSUM 8, RCP in a row register 2 · 4, LOAD 8, FMA 8, SHL 8,
	 * STORE 8, QUANT 8: 64. Memory: two loads of 512 bytes and two rows of two blocks of 40: 1184.
	 */
	assert_int_equal(run(&p), 0);
	assert_int_equal(flat.e.cycles, 16 + 64);

	/* 3 rows of 17 columns, two sixteens: COL 6, EXP 24, SCAN 12, STORE 6; no memory */
	start(&p, 3, 17);
	operand(&p, SRAM, AXON_F32, 4);
	insn(&p, AXON_V_COL, 0, 0, 0, 0);
	insn(&p, AXON_V_EXP, 0, 0, 0, 0);
	insn(&p, AXON_V_SCAN, 0, 0, 0, 0);
	insn(&p, AXON_V_STORE, 0, 0, 0, 0);
	assert_int_equal(run(&p), 0);
	assert_int_equal(flat.e.cycles, 16 + 48);

	/* 1 row of 1000 columns from and to memory as bf16: lanes 63 · 2, memory 4000 / 32 */
	start(&p, 1, 1000);
	operand(&p, MEM, AXON_BF16, 2);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_STORE, 0, 0, 0, 0);
	assert_int_equal(run(&p), 0);
	assert_int_equal(flat.e.cycles, 16 + 126);
	p.d.operand[0].type = AXON_F32;
	p.d.operand[0].col_stride = 4;
	assert_int_equal(run(&p), 0);
	assert_int_equal(flat.e.cycles, 16 + 250);

	/* a broadcast is one element, an indexed sum is read and written, top-k is its result */
	start(&p, 10, 16);
	operand(&p, MEM, AXON_F32, 0)->row_stride = 4;
	operand(&p, MEM + 4096, AXON_F32, 4)->limit = 16;
	operand(&p, MEM + 8192, AXON_F32, 4);
	insn(&p, AXON_V_LOAD, 0, 0, 0, 0);
	insn(&p, AXON_V_COL, 1, 0, 0, 0);
	insn(&p, AXON_V_SCATTER_ADD, 1, 0, 1, 0);
	insn(&p, AXON_V_TOPK, 2, 0, 0, 0)->imm = 8;
	assert_int_equal(run(&p), 0);
	/* lanes 10 · (1 + 1 + 2 + 2) = 60; memory 10 · (4 + 128 + 64) = 1960 / 32 = 61.25 */
	assert_int_equal(flat.e.cycles, 16 + 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_bad_operands),
		cmocka_unit_test(test_bad_instructions),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_cost),
	};

	return RUN_WITH_ALL_KERNELS(tests);
}
