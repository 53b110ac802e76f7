// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Fences
 *
 * User space and other drivers get the fence of the hardware, not the scheduler's finished fence:
 * that one points into its scheduler for as long as somebody holds it, and a scheduler here goes
 * with its queue. The price is that a job which never reaches the hardware must have its fence
 * signalled by hand; axon_sched.c does so in the two places where a job can end early.
 *
 * The chip writes the sequence number of the job just done into memory before it raises the
 * interrupt. Numbers only grow, so one look at the memory signals everything up to that number,
 * and an interrupt that comes late or twice does no harm.
 */

#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "axon_fence.h"
#include "axon_trace.h"

static struct axon_fence *to_axon_fence(struct dma_fence *fence)
{
	return container_of(fence, struct axon_fence, base);
}

static const char *axon_fence_get_driver_name(struct dma_fence *fence)
{
	return "axon";
}

static const char *axon_fence_get_timeline_name(struct dma_fence *fence)
{
	return to_axon_fence(fence)->timeline->name;
}

static void axon_fence_release(struct dma_fence *base)
{
	struct axon_fence *fence = to_axon_fence(base);
	struct axon_timeline *tl = fence->timeline;

	dma_fence_free(base);
	axon_timeline_put(tl);
}

static const struct dma_fence_ops axon_fence_ops = {
	.get_driver_name = axon_fence_get_driver_name,
	.get_timeline_name = axon_fence_get_timeline_name,
	.release = axon_fence_release,
};

/**
 * axon_timeline_create() - make the timeline of a queue
 * @doorbell: of the queue, for the name
 * @owner: this module, if anyone outside it will hold the fences, else NULL
 *
 * Return: the timeline or NULL.
 */
struct axon_timeline *axon_timeline_create(unsigned int doorbell, struct module *owner)
{
	struct axon_timeline *tl = kzalloc(sizeof(*tl), GFP_KERNEL);

	if (!tl)
		return NULL;

	__module_get(owner);
	tl->owner = owner;
	kref_init(&tl->kref);
	spin_lock_init(&tl->lock);
	INIT_LIST_HEAD(&tl->pending);
	tl->context = dma_fence_context_alloc(1);
	snprintf(tl->name, sizeof(tl->name), "axon-queue%u", doorbell);
	return tl;
}
EXPORT_SYMBOL_IF_KUNIT(axon_timeline_create);

static void axon_timeline_release(struct kref *kref)
{
	struct axon_timeline *tl = container_of(kref, struct axon_timeline, kref);
	struct module *owner = tl->owner;

	kfree(tl);
	module_put(owner);
}

/**
 * axon_timeline_put() - drop a reference
 * @tl: the timeline
 */
void axon_timeline_put(struct axon_timeline *tl)
{
	kref_put(&tl->kref, axon_timeline_release);
}
EXPORT_SYMBOL_IF_KUNIT(axon_timeline_put);

/* Signal the pending fences up to @value, with @error if it is not 0. */
static void axon_timeline_signal(struct axon_timeline *tl, u64 value, int error)
{
	struct axon_fence *fence, *next;
	unsigned long flags;
	LIST_HEAD(done);

	spin_lock_irqsave(&tl->lock, flags);
	if (error && !tl->error)
		tl->error = error;
	list_for_each_entry_safe(fence, next, &tl->pending, node) {
		if (fence->base.seqno > value)
			break;
		if (error)
			dma_fence_set_error(&fence->base, error);
		trace_axon_fence_signal(tl->name, fence->base.seqno, error);
		dma_fence_signal_locked(&fence->base);
		list_move_tail(&fence->node, &done);
	}
	spin_unlock_irqrestore(&tl->lock, flags);

	/* The last reference to a fence must not go while its lock is held. */
	list_for_each_entry_safe(fence, next, &done, node)
		dma_fence_put(&fence->base);
}

/**
 * axon_timeline_complete() - signal what the chip has done
 * @tl: the timeline
 * @value: number of the newest job that is done
 *
 * The caller holds a reference to the timeline. Any context.
 */
void axon_timeline_complete(struct axon_timeline *tl, u64 value)
{
	axon_timeline_signal(tl, value, 0);
}
EXPORT_SYMBOL_IF_KUNIT(axon_timeline_complete);

/**
 * axon_timeline_is_behind() - look for what the chip has done and nobody was told of
 * @tl: the timeline
 * @value: number of the newest job that is done
 *
 * Return: whether a fence up to that number is pending.
 */
bool axon_timeline_is_behind(struct axon_timeline *tl, u64 value)
{
	struct axon_fence *first;
	unsigned long flags;
	bool behind;

	spin_lock_irqsave(&tl->lock, flags);
	first = list_first_entry_or_null(&tl->pending, struct axon_fence, node);
	behind = first && first->base.seqno <= value;
	spin_unlock_irqrestore(&tl->lock, flags);
	return behind;
}

/**
 * axon_timeline_abort() - signal everything with an error and accept nothing more
 * @tl: the timeline; the chip has stopped working on it
 * @error: negative
 */
void axon_timeline_abort(struct axon_timeline *tl, int error)
{
	axon_timeline_signal(tl, U64_MAX, error);
}
EXPORT_SYMBOL_IF_KUNIT(axon_timeline_abort);

/**
 * axon_fence_init() - give a fence its place in the timeline
 * @fence: the fence, zeroed
 * @tl: the timeline
 *
 * From here on the fence must signal. The caller sees to it that jobs reach the hardware in the
 * order of this call.
 */
void axon_fence_init(struct axon_fence *fence, struct axon_timeline *tl)
{
	unsigned long flags;
	u64 seqno;

	kref_get(&tl->kref);
	fence->timeline = tl;
	INIT_LIST_HEAD(&fence->node);

	spin_lock_irqsave(&tl->lock, flags);
	seqno = ++tl->seqno;
	spin_unlock_irqrestore(&tl->lock, flags);
	dma_fence_init(&fence->base, &axon_fence_ops, &tl->lock, tl->context, seqno);
}
EXPORT_SYMBOL_IF_KUNIT(axon_fence_init);

/**
 * axon_fence_arm() - let the timeline signal a fence, whose work the chip is about to get
 * @fence: the fence
 *
 * Return: 0, or the error that ended the timeline; the fence has then been signalled with it.
 */
int axon_fence_arm(struct axon_fence *fence)
{
	struct axon_timeline *tl = fence->timeline;
	unsigned long flags;
	int error;

	spin_lock_irqsave(&tl->lock, flags);
	error = tl->error;
	if (!error) {
		dma_fence_get(&fence->base);
		list_add_tail(&fence->node, &tl->pending);
	}
	spin_unlock_irqrestore(&tl->lock, flags);

	if (error)
		axon_fence_abort(fence, error);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(axon_fence_arm);

/**
 * axon_fence_abort() - signal a fence whose work never reached the chip
 * @fence: the fence, not armed
 * @error: negative
 */
void axon_fence_abort(struct axon_fence *fence, int error)
{
	unsigned long flags;

	spin_lock_irqsave(fence->base.lock, flags);
	if (!dma_fence_is_signaled_locked(&fence->base)) {
		dma_fence_set_error(&fence->base, error);
		dma_fence_signal_locked(&fence->base);
	}
	spin_unlock_irqrestore(fence->base.lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(axon_fence_abort);
