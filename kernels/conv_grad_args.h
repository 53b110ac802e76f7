/* SPDX-License-Identifier: MIT */
/*
 * conv_grad: what conv's weights and bias contribute, summed over images_per_wg images:
 *   part[wg] = { dw[out][3][3][in], db[out] }
 *   dw[o][ky][kx][i] = Σ x[p + (ky − 1, kx − 1)][i] · dy[p][o], db[o] = Σ dy[p][o]
 * `reduce` adds the parts in their order. Grid x: ceil(images / images_per_wg).
 */
#ifndef CONV_GRAD_ARGS_H
#define CONV_GRAD_ARGS_H

#include <linux/types.h>

struct conv_grad_args {
	__u64 x;    /* float[images][height][width][in] */
	__u64 dy;   /* float[images][height][width][out] */
	__u64 part; /* float[parts][out · 9 · in + out] */
	__u32 images, images_per_wg;
	__u32 height, width, in, out;
};
_Static_assert(sizeof(struct conv_grad_args) == 48, "conv_grad_args");

#endif
