// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/fdinfo/FD, as Documentation/gpu/drm-usage-stats.rst has it. Keys of the driver's own
 * begin with axon-.
 */

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>

#include "axon_accel.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_query.h"
#include "axon_queue.h"

static const char *const axon_engine_names[AXON_NUM_ENGINES] = {
	[AXON_ENGINE_DMA] = "dma",	 [AXON_ENGINE_MATRIX] = "matrix",
	[AXON_ENGINE_VECTOR] = "vector", [AXON_ENGINE_HART] = "hart",
	[AXON_ENGINE_COPY] = "copy",
};

static const char *const axon_purpose_names[DRM_AXON_PURPOSE_COUNT] = {
	[DRM_AXON_PURPOSE_OTHER] = "other", [DRM_AXON_PURPOSE_WEIGHTS] = "weights",
	[DRM_AXON_PURPOSE_KV] = "kv",	    [DRM_AXON_PURPOSE_ACTIVATIONS] = "activations",
	[DRM_AXON_PURPOSE_CODE] = "code",   [DRM_AXON_PURPOSE_COMMANDS] = "commands",
};

/**
 * struct axon_usage - memory of one file
 */
struct axon_usage {
	/** @vram: buffers that may live in device memory, and do if they are resident */
	struct drm_memory_stats vram;
	/** @system: the others */
	struct drm_memory_stats system;
	/** @purpose: by purpose, wherever they are */
	u64 purpose[DRM_AXON_PURPOSE_COUNT];
};

static void axon_usage_add(struct axon_usage *usage, struct axon_bo *bo)
{
	struct drm_gem_object *obj = &bo->tbo.base;
	bool wants_vram = bo->flags & DRM_AXON_BO_VRAM;
	struct drm_memory_stats *total = wants_vram ? &usage->vram : &usage->system;
	u32 placed = READ_ONCE(bo->placed);

	if (drm_gem_object_is_shared_for_memory_stats(obj))
		total->shared += obj->size;
	else
		total->private += obj->size;
	usage->purpose[bo->purpose] += obj->size;

	if (placed == TTM_PL_VRAM)
		usage->vram.resident += obj->size;
	else if (placed == TTM_PL_TT)
		usage->system.resident += obj->size;
}

static void axon_show_memory(struct drm_printer *p, struct drm_file *file)
{
	struct axon_usage usage = {};
	struct drm_gem_object *obj;
	unsigned int i;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id)
		axon_usage_add(&usage, to_axon_bo(obj));
	spin_unlock(&file->table_lock);

	drm_print_memory_stats(p, &usage.vram, DRM_GEM_OBJECT_RESIDENT, "vram");
	drm_print_memory_stats(p, &usage.system, DRM_GEM_OBJECT_RESIDENT, "system");
	for (i = 0; i < DRM_AXON_PURPOSE_COUNT; i++)
		drm_printf(p, "axon-memory-%s:\t%llu KiB\n", axon_purpose_names[i],
			   usage.purpose[i] >> 10);
}

/* What a client has used, in queues that are there and in those that are gone. */
static void axon_sum_counters(struct axon_file *afile, struct axon_counters *sum)
{
	struct axon_counters counters;
	struct axon_queue *q;
	unsigned long id;
	unsigned int e;

	spin_lock(&afile->lock);
	memcpy(sum->ns, afile->busy_ns, sizeof(sum->ns));
	memcpy(sum->cycles, afile->busy_cycles, sizeof(sum->cycles));
	spin_unlock(&afile->lock);

	xa_for_each(&afile->queues, id, q) {
		q = axon_queue_lookup(afile, id);
		if (!q)
			continue;
		if (axon_ring_poll(&q->ring, &counters))
			for (e = 0; e < AXON_NUM_ENGINES; e++) {
				sum->ns[e] += counters.ns[e];
				sum->cycles[e] += counters.cycles[e];
			}
		axon_queue_put(q);
	}
}

/*
 * Cycles are those of the modelled clock, whose rate is fixed: together with maxfreq they say how
 * long a chip of that clock would have been busy, whereas ns is what it took here.
 */
static void axon_show_engines(struct drm_printer *p, struct axon_file *afile)
{
	struct axon_counters sum = {};
	unsigned int e;

	axon_sum_counters(afile, &sum);
	for (e = 0; e < AXON_NUM_ENGINES; e++) {
		const char *name = axon_engine_names[e];

		drm_printf(p, "drm-engine-%s:\t%llu ns\n", name, sum.ns[e]);
		/* Each core has one of these; the copy engine is the chip's. */
		if (e != AXON_ENGINE_COPY)
			drm_printf(p, "drm-engine-capacity-%s:\t%u\n", name,
				   afile->adev->num_cores);
		drm_printf(p, "drm-cycles-%s:\t%llu\n", name, sum.cycles[e]);
		drm_printf(p, "drm-maxfreq-%s:\t%u Hz\n", name, afile->adev->clock_hz);
	}
}

/**
 * axon_show_fdinfo() - &drm_driver.show_fdinfo
 * @p: where to print
 * @file: the file
 */
void axon_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	axon_show_engines(p, to_axon_file(file));
	axon_show_memory(p, file);
}
