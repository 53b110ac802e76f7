/* SPDX-License-Identifier: MIT */
/* What lies under a submission on this machine: nothing that submits and waits can cost less. */
#ifndef AXON_TOOLS_BENCH_FLOOR_H
#define AXON_TOOLS_BENCH_FLOOR_H

#include "chip.h"

struct bench_floor {
	unsigned int repetitions; /* 0: there is no such thing here */
	double median_us, min_us;
};

struct bench_floors {
	/* a user queue's doorbell, nothing new behind it, and a look at the completion word */
	struct bench_floor doorbell;
	struct bench_floor ioctl; /* DRM_IOCTL_VERSION, which asks for nothing */
};

/* Measures them on an idle chip. Returns 0, or a negative errno with err filled. */
int bench_floors_measure(struct chip *chip, struct bench_floors *floors, struct axon_err *err);

#endif
