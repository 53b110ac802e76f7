/* SPDX-License-Identifier: MIT */
/*
 * advance: makes the step block the next step: one row for each sequence that was sampled and has
 * not ended, which it has when its token is one of step.end or nothing is left of what it may
 * sample. A step of no rows stays one. Grid: one workgroup.
 */
#ifndef ADVANCE_ARGS_H
#define ADVANCE_ARGS_H

#include <linux/types.h>

struct advance_args {
	__u64 step; /* struct step, with what sample left in `chosen` */
};
_Static_assert(sizeof(struct advance_args) == 8, "advance_args");

#endif
