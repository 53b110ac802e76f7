// SPDX-License-Identifier: MIT
/*
 * What one queue does to the chip, another one does not notice: neither changes of its address space
 * nor faults nor resets. And SLOT_PROGRESS, by which a driver tells slow work from none.
 */
#include "unit.h"

#include "chip.h"
#include "rv.h"

#define VICTIM	 3
#define ATTACKER 5

static uint32_t progress(struct chip *c)
{
	return chip_r32(c, AXON_PAGE_SLOT(VICTIM) + AXON_REG_SLOT_PROGRESS);
}

static uint32_t status(struct chip *c)
{
	return chip_r32(c, AXON_PAGE_SLOT(VICTIM) + AXON_REG_SLOT_STATUS);
}

/* A launch of one engine operation that takes a worker some tenths of a second, in SRAM alone. */
static struct axon_packet long_operation(struct chip *c)
{
	const struct axon_matrix_desc desc = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(desc)},
		.m = 8192,
		.n = 1024,
		.k = 1024,
		.a = AXON_SRAM_BASE,
		.b = AXON_SRAM_BASE,
		.c = AXON_SRAM_BASE + 65536,
		.scale = 1,
	};
	uint64_t at = chip_alloc(c, sizeof(desc));
	uint64_t issue =
		CHIP_CODE(c, RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_MATRIX, T0, A0, ZERO), RV_RET);

	memcpy(chip_ptr(c, at), &desc, sizeof(desc));
	return chip_launch(issue, chip_va(at), 1, 1, 1);
}

static struct chip *start_long_operation(void)
{
	struct chip *c = chip_new(2, 2);
	struct axon_packet launch = long_operation(c);

	chip_slot(c, VICTIM, 1);
	chip_push(c, VICTIM, chip_buffer(c, &launch, 1));
	chip_doorbell(c, VICTIM);
	chip_wait_state(c, VICTIM, AXON_SLOT_RUNNING);
	return c;
}

/* The operation ends although `attack` goes on all the time. */
static void assert_undisturbed_by(void (*attack)(struct chip *c))
{
	struct chip *c = start_long_operation();
	unsigned int attacks = 0;

	for (; status(c) == AXON_SLOT_RUNNING; attacks++) {
		if (attacks == CHIP_TIMEOUT_MS)
			fail_msg("the operation was begun again and again");
		attack(c);
		chip_sleep_ms(1);
	}
	assert_int_equal(status(c), AXON_SLOT_IDLE);
	if (attacks < 10)
		fail_msg("the operation was too short for this test: %u attacks", attacks);
	chip_free(c);
}

static void invalidate_another(struct chip *c)
{
	chip_invalidate(c, 2);
}

static void invalidate_the_driver(struct chip *c)
{
	chip_invalidate(c, 0);
}

static void fault_and_reset(struct chip *c)
{
	chip_slot(c, ATTACKER, 2);
	assert_false(chip_run(c, ATTACKER, (struct axon_packet){.op = AXON_PKT_COUNT}));
	chip_reset_slot(c, ATTACKER);
	chip_w32(c, AXON_PAGE_FAULT + AXON_REG_FAULT_TAIL, chip_faults(c));
}

static void invalidations_disturb_no_other_address_space(void **state)
{
	(void)state;
	assert_undisturbed_by(invalidate_another);
}

static void invalidations_of_the_drivers_disturb_no_program(void **state)
{
	(void)state;
	assert_undisturbed_by(invalidate_the_driver);
}

static void faults_and_resets_disturb_no_other_queue(void **state)
{
	(void)state;
	assert_undisturbed_by(fault_and_reset);
}

/* That an operation is under way in an address space is no excuse to keep its translations. */
static void invalidations_reach_the_operation_concerned(void **state)
{
	struct chip *c = start_long_operation();

	(void)state;
	for (unsigned int n = 0; n < 20; n++)
		chip_invalidate(c, 1);
	assert_int_equal(status(c), AXON_SLOT_RUNNING);
	chip_free(c);
}

#define COUNTERS 256

/*
 * A launch that adds 1 to each of COUNTERS words of memory in turn, a million times, in one operation
 * that cannot be run again. *words: the counters. It is slow, for seconds, if the words up to `limit`
 * do not all lie in memory.
 */
static struct axon_packet additions(struct chip *c, uint32_t limit, float **words)
{
	const struct {
		struct axon_vector_desc desc;
		struct axon_vinsn insn[4];
	} vector = {
		.desc = {.h = {.op = AXON_VECTOR_RUN, .size = sizeof(vector)},
			 .rows = COUNTERS,
			 .cols = 1 << 20,
			 .insns = 4,
			 .operands = 1,
			 .operand = {{.col_stride = 4, .type = AXON_F32}}},
		.insn = {{.op = AXON_V_ROW, .dst = AXON_R(0)},
			 {.op = AXON_V_CONST, .dst = AXON_R(1), .fimm = 1},
			 {.op = AXON_V_PASS},
			 {.op = AXON_V_SCATTER_ADD, .dst = 0, .b = AXON_R(0), .c = AXON_R(1)}},
	};
	uint64_t at = chip_alloc(c, sizeof(vector)), counters = chip_alloc(c, COUNTERS * 4);
	struct axon_vector_desc *desc = chip_ptr(c, at);
	uint64_t issue =
		CHIP_CODE(c, RV_CUSTOM(AXON_INSN_ISSUE, AXON_ENGINE_VECTOR, T0, A0, ZERO), RV_RET);
	struct axon_packet launch = chip_launch(issue, chip_va(at), 1, 1, 1);

	memcpy(desc, &vector, sizeof(vector));
	desc->operand[0].addr = chip_va(counters);
	desc->operand[0].limit = limit;
	*words = chip_ptr(c, counters);
	return chip_buffer(c, &launch, 1);
}

/* It has begun, but not got to its end. */
static void assert_left(const float *words)
{
	assert_true(words[0] > 0);
	assert_true(words[COUNTERS - 1] == 0);
}

static void an_operation_that_cannot_be_repeated_is_left_by_a_hang(void **state)
{
	struct chip *c = chip_new(2, 2);
	float *words;

	(void)state;
	chip_slot(c, VICTIM, 1);
	chip_w32(c, AXON_PAGE_SLOT(VICTIM) + AXON_REG_SLOT_WALL_MS, 20);
	assert_false(chip_run(c, VICTIM, additions(c, UINT32_MAX, &words)));
	assert_int_equal(chip_fault(c, 0).cause, AXON_FAULT_HANG);
	assert_left(words);
	chip_free(c);
}

static void an_operation_that_cannot_be_repeated_is_left_by_a_reset(void **state)
{
	struct chip *c = chip_new(2, 2);
	float *words;

	(void)state;
	chip_slot(c, VICTIM, 1);
	chip_push(c, VICTIM, additions(c, UINT32_MAX, &words));
	chip_doorbell(c, VICTIM);
	while (!*(volatile float *)words)
		chip_sleep_ms(1);
	chip_reset_slot(c, VICTIM);
	assert_left(words);
	chip_free(c);
}

/* But for nothing less: what is done twice is wrong. */
static void an_operation_that_cannot_be_repeated_is_done_once(void **state)
{
	struct chip *c = chip_new(2, 2);
	float *words;

	(void)state;
	chip_slot(c, VICTIM, 1);
	chip_w32(c, AXON_PAGE_SLOT(VICTIM) + AXON_REG_SLOT_WALL_MS, CHIP_TIMEOUT_MS);
	chip_push(c, VICTIM, additions(c, COUNTERS, &words));
	chip_doorbell(c, VICTIM);
	while (!*(volatile float *)words)
		chip_sleep_ms(1);
	for (unsigned int n = 0; n < 20; n++)
		chip_w32(c, AXON_PAGE_MMU + AXON_REG_INV_CMD, 1);
	assert_true(chip_finish(c, VICTIM));
	for (unsigned int i = 0; i < COUNTERS; i++)
		assert_true(words[i] == 1 << 20);
	chip_free(c);
}

static void progress_moves_with_packets_copies_and_workgroups(void **state)
{
	struct chip *c = chip_new(2, 2);
	struct axon_packet work[] = {
		{.op = AXON_PKT_NOP},
		chip_copy(CHIP_SYS_VA, CHIP_SYS_VA + (4 << 20), 3 << 20),
		chip_launch(CHIP_CODE(c, RV_RET), 0, 10, 1, 1),
	};
	const uint32_t least[] = {1, 3, 10};
	uint32_t before = progress(c);

	(void)state;
	assert_int_equal(before, 0);
	chip_slot(c, VICTIM, 1);
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(chip_run(c, VICTIM, work[i]));
		assert_true(progress(c) - before >= least[i]);
		before = progress(c);
	}
	chip_free(c);
}

static void progress_stands_still_in_a_loop(void **state)
{
	struct chip *c = chip_new(2, 2);
	uint32_t before;

	(void)state;
	chip_slot(c, VICTIM, 1);
	chip_push(c, VICTIM, chip_launch(CHIP_CODE(c, RV_LOOP), 0, 1, 1, 1));
	chip_doorbell(c, VICTIM);
	chip_wait_state(c, VICTIM, AXON_SLOT_RUNNING);
	chip_sleep_ms(20);
	before = progress(c);
	chip_sleep_ms(20);
	assert_int_equal(progress(c), before);
	assert_int_not_equal(before, 0);
	chip_reset_slot(c, VICTIM);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invalidations_disturb_no_other_address_space),
		cmocka_unit_test(invalidations_of_the_drivers_disturb_no_program),
		cmocka_unit_test(faults_and_resets_disturb_no_other_queue),
		cmocka_unit_test(invalidations_reach_the_operation_concerned),
		cmocka_unit_test(an_operation_that_cannot_be_repeated_is_left_by_a_hang),
		cmocka_unit_test(an_operation_that_cannot_be_repeated_is_left_by_a_reset),
		cmocka_unit_test(an_operation_that_cannot_be_repeated_is_done_once),
		cmocka_unit_test(progress_moves_with_packets_copies_and_workgroups),
		cmocka_unit_test(progress_stands_still_in_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
