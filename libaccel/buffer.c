// SPDX-License-Identifier: MIT
/* Buffers: memory with an address in one address space, from creation to destruction. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(ACCEL_BUFFER_VRAM == DRM_AXON_BO_VRAM && ACCEL_BUFFER_SYSTEM == DRM_AXON_BO_SYSTEM,
	       "placements are passed through");
_Static_assert((int)ACCEL_PURPOSE_COMMANDS == (int)DRM_AXON_PURPOSE_COMMANDS,
	       "purposes are passed through");

#define PLACEMENTS (ACCEL_BUFFER_VRAM | ACCEL_BUFFER_SYSTEM)

/*
 * Large buffers start at a multiple of 2 MiB, so that they can be mapped by large pages. Behind
 * each stays an unmapped page: running off its end is a fault, not a neighbour's data.
 */
static int va_alloc(struct accel_vm *vm, uint64_t size, uint64_t *va)
{
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = ranges_alloc(&vm->va, size + PAGE_BYTES, size >= HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES,
			   va);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

static void va_free(struct accel_vm *vm, uint64_t va, uint64_t size)
{
	pthread_mutex_lock(&vm->lock);
	ranges_free(&vm->va, va, size + PAGE_BYTES);
	pthread_mutex_unlock(&vm->lock);
}

static int bind(struct accel_buffer *buf, uint32_t op, uint32_t flags)
{
	struct drm_axon_bind_op bind_op = {
		.op = op,
		.flags = flags,
		.bo_handle = op == DRM_AXON_BIND_MAP ? buf->handle : 0,
		.va = buf->va,
		.size = buf->size,
	};

	return backend_bind(buf->vm->dev->backend, buf->vm->id, &bind_op);
}

ACCEL_EXPORT int accel_buffer_create(struct accel_vm *vm, size_t bytes, unsigned int flags,
				     unsigned int purpose, struct accel_buffer **out)
{
	struct backend *backend = vm->dev->backend;
	struct drm_axon_bo_create bo = {
		.size = bytes,
		.flags = flags & PLACEMENTS,
		.purpose = purpose,
		.vm_id = vm->id,
	};
	struct accel_buffer *buf;
	uint32_t bind_flags = 0;
	int ret;

	if (!bytes || !(flags & PLACEMENTS) ||
	    flags & ~(PLACEMENTS | ACCEL_BUFFER_READONLY | ACCEL_BUFFER_EXEC))
		return -EINVAL;
	if (flags & ACCEL_BUFFER_READONLY)
		bind_flags |= DRM_AXON_BIND_READONLY;
	if (flags & ACCEL_BUFFER_EXEC)
		bind_flags |= DRM_AXON_BIND_EXEC;
	buf = calloc(1, sizeof(*buf));
	if (!buf)
		return -ENOMEM;
	buf->vm = vm;
	ret = backend_bo_create(backend, &bo);
	if (ret < 0)
		goto free_buf;
	buf->handle = bo.handle;
	buf->size = bo.size;
	ret = va_alloc(vm, buf->size, &buf->va);
	if (ret < 0)
		goto destroy_bo;
	ret = bind(buf, DRM_AXON_BIND_MAP, bind_flags);
	if (ret < 0)
		goto free_va;
	*out = buf;
	return 0;

free_va:
	va_free(vm, buf->va, buf->size);
destroy_bo:
	backend_bo_destroy(backend, buf->handle);
free_buf:
	free(buf);
	return ret;
}

ACCEL_EXPORT void accel_buffer_destroy(struct accel_buffer *buf)
{
	struct accel_vm *vm;

	if (!buf)
		return;
	vm = buf->vm;
	if (buf->map)
		backend_bo_unmap(vm->dev->backend, buf->map, buf->size);
	/* An address that could not be unmapped must not be handed out again. */
	if (bind(buf, DRM_AXON_BIND_UNMAP, 0) == 0)
		va_free(vm, buf->va, buf->size);
	backend_bo_destroy(vm->dev->backend, buf->handle);
	free(buf);
}

ACCEL_EXPORT uint64_t accel_buffer_va(const struct accel_buffer *buf)
{
	return buf->va;
}

ACCEL_EXPORT size_t accel_buffer_size(const struct accel_buffer *buf)
{
	return buf->size;
}

ACCEL_EXPORT int accel_buffer_map(struct accel_buffer *buf, void **ptr)
{
	if (!buf->map) {
		int ret = backend_bo_map(buf->vm->dev->backend, buf->handle, buf->size, &buf->map);

		if (ret < 0)
			return ret;
	}
	*ptr = buf->map;
	return 0;
}
