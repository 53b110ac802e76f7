// SPDX-License-Identifier: GPL-2.0

#include <kunit/visibility.h>
#include <linux/dma-fence-chain.h>
#include <linux/slab.h>

#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>

#include "axon_accel.h"
#include "axon_array.h"
#include "axon_sync.h"

/* Find what is to be waited for. */
static int axon_sync_find(struct drm_file *file, const struct drm_axon_sync *in,
			  struct dma_fence **out)
{
	struct dma_fence *fence;
	int ret;

	/* After an error @fence may be one that was let go of already. */
	ret = drm_syncobj_find_fence(file, in->handle, in->point, 0, &fence);
	if (!ret)
		*out = fence;
	return ret;
}

static int axon_sync_get(struct drm_file *file, const struct drm_axon_sync *in,
			 struct axon_sync *out)
{
	bool timeline = in->flags & DRM_AXON_SYNC_TIMELINE;

	if (in->flags & ~(DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE))
		return -EINVAL;
	/* Point 0 is where every timeline starts: nobody can signal it, or has to wait for it. */
	if (timeline != !!in->point)
		return -EINVAL;

	if (!(in->flags & DRM_AXON_SYNC_SIGNAL))
		return axon_sync_find(file, in, &out->fence);

	out->point = in->point;
	out->syncobj = drm_syncobj_find(file, in->handle);
	if (!out->syncobj)
		return -ENOENT;

	if (timeline) {
		out->chain = dma_fence_chain_alloc();
		if (!out->chain)
			return -ENOMEM;
	}
	return 0;
}

/**
 * axon_syncs_get() - look up the syncobjs of a submission, and all that signalling them will need
 * @file: the caller
 * @array: of struct drm_axon_sync
 * @syncs: filled in; for axon_syncs_put(), after an error too
 *
 * Return: 0; -EINVAL for unknown flags, a point without a timeline or the reverse, or a fence that
 * nobody has submitted; -ENOENT for a handle that does not exist; another negative error.
 */
int axon_syncs_get(struct drm_file *file, const struct drm_axon_array *array,
		   struct axon_syncs *syncs)
{
	struct drm_axon_sync *in;
	int ret = 0;
	u32 i;

	*syncs = (struct axon_syncs){};
	if (!array->count)
		return 0;

	in = axon_array_get(array, sizeof(*in), DRM_AXON_MAX_SYNCS);
	if (IS_ERR(in))
		return PTR_ERR(in);

	syncs->sync = kcalloc(array->count, sizeof(*syncs->sync), GFP_KERNEL);
	if (!syncs->sync)
		ret = -ENOMEM;
	else
		syncs->count = array->count;

	for (i = 0; i < syncs->count && !ret; i++)
		ret = axon_sync_get(file, &in[i], &syncs->sync[i]);
	kvfree(in);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(axon_syncs_get);

/**
 * axon_syncs_depend() - make a job wait for what is to be waited for
 * @syncs: the syncobjs
 * @job: the job, not armed
 *
 * Return: 0 or -ENOMEM.
 */
int axon_syncs_depend(struct axon_syncs *syncs, struct drm_sched_job *job)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < syncs->count && !ret; i++)
		/* Consumes the reference, also when it fails. */
		ret = drm_sched_job_add_dependency(job, dma_fence_get(syncs->sync[i].fence));
	return ret;
}

/**
 * axon_syncs_signal() - publish a fence
 * @syncs: the syncobjs
 * @fence: the job's
 *
 * Cannot fail: everything was allocated by axon_syncs_get().
 */
void axon_syncs_signal(struct axon_syncs *syncs, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < syncs->count; i++) {
		struct axon_sync *sync = &syncs->sync[i];

		if (sync->chain) {
			/* The timeline owns the link from here on. */
			drm_syncobj_add_point(sync->syncobj, sync->chain, fence, sync->point);
			sync->chain = NULL;
		} else if (sync->syncobj) {
			drm_syncobj_replace_fence(sync->syncobj, fence);
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(axon_syncs_signal);

/**
 * axon_syncs_put() - release what axon_syncs_get() took
 * @syncs: the syncobjs
 */
void axon_syncs_put(struct axon_syncs *syncs)
{
	u32 i;

	for (i = 0; i < syncs->count; i++) {
		struct axon_sync *sync = &syncs->sync[i];

		dma_fence_chain_free(sync->chain);
		dma_fence_put(sync->fence);
		if (sync->syncobj)
			drm_syncobj_put(sync->syncobj);
	}
	kfree(syncs->sync);
}
EXPORT_SYMBOL_IF_KUNIT(axon_syncs_put);
