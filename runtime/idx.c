// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "idx.h"

#define MAX_BYTES (1u << 30)
#define TYPE_U8	  0x08

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Exactly `bytes` bytes, in the words of what was expected to be there. */
static int read_exactly(gzFile f, const char *path, void *to, uint32_t bytes, struct axon_err *err)
{
	int found = gzread(f, to, bytes), code;

	if (found < 0)
		return axon_fail(err, -EINVAL, "%s: %s" ERR_DAMAGED, path, gzerror(f, &code));
	if ((uint32_t)found != bytes)
		return axon_fail(err, -EINVAL, "%s: expected %u more bytes, found %d" ERR_DAMAGED,
				 path, bytes, found);
	return 0;
}

static int read_header(gzFile f, const char *path, uint32_t dims, struct idx *idx, uint32_t *total,
		       struct axon_err *err)
{
	uint8_t head[4 + 4 * IDX_DIMS];
	uint64_t bytes = 1;
	int ret = read_exactly(f, path, head, 4 + 4 * dims, err);

	if (ret)
		return ret;
	if (head[0] || head[1] || head[2] != TYPE_U8 || head[3] != dims)
		return axon_fail(err, -EINVAL,
				 "%s: expected an IDX file of bytes in %u dimensions (000008%02x), "
				 "found %08x; give the right file",
				 path, dims, dims, big_endian(head));
	for (uint32_t i = 0; i < IDX_DIMS; i++) {
		idx->dim[i] = i < dims ? big_endian(head + 4 + 4 * i) : 1;
		bytes *= idx->dim[i];
		if (!bytes || bytes > MAX_BYTES)
			return axon_fail(err, -EINVAL,
					 "%s: expected 1 to %u bytes of data, found dimension %u "
					 "of %u" ERR_DAMAGED,
					 path, MAX_BYTES, i, idx->dim[i]);
	}
	*total = (uint32_t)bytes;
	return 0;
}

/* The end of the file; gzip's checksum is looked at here. */
static int read_end(gzFile f, const char *path, struct axon_err *err)
{
	uint8_t byte;
	int found = gzread(f, &byte, 1), code;

	if (found < 0)
		return axon_fail(err, -EINVAL, "%s: %s" ERR_DAMAGED, path, gzerror(f, &code));
	if (found)
		return axon_fail(err, -EINVAL,
				 "%s: expected the end of the file, found more bytes" ERR_DAMAGED,
				 path);
	return 0;
}

int idx_read(const char *path, uint32_t dims, struct idx *idx, struct axon_err *err)
{
	gzFile f = gzopen(path, "rb");
	uint32_t bytes = 0;
	int ret;

	memset(idx, 0, sizeof(*idx));
	if (!f)
		return axon_fail(err, -errno,
				 "%s: %s; install the package dataset-fashion-mnist or give --data",
				 path, strerror(errno));
	ret = read_header(f, path, dims, idx, &bytes, err);
	if (!ret) {
		idx->bytes = malloc(bytes);
		ret = idx->bytes ? read_exactly(f, path, idx->bytes, bytes, err)
				 : axon_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	if (!ret)
		ret = read_end(f, path, err);
	gzclose(f);
	if (ret) {
		free(idx->bytes);
		idx->bytes = NULL;
	}
	return ret;
}
