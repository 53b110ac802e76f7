// SPDX-License-Identifier: MIT
#include "shelf.h"

#include <string.h>

#include "save.h"
#include "worker.h"

#define FCSR_MASK 0xffu

static void set_state(struct shelf *shelf, unsigned int index, enum shelf_state state)
{
	pthread_mutex_lock(&shelf->lock);
	if (state == SHELF_FULL)
		atomic_fetch_add(&shelf->count, 1);
	shelf->entry[index].state = state;
	pthread_mutex_unlock(&shelf->lock);
}

/*
 * A free entry for a workgroup that a worker holds. There is one: each of the other workers holds one
 * workgroup at most, and begins a new one only when none is on the shelf.
 */
static unsigned int claim(struct shelf *shelf, unsigned int job, uint64_t part)
{
	unsigned int index = 0;

	pthread_mutex_lock(&shelf->lock);
	while (shelf->entry[index].state != SHELF_FREE)
		index++;
	shelf->entry[index] = (struct shelf_entry){SHELF_MOVING, job, part};
	pthread_mutex_unlock(&shelf->lock);
	return index;
}

void shelf_put(struct shelf *shelf, unsigned int index, unsigned int job, uint64_t part)
{
	shelf->entry[index] = (struct shelf_entry){SHELF_FULL, job, part};
	atomic_fetch_add(&shelf->count, 1);
}

void shelf_clear(struct shelf *shelf)
{
	pthread_mutex_lock(&shelf->lock);
	for (unsigned int i = 0; i < SHELF_SIZE; i++)
		shelf->entry[i].state = SHELF_FREE;
	atomic_store(&shelf->count, 0);
	pthread_mutex_unlock(&shelf->lock);
}

bool shelf_take(struct job *job, struct part *part)
{
	struct slot *slot = job->slot;
	struct shelf *shelf = &slot->shelf;
	bool found = false;

	pthread_mutex_lock(&shelf->lock);
	for (unsigned int i = 0; i < SHELF_SIZE && !found; i++) {
		struct shelf_entry *entry = &shelf->entry[i];

		if (entry->state != SHELF_FULL || &slot->job[entry->job] != job)
			continue;
		entry->state = SHELF_MOVING;
		atomic_fetch_sub(&shelf->count, 1);
		*part = (struct part){.number = entry->part, .shelved = true, .shelf = i};
		found = true;
	}
	pthread_mutex_unlock(&shelf->lock);
	return found;
}

struct job *shelf_job(struct slot *slot)
{
	struct shelf *shelf = &slot->shelf;
	struct job *job = NULL;

	pthread_mutex_lock(&shelf->lock);
	for (unsigned int i = 0; i < SHELF_SIZE && !job; i++)
		if (shelf->entry[i].state == SHELF_FULL)
			job = &slot->job[shelf->entry[i].job];
	pthread_mutex_unlock(&shelf->lock);
	return job;
}

/* ---- records ----------------------------------------------------------------------------- */

static void pack(struct worker *worker, uint64_t start_ns, struct save_workgroup *out)
{
	const struct workgroup *wg = &worker->wg;
	uint64_t now = core_now(worker->core);

	memcpy(out->x, wg->hart.x, sizeof(out->x));
	memcpy(out->f, wg->hart.f, sizeof(out->f));
	out->pc = wg->hart.pc;
	out->cycles = wg->hart.cycles;
	out->instret = wg->hart.instret;
	out->fcsr = wg->hart.fcsr;
	out->progress = wg->progress;
	out->ns = now - start_ns;
	out->progress_ns = now - atomic_load(&worker->progress_ns);
	out->use = *wg->use;
	memcpy(out->seq, wg->seq, sizeof(out->seq));
	memcpy(out->free, wg->free, sizeof(out->free));
	memcpy(out->done, wg->done, sizeof(out->done));
}

/* Any numbers will do here: they are no more than what a program could have brought about. */
static void unpack(struct worker *worker, const struct save_workgroup *in)
{
	struct workgroup *wg = &worker->wg;

	memcpy(wg->hart.x, in->x, sizeof(in->x));
	memcpy(wg->hart.f, in->f, sizeof(in->f));
	wg->hart.pc = in->pc;
	wg->hart.cycles = in->cycles;
	wg->hart.instret = in->instret;
	wg->hart.fcsr = in->fcsr & FCSR_MASK;
	wg->progress = in->progress;
	*wg->use = in->use;
	memcpy(wg->seq, in->seq, sizeof(in->seq));
	memcpy(wg->free, in->free, sizeof(in->free));
	memcpy(wg->done, in->done, sizeof(in->done));
}

void shelf_store(struct worker *worker, uint64_t start_ns)
{
	struct workgroup *wg = &worker->wg;
	struct slot *slot = wg->job->slot;
	struct save_workgroup record;
	unsigned int index;
	uint64_t at;

	if (atomic_load(&slot->stop) != SLOT_STOP_SUSPEND)
		return;
	index = claim(&slot->shelf, (unsigned int)(wg->job - slot->job), wg->part);
	at = save_record(worker->core, index);
	pack(worker, start_ns, &record);
	if (save_write(worker, slot, at, &record, sizeof(record)) &&
	    save_write(worker, slot, at + SAVE_SRAM, wg->sram, worker->core->sram_size))
		set_state(&slot->shelf, index, SHELF_FULL);
}

bool shelf_load(struct worker *worker, unsigned int index, uint64_t *start_ns)
{
	struct axon_core *core = worker->core;
	struct workgroup *wg = &worker->wg;
	struct slot *slot = wg->job->slot;
	uint64_t at = save_record(core, index);
	struct save_workgroup record;

	if (!save_read(worker, slot, at, &record, sizeof(record)) ||
	    !save_read(worker, slot, at + SAVE_SRAM, wg->sram, core->sram_size))
		return false;
	unpack(worker, &record);
	*start_ns = save_since(core, record.ns);
	atomic_store(&worker->progress_ns, save_since(core, record.progress_ns));
	set_state(&slot->shelf, index, SHELF_FREE);
	return true;
}
