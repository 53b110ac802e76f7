/* SPDX-License-Identifier: MIT */
/* Run a program of ours under Debian's qemu-riscv64 (package qemu-user). */
#ifndef QEMU_RUN_H
#define QEMU_RUN_H

#include <stddef.h>

#include "riscv_elf.h"

/* Exit codes of tests. */
enum { QEMU_FAIL = 1, QEMU_SKIP = 77 };

/*
 * Run the executable that riscv_elf_write() makes of these arguments and take @size bytes of its
 * standard output. Exits with QEMU_SKIP when qemu-riscv64 is not installed, and with QEMU_FAIL and
 * a message when anything else goes wrong.
 */
void qemu_run(const struct riscv_segment *segments, unsigned num_segments, uint64_t entry,
	      void *output, size_t size);

#endif
