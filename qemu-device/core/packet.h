/* SPDX-License-Identifier: MIT */
/* What each packet does. */
#ifndef AXON_PACKET_H
#define AXON_PACKET_H

#include <stdint.h>

#include "axon_hw.h"
#include "job.h"

struct slot;
struct worker;

/* Beside a fault cause, what packet_run() returns. */
enum packet_result {
	PACKET_DONE = 0,     /* go on with the next packet */
	PACKET_MOVED = -1,   /* go on: CALL or BRANCH said where */
	PACKET_BLOCKED = -2, /* try again when something has happened */
};

struct packet_context {
	struct worker *worker;
	struct slot *slot;
	unsigned int as;
	uint64_t va;
	struct axon_packet packet;
	struct job *job; /* out: run parts of it */
};

/* What job does the packet make? Returns 0 or, as of a packet that makes none, BAD_PACKET. */
int packet_job(struct packet_context *ctx, enum job_kind *kind, uint64_t *parts);

/* On a fault, worker->fault_addr and fault_info are set. */
int packet_run(struct packet_context *ctx);

/* A job is over: write its statistics. Returns 0 or a cause. */
int packet_retire(struct worker *worker, struct slot *slot, struct job *job);

/* Add slot->used to the context's counters in memory. Returns 0 or a cause. */
int packet_flush_counters(struct worker *worker, struct slot *slot);

#endif
