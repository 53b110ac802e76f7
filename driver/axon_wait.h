/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_WAIT_H
#define AXON_WAIT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct drm_device;
struct drm_file;

/**
 * struct axon_waits - who waits for a user queue
 */
struct axon_waits {
	/** @queue: threads, woken when something may have changed */
	wait_queue_head_t queue;
	/** @lock: protects @eventfds, @count and @closed */
	struct mutex lock;
	/** @eventfds: of struct axon_wait_eventfd */
	struct list_head eventfds;
	/** @count: of @eventfds; read without the lock */
	unsigned int count;
	/** @closed: nothing is added any more */
	bool closed;
	/** @work: looks at @eventfds */
	struct work_struct work;
};

void axon_waits_init(struct axon_waits *waits);
void axon_waits_notify(struct axon_waits *waits);
void axon_waits_fini(struct axon_waits *waits);

int axon_wait_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
