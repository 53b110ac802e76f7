// SPDX-License-Identifier: MIT
#include "copy.h"

#include <string.h>

#include "core.h"
#include "cost.h"
#include "fault.h"
#include "worker.h"

uint64_t copy_parts(uint64_t bytes)
{
	return bytes / JOB_CHUNK + (bytes % JOB_CHUNK != 0);
}

uint64_t copy_cost(uint64_t bytes)
{
	return COST_COPY + bytes / COST_COPY_BYTES;
}

static bool fail(struct worker *worker, struct job *job, int cause)
{
	worker->fault_addr = worker->mmu.fault_addr;
	worker->fault_info = 0;
	fault_packet(worker, job->slot, (uint16_t)cause, job->packet_va, &job->packet);
	return false;
}

/* The packet's cost is known from its bytes; a part adds none. */
static void account(struct worker *worker, uint64_t start, uint64_t *cost, struct job_use *use)
{
	*cost = 0;
	use->ns[AXON_ENGINE_COPY] = core_now(worker->core) - start;
}

static uint64_t part_bytes(uint64_t bytes, uint64_t offset)
{
	return bytes - offset < JOB_CHUNK ? bytes - offset : JOB_CHUNK;
}

bool copy_part(struct worker *worker, struct job *job, uint64_t part, uint64_t *cost,
	       struct job_use *use)
{
	const struct axon_pkt_copy *copy = &job->packet.copy;
	uint64_t start = core_now(worker->core);
	uint64_t offset = part * JOB_CHUNK;
	uint64_t dst_va = copy->dst + offset, src_va = copy->src + offset;
	uint64_t bytes = part_bytes(copy->bytes, offset);

	while (bytes) {
		uint8_t *src, *dst;
		uint64_t run, dst_run;
		int cause = mmu_translate(&worker->mmu, job->as, src_va, MMU_READ, &src, &run);

		if (!cause)
			cause = mmu_translate(&worker->mmu, job->as, dst_va, MMU_WRITE, &dst,
					      &dst_run);
		if (cause)
			return fail(worker, job, cause);
		run = run < dst_run ? run : dst_run;
		run = run < bytes ? run : bytes;
		memmove(dst, src, run);
		mmu_written(&worker->mmu, job->as, dst_va, run);
		dst_va += run;
		src_va += run;
		bytes -= run;
	}
	account(worker, start, cost, use);
	return true;
}

static void fill_words(uint8_t *dst, uint32_t pattern, uint64_t bytes)
{
	if (pattern == (pattern & 0xff) * 0x01010101u) {
		memset(dst, (int)(pattern & 0xff), bytes);
		return;
	}
	for (uint64_t i = 0; i < bytes; i += sizeof(pattern))
		memcpy(dst + i, &pattern, sizeof(pattern));
}

bool fill_part(struct worker *worker, struct job *job, uint64_t part, uint64_t *cost,
	       struct job_use *use)
{
	const struct axon_pkt_fill *fill = &job->packet.fill;
	uint64_t start = core_now(worker->core);
	uint64_t offset = part * JOB_CHUNK;
	uint64_t va = fill->dst + offset;
	uint64_t bytes = part_bytes(fill->bytes, offset);

	while (bytes) {
		uint8_t *dst;
		uint64_t run;
		int cause = mmu_translate(&worker->mmu, job->as, va, MMU_WRITE, &dst, &run);

		if (cause)
			return fail(worker, job, cause);
		run = run < bytes ? run : bytes; /* runs end at pages, so words stay whole */
		fill_words(dst, fill->pattern, run);
		mmu_written(&worker->mmu, job->as, va, run);
		va += run;
		bytes -= run;
	}
	account(worker, start, cost, use);
	return true;
}
