// SPDX-License-Identifier: MIT
/* Checkpoints that nobody checked. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "safetensors.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[32];
static int file = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("fuzz.safetensors", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return file < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t dim[] = {2, 3};
	float values[6];
	const struct safetensor tensor = {.name = "a", .dims = 2, .dim = dim, .data = values};
	struct safetensors *st;
	struct axon_err err = {0};

	if (ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	if (safetensors_open(path, &st, &err)) {
		if (err.code >= 0 || !err.msg[0])
			abort(); /* refused, but not told why */
		return 0;
	}
	safetensors_text(st, "step");
	safetensors_read(st, &tensor, &err);
	safetensors_close(st);
	return 0;
}
