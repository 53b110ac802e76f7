/* SPDX-License-Identifier: MIT */
/* A slot's command processor: which packet is next, and what has become of its jobs. */
#ifndef AXON_RING_H
#define AXON_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "axon_hw.h"

struct axon_core;
struct slot;
struct worker;

/*
 * Run packets until there is none or one must wait; the caller owns the slot's bit in core->busy.
 * False when nothing could be done.
 */
bool ring_run(struct worker *worker, struct slot *slot);

/* Has the host thread asked for a reset, a suspend or a resume that is to be ended? */
bool ring_is_asked(struct slot *slot);
/* End it if it can be now; otherwise that is for the last worker to leave the slot. As ring_run(). */
bool ring_switch(struct worker *worker, struct slot *slot);

/* The device cannot use one of the slot's registers: fault with its offset and value. */
void ring_fault(struct worker *worker, struct slot *slot, uint32_t reg, uint64_t found);

/* Host thread: STATUS register. */
enum axon_slot_state slot_state(struct axon_core *core, struct slot *slot);
/* Host thread: SLOT_RESET. Ends in the background. */
void slot_reset_begin(struct axon_core *core, struct slot *slot);
/* Host thread: the slot is enabled or resumed, and so its doorbell's. */
void slot_listen(struct axon_core *core, struct slot *slot);
/* Everything of the slot but its configuration; nothing of it runs. */
void slot_clear(struct axon_core *core, struct slot *slot);
/* What the command processor knows of its queue; nothing of it runs. */
void slot_forget(struct axon_core *core, struct slot *slot);
/* Is a worker inside one of the slot's jobs? The last to leave has the command processor run. */
bool slot_is_entered(struct slot *slot);
/* No worker enters the slot's jobs from now on. */
void slot_close_jobs(struct axon_core *core, struct slot *slot);

#endif
