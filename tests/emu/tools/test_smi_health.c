// SPDX-License-Identifier: MIT
/* Description: accel-smi health tells a sound device from one that is not, by each check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "smi_health.h"

#define SECOND 1000000000ull
#define NOW    (1700000000 * SECOND)

static const struct smi_processes nobody;

static struct smi_device sound(void)
{
	return (struct smi_device){.driver = "1.0.0",
				   .before_ns = 1000,
				   .now_ns = NOW,
				   .info = {.name = "axon0",
					    .bdf = "0000:01:00.0",
					    .hw_version = AXON_HW_VERSION_MAJOR << 16,
					    .num_cores = 4,
					    .vram_size = 1 << 30,
					    .vram_used = 4096,
					    .num_slots = 16,
					    .free_slots = 15,
					    .timestamp_ns = 2000}};
}

/* The check with this result is `id`, all others pass. */
static void expect(const struct smi_device *d, const struct smi_processes *processes,
		   unsigned int id, enum smi_result result)
{
	struct smi_check checks[SMI_NUM_CHECKS];

	assert_int_equal(smi_health(d, processes, checks), result);
	for (unsigned int i = 0; i < SMI_NUM_CHECKS; i++) {
		assert_int_equal(checks[i].result, i == id ? result : SMI_PASS);
		assert_true(strlen(checks[i].name) > 0 && strlen(checks[i].detail) > 0);
	}
}

static void a_sound_device_passes(void **state)
{
	struct smi_device d = sound();

	(void)state;
	expect(&d, &nobody, SMI_NUM_CHECKS, SMI_PASS);
}

static void a_driver_without_a_version_fails(void **state)
{
	struct smi_device d = sound();

	(void)state;
	d.driver[0] = '\0';
	expect(&d, &nobody, SMI_CHECK_DRIVER, SMI_FAIL);
}

static void a_device_that_does_not_answer_fails(void **state)
{
	struct smi_device d = sound();

	(void)state;
	d.before_ns = d.info.timestamp_ns;
	expect(&d, &nobody, SMI_CHECK_DEVICE, SMI_FAIL);
	/* What a bus without a device reads as. */
	d = sound();
	d.info.hw_version = ~0u;
	expect(&d, &nobody, SMI_CHECK_DEVICE, SMI_FAIL);
	d = sound();
	d.info.num_cores = 0;
	expect(&d, &nobody, SMI_CHECK_DEVICE, SMI_FAIL);
	d.info.num_cores = AXON_MAX_CORES + 1;
	expect(&d, &nobody, SMI_CHECK_DEVICE, SMI_FAIL);
}

static void memory_is_accounted_for(void **state)
{
	struct smi_process user = {.pid = 7, .bdf = "0000:01:00.0"};
	struct smi_process elsewhere = {.pid = 7, .bdf = "0000:02:00.0"};
	struct smi_device d = sound();

	(void)state;
	d.info.vram_used = d.info.vram_size;
	expect(&d, &nobody, SMI_CHECK_MEMORY, SMI_WARN);
	expect(&d, &(struct smi_processes){.items = &elsewhere, .count = 1}, SMI_CHECK_MEMORY,
	       SMI_WARN);
	expect(&d, &(struct smi_processes){.items = &user, .count = 1}, SMI_NUM_CHECKS, SMI_PASS);
	expect(&d, &(struct smi_processes){.partial = true}, SMI_NUM_CHECKS, SMI_PASS);
	d.info.vram_used++;
	expect(&d, &(struct smi_processes){.partial = true}, SMI_CHECK_MEMORY, SMI_FAIL);
	d.info.vram_used = d.info.vram_size = 0;
	expect(&d, &nobody, SMI_CHECK_MEMORY, SMI_FAIL);
}

static void queues_are_counted(void **state)
{
	struct smi_device d = sound();

	(void)state;
	d.info.free_slots = 0;
	expect(&d, &nobody, SMI_CHECK_QUEUES, SMI_WARN);
	d.info.free_slots = d.info.num_slots + 1;
	expect(&d, &nobody, SMI_CHECK_QUEUES, SMI_FAIL);
}

static struct accel_event event(unsigned int kind, uint64_t seconds_ago)
{
	return (struct accel_event){.kind = kind, .time_ns = NOW - seconds_ago * SECOND};
}

/* For an hour; what is older, or not kept any more, is only counted. */
static void what_happened_warns_for_a_while(void **state)
{
	static const struct {
		unsigned int check, kind;
		size_t counter;
	} kinds[] = {
		{SMI_CHECK_FAULTS, ACCEL_EVENT_FAULT, offsetof(struct accel_device_info, faults)},
		{SMI_CHECK_RESETS, ACCEL_EVENT_QUEUE_RESET,
		 offsetof(struct accel_device_info, resets)},
		{SMI_CHECK_DEVICE_RESETS, ACCEL_EVENT_DEVICE_RESET,
		 offsetof(struct accel_device_info, device_resets)},
	};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct accel_event events[2] = {event(kinds[i].kind, 3599),
						event(kinds[i].kind, 100000)};
		struct smi_device d = sound();

		*(uint64_t *)((char *)&d.info + kinds[i].counter) = 2;
		d.events = events;
		d.num_events = 2;
		expect(&d, &nobody, kinds[i].check, SMI_WARN);
		events[0].time_ns -= 2 * SECOND;
		expect(&d, &nobody, SMI_NUM_CHECKS, SMI_PASS);
		d.num_events = 0;
		expect(&d, &nobody, SMI_NUM_CHECKS, SMI_PASS);
	}
}

static void a_memory_error_or_a_lost_chip_fails(void **state)
{
	struct accel_event events[2] = {event(ACCEL_EVENT_FAULT, 100000),
					event(ACCEL_EVENT_FAULT, 200000)};
	struct smi_device d = sound();

	(void)state;
	d.info.faults = 2;
	d.events = events;
	d.num_events = 2;
	expect(&d, &nobody, SMI_NUM_CHECKS, SMI_PASS);
	events[1].fault.cause = AXON_FAULT_ECC;
	expect(&d, &nobody, SMI_CHECK_FAULTS, SMI_FAIL);
	events[1] = event(ACCEL_EVENT_DEVICE_LOST, 200000);
	expect(&d, &nobody, SMI_CHECK_DEVICE_RESETS, SMI_FAIL);
}

static void one_device_that_fails_is_enough(void **state)
{
	struct smi_device devices[2] = {sound(), sound()};
	struct smi smi = {.devices = devices, .num_devices = 2};

	(void)state;
	devices[0].info.free_slots = 0;
	assert_false(smi_failed(&smi));
	devices[1].info.num_cores = 0;
	assert_true(smi_failed(&smi));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_device_passes),
		cmocka_unit_test(a_driver_without_a_version_fails),
		cmocka_unit_test(a_device_that_does_not_answer_fails),
		cmocka_unit_test(memory_is_accounted_for),
		cmocka_unit_test(queues_are_counted),
		cmocka_unit_test(what_happened_warns_for_a_while),
		cmocka_unit_test(a_memory_error_or_a_lost_chip_fails),
		cmocka_unit_test(one_device_that_fails_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
