/* SPDX-License-Identifier: MIT */
/* What the host tells the kernel. */
#ifndef VECTOR_ADD_H
#define VECTOR_ADD_H

#include <stdint.h>

#define VECTOR_ADD_BLOCK 1024 /* elements of a workgroup */

struct vector_add_args {
	uint64_t a, b, c; /* addresses of float[n] */
	uint64_t n;
};

#endif
