// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gguf_builder.h"

void build_bytes(struct builder *b, const void *p, size_t n)
{
	if (b->n + n > b->cap) {
		b->cap = 2 * (b->n + n);
		b->p = realloc(b->p, b->cap);
		if (!b->p)
			abort();
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void build_int(struct builder *b, uint64_t v, size_t bytes)
{
	uint8_t le[8];

	for (size_t i = 0; i < 8; i++)
		le[i] = (uint8_t)(v >> 8 * i);
	build_bytes(b, le, bytes);
}

void build_str(struct builder *b, const char *s)
{
	build_int(b, strlen(s), 8);
	build_bytes(b, s, strlen(s));
}

void build_header(struct builder *b, uint64_t n_tensors, uint64_t n_kv)
{
	build_bytes(b, "GGUF", 4);
	build_int(b, 3, 4);
	build_int(b, n_tensors, 8);
	build_int(b, n_kv, 8);
}

static void build_key(struct builder *b, const char *key, enum gguf_kind kind)
{
	build_str(b, key);
	build_int(b, kind, 4);
}

void build_kv_u32(struct builder *b, const char *key, uint32_t v)
{
	build_key(b, key, GGUF_U32);
	build_int(b, v, 4);
}

void build_kv_f32(struct builder *b, const char *key, float v)
{
	build_key(b, key, GGUF_F32);
	build_bytes(b, &v, 4);
}

void build_kv_bool(struct builder *b, const char *key, uint8_t v)
{
	build_key(b, key, GGUF_BOOL);
	build_int(b, v, 1);
}

void build_kv_str(struct builder *b, const char *key, const char *s)
{
	build_key(b, key, GGUF_STRING);
	build_str(b, s);
}

void build_kv_array(struct builder *b, const char *key, enum gguf_kind kind, uint64_t n)
{
	build_key(b, key, GGUF_ARRAY);
	build_int(b, kind, 4);
	build_int(b, n, 8);
}

void build_kv_strs(struct builder *b, const char *key, const char *const *s, size_t n)
{
	build_kv_array(b, key, GGUF_STRING, n);
	for (size_t i = 0; i < n; i++)
		build_str(b, s[i]);
}

void build_tensor(struct builder *b, const char *name, uint32_t n_dims, const uint64_t *ne,
		  uint32_t type, uint64_t offset)
{
	build_str(b, name);
	build_int(b, n_dims, 4);
	for (uint32_t i = 0; i < n_dims; i++)
		build_int(b, ne[i], 8);
	build_int(b, type, 4);
	build_int(b, offset, 8);
}

void build_zeros(struct builder *b, size_t n)
{
	while (n--)
		build_bytes(b, "", 1);
}

void build_align(struct builder *b, size_t alignment)
{
	build_zeros(b, (alignment - b->n % alignment) % alignment);
}

int build_open(const struct builder *b, struct gguf **g, struct axon_err *err)
{
	int fd = memfd_create("test.gguf", MFD_CLOEXEC), ret;

	if (fd < 0 || write(fd, b->p, b->n) != (ssize_t)b->n)
		abort();
	ret = gguf_open_fd(fd, "test.gguf", g, err);
	close(fd);
	return ret;
}

void build_free(struct builder *b)
{
	free(b->p);
	*b = (struct builder){};
}
