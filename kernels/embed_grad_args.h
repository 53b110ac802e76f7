/* SPDX-License-Identifier: MIT */
/*
 * embed_grad: row id[i] of grad += row i of dy, rows ascending, so that the sums are the same every time.
 * Without EMBED_GRAD_ADD grad is zeroed first. Grid x: ceil(cols / cols_per_wg).
 */
#ifndef EMBED_GRAD_ARGS_H
#define EMBED_GRAD_ARGS_H

#include <linux/types.h>

#define EMBED_GRAD_ADD (1u << 0)

struct embed_grad_args {
	__u64 id;   /* int32[rows], below vocab */
	__u64 dy;   /* float[rows][cols] */
	__u64 grad; /* float[vocab][cols] */
	__u32 rows, cols, vocab;
	__u32 cols_per_wg;
	__u32 flags;
	__u32 reserved;
};
_Static_assert(sizeof(struct embed_grad_args) == 48, "embed_grad_args");

#endif
