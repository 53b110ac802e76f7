// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "llm_pool.h"

int llm_pool_init(struct llm_pool *pool, uint32_t pages)
{
	pool->used = calloc(pages, sizeof(*pool->used));
	pool->pages = pool->free = pages;
	return pool->used ? 0 : -ENOMEM;
}

void llm_pool_destroy(struct llm_pool *pool)
{
	free(pool->used);
}

/* The first page of the first gap of n pages; 0 when there is none, so that the search begins there. */
static uint32_t find_gap(const struct llm_pool *pool, uint32_t n)
{
	uint32_t gap = 0;

	for (uint32_t i = 0; i < pool->pages; i++) {
		gap = pool->used[i] ? 0 : gap + 1;
		if (gap == n)
			return i + 1 - n;
	}
	return 0;
}

int llm_pool_take(struct llm_pool *pool, uint32_t n, uint32_t *pages)
{
	if (n > pool->free)
		return -EAGAIN;
	for (uint32_t i = find_gap(pool, n), taken = 0; taken < n; i++) {
		if (pool->used[i])
			continue;
		pool->used[i] = true;
		pages[taken++] = i;
	}
	pool->free -= n;
	return 0;
}

void llm_pool_give_back(struct llm_pool *pool, const uint32_t *pages, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		pool->used[pages[i]] = false;
	pool->free += n;
}
