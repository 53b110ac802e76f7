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
	const struct axon_signal *word; /* NULL once the queue is gone: see `last` */
	uint64_t last;
};

int progress_new(const struct axon_signal *word, struct progress **progress);
struct progress *progress_ref(struct progress *progress);
void progress_unref(struct progress *progress);
uint64_t progress_done(struct progress *progress);
void progress_detach(struct progress *progress); /* the word's memory is about to go */

struct timeline_point {
	uint64_t value;
	uint64_t before; /* the timeline's `last` without this point */
	struct progress *progress;
	uint64_t seqno; /* submission that signals the value */
};

struct accel_timeline {
	struct accel_device *dev;
	uint32_t handle;
	pthread_mutex_t lock;	       /* of everything below */
	uint64_t last;		       /* highest value signalled or submitted */
	struct timeline_point *points; /* not known to have succeeded, by value */
	unsigned int count, capacity;
};

/* Announces that submission `seqno` will signal value; -EINVAL unless value grows. */
int timeline_add(struct accel_timeline *tl, uint64_t value, struct progress *progress,
		 uint64_t seqno);
/* Takes an announcement back, if there was one: the submission was refused. */
void timeline_drop(struct accel_timeline *tl, struct progress *progress, uint64_t seqno);

struct accel_queue {
	struct accel_vm *vm;
	struct accel_queue *next; /* in vm->queues */
	uint32_t id;
	struct accel_timeline *timeline; /* value n: submission n */
	struct progress *progress;
	struct accel_buffer *tail; /* the progress word, then a ring of SIGNAL packets */
	uint64_t seqno;		   /* last submission; changed under vm->lock */
};

/* True when nothing that was submitted to the queue can run any more. */
bool queue_idle(struct accel_queue *queue);

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
