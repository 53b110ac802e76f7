// SPDX-License-Identifier: MIT
/*
 * usage: run_kernel KERNEL X Y ADDRESSES ARGS <MEMORY >MEMORY
 *
 * What test_torch.py launches kernels with: memory from standard input is on the chip while X by Y
 * workgroups run, and goes to standard output then. ARGS is the kernel's argument in hexadecimal; bit i of
 * ADDRESSES says that its 64-bit word i is an offset into the memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"

#define MEMORY_BYTES (8u << 20)
#define ARGS_BYTES   256

static int fail(const char *what)
{
	fprintf(stderr, "run_kernel: %s\n", what);
	return 1;
}

static int find_kernel(const char *name)
{
	for (int i = 0; i < CHIP_KERNEL_COUNT; i++)
		if (!strcmp(chip_kernel_name(i), name))
			return i;
	return -1;
}

static size_t parse_args(const char *text, uint64_t addresses, uint64_t base, uint64_t *args)
{
	size_t n = strlen(text) / 2;
	unsigned int byte;

	if (n > ARGS_BYTES)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return 0;
		((uint8_t *)args)[i] = (uint8_t)byte;
	}
	for (size_t i = 0; i < n / 8; i++)
		args[i] += addresses >> i & 1 ? base : 0;
	return n;
}

int main(int argc, char **argv)
{
	uint64_t args[ARGS_BYTES / 8] = {0};
	struct accel_buffer *buffer = NULL;
	struct accel_stream *stream;
	struct axon_err err = {0};
	struct chip chip;
	void *memory;
	size_t bytes, args_bytes;
	int kernel = argc == 6 ? find_kernel(argv[1]) : -1;

	if (kernel < 0)
		return fail("expected a kernel's name and four more arguments");
	if (chip_open(&chip, 0, &err) || chip_buffer(&chip, MEMORY_BYTES, ACCEL_BUFFER_SYSTEM,
						     ACCEL_PURPOSE_OTHER, &buffer, &err))
		return fail(err.msg);
	if (accel_buffer_map(buffer, &memory) || accel_stream_create(chip.vm, &stream))
		return fail("expected memory and a stream");
	bytes = fread(memory, 1, MEMORY_BYTES, stdin);
	args_bytes =
		parse_args(argv[5], strtoull(argv[4], NULL, 10), accel_buffer_va(buffer), args);
	if (chip_launch(&chip, stream, kernel, (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]),
			args, args_bytes, &err) ||
	    chip_run(&chip, stream, &err))
		return fail(err.msg);
	fwrite(memory, 1, bytes, stdout);
	accel_stream_destroy(stream);
	accel_buffer_destroy(buffer);
	chip_close(&chip);
	return 0;
}
