/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "matrix_world.h"

static int translate(void *opaque, uint64_t va, enum engine_access access, uint8_t **host,
		     uint64_t *run)
{
	struct world *w = opaque;
	uint64_t at = va - MEM_BASE, page = at / w->page_size, last = page;

	if (va < MEM_BASE || at >= MEM_SIZE)
		return access == ENGINE_READ ? AXON_FAULT_PAGE_READ : AXON_FAULT_PAGE_WRITE;
	if (w->stop_after >= 0 && w->stop_after-- == 0)
		w->stop = 1;
	while (last + 1 < MEM_SIZE / w->page_size && w->page_of[last + 1] == w->page_of[last] + 1)
		last++;
	*host = w->pages + (uint64_t)w->page_of[page] * w->page_size + at % w->page_size;
	*run = (last + 1 - page) * w->page_size - at % w->page_size;
	return 0;
}

static void written(void *opaque, uint64_t va, uint64_t bytes)
{
	struct world *w = opaque;

	assert_in_range(va, MEM_BASE, MEM_BASE + MEM_SIZE - bytes);
	memset(w->written + (va - MEM_BASE), 1, bytes);
}

static uint32_t random_state = 1;

uint32_t rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

struct world *world_new(uint32_t page_size)
{
	struct world *w = calloc(1, sizeof(*w));
	uint32_t pages = MEM_SIZE / page_size;

	w->e = (struct engine){.sram_size = SRAM_SIZE,
			       .translate = translate,
			       .written = written,
			       .opaque = w,
			       .stop = &w->stop};
	w->e.sram = malloc(SRAM_SIZE);
	w->mem = calloc(1, MEM_SIZE);
	w->pages = malloc(MEM_SIZE);
	w->written = calloc(1, MEM_SIZE);
	w->page_size = page_size;
	w->page_of = malloc(pages * sizeof(*w->page_of));
	w->stop_after = -1;
	for (uint32_t i = 0; i < SRAM_SIZE; i++)
		w->e.sram[i] = (uint8_t)(i * 7);
	for (uint32_t i = 0; i < pages; i++)
		w->page_of[i] = i;
	for (uint32_t i = pages - 1; page_size < MEM_SIZE && i > 0; i--) {
		uint32_t j = rnd() % (i + 1), swap = w->page_of[i];

		w->page_of[i] = w->page_of[j];
		w->page_of[j] = swap;
	}
	return w;
}

void world_free(struct world *w)
{
	free(w->e.sram);
	free(w->mem);
	free(w->pages);
	free(w->written);
	free(w->page_of);
	free(w);
}

void world_sync(struct world *w, bool to_pages)
{
	for (uint32_t i = 0; i < MEM_SIZE / w->page_size; i++) {
		uint8_t *page = w->pages + (uint64_t)w->page_of[i] * w->page_size;
		uint8_t *flat = w->mem + (uint64_t)i * w->page_size;

		memcpy(to_pages ? page : flat, to_pages ? flat : page, w->page_size);
	}
}

int world_run(struct world *w, const struct axon_matrix_desc *d)
{
	w->stop = 0;
	memset(w->written, 0, MEM_SIZE);
	w->e.fault_addr = w->e.fault_info = 0;
	return matrix_run(&w->e, &d->h, DESC_VA);
}

unsigned int size_of(unsigned int type)
{
	return type == AXON_F32 || type == AXON_I32 ? 4 : type == AXON_I8 ? 1 : 2;
}

struct axon_matrix_desc matrix_desc(unsigned int a_type, unsigned int b_type, struct shape s)
{
	unsigned int row =
		a_type == AXON_Q8A ? s.k / 32 * sizeof(struct axon_q8a) : s.k * size_of(a_type);

	return (struct axon_matrix_desc){
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(struct axon_matrix_desc)},
		.m = s.m,
		.n = s.n,
		.k = s.k,
		.a = AXON_SRAM_BASE + 8,
		.a_s0 = (int32_t)((row + 7) & ~7u) + 8,
		.b = B_AT + 64,
		.c = C_AT,
		.c_stride = s.n * 4 + 8,
		.a_type = a_type,
		.b_type = b_type,
		.c_type = AXON_F32,
		.scale = 1.0f,
	};
}
