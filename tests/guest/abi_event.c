// SPDX-License-Identifier: MIT
/*
 * Description: the driver keeps the newest faults and resets; everyone sees that they were, only who
 * may sees whose they were and where. A queue that is closed is none of them.
 */
#include "abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NODE	  "/dev/accel/accel0"
#define STREAM_VA (TEST_VA + (1ull << 32))
#define WILD_VA	  (TEST_VA + (1ull << 40))
#define OWNER	  1000
#define STRANGER  2000

struct history {
	struct drm_axon_query_events head;
	struct drm_axon_query_event events[DRM_AXON_MAX_EVENTS];
};

/* What this reader may see. */
static void read_history(int fd, struct history *h)
{
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_EVENTS,
		.size = sizeof(*h),
		.pointer = (uintptr_t)h,
	};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	assert_int_equal(h->head.stride, sizeof(h->events[0]));
	assert_int_equal(query.size, sizeof(h->head) + h->head.count * sizeof(h->events[0]));
}

static void read_history_as(uid_t user, int fd, struct history *h)
{
	assert_int_equal(seteuid(user), 0);
	read_history(fd, h);
	assert_int_equal(seteuid(0), 0);
}

static struct drm_axon_query_device read_device(int fd)
{
	struct drm_axon_query_device device;
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	return device;
}

/* A stream that writes where nothing is, in an address space of its own. */
struct wild {
	int fd;
	uint32_t vm;
	struct abi_stream stream;
};

static struct wild wild_begin(int fd)
{
	struct wild w = {.fd = fd, .vm = abi_vm(fd)};
	struct axon_packet *packet;

	abi_stream(&w.stream, fd, w.vm, STREAM_VA);
	packet = abi_packet(&w.stream, AXON_PKT_FILL);
	packet->tag = 0x77;
	packet->fill.dst = WILD_VA;
	packet->fill.bytes = 64;
	return w;
}

static void wild_end(const struct wild *w)
{
	struct drm_axon_vm_destroy destroy = {.vm_id = w->vm};

	assert_int_equal(abi_ioctl(w->fd, DRM_IOCTL_AXON_VM_DESTROY, &destroy), 0);
	abi_close_bo(w->fd, w->stream.bo);
}

/* Runs it on a new queue until its fence has ended; the queue's number. */
static uint32_t wild_run(const struct wild *w)
{
	struct drm_axon_sync sync = {.handle = abi_syncobj(w->fd), .flags = DRM_AXON_SYNC_SIGNAL};
	struct drm_axon_queue_destroy destroy = {.queue_id = abi_queue(w->fd, w->vm)};

	assert_int_equal(abi_submit(w->fd, destroy.queue_id, STREAM_VA, 1, &sync, 1), 0);
	assert_int_equal(abi_wait(w->fd, sync.handle, 0, 60000), 0);
	assert_int_equal(abi_ioctl(w->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	return destroy.queue_id;
}

static uint32_t write_wild(int fd)
{
	struct wild w = wild_begin(fd);
	uint32_t queue = wild_run(&w);

	wild_end(&w);
	return queue;
}

static uint64_t client_id(int fd)
{
	unsigned long long id = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "drm-client-id: %llu", &id);
	fclose(file);
	assert_int_not_equal(id, 0);
	return id;
}

static int open_as(uid_t user)
{
	int fd;

	assert_int_equal(seteuid(user), 0);
	fd = abi_open();
	assert_int_equal(seteuid(0), 0);
	return fd;
}

/* The newest two events: the reset of a queue, and before it the fault that led to it. */
static void assert_whole(const struct history *h, int owner, uint32_t queue)
{
	const struct drm_axon_query_event *reset = &h->events[0], *fault = &h->events[1];

	assert_int_equal(reset->kind, DRM_AXON_EVENT_QUEUE_RESET);
	assert_int_equal(reset->error, EIO);
	assert_int_equal(reset->fault.cause, AXON_FAULT_NONE);
	assert_int_equal(fault->kind, DRM_AXON_EVENT_FAULT);
	assert_int_equal(fault->error, 0);
	assert_int_equal(fault->fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(fault->fault.addr, WILD_VA);
	assert_int_equal(fault->fault.packet, STREAM_VA);
	assert_int_equal(fault->fault.tag, 0x77);
	assert_int_equal(fault->fault.slot, fault->slot);
	assert_int_equal(reset->slot, fault->slot);
	for (unsigned int i = 0; i < 2; i++) {
		const struct drm_axon_query_event *e = &h->events[i];

		assert_int_equal(e->number, h->head.total - i);
		assert_int_equal(e->flags, 0);
		assert_int_equal(e->client, client_id(owner));
		assert_int_equal(e->pid, getpid());
		assert_int_equal(e->queue_id, queue);
		assert_string_equal(e->comm, "abi_event");
		assert_in_range(e->time_ns / 1000000000, time(NULL) - 60, time(NULL));
		assert_in_range(e->slot, 1, AXON_NUM_SLOTS - 1);
	}
	assert_true(reset->time_ns >= fault->time_ns);
}

/* As much as concerns everyone, and nothing else: every other byte is 0. */
static void assert_hidden(const struct history *h)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct drm_axon_query_event *e = &h->events[i];
		const struct drm_axon_query_event expected = {
			.number = h->head.total - i,
			.time_ns = e->time_ns,
			.kind = i ? DRM_AXON_EVENT_FAULT : DRM_AXON_EVENT_QUEUE_RESET,
			.flags = DRM_AXON_EVENT_HIDDEN,
			.slot = e->slot,
			.error = i ? 0 : EIO,
			.fault.cause = i ? AXON_FAULT_PAGE_WRITE : AXON_FAULT_NONE,
			.fault.slot = e->fault.slot,
			.fault.engine = e->fault.engine,
			.fault.ns = e->fault.ns,
		};

		assert_memory_equal(e, &expected, sizeof(*e));
	}
}

static void a_fault_and_its_reset_are_told(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_query_device before = read_device(abi->fd), after;
	struct history *h = test_malloc(sizeof(*h));
	uint32_t queue = write_wild(abi->fd);

	read_history(abi->fd, h);
	assert_whole(h, abi->fd, queue);
	after = read_device(abi->fd);
	assert_int_equal(after.faults, before.faults + 1);
	assert_int_equal(after.resets, before.resets + 1);
	assert_int_equal(after.device_resets, before.device_resets);
	test_free(h);
}

static void only_who_may_sees_all(void **state)
{
	const struct abi *abi = *state;
	struct history *h = test_malloc(sizeof(*h));
	int owner, same, stranger;
	struct stat st;
	uint32_t queue;

	assert_int_equal(stat(NODE, &st), 0);
	assert_int_equal(chmod(NODE, 0666), 0);
	owner = open_as(OWNER);
	same = open_as(OWNER);
	stranger = open_as(STRANGER);
	assert_int_equal(chmod(NODE, st.st_mode & 07777), 0);

	queue = write_wild(owner);
	read_history_as(OWNER, owner, h);
	assert_whole(h, owner, queue);
	read_history_as(OWNER, same, h);
	assert_whole(h, owner, queue);
	read_history(abi->fd, h);
	assert_whole(h, owner, queue);
	read_history_as(STRANGER, stranger, h);
	assert_hidden(h);
	/* The client itself, should it have changed its user since. */
	read_history_as(STRANGER, owner, h);
	assert_whole(h, owner, queue);

	queue = write_wild(stranger);
	read_history_as(STRANGER, stranger, h);
	assert_whole(h, stranger, queue);
	read_history_as(OWNER, same, h);
	assert_hidden(h);
	close(owner);
	close(same);
	close(stranger);
	test_free(h);
}

/* Also one that is in the middle of work that never ends. */
static void closing_a_queue_is_no_event(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_query_device before = read_device(abi->fd), after;
	struct drm_axon_queue_destroy destroy = {.queue_id = abi_queue(abi->fd, abi->vm)};
	struct drm_axon_sync sync = {.handle = abi_syncobj(abi->fd), .flags = DRM_AXON_SYNC_SIGNAL};
	struct history *h = test_malloc(sizeof(*h));
	struct abi_stream stream;
	struct axon_packet *packet;
	uint64_t total;

	read_history(abi->fd, h);
	total = h->head.total;
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_WAIT);
	packet->wait.addr = STREAM_VA + 4096;
	packet->wait.value = 1;
	assert_int_equal(abi_submit(abi->fd, destroy.queue_id, STREAM_VA, 1, &sync, 1), 0);
	assert_int_equal(abi_wait(abi->fd, sync.handle, 0, 100), -ETIME);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);

	after = read_device(abi->fd);
	assert_int_equal(after.faults, before.faults);
	assert_int_equal(after.resets, before.resets);
	read_history(abi->fd, h);
	assert_int_equal(h->head.total, total);
	test_free(h);
}

/* Numbers go on, and of what the history had no room for the oldest are gone. */
static void the_history_is_bounded(void **state)
{
	const struct abi *abi = *state;
	struct history *h = test_malloc(sizeof(*h));
	struct wild w = wild_begin(abi->fd);
	uint64_t total;

	read_history(abi->fd, h);
	total = h->head.total;
	for (unsigned int i = 0; i < DRM_AXON_MAX_EVENTS / 2 + 1; i++)
		wild_run(&w);
	wild_end(&w);
	read_history(abi->fd, h);
	assert_int_equal(h->head.total, total + DRM_AXON_MAX_EVENTS + 2);
	assert_int_equal(h->head.count, DRM_AXON_MAX_EVENTS);
	for (unsigned int i = 0; i < DRM_AXON_MAX_EVENTS; i++)
		assert_int_equal(h->events[i].number, h->head.total - i);
	test_free(h);
}

static void a_smaller_size_leaves_out_the_oldest(void **state)
{
	const struct abi *abi = *state;
	struct history *h = test_malloc(sizeof(*h));
	struct drm_axon_query query = {.type = DRM_AXON_QUERY_EVENTS};
	uint32_t whole;

	write_wild(abi->fd);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	whole = query.size;
	assert_true(whole >= sizeof(h->head) + 2 * sizeof(h->events[0]));

	memset(h, 0x5a, sizeof(*h));
	query.size = sizeof(h->head) + sizeof(h->events[0]);
	query.pointer = (uintptr_t)h;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	assert_int_equal(query.size, whole);
	assert_int_equal(h->events[0].number, h->head.total);
	assert_int_equal(h->events[1].number, 0x5a5a5a5a5a5a5a5a);

	query.pointer = 8;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), -EFAULT);
	test_free(h);
}

/* With an argument: one fault, for tests of those who tell of it. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_and_its_reset_are_told),
		cmocka_unit_test(only_who_may_sees_all),
		cmocka_unit_test(closing_a_queue_is_no_event),
		cmocka_unit_test(the_history_is_bounded),
		cmocka_unit_test(a_smaller_size_leaves_out_the_oldest),
	};

	(void)argv;
	if (argc > 1) {
		write_wild(abi_open());
		return 0;
	}
	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
