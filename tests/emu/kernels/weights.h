/* SPDX-License-Identifier: MIT */
/* A random weight matrix of any GGUF type, packed on the chip, and the products it must give. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "kernel_rig.h"
#include "quant.h"
#include "upload.h"
#include "weight_args.h"

struct weights {
	struct weight w;
	const char *name; /* of the type */
	float *value;	  /* [n][k], dequantised */
	/* For block types: a weight is d·q + m·mn, d and m being constant over 32 k. */
	int32_t *q, *mn; /* [n][k] */
	float *d, *m;	 /* [n][k / 32] */
};

/* All that a weight can be. */
extern const uint32_t weight_types[11];

/* Smallest k of a type above 1: its block. */
uint32_t weight_block(uint32_t id);

/* n rows of k, packed by the kernel `pack` in parts as the loader does. */
void weights_make(struct kernel_rig *rig, struct weights *weights, uint32_t id, uint32_t n,
		  uint32_t k);
void weights_free(struct weights *weights);

/* Bytes of a row of k activations. */
size_t activation_bytes(uint32_t type, uint32_t k);
/* `rows` random rows of k activations. */
uint64_t activations_make(struct kernel_rig *rig, uint32_t type, uint32_t rows, uint32_t k,
			  const uint8_t **ptr);
/* Row a times column n in the order that hardware.md fixes: every bit counts. */
float weights_dot(const struct weights *weights, uint32_t n, const void *a, uint32_t a_type);

#endif
