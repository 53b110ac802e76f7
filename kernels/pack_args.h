/* SPDX-License-Identifier: MIT */
/* pack: raw GGUF rows of one matrix become packed tiles. Grid x: ceil(rows / rows_per_wg). */
#ifndef PACK_ARGS_H
#define PACK_ARGS_H

#include <linux/types.h>

struct pack_args {
	__u64 dst;	      /* packed tile of the first row */
	__u64 src;	      /* raw rows */
	__u64 src_stride;     /* bytes */
	__u64 dst_tile_bytes; /* between packed tiles */
	__u32 rows; /* N of this part; all parts but a matrix's last hold a multiple of 16 */
	__u32 k;
	__u32 rows_per_wg; /* multiple of 16 */
	__u32 format;	   /* AXON_FMT_*, for AXON_BLOCK */
	__u32 src_type;	   /* enum axon_type: AXON_BLOCK, F32, F16, BF16 */
	__u32 dst_type;
};
_Static_assert(sizeof(struct pack_args) == 56, "pack_args");

#endif
