// SPDX-License-Identifier: MIT
/*
 * Description: user queues: submissions that no one but the device sees, timelines in memory that order
 * them, and how a death reaches whoever waits.
 */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "rig.h"

#define MS 1000000ll

static struct accel_timeline *new_timeline(struct rig *rig)
{
	struct accel_timeline *tl;

	assert_int_equal(accel_timeline_create_in(rig->vm, &tl), 0);
	return tl;
}

static uint64_t value_of(struct accel_timeline *tl)
{
	uint64_t value;

	assert_int_equal(accel_timeline_query(tl, &value), 0);
	return value;
}

/* A stream that adds *by to *value, with both in `words`. */
static struct accel_stream *adding_stream(struct rig *rig, uint64_t **words)
{
	uint64_t va = accel_buffer_va(rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, words));
	struct test_step_args args = {.value = va, .by = va + 8};
	struct accel_launch launch = {.size = sizeof(launch)};
	struct accel_stream *stream;

	assert_int_equal(accel_stream_create(rig->vm, &stream), 0);
	assert_int_equal(accel_stream_launch(stream, rig_kernel(rig, "test_step"), &launch, &args,
					     sizeof(args)),
			 0);
	return stream;
}

/* A doorbell without anything new behind it runs nothing, before, within and after a submission. */
static void the_doorbell_may_be_rung_again(void **state)
{
	enum { ROUNDS = 100 };
	struct rig *rig = *state;
	struct accel_vm *vm;
	struct accel_queue *kernel_queue;
	uint64_t *words;
	struct accel_stream *stream = adding_stream(rig, &words);

	words[1] = 3;
	for (unsigned int i = 1; i <= ROUNDS; i++) {
		assert_int_equal(accel_queue_ring_doorbell(rig->queue), 0);
		assert_int_equal(accel_queue_submit(rig->queue, stream, NULL, 0, NULL, 0), 0);
		assert_int_equal(accel_queue_ring_doorbell(rig->queue), 0);
		assert_int_equal(accel_queue_run(rig->queue, stream), 0);
		assert_int_equal(words[0], 2 * 3 * i);
	}

	assert_int_equal(accel_vm_create(rig->dev, &vm), 0);
	assert_int_equal(accel_queue_create(vm, 1, &kernel_queue), 0);
	assert_int_equal(accel_queue_ring_doorbell(kernel_queue), -EINVAL);
	accel_queue_destroy(kernel_queue);
	accel_vm_destroy(vm);
	accel_stream_destroy(stream);
}

/* More submissions than the ring holds, none waited for in between. */
static void the_ring_wraps(void **state)
{
	enum { ROUNDS = 1000 };
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	uint64_t *words;
	struct accel_stream *stream = adding_stream(rig, &words);

	words[1] = 3;
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct accel_sync done = {tl, i};

		assert_int_equal(accel_queue_submit(rig->queue, stream, NULL, 0, &done, 1), 0);
	}
	assert_int_equal(accel_timeline_wait(tl, ROUNDS, -1), 0);
	assert_int_equal(words[0], 3 * ROUNDS);
	assert_int_equal(value_of(tl), ROUNDS);
	accel_stream_destroy(stream);
	accel_timeline_destroy(tl);
}

/* Strict alternation of two queues, each of which has a timeline that it alone signals. */
static void two_queues_alternate(void **state)
{
	enum { ROUNDS = 40 };
	struct rig *rig = *state;
	struct accel_timeline *ping = new_timeline(rig), *pong = new_timeline(rig);
	uint64_t *words, expected = 0, va;
	struct accel_stream *adding = adding_stream(rig, &words);
	struct accel_queue *other;
	struct test_step_args twice;

	va = accel_buffer_va(rig->buffers[rig->num_buffers - 1]);
	twice = (struct test_step_args){.value = va, .by = va};
	rig_launch(rig, "test_step", 1, &twice, sizeof(twice));
	assert_int_equal(accel_queue_create(rig->vm, 1, &other), 0);
	words[1] = 1;
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct accel_sync before = {pong, i - 1}, between = {ping, i}, after = {pong, i};

		expected = (expected + 1) * 2;
		assert_int_equal(accel_queue_submit(rig->queue, adding, &before, 1, &between, 1),
				 0);
		assert_int_equal(accel_queue_submit(other, rig->stream, &between, 1, &after, 1), 0);
	}
	assert_int_equal(accel_timeline_wait(pong, ROUNDS, -1), 0);
	assert_int_equal(words[0], expected);
	accel_queue_destroy(other);
	accel_stream_destroy(adding);
	accel_timeline_destroy(ping);
	accel_timeline_destroy(pong);
}

/* The queue waits for the process. */
static void the_host_signals(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *go = new_timeline(rig), *done = new_timeline(rig);
	struct accel_sync wait = {go, 1}, signal = {done, 1};

	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, &wait, 1, &signal, 1),
			 -EINVAL); /* nobody has promised it */
	assert_int_equal(accel_timeline_wait(go, 1, MS), -ETIME);
	assert_int_equal(accel_timeline_signal(go, 1), 0);
	assert_int_equal(accel_timeline_signal(go, 1), -EINVAL);
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, &wait, 1, &signal, 1), 0);
	assert_int_equal(accel_timeline_wait(done, 1, -1), 0);
	accel_timeline_destroy(go);
	accel_timeline_destroy(done);
}

static void *signal_later(void *tl)
{
	usleep(20000);
	return (void *)(intptr_t)accel_timeline_signal(tl, 7);
}

static void another_thread_signals(void **state)
{
	struct accel_timeline *tl = new_timeline(*state);
	pthread_t thread;
	void *ret;

	assert_int_equal(pthread_create(&thread, NULL, signal_later, tl), 0);
	assert_int_equal(accel_timeline_wait(tl, 7, -1), 0);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_null(ret);
	accel_timeline_destroy(tl);
}

/* A queue that stops at a WAIT for words[0] to become 1. */
static struct accel_stream *blocking_stream(struct rig *rig, uint64_t **words)
{
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, words);
	struct accel_stream *stream;

	assert_int_equal(accel_stream_create(rig->vm, &stream), 0);
	assert_int_equal(accel_stream_wait(stream, accel_buffer_va(buf), 1), 0);
	return stream;
}

static void a_timeline_has_one_writer_at_a_time(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct accel_sync sync = {tl, 1};
	struct accel_queue *other;
	uint64_t *word;
	struct accel_stream *blocking = blocking_stream(rig, &word);

	assert_int_equal(accel_queue_create(rig->vm, 1, &other), 0);
	assert_int_equal(accel_queue_submit(rig->queue, blocking, NULL, 0, &sync, 1), 0);
	sync.value = 2;
	assert_int_equal(accel_queue_submit(other, rig->stream, NULL, 0, &sync, 1), -EALREADY);
	assert_int_equal(accel_timeline_signal(tl, 2), -EALREADY);
	assert_int_equal(value_of(tl), 0);
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	assert_int_equal(accel_timeline_wait(tl, 1, -1), 0);
	assert_int_equal(accel_queue_submit(other, rig->stream, NULL, 0, &sync, 1), 0);
	assert_int_equal(accel_timeline_wait(tl, 2, -1), 0);
	accel_queue_destroy(other);
	accel_stream_destroy(blocking);
	accel_timeline_destroy(tl);
}

static void refused_submissions_leave_no_trace(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig), *foreign, *elsewhere;
	struct accel_sync good = {tl, 1}, bad, pair[2] = {{tl, 2}, {tl, 2}};
	struct accel_vm *vm;

	assert_int_equal(accel_timeline_create(rig->dev, &foreign), 0);
	bad = (struct accel_sync){foreign, 1};
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &bad, 1), -EXDEV);
	bad.value = 0;
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, &bad, 1, &good, 1), -EXDEV);
	assert_int_equal(accel_vm_create_long_running(rig->dev, &vm), 0);
	assert_int_equal(accel_timeline_create_in(vm, &elsewhere), 0);
	bad = (struct accel_sync){elsewhere, 1};
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &bad, 1), -EXDEV);
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, pair, 2), -EINVAL);

	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &good, 1), 0);
	assert_int_equal(accel_timeline_wait(tl, 1, -1), 0);
	assert_int_equal(accel_timeline_wait(tl, 2, 0), -ETIME);
	rig_run(rig);
	accel_timeline_destroy(elsewhere);
	accel_vm_destroy(vm);
	accel_timeline_destroy(foreign);
	accel_timeline_destroy(tl);
}

/* Timelines in memory belong to long-running address spaces and to their queues. */
static void kernel_queues_take_no_memory_timelines(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig), *none;
	struct accel_sync sync = {tl, 1};
	struct accel_stream *stream;
	struct accel_queue *queue;
	struct accel_vm *vm;

	assert_int_equal(accel_vm_create(rig->dev, &vm), 0);
	assert_int_equal(accel_timeline_create_in(vm, &none), -EINVAL);
	assert_int_equal(accel_queue_create(vm, 1, &queue), 0);
	assert_int_equal(accel_stream_create(vm, &stream), 0);
	assert_int_equal(accel_queue_submit(queue, stream, NULL, 0, &sync, 1), -EXDEV);
	accel_stream_destroy(stream);
	accel_queue_destroy(queue);
	accel_vm_destroy(vm);
	accel_timeline_destroy(tl);
}

/* What was done before the fault was done; everything behind it fails, at whoever waits. */
static void a_fault_reaches_every_waiter(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct test_fault_args args = {.x = 0};
	struct axon_fault fault;
	uint64_t *words;
	struct accel_stream *adding = adding_stream(rig, &words);

	words[1] = 1;
	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	rig_announce_reset(rig);
	for (uint64_t i = 1; i <= 3; i++) {
		struct accel_sync sync = {tl, i};

		assert_int_equal(accel_queue_submit(rig->queue, i == 2 ? rig->stream : adding, NULL,
						    0, &sync, 1),
				 0);
	}
	assert_int_equal(accel_timeline_wait(tl, 3, -1), -EIO);
	assert_int_equal(accel_timeline_wait(tl, 1, -1), 0);
	assert_int_equal(accel_timeline_wait(tl, 2, -1), -EIO);
	assert_int_equal(accel_queue_fault(rig->queue, &fault), 0);
	assert_string_equal(accel_fault_name(fault.cause), "EBREAK");
	assert_int_equal(words[0], 1);
	assert_int_equal(accel_queue_run(rig->queue, adding), -EIO);
	accel_queue_destroy(rig->queue);
	assert_int_equal(accel_timeline_wait(tl, 3, -1), -EIO);
	assert_int_equal(accel_queue_create(rig->vm, 1, &rig->queue), 0);
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	accel_stream_destroy(adding);
	accel_timeline_destroy(tl);
}

struct waiter {
	struct accel_timeline *tl;
	int ret;
};

static void *wait_for_one(void *opaque)
{
	struct waiter *waiter = opaque;

	waiter->ret = accel_timeline_wait(waiter->tl, 1, -1);
	return NULL;
}

static void destroying_a_queue_wakes_its_waiters(void **state)
{
	struct rig *rig = *state;
	struct waiter waiter = {.tl = new_timeline(rig), .ret = 1};
	struct accel_sync sync = {waiter.tl, 1};
	uint64_t *word;
	struct accel_stream *blocking = blocking_stream(rig, &word);
	pthread_t thread;

	assert_int_equal(accel_queue_submit(rig->queue, blocking, NULL, 0, &sync, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
	usleep(20000);
	rig_announce_reset(rig);
	accel_queue_destroy(rig->queue);
	rig->queue = NULL;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(waiter.ret, -EIO);
	accel_stream_destroy(blocking);
	accel_timeline_destroy(waiter.tl);
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void an_eventfd_tells(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct test_fault_args args = {.x = 0};
	struct accel_sync sync = {tl, 1};
	uint64_t *word, count;
	struct accel_stream *blocking = blocking_stream(rig, &word);
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(accel_timeline_eventfd(tl, 1, fd), -EINVAL);
	assert_int_equal(accel_queue_submit(rig->queue, blocking, NULL, 0, &sync, 1), 0);
	assert_int_equal(accel_timeline_eventfd(tl, 1, fd), 0);
	assert_false(is_readable(fd, 20));
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	assert_true(is_readable(fd, 30000));
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	/* what is reached already tells at once, and a death tells too */
	assert_int_equal(accel_timeline_eventfd(tl, 1, fd), 0);
	assert_true(is_readable(fd, 30000));
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	rig_announce_reset(rig);
	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	sync.value = 2;
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &sync, 1), 0);
	assert_int_equal(accel_timeline_eventfd(tl, 2, fd), 0);
	assert_true(is_readable(fd, 30000));
	assert_int_equal(accel_timeline_wait(tl, 2, -1), -EIO);
	close(fd);
	accel_stream_destroy(blocking);
	accel_timeline_destroy(tl);
}

/* The same on a timeline of the kernel's. */
static void an_eventfd_tells_of_a_kernel_queue(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl;
	struct accel_sync sync;
	uint64_t *word, count;
	struct accel_stream *blocking = blocking_stream(rig, &word);
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(accel_timeline_create(rig->dev, &tl), 0);
	assert_int_equal(accel_timeline_eventfd(tl, 1, fd), -EINVAL);
	sync = (struct accel_sync){tl, 1};
	assert_int_equal(accel_queue_submit(rig->queue, blocking, NULL, 0, &sync, 1), 0);
	assert_int_equal(accel_timeline_eventfd(tl, 1, fd), 0);
	assert_false(is_readable(fd, 20));
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	assert_true(is_readable(fd, 30000));
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	close(fd);
	accel_timeline_destroy(tl);
	accel_stream_destroy(blocking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_USER_TEST(the_doorbell_may_be_rung_again),
		RIG_USER_TEST(the_ring_wraps),
		RIG_USER_TEST(two_queues_alternate),
		RIG_USER_TEST(the_host_signals),
		RIG_USER_TEST(another_thread_signals),
		RIG_USER_TEST(a_timeline_has_one_writer_at_a_time),
		RIG_USER_TEST(refused_submissions_leave_no_trace),
		RIG_USER_TEST(kernel_queues_take_no_memory_timelines),
		RIG_USER_TEST(a_fault_reaches_every_waiter),
		RIG_USER_TEST(destroying_a_queue_wakes_its_waiters),
		RIG_USER_TEST(an_eventfd_tells),
		RIG_TEST(an_eventfd_tells_of_a_kernel_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
