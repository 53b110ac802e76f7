// SPDX-License-Identifier: MIT
/* Reads the metadata of a GGUF file, believing none of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf_priv.h"
#include "quant.h"

/* Far above any real model; beyond them a count is a sign of damage. */
#define MAX_KEYS    65536
#define MAX_TENSORS 65536
#define MAX_KEY_LEN 65535 /* the format's own limit */
#define MAX_META    (256ull << 20)
#define FIRST_READ  (1ull << 20)
#define ALIGNMENT   32
#define MAX_ALIGN   (1u << 20)

struct reader {
	struct gguf *g;
	uint64_t pos;
	struct axon_err *err;
};

/* Make the first @end bytes of the file resident. The buffer at least doubles when it grows. */
static int load_meta(struct gguf *g, uint64_t end, struct axon_err *err)
{
	uint64_t want = g->meta_len ? 2 * g->meta_len : FIRST_READ;
	uint8_t *grown;

	if (end > MAX_META)
		return named_fail(g, err, -EINVAL,
				  "the metadata reaches beyond %llu bytes, more than any model "
				  "needs" ERR_DAMAGED,
				  MAX_META);
	if (want < end)
		want = end;
	if (want > g->file_size)
		want = g->file_size;
	grown = realloc(g->meta, want);
	if (!grown)
		return named_fail(g, err, -ENOMEM, "no memory for %ju bytes of metadata", want);
	g->meta = grown;
	while (g->meta_len < want) {
		ssize_t n =
			pread(g->fd, g->meta + g->meta_len, want - g->meta_len, (off_t)g->meta_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return named_fail(g, err, n ? -errno : -EIO, "cannot read at byte %ju: %s",
					  g->meta_len,
					  n ? strerror(errno) : "the file became shorter");
		g->meta_len += (uint64_t)n;
	}
	return 0;
}

/* Make @n bytes at the cursor resident. @what is being read, for the message. */
static int need(struct reader *r, uint64_t n, const char *what)
{
	struct gguf *g = r->g;

	if (n > g->file_size - r->pos)
		return named_fail(g, r->err, -EINVAL,
				  "truncated or damaged: %s at byte %ju needs %ju bytes, the file "
				  "ends at byte %ju; get it again",
				  what, r->pos, n, g->file_size);
	if (r->pos + n > g->meta_len)
		return load_meta(g, r->pos + n, r->err);
	return 0;
}

static int read_le(struct reader *r, size_t bytes, uint64_t *v, const char *what)
{
	int ret = need(r, bytes, what);

	if (ret)
		return ret;
	*v = gguf_le(r->g->meta + r->pos, bytes);
	r->pos += bytes;
	return 0;
}

/* A string: its length, then its bytes. Leaves their offset in *@off. */
static int read_str(struct reader *r, uint64_t *off, uint64_t *len, const char *what)
{
	int ret = read_le(r, 8, len, what);

	if (!ret)
		ret = need(r, *len, what);
	if (ret)
		return ret;
	*off = r->pos;
	r->pos += *len;
	return 0;
}

static int read_header(struct reader *r)
{
	struct gguf *g = r->g;
	uint64_t version, n_tensors, n_kv;
	int ret = need(r, 24, "the header");

	if (ret)
		return ret;
	if (memcmp(g->meta, "GGUF", 4))
		return named_fail(g, r->err, -EINVAL,
				  "not a GGUF file: it begins with %02x %02x %02x %02x where "
				  "\"GGUF\" (47 47 55 46) was expected; give a .gguf model",
				  g->meta[0], g->meta[1], g->meta[2], g->meta[3]);
	version = gguf_le(g->meta + 4, 4);
	n_tensors = gguf_le(g->meta + 8, 8);
	n_kv = gguf_le(g->meta + 16, 8);
	r->pos = 24;
	if (version && !(version & 0xffff))
		return named_fail(g, r->err, -EINVAL,
				  "a big-endian GGUF file; little-endian was expected: convert the "
				  "model again on or for a little-endian machine");
	if (version != 2 && version != 3)
		return named_fail(g, r->err, -EINVAL,
				  "GGUF version %ju; versions 2 and 3 are supported: convert the "
				  "model again with a current converter",
				  version);
	if (n_tensors > MAX_TENSORS || n_kv > MAX_KEYS)
		return named_fail(g, r->err, -EINVAL,
				  "the header counts %ju tensors and %ju keys; at most %u and %u "
				  "are expected" ERR_DAMAGED,
				  n_tensors, n_kv, MAX_TENSORS, MAX_KEYS);
	g->n_tensors = (uint32_t)n_tensors;
	g->n_kv = (uint32_t)n_kv;
	return 0;
}

static int skip_strings(struct reader *r, uint64_t n)
{
	uint64_t off, len;
	int ret = 0;

	for (uint64_t i = 0; i < n && !ret; i++)
		ret = read_str(r, &off, &len, "a string of an array");
	return ret;
}

static int read_array(struct reader *r, struct gguf_kv *kv)
{
	uint64_t element, bytes;
	const char *key;
	int ret = read_le(r, 4, &element, "an array's type");

	if (!ret)
		ret = read_le(r, 8, &kv->n, "an array's length");
	if (ret)
		return ret;
	key = (const char *)r->g->meta + kv->key;
	if (element == GGUF_ARRAY || element >= GGUF_KINDS)
		return named_fail(r->g, r->err, -EINVAL,
				  "key '%.*s' is an array of %s %ju; numbers, booleans or strings "
				  "were expected" ERR_RECONVERT,
				  (int)kv->key_len, key,
				  element == GGUF_ARRAY ? "arrays, type" : "unknown type", element);
	kv->element = (enum gguf_kind)element;
	kv->data = r->pos;
	if (kv->element == GGUF_STRING)
		return skip_strings(r, kv->n);
	if (__builtin_mul_overflow(kv->n, (uint64_t)gguf_kind_size(kv->element), &bytes))
		bytes = UINT64_MAX;
	ret = need(r, bytes, "an array");
	if (!ret)
		r->pos += bytes;
	return ret;
}

static int read_kv(struct reader *r, struct gguf_kv *kv)
{
	uint64_t kind;
	int ret = read_str(r, &kv->key, &kv->key_len, "a key");

	if (ret)
		return ret;
	if (!kv->key_len || kv->key_len > MAX_KEY_LEN)
		return named_fail(
			r->g, r->err, -EINVAL,
			"a key of %ju bytes at byte %ju; 1 to %u were expected" ERR_DAMAGED,
			kv->key_len, kv->key, MAX_KEY_LEN);
	ret = read_le(r, 4, &kind, "a key's type");
	if (ret)
		return ret;
	if (kind >= GGUF_KINDS)
		return named_fail(r->g, r->err, -EINVAL,
				  "key '%.*s' has type %ju; 0 to %u were expected" ERR_DAMAGED,
				  (int)kv->key_len, (const char *)r->g->meta + kv->key, kind,
				  GGUF_KINDS - 1);
	kv->kind = (enum gguf_kind)kind;
	if (kv->kind == GGUF_ARRAY)
		return read_array(r, kv);
	if (kv->kind == GGUF_STRING)
		return read_str(r, &kv->data, &kv->n, "a string");
	kv->data = r->pos;
	ret = need(r, gguf_kind_size(kv->kind), "a value");
	if (!ret)
		r->pos += gguf_kind_size(kv->kind);
	return ret;
}

static int read_tensor_name(struct reader *r, struct gguf_tensor *t)
{
	uint64_t off, len;
	int ret = read_str(r, &off, &len, "a tensor's name");

	if (ret)
		return ret;
	if (!len || len >= GGUF_MAX_NAME || memchr(r->g->meta + off, 0, len))
		return named_fail(r->g, r->err, -EINVAL,
				  "a tensor's name at byte %ju has %ju bytes; 1 to %d without a "
				  "NUL were expected" ERR_DAMAGED,
				  off, len, GGUF_MAX_NAME - 1);
	memcpy(t->name, r->g->meta + off, len);
	return 0;
}

/* Name, shape, type and offset (relative to the data section here) of one tensor. */
static int read_tensor(struct reader *r, struct gguf_tensor *t)
{
	uint64_t v = 0;
	int ret = read_tensor_name(r, t);

	if (!ret)
		ret = read_le(r, 4, &v, "a tensor's dimensions");
	if (ret)
		return ret;
	if (!v || v > GGUF_MAX_DIMS)
		return named_fail(
			r->g, r->err, -EINVAL,
			"tensor '%s' has %ju dimensions; 1 to %d were expected" ERR_DAMAGED,
			t->name, v, GGUF_MAX_DIMS);
	t->n_dims = (uint32_t)v;
	for (uint32_t i = 0; i < GGUF_MAX_DIMS; i++) {
		t->ne[i] = 1;
		if (i < t->n_dims)
			ret = read_le(r, 8, &t->ne[i], "a tensor's shape");
		if (ret)
			return ret;
		if (!t->ne[i])
			return named_fail(r->g, r->err, -EINVAL,
					  "tensor '%s' has an empty dimension %u; at least 1 "
					  "element was expected" ERR_RECONVERT,
					  t->name, i);
	}
	ret = read_le(r, 4, &v, "a tensor's type");
	if (ret)
		return ret;
	t->type = (uint32_t)v;
	return read_le(r, 8, &t->offset, "a tensor's offset");
}

static int check_tensor_size(struct gguf *g, struct gguf_tensor *t, struct axon_err *err)
{
	const struct quant_type *type = quant_type(t->type);
	uint64_t rows;

	if (!quant_supported(t->type))
		return named_fail(g, err, -EINVAL,
				  "tensor '%s' has type %s (%u); supported are " QUANT_SUPPORTED
				  ": requantise the model to one of these",
				  t->name, type ? type->name : "unknown", t->type);
	if (t->ne[0] % type->block)
		return named_fail(g, err, -EINVAL,
				  "tensor '%s' has rows of %ju elements; %s needs a multiple of "
				  "%u" ERR_DAMAGED,
				  t->name, t->ne[0], type->name, type->block);
	if (__builtin_mul_overflow(t->ne[1], t->ne[2], &rows) ||
	    __builtin_mul_overflow(rows, t->ne[3], &rows) ||
	    quant_size(t->type, t->ne[0], rows, &t->size))
		return named_fail(g, err, -EOVERFLOW,
				  "tensor '%s' of %ju × %ju × %ju × %ju elements overflows 64 "
				  "bits" ERR_DAMAGED,
				  t->name, t->ne[0], t->ne[1], t->ne[2], t->ne[3]);
	return 0;
}

/* Turn the tensor's offset into one from the start of the file, having checked that it fits. */
static int place_tensor(struct gguf *g, struct gguf_tensor *t, uint64_t data, uint32_t alignment,
			struct axon_err *err)
{
	int ret = check_tensor_size(g, t, err);

	if (ret)
		return ret;
	if (t->offset % alignment)
		return named_fail(g, err, -EINVAL,
				  "tensor '%s' lies at offset %ju, no multiple of the alignment "
				  "%u" ERR_DAMAGED,
				  t->name, t->offset, alignment);
	if (t->offset > g->file_size - data || t->size > g->file_size - data - t->offset)
		return named_fail(
			g, err, -EINVAL,
			"tensor '%s' needs %ju bytes at offset %ju of the data, which begins at "
			"byte %ju; the file has only %ju bytes: it is truncated; get it again",
			t->name, t->size, t->offset, data, g->file_size);
	t->offset += data;
	return 0;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const struct gguf *g = arg;
	const struct gguf_kv *x = &g->kv[*(const uint32_t *)a], *y = &g->kv[*(const uint32_t *)b];

	if (x->key_len != y->key_len)
		return x->key_len < y->key_len ? -1 : 1;
	return memcmp(g->meta + x->key, g->meta + y->key, x->key_len);
}

static int by_name(const void *a, const void *b, void *arg)
{
	const struct gguf *g = arg;

	return strcmp(g->tensors[*(const uint32_t *)a].name, g->tensors[*(const uint32_t *)b].name);
}

static uint32_t *sorted_order(uint32_t n, int (*compare)(const void *, const void *, void *),
			      struct gguf *g)
{
	uint32_t *order = malloc((n ? n : 1) * sizeof(*order));

	if (!order)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare, g);
	return order;
}

/* Sort keys for the binary search in gguf_find_kv, which also brings duplicates together. */
static int index_keys(struct gguf *g, struct axon_err *err)
{
	g->kv_order = sorted_order(g->n_kv, by_key, g);
	if (!g->kv_order)
		return named_fail(g, err, -ENOMEM, "no memory for %u keys", g->n_kv);
	for (uint32_t i = 1; i < g->n_kv; i++)
		if (!by_key(&g->kv_order[i - 1], &g->kv_order[i], g)) {
			const struct gguf_kv *kv = &g->kv[g->kv_order[i]];

			return named_fail(
				g, err, -EINVAL,
				"key '%.*s' stands twice; once was expected" ERR_RECONVERT,
				(int)kv->key_len, (const char *)g->meta + kv->key);
		}
	return 0;
}

static int index_tensors(struct gguf *g, struct axon_err *err)
{
	g->tensor_order = sorted_order(g->n_tensors, by_name, g);
	if (!g->tensor_order)
		return named_fail(g, err, -ENOMEM, "no memory for %u tensors", g->n_tensors);
	for (uint32_t i = 1; i < g->n_tensors; i++)
		if (!by_name(&g->tensor_order[i - 1], &g->tensor_order[i], g))
			return named_fail(
				g, err, -EINVAL,
				"tensor '%s' stands twice; once was expected" ERR_RECONVERT,
				g->tensors[g->tensor_order[i]].name);
	return 0;
}

static int read_alignment(struct gguf *g, uint32_t *alignment, struct axon_err *err)
{
	int ret = gguf_u32_or(g, "general.alignment", ALIGNMENT, alignment, err);

	if (ret)
		return ret;
	if (!*alignment || *alignment & (*alignment - 1) || *alignment > MAX_ALIGN)
		return named_fail(g, err, -EINVAL,
				  "general.alignment is %u; a power of two up to %u was "
				  "expected" ERR_RECONVERT,
				  *alignment, MAX_ALIGN);
	return 0;
}

static int read_arch(struct gguf *g, struct axon_err *err)
{
	struct gguf_str s;
	int ret;

	if (!gguf_has(g, "general.architecture"))
		return 0;
	ret = gguf_str(g, "general.architecture", &s, err);
	if (ret)
		return ret;
	if (!s.n || s.n >= sizeof(g->arch) || memchr(s.p, 0, s.n))
		return named_fail(g, err, -EINVAL,
				  "general.architecture has %zu bytes; 1 to %zu without a NUL were "
				  "expected" ERR_RECONVERT,
				  s.n, sizeof(g->arch) - 1);
	memcpy(g->arch, s.p, s.n);
	return 0;
}

static int read_keys(struct reader *r)
{
	struct gguf *g = r->g;
	int ret = 0;

	g->kv = calloc(g->n_kv ? g->n_kv : 1, sizeof(*g->kv));
	if (!g->kv)
		return named_fail(g, r->err, -ENOMEM, "no memory for %u keys", g->n_kv);
	for (uint32_t i = 0; i < g->n_kv && !ret; i++)
		ret = read_kv(r, &g->kv[i]);
	if (!ret)
		ret = index_keys(g, r->err);
	if (!ret)
		ret = read_arch(g, r->err);
	return ret;
}

static int read_tensors(struct reader *r)
{
	struct gguf *g = r->g;
	uint32_t alignment;
	uint64_t data;
	int ret = read_alignment(g, &alignment, r->err);

	if (ret)
		return ret;
	g->tensors = calloc(g->n_tensors ? g->n_tensors : 1, sizeof(*g->tensors));
	if (!g->tensors)
		return named_fail(g, r->err, -ENOMEM, "no memory for %u tensors", g->n_tensors);
	for (uint32_t i = 0; i < g->n_tensors && !ret; i++)
		ret = read_tensor(r, &g->tensors[i]);
	data = (r->pos + alignment - 1) & ~(uint64_t)(alignment - 1);
	if (data > g->file_size) /* a file of metadata only may end without the padding */
		data = g->file_size;
	for (uint32_t i = 0; i < g->n_tensors && !ret; i++)
		ret = place_tensor(g, &g->tensors[i], data, alignment, r->err);
	return ret ? ret : index_tensors(g, r->err);
}

int gguf_parse(struct gguf *g, struct axon_err *err)
{
	struct reader r = {.g = g, .err = err};
	int ret = read_header(&r);

	if (!ret)
		ret = read_keys(&r);
	if (!ret)
		ret = read_tensors(&r);
	return ret;
}
