// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Waiting for a user queue
 *
 * What a user queue has done is told by words in the memory of its owner. The chip raises the
 * interrupt of the slot when a SIGNAL packet asks for it, and everybody who waits for the queue
 * looks at a word of theirs: threads by themselves, for the eventfds a work item. The buffer is
 * pinned for as long as somebody waits.
 *
 * Nobody can miss a change: the order is to be on the list, then to arm the interrupt, then to
 * look. The interrupt disarms itself, so that signalling without end costs no more interrupts than
 * there are waits.
 */

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

#include "axon_accel.h"
#include "axon_device.h"
#include "axon_gem.h"
#include "axon_pm.h"
#include "axon_queue.h"
#include "axon_wait.h"

/**
 * struct axon_word - a word that somebody waits for
 */
struct axon_word {
	/** @bo: where it is, referenced and pinned */
	struct axon_bo *bo;
	/** @map: where the processor finds it */
	struct iosys_map map;
	/** @value: what it is to reach */
	u64 value;
};

/**
 * struct axon_wait_eventfd - an eventfd to signal
 */
struct axon_wait_eventfd {
	/** @node: in &axon_waits.eventfds */
	struct list_head node;
	/** @ctx: the eventfd */
	struct eventfd_ctx *ctx;
	/** @word: when */
	struct axon_word word;
};

static int axon_word_get(struct drm_file *file, const struct drm_axon_wait *args,
			 struct axon_word *word)
{
	struct drm_gem_object *obj;
	int ret = -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	word->bo = to_axon_bo(obj);
	word->value = args->value;
	if (args->offset <= obj->size - sizeof(u64))
		ret = axon_bo_pin(word->bo);
	if (ret)
		drm_gem_object_put(obj);
	else
		axon_bo_map_word(word->bo, args->offset, &word->map);
	return ret;
}

static void axon_word_put(struct axon_word *word)
{
	axon_bo_unpin(word->bo);
	drm_gem_object_put(&word->bo->tbo.base);
}

static bool axon_word_reached(const struct axon_word *word)
{
	bool reached;
	int idx;

	/* Device memory can be read only while the device is there. */
	if (!drm_dev_enter(word->bo->tbo.base.dev, &idx))
		return false;
	reached = iosys_map_rd(&word->map, 0, u64) >= word->value;
	drm_dev_exit(idx);
	return reached;
}

/* ---- eventfds ---- */

static void axon_waits_work(struct work_struct *work)
{
	struct axon_waits *waits = container_of(work, struct axon_waits, work);
	struct axon_queue *q = container_of(waits, struct axon_queue, waits);
	struct axon_wait_eventfd *e, *next;
	struct axon_device *adev = q->ring.adev;
	bool awake = !axon_pm_get(adev);
	LIST_HEAD(done);

	axon_slot_arm(&q->ring);

	mutex_lock(&waits->lock);
	list_for_each_entry_safe(e, next, &waits->eventfds, node)
		if (axon_word_reached(&e->word) || axon_queue_error(q)) {
			list_move_tail(&e->node, &done);
			WRITE_ONCE(waits->count, waits->count - 1);
		}
	mutex_unlock(&waits->lock);

	list_for_each_entry_safe(e, next, &done, node) {
		eventfd_signal(e->ctx);
		eventfd_ctx_put(e->ctx);
		axon_word_put(&e->word);
		kfree(e);
	}
	if (awake)
		axon_pm_put(adev);
}

/**
 * axon_waits_init() - prepare for those who will wait
 * @waits: of a queue
 */
void axon_waits_init(struct axon_waits *waits)
{
	init_waitqueue_head(&waits->queue);
	mutex_init(&waits->lock);
	INIT_LIST_HEAD(&waits->eventfds);
	INIT_WORK(&waits->work, axon_waits_work);
}

/**
 * axon_waits_notify() - have everybody look at their word
 * @waits: of a queue
 *
 * Any context, under &axon_slots.irq_lock.
 */
void axon_waits_notify(struct axon_waits *waits)
{
	wake_up(&waits->queue);
	/* Pinned buffers are let go there, which may wait for fences: not for axon_wq. */
	if (READ_ONCE(waits->count))
		queue_work(system_unbound_wq, &waits->work);
}

/**
 * axon_waits_fini() - signal the eventfds that are left
 * @waits: of a queue that has ended
 */
void axon_waits_fini(struct axon_waits *waits)
{
	mutex_lock(&waits->lock);
	waits->closed = true;
	mutex_unlock(&waits->lock);
	flush_work(&waits->work);
}

static int axon_waits_add(struct axon_waits *waits, struct axon_wait_eventfd *e)
{
	int ret = 0;

	mutex_lock(&waits->lock);
	if (waits->closed) {
		ret = -ENOENT;
	} else if (waits->count == DRM_AXON_MAX_EVENTFDS) {
		ret = -EBUSY;
	} else {
		list_add_tail(&e->node, &waits->eventfds);
		WRITE_ONCE(waits->count, waits->count + 1);
		/* Arms the interrupt, and looks whether there is anything to wait for. */
		queue_work(system_unbound_wq, &waits->work);
	}
	mutex_unlock(&waits->lock);
	return ret;
}

static int axon_wait_eventfd(struct axon_queue *q, struct drm_file *file,
			     const struct drm_axon_wait *args)
{
	struct axon_wait_eventfd *e;
	int ret;

	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;

	e->ctx = eventfd_ctx_fdget(args->eventfd);
	if (IS_ERR(e->ctx)) {
		ret = PTR_ERR(e->ctx);
		goto err_free;
	}

	ret = axon_word_get(file, args, &e->word);
	if (ret)
		goto err_ctx;

	ret = axon_waits_add(&q->waits, e);
	if (ret)
		goto err_word;
	return 0;

err_word:
	axon_word_put(&e->word);
err_ctx:
	eventfd_ctx_put(e->ctx);
err_free:
	kfree(e);
	return ret;
}

/* ---- threads ---- */

/* One look; 1 when there is nothing to say yet. */
static int axon_wait_look(struct axon_queue *q, const struct axon_word *word)
{
	int error;

	if (axon_word_reached(word))
		return 0;
	error = axon_queue_error(q);
	if (error)
		return error;
	return signal_pending(current) ? -ERESTARTSYS : 1;
}

static int axon_wait_sleep(struct axon_queue *q, const struct axon_word *word, ktime_t until)
{
	bool expired = false;
	DEFINE_WAIT(entry);
	int ret;

	if (axon_word_reached(word))
		return 0;

	for (;;) {
		prepare_to_wait(&q->waits.queue, &entry, TASK_INTERRUPTIBLE);
		axon_slot_arm(&q->ring);
		ret = axon_wait_look(q, word);
		if (ret <= 0)
			break;
		if (expired) {
			ret = -ETIME;
			break;
		}
		expired = !schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
	}
	finish_wait(&q->waits.queue, &entry);
	return ret;
}

static int axon_wait_thread(struct axon_queue *q, struct drm_file *file, struct drm_axon_wait *args)
{
	struct axon_word word;
	int ret;

	ret = axon_word_get(file, args, &word);
	if (ret)
		return ret;

	ret = axon_wait_sleep(q, &word, max_t(s64, args->timeout_ns, 0));
	axon_word_put(&word);
	if (ret == -EIO) {
		spin_lock_irq(&q->fault_lock);
		args->fault = q->fault;
		spin_unlock_irq(&q->fault_lock);
	}
	return ret;
}

static int axon_wait_check(const struct drm_axon_wait *args)
{
	bool eventfd = args->flags & DRM_AXON_WAIT_EVENTFD;

	if (args->flags & ~DRM_AXON_WAIT_EVENTFD)
		return -EINVAL;
	if (!IS_ALIGNED(args->offset, sizeof(u64)))
		return -EINVAL;
	if (eventfd ? args->timeout_ns : args->eventfd)
		return -EINVAL;
	return memchr_inv(&args->fault, 0, sizeof(args->fault)) ? -EINVAL : 0;
}

/**
 * axon_wait_ioctl() - DRM_IOCTL_AXON_WAIT
 * @drm: the device
 * @data: struct drm_axon_wait
 * @file: the caller
 *
 * Return: 0 when the word is what it is to be, or the eventfd will be signalled; -EINVAL for
 * unknown flags, an offset that is unaligned or outside the buffer, a kernel queue, and fields that
 * are to be 0; -ENOENT for a queue or buffer that does not exist; -EBADF and -EINVAL for what is no
 * eventfd; -EBUSY when too many eventfds are outstanding; -ETIME when time is up; -EIO when the
 * queue died of the fault in @data, or with the whole chip and no fault; -ECANCELED when it was
 * destroyed; -ENODEV when the chip is gone; -ERESTARTSYS.
 */
int axon_wait_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_axon_wait *args = data;
	struct axon_queue *q;
	int ret;

	ret = axon_wait_check(args);
	if (ret)
		return ret;

	q = axon_queue_lookup(to_axon_file(file), args->queue_id);
	if (!q)
		return -ENOENT;

	if (!q->ring.user)
		ret = -EINVAL;
	else if (args->flags & DRM_AXON_WAIT_EVENTFD)
		ret = axon_wait_eventfd(q, file, args);
	else
		ret = axon_wait_thread(q, file, args);
	axon_queue_put(q);
	return ret;
}
