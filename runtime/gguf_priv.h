/* SPDX-License-Identifier: MIT */
/* What gguf.c (the file), gguf_parse.c (its metadata) and gguf_meta.c (typed reads of it) share. */
#ifndef AXON_RUNTIME_GGUF_PRIV_H
#define AXON_RUNTIME_GGUF_PRIV_H

#include "gguf.h"

/* One key and where its value lies in the metadata. */
struct gguf_kv {
	uint64_t key; /* offset of the key's bytes */
	uint64_t key_len;
	enum gguf_kind kind;
	enum gguf_kind element; /* of an array */
	uint64_t n;		/* elements of an array, bytes of a string */
	uint64_t data;		/* offset of the value; of an array, of its first element */
};

struct gguf {
	int fd;
	char *name;
	char arch[64];
	uint64_t file_size;
	uint8_t *meta; /* the file's first meta_len bytes */
	uint64_t meta_len;
	uint32_t n_kv, n_tensors;
	struct gguf_kv *kv;
	uint32_t *kv_order; /* kv sorted by key */
	struct gguf_tensor *tensors;
	uint32_t *tensor_order; /* tensors sorted by name */
};

/* Read and check all metadata; fills everything below file_size. */
int gguf_parse(struct gguf *g, struct axon_err *err);
/* Bytes of one value of this kind; 0 for strings and arrays. */
size_t gguf_kind_size(enum gguf_kind kind);
/* Exactly this key, without the '.' convention; NULL when there is none. */
const struct gguf_kv *gguf_find_kv(const struct gguf *g, const char *key, size_t len);

static inline uint64_t gguf_le(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

#endif
