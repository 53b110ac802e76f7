// SPDX-License-Identifier: MIT
#include "job.h"

#include <string.h>

#include "copy.h"
#include "core.h"
#include "fault.h"
#include "launch.h"
#include "worker.h"

/* A worker that others wait for leaves a job after this long. */
#define JOB_QUANTUM_NS 2000000

static uint64_t open_bit(const struct job *job)
{
	unsigned int row = (unsigned int)(job - job->slot->job);

	return 1ull << (row * AXON_NUM_SLOTS + job->slot->index);
}

struct job *job_new(struct axon_core *core, struct slot *slot, enum job_kind kind,
		    const struct axon_packet *packet, uint64_t packet_va, uint64_t parts)
{
	struct job *job;

	if (slot->job_count == SLOT_JOBS)
		return NULL;
	job = &slot->job[(slot->job_head + slot->job_count++) % SLOT_JOBS];
	atomic_store(&job->number, ++slot->job_number);
	job->kind = kind;
	job->as = slot_space(slot);
	job->packet_va = packet_va;
	job->packet = *packet;
	job->parts = parts;
	job->start_ns = core_now(core);
	job->cycles = 0;
	memset(job->core_free, 0, sizeof(job->core_free));
	memset(&job->use, 0, sizeof(job->use));
	if (atomic_load(&job->drained) != atomic_load(&job->next))
		memset(job->cost, 0, sizeof(job->cost)); /* the last user was abandoned */
	atomic_store(&job->next, 0);
	atomic_store(&job->drained, 0);
	atomic_store(&job->finished, parts == 0);
	return job;
}

void job_start(struct axon_core *core, struct job *job)
{
	atomic_store(&job->open, 1);
	if (job->parts > 1) {
		atomic_fetch_or(&core->open, open_bit(job));
		worker_wake(core, job->parts - 1);
	}
}

void job_restart(struct axon_core *core, struct job *job)
{
	atomic_store(&job->open, 1);
	atomic_fetch_or(&core->open, open_bit(job));
}

static void exhaust(struct axon_core *core, struct job *job)
{
	atomic_store(&job->open, 0);
	atomic_fetch_and(&core->open, ~open_bit(job));
}

static bool job_enter(struct job *job)
{
	atomic_fetch_add(&job->users, 1);
	return atomic_load(&job->open);
}

static void job_leave(struct axon_core *core, struct job *job)
{
	struct slot *slot = job->slot;

	/* the last one out looks after the command processor; the job may be reused at once */
	if (atomic_fetch_sub(&job->users, 1) == 1)
		atomic_fetch_or(&core->ready, slot_bit(slot));
}

bool job_is_over(struct axon_core *core, struct job *job)
{
	if (!atomic_load(&job->finished))
		return false;
	/* those who did the last parts may have been wanted elsewhere; nobody is to look for more */
	if (atomic_load(&job->open))
		exhaust(core, job);
	return !atomic_load(&job->users);
}

/*
 * Take a part. False when none is left or the oldest ones must be done first. Workgroups that a
 * suspend left half-way come first, those of all jobs: so there are never more than workers.
 */
static bool take(struct axon_core *core, struct job *job, struct part *part)
{
	uint64_t next = atomic_load(&job->next);

	part->shelved = atomic_load(&job->slot->shelf.count);
	if (part->shelved)
		return shelf_take(job, part);
	do {
		if (next >= job->parts) {
			exhaust(core, job);
			return false;
		}
		if (next - atomic_load(&job->drained) >= JOB_WINDOW)
			return false;
	} while (!atomic_compare_exchange_weak(&job->next, &next, next + 1));
	part->number = next;
	return true;
}

/* Give the part to the modelled core that is free first. */
static void schedule(struct axon_core *core, struct job *job, uint64_t cost)
{
	unsigned int first = 0;

	for (unsigned int c = 1; c < core->cores; c++)
		if (job->core_free[c] < job->core_free[first])
			first = c;
	job->core_free[first] += cost;
	if (job->core_free[first] > job->cycles)
		job->cycles = job->core_free[first];
}

/* Account for a part that is done. Returns the job's modelled cycles so far. */
static uint64_t complete(struct axon_core *core, struct job *job, uint64_t part, uint64_t cost,
			 const struct job_use *use)
{
	uint64_t drained, cycles;

	pthread_mutex_lock(&job->lock);
	job->use.instret += use->instret;
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++) {
		job->use.cycles[e] += use->cycles[e];
		job->use.ns[e] += use->ns[e];
	}
	job->cost[part % JOB_WINDOW] = cost + 1;
	drained = atomic_load(&job->drained);
	while (job->cost[drained % JOB_WINDOW]) {
		schedule(core, job, job->cost[drained % JOB_WINDOW] - 1);
		job->cost[drained % JOB_WINDOW] = 0;
		drained++;
	}
	atomic_store(&job->drained, drained);
	if (drained == job->parts) {
		job->end_ns = core_now(core);
		atomic_store(&job->finished, 1);
	}
	cycles = job->cycles;
	pthread_mutex_unlock(&job->lock);
	return cycles;
}

static bool run_part(struct worker *worker, struct job *job, const struct part *part,
		     uint64_t *cost, struct job_use *use)
{
	switch (job->kind) {
	case JOB_COPY: return copy_part(worker, job, part->number, cost, use);
	case JOB_FILL: return fill_part(worker, job, part->number, cost, use);
	default: return launch_part(worker, job, part, cost, use);
	}
}

/* Does the ring packet cost more than the slot's limit already? */
static bool over_limit(struct job *job, uint64_t cycles)
{
	struct slot *slot = job->slot;
	uint64_t limit = atomic_load(&slot->limit);

	return limit && slot_packet_cycles(slot) + cycles > limit;
}

/* Should the worker turn to another slot? *since: when it first was wanted. */
static bool quantum_is_over(struct worker *worker, struct slot *slot, uint64_t *since)
{
	uint64_t now;

	if (!worker_is_wanted(worker, slot))
		return false;
	now = core_now(worker->core);
	if (!*since)
		*since = now;
	return now - *since > JOB_QUANTUM_NS;
}

void job_work(struct worker *worker, struct job *job)
{
	struct axon_core *core = worker->core;
	struct slot *slot = job->slot;
	uint64_t since = 0, cost;
	struct part part;
	bool go = job_enter(job);

	while (go && worker_check(worker) && take(core, job, &part)) {
		struct job_use use = {0};

		if (!run_part(worker, job, &part, &cost, &use))
			break;
		worker_progressed(worker, slot);
		if (over_limit(job, complete(core, job, part.number, cost, &use))) {
			fault_packet(worker, slot, AXON_FAULT_TIMEOUT, job->packet_va,
				     &job->packet);
			break;
		}
		go = !quantum_is_over(worker, slot, &since);
	}
	job_leave(core, job);
}

uint32_t job_open_slots(struct axon_core *core)
{
	uint64_t open = atomic_load(&core->open);

	_Static_assert(SLOT_JOBS * AXON_NUM_SLOTS == 64, "one word");
	open |= open >> 32;
	open |= open >> 16;
	return (uint16_t)open;
}

struct job *job_find(struct axon_core *core, unsigned int slot)
{
	uint64_t open = atomic_load(&core->open);
	struct job *oldest = NULL;

	if (atomic_load(&core->slot[slot].shelf.count))
		return shelf_job(&core->slot[slot]);
	for (unsigned int row = 0; row < SLOT_JOBS; row++) {
		struct job *job = &core->slot[slot].job[row];

		if (open >> (row * AXON_NUM_SLOTS + slot) & 1 &&
		    (!oldest || atomic_load(&job->number) < atomic_load(&oldest->number)))
			oldest = job;
	}
	return oldest;
}

void job_close(struct axon_core *core, struct job *job)
{
	exhaust(core, job);
}
