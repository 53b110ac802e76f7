// SPDX-License-Identifier: MIT
/* The hart's custom-0 instructions: ISSUE, WAIT, FENCE, LOG. */
#include <string.h>

#include "core.h"
#include "hart_insn.h"
#include "launch.h"
#include "worker.h"

#define LOG_CHUNK 256
#define LOG_MAX	  65536 /* bytes; longer messages are dropped */

static enum hart_custom fail(struct axon_hart *h, uint32_t cause, uint64_t addr, uint64_t info)
{
	h->fault = (struct hart_fault){.cause = cause, .addr = addr, .info = info};
	return HART_CUSTOM_FAULT;
}

/* The engine's last call failed. */
static enum hart_custom engine_fail(struct worker *worker, struct axon_hart *h, int cause)
{
	return fail(h, (uint32_t)cause, worker->wg.engine.fault_addr, worker->wg.engine.fault_info);
}

/* ---- tokens ------------------------------------------------------------------------------ */

/* The clock when the token's operation was complete. False when it was never issued. */
static bool token_done(const struct workgroup *wg, uint64_t token, uint64_t *done)
{
	unsigned int e = AXON_TOKEN_ENGINE(token);
	uint64_t seq = AXON_TOKEN_SEQ(token);

	*done = 0;
	if (!token)
		return true;
	if (e >= LAUNCH_ENGINES || !seq || seq > wg->seq[e])
		return false;
	if (wg->seq[e] - seq >= COST_TOKENS)
		seq = wg->seq[e] - COST_TOKENS + 1;
	*done = wg->done[e][seq % COST_TOKENS];
	return true;
}

static enum hart_custom wait_token(struct worker *worker, struct axon_hart *h, uint64_t token)
{
	uint64_t done;

	if (!token_done(&worker->wg, token, &done))
		return fail(h, AXON_FAULT_BAD_TOKEN, token, 0);
	if (done > h->cycles) {
		h->cycles = done;
		worker->wg.progress = done;
	}
	return HART_CUSTOM_OK;
}

static enum hart_custom fence(struct worker *worker, struct axon_hart *h)
{
	for (unsigned int e = 0; e < LAUNCH_ENGINES; e++) {
		if (worker->wg.free[e] > h->cycles) {
			h->cycles = worker->wg.free[e];
			worker->wg.progress = h->cycles;
		}
	}
	return HART_CUSTOM_OK;
}

/* ---- ISSUE ------------------------------------------------------------------------------- */

/* Copy the descriptor into wg->desc. Returns 0 or a cause, with the engine's fault fields set. */
static int fetch(struct workgroup *wg, uint64_t va)
{
	struct engine *engine = &wg->engine;
	unsigned int size;
	int cause;

	engine->fault_info = 0;
	if (va & 7)
		return engine_bad_desc(engine, va, 0, (uint32_t)va);
	cause = engine_read(engine, &wg->desc, va, sizeof(wg->desc));
	if (cause)
		return cause;
	size = wg->desc.size;
	if (size < sizeof(wg->desc) || size > sizeof(wg->desc_bytes))
		return engine_bad_desc(engine, va, offsetof(struct axon_desc, size), size);
	if (wg->desc.reserved)
		return engine_bad_desc(engine, va, offsetof(struct axon_desc, reserved),
				       wg->desc.reserved);
	return engine_read(engine, wg->desc_bytes + sizeof(wg->desc), va + sizeof(wg->desc),
			   size - sizeof(wg->desc));
}

static int run_engine(struct workgroup *wg, unsigned int e, uint64_t va)
{
	static int (*const run[LAUNCH_ENGINES])(struct engine *, const struct axon_desc *,
						uint64_t) = {
		[AXON_ENGINE_DMA] = dma_run,
		[AXON_ENGINE_MATRIX] = matrix_run,
		[AXON_ENGINE_VECTOR] = vector_run,
	};

	wg->engine.cycles = 0;
	wg->engine.fault_addr = va;
	wg->engine.fault_info = 0;
	return run[e](&wg->engine, &wg->desc, va);
}

static enum hart_custom issue(struct worker *worker, struct axon_hart *h, uint32_t insn,
			      uint64_t va, uint64_t *rd)
{
	struct workgroup *wg = &worker->wg;
	unsigned int e = insn >> 25;
	uint64_t start, done, began;
	int cause;

	if (e >= LAUNCH_ENGINES)
		return fail(h, AXON_FAULT_ILLEGAL_INSN, h->pc, 0);
	wg->fault_engine = e;
	cause = fetch(wg, va);
	if (cause)
		return engine_fail(worker, h, cause);
	start = h->cycles + COST_ISSUE;
	start = wg->free[e] > start ? wg->free[e] : start;
	for (unsigned int i = 0; i < 3; i++) {
		if (!token_done(wg, wg->desc.wait[i], &done))
			return fail(h, AXON_FAULT_BAD_TOKEN, wg->desc.wait[i],
				    (offsetof(struct axon_desc, wait) + 8 * i) << 32 |
					    (uint32_t)wg->desc.wait[i]);
		start = done > start ? done : start;
	}

	began = core_now(worker->core);
	cause = run_engine(wg, e, va);
	if (cause == ENGINE_STOPPED) {
		wg->fault_engine = AXON_ENGINE_HART;
		return HART_CUSTOM_RETRY;
	}
	if (cause)
		return engine_fail(worker, h, cause);
	wg->use->ns[e] += core_now(worker->core) - began;
	wg->use->cycles[e] += wg->engine.cycles;
	wg->free[e] = start + wg->engine.cycles;
	wg->done[e][++wg->seq[e] % COST_TOKENS] = wg->free[e];
	wg->fault_engine = AXON_ENGINE_HART;
	h->cycles += COST_ISSUE - HART_COST_CUSTOM;
	launch_progress(worker);
	*rd = AXON_TOKEN(e, wg->seq[e]);
	/* at most one operation lies between a request to leave and its being seen */
	return atomic_load(&worker->stop) ? HART_CUSTOM_LEAVE : HART_CUSTOM_OK;
}

/* ---- LOG --------------------------------------------------------------------------------- */

/* Append to the launch's log, under core->log_lock. Returns 0 or a cause. */
static int append(struct worker *worker, uint64_t log_va, uint64_t message, uint64_t bytes)
{
	struct engine *engine = &worker->wg.engine;
	uint8_t chunk[LOG_CHUNK];
	struct axon_log log;
	uint64_t out;
	int cause = engine_read(engine, &log, log_va, sizeof(log));

	if (cause)
		return cause;
	if (bytes > LOG_MAX || log.head > log.size || bytes > log.size - log.head) {
		log.dropped++;
		return engine_write(engine, log_va + offsetof(struct axon_log, dropped),
				    &log.dropped, sizeof(log.dropped));
	}
	out = log_va + sizeof(log) + log.head;
	log.head += bytes;
	while (bytes) {
		uint64_t n = bytes < sizeof(chunk) ? bytes : sizeof(chunk);

		cause = engine_read(engine, chunk, message, n);
		if (!cause)
			cause = engine_write(engine, out, chunk, n);
		if (cause)
			return cause;
		message += n;
		out += n;
		bytes -= n;
	}
	return engine_write(engine, log_va + offsetof(struct axon_log, head), &log.head,
			    sizeof(log.head));
}

static enum hart_custom put_log(struct worker *worker, struct axon_hart *h, uint64_t message,
				uint64_t bytes)
{
	struct workgroup *wg = &worker->wg;
	uint64_t log_va = wg->job->packet.launch.log;
	int cause;

	h->cycles += COST_LOG + (bytes <= LOG_MAX ? bytes / COST_LOG_BYTES : 0);
	if (!log_va)
		return HART_CUSTOM_OK;
	wg->engine.fault_info = 0;
	pthread_mutex_lock(&worker->core->log_lock);
	cause = append(worker, log_va, message, bytes);
	pthread_mutex_unlock(&worker->core->log_lock);
	return cause ? engine_fail(worker, h, cause) : HART_CUSTOM_OK;
}

enum hart_custom custom_insn(void *ctx, struct axon_hart *h, uint32_t insn, uint64_t rs1,
			     uint64_t rs2, uint64_t *rd)
{
	struct worker *worker = ctx;

	switch (insn >> 12 & 7) {
	case AXON_INSN_ISSUE: return issue(worker, h, insn, rs1, rd);
	case AXON_INSN_WAIT: return wait_token(worker, h, rs1);
	case AXON_INSN_FENCE: return fence(worker, h);
	case AXON_INSN_LOG: return put_log(worker, h, rs1, rs2);
	default: return fail(h, AXON_FAULT_ILLEGAL_INSN, h->pc, 0);
	}
}
