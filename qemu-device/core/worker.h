/* SPDX-License-Identifier: MIT */
/*
 * A host thread that runs command processors and parts of jobs, with the memory it does so in. It
 * spins for a while when there is nothing to do, then sleeps.
 */
#ifndef AXON_WORKER_H
#define AXON_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "axon_hw.h"
#include "engine.h"
#include "hart.h"
#include "launch.h"
#include "mmu.h"

struct axon_core;
struct slot;

struct worker {
	struct axon_core *core;
	pthread_t thread;

	/*
	 * Somebody wants worker_check() called soon. Harts poll the first; engines the second, which is
	 * not set for a suspend: an operation under way is finished then, or it might never be.
	 */
	_Atomic uint32_t stop;
	_Atomic uint32_t stop_engine;
	_Atomic uint64_t inv_seen;   /* core->inv_seq at the last worker_check() */
	_Atomic uint32_t inside;     /* 1 + the only address space it uses; 0: it may use any */
	bool resting;		     /* asleep or parked; under core->lock */
	bool serving;		     /* a slot's reset, suspend or resume; its own thread's */
	_Atomic(struct slot *) slot; /* whom it works for */
	unsigned int last_slot;

	/* of the part that it runs: for the tick thread */
	_Atomic uint64_t progress_ns; /* 0 = no part */
	_Atomic uint32_t expired;     /* no progress for too long, it seems */

	/* progress that it made for each slot: for SLOT_PROGRESS */
	_Atomic uint32_t progress[AXON_NUM_SLOTS];

	/* of the packet that failed: for its fault record */
	uint64_t fault_addr;
	uint64_t fault_info;

	struct mmu mmu;
	struct workgroup wg;
};

/* Start core->num_workers workers and the tick thread. False when a thread or memory was refused. */
bool worker_start_all(struct axon_core *core);
/* End the threads that were started; nothing may be quiesced. */
void worker_stop_all(struct axon_core *core);

/* The worker completed something for the slot. */
void worker_progressed(struct worker *worker, const struct slot *slot);
/* All that was completed for a slot, modulo 2^32. */
uint32_t worker_progress(struct axon_core *core, const struct slot *slot);

/* How many workers this host has physical cores for. */
unsigned int worker_default_count(void);

/*
 * Called where no host pointer is held: parks while the chip is quiesced, lets invalidations finish
 * and sees to what the host thread asked of other slots, whose cores may all be in long workgroups.
 * False when the slot that the worker works for must be left.
 */
bool worker_check(struct worker *worker);
/* The same for one that has to end something of a slot that is being suspended or resumed. */
bool worker_check_switch(struct worker *worker, struct slot *slot);

/* Is there work for another slot that nobody does? */
bool worker_is_wanted(struct worker *worker, const struct slot *slot);

/* Make all workers call worker_check(). */
void worker_interrupt_all(struct axon_core *core);
/* The same, but let engine operations end first. */
void worker_interrupt_harts(struct axon_core *core);
/* Make those that work for a slot, whose `stop` is set. The others' operations are not disturbed. */
void worker_interrupt_slot(struct axon_core *core, const struct slot *slot);
/* Make those that may use translations of an address space from before now. */
void worker_invalidate(struct axon_core *core, unsigned int as);
/* Wake up to `count` sleeping workers. */
void worker_wake(struct axon_core *core, uint64_t count);

/* By the host thread. Wait until no worker runs; with `idle`, until none is inside a part either. */
void worker_wait_rested(struct axon_core *core, bool idle);
/* Is no worker left that may use a translation from before an invalidation? */
bool worker_all_invalidated(struct axon_core *core);

#endif
