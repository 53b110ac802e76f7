// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gguf_priv.h"

static const struct {
	const char *name;
	size_t size;
} kinds[GGUF_KINDS] = {
	[GGUF_U8] = {"u8", 1},	 [GGUF_I8] = {"i8", 1},	      [GGUF_U16] = {"u16", 2},
	[GGUF_I16] = {"i16", 2}, [GGUF_U32] = {"u32", 4},     [GGUF_I32] = {"i32", 4},
	[GGUF_F32] = {"f32", 4}, [GGUF_BOOL] = {"bool", 1},   [GGUF_STRING] = {"string", 0},
	[GGUF_U64] = {"u64", 8}, [GGUF_ARRAY] = {"array", 0}, [GGUF_I64] = {"i64", 8},
	[GGUF_F64] = {"f64", 8},
};

size_t gguf_kind_size(enum gguf_kind kind)
{
	return kinds[kind].size;
}

const struct gguf_kv *gguf_find_kv(const struct gguf *g, const char *key, size_t len)
{
	uint32_t low = 0, high = g->n_kv;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gguf_kv *kv = &g->kv[g->kv_order[middle]];
		int order = len != kv->key_len ? (len < kv->key_len ? -1 : 1)
					       : memcmp(key, g->meta + kv->key, len);

		if (!order)
			return kv;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* A key after the '.' convention was applied. */
struct full_key {
	char s[256];
};

static const struct gguf_kv *find(const struct gguf *g, const char *key, struct full_key *full)
{
	int n = snprintf(full->s, sizeof(full->s), "%s%s", key[0] == '.' ? g->arch : "", key);

	if (n < 0 || (size_t)n >= sizeof(full->s))
		return NULL;
	return gguf_find_kv(g, full->s, (size_t)n);
}

static int missing(const struct gguf *g, const struct full_key *key, struct axon_err *err)
{
	return named_fail(g, err, -ENOENT,
			  "key '%s' is missing: the file is incomplete; convert the model again",
			  key->s);
}

static int mistyped(const struct gguf *g, const struct full_key *key, enum gguf_kind found,
		    const char *expected, struct axon_err *err)
{
	return named_fail(g, err, -EINVAL, "key '%s' holds a %s; %s was expected" ERR_RECONVERT,
			  key->s, kinds[found].name, expected);
}

/* The integer of the given kind at @p as sign and magnitude; false when the kind is no integer. */
static bool load_int(enum gguf_kind kind, const uint8_t *p, bool *negative, uint64_t *magnitude)
{
	size_t size = kinds[kind].size;
	uint64_t v;

	switch (kind) {
	case GGUF_U8:
	case GGUF_U16:
	case GGUF_U32:
	case GGUF_U64:
		*negative = false;
		*magnitude = gguf_le(p, size);
		return true;
	case GGUF_I8:
	case GGUF_I16:
	case GGUF_I32:
	case GGUF_I64:
		v = gguf_le(p, size);
		*negative = v >> (8 * size - 1) & 1;
		if (*negative)
			v = (size < 8 ? 1ull << 8 * size : 0) - v;
		*magnitude = v;
		return true;
	default: return false;
	}
}

static bool load_u32(enum gguf_kind kind, const uint8_t *p, uint32_t *v)
{
	uint64_t magnitude;
	bool negative;

	if (!load_int(kind, p, &negative, &magnitude) || negative || magnitude > UINT32_MAX)
		return false;
	*v = (uint32_t)magnitude;
	return true;
}

static bool load_f32(enum gguf_kind kind, const uint8_t *p, float *v)
{
	uint64_t bits = gguf_le(p, kinds[kind].size);
	uint32_t low = (uint32_t)bits;
	double d;

	if (kind == GGUF_F32) {
		memcpy(v, &low, 4);
		return true;
	}
	if (kind != GGUF_F64)
		return false;
	memcpy(&d, &bits, 8);
	*v = (float)d;
	return true;
}

bool gguf_has(const struct gguf *g, const char *key)
{
	struct full_key full;

	return find(g, key, &full);
}

int gguf_u32(const struct gguf *g, const char *key, uint32_t *v, struct axon_err *err)
{
	struct full_key full;
	const struct gguf_kv *kv = find(g, key, &full);

	if (!kv)
		return missing(g, &full, err);
	if (!load_u32(kv->kind, g->meta + kv->data, v))
		return mistyped(g, &full, kv->kind, "an integer from 0 to 4294967295", err);
	return 0;
}

int gguf_f32(const struct gguf *g, const char *key, float *v, struct axon_err *err)
{
	struct full_key full;
	const struct gguf_kv *kv = find(g, key, &full);

	if (!kv)
		return missing(g, &full, err);
	if (!load_f32(kv->kind, g->meta + kv->data, v))
		return mistyped(g, &full, kv->kind, "a floating-point number", err);
	return 0;
}

int gguf_bool(const struct gguf *g, const char *key, bool *v, struct axon_err *err)
{
	struct full_key full;
	const struct gguf_kv *kv = find(g, key, &full);

	if (!kv)
		return missing(g, &full, err);
	if (kv->kind != GGUF_BOOL || g->meta[kv->data] > 1)
		return mistyped(g, &full, kv->kind, "a boolean, 0 or 1,", err);
	*v = g->meta[kv->data];
	return 0;
}

int gguf_str(const struct gguf *g, const char *key, struct gguf_str *v, struct axon_err *err)
{
	struct full_key full;
	const struct gguf_kv *kv = find(g, key, &full);

	if (!kv)
		return missing(g, &full, err);
	if (kv->kind != GGUF_STRING)
		return mistyped(g, &full, kv->kind, "a string", err);
	v->p = (const char *)g->meta + kv->data;
	v->n = kv->n;
	return 0;
}

int gguf_array(const struct gguf *g, const char *key, struct gguf_array *v, struct axon_err *err)
{
	struct full_key full;
	const struct gguf_kv *kv = find(g, key, &full);

	if (!kv)
		return missing(g, &full, err);
	if (kv->kind != GGUF_ARRAY)
		return mistyped(g, &full, kv->kind, "an array", err);
	v->kind = kv->element;
	v->n = kv->n;
	v->p = g->meta + kv->data;
	return 0;
}

int gguf_u32_or(const struct gguf *g, const char *key, uint32_t fallback, uint32_t *v,
		struct axon_err *err)
{
	*v = fallback;
	return gguf_has(g, key) ? gguf_u32(g, key, v, err) : 0;
}

int gguf_f32_or(const struct gguf *g, const char *key, float fallback, float *v,
		struct axon_err *err)
{
	*v = fallback;
	return gguf_has(g, key) ? gguf_f32(g, key, v, err) : 0;
}

int gguf_bool_or(const struct gguf *g, const char *key, bool fallback, bool *v,
		 struct axon_err *err)
{
	*v = fallback;
	return gguf_has(g, key) ? gguf_bool(g, key, v, err) : 0;
}

int gguf_u32_at(const struct gguf *g, const char *key, uint64_t i, uint32_t *v,
		struct axon_err *err)
{
	struct full_key full;
	const struct gguf_kv *kv = find(g, key, &full);
	struct gguf_array a;

	if (!kv || kv->kind != GGUF_ARRAY)
		return gguf_u32(g, key, v, err);
	a = (struct gguf_array){kv->element, kv->n, g->meta + kv->data};
	if (!gguf_array_u32(&a, i, v))
		return named_fail(g, err, -EINVAL,
				  "key '%s' is an array of %ju elements of type %s; an integer "
				  "from 0 to 4294967295 at index %ju was expected" ERR_RECONVERT,
				  full.s, kv->n, kinds[kv->element].name, i);
	return 0;
}

bool gguf_array_u32(const struct gguf_array *a, uint64_t i, uint32_t *v)
{
	return i < a->n && load_u32(a->kind, a->p + i * kinds[a->kind].size, v);
}

bool gguf_array_i32(const struct gguf_array *a, uint64_t i, int32_t *v)
{
	uint64_t magnitude;
	bool negative;

	if (i >= a->n || !load_int(a->kind, a->p + i * kinds[a->kind].size, &negative, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT32_MAX + negative)
		return false;
	*v = (int32_t)(negative ? -(int64_t)magnitude : (int64_t)magnitude);
	return true;
}

bool gguf_array_f32(const struct gguf_array *a, uint64_t i, float *v)
{
	return i < a->n && load_f32(a->kind, a->p + i * kinds[a->kind].size, v);
}

bool gguf_array_next(struct gguf_array *a, struct gguf_str *s)
{
	if (a->kind != GGUF_STRING || !a->n)
		return false;
	s->n = gguf_le(a->p, 8);
	s->p = (const char *)a->p + 8;
	a->p += 8 + s->n;
	a->n--;
	return true;
}
