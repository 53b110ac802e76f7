/* SPDX-License-Identifier: MIT */
/* Writes GGUF files, right ones and wrong ones, into memory and opens them from there. */
#ifndef AXON_TESTS_GGUF_BUILDER_H
#define AXON_TESTS_GGUF_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "gguf.h"

struct builder {
	uint8_t *p;
	size_t n, cap;
};

void build_bytes(struct builder *b, const void *p, size_t n);
void build_int(struct builder *b, uint64_t v, size_t bytes);
void build_str(struct builder *b, const char *s);
/* Magic, version 3 and the counts. */
void build_header(struct builder *b, uint64_t n_tensors, uint64_t n_kv);
/* Keys of the commonest types. */
void build_kv_u32(struct builder *b, const char *key, uint32_t v);
void build_kv_f32(struct builder *b, const char *key, float v);
void build_kv_bool(struct builder *b, const char *key, uint8_t v);
void build_kv_str(struct builder *b, const char *key, const char *s);
/* Only the head of an array; its elements follow. */
void build_kv_array(struct builder *b, const char *key, enum gguf_kind kind, uint64_t n);
void build_kv_strs(struct builder *b, const char *key, const char *const *s, size_t n);
void build_tensor(struct builder *b, const char *name, uint32_t n_dims, const uint64_t *ne,
		  uint32_t type, uint64_t offset);
/* Zeros up to a multiple of @alignment. */
void build_align(struct builder *b, size_t alignment);
void build_zeros(struct builder *b, size_t n);

/* Open the bytes as a file named "test.gguf". */
int build_open(const struct builder *b, struct gguf **g, struct axon_err *err);
void build_free(struct builder *b);

#endif
