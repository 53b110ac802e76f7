/* SPDX-License-Identifier: MIT */
/*
 * rotate: the rotary embedding in place, for whole sequences: pair i, the elements 2i and 2i + 1, of a token
 * at position p is turned by the angle of row p, column i of the tables; with ROTATE_BACK by its
 * negative, which is the gradient. Grid x: ceil(tokens / tokens_per_wg), y: sequences.
 */
#ifndef ROTATE_ARGS_H
#define ROTATE_ARGS_H

#include <linux/types.h>

#define ROTATE_BACK (1u << 0)

struct rotate_args {
	__u64 x;	/* float[sequences][tokens][2 · pairs] */
	__u64 cos, sin; /* float[tokens][pairs], rows table_stride bytes apart */
	__u64 table_stride;
	__u32 tokens, pairs;
	__u32 tokens_per_wg;
	__u32 flags;
};
_Static_assert(sizeof(struct rotate_args) == 48, "rotate_args");

#endif
