/* SPDX-License-Identifier: MIT */
/*
 * The hart of a core: RV64IMFD with Zicsr and Zifencei, user level only. Its state is plain data,
 * so that a workgroup can be saved, moved to another host thread and continued there.
 *
 * Addresses below 4 GiB are local and hold nothing but SRAM; at and above they are virtual
 * addresses of the launching queue. Loads and stores may be misaligned anywhere. Code is fetched
 * from virtual addresses only.
 *
 * The host's floating-point environment must be the default one (nearest, no traps) in hart_run().
 */
#ifndef AXON_HART_H
#define AXON_HART_H

#include <stdint.h>

#include "axon_hw.h"
#include "axon_isa.h"

struct hart_cache;

/* Why the hart faulted. cause is one of AXON_FAULT_*. */
struct hart_fault {
	uint32_t cause;
	uint64_t pc;
	uint64_t addr; /* the first byte at fault; a jump's target; else the pc */
	uint64_t info; /* for custom(): goes to axon_fault.info */
};

struct axon_hart {
	uint64_t x[33]; /* x[32] takes what is written to x0; x[0] stays 0 */
	uint64_t f[32]; /* singles NaN-boxed */
	uint64_t pc;
	uint32_t fcsr;	 /* frm << 5 | fflags */
	uint64_t cycles; /* modelled */
	uint64_t instret;
	struct hart_fault fault; /* valid after HART_EXIT_FAULT */
};

enum hart_access {
	HART_READ,
	HART_WRITE,
	HART_EXEC,
};

enum hart_exit {
	HART_EXIT_DONE,	  /* pc reached AXON_EXIT_PC */
	HART_EXIT_STOP,	  /* *env->stop was set; call hart_run() again to continue */
	HART_EXIT_BUDGET, /* the budget is used up; call again to continue */
	HART_EXIT_CUSTOM, /* custom() asked to leave; call again to continue */
	HART_EXIT_FAULT,  /* see hart.fault; pc is that of the faulting instruction */
};

/* What custom() wants. */
enum hart_custom {
	HART_CUSTOM_OK,	   /* retire and go on */
	HART_CUSTOM_LEAVE, /* retire, then leave with HART_EXIT_CUSTOM */
	HART_CUSTOM_RETRY, /* leave with HART_EXIT_CUSTOM, execute it again on return */
	HART_CUSTOM_FAULT, /* leave with HART_EXIT_FAULT; hart.fault has cause, addr, info */
};

/* What surrounds a hart while it runs. Callbacks are called on the thread of hart_run(). */
struct hart_env {
	void *ctx;

	uint8_t *sram;	    /* at AXON_SRAM_BASE */
	uint32_t sram_size; /* at least 8 */

	uint64_t space; /* translations and decoded code are kept by it */
	struct hart_cache *cache;

	/* Polled at least every 1,024 taken branches; may be NULL. */
	const volatile uint32_t *stop;

	/*
	 * Find the host memory behind @va (at or above 4 GiB). Sets *@host to the byte and *@run
	 * to the number of contiguous bytes from there, which must reach the end of the 4 KiB
	 * page, and returns 0; or returns a fault cause. The result is kept until
	 * hart_cache_flush(), which translate() may call itself if it does so rarely: not for each
	 * of two pages in turn.
	 */
	int (*translate)(void *ctx, uint64_t va, enum hart_access access, uint8_t **host,
			 uint64_t *run);

	/*
	 * Execute custom-0 instruction @insn. hart.cycles is current and may be advanced. *@rd, 0
	 * at first, goes to the destination register if the instruction retires.
	 */
	enum hart_custom (*custom)(void *ctx, struct axon_hart *h, uint32_t insn, uint64_t rs1,
				   uint64_t rs2, uint64_t *rd);

	/* Read CSR 0xcc0..0xcff. Returns 0, or anything else for an illegal instruction. */
	int (*csr_read)(void *ctx, unsigned csr, uint64_t *value);
};

/*
 * Run until something of hart_exit happens. @budget counts instructions and is checked when
 * @env->stop is, so more may be executed: at most 1,024 taken branches' worth.
 */
enum hart_exit hart_run(struct axon_hart *h, const struct hart_env *env, uint64_t budget);

/*
 * Translations and decoded code. One for each host thread that runs harts: it is not locked.
 * hart_cache_new() returns NULL when memory ran out.
 */
struct hart_cache *hart_cache_new(void);
void hart_cache_free(struct hart_cache *cache);

/*
 * Forget everything, in every address space. Callbacks may call it; other threads only while
 * hart_run() is not running with this cache.
 */
void hart_cache_flush(struct hart_cache *cache);

#endif
