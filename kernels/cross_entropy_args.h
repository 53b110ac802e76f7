/* SPDX-License-Identifier: MIT */
/*
 * cross_entropy: for each row loss = −log softmax(x)[label], correct = 1 where the first largest
 * column is the label, else 0, and dx = (softmax(x) − onehot(label)) · scale.
 * Grid x: ceil(rows / rows_per_wg).
 */
#ifndef CROSS_ENTROPY_ARGS_H
#define CROSS_ENTROPY_ARGS_H

#include <linux/types.h>

struct cross_entropy_args {
	__u64 x;       /* float[rows][cols] */
	__u64 label;   /* int32[rows], below cols */
	__u64 dx;      /* float[rows][cols] */
	__u64 loss;    /* float[rows] */
	__u64 correct; /* float[rows] */
	__u32 rows, cols;
	__u32 rows_per_wg;
	float scale;
};
_Static_assert(sizeof(struct cross_entropy_args) == 56, "cross_entropy_args");

#endif
