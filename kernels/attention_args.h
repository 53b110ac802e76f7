/* SPDX-License-Identifier: MIT */
/*
 * attention: causal, optionally windowed, grouped-query attention over the cache that rope wrote.
 * Query head h uses kv head h / (heads / kv_heads). A token at position p sees keys
 * max(0, p − window + 1) .. p (window 0: all). Grid x: at least the step's segments ·
 * ceil(SEGMENT_ROWS / rows_per_wg), y: heads / heads_per_wg. heads_per_wg divides heads / kv_heads.
 */
#ifndef ATTENTION_ARGS_H
#define ATTENTION_ARGS_H

#include <linux/types.h>

struct attention_args {
	__u64 step;		/* struct step */
	__u64 q;		/* float[rows][heads][head_dim] */
	__u64 k_cache, v_cache; /* as in rope_args.h */
	__u64 k_head_bytes, v_head_bytes;
	__u64 out; /* float[rows][heads][head_dim] */
	__u32 heads, kv_heads, head_dim;
	__u32 window;
	__u32 rows_per_wg;
	__u32 heads_per_wg;
	float scale;
	__u32 reserved;
};
_Static_assert(sizeof(struct attention_args) == 88, "attention_args");

#endif
