/* SPDX-License-Identifier: MIT */
/* A client of the chip in the isolation test. What ought to work and does not ends the process. */
#ifndef ISOLATION_CLIENT_H
#define ISOLATION_CLIENT_H

#include <accel.h>

#include "kernels.h"

struct client {
	struct accel_device *dev;
	struct accel_vm *vm;
	struct accel_queue *queue;
	struct accel_program *program;
	struct accel_stream *stream;
	struct accel_buffer *words; /* a page of system memory, */
	uint64_t *word;		    /* mapped */
};

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* ret of the call called `what` must not be negative. */
int must(int ret, const char *what);

/* Opens the device and makes the rest; while no queue is to be had, waits for one. */
void client_open(struct client *c);
uint64_t client_word_va(const struct client *c, unsigned int n);
struct accel_buffer *client_buffer(struct client *c, size_t bytes, unsigned int flags);
void client_launch(struct client *c, const char *kernel, uint32_t groups,
		   const struct isolation_args *args);
void client_packet(struct client *c, const struct axon_packet *packet);
/* Runs what was recorded, which must succeed, and begins anew. */
void client_run(struct client *c);

#endif
