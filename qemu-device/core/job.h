/* SPDX-License-Identifier: MIT */
/*
 * Work that several workers share: the workgroups of a LAUNCH, the chunks of a COPY or FILL.
 *
 * The command processor fills in a job and opens it; workers enter, take parts until none is left
 * and leave; when every part is done and every worker gone, the command processor retires it.
 */
#ifndef AXON_JOB_H
#define AXON_JOB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "axon_hw.h"

struct axon_core;
struct slot;
struct worker;

#define SLOT_JOBS  4	      /* in flight at once: launches with OVERLAP */
#define JOB_WINDOW 1024	      /* parts that may be done ahead of the oldest one that is not */
#define JOB_CHUNK  (1u << 20) /* bytes of a COPY or FILL in one part */

enum job_kind { JOB_LAUNCH, JOB_COPY, JOB_FILL };

/* What one part used, and the sum of all parts. */
struct job_use {
	uint64_t instret;
	uint64_t cycles[AXON_NUM_ENGINES];
	uint64_t ns[AXON_NUM_ENGINES];
};

/* A part of a job that a worker has taken. */
struct part {
	uint64_t number;
	bool shelved;	    /* it was begun before a suspend, */
	unsigned int shelf; /* and is here now */
};

struct job {
	struct slot *slot;	 /* whose job array it lies in */
	_Atomic uint64_t number; /* in the order of the packets */
	enum job_kind kind;
	unsigned int as;
	uint64_t packet_va;
	struct axon_packet packet;
	uint64_t parts;
	uint64_t start_ns;
	uint64_t end_ns;

	_Atomic uint64_t next;	  /* first part not taken */
	_Atomic uint64_t drained; /* parts, from 0 on, whose cost is in core_free */
	_Atomic uint32_t open;	  /* there may be parts to take */
	_Atomic uint32_t users;
	_Atomic uint32_t finished;

	pthread_mutex_t lock;		    /* of what follows */
	uint64_t cost[JOB_WINDOW];	    /* modelled cycles + 1 of parts done but not drained */
	uint64_t core_free[AXON_MAX_CORES]; /* list scheduling */
	uint64_t cycles;		    /* the latest of core_free */
	struct job_use use;
};

/* By the slot's command processor: a free job, set up as far as a packet says it; NULL: none free. */
struct job *job_new(struct axon_core *core, struct slot *slot, enum job_kind kind,
		    const struct axon_packet *packet, uint64_t packet_va, uint64_t parts);
/* Let workers in. */
void job_start(struct axon_core *core, struct job *job);
/* The same for a job that was under way before a suspend. */
void job_restart(struct axon_core *core, struct job *job);
/* Run parts of the job until none can be had, or the worker is wanted elsewhere. */
void job_work(struct worker *worker, struct job *job);
/* By the command processor: all parts done and nobody in it? */
bool job_is_over(struct axon_core *core, struct job *job);

/* The slot's oldest job with parts left to take, one with saved workgroups first, or NULL. */
struct job *job_find(struct axon_core *core, unsigned int slot);
/* Slots that have such jobs. */
uint32_t job_open_slots(struct axon_core *core);
/* Forget the job, whatever its state; nobody is in it. */
void job_close(struct axon_core *core, struct job *job);

#endif
