// SPDX-License-Identifier: MIT
/* The file as a whole: opening it, its tensors and their bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf_priv.h"

static int measure(struct gguf *g, struct axon_err *err)
{
	struct stat st;

	if (fstat(g->fd, &st))
		return named_fail(g, err, -errno, "%s", strerror(errno));
	if (S_ISREG(st.st_mode)) {
		g->file_size = (uint64_t)st.st_size;
		return 0;
	}
	if (!S_ISBLK(st.st_mode))
		return named_fail(g, err, -EINVAL,
				  "neither a file nor a block device; give a .gguf model");
	if (ioctl(g->fd, BLKGETSIZE64, &g->file_size))
		return named_fail(g, err, -errno, "cannot tell the block device's size: %s",
				  strerror(errno));
	return 0;
}

int gguf_open_fd(int fd, const char *name, struct gguf **out, struct axon_err *err)
{
	struct gguf *g = calloc(1, sizeof(*g));
	int ret;

	if (!g)
		return axon_fail(err, -ENOMEM, "%s: no memory", name);
	g->name = strdup(name);
	g->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (!g->name)
		ret = axon_fail(err, -ENOMEM, "%s: no memory", name);
	else if (g->fd < 0)
		ret = axon_fail(err, -errno, "%s: %s", name, strerror(errno));
	else
		ret = measure(g, err);
	if (!ret)
		ret = gguf_parse(g, err);
	if (ret) {
		gguf_close(g);
		return ret;
	}
	*out = g;
	return 0;
}

int gguf_open(const char *path, struct gguf **out, struct axon_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return axon_fail(err, -errno,
				 "%s: cannot open the model: %s; give the path of a .gguf file",
				 path, strerror(errno));
	ret = gguf_open_fd(fd, path, out, err);
	close(fd);
	return ret;
}

void gguf_close(struct gguf *g)
{
	if (!g)
		return;
	if (g->fd >= 0)
		close(g->fd);
	free(g->tensor_order);
	free(g->tensors);
	free(g->kv_order);
	free(g->kv);
	free(g->meta);
	free(g->name);
	free(g);
}

int gguf_fd(const struct gguf *g)
{
	return g->fd;
}

const char *gguf_name(const struct gguf *g)
{
	return g->name;
}

const char *gguf_arch(const struct gguf *g)
{
	return g->arch;
}

size_t gguf_n_tensors(const struct gguf *g)
{
	return g->n_tensors;
}

const struct gguf_tensor *gguf_tensor(const struct gguf *g, size_t i)
{
	return &g->tensors[i];
}

const struct gguf_tensor *gguf_find_tensor(const struct gguf *g, const char *name)
{
	uint32_t low = 0, high = g->n_tensors;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct gguf_tensor *t = &g->tensors[g->tensor_order[middle]];
		int order = strcmp(name, t->name);

		if (!order)
			return t;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

int gguf_get_tensor(const struct gguf *g, const char *name, const struct gguf_tensor **t,
		    struct axon_err *err)
{
	*t = gguf_find_tensor(g, name);
	if (!*t)
		return named_fail(g, err, -ENOENT,
				  "tensor '%s' is missing, which architecture '%s' needs: the file "
				  "is incomplete; get it or convert it again",
				  name, g->arch);
	return 0;
}

int gguf_read(const struct gguf *g, const struct gguf_tensor *t, uint64_t offset, void *buf,
	      size_t len, struct axon_err *err)
{
	uint8_t *p = buf;

	if (offset > t->size || len > t->size - offset)
		return named_fail(g, err, -EINVAL,
				  "a read of %zu bytes at %ju of tensor '%s', which has %ju bytes",
				  len, offset, t->name, t->size);
	while (len) {
		ssize_t n = pread(g->fd, p, len, (off_t)(t->offset + offset));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return named_fail(g, err, n ? -errno : -EIO, "cannot read tensor '%s': %s",
					  t->name, n ? strerror(errno) : "the file became shorter");
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}
