/* SPDX-License-Identifier: MIT */
/*
 * What a kernel needs: the chip's custom instructions as inline functions, SRAM, and the few
 * helpers of kernels/lib. docs/kernels.md tells how to write one; docs/hardware.md what the engines do.
 */
#ifndef AXON_KERNEL_H
#define AXON_KERNEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "axon_isa.h"

/* A function that a LAUNCH can name: void f(const struct f_args *args, uint32_t x, uint32_t y, uint32_t z) */
#define AXON_KERNEL __attribute__((visibility("default"), used))

typedef uint64_t axon_token;

/* Hands a descriptor, 8-byte aligned, to an engine. It is copied: the memory may be reused at once. */
#define AXON_ISSUE(engine, desc)                                                     \
	({                                                                           \
		axon_token token_;                                                   \
		asm volatile(".insn r 0x0b, 0, %1, %0, %2, x0"                       \
			     : "=r"(token_)                                          \
			     : "i"(engine), "r"(desc)                                \
			     : "memory");                                            \
		token_;                                                              \
	})

static inline axon_token axon_dma(const void *desc)
{
	return AXON_ISSUE(0, desc);
}

static inline axon_token axon_matrix(const void *desc)
{
	return AXON_ISSUE(1, desc);
}

static inline axon_token axon_vector(const void *desc)
{
	return AXON_ISSUE(2, desc);
}

static inline void axon_wait(axon_token token)
{
	asm volatile(".insn r 0x0b, 1, 0, x0, %0, x0" : : "r"(token) : "memory");
}

/* Waits for everything that this workgroup issued. */
static inline void axon_fence(void)
{
	asm volatile(".insn r 0x0b, 2, 0, x0, x0, x0" : : : "memory");
}

static inline void axon_log(const void *text, size_t bytes)
{
	asm volatile(".insn r 0x0b, 3, 0, x0, %0, %1" : : "r"(text), "r"(bytes) : "memory");
}

#define AXON_CSR_READ(csr)                                              \
	({                                                              \
		uint64_t value_;                                        \
		asm volatile("csrr %0, %1" : "=r"(value_) : "i"(csr)); \
		value_;                                                 \
	})

static inline uint32_t axon_sram_size(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_SRAM_SIZE);
}

/* SRAM below the stack, handed out from the bottom up; nothing is given back within a workgroup. */
struct axon_sram {
	uint32_t next, end;
};

static inline struct axon_sram axon_sram_all(void)
{
	return (struct axon_sram){ AXON_SRAM_BASE, AXON_SRAM_BASE + axon_sram_size() - AXON_STACK_SIZE };
}

/* The address of `bytes` bytes, 64-byte aligned. The kernel ends with EBREAK when they are not there. */
static inline uint32_t axon_sram_take(struct axon_sram *sram, uint64_t bytes)
{
	uint32_t at = sram->next;

	if (bytes > sram->end - at)
		__builtin_trap();
	sram->next = (uint32_t)(at + ((bytes + 63) & ~63ull));
	return at;
}

static inline uint32_t axon_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t axon_div_up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

#endif
