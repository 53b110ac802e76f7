/* SPDX-License-Identifier: MIT */
/*
 * Random programs for the differential test. A program is a row of snippets; each loads all
 * registers and fcsr from a record of its own, executes a few random instructions, and stores all
 * registers and fcsr in another record. The program ends with Linux system calls that write the
 * records, the scratch area and SRAM to standard output, and exit.
 */
#ifndef RANDOM_PROGRAM_H
#define RANDOM_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "hart_host.h"
#include "random_fp.h"

#define PROGRAM_SNIPPETS 400
#define SNIPPET_WORDS	 512 /* at most, with loading and storing the registers */

/* The registers before and after a snippet. x31 points here. */
struct snippet_state {
	uint64_t x[31];
	uint64_t fcsr;
	uint64_t f[32];
};

/* What lies at HART_HOST_VA. */
struct program_image {
	uint8_t scratch[8192];
	struct snippet_state in[PROGRAM_SNIPPETS];
	struct snippet_state out[PROGRAM_SNIPPETS];
	uint32_t code[PROGRAM_SNIPPETS * SNIPPET_WORDS];
};

/* The part of the image that a program writes out, and then SRAM. */
#define PROGRAM_DUMP offsetof(struct program_image, code)

#define PROGRAM_ENTRY (HART_HOST_VA + offsetof(struct program_image, code))

struct program {
	struct program_image image;
	uint8_t sram[HART_HOST_SRAM];
	uint32_t num_words; /* of image.code */
	uint32_t overhead;  /* instructions executed that are not random */
	struct {
		uint32_t first, count; /* its random instructions, in words of code */
	} snippets[PROGRAM_SNIPPETS];
};

void random_program(struct program *program, struct random *random);

#endif
