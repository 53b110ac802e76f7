// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu_run.h"

#define QEMU "qemu-riscv64"

/* Without what the hart has not. */
#define CPU "rv64,g=false,a=false,c=false,zba=false,zbb=false,zbc=false,zbs=false"

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(QEMU_FAIL);
}

/* Returns the wait status of qemu, run on @path with its standard output in @fd. */
static int spawn(const char *path, int fd)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		dup2(fd, STDOUT_FILENO);
		execlp(QEMU, QEMU, "-cpu", CPU, path, NULL);
		_exit(QEMU_SKIP);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return status;
}

/* The wait status of the program made of @segments. */
static int run_segments(const struct riscv_segment *segments, unsigned num_segments, uint64_t entry,
			FILE *out)
{
	char path[] = "/tmp/hart-test-XXXXXX";
	int fd = mkstemp(path);
	FILE *elf = fd < 0 ? NULL : fdopen(fd, "w");
	int status = -1;

	if (elf && !riscv_elf_write(elf, segments, num_segments, entry) && !fchmod(fd, 0700) &&
	    !fclose(elf))
		status = spawn(path, fileno(out));
	unlink(path);
	if (status < 0)
		fail(path);
	return status;
}

void qemu_run(const struct riscv_segment *segments, unsigned num_segments, uint64_t entry,
	      void *output, size_t size)
{
	FILE *out = tmpfile();
	int status;

	if (!out)
		fail("temporary file");
	status = run_segments(segments, num_segments, entry, out);
	if (WIFEXITED(status) && WEXITSTATUS(status) == QEMU_SKIP) {
		printf("SKIP: %s not found; install qemu-user\n", QEMU);
		exit(QEMU_SKIP);
	}
	if (status) {
		fprintf(stderr, "%s: wait status %#x; expected exit 0\n", QEMU, status);
		exit(QEMU_FAIL);
	}
	rewind(out);
	if (fread(output, size, 1, out) != 1) {
		fprintf(stderr, "%s: the program wrote less than the expected %zu bytes\n", QEMU,
			size);
		exit(QEMU_FAIL);
	}
	fclose(out);
}
