/* SPDX-License-Identifier: MIT */
/* The benchmarks' own kernel programs. The assembler finds them by its include path. */
.section .rodata

.macro image name
	.balign 64
	.globl image_\name
	.type image_\name, @object
image_\name:
	.incbin "\name\().elf"
	.size image_\name, . - image_\name
	.globl image_\name\()_end
image_\name\()_end:
.endm

image bench_count
image bench_matmul

.section .note.GNU-stack, "", %progbits
