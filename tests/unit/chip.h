/* SPDX-License-Identifier: MIT */
/*
 * A chip on the test bench: memory, page tables and rings built by hand, registers written as a
 * driver would.
 */
#ifndef CHIP_H
#define CHIP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "axon_core.h"
#include "axon_hw.h"
#include "axon_isa.h"

#define CHIP_VRAM	(64ull << 20)
#define CHIP_SYS	(8ull << 20)
#define CHIP_SYS_BUS	0x40000000ull /* where system memory lies on the bus */
#define CHIP_RING_LOG2	8
#define CHIP_TIMEOUT_MS 20000

/* In every address space of a chip: all of device memory, then all of system memory. */
#define CHIP_VRAM_VA 0x100000000ull
#define CHIP_SYS_VA  0x200000000ull
/* A page each that is read-only, null, outside device memory, on no RAM; then nothing. */
#define CHIP_RO_VA    0x300000000ull
#define CHIP_NULL_VA  0x300001000ull
#define CHIP_OUT_VA   0x300002000ull
#define CHIP_NOBUS_VA 0x300003000ull
#define CHIP_NX_VA    0x300004000ull
#define CHIP_NONE_VA  0x300005000ull

struct chip {
	struct axon_core *core;
	uint8_t *vram;
	uint8_t *sys;
	uint64_t next; /* free device memory */
	uint64_t root[AXON_NUM_AS];
	uint64_t ring[AXON_NUM_SLOTS]; /* offsets in device memory */
	uint32_t wptr[AXON_NUM_SLOTS];
	_Atomic uint32_t irqs[AXON_NUM_VECTORS];
	_Atomic uint64_t written; /* bytes of system memory reported */
	_Atomic uint32_t resolves;
	uint64_t fault_ring; /* offset in system memory */
};

struct chip *chip_new(unsigned int cores, unsigned int threads);
void chip_free(struct chip *c);

/* Zeroed device memory, 64-byte aligned; its offset. */
uint64_t chip_alloc(struct chip *c, uint64_t bytes);
static inline uint64_t chip_va(uint64_t offset)
{
	return CHIP_VRAM_VA + offset;
}
static inline void *chip_ptr(struct chip *c, uint64_t offset)
{
	return c->vram + offset;
}
/* A program in device memory: its VA. */
uint64_t chip_code(struct chip *c, const uint32_t *code, unsigned int words);
#define CHIP_CODE(c, ...)                             \
	chip_code(c, (const uint32_t[]){__VA_ARGS__}, \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Page tables. flags: AXON_PTE_*, addr: offset or bus address. */
void chip_map(struct chip *c, unsigned int as, uint64_t va, uint64_t addr, uint64_t bytes,
	      uint64_t flags);
void chip_invalidate(struct chip *c, unsigned int as);

uint32_t chip_r32(struct chip *c, uint64_t reg);
void chip_w32(struct chip *c, uint64_t reg, uint32_t value);
uint64_t chip_r64(struct chip *c, uint64_t reg);
void chip_w64(struct chip *c, uint64_t reg, uint64_t value);

/* Enable slot s, CALLs in address space `as`. */
void chip_slot(struct chip *c, unsigned int s, unsigned int as);
void chip_push(struct chip *c, unsigned int s, struct axon_packet packet);
void chip_doorbell(struct chip *c, unsigned int s);
/* Push and ring; then a SIGNAL of its own, and wait until it came. False: the slot stopped. */
bool chip_run(struct chip *c, unsigned int s, struct axon_packet packet);
bool chip_finish(struct chip *c, unsigned int s);
void chip_wait_state(struct chip *c, unsigned int s, enum axon_slot_state state);
void chip_reset_slot(struct chip *c, unsigned int s);
/* Fault record n since power-on. */
struct axon_fault chip_fault(struct chip *c, unsigned int n);
uint32_t chip_faults(struct chip *c);

/* A command buffer of n packets in device memory: the CALL of it. */
struct axon_packet chip_buffer(struct chip *c, const struct axon_packet *packets, unsigned int n);

struct axon_packet chip_launch(uint64_t entry, uint64_t args, uint32_t x, uint32_t y, uint32_t z);
struct axon_packet chip_signal(uint64_t va, uint64_t value);
struct axon_packet chip_wait(uint64_t va, uint64_t value);
struct axon_packet chip_copy(uint64_t dst, uint64_t src, uint64_t bytes);

void chip_sleep_ms(unsigned int ms);

#endif
