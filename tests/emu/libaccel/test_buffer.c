// SPDX-License-Identifier: MIT
/*
 * Description: buffers are zeroed, placed and aligned as asked for, apart from each other, counted,
 * and refused when they do not fit.
 */
#include "rig.h"

#define BOTH	   (ACCEL_BUFFER_VRAM | ACCEL_BUFFER_SYSTEM)
#define PAGE_SIZE  4096u
#define HUGE_ALIGN (2u << 20)

static void fresh_memory_is_zero(void **state)
{
	static const unsigned int places[] = {ACCEL_BUFFER_VRAM, ACCEL_BUFFER_SYSTEM};
	struct rig *rig = *state;

	for (unsigned int i = 0; i < 16; i++) {
		size_t bytes = i % 4 < 2 ? 3 * PAGE_SIZE : 3 * HUGE_ALIGN;
		uint64_t *words;
		struct accel_buffer *buf = rig_buffer(rig, bytes, places[i % 2], &words);

		for (size_t k = 0; k < bytes / 8; k += 17)
			assert_int_equal(words[k], 0);
		memset(words, 0xff, bytes);
		rig_free(rig, buf);
	}
}

static void size_address_and_mapping(void **state)
{
	static const size_t sizes[] = {1, 4096, 4097, HUGE_ALIGN - 1, HUGE_ALIGN, HUGE_ALIGN + 1};
	struct rig *rig = *state;
	uint64_t end = 0;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct accel_buffer *buf = rig_buffer(rig, sizes[i], BOTH, NULL);
		uint64_t va = accel_buffer_va(buf), size = accel_buffer_size(buf);
		void *first, *second;

		assert_int_equal(size, (sizes[i] + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE);
		assert_int_equal(va % (size >= HUGE_ALIGN ? HUGE_ALIGN : PAGE_SIZE), 0);
		assert_true(va >= 1ull << 32);
		assert_true(va > end || va + size < end);
		end = va + size;
		assert_int_equal(accel_buffer_map(buf, &first), 0);
		assert_int_equal(accel_buffer_map(buf, &second), 0);
		assert_ptr_equal(first, second);
		((volatile char *)first)[size - 1] = 1;
	}
}

/* What is written through one mapping is not seen through another. */
static void buffers_are_apart(void **state)
{
	enum { N = 40 };
	struct rig *rig = *state;
	uint32_t *words[N];

	for (uint32_t i = 0; i < N; i++) {
		struct accel_buffer *buf = rig_buffer(rig, 3 * PAGE_SIZE, BOTH, &words[i]);

		assert_int_equal(
			accel_stream_fill(rig->stream, accel_buffer_va(buf), i + 1, 3 * PAGE_SIZE),
			0);
	}
	rig_run(rig);
	for (uint32_t i = 0; i < N; i++)
		for (uint32_t k = 0; k < 3 * PAGE_SIZE / 4; k++)
			assert_int_equal(words[i][k], i + 1);
}

static void arguments_are_checked(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf;

	assert_int_equal(accel_buffer_create(rig->vm, 0, BOTH, 0, &buf), -EINVAL);
	assert_int_equal(accel_buffer_create(rig->vm, 4096, 0, 0, &buf), -EINVAL);
	assert_int_equal(accel_buffer_create(rig->vm, 4096, BOTH | 1u << 30, 0, &buf), -EINVAL);
	assert_int_equal(accel_buffer_create(rig->vm, 4096, BOTH, 99, &buf), -EINVAL);
	assert_true(accel_buffer_create(rig->vm, SIZE_MAX, BOTH, 0, &buf) < 0);
	assert_true(accel_buffer_create(rig->vm, SIZE_MAX - 4096, BOTH, 0, &buf) < 0);
}

static uint64_t vram_used(struct rig *rig, uint64_t *size)
{
	struct accel_device_info info = {.size = sizeof(info)};

	assert_int_equal(accel_device_get_info(rig->dev, &info), 0);
	if (size)
		*size = info.vram_size;
	return info.vram_used;
}

static void device_memory_is_counted_and_ends(void **state)
{
	struct rig *rig = *state;
	uint64_t size, before = vram_used(rig, &size);
	struct accel_buffer *big, *small;

	assert_int_equal(accel_buffer_create(rig->vm, size + 1, ACCEL_BUFFER_VRAM, 0, &small),
			 -ENOSPC);
	big = rig_buffer(rig, size / 2, ACCEL_BUFFER_VRAM, NULL);
	assert_int_equal(vram_used(rig, NULL), before + size / 2);
	assert_int_equal(accel_buffer_create(rig->vm, size / 2 + 1, ACCEL_BUFFER_VRAM, 0, &small),
			 -ENOSPC);
	assert_int_equal(vram_used(rig, NULL), before + size / 2);
	assert_non_null(strstr(accel_strerror(-ENOSPC), "device memory is full"));
	rig_free(rig, big);
	assert_int_equal(vram_used(rig, NULL), before);
}

static void purposes_are_counted(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info before = {.size = sizeof(before)}, after = before;
	struct accel_buffer *buf;

	assert_int_equal(accel_device_get_info(rig->dev, &before), 0);
	for (unsigned int purpose = 0; purpose < ACCEL_NUM_PURPOSES; purpose++) {
		assert_int_equal(
			accel_buffer_create(rig->vm, 8192 * (purpose + 1),
					    purpose % 2 ? ACCEL_BUFFER_VRAM : ACCEL_BUFFER_SYSTEM,
					    purpose, &buf),
			0);
		assert_int_equal(accel_device_get_info(rig->dev, &after), 0);
		for (unsigned int i = 0; i < ACCEL_NUM_PURPOSES; i++)
			assert_int_equal(after.purpose_bytes[i] - before.purpose_bytes[i],
					 i == purpose ? 8192 * (purpose + 1) : 0);
		accel_buffer_destroy(buf);
		assert_int_equal(accel_device_get_info(rig->dev, &after), 0);
		assert_memory_equal(after.purpose_bytes, before.purpose_bytes,
				    sizeof(after.purpose_bytes));
	}
}

/* The address given back is used again, and the chip has forgotten the old translation. */
static void addresses_are_reused(void **state)
{
	struct rig *rig = *state;
	uint64_t seen = 0;

	for (uint32_t i = 1; i <= 50; i++) {
		uint32_t *words;
		struct accel_buffer *buf = rig_buffer(
			rig, 4096, i % 2 ? ACCEL_BUFFER_VRAM : ACCEL_BUFFER_SYSTEM, &words);
		struct accel_stream *stream;

		assert_true(i == 1 || accel_buffer_va(buf) == seen);
		seen = accel_buffer_va(buf);
		assert_int_equal(accel_stream_create(rig->vm, &stream), 0);
		assert_int_equal(accel_stream_fill(stream, seen, i, 4096), 0);
		assert_int_equal(accel_queue_run(rig->queue, stream), 0);
		assert_int_equal(words[1023], i);
		accel_stream_destroy(stream);
		rig_free(rig, buf);
	}
}

/* The same address in two address spaces is two places. */
static void address_spaces_are_apart(void **state)
{
	struct rig *rig = *state, other;
	uint32_t *mine, *theirs;
	struct accel_buffer *a, *b;

	other = (struct rig){.dev = rig->dev};
	assert_int_equal(accel_vm_create(rig->dev, &other.vm), 0);
	assert_int_equal(accel_queue_create(other.vm, 1, &other.queue), 0);
	assert_int_equal(accel_stream_create(other.vm, &other.stream), 0);
	a = rig_buffer(rig, 8 * HUGE_ALIGN, ACCEL_BUFFER_SYSTEM, &mine);
	b = rig_buffer(&other, 8 * HUGE_ALIGN, ACCEL_BUFFER_SYSTEM, &theirs);
	assert_int_equal(accel_buffer_va(a), accel_buffer_va(b));
	assert_int_equal(accel_stream_fill(rig->stream, accel_buffer_va(a), 1, 64), 0);
	assert_int_equal(accel_stream_fill(other.stream, accel_buffer_va(b), 2, 64), 0);
	rig_run(rig);
	rig_run(&other);
	assert_int_equal(mine[0], 1);
	assert_int_equal(theirs[0], 2);
	accel_queue_destroy(other.queue);
	accel_stream_destroy(other.stream);
	rig_free(&other, b);
	free(other.buffers);
	accel_vm_destroy(other.vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(fresh_memory_is_zero),
		RIG_TEST(size_address_and_mapping),
		RIG_TEST(buffers_are_apart),
		RIG_TEST(arguments_are_checked),
		RIG_TEST(device_memory_is_counted_and_ends),
		RIG_TEST(purposes_are_counted),
		RIG_TEST(addresses_are_reused),
		RIG_TEST(address_spaces_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
