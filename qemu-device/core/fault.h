/* SPDX-License-Identifier: MIT */
/* Faults: they stop a slot, leave a record in the fault ring and interrupt. */
#ifndef AXON_FAULT_H
#define AXON_FAULT_H

#include <stdint.h>

#include "axon_hw.h"

struct axon_core;
struct axon_hart;
struct job;
struct slot;
struct worker;

/*
 * Stop the slot and record why; only its first fault is. The caller fills in what it knows; slot
 * and ns are filled in here. hart: the workgroup's that was at fault, or NULL. The caller runs the slot's command processor or is inside one of its
 * jobs.
 */
void fault_raise(struct axon_core *core, struct slot *slot, struct axon_fault *fault,
		 const struct axon_hart *hart);

/* A packet is at fault: with the address and info in worker->fault_addr and fault_info. */
void fault_packet(struct worker *worker, struct slot *slot, uint16_t cause, uint64_t packet_va,
		  const struct axon_packet *packet);

#endif
