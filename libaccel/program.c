// SPDX-License-Identifier: MIT
/* Programs: an ELF checked, relocated and placed in one address space. */
#include "internal.h"
#include "elf_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE_BYTES (256u << 20)

/* The ELF was accepted when the program was loaded, and the copy has not changed since. */
static void reopen(const struct accel_program *prog, struct elf_image *elf)
{
	char why[1];

	elf_check(prog->elf, prog->elf_size, elf, why, sizeof(why));
}

static int place(struct accel_program *prog, const struct elf_image *elf)
{
	void *map;
	int ret = accel_buffer_create(prog->vm, elf->span,
				      ACCEL_BUFFER_VRAM | ACCEL_BUFFER_SYSTEM |
					      ACCEL_BUFFER_READONLY | ACCEL_BUFFER_EXEC,
				      ACCEL_PURPOSE_CODE, &prog->code);

	if (ret < 0)
		return ret;
	ret = accel_buffer_map(prog->code, &map);
	if (ret < 0)
		return ret;
	prog->bias = prog->code->va - elf->base;
	prog->span = elf->span;
	elf_place(elf, prog->bias, map);
	return 0;
}

/* Takes over `elf`, whatever comes of it. */
static int load(struct accel_vm *vm, void *bytes, size_t size, struct accel_program **out)
{
	struct accel_program *prog = calloc(1, sizeof(*prog));
	struct elf_image elf;
	char why[1];
	int ret;

	if (!prog) {
		free(bytes);
		return -ENOMEM;
	}
	prog->vm = vm;
	prog->elf = bytes;
	prog->elf_size = size;
	ret = elf_check(bytes, size, &elf, why, sizeof(why));
	if (!ret)
		ret = place(prog, &elf);
	if (ret < 0) {
		accel_program_destroy(prog);
		return ret;
	}
	*out = prog;
	return 0;
}

ACCEL_EXPORT int accel_program_check(const void *elf, size_t bytes, char *why, size_t why_bytes)
{
	struct elf_image image;

	return elf_check(elf, bytes, &image, why, why_bytes);
}

ACCEL_EXPORT int accel_program_load(struct accel_vm *vm, const void *elf, size_t bytes,
				    struct accel_program **prog)
{
	void *copy = malloc(bytes ? bytes : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, elf, bytes);
	return load(vm, copy, bytes, prog);
}

static int read_file(const char *path, void **out, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	struct stat st;
	size_t at = 0;
	char *data = NULL;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > MAX_FILE_BYTES)
		ret = -ENOEXEC;
	else if (!(data = malloc(st.st_size + 1)))
		ret = -ENOMEM;
	while (!ret && at < (size_t)st.st_size) {
		ssize_t n = read(fd, data + at, st.st_size - at);

		if (n > 0)
			at += n;
		else if (n == 0)
			break;
		else if (errno != EINTR)
			ret = -errno;
	}
	close(fd);
	if (ret < 0) {
		free(data);
		return ret;
	}
	*out = data;
	*bytes = at;
	return 0;
}

ACCEL_EXPORT int accel_program_load_file(struct accel_vm *vm, const char *path,
					 struct accel_program **prog)
{
	void *elf = NULL;
	size_t bytes = 0;
	int ret = read_file(path, &elf, &bytes);

	return ret < 0 ? ret : load(vm, elf, bytes, prog);
}

ACCEL_EXPORT void accel_program_destroy(struct accel_program *prog)
{
	if (!prog)
		return;
	while (prog->kernels) {
		struct accel_kernel *kernel = prog->kernels;

		prog->kernels = kernel->next;
		free(kernel);
	}
	accel_buffer_destroy(prog->code);
	free(prog->elf);
	free(prog);
}

ACCEL_EXPORT int accel_program_kernel(struct accel_program *prog, const char *name,
				      const struct accel_kernel **out)
{
	struct accel_kernel *kernel;
	struct elf_image elf;
	uint64_t addr;

	for (kernel = prog->kernels; kernel; kernel = kernel->next)
		if (!strcmp(kernel->name, name))
			goto found;
	reopen(prog, &elf);
	if (!elf_find_function(&elf, name, &addr))
		return -ENOENT;
	kernel = malloc(sizeof(*kernel) + strlen(name) + 1);
	if (!kernel)
		return -ENOMEM;
	strcpy(kernel->name, name);
	kernel->entry = prog->bias + addr;
	kernel->next = prog->kernels;
	prog->kernels = kernel;
found:
	*out = kernel;
	return 0;
}

ACCEL_EXPORT int accel_program_symbolize(struct accel_program *prog, uint64_t pc, char *text,
					 size_t bytes)
{
	uint64_t addr = pc - prog->bias, start = 0;
	const char *name = "?";
	struct elf_image elf;
	char line[256];
	int n;

	if (pc < prog->code->va || pc - prog->code->va >= prog->span)
		return -ENOENT;
	reopen(prog, &elf);
	if (!elf_function_at(&elf, addr, &name, &start))
		start = elf.base;
	if (symbolize_line(prog->elf, prog->elf_size, addr, line, sizeof(line)))
		n = snprintf(text, bytes, "%s+0x%llx (%s)", name,
			     (unsigned long long)(addr - start), line);
	else
		n = snprintf(text, bytes, "%s+0x%llx", name, (unsigned long long)(addr - start));
	return n >= 0 && (size_t)n < bytes ? 0 : -E2BIG;
}
