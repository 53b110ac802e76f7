// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "new_file.h"
#include "safetensors.h"

#define MAX_HEADER (16u << 20)
#define METADATA   "__metadata__"

struct safetensors {
	char *name;
	uint8_t *bytes;
	size_t data, end; /* offsets of the data and of the end of the file */
	struct json_object *header;
};

static uint64_t tensor_bytes(const struct safetensor *t)
{
	uint64_t n = sizeof(float);

	for (uint32_t i = 0; i < t->dims; i++)
		n *= t->dim[i];
	return n;
}

/* ---- writing ---- */

static struct json_object *describe(const struct safetensor *t, uint64_t at)
{
	struct json_object *o = json_object_new_object(), *shape = json_object_new_array();
	struct json_object *offsets = json_object_new_array();

	for (uint32_t i = 0; i < t->dims; i++)
		json_object_array_add(shape, json_object_new_int64(t->dim[i]));
	json_object_array_add(offsets, json_object_new_int64((int64_t)at));
	json_object_array_add(offsets, json_object_new_int64((int64_t)(at + tensor_bytes(t))));
	json_object_object_add(o, "dtype", json_object_new_string("F32"));
	json_object_object_add(o, "shape", shape);
	json_object_object_add(o, "data_offsets", offsets);
	return o;
}

static struct json_object *make_header(const struct safetensor *tensors, size_t count,
				       const struct safetensors_text *texts, size_t text_count)
{
	struct json_object *header = json_object_new_object(), *meta = json_object_new_object();
	uint64_t at = 0;

	for (size_t i = 0; i < text_count; i++)
		json_object_object_add(meta, texts[i].key, json_object_new_string(texts[i].value));
	json_object_object_add(header, METADATA, meta);
	for (size_t i = 0; i < count; i++) {
		json_object_object_add(header, tensors[i].name, describe(&tensors[i], at));
		at += tensor_bytes(&tensors[i]);
	}
	return header;
}

struct contents {
	const struct safetensor *tensors;
	size_t count;
	struct json_object *header;
};

static int write_contents(void *arg, FILE *f)
{
	const struct contents *c = arg;
	const char *text = json_object_to_json_string_ext(c->header, JSON_C_TO_STRING_PLAIN);
	size_t length = strlen(text), padded = (length + 7) & ~(size_t)7;
	uint64_t head = htole64(padded);

	if (fwrite(&head, sizeof(head), 1, f) != 1 ||
	    fprintf(f, "%-*s", (int)padded, text) != (int)padded)
		return -errno;
	for (size_t i = 0; i < c->count; i++)
		if (fwrite(c->tensors[i].data, 1, tensor_bytes(&c->tensors[i]), f) !=
		    tensor_bytes(&c->tensors[i]))
			return -errno;
	return 0;
}

int safetensors_write(const char *path, const struct safetensor *tensors, size_t count,
		      const struct safetensors_text *texts, size_t text_count, struct axon_err *err)
{
	struct contents c = {tensors, count, make_header(tensors, count, texts, text_count)};
	int ret = new_file_write(path, write_contents, &c, err);

	json_object_put(c.header);
	return ret;
}

/* ---- reading ---- */

static int read_whole(struct safetensors *file, struct axon_err *err)
{
	FILE *f = fopen(file->name, "rbe");
	struct stat st;
	int ret = 0;

	if (!f || fstat(fileno(f), &st)) {
		ret = axon_fail(err, -errno, "%s: %s", file->name, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		ret = axon_fail(err, -EINVAL, "%s: expected a file, found something else",
				file->name);
	} else {
		file->end = (size_t)st.st_size;
		file->bytes = malloc(file->end + 1);
		if (!file->bytes)
			ret = axon_fail(err, -ENOMEM, "%s: out of memory", file->name);
		else if (fread(file->bytes, 1, file->end, f) != file->end)
			ret = axon_fail(err, -EIO, "%s: expected %zu bytes, found fewer",
					file->name, file->end);
	}
	if (f)
		fclose(f);
	return ret;
}

static int parse_header(struct safetensors *file, struct axon_err *err)
{
	struct json_tokener *tokener;
	uint64_t length = 0;

	if (file->end >= sizeof(length)) {
		memcpy(&length, file->bytes, sizeof(length));
		length = le64toh(length);
	}
	if (!length || length > MAX_HEADER || length > file->end - sizeof(length))
		return named_fail(file, err, -EINVAL,
				  "expected a safetensors file with a header of at most %u bytes, "
				  "found %zu bytes that start otherwise; give a checkpoint",
				  MAX_HEADER, file->end);
	file->data = sizeof(length) + (size_t)length;
	tokener = json_tokener_new();
	if (!tokener)
		return named_fail(file, err, -ENOMEM, "out of memory");
	file->header = json_tokener_parse_ex(tokener, (const char *)file->bytes + sizeof(length),
					     (int)length);
	json_tokener_free(tokener);
	if (!json_object_is_type(file->header, json_type_object))
		return named_fail(file, err, -EINVAL,
				  "expected a JSON object as header, found none" ERR_DAMAGED);
	return 0;
}

int safetensors_open(const char *path, struct safetensors **file, struct axon_err *err)
{
	struct safetensors *f = calloc(1, sizeof(*f));
	int ret;

	*file = NULL;
	if (!f || !(f->name = strdup(path))) {
		free(f);
		return axon_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	ret = read_whole(f, err);
	if (!ret)
		ret = parse_header(f, err);
	if (ret)
		safetensors_close(f);
	else
		*file = f;
	return ret;
}

void safetensors_close(struct safetensors *file)
{
	if (!file)
		return;
	json_object_put(file->header);
	free(file->bytes);
	free(file->name);
	free(file);
}

const char *safetensors_text(const struct safetensors *file, const char *key)
{
	struct json_object *meta, *value;

	if (!json_object_object_get_ex(file->header, METADATA, &meta) ||
	    !json_object_is_type(meta, json_type_object) ||
	    !json_object_object_get_ex(meta, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool is_number(struct json_object *array, size_t i, uint64_t want)
{
	struct json_object *v = json_object_array_get_idx(array, i);

	return json_object_is_type(v, json_type_int) && json_object_get_uint64(v) == want;
}

static bool has_shape(struct json_object *entry, const struct safetensor *t)
{
	struct json_object *type, *shape;

	if (!json_object_object_get_ex(entry, "dtype", &type) ||
	    !json_object_is_type(type, json_type_string) ||
	    strcmp(json_object_get_string(type), "F32") ||
	    !json_object_object_get_ex(entry, "shape", &shape) ||
	    !json_object_is_type(shape, json_type_array) ||
	    json_object_array_length(shape) != t->dims)
		return false;
	for (uint32_t i = 0; i < t->dims; i++)
		if (!is_number(shape, i, t->dim[i]))
			return false;
	return true;
}

/* Where the tensor's data are in the file; false when that is not within it. */
static bool locate(const struct safetensors *file, struct json_object *entry, uint64_t bytes,
		   size_t *at)
{
	struct json_object *offsets, *first;
	uint64_t start;

	if (!json_object_object_get_ex(entry, "data_offsets", &offsets) ||
	    !json_object_is_type(offsets, json_type_array) ||
	    json_object_array_length(offsets) != 2)
		return false;
	first = json_object_array_get_idx(offsets, 0);
	start = json_object_get_uint64(first);
	if (!json_object_is_type(first, json_type_int) || start > file->end - file->data ||
	    bytes > file->end - file->data - start || !is_number(offsets, 1, start + bytes))
		return false;
	*at = file->data + (size_t)start;
	return true;
}

int safetensors_read(const struct safetensors *file, const struct safetensor *tensor,
		     struct axon_err *err)
{
	uint64_t bytes = tensor_bytes(tensor);
	struct json_object *entry;
	size_t at;

	if (!json_object_object_get_ex(file->header, tensor->name, &entry) ||
	    !json_object_is_type(entry, json_type_object))
		return named_fail(file, err, -EINVAL,
				  "expected a tensor '%s', found none; give a checkpoint of this "
				  "network",
				  tensor->name);
	if (!has_shape(entry, tensor))
		return named_fail(file, err, -EINVAL,
				  "%s: expected type F32 and the network's shape, found %s",
				  tensor->name, json_object_to_json_string(entry));
	if (!locate(file, entry, bytes, &at))
		return named_fail(
			file, err, -EINVAL,
			"%s: expected %llu bytes within the file, found others" ERR_DAMAGED,
			tensor->name, (unsigned long long)bytes);
	memcpy(tensor->data, file->bytes + at, bytes);
	return 0;
}
