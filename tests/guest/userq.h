/* SPDX-License-Identifier: MIT */
/* User queues for the tests of the driver's ABI: a ring, a word and a doorbell each. */
#ifndef USERQ_H
#define USERQ_H

#include "abi.h"

#define USERQ_LOG2 6u
#define USERQ_VA   0x300000000ull

/*
 * A queue, with one buffer at `va` that holds the ring, a page of memory to play with and, in a page
 * of its own, the word that the queue signals.
 */
struct userq {
	int fd;
	uint32_t vm, id, bo;
	uint64_t va;
	uint64_t doorbell_offset;
	struct axon_packet *ring;
	volatile uint32_t *memory;
	volatile struct axon_signal *word;
	volatile uint32_t *doorbell;
	uint32_t wptr;
};

#define USERQ_BYTES  (3 * PAGE)
#define USERQ_MEMORY PAGE	/* offset in the buffer */
#define USERQ_WORD   (2 * PAGE) /* offset in the buffer */

uint32_t userq_vm(int fd);
/* Number `n` of an address space. Fails the test when anything is refused. */
void userq_create(struct userq *q, int fd, uint32_t vm, unsigned int n);
void userq_create_priority(struct userq *q, int fd, uint32_t vm, unsigned int n,
			   enum drm_axon_priority priority);
void userq_destroy(struct userq *q);

/* Packets are handed over by userq_ring(); there must be room. */
struct axon_packet *userq_packet(struct userq *q, enum axon_packet_op op);
void userq_fill(struct userq *q, uint64_t va, uint32_t pattern);
void userq_signal(struct userq *q, uint64_t value);
void userq_wait_word(struct userq *q, uint64_t va, uint64_t value);
void userq_ring(struct userq *q);

/* A kernel that never ends, mapped once in each address space. */
uint64_t userq_map_hog(int fd, uint32_t vm);
void userq_launch(struct userq *q, uint64_t entry);

/* DRM_IOCTL_AXON_WAIT for the queue's own word, at most `ms`; `fault` may be NULL. */
int userq_wait(const struct userq *q, uint64_t value, unsigned int ms, struct axon_fault *fault);
int userq_eventfd(const struct userq *q, uint64_t value, int eventfd);

#endif
