// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "new_file.h"

/* The name itself must survive a power cut, too. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, ret;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int write_through(const char *path, const char *temporary, int (*write)(void *arg, FILE *f),
			 void *arg)
{
	FILE *f = fopen(temporary, "wbe");
	int ret;

	if (!f)
		return -errno;
	ret = write(arg, f);
	if (!ret && (fflush(f) || fsync(fileno(f))))
		ret = -errno;
	if (fclose(f) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret ? ret : sync_folder(path);
}

int new_file_write(const char *path, int (*write)(void *arg, FILE *f), void *arg,
		   struct axon_err *err)
{
	char temporary[PATH_MAX];
	int ret;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary))
		ret = -ENAMETOOLONG;
	else
		ret = write_through(path, temporary, write, arg);
	return ret ? axon_fail(err, ret, "%s: writing: %s", path, strerror(-ret)) : 0;
}

int new_file_check(const char *path, struct axon_err *err)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	if (access(dirname(copy), W_OK | X_OK))
		return axon_fail(err, -errno, "%s: writing: %s", path, strerror(errno));
	return 0;
}
