// SPDX-License-Identifier: MIT
/* Description: QUEUE_CREATE, QUEUE_DESTROY, QUEUE_STATE and SUBMIT: what each refuses. */
#include "abi.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int create(const struct abi *abi, struct drm_axon_queue_create *args)
{
	return abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_CREATE, args);
}

/* ---- QUEUE_CREATE ---- */

static void create_rejects_unknown_flag(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_create args = {.vm_id = abi->vm, .flags = 1u << 31};

	assert_int_equal(create(abi, &args), -EINVAL);
}

static void create_rejects_unknown_priority(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_create args = {
		.vm_id = abi->vm,
		.priority = DRM_AXON_PRIORITY_HIGH + 1,
	};

	assert_int_equal(create(abi, &args), -EINVAL);
}

static void create_rejects_unknown_vm(void **state)
{
	struct drm_axon_queue_create args = {.vm_id = 999};

	assert_int_equal(create(*state, &args), -ENOENT);
}

static void high_priority_needs_a_capability(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_create args = {.vm_id = abi->vm, .priority = DRM_AXON_PRIORITY_HIGH};
	struct drm_axon_queue_destroy destroy = {0};
	int status;
	pid_t child;

	assert_int_equal(create(abi, &args), 0);
	destroy.queue_id = args.queue_id;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);

	child = fork();
	if (!child)
		_exit(setuid(65534) || create(abi, &args) != -EACCES);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A queue that is refused holds no address space: else they would run out here. */
static void refusals_leave_nothing(void **state)
{
	const struct abi *abi = *state;

	for (unsigned int i = 0; i < AXON_NUM_AS; i++) {
		struct drm_axon_queue_create args = {
			.vm_id = abi_vm(abi->fd),
			.flags = DRM_AXON_QUEUE_USER,
			.ring_va = TEST_VA,
			.ring_log2 = AXON_RING_MIN_LOG2,
		};
		struct drm_axon_vm_destroy destroy = {.vm_id = args.vm_id};

		/* the address space is not a long-running one */
		assert_int_equal(create(abi, &args), -EINVAL);
		assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_DESTROY, &destroy), 0);
	}
}

static void create_rejects_padding(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_create args = {.vm_id = abi->vm, .pad = 1};

	assert_int_equal(create(abi, &args), -EINVAL);
}

static void create_rejects_a_ring_for_a_kernel_queue(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_create args = {.vm_id = abi->vm, .ring_va = TEST_VA};

	assert_int_equal(create(abi, &args), -EINVAL);
	args.ring_va = 0;
	args.ring_log2 = AXON_RING_MIN_LOG2;
	assert_int_equal(create(abi, &args), -EINVAL);
}

/* All of them work, and going they leave nothing. */
static void there_are_more_queues_than_slots(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_create args = {.vm_id = abi_vm(abi->fd)};
	struct drm_axon_queue_destroy destroy = {0};
	uint32_t queues[AXON_NUM_SLOTS + 4];
	struct abi_stream stream;

	abi_stream(&stream, abi->fd, args.vm_id, TEST_VA);
	for (unsigned int i = 0; i < AXON_NUM_SLOTS + 4; i++) {
		assert_int_equal(create(abi, &args), 0);
		assert_int_equal(args.doorbell_offset, 0);
		assert_int_not_equal(args.save_size, 0);
		queues[i] = args.queue_id;
	}
	for (unsigned int i = 0; i < AXON_NUM_SLOTS + 4; i++) {
		abi_packet(&stream, AXON_PKT_NOP);
		assert_int_equal(abi_run(&stream, abi->fd, queues[i]), 0);
	}
	for (unsigned int i = 0; i < AXON_NUM_SLOTS + 4; i++) {
		destroy.queue_id = queues[i];
		assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	}
}

/* ---- QUEUE_DESTROY, QUEUE_STATE ---- */

static void destroy_rejects_unknown_queue(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_destroy args = {.queue_id = 999};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &args), -ENOENT);
}

static void destroy_rejects_padding(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_destroy args = {.queue_id = abi->queue, .pad = 1};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &args), -EINVAL);
}

static void state_of_a_new_queue_is_ok(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_state queue;

	assert_int_equal(abi_queue_state(abi->fd, abi->queue, &queue), 0);
	assert_int_equal(queue.status, DRM_AXON_QUEUE_OK);
	assert_int_equal(queue.fault.cause, AXON_FAULT_NONE);
}

static void state_rejects_unknown_queue(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_state queue;

	assert_int_equal(abi_queue_state(abi->fd, 999, &queue), -ENOENT);
}

static void state_rejects_what_is_not_zero(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_queue_state queue = {.queue_id = abi->queue, .status = 1};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_STATE, &queue), -EINVAL);
}

/* ---- SUBMIT ---- */

struct submission {
	struct drm_axon_call call;
	struct drm_axon_sync sync;
	struct drm_axon_submit args;
};

/* What would run, but for there being nothing at the address. */
static void good_submission(const struct abi *abi, struct submission *s)
{
	*s = (struct submission){
		.call = {.va = TEST_VA, .count = 1},
		.sync = {.handle = abi_syncobj(abi->fd), .flags = DRM_AXON_SYNC_SIGNAL},
		.args = {.queue_id = abi->queue},
	};
	s->args.calls = (struct drm_axon_array){
		.stride = sizeof(s->call),
		.count = 1,
		.pointer = (uintptr_t)&s->call,
	};
	s->args.syncs = (struct drm_axon_array){
		.stride = sizeof(s->sync),
		.count = 1,
		.pointer = (uintptr_t)&s->sync,
	};
}

static int submit(const struct abi *abi, struct submission *s)
{
	return abi_ioctl(abi->fd, DRM_IOCTL_AXON_SUBMIT, &s->args);
}

static void submit_rejects_unknown_flag(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.flags = 1;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_unknown_queue(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.queue_id = 999;
	assert_int_equal(submit(*state, &s), -ENOENT);
}

static void submit_rejects_no_call(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.calls.count = 0;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_too_many_calls(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.calls.count = DRM_AXON_MAX_CALLS + 1;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_too_many_syncs(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.syncs.count = DRM_AXON_MAX_SYNCS + 1;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_short_stride(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.calls.stride = 8;
	assert_int_equal(submit(*state, &s), -EINVAL);
	/* Cut off here, the element would still be a good one: its point is 0. */
	good_submission(*state, &s);
	s.args.syncs.stride = offsetof(struct drm_axon_sync, point);
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_bad_pointer(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.args.calls.pointer = 8;
	assert_int_equal(submit(*state, &s), -EFAULT);
}

static void submit_rejects_empty_call(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.call.count = 0;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_call_padding(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.call.pad = 1;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_unaligned_call(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.call.va += 32;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_call_below_the_range(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.call.va = 0;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_call_into_the_kernels_half(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.call.va = (1ull << (AXON_VA_BITS - 1)) - AXON_PACKET_SIZE;
	s.call.count = 2;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_unknown_sync_flag(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.sync.flags |= 1u << 31;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_unknown_syncobj(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.sync.handle = 9999;
	assert_int_equal(submit(*state, &s), -ENOENT);
}

static void submit_rejects_point_without_timeline(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.sync.point = 1;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_timeline_without_point(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.sync.flags |= DRM_AXON_SYNC_TIMELINE;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

static void submit_rejects_wait_for_what_nobody_submitted(void **state)
{
	struct submission s;

	good_submission(*state, &s);
	s.sync.flags = DRM_AXON_SYNC_TIMELINE;
	s.sync.point = 5;
	assert_int_equal(submit(*state, &s), -EINVAL);
}

/* None of the above did anything to the queue. */
static void queue_is_still_alive(void **state)
{
	const struct abi *abi = *state;
	struct abi_stream stream;

	abi_stream(&stream, abi->fd, abi->vm, TEST_VA);
	abi_packet(&stream, AXON_PKT_NOP);
	assert_int_equal(abi_run(&stream, abi->fd, abi->queue), 0);
	state_of_a_new_queue_is_ok(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_rejects_unknown_flag),
		cmocka_unit_test(create_rejects_unknown_priority),
		cmocka_unit_test(create_rejects_unknown_vm),
		cmocka_unit_test(high_priority_needs_a_capability),
		cmocka_unit_test(create_rejects_padding),
		cmocka_unit_test(create_rejects_a_ring_for_a_kernel_queue),
		cmocka_unit_test(there_are_more_queues_than_slots),
		cmocka_unit_test(refusals_leave_nothing),
		cmocka_unit_test(destroy_rejects_unknown_queue),
		cmocka_unit_test(destroy_rejects_padding),
		cmocka_unit_test(state_of_a_new_queue_is_ok),
		cmocka_unit_test(state_rejects_unknown_queue),
		cmocka_unit_test(state_rejects_what_is_not_zero),
		cmocka_unit_test(submit_rejects_unknown_flag),
		cmocka_unit_test(submit_rejects_unknown_queue),
		cmocka_unit_test(submit_rejects_no_call),
		cmocka_unit_test(submit_rejects_too_many_calls),
		cmocka_unit_test(submit_rejects_too_many_syncs),
		cmocka_unit_test(submit_rejects_short_stride),
		cmocka_unit_test(submit_rejects_bad_pointer),
		cmocka_unit_test(submit_rejects_empty_call),
		cmocka_unit_test(submit_rejects_call_padding),
		cmocka_unit_test(submit_rejects_unaligned_call),
		cmocka_unit_test(submit_rejects_call_below_the_range),
		cmocka_unit_test(submit_rejects_call_into_the_kernels_half),
		cmocka_unit_test(submit_rejects_unknown_sync_flag),
		cmocka_unit_test(submit_rejects_unknown_syncobj),
		cmocka_unit_test(submit_rejects_point_without_timeline),
		cmocka_unit_test(submit_rejects_timeline_without_point),
		cmocka_unit_test(submit_rejects_wait_for_what_nobody_submitted),
		cmocka_unit_test(queue_is_still_alive),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
