/* SPDX-License-Identifier: MIT */
/*
 * norm: for each row
 *   if (y)          x += post ? y / rms(y) · post : y
 *   h = weight ? x / rms(x) · weight : x
 * and h goes to each output that is not 0. rms(v) = sqrt(mean v² + eps). Grid x: ceil(rows / rows_per_wg);
 * with `output` rows_per_wg is 1.
 */
#ifndef NORM_ARGS_H
#define NORM_ARGS_H

#include <linux/types.h>

struct norm_args {
	__u64 rows; /* __u32: how many */
	__u64 output; /* struct step_output[rows] or 0: row i is computed from x and y's row output[i].row */
	__u64 x;	  /* float[rows][cols], updated when y is given */
	__u64 y;	  /* float[rows][cols] or 0 */
	__u64 post;	  /* float[cols] or 0 */
	__u64 weight;	  /* float[cols] or 0 */
	__u64 q8a;	  /* struct axon_q8a[rows][cols / 32] or 0 */
	__u64 dense;	  /* dense_type [rows][cols] or 0 */
	__u32 dense_type; /* AXON_F32, AXON_BF16 or AXON_F16 */
	__u32 cols;
	__u32 rows_per_wg;
	float eps;
};
_Static_assert(sizeof(struct norm_args) == 80, "norm_args");

#endif
