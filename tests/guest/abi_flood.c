// SPDX-License-Identifier: MIT
/* Description: a queue takes only so many jobs at a time; whoever submits more waits. */
#include "abi.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#define STREAM_VA (TEST_VA + (1ull << 32))
#define MORE	  3000 /* than a queue takes; each a job that does not end by itself */

static void on_alarm(int sig)
{
	(void)sig;
}

/* Jobs that wait for a word. Returns how many were taken before a signal found it waiting for room. */
static unsigned int flood(const struct abi *abi)
{
	struct drm_axon_call call = {.va = STREAM_VA, .count = 1};
	struct drm_axon_submit submit = {
		.queue_id = abi->queue,
		.calls = {.stride = sizeof(call), .count = 1, .pointer = (uintptr_t)&call},
	};
	unsigned int taken = 0;

	while (taken < MORE && !ioctl(abi->fd, DRM_IOCTL_AXON_SUBMIT, &submit))
		taken++;
	if (taken < MORE)
		assert_int_equal(errno, EINTR);
	return taken;
}

static void whoever_submits_without_end_waits(void **state)
{
	const struct abi *abi = *state;
	struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
	const struct itimerval every_second = {{.tv_sec = 1}, {.tv_sec = 1}}, never = {{0}, {0}};
	struct abi_stream stream;
	struct axon_packet *packet;
	volatile uint64_t *word;

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	abi_stream(&stream, abi->fd, abi->vm, STREAM_VA);
	packet = abi_packet(&stream, AXON_PKT_WAIT);
	packet->wait.addr = STREAM_VA + PAGE;
	packet->wait.value = 1;
	word = (uint64_t *)((char *)stream.packets + PAGE);
	assert_int_equal(setitimer(ITIMER_REAL, &every_second, NULL), 0);
	assert_in_range(flood(abi), 64, MORE - 1);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	/* the word is written: the jobs end, and there is room again and again */
	*word = 1;
	assert_int_equal(flood(abi), MORE);
	assert_int_equal(abi_run(&stream, abi->fd, abi->queue), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_submits_without_end_waits),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
