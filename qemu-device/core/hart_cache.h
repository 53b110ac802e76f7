/* SPDX-License-Identifier: MIT */
/*
 * The hart's path to memory: the soft TLB and the pages of decoded code. Private to hart*.c.
 */
#ifndef AXON_HART_CACHE_H
#define AXON_HART_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hart.h"
#include "hart_decode.h"

#define HART_TLB_SIZE	256
#define HART_CODE_PAGES 64

struct hart_tlb_entry {
	uint64_t page; /* va >> HART_PAGE_SHIFT; empty: all ones, which none is */
	uint8_t *host; /* of the page's first byte */
};

struct hart_cache {
	uint64_t tlb_space;			     /* whose translations tlb holds */
	struct hart_tlb_entry tlb[2][HART_TLB_SIZE]; /* HART_READ, HART_WRITE */
	uint64_t generation;			     /* pages of another one are stale */
	struct hart_page *code[HART_CODE_PAGES];     /* direct-mapped by page number */
	uint64_t fault_addr;			     /* of the last access that failed */
};

/* A value, or the cause why there is none. */
struct hart_word {
	uint64_t value;
	uint32_t cause;
};

/* Make the TLB that of @env's address space. */
void hart_cache_enter(const struct hart_env *env);

/* Does the access lie in SRAM? */
static inline bool hart_in_sram(const struct hart_env *env, uint64_t va, unsigned size)
{
	return va - AXON_SRAM_BASE <= env->sram_size - size;
}

/* Host address of an access that lies within a page of the TLB, or NULL. */
static inline uint8_t *hart_tlb_find(const struct hart_env *env, uint64_t va, unsigned size,
				     enum hart_access access)
{
	uint64_t number = va >> HART_PAGE_SHIFT;
	const struct hart_tlb_entry *entry = &env->cache->tlb[access][number & (HART_TLB_SIZE - 1)];
	uint64_t offset = va & HART_PAGE_MASK;

	if (entry->page == number && offset <= HART_PAGE_SIZE - size)
		return entry->host + offset;
	return NULL;
}

/*
 * Load or store 1, 2, 4 or 8 bytes at any address, the long way: translate(), accesses that cross
 * a page, faults. A store that faults has written nothing. After a fault the address is in
 * cache->fault_addr.
 */
struct hart_word hart_load(const struct hart_env *env, uint64_t va, unsigned size);
uint32_t hart_store(const struct hart_env *env, uint64_t va, uint64_t value, unsigned size);

/* Fetch and decode the page of @pc (4-byte aligned). Returns 0 or a fault cause. */
uint32_t hart_code_fetch(const struct hart_env *env, uint64_t pc, const void *const *handlers,
			 struct hart_page **page);

/* The decoded page of @pc, if it is there. */
static inline struct hart_page *hart_code_find(const struct hart_env *env, uint64_t pc)
{
	const struct hart_cache *cache = env->cache;
	struct hart_page *page = cache->code[pc >> HART_PAGE_SHIFT & (HART_CODE_PAGES - 1)];

	if (page && page->va == (pc & ~(uint64_t)HART_PAGE_MASK) && page->space == env->space &&
	    page->generation == cache->generation)
		return page;
	return NULL;
}

#endif
