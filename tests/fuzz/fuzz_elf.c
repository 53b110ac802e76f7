// SPDX-License-Identifier: MIT
/* Programs that nobody checked: libaccel's reader accepts or refuses, and what it accepts it can place. */
#include <stdlib.h>
#include <string.h>

#include "elf_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image elf;
	const char *name;
	uint64_t addr, start;
	uint8_t *memory;
	char why[200] = "";

	if (elf_check(data, size, &elf, why, sizeof(why))) {
		if (!why[0])
			abort(); /* refused, but not told why */
		return 0;
	}
	memory = calloc(1, elf.span);
	if (!memory)
		return 0;
	elf_place(&elf, 0x700000000ull - elf.base, memory);
	free(memory);
	if (elf_find_function(&elf, "kernel", &addr) && (addr < elf.base || addr & 3))
		abort();
	elf_find_function(&elf, "", &addr);
	for (unsigned int i = 0; i < 4; i++)
		if (elf_function_at(&elf, elf.base + i * elf.span / 4, &name, &start) &&
		    !strlen(name))
			abort();
	return 0;
}
