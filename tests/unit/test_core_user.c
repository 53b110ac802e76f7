// SPDX-License-Identifier: MIT
/* Doorbells, whoever listens, and rings in a program's own address space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chip.h"
#include "rv.h"

static void await_rptr(struct chip *c, unsigned int s, uint32_t rptr)
{
	for (unsigned int ms = 0; chip_r32(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_RPTR) != rptr;
	     ms++) {
		assert_true(ms < CHIP_TIMEOUT_MS);
		chip_sleep_ms(1);
	}
}

static void test_doorbells(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t values = AXON_PAGE_DB_VALUE, rung = AXON_PAGE_DB_STATUS;
	uint64_t page = AXON_PAGE_SLOT(5);

	(void)state;
	/* nobody listens: kept, and told once */
	chip_w32(c, AXON_PAGE_DOORBELL(1023), 7);
	chip_w32(c, AXON_PAGE_DOORBELL(1023), 8);
	chip_w32(c, AXON_PAGE_DOORBELL(0), 9);
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 2);
	assert_int_equal(chip_r32(c, values + AXON_REG_DB_VALUE(1023)), 8);
	assert_int_equal(chip_r32(c, values + AXON_REG_DB_VALUE(0)), 9);
	assert_int_equal(chip_r32(c, rung + AXON_REG_DB_RUNG(31)), 1u << 31);
	assert_int_equal(chip_r32(c, rung + AXON_REG_DB_RUNG(0)), 1);
	assert_int_equal(chip_r32(c, rung + AXON_REG_DB_SUMMARY), 1u << 31 | 1);
	chip_w32(c, rung + AXON_REG_DB_RUNG(31), 1u << 30);
	assert_int_equal(chip_r32(c, rung + AXON_REG_DB_RUNG(31)), 1u << 31);
	chip_w32(c, rung + AXON_REG_DB_RUNG(31), 1u << 31);
	assert_int_equal(chip_r32(c, rung + AXON_REG_DB_SUMMARY), 1);
	chip_w32(c, AXON_PAGE_DOORBELL(1023), 8);
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 3);
	/* written as a register it rings nothing */
	chip_w32(c, values + AXON_REG_DB_VALUE(4), 3);
	assert_int_equal(chip_r32(c, values + AXON_REG_DB_VALUE(4)), 3);
	assert_int_equal(chip_r32(c, rung + AXON_REG_DB_RUNG(0)), 1);
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 3);

	/* ENABLE takes the value over; a reset of the slot takes it away */
	chip_w32(c, values + AXON_REG_DB_VALUE(105), 2);
	chip_slot(c, 5, 1);
	assert_int_equal(chip_r32(c, page + AXON_REG_SLOT_WPTR), 2);
	await_rptr(c, 5, 2);
	chip_w32(c, AXON_PAGE_DOORBELL(105), 3);
	assert_int_equal(chip_r32(c, page + AXON_REG_SLOT_WPTR), 3);
	await_rptr(c, 5, 3);
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 3);
	/* switched off it listens no more */
	chip_wait_state(c, 5, AXON_SLOT_IDLE);
	chip_w32(c, page + AXON_REG_SLOT_CTRL, 0);
	chip_wait_state(c, 5, AXON_SLOT_DISABLED);
	chip_w32(c, AXON_PAGE_DOORBELL(105), 4);
	assert_int_equal(c->irqs[AXON_VEC_DOORBELL], 4);
	/* a reset leaves alone what another slot may have come to serve */
	chip_reset_slot(c, 5);
	assert_int_equal(chip_r32(c, values + AXON_REG_DB_VALUE(105)), 4);
	chip_w32(c, page + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	chip_reset_slot(c, 5);
	assert_int_equal(chip_r32(c, values + AXON_REG_DB_VALUE(105)), 0);
	/* a doorbell that does not exist */
	chip_w32(c, page + AXON_REG_SLOT_DOORBELL, 1024);
	chip_w32(c, page + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	assert_int_equal(chip_r32(c, page + AXON_REG_SLOT_WPTR), 0);
	chip_reset_slot(c, 5);
	chip_free(c);
}

/* Enable slot s with a ring of 64 packets in address space `as`, behind doorbell 40. */
static void user_slot(struct chip *c, unsigned int s, uint64_t ring, unsigned int as)
{
	uint64_t page = AXON_PAGE_SLOT(s);

	chip_w64(c, page + AXON_REG_SLOT_RING, ring);
	chip_w32(c, page + AXON_REG_SLOT_LOG2, 6);
	chip_w32(c, page + AXON_REG_SLOT_AS, as);
	chip_w32(c, page + AXON_REG_SLOT_DOORBELL, 40);
	chip_w32(c, page + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE | AXON_SLOT_CTRL_USER);
}

/* One packet in a user's ring that faults, in the user's address space. */
static void user_fault(struct chip *c, struct axon_packet packet, unsigned int cause)
{
	uint64_t ring = chip_alloc(c, 4096);
	uint32_t n = chip_faults(c);
	struct axon_fault fault;

	user_slot(c, 6, chip_va(ring), 1);
	memcpy(chip_ptr(c, ring), &packet, sizeof(packet));
	chip_w32(c, AXON_PAGE_DOORBELL(40), 1);
	fault = chip_fault(c, n);
	assert_int_equal(fault.cause, cause);
	assert_int_equal(fault.as, 1);
	chip_reset_slot(c, 6);
}

static void test_user_ring(void **state)
{
	struct chip *c = chip_new(1, 1);
	uint64_t private = 0x700000000, secret = 0x710000000;
	uint64_t ring = chip_alloc(c, 4096), hidden = chip_alloc(c, 4096);
	struct axon_packet *packets = chip_ptr(c, ring);
	uint64_t out = chip_alloc(c, 64);
	uint64_t keep = CHIP_CODE(c, RV_SD(A0, A0, 0), RV_RET);

	(void)state;
	/* the ring is where only address space 1 has memory, the secret where only 0 has */
	chip_map(c, 1, private, ring, 4096, AXON_PTE_V | AXON_PTE_W);
	chip_map(c, 0, secret, hidden, 4096, AXON_PTE_V | AXON_PTE_W);
	user_slot(c, 2, private, 1);
	packets[0] = chip_launch(keep, chip_va(out), 1, 1, 1);
	packets[1] = chip_signal(private + 4080, 3);
	packets[1].flags = AXON_PKT_F_IRQ;
	chip_w32(c, AXON_PAGE_DOORBELL(40), 2);
	for (unsigned int ms = 0; !atomic_load(&c->irqs[AXON_VEC_SLOT(2)]); ms++) {
		assert_true(ms < CHIP_TIMEOUT_MS);
		chip_sleep_ms(1);
	}
	assert_int_equal(((struct axon_signal *)(packets + 63))[3].value, 3);
	assert_int_equal(*(uint64_t *)chip_ptr(c, out), chip_va(out));
	chip_reset_slot(c, 2);

	user_fault(c, chip_copy(secret, CHIP_VRAM_VA, 8), AXON_FAULT_PAGE_WRITE);
	user_fault(c, chip_copy(CHIP_VRAM_VA, secret, 8), AXON_FAULT_PAGE_READ);
	user_fault(c, chip_signal(secret, 1), AXON_FAULT_PAGE_WRITE);
	user_fault(c, chip_wait(secret, 1), AXON_FAULT_PAGE_READ);
	user_fault(c, chip_launch(keep, secret, 1, 1, 1), AXON_FAULT_PAGE_WRITE);
	user_fault(c, chip_launch(secret, 0, 1, 1, 1), AXON_FAULT_PAGE_EXEC);
	user_fault(c, (struct axon_packet){.op = AXON_PKT_CALL, .call = {secret, 1, 0, {0}}},
		   AXON_FAULT_PAGE_READ);
	/* nor by having no address space of its own */
	user_slot(c, 2, private, 0);
	chip_wait_state(c, 2, AXON_SLOT_FAULTED);
	assert_int_equal(chip_fault(c, chip_faults(c) - 1).info >> 32, AXON_REG_SLOT_AS);
	assert_memory_equal(chip_ptr(c, hidden), chip_ptr(c, hidden + 8), 4088);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doorbells),
		cmocka_unit_test(test_user_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
