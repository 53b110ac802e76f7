// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "smi_event.h"
#include "smi_health.h"

/* Less than this the driver itself holds while no process uses the device. */
#define DRIVER_BYTES (1u << 20)

static void set(struct smi_check *check, enum smi_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void set(struct smi_check *check, enum smi_result result, const char *format, ...)
{
	va_list args;

	check->result = result;
	va_start(args, format);
	vsnprintf(check->detail, sizeof(check->detail), format, args);
	va_end(args);
}

static void check_driver(const struct smi_device *d, struct smi_check *check)
{
	if (!smi_bdf(d))
		set(check, SMI_SKIP, "none: the chip is emulated in this process");
	else if (!d->driver[0])
		set(check, SMI_FAIL, "the node does not tell its driver's version");
	else
		set(check, SMI_PASS, "loaded, version %s", d->driver);
}

static void check_device(const struct smi_device *d, struct smi_check *check)
{
	const struct accel_device_info *info = &d->info;

	if (info->hw_version >> 16 != AXON_HW_VERSION_MAJOR)
		set(check, SMI_FAIL, "hardware version: expected %u.x, found %u.%u",
		    AXON_HW_VERSION_MAJOR, info->hw_version >> 16, info->hw_version & 0xffff);
	else if (!info->num_cores || info->num_cores > AXON_MAX_CORES)
		set(check, SMI_FAIL, "cores: expected 1 to %u, found %u", AXON_MAX_CORES,
		    info->num_cores);
	else if (info->timestamp_ns <= d->before_ns)
		set(check, SMI_FAIL, "its clock stands still at %" PRIu64 " ns",
		    info->timestamp_ns);
	else
		set(check, SMI_PASS, "answers, its clock runs");
}

static bool has_users(const struct smi_device *d, const struct smi_processes *processes)
{
	for (size_t i = 0; i < processes->count; i++)
		if (smi_owns(d, &processes->items[i]))
			return true;
	return processes->partial;
}

static void check_memory(const struct smi_device *d, const struct smi_processes *processes,
			 struct smi_check *check)
{
	uint64_t used = d->info.vram_used, size = d->info.vram_size;

	if (!size || used > size)
		set(check, SMI_FAIL, "%" PRIu64 " bytes in use of %" PRIu64, used, size);
	else if (smi_bdf(d) && used >= DRIVER_BYTES && !has_users(d, processes))
		set(check, SMI_WARN, "%" PRIu64 " MiB in use, but no process has the device open",
		    used >> 20);
	else
		set(check, SMI_PASS, "%" PRIu64 " of %" PRIu64 " MiB in use", used >> 20,
		    size >> 20);
}

static void check_queues(const struct smi_device *d, struct smi_check *check)
{
	const struct accel_device_info *info = &d->info;

	if (!info->num_slots || info->free_slots > info->num_slots)
		set(check, SMI_FAIL, "expected at most %u free, found %u", info->num_slots,
		    info->free_slots);
	else if (!info->free_slots)
		set(check, SMI_WARN, "all %u are taken; the next process is refused one",
		    info->num_slots);
	else
		set(check, SMI_PASS, "%u of %u free", info->free_slots, info->num_slots);
}

/* "3 minutes ago" */
static const char *age(const struct smi_device *d, const struct accel_event *e, char text[32])
{
	uint64_t seconds = d->now_ns > e->time_ns ? (d->now_ns - e->time_ns) / 1000000000 : 0;

	if (seconds < 120)
		snprintf(text, 32, "%u s ago", (unsigned int)seconds);
	else if (seconds < 2 * SMI_RECENT_SECONDS)
		snprintf(text, 32, "%u minutes ago", (unsigned int)(seconds / 60));
	else
		snprintf(text, 32, "%u hours ago", (unsigned int)(seconds / 3600));
	return text;
}

static bool is_recent(const struct smi_device *d, const struct accel_event *e)
{
	return e->time_ns + SMI_RECENT_SECONDS * 1000000000ull >= d->now_ns;
}

/* A mistake of a program, as a rule; but what the memory lost is the device's. */
static void check_faults(const struct smi_device *d, struct smi_check *check)
{
	const struct accel_event *newest = smi_event_newest(d, ACCEL_EVENT_FAULT);
	char text[32];

	for (unsigned int i = 0; i < d->num_events; i++)
		if (d->events[i].fault.cause == AXON_FAULT_ECC) {
			set(check, SMI_FAIL, "uncorrectable memory error, %s",
			    age(d, &d->events[i], text));
			return;
		}
	if (!d->info.faults)
		set(check, SMI_PASS, "none since the driver took the device");
	else if (!newest)
		set(check, SMI_PASS, "%" PRIu64 ", the newest no longer kept", d->info.faults);
	else
		set(check, is_recent(d, newest) ? SMI_WARN : SMI_PASS,
		    "%" PRIu64 ", the newest %s %s", d->info.faults,
		    accel_fault_name(newest->fault.cause), age(d, newest, text));
}

static void check_resets(uint64_t count, const struct accel_event *newest,
			 const struct smi_device *d, struct smi_check *check)
{
	char text[32];

	if (!count)
		set(check, SMI_PASS, "none since the driver took the device");
	else if (!newest)
		set(check, SMI_PASS, "%" PRIu64 ", the newest no longer kept", count);
	else
		set(check, is_recent(d, newest) ? SMI_WARN : SMI_PASS, "%" PRIu64 ", the newest %s",
		    count, age(d, newest, text));
}

static void check_device_resets(const struct smi_device *d, struct smi_check *check)
{
	const struct accel_event *lost = smi_event_newest(d, ACCEL_EVENT_DEVICE_LOST);
	const struct accel_event *reset = smi_event_newest(d, ACCEL_EVENT_DEVICE_RESET);
	char text[32];

	/* one that came after it brought the chip back */
	if (lost && (!reset || reset->number < lost->number))
		set(check, SMI_FAIL, "the chip did not come out of one, %s", age(d, lost, text));
	else
		check_resets(d->info.device_resets, reset, d, check);
}

static void check_ecc(const struct smi_device *d, struct smi_check *check)
{
	uint64_t corrected = d->info.ecc_corrected, uncorrected = d->info.ecc_uncorrected;

	if (!corrected && !uncorrected)
		set(check, SMI_PASS, "no memory errors since the driver took the device");
	else
		set(check, uncorrected ? SMI_FAIL : SMI_WARN,
		    "%" PRIu64 " memory errors corrected, %" PRIu64 " not", corrected, uncorrected);
}

static void check_chip(const struct smi_device *d, struct smi_check *check)
{
	uint64_t lost = d->info.lost_interrupts, throttled = d->info.throttled;

	if (!lost && !throttled)
		set(check, SMI_PASS, "never too hot, and no interrupt was lost");
	else
		set(check, SMI_WARN, "too hot %" PRIu64 " times, %" PRIu64 " interrupts were lost",
		    throttled, lost);
}

enum smi_result smi_health(const struct smi_device *d, const struct smi_processes *processes,
			   struct smi_check checks[SMI_NUM_CHECKS])
{
	static const char *const names[SMI_NUM_CHECKS] = {
		[SMI_CHECK_DRIVER] = "driver",
		[SMI_CHECK_DEVICE] = "device",
		[SMI_CHECK_MEMORY] = "memory",
		[SMI_CHECK_QUEUES] = "queues",
		[SMI_CHECK_FAULTS] = "faults",
		[SMI_CHECK_RESETS] = "queue_resets",
		[SMI_CHECK_DEVICE_RESETS] = "device_resets",
		[SMI_CHECK_ECC] = "ecc",
		[SMI_CHECK_CHIP] = "chip",
	};
	enum smi_result worst = SMI_PASS;

	check_driver(d, &checks[SMI_CHECK_DRIVER]);
	check_device(d, &checks[SMI_CHECK_DEVICE]);
	check_memory(d, processes, &checks[SMI_CHECK_MEMORY]);
	check_queues(d, &checks[SMI_CHECK_QUEUES]);
	check_faults(d, &checks[SMI_CHECK_FAULTS]);
	check_resets(d->info.resets, smi_event_newest(d, ACCEL_EVENT_QUEUE_RESET), d,
		     &checks[SMI_CHECK_RESETS]);
	check_device_resets(d, &checks[SMI_CHECK_DEVICE_RESETS]);
	check_ecc(d, &checks[SMI_CHECK_ECC]);
	check_chip(d, &checks[SMI_CHECK_CHIP]);
	for (unsigned int i = 0; i < SMI_NUM_CHECKS; i++) {
		checks[i].name = names[i];
		if (checks[i].result > worst)
			worst = checks[i].result;
	}
	return worst;
}

const char *smi_result_name(enum smi_result result)
{
	static const char *const names[] = {
		[SMI_SKIP] = "SKIP",
		[SMI_PASS] = "PASS",
		[SMI_WARN] = "WARN",
		[SMI_FAIL] = "FAIL",
	};

	return names[result];
}

bool smi_failed(const struct smi *smi)
{
	struct smi_check checks[SMI_NUM_CHECKS];

	for (unsigned int i = 0; i < smi->num_devices; i++)
		if (smi_health(&smi->devices[i], &smi->processes, checks) == SMI_FAIL)
			return true;
	return false;
}
