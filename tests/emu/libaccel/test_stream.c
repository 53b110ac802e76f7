// SPDX-License-Identifier: MIT
/*
 * Description: the packets of a stream do what they say, in order, however long the stream grows.
 */
#include "rig.h"

#define BOTH (ACCEL_BUFFER_VRAM | ACCEL_BUFFER_SYSTEM)

static void copy_and_fill(void **state)
{
	static const unsigned int places[] = {ACCEL_BUFFER_VRAM, ACCEL_BUFFER_SYSTEM};
	static const size_t sizes[] = {1, 7, 4096, 5000, 3 << 20};
	struct rig *rig = *state;

	for (unsigned int i = 0; i < 4 * sizeof(sizes) / sizeof(*sizes); i++) {
		size_t bytes = sizes[i / 4], space = (bytes + 7) & ~3ull;
		uint8_t *src, *dst;
		struct accel_buffer *s = rig_buffer(rig, space, places[i % 2], &src);
		struct accel_buffer *d = rig_buffer(rig, space, places[i / 2 % 2], &dst);

		for (size_t k = 0; k < bytes; k++)
			src[k] = (uint8_t)(k * 31 + k / 256);
		assert_int_equal(
			accel_stream_fill(rig->stream, accel_buffer_va(d), 0xa5a5a5a5, space), 0);
		assert_int_equal(accel_stream_copy(rig->stream, accel_buffer_va(d),
						   accel_buffer_va(s), bytes),
				 0);
		rig_run(rig);
		assert_memory_equal(dst, src, bytes);
		for (size_t k = bytes; k < space; k++)
			assert_int_equal(dst[k], 0xa5);
		accel_stream_reset(rig->stream);
		rig_free(rig, s);
		rig_free(rig, d);
	}
}

static void unaligned_is_refused(void **state)
{
	struct rig *rig = *state;
	uint64_t va = accel_buffer_va(rig_buffer(rig, 4096, BOTH, NULL));

	assert_int_equal(accel_stream_fill(rig->stream, va + 2, 0, 4), -EINVAL);
	assert_int_equal(accel_stream_fill(rig->stream, va, 0, 6), -EINVAL);
	assert_int_equal(accel_stream_timestamp(rig->stream, va + 8), -EINVAL);
	assert_int_equal(accel_stream_signal(rig->stream, va + 8, 1), -EINVAL);
	assert_int_equal(accel_stream_wait(rig->stream, va + 4, 1), -EINVAL);
	assert_int_equal(accel_stream_packets(rig->stream), 0);
}

static void timestamps_grow(void **state)
{
	struct rig *rig = *state;
	struct axon_timestamp *stamps;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, &stamps);
	uint64_t va = accel_buffer_va(buf);

	assert_int_equal(accel_stream_timestamp(rig->stream, va), 0);
	assert_int_equal(accel_stream_fill(rig->stream, va + 2048, 1, 1024), 0);
	assert_int_equal(accel_stream_timestamp(rig->stream, va + 16), 0);
	rig_run(rig);
	assert_true(stamps[0].ns > 0);
	assert_true(stamps[1].ns >= stamps[0].ns);
	assert_true(stamps[1].cycles > stamps[0].cycles);
}

static void signal_writes_value_and_time(void **state)
{
	struct rig *rig = *state;
	struct axon_signal *signal;
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, &signal);

	assert_int_equal(accel_stream_signal(rig->stream, accel_buffer_va(buf) + 16, 77), 0);
	rig_run(rig);
	assert_int_equal(signal[0].value, 0);
	assert_int_equal(signal[1].value, 77);
	assert_true(signal[1].ns > 0);
	assert_int_equal(signal[2].value, 0);
}

/* One queue waits on a word in memory that the host, then another queue, raises. */
static void wait_for_memory(void **state)
{
	struct rig *rig = *state;
	uint64_t *words, value;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, &words);
	uint64_t va = accel_buffer_va(buf);
	struct accel_timeline *tl;
	struct accel_queue *other;
	struct accel_stream *raise;
	struct accel_sync done;

	assert_int_equal(accel_timeline_create(rig->dev, &tl), 0);
	assert_int_equal(accel_queue_create(rig->vm, 1, &other), 0);
	assert_int_equal(accel_stream_create(rig->vm, &raise), 0);
	assert_int_equal(accel_stream_wait(rig->stream, va, 5), 0);
	assert_int_equal(accel_stream_wait(rig->stream, va + 16, 9), 0);
	assert_int_equal(accel_stream_fill(rig->stream, va + 64, 1, 4), 0);
	assert_int_equal(accel_stream_signal(raise, va + 16, 10), 0);

	done = (struct accel_sync){.timeline = tl, .value = 1};
	assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, &done, 1), 0);
	assert_int_equal(accel_timeline_wait(tl, 1, 20000000), -ETIME);
	__atomic_store_n(&words[0], 5, __ATOMIC_RELEASE);
	assert_int_equal(accel_timeline_wait(tl, 1, 20000000), -ETIME);
	assert_int_equal(words[8], 0);
	assert_int_equal(accel_queue_run(other, raise), 0);
	assert_int_equal(accel_timeline_wait(tl, 1, -1), 0);
	assert_int_equal(words[8], 1);
	assert_int_equal(accel_timeline_query(tl, &value), 0);
	assert_int_equal(value, 1);

	accel_stream_destroy(raise);
	accel_queue_destroy(other);
	accel_timeline_destroy(tl);
}

/* A loop on the device: BRANCH goes back until the word has counted up to ten. */
static void branch_loops(void **state)
{
	struct rig *rig = *state;
	uint64_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, &words);
	uint64_t va = accel_buffer_va(buf);
	struct test_step_args args = {.value = va, .by = va + 8};
	struct axon_packet branch = {
		.op = AXON_PKT_BRANCH,
		.branch =
			{
				.addr = va,
				.mask = ~0ull,
				.value = 10,
				.cond = AXON_COND_LT,
				.target = -1,
			},
	};

	words[1] = 1;
	rig_launch(rig, "test_step", 1, &args, sizeof(args));
	assert_int_equal(accel_stream_packet(rig->stream, &branch), 0);
	rig_run(rig);
	assert_int_equal(words[0], 10);
	rig_run(rig);
	assert_int_equal(words[0], 11);
}

static void calls_nest(void **state)
{
	struct rig *rig = *state;
	struct axon_packet *packets;
	uint32_t *words;
	struct accel_buffer *code = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, &packets);
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, &words);
	struct axon_packet call = {
		.op = AXON_PKT_CALL,
		.call = {.addr = accel_buffer_va(code), .count = 2},
	};

	/* Level n fills word n, then calls level n + 1. The stream itself is level 1 below the ring. */
	for (unsigned int n = 0; n < AXON_CALL_DEPTH - 1; n++) {
		packets[2 * n] = (struct axon_packet){
			.op = AXON_PKT_FILL,
			.fill = {.dst = accel_buffer_va(buf) + 4 * n, .bytes = 4, .pattern = n + 1},
		};
		packets[2 * n + 1] = call;
		packets[2 * n + 1].call.addr += (2 * n + 2) * AXON_PACKET_SIZE;
	}
	packets[2 * AXON_CALL_DEPTH - 3] = (struct axon_packet){.op = AXON_PKT_NOP};
	assert_int_equal(accel_stream_packet(rig->stream, &call), 0);
	rig_run(rig);
	for (unsigned int n = 0; n < AXON_CALL_DEPTH - 1; n++)
		assert_int_equal(words[n], n + 1);
}

/* The command buffer grows under what has been recorded. */
static void long_stream(void **state)
{
	enum { N = 5000 };
	struct rig *rig = *state;
	uint32_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 4 * N, ACCEL_BUFFER_SYSTEM, &words);

	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(
			accel_stream_fill(rig->stream, accel_buffer_va(buf) + 4 * i, i ^ 5, 4), 0);
	assert_int_equal(accel_stream_packets(rig->stream), N);
	rig_run(rig);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(words[i], i ^ 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_BOTH_TEST(copy_and_fill),	RIG_BOTH_TEST(unaligned_is_refused),
		RIG_BOTH_TEST(timestamps_grow), RIG_BOTH_TEST(signal_writes_value_and_time),
		RIG_TEST(wait_for_memory),	RIG_BOTH_TEST(branch_loops),
		RIG_BOTH_TEST(calls_nest),	RIG_BOTH_TEST(long_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
