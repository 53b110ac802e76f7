// SPDX-License-Identifier: MIT
#include <elf.h>
#include <string.h>

#include "riscv_elf.h"

#define PAGE	     4096u
#define MAX_SEGMENTS 4

int riscv_elf_write(FILE *file, const struct riscv_segment *segments, unsigned num_segments,
		    uint64_t entry)
{
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr[MAX_SEGMENTS];
		uint8_t pad[PAGE - sizeof(Elf64_Ehdr) - MAX_SEGMENTS * sizeof(Elf64_Phdr)];
	} head;
	uint64_t offset = sizeof(head);

	memset(&head, 0, sizeof(head));
	memcpy(head.ehdr.e_ident, ELFMAG, SELFMAG);
	head.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	head.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	head.ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	head.ehdr.e_type = ET_EXEC;
	head.ehdr.e_machine = EM_RISCV;
	head.ehdr.e_version = EV_CURRENT;
	head.ehdr.e_entry = entry;
	head.ehdr.e_phoff = sizeof(head.ehdr);
	head.ehdr.e_flags = 0x4; /* double-float ABI */
	head.ehdr.e_ehsize = sizeof(head.ehdr);
	head.ehdr.e_phentsize = sizeof(head.phdr[0]);
	head.ehdr.e_phnum = num_segments;
	for (unsigned i = 0; i < num_segments; i++) {
		head.phdr[i] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W | PF_X,
			.p_offset = offset,
			.p_vaddr = segments[i].va,
			.p_paddr = segments[i].va,
			.p_filesz = segments[i].size,
			.p_memsz = segments[i].size,
			.p_align = PAGE,
		};
		offset += segments[i].size;
	}
	if (fwrite(&head, sizeof(head), 1, file) != 1)
		return -1;
	for (unsigned i = 0; i < num_segments; i++)
		if (fwrite(segments[i].data, segments[i].size, 1, file) != 1)
			return -1;
	return fflush(file);
}
