/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong on purpose, asked for through the INJECT page or axon_core_inject(), and the RAS
 * page, which tells of some of it. A kind is armed, strikes once at its place in the chip and is
 * disarmed, but for those that docs/hardware.md says last.
 */
#ifndef AXON_INJECT_H
#define AXON_INJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "axon_hw.h"

struct axon_core;
struct mmu_extent;
struct packet_context;
struct slot;

struct inject {
	bool offered;		/* the INJECT page is there */
	_Atomic uint32_t armed; /* a bit for each kind */
	_Atomic uint64_t value[AXON_INJECT_COUNT];
	uint64_t reg_value;	    /* INJECT_VALUE; the host thread's */
	bool stuck;		    /* a reset of the chip does not end; the host thread's */
	_Atomic uint64_t hot_until; /* ns; 0: under the temperature limit */

	/* RAS page */
	_Atomic uint32_t corrected;
	_Atomic uint32_t uncorrected;
	_Atomic uint64_t error_addr;
	_Atomic uint32_t overheated;
};

/* ---- the host thread ---- */

/* The INJECT page and the RAS page. */
bool inject_read64(struct axon_core *core, uint64_t page, uint32_t offset, uint64_t *value);
uint32_t inject_read(struct axon_core *core, uint64_t page, uint32_t offset);
void inject_write(struct axon_core *core, uint32_t offset, uint32_t value);

/* The registers are reset: so are these. */
void inject_reset(struct axon_core *core);
/* The chip was reset by the bus, or by CTRL: it may be stuck now, or not any more. */
void inject_flr(struct axon_core *core);
void inject_ctrl_reset(struct axon_core *core);
/* Does the reset not end: AXON_INJECT_RESET_*? */
bool inject_fails_reset(struct axon_core *core, uint32_t which);

/* ---- workers ---- */

bool inject_loses_interrupt(struct axon_core *core, unsigned int vector);
bool inject_loses_fault(struct axon_core *core);

/* By the slot's command processor: is it to stand still, with nothing to show for it? */
bool inject_holds(struct axon_core *core, struct slot *slot);
/* For ever, even when its queue is to be suspended? */
bool inject_holds_for_ever(const struct slot *slot);
/* The packet is about to be run: 0, or the fault that it meets instead, or PACKET_BLOCKED. */
int inject_packet(struct packet_context *ctx);
/* The address is about to be read or written: 0 or a fault cause. May shorten the extent. */
int inject_extent(struct axon_core *core, unsigned int as, uint64_t va, struct mmu_extent *extent);

/* Is the chip too hot to begin a packet? */
bool inject_is_hot(struct axon_core *core);
/* By the tick thread: has it cooled down just now? */
bool inject_cools(struct axon_core *core);

#endif
