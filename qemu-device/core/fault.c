// SPDX-License-Identifier: MIT
#include "fault.h"

#include <string.h>

#include "core.h"
#include "job.h"
#include "ring.h"
#include "worker.h"

/* Put a record into the ring. False when there is no room or no ring. */
static bool record(struct axon_core *core, const struct axon_fault *fault)
{
	uint32_t log2 = atomic_load(&core->fault_log2);
	uint32_t head = atomic_load(&core->fault_head);
	uint32_t size = 1u << log2;
	uint64_t len = sizeof(*fault);
	uint64_t addr =
		atomic_load(&core->fault_base) + (uint64_t)(head & (size - 1)) * sizeof(*fault);
	uint8_t *host;

	if (inject_loses_fault(core))
		return false;
	if (log2 == 0 || head - atomic_load(&core->fault_tail) >= size)
		return false;
	host = core->host.resolve(core->opaque, addr, &len, true);
	if (!host || len < sizeof(*fault))
		return false;
	memcpy(host, fault, sizeof(*fault));
	if (core->host.written)
		core->host.written(core->opaque, addr, sizeof(*fault));
	return true;
}

/* For SLOT_HART: what is read while the slot is faulted. */
static void keep_hart(struct slot *slot, const struct axon_hart *hart)
{
	memset(slot->hart, 0, sizeof(slot->hart));
	if (!hart)
		return;
	memcpy(slot->hart, hart->x, sizeof(slot->hart));
	slot->hart[0] = hart->pc;
}

void fault_raise(struct axon_core *core, struct slot *slot, struct axon_fault *fault,
		 const struct axon_hart *hart)
{
	uint32_t stop = atomic_load(&slot->stop);

	do {
		if (stop == SLOT_STOP_FAULT || stop == SLOT_STOP_RESET)
			return;
	} while (!atomic_compare_exchange_weak(&slot->stop, &stop, SLOT_STOP_FAULT));
	keep_hart(slot, hart);
	atomic_store(&slot->state, AXON_SLOT_FAULTED);
	slot_close_jobs(core, slot);
	worker_interrupt_slot(core, slot);

	fault->slot = (uint8_t)slot->index;
	fault->ns = core_now(core);
	pthread_mutex_lock(&core->fault_lock);
	if (record(core, fault))
		atomic_fetch_add(&core->fault_head, 1);
	else
		atomic_fetch_add(&core->fault_lost, 1);
	pthread_mutex_unlock(&core->fault_lock);
	core_interrupt(core, AXON_VEC_FAULT);
}

void fault_packet(struct worker *worker, struct slot *slot, uint16_t cause, uint64_t packet_va,
		  const struct axon_packet *packet)
{
	struct axon_fault fault = {
		.cause = cause,
		.engine = AXON_NUM_ENGINES,
		.core = AXON_FAULT_NO_CORE,
		.as = (uint16_t)slot_space(slot),
		.addr = worker->fault_addr,
		.packet = packet_va,
		.tag = packet->tag,
		.info = worker->fault_info,
	};

	if (packet->op == AXON_PKT_COPY || packet->op == AXON_PKT_FILL)
		fault.engine = AXON_ENGINE_COPY;
	fault_raise(worker->core, slot, &fault, NULL);
}
