/* SPDX-License-Identifier: MIT */
/*
 * Suspend and resume of a slot. The host thread asks; workers leave the slot's jobs, each saving the
 * workgroup that it was in (shelf.h); the last one runs the command processor, which saves the rest.
 */
#ifndef AXON_SUSPEND_H
#define AXON_SUSPEND_H

#include <stdbool.h>

struct axon_core;
struct slot;
struct worker;

/* Host thread: SLOT_SUSPEND and SLOT_RESUME. End in the background. */
void suspend_begin(struct axon_core *core, struct slot *slot);
void resume_begin(struct axon_core *core, struct slot *slot);

/* Host thread: a suspended slot is switched off and forgets the queue; SLOT_CTRL is written. */
void suspend_discard(struct slot *slot);

/* The caller owns the slot's bit in core->busy. False when nothing could be done yet. */
bool suspend_end(struct worker *worker, struct slot *slot);
bool resume_end(struct worker *worker, struct slot *slot);

#endif
