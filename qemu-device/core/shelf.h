/* SPDX-License-Identifier: MIT */
/*
 * The workgroups that a slot's suspend found half-way. Each lies in a record of its own in the save
 * area, as many as there are workers; the shelf says which records are taken. After a resume they
 * stay there until a worker gets to them, or the next suspend finds them where they are.
 */
#ifndef AXON_SHELF_H
#define AXON_SHELF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct job;
struct part;
struct slot;
struct worker;

#define SHELF_SIZE 256 /* at least a worker's number */

enum shelf_state {
	SHELF_FREE,
	SHELF_MOVING, /* a worker writes or reads the record */
	SHELF_FULL,
};

struct shelf {
	pthread_mutex_t lock;
	_Atomic uint32_t count; /* of FULL ones; grows only while the slot is being switched */
	struct shelf_entry {
		enum shelf_state state;
		unsigned int job; /* which one of slot->job */
		uint64_t part;
	} entry[SHELF_SIZE];
};

/* A worker of the slot's leaves its workgroup, begun at start_ns: save it if that is a suspend. */
void shelf_store(struct worker *worker, uint64_t start_ns);

/*
 * Continue the workgroup of a record; wg->job, part, use and id are set. *start_ns = when it would
 * have begun. False when that failed: the slot faulted or is being reset.
 */
bool shelf_load(struct worker *worker, unsigned int index, uint64_t *start_ns);

/* Take a workgroup of the job from the shelf. False when there is none. */
bool shelf_take(struct job *job, struct part *part);
/* A job that has one, or NULL. */
struct job *shelf_job(struct slot *slot);

/* By whoever switches the slot. */
void shelf_put(struct shelf *shelf, unsigned int index, unsigned int job, uint64_t part);
void shelf_clear(struct shelf *shelf);

#endif
