// SPDX-License-Identifier: MIT
/* The hart: faults, counters, leaving and continuing, code in several pages, decode table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hart_fp.h"
#include "hart_host.h"
#include "hart_insn.h"
#include "random_fp.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PAGE	    4096u
#define MEMORY_SIZE (128 * PAGE)
#define UNLIMITED   UINT64_MAX

enum { RA = 1, SP = 2, T0 = 5, T1 = 6, A0 = 10, A1 = 11, A2 = 12, A3 = 13 };

static const uint32_t code_return[] = {
	0x02a00513, /* addi a0, zero, 42 */
	0x00008067, /* jalr zero, 0(ra) */
};

static const uint32_t code_costs[] = {
	0x100002b7, /* lui t0, 0x10000 */
	0x00600313, /* addi t1, zero, 6 */
	0x0062b023, /* sd t1, 0(t0) */
	0x0002b383, /* ld t2, 0(t0) */
	0x00001e17, /* auipc t3, 1 */
	0x006e3023, /* sd t1, 0(t3) */
	0x000e3383, /* ld t2, 0(t3) */
	0x0002a507, /* flw fa0, 0(t0) */
	0x00ae3427, /* fsd fa0, 8(t3) */
	0x02630eb3, /* mul t4, t1, t1 */
	0x026edeb3, /* divu t4, t4, t1 */
	0xd22375d3, /* fcvt.d.l fa1, t1 */
	0x02b5f653, /* fadd.d fa2, fa1, fa1 */
	0x5ab5f643, /* fmadd.d fa2, fa1, fa1, fa1 */
	0x22b586d3, /* fsgnj.d fa3, fa1, fa1 */
	0x18a57753, /* fdiv.s fa4, fa0, fa0 */
	0x1ab5f753, /* fdiv.d fa4, fa1, fa1 */
	0x58057753, /* fsqrt.s fa4, fa0 */
	0x5a05f753, /* fsqrt.d fa4, fa1 */
	0xc0002573, /* csrrs a0, cycle, zero */
	0xc02025f3, /* csrrs a1, instret, zero */
	0xc0102673, /* csrrs a2, time, zero */
	0x00000463, /* beq zero, zero, 8 */
	0x02630eb3, /* mul t4, t1, t1 */
	0x0ff0000f, /* fence */
	0x00008067, /* jalr zero, 0(ra) */
};

static const uint32_t code_sum[] = {
	0x00000513, /* addi a0, zero, 0 */
	0x000025b7, /* lui a1, 2 */
	0x00b50533, /* add a0, a0, a1 */
	0xfff58593, /* addi a1, a1, -1 */
	0xfe059ce3, /* bne a1, zero, -8 */
	0x00008067, /* jalr zero, 0(ra) */
};

static const uint32_t code_forever[] = {
	0x00150513, /* addi a0, a0, 1 */
	0xffdff06f, /* jal zero, -4 */
};

static const uint32_t code_zero[] = {
	0x100002b7, /* lui t0, 0x10000 */
	0x0002b003, /* ld zero, 0(t0) */
	0x00500013, /* addi zero, zero, 5 */
	0xc0002073, /* csrrs zero, cycle, zero */
	0xc0057053, /* fcvt.w.s zero, fa0 */
	0x00000533, /* add a0, zero, zero */
	0x00008067, /* jalr zero, 0(ra) */
};

static const uint32_t code_custom[] = {
	0x00700593, /* addi a1, zero, 7 */
	0x00900613, /* addi a2, zero, 9 */
	0x06c5a50b, /* .insn r 0x0b, 2, 3, a0, a1, a2 */
	0xc00026f3, /* csrrs a3, cycle, zero */
	0x06c5a00b, /* .insn r 0x0b, 2, 3, zero, a1, a2 */
	0x00008067, /* jalr zero, 0(ra) */
};

static const uint32_t code_patch[] = {
	0x00000297, /* auipc t0, 0 */
	0x0182a303, /* lw t1, 24(t0) */
	0x0062a823, /* sw t1, 16(t0) */
	0x0000100f, /* fence.i */
	0x00100513, /* addi a0, zero, 1 */
	0x00008067, /* jalr zero, 0(ra) */
	0x00200513, /* addi a0, zero, 2 */
};

static const uint32_t code_csr[] = {
	0xcc202573, /* csrrs a0, 0xcc2, zero */
	0x00008067, /* jalr zero, 0(ra) */
};

static int setup(void **state)
{
	static struct hart_host host;

	hart_host_init(&host, MEMORY_SIZE);
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	hart_host_fini(*state);
	return 0;
}

static void put_code(struct hart_host *host, uint64_t offset, const uint32_t *words, size_t size)
{
	memcpy(host->memory + offset, words, size);
}

/* Put @words at @offset of memory and make the hart ready to start there. */
#define START(host, offset, words)                              \
	do {                                                    \
		put_code(host, offset, words, sizeof(words));   \
		hart_host_start(host, HART_HOST_VA + (offset)); \
	} while (0)

static enum hart_exit run(struct hart_host *host)
{
	return hart_run(&host->hart, &host->env, UNLIMITED);
}

/* ---- the decode table ---- */

static void table_entries_do_not_overlap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HART_NUM_INSNS; i++) {
		const struct hart_insn *a = &hart_insns[i];

		assert_int_equal(a->match & ~a->mask, 0);
		assert_ptr_equal(hart_insn_find(a->match), a);
		for (unsigned j = i + 1; j < HART_NUM_INSNS; j++) {
			const struct hart_insn *b = &hart_insns[j];

			if (!((a->match ^ b->match) & a->mask & b->mask))
				fail_msg("%s and %s match a common word", a->name, b->name);
		}
	}
}

/* ---- running and counting ---- */

static void returning_ends_the_run(void **state)
{
	struct hart_host *host = *state;

	START(host, 0, code_return);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[A0], 42);
	assert_int_equal(host->hart.pc, AXON_EXIT_PC);
	assert_int_equal(host->hart.instret, 2);
	assert_int_equal(host->hart.cycles, 2);
}

/* The sums are of the costs that hart_insn.h documents, done by hand. */
static void cycles_follow_the_cost_table(void **state)
{
	struct hart_host *host = *state;

	START(host, 0, code_costs);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[A0], 155); /* before reading cycle */
	assert_int_equal(host->hart.x[A1], 20);
	assert_int_equal(host->hart.x[A2], 157);
	assert_int_equal(host->hart.cycles, 161);
	assert_int_equal(host->hart.instret, 25);
}

static void x0_stays_zero(void **state)
{
	struct hart_host *host = *state;

	START(host, 0, code_zero);
	memset(host->env.sram, 0xff, 8);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[0], 0);
	assert_int_equal(host->hart.x[A0], 0);
	/* f10 is no boxed single, so its conversion is invalid, if without a destination */
	assert_int_equal(host->hart.fcsr, HART_FP_NV);
}

/* ---- code in pages ---- */

static void code_may_cross_pages_anywhere(void **state)
{
	struct hart_host *host = *state;

	for (unsigned words = 0; words <= ARRAY_SIZE(code_sum); words++) {
		START(host, PAGE - 4 * words, code_sum);
		hart_cache_flush(host->env.cache);
		assert_int_equal(run(host), HART_EXIT_DONE);
		assert_int_equal(host->hart.x[A0], 8192 * 8193 / 2);
		assert_int_equal(host->hart.instret, 2 + 3 * 8192 + 1);
		assert_int_equal(host->hart.cycles, 2 + 3 * 8192 + 1);
	}
}

/* More pages than the cache holds, twice over. */
static void pages_replace_each_other(void **state)
{
	static const uint32_t code_chain[] = {
		0x00150513, /* addi a0, a0, 1 */
		0x7fd0006f, /* jal zero, 4092 */
	};
	struct hart_host *host = *state;

	for (unsigned page = 0; page < 127; page++)
		put_code(host, page * PAGE, code_chain, sizeof(code_chain));
	put_code(host, 127 * PAGE, code_return + 1, 4);
	for (unsigned i = 0; i < 2; i++) {
		hart_host_start(host, HART_HOST_VA);
		assert_int_equal(run(host), HART_EXIT_DONE);
		assert_int_equal(host->hart.x[A0], 127);
		assert_int_equal(host->hart.instret, 2 * 127 + 1);
	}
}

static void fence_i_shows_new_code(void **state)
{
	struct hart_host *host = *state;

	START(host, 0, code_patch);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[A0], 2);
	assert_int_equal(host->hart.instret, 6);
}

static void flush_shows_new_code(void **state)
{
	struct hart_host *host = *state;
	const uint32_t other = 0x00100513; /* addi a0, zero, 1 */

	START(host, 0, code_return);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[A0], 42);
	put_code(host, 0, &other, sizeof(other));
	hart_cache_flush(host->env.cache);
	hart_host_start(host, HART_HOST_VA);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[A0], 1);
}

/* The same address in another space is other memory, for code and data. */
static void spaces_are_apart(void **state)
{
	static const uint32_t code[] = {
		0x00000517, /* auipc a0, 0 */
		0x00852503, /* lw a0, 8(a0) */
		0x00008067, /* jalr zero, 0(ra) */
	};
	struct hart_host *host = *state;
	struct hart_host other;
	struct hart_cache *cache;

	hart_host_init(&other, MEMORY_SIZE);
	cache = other.env.cache;
	other.env.cache = host->env.cache;
	other.env.space = host->env.space + 1;
	START(host, 0, code);
	START(&other, 0, code_return);
	for (unsigned i = 0; i < 3; i++) {
		hart_host_start(host, HART_HOST_VA);
		hart_host_start(&other, HART_HOST_VA);
		assert_int_equal(run(host), HART_EXIT_DONE);
		assert_int_equal(host->hart.x[A0], code[2]);
		assert_int_equal(run(&other), HART_EXIT_DONE);
		assert_int_equal(other.hart.x[A0], 42);
	}
	other.env.cache = cache;
	hart_host_fini(&other);
}

/* ---- leaving and continuing ---- */

static void budget_does_not_change_the_outcome(void **state)
{
	static const uint64_t budgets[] = {1, 2, 3, 7, 1000, 5000};
	struct hart_host *host = *state;
	enum hart_exit why;
	unsigned leaves;

	for (unsigned i = 0; i < ARRAY_SIZE(budgets); i++) {
		START(host, PAGE - 8, code_sum);
		hart_cache_flush(host->env.cache);
		leaves = 0;
		while ((why = hart_run(&host->hart, &host->env, budgets[i])) == HART_EXIT_BUDGET)
			leaves++;
		assert_int_equal(why, HART_EXIT_DONE);
		/* a loop of three instructions can outrun its budget by 1,024 rounds */
		assert_in_range(leaves, 24579 / (budgets[i] + 3 * 1024), 24579 / budgets[i]);
		assert_int_equal(host->hart.x[A0], 8192 * 8193 / 2);
		assert_int_equal(host->hart.instret, 24579);
		assert_int_equal(host->hart.cycles, 24579);
	}
}

static void stop_leaves_an_endless_loop(void **state)
{
	struct hart_host *host = *state;
	volatile uint32_t stop = 0;

	host->env.stop = &stop;
	START(host, 0, code_forever);
	assert_int_equal(hart_run(&host->hart, &host->env, 10), HART_EXIT_BUDGET);
	assert_in_range(host->hart.instret, 10, 2 * 12);

	stop = 1;
	hart_host_start(host, HART_HOST_VA);
	assert_int_equal(run(host), HART_EXIT_STOP);
	assert_in_range(host->hart.instret, 1, 2 * 1024);
	assert_int_equal(host->hart.instret, 2 * host->hart.x[A0]);
	host->env.stop = NULL;
}

/* ---- custom-0 and CSRs ---- */

struct custom_call {
	enum hart_custom result;
	unsigned calls;
	uint64_t pc, cycles;
};

static struct custom_call custom_call;

static enum hart_custom custom(void *ctx, struct axon_hart *h, uint32_t insn, uint64_t rs1,
			       uint64_t rs2, uint64_t *rd)
{
	(void)ctx;
	assert_int_equal(insn & 0xfe00707f, 0x0600200b);
	assert_int_equal(rs1, 7);
	assert_int_equal(rs2, 9);
	assert_int_equal(*rd, 0);
	custom_call.calls++;
	custom_call.pc = h->pc;
	custom_call.cycles = h->cycles;
	h->cycles += 100;
	h->fault.cause = AXON_FAULT_BAD_DESC;
	h->fault.addr = 0x1234;
	h->fault.info = 5;
	*rd = 77;
	return custom_call.result;
}

static void start_custom(struct hart_host *host, enum hart_custom result)
{
	custom_call = (struct custom_call){.result = result};
	host->env.custom = custom;
	START(host, 0, code_custom);
}

static void custom_gets_and_sets_registers(void **state)
{
	struct hart_host *host = *state;

	start_custom(host, HART_CUSTOM_OK);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(custom_call.calls, 2);
	assert_int_equal(host->hart.x[A0], 77);
	assert_int_equal(host->hart.x[0], 0);
	/* 2 before it, 1 for its issue, 100 that it added itself */
	assert_int_equal(host->hart.x[A3], 103);
	assert_int_equal(custom_call.cycles, 104);
	assert_int_equal(host->hart.cycles, 206);
	assert_int_equal(host->hart.instret, 6);
}

static void custom_may_leave(void **state)
{
	struct hart_host *host = *state;

	start_custom(host, HART_CUSTOM_LEAVE);
	assert_int_equal(run(host), HART_EXIT_CUSTOM);
	assert_int_equal(host->hart.pc, HART_HOST_VA + 12);
	assert_int_equal(host->hart.x[A0], 77);
	assert_int_equal(host->hart.instret, 3);
	assert_int_equal(host->hart.cycles, 103);
	assert_int_equal(run(host), HART_EXIT_CUSTOM);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(custom_call.calls, 2);
	assert_int_equal(host->hart.cycles, 206);
}

static void custom_may_ask_to_be_repeated(void **state)
{
	struct hart_host *host = *state;

	start_custom(host, HART_CUSTOM_RETRY);
	assert_int_equal(run(host), HART_EXIT_CUSTOM);
	assert_int_equal(host->hart.pc, HART_HOST_VA + 8);
	assert_int_equal(host->hart.x[A0], 0);
	assert_int_equal(host->hart.instret, 2);
	custom_call.result = HART_CUSTOM_OK;
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(custom_call.calls, 3);
	assert_int_equal(host->hart.instret, 6);
}

static void custom_may_fault(void **state)
{
	struct hart_host *host = *state;

	start_custom(host, HART_CUSTOM_FAULT);
	assert_int_equal(run(host), HART_EXIT_FAULT);
	assert_int_equal(host->hart.fault.cause, AXON_FAULT_BAD_DESC);
	assert_int_equal(host->hart.fault.pc, HART_HOST_VA + 8);
	assert_int_equal(host->hart.fault.addr, 0x1234);
	assert_int_equal(host->hart.fault.info, 5);
	assert_int_equal(host->hart.x[A0], 0);
	assert_int_equal(host->hart.instret, 2);
}

static int csr_read(void *ctx, unsigned csr, uint64_t *value)
{
	(void)ctx;
	*value = 0x400000;
	return csr != AXON_CSR_SRAM_SIZE;
}

static void csrs_of_the_core_are_read_by_callback(void **state)
{
	struct hart_host *host = *state;

	host->env.csr_read = csr_read;
	START(host, 0, code_csr);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.x[A0], 0x400000);
}

/* ---- faults ---- */

struct fault_case {
	const char *what;
	uint32_t word; /* executed with t1 = one past memory, a1 = 5, frm = 5 */
	enum axon_fault_cause cause;
	uint64_t addr;
};

#define SRAM_END   (AXON_SRAM_BASE + (uint64_t)HART_HOST_SRAM)
#define MEMORY_END (HART_HOST_VA + (uint64_t)MEMORY_SIZE)
#define CODE	   HART_HOST_VA

static const struct fault_case fault_cases[] = {
	{"ld a0, 0(zero)", 0x00003503, AXON_FAULT_LOCAL_ADDR, 0},
	{"ld a0, 8(zero)", 0x00803503, AXON_FAULT_LOCAL_ADDR, 8},
	{"sd a0, 8(zero)", 0x00a03423, AXON_FAULT_LOCAL_ADDR, 8},
	{"ld a0, -4(zero)", 0xffc03503, AXON_FAULT_PAGE_READ, UINT64_MAX - 3},
	{"ld a0, -4(sp)", 0xffc13503, AXON_FAULT_LOCAL_ADDR, SRAM_END},
	{"lbu a0, 0(sp)", 0x00014503, AXON_FAULT_LOCAL_ADDR, SRAM_END},
	{"sd a0, -3(sp)", 0xfea13ea3, AXON_FAULT_LOCAL_ADDR, SRAM_END},
	{"lbu a0, -1(t0)", 0xfff2c503, AXON_FAULT_LOCAL_ADDR, AXON_SRAM_BASE - 1},
	{"ld a0, 0(t1)", 0x00033503, AXON_FAULT_PAGE_READ, MEMORY_END},
	{"ld a0, -4(t1)", 0xffc33503, AXON_FAULT_PAGE_READ, MEMORY_END},
	{"sd a0, 0(t1)", 0x00a33023, AXON_FAULT_PAGE_WRITE, MEMORY_END},
	{"ecall", 0x00000073, AXON_FAULT_ECALL, CODE},
	{"ebreak", 0x00100073, AXON_FAULT_EBREAK, CODE},
	{"zeros", 0x00000000, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"ones", 0xffffffff, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"fadd.s with frm 5", 0x00a57553, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"fadd.s with rm 5", 0x00a55553, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"fadd.s with rm 6", 0x00a56553, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"fcvt.d.s with frm 5", 0x42057553, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"csrrw a0, cycle, zero", 0xc0001573, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"csrrs a0, cycle, a1", 0xc005a573, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"csrrsi a0, cycle, 1", 0xc000e573, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"csrrs a0, mstatus, zero", 0x30002573, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"csrrs a0, 0xcc0, zero", 0xcc002573, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"custom-0", 0x0000000b, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"lr.w a0, (a1)", 0x1005a52f, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"amoadd.w a0, a0, (a1)", 0x00a5a52f, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"amoadd.d a0, a0, (a1)", 0x00a5b52f, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"wfi", 0x10500073, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"sret", 0x10200073, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"c.nop, c.nop", 0x00010001, AXON_FAULT_ILLEGAL_INSN, CODE},
	{"jalr a0, 2(t1)", 0x00230567, AXON_FAULT_PC_MISALIGNED, MEMORY_END + 2},
	{"jalr a0, 3(t1)", 0x00330567, AXON_FAULT_PC_MISALIGNED, MEMORY_END + 2},
	{"jal a0, 6", 0x0060056f, AXON_FAULT_PC_MISALIGNED, CODE + 6},
	{"beq zero, zero, 6", 0x00000363, AXON_FAULT_PC_MISALIGNED, CODE + 6},
};

static void start_fault_case(struct hart_host *host, uint32_t word)
{
	put_code(host, 0, &word, sizeof(word));
	hart_cache_flush(host->env.cache);
	hart_host_start(host, HART_HOST_VA);
	host->hart.x[T0] = AXON_SRAM_BASE;
	host->hart.x[T1] = MEMORY_END;
	host->hart.x[A0] = 1;
	host->hart.x[A1] = 5;
	host->hart.fcsr = 5 << 5;
	host->env.custom = NULL;
	host->env.csr_read = NULL;
}

static void faults_name_cause_and_address(void **state)
{
	struct hart_host *host = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(fault_cases); i++) {
		const struct fault_case *c = &fault_cases[i];
		const struct hart_fault *f = &host->hart.fault;

		start_fault_case(host, c->word);
		if (run(host) != HART_EXIT_FAULT || f->cause != c->cause || f->addr != c->addr ||
		    f->pc != CODE)
			fail_msg("%s: cause %u, address %#lx, pc %#lx; expected %u, %#lx, %#lx",
				 c->what, f->cause, f->addr, f->pc, c->cause, c->addr, CODE);
		assert_int_equal(host->hart.pc, CODE);
		assert_int_equal(host->hart.instret, 0);
		assert_int_equal(host->hart.cycles, 0);
		assert_int_equal(host->hart.x[A0], 1);
	}
}

/* A jump to where there is no code retires; the fetch faults. */
static void fetch_faults_at_the_target(void **state)
{
	static const struct {
		uint32_t word;
		uint64_t target;
	} cases[] = {
		{0x00030567, MEMORY_END},     /* jalr a0, 0(t1) */
		{0x00028567, AXON_SRAM_BASE}, /* jalr a0, 0(t0) */
		{0x00000567, 0},	      /* jalr a0, 0(zero) */
	};
	struct hart_host *host = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		start_fault_case(host, cases[i].word);
		assert_int_equal(run(host), HART_EXIT_FAULT);
		assert_int_equal(host->hart.fault.cause, AXON_FAULT_PAGE_EXEC);
		assert_int_equal(host->hart.fault.pc, cases[i].target);
		assert_int_equal(host->hart.fault.addr, cases[i].target);
		assert_int_equal(host->hart.x[A0], CODE + 4);
		assert_int_equal(host->hart.instret, 1);
	}
}

static void branch_not_taken_may_be_misaligned(void **state)
{
	static const uint32_t code[] = {
		0x00001363, /* bne zero, zero, 6 */
		0x00008067, /* jalr zero, 0(ra) */
	};
	struct hart_host *host = *state;

	START(host, 0, code);
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(host->hart.instret, 2);
}

/* A store that reaches from the last page into none writes nothing. */
static void store_that_faults_writes_nothing(void **state)
{
	static const uint8_t pattern[4] = {1, 2, 3, 4};
	struct hart_host *host = *state;
	uint8_t *last = host->memory + MEMORY_SIZE - sizeof(pattern);

	memcpy(last, pattern, sizeof(pattern));
	start_fault_case(host, 0xfea33e23); /* sd a0, -4(t1) */
	assert_int_equal(run(host), HART_EXIT_FAULT);
	assert_int_equal(host->hart.fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(host->hart.fault.addr, MEMORY_END);
	assert_memory_equal(last, pattern, sizeof(pattern));
}

/* As the hart asks for translations, so that a test can flush on one. */
static unsigned translations, flush_at;

static int flushing_translate(void *ctx, uint64_t va, enum hart_access access, uint8_t **host,
			      uint64_t *run)
{
	struct hart_host *h = ctx;

	(void)access;
	if (++translations == flush_at)
		hart_cache_flush(h->env.cache);
	*host = h->memory + (va - HART_HOST_VA);
	*run = PAGE - va % PAGE;
	return 0;
}

/* A flush that comes with the second page of an access makes it ask for the first again. */
static void translate_may_flush(void **state)
{
	const uint32_t store[] = {
		0xfea33e23, /* sd a0, -4(t1) */
		0x00008067, /* jalr zero, 0(ra) */
	};
	struct hart_host *host = *state;
	uint64_t value = 0x1122334455667788;

	START(host, 0, store);
	host->hart.x[T1] = HART_HOST_VA + 2 * PAGE;
	host->hart.x[A0] = value;
	host->env.translate = flushing_translate;
	translations = 0;
	flush_at = 3; /* after the code's and the first page's */
	assert_int_equal(run(host), HART_EXIT_DONE);
	assert_int_equal(translations, 4);
	assert_memory_equal(host->memory + 2 * PAGE - 4, &value, sizeof(value));
}

/* Whatever the code and the registers, a hart only leaves by an exit. For the sanitizers. */
static void random_code_stays_inside(void **state)
{
	struct hart_host *host = *state;
	struct random r = {.state = 2};
	uint64_t bases[] = {0, AXON_SRAM_BASE, SRAM_END, AXON_LOCAL_END, MEMORY_END, -8ull};

	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 4 * PAGE; i += 4) {
			unsigned id = random_below(&r, HART_NUM_INSNS);
			uint32_t fields = (uint32_t)random_u64(&r) & ~hart_insns[id].mask;
			uint32_t word = hart_insns[id].match | fields;

			put_code(host, i, &word, sizeof(word));
		}
		hart_cache_flush(host->env.cache);
		for (unsigned start = 0; start < 100; start++) {
			hart_host_start(host, HART_HOST_VA + random_below(&r, PAGE) * 4);
			for (unsigned i = 1; i < 32; i++)
				host->hart.x[i] = bases[random_below(&r, ARRAY_SIZE(bases))] +
						  random_below(&r, 4096) - 2048;
			if (hart_run(&host->hart, &host->env, 1000) == HART_EXIT_FAULT)
				assert_int_not_equal(host->hart.fault.cause, AXON_FAULT_NONE);
			assert_int_equal(host->hart.x[0], 0);
		}
	}
}

/* ---- floating point: what the specification tabulates ---- */

static void conversions_saturate(void **state)
{
	/* unprivileged specification, "Domains of float-to-integer conversions" */
	static const struct {
		enum hart_fp_int type;
		uint64_t low, high;
	} cases[] = {
		{HART_INT32, (uint64_t)INT32_MIN, INT32_MAX},
		{HART_UINT32, 0, UINT64_MAX},
		{HART_INT64, (uint64_t)INT64_MIN, INT64_MAX},
		{HART_UINT64, 0, UINT64_MAX},
	};
	static const uint32_t high[] = {
		0x7f800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0x7f7fffff,
	};
	static const uint32_t low[] = {0xff800000, 0xff7fffff};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases) * HART_NUM_RM; i++) {
		enum hart_fp_int type = cases[i / HART_NUM_RM].type;
		unsigned rm = i % HART_NUM_RM;
		uint32_t fcsr = 0;

		for (unsigned j = 0; j < ARRAY_SIZE(high); j++)
			assert_int_equal(hart_fp_to_int_f32(high[j], type, rm, &fcsr),
					 cases[i / HART_NUM_RM].high);
		for (unsigned j = 0; j < ARRAY_SIZE(low); j++)
			assert_int_equal(hart_fp_to_int_f32(low[j], type, rm, &fcsr),
					 cases[i / HART_NUM_RM].low);
		assert_int_equal(fcsr, HART_FP_NV);
	}
}

static void classes_are_told_apart(void **state)
{
	static const uint32_t singles[] = {
		0xff800000, 0xff7fffff, 0x807fffff, 0x80000000, 0x00000000,
		0x00000001, 0x00800000, 0x7f800000, 0x7f800001, 0x7fc00000,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(singles); i++)
		assert_int_equal(hart_fp_class_f32(singles[i]), 1 << i);
}

/* Tininess is detected after rounding, as if the exponent were unbounded. */
static void underflow_is_detected_after_rounding(void **state)
{
	const uint64_t rounds_up = 0x380ffffff0000000;	 /* 0x1.ffffffp-127, a tie */
	const uint64_t stays_below = 0x380fffffef000000; /* 0x1.fffffefp-127 */
	uint32_t fcsr = 0;

	(void)state;
	assert_int_equal(hart_fp_narrow(rounds_up, HART_RNE, &fcsr), 0x00800000);
	assert_int_equal(fcsr, HART_FP_NX);
	assert_int_equal(hart_fp_narrow(stays_below, HART_RNE, &fcsr), 0x00800000);
	assert_int_equal(fcsr, HART_FP_NX | HART_FP_UF);
}

/* With "inexact" set the host's FPU may be used, without it is not: the results are the same. */
static void host_and_integer_arithmetic_agree(void **state)
{
	struct random r = {.state = 1};
	uint32_t on, off;

	(void)state;
#define AGREE(call)                                     \
	do {                                            \
		uint64_t result[2];                     \
		uint32_t *fcsr = &on;                   \
                                                        \
		on = HART_FP_NX;                        \
		off = 0;                                \
		result[0] = call;                       \
		fcsr = &off;                            \
		result[1] = call;                       \
		assert_int_equal(result[0], result[1]); \
		assert_int_equal(on, off | HART_FP_NX); \
	} while (0)

	for (unsigned i = 0; i < 200000; i++) {
		uint32_t a = random_f32(&r), b = random_f32(&r), c = random_f32(&r);
		uint64_t d = random_f64(&r), e = random_f64(&r), f = random_f64(&r);

		AGREE(hart_fp_add_f32(a, b, HART_RNE, fcsr));
		AGREE(hart_fp_sub_f32(a, b, HART_RNE, fcsr));
		AGREE(hart_fp_mul_f32(a, b, HART_RNE, fcsr));
		AGREE(hart_fp_div_f32(a, b, HART_RNE, fcsr));
		AGREE(hart_fp_sqrt_f32(a, HART_RNE, fcsr));
		AGREE(hart_fp_fma_f32(a, b, c, HART_RNE, fcsr));
		AGREE(hart_fp_add_f64(d, e, HART_RNE, fcsr));
		AGREE(hart_fp_sub_f64(d, e, HART_RNE, fcsr));
		AGREE(hart_fp_mul_f64(d, e, HART_RNE, fcsr));
		AGREE(hart_fp_div_f64(d, e, HART_RNE, fcsr));
		AGREE(hart_fp_sqrt_f64(d, HART_RNE, fcsr));
		AGREE(hart_fp_fma_f64(d, e, f, HART_RNE, fcsr));
		AGREE(hart_fp_narrow(d, HART_RNE, fcsr));
	}
#undef AGREE
}

#define HOST_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_entries_do_not_overlap),
		HOST_TEST(returning_ends_the_run),
		HOST_TEST(cycles_follow_the_cost_table),
		HOST_TEST(x0_stays_zero),
		HOST_TEST(code_may_cross_pages_anywhere),
		HOST_TEST(pages_replace_each_other),
		HOST_TEST(fence_i_shows_new_code),
		HOST_TEST(flush_shows_new_code),
		HOST_TEST(spaces_are_apart),
		HOST_TEST(budget_does_not_change_the_outcome),
		HOST_TEST(stop_leaves_an_endless_loop),
		HOST_TEST(custom_gets_and_sets_registers),
		HOST_TEST(custom_may_leave),
		HOST_TEST(custom_may_ask_to_be_repeated),
		HOST_TEST(custom_may_fault),
		HOST_TEST(csrs_of_the_core_are_read_by_callback),
		HOST_TEST(faults_name_cause_and_address),
		HOST_TEST(fetch_faults_at_the_target),
		HOST_TEST(branch_not_taken_may_be_misaligned),
		HOST_TEST(store_that_faults_writes_nothing),
		HOST_TEST(translate_may_flush),
		HOST_TEST(random_code_stays_inside),
		cmocka_unit_test(conversions_saturate),
		cmocka_unit_test(classes_are_told_apart),
		cmocka_unit_test(underflow_is_detected_after_rounding),
		cmocka_unit_test(host_and_integer_arithmetic_agree),
	};

	return cmocka_run_group_tests_name("hart", tests, NULL, NULL);
}
