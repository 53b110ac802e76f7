/* SPDX-License-Identifier: MIT */
/*
 * An engine over a small flat memory at FLAT_BASE, for tests of single operations. Scattered, no two
 * neighbouring pages of it are neighbours in the host, so that every page ends a run.
 */
#ifndef FLAT_ENGINE_H
#define FLAT_ENGINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine.h"

#define FLAT_BASE     0x200000000ull
#define FLAT_PAGE     4096u
#define FLAT_PAGES    2048u
#define FLAT_BYTES    (FLAT_PAGE * FLAT_PAGES)
#define FLAT_READONLY (FLAT_BASE + FLAT_BYTES - FLAT_PAGE) /* the last page */
#define FLAT_SRAM     0x40000u
#define FLAT_DESC     (AXON_SRAM_BASE + 0x123450ull) /* where descriptors claim to be */

struct flat {
	struct engine e;
	uint32_t stop;
	bool scattered;
	uint8_t *mem;
	uint8_t *reported; /* bytes that written() named */
	uint64_t translations;
};

static inline uint8_t *flat_host(struct flat *f, uint64_t va)
{
	uint64_t offset = va - FLAT_BASE;

	return f->mem + (f->scattered ? offset ^ FLAT_PAGE : offset);
}

static int flat_translate(void *opaque, uint64_t va, enum engine_access access, uint8_t **host,
			  uint64_t *run)
{
	struct flat *f = opaque;

	f->translations++;
	if (va < FLAT_BASE || va >= FLAT_BASE + FLAT_BYTES)
		return access == ENGINE_WRITE ? AXON_FAULT_PAGE_WRITE : AXON_FAULT_PAGE_READ;
	if (access == ENGINE_WRITE && va >= FLAT_READONLY)
		return AXON_FAULT_PAGE_WRITE;
	*host = flat_host(f, va);
	if (f->scattered)
		*run = FLAT_PAGE - va % FLAT_PAGE;
	else
		*run = (access == ENGINE_WRITE ? FLAT_READONLY : FLAT_BASE + FLAT_BYTES) - va;
	return 0;
}

static void flat_written(void *opaque, uint64_t va, uint64_t bytes)
{
	struct flat *f = opaque;

	assert_true(va >= FLAT_BASE && bytes <= FLAT_READONLY - va);
	memset(f->reported + (va - FLAT_BASE), 1, bytes);
}

static inline void flat_open(struct flat *f)
{
	memset(f, 0, sizeof(*f));
	f->mem = calloc(1, FLAT_BYTES);
	f->reported = calloc(1, FLAT_BYTES);
	f->e.sram = calloc(1, FLAT_SRAM);
	assert_true(f->mem && f->reported && f->e.sram);
	f->e.sram_size = FLAT_SRAM;
	f->e.translate = flat_translate;
	f->e.written = flat_written;
	f->e.opaque = f;
	f->e.stop = &f->stop;
}

static inline void flat_close(struct flat *f)
{
	free(f->mem);
	free(f->reported);
	free(f->e.sram);
}

/* The byte at an address of either kind. */
static inline uint8_t *flat_at(struct flat *f, uint64_t addr)
{
	return engine_is_local(addr) ? f->e.sram + (addr - AXON_SRAM_BASE) : flat_host(f, addr);
}

static inline void flat_put(struct flat *f, uint64_t addr, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*flat_at(f, addr + i) = ((const uint8_t *)from)[i];
}

static inline void flat_get(struct flat *f, uint64_t addr, void *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((uint8_t *)to)[i] = *flat_at(f, addr + i);
}

/* Copies of what memory and SRAM hold, to see afterwards what an operation changed. */
struct flat_before {
	uint8_t *mem, *sram;
};

static inline struct flat_before flat_before(struct flat *f)
{
	struct flat_before b = {malloc(FLAT_BYTES), malloc(FLAT_SRAM)};

	memcpy(b.mem, f->mem, FLAT_BYTES);
	memcpy(b.sram, f->e.sram, FLAT_SRAM);
	memset(f->reported, 0, FLAT_BYTES);
	return b;
}

/* Every changed byte of memory must have been reported. */
static inline void flat_check_reported(struct flat *f, const struct flat_before *b)
{
	for (uint64_t page = 0; page < FLAT_BYTES; page += FLAT_PAGE) {
		uint64_t at = f->scattered ? page ^ FLAT_PAGE : page;

		if (!memcmp(f->mem + at, b->mem + at, FLAT_PAGE))
			continue;
		for (uint64_t i = 0; i < FLAT_PAGE; i++)
			if (f->mem[at + i] != b->mem[at + i] && !f->reported[page + i])
				fail_msg("byte 0x%llx changed without a report",
					 (unsigned long long)(page + i));
	}
}

static inline bool flat_unchanged(struct flat *f, const struct flat_before *b)
{
	return !memcmp(f->mem, b->mem, FLAT_BYTES) && !memcmp(f->e.sram, b->sram, FLAT_SRAM);
}

static inline void flat_forget(struct flat_before *b)
{
	free(b->mem);
	free(b->sram);
}

/* The offset of the field that a BAD_DESC names. */
static inline uint64_t flat_bad_field(const struct flat *f)
{
	return f->e.fault_info >> 32;
}

/* A small generator, the same everywhere. */
static inline uint32_t flat_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33 ^ *state >> 11;
}

#endif
