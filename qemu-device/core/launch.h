/* SPDX-License-Identifier: MIT */
/*
 * Workgroups: one part of a LAUNCH. What a worker needs to run them, of which nothing but the
 * contents of SRAM outlives a workgroup.
 */
#ifndef AXON_LAUNCH_H
#define AXON_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "axon_hw.h"
#include "cost.h"
#include "engine.h"
#include "hart.h"
#include "job.h"

struct worker;

#define LAUNCH_ENGINES	3 /* that take descriptors: DMA, matrix, vector */
#define LAUNCH_DESC_MAX (sizeof(struct axon_vector_desc) + AXON_V_INSNS * sizeof(struct axon_vinsn))
#define LAUNCH_DIRTY	64

struct workgroup {
	struct axon_hart hart;
	struct hart_env env;
	struct engine engine;
	uint8_t *sram;
	uint64_t sram_owner; /* whose data SRAM may hold: see address_space.owner */

	struct job *job;
	uint64_t part;
	uint32_t id[3];
	unsigned int core; /* the modelled one */
	uint64_t progress; /* the hart's clock at the last progress */
	unsigned int fault_engine;
	bool doomed; /* an operation was left that cannot be run again */

	/* engines: operations issued, and the clock when each was complete */
	uint64_t seq[LAUNCH_ENGINES];
	uint64_t free[LAUNCH_ENGINES];
	uint64_t done[LAUNCH_ENGINES][COST_TOKENS];
	struct job_use *use;

	/* pages of system memory that the hart's TLB lets it write */
	uint64_t dirty[LAUNCH_DIRTY];
	unsigned int num_dirty;
	uint64_t dirty_space;

	union {
		struct axon_desc desc;
		uint8_t desc_bytes[LAUNCH_DESC_MAX];
	};
};

bool launch_init(struct worker *worker);
void launch_fini(struct worker *worker);

/* Run a workgroup. False when it was left: the slot faulted, is being reset or suspended. */
bool launch_part(struct worker *worker, struct job *job, const struct part *part, uint64_t *cost,
		 struct job_use *use);

/* custom.c: what the hart's custom-0 instructions do. */
enum hart_custom custom_insn(void *ctx, struct axon_hart *h, uint32_t insn, uint64_t rs1,
			     uint64_t rs2, uint64_t *rd);
/* The workgroup made progress: for hang detection. */
void launch_progress(struct worker *worker);

#endif
