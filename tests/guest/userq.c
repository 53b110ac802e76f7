// SPDX-License-Identifier: MIT
#include "userq.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define HOG_VA 0x2f0000000ull

uint32_t userq_vm(int fd)
{
	struct drm_axon_vm_create create = {.flags = DRM_AXON_VM_LONG_RUNNING};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_VM_CREATE, &create), 0);
	return create.vm_id;
}

void userq_create_priority(struct userq *q, int fd, uint32_t vm, unsigned int n,
			   enum drm_axon_priority priority)
{
	struct drm_axon_queue_create create = {
		.vm_id = vm,
		.priority = priority,
		.flags = DRM_AXON_QUEUE_USER,
		.ring_va = USERQ_VA + n * HUGE,
		.ring_log2 = USERQ_LOG2,
	};
	char *bytes;

	*q = (struct userq){.fd = fd, .vm = vm, .va = create.ring_va};
	q->bo = abi_bo(fd, USERQ_BYTES, DRM_AXON_BO_SYSTEM);
	bytes = abi_map(fd, q->bo, USERQ_BYTES);
	assert_int_equal(abi_bind_bo(fd, vm, q->bo, q->va, USERQ_BYTES), 0);
	q->ring = (struct axon_packet *)bytes;
	q->memory = (volatile uint32_t *)(bytes + USERQ_MEMORY);
	q->word = (volatile struct axon_signal *)(bytes + USERQ_WORD);

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_CREATE, &create), 0);
	assert_int_not_equal(create.save_size, 0);
	q->id = create.queue_id;
	q->doorbell_offset = create.doorbell_offset;
	q->doorbell = mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, (off_t)create.doorbell_offset);
	assert_ptr_not_equal(q->doorbell, MAP_FAILED);
}

void userq_create(struct userq *q, int fd, uint32_t vm, unsigned int n)
{
	userq_create_priority(q, fd, vm, n, DRM_AXON_PRIORITY_NORMAL);
}

void userq_destroy(struct userq *q)
{
	struct drm_axon_queue_destroy destroy = {.queue_id = q->id};

	assert_int_equal(abi_ioctl(q->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	assert_int_equal(abi_unbind(q->fd, q->vm, q->va, USERQ_BYTES), 0);
	munmap((void *)q->doorbell, PAGE);
	munmap(q->ring, USERQ_BYTES);
	abi_close_bo(q->fd, q->bo);
}

struct axon_packet *userq_packet(struct userq *q, enum axon_packet_op op)
{
	struct axon_packet *packet = &q->ring[q->wptr++ % (1u << USERQ_LOG2)];

	*packet = (struct axon_packet){.op = op};
	return packet;
}

void userq_fill(struct userq *q, uint64_t va, uint32_t pattern)
{
	struct axon_packet *packet = userq_packet(q, AXON_PKT_FILL);

	packet->fill.dst = va;
	packet->fill.bytes = 64;
	packet->fill.pattern = pattern;
}

void userq_signal(struct userq *q, uint64_t value)
{
	struct axon_packet *packet = userq_packet(q, AXON_PKT_SIGNAL);

	packet->flags = AXON_PKT_F_IRQ;
	packet->signal.addr = q->va + USERQ_WORD;
	packet->signal.value = value;
}

void userq_wait_word(struct userq *q, uint64_t va, uint64_t value)
{
	struct axon_packet *packet = userq_packet(q, AXON_PKT_WAIT);

	packet->wait.addr = va;
	packet->wait.value = value;
}

void userq_ring(struct userq *q)
{
	atomic_thread_fence(memory_order_release);
	q->doorbell[0] = q->wptr;
}

uint64_t userq_map_hog(int fd, uint32_t vm)
{
	uint32_t bo = abi_bo(fd, PAGE, DRM_AXON_BO_SYSTEM);
	uint32_t *code = abi_map(fd, bo, PAGE);
	struct drm_axon_bind_op op = {
		.op = DRM_AXON_BIND_MAP,
		.flags = DRM_AXON_BIND_READONLY | DRM_AXON_BIND_EXEC,
		.bo_handle = bo,
		.va = HOG_VA,
		.size = PAGE,
	};

	code[0] = 0x0000006f; /* j . */
	assert_int_equal(abi_bind(fd, vm, &op, 1), 0);
	munmap(code, PAGE);
	return HOG_VA;
}

void userq_launch(struct userq *q, uint64_t entry)
{
	struct axon_packet *packet = userq_packet(q, AXON_PKT_LAUNCH);

	packet->launch.entry = entry;
	packet->launch.grid[0] = packet->launch.grid[1] = packet->launch.grid[2] = 1;
}

int userq_wait(const struct userq *q, uint64_t value, unsigned int ms, struct axon_fault *fault)
{
	struct drm_axon_wait wait = {
		.queue_id = q->id,
		.handle = q->bo,
		.offset = USERQ_WORD,
		.value = value,
		.timeout_ns = (int64_t)(abi_now_ms() + ms) * 1000000,
	};
	int ret = abi_ioctl(q->fd, DRM_IOCTL_AXON_WAIT, &wait);

	if (fault)
		*fault = wait.fault;
	return ret;
}

int userq_eventfd(const struct userq *q, uint64_t value, int eventfd)
{
	struct drm_axon_wait wait = {
		.queue_id = q->id,
		.flags = DRM_AXON_WAIT_EVENTFD,
		.handle = q->bo,
		.eventfd = eventfd,
		.offset = USERQ_WORD,
		.value = value,
	};

	return abi_ioctl(q->fd, DRM_IOCTL_AXON_WAIT, &wait);
}
