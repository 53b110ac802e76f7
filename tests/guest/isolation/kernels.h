/* SPDX-License-Identifier: MIT */
/* Arguments of the isolation test's kernels. */
#ifndef ISOLATION_KERNELS_H
#define ISOLATION_KERNELS_H

#include <stdint.h>

/* A value that no kernel of another process leaves by chance. */
#define SECRET 0xa5c35e7196d20b4full

/* Without progress: between a hang limit of 500 ms and one of 2 s. */
#define SLOW_CYCLES 1000000000ull

struct isolation_args {
	uint64_t addr;
	uint64_t bytes;
	uint64_t cycles;
	uint64_t result; /* of 64-bit words, one for each workgroup */
};

#endif
