/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the point releases of Linux 6.12. Kbuild looks at the headers it builds
 * against and defines AXON_HAVE_* for what it finds there; nothing here asks for a version.
 */
#ifndef AXON_COMPAT_H
#define AXON_COMPAT_H

#include <drm/drm_buddy.h>
#include <drm/gpu_scheduler.h>

/* The buddy allocator moved out of DRM in 6.12.101. */
#ifndef AXON_HAVE_GPU_BUDDY
#define gpu_buddy		     drm_buddy
#define gpu_buddy_block		     drm_buddy_block
#define gpu_buddy_init		     drm_buddy_init
#define gpu_buddy_fini		     drm_buddy_fini
#define gpu_buddy_alloc_blocks	     drm_buddy_alloc_blocks
#define gpu_buddy_free_list	     drm_buddy_free_list
#define gpu_buddy_block_offset	     drm_buddy_block_offset
#define gpu_buddy_block_size	     drm_buddy_block_size
#define GPU_BUDDY_TOPDOWN_ALLOCATION DRM_BUDDY_TOPDOWN_ALLOCATION
#define GPU_BUDDY_RANGE_ALLOCATION   DRM_BUDDY_RANGE_ALLOCATION
#endif

/* A job names its client since 6.12.103. */
static inline int axon_sched_job_init(struct drm_sched_job *job, struct drm_sched_entity *entity,
				      u32 credits, void *owner, u64 client_id)
{
#ifdef AXON_HAVE_SCHED_JOB_CLIENT
	return drm_sched_job_init(job, entity, credits, owner, client_id);
#else
	return drm_sched_job_init(job, entity, credits, owner);
#endif
}

/* A scheduler takes its parameters as one structure since 6.12.114. */
#ifdef AXON_HAVE_SCHED_INIT_ARGS
#define axon_sched_init drm_sched_init
#else
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int axon_sched_init(struct drm_gpu_scheduler *sched,
				  const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs, args->credit_limit,
			      args->hang_limit, args->timeout, args->timeout_wq, args->score,
			      args->name, args->dev);
}
#endif

#endif
