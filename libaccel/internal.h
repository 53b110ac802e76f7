/* SPDX-License-Identifier: MIT */
/* The objects behind the public handles, and what the library's files ask of each other. */
#ifndef ACCEL_INTERNAL_H
#define ACCEL_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "accel.h"
#include "backend.h"
#include "ranges.h"

#define ACCEL_EXPORT __attribute__((visibility("default")))

#define PAGE_BYTES (1ull << AXON_PAGE_SHIFT)
#define HUGE_BYTES (1ull << AXON_HUGE_SHIFT)

struct accel_device {
	struct backend *backend;
	struct backend_node node;
	uint64_t va_start, va_end; /* user range of every address space */
};

struct accel_vm {
	struct accel_device *dev;
	uint32_t id;
	bool long_running;
	pthread_mutex_t lock; /* of everything below */
	struct ranges va;
	struct accel_queue *queues; /* to know when nothing writes the log */
	struct accel_buffer *log;
	uint64_t log_read; /* bytes of the log handed out already */
};

struct accel_buffer {
	struct accel_vm *vm;
	uint32_t handle;
	uint64_t va;
	uint64_t size; /* whole pages */
	void *map;
};

/*
 * How far a queue has come: the last submission whose every packet was carried out. The device
 * writes `word` behind each submission, before the fence signals, so that a point whose fence is
 * signalled and whose submission is not counted here has failed. Timelines hold references,
 * because they may outlive the queue.
 */
struct progress {
	pthread_mutex_t lock;
	unsigned int refs;
	uint32_t queue;			/* its id */
	const struct axon_signal *word; /* NULL once the queue is gone: see `last` */
	uint64_t last;
};

int progress_new(const struct axon_signal *word, struct progress **progress);
struct progress *progress_ref(struct progress *progress);
void progress_unref(struct progress *progress);
uint64_t progress_done(struct progress *progress);
void progress_detach(struct progress *progress); /* the word's memory is about to go */
bool progress_is_detached(struct progress *progress);

struct timeline_point {
	uint64_t value;
	uint64_t before; /* the timeline's `last` without this point */
	struct progress *progress;
	uint64_t seqno; /* submission that signals the value */
};

struct accel_timeline {
	struct accel_device *dev;
	uint32_t handle; /* of a syncobj, or */
	/* where it lies in the memory of a long-running address space: timeline_memory.c */
	struct accel_buffer *buffer;
	struct axon_signal *word;
	pthread_cond_t added;	       /* a point was added, or the process signalled */
	pthread_mutex_t lock;	       /* of everything below */
	uint64_t last;		       /* highest value signalled or submitted */
	struct timeline_point *points; /* not known to have succeeded, by value */
	unsigned int count, capacity;
};

/* Announces that submission `seqno` will signal value; -EINVAL unless value grows. */
int timeline_add(struct accel_timeline *tl, uint64_t value, struct progress *progress,
		 uint64_t seqno);
/* Is there a point that is not known to have succeeded? Wants the lock. */
bool timeline_is_pending(struct accel_timeline *tl);
/* Takes an announcement back, if there was one: the submission was refused. */
void timeline_drop(struct accel_timeline *tl, struct progress *progress, uint64_t seqno);

/* What a memory timeline does where another asks the kernel. */
uint64_t timeline_memory_value(const struct accel_timeline *tl);
void timeline_memory_signal(struct accel_timeline *tl, uint64_t value);
int timeline_memory_wait(struct accel_timeline *tl, uint64_t value, int64_t deadline_ns);
int timeline_memory_eventfd(struct accel_timeline *tl, uint64_t value, int eventfd);

struct user_ring;
struct accel_queue {
	struct accel_vm *vm;
	struct accel_queue *next; /* in vm->queues */
	uint32_t id;
	struct accel_timeline *timeline; /* value n: submission n */
	struct progress *progress;
	struct accel_buffer *tail; /* the progress word, then a ring of SIGNAL packets */
	struct user_ring *user;	   /* of a user queue, which has no tail */
	uint64_t seqno;		   /* last submission; changed under vm->lock */
};

/* True when nothing that was submitted to the queue can run any more. */
bool queue_idle(struct accel_queue *queue);

/* user_queue.c: the ring that the process writes itself. */
int user_ring_create(struct accel_queue *queue, unsigned int priority);
/* With the queue, in the driver too. */
void user_ring_destroy(struct accel_queue *queue);
void user_ring_ring(struct accel_queue *queue);
int user_ring_submit(struct accel_queue *queue, const struct accel_stream *stream,
		     const struct accel_sync *wait, unsigned int num_wait,
		     const struct accel_sync *signal, unsigned int num_signal);
/* queue.c: tells the timelines of a submission before it is made, and takes that back. */
int queue_announce(struct accel_queue *queue, uint64_t seqno, const struct accel_sync *signal,
		   unsigned int num_signal);

struct arg_chunk;
struct accel_stream {
	struct accel_vm *vm;
	struct accel_buffer *commands;
	struct axon_packet *packets; /* mapping of commands */
	unsigned int count, capacity;
	struct arg_chunk *args, *args_current; /* list; those behind current are empty */
};

struct accel_kernel {
	struct accel_kernel *next;
	uint64_t entry;
	char name[];
};

struct accel_program {
	struct accel_vm *vm;
	void *elf; /* private copy: symbols and line table */
	size_t elf_size;
	struct accel_buffer *code;
	uint64_t bias;		      /* VA minus ELF address */
	uint64_t span;		      /* bytes of the image */
	struct accel_kernel *kernels; /* those asked for so far */
};

/* "file:line" of an ELF address by the program's DWARF, and its callers; false without. */
bool symbolize_line(const void *elf, size_t bytes, uint64_t addr, char *text, size_t text_bytes);

#endif
