/* SPDX-License-Identifier: MIT */
/* The kernel programs, carried in the library. The assembler finds them by its include path. */
.section .rodata

.macro image name
	.balign 64
	.globl image_\name
	.hidden image_\name
	.type image_\name, @object
image_\name:
	.incbin "\name\().elf"
	.size image_\name, . - image_\name
	.globl image_\name\()_end
	.hidden image_\name\()_end
image_\name\()_end:
.endm

image pack
image embed
image norm
image matmul
image gated
image rope
image attention
image sample
image advance
image logprob
image gather
image conv
image conv_grad
image max_pool
image gemm
image cross_entropy
image reduce
image adamw
image embed_grad
image norm_grad
image rotate
image flash
image flash_grad
image swiglu
image sum_squares

.section .note.GNU-stack, "", %progbits
