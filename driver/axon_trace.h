/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: /sys/kernel/tracing/events/axon/. A queue is named by its doorbell, which it keeps
 * for life, and so are its fences' timelines ("axon-queue5").
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM axon

#if !defined(AXON_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AXON_TRACE_H

#include <linux/tracepoint.h>

#include "axon_device.h"
#include "axon_ring.h"

/* Tracepoints are laid out as tables, as everywhere in the kernel. */
/* clang-format off */

/* From SUBMIT on: its calls wait for what they depend on. */
TRACE_EVENT(axon_job_submit,
	TP_PROTO(const struct axon_ring *ring, u64 client, u64 seqno, u32 calls),
	TP_ARGS(ring, client, seqno, calls),
	TP_STRUCT__entry(
		__string(dev, dev_name(ring->adev->drm.dev))
		__field(u32, queue)
		__field(u64, client)
		__field(u64, seqno)
		__field(u32, calls)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->queue = ring->doorbell;
		__entry->client = client;
		__entry->seqno = seqno;
		__entry->calls = calls;
	),
	TP_printk("dev=%s queue=%u client=%llu seqno=%llu calls=%u", __get_str(dev),
		  __entry->queue, __entry->client, __entry->seqno, __entry->calls)
);

/* Its packets are in the ring. */
TRACE_EVENT(axon_job_run,
	TP_PROTO(const struct axon_ring *ring, u64 seqno),
	TP_ARGS(ring, seqno),
	TP_STRUCT__entry(
		__string(dev, dev_name(ring->adev->drm.dev))
		__field(u32, queue)
		__field(u64, seqno)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->queue = ring->doorbell;
		__entry->seqno = seqno;
	),
	TP_printk("dev=%s queue=%u seqno=%llu", __get_str(dev), __entry->queue, __entry->seqno)
);

/* The fence of a job on the chip signals. */
TRACE_EVENT(axon_fence_signal,
	TP_PROTO(const char *timeline, u64 seqno, int error),
	TP_ARGS(timeline, seqno, error),
	TP_STRUCT__entry(
		__string(timeline, timeline)
		__field(u64, seqno)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(timeline);
		__entry->seqno = seqno;
		__entry->error = error;
	),
	TP_printk("timeline=%s seqno=%llu error=%d", __get_str(timeline), __entry->seqno,
		  __entry->error)
);

/* Page tables of a range are written. */
TRACE_EVENT(axon_bind,
	TP_PROTO(const struct axon_device *adev, unsigned int as, u64 va, u64 size, bool map),
	TP_ARGS(adev, as, va, size, map),
	TP_STRUCT__entry(
		__string(dev, dev_name(adev->drm.dev))
		__field(u32, as)
		__field(u64, va)
		__field(u64, size)
		__field(bool, map)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->as = as;
		__entry->va = va;
		__entry->size = size;
		__entry->map = map;
	),
	TP_printk("dev=%s as=%u va=%#llx size=%#llx op=%s", __get_str(dev), __entry->as,
		  __entry->va, __entry->size, __entry->map ? "map" : "unmap")
);

/* The chip reported a fault; of queue -1 when its slot has no queue any more. */
TRACE_EVENT(axon_fault,
	TP_PROTO(const struct axon_device *adev, const struct axon_ring *ring,
		 const struct axon_fault *fault),
	TP_ARGS(adev, ring, fault),
	TP_STRUCT__entry(
		__string(dev, dev_name(adev->drm.dev))
		__field(int, queue)
		__field(u32, slot)
		__field(u32, cause)
		__field(u64, addr)
		__field(u64, pc)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->queue = ring ? ring->doorbell : -1;
		__entry->slot = fault->slot;
		__entry->cause = fault->cause;
		__entry->addr = fault->addr;
		__entry->pc = fault->pc;
	),
	TP_printk("dev=%s queue=%d slot=%u cause=%u addr=%#llx pc=%#llx", __get_str(dev),
		  __entry->queue, __entry->slot, __entry->cause, __entry->addr, __entry->pc)
);

/* A queue is ended for what it did. */
TRACE_EVENT(axon_queue_reset,
	TP_PROTO(const struct axon_ring *ring, int error),
	TP_ARGS(ring, error),
	TP_STRUCT__entry(
		__string(dev, dev_name(ring->adev->drm.dev))
		__field(u32, queue)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->queue = ring->doorbell;
		__entry->error = error;
	),
	TP_printk("dev=%s queue=%u error=%d", __get_str(dev), __entry->queue, __entry->error)
);

/* The whole chip was reset; error -ENODEV: it did not come out of that. */
TRACE_EVENT(axon_device_reset,
	TP_PROTO(const struct axon_device *adev, int error),
	TP_ARGS(adev, error),
	TP_STRUCT__entry(
		__string(dev, dev_name(adev->drm.dev))
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->error = error;
	),
	TP_printk("dev=%s error=%d", __get_str(dev), __entry->error)
);

DECLARE_EVENT_CLASS(axon_slot_class,
	TP_PROTO(const struct axon_slot *slot, const struct axon_ring *ring),
	TP_ARGS(slot, ring),
	TP_STRUCT__entry(
		__string(dev, dev_name(slot->adev->drm.dev))
		__field(u32, slot)
		__field(u32, queue)
		__field(u32, priority)
		__field(bool, saved)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->slot = slot->id;
		__entry->queue = ring->doorbell;
		__entry->priority = ring->priority;
		__entry->saved = ring->saved;
	),
	TP_printk("dev=%s slot=%u queue=%u priority=%u saved=%d", __get_str(dev), __entry->slot,
		  __entry->queue, __entry->priority, __entry->saved)
);

/* A queue gets a slot; saved: and goes on from its save area. */
DEFINE_EVENT(axon_slot_class, axon_slot_load,
	TP_PROTO(const struct axon_slot *slot, const struct axon_ring *ring),
	TP_ARGS(slot, ring)
);

/* A queue is asked to leave its slot. */
DEFINE_EVENT(axon_slot_class, axon_slot_suspend,
	TP_PROTO(const struct axon_slot *slot, const struct axon_ring *ring),
	TP_ARGS(slot, ring)
);

/* It has left, its state saved. */
DEFINE_EVENT(axon_slot_class, axon_slot_leave,
	TP_PROTO(const struct axon_slot *slot, const struct axon_ring *ring),
	TP_ARGS(slot, ring)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE axon_trace
#include <trace/define_trace.h>
