/* SPDX-License-Identifier: MIT */
/*
 * Brings tensors of a GGUF file into device memory: raw bytes through two staging buffers, and the
 * chip repacks matrices while the host reads on.
 */
#ifndef AXON_RUNTIME_UPLOAD_H
#define AXON_RUNTIME_UPLOAD_H

#include <stdint.h>

#include "chip.h"
#include "err.h"
#include "gguf.h"
#include "weight_args.h"

struct upload;

/* Called with bytes read so far of all bytes to read. Non-zero return: stop with -EINTR. */
typedef int (*upload_progress)(void *opaque, uint64_t done, uint64_t total);

int upload_new(struct chip *chip, const struct gguf *g, struct upload **out, struct axon_err *err);
void upload_free(struct upload *u);
void upload_set_progress(struct upload *u, upload_progress progress, void *opaque, uint64_t total);

/* Bytes of device memory that a matrix takes; w is filled but for its address. */
uint64_t upload_matrix_bytes(const struct gguf_tensor *t, struct weight *w);
/* The matrix of t into w->addr, which upload_matrix_bytes() described. */
int upload_matrix(struct upload *u, const struct gguf_tensor *t, const struct weight *w,
		  struct axon_err *err);
/* A tensor of F32, F16 or BF16 as it is. */
int upload_vector(struct upload *u, const struct gguf_tensor *t, uint64_t va, struct axon_err *err);
/* Bytes from memory. */
int upload_bytes(struct upload *u, const void *data, size_t bytes, uint64_t va,
		 struct axon_err *err);
/* Waits until everything has arrived. */
int upload_finish(struct upload *u, struct axon_err *err);

/* The activation type (enum axon_type) that multiplies by such a weight. */
uint32_t upload_activation_type(const struct weight *w);

#endif
