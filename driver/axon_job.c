// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Submission
 *
 * A submission goes through stages, of which only the first three can fail:
 *
 * 1. gather: copy and check what the caller gave, look up syncobjs, allocate all that is needed;
 * 2. depend: tell the scheduler what the job waits for;
 * 3. validate: lock all buffers of the address space and bring back those that were evicted;
 * 4. arm, push and publish, under the queue's lock: the fence gets its number in the order in which
 *    jobs reach the ring. There is no way back from here, and no need for one.
 */

#include <kunit/visibility.h>
#include <linux/slab.h>

#include "axon_accel.h"
#include "axon_array.h"
#include "axon_device.h"
#include "axon_fence.h"
#include "axon_job.h"
#include "axon_place.h"
#include "axon_pm.h"
#include "axon_queue.h"
#include "axon_sync.h"
#include "axon_trace.h"
#include "axon_vm.h"

/**
 * axon_job_free() - free a job
 * @job: the job; its base class is cleaned up
 */
void axon_job_free(struct axon_job *job)
{
	struct axon_queue *q = job->queue;

	axon_pm_put(q->ring.adev);
	if (job->fence->timeline)
		dma_fence_put(&job->fence->base);
	else
		kfree(job->fence);
	kfree(job);
	atomic_dec(&q->jobs);
	wake_up(&q->idle);
	axon_queue_put(q);
}

VISIBLE_IF_KUNIT int axon_job_check_call(const struct drm_axon_call *call)
{
	u64 size = (u64)call->count * AXON_PACKET_SIZE;
	u64 end;

	if (call->pad || !call->count || !IS_ALIGNED(call->va, AXON_PACKET_SIZE))
		return -EINVAL;
	if (check_add_overflow(call->va, size, &end) || call->va < AXON_VA_START ||
	    end > AXON_VA_END)
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(axon_job_check_call);

static struct axon_job *axon_job_create(struct axon_queue *q, const struct drm_axon_call *calls,
					u32 count)
{
	struct axon_job *job;
	u32 i;

	job = kzalloc(struct_size(job, packets, count), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);

	job->fence = kzalloc(sizeof(*job->fence), GFP_KERNEL);
	if (!job->fence) {
		kfree(job);
		return ERR_PTR(-ENOMEM);
	}

	job->count = count;
	for (i = 0; i < count; i++)
		job->packets[i] = (struct axon_packet){
			.op = AXON_PKT_CALL,
			.tag = i,
			.call.addr = calls[i].va,
			.call.count = calls[i].count,
		};
	/* The chip is awake for the ioctl, and stays so for the job. */
	axon_pm_hold(q->ring.adev);
	job->queue = axon_queue_get(q);
	atomic_inc(&q->jobs);
	return job;
}

/* Copy and check the calls, and make a job of them. */
static struct axon_job *axon_job_gather(struct axon_queue *q, const struct drm_axon_array *array)
{
	struct drm_axon_call *calls;
	struct axon_job *job;
	int ret = 0;
	u32 i;

	calls = axon_array_get(array, sizeof(*calls), DRM_AXON_MAX_CALLS);
	if (IS_ERR(calls))
		return ERR_CAST(calls);

	for (i = 0; i < array->count && !ret; i++)
		ret = axon_job_check_call(&calls[i]);

	job = ret ? ERR_PTR(ret) : axon_job_create(q, calls, array->count);
	kvfree(calls);
	return job;
}

/**
 * struct axon_job_attempt - what axon_job_attempt() is to commit
 */
struct axon_job_attempt {
	/** @job: the job */
	struct axon_job *job;
	/** @syncs: where its fence goes */
	struct axon_syncs *syncs;
	/** @client: whose it is, for the trace */
	u64 client;
};

/* Arm, push, publish. Returns an error, with nothing done, if the queue is gone or dead. */
static int axon_job_commit(struct axon_job_attempt *a, struct drm_gpuvm_exec *vm_exec)
{
	struct axon_job *job = a->job;
	struct axon_queue *q = job->queue;
	struct dma_fence *fence = &job->fence->base;
	int ret;

	mutex_lock(&q->lock);
	ret = q->closed ? -ENOENT : axon_queue_error(q);
	if (!ret) {
		drm_sched_job_arm(&job->base);
		axon_fence_init(job->fence, q->ring.timeline);
		/* The job may be done and freed as soon as it is pushed. */
		dma_fence_get(fence);
		trace_axon_job_submit(&q->ring, a->client, fence->seqno, job->count);
		drm_gpuvm_exec_resv_add_fence(vm_exec, fence, DMA_RESV_USAGE_BOOKKEEP,
					      DMA_RESV_USAGE_BOOKKEEP);
		drm_sched_entity_push_job(&job->base);
		axon_syncs_signal(a->syncs, fence);
		dma_fence_put(fence);
	}
	mutex_unlock(&q->lock);
	return ret;
}

/* While not all is locked yet, as TTM locks what it pushes out with the same ticket. */
static int axon_job_validate(struct drm_gpuvm_exec *vm_exec)
{
	return drm_gpuvm_exec_validate(vm_exec);
}

/* Have all buffers of the address space where the job can reach them, and keep them there. */
static int axon_job_attempt(void *arg)
{
	struct axon_job_attempt *a = arg;
	struct axon_vm *vm = a->job->queue->vm;
	struct drm_gpuvm_exec vm_exec = {
		.vm = &vm->base,
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT,
		.num_fences = 1,
		.extra.fn = axon_job_validate,
	};
	int ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;

	ret = drm_gpuvm_exec_lock(&vm_exec);
	if (!ret) {
		ret = axon_job_commit(a, &vm_exec);
		drm_gpuvm_exec_unlock(&vm_exec);
	}
	mutex_unlock(&vm->lock);
	return ret;
}

static int axon_job_submit(struct axon_queue *q, struct drm_file *file,
			   const struct drm_axon_submit *args, struct axon_syncs *syncs)
{
	struct axon_job_attempt attempt = { .syncs = syncs, .client = file->client_id };
	struct axon_job *job;
	int ret;

	job = axon_job_gather(q, &args->calls);
	if (IS_ERR(job))
		return PTR_ERR(job);

	attempt.job = job;
	ret = axon_sched_job_init(&job->base, &q->entity, job->count + 1, q, file->client_id);
	if (ret)
		goto err_free;

	ret = axon_syncs_depend(syncs, &job->base);
	if (ret)
		goto err_cleanup;

	ret = axon_place(q->ring.adev, axon_job_attempt, &attempt);
	if (ret)
		goto err_cleanup;
	return 0;

err_cleanup:
	drm_sched_job_cleanup(&job->base);
err_free:
	axon_job_free(job);
	return ret;
}

/**
 * axon_submit_ioctl() - DRM_IOCTL_AXON_SUBMIT
 * @drm: the device
 * @data: struct drm_axon_submit
 * @file: the caller
 *
 * Blocks while the queue has AXON_QUEUE_MAX_JOBS jobs. What they wait for are fences, so that one
 * of them ends in bounded time.
 *
 * Return: 0; -EINVAL for unknown flags, non-zero padding, no or too many calls, a call that is
 * empty, unaligned or outside the user's range, and as axon_syncs_get() says; -ENOENT for a queue
 * that does not exist; -EOPNOTSUPP for a user queue, which promises no fences; -ENOSPC when the
 * buffers of the address space do not fit into device memory together; -EIO when the queue is dead;
 * -ENODEV when the chip is lost; -EINTR.
 */
int axon_submit_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_axon_submit *args = data;
	struct axon_syncs syncs;
	struct axon_queue *q;
	int ret;

	if (args->flags || !args->calls.count)
		return -EINVAL;

	q = axon_queue_lookup(to_axon_file(file), args->queue_id);
	if (!q)
		return -ENOENT;

	ret = -EOPNOTSUPP;
	if (q->ring.user)
		goto out;
	ret = wait_event_interruptible(q->idle, atomic_read(&q->jobs) < AXON_QUEUE_MAX_JOBS);
	if (ret)
		goto out;

	ret = axon_syncs_get(file, &args->syncs, &syncs);
	if (!ret)
		ret = axon_job_submit(q, file, args, &syncs);
	axon_syncs_put(&syncs);
out:
	axon_queue_put(q);
	return ret;
}
