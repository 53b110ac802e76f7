/* SPDX-License-Identifier: MIT */
/*
 * gated: out = act(a · gate) · (a · up), the first half of a gated feed-forward layer.
 * Grid x: ceil(n / cols_per_wg), y: ceil(rows / rows_per_wg).
 */
#ifndef GATED_ARGS_H
#define GATED_ARGS_H

#include "weight_args.h"

enum gated_act { GATED_SILU, GATED_GELU_TANH };

struct gated_args {
	__u64 rows;		/* __u32: how many */
	struct weight gate, up; /* same n and k */
	__u64 gate_a, up_a;	/* rows of gate_a_type, up_a_type */
	__u64 out;		/* rows of out_type, out_stride bytes apart */
	__u64 out_stride;
	__u32 gate_a_type, up_a_type;
	__u32 out_type;	   /* AXON_Q8A, F32, BF16 */
	__u32 act;	   /* enum gated_act */
	__u32 cols_per_wg; /* multiple of 32 */
	__u32 rows_per_wg;
};
_Static_assert(sizeof(struct gated_args) == 128, "gated_args");

#endif
