// SPDX-License-Identifier: MIT
/* Kernels that make one mistake each, in workgroup args->x. */
#include <axon.h>
#include "test_args.h"

#define FAULT_KERNEL(name, mistake)                                                   \
	AXON_KERNEL void fault_##name(const struct test_fault_args *args, uint32_t x) \
	{                                                                             \
		if (x == args->x) {                                                   \
			mistake;                                                      \
		}                                                                     \
	}

FAULT_KERNEL(read, (void)*(volatile uint32_t *)args->addr)
FAULT_KERNEL(write, *(volatile uint32_t *)args->addr = 1)
FAULT_KERNEL(call, ((void (*)(void))args->addr)())
FAULT_KERNEL(illegal, __asm__ volatile(".word 0xffffffff"))
FAULT_KERNEL(ecall, __asm__ volatile("ecall"))
FAULT_KERNEL(ebreak, axon_abort())
FAULT_KERNEL(hang, for (;;) __asm__ volatile(""))
FAULT_KERNEL(token, axon_wait(args->addr))

/* A copy of `bytes` bytes that is right but for what the caller changes. */
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

AXON_KERNEL void fault_desc(const struct test_fault_args *args, uint32_t x)
{
	struct axon_dma_copy d = copy(AXON_SRAM_BASE, args->addr, 4);

	d.dims = 7;
	if (x == args->x)
		axon_dma(&d);
	axon_fence();
}

AXON_KERNEL void fault_sram(const struct test_fault_args *args, uint32_t x)
{
	struct axon_dma_copy d =
		copy(AXON_SRAM_BASE + axon_sram_size() - 2, args->addr, x == args->x ? 4 : 2);

	axon_dma(&d);
	axon_fence();
}

AXON_KERNEL void fault_dma_read(const struct test_fault_args *args, uint32_t x)
{
	struct axon_dma_copy d = copy(AXON_SRAM_BASE, args->addr, 4);

	if (x == args->x)
		axon_dma(&d);
	axon_fence();
}

AXON_KERNEL void fault_index(const struct test_fault_args *args, uint32_t x)
{
	struct axon_dma_rows d = {
		.h = {.op = AXON_DMA_GATHER, .size = sizeof(d)},
		.dst = AXON_SRAM_BASE,
		.src = args->addr,
		.index = AXON_SRAM_BASE + 1024,
		.dst_stride = 4,
		.src_stride = 4,
		.rows = 2,
		.cols = 1,
		.limit = 8,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
	};
	volatile uint32_t *index = (uint32_t *)(uintptr_t)d.index;

	index[0] = 7;
	index[1] = x == args->x ? 8 : 0;
	axon_dma(&d);
	axon_fence();
}
