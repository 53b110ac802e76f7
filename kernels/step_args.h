/* SPDX-License-Identifier: MIT */
/*
 * The step block: what changes between two replays of a recorded stream. Kernels read it, the
 * sampling kernel advances it, the host reads the chosen token from it.
 */
#ifndef STEP_ARGS_H
#define STEP_ARGS_H

#include <linux/types.h>

struct step {
	__u32 rows;    /* tokens in this step, consecutive positions of one sequence */
	__u32 pos;     /* position of the first of them */
	__u32 counter; /* random numbers drawn so far */
	__u32 reserved;
	__u32 tokens[]; /* rows entries (at least one) */
};
_Static_assert(sizeof(struct step) == 16, "step");

#endif
