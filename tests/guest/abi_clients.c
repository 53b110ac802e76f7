// SPDX-License-Identifier: MIT
/* Description: many processes share the chip; each one's use is in its fdinfo. */
#include "abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 8
#define JOBS	100

/* Adds nothing to anyone else's memory, a hundred times. */
static int work(unsigned int client)
{
	int fd = abi_open();
	uint32_t vm = abi_vm(fd), queue = abi_queue(fd, vm);
	uint32_t bo = abi_bo(fd, HUGE, DRM_AXON_BO_VRAM);
	uint32_t *words = abi_map(fd, bo, HUGE);
	struct abi_stream stream;
	struct axon_packet *packet;

	/* The same addresses in every process. */
	if (abi_bind_bo(fd, vm, bo, TEST_VA, HUGE))
		return 1;
	abi_stream(&stream, fd, vm, TEST_VA + HUGE);
	for (uint32_t job = 0; job < JOBS; job++) {
		uint32_t pattern = client << 16 | job;

		packet = abi_packet(&stream, AXON_PKT_FILL);
		packet->fill.dst = TEST_VA;
		packet->fill.bytes = 65536;
		packet->fill.pattern = pattern;
		packet = abi_packet(&stream, AXON_PKT_COPY);
		packet->copy.dst = TEST_VA + 65536;
		packet->copy.src = TEST_VA;
		packet->copy.bytes = 65536;
		if (abi_run(&stream, fd, queue))
			return 2;
		for (unsigned int i = 0; i < 32768; i += 509)
			if (words[i] != pattern)
				return 3;
	}
	return 0;
}

static void clients_do_not_disturb_each_other(void **state)
{
	pid_t child[CLIENTS];
	int status;

	(void)state;
	for (unsigned int i = 0; i < CLIENTS; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(work(i + 1));
	}
	for (unsigned int i = 0; i < CLIENTS; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
}

/* The number behind `key:` in fdinfo. */
static unsigned long long fdinfo(int fd, const char *key)
{
	unsigned long long value;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		if (strcmp(line, key))
			continue;
		value = strtoull(colon + 1, NULL, 10);
		fclose(file);
		return value;
	}
	fclose(file);
	fail_msg("no %s in fdinfo", key);
	return 0;
}

static void fdinfo_tells_memory(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_create create = {
		.size = 3 << 20,
		.flags = DRM_AXON_BO_VRAM,
		.purpose = DRM_AXON_PURPOSE_WEIGHTS,
	};
	unsigned long long vram = fdinfo(abi->fd, "drm-total-vram");
	unsigned long long system = fdinfo(abi->fd, "drm-total-system");
	uint32_t other;

	assert_int_not_equal(fdinfo(abi->fd, "drm-client-id"), 0);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_CREATE, &create), 0);
	other = abi_bo(abi->fd, 1 << 20, DRM_AXON_BO_SYSTEM);
	/* Sizes are in whole KiB or MiB, whichever fits. */
	assert_true(fdinfo(abi->fd, "drm-total-vram") > vram);
	assert_true(fdinfo(abi->fd, "drm-resident-vram") > vram);
	assert_true(fdinfo(abi->fd, "drm-total-system") > system);
	assert_int_equal(fdinfo(abi->fd, "axon-memory-weights"), 3 << 10);
	assert_int_equal(fdinfo(abi->fd, "axon-memory-kv"), 0);
	abi_close_bo(abi->fd, create.handle);
	abi_close_bo(abi->fd, other);
}

static void fdinfo_tells_engine_time(void **state)
{
	const struct abi *abi = *state;
	const uint64_t size = 16 << 20;
	struct drm_axon_queue_destroy destroy = {.queue_id = abi_queue(abi->fd, abi->vm)};
	uint32_t bo = abi_bo(abi->fd, size, DRM_AXON_BO_VRAM);
	unsigned long long before = fdinfo(abi->fd, "drm-engine-copy"), during;
	struct abi_stream stream;
	struct axon_packet *packet;

	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, size), 0);
	abi_stream(&stream, abi->fd, abi->vm, TEST_VA + size);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA;
	packet->fill.bytes = size;
	assert_int_equal(abi_run(&stream, abi->fd, destroy.queue_id), 0);
	during = fdinfo(abi->fd, "drm-engine-copy");
	assert_true(during > before);
	/* What a queue has used stays with the client when the queue goes. */
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	assert_true(fdinfo(abi->fd, "drm-engine-copy") >= during);
	abi_unbind(abi->fd, abi->vm, TEST_VA, size + HUGE);
	abi_close_bo(abi->fd, bo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_do_not_disturb_each_other),
		cmocka_unit_test(fdinfo_tells_memory),
		cmocka_unit_test(fdinfo_tells_engine_time),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
