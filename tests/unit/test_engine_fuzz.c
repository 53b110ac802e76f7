/* SPDX-License-Identifier: MIT */
/*
 * Hostile descriptors: random fields, most of them plausible, some at the edges. Whatever they say,
 * an engine returns 0, a cause or ENGINE_STOPPED and touches nothing outside (which the sanitizers of
 * `make SAN=1` see), and reports what it writes.
 */
#include "vector_test.h"

#define ROUNDS 8000

static uint64_t edge(void)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		255,
		256,
		4096,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		~0ull,
	};

	return edges[below(sizeof(edges) / sizeof(edges[0]))] + below(3) - 1;
}

static uint64_t an_address(void)
{
	static const uint64_t bases[] = {
		SRAM, SRAM, SRAM + FLAT_SRAM, MEM, MEM, MEM, FLAT_READONLY, AXON_LOCAL_END,
	};

	return below(30) ? bases[below(8)] + (below(3) ? below(0x20000) : -(uint64_t)below(5000))
			 : edge();
}

static int64_t a_stride(uint32_t size)
{
	switch (below(16)) {
	case 0: return 0;
	case 1: return edge();
	case 2: return -(int64_t)below(5000);
	case 3:
	case 4: return below(5000);
	default: return size;
	}
}

static uint32_t a_count(void)
{
	return below(20) ? below(80) : edge();
}

static uint8_t a_small(uint32_t usual)
{
	return below(40) ? below(usual) : flat_random(&seed);
}

static unsigned int outcomes[AXON_FAULT_COUNT + 1]; /* by cause, stopped in the last */

/* A test of nothing but refusals would be no test: each common end must have been met. */
static void check_outcomes(void)
{
	static const int common[] = {0,
				     AXON_FAULT_PAGE_READ,
				     AXON_FAULT_PAGE_WRITE,
				     AXON_FAULT_BAD_DESC,
				     AXON_FAULT_SRAM_RANGE,
				     AXON_FAULT_BAD_INDEX};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		print_message("    cause %d: %u times\n", common[i], outcomes[common[i]]);
		assert_true(outcomes[common[i]] >= ROUNDS / 200);
	}
	memset(outcomes, 0, sizeof(outcomes));
}

/* Runs a descriptor; with `stop` only to the first look at the flag. */
static void check(int (*engine)(struct engine *, const struct axon_desc *, uint64_t),
		  const void *desc, bool stop)
{
	const bool watched = !below(50);
	struct flat_before before = {0};
	int cause;

	flat.scattered = below(2);
	flat.stop = stop;
	if (watched)
		before = flat_before(&flat);
	cause = engine(&flat.e, desc, FLAT_DESC);
	assert_true(cause == ENGINE_STOPPED || (cause >= 0 && cause < AXON_FAULT_COUNT));
	outcomes[cause == ENGINE_STOPPED ? AXON_FAULT_COUNT : cause]++;
	if (watched) {
		flat_check_reported(&flat, &before);
		flat_forget(&before);
	}
}

static void test_dma(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS; n++) {
		union {
			struct axon_desc h;
			struct axon_dma_copy copy;
			struct axon_dma_rows rows;
			struct axon_dma_pack pack;
		} d = {0};
		const uint8_t op = below(AXON_DMA_OP_COUNT);

		if (op == AXON_DMA_GATHER || op == AXON_DMA_SCATTER) {
			d.rows = (struct axon_dma_rows){
				.h.size = sizeof(d.rows),
				.dst = an_address(),
				.src = an_address(),
				.index = an_address(),
				.dst_stride = a_stride(64),
				.src_stride = a_stride(64),
				.rows = a_count(),
				.cols = a_count(),
				.limit = below(2) ? ~0u : a_count(),
				.dst_type = a_small(6),
				.src_type = a_small(6),
			};
		} else if (op == AXON_DMA_PACK || op == AXON_DMA_UNPACK) {
			static const uint32_t formats[] = {
				AXON_FMT_Q4_0, AXON_FMT_Q5_1,
				AXON_FMT_Q8_0, AXON_FMT_Q4_K,
				AXON_FMT_Q6_K, AXON_FMT(6, 3, 16, AXON_SCALE_S8, AXON_MIN_U6),
			};

			d.pack = (struct axon_dma_pack){
				.h.size = sizeof(d.pack),
				.dst = an_address(),
				.src = an_address(),
				.index = below(2) ? an_address() : 0,
				.dst_stride = a_stride(512),
				.src_stride = a_stride(512),
				.tile_stride = below(3) ? 0 : a_stride(4096),
				.k = below(2) ? 256 * below(4) : a_count(),
				.cols = a_count(),
				.first = below(4) ? 0 : a_count(),
				.limit = a_count(),
				.format = below(20) ? formats[below(6)] : flat_random(&seed),
				.dst_type = below(2) ? AXON_BLOCK : a_small(8),
				.src_type = below(2) ? AXON_BLOCK : a_small(8),
			};
		} else {
			d.copy = (struct axon_dma_copy){
				.h.size = sizeof(d.copy),
				.dst = an_address(),
				.src = an_address(),
				.dst_type = a_small(6),
				.src_type = a_small(6),
				.dims = a_small(7),
			};
			for (int i = 0; i < AXON_DMA_DIMS; i++) {
				d.copy.extent[i] = below(2) ? 1 + below(3) : a_count();
				d.copy.dst_stride[i] = a_stride(4 << 2 * i);
				d.copy.src_stride[i] = a_stride(4 << 2 * i);
				d.copy.origin[i] = below(3) ? (int)below(20) - 10 : (int32_t)edge();
				d.copy.limit[i] = a_count();
			}
		}
		d.h.op = op;
		d.h.flags = below(2) ? 0 : below(4);
		check(dma_run, &d, true);
	}
	flat.stop = 0;
	check_outcomes();
}

/* A register that holds something, or row register 0..3, which always does. */
static uint8_t a_source(uint32_t live)
{
	uint8_t reg = below(8);

	while (!(live >> reg & 1) && reg < 8)
		reg++;
	return reg < 8 ? reg : AXON_R(below(4));
}

static void add_insn(struct program *p, uint32_t *live)
{
	const uint8_t op = below(3) ? AXON_V_LOAD + below(5) : below(AXON_V_OPCODE_COUNT);
	const bool to_operand = op == AXON_V_STORE || op == AXON_V_QUANT || op == AXON_V_TOPK ||
				op == AXON_V_SCATTER_ADD;
	const bool reduces = op >= AXON_V_RSUM && op <= AXON_V_RARGMAX;
	const bool from_operand = op == AXON_V_LOAD || op == AXON_V_GATHER;
	struct axon_vinsn *i;

	i = insn(p, op,
		 to_operand ? below(p->d.operands)
		 : reduces  ? AXON_R(below(4))
			    : below(8),
		 from_operand ? below(p->d.operands) : a_source(*live), a_source(*live),
		 a_source(*live));
	i->imm = below(3) ? below(33) : flat_random(&seed);
	i->imm2 = flat_random(&seed);
	if (op == AXON_V_PASS)
		*live = 0;
	else if (!to_operand && !reduces)
		*live |= 1u << i->dst;
	if (!below(200)) /* or anything anywhere */
		((uint8_t *)i)[below(sizeof(*i))] = flat_random(&seed);
}

static void test_vector(void **state)
{
	(void)state;
	for (int n = 0; n < ROUNDS; n++) {
		struct program p;
		uint32_t live = 0;

		start(&p, a_count(), below(3) ? 32 * below(40) : a_count());
		/* what cannot be stopped must not take the test's time either */
		if ((uint64_t)p.d.rows * p.d.cols > 100000 &&
		    (uint64_t)p.d.rows * p.d.cols < 1ull << 32)
			p.d.rows = p.d.cols = 2;
		for (int i = 0, count = 1 + below(6); i < count; i++) {
			static const uint8_t types[] = {AXON_F32, AXON_F32,  AXON_I32,
							AXON_F32, AXON_BF16, AXON_F16,
							AXON_I8,  AXON_U8,   AXON_Q8A};
			const uint8_t type = below(3) ? AXON_F32 : types[below(9)];
			struct axon_vector_operand *o =
				operand(&p, an_address(), type, a_stride(4));

			o->row_stride = below(2) ? o->row_stride : a_stride(512);
			o->outer_stride = a_stride(2048);
			o->row_div = below(2) ? 0 : a_count();
			o->limit = below(2) ? ~0u : a_count();
			o->flags = !below(30);
		}
		for (int i = 0, count = 1 + below(12); i < count; i++)
			add_insn(&p, &live);
		if (!below(50))
			((uint8_t *)&p)[below(sizeof(p.d))] = flat_random(&seed);
		check(vector_run, &p, (uint64_t)p.d.rows * p.d.cols > 100000);
	}
	flat.stop = 0;
	check_outcomes();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dma),
		cmocka_unit_test(test_vector),
	};

	return RUN_WITH_ALL_KERNELS(tests);
}
