/* SPDX-License-Identifier: MIT */
/* Write a static RISC-V Linux executable made of memory images, without a toolchain. */
#ifndef RISCV_ELF_H
#define RISCV_ELF_H

#include <stdint.h>
#include <stdio.h>

struct riscv_segment {
	uint64_t va; /* multiple of 4096 */
	const void *data;
	uint64_t size; /* multiple of 4096 */
};

/* Readable, writable and executable segments; execution starts at @entry. 0, or -1 and errno. */
int riscv_elf_write(FILE *file, const struct riscv_segment *segments, unsigned num_segments,
		    uint64_t entry);

#endif
