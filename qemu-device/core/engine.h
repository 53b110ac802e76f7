/* SPDX-License-Identifier: MIT */
/*
 * What the three engines share: how an operand's address becomes host memory, how a broken
 * descriptor is reported, and what an operation costs. One struct engine per worker.
 */
#ifndef AXON_ENGINE_H
#define AXON_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "axon_hw.h"
#include "axon_isa.h"

enum engine_access { ENGINE_READ, ENGINE_WRITE };

struct engine {
	uint8_t *sram; /* host address of AXON_SRAM_BASE */
	uint32_t sram_size;
	/* Maps va (>= 4 GiB) to host memory; *run = contiguous bytes there, at least 1. 0 or a fault cause.
	 * Contiguous host runs are merged as far as they go, at most 1 GiB. */
	int (*translate)(void *opaque, uint64_t va, enum engine_access access, uint8_t **host,
			 uint64_t *run);
	/* After a write through translate(): tells the host which bytes changed. */
	void (*written)(void *opaque, uint64_t va, uint64_t bytes);
	void *opaque;
	const volatile uint32_t *stop; /* non-zero: leave at the next panel with ENGINE_STOPPED */
	/* Asked while *stop is set: will nobody want the operation's result, so that it can be left
	 * whatever it has done? Once true, the workgroup does not go on. NULL: never. */
	bool (*doomed)(void *opaque);

	/* results of the last operation */
	uint64_t cycles; /* modelled cost */
	uint64_t fault_addr;
	uint64_t fault_info;
};

/* An operation returns 0, a cause of enum axon_fault_cause, or ENGINE_STOPPED: it was left
 * half-way, has no result, and may be run again from its start (no operation reads what it wrote
 * except MATRIX ACCUMULATE, SCATTER_ADD and the like, which are therefore only stopped before they
 * start, or when they are doomed). */
#define ENGINE_STOPPED (-1)

/* Has an operation to be left now? */
static inline bool engine_stopped(const struct engine *e, bool repeatable)
{
	return e->stop && *e->stop && (repeatable || (e->doomed && e->doomed(e->opaque)));
}

/* desc: the copied descriptor, `size` bytes as its header says, at VA desc_va (for fault records). */
int dma_run(struct engine *e, const struct axon_desc *desc, uint64_t desc_va);
int matrix_run(struct engine *e, const struct axon_desc *desc, uint64_t desc_va);
int vector_run(struct engine *e, const struct axon_desc *desc, uint64_t desc_va);

/* engine.c: helpers */

/* Host memory of [addr, addr + bytes): SRAM is checked whole; memory gives the first run only, which
 * may be shorter (*run < bytes). 0 or a cause, with fault_addr set. */
int engine_resolve(struct engine *e, uint64_t addr, uint64_t bytes, enum engine_access access,
		   uint8_t **host, uint64_t *run);
/* Copies between host memory and an operand across runs. */
int engine_read(struct engine *e, void *dst, uint64_t addr, uint64_t bytes);
int engine_write(struct engine *e, uint64_t addr, const void *src, uint64_t bytes);
/* A pointer to [addr, addr + bytes) if it is contiguous, else the bytes copied into `bounce`. */
int engine_view(struct engine *e, uint64_t addr, uint64_t bytes, void *bounce,
		const uint8_t **view);
/* Returns AXON_FAULT_BAD_DESC with the record's addr and info set. */
int engine_bad_desc(struct engine *e, uint64_t desc_va, size_t field_offset, uint32_t found);

static inline bool engine_is_local(uint64_t addr)
{
	return addr < AXON_LOCAL_END;
}

#endif
