// SPDX-License-Identifier: MIT
/* Description: BO_CREATE and BO_MMAP_OFFSET; what a buffer holds at first, where it can be. */
#include "abi.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int create(const struct abi *abi, struct drm_axon_bo_create *args)
{
	return abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_CREATE, args);
}

static void size_is_rounded_up(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_create args = {.size = 1, .flags = DRM_AXON_BO_VRAM};

	assert_int_equal(create(abi, &args), 0);
	assert_int_equal(args.size, PAGE);
	abi_close_bo(abi->fd, args.handle);
}

/* Fill memory with a pattern, free it, and look for the pattern in what is handed out next. */
static void is_zero_at_first(const struct abi *abi, uint32_t flags)
{
	const uint64_t size = 8 << 20;
	uint32_t bo = abi_bo(abi->fd, size, flags);
	uint64_t *words = abi_map(abi->fd, bo, size);

	memset(words, 0x5a, size);
	munmap(words, size);
	abi_close_bo(abi->fd, bo);

	bo = abi_bo(abi->fd, size, flags);
	words = abi_map(abi->fd, bo, size);
	for (uint64_t i = 0; i < size / 8; i++)
		if (words[i])
			fail_msg("byte %llu is not zero", (unsigned long long)i * 8);
	munmap(words, size);
	abi_close_bo(abi->fd, bo);
}

static void vram_is_zero_at_first(void **state)
{
	is_zero_at_first(*state, DRM_AXON_BO_VRAM);
}

static void system_memory_is_zero_at_first(void **state)
{
	is_zero_at_first(*state, DRM_AXON_BO_SYSTEM);
}

static void keeps_what_is_written(void **state)
{
	const struct abi *abi = *state;
	const uint64_t size = 3 * HUGE + PAGE;
	uint32_t bo = abi_bo(abi->fd, size, DRM_AXON_BO_VRAM);
	uint64_t *words = abi_map(abi->fd, bo, size);

	for (uint64_t i = 0; i < size / 8; i += 512)
		words[i] = i + 1;
	munmap(words, size);
	words = abi_map(abi->fd, bo, size);
	for (uint64_t i = 0; i < size / 8; i += 512)
		assert_int_equal(words[i], i + 1);
	munmap(words, size);
	abi_close_bo(abi->fd, bo);
}

static uint64_t vram_size(const struct abi *abi)
{
	struct drm_axon_query_device device;
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	return device.vram_size;
}

/* Unmapped buffers go to system memory when device memory is full, and keep their contents. */
static void full_vram_pushes_out_what_is_not_mapped(void **state)
{
	const struct abi *abi = *state;
	const uint64_t piece = vram_size(abi) / 4;
	uint32_t bo[5];
	uint64_t *words;

	for (unsigned int i = 0; i < 5; i++) {
		bo[i] = abi_bo(abi->fd, piece, DRM_AXON_BO_VRAM);
		words = abi_map(abi->fd, bo[i], piece);
		for (uint64_t k = 0; k < piece / 8; k += PAGE / 8)
			words[k] = k + i;
		munmap(words, piece);
	}
	for (unsigned int i = 0; i < 5; i++) {
		words = abi_map(abi->fd, bo[i], piece);
		for (uint64_t k = 0; k < piece / 8; k += PAGE / 8)
			assert_int_equal(words[k], k + i);
		munmap(words, piece);
		abi_close_bo(abi->fd, bo[i]);
	}
}

/* Mapping it brings a buffer back; what was written meanwhile by the CPU comes along. */
static void pushed_out_buffers_return(void **state)
{
	const struct abi *abi = *state;
	const uint64_t piece = vram_size(abi) / 2;
	uint32_t bo = abi_bo(abi->fd, piece, DRM_AXON_BO_VRAM), other;
	uint64_t *words = abi_map(abi->fd, bo, piece);

	for (uint64_t k = 0; k < piece / 8; k += PAGE / 8)
		words[k] = k;
	other = abi_bo(abi->fd, piece, DRM_AXON_BO_VRAM);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, other, TEST_VA, piece), 0);
	abi_close_bo(abi->fd, abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM));
	for (uint64_t k = 0; k < piece / 8; k += PAGE / 4)
		words[k] = ~k;

	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, piece), 0);
	abi_close_bo(abi->fd, other);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, piece), 0);
	for (uint64_t k = 0; k < piece / 8; k += PAGE / 8)
		assert_int_equal(words[k], k % (PAGE / 4) ? k : ~k);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, piece), 0);
	munmap(words, piece);
	abi_close_bo(abi->fd, bo);
}

static void copy_engine_cycles(const struct abi *abi, uint64_t *cycles)
{
	struct drm_axon_query_engine engines[AXON_NUM_ENGINES];
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_ENGINES,
		.size = sizeof(engines),
		.pointer = (uintptr_t)engines,
	};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	*cycles = engines[AXON_ENGINE_COPY].busy_cycles;
}

/* The CPU could, but it would take long. */
static void chip_clears_vram(void **state)
{
	const struct abi *abi = *state;
	uint64_t before, after;

	copy_engine_cycles(abi, &before);
	abi_close_bo(abi->fd, abi_bo(abi->fd, 16 << 20, DRM_AXON_BO_VRAM));
	copy_engine_cycles(abi, &after);
	assert_true(after > before);
}

static uint64_t vram_used(const struct abi *abi)
{
	struct drm_axon_query_memory memory[2];
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_MEMORY,
		.size = sizeof(memory),
		.pointer = (uintptr_t)memory,
	};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	assert_int_equal(memory[0].kind, DRM_AXON_MEMORY_VRAM);
	return memory[0].used;
}

/* They leave like others. */
static void mapped_buffers_make_room(void **state)
{
	const struct abi *abi = *state;
	const uint64_t piece = vram_size(abi) / 2;
	uint32_t bo = abi_bo(abi->fd, piece, DRM_AXON_BO_VRAM);
	volatile uint32_t *word = abi_map(abi->fd, bo, PAGE);

	*word = 12345;
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, piece), 0);
	abi_close_bo(abi->fd, abi_bo(abi->fd, piece + PAGE, DRM_AXON_BO_VRAM));
	assert_int_equal(*word, 12345);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, piece), 0);
	munmap((void *)word, PAGE);
	abi_close_bo(abi->fd, bo);
}

/* What may be in either place pushes nobody out. */
static void falls_back_to_system_memory(void **state)
{
	const struct abi *abi = *state;
	const uint64_t piece = vram_size(abi) / 2;
	uint32_t first = abi_bo(abi->fd, piece + PAGE, DRM_AXON_BO_VRAM);
	uint64_t used = vram_used(abi);
	uint32_t bo = abi_bo(abi->fd, piece, DRM_AXON_BO_VRAM | DRM_AXON_BO_SYSTEM);

	assert_int_equal(vram_used(abi), used);
	abi_close_bo(abi->fd, bo);
	abi_close_bo(abi->fd, first);
}

static void rejects_size_0(void **state)
{
	struct drm_axon_bo_create args = {.flags = DRM_AXON_BO_VRAM};

	assert_int_equal(create(*state, &args), -EINVAL);
}

static void rejects_no_placement(void **state)
{
	struct drm_axon_bo_create args = {.size = PAGE};

	assert_int_equal(create(*state, &args), -EINVAL);
}

static void rejects_unknown_flag(void **state)
{
	struct drm_axon_bo_create args = {.size = PAGE, .flags = DRM_AXON_BO_VRAM | 1u << 31};

	assert_int_equal(create(*state, &args), -EINVAL);
}

static void rejects_unknown_purpose(void **state)
{
	struct drm_axon_bo_create args = {
		.size = PAGE,
		.flags = DRM_AXON_BO_VRAM,
		.purpose = DRM_AXON_PURPOSE_COUNT,
	};

	assert_int_equal(create(*state, &args), -EINVAL);
}

static void rejects_unknown_vm(void **state)
{
	struct drm_axon_bo_create args = {.size = PAGE, .flags = DRM_AXON_BO_VRAM, .vm_id = 999};

	assert_int_equal(create(*state, &args), -ENOENT);
}

static void rejects_more_than_there_is(void **state)
{
	struct drm_axon_bo_create args = {
		.size = vram_size(*state) + PAGE,
		.flags = DRM_AXON_BO_VRAM,
	};

	assert_int_equal(create(*state, &args), -ENOSPC);
}

static void rejects_size_that_overflows(void **state)
{
	struct drm_axon_bo_create args = {.size = UINT64_MAX, .flags = DRM_AXON_BO_SYSTEM};

	assert_int_equal(create(*state, &args), -ENOSPC);
}

static void mmap_offset_rejects_unknown_handle(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_mmap_offset args = {.handle = 9999};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &args), -ENOENT);
}

static void mmap_offset_rejects_padding(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_mmap_offset args = {
		.handle = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM),
		.pad = 1,
	};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &args), -EINVAL);
	abi_close_bo(abi->fd, args.handle);
}

static void mmap_rejects_another_file(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_mmap_offset args = {.handle = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM)};
	int other = abi_open();

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &args), 0);
	assert_ptr_equal(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, (off_t)args.offset),
			 MAP_FAILED);
	assert_int_equal(errno, EACCES);
	close(other);
	abi_close_bo(abi->fd, args.handle);
}

static void mmap_rejects_more_than_the_buffer(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_bo_mmap_offset args = {.handle = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM)};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &args), 0);
	assert_ptr_equal(mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, abi->fd, (off_t)args.offset),
			 MAP_FAILED);
	abi_close_bo(abi->fd, args.handle);
}

static void export_is_refused(void **state)
{
	const struct abi *abi = *state;
	struct drm_prime_handle args = {.handle = abi_bo(abi->fd, PAGE, DRM_AXON_BO_VRAM)};

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args), -EOPNOTSUPP);
	abi_close_bo(abi->fd, args.handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_rounded_up),
		cmocka_unit_test(vram_is_zero_at_first),
		cmocka_unit_test(system_memory_is_zero_at_first),
		cmocka_unit_test(keeps_what_is_written),
		cmocka_unit_test(full_vram_pushes_out_what_is_not_mapped),
		cmocka_unit_test(pushed_out_buffers_return),
		cmocka_unit_test(chip_clears_vram),
		cmocka_unit_test(mapped_buffers_make_room),
		cmocka_unit_test(falls_back_to_system_memory),
		cmocka_unit_test(rejects_size_0),
		cmocka_unit_test(rejects_no_placement),
		cmocka_unit_test(rejects_unknown_flag),
		cmocka_unit_test(rejects_unknown_purpose),
		cmocka_unit_test(rejects_unknown_vm),
		cmocka_unit_test(rejects_more_than_there_is),
		cmocka_unit_test(rejects_size_that_overflows),
		cmocka_unit_test(mmap_offset_rejects_unknown_handle),
		cmocka_unit_test(mmap_offset_rejects_padding),
		cmocka_unit_test(mmap_rejects_another_file),
		cmocka_unit_test(mmap_rejects_more_than_the_buffer),
		cmocka_unit_test(export_is_refused),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
