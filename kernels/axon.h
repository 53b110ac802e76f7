/* SPDX-License-Identifier: MIT */
/*
 * What a kernel is written with: C for one workgroup on one core of the axon chip. docs/kernels.md
 * is the introduction, docs/hardware.md the specification.
 *
 *	AXON_KERNEL void name(const struct args *args, uint32_t x, uint32_t y, uint32_t z)
 *
 * runs once for each workgroup of the grid. A pointer into memory is a pointer; SRAM is had from
 * axon_sram. Engines are handed descriptors and run on their own; a token says when.
 */
#ifndef AXON_H
#define AXON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <axon_isa.h>

/* An entry point, visible to the host by its name. */
#define AXON_KERNEL __attribute__((visibility("default"), used))

typedef uint64_t axon_token; /* 0: nothing to wait for */

enum { AXON_UNIT_DMA, AXON_UNIT_MATRIX, AXON_UNIT_VECTOR };

/* ---- instructions ---- */

/* Hands the engine a descriptor, 8-byte aligned, which may be changed as soon as this returns. */
#define AXON_ISSUE_(unit, desc)                                    \
	({                                                         \
		axon_token token_;                                 \
		__asm__ volatile(".insn r 0x0b, 0, %2, %0, %1, x0" \
				 : "=r"(token_)                    \
				 : "r"(desc), "i"(unit)            \
				 : "memory");                      \
		token_;                                            \
	})

static inline axon_token axon_issue_dma(const struct axon_desc *desc)
{
	return AXON_ISSUE_(AXON_UNIT_DMA, desc);
}

static inline axon_token axon_issue_matrix(const struct axon_matrix_desc *desc)
{
	return AXON_ISSUE_(AXON_UNIT_MATRIX, desc);
}

static inline axon_token axon_issue_vector(const struct axon_vector_desc *desc)
{
	return AXON_ISSUE_(AXON_UNIT_VECTOR, desc);
}

/* Until what the token stands for is done. */
static inline void axon_wait(axon_token token)
{
	__asm__ volatile(".insn r 0x0b, 1, 0, x0, %0, x0" : : "r"(token) : "memory");
}

/* Until everything that this workgroup issued is done. */
static inline void axon_fence(void)
{
	__asm__ volatile(".insn r 0x0b, 2, 0, x0, x0, x0" : : : "memory");
}

/* Appends one message to the launch's log. */
static inline void axon_log(const void *text, size_t bytes)
{
	__asm__ volatile(".insn r 0x0b, 3, 0, x0, %0, %1" : : "r"(text), "r"(bytes) : "memory");
}

#define AXON_CSR_READ_(csr)                                                \
	({                                                                 \
		uint64_t value_;                                           \
		__asm__ volatile("csrr %0, %1" : "=r"(value_) : "i"(csr)); \
		value_;                                                    \
	})

static inline uint32_t axon_core(void)
{
	return AXON_CSR_READ_(AXON_CSR_CORE);
}

static inline uint32_t axon_num_cores(void)
{
	return AXON_CSR_READ_(AXON_CSR_NUM_CORES);
}

static inline uint32_t axon_sram_size(void)
{
	return AXON_CSR_READ_(AXON_CSR_SRAM_SIZE);
}

static inline uint32_t axon_grid_x(void)
{
	return AXON_CSR_READ_(AXON_CSR_GRID_X);
}

static inline uint32_t axon_grid_y(void)
{
	return AXON_CSR_READ_(AXON_CSR_GRID_Y);
}

static inline uint32_t axon_grid_z(void)
{
	return AXON_CSR_READ_(AXON_CSR_GRID_Z);
}

/* Modelled cycles of this workgroup so far. */
static inline uint64_t axon_cycles(void)
{
	return AXON_CSR_READ_(0xc00);
}

/* ---- failing and printing ---- */

/* Stops the queue with an EBREAK fault, which names this place. */
static inline __attribute__((noreturn, always_inline)) void axon_abort(void)
{
	__asm__ volatile("ebreak");
	__builtin_unreachable();
}

/* One message of at most 255 bytes: %d %i %u %x %c %s %p %f %%, with flags - and 0, width,
 * precision, and l, ll, z.
 */
void axon_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define axon_assert(condition)                                                                    \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			axon_printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			axon_abort();                                                             \
		}                                                                                 \
	} while (0)

/* ---- memory ---- */
void *memcpy(void *dst, const void *src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);

/* SRAM below the stack, handed out from its start; nothing is ever given back. */
struct axon_sram {
	uint32_t next, end;
};

static inline struct axon_sram axon_sram(void)
{
	return (struct axon_sram){
		.next = AXON_SRAM_BASE,
		.end = AXON_SRAM_BASE + axon_sram_size() - AXON_STACK_SIZE,
	};
}

static inline uint32_t axon_sram_left(const struct axon_sram *sram)
{
	return sram->end - sram->next;
}

/* 64-byte aligned. A kernel that asks for more than there is stops with EBREAK. */
static inline void *axon_alloc(struct axon_sram *sram, uint32_t bytes)
{
	uint32_t at = sram->next;

	if (bytes > axon_sram_left(sram))
		axon_abort();
	bytes = (bytes + 63) & ~63u;
	sram->next = bytes > axon_sram_left(sram) ? sram->end : at + bytes;
	return (void *)(uintptr_t)at;
}

static inline uint64_t axon_addr(const void *ptr)
{
	return (uintptr_t)ptr;
}

#endif
