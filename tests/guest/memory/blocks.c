// SPDX-License-Identifier: MIT
#include "blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

uint64_t blocks_vram_size(int fd)
{
	struct drm_axon_query_device device;
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	if (device.vram_size > 256 << 20) {
		puts("expected a device with at most 256 MiB of memory: run this with --vram 64M");
		exit(77);
	}
	return device.vram_size;
}

static uint64_t block_va(uint32_t block)
{
	return TEST_VA + block * BLOCK;
}

void blocks_create(struct blocks *b, int fd, uint32_t vm, uint32_t count, uint64_t bytes,
		   uint32_t flags, bool private, unsigned int seed)
{
	*b = (struct blocks){.fd = fd, .vm = vm, .count = count, .seed = seed};
	b->blocks = bytes / count / BLOCK;
	assert_true(count <= 16 && count * b->blocks <= MAX_BLOCKS);
	for (uint32_t i = 0; i < count; i++) {
		struct drm_axon_bo_create create = {
			.size = b->blocks * BLOCK,
			.flags = flags,
			.vm_id = private ? vm : 0,
		};

		assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_BO_CREATE, &create), 0);
		b->bo[i] = create.handle;
		b->map[i] = abi_map(fd, b->bo[i], create.size);
		assert_int_equal(
			abi_bind_bo(fd, vm, b->bo[i], block_va(i * b->blocks), create.size), 0);
	}
}

void blocks_destroy(struct blocks *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		assert_int_equal(
			abi_unbind(b->fd, b->vm, block_va(i * b->blocks), b->blocks * BLOCK), 0);
		munmap(b->map[i], b->blocks * BLOCK);
		abi_close_bo(b->fd, b->bo[i]);
	}
}

void blocks_next(struct blocks *b, struct axon_packet *packet)
{
	uint32_t total = b->count * b->blocks;
	uint32_t to = (uint32_t)rand_r(&b->seed) % total, from = (uint32_t)rand_r(&b->seed) % total;

	if (from % 3 == 0 || from == to) {
		b->model[to] = (uint32_t)rand_r(&b->seed);
		packet->op = AXON_PKT_FILL;
		packet->fill.dst = block_va(to);
		packet->fill.bytes = BLOCK;
		packet->fill.pattern = b->model[to];
	} else {
		b->model[to] = b->model[from];
		packet->op = AXON_PKT_COPY;
		packet->copy.dst = block_va(to);
		packet->copy.src = block_va(from);
		packet->copy.bytes = BLOCK;
	}
}

bool blocks_right(const struct blocks *b)
{
	for (uint32_t block = 0; block < b->count * b->blocks; block++) {
		const uint32_t *words = b->map[block / b->blocks] + block % b->blocks * (BLOCK / 4);

		for (uint64_t i = 0; i < BLOCK / 4; i += PAGE / 4)
			if (words[i] != b->model[block]) {
				printf("block %u, word %llu: expected %#x, found %#x\n", block,
				       (unsigned long long)i, b->model[block], words[i]);
				return false;
			}
	}
	return true;
}
