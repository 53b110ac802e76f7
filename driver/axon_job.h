/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_JOB_H
#define AXON_JOB_H

#include "axon_compat.h"
#include "axon_hw.h"

struct axon_fence;
struct axon_queue;
struct drm_axon_call;
struct drm_device;
struct drm_file;

/**
 * struct axon_job - the calls of one submission
 */
struct axon_job {
	/** @base: base class */
	struct drm_sched_job base;
	/** @queue: where it runs, referenced */
	struct axon_queue *queue;
	/** @fence: what the submission's syncobjs get; has a timeline once the job is armed */
	struct axon_fence *fence;
	/** @count: of @packets */
	u32 count;
	/** @packets: CALLs; the SIGNAL at the end is the ring's */
	struct axon_packet packets[] __counted_by(count);
};

static inline struct axon_job *to_axon_job(struct drm_sched_job *job)
{
	return container_of(job, struct axon_job, base);
}

void axon_job_free(struct axon_job *job);
int axon_submit_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#if IS_ENABLED(CONFIG_KUNIT)
int axon_job_check_call(const struct drm_axon_call *call);
#endif

#endif
