/* SPDX-License-Identifier: MIT */
/*
 * What every test of the library starts from: a device, an address space, a queue, a stream and the
 * program of all test kernels. A step that fails fails the test that called it.
 */
#ifndef RIG_H
#define RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "accel.h"
#include "test_args.h"

struct rig {
	struct accel_device *dev;
	struct accel_vm *vm;
	struct accel_queue *queue;
	struct accel_stream *stream;
	struct accel_program *program;
	struct accel_buffer **buffers; /* of rig_buffer(), freed at the end */
	unsigned int num_buffers;
};

/* cmocka's setup and teardown of one test: *state is the rig. */
int rig_setup(void **state);
int rig_setup_user(void **state); /* a long-running address space and a user queue */
int rig_teardown(void **state);

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
#define RIG_USER_TEST(test)                                                        \
	{                                                                          \
#test "_on_a_user_queue", test, rig_setup_user, rig_teardown, NULL \
	}
/* What must not depend on the kind of queue. */
#define RIG_BOTH_TEST(test) RIG_TEST(test), RIG_USER_TEST(test)

const char *rig_elf(void); /* path of the program */
bool rig_in_process(const struct rig *rig);

/* A mapped buffer; *ptr may be NULL when the mapping is not wanted. */
struct accel_buffer *rig_buffer(struct rig *rig, size_t bytes, unsigned int flags, void *ptr);
void rig_free(struct rig *rig, struct accel_buffer *buf); /* before the end */
const struct accel_kernel *rig_kernel(struct rig *rig, const char *name);
/* Records a launch of gx × 1 × 1 workgroups. */
void rig_launch(struct rig *rig, const char *name, uint32_t gx, const void *args, size_t bytes);
void rig_run(struct rig *rig);

/* Tells the runner in the VM that this test makes the driver reset a queue. */
void rig_announce_reset(const struct rig *rig);
/* Announces it and runs the stream, which must end in a fault of this cause. */
struct axon_fault rig_run_to_fault(struct rig *rig, unsigned int cause);

#endif
