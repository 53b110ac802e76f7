// SPDX-License-Identifier: MIT
/*
 * Description: a well-formed program is accepted, placed and relocated; every way to break it is
 * refused with a reason, and no byte of a broken file is read outside the file.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "elf_image.h"

/* A small program by hand: code at 0x1000, a table with one pointer to it at 0x2000. */
struct file {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[3];
	uint32_t code[4];
	uint64_t table[2];
	Elf64_Rela rela[1];
	Elf64_Dyn dyn[4];
	Elf64_Sym sym[4];
	char str[32];
	Elf64_Shdr shdr[3];
};

#define CODE_VA	 0x1000
#define TABLE_VA 0x2000
#define RELA_VA	 (TABLE_VA + offsetof(struct file, rela) - offsetof(struct file, table))

static void make_headers(struct file *f)
{
	f->ehdr = (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
		.e_type = ET_DYN,
		.e_machine = EM_RISCV,
		.e_version = 1,
		.e_phoff = offsetof(struct file, phdr),
		.e_shoff = offsetof(struct file, shdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
	};
	f->phdr[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = offsetof(struct file, code),
		.p_vaddr = CODE_VA,
		.p_filesz = sizeof(f->code),
		.p_memsz = sizeof(f->code),
	};
	f->phdr[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R,
		.p_offset = offsetof(struct file, table),
		.p_vaddr = TABLE_VA,
		.p_filesz = offsetof(struct file, dyn) - offsetof(struct file, table),
		.p_memsz = 0x1800,
	};
	f->phdr[2] = (Elf64_Phdr){
		.p_type = PT_DYNAMIC,
		.p_flags = PF_R,
		.p_offset = offsetof(struct file, dyn),
		.p_filesz = sizeof(f->dyn),
	};
}

static void make_symbols(struct file *f)
{
	memcpy(f->str, "\0kernel\0helper\0constant", 24);
	f->sym[1] = (Elf64_Sym){
		.st_name = 1,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = 1,
		.st_value = CODE_VA,
		.st_size = 8,
	};
	f->sym[2] = (Elf64_Sym){
		.st_name = 8,
		.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
		.st_shndx = 1,
		.st_value = CODE_VA + 8,
		.st_size = 8,
	};
	f->sym[3] = (Elf64_Sym){
		.st_name = 15,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
		.st_shndx = 1,
		.st_value = TABLE_VA,
		.st_size = 16,
	};
	f->shdr[1] = (Elf64_Shdr){
		.sh_type = SHT_SYMTAB,
		.sh_offset = offsetof(struct file, sym),
		.sh_size = sizeof(f->sym),
		.sh_entsize = sizeof(Elf64_Sym),
		.sh_link = 2,
	};
	f->shdr[2] = (Elf64_Shdr){
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct file, str),
		.sh_size = sizeof(f->str),
	};
}

static void make(struct file *f)
{
	*f = (struct file){0};
	make_headers(f);
	for (unsigned int i = 0; i < 4; i++)
		f->code[i] = 0x13 + i;
	f->table[0] = 0x1111;
	f->table[1] = 0x2222;
	f->rela[0] = (Elf64_Rela){
		.r_offset = TABLE_VA + 8,
		.r_info = ELF64_R_INFO(0, R_RISCV_RELATIVE),
		.r_addend = CODE_VA + 8,
	};
	f->dyn[0] = (Elf64_Dyn){.d_tag = DT_RELA, .d_un.d_ptr = RELA_VA};
	f->dyn[1] = (Elf64_Dyn){.d_tag = DT_RELASZ, .d_un.d_val = sizeof(f->rela)};
	f->dyn[2] = (Elf64_Dyn){.d_tag = DT_RELAENT, .d_un.d_val = sizeof(Elf64_Rela)};
	make_symbols(f);
}

/* Checks a copy that ends where the file ends, so that sanitizers see every step outside. */
static int check(const struct file *f, size_t size, char why[200])
{
	void *copy = malloc(size ? size : 1);
	struct elf_image elf;
	int ret;

	assert_non_null(copy);
	memcpy(copy, f, size);
	why[0] = '\0';
	ret = elf_check(copy, size, &elf, why, 200);
	free(copy);
	return ret;
}

static void accept_place_relocate(void **state)
{
	uint8_t memory[0x3000] = {0};
	struct elf_image elf;
	struct file f;
	uint64_t word;
	char why[200];

	(void)state;
	make(&f);
	assert_int_equal(elf_check(&f, sizeof(f), &elf, why, sizeof(why)), 0);
	assert_int_equal(elf.base, CODE_VA);
	assert_int_equal(elf.span, sizeof(memory));
	elf_place(&elf, 0x700000000, memory);
	assert_memory_equal(memory, f.code, sizeof(f.code));
	memcpy(&word, memory + TABLE_VA - CODE_VA, 8);
	assert_int_equal(word, 0x1111);
	memcpy(&word, memory + TABLE_VA - CODE_VA + 8, 8);
	assert_int_equal(word, 0x700000000 + CODE_VA + 8);
}

static void symbols(void **state)
{
	struct elf_image elf;
	struct file f;
	const char *name;
	uint64_t addr;
	char why[200];

	(void)state;
	make(&f);
	assert_int_equal(elf_check(&f, sizeof(f), &elf, why, sizeof(why)), 0);
	assert_true(elf_find_function(&elf, "kernel", &addr));
	assert_int_equal(addr, CODE_VA);
	assert_false(elf_find_function(&elf, "helper", &addr));	  /* local */
	assert_false(elf_find_function(&elf, "constant", &addr)); /* no function */
	assert_false(elf_find_function(&elf, "", &addr));
	assert_true(elf_function_at(&elf, CODE_VA + 12, &name, &addr));
	assert_string_equal(name, "helper");
	assert_int_equal(addr, CODE_VA + 8);
	assert_false(elf_function_at(&elf, CODE_VA + 16, &name, &addr));
}

static void a_kernel_must_be_executable_and_aligned(void **state)
{
	struct elf_image elf;
	struct file f;
	uint64_t addr;
	char why[200];

	(void)state;
	make(&f);
	f.sym[1].st_value = TABLE_VA;
	assert_int_equal(elf_check(&f, sizeof(f), &elf, why, sizeof(why)), 0);
	assert_false(elf_find_function(&elf, "kernel", &addr));
	f.sym[1].st_value = CODE_VA + 2;
	assert_false(elf_find_function(&elf, "kernel", &addr));
}

static void every_truncation_is_refused(void **state)
{
	struct file f;
	char why[200];

	(void)state;
	make(&f);
	for (size_t size = 0; size < sizeof(f); size++) {
		assert_int_equal(check(&f, size, why), -ENOEXEC);
		assert_string_not_equal(why, "");
	}
}

/* One field of the file, set to a value that makes it wrong, and a word of the reason given. */
struct breakage {
	size_t offset, size;
	uint64_t value;
	const char *why;
};

#define FIELD(member) offsetof(struct file, member), sizeof(((struct file *)0)->member)

static const struct breakage breakages[] = {
	{FIELD(ehdr.e_ident[0]), 0, "magic"},
	{FIELD(ehdr.e_ident[EI_CLASS]), ELFCLASS32, "64-bit"},
	{FIELD(ehdr.e_ident[EI_DATA]), ELFDATA2MSB, "little-endian"},
	{FIELD(ehdr.e_machine), EM_X86_64, "found machine 62"},
	{FIELD(ehdr.e_type), ET_EXEC, "-pie"},
	{FIELD(ehdr.e_flags), EF_RISCV_RVC, "compressed"},
	{FIELD(ehdr.e_phentsize), 32, "program headers"},
	{FIELD(ehdr.e_phoff), UINT64_MAX - 8, "program headers"},
	{FIELD(ehdr.e_phnum), 0xffff, "program headers"},
	{FIELD(ehdr.e_phnum), 0, "nothing to load"},
	{FIELD(ehdr.e_shentsize), 32, "section headers"},
	{FIELD(ehdr.e_shoff), UINT64_MAX, "section headers"},
	{FIELD(ehdr.e_shnum), 0xffff, "section headers"},
	{FIELD(phdr[0].p_flags), PF_R | PF_W, "writable"},
	{FIELD(phdr[0].p_offset), UINT64_MAX, "outside the file"},
	{FIELD(phdr[0].p_filesz), UINT64_MAX, "outside the file"},
	{FIELD(phdr[0].p_memsz), 4, "at most"},
	{FIELD(phdr[0].p_memsz), 1ull << 40, "at most"},
	{FIELD(phdr[0].p_memsz), 0x1001, "overlaps"},
	{FIELD(phdr[0].p_vaddr), TABLE_VA + 0x10, "overlaps"},
	{FIELD(phdr[1].p_vaddr), UINT64_MAX - 0xfff, "at most"},
	{FIELD(phdr[1].p_vaddr), 1ull << 40, "at most"},
	{FIELD(phdr[2].p_offset), UINT64_MAX, "dynamic section"},
	{FIELD(phdr[2].p_filesz), 1ull << 40, "dynamic section"},
	{FIELD(dyn[0].d_un.d_ptr), TABLE_VA - 0x10, "relocation table"},
	{FIELD(dyn[0].d_un.d_ptr), UINT64_MAX, "relocation table"},
	{FIELD(dyn[1].d_un.d_val), 1ull << 60, "relocation table"},
	{FIELD(dyn[1].d_un.d_val), 23, "relocation table"},
	{FIELD(dyn[2].d_un.d_val), 16, "relocation table"},
	{FIELD(dyn[2].d_tag), DT_NEEDED, "shared library"},
	{FIELD(dyn[2].d_tag), DT_JMPREL, "RELA only"},
	{FIELD(rela[0].r_info), R_RISCV_64, "R_RISCV_RELATIVE only, found type 2"},
	{FIELD(rela[0].r_offset), CODE_VA - 4, "outside the program"},
	{FIELD(rela[0].r_offset), TABLE_VA + 0x1800 - 4, "outside the program"},
	{FIELD(rela[0].r_offset), UINT64_MAX - 3, "outside the program"},
};

static void every_broken_field_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(breakages) / sizeof(*breakages); i++) {
		const struct breakage *b = &breakages[i];
		struct file f;
		char why[200];

		make(&f);
		memcpy((char *)&f + b->offset, &b->value, b->size);
		assert_int_equal(check(&f, sizeof(f), why), -ENOEXEC);
		if (!strstr(why, b->why))
			fail_msg("breakage %zu: expected a word of \"%s\", found \"%s\"", i, b->why,
				 why);
	}
}

/* Symbols are a convenience: broken ones are not found, and break nothing else. */
static void broken_symbols_are_not_found(void **state)
{
	static const struct breakage broken[] = {
		{FIELD(sym[1].st_name), 1 << 20, NULL},
		{FIELD(sym[1].st_value), UINT64_MAX - 4, NULL},
		{FIELD(sym[1].st_size), UINT64_MAX, NULL},
		{FIELD(shdr[1].sh_offset), UINT64_MAX, NULL},
		{FIELD(shdr[1].sh_size), UINT64_MAX, NULL},
		{FIELD(shdr[1].sh_link), 3, NULL},
		{FIELD(shdr[1].sh_entsize), 8, NULL},
		{FIELD(shdr[2].sh_offset), UINT64_MAX - 3, NULL},
		{FIELD(shdr[2].sh_size), 3, NULL},
		{FIELD(str[31]), 'x', NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct elf_image elf;
		struct file f;
		uint64_t addr;
		char why[200];

		make(&f);
		memcpy((char *)&f + broken[i].offset, &broken[i].value, broken[i].size);
		assert_int_equal(elf_check(&f, sizeof(f), &elf, why, sizeof(why)), 0);
		assert_false(elf_find_function(&elf, "kernel", &addr));
	}
}

/* Uses whatever is accepted; sanitizers judge. */
static void use(const struct elf_image *elf)
{
	uint8_t *memory = calloc(1, elf->span);
	const char *name;
	uint64_t addr;

	assert_non_null(memory);
	elf_place(elf, 0x100000000, memory);
	free(memory);
	elf_find_function(elf, "kernel", &addr);
	elf_function_at(elf, CODE_VA + 4, &name, &addr);
}

static void random_damage_is_harmless(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	unsigned int accepted = 0;

	(void)state;
	srand(1);
	for (int step = 0; step < 50000; step++) {
		struct file *f = malloc(sizeof(*f));
		struct elf_image elf;
		char why[200];

		assert_non_null(f);
		make(f);
		for (int n = 1 + rand() % 4; n; n--)
			((uint8_t *)f)[rand() % sizeof(*f)] =
				rand() % 2 ? values[rand() % sizeof(values)] : rand();
		if (!elf_check(f, sizeof(*f), &elf, why, sizeof(why))) {
			assert_true(elf.span <= ELF_MAX_SPAN);
			if (elf.span <= 1 << 20)
				use(&elf);
			accepted++;
		}
		free(f);
	}
	assert_in_range(accepted, 1000, 49000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_place_relocate),
		cmocka_unit_test(symbols),
		cmocka_unit_test(a_kernel_must_be_executable_and_aligned),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_broken_field_is_refused),
		cmocka_unit_test(broken_symbols_are_not_found),
		cmocka_unit_test(random_damage_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
