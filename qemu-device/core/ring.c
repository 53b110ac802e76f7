// SPDX-License-Identifier: MIT
#include "ring.h"

#include <string.h>

#include "core.h"
#include "fault.h"
#include "job.h"
#include "packet.h"
#include "suspend.h"
#include "worker.h"

/* Packets between two looks at whether another slot waits for a worker. */
#define RING_QUANTUM 64

static bool is_served(struct axon_core *core, struct slot *slot)
{
	return (atomic_load(&core->ctrl) & AXON_CTRL_ENABLE) && !inject_is_hot(core) &&
	       (atomic_load(&slot->ctrl) & AXON_SLOT_CTRL_ENABLE);
}

/* ---- state ------------------------------------------------------------------------------- */

bool slot_is_entered(struct slot *slot)
{
	for (unsigned int i = 0; i < SLOT_JOBS; i++)
		if (atomic_load(&slot->job[i].users))
			return true;
	return false;
}

/* One that packets do not change. */
static bool state_is_fixed(uint32_t state)
{
	return state == AXON_SLOT_FAULTED || state == AXON_SLOT_RESETTING ||
	       state == AXON_SLOT_SWITCHING;
}

enum axon_slot_state slot_state(struct axon_core *core, struct slot *slot)
{
	enum axon_slot_state state = atomic_load(&slot->state);

	/* a worker that looks in for nothing does not make it busy again */
	if (slot->off)
		return AXON_SLOT_DISABLED;
	if (state_is_fixed(state) || state == AXON_SLOT_SUSPENDED ||
	    atomic_load(&slot->ctrl) & AXON_SLOT_CTRL_ENABLE)
		return state;
	/* switched off, but a packet may still be running */
	if (atomic_load(&core->busy) & slot_bit(slot) || job_open_slots(core) & slot_bit(slot))
		return state;
	if (slot_is_entered(slot))
		return state;
	slot->off = true;
	return AXON_SLOT_DISABLED;
}

/* A fault, a reset or a suspend may come at any time. */
static void set_state(struct axon_core *core, struct slot *slot, enum axon_slot_state state)
{
	uint32_t old = atomic_load(&slot->state);

	if (old == state)
		return;
	if (state == AXON_SLOT_RUNNING)
		atomic_fetch_or(&core->running, slot_bit(slot));
	else
		atomic_fetch_and(&core->running, ~slot_bit(slot));
	while (!state_is_fixed(old))
		if (atomic_compare_exchange_weak(&slot->state, &old, state))
			break;
}

void slot_close_jobs(struct axon_core *core, struct slot *slot)
{
	for (unsigned int i = 0; i < SLOT_JOBS; i++)
		job_close(core, &slot->job[i]);
}

void slot_forget(struct axon_core *core, struct slot *slot)
{
	slot_close_jobs(core, slot);
	atomic_fetch_and(&core->running, ~slot_bit(slot));
	slot->held_until = 0;
	slot->depth = 0;
	atomic_store(&slot->clock, 0);
	atomic_store(&slot->packet_start, 0);
	slot->overlap = false;
	slot->wait_since = 0;
	slot->job_head = 0;
	slot->job_count = 0;
	slot->job_number = 0;
	shelf_clear(&slot->shelf);
	memset(&slot->used, 0, sizeof(slot->used));
	atomic_fetch_and(&core->waiting, ~slot_bit(slot));
}

void slot_clear(struct axon_core *core, struct slot *slot)
{
	slot_forget(core, slot);
	atomic_store(&slot->ctrl, 0);
	atomic_store(&slot->rptr, 0);
	atomic_store(&slot->wptr, 0);
	atomic_store(&slot->stop, SLOT_GO);
	atomic_store(&slot->state, AXON_SLOT_IDLE);
}

void slot_listen(struct axon_core *core, struct slot *slot)
{
	bool exists = slot->doorbell < AXON_NUM_DOORBELLS;

	slot->off = false;
	slot->listens = true;
	atomic_store(&slot->wptr, exists ? core->db_value[slot->doorbell] : 0);
}

void slot_reset_begin(struct axon_core *core, struct slot *slot)
{
	if (slot->listens && slot->doorbell < AXON_NUM_DOORBELLS)
		core->db_value[slot->doorbell] = 0;
	slot->listens = slot->off = false;
	atomic_store(&slot->state, AXON_SLOT_RESETTING);
	atomic_store(&slot->stop, SLOT_STOP_RESET);
	slot_close_jobs(core, slot);
	atomic_fetch_or(&core->ready, slot_bit(slot));
	worker_interrupt_slot(core, slot);
	worker_interrupt_harts(core);
	worker_wake(core, 1);
}

/* Finish a reset once every worker has left the slot's jobs. The last to leave calls again. */
static bool reset_end(struct worker *worker, struct slot *slot)
{
	if (slot_is_entered(slot) || inject_fails_reset(worker->core, AXON_INJECT_RESET_SLOT))
		return false;
	if (!atomic_load(&worker->core->parks))
		packet_flush_counters(worker, slot);
	slot_clear(worker->core, slot);
	return true;
}

/* ---- packets ----------------------------------------------------------------------------- */

static void fault_at(struct worker *worker, struct slot *slot, int cause, uint64_t va,
		     const struct axon_packet *packet)
{
	fault_packet(worker, slot, (uint16_t)cause, va, packet);
}

void ring_fault(struct worker *worker, struct slot *slot, uint32_t reg, uint64_t found)
{
	static const struct axon_packet none;

	worker->fault_addr = slot->ring;
	worker->fault_info = (uint64_t)reg << 32 | (uint32_t)found;
	fault_at(worker, slot, AXON_FAULT_BAD_PACKET, slot->ring, &none);
}

/* Are the slot's registers such that a packet can be fetched? */
static bool ring_is_valid(struct worker *worker, struct slot *slot)
{
	uint32_t published = atomic_load(&slot->wptr) - atomic_load(&slot->rptr);

	if (slot->log2 < AXON_RING_MIN_LOG2 || slot->log2 > AXON_RING_MAX_LOG2)
		ring_fault(worker, slot, AXON_REG_SLOT_LOG2, slot->log2);
	else if (slot->ring & (AXON_PACKET_SIZE - 1))
		ring_fault(worker, slot, AXON_REG_SLOT_RING, slot->ring);
	else if (slot->as >= AXON_NUM_AS || (slot->user && !slot->as))
		ring_fault(worker, slot, AXON_REG_SLOT_AS, slot->as);
	else if (published > 1u << slot->log2)
		ring_fault(worker, slot, AXON_REG_SLOT_WPTR, atomic_load(&slot->wptr));
	else
		return true;
	return false;
}

static bool retire_jobs(struct worker *worker, struct slot *slot)
{
	bool progress = false;

	while (slot->job_count && job_is_over(worker->core, &slot->job[slot->job_head])) {
		struct job *job = &slot->job[slot->job_head];
		int cause = packet_retire(worker, slot, job);

		if (cause) {
			fault_at(worker, slot, cause, job->packet_va, &job->packet);
			return false;
		}
		slot->job_head = (slot->job_head + 1) % SLOT_JOBS;
		slot->job_count--;
		progress = true;
	}
	return progress;
}

static void advance(struct slot *slot)
{
	if (slot->depth)
		slot->frame[slot->depth - 1].next++;
	else
		atomic_fetch_add(&slot->rptr, 1);
}

/* Leave the buffers that are finished. False when their launches must end first. */
static bool return_from_calls(struct slot *slot)
{
	while (slot->depth &&
	       slot->frame[slot->depth - 1].next == slot->frame[slot->depth - 1].count) {
		if (slot->job_count)
			return false;
		slot->depth--;
		advance(slot);
	}
	return true;
}

enum ring_step {
	STEP_ON, /* a packet was executed */
	STEP_BLOCKED,
	STEP_EMPTY,
};

static enum ring_step step(struct worker *worker, struct slot *slot)
{
	struct packet_context ctx = {.worker = worker, .slot = slot};
	int result;

	if (inject_holds(worker->core, slot))
		return STEP_BLOCKED;
	if (!return_from_calls(slot))
		return STEP_BLOCKED;
	ctx.as = slot_space(slot);
	if (slot->depth) {
		const struct slot_frame *frame = &slot->frame[slot->depth - 1];

		ctx.va = frame->base + (uint64_t)frame->next * AXON_PACKET_SIZE;
	} else {
		uint32_t rptr = atomic_load(&slot->rptr);

		if (!ring_is_valid(worker, slot))
			return STEP_BLOCKED;
		if (rptr == atomic_load(&slot->wptr))
			return slot->job_count ? STEP_BLOCKED : STEP_EMPTY;
		ctx.va =
			slot->ring + (uint64_t)(rptr & ((1u << slot->log2) - 1)) * AXON_PACKET_SIZE;
	}
	result = mmu_read(&worker->mmu, ctx.as, ctx.va, &ctx.packet, sizeof(ctx.packet));
	if (result) {
		worker->fault_addr = worker->mmu.fault_addr;
		worker->fault_info = 0;
	} else {
		result = inject_packet(&ctx);
		if (!result)
			result = packet_run(&ctx);
	}
	if (result > 0)
		fault_at(worker, slot, result, ctx.va, &ctx.packet);
	if (result > 0 || result == PACKET_BLOCKED)
		return STEP_BLOCKED;
	worker_progressed(worker, slot);
	if (result == PACKET_DONE)
		advance(slot);
	if (ctx.job) {
		set_state(worker->core, slot, AXON_SLOT_RUNNING);
		job_work(worker, ctx.job);
	}
	return STEP_ON;
}

/* Run until the ring is empty or blocked. */
static bool run_packets(struct worker *worker, struct slot *slot)
{
	struct axon_core *core = worker->core;
	bool progress = false;

	for (unsigned int n = 1;; n++) {
		enum ring_step result;

		if (!worker_check(worker))
			return progress;
		progress |= retire_jobs(worker, slot);
		/* in this order: a resume sets them in the other */
		if (!is_served(core, slot) || atomic_load(&slot->stop))
			return progress;
		result = step(worker, slot);
		if (atomic_load(&slot->stop)) {
			atomic_fetch_and(&core->running, ~slot_bit(slot));
			slot_close_jobs(core, slot);
			return true;
		}
		if (result == STEP_EMPTY) {
			set_state(core, slot, AXON_SLOT_IDLE);
			return progress;
		}
		if (result == STEP_BLOCKED) {
			/* unless a job has ended in the meantime */
			if (slot->job_count && job_is_over(core, &slot->job[slot->job_head]))
				continue;
			set_state(core, slot,
				  slot->wait_since ? AXON_SLOT_WAITING : AXON_SLOT_RUNNING);
			return progress;
		}
		progress = true;
		set_state(core, slot, AXON_SLOT_RUNNING);
		if (n % RING_QUANTUM == 0 && worker_is_wanted(worker, slot)) {
			atomic_fetch_or(&core->ready, slot_bit(slot));
			return true;
		}
	}
}

bool ring_is_asked(struct slot *slot)
{
	uint32_t stop = atomic_load(&slot->stop);

	return stop == SLOT_STOP_RESET || stop == SLOT_STOP_SUSPEND || stop == SLOT_STOP_RESUME;
}

bool ring_switch(struct worker *worker, struct slot *slot)
{
	switch (atomic_load(&slot->stop)) {
	case SLOT_STOP_RESET: return reset_end(worker, slot);
	case SLOT_STOP_SUSPEND: return !inject_holds_for_ever(slot) && suspend_end(worker, slot);
	case SLOT_STOP_RESUME: return resume_end(worker, slot);
	default: return false;
	}
}

bool ring_run(struct worker *worker, struct slot *slot)
{
	bool progress;
	int cause;

	if (atomic_load(&slot->stop))
		return ring_switch(worker, slot);
	progress = run_packets(worker, slot);
	if (ring_is_asked(slot)) {
		/* meanwhile, when nobody could see to it */
		atomic_fetch_or(&worker->core->ready, slot_bit(slot));
		return true;
	}
	if (atomic_load(&slot->stop) || slot->job_count || slot->wait_since || slot->held_until)
		return progress;
	cause = packet_flush_counters(worker, slot);
	if (cause)
		ring_fault(worker, slot, AXON_REG_SLOT_COUNTERS, atomic_load(&slot->counters));
	return progress;
}
