// SPDX-License-Identifier: MIT
#include "abi.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define STREAM_BYTES 65536

int abi_open(void)
{
	int fd = open("/dev/accel/accel0", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		puts("expected /dev/accel/accel0, found none: run this in the VM");
		exit(77);
	}
	assert_true(fd >= 0);
	return fd;
}

int abi_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : 0;
}

uint32_t abi_vm(int fd)
{
	struct drm_axon_vm_create create = {0};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_VM_CREATE, &create), 0);
	assert_int_not_equal(create.vm_id, 0);
	return create.vm_id;
}

uint32_t abi_queue(int fd, uint32_t vm)
{
	struct drm_axon_queue_create create = {.vm_id = vm, .priority = DRM_AXON_PRIORITY_NORMAL};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_CREATE, &create), 0);
	assert_int_not_equal(create.queue_id, 0);
	return create.queue_id;
}

int abi_setup(void **state)
{
	struct abi *abi = malloc(sizeof(*abi));

	abi->fd = abi_open();
	abi->vm = abi_vm(abi->fd);
	abi->queue = abi_queue(abi->fd, abi->vm);
	*state = abi;
	return 0;
}

int abi_teardown(void **state)
{
	struct abi *abi = *state;

	close(abi->fd);
	free(abi);
	return 0;
}

uint32_t abi_bo(int fd, uint64_t size, uint32_t flags)
{
	struct drm_axon_bo_create create = {.size = size, .flags = flags};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_BO_CREATE, &create), 0);
	assert_int_not_equal(create.handle, 0);
	return create.handle;
}

void abi_close_bo(int fd, uint32_t bo)
{
	struct drm_gem_close close = {.handle = bo};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close), 0);
}

uint32_t abi_syncobj(int fd)
{
	struct drm_syncobj_create create = {0};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &create), 0);
	return create.handle;
}

void *abi_map(int fd, uint32_t bo, uint64_t size)
{
	struct drm_axon_bo_mmap_offset offset = {.handle = bo};
	void *ptr;

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &offset), 0);
	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset.offset);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	return ptr;
}

int abi_bind(int fd, uint32_t vm, const struct drm_axon_bind_op *ops, uint32_t count)
{
	struct drm_axon_vm_bind bind = {
		.vm_id = vm,
		.ops = {.stride = sizeof(*ops), .count = count, .pointer = (uintptr_t)ops},
	};

	return abi_ioctl(fd, DRM_IOCTL_AXON_VM_BIND, &bind);
}

int abi_bind_bo(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size)
{
	struct drm_axon_bind_op op = {
		.op = DRM_AXON_BIND_MAP,
		.bo_handle = bo,
		.va = va,
		.size = size,
	};

	return abi_bind(fd, vm, &op, 1);
}

int abi_unbind(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_axon_bind_op op = {.op = DRM_AXON_BIND_UNMAP, .va = va, .size = size};

	return abi_bind(fd, vm, &op, 1);
}

int abi_submit(int fd, uint32_t queue, uint64_t va, uint32_t packets,
	       const struct drm_axon_sync *syncs, uint32_t num_syncs)
{
	struct drm_axon_call call = {.va = va, .count = packets};
	struct drm_axon_submit submit = {
		.queue_id = queue,
		.calls = {.stride = sizeof(call), .count = 1, .pointer = (uintptr_t)&call},
		.syncs = {.stride = sizeof(*syncs),
			  .count = num_syncs,
			  .pointer = (uintptr_t)syncs},
	};

	return abi_ioctl(fd, DRM_IOCTL_AXON_SUBMIT, &submit);
}

int abi_queue_state(int fd, uint32_t queue, struct drm_axon_queue_state *state)
{
	*state = (struct drm_axon_queue_state){.queue_id = queue};
	return abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_STATE, state);
}

uint64_t abi_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* How many times longer than usual everything may take: tests/run says so for the debug kernel. */
static double abi_slowdown(void)
{
	const char *factor = getenv("AXON_SLOWDOWN");

	return factor ? atof(factor) : 1;
}

int abi_wait(int fd, uint32_t syncobj, uint64_t point, unsigned int ms)
{
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)&syncobj,
		.points = (uintptr_t)&point,
		.timeout_nsec = (int64_t)(abi_now_ms() + ms * abi_slowdown()) * 1000000,
		.count_handles = 1,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	return abi_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);
}

int abi_signal(int fd, uint32_t syncobj, uint64_t point)
{
	struct drm_syncobj_timeline_array array = {
		.handles = (uintptr_t)&syncobj,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	return abi_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array);
}

void abi_stream(struct abi_stream *stream, int fd, uint32_t vm, uint64_t va)
{
	stream->bo = abi_bo(fd, STREAM_BYTES, DRM_AXON_BO_SYSTEM);
	stream->va = va;
	stream->count = 0;
	stream->packets = abi_map(fd, stream->bo, STREAM_BYTES);
	assert_int_equal(abi_bind_bo(fd, vm, stream->bo, va, STREAM_BYTES), 0);
}

struct axon_packet *abi_packet(struct abi_stream *stream, enum axon_packet_op op)
{
	struct axon_packet *packet = &stream->packets[stream->count++];

	assert_true(stream->count <= STREAM_BYTES / sizeof(*packet));
	*packet = (struct axon_packet){.op = op};
	return packet;
}

int abi_run(struct abi_stream *stream, int fd, uint32_t queue)
{
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(fd),
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
		.point = 1,
	};
	struct drm_syncobj_destroy destroy = {.handle = sync.handle};
	int ret = abi_submit(fd, queue, stream->va, stream->count, &sync, 1);

	if (!ret)
		ret = abi_wait(fd, sync.handle, 1, 60000);
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy), 0);
	stream->count = 0;
	return ret;
}

static char address[64];

int abi_driver_setup(void **state)
{
	char target[PATH_MAX];
	ssize_t length = readlink("/sys/class/accel/accel0/device", target, sizeof(target) - 1);

	(void)state;
	close(abi_open());
	if (length <= 0)
		return -1;
	target[length] = '\0';
	snprintf(address, sizeof(address), "%s", strrchr(target, '/') + 1);
	return 0;
}

void abi_driver_write(const char *what)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/axon/%s", what);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, address, strlen(address)), strlen(address));
	close(fd);
}
