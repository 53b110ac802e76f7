// SPDX-License-Identifier: MIT
/*
 * A guest that writes anything anywhere: registers, page tables, packets, code and descriptors.
 * Nothing but a crash, a sanitizer's report or a chip that no longer stops fails this test. The
 * seed is printed; AXON_FUZZ_SEED and AXON_FUZZ_MS repeat and prolong a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "chip.h"
#include "random.h"
#include "rv.h"
#include "save.h"

#define STUCK_S 60

static uint64_t seed;

static uint64_t random64(void)
{
	return random_next(&seed);
}

static uint64_t below(uint64_t n)
{
	return random64() % n;
}

/* A number as guests have them: small, huge, near a power of two, an address, or anything. */
static uint64_t any_number(void)
{
	static const uint64_t bases[] = {CHIP_VRAM_VA,	 CHIP_SYS_VA,  CHIP_RO_VA,
					 CHIP_NULL_VA,	 CHIP_OUT_VA,  CHIP_NOBUS_VA,
					 AXON_SRAM_BASE, CHIP_SYS_BUS, 1ull << 48};

	switch (below(6)) {
	case 0: return below(70);
	case 1: return (1ull << below(64)) + below(3) - 1;
	case 2: return random64();
	case 3: return below(CHIP_VRAM) & ~63ull;
	default:
		return bases[below(sizeof(bases) / sizeof(bases[0]))] +
		       (below(2) ? below(1 << 21) & ~63ull : below(4096));
	}
}

static uint64_t any_mapped(void)
{
	return (below(4) ? CHIP_VRAM_VA + (8 << 20) : CHIP_SYS_VA) + (below(4 << 20) & ~63ull);
}

/* One of a few places for descriptors, so that kernels find some. */
static uint64_t descriptor_offset(void)
{
	return (8 << 20) + 1024 * below(16);
}

/* Change one field of a packet, or none. */
static struct axon_packet spoil(struct axon_packet packet)
{
	switch (below(8)) {
	case 0: packet.raw[below(7)] = any_number(); break;
	case 1: ((uint32_t *)&packet)[below(16)] = (uint32_t)any_number(); break;
	case 2: ((uint8_t *)&packet)[below(64)] ^= 1 << below(8); break;
	default: break;
	}
	return packet;
}

static struct axon_packet any_packet(uint64_t code)
{
	struct axon_packet packet = {.op = below(AXON_PKT_COUNT)};
	uint64_t bytes = below(4) ? below(1 << 16) & ~3ull : below(8 << 20) & ~3ull;

	switch (packet.op) {
	case AXON_PKT_LAUNCH:
		packet = chip_launch(code + 4 * below(1024), any_mapped(), 1 + below(9),
				     1 + below(3), 1);
		if (below(2))
			packet.launch.args = chip_va(descriptor_offset());
		packet.launch.log = below(2) ? any_mapped() : 0;
		packet.launch.stats = below(2) ? any_mapped() : 0;
		packet.flags = below(2);
		break;
	case AXON_PKT_COPY:
		packet.copy = (struct axon_pkt_copy){any_mapped(), any_mapped(), bytes, {0}};
		break;
	case AXON_PKT_FILL:
		packet.fill = (struct axon_pkt_fill){.dst = any_mapped(), .bytes = bytes};
		break;
	case AXON_PKT_CALL:
		packet.call = (struct axon_pkt_call){.addr = any_mapped(), .count = below(5)};
		break;
	case AXON_PKT_BRANCH:
		packet.branch = (struct axon_pkt_branch){.addr = any_mapped(),
							 .mask = ~0ull,
							 .cond = below(5),
							 .target = (int)below(5) - 2};
		break;
	case AXON_PKT_NOP: break;
	default: /* WAIT, SIGNAL, TIMESTAMP */
		packet.raw[0] = any_mapped();
		packet.raw[1] = packet.op == AXON_PKT_TIMESTAMP ? 0 : below(3);
		break;
	}
	return spoil(packet);
}

/* Instructions: many that exist, with the operands that lead somewhere. */
static uint32_t any_insn(void)
{
	unsigned int rd = below(16), rs1 = below(16), rs2 = below(16);

	switch (below(12)) {
	case 0: return RV_CUSTOM(AXON_INSN_ISSUE, below(3), rd, A0, ZERO);
	case 1: return RV_CUSTOM(below(5), below(4), rd, rs1, rs2);
	case 2: return RV_LD(rd, A0, below(2048));
	case 3: return RV_SD(rs2, below(2) ? A0 : SP, (int)below(4096) - 2048);
	case 4: return RV_BNE(rs1, rs2, ((int)below(64) - 32) * 4);
	case 5: return RV_CSRR(rd, AXON_CSR_CORE + below(8));
	case 6: return RV_LUI(rd, random64());
	case 7: return RV_RET;
	case 8: return (uint32_t)random64();
	default: return RV_ADDI(rd, rs1, below(4096));
	}
}

/* Something like a descriptor for one of the engines. */
static void put_descriptor(struct chip *c, uint64_t offset)
{
	uint32_t *word = chip_ptr(c, offset);
	static const uint16_t sizes[] = {sizeof(struct axon_dma_copy), sizeof(struct axon_dma_rows),
					 sizeof(struct axon_dma_pack),
					 sizeof(struct axon_matrix_desc),
					 sizeof(struct axon_vector_desc) + 16};
	struct axon_desc header = {.op = below(8),
				   .flags = below(8),
				   .size = sizes[below(sizeof(sizes) / sizeof(sizes[0]))]};

	for (unsigned int i = 0; i < 200; i += 2) {
		uint64_t value = below(3) ? below(40) : any_number();

		memcpy(word + i, &value, sizeof(value));
	}
	memcpy(word, &header, sizeof(header));
}

/* One attack on memory: code, descriptors, packets, page tables. */
static void scribble(struct chip *c, uint64_t code)
{
	switch (below(4)) {
	case 0:
		for (unsigned int i = 0; i < 64; i++)
			((uint32_t *)chip_ptr(c, code - CHIP_VRAM_VA))[below(1024)] = any_insn();
		break;
	case 1: put_descriptor(c, descriptor_offset()); break;
	case 2: {
		struct axon_packet packet = any_packet(code);

		memcpy(chip_ptr(c, any_mapped() % (4 << 20) + (8 << 20)), &packet, sizeof(packet));
		break;
	}
	default: {
		uint64_t *table = chip_ptr(c, 0x1000 + (below(16) << 12));

		if (below(4) == 0)
			table[below(4) ? below(8) : below(512)] =
				(any_number() & AXON_PTE_ADDR) | below(512);
		break;
	}
	}
}

static void poke_registers(struct chip *c)
{
	uint64_t pages[] = {AXON_PAGE_GLOBAL,
			    AXON_PAGE_IRQ,
			    AXON_PAGE_FAULT,
			    AXON_PAGE_MMU,
			    AXON_PAGE_AS,
			    AXON_PAGE_PERF,
			    AXON_PAGE_DB_VALUE,
			    AXON_PAGE_DB_STATUS,
			    AXON_PAGE_SLOT(below(16)),
			    AXON_PAGE_DOORBELL(100 + below(16))};
	uint64_t page = pages[below(10)];
	unsigned int size = below(2) ? 4 : 8;
	uint64_t reg = page + (below(0x60) & ~(uint64_t)(size - 1));

	axon_core_read(c->core, reg, size);
	/* resets and switching off come of themselves, but not all the time */
	if (reg == AXON_REG_CTRL && below(20))
		return;
	axon_core_write(c->core, reg, any_number(), size);
}

/* Where slot s keeps its state. */
static uint64_t save_offset(unsigned int s)
{
	return (32 << 20) + ((uint64_t)s << 22);
}

/* Change what a suspend left: a field of the command processor's or of a workgroup's. */
static void spoil_save(struct chip *c)
{
	unsigned int s = below(4);
	uint8_t *area = chip_ptr(c, save_offset(s));
	uint64_t value = any_number();

	switch (below(8)) {
	case 0: area[below(sizeof(struct save_area))] ^= 1 << below(8); break;
	case 1: memcpy(area + (below(512) & ~7ull), &value, sizeof(value)); break;
	case 2:
		memcpy(area + offsetof(struct save_area, job) + (below(256) & ~7ull), &value,
		       sizeof(value));
		break;
	case 3:
		memcpy(area + offsetof(struct save_area, entry) + (below(64) & ~7ull), &value,
		       sizeof(value));
		break;
	case 4: memcpy(area, chip_ptr(c, save_offset(below(4))), sizeof(struct save_area)); break;
	case 5:
		/* taken already: again */
		((struct save_area *)area)->head.version = AXON_SAVE_VERSION;
		break;
	default: memcpy(area + SAVE_RECORDS + (below(1024) & ~7ull), &value, sizeof(value)); break;
	}
}

static void switch_slot(struct chip *c)
{
	uint64_t page = AXON_PAGE_SLOT(below(4));

	switch (below(4)) {
	case 0: chip_w32(c, page + AXON_REG_SLOT_CTRL, below(4)); break;
	case 1: chip_w32(c, page + AXON_REG_SLOT_SUSPEND, 1); break;
	case 2: chip_w32(c, page + AXON_REG_SLOT_RESUME, 1); break;
	default: spoil_save(c); break;
	}
}

/* The chip as a driver would set it up, so that the attacks reach far. */
static void set_up(struct chip *c)
{
	chip_w64(c, AXON_PAGE_AS + AXON_REG_AS_ROOT(0), c->root[0] | AXON_PTE_V);
	chip_w64(c, AXON_PAGE_AS + AXON_REG_AS_ROOT(1), c->root[1] | AXON_PTE_V);
	chip_w32(c, AXON_REG_CTRL, AXON_CTRL_ENABLE);
	for (unsigned int s = 0; s < 4; s++) {
		chip_reset_slot(c, s);
		chip_w64(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_LIMIT, 1000000);
		chip_w64(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_HANG, 500000);
		chip_w32(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_WALL_MS, 20);
		chip_w64(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_SAVE, chip_va(save_offset(s)));
		chip_slot(c, s, 1);
	}
}

static void submit(struct chip *c, uint64_t code)
{
	unsigned int s = below(4);
	uint32_t mask = (1 << CHIP_RING_LOG2) - 1;

	for (unsigned int n = 1 + below(3); n; n--) {
		struct axon_packet packet = any_packet(code);

		memcpy(chip_ptr(c, c->ring[s] + (c->wptr[s]++ & mask) * AXON_PACKET_SIZE), &packet,
		       sizeof(packet));
	}
	chip_doorbell(c, s);
}

static void one_chip(void)
{
	struct chip *c = chip_new(1 + below(4), 1 + below(3));
	uint64_t code = chip_va(chip_alloc(c, 8192));

	for (unsigned int i = 0; i < 1024; i++)
		((uint32_t *)chip_ptr(c, code - CHIP_VRAM_VA))[i] = any_insn();
	set_up(c);
	for (unsigned int i = 0; i < 2000; i++) {
		switch (below(10)) {
		case 8: switch_slot(c); break;
		case 0: poke_registers(c); break;
		case 1: submit(c, code); break;
		case 2:
			if (below(40) == 0)
				set_up(c);
			break;
		case 3:
			if (below(40) == 0)
				axon_core_invalidate_bus(c->core, 0, UINT64_MAX);
			if (below(40) == 0)
				usleep(2000);
			break;
		default: scribble(c, code); break;
		}
	}
	/* still stops, and starts */
	axon_core_quiesce(c->core);
	axon_core_reset(c->core);
	axon_core_resume(c->core);
	chip_free(c);
}

/*
 * A queue in the middle of overlapping launches, whose saved state is changed before each resume. The
 * state may ask for anything, but of this queue's memory; the chip lives on.
 */
static void one_state(void)
{
	struct chip *c = chip_new(2, 2);
	uint64_t code = CHIP_CODE(c, RV_ADDI(T0, T0, 1), RV_SD(T0, SP, -8), RV_BNE(T0, ZERO, -8));
	struct axon_packet launch[3] = {chip_launch(code, 0, 2, 1, 1),
					chip_launch(code, 0, 5, 2, 1),
					chip_copy(CHIP_SYS_VA, CHIP_VRAM_VA, 8 << 20)};
	uint8_t *area = chip_ptr(c, save_offset(0)), *good;
	uint64_t bytes;

	set_up(c);
	chip_w64(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_LIMIT, 0);
	chip_w64(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_HANG, 0);
	chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_WALL_MS, 0);
	launch[0].flags = launch[1].flags = AXON_PKT_F_OVERLAP;
	chip_push(c, 0, chip_buffer(c, launch, 3));
	chip_doorbell(c, 0);
	usleep(below(3000));
	chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SUSPEND, 1);
	chip_wait_state(c, 0, AXON_SLOT_SUSPENDED);
	bytes = ((struct save_area *)area)->head.bytes;
	good = malloc(bytes);
	memcpy(good, area, bytes);
	for (unsigned int i = 0; i < 200; i++) {
		memcpy(area, good, bytes);
		for (unsigned int n = below(3); n; n--)
			spoil_save(c);
		chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_RESUME, 1);
		usleep(below(1000));
		if (below(2))
			chip_w32(c, AXON_PAGE_SLOT(0) + AXON_REG_SLOT_SUSPEND, 1);
		chip_reset_slot(c, 0);
	}
	free(good);
	chip_free(c);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Attack one chip after the other for this long. */
static void attack(void (*one)(void), uint64_t default_ms)
{
	const char *given = getenv("AXON_FUZZ_SEED"), *ms = getenv("AXON_FUZZ_MS");
	uint64_t end = now_ms() + (ms ? strtoull(ms, NULL, 0) : default_ms);
	uint64_t first = given ? strtoull(given, NULL, 0) : now_ms() ^ (uint64_t)getpid() << 32;

	do {
		seed = first;
		printf("AXON_FUZZ_SEED=%llu\n", (unsigned long long)seed);
		fflush(stdout);
		alarm(STUCK_S);
		one();
		first++;
	} while (!given && now_ms() < end);
}

static void test_fuzz(void **state)
{
	(void)state;
	attack(one_chip, 5000);
}

static void test_fuzz_saved_state(void **state)
{
	(void)state;
	attack(one_state, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fuzz),
					   cmocka_unit_test(test_fuzz_saved_state)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
