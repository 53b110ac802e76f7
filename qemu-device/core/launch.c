// SPDX-License-Identifier: MIT
#include "launch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core.h"
#include "fault.h"
#include "shelf.h"
#include "worker.h"

/* Instructions between two looks at the limits: well below a millisecond. */
#define SLICE 65536

/* ---- the hart's and the engines' way to memory -------------------------------------------- */

static void report_dirty(struct worker *worker)
{
	struct workgroup *wg = &worker->wg;

	for (unsigned int i = 0; i < wg->num_dirty; i++)
		mmu_written(&worker->mmu, wg->job->as, wg->dirty[i], MMU_PAGE_SIZE);
}

/*
 * The hart stores through pointers that its TLB keeps, so a page of system memory that it may write
 * counts as written each time the hart stops, for as long as it may be in the TLB.
 */
static void note_dirty(struct worker *worker, uint64_t va)
{
	struct workgroup *wg = &worker->wg;

	va &= ~(uint64_t)(MMU_PAGE_SIZE - 1);
	for (unsigned int i = 0; i < wg->num_dirty; i++)
		if (wg->dirty[i] == va)
			return;
	if (wg->num_dirty == LAUNCH_DIRTY) {
		report_dirty(worker);
		hart_cache_flush(wg->env.cache);
		wg->num_dirty = 0;
	}
	wg->dirty[wg->num_dirty++] = va;
}

static int hart_translate(void *ctx, uint64_t va, enum hart_access access, uint8_t **host,
			  uint64_t *run)
{
	static const enum mmu_access kind[] = {
		[HART_READ] = MMU_READ,
		[HART_WRITE] = MMU_WRITE,
		[HART_EXEC] = MMU_EXEC,
	};
	struct worker *worker = ctx;
	unsigned int as = worker->wg.job->as;
	int cause = mmu_translate(&worker->mmu, as, va, kind[access], host, run);

	if (!cause && access == HART_WRITE && mmu_is_system(&worker->mmu, as, va))
		note_dirty(worker, va);
	return cause;
}

static int engine_translate(void *ctx, uint64_t va, enum engine_access access, uint8_t **host,
			    uint64_t *run)
{
	struct worker *worker = ctx;

	return mmu_translate(&worker->mmu, worker->wg.job->as, va,
			     access == ENGINE_WRITE ? MMU_WRITE : MMU_READ, host, run);
}

static void engine_written(void *ctx, uint64_t va, uint64_t bytes)
{
	struct worker *worker = ctx;

	mmu_written(&worker->mmu, worker->wg.job->as, va, bytes);
}

/* No progress for longer than the slot's wall-clock limit? */
static bool wall_is_exceeded(struct worker *worker)
{
	uint64_t wall = atomic_load(&worker->wg.job->slot->wall_ms) * 1000000ull;

	return wall && core_now(worker->core) - atomic_load(&worker->progress_ns) > wall;
}

static bool engine_doomed(void *ctx)
{
	struct worker *worker = ctx;
	struct workgroup *wg = &worker->wg;

	if (slot_is_dead(wg->job->slot) || wall_is_exceeded(worker))
		wg->doomed = true;
	return wg->doomed;
}

static int csr_read(void *ctx, unsigned int csr, uint64_t *value)
{
	struct worker *worker = ctx;
	const struct axon_pkt_launch *launch = &worker->wg.job->packet.launch;

	switch (csr) {
	case AXON_CSR_CORE: *value = worker->wg.core; return 0;
	case AXON_CSR_NUM_CORES: *value = worker->core->cores; return 0;
	case AXON_CSR_SRAM_SIZE: *value = worker->core->sram_size; return 0;
	case AXON_CSR_GRID_X ... AXON_CSR_GRID_Z:
		*value = launch->grid[csr - AXON_CSR_GRID_X];
		return 0;
	default: return -1;
	}
}

bool launch_init(struct worker *worker)
{
	struct workgroup *wg = &worker->wg;
	uint32_t size = worker->core->sram_size;

	wg->sram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (wg->sram == MAP_FAILED) {
		wg->sram = NULL;
		return false;
	}
	madvise(wg->sram, size, MADV_HUGEPAGE);
	wg->engine = (struct engine){
		.sram = wg->sram,
		.sram_size = size,
		.translate = engine_translate,
		.written = engine_written,
		.opaque = worker,
		.stop = (const volatile uint32_t *)&worker->stop_engine,
		.doomed = engine_doomed,
	};
	wg->env = (struct hart_env){
		.ctx = worker,
		.sram = wg->sram,
		.sram_size = size,
		.space = UINT64_MAX,
		.cache = hart_cache_new(),
		.stop = (const volatile uint32_t *)&worker->stop,
		.translate = hart_translate,
		.custom = custom_insn,
		.csr_read = csr_read,
	};
	return wg->env.cache;
}

void launch_fini(struct worker *worker)
{
	if (worker->wg.sram)
		munmap(worker->wg.sram, worker->core->sram_size);
	hart_cache_free(worker->wg.env.cache);
}

/* ---- a workgroup's life ------------------------------------------------------------------ */

void launch_progress(struct worker *worker)
{
	worker->wg.progress = worker->wg.hart.cycles;
	worker_progressed(worker, worker->wg.job->slot);
	atomic_store_explicit(&worker->progress_ns, core_now(worker->core), memory_order_relaxed);
}

/* Make the worker's core one that is to run workgroup `part`. */
static void enter(struct worker *worker, struct job *job, uint64_t part, struct job_use *use)
{
	struct workgroup *wg = &worker->wg;
	const struct axon_pkt_launch *launch = &job->packet.launch;
	uint64_t owner = atomic_load(&worker->core->as[job->as].owner) << 8 | job->as;

	wg->job = job;
	wg->use = use;
	wg->part = part;
	wg->fault_engine = AXON_ENGINE_HART;
	wg->core = (unsigned int)(part % worker->core->cores);
	wg->id[0] = (uint32_t)(part % launch->grid[0]);
	wg->id[1] = (uint32_t)(part / launch->grid[0] % launch->grid[1]);
	wg->id[2] = (uint32_t)(part / launch->grid[0] / launch->grid[1]);
	atomic_store(&worker->expired, 0);
	if (wg->sram_owner != owner) {
		memset(wg->sram, 0, worker->core->sram_size);
		memset(worker->mmu.sink, 0, MMU_PAGE_SIZE);
		wg->sram_owner = owner;
	}
}

static void begin(struct worker *worker)
{
	struct workgroup *wg = &worker->wg;
	const struct axon_pkt_launch *launch = &wg->job->packet.launch;

	memset(wg->seq, 0, sizeof(wg->seq));
	memset(wg->free, 0, sizeof(wg->free));
	memset(&wg->hart, 0, sizeof(wg->hart));
	wg->hart.pc = launch->entry;
	wg->hart.x[1] = AXON_EXIT_PC;
	wg->hart.x[2] = AXON_SRAM_BASE + worker->core->sram_size;
	wg->hart.x[10] = launch->args;
	for (unsigned int d = 0; d < 3; d++)
		wg->hart.x[11 + d] = wg->id[d];
	launch_progress(worker);
}

/* The latest of the workgroup's clocks. */
static uint64_t clock_of(const struct workgroup *wg)
{
	uint64_t clock = wg->hart.cycles;

	for (unsigned int e = 0; e < LAUNCH_ENGINES; e++)
		clock = wg->free[e] > clock ? wg->free[e] : clock;
	return clock;
}

/* Fill in what the hart used. */
static void finish(struct worker *worker, uint64_t start_ns)
{
	struct workgroup *wg = &worker->wg;
	uint64_t ns = core_now(worker->core) - start_ns;

	for (unsigned int e = 0; e < LAUNCH_ENGINES; e++)
		ns -= wg->use->ns[e] < ns ? wg->use->ns[e] : ns;
	wg->use->instret = wg->hart.instret;
	wg->use->cycles[AXON_ENGINE_HART] = wg->hart.cycles;
	wg->use->ns[AXON_ENGINE_HART] = ns;
}

static void fault(struct worker *worker, const struct hart_fault *what, unsigned int engine)
{
	const struct job *job = worker->wg.job;
	struct axon_fault fault = {
		.cause = (uint16_t)what->cause,
		.engine = (uint8_t)engine,
		.core = (uint16_t)worker->wg.core,
		.as = (uint16_t)job->as,
		.addr = what->addr,
		.pc = what->pc,
		.packet = job->packet_va,
		.wg = {worker->wg.id[0], worker->wg.id[1], worker->wg.id[2]},
		.tag = job->packet.tag,
		.info = what->info,
	};

	fault_raise(worker->core, job->slot, &fault, &worker->wg.hart);
}

/* Has the workgroup reached a limit of its slot? Returns the cause, or 0. */
static uint32_t limit_reached(struct worker *worker)
{
	struct workgroup *wg = &worker->wg;
	struct slot *slot = wg->job->slot;
	uint64_t hang = atomic_load(&slot->hang);
	uint64_t limit = atomic_load(&slot->limit);

	if (wg->doomed)
		return AXON_FAULT_HANG;
	if (hang && wg->hart.cycles - wg->progress > hang)
		return AXON_FAULT_HANG;
	if (limit && slot_packet_cycles(slot) + clock_of(wg) > limit)
		return AXON_FAULT_TIMEOUT;
	if (atomic_exchange(&worker->expired, 0) && wall_is_exceeded(worker))
		return AXON_FAULT_HANG;
	return 0;
}

/* Run the hart until it is done. False when the workgroup was left. */
static bool run(struct worker *worker)
{
	struct workgroup *wg = &worker->wg;

	for (;;) {
		enum hart_exit exit;
		uint32_t cause;
		uint64_t space;

		if (!worker_check(worker))
			return false;
		cause = limit_reached(worker);
		if (cause) {
			struct hart_fault what = {.cause = cause, .pc = wg->hart.pc};

			fault(worker, &what, AXON_ENGINE_HART);
			return false;
		}
		space = mmu_space(worker->core, wg->job->as);
		if (space != wg->env.space) {
			wg->env.space = space;
			wg->num_dirty = 0;
		}
		exit = hart_run(&wg->hart, &wg->env, SLICE);
		report_dirty(worker);
		if (exit == HART_EXIT_DONE)
			return true;
		if (exit == HART_EXIT_FAULT) {
			fault(worker, &wg->hart.fault, wg->fault_engine);
			return false;
		}
	}
}

bool launch_part(struct worker *worker, struct job *job, const struct part *part, uint64_t *cost,
		 struct job_use *use)
{
	uint64_t start = core_now(worker->core);
	bool done;

	enter(worker, job, part->number, use);
	if (!part->shelved)
		begin(worker);
	else if (!shelf_load(worker, part->shelf, &start))
		return false;
	/* nothing of another address space is used until the workgroup is left */
	atomic_store(&worker->inside, job->as + 1);
	worker->wg.doomed = false;
	done = run(worker);
	atomic_store(&worker->inside, 0);
	if (!done)
		shelf_store(worker, start);
	atomic_store(&worker->progress_ns, 0);
	if (done) {
		finish(worker, start);
		*cost = clock_of(&worker->wg);
	}
	return done;
}
