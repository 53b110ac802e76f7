/* SPDX-License-Identifier: MIT */
/* What the tests of the driver's ABI share: thin wrappers that return 0 or -errno. */
#ifndef ABI_H
#define ABI_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "axon_accel.h"

#define PAGE	4096ull
#define HUGE	(2ull << 20)
#define TEST_VA 0x200000000ull

/* A file with an address space, and a queue on it. */
struct abi {
	int fd;
	uint32_t vm;
	uint32_t queue;
};

/* Opens /dev/accel/accel0; without it the program ends with 77. */
int abi_open(void);
int abi_ioctl(int fd, unsigned long request, void *arg);

/* For cmocka_run_group_tests(): *state is a struct abi. */
int abi_setup(void **state);
int abi_teardown(void **state);

/* For cmocka_run_group_tests(), and then: what, "bind" or "unbind", is done with the device. */
int abi_driver_setup(void **state);
void abi_driver_write(const char *what);

/* These fail the test that calls them when the driver refuses. */
uint32_t abi_vm(int fd);
uint32_t abi_queue(int fd, uint32_t vm);
uint32_t abi_bo(int fd, uint64_t size, uint32_t flags);
uint32_t abi_syncobj(int fd);
void *abi_map(int fd, uint32_t bo, uint64_t size);
void abi_close_bo(int fd, uint32_t bo);

int abi_bind(int fd, uint32_t vm, const struct drm_axon_bind_op *ops, uint32_t count);
int abi_bind_bo(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size);
int abi_unbind(int fd, uint32_t vm, uint64_t va, uint64_t size);
int abi_submit(int fd, uint32_t queue, uint64_t va, uint32_t packets,
	       const struct drm_axon_sync *syncs, uint32_t num_syncs);
int abi_queue_state(int fd, uint32_t queue, struct drm_axon_queue_state *state);

/* 0, or -ETIME after ms. */
int abi_wait(int fd, uint32_t syncobj, uint64_t point, unsigned int ms);
int abi_signal(int fd, uint32_t syncobj, uint64_t point);
uint64_t abi_now_ms(void);

/* A buffer of packets, mapped for the CPU and at `va` for the chip. */
struct abi_stream {
	struct axon_packet *packets;
	uint64_t va;
	uint32_t bo;
	uint32_t count;
};

void abi_stream(struct abi_stream *stream, int fd, uint32_t vm, uint64_t va);
struct axon_packet *abi_packet(struct abi_stream *stream, enum axon_packet_op op);
/* Runs the stream and waits for it. */
int abi_run(struct abi_stream *stream, int fd, uint32_t queue);

#endif
