// SPDX-License-Identifier: MIT
/* Source lines out of a program's DWARF, by libdw. */
#include "internal.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Appends " from file:line" for the place that one inlined function was called from. */
static void append_caller(Dwarf_Die *unit, Dwarf_Die *scope, char *text, size_t bytes)
{
	Dwarf_Word file, line;
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	size_t count, used = strlen(text);
	const char *path;

	if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_file, &attr), &file) ||
	    dwarf_formudata(dwarf_attr(scope, DW_AT_call_line, &attr), &line) ||
	    dwarf_getsrcfiles(unit, &files, &count) || file >= count)
		return;
	path = dwarf_filesrc(files, file, NULL, NULL);
	if (path)
		snprintf(text + used, bytes - used, " from %s:%llu", base_name(path),
			 (unsigned long long)line);
}

/* "file:line", and for code of inlined functions where each was called from, inside out. */
static bool format_line(Dwarf_Die *unit, Dwarf_Line *line, uint64_t addr, char *text, size_t bytes)
{
	const char *path = dwarf_linesrc(line, NULL, NULL);
	Dwarf_Die *scopes = NULL;
	int number, count;

	if (!path || dwarf_lineno(line, &number) < 0)
		return false;
	snprintf(text, bytes, "%s:%d", base_name(path), number);
	count = dwarf_getscopes(unit, addr, &scopes);
	for (int i = 0; i < count; i++)
		if (dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine)
			append_caller(unit, &scopes[i], text, bytes);
	free(scopes);
	return true;
}

/* The compilation units of a program are few: no index is kept. */
static bool find_line(Dwarf *dwarf, uint64_t addr, char *text, size_t bytes)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	while (!dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL)) {
		Dwarf_Line *line;
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, offset + header, &unit) && dwarf_haspc(&unit, addr) > 0) {
			line = dwarf_getsrc_die(&unit, addr);
			return line && format_line(&unit, line, addr, text, bytes);
		}
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
