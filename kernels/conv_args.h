/* SPDX-License-Identifier: MIT */
/*
 * conv: 3 × 3 convolution with a border of zeros, images as [height][width][channels].
 * Without FLIP: y[p][o] = bias[o] + Σ x[p + (ky − 1, kx − 1)][i] · w[o][ky][kx][i]
 * With FLIP, the gradient of the input: x is the gradient of y with `in` channels and w is the
 * forward's weights [in][3][3][out]; y[p][o] = Σ x[p − (ky − 1, kx − 1)][i] · w[i][ky][kx][o].
 * Grid x: images.
 */
#ifndef CONV_ARGS_H
#define CONV_ARGS_H

#include <linux/types.h>

#define CONV_FLIP (1u << 0)

struct conv_args {
	__u64 x;    /* float[images][height][width][in] */
	__u64 w;    /* float */
	__u64 bias; /* float[out] or 0 */
	__u64 y;    /* float[images][height][width][out] */
	__u32 height, width, in, out;
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct conv_args) == 56, "conv_args");

#endif
