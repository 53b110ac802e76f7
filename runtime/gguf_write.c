// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_write.h"
#include "new_file.h"

#define VERSION	  3
#define ALIGNMENT 32
#define CHUNK	  4096 /* elements converted at once */

struct tensor {
	char name[GGUF_MAX_NAME];
	enum quant_id type;
	uint32_t dims, dim[GGUF_MAX_DIMS];
	const float *data;
	struct tensor *next;
};

struct gguf_writer {
	char *meta; /* keys and their values, as in the file */
	size_t meta_len;
	FILE *f; /* into meta */
	uint64_t keys, n_tensors;
	struct tensor *tensors, **end;
	int error;
};

struct gguf_writer *gguf_writer_new(void)
{
	struct gguf_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->end = &w->tensors;
	w->f = open_memstream(&w->meta, &w->meta_len);
	if (w->f)
		return w;
	free(w);
	return NULL;
}

void gguf_writer_free(struct gguf_writer *w)
{
	if (!w)
		return;
	while (w->tensors) {
		struct tensor *t = w->tensors;

		w->tensors = t->next;
		free(t);
	}
	fclose(w->f);
	free(w->meta);
	free(w);
}

/* ---- keys ---- */

static void put_u32(FILE *f, uint32_t v)
{
	v = htole32(v);
	fwrite(&v, sizeof(v), 1, f);
}

static void put_u64(FILE *f, uint64_t v)
{
	v = htole64(v);
	fwrite(&v, sizeof(v), 1, f);
}

static void put_str(FILE *f, const char *p, size_t n)
{
	put_u64(f, n);
	fwrite(p, 1, n, f);
}

/* The numbers that the format gives to kinds are those of enum gguf_kind. */
static FILE *put_key(struct gguf_writer *w, const char *key, enum gguf_kind kind)
{
	w->keys++;
	put_str(w->f, key, strlen(key));
	put_u32(w->f, kind);
	return w->f;
}

void gguf_put_u32(struct gguf_writer *w, const char *key, uint32_t v)
{
	put_u32(put_key(w, key, GGUF_U32), v);
}

static uint32_t bits_of(float v)
{
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

void gguf_put_f32(struct gguf_writer *w, const char *key, float v)
{
	put_u32(put_key(w, key, GGUF_F32), bits_of(v));
}

void gguf_put_bool(struct gguf_writer *w, const char *key, bool v)
{
	fputc(v, put_key(w, key, GGUF_BOOL));
}

void gguf_put_str(struct gguf_writer *w, const char *key, const char *v)
{
	put_str(put_key(w, key, GGUF_STRING), v, strlen(v));
}

void gguf_put_array(struct gguf_writer *w, const char *key, enum gguf_kind kind, uint64_t n)
{
	put_u32(put_key(w, key, GGUF_ARRAY), kind);
	put_u64(w->f, n);
}

void gguf_put_item_u32(struct gguf_writer *w, uint32_t v)
{
	put_u32(w->f, v);
}

void gguf_put_item_str(struct gguf_writer *w, const char *p, size_t n)
{
	put_str(w->f, p, n);
}

void gguf_put_item_merge(struct gguf_writer *w, const char *left, size_t n_left, const char *right,
			 size_t n_right)
{
	put_u64(w->f, n_left + 1 + n_right);
	fwrite(left, 1, n_left, w->f);
	fputc(' ', w->f);
	fwrite(right, 1, n_right, w->f);
}

/* ---- tensors ---- */

void gguf_put_tensor(struct gguf_writer *w, const char *name, enum quant_id type, uint32_t dims,
		     const uint32_t *dim, const float *data)
{
	struct tensor *t = calloc(1, sizeof(*t));

	if (!t) {
		w->error = -ENOMEM;
		return;
	}
	*w->end = t;
	w->end = &t->next;
	w->n_tensors++;
	t->type = type;
	t->dims = dims;
	t->data = data;
	if (dims > GGUF_MAX_DIMS || strlen(name) >= sizeof(t->name) ||
	    (type != QUANT_F32 && type != QUANT_F16 && type != QUANT_BF16)) {
		w->error = -EINVAL;
		return;
	}
	strcpy(t->name, name);
	memcpy(t->dim, dim, dims * sizeof(*dim));
}

static uint64_t elements(const struct tensor *t)
{
	uint64_t n = 1;

	for (uint32_t i = 0; i < t->dims; i++)
		n *= t->dim[i];
	return n;
}

static uint64_t size_of(const struct tensor *t)
{
	return elements(t) * quant_type(t->type)->bytes;
}

static uint64_t align(uint64_t n)
{
	return (n + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

static void write_head(const struct gguf_writer *w, FILE *f)
{
	uint64_t at = 0;

	fwrite("GGUF", 1, 4, f);
	put_u32(f, VERSION);
	put_u64(f, w->n_tensors);
	put_u64(f, w->keys);
	fwrite(w->meta, 1, w->meta_len, f);
	for (const struct tensor *t = w->tensors; t; t = t->next) {
		put_str(f, t->name, strlen(t->name));
		put_u32(f, t->dims);
		for (uint32_t i = t->dims; i--;)
			put_u64(f, t->dim[i]);
		put_u32(f, t->type);
		put_u64(f, at);
		at += align(size_of(t));
	}
}

static uint64_t head_size(const struct gguf_writer *w)
{
	uint64_t n = 4 + 4 + 8 + 8 + w->meta_len;

	for (const struct tensor *t = w->tensors; t; t = t->next)
		n += 8 + strlen(t->name) + 4 + 8 * t->dims + 4 + 8;
	return n;
}

static void pad(FILE *f, uint64_t n)
{
	for (; n % ALIGNMENT; n++)
		fputc(0, f);
}

/* The upper half, to nearest, ties to even; what is no number stays none. */
static uint16_t bf16_of(float v)
{
	uint32_t bits = bits_of(v);

	if (v != v)
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static uint16_t f16_of(float v)
{
	_Float16 half = (_Float16)v;
	uint16_t bits;

	memcpy(&bits, &half, sizeof(bits));
	return bits;
}

static void write_data(const struct tensor *t, FILE *f)
{
	uint64_t n = elements(t);
	union {
		uint32_t word[CHUNK];
		uint16_t half[CHUNK];
	} to;

	for (uint64_t at = 0; at < n; at += CHUNK) {
		uint64_t count = n - at < CHUNK ? n - at : CHUNK;

		for (uint64_t i = 0; i < count; i++)
			if (t->type == QUANT_F32)
				to.word[i] = htole32(bits_of(t->data[at + i]));
			else
				to.half[i] =
					htole16(t->type == QUANT_F16 ? f16_of(t->data[at + i])
								     : bf16_of(t->data[at + i]));
		fwrite(&to, quant_type(t->type)->bytes, count, f);
	}
	pad(f, size_of(t));
}

static int write_all(void *arg, FILE *f)
{
	const struct gguf_writer *w = arg;

	errno = 0;
	write_head(w, f);
	pad(f, head_size(w));
	for (const struct tensor *t = w->tensors; t; t = t->next)
		write_data(t, f);
	return !ferror(f) ? 0 : errno ? -errno : -EIO;
}

/* What was put in is in memory behind this. */
static int finish(struct gguf_writer *w)
{
	if (!w->error && (fflush(w->f) || ferror(w->f)))
		w->error = -ENOMEM;
	return w->error;
}

int gguf_write(struct gguf_writer *w, const char *path, struct axon_err *err)
{
	int ret = finish(w);

	if (ret)
		return axon_fail(err, ret, "%s: writing: %s", path, strerror(-ret));
	return new_file_write(path, write_all, w, err);
}

int gguf_write_stream(struct gguf_writer *w, FILE *f, struct axon_err *err)
{
	int ret = finish(w);

	if (!ret)
		ret = write_all(w, f);
	if (!ret && fflush(f))
		ret = -errno;
	return ret ? axon_fail(err, ret, "writing a GGUF file: %s", strerror(-ret)) : 0;
}
