/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_SYNC_H
#define AXON_SYNC_H

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_axon_array;
struct drm_file;
struct drm_sched_job;
struct drm_syncobj;

/**
 * struct axon_sync - one syncobj of a submission
 */
struct axon_sync {
	/** @syncobj: to signal, or NULL for one to wait for */
	struct drm_syncobj *syncobj;
	/** @fence: to wait for, or NULL */
	struct dma_fence *fence;
	/** @chain: link for the timeline, or NULL for a binary syncobj */
	struct dma_fence_chain *chain;
	/** @point: on the timeline */
	u64 point;
};

/**
 * struct axon_syncs - those of one submission
 */
struct axon_syncs {
	/** @sync: the array */
	struct axon_sync *sync;
	/** @count: elements */
	u32 count;
};

int axon_syncs_get(struct drm_file *file, const struct drm_axon_array *array,
		   struct axon_syncs *syncs);
int axon_syncs_depend(struct axon_syncs *syncs, struct drm_sched_job *job);
void axon_syncs_signal(struct axon_syncs *syncs, struct dma_fence *fence);
void axon_syncs_put(struct axon_syncs *syncs);

#endif
