// SPDX-License-Identifier: MIT
/*
 * Description: the driver lets go of the chip while user queues run, wait and have no slot. Waiters
 * are told, doorbells do no harm, and the driver can take the chip again.
 */
#include "userq.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUES (AXON_NUM_SLOTS + 3)

static int client(int ready)
{
	int fd = abi_open(), event = eventfd(0, EFD_CLOEXEC);
	uint32_t vm = userq_vm(fd);
	uint64_t hog = userq_map_hog(fd, vm), n;
	struct pollfd poll_fd = {.fd = event, .events = POLLIN};
	struct userq *users = calloc(QUEUES, sizeof(*users));

	for (unsigned int i = 0; i < QUEUES; i++) {
		userq_create(&users[i], fd, vm, i);
		if (i % 2)
			userq_launch(&users[i], hog);
		else
			userq_wait_word(&users[i], users[i].va + USERQ_MEMORY, 1);
		userq_ring(&users[i]);
	}
	if (userq_eventfd(&users[1], 1, event))
		return 1;
	if (write(ready, "x", 1) != 1)
		return 2;
	if (userq_wait(&users[0], 1, 60000, NULL) != -ENODEV)
		return 3;
	if (poll(&poll_fd, 1, 60000) != 1 || read(event, &n, sizeof(n)) != sizeof(n) || n != 1)
		return 4;
	/* Neither may end in SIGBUS. */
	for (unsigned int i = 0; i < QUEUES; i++) {
		userq_ring(&users[i]);
		users[i].memory[0] = 1;
	}
	return 0;
}

static void clients_survive_an_unbind(void **state)
{
	int pipes[2], status;
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child)
		_exit(client(pipes[1]));
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	usleep(100000);
	abi_driver_write("unbind");
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	abi_driver_write("bind");
	close(pipes[0]);
	close(pipes[1]);
}

static void works_after_binding_again(void **state)
{
	int fd = abi_open();
	struct userq q;

	(void)state;
	userq_create(&q, fd, userq_vm(fd), 0);
	userq_signal(&q, 1);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1, 60000, NULL), 0);
	userq_destroy(&q);
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
