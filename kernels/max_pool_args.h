/* SPDX-License-Identifier: MIT */
/*
 * max_pool: rectifies and halves images, y = max(0, the four of x), height and width even.
 * With dy, backward: x is replaced by its gradient, which goes to the first of the four that is
 * y's value, if that is above 0. Grid x: images.
 */
#ifndef MAX_POOL_ARGS_H
#define MAX_POOL_ARGS_H

#include <linux/types.h>

struct max_pool_args {
	__u64 x;  /* float[images][height][width][channels], replaced when dy is given */
	__u64 y;  /* float[images][height / 2][width / 2][channels] */
	__u64 dy; /* as y, or 0 */
	__u32 height, width, channels;
	__u32 reserved;
};
_Static_assert(sizeof(struct max_pool_args) == 40, "max_pool_args");

#endif
