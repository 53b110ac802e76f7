// SPDX-License-Identifier: GPL-2.0

#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>

#include "axon_accel.h"
#include "axon_device.h"
#include "axon_event.h"
#include "axon_query.h"
#include "axon_regs.h"

/* Every answer but the events. */
union axon_answer {
	struct drm_axon_query_device device;
	struct drm_axon_query_memory memory[2];
	struct drm_axon_query_engine engines[AXON_NUM_ENGINES];
	struct drm_axon_query_timestamp timestamp;
	struct drm_axon_query_purpose purposes[DRM_AXON_PURPOSE_COUNT];
};

/* The functions below fill in an answer and return its size. */

static u32 axon_query_device(struct axon_device *adev, union axon_answer *a)
{
	a->device = (struct drm_axon_query_device){
		.hw_version = adev->hw_version,
		.num_cores = adev->num_cores,
		.sram_size = adev->sram_size,
		.clock_hz = adev->clock_hz,
		.features = adev->features,
		.vram_size = adev->vram_size,
		.va_start = AXON_VA_START,
		.va_end = AXON_VA_END,
		.num_slots = adev->num_slots,
		.free_slots = axon_slot_count_free(adev),
		.faults = atomic64_read(&adev->num_faults),
		.resets = atomic64_read(&adev->num_resets),
		.device_resets = atomic64_read(&adev->num_device_resets),
		.ecc_corrected = atomic64_read(&adev->ras.corrected),
		.ecc_uncorrected = atomic64_read(&adev->ras.uncorrected),
		.lost_interrupts = atomic64_read(&adev->ras.lost_interrupts),
		.throttled = atomic64_read(&adev->ras.throttled),
	};
	memcpy(a->device.uuid, adev->uuid, sizeof(a->device.uuid));
	return sizeof(a->device);
}

static u32 axon_query_memory(struct axon_device *adev, union axon_answer *a)
{
	a->memory[0] = (struct drm_axon_query_memory){
		.kind = DRM_AXON_MEMORY_VRAM,
		.page_size = PAGE_SIZE,
		.size = adev->vram_size,
		.used = ttm_resource_manager_usage(&adev->vram.base),
	};
	a->memory[1] = (struct drm_axon_query_memory){
		.kind = DRM_AXON_MEMORY_SYSTEM,
		.page_size = PAGE_SIZE,
		.size = adev->tt.size,
		.used = ttm_resource_manager_usage(&adev->tt),
	};
	return sizeof(a->memory);
}

static u32 axon_query_engines(struct axon_device *adev, union axon_answer *a)
{
	unsigned int e;

	for (e = 0; e < AXON_NUM_ENGINES; e++)
		a->engines[e] = (struct drm_axon_query_engine){
			.engine = e,
			.busy_cycles = axon_read64(adev, PERF, CYCLES(e)),
			.busy_ns = axon_read64(adev, PERF, NS(e)),
		};
	return sizeof(a->engines);
}

static u32 axon_query_timestamp(struct axon_device *adev, union axon_answer *a)
{
	u64 before = ktime_get_ns();

	a->timestamp.device_ns = axon_read64(adev, GLOBAL, TIMESTAMP);
	/* The register was read somewhere between the two. */
	a->timestamp.cpu_ns = before + (ktime_get_ns() - before) / 2;
	return sizeof(a->timestamp);
}

static u32 axon_query_purposes(struct axon_device *adev, union axon_answer *a)
{
	unsigned int i;

	for (i = 0; i < DRM_AXON_PURPOSE_COUNT; i++)
		a->purposes[i] = (struct drm_axon_query_purpose){
			.purpose = i,
			.size = atomic64_read(&adev->purpose_bytes[i]),
		};
	return sizeof(a->purposes);
}

static u32 (*const axon_queries[])(struct axon_device *adev, union axon_answer *a) = {
	[DRM_AXON_QUERY_DEVICE] = axon_query_device,
	[DRM_AXON_QUERY_MEMORY] = axon_query_memory,
	[DRM_AXON_QUERY_ENGINES] = axon_query_engines,
	[DRM_AXON_QUERY_TIMESTAMP] = axon_query_timestamp,
	[DRM_AXON_QUERY_PURPOSES] = axon_query_purposes,
};

/* Hand out an answer of @size bytes, as much of it as there is room for. */
static int axon_query_put(struct drm_axon_query *args, const void *answer, u32 size)
{
	void __user *to = u64_to_user_ptr(args->pointer);
	u32 room = args->size;

	args->size = size;
	if (copy_to_user(to, answer, min(room, size)))
		return -EFAULT;
	if (room > size && clear_user(to + size, room - size))
		return -EFAULT;
	return 0;
}

static int axon_query_events(struct axon_device *adev, struct drm_file *file,
			     struct drm_axon_query *args)
{
	struct drm_axon_query_events *answer;
	u32 size;
	int ret;

	answer = axon_event_snapshot(adev, file, &size);
	if (!answer)
		return -ENOMEM;

	ret = axon_query_put(args, answer, size);
	kvfree(answer);
	return ret;
}

/**
 * axon_query_ioctl() - DRM_IOCTL_AXON_QUERY
 * @drm: the device
 * @data: struct drm_axon_query
 * @file: the caller
 *
 * Return: 0; -EINVAL for an unknown type; -EFAULT; -ENOMEM.
 */
int axon_query_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct axon_device *adev = to_axon_device(drm);
	struct drm_axon_query *args = data;
	union axon_answer answer = {};
	u32 size;
	int idx;

	if (args->type == DRM_AXON_QUERY_EVENTS)
		return axon_query_events(adev, file, args);
	if (args->type >= ARRAY_SIZE(axon_queries))
		return -EINVAL;

	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	size = axon_queries[args->type](adev, &answer);
	drm_dev_exit(idx);
	return axon_query_put(args, &answer, size);
}
