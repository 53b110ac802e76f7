// SPDX-License-Identifier: MIT
#include "axon.h"
#include "bench_count_args.h"

/* The smallest kernel that leaves a trace: its launch is what is measured. */
AXON_KERNEL void bench_count(const struct bench_count_args *args)
{
	++*(volatile uint64_t *)args->counter;
}
