/* SPDX-License-Identifier: MIT */
/* The kernel program of accel-smi diag. The assembler finds it by its include path. */
.section .rodata
	.balign 64
	.globl image_diag
	.type image_diag, @object
image_diag:
	.incbin "diag.elf"
	.size image_diag, . - image_diag
	.globl image_diag_end
image_diag_end:

.section .note.GNU-stack, "", %progbits
