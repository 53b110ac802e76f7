// SPDX-License-Identifier: MIT
/*
 * Description: the driver lets go of the chip under load. Fences signal, ioctls end with -ENODEV,
 * mappings stay readable, and the driver can take the chip again.
 */
#include "abi.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs jobs until the device is gone; then everything must say so, and memory must be readable. */
static int client(int ready)
{
	int fd = abi_open(), ret;
	uint32_t vm = abi_vm(fd), queue = abi_queue(fd, vm);
	uint32_t bo = abi_bo(fd, HUGE, DRM_AXON_BO_VRAM);
	volatile uint32_t *words = abi_map(fd, bo, HUGE);
	struct drm_axon_vm_create create = {0};
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(fd),
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
	};
	struct abi_stream stream;
	struct axon_packet *packet;

	if (abi_bind_bo(fd, vm, bo, TEST_VA, HUGE))
		return 1;
	abi_stream(&stream, fd, vm, TEST_VA + HUGE);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA;
	packet->fill.bytes = HUGE;
	words[0] = 1;
	do {
		sync.point++;
		ret = abi_submit(fd, queue, stream.va, 1, &sync, 1);
		if (!ret)
			ret = abi_wait(fd, sync.handle, sync.point, 10000);
		if (write(ready, "x", 1) != 1)
			return 2;
	} while (!ret);
	if (ret != -ENODEV)
		return 3;
	if (abi_ioctl(fd, DRM_IOCTL_AXON_VM_CREATE, &create) != -ENODEV)
		return 4;
	/* Neither may end in SIGBUS. */
	words[HUGE / 8] = words[0];
	return 0;
}

static void clients_survive_an_unbind(void **state)
{
	int pipes[2], status;
	pid_t child[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (unsigned int i = 0; i < 2; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(client(pipes[1]));
	}
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(read(pipes[0], &byte, 1), 1);
	abi_driver_write("unbind");
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	abi_driver_write("bind");
	close(pipes[0]);
	close(pipes[1]);
}

static void works_after_binding_again(void **state)
{
	struct abi_stream stream;
	int fd = abi_open();
	uint32_t vm = abi_vm(fd), queue = abi_queue(fd, vm);

	(void)state;
	abi_stream(&stream, fd, vm, TEST_VA);
	abi_packet(&stream, AXON_PKT_NOP);
	assert_int_equal(abi_run(&stream, fd, queue), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_survive_an_unbind),
		cmocka_unit_test(works_after_binding_again),
	};

	return cmocka_run_group_tests(tests, abi_driver_setup, NULL);
}
