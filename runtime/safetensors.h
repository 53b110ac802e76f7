/* SPDX-License-Identifier: MIT */
/* Files of the safetensors format: named fp32 tensors and text about them. */
#ifndef AXON_RUNTIME_SAFETENSORS_H
#define AXON_RUNTIME_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct safetensor {
	const char *name;
	uint32_t dims;
	const uint32_t *dim;
	float *data;
};

struct safetensors_text {
	const char *key, *value;
};

/*
 * Writes a file of these tensors, in this order. It is there as a whole or not at all, whatever
 * happens meanwhile: written as path.tmp, synchronised, renamed.
 */
int safetensors_write(const char *path, const struct safetensor *tensors, size_t count,
		      const struct safetensors_text *texts, size_t text_count,
		      struct axon_err *err);

struct safetensors; /* an open file */

int safetensors_open(const char *path, struct safetensors **file, struct axon_err *err);
void safetensors_close(struct safetensors *file);
/* The text of a key; NULL when there is none. */
const char *safetensors_text(const struct safetensors *file, const char *key);
/* Copies the tensor of this name, which must have this shape, to tensor->data. */
int safetensors_read(const struct safetensors *file, const struct safetensor *tensor,
		     struct axon_err *err);

#endif
