// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: The scheduler's side of a queue
 *
 * One scheduler and one entity for each queue, as the firmware-scheduled drivers have it: the chip
 * decides between queues, the scheduler only holds jobs back until what they wait for has
 * signalled and until the ring has room, which credits count in packets.
 *
 * Time-outs. The chip itself ends what makes no progress, by modelled time and by a backstop in
 * wall time, and reports a fault. The handler here is for a chip that does not: it first looks
 * whether merely an interrupt was lost, and gives up on the queue only when nothing at all has
 * moved since it looked last.
 */

#include <drm/drm_print.h>

#include "axon_device.h"
#include "axon_fence.h"
#include "axon_job.h"
#include "axon_limits.h"
#include "axon_queue.h"
#include "axon_sched.h"
#include "axon_trace.h"

static struct dma_fence *axon_sched_run_job(struct drm_sched_job *base)
{
	struct axon_job *job = to_axon_job(base);
	int ret;

	trace_axon_job_run(&job->queue->ring, job->fence->base.seqno);
	ret = axon_ring_submit(&job->queue->ring, job->packets, job->count, job->fence);
	return ret ? ERR_PTR(ret) : dma_fence_get(&job->fence->base);
}

static bool axon_sched_progressed(struct axon_queue *q)
{
	struct axon_counters counters = {};
	u32 progress = q->seen_progress;
	bool moved;

	axon_ring_poll(&q->ring, &counters);
	/* A queue that only waits for a slot is not stuck, and will get one. */
	if (!axon_slot_poll(&q->ring, &progress))
		return true;

	moved = progress != q->seen_progress;
	q->seen_progress = progress;
	return moved;
}

/*
 * Put a job that timed out back to the head of the list that the scheduler took it from, as it was.
 * drm_sched_stop() and drm_sched_start() would end it. Should it have finished in between, nobody
 * has noticed: have the list looked at.
 */
static void axon_sched_reinsert(struct drm_gpu_scheduler *sched, struct drm_sched_job *base)
{
	spin_lock(&sched->job_list_lock);
	list_add(&base->list, &sched->pending_list);
	spin_unlock(&sched->job_list_lock);
	queue_work(sched->submit_wq, &sched->work_free_job);
}

static enum drm_gpu_sched_stat axon_sched_timedout_job(struct drm_sched_job *base)
{
	struct axon_job *job = to_axon_job(base);
	struct axon_queue *q = axon_queue_get(job->queue);
	bool stuck;

	stuck = !axon_sched_progressed(q) && !dma_fence_is_signaled(&job->fence->base);
	axon_sched_reinsert(&q->sched, base);
	if (stuck) {
		drm_err(&q->ring.adev->drm,
			"queue %u: no progress in %u ms and no fault reported\n", q->ring.doorbell,
			jiffies_to_msecs(q->sched.timeout));
		axon_ring_stop(&q->ring, -ETIME);
	}
	/* drm_sched_fini() waits for this function: the scheduler is still there afterwards. */
	axon_queue_put(q);
	return DRM_GPU_SCHED_STAT_NOMINAL;
}

static void axon_sched_free_job(struct drm_sched_job *base)
{
	struct axon_job *job = to_axon_job(base);

	/* A job that was dropped before it ran. */
	axon_fence_abort(job->fence, -ECANCELED);
	drm_sched_job_cleanup(base);
	axon_job_free(job);
}

static const struct drm_sched_backend_ops axon_sched_ops = {
	.run_job = axon_sched_run_job,
	.timedout_job = axon_sched_timedout_job,
	.free_job = axon_sched_free_job,
};

/**
 * axon_sched_queue_init() - put a scheduler in front of a queue
 * @q: the queue; its ring is initialised
 *
 * Return: 0 or a negative error. Undone by drm_sched_entity_fini() and drm_sched_fini().
 */
int axon_sched_queue_init(struct axon_queue *q)
{
	struct drm_gpu_scheduler *sched = &q->sched;
	const struct drm_sched_init_args args = {
		.ops = &axon_sched_ops,
		.timeout_wq = axon_wq,
		.num_rqs = 1,
		.credit_limit = AXON_RING_CREDITS,
		.timeout = msecs_to_jiffies(axon_limits_timeout_ms()),
		.name = q->ring.timeline->name,
		.dev = q->ring.adev->drm.dev,
	};
	int ret;

	ret = axon_sched_init(sched, &args);
	if (ret)
		return ret;

	/* The only run queue is that of the highest priority. */
	ret = drm_sched_entity_init(&q->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);
	return ret;
}
