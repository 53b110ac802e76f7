// SPDX-License-Identifier: MIT
#include "elf_image.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PAGE 4096ull

/* Where a complaint goes. */
struct reader {
	struct elf_image *elf;
	char *why;
	size_t why_bytes;
};

static int refuse(const struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_bytes, format, args);
	va_end(args);
	return -ENOEXEC;
}

/* Is [offset, offset + count * each) inside the file? */
static bool in_file(const struct elf_image *elf, uint64_t offset, uint64_t count, uint64_t each)
{
	return offset <= elf->size && count <= (elf->size - offset) / each;
}

/* Copies a structure out of the file, where it may lie unaligned. */
#define FETCH(elf, offset, out) memcpy(out, (elf)->bytes + (offset), sizeof(*(out)))

static int check_header(const struct reader *r, Elf64_Ehdr *ehdr)
{
	const struct elf_image *elf = r->elf;

	if (elf->size < sizeof(*ehdr) || memcmp(elf->bytes, ELFMAG, SELFMAG))
		return refuse(r, "expected an ELF file, found %zu bytes without its magic",
			      elf->size);
	FETCH(elf, 0, ehdr);
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 || ehdr->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != EM_RISCV)
		return refuse(r,
			      "expected 64-bit little-endian RISC-V (machine %d), found machine %d",
			      EM_RISCV, ehdr->e_machine);
	if (ehdr->e_type != ET_DYN)
		return refuse(r,
			      "expected a position-independent program (type %d), found type %d; "
			      "link it with -pie",
			      ET_DYN, ehdr->e_type);
	if (ehdr->e_flags & EF_RISCV_RVC)
		return refuse(
			r, "expected RV64IMFD, found compressed instructions; use -march=rv64imfd");
	if (ehdr->e_phentsize != sizeof(Elf64_Phdr) ||
	    !in_file(elf, ehdr->e_phoff, ehdr->e_phnum, sizeof(Elf64_Phdr)))
		return refuse(r, "the program headers reach outside the file");
	return 0;
}

static int add_segment(const struct reader *r, const Elf64_Phdr *phdr)
{
	struct elf_image *elf = r->elf;
	struct elf_segment *segment = &elf->segments[elf->num_segments];
	uint64_t floor = 0;

	if (!phdr->p_memsz)
		return 0;
	if (elf->num_segments == ELF_MAX_SEGMENTS)
		return refuse(r, "expected at most %d segments, found more", ELF_MAX_SEGMENTS);
	if (phdr->p_flags & PF_W)
		return refuse(r,
			      "the segment at 0x%llx is writable; cores have no writable globals: "
			      "pass them as arguments",
			      (unsigned long long)phdr->p_vaddr);
	if (!in_file(elf, phdr->p_offset, phdr->p_filesz, 1))
		return refuse(r, "the segment at 0x%llx reaches outside the file",
			      (unsigned long long)phdr->p_vaddr);
	if (phdr->p_filesz > phdr->p_memsz || phdr->p_memsz > ELF_MAX_SPAN ||
	    phdr->p_vaddr > UINT64_MAX - ELF_MAX_SPAN - PAGE)
		return refuse(r, "expected at most %u bytes of program, found a segment of 0x%llx",
			      ELF_MAX_SPAN, (unsigned long long)phdr->p_memsz);
	if (elf->num_segments)
		floor = segment[-1].vaddr + segment[-1].memsz;
	if (phdr->p_vaddr < floor)
		return refuse(r, "the segment at 0x%llx overlaps the one before it",
			      (unsigned long long)phdr->p_vaddr);
	*segment = (struct elf_segment){
		.offset = phdr->p_offset,
		.vaddr = phdr->p_vaddr,
		.filesz = phdr->p_filesz,
		.memsz = phdr->p_memsz,
		.exec = phdr->p_flags & PF_X,
	};
	elf->num_segments++;
	return 0;
}

/* File offset of [addr, addr + bytes) if the file's part of one segment holds all of it. */
static bool file_offset(const struct elf_image *elf, uint64_t addr, uint64_t bytes,
			uint64_t *offset)
{
	for (unsigned int i = 0; i < elf->num_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t at = addr - segment->vaddr;

		if (addr < segment->vaddr || at > segment->filesz || bytes > segment->filesz - at)
			continue;
		*offset = segment->offset + at;
		return true;
	}
	return false;
}

static bool in_segment(const struct elf_image *elf, uint64_t addr, uint64_t bytes)
{
	for (unsigned int i = 0; i < elf->num_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		uint64_t at = addr - segment->vaddr;

		if (addr >= segment->vaddr && at <= segment->memsz && bytes <= segment->memsz - at)
			return true;
	}
	return false;
}

/* Finds the relocation table in the dynamic section. */
static int read_dynamic(const struct reader *r, const Elf64_Phdr *phdr)
{
	uint64_t rela = 0, rela_bytes = 0, rela_each = sizeof(Elf64_Rela);
	struct elf_image *elf = r->elf;
	uint64_t count = phdr->p_filesz / sizeof(Elf64_Dyn);

	if (!in_file(elf, phdr->p_offset, phdr->p_filesz, 1))
		return refuse(r, "the dynamic section reaches outside the file");
	for (uint64_t i = 0; i < count; i++) {
		Elf64_Dyn dyn;

		FETCH(elf, phdr->p_offset + i * sizeof(dyn), &dyn);
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_NEEDED)
			return refuse(r, "the program needs a shared library; cores have none");
		if (dyn.d_tag == DT_REL || dyn.d_tag == DT_RELR || dyn.d_tag == DT_JMPREL)
			return refuse(
				r,
				"expected relocations of type RELA only, found dynamic tag 0x%llx",
				(unsigned long long)dyn.d_tag);
		if (dyn.d_tag == DT_RELA)
			rela = dyn.d_un.d_ptr;
		if (dyn.d_tag == DT_RELASZ)
			rela_bytes = dyn.d_un.d_val;
		if (dyn.d_tag == DT_RELAENT)
			rela_each = dyn.d_un.d_val;
	}
	if (!rela_bytes)
		return 0;
	if (rela_each != sizeof(Elf64_Rela) || rela_bytes % sizeof(Elf64_Rela) ||
	    !file_offset(elf, rela, rela_bytes, &elf->rela))
		return refuse(r, "the relocation table reaches outside the program");
	elf->num_rela = rela_bytes / sizeof(Elf64_Rela);
	return 0;
}

static int check_relocations(const struct reader *r)
{
	const struct elf_image *elf = r->elf;

	for (uint64_t i = 0; i < elf->num_rela; i++) {
		Elf64_Rela rela;

		FETCH(elf, elf->rela + i * sizeof(rela), &rela);
		if (ELF64_R_TYPE(rela.r_info) != R_RISCV_RELATIVE)
			return refuse(r,
				      "expected relocations of type R_RISCV_RELATIVE only, found "
				      "type %u: an undefined symbol?",
				      (unsigned int)ELF64_R_TYPE(rela.r_info));
		if (!in_segment(elf, rela.r_offset, sizeof(uint64_t)))
			return refuse(r, "a relocation at 0x%llx lies outside the program",
				      (unsigned long long)rela.r_offset);
	}
	return 0;
}

/* Notes a symbol table, if it and its strings are whole; a program may do without. */
static void note_symbols(struct elf_image *elf, const Elf64_Ehdr *ehdr, const Elf64_Shdr *shdr)
{
	Elf64_Shdr strings;

	if (shdr->sh_entsize != sizeof(Elf64_Sym) || shdr->sh_link >= ehdr->e_shnum ||
	    !in_file(elf, shdr->sh_offset, shdr->sh_size, 1))
		return;
	FETCH(elf, ehdr->e_shoff + shdr->sh_link * sizeof(strings), &strings);
	if (!in_file(elf, strings.sh_offset, strings.sh_size, 1) || !strings.sh_size ||
	    elf->bytes[strings.sh_offset + strings.sh_size - 1] != '\0')
		return;
	elf->symtab = shdr->sh_offset;
	elf->num_syms = shdr->sh_size / sizeof(Elf64_Sym);
	elf->strtab = strings.sh_offset;
	elf->strtab_size = strings.sh_size;
}

static int read_sections(const struct reader *r, const Elf64_Ehdr *ehdr)
{
	struct elf_image *elf = r->elf;

	if (!ehdr->e_shnum)
		return 0;
	if (ehdr->e_shentsize != sizeof(Elf64_Shdr) ||
	    !in_file(elf, ehdr->e_shoff, ehdr->e_shnum, sizeof(Elf64_Shdr)))
		return refuse(r, "the section headers reach outside the file");
	for (unsigned int i = 0; i < ehdr->e_shnum; i++) {
		Elf64_Shdr shdr;

		FETCH(elf, ehdr->e_shoff + i * sizeof(shdr), &shdr);
		if (shdr.sh_type == SHT_SYMTAB || (shdr.sh_type == SHT_DYNSYM && !elf->num_syms))
			note_symbols(elf, ehdr, &shdr);
	}
	return 0;
}

static int read_segments(const struct reader *r, const Elf64_Ehdr *ehdr)
{
	struct elf_image *elf = r->elf;
	const struct elf_segment *last;
	int ret = 0;

	for (unsigned int i = 0; i < ehdr->e_phnum && !ret; i++) {
		Elf64_Phdr phdr;

		FETCH(elf, ehdr->e_phoff + i * sizeof(phdr), &phdr);
		if (phdr.p_type == PT_LOAD)
			ret = add_segment(r, &phdr);
	}
	if (ret)
		return ret;
	if (!elf->num_segments)
		return refuse(r, "the program has nothing to load");
	last = &elf->segments[elf->num_segments - 1];
	elf->base = elf->segments[0].vaddr & ~(PAGE - 1);
	elf->span = (last->vaddr + last->memsz + PAGE - 1 - elf->base) & ~(PAGE - 1);
	if (elf->span > ELF_MAX_SPAN)
		return refuse(r, "expected at most %u bytes of program, found 0x%llx", ELF_MAX_SPAN,
			      (unsigned long long)elf->span);
	for (unsigned int i = 0; i < ehdr->e_phnum && !ret; i++) {
		Elf64_Phdr phdr;

		FETCH(elf, ehdr->e_phoff + i * sizeof(phdr), &phdr);
		if (phdr.p_type == PT_DYNAMIC)
			ret = read_dynamic(r, &phdr);
	}
	return ret;
}

int elf_check(const void *bytes, size_t size, struct elf_image *elf, char *why, size_t why_bytes)
{
	struct reader r = {.elf = elf, .why = why, .why_bytes = why_bytes};
	Elf64_Ehdr ehdr;
	int ret;

	*elf = (struct elf_image){.bytes = bytes, .size = size};
	ret = check_header(&r, &ehdr);
	if (!ret)
		ret = read_segments(&r, &ehdr);
	if (!ret)
		ret = check_relocations(&r);
	if (!ret)
		ret = read_sections(&r, &ehdr);
	return ret;
}

void elf_place(const struct elf_image *elf, uint64_t bias, uint8_t *memory)
{
	for (unsigned int i = 0; i < elf->num_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		memcpy(memory + (segment->vaddr - elf->base), elf->bytes + segment->offset,
		       segment->filesz);
	}
	for (uint64_t i = 0; i < elf->num_rela; i++) {
		Elf64_Rela rela;
		uint64_t value;

		FETCH(elf, elf->rela + i * sizeof(rela), &rela);
		value = bias + rela.r_addend;
		memcpy(memory + (rela.r_offset - elf->base), &value, sizeof(value));
	}
}

/* Symbol i if it is a function inside the program, with its name. */
static const char *function_symbol(const struct elf_image *elf, uint64_t i, Elf64_Sym *sym)
{
	FETCH(elf, elf->symtab + i * sizeof(*sym), sym);
	if (ELF64_ST_TYPE(sym->st_info) != STT_FUNC || sym->st_shndx == SHN_UNDEF ||
	    sym->st_name >= elf->strtab_size || !in_segment(elf, sym->st_value, sym->st_size))
		return NULL;
	return (const char *)elf->bytes + elf->strtab + sym->st_name;
}

static bool executable(const struct elf_image *elf, uint64_t addr)
{
	for (unsigned int i = 0; i < elf->num_segments; i++) {
		const struct elf_segment *segment = &elf->segments[i];

		if (addr >= segment->vaddr && addr - segment->vaddr < segment->memsz)
			return segment->exec;
	}
	return false;
}

bool elf_find_function(const struct elf_image *elf, const char *name, uint64_t *addr)
{
	for (uint64_t i = 0; i < elf->num_syms; i++) {
		Elf64_Sym sym;
		const char *found = function_symbol(elf, i, &sym);

		if (!found || strcmp(found, name) || ELF64_ST_BIND(sym.st_info) != STB_GLOBAL ||
		    sym.st_value % 4 || !executable(elf, sym.st_value))
			continue;
		*addr = sym.st_value;
		return true;
	}
	return false;
}

bool elf_function_at(const struct elf_image *elf, uint64_t addr, const char **name, uint64_t *start)
{
	for (uint64_t i = 0; i < elf->num_syms; i++) {
		Elf64_Sym sym;
		const char *found = function_symbol(elf, i, &sym);

		if (!found || addr < sym.st_value || addr - sym.st_value >= sym.st_size)
			continue;
		*name = found;
		*start = sym.st_value;
		return true;
	}
	return false;
}
