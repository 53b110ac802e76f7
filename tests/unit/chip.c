// SPDX-License-Identifier: MIT
#include "chip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAULT_LOG2 4

static void die(const char *what)
{
	fprintf(stderr, "test bench: %s\n", what);
	abort();
}

void chip_sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static uint8_t *resolve(void *opaque, uint64_t addr, uint64_t *len, bool write)
{
	struct chip *c = opaque;

	(void)write;
	atomic_fetch_add(&c->resolves, 1);
	if (addr < CHIP_SYS_BUS || addr - CHIP_SYS_BUS >= CHIP_SYS)
		return NULL;
	addr -= CHIP_SYS_BUS;
	if (*len > CHIP_SYS - addr)
		*len = CHIP_SYS - addr;
	return c->sys + addr;
}

static void written(void *opaque, uint64_t addr, uint64_t len)
{
	struct chip *c = opaque;

	if (addr < CHIP_SYS_BUS || addr - CHIP_SYS_BUS + len > CHIP_SYS)
		die("written() outside system memory");
	atomic_fetch_add(&c->written, len);
}

static void interrupt(void *opaque, unsigned int vector)
{
	struct chip *c = opaque;

	if (vector >= AXON_NUM_VECTORS)
		die("no such vector");
	atomic_fetch_add(&c->irqs[vector], 1);
}

uint64_t chip_alloc(struct chip *c, uint64_t bytes)
{
	uint64_t offset = (c->next + 63) & ~63ull;

	if (bytes >= 4096)
		offset = (c->next + 4095) & ~4095ull;
	if (offset + bytes > CHIP_VRAM)
		die("out of device memory");
	c->next = offset + bytes;
	memset(c->vram + offset, 0, bytes);
	return offset;
}

uint64_t chip_code(struct chip *c, const uint32_t *code, unsigned int words)
{
	uint64_t offset = chip_alloc(c, words * 4);

	memcpy(c->vram + offset, code, words * 4);
	return chip_va(offset);
}

/* The entry of va at `level`, making the tables above it. */
static uint64_t *entry(struct chip *c, unsigned int as, uint64_t va, unsigned int level)
{
	uint64_t *table = (uint64_t *)(c->vram + c->root[as]);

	for (unsigned int l = AXON_PT_LEVELS - 1; l > level; l--) {
		uint64_t *e = &table[va >> AXON_PT_SHIFT(l) & (AXON_PT_ENTRIES - 1)];

		if (!(*e & AXON_PTE_V))
			*e = chip_alloc(c, 4096) | AXON_PTE_V;
		table = (uint64_t *)(c->vram + (*e & AXON_PTE_ADDR));
	}
	return &table[va >> AXON_PT_SHIFT(level) & (AXON_PT_ENTRIES - 1)];
}

void chip_map(struct chip *c, unsigned int as, uint64_t va, uint64_t addr, uint64_t bytes,
	      uint64_t flags)
{
	unsigned int level = (va | addr | bytes) & ((1u << AXON_HUGE_SHIFT) - 1) ? 0 : 1;
	uint64_t size = 1ull << AXON_PT_SHIFT(level);

	for (uint64_t done = 0; done < bytes; done += size) {
		uint64_t *e = entry(c, as, va + done, level);
		uint64_t pte = (addr + done) | flags;

		__atomic_store_n(e, flags ? pte | AXON_PTE_LEAF : 0, __ATOMIC_RELEASE);
	}
}

static void make_space(struct chip *c, unsigned int as)
{
	uint64_t rw = AXON_PTE_V | AXON_PTE_W, ro = AXON_PTE_V;
	uint64_t page;

	c->root[as] = chip_alloc(c, 4096);
	page = chip_alloc(c, 4096);
	chip_map(c, as, CHIP_VRAM_VA, 0, CHIP_VRAM, rw | AXON_PTE_X);
	chip_map(c, as, CHIP_SYS_VA, CHIP_SYS_BUS, CHIP_SYS, rw | AXON_PTE_SYS);
	chip_map(c, as, CHIP_RO_VA, page, 4096, ro);
	chip_map(c, as, CHIP_NULL_VA, 0, 4096, rw | AXON_PTE_NULL);
	chip_map(c, as, CHIP_OUT_VA, CHIP_VRAM, 4096, rw | AXON_PTE_X);
	chip_map(c, as, CHIP_NOBUS_VA, 0x1000, 4096, rw | AXON_PTE_SYS);
	chip_map(c, as, CHIP_NX_VA, page, 4096, rw);
	chip_w64(c, AXON_PAGE_AS + AXON_REG_AS_ROOT(as), c->root[as] | AXON_PTE_V);
}

struct chip *chip_new(unsigned int cores, unsigned int threads)
{
	static const struct axon_core_host host = {
		.resolve = resolve,
		.written = written,
		.interrupt = interrupt,
	};
	struct chip *c = calloc(1, sizeof(*c));
	struct axon_core_config config = {
		.cores = cores,
		.threads = threads,
		.sram_size = 1 << 20,
		.vram_size = CHIP_VRAM,
		.uuid = "axon test bench",
	};
	const char *error;

	c->vram = aligned_alloc(1 << 21, CHIP_VRAM);
	c->sys = aligned_alloc(4096, CHIP_SYS);
	memset(c->vram, 0, CHIP_VRAM);
	memset(c->sys, 0, CHIP_SYS);
	config.vram = c->vram;
	c->core = axon_core_new(&config, &host, c, &error);
	if (!c->core)
		die(error);
	c->next = 4096;
	make_space(c, 0);
	make_space(c, 1);
	c->fault_ring = CHIP_SYS - 4096;
	chip_w64(c, AXON_PAGE_FAULT + AXON_REG_FAULT_BASE, CHIP_SYS_BUS + c->fault_ring);
	chip_w32(c, AXON_PAGE_FAULT + AXON_REG_FAULT_LOG2, FAULT_LOG2);
	chip_w32(c, AXON_REG_CTRL, AXON_CTRL_ENABLE);
	return c;
}

void chip_free(struct chip *c)
{
	axon_core_free(c->core);
	free(c->vram);
	free(c->sys);
	free(c);
}

uint32_t chip_r32(struct chip *c, uint64_t reg)
{
	return (uint32_t)axon_core_read(c->core, reg, 4);
}

void chip_w32(struct chip *c, uint64_t reg, uint32_t value)
{
	axon_core_write(c->core, reg, value, 4);
}

uint64_t chip_r64(struct chip *c, uint64_t reg)
{
	return axon_core_read(c->core, reg, 8);
}

void chip_w64(struct chip *c, uint64_t reg, uint64_t value)
{
	axon_core_write(c->core, reg, value, 8);
}

void chip_invalidate(struct chip *c, unsigned int as)
{
	chip_w64(c, AXON_PAGE_MMU + AXON_REG_INV_START, 0);
	chip_w64(c, AXON_PAGE_MMU + AXON_REG_INV_END, 0);
	chip_w32(c, AXON_PAGE_MMU + AXON_REG_INV_CMD, as);
	for (unsigned int ms = 0; chip_r32(c, AXON_PAGE_MMU + AXON_REG_INV_BUSY); ms++) {
		if (ms > CHIP_TIMEOUT_MS)
			die("INV_BUSY stays set");
		chip_sleep_ms(1);
	}
}

void chip_slot(struct chip *c, unsigned int s, unsigned int as)
{
	uint64_t page = AXON_PAGE_SLOT(s);

	if (!c->ring[s])
		c->ring[s] = chip_alloc(c, AXON_PACKET_SIZE << CHIP_RING_LOG2);
	c->wptr[s] = 0;
	chip_w64(c, page + AXON_REG_SLOT_RING, chip_va(c->ring[s]));
	chip_w32(c, page + AXON_REG_SLOT_LOG2, CHIP_RING_LOG2);
	chip_w32(c, page + AXON_REG_SLOT_AS, as);
	chip_w32(c, page + AXON_REG_SLOT_DOORBELL, 100 + s);
	chip_w32(c, page + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
}

void chip_push(struct chip *c, unsigned int s, struct axon_packet packet)
{
	uint32_t mask = (1u << CHIP_RING_LOG2) - 1;

	if (c->wptr[s] - chip_r32(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_RPTR) > mask)
		die("ring is full");
	memcpy(c->vram + c->ring[s] + (c->wptr[s] & mask) * AXON_PACKET_SIZE, &packet,
	       sizeof(packet));
	c->wptr[s]++;
}

void chip_doorbell(struct chip *c, unsigned int s)
{
	chip_w32(c, AXON_PAGE_DOORBELL(100 + s), c->wptr[s]);
}

static enum axon_slot_state state_of(struct chip *c, unsigned int s)
{
	return chip_r32(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_STATUS);
}

bool chip_finish(struct chip *c, unsigned int s)
{
	uint64_t offset = chip_alloc(c, sizeof(struct axon_signal));
	struct axon_signal *signal = chip_ptr(c, offset);

	chip_push(c, s, chip_signal(chip_va(offset), 1));
	chip_doorbell(c, s);
	for (unsigned int i = 0; i < CHIP_TIMEOUT_MS * 10; i++) {
		if (__atomic_load_n(&signal->value, __ATOMIC_ACQUIRE))
			return true;
		if (state_of(c, s) == AXON_SLOT_FAULTED)
			return false;
		usleep(100);
	}
	die("a slot does not finish");
	return false;
}

bool chip_run(struct chip *c, unsigned int s, struct axon_packet packet)
{
	chip_push(c, s, packet);
	return chip_finish(c, s);
}

void chip_wait_state(struct chip *c, unsigned int s, enum axon_slot_state state)
{
	for (unsigned int i = 0; i < CHIP_TIMEOUT_MS * 10; i++) {
		if (state_of(c, s) == state)
			return;
		usleep(100);
	}
	die("a slot does not reach the state waited for");
}

void chip_reset_slot(struct chip *c, unsigned int s)
{
	chip_w32(c, AXON_PAGE_SLOT(s) + AXON_REG_SLOT_RESET, 1);
	chip_wait_state(c, s, AXON_SLOT_DISABLED);
}

uint32_t chip_faults(struct chip *c)
{
	return chip_r32(c, AXON_PAGE_FAULT + AXON_REG_FAULT_HEAD);
}

struct axon_fault chip_fault(struct chip *c, unsigned int n)
{
	struct axon_fault fault;

	for (unsigned int i = 0; i < CHIP_TIMEOUT_MS && chip_faults(c) <= n; i++)
		chip_sleep_ms(1);
	if (chip_faults(c) <= n)
		die("the fault waited for did not come");
	memcpy(&fault, c->sys + c->fault_ring + (n & ((1u << FAULT_LOG2) - 1)) * sizeof(fault),
	       sizeof(fault));
	chip_w32(c, AXON_PAGE_FAULT + AXON_REG_FAULT_TAIL, n + 1);
	return fault;
}

struct axon_packet chip_buffer(struct chip *c, const struct axon_packet *packets, unsigned int n)
{
	uint64_t offset = chip_alloc(c, n * sizeof(*packets));

	memcpy(c->vram + offset, packets, n * sizeof(*packets));
	return (struct axon_packet){.op = AXON_PKT_CALL, .call = {chip_va(offset), n, 0, {0}}};
}

struct axon_packet chip_launch(uint64_t entry, uint64_t args, uint32_t x, uint32_t y, uint32_t z)
{
	return (struct axon_packet){
		.op = AXON_PKT_LAUNCH,
		.launch = {.entry = entry, .args = args, .grid = {x, y, z}},
	};
}

struct axon_packet chip_signal(uint64_t va, uint64_t value)
{
	return (struct axon_packet){.op = AXON_PKT_SIGNAL, .signal = {.addr = va, .value = value}};
}

struct axon_packet chip_wait(uint64_t va, uint64_t value)
{
	return (struct axon_packet){.op = AXON_PKT_WAIT, .wait = {.addr = va, .value = value}};
}

struct axon_packet chip_copy(uint64_t dst, uint64_t src, uint64_t bytes)
{
	return (struct axon_packet){.op = AXON_PKT_COPY,
				    .copy = {.dst = dst, .src = src, .bytes = bytes}};
}
