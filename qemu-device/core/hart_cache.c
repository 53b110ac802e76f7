// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "hart_cache.h"

static void empty_tlb(struct hart_cache *cache)
{
	memset(cache->tlb, 0xff, sizeof(cache->tlb));
}

struct hart_cache *hart_cache_new(void)
{
	struct hart_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		empty_tlb(cache);
	return cache;
}

void hart_cache_free(struct hart_cache *cache)
{
	if (!cache)
		return;
	for (unsigned i = 0; i < HART_CODE_PAGES; i++)
		free(cache->code[i]);
	free(cache);
}

/* Pages are only marked stale: hart_run() may be executing one. They go when replaced. */
void hart_cache_flush(struct hart_cache *cache)
{
	empty_tlb(cache);
	cache->generation++;
}

void hart_cache_enter(const struct hart_env *env)
{
	struct hart_cache *cache = env->cache;

	if (cache->tlb_space == env->space)
		return;
	empty_tlb(cache);
	cache->tlb_space = env->space;
}

static uint32_t translate(const struct hart_env *env, uint64_t va, enum hart_access access,
			  uint8_t **host)
{
	uint64_t run = 0;
	int cause = env->translate(env->ctx, va, access, host, &run);

	if (!cause && run < HART_PAGE_SIZE - (va & HART_PAGE_MASK))
		cause = AXON_FAULT_BUS;
	if (cause)
		env->cache->fault_addr = va;
	return cause;
}

/* The first byte of an access to local addresses that is not in SRAM. */
static uint64_t local_fault_addr(const struct hart_env *env, uint64_t va)
{
	return hart_in_sram(env, va, 1) ? AXON_SRAM_BASE + (uint64_t)env->sram_size : va;
}

/*
 * Host address of @va, a read or write of virtual memory that stays within its page. Returns 0 or
 * a fault cause.
 */
static uint32_t find_data(const struct hart_env *env, uint64_t va, enum hart_access access,
			  uint8_t **host)
{
	uint64_t number = va >> HART_PAGE_SHIFT;
	struct hart_tlb_entry *entry = &env->cache->tlb[access][number & (HART_TLB_SIZE - 1)];
	uint32_t cause;

	*host = hart_tlb_find(env, va, 1, access);
	if (*host)
		return 0;
	if (va < AXON_LOCAL_END) {
		env->cache->fault_addr = local_fault_addr(env, va);
		return AXON_FAULT_LOCAL_ADDR;
	}
	cause = translate(env, va, access, host);
	if (cause)
		return cause;
	entry->host = *host - (va & HART_PAGE_MASK);
	entry->page = number;
	return 0;
}

/* An access in virtual memory: the part in its first page and the part in the next, often 0. */
struct span {
	uint8_t *host[2];
	unsigned part[2];
};

static uint32_t find_span(const struct hart_env *env, uint64_t va, unsigned size,
			  enum hart_access access, struct span *span)
{
	const struct hart_cache *cache = env->cache;
	unsigned room = HART_PAGE_SIZE - (va & HART_PAGE_MASK);
	uint64_t generation;
	uint32_t cause;

	span->part[0] = size < room ? size : room;
	span->part[1] = size - span->part[0];
	do {
		/* translate() may flush when asked for the second page, and so drop the first */
		generation = cache->generation;
		cause = find_data(env, va, access, &span->host[0]);
		if (!cause && span->part[1])
			cause = find_data(env, va + span->part[0], access, &span->host[1]);
	} while (!cause && span->part[1] && generation != cache->generation);
	return cause;
}

struct hart_word hart_load(const struct hart_env *env, uint64_t va, unsigned size)
{
	struct hart_word word = {0};
	struct span span;

	word.cause = find_span(env, va, size, HART_READ, &span);
	if (word.cause)
		return word;
	memcpy(&word.value, span.host[0], span.part[0]);
	if (span.part[1])
		memcpy((uint8_t *)&word.value + span.part[0], span.host[1], span.part[1]);
	return word;
}

uint32_t hart_store(const struct hart_env *env, uint64_t va, uint64_t value, unsigned size)
{
	struct span span;
	uint32_t cause;

	cause = find_span(env, va, size, HART_WRITE, &span);
	if (cause)
		return cause;
	memcpy(span.host[0], &value, span.part[0]);
	if (span.part[1])
		memcpy(span.host[1], (uint8_t *)&value + span.part[0], span.part[1]);
	return 0;
}

uint32_t hart_code_fetch(const struct hart_env *env, uint64_t pc, const void *const *handlers,
			 struct hart_page **page)
{
	struct hart_cache *cache = env->cache;
	struct hart_page **slot = &cache->code[pc >> HART_PAGE_SHIFT & (HART_CODE_PAGES - 1)];
	uint64_t va = pc & ~(uint64_t)HART_PAGE_MASK;
	uint32_t words[HART_PAGE_INSNS]; /* a copy: a queue may write its code meanwhile */
	uint8_t *host;
	uint32_t cause;

	if (pc < AXON_LOCAL_END) {
		cache->fault_addr = pc;
		return AXON_FAULT_PAGE_EXEC;
	}
	cause = translate(env, va, HART_EXEC, &host);
	if (cause) {
		cache->fault_addr = pc;
		return cause;
	}
	memcpy(words, host, sizeof(words));
	*page = hart_decode_page(words, va, handlers);
	if (!*page)
		return AXON_FAULT_BUS;
	(*page)->space = env->space;
	(*page)->generation = cache->generation;
	free(*slot);
	*slot = *page;
	return 0;
}
