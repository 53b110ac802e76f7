// SPDX-License-Identifier: MIT
/* Description: QUERY tells what there is, in arrays that can grow. */
#include "abi.h"

#include <stdlib.h>
#include <unistd.h>

static int query(const struct abi *abi, uint32_t type, void *data, uint32_t *size)
{
	struct drm_axon_query query = {.type = type, .size = *size, .pointer = (uintptr_t)data};
	int ret = abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query);

	*size = query.size;
	return ret;
}

static void describes_the_device(void **state)
{
	struct drm_axon_query_device device;
	uint32_t size = sizeof(device);

	assert_int_equal(query(*state, DRM_AXON_QUERY_DEVICE, &device, &size), 0);
	assert_int_equal(size, sizeof(device));
	assert_int_equal(device.hw_version >> 16, AXON_HW_VERSION_MAJOR);
	assert_in_range(device.num_cores, 1, AXON_MAX_CORES);
	assert_int_equal(device.clock_hz, AXON_CLOCK_HZ);
	assert_int_equal(device.num_slots, AXON_NUM_SLOTS);
	assert_true(device.vram_size >= 16 << 20);
	assert_true(device.va_start < device.va_end);
	/* One is the driver's, one this test's own. */
	assert_in_range(device.free_slots, 0, AXON_NUM_SLOTS - 2);
}

static void size_0_asks_for_the_size(void **state)
{
	uint32_t size = 0;

	assert_int_equal(query(*state, DRM_AXON_QUERY_DEVICE, NULL, &size), 0);
	assert_int_equal(size, sizeof(struct drm_axon_query_device));
}

static void smaller_size_truncates(void **state)
{
	struct drm_axon_query_device device;
	uint32_t size = 4;

	memset(&device, 0x5a, sizeof(device));
	assert_int_equal(query(*state, DRM_AXON_QUERY_DEVICE, &device, &size), 0);
	assert_int_equal(device.hw_version >> 16, AXON_HW_VERSION_MAJOR);
	assert_int_equal(device.num_cores, 0x5a5a5a5a);
}

static void larger_size_is_zero_filled(void **state)
{
	unsigned char buffer[sizeof(struct drm_axon_query_device) + 64];
	uint32_t size = sizeof(buffer);

	memset(buffer, 0x5a, sizeof(buffer));
	assert_int_equal(query(*state, DRM_AXON_QUERY_DEVICE, buffer, &size), 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(buffer[sizeof(struct drm_axon_query_device) + i], 0);
}

static void counts_memory_in_use(void **state)
{
	const struct abi *abi = *state;
	struct drm_axon_query_memory before[2], after[2];
	uint32_t size = sizeof(before);
	uint32_t bo;

	assert_int_equal(query(abi, DRM_AXON_QUERY_MEMORY, before, &size), 0);
	assert_int_equal(size, sizeof(before));
	assert_int_equal(before[0].kind, DRM_AXON_MEMORY_VRAM);
	assert_int_equal(before[1].kind, DRM_AXON_MEMORY_SYSTEM);

	bo = abi_bo(abi->fd, 1 << 20, DRM_AXON_BO_VRAM);
	assert_int_equal(query(abi, DRM_AXON_QUERY_MEMORY, after, &size), 0);
	assert_int_equal(after[0].used - before[0].used, 1 << 20);
	assert_int_equal(after[1].used, before[1].used);

	abi_close_bo(abi->fd, bo);
	assert_int_equal(query(abi, DRM_AXON_QUERY_MEMORY, after, &size), 0);
	assert_int_equal(after[0].used, before[0].used);
}

static void lists_the_engines(void **state)
{
	struct drm_axon_query_engine engines[AXON_NUM_ENGINES];
	uint32_t size = sizeof(engines);

	assert_int_equal(query(*state, DRM_AXON_QUERY_ENGINES, engines, &size), 0);
	assert_int_equal(size, sizeof(engines));
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		assert_int_equal(engines[e].engine, e);
}

static void timestamps_move_together(void **state)
{
	struct drm_axon_query_timestamp a, b;
	uint32_t size = sizeof(a);
	int64_t drift;

	assert_int_equal(query(*state, DRM_AXON_QUERY_TIMESTAMP, &a, &size), 0);
	usleep(50000);
	assert_int_equal(query(*state, DRM_AXON_QUERY_TIMESTAMP, &b, &size), 0);
	assert_true(b.device_ns > a.device_ns);
	drift = (int64_t)(b.device_ns - a.device_ns) - (int64_t)(b.cpu_ns - a.cpu_ns);
	assert_true(llabs(drift) < 20000000);
}

static void rejects_unknown_type(void **state)
{
	uint32_t size = 0;

	assert_int_equal(query(*state, 99, NULL, &size), -EINVAL);
}

static void rejects_bad_pointer(void **state)
{
	uint32_t size = sizeof(struct drm_axon_query_device);

	assert_int_equal(query(*state, DRM_AXON_QUERY_DEVICE, (void *)8, &size), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_the_device),
		cmocka_unit_test(size_0_asks_for_the_size),
		cmocka_unit_test(smaller_size_truncates),
		cmocka_unit_test(larger_size_is_zero_filled),
		cmocka_unit_test(counts_memory_in_use),
		cmocka_unit_test(lists_the_engines),
		cmocka_unit_test(timestamps_move_together),
		cmocka_unit_test(rejects_unknown_type),
		cmocka_unit_test(rejects_bad_pointer),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
