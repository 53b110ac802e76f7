// SPDX-License-Identifier: MIT
/* Description: jobs whose buffers are more than device memory holds; what comes out is right. */
#include "blocks.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPS    100
#define ROUNDS 4

/* An address space with blocks, a queue and a command buffer. */
struct client {
	struct blocks blocks;
	struct abi_stream stream;
	uint32_t queue;
};

static void client_create(struct client *c, int fd, uint64_t bytes, uint32_t flags, bool private,
			  unsigned int seed)
{
	uint32_t vm = abi_vm(fd);

	blocks_create(&c->blocks, fd, vm, 3, bytes, flags, private, seed);
	abi_stream(&c->stream, fd, vm, TEST_VA + COMMANDS);
	c->queue = abi_queue(fd, vm);
}

static int client_run(struct client *c)
{
	for (unsigned int i = 0; i < OPS; i++)
		blocks_next(&c->blocks, abi_packet(&c->stream, AXON_PKT_NOP));
	return abi_run(&c->stream, c->blocks.fd, c->queue);
}

/* Four address spaces in one process, of three quarters of device memory each. */
static void working_set_of_three_times_vram(const bool private)
{
	struct client *c = calloc(4, sizeof(*c));
	int fd = abi_open();

	for (unsigned int i = 0; i < 4; i++)
		client_create(&c[i], fd, blocks_vram_size(fd) / 4 * 3, DRM_AXON_BO_VRAM, private,
			      i);
	for (unsigned int i = 0; i < 4 * ROUNDS; i++)
		assert_int_equal(client_run(&c[i % 4]), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(blocks_right(&c[i].blocks));
	close(fd);
	free(c);
}

static void one_client_with_three_times_vram(void **state)
{
	(void)state;
	working_set_of_three_times_vram(true);
}

static void the_same_with_buffers_of_the_file(void **state)
{
	(void)state;
	working_set_of_three_times_vram(false);
}

static int thrash(unsigned int seed)
{
	struct client c;
	int fd = abi_open();

	client_create(&c, fd, blocks_vram_size(fd) / 4 * 3, DRM_AXON_BO_VRAM, true, seed);
	for (unsigned int i = 0; i < 2 * ROUNDS; i++)
		if (client_run(&c))
			return 1;
	return blocks_right(&c.blocks) ? 0 : 2;
}

/* Each evicts the other all the time. */
static void clients_thrash(void **state)
{
	pid_t child[4];
	int status;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(thrash(i + 1));
	}
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
}

/* What may be in either place runs in one address space, however much it is. */
static void either_place_holds_three_times_vram(void **state)
{
	struct client c;
	int fd = abi_open();

	(void)state;
	client_create(&c, fd, blocks_vram_size(fd) * 3, DRM_AXON_BO_VRAM | DRM_AXON_BO_SYSTEM, true,
		      1);
	for (unsigned int i = 0; i < ROUNDS; i++)
		assert_int_equal(client_run(&c), 0);
	assert_true(blocks_right(&c.blocks));
	close(fd);
}

/* One job reaches all that is bound. What can only be in device memory has to fit there. */
static void job_that_does_not_fit_is_refused(void **state)
{
	const uint64_t extra = blocks_vram_size(((struct abi *)*state)->fd) / 2;
	struct client c;
	int fd = abi_open();
	uint32_t bo;

	client_create(&c, fd, blocks_vram_size(fd) / 4 * 3, DRM_AXON_BO_VRAM, true, 1);
	assert_int_equal(client_run(&c), 0);
	bo = abi_bo(fd, extra, DRM_AXON_BO_VRAM);
	assert_int_equal(abi_bind_bo(fd, c.blocks.vm, bo, 2 * TEST_VA, extra), 0);
	/* The operations of a job that was refused are not the model's. */
	abi_packet(&c.stream, AXON_PKT_NOP);
	assert_int_equal(abi_run(&c.stream, fd, c.queue), -ENOSPC);

	assert_int_equal(abi_unbind(fd, c.blocks.vm, 2 * TEST_VA, extra), 0);
	assert_int_equal(client_run(&c), 0);
	assert_true(blocks_right(&c.blocks));
	close(fd);
}

/* The processor reads and writes a buffer wherever it is, and the chip finds what it wrote. */
static void processor_writes_to_evicted_buffers(void **state)
{
	const struct abi *abi = *state;
	const uint64_t size = blocks_vram_size(abi->fd);
	struct client c;
	uint32_t other;

	client_create(&c, abi->fd, size / 4 * 3, DRM_AXON_BO_VRAM, false, 1);
	assert_int_equal(client_run(&c), 0);
	other = abi_bo(abi->fd, size, DRM_AXON_BO_VRAM);
	for (uint32_t i = 0; i < c.blocks.count; i++)
		for (uint32_t k = 0; k < c.blocks.blocks; k += 5) {
			c.blocks.model[i * c.blocks.blocks + k] = i << 16 | k;
			for (uint64_t w = 0; w < BLOCK / 4; w++)
				c.blocks.map[i][k * (BLOCK / 4) + w] = i << 16 | k;
		}
	assert_int_equal(client_run(&c), 0);
	assert_true(blocks_right(&c.blocks));
	abi_close_bo(abi->fd, other);
	blocks_destroy(&c.blocks);
}

/* One buffer in two address spaces, each of which fills device memory otherwise. */
static void shared_buffer_returns_everywhere(void **state)
{
	const struct abi *abi = *state;
	const uint64_t size = blocks_vram_size(abi->fd);
	uint32_t shared = abi_bo(abi->fd, HUGE, DRM_AXON_BO_VRAM);
	volatile uint32_t *word = abi_map(abi->fd, shared, HUGE);
	struct client *c = calloc(2, sizeof(*c));

	for (uint32_t i = 0; i < 2; i++) {
		client_create(&c[i], abi->fd, size / 4 * 3, DRM_AXON_BO_VRAM, true, i);
		assert_int_equal(abi_bind_bo(abi->fd, c[i].blocks.vm, shared, 2 * TEST_VA, HUGE),
				 0);
	}
	for (uint32_t i = 0; i < 6; i++) {
		struct axon_packet *packet = abi_packet(&c[i % 2].stream, AXON_PKT_FILL);

		packet->fill.dst = 2 * TEST_VA + i * PAGE;
		packet->fill.bytes = PAGE;
		packet->fill.pattern = i + 1;
		assert_int_equal(client_run(&c[i % 2]), 0);
	}
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(word[i * PAGE / 4], i + 1);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(blocks_right(&c[i].blocks));
		blocks_destroy(&c[i].blocks);
	}
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_client_with_three_times_vram),
		cmocka_unit_test(the_same_with_buffers_of_the_file),
		cmocka_unit_test(clients_thrash),
		cmocka_unit_test(either_place_holds_three_times_vram),
		cmocka_unit_test(job_that_does_not_fit_is_refused),
		cmocka_unit_test(processor_writes_to_evicted_buffers),
		cmocka_unit_test(shared_buffer_returns_everywhere),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
