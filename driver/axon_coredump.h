/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_COREDUMP_H
#define AXON_COREDUMP_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct axon_device;
struct axon_ring;

/* Bytes of one dump, at most. */
#define AXON_COREDUMP_SIZE 65536

/**
 * struct axon_coredump - a dump on its way to user space
 */
struct axon_coredump {
	/** @work: hands @text over */
	struct work_struct work;
	/** @busy: @text is in use; bit 0 */
	unsigned long busy;
	/** @text: the dump, AXON_COREDUMP_SIZE bytes of room, made by axon_coredump_init() */
	char *text;
	/** @size: bytes of @text */
	size_t size;
};

int axon_coredump_init(struct axon_device *adev);
void axon_coredump_fini(struct axon_device *adev);
void axon_coredump_take(struct axon_device *adev, struct axon_ring *ring, const char *why);

#endif
