/* SPDX-License-Identifier: MIT */
/*
 * gather: dst row i = src row index[i], converted; with scale not 0, and dst fp32, each element
 * then becomes element · scale + shift. Grid x: ceil(rows / rows_per_wg).
 */
#ifndef GATHER_ARGS_H
#define GATHER_ARGS_H

#include <linux/types.h>

struct gather_args {
	__u64 src;   /* src_type[limit][cols] */
	__u64 index; /* uint32[rows], below limit */
	__u64 dst;   /* dst_type[rows][cols] */
	__u32 rows, cols, limit;
	__u32 rows_per_wg;
	__u8 src_type, dst_type; /* of four bytes or one */
	__u16 reserved;
	float scale, shift;
	__u32 reserved1;
};
_Static_assert(sizeof(struct gather_args) == 56, "gather_args");

#endif
