/* SPDX-License-Identifier: MIT */
/*
 * Reading programs for the chip out of ELF files. The file is hostile until elf_check() has
 * accepted it; the other functions rely on what it checked.
 */
#ifndef ACCEL_ELF_IMAGE_H
#define ACCEL_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 16
#define ELF_MAX_SPAN	 (64u << 20) /* bytes of a program in memory */

struct elf_segment {
	uint64_t offset, vaddr, filesz, memsz;
	bool exec;
};

struct elf_image {
	const uint8_t *bytes;
	size_t size;
	struct elf_segment segments[ELF_MAX_SEGMENTS];
	unsigned int num_segments;
	uint64_t base, span;	   /* page-aligned range of all segments */
	uint64_t rela, num_rela;   /* file offset and count of the relocations */
	uint64_t symtab, num_syms; /* file offsets; .symtab if there, else .dynsym */
	uint64_t strtab, strtab_size;
};

/* 0 or -ENOEXEC with a sentence in why: what was expected and what was found. */
int elf_check(const void *bytes, size_t size, struct elf_image *elf, char *why, size_t why_bytes);
/* Writes the image as it lies at address elf->base + bias into memory of elf->span bytes, zero before. */
void elf_place(const struct elf_image *elf, uint64_t bias, uint8_t *memory);
/* Address of the global function `name`, false without. */
bool elf_find_function(const struct elf_image *elf, const char *name, uint64_t *addr);
/* The function that covers addr: its name (in the file) and start. */
bool elf_function_at(const struct elf_image *elf, uint64_t addr, const char **name,
		     uint64_t *start);

#endif
