/* SPDX-License-Identifier: MIT */
/* Files of the IDX format (unsigned bytes, gzipped or not), as the MNIST family of data sets has them. */
#ifndef AXON_RUNTIME_IDX_H
#define AXON_RUNTIME_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define IDX_DIMS 3

struct idx {
	uint32_t dim[IDX_DIMS]; /* 1 behind the last */
	uint8_t *bytes;		/* dim[0] · dim[1] · dim[2], freed with free() */
};

/* Reads the whole file, which must have `dims` dimensions and end where its header says. */
int idx_read(const char *path, uint32_t dims, struct idx *idx, struct axon_err *err);

#endif
