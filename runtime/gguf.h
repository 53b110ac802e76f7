/* SPDX-License-Identifier: MIT */
/*
 * Reads GGUF files (versions 2 and 3, little-endian). The metadata is held in memory; tensor data
 * stays in the file and is named by (descriptor, offset, size), ready to be streamed elsewhere.
 * The file may be a regular file or a block device, and may be longer than what it holds.
 *
 * Everything in the file is checked when it is opened: after gguf_open has succeeded, every
 * tensor lies inside the file, has a type that Axon runs, and every array is complete.
 *
 * A key that begins with '.' gets the model's architecture in front: ".block_count" finds
 * "llama.block_count" in a file whose general.architecture is "llama".
 */
#ifndef AXON_RUNTIME_GGUF_H
#define AXON_RUNTIME_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct gguf;

/* Bytes in the file's metadata: not NUL-terminated, valid until gguf_close. */
struct gguf_str {
	const char *p;
	size_t n;
};

enum gguf_kind {
	GGUF_U8,
	GGUF_I8,
	GGUF_U16,
	GGUF_I16,
	GGUF_U32,
	GGUF_I32,
	GGUF_F32,
	GGUF_BOOL,
	GGUF_STRING,
	GGUF_ARRAY,
	GGUF_U64,
	GGUF_I64,
	GGUF_F64,
	GGUF_KINDS
};

struct gguf_array {
	enum gguf_kind kind; /* of the elements */
	uint64_t n;
	const uint8_t *p; /* unaligned; numbers little-endian, strings a u64 length and bytes */
};

#define GGUF_MAX_NAME 64
#define GGUF_MAX_DIMS 4

struct gguf_tensor {
	char name[GGUF_MAX_NAME];
	uint32_t type; /* enum quant_id, always a supported one */
	uint32_t n_dims;
	uint64_t ne[GGUF_MAX_DIMS]; /* ne[0] is contiguous; unused ones are 1 */
	uint64_t offset;	    /* from the start of the file */
	uint64_t size;		    /* in bytes */
};

int gguf_open(const char *path, struct gguf **out, struct axon_err *err);
/* The same from a descriptor, which is duplicated; @name stands in error messages. */
int gguf_open_fd(int fd, const char *name, struct gguf **out, struct axon_err *err);
void gguf_close(struct gguf *g);

int gguf_fd(const struct gguf *g);
const char *gguf_name(const struct gguf *g);
/* general.architecture, NUL-terminated; "" when the file has none. */
const char *gguf_arch(const struct gguf *g);

size_t gguf_n_tensors(const struct gguf *g);
const struct gguf_tensor *gguf_tensor(const struct gguf *g, size_t i);
/* By name; NULL when there is none. */
const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name);
/* By name; a missing one is an error that names it. */
int gguf_get_tensor(const struct gguf *g, const char *name, const struct gguf_tensor **t,
		    struct axon_err *err);
/* Read @len bytes of the tensor's data from its byte @offset on. */
int gguf_read(const struct gguf *g, const struct gguf_tensor *t, uint64_t offset, void *buf,
	      size_t len, struct axon_err *err);

bool gguf_has(const struct gguf *g, const char *key);

/* Typed reads. -ENOENT: no such key; -EINVAL: of another type, or out of the type's range. */
int gguf_u32(const struct gguf *g, const char *key, uint32_t *v, struct axon_err *err);
int gguf_f32(const struct gguf *g, const char *key, float *v, struct axon_err *err);
int gguf_bool(const struct gguf *g, const char *key, bool *v, struct axon_err *err);
int gguf_str(const struct gguf *g, const char *key, struct gguf_str *v, struct axon_err *err);
int gguf_array(const struct gguf *g, const char *key, struct gguf_array *v, struct axon_err *err);

/* The same with a default for a missing key. A key of the wrong type is still an error. */
int gguf_u32_or(const struct gguf *g, const char *key, uint32_t fallback, uint32_t *v,
		struct axon_err *err);
int gguf_f32_or(const struct gguf *g, const char *key, float fallback, float *v,
		struct axon_err *err);
int gguf_bool_or(const struct gguf *g, const char *key, bool fallback, bool *v,
		 struct axon_err *err);

/* Element @i of an array, or the value itself where the key is a scalar (per-layer settings). */
int gguf_u32_at(const struct gguf *g, const char *key, uint64_t i, uint32_t *v,
		struct axon_err *err);

/* Element @i of an array of numbers that fits: false when it is none or does not. */
bool gguf_array_u32(const struct gguf_array *a, uint64_t i, uint32_t *v);
bool gguf_array_i32(const struct gguf_array *a, uint64_t i, int32_t *v);
bool gguf_array_f32(const struct gguf_array *a, uint64_t i, float *v);
/* Take the next string off the front of an array of strings; false at its end. */
bool gguf_array_next(struct gguf_array *a, struct gguf_str *s);

#endif
