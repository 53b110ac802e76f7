/* SPDX-License-Identifier: MIT */
/* bench_count: adds one to a counter in memory, for each launch of one workgroup. */
#ifndef BENCH_COUNT_ARGS_H
#define BENCH_COUNT_ARGS_H

#include <linux/types.h>

struct bench_count_args {
	__u64 counter; /* of __u64 */
};
_Static_assert(sizeof(struct bench_count_args) == 8, "bench_count_args");

#endif
