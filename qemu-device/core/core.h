/* SPDX-License-Identifier: MIT */
/*
 * The chip's inside. Who may touch what:
 *   - the host thread (the caller of axon_core.h) writes registers;
 *   - a slot's command processor is run by the worker that owns the slot's bit in core->busy;
 *   - a job's parts are run by any worker between job_enter() and job_leave();
 *   - core->lock guards sleeping, parking and the tick thread's life, nothing on the fast path.
 * Fields with other rules say so.
 */
#ifndef CORE_H
#define CORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "axon_core.h"
#include "axon_hw.h"
#include "axon_isa.h"
#include "inject.h"
#include "job.h"
#include "sensor.h"
#include "shelf.h"

#define CORE_MAX_WORKERS 256

struct worker;

/* A CALLed buffer. */
struct slot_frame {
	uint64_t base;
	uint32_t count;
	uint32_t next; /* the packet to execute */
};

/* Why a slot's workers must leave. */
enum slot_stop {
	SLOT_GO,
	SLOT_STOP_FAULT,
	SLOT_STOP_RESET,
	SLOT_STOP_SUSPEND,   /* its state is to be saved */
	SLOT_STOP_SUSPENDED, /* it has been */
	SLOT_STOP_RESUME,    /* its state is to be read back */
};

/* One hardware queue. */
struct slot {
	unsigned int index;

	/* registers; RING to SAVE only change while nothing runs */
	uint64_t ring;
	uint32_t log2;
	uint32_t as;
	uint32_t doorbell;
	uint64_t save;
	_Atomic uint32_t ctrl;
	_Atomic uint32_t priority;
	_Atomic uint32_t wall_ms;
	_Atomic uint32_t rptr;
	_Atomic uint32_t wptr;
	_Atomic uint64_t hang;
	_Atomic uint64_t limit;
	_Atomic uint64_t counters;

	bool user;    /* the ring is unprivileged; changes when the registers above may */
	bool listens; /* to its doorbell; the host thread's */
	bool off;     /* found disabled, and not enabled since; the host thread's */

	_Atomic uint32_t state;	     /* enum axon_slot_state, but DISABLED: see slot_state() */
	_Atomic uint32_t stop;	     /* enum slot_stop */
	_Atomic uint64_t wait_since; /* wall ns; 0 = not in a WAIT */

	/* command processor */
	uint64_t held_until; /* wall ns; 0 = not held by an injected error */
	uint32_t depth;	     /* CALLs deep */
	struct slot_frame frame[AXON_CALL_DEPTH];
	uint64_t wait_addr, wait_value; /* of the WAIT that it is in */
	_Atomic uint64_t clock;		/* modelled cycles since enable */
	_Atomic uint64_t packet_start;	/* the clock when the ring packet began */
	bool overlap;			/* the last launch lets the next one start */
	unsigned int job_head;		/* the oldest job */
	unsigned int job_count;
	uint64_t job_number; /* the last one's */
	struct job job[SLOT_JOBS];
	struct shelf shelf;
	uint64_t hart[32];	   /* pc and x1 to x31 of the workgroup that faulted, or 0 */
	struct axon_counters used; /* not yet added to the context's counters in memory */
};

struct address_space {
	_Atomic uint64_t root;
	_Atomic uint64_t generation; /* of its translations */
	_Atomic uint64_t owner;	     /* changes with the root: SRAM is scrubbed */
	_Atomic uint64_t inv_seq;    /* core->inv_seq at its last invalidation */
};

struct axon_core {
	struct axon_core_host host;
	void *opaque;
	uint8_t *vram;
	uint64_t vram_size;
	uint32_t sram_size;
	unsigned int cores;
	uint8_t uuid[16];
	uint64_t power_on; /* CLOCK_MONOTONIC ns */

	_Atomic uint32_t ctrl;
	_Atomic uint32_t irq_status;
	_Atomic uint32_t irq_mask;
	struct address_space as[AXON_NUM_AS];
	_Atomic uint64_t bus_generation;
	_Atomic uint64_t inv_seq;    /* invalidations begun */
	uint64_t inv_start, inv_end; /* registers */
	uint32_t db_value[AXON_NUM_DOORBELLS];
	uint32_t db_rung[AXON_NUM_DOORBELLS / 32];
	_Atomic uint64_t perf_cycles[AXON_NUM_ENGINES];
	_Atomic uint64_t perf_ns[AXON_NUM_ENGINES];
	struct sensor sensor;

	/* the fault ring; a record is written under the lock, which the host thread never takes */
	pthread_mutex_t fault_lock;
	_Atomic uint64_t fault_base;
	_Atomic uint32_t fault_log2;
	_Atomic uint32_t fault_head;
	_Atomic uint32_t fault_tail;
	_Atomic uint32_t fault_lost;

	struct inject inject;

	pthread_mutex_t log_lock; /* one message at a time */

	/* scheduling: a bit for each slot; open: one for each job, SLOT_JOBS rows of slots */
	struct slot slot[AXON_NUM_SLOTS];
	_Atomic uint32_t ready;	  /* has something for the command processor */
	_Atomic uint32_t busy;	  /* its command processor runs */
	_Atomic uint32_t running; /* has packets or jobs under way: workers spin */
	_Atomic bool lookout;	  /* an idle worker is on the look-out: it spins longer */
	_Atomic uint32_t waiting; /* is in a WAIT packet */
	_Atomic uint64_t open;
	_Atomic uint32_t level[4]; /* slots of each priority */

	pthread_mutex_t lock;
	pthread_cond_t work;   /* for sleepers: something became ready, or parking ended */
	pthread_cond_t rested; /* for the host thread: core->awake fell to 0 */
	pthread_cond_t ticked; /* for the tick thread */
	_Atomic uint32_t sleepers;
	unsigned int awake;	/* workers that neither sleep nor are parked */
	_Atomic uint32_t parks; /* quiesce calls outstanding */
	bool ending;
	bool ticking; /* tick_thread was started */
	pthread_t tick_thread;
	unsigned int num_workers;
	unsigned int num_threads; /* workers whose thread was started */
	struct worker *worker;
};

/* Wall ns since power-on. */
uint64_t core_now(struct axon_core *core);

/* All work is dropped, and registers take their reset values. */
void core_reset(struct axon_core *core);

/* Set IRQ_STATUS and raise the vector unless it is masked. */
void core_interrupt(struct axon_core *core, unsigned int vector);

/* Modelled cycles of the ring packet so far, without its jobs under way. */
static inline uint64_t slot_packet_cycles(struct slot *slot)
{
	return atomic_load(&slot->clock) - atomic_load(&slot->packet_start);
}

/* The address space of the packets that the command processor executes. */
static inline uint32_t slot_space(const struct slot *slot)
{
	return slot->depth || slot->user ? slot->as : 0;
}

/* Is everything that the slot does void: it faulted, or is being reset? */
static inline bool slot_is_dead(struct slot *slot)
{
	uint32_t stop = atomic_load(&slot->stop);

	return stop == SLOT_STOP_FAULT || stop == SLOT_STOP_RESET;
}

static inline uint32_t slot_bit(const struct slot *slot)
{
	return 1u << slot->index;
}

#endif
