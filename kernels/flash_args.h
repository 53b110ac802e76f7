/* SPDX-License-Identifier: MIT */
/*
 * flash: causal grouped-query attention over whole sequences, for training: softmax(scale · q · kᵀ) · v, in
 * blocks of keys at multiples of keys_per_block, ascending, without a matrix of all scores. Query
 * head h uses kv head h / (heads / kv_heads). Also keeps log Σ exp of each row of scores, from which
 * flash_grad makes the weights anew. Grid x: ceil(tokens / queries_per_wg), y: sequences · heads.
 *
 * flash_grad: the gradients of q, k and v, which are written. Grid x: kv_heads, y: sequences. What is
 * queries_per_wg in flash is the queries taken at a time. tokens · (head_dim + 1) floats and the
 * tiles must fit into SRAM: FLASH_GRAD_SRAM().
 */
#ifndef FLASH_ARGS_H
#define FLASH_ARGS_H

#include <linux/types.h>

struct flash_args {
	__u64 q;       /* float[sequences][tokens][heads][head_dim] */
	__u64 k, v;    /* float[sequences][tokens][kv_heads][head_dim] */
	__u64 y;       /* as q */
	__u64 log_sum; /* float[sequences][heads][tokens] */
	__u64 dy;      /* as q; flash_grad only, as what follows */
	__u64 dq;      /* as q */
	__u64 dk, dv;  /* as k */
	__u32 tokens, heads, kv_heads, head_dim;
	__u32 queries_per_wg, keys_per_block;
	float scale;
	__u32 reserved;
};
_Static_assert(sizeof(struct flash_args) == 104, "flash_args");

/* Bytes of SRAM for q queries and k keys at a time. */
#define FLASH_SRAM(q, k, head_dim) (4ull * (2ull * (q) * (head_dim) + (q) * (k) + 3ull * (q)))
#define FLASH_GRAD_SRAM(q, k, head_dim, tokens) \
	(4ull * ((tokens) * ((head_dim) + 1ull) + 3ull * (k) * (head_dim) + 2ull * (q) * (k)))

#endif
