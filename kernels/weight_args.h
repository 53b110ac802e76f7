/* SPDX-License-Identifier: MIT */
/*
 * A packed matrix W[n][k] in memory, as the matrix engine streams it, and the address of one of
 * its column tiles.
 */
#ifndef WEIGHT_ARGS_H
#define WEIGHT_ARGS_H

#include <linux/types.h>

struct weight {
	__u64 addr;	  /* first tile */
	__u64 tile_bytes; /* between tiles of 16 columns */
	__u32 format;	  /* AXON_FMT_*, for AXON_BLOCK */
	__u32 type;	  /* enum axon_type: AXON_BLOCK, F32, F16, BF16 */
	__u32 n, k;
};
_Static_assert(sizeof(struct weight) == 32, "weight");

#endif
