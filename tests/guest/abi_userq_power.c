// SPDX-License-Identifier: MIT
/*
 * Description: a device that nobody uses goes to D3hot, and comes back with all it had: for an ioctl,
 * for a look into a buffer, for a doorbell. One with work stays awake.
 */
#include "userq.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEVICE	 "/sys/class/accel/accel0/device/"
#define DELAY_MS 20
#define WORDS	 (HUGE / 4)

static void read_file(const char *name, char text[32])
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), DEVICE "%s", name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	n = read(fd, text, 31);
	assert_true(n > 0);
	text[n - 1] = '\0';
	close(fd);
}

static void write_file(const char *name, const char *text)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), DEVICE "%s", name);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool is_asleep(void)
{
	char status[32];

	read_file("power/runtime_status", status);
	return !strcmp(status, "suspended");
}

static void fall_asleep(void)
{
	char state[32];

	for (unsigned int i = 0; i < 6000 && !is_asleep(); i++)
		usleep(10000);
	assert_true(is_asleep());
	read_file("power_state", state);
	assert_string_equal(state, "D3hot");
}

static void documented_default(void **state)
{
	char text[32];

	(void)state;
	read_file("power/control", text);
	assert_string_equal(text, "auto");
	read_file("power/autosuspend_delay_ms", text);
	assert_string_equal(text, "5000");
}

static void memory_is_kept(void **state)
{
	int fd = abi_open();
	uint32_t bo = abi_bo(fd, HUGE, DRM_AXON_BO_VRAM), seen = 0;
	volatile uint32_t *words = abi_map(fd, bo, HUGE);

	(void)state;
	for (uint32_t i = 0; i < WORDS; i++)
		words[i] = i * 2654435761u;
	fall_asleep();
	/* The first look wakes it. */
	for (uint32_t i = 0; i < WORDS; i++)
		seen += words[i] == i * 2654435761u;
	assert_int_equal(seen, WORDS);
	assert_false(is_asleep());
	close(fd);
}

static void page_tables_change_meanwhile(void **state)
{
	struct abi *t = *state;
	uint32_t bo[2] = {abi_bo(t->fd, PAGE, DRM_AXON_BO_VRAM),
			  abi_bo(t->fd, PAGE, DRM_AXON_BO_VRAM)};
	volatile uint32_t *words[2];
	struct abi_stream stream;
	struct axon_packet *packet;

	for (unsigned int i = 0; i < 2; i++)
		words[i] = abi_map(t->fd, bo[i], PAGE);
	assert_int_equal(abi_bind_bo(t->fd, t->vm, bo[0], TEST_VA, PAGE), 0);
	abi_stream(&stream, t->fd, t->vm, TEST_VA + HUGE);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA;
	packet->fill.bytes = PAGE;
	packet->fill.pattern = 1;
	assert_int_equal(abi_run(&stream, t->fd, t->queue), 0);
	fall_asleep();
	assert_int_equal(abi_bind_bo(t->fd, t->vm, bo[1], TEST_VA, PAGE), 0);
	stream.packets[stream.count++].fill.pattern = 2;
	assert_int_equal(abi_run(&stream, t->fd, t->queue), 0);
	assert_int_equal(words[0][PAGE / 4 - 1], 1);
	assert_int_equal(words[1][PAGE / 4 - 1], 2);
}

static void doorbell_wakes(void **state)
{
	int fd = abi_open();
	struct userq q;

	(void)state;
	userq_create(&q, fd, userq_vm(fd), 0);
	for (unsigned int round = 1; round <= 3; round++) {
		userq_fill(&q, q.va + USERQ_MEMORY, round);
		userq_signal(&q, round);
		fall_asleep();
		userq_ring(&q);
		for (unsigned int i = 0; i < 6000 && q.word->value < round; i++)
			usleep(10000);
		assert_int_equal(q.word->value, round);
		assert_int_equal(q.memory[15], round);
	}
	userq_destroy(&q);
	close(fd);
}

/* The queue waits for a word that the processor writes: the device must go on looking at it. */
static void work_keeps_it_awake(void **state)
{
	int fd = abi_open();
	struct userq q;

	(void)state;
	userq_create(&q, fd, userq_vm(fd), 0);
	userq_wait_word(&q, q.va + USERQ_MEMORY, 1);
	userq_signal(&q, 1);
	userq_ring(&q);
	for (unsigned int i = 0; i < 20; i++) {
		usleep(DELAY_MS * 1000);
		assert_false(is_asleep());
	}
	q.memory[0] = 1;
	assert_int_equal(userq_wait(&q, 1, 60000, NULL), 0);
	fall_asleep();
	userq_destroy(&q);
	close(fd);
}

static int setup(void **state)
{
	char delay[16];

	if (abi_setup(state))
		return -1;
	/* Before the delay is changed. */
	documented_default(state);
	snprintf(delay, sizeof(delay), "%d", DELAY_MS);
	write_file("power/autosuspend_delay_ms", delay);
	return 0;
}

static int teardown(void **state)
{
	write_file("power/autosuspend_delay_ms", "5000");
	return abi_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_kept),
		cmocka_unit_test(page_tables_change_meanwhile),
		cmocka_unit_test(doorbell_wakes),
		cmocka_unit_test(work_keeps_it_awake),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
