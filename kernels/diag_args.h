/* SPDX-License-Identifier: MIT */
/*
 * diag: a small piece of work for every engine of the core that runs it. All numbers are small whole
 * ones, so that nothing rounds. Grid x: any number, each workgroup writes a result of its own.
 */
#ifndef DIAG_ARGS_H
#define DIAG_ARGS_H

#include <linux/types.h>

#define DIAG_N 32 /* rows and columns of every matrix */

struct diag_args {
	__u64 a, b; /* float[N][N] */
	__u64 out;  /* struct diag_result[workgroups] */
};
_Static_assert(sizeof(struct diag_args) == 24, "diag_args");

struct diag_result {
	float d[DIAG_N][DIAG_N]; /* 2·(A·B) + A */
	__u32 core;		 /* that did it */
	__u32 hash;		 /* diag_hash() of A, by the hart */
	__u32 reserved[14];
};
_Static_assert(sizeof(struct diag_result) == 4160, "diag_result");

/* FNV-1a over words. */
static inline __u32 diag_hash(const __u32 *words, __u32 count)
{
	__u32 hash = 0x811c9dc5;

	for (__u32 i = 0; i < count; i++)
		hash = (hash ^ words[i]) * 0x01000193;
	return hash;
}

#endif
