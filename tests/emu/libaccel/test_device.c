// SPDX-License-Identifier: MIT
/*
 * Description: devices are counted, chosen by ACCEL_VISIBLE_DEVICES, described, and their queues and
 * address spaces run out with the right error.
 */
#include "rig.h"

static void visible_devices(void **state)
{
	static const struct {
		const char *list;
		int count;
	} cases[] = {
		{"0", 1},      {"", 0},		{"0,0", 2},	{"7777", -ENXIO},
		{"x", -ENXIO}, {"0,x", -ENXIO}, {"-1", -ENXIO}, {",", -ENXIO},
		{"0,", 1},     {"0 ", -ENXIO},	{"+0", -ENXIO}, {"0x0", -ENXIO},
	};
	struct rig *rig = *state;
	struct accel_device_info info = {.size = sizeof(info)};
	struct accel_device *dev;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		setenv("ACCEL_VISIBLE_DEVICES", cases[i].list, 1);
		assert_int_equal(accel_device_count(), cases[i].count);
		if (cases[i].count < 0)
			assert_int_equal(accel_device_open(0, &dev), cases[i].count);
		else
			assert_int_equal(accel_device_open(cases[i].count, &dev), -ENXIO);
	}
	assert_int_equal(accel_device_get_info(rig->dev, &info), 0);
	setenv("ACCEL_VISIBLE_DEVICES", info.bdf, 1);
	assert_int_equal(accel_device_count(), 1);
	unsetenv("ACCEL_VISIBLE_DEVICES");
	assert_true(accel_device_count() >= 1);
	assert_int_equal(accel_device_open(10000, &dev), -ENXIO);
}

static void information(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info info = {.size = sizeof(info)};
	static const uint8_t no_uuid[16];

	assert_int_equal(accel_device_get_info(rig->dev, &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_memory_equal(info.name, "axon", 4);
	assert_true(strlen(info.bdf) > 0);
	assert_memory_not_equal(info.uuid, no_uuid, sizeof(no_uuid));
	assert_int_equal(info.hw_version >> 16, AXON_HW_VERSION_MAJOR);
	assert_in_range(info.num_cores, 1, AXON_MAX_CORES);
	assert_int_equal(info.sram_size & (info.sram_size - 1), 0);
	assert_int_equal(info.vram_size & (info.vram_size - 1), 0);
	assert_in_range(info.free_slots, 0, info.num_slots - 1); /* the rig has a queue */
	assert_true(info.timestamp_ns > 0);
}

/* A program that was built against a shorter or longer struct. */
static void information_of_other_sizes(void **state)
{
	struct rig *rig = *state;
	struct {
		struct accel_device_info info;
		uint64_t more;
	} longer = {.info.size = sizeof(longer), .more = 1};
	struct accel_device_info shorter = {.size = offsetof(struct accel_device_info, features)};

	assert_int_equal(accel_device_get_info(rig->dev, &longer.info), 0);
	assert_int_equal(longer.more, 0);
	assert_int_equal(longer.info.size, sizeof(struct accel_device_info));
	shorter.vram_size = 77;
	assert_int_equal(accel_device_get_info(rig->dev, &shorter), 0);
	assert_int_equal(shorter.num_cores, longer.info.num_cores);
	assert_int_equal(shorter.vram_size, 77);
	shorter.size = 3;
	assert_int_equal(accel_device_get_info(rig->dev, &shorter), -EINVAL);
}

static void engines_get_busy(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info before = {.size = sizeof(before)}, after = before;
	uint64_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 1 << 20, ACCEL_BUFFER_SYSTEM, &words);
	struct test_step_args args = {
		.value = accel_buffer_va(buf),
		.by = accel_buffer_va(buf) + 8,
	};

	assert_int_equal(accel_device_get_info(rig->dev, &before), 0);
	rig_launch(rig, "test_step", 1, &args, sizeof(args));
	assert_int_equal(accel_stream_fill(rig->stream, accel_buffer_va(buf), 1, 1 << 20), 0);
	rig_run(rig);
	assert_int_equal(accel_device_get_info(rig->dev, &after), 0);
	assert_true(after.busy_cycles[AXON_ENGINE_HART] > before.busy_cycles[AXON_ENGINE_HART]);
	assert_true(after.busy_cycles[AXON_ENGINE_COPY] > before.busy_cycles[AXON_ENGINE_COPY]);
	assert_true(after.timestamp_ns > before.timestamp_ns);
}

/* In-process they run out with the slots; the kernel driver lends slots to as many as there are. */
static void queues_run_out(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info info = {.size = sizeof(info)};
	struct accel_queue *queues[AXON_NUM_SLOTS + 4];
	unsigned int n = 0;
	int ret = 0;

	assert_int_equal(accel_device_get_info(rig->dev, &info), 0);
	while (n < AXON_NUM_SLOTS + 4 && !(ret = accel_queue_create(rig->vm, n % 2, &queues[n])))
		n++;
	assert_int_equal(ret, rig_in_process(rig) ? -EBUSY : 0);
	assert_int_equal(n, rig_in_process(rig) ? info.free_slots : AXON_NUM_SLOTS + 4);
	rig_run(rig);
	while (n)
		accel_queue_destroy(queues[--n]);
	assert_int_equal(accel_queue_create(rig->vm, 3, &queues[0]), -EINVAL);
}

static void address_spaces_run_out(void **state)
{
	struct rig *rig = *state;
	struct accel_vm *vms[300];
	unsigned int n = 0;
	int ret = 0;

	while (n < 300 && !(ret = accel_vm_create(rig->dev, &vms[n])))
		n++;
	assert_int_equal(ret, -EUSERS);
	assert_in_range(n, 1, AXON_NUM_AS - 1);
	while (n)
		accel_vm_destroy(vms[--n]);
}

static void errors_have_words(void **state)
{
	(void)state;
	assert_non_null(strstr(accel_strerror(-EUNATCH), "load the module"));
	assert_non_null(strstr(accel_strerror(-EACCES), "60-axon.rules"));
	assert_non_null(strstr(accel_strerror(-ETIME), "out of time"));
	assert_non_null(strstr(accel_strerror(-EINVAL), "argument"));
	assert_string_equal(accel_strerror(0), "success");
	assert_non_null(strstr(accel_strerror(-9999), "errno"));
	assert_string_equal(accel_version(), "1.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(visible_devices),
		RIG_TEST(information),
		RIG_TEST(information_of_other_sizes),
		RIG_TEST(engines_get_busy),
		RIG_TEST(queues_run_out),
		RIG_TEST(address_spaces_run_out),
		cmocka_unit_test(errors_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
