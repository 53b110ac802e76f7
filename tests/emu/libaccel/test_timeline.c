// SPDX-License-Identifier: MIT
/*
 * Description: timelines order work across queues and the host, time out, and carry failures to
 * whoever waits.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include "rig.h"

#define MS 1000000ll

static struct accel_timeline *new_timeline(struct rig *rig)
{
	struct accel_timeline *tl;

	assert_int_equal(accel_timeline_create(rig->dev, &tl), 0);
	return tl;
}

static uint64_t value_of(struct accel_timeline *tl)
{
	uint64_t value;

	assert_int_equal(accel_timeline_query(tl, &value), 0);
	return value;
}

static void the_host_signals(void **state)
{
	struct accel_timeline *tl = new_timeline(*state);

	assert_int_equal(value_of(tl), 0);
	assert_int_equal(accel_timeline_wait(tl, 0, 0), 0);
	assert_int_equal(accel_timeline_wait(tl, 1, 0), -ETIME);
	assert_int_equal(accel_timeline_signal(tl, 3), 0);
	assert_int_equal(value_of(tl), 3);
	assert_int_equal(accel_timeline_wait(tl, 2, 0), 0);
	assert_int_equal(accel_timeline_wait(tl, 3, -1), 0);
	assert_int_equal(accel_timeline_wait(tl, 4, 0), -ETIME);
	/* it only grows */
	assert_int_equal(accel_timeline_signal(tl, 3), -EINVAL);
	assert_int_equal(accel_timeline_signal(tl, 2), -EINVAL);
	assert_int_equal(accel_timeline_signal(tl, UINT64_MAX), 0);
	accel_timeline_destroy(tl);
}

static void a_wait_takes_its_time(void **state)
{
	struct accel_timeline *tl = new_timeline(*state);
	struct timespec a, b;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(accel_timeline_wait(tl, 1, 30 * MS), -ETIME);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ns = (b.tv_sec - a.tv_sec) * 1000 * MS + b.tv_nsec - a.tv_nsec;
	assert_in_range(ns, 30 * MS, 5000 * MS);
	accel_timeline_destroy(tl);
}

static void *signal_later(void *tl)
{
	usleep(20000);
	return (void *)(intptr_t)accel_timeline_signal(tl, 7);
}

/* For a point that nobody has promised yet when the wait begins. */
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

/* Queue A's step adds 1 after each of queue B's doubles: only strict alternation gives the sum. */
static void two_queues_alternate(void **state)
{
	enum { ROUNDS = 40 };
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct accel_stream *doubling;
	struct accel_queue *other;
	uint64_t *words, expected = 0;
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, &words);
	uint64_t va = accel_buffer_va(buf);
	struct test_step_args add = {.value = va, .by = va + 8};
	struct test_step_args twice = {.value = va, .by = va};
	struct accel_launch launch = {.size = sizeof(launch)};

	assert_int_equal(accel_queue_create(rig->vm, 1, &other), 0);
	assert_int_equal(accel_stream_create(rig->vm, &doubling), 0);
	rig_launch(rig, "test_step", 1, &add, sizeof(add));
	assert_int_equal(accel_stream_launch(doubling, rig_kernel(rig, "test_step"), &launch,
					     &twice, sizeof(twice)),
			 0);
	words[1] = 1;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct accel_sync before = {tl, 2 * i}, between = {tl, 2 * i + 1};
		struct accel_sync after = {tl, 2 * i + 2};

		expected = (expected + 1) * 2;
		assert_int_equal(
			accel_queue_submit(rig->queue, rig->stream, &before, 1, &between, 1), 0);
		assert_int_equal(accel_queue_submit(other, doubling, &between, 1, &after, 1), 0);
	}
	assert_int_equal(accel_timeline_wait(tl, 2 * ROUNDS, -1), 0);
	assert_int_equal(words[0], expected);
	accel_queue_destroy(other);
	accel_stream_destroy(doubling);
	accel_timeline_destroy(tl);
}

static void many_points_in_one_submission(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl[3] = {new_timeline(rig), new_timeline(rig), new_timeline(rig)};
	struct accel_sync sync[3];

	for (unsigned int i = 0; i < 3; i++)
		sync[i] = (struct accel_sync){tl[i], 10 + i};
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, sync, 3), 0);
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, sync, 3, NULL, 0), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(accel_timeline_wait(tl[i], 10 + i, -1), 0);
		accel_timeline_destroy(tl[i]);
	}
}

static void refused_submissions_leave_no_trace(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *a = new_timeline(rig), *b = new_timeline(rig);
	struct accel_sync good = {a, 1}, never = {b, 1};
	struct accel_sync pair[2] = {{a, 2}, {a, 2}};
	struct accel_sync many[64];

	/* a wait for what nobody has promised */
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, &never, 1, &good, 1), -EINVAL);
	/* the same point twice */
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, pair, 2), -EINVAL);
	/* a point that does not grow */
	never.value = 0;
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &never, 1), -EINVAL);
	/* more than a submission takes */
	for (unsigned int i = 0; i < 64; i++)
		many[i] = (struct accel_sync){a, i + 1};
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, many, 64), -E2BIG);
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, many, 32, many, 32), -E2BIG);
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, many, UINT32_MAX, many, 2),
			 -E2BIG);

	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &good, 1), 0);
	assert_int_equal(accel_timeline_wait(a, 1, -1), 0);
	assert_int_equal(accel_timeline_wait(b, 1, 0), -ETIME);
	rig_run(rig);
	accel_timeline_destroy(a);
	accel_timeline_destroy(b);
}

/* A failure reaches every timeline that the submission was to signal, and stays there. */
static void failure_travels(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct test_fault_args args = {.x = 0};
	struct accel_stream *good;
	struct accel_sync sync;

	assert_int_equal(accel_stream_create(rig->vm, &good), 0);
	sync = (struct accel_sync){tl, 1};
	assert_int_equal(accel_queue_submit(rig->queue, good, NULL, 0, &sync, 1), 0);
	assert_int_equal(accel_timeline_wait(tl, 1, -1), 0);
	sync.value = 2;
	assert_int_equal(accel_queue_submit(rig->queue, good, NULL, 0, &sync, 1), 0);

	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	sync.value = 3;
	assert_int_equal(accel_queue_submit(rig->queue, good, NULL, 0, &sync, 1), -EIO);
	/* what was done before the fault was done */
	assert_int_equal(accel_timeline_wait(tl, 2, 0), 0);
	assert_int_equal(accel_timeline_wait(tl, 3, 0), -ETIME);
	accel_stream_destroy(good);
	accel_timeline_destroy(tl);
}

/* The same with work in flight behind the guilty launch, and a queue destroyed before the wait. */
static void failure_outlives_the_queue(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct test_fault_args args = {.x = 0};
	uint64_t *word;
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, &word);
	struct accel_stream *good;
	struct accel_sync sync;

	assert_int_equal(accel_stream_create(rig->vm, &good), 0);
	assert_int_equal(accel_stream_wait(rig->stream, accel_buffer_va(buf), 1), 0);
	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	for (uint64_t i = 1; i <= 3; i++) {
		sync = (struct accel_sync){tl, i};
		assert_int_equal(accel_queue_submit(rig->queue, i == 2 ? rig->stream : good, NULL,
						    0, &sync, 1),
				 0);
	}
	rig_announce_reset(rig);
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	assert_int_equal(accel_timeline_wait(tl, 3, -1), -EIO);
	accel_queue_destroy(rig->queue);
	assert_int_equal(accel_timeline_wait(tl, 1, -1), 0);
	assert_int_equal(accel_timeline_wait(tl, 2, -1), -EIO);
	assert_int_equal(accel_timeline_wait(tl, 3, -1), -EIO);
	assert_int_equal(accel_queue_create(rig->vm, 1, &rig->queue), 0);
	accel_stream_destroy(good);
	accel_timeline_destroy(tl);
}

/* Destroying a queue cancels what it has not done; waiters hear of it. */
static void destroying_a_queue_cancels(void **state)
{
	struct rig *rig = *state;
	struct accel_timeline *tl = new_timeline(rig);
	struct accel_sync sync = {tl, 1};
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, NULL);

	assert_int_equal(accel_stream_wait(rig->stream, accel_buffer_va(buf), 1), 0);
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &sync, 1), 0);
	rig_announce_reset(rig);
	accel_queue_destroy(rig->queue);
	rig->queue = NULL;
	assert_int_equal(accel_timeline_wait(tl, 1, -1), -EIO);
	accel_timeline_destroy(tl);
}

struct worker {
	struct rig *rig;
	pthread_t thread;
	uint64_t *words, va;
	int ret;
};

/* A whole life of its own objects in a shared address space. */
static void *work(void *opaque)
{
	struct worker *w = opaque;
	struct test_step_args args = {.value = w->va, .by = w->va + 8};
	struct accel_launch launch = {.size = sizeof(launch)};
	const struct accel_kernel *kernel;
	struct accel_program *program = NULL;
	struct accel_stream *stream = NULL;
	struct accel_queue *queue = NULL;

	w->ret = accel_program_load_file(w->rig->vm, rig_elf(), &program);
	if (!w->ret)
		w->ret = accel_program_kernel(program, "test_step", &kernel);
	if (!w->ret)
		w->ret = accel_queue_create(w->rig->vm, 1, &queue);
	if (!w->ret)
		w->ret = accel_stream_create(w->rig->vm, &stream);
	for (int i = 0; i < 20 && !w->ret; i++)
		w->ret = accel_stream_launch(stream, kernel, &launch, &args, sizeof(args));
	for (int i = 0; i < 50 && !w->ret; i++)
		w->ret = accel_queue_run(queue, stream);
	accel_queue_destroy(queue);
	accel_stream_destroy(stream);
	accel_program_destroy(program);
	return NULL;
}

static void threads_share_a_device(void **state)
{
	enum { N = 4 };
	struct worker workers[N];

	for (unsigned int i = 0; i < N; i++) {
		struct worker *w = &workers[i];

		w->rig = *state;
		w->va = accel_buffer_va(rig_buffer(*state, 64, ACCEL_BUFFER_SYSTEM, &w->words));
		w->words[1] = i + 1;
		assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
	}
	for (unsigned int i = 0; i < N; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].ret, 0);
		assert_int_equal(workers[i].words[0], 1000 * (i + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(the_host_signals),
		RIG_TEST(a_wait_takes_its_time),
		RIG_TEST(another_thread_signals),
		RIG_TEST(two_queues_alternate),
		RIG_TEST(many_points_in_one_submission),
		RIG_TEST(refused_submissions_leave_no_trace),
		RIG_TEST(failure_travels),
		RIG_TEST(failure_outlives_the_queue),
		RIG_TEST(destroying_a_queue_cancels),
		RIG_TEST(threads_share_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
