// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "worker.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core.h"
#include "ring.h"

/*
 * Waking a sleeper costs some 50 us, so within a stream nobody sleeps: the pauses between the
 * packets of a running slot are short. While nothing runs the host's other threads come first, but
 * for one worker on the look-out: it is still awake when a guest that was woken by the end of one
 * stream submits the next.
 */
#define SPIN_BUSY_NS	300000
#define SPIN_IDLE_NS	60000
#define SPIN_LOOKOUT_NS 300000
#define SPIN_LOOPS	64	/* between looks at the clock */
#define TICK_NS		1000000 /* of polling WAITs and looking for hangs */

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* ---- choosing ---------------------------------------------------------------------------- */

static uint32_t claimable(struct axon_core *core)
{
	return atomic_load(&core->ready) & ~atomic_load(&core->busy);
}

static bool have_work(struct axon_core *core)
{
	return claimable(core) || atomic_load(&core->open);
}

bool worker_is_wanted(struct worker *worker, const struct slot *slot)
{
	return (claimable(worker->core) | job_open_slots(worker->core)) & ~slot_bit(slot);
}

/* The next slot of the mask after the worker's last one. */
static unsigned int next_slot(const struct worker *worker, uint32_t slots)
{
	uint32_t later = slots & ~((2u << worker->last_slot) - 1);

	return (unsigned int)__builtin_ctz(later ? later : slots);
}

/* Be the slot's command processor with `run`; the worker may be in the middle of something else. */
static bool run_slot(struct worker *worker, struct slot *slot,
		     bool (*run)(struct worker *, struct slot *))
{
	struct axon_core *core = worker->core;
	struct slot *before = atomic_load(&worker->slot);
	bool progress;

	if (atomic_fetch_or(&core->busy, slot_bit(slot)) & slot_bit(slot))
		return false;
	atomic_fetch_and(&core->ready, ~slot_bit(slot));
	atomic_store(&worker->slot, slot);
	progress = run(worker, slot);
	atomic_store(&worker->slot, before);
	atomic_fetch_and(&core->busy, ~slot_bit(slot));
	return progress;
}

static void run_job(struct worker *worker, struct job *job)
{
	atomic_store(&worker->slot, job->slot);
	job_work(worker, job);
	atomic_store(&worker->slot, NULL);
}

/* A slot that is to be switched, or NULL. */
static struct slot *find_switch(struct axon_core *core)
{
	for (uint32_t slots = claimable(core); slots; slots &= slots - 1) {
		struct slot *slot = &core->slot[__builtin_ctz(slots)];

		if (ring_is_asked(slot))
			return slot;
	}
	return NULL;
}

/*
 * Switch slots that are to be. False when there was nothing to do. Until none is left: what came up
 * meanwhile had others look for it, but perhaps while this worker had the slot.
 */
static bool switch_slots(struct worker *worker)
{
	struct slot *slot = find_switch(worker->core);
	bool progress = false;

	for (; slot; slot = find_switch(worker->core)) {
		worker->serving = true;
		progress |= run_slot(worker, slot, ring_switch);
		worker->serving = false;
	}
	return progress;
}

/* Do one thing, of the highest priority that has any. False when there was nothing to do. */
static bool run_once(struct worker *worker)
{
	struct axon_core *core = worker->core;

	/* First: after leaving a slot that is to be switched, a long program of another may follow. */
	if (switch_slots(worker))
		return true;

	for (int level = 3; level >= 0; level--) {
		uint32_t slots = atomic_load(&core->level[level]);
		uint32_t ready = claimable(core) & slots;
		uint32_t open = job_open_slots(core) & slots;
		unsigned int s;
		struct job *job;

		if (!(ready | open))
			continue;
		s = next_slot(worker, ready | open);
		worker->last_slot = s;
		if (ready >> s & 1)
			return run_slot(worker, &core->slot[s], ring_run);
		job = job_find(core, s);
		if (!job)
			return false;
		run_job(worker, job);
		return true;
	}
	return false;
}

/* ---- resting ----------------------------------------------------------------------------- */

static void clear_stop(struct worker *worker)
{
	atomic_store(&worker->stop, 0);
	atomic_store(&worker->stop_engine, 0);
}

/* Both under core->lock. */
static void rest_begin(struct worker *worker)
{
	struct axon_core *core = worker->core;

	worker->resting = true;
	core->awake--;
	pthread_cond_broadcast(&core->rested);
}

static void rest_end(struct worker *worker)
{
	struct axon_core *core = worker->core;

	worker->resting = false;
	if (core->awake++ == 0)
		pthread_cond_signal(&core->ticked);
	clear_stop(worker);
	atomic_store(&worker->inv_seen, atomic_load(&core->inv_seq));
}

static bool must_leave(struct worker *worker)
{
	struct slot *slot = atomic_load(&worker->slot);

	return slot && atomic_load(&slot->stop);
}

/* Leaving would write nothing: a parked worker may do so. */
static bool can_leave_parked(struct worker *worker)
{
	struct slot *slot = atomic_load(&worker->slot);

	return slot && slot_is_dead(slot);
}

static void park(struct worker *worker)
{
	struct axon_core *core = worker->core;

	pthread_mutex_lock(&core->lock);
	rest_begin(worker);
	while (atomic_load(&core->parks) && !core->ending && !can_leave_parked(worker))
		pthread_cond_wait(&core->work, &core->lock);
	rest_end(worker);
	pthread_mutex_unlock(&core->lock);
	/* the pause was not the part's fault */
	if (atomic_load(&worker->progress_ns))
		atomic_store(&worker->progress_ns, core_now(core));
}

static void look_up(struct worker *worker)
{
	struct axon_core *core = worker->core;

	if (atomic_load(&worker->stop) || atomic_load(&core->parks) ||
	    atomic_load(&worker->inv_seen) != atomic_load(&core->inv_seq)) {
		clear_stop(worker);
		atomic_store(&worker->inv_seen, atomic_load(&core->inv_seq));
		if (atomic_load(&core->parks) && !can_leave_parked(worker))
			park(worker);
		/* from within the work for another one */
		if (!worker->serving && atomic_load(&worker->slot))
			switch_slots(worker);
	}
}

bool worker_check(struct worker *worker)
{
	look_up(worker);
	return !must_leave(worker);
}

bool worker_check_switch(struct worker *worker, struct slot *slot)
{
	look_up(worker);
	return !slot_is_dead(slot);
}

static void sleep_for_work(struct worker *worker)
{
	struct axon_core *core = worker->core;

	pthread_mutex_lock(&core->lock);
	atomic_fetch_add(&core->sleepers, 1);
	rest_begin(worker);
	while (!core->ending && (atomic_load(&core->parks) || !have_work(core)))
		pthread_cond_wait(&core->work, &core->lock);
	rest_end(worker);
	atomic_fetch_sub(&core->sleepers, 1);
	pthread_mutex_unlock(&core->lock);
}

/* Spin until there is something to do. False when that took too long. */
static bool spin(struct worker *worker, bool lookout)
{
	struct axon_core *core = worker->core;
	uint64_t start = core_now(core), limit;

	do {
		for (unsigned int i = 0; i < SPIN_LOOPS; i++) {
			if (have_work(core) || atomic_load(&worker->stop) ||
			    atomic_load(&core->parks))
				return true;
			pause_cpu();
		}
		/* whoever was woken on this CPU need not wait until it is taken away */
		sched_yield();
		/* a WAIT polls at this pace while somebody spins */
		if (atomic_load(&core->waiting) & ~atomic_load(&core->busy))
			atomic_fetch_or(&core->ready, atomic_load(&core->waiting));
		limit = lookout			      ? SPIN_LOOKOUT_NS
			: atomic_load(&core->running) ? SPIN_BUSY_NS
						      : SPIN_IDLE_NS;
	} while (core_now(core) - start <= limit);
	return false;
}

static void idle(struct worker *worker)
{
	struct axon_core *core = worker->core;
	bool lookout = !atomic_exchange(&core->lookout, true);
	bool found = spin(worker, lookout);

	if (lookout)
		atomic_store(&core->lookout, false);
	if (!found)
		sleep_for_work(worker);
}

void worker_wake(struct axon_core *core, uint64_t count)
{
	if (!atomic_load(&core->sleepers))
		return;
	pthread_mutex_lock(&core->lock);
	if (count > 1)
		pthread_cond_broadcast(&core->work);
	else
		pthread_cond_signal(&core->work);
	pthread_mutex_unlock(&core->lock);
}

void worker_progressed(struct worker *worker, const struct slot *slot)
{
	_Atomic uint32_t *progress = &worker->progress[slot->index];

	/* nobody else writes it */
	atomic_store_explicit(progress, atomic_load_explicit(progress, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

uint32_t worker_progress(struct axon_core *core, const struct slot *slot)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < core->num_workers; i++)
		sum += atomic_load(&core->worker[i].progress[slot->index]);
	return sum;
}

static void interrupt(struct worker *worker)
{
	/* in this order, the other way round than they are cleared: the second may not stay set alone */
	atomic_store(&worker->stop_engine, 1);
	atomic_store(&worker->stop, 1);
}

void worker_interrupt_all(struct axon_core *core)
{
	for (unsigned int i = 0; i < core->num_workers; i++)
		interrupt(&core->worker[i]);
}

void worker_interrupt_harts(struct axon_core *core)
{
	for (unsigned int i = 0; i < core->num_workers; i++)
		atomic_store(&core->worker[i].stop, 1);
}

/* A worker that comes to the slot after this finds `stop` set. */
void worker_interrupt_slot(struct axon_core *core, const struct slot *slot)
{
	for (unsigned int i = 0; i < core->num_workers; i++)
		if (atomic_load(&core->worker[i].slot) == slot)
			interrupt(&core->worker[i]);
}

/*
 * An engine operation that is interrupted starts anew. Were all workers interrupted, a program could
 * keep others' operations from ever ending by changing its own address space again and again.
 */
void worker_invalidate(struct axon_core *core, unsigned int as)
{
	atomic_fetch_add(&core->as[as].generation, 1);
	atomic_store(&core->as[as].inv_seq, atomic_fetch_add(&core->inv_seq, 1) + 1);
	for (unsigned int i = 0; i < core->num_workers; i++) {
		uint32_t inside = atomic_load(&core->worker[i].inside);

		if (!inside || inside == as + 1)
			interrupt(&core->worker[i]);
	}
}

static bool all_idle(struct axon_core *core)
{
	for (unsigned int i = 0; i < core->num_workers; i++)
		if (atomic_load(&core->worker[i].slot))
			return false;
	return true;
}

void worker_wait_rested(struct axon_core *core, bool idle)
{
	worker_interrupt_all(core);
	pthread_mutex_lock(&core->lock);
	pthread_cond_broadcast(&core->work);
	while (core->awake || (idle && !all_idle(core)))
		pthread_cond_wait(&core->rested, &core->lock);
	pthread_mutex_unlock(&core->lock);
}

bool worker_all_invalidated(struct axon_core *core)
{
	bool all = true;

	pthread_mutex_lock(&core->lock);
	for (unsigned int i = 0; i < core->num_workers; i++) {
		struct worker *worker = &core->worker[i];
		uint32_t inside = atomic_load(&worker->inside);
		uint64_t seq = atomic_load(inside ? &core->as[inside - 1].inv_seq : &core->inv_seq);

		all &= worker->resting || atomic_load(&worker->inv_seen) >= seq;
	}
	pthread_mutex_unlock(&core->lock);
	return all;
}

/* ---- threads ----------------------------------------------------------------------------- */

static bool is_ending(struct axon_core *core)
{
	bool ending;

	pthread_mutex_lock(&core->lock);
	ending = core->ending;
	pthread_mutex_unlock(&core->lock);
	return ending;
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct axon_core *core = worker->core;

	if (core->host.thread_start)
		core->host.thread_start(core->opaque);
	do {
		worker_check(worker);
		while (run_once(worker))
			worker_check(worker);
		idle(worker);
	} while (!is_ending(core));
	pthread_mutex_lock(&core->lock);
	rest_begin(worker);
	pthread_mutex_unlock(&core->lock);
	if (core->host.thread_end)
		core->host.thread_end(core->opaque);
	return NULL;
}

/* A worker whose part made no progress for its slot's wall-clock limit is made to look. */
static void look_for_hangs(struct axon_core *core)
{
	uint64_t now = core_now(core);

	for (unsigned int i = 0; i < core->num_workers; i++) {
		struct worker *worker = &core->worker[i];
		uint64_t since = atomic_load(&worker->progress_ns);
		struct slot *slot = atomic_load(&worker->slot);
		uint64_t limit = slot ? atomic_load(&slot->wall_ms) * 1000000ull : 0;

		/* it may be later than now, and before power-on after a resume */
		if (since && limit && (int64_t)(now - since) > (int64_t)limit) {
			atomic_store(&worker->expired, 1);
			interrupt(worker);
		}
	}
}

/* What no packet was begun of while the chip was too hot. Under core->lock. */
static void serve_again(struct axon_core *core)
{
	atomic_fetch_or(&core->ready, (1u << AXON_NUM_SLOTS) - 1);
	pthread_cond_broadcast(&core->work);
	core_interrupt(core, AXON_VEC_FAULT);
}

static void tick_sleep(struct axon_core *core)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&core->ticked, &core->lock, &until);
}

static void *tick_main(void *arg)
{
	struct axon_core *core = arg;

	pthread_mutex_lock(&core->lock);
	while (!core->ending) {
		uint32_t waiting = atomic_load(&core->waiting);

		if (atomic_load(&core->parks) || (!core->awake && !waiting && !inject_is_hot(core)))
			pthread_cond_wait(&core->ticked, &core->lock);
		else
			tick_sleep(core);
		look_for_hangs(core);
		if (inject_cools(core))
			serve_again(core);
		waiting = atomic_load(&core->waiting);
		if (waiting) {
			atomic_fetch_or(&core->ready, waiting);
			pthread_cond_signal(&core->work);
		}
	}
	pthread_mutex_unlock(&core->lock);
	return NULL;
}

unsigned int worker_default_count(void)
{
	unsigned int count = 0;
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return 1;
	/* count the CPUs that are the first allowed one of their physical core */
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		unsigned int first = cpu;
		char path[96];
		FILE *file;

		if (!CPU_ISSET(cpu, &allowed))
			continue;
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
		file = fopen(path, "r");
		if (file) {
			if (fscanf(file, "%u", &first) != 1)
				first = cpu;
			fclose(file);
		}
		if (first == cpu || first >= CPU_SETSIZE || !CPU_ISSET(first, &allowed))
			count++;
	}
	return count ? count : 1;
}

static bool create_threads(struct axon_core *core)
{
	for (unsigned int i = 0; i < core->num_workers; i++) {
		pthread_mutex_lock(&core->lock);
		core->awake++;
		pthread_mutex_unlock(&core->lock);
		if (pthread_create(&core->worker[i].thread, NULL, worker_main, &core->worker[i])) {
			pthread_mutex_lock(&core->lock);
			core->awake--;
			pthread_mutex_unlock(&core->lock);
			return false;
		}
		pthread_setname_np(core->worker[i].thread, "axon-worker");
		core->num_threads++;
	}
	core->ticking = !pthread_create(&core->tick_thread, NULL, tick_main, core);
	return core->ticking;
}

bool worker_start_all(struct axon_core *core)
{
	sigset_t all, before;
	bool started;

	core->worker = calloc(core->num_workers, sizeof(*core->worker));
	if (!core->worker) {
		core->num_workers = 0;
		return false;
	}
	for (unsigned int i = 0; i < core->num_workers; i++) {
		struct worker *worker = &core->worker[i];

		worker->core = core;
		if (!mmu_init(&worker->mmu, core) || !launch_init(worker))
			return false;
	}
	/* signals are for the host's threads */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = create_threads(core);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void worker_stop_all(struct axon_core *core)
{
	pthread_mutex_lock(&core->lock);
	core->ending = true;
	pthread_cond_broadcast(&core->work);
	pthread_cond_broadcast(&core->ticked);
	pthread_mutex_unlock(&core->lock);
	for (unsigned int i = 0; i < core->num_threads; i++)
		pthread_join(core->worker[i].thread, NULL);
	if (core->ticking)
		pthread_join(core->tick_thread, NULL);
	for (unsigned int i = 0; core->worker && i < core->num_workers; i++) {
		launch_fini(&core->worker[i]);
		mmu_fini(&core->worker[i].mmu);
	}
	free(core->worker);
}
