/* SPDX-License-Identifier: MIT */
/* Which pages of a key-value cache are free. */
#ifndef AXON_RUNTIME_LLM_POOL_H
#define AXON_RUNTIME_LLM_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct llm_pool {
	uint32_t pages, free;
	bool *used; /* [pages] */
};

/* -ENOMEM */
int llm_pool_init(struct llm_pool *pool, uint32_t pages);
void llm_pool_destroy(struct llm_pool *pool);

/*
 * n pages into `pages`, following each other where there is such a gap, for the attention kernel
 * takes a run of pages at once. -EAGAIN when fewer are free; nothing is taken then.
 */
int llm_pool_take(struct llm_pool *pool, uint32_t n, uint32_t *pages);
void llm_pool_give_back(struct llm_pool *pool, const uint32_t *pages, uint32_t n);

#endif
