// SPDX-License-Identifier: MIT
/* Source lines out of a program's DWARF, by libdw. */
#include "internal.h"

#include <elfutils/libdw.h>
#include <stdio.h>
#include <string.h>

/* The line of addr in one compilation unit. The units of a program are few: no index is kept. */
static Dwarf_Line *line_in_unit(Dwarf *dwarf, Dwarf_Off die_offset, uint64_t addr)
{
	Dwarf_Die unit;

	if (!dwarf_offdie(dwarf, die_offset, &unit) || dwarf_haspc(&unit, addr) <= 0)
		return NULL;
	return dwarf_getsrc_die(&unit, addr);
}

static bool format_line(Dwarf_Line *line, char *text, size_t bytes)
{
	const char *path = dwarf_linesrc(line, NULL, NULL), *slash;
	int number, n;

	if (!path || dwarf_lineno(line, &number) < 0)
		return false;
	slash = strrchr(path, '/');
	n = snprintf(text, bytes, "%s:%d", slash ? slash + 1 : path, number);
	return n > 0 && (size_t)n < bytes;
}

static bool find_line(Dwarf *dwarf, uint64_t addr, char *text, size_t bytes)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	while (!dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL)) {
		Dwarf_Line *line = line_in_unit(dwarf, offset + header, addr);

		if (line)
			return format_line(line, text, bytes);
		offset = next;
	}
	return false;
}

bool symbolize_line(const void *elf, size_t elf_bytes, uint64_t addr, char *text, size_t bytes)
{
	bool found = false;
	Dwarf *dwarf;
	Elf *handle;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	/* libelf may write to the memory it is given only through functions that are not used here. */
	handle = elf_memory((char *)elf, elf_bytes);
	if (!handle)
		return false;
	dwarf = dwarf_begin_elf(handle, DWARF_C_READ, NULL);
	if (dwarf) {
		found = find_line(dwarf, addr, text, bytes);
		dwarf_end(dwarf);
	}
	elf_end(handle);
	return found;
}
