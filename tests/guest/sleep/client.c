// SPDX-License-Identifier: MIT
/*
 * usage: client ROUNDS STATE        STATE as for /sys/power/state
 *
 * Sends the machine to sleep with a kernel in the middle of its work, a queue that waits for a word and
 * buffers full of data, and looks at the results after it has been woken. What the host serves by 9p
 * is gone by then, so this program is in memory as a whole.
 */
#include "../userq.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT	0x3000000u /* of the counting kernel: a second's work or so */
#define WORDS	(HUGE / 4)
#define WAIT_MS 600000

struct client {
	struct abi abi;
	uint32_t vm; /* long-running */
	volatile uint32_t *words;
	volatile uint64_t *counter;
	struct userq counts, waits;
	struct abi_stream stream;
};

/* Count up at the address in a0, in device memory, COUNT times. */
static const uint32_t code[] = {
	0x03000337, /* lui t1, COUNT >> 12 */
	0x00053283, /* ld t0, 0(a0) */
	0x00128293, /* addi t0, t0, 1 */
	0x00553023, /* sd t0, 0(a0) */
	0xfff30313, /* addi t1, t1, -1 */
	0xfe0318e3, /* bne t1, zero, -16 */
	0x00008067, /* ret */
};

static void *map_bound(struct client *c, uint64_t va, uint32_t flags)
{
	uint32_t bo = abi_bo(c->abi.fd, HUGE, DRM_AXON_BO_VRAM);
	struct drm_axon_bind_op op = {
		.op = DRM_AXON_BIND_MAP,
		.flags = flags,
		.bo_handle = bo,
		.va = va,
		.size = HUGE,
	};

	assert_int_equal(abi_bind(c->abi.fd, c->vm, &op, 1), 0);
	return abi_map(c->abi.fd, bo, HUGE);
}

static void set_up(struct client *c)
{
	struct axon_packet *packet;

	c->abi.fd = abi_open();
	c->abi.vm = abi_vm(c->abi.fd);
	c->abi.queue = abi_queue(c->abi.fd, c->abi.vm);
	c->vm = userq_vm(c->abi.fd);
	memcpy(map_bound(c, TEST_VA, DRM_AXON_BIND_EXEC), code, sizeof(code));
	c->counter = map_bound(c, TEST_VA + HUGE, 0);
	userq_create(&c->counts, c->abi.fd, c->vm, 0);
	userq_create(&c->waits, c->abi.fd, c->vm, 1);

	c->words = abi_map(c->abi.fd, abi_bo(c->abi.fd, HUGE, DRM_AXON_BO_VRAM), HUGE);
	abi_stream(&c->stream, c->abi.fd, c->abi.vm, TEST_VA);
	packet = abi_packet(&c->stream, AXON_PKT_FILL);
	packet->fill.dst = c->stream.va + PAGE / 2;
	packet->fill.bytes = 4;
	packet->fill.pattern = 42;
}

static void start(struct client *c, uint32_t round)
{
	struct axon_packet *packet;

	for (uint32_t i = 0; i < WORDS; i++)
		c->words[i] = (i + round) * 2654435761u;
	c->counter[0] = 0;
	userq_launch(&c->counts, TEST_VA);
	packet = &c->counts.ring[(c->counts.wptr - 1) % (1u << USERQ_LOG2)];
	packet->launch.args = TEST_VA + HUGE;
	userq_signal(&c->counts, round);
	userq_ring(&c->counts);
	c->waits.memory[0] = 0;
	userq_wait_word(&c->waits, c->waits.va + USERQ_MEMORY, round);
	userq_signal(&c->waits, round);
	userq_ring(&c->waits);
}

static void check(struct client *c, uint32_t round)
{
	uint32_t right = 0;

	assert_int_equal(userq_wait(&c->counts, round, WAIT_MS, NULL), 0);
	assert_int_equal(c->counter[0], COUNT);
	assert_int_not_equal(c->waits.word->value, round);
	c->waits.memory[0] = round;
	assert_int_equal(userq_wait(&c->waits, round, WAIT_MS, NULL), 0);
	for (uint32_t i = 0; i < WORDS; i++)
		right += c->words[i] == (i + round) * 2654435761u;
	assert_int_equal(right, WORDS);
	c->stream.count = 1;
	c->stream.packets[PAGE / 2 / sizeof(struct axon_packet)].op = 0;
	assert_int_equal(abi_run(&c->stream, c->abi.fd, c->abi.queue), 0);
	assert_int_equal(((volatile uint32_t *)c->stream.packets)[PAGE / 8], 42);
}

int main(int argc, char **argv)
{
	int state = open("/sys/power/state", O_WRONLY);
	uint32_t rounds = argc > 2 ? (uint32_t)atoi(argv[1]) : 0;
	struct client c = {0};

	set_up(&c);
	assert_int_equal(mlockall(MCL_CURRENT), 0);
	for (uint32_t round = 1; round <= rounds; round++) {
		start(&c, round);
		printf("sleep %u\n", round);
		fflush(stdout);
		assert_int_equal(write(state, argv[2], strlen(argv[2])), strlen(argv[2]));
		check(&c, round);
		printf("awake %u\n", round);
		fflush(stdout);
	}
	return 0;
}
