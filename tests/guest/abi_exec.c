// SPDX-License-Identifier: MIT
/* Description: packets reach the memory that VM_BIND says, in order, and fences tell the truth. */
#include "abi.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STREAM_VA (TEST_VA + (1ull << 32))

static struct abi_stream stream;

static int setup(void **state)
{
	const struct abi *abi;

	abi_setup(state);
	abi = *state;
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	return 0;
}

static void fill(uint64_t va, uint64_t bytes, uint32_t pattern)
{
	struct axon_packet *packet = abi_packet(&stream, AXON_PKT_FILL);

	packet->fill.dst = va;
	packet->fill.bytes = bytes;
	packet->fill.pattern = pattern;
}

static void copy(uint64_t dst, uint64_t src, uint64_t bytes)
{
	struct axon_packet *packet = abi_packet(&stream, AXON_PKT_COPY);

	packet->copy.dst = dst;
	packet->copy.src = src;
	packet->copy.bytes = bytes;
}

static void run(const struct abi *abi)
{
	struct drm_axon_queue_state queue;

	assert_int_equal(abi_run(&stream, abi->fd, abi->queue), 0);
	assert_int_equal(abi_queue_state(abi->fd, abi->queue, &queue), 0);
	if (queue.fault.cause)
		fail_msg("fault %u at %#llx", queue.fault.cause,
			 (unsigned long long)queue.fault.addr);
}

/* Each page of a buffer gets its number, by the CPU; the chip copies it to another buffer. */
static void copy_between(const struct abi *abi, uint32_t from, uint32_t to)
{
	const uint64_t size = 2 * HUGE + 5 * PAGE, dst_va = TEST_VA + 16 * HUGE + 3 * PAGE;
	uint32_t src = abi_bo(abi->fd, size, from), dst = abi_bo(abi->fd, size, to);
	uint32_t *a = abi_map(abi->fd, src, size), *b = abi_map(abi->fd, dst, size);

	for (uint64_t i = 0; i < size / 4; i++)
		a[i] = (uint32_t)(i * 2654435761u);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, src, TEST_VA, size), 0);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, dst, dst_va, size), 0);
	copy(dst_va, TEST_VA, size);
	run(abi);
	assert_memory_equal(a, b, size);

	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, 32 * HUGE), 0);
	munmap(a, size);
	munmap(b, size);
	abi_close_bo(abi->fd, src);
	abi_close_bo(abi->fd, dst);
}

static void copies_within_device_memory(void **state)
{
	copy_between(*state, DRM_AXON_BO_VRAM, DRM_AXON_BO_VRAM);
}

static void copies_from_system_memory(void **state)
{
	copy_between(*state, DRM_AXON_BO_SYSTEM, DRM_AXON_BO_VRAM);
}

static void copies_to_system_memory(void **state)
{
	copy_between(*state, DRM_AXON_BO_VRAM, DRM_AXON_BO_SYSTEM);
}

/*
 * Mappings against a model of them: random maps and unmaps of pages of one buffer, several in a
 * call, over a range that starts as 2 MiB leaves; the chip then copies each mapped page out.
 */
#define MODEL_PAGES 1536u

static void check_model(const struct abi *abi, const int *model, const uint32_t *out,
			uint64_t out_va)
{
	unsigned int mapped = 0;

	for (unsigned int i = 0; i < MODEL_PAGES; i++) {
		if (model[i] < 0)
			continue;
		copy(out_va + 4ull * i, TEST_VA + i * PAGE, 4);
		if (++mapped % 1000 == 0)
			run(abi);
	}
	run(abi);
	for (unsigned int i = 0; i < MODEL_PAGES; i++)
		if (model[i] >= 0 && out[i] != (uint32_t)model[i])
			fail_msg("page %u: expected page %d of the buffer, found %u", i, model[i],
				 out[i]);
}

static void mappings_follow_a_model(void **state)
{
	const struct abi *abi = *state;
	const uint64_t size = MODEL_PAGES * PAGE, out_va = TEST_VA + 64 * HUGE;
	uint32_t bo = abi_bo(abi->fd, size, DRM_AXON_BO_VRAM);
	uint32_t out_bo = abi_bo(abi->fd, 2 * PAGE, DRM_AXON_BO_SYSTEM);
	uint32_t *pages = abi_map(abi->fd, bo, size), *out = abi_map(abi->fd, out_bo, 2 * PAGE);
	struct drm_axon_bind_op ops[8];
	int model[MODEL_PAGES];

	for (unsigned int i = 0; i < MODEL_PAGES; i++)
		pages[i * PAGE / 4] = i;
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, out_bo, out_va, 2 * PAGE), 0);

	srand(1);
	for (unsigned int round = 0; round < 24; round++) {
		unsigned int n = (unsigned int)rand() % 8 + 1;

		/* Every third round starts from whole leaves again. */
		if (round % 3 == 0) {
			assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, size), 0);
			assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, size), 0);
			for (unsigned int i = 0; i < MODEL_PAGES; i++)
				model[i] = (int)i;
		}
		for (unsigned int i = 0; i < n; i++) {
			unsigned int first = (unsigned int)rand() % MODEL_PAGES;
			unsigned int count = (unsigned int)rand() % (MODEL_PAGES - first) + 1;
			unsigned int page = (unsigned int)rand() % (MODEL_PAGES - count + 1);
			bool map = rand() % 2;

			ops[i] = (struct drm_axon_bind_op){
				.op = map ? DRM_AXON_BIND_MAP : DRM_AXON_BIND_UNMAP,
				.bo_handle = map ? bo : 0,
				.bo_offset = map ? page * PAGE : 0,
				.va = TEST_VA + first * PAGE,
				.size = count * PAGE,
			};
			for (unsigned int k = 0; k < count; k++)
				model[first + k] = map ? (int)(page + k) : -1;
		}
		assert_int_equal(abi_bind(abi->fd, abi->vm, ops, n), 0);
		check_model(abi, model, out, out_va);
	}
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, 128 * HUGE), 0);
	abi_close_bo(abi->fd, bo);
	abi_close_bo(abi->fd, out_bo);
}

/* The last of four operations is bad: the mappings stay what they were. */
static void failed_bind_changes_nothing(void **state)
{
	const struct abi *abi = *state;
	const uint64_t out_va = TEST_VA + 64 * HUGE;
	uint32_t a = abi_bo(abi->fd, 2 * PAGE, DRM_AXON_BO_VRAM);
	uint32_t b = abi_bo(abi->fd, 2 * PAGE, DRM_AXON_BO_VRAM);
	uint32_t out_bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_SYSTEM);
	uint32_t *words = abi_map(abi->fd, a, 2 * PAGE), *out = abi_map(abi->fd, out_bo, PAGE);
	struct drm_axon_query_memory memory[2];
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_MEMORY,
		.size = sizeof(memory),
		.pointer = (uintptr_t)memory,
	};
	struct drm_axon_bo_create hog = {.flags = DRM_AXON_BO_VRAM};
	struct drm_axon_bind_op ops[4] = {
		{.op = DRM_AXON_BIND_MAP, .bo_handle = b, .va = TEST_VA, .size = 2 * PAGE},
		{.op = DRM_AXON_BIND_UNMAP, .va = TEST_VA, .size = PAGE},
		{.op = DRM_AXON_BIND_MAP, .va = TEST_VA + 8 * HUGE},
		{.op = DRM_AXON_BIND_MAP, .va = TEST_VA + (1ull << 34)},
	};
	uint32_t big;

	words[0] = 11;
	words[PAGE / 4] = 22;
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, a, TEST_VA, 2 * PAGE), 0);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, out_bo, out_va, PAGE), 0);

	/* Half of device memory and over a half of it do not fit together. */
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	big = abi_bo(abi->fd, memory[0].size / 2 + PAGE, DRM_AXON_BO_VRAM);
	hog.size = memory[0].size / 2;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_CREATE, &hog), 0);
	ops[2].bo_handle = big;
	ops[2].size = memory[0].size / 2 + PAGE;
	ops[3].bo_handle = hog.handle;
	ops[3].size = hog.size;
	assert_int_equal(abi_bind(abi->fd, abi->vm, ops, 4), -ENOSPC);

	copy(out_va, TEST_VA, 4);
	copy(out_va + 4, TEST_VA + PAGE, 4);
	run(abi);
	assert_int_equal(out[0], 11);
	assert_int_equal(out[1], 22);

	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, 128 * HUGE), 0);
	munmap(words, 2 * PAGE);
	munmap(out, PAGE);
	abi_close_bo(abi->fd, a);
	abi_close_bo(abi->fd, b);
	abi_close_bo(abi->fd, big);
	abi_close_bo(abi->fd, hog.handle);
	abi_close_bo(abi->fd, out_bo);
}

static void jobs_run_in_order(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_SYSTEM);
	uint32_t *words = abi_map(abi->fd, bo, PAGE);
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(abi->fd),
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
	};

	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, PAGE), 0);
	for (unsigned int i = 0; i < 600; i++)
		fill(TEST_VA, 4, i + 1);
	/* More jobs than the ring holds, each of one packet. */
	for (unsigned int i = 0; i < 600; i++) {
		sync.point = i + 1;
		assert_int_equal(abi_submit(abi->fd, abi->queue, STREAM_VA + i * AXON_PACKET_SIZE,
					    1, &sync, 1),
				 0);
	}
	stream.count = 0;
	assert_int_equal(abi_wait(abi->fd, sync.handle, 600, 60000), 0);
	assert_int_equal(words[0], 600);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, PAGE), 0);
	munmap(words, PAGE);
	abi_close_bo(abi->fd, bo);
}

static void many_calls_are_one_job(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_SYSTEM);
	uint32_t *words = abi_map(abi->fd, bo, PAGE);
	struct drm_axon_call calls[DRM_AXON_MAX_CALLS];
	struct drm_axon_sync sync = {
		.handle = abi_syncobj(abi->fd),
		.flags = DRM_AXON_SYNC_SIGNAL,
	};
	struct drm_axon_submit submit = {
		.queue_id = abi->queue,
		.calls = {.stride = sizeof(calls[0]),
			  .count = DRM_AXON_MAX_CALLS,
			  .pointer = (uintptr_t)calls},
		.syncs = {.stride = sizeof(sync), .count = 1, .pointer = (uintptr_t)&sync},
	};

	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, PAGE), 0);
	for (unsigned int i = 0; i < DRM_AXON_MAX_CALLS; i++) {
		fill(TEST_VA + 4 * i, 4, i + 1);
		calls[i] = (struct drm_axon_call){
			.va = STREAM_VA + i * AXON_PACKET_SIZE,
			.count = 1,
		};
	}
	stream.count = 0;
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_SUBMIT, &submit), 0);
	assert_int_equal(abi_wait(abi->fd, sync.handle, 0, 60000), 0);
	for (unsigned int i = 0; i < DRM_AXON_MAX_CALLS; i++)
		assert_int_equal(words[i], i + 1);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, PAGE), 0);
	munmap(words, PAGE);
	abi_close_bo(abi->fd, bo);
}

static void job_waits_for_a_timeline(void **state)
{
	const struct abi *abi = *state;
	uint32_t bo = abi_bo(abi->fd, PAGE, DRM_AXON_BO_SYSTEM);
	volatile uint32_t *words = abi_map(abi->fd, bo, PAGE);
	uint32_t second = abi_queue(abi->fd, abi->vm);
	struct drm_axon_sync syncs[2] = {
		{.handle = abi_syncobj(abi->fd), .flags = DRM_AXON_SYNC_TIMELINE, .point = 1},
		{.handle = abi_syncobj(abi->fd),
		 .flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
		 .point = 7},
	};
	struct drm_axon_sync gate = {
		.handle = syncs[0].handle,
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
		.point = 1,
	};
	struct axon_packet *wait;

	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, PAGE), 0);
	/* The first queue waits for memory that the CPU will write, the second for the first. */
	wait = abi_packet(&stream, AXON_PKT_WAIT);
	wait->wait.addr = TEST_VA + 64;
	wait->wait.value = 1;
	fill(TEST_VA, 4, 5);
	assert_int_equal(abi_submit(abi->fd, abi->queue, STREAM_VA, 1, &gate, 1), 0);
	assert_int_equal(abi_submit(abi->fd, second, STREAM_VA + AXON_PACKET_SIZE, 1, syncs, 2), 0);
	stream.count = 0;

	assert_int_equal(abi_wait(abi->fd, syncs[1].handle, 7, 200), -ETIME);
	assert_int_equal(words[0], 0);
	words[16] = 1;
	assert_int_equal(abi_wait(abi->fd, syncs[1].handle, 7, 60000), 0);
	assert_int_equal(words[0], 5);
	assert_int_equal(abi_unbind(abi->fd, abi->vm, TEST_VA, PAGE), 0);
	munmap((void *)words, PAGE);
	abi_close_bo(abi->fd, bo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_within_device_memory),
		cmocka_unit_test(copies_from_system_memory),
		cmocka_unit_test(copies_to_system_memory),
		cmocka_unit_test(mappings_follow_a_model),
		cmocka_unit_test(failed_bind_changes_nothing),
		cmocka_unit_test(jobs_run_in_order),
		cmocka_unit_test(many_calls_are_one_job),
		cmocka_unit_test(job_waits_for_a_timeline),
	};

	return cmocka_run_group_tests(tests, setup, abi_teardown);
}
