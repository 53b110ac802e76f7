/* SPDX-License-Identifier: MIT */
/*
 * rotate: the rotary embedding in place, for whole sequences: the pair (2i, 2i + 1) of each head at
 * position p is turned by the angle of row p, column i of the tables; with ROTATE_BACK by its
 * negative, which is the gradient. Grid x: ceil(tokens / tokens_per_wg), y: sequences.
 */
#ifndef ROTATE_ARGS_H
#define ROTATE_ARGS_H

#include <linux/types.h>

#define ROTATE_BACK (1u << 0)

struct rotate_args {
	__u64 x;	/* float[sequences][tokens][heads][head_dim] */
	__u64 cos, sin; /* float[tokens][head_dim / 2] */
	__u32 tokens, heads, head_dim;
	__u32 tokens_per_wg;
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct rotate_args) == 48, "rotate_args");

#endif
