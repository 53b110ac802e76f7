// SPDX-License-Identifier: MIT
/*
 * Description: a fault costs one queue; its fences signal with an error, its record can be read, and
 * the next queue works. Clients that go away in mid-job leave nothing behind.
 */
#include "abi.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sync_file.h>

#define STREAM_VA (TEST_VA + (1ull << 32))

static uint64_t unmapped_va(void)
{
	return TEST_VA + (1ull << 40);
}

/* The status of a binary syncobj's fence: 1 done, 0 pending, or the error. */
static int fence_status(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle export = {
		.handle = syncobj,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	struct sync_file_info info = {0};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export), 0);
	assert_int_equal(ioctl(export.fd, SYNC_IOC_FILE_INFO, &info), 0);
	close(export.fd);
	return info.status;
}

/* Submits the stream as one job of a new queue, waits for its fence and returns the record. */
static struct axon_fault fault_of(struct abi_stream *stream, const struct abi *abi)
{
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(abi->fd),
		.flags = DRM_AXON_SYNC_SIGNAL,
	};
	struct drm_axon_queue_destroy destroy = {.queue_id = abi_queue(abi->fd, abi->vm)};
	struct drm_axon_queue_state queue;

	assert_int_equal(abi_submit(abi->fd, destroy.queue_id, stream->va, stream->count, &sync, 1),
			 0);
	assert_int_equal(abi_wait(abi->fd, sync.handle, 0, 60000), 0);
	assert_int_equal(fence_status(abi->fd, sync.handle), -EIO);
	assert_int_equal(abi_queue_state(abi->fd, destroy.queue_id, &queue), 0);
	assert_int_equal(queue.status, DRM_AXON_QUEUE_DEAD);
	assert_int_equal(abi_submit(abi->fd, destroy.queue_id, stream->va, 1, &sync, 1), -EIO);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	stream->count = 0;
	return queue.fault;
}

/* A queue that was not concerned still works. */
static void assert_bystander_is_well(const struct abi *abi)
{
	struct abi_stream stream;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA + HUGE);
	abi_packet(&stream, AXON_PKT_NOP);
	assert_int_equal(abi_run(&stream, abi->fd, abi->queue), 0);
	abi_close_bo(abi->fd, stream.bo);
}

static void wild_write(void **state)
{
	const struct abi *abi = *state;
	struct abi_stream stream;
	struct axon_packet *packet;
	struct axon_fault fault;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->tag = 0x1234;
	packet->fill.dst = unmapped_va();
	packet->fill.bytes = 64;
	fault = fault_of(&stream, abi);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(fault.addr, unmapped_va());
	assert_int_equal(fault.tag, 0x1234);
	assert_int_equal(fault.packet, STREAM_VA);
	assert_int_equal(fault.core, AXON_FAULT_NO_CORE);
	assert_bystander_is_well(abi);
}

static void wild_read(void **state)
{
	const struct abi *abi = *state;
	struct abi_stream stream;
	struct axon_packet *packet;
	struct axon_fault fault;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_COPY);
	packet->copy.dst = STREAM_VA + 4096;
	packet->copy.src = unmapped_va();
	packet->copy.bytes = 64;
	fault = fault_of(&stream, abi);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_READ);
	assert_int_equal(fault.addr, unmapped_va());
	assert_bystander_is_well(abi);
}

static void write_through_a_readonly_mapping(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = {
		.op = DRM_AXON_BIND_MAP,
		.flags = DRM_AXON_BIND_READONLY,
		.bo_handle = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM),
		.va = TEST_VA,
		.size = PAGE,
	};
	struct abi_stream stream;
	struct axon_packet *packet;
	struct axon_fault fault;

	assert_int_equal(abi_bind(abi->fd, abi->vm, &op, 1), 0);
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA;
	packet->fill.bytes = 64;
	fault = fault_of(&stream, abi);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(fault.addr, TEST_VA);
}

static void access_after_unmap(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, HUGE, DRM_AXON_BO_VRAM);
	struct abi_stream stream;
	struct axon_packet *packet;
	struct axon_fault fault;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, HUGE), 0);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA + PAGE;
	packet->fill.bytes = 64;
	assert_int_equal(abi_run(&stream, abi->fd, abi->queue), 0);

	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA + PAGE, PAGE), 0);
	stream.count = 1;
	fault = fault_of(&stream, abi);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_WRITE);
	assert_int_equal(fault.addr, TEST_VA + PAGE);
	assert_bystander_is_well(abi);
}

static void another_address_space_is_out_of_reach(void **state)
{
	const struct abi *abi = *state;
	uint32_t other = abi_vm(abi->fd), bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM);
	struct abi_stream stream;
	struct axon_packet *packet;

	assert_int_equal(abi_bind_bo(abi->fd, other, bo, unmapped_va(), PAGE), 0);
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = unmapped_va();
	packet->fill.bytes = 64;
	assert_int_equal(fault_of(&stream, abi).cause, AXON_FAULT_PAGE_WRITE);
}

/* The kernel's rings and save areas lie at fixed addresses of its own address space, which is not the user's. */
static void kernel_memory_is_out_of_reach(void **state)
{
	static const uint64_t addresses[] = {0x100000000ull, 0x100100000ull, 1ull << 45,
					     1ull << 46};
	const struct abi *abi = *state;
	struct abi_stream stream;
	struct axon_packet *packet;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	for (unsigned int i = 0; i < 4; i++) {
		packet = abi_packet(&stream, AXON_PKT_SIGNAL);
		packet->signal.addr = addresses[i];
		packet->signal.value = UINT64_MAX;
		assert_int_equal(fault_of(&stream, abi).cause, AXON_FAULT_PAGE_WRITE);
	}
	assert_bystander_is_well(abi);
}

static void bad_packet(void **state)
{
	const struct abi *abi = *state;
	struct abi_stream stream;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	abi_packet(&stream, AXON_PKT_COUNT);
	assert_int_equal(fault_of(&stream, abi).cause, AXON_FAULT_BAD_PACKET);
	assert_bystander_is_well(abi);
}

static void unmapped_command_buffer(void **state)
{
	const struct abi *abi = *state;
	struct abi_stream stream = {.va = unmapped_va(), .count = 1};
	struct axon_fault fault = fault_of(&stream, abi);

	assert_int_equal(fault.cause, AXON_FAULT_PAGE_READ);
	assert_int_equal(fault.addr, unmapped_va());
}

/* What was queued behind the fault ends with it. */
static void jobs_behind_a_fault_end_too(void **state)
{
	const struct abi *abi = *state;
	uint32_t queue = abi_queue(abi->fd, abi->vm);
	struct drm_axon_queue_destroy destroy = {.queue_id = queue};
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(abi->fd),
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
	};
	struct abi_stream stream;
	struct axon_packet *packet;
	int ret = 0;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = unmapped_va();
	packet->fill.bytes = 64;
	for (unsigned int i = 0; i < 400 && !ret; i++) {
		sync.point = i + 1;
		ret = abi_submit(abi->fd, queue, STREAM_VA, 1, &sync, 1);
	}
	/* The queue may be found dead before all are submitted. */
	assert_true(!ret || ret == -EIO);
	assert_int_equal(abi_wait(abi->fd, sync.handle, ret ? sync.point - 1 : sync.point, 60000),
			 0);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	assert_bystander_is_well(abi);
}

/* The smallest endless kernel: a jump to itself. */
static void endless_kernel_is_a_hang(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM);
	uint32_t *code = abi_map(abi->fd, bo, PAGE);
	struct drm_axon_bind_op op = {
		.op = DRM_AXON_BIND_MAP,
		.flags = DRM_AXON_BIND_READONLY | DRM_AXON_BIND_EXEC,
		.bo_handle = bo,
		.va = TEST_VA + HUGE,
		.size = PAGE,
	};
	struct abi_stream stream;
	struct axon_packet *packet;
	struct axon_fault fault;

	code[0] = 0x0000006f;
	assert_int_equal(abi_bind(abi->fd, abi->vm, &op, 1), 0);
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_LAUNCH);
	packet->launch.entry = op.va;
	packet->launch.grid[0] = packet->launch.grid[1] = packet->launch.grid[2] = 1;
	fault = fault_of(&stream, abi);
	assert_int_equal(fault.cause, AXON_FAULT_HANG);
	assert_int_equal(fault.pc, op.va);
	assert_bystander_is_well(abi);
	munmap(code, PAGE);
}

static void code_must_be_mapped_executable(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM);
	struct abi_stream stream;
	struct axon_packet *packet;
	struct axon_fault fault;

	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA + HUGE, PAGE), 0);
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_LAUNCH);
	packet->launch.entry = TEST_VA + HUGE;
	packet->launch.grid[0] = packet->launch.grid[1] = packet->launch.grid[2] = 1;
	fault = fault_of(&stream, abi);
	assert_int_equal(fault.cause, AXON_FAULT_PAGE_EXEC);
	assert_int_equal(fault.addr, TEST_VA + HUGE);
}

/* A job that would never end is ended by destroying its queue. */
static void destroying_a_busy_queue_ends_its_jobs(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_destroy destroy = {.queue_id = abi_queue(abi->fd, abi->vm)};
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(abi->fd),
		.flags = DRM_AXON_SYNC_SIGNAL,
	};
	struct abi_stream stream;
	struct axon_packet *packet;

	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_WAIT);
	packet->wait.addr = STREAM_VA + 4096;
	packet->wait.value = 1;
	assert_int_equal(abi_submit(abi->fd, destroy.queue_id, STREAM_VA, 1, &sync, 1), 0);
	assert_int_equal(abi_wait(abi->fd, sync.handle, 0, 100), -ETIME);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	assert_int_equal(abi_wait(abi->fd, sync.handle, 0, 1000), 0);
	assert_int_equal(fence_status(abi->fd, sync.handle), -ECANCELED);
	assert_bystander_is_well(abi);
}

/* An endless loop of packets on the chip, and jobs that wait behind it. */
static void spin_until_killed(void)
{
	int fd = abi_open();
	uint32_t vm = abi_vm(fd), queue = abi_queue(fd, vm);
	struct abi_stream stream;
	struct axon_packet *packet;

	abi_stream(&stream, fd, vm, STREAM_VA);
	abi_packet(&stream, AXON_PKT_NOP);
	packet = abi_packet(&stream, AXON_PKT_BRANCH);
	packet->branch.cond = AXON_COND_ALWAYS;
	packet->branch.target = -1;
	for (;;)
		abi_submit(fd, queue, STREAM_VA, 2, NULL, 0);
}

static void killed_clients_leave_nothing(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_query_device before, after;
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_DEVICE,
		.size = sizeof(before),
		.pointer = (uintptr_t)&before,
	};
	pid_t child[3];
	int status;

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	for (unsigned int i = 0; i < 3; i++) {
		child[i] = fork();
		if (!child[i])
			spin_until_killed();
	}
	usleep(500000);
	for (unsigned int i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_true(WIFSIGNALED(status));
	}
	query.pointer = (uintptr_t)&after;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	assert_int_equal(after.free_slots, before.free_slots);
	assert_bystander_is_well(abi);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wild_write),
		cmocka_unit_test(wild_read),
		cmocka_unit_test(write_through_a_readonly_mapping),
		cmocka_unit_test(access_after_unmap),
		cmocka_unit_test(another_address_space_is_out_of_reach),
		cmocka_unit_test(kernel_memory_is_out_of_reach),
		cmocka_unit_test(bad_packet),
		cmocka_unit_test(unmapped_command_buffer),
		cmocka_unit_test(endless_kernel_is_a_hang),
		cmocka_unit_test(code_must_be_mapped_executable),
		cmocka_unit_test(jobs_behind_a_fault_end_too),
		cmocka_unit_test(destroying_a_busy_queue_ends_its_jobs),
		cmocka_unit_test(killed_clients_leave_nothing),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
