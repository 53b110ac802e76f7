// SPDX-License-Identifier: MIT
#include "suspend.h"

#include <stddef.h>
#include <string.h>

#include "packet.h"
#include "ring.h"
#include "save.h"
#include "worker.h"

/* No field of the save area is wrong. */
#define SAVE_GOOD UINT64_MAX

/* ---- what the host thread asks for ------------------------------------------------------- */

static void serve(struct axon_core *core, struct slot *slot)
{
	atomic_fetch_or(&core->ready, slot_bit(slot));
	worker_interrupt_harts(core);
	worker_wake(core, 1);
}

/* False when a fault or a reset came first. */
static bool change_state(struct slot *slot, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&slot->state, &from, to);
}

static bool change_stop(struct slot *slot, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&slot->stop, &from, to);
}

void suspend_begin(struct axon_core *core, struct slot *slot)
{
	uint32_t state = slot_state(core, slot);

	do {
		if (state != AXON_SLOT_IDLE && state != AXON_SLOT_RUNNING &&
		    state != AXON_SLOT_WAITING)
			return;
	} while (!atomic_compare_exchange_weak(&slot->state, &state, AXON_SLOT_SWITCHING));
	slot->listens = false;
	if (!change_stop(slot, SLOT_GO, SLOT_STOP_SUSPEND))
		return;
	slot_close_jobs(core, slot);
	serve(core, slot);
}

void resume_begin(struct axon_core *core, struct slot *slot)
{
	enum axon_slot_state state = slot_state(core, slot);

	if (state != AXON_SLOT_DISABLED && state != AXON_SLOT_SUSPENDED)
		return;
	if (state == AXON_SLOT_DISABLED)
		slot->user = atomic_load(&slot->ctrl) & AXON_SLOT_CTRL_USER;
	slot_listen(core, slot);
	atomic_store(&slot->state, AXON_SLOT_SWITCHING);
	/* in this order: a worker that looks in by chance must not run packets yet */
	atomic_store(&slot->stop, SLOT_STOP_RESUME);
	atomic_fetch_or(&slot->ctrl, AXON_SLOT_CTRL_ENABLE);
	serve(core, slot);
}

void suspend_discard(struct slot *slot)
{
	atomic_store(&slot->rptr, 0);
	atomic_store(&slot->wptr, 0);
	atomic_store(&slot->state, AXON_SLOT_IDLE);
	atomic_store(&slot->stop, SLOT_GO);
	slot->off = true;
}

/* ---- saving ------------------------------------------------------------------------------ */

static bool is_waiting(struct slot *slot)
{
	return atomic_load(&slot->wait_since) != 0;
}

static uint32_t resting_state(struct slot *slot)
{
	if (is_waiting(slot))
		return AXON_SLOT_WAITING;
	if (slot->depth || slot->job_count || atomic_load(&slot->rptr) != atomic_load(&slot->wptr))
		return AXON_SLOT_RUNNING;
	return AXON_SLOT_IDLE;
}

/* Of the state: up to the last record that holds a workgroup. */
static uint32_t state_bytes(const struct axon_core *core, const struct save_area *area)
{
	unsigned int records = 0;

	for (unsigned int i = 0; i < core->num_workers; i++)
		if (area->entry[i].full)
			records = i + 1;
	return (uint32_t)save_record(core, records);
}

static void save_head(struct axon_core *core, struct slot *slot, struct save_area *area)
{
	area->head = (struct axon_save){
		.version = AXON_SAVE_VERSION,
		.bytes = state_bytes(core, area),
		.rptr = atomic_load(&slot->rptr),
		.busy = slot->depth || slot->job_count,
		.state = resting_state(slot),
		.as = slot->as,
		.log2 = slot->log2,
		.ctrl = slot->user ? AXON_SLOT_CTRL_USER : 0,
		.ring = slot->ring,
		.clock = atomic_load(&slot->clock),
	};
	if (is_waiting(slot)) {
		area->head.wait_addr = slot->wait_addr;
		area->head.wait_value = slot->wait_value;
		area->wait_ns = core_now(core) - atomic_load(&slot->wait_since);
	}
}

static void save_job(struct axon_core *core, const struct job *job, struct save_job *out)
{
	out->packet_va = job->packet_va;
	out->packet = job->packet;
	out->as = job->as;
	out->ns = (atomic_load(&job->finished) ? job->end_ns : core_now(core)) - job->start_ns;
	out->next = atomic_load(&job->next);
	out->drained = atomic_load(&job->drained);
	out->cycles = job->cycles;
	out->use = job->use;
	memcpy(out->core_free, job->core_free, sizeof(out->core_free));
	memcpy(out->cost, job->cost, sizeof(out->cost));
}

/* Jobs are numbered from the oldest. */
static void save_area(struct axon_core *core, struct slot *slot, struct save_area *area)
{
	memset(area, 0, sizeof(*area));
	area->cores = core->cores;
	area->sram_size = core->sram_size;
	area->records = core->num_workers;
	area->jobs = slot->job_count;
	area->depth = slot->depth;
	area->overlap = slot->overlap;
	area->packet_start = atomic_load(&slot->packet_start);
	memcpy(area->frame, slot->frame, slot->depth * sizeof(area->frame[0]));
	for (unsigned int i = 0; i < slot->job_count; i++)
		save_job(core, &slot->job[(slot->job_head + i) % SLOT_JOBS], &area->job[i]);
	for (unsigned int i = 0; i < SHELF_SIZE; i++) {
		const struct shelf_entry *entry = &slot->shelf.entry[i];

		if (entry->state != SHELF_FULL)
			continue;
		area->entry[i] = (struct save_entry){
			.full = 1,
			.job = (entry->job + SLOT_JOBS - slot->job_head) % SLOT_JOBS,
			.part = entry->part,
		};
	}
	save_head(core, slot, area);
}

bool suspend_end(struct worker *worker, struct slot *slot)
{
	struct axon_core *core = worker->core;
	struct save_area area;

	if (slot_is_entered(slot))
		return false;
	if (packet_flush_counters(worker, slot)) {
		ring_fault(worker, slot, AXON_REG_SLOT_COUNTERS, atomic_load(&slot->counters));
		return true;
	}
	save_area(core, slot, &area);
	if (!save_write(worker, slot, 0, &area, sizeof(area)))
		return true;
	slot_forget(core, slot);
	if (change_stop(slot, SLOT_STOP_SUSPEND, SLOT_STOP_SUSPENDED) &&
	    change_state(slot, AXON_SLOT_SWITCHING, AXON_SLOT_SUSPENDED))
		core_interrupt(core, AXON_VEC_SLOT(slot->index));
	return true;
}

/* ---- checking ---------------------------------------------------------------------------- */

/* Each returns the offset of the first field that cannot be right, or SAVE_GOOD. */
#define CHECK(holds, field)                                       \
	do {                                                      \
		if (!(holds))                                     \
			return offsetof(struct save_area, field); \
	} while (0)

static uint64_t check_head(const struct axon_core *core, const struct slot *slot,
			   const struct save_area *area)
{
	const struct axon_save *head = &area->head;

	CHECK(head->version == AXON_SAVE_VERSION, head.version);
	CHECK(head->bytes == state_bytes(core, area), head.bytes);
	CHECK(head->busy == (area->depth || area->jobs), head.busy);
	CHECK(head->state == AXON_SLOT_IDLE || head->state == AXON_SLOT_RUNNING ||
		      head->state == AXON_SLOT_WAITING,
	      head.state);
	CHECK(head->as == slot->as, head.as);
	CHECK(head->log2 == slot->log2, head.log2);
	CHECK(head->ctrl == (slot->user ? AXON_SLOT_CTRL_USER : 0), head.ctrl);
	CHECK(head->ring == slot->ring, head.ring);
	CHECK(area->cores == core->cores, cores);
	CHECK(area->sram_size == core->sram_size, sram_size);
	CHECK(area->records == core->num_workers, records);
	CHECK(area->jobs <= SLOT_JOBS, jobs);
	CHECK(area->overlap <= 1, overlap);
	/* what is called runs in an address space of its own */
	CHECK(area->depth <= (slot->as ? AXON_CALL_DEPTH : 0), depth);
	for (unsigned int i = 0; i < area->depth; i++) {
		CHECK(!(area->frame[i].base & (AXON_PACKET_SIZE - 1)), frame[i].base);
		CHECK(area->frame[i].next <= area->frame[i].count, frame[i].next);
	}
	return SAVE_GOOD;
}

/* *kind and *parts are what the job's packet says. */
static uint64_t check_job(struct worker *worker, struct slot *slot, const struct save_area *area,
			  unsigned int i, enum job_kind *kind, uint64_t *parts)
{
	const struct save_job *job = &area->job[i];
	struct packet_context ctx = {.worker = worker, .slot = slot, .packet = job->packet};

	CHECK(!packet_job(&ctx, kind, parts), job[i].packet);
	CHECK((job->as && job->as == slot->as) || (!job->as && !slot->user), job[i].as);
	CHECK(job->next <= *parts, job[i].next);
	CHECK(job->drained <= job->next && job->next - job->drained <= JOB_WINDOW, job[i].drained);
	return SAVE_GOOD;
}

/* Each part taken is done or on the shelf. */
static uint64_t check_parts(const struct save_area *area, unsigned int i, enum job_kind kind)
{
	const struct save_job *job = &area->job[i];
	bool shelved[JOB_WINDOW] = {0};

	for (unsigned int e = 0; e < area->records; e++) {
		const struct save_entry *entry = &area->entry[e];

		if (!entry->full || entry->job != i)
			continue;
		CHECK(kind == JOB_LAUNCH && entry->part - job->drained < job->next - job->drained &&
			      !shelved[entry->part % JOB_WINDOW],
		      entry[e].part);
		shelved[entry->part % JOB_WINDOW] = true;
	}
	for (uint64_t part = job->drained; part < job->next; part++) {
		unsigned int at = part % JOB_WINDOW;

		CHECK((job->cost[at] == 0) == shelved[at], job[i].cost[at]);
	}
	/* a part that is done and has none before it would have been accounted for */
	CHECK(job->drained == job->next || shelved[job->drained % JOB_WINDOW], job[i].drained);
	return SAVE_GOOD;
}

static uint64_t check_entries(const struct save_area *area)
{
	for (unsigned int e = 0; e < SHELF_SIZE; e++) {
		CHECK(area->entry[e].full <= (e < area->records), entry[e].full);
		CHECK(!area->entry[e].full || area->entry[e].job < area->jobs, entry[e].job);
	}
	return SAVE_GOOD;
}

/* ---- resuming ---------------------------------------------------------------------------- */

static void load_job(struct axon_core *core, struct slot *slot, const struct save_job *in,
		     enum job_kind kind, uint64_t parts)
{
	struct job *job = &slot->job[slot->job_count++];

	atomic_store(&job->number, ++slot->job_number);
	job->kind = kind;
	job->as = in->as;
	job->packet_va = in->packet_va;
	job->packet = in->packet;
	job->parts = parts;
	job->start_ns = save_since(core, in->ns);
	job->end_ns = core_now(core);
	job->cycles = in->cycles;
	job->use = in->use;
	memcpy(job->core_free, in->core_free, sizeof(job->core_free));
	memset(job->cost, 0, sizeof(job->cost));
	for (uint64_t part = in->drained; part < in->next; part++)
		job->cost[part % JOB_WINDOW] = in->cost[part % JOB_WINDOW];
	atomic_store(&job->next, in->next);
	atomic_store(&job->drained, in->drained);
	atomic_store(&job->finished, in->drained == parts);
}

static void load_slot(struct axon_core *core, struct slot *slot, const struct save_area *area)
{
	atomic_store(&slot->rptr, area->head.rptr);
	atomic_store(&slot->clock, area->head.clock);
	atomic_store(&slot->packet_start, area->packet_start);
	slot->depth = area->depth;
	slot->overlap = area->overlap;
	memcpy(slot->frame, area->frame, sizeof(slot->frame));
	if (area->head.state == AXON_SLOT_WAITING) {
		slot->wait_addr = area->head.wait_addr;
		slot->wait_value = area->head.wait_value;
		atomic_store(&slot->wait_since, save_since(core, area->wait_ns));
	}
	for (unsigned int e = 0; e < area->records; e++)
		if (area->entry[e].full)
			shelf_put(&slot->shelf, e, area->entry[e].job, area->entry[e].part);
}

/* Take over the state. Returns the offset of what is wrong with it, or SAVE_GOOD. */
static uint64_t load(struct worker *worker, struct slot *slot, const struct save_area *area)
{
	uint64_t wrong = check_head(worker->core, slot, area);

	if (wrong == SAVE_GOOD)
		wrong = check_entries(area);
	for (unsigned int i = 0; wrong == SAVE_GOOD && i < area->jobs; i++) {
		enum job_kind kind;
		uint64_t parts;

		wrong = check_job(worker, slot, area, i, &kind, &parts);
		if (wrong == SAVE_GOOD)
			wrong = check_parts(area, i, kind);
		if (wrong == SAVE_GOOD)
			load_job(worker->core, slot, &area->job[i], kind, parts);
	}
	if (wrong == SAVE_GOOD)
		load_slot(worker->core, slot, area);
	return wrong;
}

bool resume_end(struct worker *worker, struct slot *slot)
{
	static const uint32_t taken;
	struct axon_core *core = worker->core;
	struct save_area area;
	uint64_t wrong;

	slot_forget(core, slot);
	if (!save_read(worker, slot, 0, &area, sizeof(area)))
		return true;
	wrong = load(worker, slot, &area);
	if (wrong != SAVE_GOOD) {
		save_fault(worker, slot, AXON_FAULT_BAD_SAVE, slot->save + wrong, wrong);
		return true;
	}
	if (!save_write(worker, slot, offsetof(struct axon_save, version), &taken, sizeof(taken)))
		return true;
	for (unsigned int i = 0; i < slot->job_count; i++)
		if (!atomic_load(&slot->job[i].finished))
			job_restart(core, &slot->job[i]);
	/* from here on they run, and may fault */
	if (!change_stop(slot, SLOT_STOP_RESUME, SLOT_GO))
		return true;
	if (area.head.state == AXON_SLOT_RUNNING)
		atomic_fetch_or(&core->running, slot_bit(slot));
	if (change_state(slot, AXON_SLOT_SWITCHING, area.head.state))
		core_interrupt(core, AXON_VEC_SLOT(slot->index));
	atomic_fetch_or(&core->ready, slot_bit(slot));
	worker_wake(core, core->num_workers);
	return true;
}
