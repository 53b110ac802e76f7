/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_FENCE_H
#define AXON_FENCE_H

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct module;

/**
 * struct axon_timeline - what the fences of one hardware queue share
 *
 * It outlives its queue for as long as a fence is held by anyone.
 */
struct axon_timeline {
	/** @kref: the queue's and one of each fence */
	struct kref kref;
	/** @lock: the fences' lock; protects @pending, @error and @seqno */
	spinlock_t lock;
	/** @pending: fences of work that the chip has, oldest first */
	struct list_head pending;
	/** @owner: module that the fences' operations are code of; NULL if they stay inside it */
	struct module *owner;
	/** @context: fence context */
	u64 context;
	/** @seqno: of the newest fence */
	u64 seqno;
	/** @error: why nothing is accepted any more, 0 while it is */
	int error;
	/** @name: as shown to users of the fences */
	char name[24];
};

/**
 * struct axon_fence - the completion of one job
 */
struct axon_fence {
	/** @base: base class */
	struct dma_fence base;
	/** @timeline: the queue's, referenced */
	struct axon_timeline *timeline;
	/** @node: in &axon_timeline.pending */
	struct list_head node;
};

struct axon_timeline *axon_timeline_create(unsigned int doorbell, struct module *owner);
void axon_timeline_put(struct axon_timeline *tl);
void axon_timeline_complete(struct axon_timeline *tl, u64 value);
bool axon_timeline_is_behind(struct axon_timeline *tl, u64 value);
void axon_timeline_abort(struct axon_timeline *tl, int error);

void axon_fence_init(struct axon_fence *fence, struct axon_timeline *tl);
int axon_fence_arm(struct axon_fence *fence);
void axon_fence_abort(struct axon_fence *fence, int error);

#endif
