// SPDX-License-Identifier: MIT
/*
 * Description: a user queue runs what a process writes into its ring, and DRM_AXON_WAIT tells of what
 * was signalled, of faults, of time and of the queue's end.
 */
#include "userq.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* Long enough for anything that is to happen, on a busy machine. */
#define LONG 60000

static struct userq q;
static int fd;
static uint32_t vm;

static int setup(void **state)
{
	(void)state;
	fd = abi_open();
	vm = userq_vm(fd);
	userq_create(&q, fd, vm, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(fd);
	return 0;
}

static void assert_well(void)
{
	struct drm_axon_queue_state queue;

	assert_int_equal(abi_queue_state(fd, q.id, &queue), 0);
	if (queue.fault.cause)
		fail_msg("fault %u at %#llx", queue.fault.cause,
			 (unsigned long long)queue.fault.addr);
	assert_int_equal(queue.status, DRM_AXON_QUEUE_OK);
}

/* The doorbell and memory are all it takes: three times around the ring, in steps of 1 to 20. */
static void runs_without_the_kernel(void **state)
{
	uint32_t round = 0;

	(void)state;
	while (q.wptr < 3u << USERQ_LOG2) {
		uint64_t end = abi_now_ms() + LONG;

		round++;
		for (uint32_t i = 0; i < 1 + round % 20; i++)
			userq_fill(&q, q.va + USERQ_MEMORY + i * 64, round << 8 | i);
		userq_signal(&q, round);
		userq_ring(&q);
		while (q.word->value < round && abi_now_ms() < end)
			;
		assert_int_equal(q.word->value, round);
		for (uint32_t i = 0; i < 1 + round % 20; i++)
			for (uint32_t word = 0; word < 16; word++)
				assert_int_equal(q.memory[i * 16 + word], round << 8 | i);
	}
	assert_well();
}

/* A command buffer is CALLed from the ring like from the kernel's. */
static void calls_a_command_buffer(void **state)
{
	struct abi_stream stream;
	struct axon_packet *packet;

	(void)state;
	abi_stream(&stream, fd, vm, TEST_VA);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = q.va + USERQ_MEMORY;
	packet->fill.bytes = 64;
	packet->fill.pattern = 0xc0ffee;
	packet = userq_packet(&q, AXON_PKT_CALL);
	packet->call.addr = stream.va;
	packet->call.count = stream.count;
	userq_signal(&q, 1000);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1000, LONG, NULL), 0);
	assert_int_equal(q.memory[15], 0xc0ffee);
}

static void a_word_that_is_there_needs_no_wait(void **state)
{
	struct drm_axon_wait wait = {
		.queue_id = q.id,
		.handle = q.bo,
		.offset = USERQ_WORD,
		.value = q.word->value,
		.timeout_ns = INT64_MIN,
	};

	(void)state;
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_WAIT, &wait), 0);
	wait.value++;
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_WAIT, &wait), -ETIME);
}

static void time_runs_out(void **state)
{
	uint64_t start = abi_now_ms();

	(void)state;
	assert_int_equal(userq_wait(&q, UINT64_MAX, 50, NULL), -ETIME);
	assert_true(abi_now_ms() - start >= 49);
	assert_well();
}

static void waits_for_a_word_in_device_memory(void **state)
{
	struct drm_axon_wait wait = {
		.queue_id = q.id,
		.handle = abi_bo(fd, 2 * HUGE, DRM_AXON_BO_VRAM),
		.offset = HUGE + 3 * PAGE + 64,
		.value = 7,
		.timeout_ns = INT64_MAX,
	};
	struct axon_packet *packet;

	(void)state;
	assert_int_equal(abi_bind_bo(fd, vm, wait.handle, TEST_VA + HUGE, 2 * HUGE), 0);
	packet = userq_packet(&q, AXON_PKT_SIGNAL);
	packet->flags = AXON_PKT_F_IRQ;
	packet->signal.addr = TEST_VA + HUGE + wait.offset;
	packet->signal.value = 7;
	userq_ring(&q);
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_WAIT, &wait), 0);
}

/* Time of the copy engine that fdinfo gives to this file, in ns. */
static unsigned long long copy_ns(void)
{
	unsigned long long ns = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "drm-engine-copy: %llu ns", &ns) == 1)
			break;
	fclose(file);
	return ns;
}

/* What a user queue did counts for its file, also when the queue is gone. */
static void use_is_accounted(void **state)
{
	uint32_t bo = abi_bo(fd, 8 * HUGE, DRM_AXON_BO_VRAM);
	unsigned long long before = copy_ns(), used;
	struct axon_packet *packet;
	struct userq other;

	(void)state;
	assert_int_equal(abi_bind_bo(fd, vm, bo, TEST_VA + 8 * HUGE, 8 * HUGE), 0);
	userq_create(&other, fd, vm, 5);
	packet = userq_packet(&other, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA + 8 * HUGE;
	packet->fill.bytes = 8 * HUGE;
	userq_signal(&other, 1);
	userq_ring(&other);
	assert_int_equal(userq_wait(&other, 1, LONG, NULL), 0);
	/* Counters are written when the queue rests, which it may not have done yet. */
	for (uint64_t end = abi_now_ms() + LONG; copy_ns() == before && abi_now_ms() < end;)
		usleep(1000);
	used = copy_ns();
	assert_true(used > before);
	userq_destroy(&other);
	assert_true(copy_ns() >= used);
	assert_int_equal(abi_unbind(fd, vm, TEST_VA + 8 * HUGE, 8 * HUGE), 0);
	abi_close_bo(fd, bo);
}

/* ---- others ---- */

struct waiter {
	uint64_t value;
	unsigned int ms;
	int ret;
	struct axon_fault fault;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	w->ret = userq_wait(&q, w->value, w->ms, &w->fault);
	return NULL;
}

/* One that is released by the host, through the chip, while others still wait. */
static void many_wait_for_different_values(void **state)
{
	struct waiter waiters[4];
	pthread_t threads[4];

	(void)state;
	q.word->value = 0;
	*(volatile uint64_t *)q.memory = 0;
	for (unsigned int i = 0; i < 4; i++) {
		waiters[i] = (struct waiter){.value = i + 1, .ms = LONG};
		assert_int_equal(pthread_create(&threads[i], NULL, wait_thread, &waiters[i]), 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		userq_wait_word(&q, q.va + USERQ_MEMORY, i + 1);
		userq_signal(&q, i + 1);
	}
	userq_ring(&q);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(q.word->value, i);
		*(volatile uint64_t *)q.memory = i + 1;
		pthread_join(threads[i], NULL);
		assert_int_equal(waiters[i].ret, 0);
	}
	assert_well();
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A handler runs in the middle of the wait; the call is taken up again with the same end. */
static void a_signal_interrupts(void **state)
{
	const struct itimerval soon = {.it_value.tv_usec = 50000};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	uint64_t start = abi_now_ms();

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(userq_wait(&q, UINT64_MAX, 200, NULL), -ETIME);
	assert_true(abi_now_ms() - start >= 199);
}

static uint64_t events(int eventfd, int ms)
{
	struct pollfd poll_fd = {.fd = eventfd, .events = POLLIN};
	uint64_t n;

	if (poll(&poll_fd, 1, ms) != 1)
		return 0;
	assert_int_equal(read(eventfd, &n, sizeof(n)), sizeof(n));
	return n;
}

static void an_eventfd_is_signalled_once(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC);

	(void)state;
	q.word->value = 0;
	assert_int_equal(userq_eventfd(&q, 2, event), 0);
	userq_signal(&q, 1);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1, LONG, NULL), 0);
	assert_int_equal(events(event, 50), 0);
	userq_signal(&q, 2);
	userq_signal(&q, 3);
	userq_ring(&q);
	assert_int_equal(events(event, LONG), 1);
	assert_int_equal(userq_wait(&q, 3, LONG, NULL), 0);
	assert_int_equal(events(event, 50), 0);

	/* For what has happened already, at once. */
	assert_int_equal(userq_eventfd(&q, 3, event), 0);
	assert_int_equal(events(event, LONG), 1);
	close(event);
}

/* Signalling without end, which nobody asked for, costs the kernel nothing; and is looked at. */
static void a_storm_of_interrupts(void **state)
{
	struct axon_packet *packet;
	struct abi_stream stream;
	struct userq stormy;

	(void)state;
	userq_create(&stormy, fd, vm, 1);
	abi_stream(&stream, fd, vm, TEST_VA + 8 * HUGE);
	packet = abi_packet(&stream, AXON_PKT_SIGNAL);
	packet->flags = AXON_PKT_F_IRQ;
	packet->signal.addr = stormy.va + USERQ_WORD;
	packet->signal.value = 1;
	packet = abi_packet(&stream, AXON_PKT_BRANCH);
	packet->branch.cond = AXON_COND_ALWAYS;
	packet->branch.target = -1;
	packet = userq_packet(&stormy, AXON_PKT_CALL);
	packet->call.addr = stream.va;
	packet->call.count = 2;
	userq_ring(&stormy);
	assert_int_equal(userq_wait(&stormy, 1, LONG, NULL), 0);
	assert_int_equal(userq_wait(&stormy, 2, 200, NULL), -ETIME);

	q.word->value = 0;
	userq_signal(&q, 1);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1, LONG, NULL), 0);
	userq_destroy(&stormy);
}

/* ---- ends ---- */

static void a_fault_wakes_who_waits(void **state)
{
	struct userq healthy = q;
	struct waiter waiter = {.value = 1, .ms = LONG};
	int event = eventfd(0, EFD_CLOEXEC);
	struct drm_axon_queue_state queue;
	struct axon_packet *packet;
	struct axon_fault fault;
	pthread_t thread;

	(void)state;
	userq_create(&q, fd, vm, 2);
	assert_int_equal(pthread_create(&thread, NULL, wait_thread, &waiter), 0);
	assert_int_equal(userq_eventfd(&q, 1, event), 0);
	packet = userq_packet(&q, AXON_PKT_FILL);
	packet->tag = 0x5678;
	packet->fill.dst = TEST_VA + (1ull << 40);
	packet->fill.bytes = 64;
	userq_signal(&q, 1);
	userq_ring(&q);
	pthread_join(thread, NULL);
	assert_int_equal(waiter.ret, -EIO);
	assert_int_equal(waiter.fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(waiter.fault.addr, TEST_VA + (1ull << 40));
	assert_int_equal(waiter.fault.packet, q.va);
	assert_int_equal(waiter.fault.tag, 0x5678);
	assert_int_equal(events(event, LONG), 1);

	/* Dead it is, and its doorbell does no harm. */
	for (unsigned int i = 0; i < 100; i++)
		userq_ring(&q);
	assert_int_equal(q.word->value, 0);
	assert_int_equal(userq_wait(&q, 1, LONG, &fault), -EIO);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(userq_eventfd(&q, 1, event), 0);
	assert_int_equal(events(event, LONG), 1);
	assert_int_equal(abi_queue_state(fd, q.id, &queue), 0);
	assert_int_equal(queue.status, DRM_AXON_QUEUE_DEAD);
	assert_int_equal(queue.fault.cause, AXON_FAULT_PAGE_WRITE);
	/* A word is what it is, though. */
	q.word->value = 1;
	assert_int_equal(userq_wait(&q, 1, LONG, &fault), 0);

	userq_destroy(&q);
	q = healthy;
	close(event);
	assert_well();
}

static void the_driver_is_out_of_reach(void **state)
{
	struct userq healthy = q;
	struct axon_fault fault;

	(void)state;
	userq_create(&q, fd, vm, 3);
	userq_fill(&q, 0x100000000ull, 0);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 1, LONG, &fault), -EIO);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(fault.addr, 0x100000000ull);
	userq_destroy(&q);
	q = healthy;
}

static void destroying_wakes_who_waits(void **state)
{
	struct userq healthy = q;
	struct waiter waiter = {.value = 1, .ms = LONG};
	struct drm_axon_queue_destroy destroy = {0};
	int event = eventfd(0, EFD_CLOEXEC);
	pthread_t thread;

	(void)state;
	userq_create(&q, fd, vm, 4);
	destroy.queue_id = q.id;
	userq_wait_word(&q, q.va + USERQ_MEMORY, 1);
	userq_ring(&q);
	assert_int_equal(pthread_create(&thread, NULL, wait_thread, &waiter), 0);
	assert_int_equal(userq_eventfd(&q, 1, event), 0);
	usleep(50000);
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	pthread_join(thread, NULL);
	/* Of the two, whichever came first. */
	assert_true(waiter.ret == -ECANCELED || waiter.ret == -ENOENT);
	assert_int_equal(events(event, LONG), 1);
	q.doorbell[0] = 5;
	q = healthy;
	close(event);
	assert_well();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_without_the_kernel),
		cmocka_unit_test(calls_a_command_buffer),
		cmocka_unit_test(a_word_that_is_there_needs_no_wait),
		cmocka_unit_test(time_runs_out),
		cmocka_unit_test(waits_for_a_word_in_device_memory),
		cmocka_unit_test(use_is_accounted),
		cmocka_unit_test(many_wait_for_different_values),
		cmocka_unit_test(a_signal_interrupts),
		cmocka_unit_test(an_eventfd_is_signalled_once),
		cmocka_unit_test(a_storm_of_interrupts),
		cmocka_unit_test(a_fault_wakes_who_waits),
		cmocka_unit_test(the_driver_is_out_of_reach),
		cmocka_unit_test(destroying_wakes_who_waits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
