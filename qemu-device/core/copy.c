// SPDX-License-Identifier: MIT
#include "copy.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/* From here on what was copied is not in the host's caches any more when it is read. */
#define STREAM_BYTES (16ull << 20)

#if defined(__SSE2__)
#define LINE	    64
#define FETCH_AHEAD 1024

/*
 * memcpy() past the caches: storing a line that is not there would have it read first, which is a third
 * of the traffic. The library does so for large copies only, and each of ours is a part of one.
 */
static void stream_bytes(uint8_t *dst, const uint8_t *src, uint64_t bytes)
{
	uint64_t head = -(uintptr_t)dst % LINE;

	head = head < bytes ? head : bytes;
	memcpy(dst, src, head);
	for (dst += head, src += head, bytes -= head; bytes >= LINE;
	     dst += LINE, src += LINE, bytes -= LINE) {
		const __m128i *from = (const __m128i *)src;
		__m128i *to = (__m128i *)dst;
		__m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
		__m128i c = _mm_loadu_si128(from + 2), d = _mm_loadu_si128(from + 3);

		_mm_prefetch((const char *)(src + FETCH_AHEAD), _MM_HINT_NTA);
		_mm_stream_si128(to, a);
		_mm_stream_si128(to + 1, b);
		_mm_stream_si128(to + 2, c);
		_mm_stream_si128(to + 3, d);
	}
	_mm_sfence();
	memcpy(dst, src, bytes);
}
#else
static void stream_bytes(uint8_t *dst, const uint8_t *src, uint64_t bytes)
{
	memcpy(dst, src, bytes);
}
#endif

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
		if (copy->bytes >= STREAM_BYTES)
			stream_bytes(dst, src, run);
		else
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
