// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Events
 *
 * The newest faults and resets of a device, for QUERY_EVENTS, and how many there were in all. A
 * queue that is closed is no event, whatever it was doing.
 *
 * Who may see what is said in axon_accel.h. Addresses tell how a process laid out its memory, so
 * they are for those who could read that process's fdinfo too: its own user, and monitors with the
 * right to look at everyone.
 */

#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>

#include "axon_accel.h"
#include "axon_device.h"
#include "axon_event.h"
#include "axon_ring.h"
#include "axon_trace.h"

/**
 * struct axon_event - one event
 */
struct axon_event {
	/** @info: as those see it who may see all; its pid is not filled in */
	struct drm_axon_query_event info;
	/** @pid: the client's process, referenced, or NULL */
	struct pid *pid;
	/** @uid: its user */
	kuid_t uid;
};

static void axon_event_fini(struct drm_device *drm, void *unused)
{
	struct axon_events *events = &to_axon_device(drm)->events;
	unsigned int i;

	for (i = 0; i < DRM_AXON_MAX_EVENTS; i++)
		put_pid(events->ring[i].pid);
}

/**
 * axon_event_init() - prepare the history
 * @adev: the device
 *
 * Return: 0 or -ENOMEM.
 */
int axon_event_init(struct axon_device *adev)
{
	struct axon_events *events = &adev->events;

	spin_lock_init(&events->lock);
	events->ring =
		drmm_kcalloc(&adev->drm, DRM_AXON_MAX_EVENTS, sizeof(*events->ring), GFP_KERNEL);
	if (!events->ring)
		return -ENOMEM;
	return drmm_add_action_or_reset(&adev->drm, axon_event_fini, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(axon_event_init);

/* The client behind a ring. Its file is open, as the ring is still there. */
static void axon_event_set_owner(struct axon_event *event, const struct axon_ring *ring)
{
	struct drm_file *owner = ring->owner;
	struct task_struct *task;

	if (!owner)
		return;

	event->info.client = owner->client_id;
	event->info.queue_id = ring->owner_id;
	event->uid = owner->filp->f_cred->euid;
	rcu_read_lock();
	event->pid = get_pid(rcu_dereference(owner->pid));
	task = pid_task(event->pid, PIDTYPE_TGID);
	if (task)
		strscpy_pad(event->info.comm, task->comm, sizeof(event->info.comm));
	rcu_read_unlock();
}

/* Any context. The reference to the process becomes the history's. */
static void axon_event_add(struct axon_device *adev, struct axon_event *event)
{
	struct axon_events *events = &adev->events;
	struct axon_event *place;
	unsigned long flags;
	struct pid *old;

	event->info.time_ns = ktime_get_real_ns();
	spin_lock_irqsave(&events->lock, flags);
	place = &events->ring[events->total % DRM_AXON_MAX_EVENTS];
	old = place->pid;
	event->info.number = ++events->total;
	*place = *event;
	spin_unlock_irqrestore(&events->lock, flags);
	put_pid(old);
}

/**
 * axon_event_fault() - the chip reported a fault
 * @adev: the device
 * @ring: what runs on the slot, or NULL; &axon_slots.irq_lock is held
 * @record: the chip's record
 */
void axon_event_fault(struct axon_device *adev, struct axon_ring *ring,
		      const struct axon_fault *record)
{
	struct axon_event event = {
		.info.kind = DRM_AXON_EVENT_FAULT,
		.info.slot = record->slot,
		.info.fault = *record,
	};

	trace_axon_fault(adev, ring, record);
	atomic64_inc(&adev->num_faults);
	if (ring)
		axon_event_set_owner(&event, ring);
	axon_event_add(adev, &event);
}

/**
 * axon_event_faults_lost() - the chip had more faults than room
 * @adev: the device
 * @lost: how many records are missing
 */
void axon_event_faults_lost(struct axon_device *adev, u32 lost)
{
	struct axon_event event = {
		.info.kind = DRM_AXON_EVENT_FAULTS_LOST,
		.info.slot = DRM_AXON_EVENT_NO_SLOT,
		.info.lost = lost,
	};

	axon_event_add(adev, &event);
}

/**
 * axon_event_queue_reset() - a queue is ended against its owner's will
 * @ring: the queue; its lock is held
 * @error: what its fences get
 */
void axon_event_queue_reset(struct axon_ring *ring, int error)
{
	struct axon_event event = {
		.info.kind = DRM_AXON_EVENT_QUEUE_RESET,
		.info.slot = ring->slot ? ring->slot->id : DRM_AXON_EVENT_NO_SLOT,
		.info.error = -error,
	};

	trace_axon_queue_reset(ring, error);
	atomic64_inc(&ring->adev->num_resets);
	axon_event_set_owner(&event, ring);
	axon_event_add(ring->adev, &event);
}

/**
 * axon_event_device_reset() - the whole chip was reset
 * @adev: the device
 * @error: what all fences get; -ENODEV when the chip did not come out of it
 * @memory_lost: what was in device memory is gone
 */
void axon_event_device_reset(struct axon_device *adev, int error, bool memory_lost)
{
	struct axon_event event = {
		.info.kind =
			error == -ENODEV ? DRM_AXON_EVENT_DEVICE_LOST : DRM_AXON_EVENT_DEVICE_RESET,
		.info.flags = memory_lost ? DRM_AXON_EVENT_MEMORY_LOST : 0,
		.info.slot = DRM_AXON_EVENT_NO_SLOT,
		.info.error = -error,
	};

	trace_axon_device_reset(adev, error);
	atomic64_inc(&adev->num_device_resets);
	axon_event_add(adev, &event);
}

/**
 * axon_event_throttled() - the chip stood still because it was too hot
 * @adev: the device
 */
void axon_event_throttled(struct axon_device *adev)
{
	struct axon_event event = {
		.info.kind = DRM_AXON_EVENT_THROTTLED,
		.info.slot = DRM_AXON_EVENT_NO_SLOT,
	};

	axon_event_add(adev, &event);
}

static bool axon_event_may_see(const struct axon_event *event, const struct drm_file *reader,
			       bool monitor)
{
	return monitor || !event->info.client || event->info.client == reader->client_id ||
	       uid_eq(event->uid, current_euid());
}

static void axon_event_show(const struct axon_event *event, bool whole,
			    struct drm_axon_query_event *out)
{
	const struct axon_fault *fault = &event->info.fault;

	*out = event->info;
	if (whole) {
		out->pid = pid_vnr(event->pid);
		return;
	}

	out->flags |= DRM_AXON_EVENT_HIDDEN;
	out->client = 0;
	out->queue_id = 0;
	memset(out->comm, 0, sizeof(out->comm));
	out->fault = (struct axon_fault){
		.cause = fault->cause,
		.slot = fault->slot,
		.engine = fault->engine,
		.ns = fault->ns,
	};
}

/**
 * axon_event_snapshot() - the history as one client may see it
 * @adev: the device
 * @reader: the client
 * @size: filled in: bytes of the answer
 *
 * Return: the answer, for kvfree(), or NULL when there is no memory.
 */
struct drm_axon_query_events *axon_event_snapshot(struct axon_device *adev, struct drm_file *reader,
						  u32 *size)
{
	struct axon_events *events = &adev->events;
	struct drm_axon_query_event *out;
	struct drm_axon_query_events *answer;
	bool monitor = perfmon_capable();
	unsigned int i;

	answer = kvzalloc(sizeof(*answer) + DRM_AXON_MAX_EVENTS * sizeof(*out), GFP_KERNEL);
	if (!answer)
		return NULL;

	out = (struct drm_axon_query_event *)(answer + 1);
	spin_lock_irq(&events->lock);
	answer->total = events->total;
	answer->stride = sizeof(*out);
	answer->count = min_t(u64, events->total, DRM_AXON_MAX_EVENTS);
	for (i = 0; i < answer->count; i++) {
		const struct axon_event *event =
			&events->ring[(events->total - 1 - i) % DRM_AXON_MAX_EVENTS];

		axon_event_show(event, axon_event_may_see(event, reader, monitor), &out[i]);
	}
	spin_unlock_irq(&events->lock);

	*size = sizeof(*answer) + answer->count * sizeof(*out);
	return answer;
}
