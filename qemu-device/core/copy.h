/* SPDX-License-Identifier: MIT */
/* The copy engines: COPY and FILL packets, in parts of JOB_CHUNK bytes. */
#ifndef AXON_COPY_H
#define AXON_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "job.h"

struct worker;

/* False when the slot faulted. */
bool copy_part(struct worker *worker, struct job *job, uint64_t part, uint64_t *cost,
	       struct job_use *use);
bool fill_part(struct worker *worker, struct job *job, uint64_t part, uint64_t *cost,
	       struct job_use *use);

/* Parts and modelled cycles of a packet that moves so many bytes. */
uint64_t copy_parts(uint64_t bytes);
uint64_t copy_cost(uint64_t bytes);

#endif
