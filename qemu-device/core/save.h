/* SPDX-License-Identifier: MIT */
/*
 * The save area: struct axon_save, the rest of the command processor's state, then a record for each
 * workgroup that was under way. Its layout is version AXON_SAVE_VERSION; change both together.
 */
#ifndef AXON_SAVE_H
#define AXON_SAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core.h"
#include "launch.h"
#include "mmu.h"

struct save_job {
	uint64_t packet_va;
	struct axon_packet packet;
	uint32_t as;
	uint32_t reserved;
	uint64_t ns; /* since it started */
	uint64_t next;
	uint64_t drained;
	uint64_t cycles;
	struct job_use use;
	uint64_t core_free[AXON_MAX_CORES];
	uint64_t cost[JOB_WINDOW];
};

struct save_entry {
	uint32_t full;
	uint32_t job;
	uint64_t part;
};

struct save_area {
	struct axon_save head;
	/* of the chip: it goes on only on such a one */
	uint32_t cores;
	uint32_t sram_size;
	uint32_t records;

	uint32_t jobs;
	uint32_t depth;
	uint32_t overlap;
	uint64_t packet_start;
	uint64_t wait_ns; /* in the WAIT */
	struct slot_frame frame[AXON_CALL_DEPTH];
	struct save_job job[SLOT_JOBS];
	struct save_entry entry[SHELF_SIZE];
};

/* A record. SRAM follows at SAVE_SRAM. */
struct save_workgroup {
	uint64_t x[32];
	uint64_t f[32];
	uint64_t pc;
	uint64_t cycles;
	uint64_t instret;
	uint64_t fcsr;
	uint64_t progress;
	uint64_t ns;	      /* since it started, */
	uint64_t progress_ns; /* and since its last progress */
	struct job_use use;
	uint64_t seq[LAUNCH_ENGINES];
	uint64_t free[LAUNCH_ENGINES];
	uint64_t done[LAUNCH_ENGINES][COST_TOKENS];
};

#define SAVE_ALIGN(bytes) (((uint64_t)(bytes) + MMU_PAGE_SIZE - 1) & ~(uint64_t)(MMU_PAGE_SIZE - 1))
#define SAVE_RECORDS	  SAVE_ALIGN(sizeof(struct save_area))
#define SAVE_SRAM	  SAVE_ALIGN(sizeof(struct save_workgroup))

static inline uint64_t save_record_size(const struct axon_core *core)
{
	return SAVE_SRAM + core->sram_size;
}

/* Offset of record `index`; that of the one behind the last is the area's size. */
static inline uint64_t save_record(const struct axon_core *core, unsigned int index)
{
	return SAVE_RECORDS + index * save_record_size(core);
}

/* So many that SLOT_SAVE_SIZE can say it. */
static inline unsigned int save_max_workers(const struct axon_core *core)
{
	return (unsigned int)((UINT32_MAX - SAVE_RECORDS) / save_record_size(core));
}

/*
 * Copy to and from the slot's save area, looking up now and then. False when the slot is dead, by a
 * fault of this access or otherwise.
 */
bool save_write(struct worker *worker, struct slot *slot, uint64_t offset, const void *src,
		uint64_t bytes);
bool save_read(struct worker *worker, struct slot *slot, uint64_t offset, void *dst,
	       uint64_t bytes);

/* The slot faults: `cause` at an address. info: offset in the area of what is wrong with it. */
void save_fault(struct worker *worker, struct slot *slot, int cause, uint64_t addr, uint64_t info);

/* When something began that has lasted so many ns: it may be before power-on. 0 means never. */
static inline uint64_t save_since(struct axon_core *core, uint64_t ns)
{
	uint64_t since = core_now(core) - ns;

	return since ? since : 1;
}

#endif
