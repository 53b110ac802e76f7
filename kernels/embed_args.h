/* SPDX-License-Identifier: MIT */
/*
 * embed: row i of out = scale · (column tokens[i] of the embedding), fp32.
 * Grid x: ceil(rows / rows_per_wg).
 */
#ifndef EMBED_ARGS_H
#define EMBED_ARGS_H

#include "weight_args.h"

struct embed_args {
	struct weight table; /* n = vocabulary, k = width */
	__u64 step;	     /* struct step */
	__u64 out;	     /* float[rows][k] */
	float scale;
	__u32 rows_per_wg;
};
_Static_assert(sizeof(struct embed_args) == 56, "embed_args");

#endif
