/* SPDX-License-Identifier: MIT */
/*
 * Predecoded code. A page of memory becomes an array of hart_op: what the interpreter needs of
 * each instruction, its handler's address first.
 */
#ifndef AXON_HART_DECODE_H
#define AXON_HART_DECODE_H

#include <stdint.h>

#define HART_PAGE_SHIFT 12
#define HART_PAGE_SIZE	(1u << HART_PAGE_SHIFT)
#define HART_PAGE_MASK	(HART_PAGE_SIZE - 1)
#define HART_PAGE_INSNS (HART_PAGE_SIZE / 4)

/* Writes to x0 go to this slot of hart.x. */
#define HART_X_SINK 32

struct hart_op {
	const void *handler;
	union {
		/*
		 * I, S: the immediate; U: the value, auipc's from the page's address; J, B:
		 * distance in ops; trampolines: target in bytes from the page; WORD: the word.
		 */
		int32_t imm;
		struct {
			uint8_t rs2;
			uint8_t rs3;
			uint8_t rm;
		};
	};
	uint16_t before; /* modelled cycles of the ops before this one in the page */
	uint8_t rd;	 /* S and B, which have none: rs2 */
	uint8_t rs1;
};
_Static_assert(sizeof(struct hart_op) == 16, "four ops to a cache line");

/*
 * ops[0..1023] are the page's instructions, ops[1024] leaves the page at its end, and trampolines
 * follow: a branch out of the page, or to a misaligned address, goes to one instead.
 */
struct hart_page {
	uint64_t space;
	uint64_t va;
	uint64_t generation;
	struct hart_op ops[];
};

/*
 * Decode one page of code that lies at @va. @handlers is the interpreter's table by
 * hart_insn_id. Free the result with free(); NULL when memory ran out.
 */
struct hart_page *hart_decode_page(const uint32_t words[HART_PAGE_INSNS], uint64_t va,
				   const void *const *handlers);

#endif
