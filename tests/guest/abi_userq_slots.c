// SPDX-License-Identifier: MIT
/*
 * Description: more queues than slots, of both kinds, share the chip: none is lost, none starves, one
 * that waits or runs for ever keeps nobody out, and a hang costs its own queue.
 */
#include "userq.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUES 20 /* of each kind */
#define SLOTS  (AXON_NUM_SLOTS - 1)
#define LONG   60000

static int fd;
static uint32_t vm;
static uint64_t hog;

static int setup(void **state)
{
	(void)state;
	fd = abi_open();
	vm = userq_vm(fd);
	hog = userq_map_hog(fd, vm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(fd);
	return 0;
}

static unsigned int free_slots(void)
{
	struct drm_axon_query_device device;
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	return device.free_slots;
}

static void assert_well(const struct userq *q)
{
	struct drm_axon_queue_state queue;

	assert_int_equal(abi_queue_state(q->fd, q->id, &queue), 0);
	if (queue.status != DRM_AXON_QUEUE_OK)
		fail_msg("queue %u: fault %u at %#llx", q->id, queue.fault.cause,
			 (unsigned long long)queue.fault.addr);
}

/* ---- both kinds at once ---- */

struct kernelq {
	uint32_t id, syncobj;
	struct abi_stream stream;
	uint32_t *out;
};

static void kernelq_create(struct kernelq *k, uint32_t kernel_vm, unsigned int n)
{
	uint32_t bo = abi_bo(fd, PAGE, DRM_AXON_BO_VRAM);

	k->id = abi_queue(fd, kernel_vm);
	k->syncobj = abi_syncobj(fd);
	k->out = abi_map(fd, bo, PAGE);
	assert_int_equal(abi_bind_bo(fd, kernel_vm, bo, TEST_VA + n * HUGE, PAGE), 0);
	abi_stream(&k->stream, fd, kernel_vm, TEST_VA + (1ull << 32) + n * HUGE);
}

static void kernelq_submit(struct kernelq *k, unsigned int n, uint32_t round)
{
	struct drm_axon_sync sync = {
		.handle = k->syncobj,
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
		.point = round,
	};
	struct axon_packet *packet = abi_packet(&k->stream, AXON_PKT_FILL);
	uint64_t va = k->stream.va + (k->stream.count - 1) * sizeof(*packet);

	packet->fill.dst = TEST_VA + n * HUGE + (round % 16) * 64;
	packet->fill.bytes = 64;
	packet->fill.pattern = n << 16 | round;
	assert_int_equal(abi_submit(fd, k->id, va, 1, &sync, 1), 0);
}

/*
 * In each round every queue gets a FILL; all are rung before any is waited for. What they leave
 * behind is told by the number of the queue and the round.
 */
static void forty_queues_on_fifteen_slots(void **state)
{
	struct userq *users = calloc(QUEUES, sizeof(*users));
	struct kernelq *kernels = calloc(QUEUES, sizeof(*kernels));
	unsigned int before = free_slots(), rounds = 12;
	uint32_t kernel_vm = abi_vm(fd);
	struct drm_axon_queue_destroy destroy = {0};

	(void)state;
	for (unsigned int n = 0; n < QUEUES; n++) {
		userq_create(&users[n], fd, vm, n);
		kernelq_create(&kernels[n], kernel_vm, n);
	}
	assert_int_equal(free_slots(), 0);
	for (uint32_t round = 1; round <= rounds; round++) {
		for (unsigned int n = 0; n < QUEUES; n++) {
			userq_fill(&users[n], users[n].va + USERQ_MEMORY + (round % 16) * 64,
				   n << 16 | round);
			userq_signal(&users[n], round);
			userq_ring(&users[n]);
			kernelq_submit(&kernels[n], n, round);
		}
		for (unsigned int n = 0; n < QUEUES; n++) {
			assert_int_equal(userq_wait(&users[n], round, LONG, NULL), 0);
			assert_int_equal(abi_wait(fd, kernels[n].syncobj, round, LONG), 0);
		}
	}
	for (unsigned int n = 0; n < QUEUES; n++) {
		for (uint32_t round = 1; round <= rounds; round++) {
			uint32_t want = n << 16 | round, at = (round % 16) * 16;

			for (unsigned int i = 0; i < 16; i++) {
				assert_int_equal(users[n].memory[at + i], want);
				assert_int_equal(kernels[n].out[at + i], want);
			}
		}
		assert_well(&users[n]);
		userq_destroy(&users[n]);
		destroy.queue_id = kernels[n].id;
		assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	}
	assert_int_equal(free_slots(), before);
	free(users);
	free(kernels);
}

/* ---- in a WAIT ---- */

/* Each waits for the one created after it, which has no slot while all before it wait on theirs. */
static void a_chain_of_waits_longer_than_the_slots(void **state)
{
	struct userq *users = calloc(QUEUES, sizeof(*users));

	(void)state;
	for (unsigned int n = 0; n < QUEUES; n++)
		userq_create(&users[n], fd, vm, n);
	for (unsigned int n = 0; n < QUEUES - 1; n++) {
		userq_wait_word(&users[n], users[n + 1].va + USERQ_WORD, 1);
		userq_signal(&users[n], 1);
		userq_ring(&users[n]);
	}
	assert_int_equal(userq_wait(&users[0], 1, 300, NULL), -ETIME);
	userq_signal(&users[QUEUES - 1], 1);
	userq_ring(&users[QUEUES - 1]);
	assert_int_equal(userq_wait(&users[0], 1, LONG, NULL), 0);
	for (unsigned int n = 0; n < QUEUES; n++) {
		assert_int_equal(users[n].word->value, 1);
		assert_well(&users[n]);
		userq_destroy(&users[n]);
	}
	free(users);
}

/* The host ends the waits, of those on a slot and of those that were suspended in theirs. */
static void all_wait_for_the_host(void **state)
{
	struct userq *users = calloc(QUEUES, sizeof(*users));

	(void)state;
	for (unsigned int n = 0; n < QUEUES; n++) {
		userq_create(&users[n], fd, vm, n);
		userq_wait_word(&users[n], users[n].va + USERQ_MEMORY, 1);
		userq_fill(&users[n], users[n].va + USERQ_MEMORY + 64, n + 1);
		userq_signal(&users[n], 1);
		userq_ring(&users[n]);
	}
	assert_int_equal(userq_wait(&users[0], 1, 300, NULL), -ETIME);
	for (unsigned int n = 0; n < QUEUES; n++)
		*(volatile uint64_t *)users[n].memory = 1;
	for (unsigned int n = 0; n < QUEUES; n++) {
		assert_int_equal(userq_wait(&users[n], 1, LONG, NULL), 0);
		assert_int_equal(users[n].memory[16], n + 1);
		userq_destroy(&users[n]);
	}
	free(users);
}

/* ---- without end ---- */

/* `n` kernels that never end; a queue of low priority and a job get through nevertheless. */
static void share_with_hogs(unsigned int n)
{
	struct userq *hogs = calloc(n, sizeof(*hogs)), low;
	struct abi other = {.fd = fd, .vm = abi_vm(fd)};
	struct abi_stream stream;

	for (unsigned int i = 0; i < n; i++) {
		userq_create(&hogs[i], fd, vm, i);
		userq_launch(&hogs[i], hog);
		userq_ring(&hogs[i]);
	}
	userq_create_priority(&low, fd, vm, n, DRM_AXON_PRIORITY_LOW);
	for (uint32_t round = 1; round <= 3; round++) {
		userq_signal(&low, round);
		userq_ring(&low);
		assert_int_equal(userq_wait(&low, round, LONG, NULL), 0);
		/* Before a hang limit made room for it. */
		for (unsigned int i = 0; round == 1 && i < n; i++)
			assert_well(&hogs[i]);
	}
	other.queue = abi_queue(fd, other.vm);
	abi_stream(&stream, fd, other.vm, TEST_VA);
	abi_packet(&stream, AXON_PKT_NOP);
	assert_int_equal(abi_run(&stream, fd, other.queue), 0);

	userq_destroy(&low);
	for (unsigned int i = 0; i < n; i++)
		userq_destroy(&hogs[i]);
	free(hogs);
}

static void a_hog_on_each_core_lets_others_in(void **state)
{
	(void)state;
	share_with_hogs(5);
}

static void more_hogs_than_slots_let_others_in(void **state)
{
	(void)state;
	share_with_hogs(SLOTS + 3);
}

static void an_endless_kernel_is_a_hang(void **state)
{
	struct axon_fault fault;
	struct userq q;

	(void)state;
	userq_create(&q, fd, vm, 0);
	userq_launch(&q, hog);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1, LONG, &fault), -EIO);
	assert_int_equal(fault.cause, AXON_FAULT_HANG);
	assert_int_equal(fault.pc, hog);
	userq_destroy(&q);
}

/* ---- ends ---- */

/* A process with queues that run, wait, are suspended and have never had a slot. */
static void occupy_until_killed(int ready)
{
	struct userq *users = calloc(SLOTS + 5, sizeof(*users));

	fd = abi_open();
	vm = userq_vm(fd);
	hog = userq_map_hog(fd, vm);
	for (unsigned int n = 0; n < SLOTS + 5; n++) {
		userq_create(&users[n], fd, vm, n);
		if (n % 2)
			userq_launch(&users[n], hog);
		else
			userq_wait_word(&users[n], users[n].va + USERQ_MEMORY, 1);
		userq_ring(&users[n]);
	}
	if (write(ready, "x", 1) != 1)
		_exit(1);
	userq_wait(&users[0], 1, LONG, NULL);
	_exit(0);
}

static void a_killed_process_leaves_nothing(void **state)
{
	unsigned int before = free_slots();
	struct userq q;
	int pipes[2], status;
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child)
		occupy_until_killed(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	usleep(200000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(free_slots(), before);
	userq_create(&q, fd, vm, 0);
	userq_signal(&q, 1);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1, LONG, NULL), 0);
	userq_destroy(&q);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forty_queues_on_fifteen_slots),
		cmocka_unit_test(a_chain_of_waits_longer_than_the_slots),
		cmocka_unit_test(all_wait_for_the_host),
		cmocka_unit_test(a_hog_on_each_core_lets_others_in),
		cmocka_unit_test(more_hogs_than_slots_let_others_in),
		cmocka_unit_test(an_endless_kernel_is_a_hang),
		cmocka_unit_test(a_killed_process_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
