// SPDX-License-Identifier: MIT
#include "packet.h"

#include <stddef.h>
#include <string.h>

#include "copy.h"
#include "core.h"
#include "cost.h"
#include "job.h"
#include "worker.h"

#define LAUNCH_MAX_GROUPS (1ull << 31)

/* Fields that must be zero. */
static const struct zero {
	uint8_t op;
	uint8_t offset;
	uint8_t bytes;
} zeros[] = {
	{AXON_PKT_NOP, offsetof(struct axon_packet, raw), 56},
	{AXON_PKT_LAUNCH, offsetof(struct axon_packet, launch.reserved0), 4},
	{AXON_PKT_LAUNCH, offsetof(struct axon_packet, launch.reserved1), 8},
	{AXON_PKT_COPY, offsetof(struct axon_packet, copy.reserved), 32},
	{AXON_PKT_FILL, offsetof(struct axon_packet, fill.reserved0), 4},
	{AXON_PKT_FILL, offsetof(struct axon_packet, fill.reserved1), 32},
	{AXON_PKT_WAIT, offsetof(struct axon_packet, wait.reserved), 40},
	{AXON_PKT_SIGNAL, offsetof(struct axon_packet, signal.reserved), 40},
	{AXON_PKT_TIMESTAMP, offsetof(struct axon_packet, timestamp.reserved), 48},
	{AXON_PKT_CALL, offsetof(struct axon_packet, call.reserved0), 4},
	{AXON_PKT_CALL, offsetof(struct axon_packet, call.reserved), 40},
	{AXON_PKT_BRANCH, offsetof(struct axon_packet, branch.reserved), 24},
};

static const uint8_t allowed_flags[AXON_PKT_COUNT] = {
	[AXON_PKT_LAUNCH] = AXON_PKT_F_OVERLAP,
	[AXON_PKT_SIGNAL] = AXON_PKT_F_IRQ,
};

static int bad_packet(struct packet_context *ctx, size_t offset, uint64_t found)
{
	ctx->worker->fault_addr = ctx->va;
	ctx->worker->fault_info = (uint64_t)offset << 32 | (uint32_t)found;
	return AXON_FAULT_BAD_PACKET;
}

#define BAD_FIELD(ctx, field) \
	bad_packet(ctx, offsetof(struct axon_packet, field), (ctx)->packet.field)

/* The fault of an access that the MMU refused. */
static int refused(struct worker *worker, int cause)
{
	worker->fault_addr = worker->mmu.fault_addr;
	worker->fault_info = 0;
	return cause;
}

static int check_zeros(struct packet_context *ctx)
{
	const uint8_t *bytes = (const uint8_t *)&ctx->packet;

	for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
		if (zeros[i].op != ctx->packet.op)
			continue;
		for (unsigned int b = 0; b < zeros[i].bytes; b += 4) {
			uint32_t word;

			memcpy(&word, bytes + zeros[i].offset + b, sizeof(word));
			if (word)
				return bad_packet(ctx, zeros[i].offset + b, word);
		}
	}
	return 0;
}

static int check(struct packet_context *ctx)
{
	const struct axon_packet *p = &ctx->packet;

	if (p->op >= AXON_PKT_COUNT)
		return BAD_FIELD(ctx, op);
	if (p->flags & ~allowed_flags[p->op])
		return BAD_FIELD(ctx, flags);
	if (p->reserved)
		return BAD_FIELD(ctx, reserved);
	return check_zeros(ctx);
}

/* ---- packets that become jobs ------------------------------------------------------------ */

static bool exceeds_limit(struct slot *slot, uint64_t cost)
{
	uint64_t limit = atomic_load(&slot->limit);

	return limit && slot_packet_cycles(slot) + cost > limit;
}

static int start_job(struct packet_context *ctx, enum job_kind kind, uint64_t parts)
{
	struct axon_core *core = ctx->worker->core;
	struct job *job = job_new(core, ctx->slot, kind, &ctx->packet, ctx->va, parts);

	if (!job)
		return PACKET_BLOCKED;
	job_start(core, job);
	ctx->job = job;
	ctx->slot->overlap = ctx->packet.flags & AXON_PKT_F_OVERLAP;
	return PACKET_DONE;
}

static int check_launch(struct packet_context *ctx, uint64_t *groups)
{
	const struct axon_pkt_launch *launch = &ctx->packet.launch;

	if (launch->entry < AXON_LOCAL_END || launch->entry & 3)
		return BAD_FIELD(ctx, launch.entry);
	*groups = 1;
	for (unsigned int d = 0; d < 3; d++) {
		if (!launch->grid[d] || launch->grid[d] > LAUNCH_MAX_GROUPS / *groups)
			return bad_packet(ctx, offsetof(struct axon_packet, launch.grid) + 4 * d,
					  launch->grid[d]);
		*groups *= launch->grid[d];
	}
	if (launch->log & 7)
		return BAD_FIELD(ctx, launch.log);
	if (launch->stats & 7)
		return BAD_FIELD(ctx, launch.stats);
	return 0;
}

static int check_fill(struct packet_context *ctx)
{
	const struct axon_pkt_fill *fill = &ctx->packet.fill;

	if (fill->dst & 3)
		return BAD_FIELD(ctx, fill.dst);
	if (fill->bytes & 3)
		return BAD_FIELD(ctx, fill.bytes);
	return 0;
}

static int run_launch(struct packet_context *ctx)
{
	uint64_t groups;
	int cause = check_launch(ctx, &groups);

	return cause ? cause : start_job(ctx, JOB_LAUNCH, groups);
}

static int run_copy(struct packet_context *ctx)
{
	uint64_t bytes = ctx->packet.copy.bytes;

	if (exceeds_limit(ctx->slot, copy_cost(bytes)))
		return refused(ctx->worker, AXON_FAULT_TIMEOUT);
	return start_job(ctx, JOB_COPY, copy_parts(bytes));
}

static int run_fill(struct packet_context *ctx)
{
	uint64_t bytes = ctx->packet.fill.bytes;
	int cause = check_fill(ctx);

	if (cause)
		return cause;
	if (exceeds_limit(ctx->slot, copy_cost(bytes)))
		return refused(ctx->worker, AXON_FAULT_TIMEOUT);
	return start_job(ctx, JOB_FILL, copy_parts(bytes));
}

int packet_job(struct packet_context *ctx, enum job_kind *kind, uint64_t *parts)
{
	int cause = check(ctx);

	if (cause)
		return cause;
	switch (ctx->packet.op) {
	case AXON_PKT_LAUNCH: *kind = JOB_LAUNCH; return check_launch(ctx, parts);
	case AXON_PKT_COPY:
		*kind = JOB_COPY;
		*parts = copy_parts(ctx->packet.copy.bytes);
		return 0;
	case AXON_PKT_FILL:
		*kind = JOB_FILL;
		*parts = copy_parts(ctx->packet.fill.bytes);
		return check_fill(ctx);
	default: return BAD_FIELD(ctx, op);
	}
}

static void add_use(struct axon_core *core, struct slot *slot, const struct job_use *use)
{
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++) {
		slot->used.cycles[e] += use->cycles[e];
		slot->used.ns[e] += use->ns[e];
		atomic_fetch_add(&core->perf_cycles[e], use->cycles[e]);
		atomic_fetch_add(&core->perf_ns[e], use->ns[e]);
	}
}

int packet_retire(struct worker *worker, struct slot *slot, struct job *job)
{
	struct axon_launch_stats stats = {0};
	uint64_t cycles;
	int cause;

	if (job->kind == JOB_LAUNCH) {
		cycles = COST_LAUNCH + job->cycles;
		slot->used.workgroups += job->parts;
	} else {
		cycles = copy_cost(job->kind == JOB_COPY ? job->packet.copy.bytes
							 : job->packet.fill.bytes);
		job->use.cycles[AXON_ENGINE_COPY] = cycles;
	}
	atomic_fetch_add(&slot->clock, cycles);
	add_use(worker->core, slot, &job->use);
	if (job->kind != JOB_LAUNCH || !job->packet.launch.stats)
		return 0;
	stats.cycles = cycles;
	stats.ns = job->end_ns - job->start_ns;
	stats.instret = job->use.instret;
	memcpy(stats.engine_cycles, job->use.cycles, sizeof(stats.engine_cycles));
	cause = mmu_write(&worker->mmu, job->as, job->packet.launch.stats, &stats, sizeof(stats));
	return cause ? refused(worker, cause) : 0;
}

/* ---- packets that are done at once ------------------------------------------------------- */

static int run_wait(struct packet_context *ctx)
{
	struct worker *worker = ctx->worker;
	struct axon_core *core = worker->core;
	struct slot *slot = ctx->slot;
	const struct axon_pkt_wait *wait = &ctx->packet.wait;
	uint64_t wall = atomic_load(&slot->wall_ms) * 1000000ull;
	uint64_t *word;
	int cause;

	if (wait->addr & 7)
		return BAD_FIELD(ctx, wait.addr);
	cause = mmu_map(&worker->mmu, ctx->as, wait->addr, MMU_READ, &word);
	if (cause)
		return refused(worker, cause);
	/* say so first: a SIGNAL between the look and the saying would go unheard */
	atomic_fetch_or(&core->waiting, slot_bit(slot));
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) >= wait->value) {
		atomic_fetch_and(&core->waiting, ~slot_bit(slot));
		slot->wait_since = 0;
		return PACKET_DONE;
	}
	if (!slot->wait_since) {
		slot->wait_addr = wait->addr;
		slot->wait_value = wait->value;
		slot->wait_since = core_now(core);
	}
	/* a program's own wait is bounded; the driver's waits are for other queues */
	if (slot->depth && wall && core_now(core) - slot->wait_since > wall) {
		worker->fault_addr = wait->addr;
		worker->fault_info = 0;
		return AXON_FAULT_HANG;
	}
	return PACKET_BLOCKED;
}

int packet_flush_counters(struct worker *worker, struct slot *slot)
{
	uint64_t va = atomic_load(&slot->counters);
	uint64_t *used = (uint64_t *)&slot->used;

	for (unsigned int i = 0; va && i < sizeof(slot->used) / 8; i++) {
		uint64_t *word;
		int cause;

		if (!used[i])
			continue;
		cause = mmu_map(&worker->mmu, 0, va + 8 * i, MMU_WRITE, &word);
		if (cause)
			return refused(worker, cause);
		__atomic_fetch_add(word, used[i], __ATOMIC_RELAXED);
		mmu_written(&worker->mmu, 0, va + 8 * i, 8);
	}
	memset(&slot->used, 0, sizeof(slot->used));
	return 0;
}

static int run_signal(struct packet_context *ctx)
{
	struct worker *worker = ctx->worker;
	struct axon_core *core = worker->core;
	const struct axon_pkt_signal *signal = &ctx->packet.signal;
	struct axon_signal *out;
	int cause;

	if (signal->addr & 15)
		return BAD_FIELD(ctx, signal.addr);
	cause = mmu_map(&worker->mmu, ctx->as, signal->addr, MMU_WRITE, &out);
	if (cause)
		return refused(worker, cause);
	cause = packet_flush_counters(worker, ctx->slot);
	if (cause)
		return cause;
	__atomic_store_n(&out->ns, core_now(core), __ATOMIC_RELAXED);
	__atomic_store_n(&out->value, signal->value, __ATOMIC_SEQ_CST);
	mmu_written(&worker->mmu, ctx->as, signal->addr, sizeof(*out));
	if (atomic_load(&core->waiting)) {
		atomic_fetch_or(&core->ready, atomic_load(&core->waiting));
		worker_wake(core, 1);
	}
	if (ctx->packet.flags & AXON_PKT_F_IRQ)
		core_interrupt(core, AXON_VEC_SLOT(ctx->slot->index));
	return PACKET_DONE;
}

static int run_timestamp(struct packet_context *ctx)
{
	struct worker *worker = ctx->worker;
	uint64_t addr = ctx->packet.timestamp.addr;
	struct axon_timestamp stamp = {
		.ns = core_now(worker->core),
		.cycles = atomic_load(&ctx->slot->clock),
	};
	int cause;

	if (addr & 15)
		return BAD_FIELD(ctx, timestamp.addr);
	cause = mmu_write(&worker->mmu, ctx->as, addr, &stamp, sizeof(stamp));
	return cause ? refused(worker, cause) : PACKET_DONE;
}

static int run_call(struct packet_context *ctx)
{
	const struct axon_pkt_call *call = &ctx->packet.call;
	struct slot *slot = ctx->slot;

	/* address space 0 is the driver's, where no buffer is called */
	if (!slot->as)
		return BAD_FIELD(ctx, op);
	if (call->addr & (AXON_PACKET_SIZE - 1))
		return BAD_FIELD(ctx, call.addr);
	if (slot->depth == AXON_CALL_DEPTH) {
		ctx->worker->fault_addr = call->addr;
		ctx->worker->fault_info = 0;
		return AXON_FAULT_CALL_DEPTH;
	}
	slot->frame[slot->depth++] = (struct slot_frame){.base = call->addr, .count = call->count};
	return PACKET_MOVED;
}

static bool holds(const struct axon_pkt_branch *branch, uint64_t word)
{
	word &= branch->mask;
	switch (branch->cond) {
	case AXON_COND_EQ: return word == branch->value;
	case AXON_COND_NE: return word != branch->value;
	case AXON_COND_LT: return word < branch->value;
	case AXON_COND_GE: return word >= branch->value;
	default: return true;
	}
}

/* Is the target inside the buffer, or its end? A ring can only be left forwards. */
static bool target_is_valid(const struct slot *slot, int64_t target)
{
	uint32_t ahead = atomic_load(&slot->wptr) - atomic_load(&slot->rptr);
	const struct slot_frame *frame;

	if (!slot->depth)
		return target > 0 && target <= ahead;
	frame = &slot->frame[slot->depth - 1];
	target += frame->next;
	return target >= 0 && target <= frame->count;
}

static int run_branch(struct packet_context *ctx)
{
	const struct axon_pkt_branch *branch = &ctx->packet.branch;
	struct worker *worker = ctx->worker;
	struct slot *slot = ctx->slot;
	uint64_t word = 0, *host;

	if (branch->cond > AXON_COND_GE)
		return BAD_FIELD(ctx, branch.cond);
	if (!target_is_valid(slot, branch->target))
		return BAD_FIELD(ctx, branch.target);
	if (branch->cond != AXON_COND_ALWAYS) {
		int cause;

		if (branch->addr & 7)
			return BAD_FIELD(ctx, branch.addr);
		cause = mmu_map(&worker->mmu, ctx->as, branch->addr, MMU_READ, &host);
		if (cause)
			return refused(worker, cause);
		word = __atomic_load_n(host, __ATOMIC_ACQUIRE);
	}
	if (!holds(branch, word))
		return PACKET_DONE;
	if (slot->depth)
		slot->frame[slot->depth - 1].next += (uint32_t)branch->target;
	else
		atomic_fetch_add(&slot->rptr, (uint32_t)branch->target);
	return PACKET_MOVED;
}

static int run_nop(struct packet_context *ctx)
{
	(void)ctx;
	return PACKET_DONE;
}

int packet_run(struct packet_context *ctx)
{
	static int (*const run[AXON_PKT_COUNT])(struct packet_context *) = {
		[AXON_PKT_NOP] = run_nop,
		[AXON_PKT_LAUNCH] = run_launch,
		[AXON_PKT_COPY] = run_copy,
		[AXON_PKT_FILL] = run_fill,
		[AXON_PKT_WAIT] = run_wait,
		[AXON_PKT_SIGNAL] = run_signal,
		[AXON_PKT_TIMESTAMP] = run_timestamp,
		[AXON_PKT_CALL] = run_call,
		[AXON_PKT_BRANCH] = run_branch,
	};
	struct slot *slot = ctx->slot;
	int result = check(ctx);

	if (result)
		return result;
	/* in order: a packet starts when those before it are over, but for overlapping launches */
	if (slot->job_count && !(ctx->packet.op == AXON_PKT_LAUNCH && slot->overlap))
		return PACKET_BLOCKED;
	if (!slot->depth && !slot->job_count)
		atomic_store(&slot->packet_start, atomic_load(&slot->clock));
	slot->used.packets++; /* before it runs: a SIGNAL counts itself */
	result = run[ctx->packet.op](ctx);
	if (result > 0)
		return result;
	if (result == PACKET_BLOCKED) {
		slot->used.packets--;
		return result;
	}
	if (!ctx->job)
		atomic_fetch_add(&slot->clock, COST_PACKET);
	if (exceeds_limit(slot, 0)) {
		ctx->worker->fault_addr = 0;
		ctx->worker->fault_info = 0;
		return AXON_FAULT_TIMEOUT;
	}
	return result;
}
