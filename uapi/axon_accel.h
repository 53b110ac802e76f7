/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The user ABI of the axon driver, on /dev/accel/accelN.
 *
 * Rules: structures only grow at the end; a shorter structure from an older program means zeros
 * (the DRM core sees to that). Arrays carry count and stride, so that their elements can grow too.
 * Pointers and sizes are __u64. Unknown flags and non-zero padding are -EINVAL.
 */
#ifndef AXON_ACCEL_H
#define AXON_ACCEL_H

#include "drm.h"
#include "axon_hw.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define DRM_AXON_QUERY		0x00
#define DRM_AXON_VM_CREATE	0x01
#define DRM_AXON_VM_DESTROY	0x02
#define DRM_AXON_VM_BIND	0x03
#define DRM_AXON_BO_CREATE	0x04
#define DRM_AXON_BO_MMAP_OFFSET	0x05
/* 0x06 is BO_MADVISE's */
#define DRM_AXON_QUEUE_CREATE	0x07
#define DRM_AXON_QUEUE_DESTROY	0x08
#define DRM_AXON_QUEUE_STATE	0x09
#define DRM_AXON_SUBMIT		0x0a
#define DRM_AXON_WAIT		0x0b

/* An array in user memory: `count` elements, `stride` bytes apart. */
struct drm_axon_array {
	__u32 stride;
	__u32 count;
	__u64 pointer;
};

/* ---- QUERY: size 0 asks for the size; a smaller size truncates, a larger one is zero-filled */
enum drm_axon_query_type {
	DRM_AXON_QUERY_DEVICE,		/* struct drm_axon_query_device */
	DRM_AXON_QUERY_MEMORY,		/* array of struct drm_axon_query_memory */
	DRM_AXON_QUERY_ENGINES,		/* array of struct drm_axon_query_engine */
	DRM_AXON_QUERY_TIMESTAMP,	/* struct drm_axon_query_timestamp */
	DRM_AXON_QUERY_PURPOSES,	/* array of struct drm_axon_query_purpose */
	DRM_AXON_QUERY_EVENTS,		/* struct drm_axon_query_events and what follows it */
};

struct drm_axon_query {
	__u32 type;		/* enum drm_axon_query_type */
	__u32 size;		/* in: bytes at pointer; out: bytes available */
	__u64 pointer;
};

struct drm_axon_query_device {
	__u32 hw_version;	/* major << 16 | minor */
	__u32 num_cores;
	__u32 sram_size;	/* bytes per core */
	__u32 clock_hz;		/* modelled */
	__u64 features;		/* AXON_FEAT_* */
	__u64 vram_size;
	__u64 va_start;		/* user range of an address space */
	__u64 va_end;
	__u32 num_slots;	/* hardware queues in all */
	__u32 free_slots;	/* that no queue has now; queues are not limited by slots */
	__u8 uuid[16];
	__u64 faults;		/* faults since the driver took the device */
	__u64 resets;		/* queues reset since then for a fault, a hang or a time-out; not those closed */
	__u64 device_resets;	/* resets of the whole chip since then */
	__u64 ecc_corrected;	/* memory errors put right since then */
	__u64 ecc_uncorrected;	/* memory errors that cost a queue */
	__u64 lost_interrupts;	/* interrupts that never came; the driver went on without */
	__u64 throttled;	/* times that the chip stood still because it was too hot */
};

enum drm_axon_memory_kind { DRM_AXON_MEMORY_VRAM, DRM_AXON_MEMORY_SYSTEM };
struct drm_axon_query_memory {
	__u32 kind;		/* enum drm_axon_memory_kind */
	__u32 page_size;
	__u64 size;
	__u64 used;
};

struct drm_axon_query_engine {
	__u32 engine;		/* enum axon_engine */
	__u32 pad;
	__u64 busy_cycles;	/* modelled */
	__u64 busy_ns;		/* wall, summed over cores */
};

struct drm_axon_query_timestamp {
	__u64 device_ns;
	__u64 cpu_ns;		/* CLOCK_MONOTONIC at the same moment */
};

struct drm_axon_query_purpose {
	__u32 purpose;		/* enum drm_axon_purpose */
	__u32 pad;
	__u64 size;		/* bytes of all buffers of that purpose, wherever they are */
};

/*
 * The newest events of the device, newest first, so that a smaller size leaves out the oldest. The
 * driver keeps DRM_AXON_MAX_EVENTS of them until it lets go of the device.
 *
 * An event of a client is shown whole to that client, to others of the same user, who could read
 * its fdinfo too, and to those with CAP_PERFMON or CAP_SYS_ADMIN. To anyone else it is HIDDEN: it
 * tells that and when there was one, its kind, cause and slot, because what it did to the device
 * concerns all, but neither whose it was nor any address. Events of no client are shown to all.
 */
enum drm_axon_event_kind {
	DRM_AXON_EVENT_FAULT,		/* the chip reported `fault` */
	DRM_AXON_EVENT_QUEUE_RESET,	/* a queue was ended and its slot reset; its fences got `error` */
	DRM_AXON_EVENT_DEVICE_RESET,	/* the whole chip was reset; all fences got `error` */
	DRM_AXON_EVENT_DEVICE_LOST,	/* it did not come out of that; all fences got `error` */
	DRM_AXON_EVENT_FAULTS_LOST,	/* the chip had no room for `lost` fault records */
	DRM_AXON_EVENT_THROTTLED,	/* the chip reached its temperature limit and stood still for a while */
	DRM_AXON_EVENT_KINDS
};
#define DRM_AXON_EVENT_HIDDEN		(1u << 0)
#define DRM_AXON_EVENT_MEMORY_LOST	(1u << 1)	/* with the reset went what was in device memory */
#define DRM_AXON_EVENT_NO_SLOT		(~0u)
#define DRM_AXON_MAX_EVENTS		128
struct drm_axon_query_event {
	__u64 number;		/* 1 is the first of the device; numbers have no gaps */
	__u64 time_ns;		/* CLOCK_REALTIME */
	__u64 client;		/* drm-client-id of fdinfo, 0: none, or HIDDEN */
	__u32 kind;		/* enum drm_axon_event_kind */
	__u32 flags;		/* DRM_AXON_EVENT_HIDDEN, _MEMORY_LOST */
	__u32 pid;		/* of the client, in the reader's pid namespace; 0: none there, or HIDDEN */
	__u32 queue_id;		/* as the client knows it, 0: none, or HIDDEN */
	__u32 slot;		/* DRM_AXON_EVENT_NO_SLOT: none */
	__u32 error;		/* errno, positive; 0: nothing ended */
	__u32 lost;
	__u32 pad;
	char comm[16];		/* name of the client's process, NUL-terminated; empty if HIDDEN */
	struct axon_fault fault;	/* cause AXON_FAULT_NONE: none. HIDDEN: only cause, slot, engine, ns */
};

struct drm_axon_query_events {
	__u64 total;		/* events so far, which is the number of the newest */
	__u32 stride;		/* bytes from one event to the next */
	__u32 count;		/* events that follow */
};

/* ---- address spaces ---- */
/*
 * Long-running: for user queues only. Nothing that happens in it ever signals a syncobj; what is
 * done is told by words in memory, see DRM_AXON_WAIT.
 */
#define DRM_AXON_VM_LONG_RUNNING	(1u << 0)
struct drm_axon_vm_create {
	__u32 flags;		/* DRM_AXON_VM_* */
	__u32 vm_id;		/* out, > 0 */
};

struct drm_axon_vm_destroy {
	__u32 vm_id;
	__u32 pad;
};

/* A syncobj to wait for, or with _SIGNAL to signal. */
#define DRM_AXON_SYNC_SIGNAL	(1u << 0)
#define DRM_AXON_SYNC_TIMELINE	(1u << 1)	/* point is used; otherwise it must be 0 */
struct drm_axon_sync {
	__u32 handle;
	__u32 flags;
	__u64 point;
};

enum drm_axon_bind_op_kind {
	DRM_AXON_BIND_MAP,
	DRM_AXON_BIND_UNMAP,
};
#define DRM_AXON_BIND_READONLY	(1u << 0)
#define DRM_AXON_BIND_EXEC	(1u << 1)
struct drm_axon_bind_op {
	__u32 op;		/* enum drm_axon_bind_op_kind */
	__u32 flags;		/* MAP: DRM_AXON_BIND_* */
	__u32 bo_handle;	/* MAP */
	__u32 pad;
	__u64 bo_offset;	/* MAP, page-aligned */
	__u64 va;		/* page-aligned */
	__u64 size;		/* page-aligned, not 0 */
};

/* Operations are carried out in order before the ioctl returns. All or nothing. */
struct drm_axon_vm_bind {
	__u32 vm_id;
	__u32 flags;		/* must be 0 */
	struct drm_axon_array ops;	/* struct drm_axon_bind_op */
	struct drm_axon_array syncs;	/* struct drm_axon_sync; count must be 0 for a synchronous bind */
};

/* ---- buffers ---- */
/*
 * Where the chip may use it. A buffer of both goes to device memory while there is room. Whatever is
 * not used just now may be pushed out, mapped or not; it keeps its contents.
 */
#define DRM_AXON_BO_VRAM	(1u << 0)	/* in device memory */
#define DRM_AXON_BO_SYSTEM	(1u << 1)	/* in system memory */

enum drm_axon_purpose {
	DRM_AXON_PURPOSE_OTHER,
	DRM_AXON_PURPOSE_WEIGHTS,
	DRM_AXON_PURPOSE_KV,
	DRM_AXON_PURPOSE_ACTIVATIONS,
	DRM_AXON_PURPOSE_CODE,
	DRM_AXON_PURPOSE_COMMANDS,
	DRM_AXON_PURPOSE_COUNT
};

struct drm_axon_bo_create {
	__u64 size;		/* in: > 0; out: rounded up to pages */
	__u32 flags;		/* DRM_AXON_BO_*: at least one placement */
	__u32 purpose;		/* enum drm_axon_purpose */
	__u32 vm_id;		/* 0, or the only VM that the buffer will be bound in */
	__u32 handle;		/* out */
};

struct drm_axon_bo_mmap_offset {
	__u32 handle;
	__u32 pad;
	__u64 offset;		/* out: for mmap(2) on the node */
};

/* ---- queues ---- */
enum drm_axon_priority {
	DRM_AXON_PRIORITY_LOW,
	DRM_AXON_PRIORITY_NORMAL,
	DRM_AXON_PRIORITY_HIGH,	/* needs CAP_SYS_NICE */
};

/*
 * A user queue: the process writes packets into a ring of its own and their count to a doorbell that
 * it maps; the kernel sees none of it. Only, and only such, on a long-running VM.
 */
#define DRM_AXON_QUEUE_USER	(1u << 0)
struct drm_axon_queue_create {
	__u32 vm_id;
	__u32 priority;		/* enum drm_axon_priority */
	__u32 flags;		/* DRM_AXON_QUEUE_* */
	__u32 queue_id;		/* out, > 0 */
	__u64 ring_va;		/* USER: of struct axon_packet[1 << ring_log2], 64-byte aligned; otherwise 0 */
	__u32 ring_log2;	/* USER: AXON_RING_MIN_LOG2 to AXON_RING_MAX_LOG2; otherwise 0 */
	__u32 pad;
	__u64 doorbell_offset;	/* out, USER: for mmap(2) of one page on the node, write-only, shared */
	__u64 save_size;	/* out: bytes that the kernel keeps for the state of the suspended queue */
};

struct drm_axon_queue_destroy {
	__u32 queue_id;
	__u32 pad;
};

enum drm_axon_queue_status {
	DRM_AXON_QUEUE_OK,
	/*
	 * It ended; create another. `fault` tells why. Its cause is AXON_FAULT_NONE when it was not the
	 * queue's own doing: the whole chip was reset (fences end with -EIO), or lost (-ENODEV), or
	 * the driver gave up on a chip that reported nothing (-ETIME). QUERY_EVENTS tells which.
	 */
	DRM_AXON_QUEUE_DEAD,
};

struct drm_axon_queue_state {
	__u32 queue_id;
	__u32 status;		/* out: enum drm_axon_queue_status */
	struct axon_fault fault;	/* out: cause AXON_FAULT_NONE while the queue is alive */
};

/* ---- submission ---- */
struct drm_axon_call {
	__u64 va;		/* command buffer: struct axon_packet[count], 64-byte aligned */
	__u32 count;		/* packets, > 0 */
	__u32 pad;
};

/*
 * The calls run in order as one job; its fence goes to every sync with _SIGNAL. What is mapped in the
 * address space is brought back first where it was evicted: -ENOSPC if the buffers that can only be in
 * device memory do not fit there together, and then nothing has been submitted.
 */
struct drm_axon_submit {
	__u32 queue_id;
	__u32 flags;		/* must be 0 */
	struct drm_axon_array calls;	/* struct drm_axon_call */
	struct drm_axon_array syncs;	/* struct drm_axon_sync */
};

/* ---- waiting for a user queue ---- */
/*
 * Until the 64-bit word of a buffer is at least `value`. The word is looked at when the queue
 * executes a SIGNAL packet with AXON_PKT_F_IRQ, when the queue dies and when time is up.
 */
#define DRM_AXON_WAIT_EVENTFD	(1u << 0)	/* return at once; the eventfd is signalled once instead */
struct drm_axon_wait {
	__u32 queue_id;		/* a user queue */
	__u32 flags;		/* DRM_AXON_WAIT_* */
	__u32 handle;		/* buffer */
	__s32 eventfd;		/* EVENTFD: the descriptor; otherwise 0 */
	__u64 offset;		/* of the word in the buffer, a multiple of 8 */
	__u64 value;
	__s64 timeout_ns;	/* until CLOCK_MONOTONIC reaches it; EVENTFD: 0 */
	struct axon_fault fault;	/* out: with -EIO, why the queue died */
};
#define DRM_AXON_MAX_EVENTFDS	256	/* outstanding, for each queue */

#define DRM_AXON_MAX_CALLS	64
#define DRM_AXON_MAX_SYNCS	64
#define DRM_AXON_MAX_BIND_OPS	4096

#define DRM_IOCTL_AXON_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_QUERY, struct drm_axon_query)
#define DRM_IOCTL_AXON_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_VM_CREATE, struct drm_axon_vm_create)
#define DRM_IOCTL_AXON_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_AXON_VM_DESTROY, struct drm_axon_vm_destroy)
#define DRM_IOCTL_AXON_VM_BIND \
	DRM_IOW(DRM_COMMAND_BASE + DRM_AXON_VM_BIND, struct drm_axon_vm_bind)
#define DRM_IOCTL_AXON_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_BO_CREATE, struct drm_axon_bo_create)
#define DRM_IOCTL_AXON_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_BO_MMAP_OFFSET, struct drm_axon_bo_mmap_offset)
#define DRM_IOCTL_AXON_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_QUEUE_CREATE, struct drm_axon_queue_create)
#define DRM_IOCTL_AXON_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_AXON_QUEUE_DESTROY, struct drm_axon_queue_destroy)
#define DRM_IOCTL_AXON_QUEUE_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_QUEUE_STATE, struct drm_axon_queue_state)
#define DRM_IOCTL_AXON_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_AXON_SUBMIT, struct drm_axon_submit)
#define DRM_IOCTL_AXON_WAIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_AXON_WAIT, struct drm_axon_wait)

#if defined(__cplusplus)
}
#endif

#endif
