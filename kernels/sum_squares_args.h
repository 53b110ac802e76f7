/* SPDX-License-Identifier: MIT */
/* sum_squares: part[i] = Σ x² of the i-th SUM_SQUARES_CHUNK elements. Grid x: parts. */
#ifndef SUM_SQUARES_ARGS_H
#define SUM_SQUARES_ARGS_H

#include <linux/types.h>

#define SUM_SQUARES_CHUNK 16384

struct sum_squares_args {
	__u64 x;    /* float[n] */
	__u64 part; /* float[ceil(n / SUM_SQUARES_CHUNK)] */
	__u64 n;
};
_Static_assert(sizeof(struct sum_squares_args) == 24, "sum_squares_args");

#endif
