// SPDX-License-Identifier: MIT
/* Kernels that do something right. */
#include <axon.h>
#include "test_args.h"

AXON_KERNEL void test_add(const struct test_add_args *args, uint32_t x)
{
	const float *a = (const float *)args->a, *b = (const float *)args->b;
	float *c = (float *)args->c;

	for (uint64_t i = (uint64_t)x * TEST_ADD_BLOCK, end = i + TEST_ADD_BLOCK;
	     i < end && i < args->n; i++)
		c[i] = a[i] + b[i];
}

AXON_KERNEL void test_where(const struct test_where_args *args, uint32_t x, uint32_t y, uint32_t z)
{
	struct test_where *out = (struct test_where *)args->out;
	uint64_t sp;

	__asm__ volatile("mv %0, sp" : "=r"(sp));
	out += ((uint64_t)z * axon_grid_y() + y) * axon_grid_x() + x;
	out->x = x;
	out->y = y;
	out->z = z;
	out->gx = axon_grid_x();
	out->gy = axon_grid_y();
	out->gz = axon_grid_z();
	out->cores = axon_num_cores();
	out->core = axon_core();
	out->sram = axon_sram_size();
	out->sp = sp;
}

AXON_KERNEL void test_step(const struct test_step_args *args)
{
	*(uint64_t *)args->value += *(const uint64_t *)args->by;
}

static void fill(volatile uint8_t *p, uint32_t seed)
{
	for (uint32_t i = 0; i < 128; i++)
		p[i] = (uint8_t)(i * 7 + seed);
}

static uint32_t differences(const volatile uint8_t *a, const volatile uint8_t *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 128; i++)
		n += a[i] != b[i];
	return n;
}

static void copy_slowly(volatile uint8_t *dst, const volatile uint8_t *src, uint32_t bytes)
{
	if (dst < src)
		for (uint32_t i = 0; i < bytes; i++)
			dst[i] = src[i];
	else
		for (uint32_t i = bytes; i-- > 0;)
			dst[i] = src[i];
}

/* Each function at every alignment and length that matters, into `a`; the loops, into `b`. */
AXON_KERNEL void test_memory(const struct test_memory_args *args)
{
	struct axon_sram sram = axon_sram_all();
	uint8_t *a = (uint8_t *)(uintptr_t)axon_sram_take(&sram, 128);
	uint8_t *b = (uint8_t *)(uintptr_t)axon_sram_take(&sram, 128);
	uint8_t *src = (uint8_t *)(uintptr_t)axon_sram_take(&sram, 128);
	uint32_t errors = 0;

	fill(src, 3);
	for (uint32_t offset = 0; offset < 9; offset++) {
		for (uint32_t bytes = 0; bytes < 40; bytes++) {
			fill(a, 1);
			fill(b, 1);
			errors += memcpy(a + offset, src + 5, bytes) != a + offset;
			copy_slowly(b + offset, src + 5, bytes);
			errors += differences(a, b);
			errors += memmove(a + offset, a + 4, bytes) != a + offset;
			copy_slowly(b + offset, b + 4, bytes);
			errors += differences(a, b);
			errors += memset(a + offset, 0x1a5, bytes) != a + offset;
			for (uint32_t i = 0; i < bytes; i++)
				((volatile uint8_t *)b)[offset + i] = 0xa5;
			errors += differences(a, b);
		}
	}
	*(uint32_t *)args->errors = errors;
}
