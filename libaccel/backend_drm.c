// SPDX-License-Identifier: MIT
/* The backend that asks the kernel driver, through its ioctls and libdrm. */
#include "backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xf86drm.h>

#define DRIVER_NAME "axon"
#define PAGE_BYTES  (1ul << AXON_PAGE_SHIFT)

/* Newer than Debian 12's libdrm. */
#ifndef DRM_IOCTL_SYNCOBJ_EVENTFD
struct drm_syncobj_eventfd {
	__u32 handle;
	__u32 flags;
	__u64 point;
	__s32 fd;
	__u32 pad;
};
#define DRM_IOCTL_SYNCOBJ_EVENTFD DRM_IOWR(0xcf, struct drm_syncobj_eventfd)
#endif

struct backend {
	int fd;
};

/* drmIoctl() restarts after signals. */
static int call(const struct backend *backend, unsigned long request, void *arg)
{
	return drmIoctl(backend->fd, request, arg) < 0 ? -errno : 0;
}

/* The last component of what /sys/class/accel/accelN/`what` points at. */
static bool sysfs_target(unsigned int minor, const char *what, char *name, size_t bytes)
{
	char path[64], target[PATH_MAX];
	const char *base;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/class/accel/accel%u/%s", minor, what);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) >= bytes)
		return false;
	strcpy(name, base);
	return true;
}

static int by_minor(const void *a, const void *b)
{
	const struct backend_node *x = a, *y = b;

	return x->minor < y->minor ? -1 : x->minor > y->minor;
}

int backend_enumerate(struct backend_node nodes[BACKEND_MAX_NODES])
{
	DIR *dir = opendir("/sys/class/accel");
	const struct dirent *entry;
	int count = 0;

	if (!dir)
		return -EUNATCH;
	while ((entry = readdir(dir)) && count < BACKEND_MAX_NODES) {
		struct backend_node *node = &nodes[count];
		char driver[32];

		if (sscanf(entry->d_name, "accel%u", &node->minor) == 1 &&
		    sysfs_target(node->minor, "device/driver", driver, sizeof(driver)) &&
		    !strcmp(driver, DRIVER_NAME) &&
		    sysfs_target(node->minor, "device", node->bdf, sizeof(node->bdf)))
			count++;
	}
	closedir(dir);
	qsort(nodes, count, sizeof(*nodes), by_minor);
	return count ? count : -EUNATCH;
}

int backend_open(const struct backend_node *node, struct backend **out)
{
	struct backend *backend = malloc(sizeof(*backend));
	char path[64];
	int ret;

	if (!backend)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/dev/accel/accel%u", node->minor);
	backend->fd = open(path, O_RDWR | O_CLOEXEC);
	if (backend->fd < 0) {
		ret = errno == ENOENT ? -EUNATCH : -errno;
		free(backend);
		return ret;
	}
	*out = backend;
	return 0;
}

void backend_close(struct backend *backend)
{
	close(backend->fd);
	free(backend);
}

int backend_fd(struct backend *backend)
{
	return backend->fd;
}

static int query(struct backend *backend, uint32_t type, void *data, uint32_t *size)
{
	struct drm_axon_query query = {
		.type = type,
		.size = *size,
		.pointer = (uintptr_t)data,
	};
	int ret = call(backend, DRM_IOCTL_AXON_QUERY, &query);

	*size = query.size;
	return ret;
}

int backend_query_device(struct backend *backend, struct drm_axon_query_device *device)
{
	uint32_t size = sizeof(*device);

	return query(backend, DRM_AXON_QUERY_DEVICE, device, &size);
}

static int query_memory(struct backend *backend, struct accel_device_info *info)
{
	struct drm_axon_query_memory memory[8] = {0};
	uint32_t size = sizeof(memory);
	int ret = query(backend, DRM_AXON_QUERY_MEMORY, memory, &size);

	for (unsigned int i = 0; i < 8 && !ret; i++) {
		if (memory[i].kind == DRM_AXON_MEMORY_VRAM)
			info->vram_used += memory[i].used;
		else if (memory[i].kind == DRM_AXON_MEMORY_SYSTEM)
			info->system_used += memory[i].used;
	}
	return ret;
}

static int query_engines(struct backend *backend, struct accel_device_info *info)
{
	struct drm_axon_query_engine engines[16] = {0};
	uint32_t size = sizeof(engines);
	int ret = query(backend, DRM_AXON_QUERY_ENGINES, engines, &size);

	for (unsigned int i = 0; i < 16 && !ret; i++) {
		if (engines[i].engine >= AXON_NUM_ENGINES)
			continue;
		info->busy_cycles[engines[i].engine] += engines[i].busy_cycles;
		info->busy_ns[engines[i].engine] += engines[i].busy_ns;
	}
	return ret;
}

static int query_purposes(struct backend *backend, struct accel_device_info *info)
{
	struct drm_axon_query_purpose purposes[32] = {0};
	uint32_t size = sizeof(purposes);
	int ret = query(backend, DRM_AXON_QUERY_PURPOSES, purposes, &size);

	for (unsigned int i = 0; i < 32 && !ret; i++)
		if (purposes[i].purpose < ACCEL_NUM_PURPOSES)
			info->purpose_bytes[purposes[i].purpose] += purposes[i].size;
	return ret;
}

int backend_query_use(struct backend *backend, struct accel_device_info *info)
{
	struct drm_axon_query_timestamp timestamp = {0};
	uint32_t size = sizeof(timestamp);
	int ret = query_memory(backend, info);

	if (!ret)
		ret = query_purposes(backend, info);
	if (!ret)
		ret = query_engines(backend, info);
	if (!ret)
		ret = query(backend, DRM_AXON_QUERY_TIMESTAMP, &timestamp, &size);
	info->timestamp_ns = timestamp.device_ns;
	return ret;
}

/* Events of a newer driver are longer: step by its stride. */
static int copy_events(const struct drm_axon_query_events *answer, uint32_t bytes,
		       struct drm_axon_query_event *events, unsigned int room)
{
	const uint8_t *from = (const uint8_t *)(answer + 1);
	uint32_t stride = answer->stride, held;
	size_t size = stride < sizeof(*events) ? stride : sizeof(*events);

	if (bytes < sizeof(*answer) || !stride)
		return -EPROTO;
	held = (bytes - (uint32_t)sizeof(*answer)) / stride;
	if (room > answer->count)
		room = answer->count;
	if (room > held)
		room = held;
	memset(events, 0, room * sizeof(*events));
	for (unsigned int i = 0; i < room; i++)
		memcpy(&events[i], from + (size_t)i * stride, size);
	return (int)room;
}

int backend_query_events(struct backend *backend, struct drm_axon_query_event *events,
			 unsigned int room)
{
	struct drm_axon_query_events *answer;
	uint32_t size = 0, bytes;
	int ret = query(backend, DRM_AXON_QUERY_EVENTS, NULL, &size);

	if (ret < 0)
		return ret;
	/* Should there be more by then, it is the oldest that are left out. */
	bytes = size;
	answer = calloc(1, bytes);
	if (!answer)
		return -ENOMEM;
	ret = query(backend, DRM_AXON_QUERY_EVENTS, answer, &size);
	if (!ret)
		ret = copy_events(answer, bytes, events, room);
	free(answer);
	return ret;
}

int backend_vm_create(struct backend *backend, uint32_t flags, uint32_t *vm)
{
	struct drm_axon_vm_create create = {.flags = flags};
	int ret = call(backend, DRM_IOCTL_AXON_VM_CREATE, &create);

	*vm = create.vm_id;
	return ret;
}

void backend_vm_destroy(struct backend *backend, uint32_t vm)
{
	struct drm_axon_vm_destroy destroy = {.vm_id = vm};

	call(backend, DRM_IOCTL_AXON_VM_DESTROY, &destroy);
}

int backend_bind(struct backend *backend, uint32_t vm, const struct drm_axon_bind_op *op)
{
	struct drm_axon_vm_bind bind = {
		.vm_id = vm,
		.ops =
			{
				.stride = sizeof(*op),
				.count = 1,
				.pointer = (uintptr_t)op,
			},
	};

	return call(backend, DRM_IOCTL_AXON_VM_BIND, &bind);
}

int backend_bo_create(struct backend *backend, struct drm_axon_bo_create *bo)
{
	return call(backend, DRM_IOCTL_AXON_BO_CREATE, bo);
}

void backend_bo_destroy(struct backend *backend, uint32_t handle)
{
	drmCloseBufferHandle(backend->fd, handle);
}

int backend_bo_map(struct backend *backend, uint32_t handle, size_t size, void **out)
{
	struct drm_axon_bo_mmap_offset offset = {.handle = handle};
	int ret = call(backend, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &offset);
	void *ptr;

	if (ret < 0)
		return ret;
	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, backend->fd,
		   (off_t)offset.offset);
	if (ptr == MAP_FAILED)
		return -errno;
	*out = ptr;
	return 0;
}

void backend_bo_unmap(struct backend *backend, void *ptr, size_t size)
{
	(void)backend;
	munmap(ptr, size);
}

int backend_queue_create(struct backend *backend, struct drm_axon_queue_create *queue)
{
	return call(backend, DRM_IOCTL_AXON_QUEUE_CREATE, queue);
}

void backend_queue_destroy(struct backend *backend, uint32_t queue)
{
	struct drm_axon_queue_destroy destroy = {.queue_id = queue};

	call(backend, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy);
}

int backend_queue_state(struct backend *backend, uint32_t queue, struct drm_axon_queue_state *state)
{
	state->queue_id = queue;
	return call(backend, DRM_IOCTL_AXON_QUEUE_STATE, state);
}

int backend_submit(struct backend *backend, uint32_t queue, const struct drm_axon_call *calls,
		   unsigned int num_calls, const struct drm_axon_sync *syncs,
		   unsigned int num_syncs)
{
	struct drm_axon_submit submit = {
		.queue_id = queue,
		.calls =
			{
				.stride = sizeof(*calls),
				.count = num_calls,
				.pointer = (uintptr_t)calls,
			},
		.syncs =
			{
				.stride = sizeof(*syncs),
				.count = num_syncs,
				.pointer = (uintptr_t)syncs,
			},
	};

	return call(backend, DRM_IOCTL_AXON_SUBMIT, &submit);
}

int backend_doorbell_map(struct backend *backend, const struct drm_axon_queue_create *queue,
			 void **doorbell)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_WRITE, MAP_SHARED, backend->fd,
			  (off_t)queue->doorbell_offset);

	if (page == MAP_FAILED)
		return -errno;
	*doorbell = page;
	return 0;
}

void backend_doorbell_unmap(struct backend *backend, void *doorbell)
{
	(void)backend;
	munmap(doorbell, PAGE_BYTES);
}

void backend_doorbell_ring(struct backend *backend, void *doorbell, uint32_t value)
{
	(void)backend;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile uint32_t *)((char *)doorbell + AXON_REG_DOORBELL) = value;
}

int backend_wait(struct backend *backend, struct drm_axon_wait *wait)
{
	return call(backend, DRM_IOCTL_AXON_WAIT, wait);
}

/* Of the drmSyncobj functions some return -1 and some -errno: errno itself is right for all. */

int backend_sync_create(struct backend *backend, uint32_t *handle)
{
	return drmSyncobjCreate(backend->fd, 0, handle) < 0 ? -errno : 0;
}

void backend_sync_destroy(struct backend *backend, uint32_t handle)
{
	drmSyncobjDestroy(backend->fd, handle);
}

int backend_sync_signal(struct backend *backend, uint32_t handle, uint64_t point)
{
	return drmSyncobjTimelineSignal(backend->fd, &handle, &point, 1) < 0 ? -errno : 0;
}

int backend_sync_query(struct backend *backend, uint32_t handle, uint64_t *point)
{
	return drmSyncobjQuery(backend->fd, &handle, point, 1) < 0 ? -errno : 0;
}

static bool is_over(int64_t deadline_ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec >= deadline_ns;
}

/* The kernel counts in jiffies and may give up a few milliseconds early. */
int backend_sync_wait(struct backend *backend, uint32_t handle, uint64_t point, int64_t deadline_ns)
{
	int ret;

	do {
		ret = drmSyncobjTimelineWait(backend->fd, &handle, &point, 1, deadline_ns,
					     DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL) < 0
			      ? -errno
			      : 0;
	} while (ret == -ETIME && !is_over(deadline_ns));
	return ret;
}

int backend_sync_eventfd(struct backend *backend, uint32_t handle, uint64_t point, int eventfd)
{
	struct drm_syncobj_eventfd args = {.handle = handle, .point = point, .fd = eventfd};

	return call(backend, DRM_IOCTL_SYNCOBJ_EVENTFD, &args);
}
