/* SPDX-License-Identifier: MIT */
/*
 * What a kernel needs: the chip's custom instructions as inline functions, SRAM, printing and
 * failing. docs/kernels.md tells how to write one; docs/hardware.md what the engines do.
 */
#ifndef AXON_KERNEL_H
#define AXON_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <axon_isa.h>

/*
 * A function that a LAUNCH can name, run once for each workgroup:
 *	AXON_KERNEL void f(const struct f_args *args, uint32_t x, uint32_t y, uint32_t z)
 */
#define AXON_KERNEL __attribute__((visibility("default"), used))

/* ---- engines ---- */

typedef uint64_t axon_token; /* 0: nothing to wait for */

/* Hands a descriptor, 8-byte aligned, to an engine. It is copied: the memory may be reused at once. */
#define AXON_ISSUE(engine, desc)                                   \
	({                                                         \
		axon_token token_;                                 \
		__asm__ volatile(".insn r 0x0b, 0, %1, %0, %2, x0" \
				 : "=r"(token_)                    \
				 : "i"(engine), "r"(desc)          \
				 : "memory");                      \
		token_;                                            \
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
	__asm__ volatile(".insn r 0x0b, 1, 0, x0, %0, x0" : : "r"(token) : "memory");
}

/* Waits for everything that this workgroup issued. Its end does that too. */
static inline void axon_fence(void)
{
	__asm__ volatile(".insn r 0x0b, 2, 0, x0, x0, x0" : : : "memory");
}

/* ---- where this runs ---- */

#define AXON_CSR_READ(csr)                                                 \
	({                                                                 \
		uint64_t value_;                                           \
		__asm__ volatile("csrr %0, %1" : "=r"(value_) : "i"(csr)); \
		value_;                                                    \
	})

static inline uint32_t axon_core(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_CORE);
}

static inline uint32_t axon_num_cores(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_NUM_CORES);
}

static inline uint32_t axon_sram_size(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_SRAM_SIZE);
}

static inline uint32_t axon_grid_x(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_GRID_X);
}

static inline uint32_t axon_grid_y(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_GRID_Y);
}

static inline uint32_t axon_grid_z(void)
{
	return (uint32_t)AXON_CSR_READ(AXON_CSR_GRID_Z);
}

/* Modelled cycles of this workgroup so far (the CSR `cycle`). */
static inline uint64_t axon_cycles(void)
{
	return AXON_CSR_READ(0xc00);
}

/* ---- printing and failing ---- */

/* Appends one message to the launch's log; lost when there is none or it is full. */
static inline void axon_log(const void *text, size_t bytes)
{
	__asm__ volatile(".insn r 0x0b, 3, 0, x0, %0, %1" : : "r"(text), "r"(bytes) : "memory");
}

/*
 * One message of at most 256 bytes; what is longer is cut. Knows %d %i %u %x %c %s %p %f %% with
 * the flags - and 0, width, precision, and l, ll, z.
 */
void axon_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Stops the queue with an EBREAK fault that names this place. */
static inline __attribute__((noreturn, always_inline)) void axon_abort(void)
{
	__asm__ volatile("ebreak");
	__builtin_unreachable();
}

#define axon_assert(condition)                                                               \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			axon_printf("%s:%d: expected %s\n", __FILE__, __LINE__, #condition); \
			axon_abort();                                                        \
		}                                                                            \
	} while (0)

/* ---- memory ---- */

/* For small things; bulk goes through the DMA engine. */
void *memcpy(void *dst, const void *src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);

/* SRAM below the stack, handed out from the bottom up; nothing is given back within a workgroup. */
struct axon_sram {
	uint32_t next, end;
};

static inline struct axon_sram axon_sram_all(void)
{
	return (struct axon_sram){AXON_SRAM_BASE,
				  AXON_SRAM_BASE + axon_sram_size() - AXON_STACK_SIZE};
}

/* The address of `bytes` bytes, 64-byte aligned. The kernel ends with EBREAK when they are not there. */
static inline uint32_t axon_sram_take(struct axon_sram *sram, uint64_t bytes)
{
	uint32_t at = sram->next;

	if (bytes > sram->end - at)
		axon_abort();
	sram->next = (uint32_t)(at + ((bytes + 63) & ~63ull));
	return at;
}

/* ---- arithmetic ---- */

static inline uint32_t axon_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t axon_div_up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

#endif
