/* SPDX-License-Identifier: MIT */
/*
 * The least that a hart needs around it: SRAM and one flat piece of memory, readable, writable and
 * executable, at the start of the virtual addresses. For tests.
 */
#ifndef HART_HOST_H
#define HART_HOST_H

#include <stdint.h>

#include "hart.h"

#define HART_HOST_VA   AXON_LOCAL_END
#define HART_HOST_SRAM 0x10000u

struct hart_host {
	struct axon_hart hart;
	struct hart_env env;
	uint8_t *memory; /* at HART_HOST_VA */
	uint64_t size;	 /* whole pages */
};

/* Aborts when memory ran out. @size is rounded up to whole pages. */
void hart_host_init(struct hart_host *host, uint64_t size);
void hart_host_fini(struct hart_host *host);

/* Start at @pc with ra = AXON_EXIT_PC and sp at SRAM's end, everything else zero. */
void hart_host_start(struct hart_host *host, uint64_t pc);

#endif
