// SPDX-License-Identifier: MIT
#include "save.h"

#include "fault.h"
#include "worker.h"

#define PIECE (256u << 10) /* bytes between two looks up */

void save_fault(struct worker *worker, struct slot *slot, int cause, uint64_t addr, uint64_t info)
{
	struct axon_fault fault = {
		.cause = (uint16_t)cause,
		.engine = AXON_NUM_ENGINES,
		.core = AXON_FAULT_NO_CORE,
		.addr = addr,
		.info = info,
	};

	fault_raise(worker->core, slot, &fault, NULL);
}

static bool copy(struct worker *worker, struct slot *slot, uint64_t offset, uint8_t *dst,
		 const uint8_t *src, uint64_t bytes)
{
	uint64_t va = slot->save + offset;

	for (uint64_t at = 0; at < bytes; at += PIECE) {
		uint64_t n = bytes - at < PIECE ? bytes - at : PIECE;
		int cause;

		if (!worker_check_switch(worker, slot))
			return false;
		cause = src ? mmu_write(&worker->mmu, 0, va + at, src + at, n)
			    : mmu_read(&worker->mmu, 0, va + at, dst + at, n);
		if (cause) {
			save_fault(worker, slot, cause, worker->mmu.fault_addr, 0);
			return false;
		}
	}
	return true;
}

bool save_write(struct worker *worker, struct slot *slot, uint64_t offset, const void *src,
		uint64_t bytes)
{
	return copy(worker, slot, offset, NULL, src, bytes);
}

bool save_read(struct worker *worker, struct slot *slot, uint64_t offset, void *dst, uint64_t bytes)
{
	return copy(worker, slot, offset, dst, NULL, bytes);
}
