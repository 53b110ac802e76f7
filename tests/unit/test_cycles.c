// SPDX-License-Identifier: MIT
/*
 * Description: twenty small programs cost the modelled cycles that the tables of
 * docs/hardware.md, section 12, give when they are added up by hand, on one host thread and on two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "chip.h"
#include "rv.h"

/* Where a program finds its descriptors, from a0 on. */
enum { FILL_MEMORY = 0, FILL_SRAM = 256, PRODUCT = 512, EXPONENTIALS = 768, DATA_BYTES = 2048 };

#define SRAM_PAGE 0x10000 /* lui of AXON_SRAM_BASE */

#define ISSUE(engine, at) \
	RV_ADDI(T0, A0, at), RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_##engine, T1, T0, ZERO)
#define WAIT   RV_CUSTOM(AXON_INSN_WAIT, 0, ZERO, T1, ZERO)
#define FENCE  RV_CUSTOM(AXON_INSN_FENCE, 0, ZERO, ZERO, ZERO)
#define NOP    RV_ADDI(ZERO, ZERO, 0)
#define FP(f7) RV_R(0x53, 7, f7, 0, 0, 0)

/* The four operations: 64 + 4096/32, 64 + 4096/64, 32 + ⌈16/8⌉·⌈16/16⌉·32, 16 + 4·⌈64/16⌉·(1 + 4 + 1) */
enum { FILL_MEMORY_CYCLES = 192, FILL_SRAM_CYCLES = 128, PRODUCT_CYCLES = 96, EXP_CYCLES = 112 };

static const struct program {
	const char *name;
	uint32_t code[16];
	unsigned int workgroups; /* 0 counts as 1 */
	bool chained; /* the product waits for the fill, the exponentials for the product */
	uint64_t cycles;
} programs[] = {
	{"return", {RV_RET}, .cycles = 1},
	{"arithmetic", {NOP, NOP, NOP, RV_RET}, .cycles = 3 + 1},
	{"multiply", {RV_MUL(T0, T0, T0), RV_RET}, .cycles = 3 + 1},
	{"divide", {RV_R(0x33, 4, 1, T0, T0, A0), RV_RET}, .cycles = 20 + 1},
	{"load from memory", {RV_LD(T0, A0, 0), RV_RET}, .cycles = 8 + 1},
	{"load from SRAM", {RV_LUI(T0, SRAM_PAGE), RV_LD(T1, T0, 0), RV_RET}, .cycles = 1 + 2 + 1},
	{"store to memory", {RV_SD(ZERO, A0, 1024), RV_RET}, .cycles = 2 + 1},
	{"store to SRAM", {RV_LUI(T0, SRAM_PAGE), RV_SD(ZERO, T0, 0), RV_RET}, .cycles = 1 + 1 + 1},
	{"loop of ten",
	 {RV_ADDI(T0, ZERO, 10), RV_ADDI(T0, T0, -1), RV_BNE(T0, ZERO, -4), RV_RET},
	 .cycles = 1 + 10 * 2 + 1},
	{"fadd.s", {FP(0x00), RV_RET}, .cycles = 4 + 1},
	{"fdiv.d", {FP(0x0d), RV_RET}, .cycles = 28 + 1},
	{"read a CSR", {RV_CSRR(T0, 0xcc0), RV_RET}, .cycles = 1 + 1},
	/* addi 1, issue 4, then the fence has to wait */
	{"fill and fence",
	 {ISSUE(DMA, FILL_MEMORY), FENCE, RV_RET},
	 .cycles = 5 + FILL_MEMORY_CYCLES + 1 + 1},
	{"fill without waiting",
	 {ISSUE(DMA, FILL_MEMORY), RV_RET},
	 .cycles = 5 + FILL_MEMORY_CYCLES},
	{"two fills, one engine",
	 {ISSUE(DMA, FILL_SRAM), ISSUE(DMA, FILL_MEMORY), RV_RET},
	 .cycles = 5 + FILL_SRAM_CYCLES + FILL_MEMORY_CYCLES},
	/* the product is issued at 10 and ends at 106, before the fill */
	{"fill beside product",
	 {ISSUE(DMA, FILL_SRAM), ISSUE(MATRIX, PRODUCT), RV_RET},
	 .cycles = 5 + FILL_SRAM_CYCLES},
	{"fill, product, exponentials in a chain",
	 {ISSUE(DMA, FILL_SRAM), ISSUE(MATRIX, PRODUCT), ISSUE(VECTOR, EXPONENTIALS), RV_RET},
	 .chained = true,
	 .cycles = 5 + FILL_SRAM_CYCLES + PRODUCT_CYCLES + EXP_CYCLES},
	{"exponentials",
	 {ISSUE(VECTOR, EXPONENTIALS), FENCE, RV_RET},
	 .cycles = 5 + EXP_CYCLES + 1 + 1},
	/* ten instructions pass while the engine works */
	{"work, then wait",
	 {ISSUE(DMA, FILL_SRAM), NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, WAIT, RV_RET},
	 .cycles = 5 + FILL_SRAM_CYCLES + 1 + 1},
	/* two cores: 3 and 2 workgroups */
	{"five workgroups on two cores",
	 {RV_MUL(T0, T0, T0), RV_RET},
	 .workgroups = 5,
	 .cycles = 3 * (3 + 1)},
};

static struct axon_dma_copy fill(uint64_t dst)
{
	return (struct axon_dma_copy){
		.h = {.op = AXON_DMA_FILL, .size = sizeof(struct axon_dma_copy)},
		.dst = dst,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 1,
		.extent = {1024},
		.dst_stride = {4},
	};
}

static struct axon_matrix_desc product(void)
{
	return (struct axon_matrix_desc){
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(struct axon_matrix_desc)},
		.m = 16,
		.n = 16,
		.k = 32,
		.a = AXON_SRAM_BASE,
		.a_s0 = 128,
		.b = AXON_SRAM_BASE,
		.b_stride = 64,
		.c = AXON_SRAM_BASE + 8192,
		.c_stride = 64,
		.b_layout = AXON_B_ROWS,
		.scale = 1.0f,
	};
}

static void exponentials(struct axon_vector_desc *d)
{
	*d = (struct axon_vector_desc){
		.h = {.op = AXON_VECTOR_RUN, .size = sizeof(*d) + 3 * sizeof(struct axon_vinsn)},
		.rows = 4,
		.cols = 64,
		.insns = 3,
		.operands = 1,
		.operand[0] = {.addr = AXON_SRAM_BASE + 16384, .row_stride = 256, .col_stride = 4},
	};
	d->insn[0] = (struct axon_vinsn){.op = AXON_V_CONST, .fimm = 1.0f};
	d->insn[1] = (struct axon_vinsn){.op = AXON_V_EXP};
	d->insn[2] = (struct axon_vinsn){.op = AXON_V_STORE};
}

/* The descriptors, and behind them memory for the fill. */
static uint64_t place_data(struct chip *c, bool chained)
{
	uint64_t at = chip_alloc(c, DATA_BYTES + 4096);
	uint8_t *data = chip_ptr(c, at);
	struct axon_matrix_desc *mul = (struct axon_matrix_desc *)(data + PRODUCT);
	struct axon_vector_desc *exp = (struct axon_vector_desc *)(data + EXPONENTIALS);

	*(struct axon_dma_copy *)(data + FILL_MEMORY) = fill(chip_va(at) + DATA_BYTES);
	*(struct axon_dma_copy *)(data + FILL_SRAM) = fill(AXON_SRAM_BASE);
	*mul = product();
	exponentials(exp);
	if (chained) {
		mul->h.wait[0] = AXON_TOKEN(AXON_ENGINE_DMA, 1);
		exp->h.wait[2] = AXON_TOKEN(AXON_ENGINE_MATRIX, 1);
	}
	return chip_va(at);
}

static uint64_t measure(const struct program *p, unsigned int threads)
{
	struct chip *c = chip_new(2, threads);
	uint64_t stats = chip_alloc(c, sizeof(struct axon_launch_stats)), cycles;
	struct axon_packet launch =
		chip_launch(chip_code(c, p->code, 16), place_data(c, p->chained),
			    p->workgroups ? p->workgroups : 1, 1, 1);

	launch.launch.stats = chip_va(stats);
	chip_slot(c, 0, 1);
	assert_true(chip_run(c, 0, chip_buffer(c, &launch, 1)));
	cycles = ((struct axon_launch_stats *)chip_ptr(c, stats))->cycles;
	chip_free(c);
	return cycles;
}

static void test_sums(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	assert_int_equal(sizeof(programs) / sizeof(programs[0]), 20);
	for (unsigned int i = 0; i < 20; i++) {
		for (unsigned int threads = 1; threads <= 2; threads++) {
			uint64_t cycles = measure(&programs[i], threads);

			if (cycles == 200 + programs[i].cycles)
				continue;
			wrong++;
			print_error("%s: expected 200 + %llu cycles, found %llu\n",
				    programs[i].name, (unsigned long long)programs[i].cycles,
				    (unsigned long long)cycles);
		}
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
