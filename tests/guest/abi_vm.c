// SPDX-License-Identifier: MIT
/* Description: VM_CREATE, VM_DESTROY and VM_BIND; what is refused, and that a refusal does nothing. */
#include "abi.h"

#include <stdlib.h>
#include <unistd.h>

#define BO_SIZE (4 * HUGE)

static uint32_t shared_bo;

static int setup(void **state)
{
	const struct abi *abi;

	abi_setup(state);
	abi = *state;
	shared_bo = abi_bo(abi->fd, BO_SIZE, DRM_AXON_BO_VRAM);
	return 0;
}

/* An operation that would be carried out. */
static struct drm_axon_bind_op good_op(void)
{
	return (struct drm_axon_bind_op){
		.op = DRM_AXON_BIND_MAP,
		.bo_handle = shared_bo,
		.va = TEST_VA,
		.size = PAGE,
	};
}

static struct drm_axon_vm_bind good_bind(const struct abi *abi, const struct drm_axon_bind_op *op)
{
	return (struct drm_axon_vm_bind){
		.vm_id = abi->vm,
		.ops = {.stride = sizeof(*op), .count = 1, .pointer = (uintptr_t)op},
	};
}

static int bind_one(void **state, const struct drm_axon_bind_op *op)
{
	const struct abi *abi = *state;

	return abi_bind(abi->fd, abi->vm, op, 1);
}

/* ---- VM_CREATE, VM_DESTROY ---- */

static void create_rejects_unknown_flag(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_vm_create args = {.flags = 1u << 31};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_CREATE, &args), -EINVAL);
}

static void create_ends_with_the_last_address_space(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_vm_create create = {0};
	struct drm_axon_vm_destroy destroy = {0};
	int fd = abi_open();
	unsigned int n = 0;
	int ret;

	while (!(ret = abi_ioctl(fd, DRM_IOCTL_AXON_VM_CREATE, &create)))
		assert_true(++n < AXON_NUM_AS);
	assert_int_equal(ret, -EUSERS);

	destroy.vm_id = create.vm_id;
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_VM_DESTROY, &destroy), 0);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_CREATE, &create), 0);
	close(fd);
}

static void destroy_rejects_unknown_vm(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_vm_destroy args = {.vm_id = 999};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_DESTROY, &args), -ENOENT);
}

static void destroy_rejects_vm_0(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_vm_destroy args = {0};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_DESTROY, &args), -ENOENT);
}

static void destroy_rejects_padding(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_vm_destroy args = {.vm_id = abi->vm, .pad = 1};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_DESTROY, &args), -EINVAL);
}

static void destroy_rejects_vm_of_another_file(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_vm_destroy args = {.vm_id = abi->vm};
	int other = abi_open();

	assert_int_equal(abi_ioctl(other, DRM_IOCTL_AXON_VM_DESTROY, &args), -ENOENT);
	close(other);
}

/* ---- VM_BIND: the call ---- */

static void rejects_unknown_flag(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.flags = 1;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -EINVAL);
}

static void rejects_unknown_vm(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.vm_id = 999;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -ENOENT);
}

static void rejects_no_operation(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.ops.count = 0;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -EINVAL);
}

static void rejects_too_many_operations(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.ops.count = DRM_AXON_MAX_BIND_OPS + 1;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -EINVAL);
}

static void rejects_short_stride(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.ops.stride = sizeof(op) - 8;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -EINVAL);
}

static void rejects_bad_pointer(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.ops.pointer = 8;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -EFAULT);
}

static void refuses_syncobjs(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_sync sync = {.handle = abi_syncobj(abi->fd), .flags = DRM_AXON_SYNC_SIGNAL};
	struct drm_axon_bind_op op = good_op();
	struct drm_axon_vm_bind bind = good_bind(abi, &op);

	bind.syncs = (struct drm_axon_array){
		.stride = sizeof(sync),
		.count = 1,
		.pointer = (uintptr_t)&sync,
	};
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -EOPNOTSUPP);
}

/* An element of a later version: fine while it says nothing there. */
static void takes_longer_elements(void **state)
{
	const struct abi *abi = *state;
	struct {
		struct drm_axon_bind_op op;
		uint64_t later;
	} element = {.op = good_op()};
	struct drm_axon_vm_bind bind = good_bind(abi, &element.op);

	bind.ops.stride = sizeof(element);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), 0);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, PAGE), 0);

	element.later = 1;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_VM_BIND, &bind), -E2BIG);
}

/* ---- VM_BIND: an operation ---- */

static void rejects_unknown_operation(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.op = 99;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unknown_operation_flag(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.flags = 1u << 31;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_padding(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.pad = 1;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unknown_buffer(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.bo_handle = 9999;
	assert_int_equal(bind_one(state, &op), -ENOENT);
}

static void rejects_size_0(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.size = 0;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unaligned_size(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.size = PAGE - 64;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unaligned_address(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.va += 64;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unaligned_offset(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.bo_offset = 64;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_end_past_the_buffer(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.bo_offset = BO_SIZE;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_offset_that_overflows(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.bo_offset = -PAGE;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_address_below_the_range(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.va = AXON_VA_BITS * PAGE;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_address_in_the_kernels_half(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.va = 1ull << (AXON_VA_BITS - 1);
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_end_in_the_kernels_half(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.va = (1ull << (AXON_VA_BITS - 1)) - PAGE;
	op.size = 2 * PAGE;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_address_that_overflows(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.va = -PAGE;
	op.size = 2 * PAGE;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unmap_with_flags(void **state)
{
	struct drm_axon_bind_op op = {
		.op = DRM_AXON_BIND_UNMAP,
		.flags = DRM_AXON_BIND_READONLY,
		.va = TEST_VA,
		.size = PAGE,
	};

	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_unmap_with_a_buffer(void **state)
{
	struct drm_axon_bind_op op = good_op();

	op.op = DRM_AXON_BIND_UNMAP;
	assert_int_equal(bind_one(state, &op), -EINVAL);
}

static void rejects_buffer_of_another_vm(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_create create = {
		.size = PAGE,
		.flags = DRM_AXON_BO_VRAM,
		.vm_id = abi_vm(abi->fd),
	};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_CREATE, &create), 0);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, create.handle, TEST_VA, PAGE), -EINVAL);
	assert_int_equal(abi_bind_bo(abi->fd, create.vm_id, create.handle, TEST_VA, PAGE), 0);
}

/* ---- VM_BIND: what it does; the chip's view is abi_exec.c's ---- */

static void unmapping_nothing_is_fine(void **state)
{
	const struct abi *abi = *state;

	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA + PAGE, 64 * HUGE), 0);
}

static void survives_a_maximal_call(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bind_op *ops = calloc(DRM_AXON_MAX_BIND_OPS, sizeof(*ops));

	for (unsigned int i = 0; i < DRM_AXON_MAX_BIND_OPS; i++) {
		ops[i] = good_op();
		/* Each overlaps the one before by half, at odd offsets. */
		ops[i].va = TEST_VA + i * PAGE;
		ops[i].size = 2 * PAGE;
		ops[i].bo_offset = i % 1024 * PAGE;
	}
	assert_int_equal(abi_bind(abi->fd, abi->vm, ops, DRM_AXON_MAX_BIND_OPS), 0);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, 2 * DRM_AXON_MAX_BIND_OPS * PAGE),
			 0);
	free(ops);
}

static void mapped_buffer_outlives_its_handle(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM);

	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, PAGE), 0);
	abi_close_bo(abi->fd, bo);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, PAGE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_rejects_unknown_flag),
		cmocka_unit_test(create_ends_with_the_last_address_space),
		cmocka_unit_test(destroy_rejects_unknown_vm),
		cmocka_unit_test(destroy_rejects_vm_0),
		cmocka_unit_test(destroy_rejects_padding),
		cmocka_unit_test(destroy_rejects_vm_of_another_file),
		cmocka_unit_test(rejects_unknown_flag),
		cmocka_unit_test(rejects_unknown_vm),
		cmocka_unit_test(rejects_no_operation),
		cmocka_unit_test(rejects_too_many_operations),
		cmocka_unit_test(rejects_short_stride),
		cmocka_unit_test(rejects_bad_pointer),
		cmocka_unit_test(refuses_syncobjs),
		cmocka_unit_test(takes_longer_elements),
		cmocka_unit_test(rejects_unknown_operation),
		cmocka_unit_test(rejects_unknown_operation_flag),
		cmocka_unit_test(rejects_padding),
		cmocka_unit_test(rejects_unknown_buffer),
		cmocka_unit_test(rejects_size_0),
		cmocka_unit_test(rejects_unaligned_size),
		cmocka_unit_test(rejects_unaligned_address),
		cmocka_unit_test(rejects_unaligned_offset),
		cmocka_unit_test(rejects_end_past_the_buffer),
		cmocka_unit_test(rejects_offset_that_overflows),
		cmocka_unit_test(rejects_address_below_the_range),
		cmocka_unit_test(rejects_address_in_the_kernels_half),
		cmocka_unit_test(rejects_end_in_the_kernels_half),
		cmocka_unit_test(rejects_address_that_overflows),
		cmocka_unit_test(rejects_unmap_with_flags),
		cmocka_unit_test(rejects_unmap_with_a_buffer),
		cmocka_unit_test(rejects_buffer_of_another_vm),
		cmocka_unit_test(unmapping_nothing_is_fine),
		cmocka_unit_test(survives_a_maximal_call),
		cmocka_unit_test(mapped_buffer_outlives_its_handle),
	};

	return cmocka_run_group_tests(tests, setup, abi_teardown);
}
