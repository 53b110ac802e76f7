/* SPDX-License-Identifier: MIT */
/*
 * norm_grad: the gradient of y = x / rms(x) · w, rms(x) = sqrt(mean x² + eps), row by row. dx is written, or
 * with NORM_GRAD_ADD added to; the sum of w's gradient over a workgroup's rows goes to its part.
 * Grid x: ceil(rows / rows_per_wg). rows_per_wg · (cols + 1) floats must fit into SRAM.
 */
#ifndef NORM_GRAD_ARGS_H
#define NORM_GRAD_ARGS_H

#include <linux/types.h>

#define NORM_GRAD_ADD (1u << 0)

struct norm_grad_args {
	__u64 x;    /* float[rows][cols] */
	__u64 w;    /* float[cols] */
	__u64 dy;   /* float[rows][cols] */
	__u64 dx;   /* float[rows][cols] */
	__u64 part; /* float[workgroups][cols] */
	__u32 rows, cols;
	__u32 rows_per_wg;
	float eps;
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct norm_grad_args) == 64, "norm_grad_args");

#endif
