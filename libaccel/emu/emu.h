/* SPDX-License-Identifier: MIT */
/*
 * The in-process backend: the chip's model and a small driver for it, which does what the kernel
 * driver does with the same registers. Each opened device is a chip of its own.
 *
 * backend->lock guards everything and is the chip's "one host thread at a time". The chip's
 * workers never take it: an interrupt only bumps the event count, and whoever waits for something
 * carries the driver's work on (emu_process()).
 */
#ifndef EMU_H
#define EMU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "axon_core.h"
#include "../backend.h"
#include "../ranges.h"

#define EMU_SYS_BYTES	 (64ull << 30) /* system memory as the bus sees it: address = offset */
#define EMU_VA_START	 (1ull << 32)
#define EMU_VA_END	 (1ull << 47)
#define EMU_KERNEL_VA	 (1ull << 32) /* of struct kernel_area, in address space 0 */
#define EMU_RING_LOG2	 8
#define EMU_RING_PACKETS (1u << EMU_RING_LOG2)
#define EMU_FAULT_LOG2	 6

/* What the driver shares with the chip: mapped in address space 0 only. */
struct kernel_area {
	struct axon_packet ring[AXON_NUM_SLOTS][EMU_RING_PACKETS];
	struct axon_fault faults[1 << EMU_FAULT_LOG2];
	struct axon_signal fence[AXON_NUM_SLOTS];
};

/* Handles: an object's index + 1. */
struct table {
	void **items;
	unsigned int capacity;
};

int table_add(struct table *table, void *item, uint32_t *handle);
void *table_get(const struct table *table, uint32_t handle);
void table_remove(struct table *table, uint32_t handle);

struct emu_bo {
	unsigned int refs; /* the handle and every mapping */
	bool vram;
	uint32_t purpose;
	uint64_t addr; /* offset into device memory, or bus address */
	uint64_t size;
};

struct emu_mapping {
	struct emu_mapping *next;
	struct emu_bo *bo;
	uint64_t va, size, addr;
};

struct emu_vm {
	uint64_t root; /* bus address of the top table, 0 = unused */
	struct emu_mapping *mappings;
};

/* A point that a job will signal. */
struct emu_point {
	uint64_t value;
	bool done;
};

struct emu_sync {
	unsigned int refs;	   /* the handle, every job, every waiter */
	uint64_t value;		   /* signalled */
	struct emu_point *pending; /* ascending */
	unsigned int count, capacity;
};

struct emu_fence {
	struct emu_sync *sync;
	uint64_t point;
};

struct emu_job {
	struct emu_job *next;
	uint64_t seqno;
	bool started;
	unsigned int num_calls, num_waits, num_signals;
	struct drm_axon_call *calls;
	struct emu_fence *waits, *signals;
};

struct emu_queue {
	unsigned int slot;
	bool user;	 /* the ring is the process's; no jobs */
	uint32_t status; /* enum drm_axon_queue_status */
	struct axon_fault fault;
	struct emu_job *jobs, **tail; /* in order; those started come first */
	uint64_t seqno;
	uint32_t wptr;
	uint32_t in_ring; /* packets of the jobs started */
};

/* An eventfd that waits for a syncobj's point, or for a word that a queue is to write. */
struct emu_eventfd {
	struct emu_eventfd *next;
	int fd;
	struct emu_sync *sync;
	struct emu_queue *queue;
	struct emu_bo *bo;
	const uint64_t *word;
	uint64_t value;
};

struct backend {
	pthread_mutex_t lock;
	struct axon_core *core;
	uint8_t *vram, *sys;
	uint64_t vram_bytes;
	struct ranges vram_free, sys_free;
	struct table bos, syncs;
	struct emu_vm vms[AXON_NUM_AS]; /* 0 is the driver's own */
	struct emu_queue *queues[AXON_NUM_SLOTS];
	struct emu_eventfd *eventfds;
	struct kernel_area *area;
	uint64_t area_bus;
	uint64_t bo_system_bytes, purpose_bytes[DRM_AXON_PURPOSE_COUNT];
	uint64_t num_faults, num_resets;
	/* Event n is at (n - 1) modulo their number. */
	struct drm_axon_query_event history[DRM_AXON_MAX_EVENTS];
	uint64_t num_history;

	pthread_t thread; /* starts jobs whose waits end while nobody is in the library */
	bool thread_runs;
	pthread_mutex_t event_lock; /* of the two below */
	pthread_cond_t event_cond;
	uint64_t events;
	atomic_bool stop;
};

/* Registers. */
uint32_t emu_read(struct backend *b, uint64_t reg);
void emu_write(struct backend *b, uint64_t reg, uint32_t value);
void emu_write64(struct backend *b, uint64_t reg, uint64_t value);

/* Something may have changed: wakes all who sleep. From any thread. */
void emu_event(struct backend *b);
uint64_t emu_events(struct backend *b);
/* Sleeps until more than `seen` events happened; false when the deadline came first. */
bool emu_sleep(struct backend *b, uint64_t seen, int64_t deadline_ns);

/* Everything below wants the lock. */

/* Carries the driver's work on: faults, finished jobs, jobs that may start. */
void emu_process(struct backend *b);

int emu_sys_alloc(struct backend *b, uint64_t bytes, uint64_t *bus); /* zeroed */
void emu_sys_free(struct backend *b, uint64_t bus, uint64_t bytes);
int emu_vm_init(struct backend *b, unsigned int as);
void emu_vm_fini(struct backend *b, unsigned int as);
int emu_map(struct backend *b, unsigned int as, uint64_t va, uint64_t addr, uint64_t size,
	    uint64_t flags);
void emu_bo_unref(struct backend *b, struct emu_bo *bo);
uint8_t *emu_bo_host(struct backend *b, const struct emu_bo *bo);

void emu_queue_free(struct backend *b, struct emu_queue *queue);
struct emu_queue *emu_queue_get(struct backend *b, uint32_t id); /* NULL: no such queue */

/* Rings the eventfds whose time has come; those of `queue`, if any, whatever it has done. */
void emu_eventfds_ring(struct backend *b, const struct emu_queue *queue);
void emu_eventfds_free(struct backend *b);

/* Keep what happened, as the driver does. */
void emu_history_fault(struct backend *b, const struct emu_queue *queue,
		       const struct axon_fault *fault);
void emu_history_queue_reset(struct backend *b, const struct emu_queue *queue, int error);

struct emu_sync *emu_sync_ref(struct backend *b, uint32_t handle); /* NULL: no such handle */
void emu_sync_unref(struct emu_sync *sync);
/* Promises a point, greater than every one before. */
int emu_sync_promise(struct emu_sync *sync, uint64_t value);
void emu_sync_take_back(struct emu_sync *sync, uint64_t value);
void emu_sync_complete(struct emu_sync *sync, uint64_t value);
/* The highest point promised or signalled. */
uint64_t emu_sync_last(const struct emu_sync *sync);

#endif
