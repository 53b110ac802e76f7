// SPDX-License-Identifier: MIT
/*
 * Where the output goes. A file is written beside its name and then renamed, so that whoever reads it
 * finds the output before or this one, but never a part.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "smi.h"

static enum smi_exit fail(const char *path)
{
	fprintf(stderr, "accel-smi: -o %s: %s\n", path, strerror(errno));
	return SMI_FAILURE;
}

/* What open(2) would have given the file. */
static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

enum smi_exit smi_output_begin(struct smi_output *out, const char *path)
{
	struct stat st;
	int fd;

	*out = (struct smi_output){.path = path};
	if (!path)
		return SMI_OK;
	/* A device or a pipe must not be replaced by a file. */
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
		fprintf(stderr, "accel-smi: -o: expected a file, found '%s', which is none\n",
			path);
		return SMI_USAGE;
	}
	if (asprintf(&out->scratch, "%s.XXXXXX", path) < 0)
		return fail(path);
	fd = mkstemp(out->scratch);
	if (fd < 0) {
		free(out->scratch);
		return fail(path);
	}
	if (fchmod(fd, default_mode()) || fflush(stdout) || dup2(fd, STDOUT_FILENO) < 0) {
		enum smi_exit ret = fail(path);

		unlink(out->scratch);
		free(out->scratch);
		close(fd);
		return ret;
	}
	close(fd);
	return SMI_OK;
}

enum smi_exit smi_output_end(struct smi_output *out, bool keep)
{
	enum smi_exit ret = SMI_OK;

	if (fflush(stdout) || ferror(stdout)) {
		ret = out->path ? fail(out->path) : SMI_FAILURE;
		if (!out->path)
			perror("accel-smi: standard output");
	}
	if (!out->path)
		return ret;
	if (ret || !keep)
		unlink(out->scratch);
	else if (rename(out->scratch, out->path)) {
		ret = fail(out->path);
		unlink(out->scratch);
	}
	free(out->scratch);
	return ret;
}
