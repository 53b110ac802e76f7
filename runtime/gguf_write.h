/* SPDX-License-Identifier: MIT */
/*
 * Writes GGUF files, version 3. Keys and tensors are added in the order in which the file is to have
 * them; adding never fails at once: the first error is kept, and gguf_write() reports it.
 */
#ifndef AXON_RUNTIME_GGUF_WRITE_H
#define AXON_RUNTIME_GGUF_WRITE_H

#include <stdio.h>

#include "gguf.h"
#include "quant.h"

struct gguf_writer;

/* NULL when out of memory. */
struct gguf_writer *gguf_writer_new(void);
void gguf_writer_free(struct gguf_writer *w);

void gguf_put_u32(struct gguf_writer *w, const char *key, uint32_t v);
void gguf_put_f32(struct gguf_writer *w, const char *key, float v);
void gguf_put_bool(struct gguf_writer *w, const char *key, bool v);
void gguf_put_str(struct gguf_writer *w, const char *key, const char *v);
/* The head of an array, whose n elements are to be put right behind it. */
void gguf_put_array(struct gguf_writer *w, const char *key, enum gguf_kind kind, uint64_t n);
/* Elements of an array. */
void gguf_put_item_u32(struct gguf_writer *w, uint32_t v);
void gguf_put_item_str(struct gguf_writer *w, const char *p, size_t n);
/* One string: two with a space between them. */
void gguf_put_item_merge(struct gguf_writer *w, const char *left, size_t n_left, const char *right,
			 size_t n_right);

/*
 * A tensor of QUANT_F32, QUANT_F16 or QUANT_BF16, made of these floats, rounded to nearest. dim is
 * in C's order, the contiguous one last: the reverse of what the file says. The floats are read by
 * gguf_write() and must stay where they are.
 */
void gguf_put_tensor(struct gguf_writer *w, const char *name, enum quant_id type, uint32_t dims,
		     const uint32_t *dim, const float *data);

/* Writes the file, as a whole or not at all. */
int gguf_write(struct gguf_writer *w, const char *path, struct axon_err *err);
/* The same into a stream. */
int gguf_write_stream(struct gguf_writer *w, FILE *f, struct axon_err *err);

#endif
