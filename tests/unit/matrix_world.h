/* SPDX-License-Identifier: MIT */
/* What the matrix engine's tests give it: SRAM, and memory whose pages lie in shuffled order. */
#ifndef TEST_MATRIX_WORLD_H
#define TEST_MATRIX_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

#define SRAM_SIZE (256u << 10)
#define MEM_SIZE  (1u << 20)
#define MEM_BASE  0x700000000ull
#define B_AT	  MEM_BASE
#define C_AT	  (MEM_BASE + (640u << 10))
#define ADDEND_AT (MEM_BASE + (896u << 10))
#define DESC_VA	  0x10000040ull

struct shape {
	unsigned int m, n, k;
};

struct world {
	struct engine e;
	uint8_t *mem; /* as the engine's addresses see it, copied to and from the pages */
	uint8_t *pages;
	uint32_t page_size;
	uint32_t *page_of;
	uint8_t *written; /* one flag for each byte of memory */
	uint32_t stop;
	long stop_after; /* translations until stop is set; negative: never */
};

/* Pages in shuffled order, so that operands straddle host runs; of MEM_SIZE there is one. */
struct world *world_new(uint32_t page_size);
void world_free(struct world *w);
/* Copies mem to the pages, or back. */
void world_sync(struct world *w, bool to_pages);
/* matrix_run() with everything that it reports reset. */
int world_run(struct world *w, const struct axon_matrix_desc *d);

uint32_t rnd(void);
unsigned int size_of(unsigned int type);
/* A valid descriptor but for B's layout: A in SRAM, B and C in memory. */
struct axon_matrix_desc matrix_desc(unsigned int a_type, unsigned int b_type, struct shape s);

#endif
