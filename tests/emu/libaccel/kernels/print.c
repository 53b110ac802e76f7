// SPDX-License-Identifier: MIT
/* Kernels that print. test_log.c holds what must come out. */
#include <axon.h>
#include "test_args.h"

AXON_KERNEL void test_print(const struct test_print_args *args, uint32_t x)
{
	for (uint32_t i = 0; i < args->lines; i++)
		axon_printf("workgroup %u line %u\n", x, i);
}

/* One line for each conversion, in the order of test_log.c's table. */
AXON_KERNEL void test_formats(void)
{
	axon_printf("%d %i %u\n", -7, 42, 4000000000u);
	axon_printf("%d %u\n", -2147483647 - 1, 0u);
	axon_printf("%ld %lu %lld %zu\n", -9223372036854775807l - 1, 18446744073709551615ul, -5ll,
		    sizeof(uint32_t));
	axon_printf("%x %08x %lx\n", 0xbeefu, 0x1234u, 0x123456789abcul);
	axon_printf("[%5d] [%-5d] [%05d] [%-5u]\n", 42, 42, -42, 7u);
	axon_printf("%s [%8s] [%-8s] [%.3s]\n", "text", "right", "left", "cut off");
	axon_printf("%c%c %%\n", 'o', 'k');
	axon_printf("%p\n", (void *)0x10000040);
	axon_printf("%f %.0f %.3f %.9f\n", 1.5, 2.75, -3.14159, 0.000000001);
	axon_printf("[%8.2f] [%-8.2f] [%08.2f]\n", 9.996, 0.005, -1.0);
	axon_printf("%f %f %f\n", -0.0, 1e18, 123456789.125);
}

AXON_KERNEL void test_long_message(void)
{
	axon_printf("%0300d", 1);
	axon_printf("|");
}

AXON_KERNEL void test_assert(const struct test_fault_args *args)
{
	axon_assert(args->x != 0);
}
