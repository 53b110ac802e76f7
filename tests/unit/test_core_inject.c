// SPDX-License-Identifier: MIT
/* What is made to go wrong does so once, where it should, and leaves the rest of the chip alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "chip.h"
#include "rv.h"

#define SLOT	 2
#define OTHER	 3
#define RAS(reg) (AXON_PAGE_RAS + AXON_REG_##reg)
#define ANYWHERE UINT64_MAX

static const struct axon_packet nop = {.op = AXON_PKT_NOP};

static uint32_t status(struct chip *c, unsigned int slot)
{
	return chip_r32(c, AXON_PAGE_SLOT(slot) + AXON_REG_SLOT_STATUS);
}

/* The kind strikes the slot's next packet; another slot goes on, and this one after a reset. */
static struct axon_fault strike(struct chip *c, unsigned int kind, uint64_t value)
{
	uint32_t before = chip_faults(c);
	struct axon_packet fill = {
		.op = AXON_PKT_FILL, .fill.dst = chip_va(chip_alloc(c, 64)), .fill.bytes = 64};
	struct axon_packet call = chip_buffer(c, &fill, 1);

	chip_slot(c, SLOT, 1);
	chip_slot(c, OTHER, 1);
	assert_true(axon_core_inject(c->core, kind, value));
	assert_false(chip_run(c, SLOT, call));
	assert_int_equal(chip_faults(c), before + 1);
	assert_true(chip_run(c, OTHER, call));
	chip_reset_slot(c, SLOT);
	chip_reset_slot(c, OTHER);
	chip_slot(c, SLOT, 1);
	assert_true(chip_run(c, SLOT, call));
	chip_reset_slot(c, SLOT);
	return chip_fault(c, before);
}

static void faults_strike_once(void **state)
{
	static const struct {
		unsigned int kind, cause;
	} faults[] = {
		{AXON_INJECT_PAGE_FAULT, AXON_FAULT_PAGE_READ},
		{AXON_INJECT_DMA_ERROR, AXON_FAULT_BUS},
		{AXON_INJECT_RING_INDEX, AXON_FAULT_BAD_PACKET},
		{AXON_INJECT_ECC_UNCORRECTED, AXON_FAULT_ECC},
	};
	struct chip *c = chip_new(2, 2);

	(void)state;
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_int_equal(strike(c, faults[i].kind, ANYWHERE).cause, faults[i].cause);
	assert_false(axon_core_inject(c->core, AXON_INJECT_COUNT, 0));
	/* a bench has no bus */
	assert_false(axon_core_inject(c->core, AXON_INJECT_AER_FATAL, 0));
	chip_free(c);
}

static void memory_errors_are_counted(void **state)
{
	struct chip *c = chip_new(2, 2);
	uint64_t page = chip_alloc(c, 3 * 4096);
	struct axon_packet fill = {
		.op = AXON_PKT_FILL, .fill.dst = chip_va(page), .fill.bytes = 3 * 4096};
	struct axon_packet call = chip_buffer(c, &fill, 1);
	uint64_t bad = (page + 4096) & ~4095ull;

	(void)state;
	axon_core_inject(c->core, AXON_INJECT_ECC_CORRECTED, 0x1234);
	assert_int_equal(chip_r32(c, RAS(ECC_CORRECTED)), 1);
	assert_int_equal(chip_r64(c, RAS(ECC_ADDR)), 0x1234);
	assert_int_equal(chip_r32(c, RAS(ECC_UNCORRECTED)), 0);

	chip_slot(c, SLOT, 1);
	axon_core_inject(c->core, AXON_INJECT_ECC_UNCORRECTED, bad + 8);
	assert_false(chip_run(c, SLOT, call));
	assert_int_equal(chip_fault(c, 0).cause, AXON_FAULT_ECC);
	assert_int_equal(chip_fault(c, 0).addr & ~4095ull, chip_va(bad));
	assert_int_equal(chip_r32(c, RAS(ECC_UNCORRECTED)), 1);
	assert_int_equal(chip_r64(c, RAS(ECC_ADDR)), bad + 8);
	chip_free(c);
}

/* Neither a limit nor a suspend ends it; a reset does. */
static void a_hang_lasts_until_the_reset(void **state)
{
	struct chip *c = chip_new(2, 2);
	uint64_t page = AXON_PAGE_SLOT(SLOT);

	(void)state;
	chip_w64(c, page + AXON_REG_SLOT_SAVE, chip_va(chip_alloc(c, 16u << 20)) & ~4095ull);
	chip_w32(c, page + AXON_REG_SLOT_WALL_MS, 10);
	chip_slot(c, SLOT, 1);
	axon_core_inject(c->core, AXON_INJECT_HANG, 0);
	chip_push(c, SLOT, nop);
	chip_doorbell(c, SLOT);
	chip_sleep_ms(100);
	assert_int_equal(status(c, SLOT), AXON_SLOT_RUNNING);
	chip_w32(c, page + AXON_REG_SLOT_SUSPEND, 1);
	chip_sleep_ms(50);
	assert_int_equal(status(c, SLOT), AXON_SLOT_SWITCHING);
	assert_int_equal(chip_faults(c), 0);
	chip_reset_slot(c, SLOT);
	chip_slot(c, SLOT, 1);
	assert_true(chip_run(c, SLOT, nop));
	chip_free(c);
}

static void an_interrupt_and_a_record_are_lost(void **state)
{
	struct chip *c = chip_new(2, 2);
	uint64_t word = chip_alloc(c, 64);
	struct axon_packet signal = chip_signal(chip_va(word), 1);
	uint32_t irqs = c->irqs[AXON_VEC_SLOT(SLOT)];

	(void)state;
	signal.flags = AXON_PKT_F_IRQ;
	chip_slot(c, SLOT, 1);
	axon_core_inject(c->core, AXON_INJECT_LOST_INTERRUPT, 0);
	assert_true(chip_run(c, SLOT, signal));
	assert_int_equal(c->irqs[AXON_VEC_SLOT(SLOT)], irqs);
	assert_true(chip_run(c, SLOT, signal));
	chip_sleep_ms(10);
	assert_int_equal(c->irqs[AXON_VEC_SLOT(SLOT)], irqs + 1);

	axon_core_inject(c->core, AXON_INJECT_LOST_FAULT, 0);
	axon_core_inject(c->core, AXON_INJECT_PAGE_FAULT, 0);
	assert_false(chip_run(c, SLOT, nop));
	assert_int_equal(chip_faults(c), 0);
	assert_int_equal(chip_r32(c, AXON_PAGE_FAULT + AXON_REG_FAULT_LOST), 1);
	assert_int_equal(status(c, SLOT), AXON_SLOT_FAULTED);
	chip_free(c);
}

static void a_late_signal_comes(void **state)
{
	struct chip *c = chip_new(2, 2);
	uint64_t begin, word = chip_alloc(c, 64);

	(void)state;
	chip_slot(c, SLOT, 1);
	begin = chip_r64(c, AXON_REG_TIMESTAMP);
	axon_core_inject(c->core, AXON_INJECT_LATE_COMPLETION, 100);
	assert_true(chip_run(c, SLOT, chip_signal(chip_va(word), 1)));
	assert_true(chip_r64(c, AXON_REG_TIMESTAMP) - begin >= 100000000);
	chip_free(c);
}

static void a_hot_chip_waits(void **state)
{
	struct chip *c = chip_new(2, 2);

	(void)state;
	chip_slot(c, SLOT, 1);
	axon_core_inject(c->core, AXON_INJECT_TEMPERATURE, 200);
	assert_int_equal(chip_r32(c, RAS(THERMAL_STATUS)), AXON_THERMAL_HOT);
	assert_int_equal(chip_r32(c, RAS(THERMAL_COUNT)), 1);
	assert_int_equal(chip_r32(c, AXON_PAGE_SENSOR + AXON_REG_SENSOR_TEMP), 105000);
	assert_true(chip_run(c, SLOT, nop));
	assert_int_equal(chip_r32(c, RAS(THERMAL_STATUS)), 0);
	chip_free(c);
}

/* Each reset that fails leaves it to the next greater one. */
static void resets_fail_as_told(void **state)
{
	struct chip *c = chip_new(2, 2);

	(void)state;
	chip_slot(c, SLOT, 1);
	axon_core_inject(c->core, AXON_INJECT_FAILED_RESET,
			 AXON_INJECT_RESET_SLOT | AXON_INJECT_RESET_CTRL);
	chip_w32(c, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_RESET, 1);
	chip_sleep_ms(50);
	assert_int_equal(status(c, SLOT), AXON_SLOT_RESETTING);
	chip_w32(c, AXON_REG_CTRL, AXON_CTRL_RESET);
	assert_int_equal(chip_r32(c, AXON_REG_STATUS), AXON_STATUS_RESETTING);
	chip_w32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_MASK, 1);
	assert_int_equal(chip_r32(c, AXON_PAGE_IRQ + AXON_REG_IRQ_MASK), 0);
	axon_core_reset(c->core);
	assert_int_equal(chip_r32(c, AXON_REG_STATUS), AXON_STATUS_READY);
	chip_w32(c, AXON_REG_CTRL, AXON_CTRL_RESET);
	assert_int_equal(chip_r32(c, AXON_REG_STATUS), AXON_STATUS_READY);

	axon_core_inject(c->core, AXON_INJECT_FAILED_RESET, AXON_INJECT_RESET_FLR);
	axon_core_reset(c->core);
	assert_int_equal(chip_r32(c, AXON_REG_STATUS), AXON_STATUS_RESETTING);
	axon_core_inject(c->core, AXON_INJECT_FAILED_RESET, 0);
	axon_core_reset(c->core);
	assert_int_equal(chip_r32(c, AXON_REG_STATUS), AXON_STATUS_READY);
	chip_free(c);
}

static void a_link_that_is_down_gives_ones(void **state)
{
	struct chip *c = chip_new(2, 2);

	(void)state;
	axon_core_inject(c->core, AXON_INJECT_LINK_DOWN, 1);
	axon_core_inject(c->core, AXON_INJECT_LINK_DOWN, 1);
	assert_true(axon_core_is_cut_off(c->core));
	assert_int_equal(chip_r32(c, AXON_REG_ID), ~0u);
	assert_int_equal(chip_r64(c, AXON_REG_VRAM_SIZE), UINT64_MAX);
	axon_core_reset(c->core);
	assert_int_equal(chip_r32(c, AXON_REG_ID), ~0u);
	axon_core_inject(c->core, AXON_INJECT_LINK_DOWN, 0);
	assert_int_equal(chip_r32(c, AXON_REG_ID), AXON_ID_VALUE);
	chip_free(c);
}

/* The page is there only where it was asked for. */
static void the_page_is_off(void **state)
{
	struct chip *c = chip_new(2, 2);

	(void)state;
	assert_false(chip_r64(c, AXON_REG_FEATURES) & AXON_FEAT_INJECT);
	chip_w32(c, AXON_PAGE_INJECT + AXON_REG_INJECT_KIND, AXON_INJECT_ECC_CORRECTED);
	chip_w32(c, AXON_PAGE_INJECT + AXON_REG_INJECT_KIND, AXON_INJECT_HANG);
	assert_int_equal(chip_r32(c, AXON_PAGE_INJECT + AXON_REG_INJECT_ARMED), 0);
	assert_int_equal(chip_r32(c, RAS(ECC_CORRECTED)), 0);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_strike_once),
		cmocka_unit_test(memory_errors_are_counted),
		cmocka_unit_test(a_hang_lasts_until_the_reset),
		cmocka_unit_test(an_interrupt_and_a_record_are_lost),
		cmocka_unit_test(a_late_signal_comes),
		cmocka_unit_test(a_hot_chip_waits),
		cmocka_unit_test(resets_fail_as_told),
		cmocka_unit_test(a_link_that_is_down_gives_ones),
		cmocka_unit_test(the_page_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
