// SPDX-License-Identifier: MIT
/* Kernels that misbehave, each on the line that is marked with its name, and some that must not suffer. */
#include <axon.h>
#include "kernels.h"

#define NOTHING __asm__ volatile("")

AXON_KERNEL void wild_load(const struct isolation_args *args)
{
	(void)*(volatile uint64_t *)args->addr; /* fault: wild_load */
}

AXON_KERNEL void wild_store(const struct isolation_args *args)
{
	*(volatile uint64_t *)args->addr = 1; /* fault: wild_store */
}

AXON_KERNEL void illegal(const struct isolation_args *args)
{
	(void)args;
	__asm__ volatile(".word 0xffffffff"); /* fault: illegal */
}

AXON_KERNEL void loop(const struct isolation_args *args)
{
	(void)args;
	for (;;) /* fault: loop */
		NOTHING;
}

static struct axon_dma_copy copy(uint64_t dst, uint64_t src, uint32_t bytes)
{
	return (struct axon_dma_copy){
		.h = {.op = AXON_DMA_COPY, .size = sizeof(struct axon_dma_copy)},
		.dst = dst,
		.src = src,
		.dst_type = AXON_U8,
		.src_type = AXON_U8,
		.dims = 1,
		.extent = {bytes},
		.dst_stride = {1},
		.src_stride = {1},
	};
}

AXON_KERNEL void descriptor(const struct isolation_args *args)
{
	struct axon_dma_copy d = copy(AXON_SRAM_BASE, args->result, 8);

	d.dims = AXON_DMA_DIMS + 1;
	axon_dma(&d); /* fault: descriptor */
}

AXON_KERNEL void sram_overrun(const struct isolation_args *args)
{
	struct axon_dma_copy d = copy(AXON_SRAM_BASE + axon_sram_size() - 4, args->result, 8);

	axon_dma(&d); /* fault: sram_overrun */
}

/* One operation that would take longer than the machine will stand. */
AXON_KERNEL void endless_operation(const struct isolation_args *args)
{
	struct axon_dma_copy d = copy(AXON_SRAM_BASE, args->result, 8);

	d.h.op = AXON_DMA_FILL;
	d.dims = 3;
	d.extent[1] = d.extent[2] = UINT32_MAX;
	axon_dma(&d); /* fault: endless_operation */
}

/* Burns at least so many cycles, without progress. */
static void burn(uint64_t cycles)
{
	uint64_t end = axon_cycles() + cycles;
	volatile uint64_t number = UINT64_MAX;

	while (axon_cycles() < end)
		number = number / 3 | 1ull << 63;
}

AXON_KERNEL void busy(const struct isolation_args *args)
{
	burn(args->cycles);
}

/*
 * The first workgroup takes args->cycles and progresses by engine operations. The others take a
 * millisecond each until *args->addr is not zero.
 */
AXON_KERNEL void steady(const struct isolation_args *args, uint32_t x)
{
	struct axon_dma_copy d = copy(AXON_SRAM_BASE, AXON_SRAM_BASE + 64, 8);

	if (x && !*(volatile uint64_t *)args->addr)
		burn(1000000);
	while (!x && axon_cycles() < args->cycles) {
		burn(1000000);
		axon_wait(axon_dma(&d));
	}
}

/* SRAM below the stack. */
static volatile uint64_t *sram_end(void)
{
	return (volatile uint64_t *)(uintptr_t)axon_sram_all().end;
}

static volatile uint64_t *sram_begin(void)
{
	return (volatile uint64_t *)AXON_SRAM_BASE;
}

AXON_KERNEL void hide_in_sram(const struct isolation_args *args)
{
	(void)args;
	for (volatile uint64_t *p = sram_begin(); p < sram_end(); p++)
		*p = SECRET;
}

/* Counts the words of SRAM that are not zero. */
AXON_KERNEL void seek_in_sram(const struct isolation_args *args, uint32_t x)
{
	uint64_t found = 0;

	for (volatile uint64_t *p = sram_begin(); p < sram_end(); p++)
		found += *p != 0;
	((uint64_t *)args->result)[x] = found;
}

/* Counts those of args->bytes for each workgroup from args->addr on. */
AXON_KERNEL void seek_in_memory(const struct isolation_args *args, uint32_t x)
{
	const uint64_t *p = (const uint64_t *)(args->addr + x * args->bytes);
	uint64_t found = 0;

	for (uint64_t i = 0; i < args->bytes / sizeof(*p); i++)
		found += p[i] != 0;
	((uint64_t *)args->result)[x] = found;
}

/* Word i becomes cycles · i + x: what each of many processes computes for itself. */
AXON_KERNEL void multiples(const struct isolation_args *args, uint32_t x)
{
	uint64_t *p = (uint64_t *)(args->result + x * args->bytes);

	for (uint64_t i = 0; i < args->bytes / sizeof(*p); i++)
		p[i] = args->cycles * i + x;
}
