// SPDX-License-Identifier: MIT
/* Address spaces, and the log that the kernels in one print to. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int create(struct accel_device *dev, uint32_t flags, struct accel_vm **out)
{
	struct accel_vm *vm = calloc(1, sizeof(*vm));
	int ret;

	if (!vm)
		return -ENOMEM;
	vm->dev = dev;
	vm->long_running = flags & DRM_AXON_VM_LONG_RUNNING;
	pthread_mutex_init(&vm->lock, NULL);
	ret = ranges_init(&vm->va, dev->va_start, dev->va_end);
	if (ret < 0)
		goto free_vm;
	ret = backend_vm_create(dev->backend, flags, &vm->id);
	if (ret < 0)
		goto free_ranges;
	*out = vm;
	return 0;

free_ranges:
	ranges_fini(&vm->va);
free_vm:
	pthread_mutex_destroy(&vm->lock);
	free(vm);
	return ret;
}

ACCEL_EXPORT int accel_vm_create(struct accel_device *dev, struct accel_vm **vm)
{
	return create(dev, 0, vm);
}

ACCEL_EXPORT int accel_vm_create_long_running(struct accel_device *dev, struct accel_vm **vm)
{
	return create(dev, DRM_AXON_VM_LONG_RUNNING, vm);
}

ACCEL_EXPORT void accel_vm_destroy(struct accel_vm *vm)
{
	if (!vm)
		return;
	accel_buffer_destroy(vm->log);
	backend_vm_destroy(vm->dev->backend, vm->id);
	ranges_fini(&vm->va);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

ACCEL_EXPORT int accel_vm_enable_log(struct accel_vm *vm, size_t bytes)
{
	struct accel_buffer *log;
	struct axon_log *header;
	void *map;
	int ret;

	if (vm->log)
		return -EEXIST;
	if (!bytes || bytes > SIZE_MAX - sizeof(*header))
		return -EINVAL;
	ret = accel_buffer_create(vm, sizeof(*header) + bytes, ACCEL_BUFFER_SYSTEM,
				  ACCEL_PURPOSE_OTHER, &log);
	if (ret < 0)
		return ret;
	ret = accel_buffer_map(log, &map);
	if (ret < 0) {
		accel_buffer_destroy(log);
		return ret;
	}
	header = map;
	*header = (struct axon_log){.size = log->size - sizeof(*header)};
	vm->log = log;
	return 0;
}

static bool vm_idle(struct accel_vm *vm)
{
	for (struct accel_queue *queue = vm->queues; queue; queue = queue->next)
		if (!queue_idle(queue))
			return false;
	return true;
}

/*
 * The device only ever appends. The space behind the head comes back when all of it has been read
 * and no kernel can be printing: holding the lock keeps further submissions out meanwhile.
 */
static size_t log_rewind(struct accel_vm *vm, struct axon_log *log, char *text, size_t bytes)
{
	int length = 0;

	if (!vm->log_read || !vm_idle(vm) ||
	    __atomic_load_n(&log->head, __ATOMIC_ACQUIRE) != vm->log_read)
		return 0;
	if (log->dropped) {
		length = snprintf(text, bytes,
				  "axon: %llu messages did not fit in the log of %llu bytes\n",
				  (unsigned long long)log->dropped, (unsigned long long)log->size);
		if (length < 0 || (size_t)length >= bytes)
			return 0; /* said at the next call, with more room */
	}
	log->dropped = 0;
	log->head = 0;
	vm->log_read = 0;
	return length;
}

ACCEL_EXPORT long accel_vm_read_log(struct accel_vm *vm, char *text, size_t bytes)
{
	struct axon_log *log;
	size_t length;
	uint64_t head;

	if (!vm->log)
		return -ENOENT;
	if (!bytes)
		return -EINVAL;
	log = vm->log->map;
	pthread_mutex_lock(&vm->lock);
	/* A kernel can write to its own log, so the header is checked like any input. */
	head = __atomic_load_n(&log->head, __ATOMIC_ACQUIRE);
	if (head > vm->log->size - sizeof(*log))
		head = vm->log->size - sizeof(*log);
	length = head > vm->log_read ? head - vm->log_read : 0;
	if (length > bytes - 1)
		length = bytes - 1;
	memcpy(text, (const char *)(log + 1) + vm->log_read, length);
	vm->log_read += length;
	length += log_rewind(vm, log, text + length, bytes - length);
	text[length] = '\0';
	pthread_mutex_unlock(&vm->lock);
	return (long)length;
}
