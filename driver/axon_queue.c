// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Queues
 *
 * A kernel queue is a ring with a scheduler of its own in front of it. A user queue is a ring that
 * a process writes to; the kernel only lends it a slot and wakes who waits. A queue dies of its
 * first fault: all its fences signal with -EIO, all who wait are told, and it stays for its owner
 * to read the fault record of.
 *
 * Taking a queue down has two halves. axon_queue_kill() runs when the handle goes: it stops the
 * ring and ends every job, those on the chip at once and those that still wait for another fence
 * when that one signals. Each job holds the queue, because the scheduler does not tolerate being
 * freed under them, and the last one is freed from within the scheduler; so the second half is
 * work of its own, axon_queue_release().
 */

#include <linux/capability.h>
#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "axon_accel.h"
#include "axon_device.h"
#include "axon_doorbell.h"
#include "axon_fence.h"
#include "axon_pm.h"
#include "axon_queue.h"
#include "axon_sched.h"
#include "axon_vm.h"

static struct axon_queue *to_axon_queue(struct axon_ring *ring)
{
	return container_of(ring, struct axon_queue, ring);
}

static void axon_queue_release(struct work_struct *work)
{
	struct axon_queue *q = container_of(work, struct axon_queue, release_work);

	if (q->ring.user) {
		__free_page(q->dummy);
	} else {
		/*
		 * A fence of someone else's that a job waited for may be signalling just now, and
		 * will wake the scheduler as the last thing it does, with interrupts off.
		 */
		synchronize_rcu_expedited();
		drm_sched_fini(&q->sched);
	}
	axon_vm_put(q->vm);
	mutex_destroy(&q->lock);
	axon_timeline_put(q->ring.timeline);
	kfree(q);
}

static void axon_queue_kref_release(struct kref *kref)
{
	struct axon_queue *q = container_of(kref, struct axon_queue, kref);

	queue_work(axon_wq, &q->release_work);
}

/**
 * axon_queue_put() - drop a reference
 * @q: the queue
 */
void axon_queue_put(struct axon_queue *q)
{
	kref_put(&q->kref, axon_queue_kref_release);
}

/**
 * axon_queue_lookup() - find a queue
 * @afile: the caller's file
 * @id: handle
 *
 * Return: the queue, referenced, or NULL.
 */
struct axon_queue *axon_queue_lookup(struct axon_file *afile, u32 id)
{
	struct axon_queue *q;

	xa_lock(&afile->queues);
	q = xa_load(&afile->queues, id);
	if (q)
		kref_get(&q->kref);
	xa_unlock(&afile->queues);
	return q;
}

/**
 * axon_queue_error() - tell whether a queue is dead
 * @q: the queue
 *
 * Return: 0, or why it is.
 */
int axon_queue_error(struct axon_queue *q)
{
	return READ_ONCE(q->ring.timeline->error);
}

static void axon_queue_stop(struct work_struct *work)
{
	struct axon_queue *q = container_of(work, struct axon_queue, stop_work);
	struct axon_device *adev = q->ring.adev;
	bool awake = !axon_pm_get(adev);

	axon_ring_stop(&q->ring, -EIO);
	if (q->ring.user)
		axon_doorbell_zap(q);
	if (awake)
		axon_pm_put(adev);
	axon_queue_put(q);
}

static void axon_queue_notify(struct axon_ring *ring)
{
	axon_waits_notify(&to_axon_queue(ring)->waits);
}

/* Under the lock for interrupts: the queue is there, and its handle holds it. */
static void axon_queue_fault(struct axon_ring *ring, const struct axon_fault *record)
{
	struct axon_queue *q = to_axon_queue(ring);

	spin_lock(&q->fault_lock);
	if (q->fault.cause == AXON_FAULT_NONE)
		q->fault = *record;
	spin_unlock(&q->fault_lock);

	axon_queue_get(q);
	if (!queue_work(axon_wq, &q->stop_work))
		axon_queue_put(q);
}

/* What feeds the ring: a scheduler, or a process, which will want to be told of its end. */
static int axon_queue_init_feed(struct axon_queue *q)
{
	if (!q->ring.user)
		return axon_sched_queue_init(q);

	q->dummy = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return q->dummy ? 0 : -ENOMEM;
}

static struct axon_queue *axon_queue_create(struct axon_device *adev, struct axon_vm *vm,
					    const struct drm_axon_queue_create *args)
{
	struct axon_queue *q;
	int ret;

	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);

	kref_init(&q->kref);
	mutex_init(&q->lock);
	init_waitqueue_head(&q->idle);
	axon_waits_init(&q->waits);
	spin_lock_init(&q->fault_lock);
	INIT_WORK(&q->stop_work, axon_queue_stop);
	INIT_WORK(&q->release_work, axon_queue_release);
	q->vm = vm;
	q->ring.fault = axon_queue_fault;
	q->ring.notify = axon_queue_notify;
	q->ring.as = vm->mmu.as;
	q->ring.priority = args->priority;
	q->ring.user = args->flags & DRM_AXON_QUEUE_USER;
	q->ring.user_va = args->ring_va;
	q->ring.log2 = args->ring_log2;

	ret = axon_ring_init(&q->ring, adev, false);
	if (ret)
		goto err_free;

	ret = axon_queue_init_feed(q);
	if (ret)
		goto err_ring;

	kref_get(&vm->kref);
	return q;

err_ring:
	axon_ring_fini(&q->ring, -ECANCELED);
	axon_timeline_put(q->ring.timeline);
err_free:
	mutex_destroy(&q->lock);
	kfree(q);
	return ERR_PTR(ret);
}

/* Keep what the queue has used, for the file's totals. */
static void axon_queue_account(struct axon_queue *q, struct axon_file *afile)
{
	struct axon_counters counters;
	unsigned int e;

	if (!axon_ring_poll(&q->ring, &counters))
		return;

	spin_lock(&afile->lock);
	for (e = 0; e < AXON_NUM_ENGINES; e++) {
		afile->busy_ns[e] += counters.ns[e];
		afile->busy_cycles[e] += counters.cycles[e];
	}
	spin_unlock(&afile->lock);
}

static void axon_queue_end_jobs(struct axon_queue *q)
{
	/*
	 * While drm_sched_entity_fini() takes the jobs that are left, nobody else may. A scheduler
	 * that is just taking one would sort the entity in again behind it (in 6.12,
	 * drm_sched_rq_update_fifo() does not look whether it is stopped), and then take the next.
	 */
	drm_sched_wqueue_stop(&q->sched);
	drm_sched_entity_fini(&q->entity);
	drm_sched_wqueue_start(&q->sched);
}

/* The handle's reference becomes ours. */
static void axon_queue_kill(struct axon_queue *q, struct axon_file *afile)
{
	mutex_lock(&q->lock);
	q->closed = true;
	mutex_unlock(&q->lock);

	axon_ring_stop(&q->ring, -ECANCELED);
	if (q->ring.user) {
		axon_doorbell_zap(q);
		axon_waits_fini(&q->waits);
	}
	axon_queue_account(q, afile);
	axon_ring_fini(&q->ring, -ECANCELED);
	if (!q->ring.user)
		axon_queue_end_jobs(q);

	/* So that, as a rule, nothing of the queue is left when its owner goes on. */
	wait_event_timeout(q->idle, !atomic_read(&q->jobs), HZ);
	axon_queue_put(q);
	flush_workqueue(axon_wq);
}

/**
 * axon_queue_close() - end the queues of a file that is being closed
 * @afile: the file
 */
void axon_queue_close(struct axon_file *afile)
{
	struct axon_queue *q;
	unsigned long id;

	xa_for_each(&afile->queues, id, q)
		axon_queue_kill(q, afile);
	xa_destroy(&afile->queues);
}

static int axon_queue_priority(u32 priority)
{
	if (priority > DRM_AXON_PRIORITY_HIGH)
		return -EINVAL;
	if (priority == DRM_AXON_PRIORITY_HIGH && !capable(CAP_SYS_NICE))
		return -EACCES;
	return 0;
}

static int axon_queue_check_ring(struct axon_device *adev, const struct drm_axon_queue_create *args)
{
	u64 end;

	if (!(args->flags & DRM_AXON_QUEUE_USER))
		return args->ring_va || args->ring_log2 ? -EINVAL : 0;
	if (!(adev->features & AXON_FEAT_USER_QUEUES))
		return -EOPNOTSUPP;
	if (args->ring_log2 < AXON_RING_MIN_LOG2 || args->ring_log2 > AXON_RING_MAX_LOG2)
		return -EINVAL;
	if (!IS_ALIGNED(args->ring_va, AXON_PACKET_SIZE) || args->ring_va < AXON_VA_START ||
	    check_add_overflow(args->ring_va, (u64)AXON_PACKET_SIZE << args->ring_log2, &end) ||
	    end > AXON_VA_END)
		return -EINVAL;
	return 0;
}

/**
 * axon_queue_create_ioctl() - DRM_IOCTL_AXON_QUEUE_CREATE
 * @drm: the device
 * @data: struct drm_axon_queue_create
 * @file: the caller
 *
 * Return: 0; -EINVAL for unknown flags or priority, non-zero padding, a ring that is unaligned, too
 * small, too large or outside the user's range, one of a kernel queue, a user queue on a VM that is
 * not long-running, and a kernel queue on one that is; -EACCES for a priority that needs
 * CAP_SYS_NICE; -EOPNOTSUPP for a user queue on a chip that offers none; -ENOENT for a VM that does
 * not exist; -EBUSY when every doorbell is taken; -ENODEV when the chip is lost.
 */
int axon_queue_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct axon_device *adev = to_axon_device(drm);
	struct axon_file *afile = to_axon_file(file);
	struct drm_axon_queue_create *args = data;
	bool user = args->flags & DRM_AXON_QUEUE_USER;
	struct axon_queue *q;
	struct axon_vm *vm;
	int ret;

	if (args->flags & ~DRM_AXON_QUEUE_USER || args->pad)
		return -EINVAL;

	ret = axon_queue_priority(args->priority);
	if (!ret)
		ret = axon_queue_check_ring(adev, args);
	if (ret)
		return ret;

	if (READ_ONCE(adev->lost))
		return -ENODEV;

	vm = axon_vm_lookup(afile, args->vm_id);
	if (!vm)
		return -ENOENT;

	q = vm->long_running == user ? axon_queue_create(adev, vm, args) : ERR_PTR(-EINVAL);
	axon_vm_put(vm);
	if (IS_ERR(q))
		return PTR_ERR(q);

	args->doorbell_offset = user ? axon_doorbell_offset(q) : 0;
	args->save_size = adev->save_size;
	/* With its handle it may be destroyed at once. */
	axon_queue_get(q);
	ret = xa_alloc(&afile->queues, &args->queue_id, q, AXON_HANDLES, GFP_KERNEL);
	if (ret)
		axon_queue_kill(q, afile);
	else
		axon_ring_set_owner(&q->ring, file, args->queue_id);
	axon_queue_put(q);
	return ret;
}

/**
 * axon_queue_destroy_ioctl() - DRM_IOCTL_AXON_QUEUE_DESTROY
 * @drm: the device
 * @data: struct drm_axon_queue_destroy
 * @file: the caller
 *
 * Jobs that are not done yet are dropped; their fences signal with -ECANCELED.
 *
 * Return: 0; -EINVAL for non-zero padding; -ENOENT for a queue that does not exist.
 */
int axon_queue_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct axon_file *afile = to_axon_file(file);
	struct drm_axon_queue_destroy *args = data;
	struct axon_queue *q;

	if (args->pad)
		return -EINVAL;

	q = xa_erase(&afile->queues, args->queue_id);
	if (!q)
		return -ENOENT;

	axon_queue_kill(q, afile);
	return 0;
}

/**
 * axon_queue_state_ioctl() - DRM_IOCTL_AXON_QUEUE_STATE
 * @drm: the device
 * @data: struct drm_axon_queue_state
 * @file: the caller
 *
 * Return: 0; -EINVAL for an output field that is not 0; -ENOENT for a queue that does not exist.
 */
int axon_queue_state_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_axon_queue_state *args = data;
	struct axon_queue *q;
	bool dead;

	if (args->status || memchr_inv(&args->fault, 0, sizeof(args->fault)))
		return -EINVAL;

	q = axon_queue_lookup(to_axon_file(file), args->queue_id);
	if (!q)
		return -ENOENT;

	spin_lock_irq(&q->fault_lock);
	args->fault = q->fault;
	spin_unlock_irq(&q->fault_lock);
	dead = args->fault.cause != AXON_FAULT_NONE || axon_queue_error(q);
	args->status = dead ? DRM_AXON_QUEUE_DEAD : DRM_AXON_QUEUE_OK;
	axon_queue_put(q);
	return 0;
}
