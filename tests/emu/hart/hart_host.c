// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "hart_host.h"

#define PAGE 4096u

static int translate(void *ctx, uint64_t va, enum hart_access access, uint8_t **host, uint64_t *run)
{
	static const int causes[] = {
		[HART_READ] = AXON_FAULT_PAGE_READ,
		[HART_WRITE] = AXON_FAULT_PAGE_WRITE,
		[HART_EXEC] = AXON_FAULT_PAGE_EXEC,
	};
	const struct hart_host *h = ctx;
	uint64_t offset = va - HART_HOST_VA;

	if (offset >= h->size)
		return causes[access];
	*host = h->memory + offset;
	*run = h->size - offset;
	return 0;
}

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void hart_host_init(struct hart_host *host, uint64_t size)
{
	memset(host, 0, sizeof(*host));
	host->size = (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	host->memory = must(calloc(1, host->size));
	host->env.ctx = host;
	host->env.sram = must(calloc(1, HART_HOST_SRAM));
	host->env.sram_size = HART_HOST_SRAM;
	host->env.cache = must(hart_cache_new());
	host->env.translate = translate;
}

void hart_host_fini(struct hart_host *host)
{
	hart_cache_free(host->env.cache);
	free(host->env.sram);
	free(host->memory);
}

void hart_host_start(struct hart_host *host, uint64_t pc)
{
	memset(&host->hart, 0, sizeof(host->hart));
	host->hart.x[1] = AXON_EXIT_PC;
	host->hart.x[2] = AXON_SRAM_BASE + HART_HOST_SRAM;
	host->hart.pc = pc;
}
