/* SPDX-License-Identifier: MIT */
/*
 * rope: normalises (optionally) and rotates queries and keys, and appends keys and values to the
 * cache. Rotation by the tables' row of each token's position; pairs are (i, i + head/2) or, with
 * interleaved, (2i, 2i + 1). Grid x: at least the step's segments.
 *
 * Cache of one layer, fp16: keys [kv head][page][pos / 16][head_dim][16] (a packed B), values
 * [kv head][page][pos][head_dim], with pos within the page.
 */
#ifndef ROPE_ARGS_H
#define ROPE_ARGS_H

#include <linux/types.h>

struct rope_args {
	__u64 step;	      /* struct step */
	__u64 q, k, v;	      /* float rows; q is rotated in place */
	__u64 q_norm, k_norm; /* float[head_dim] or 0 */
	__u64 cos, sin;	      /* float[positions][rope_dim / 2] */
	__u64 k_cache, v_cache;
	__u64 k_head_bytes, v_head_bytes; /* between kv heads of the cache */
	__u32 heads, kv_heads, head_dim;
	__u32 rope_dim; /* rotated leading elements of a head, even */
	__u32 interleaved;
	float eps;
};
_Static_assert(sizeof(struct rope_args) == 120, "rope_args");

#endif
