// SPDX-License-Identifier: MIT
/*
 * Description: launches run once per workgroup of the grid, see the right coordinates and registers,
 * and a recorded stream replays with what its arguments say by then.
 */
#include "rig.h"

#define SRAM_BASE 0x10000000u /* docs/hardware.md, section 6 */

static void add(struct rig *rig, uint32_t n, unsigned int place)
{
	size_t bytes = (n + 1) * sizeof(float);
	float *a, *b, *c;
	struct accel_buffer *ba = rig_buffer(rig, bytes, place, &a);
	struct accel_buffer *bb = rig_buffer(rig, bytes, place, &b);
	struct accel_buffer *bc = rig_buffer(rig, bytes, place, &c);
	struct test_add_args args = {
		.a = accel_buffer_va(ba),
		.b = accel_buffer_va(bb),
		.c = accel_buffer_va(bc),
		.n = n,
	};

	for (uint32_t i = 0; i < n; i++) {
		a[i] = 0.1f * (float)i;
		b[i] = 1.0f / (float)(i + 1);
	}
	c[n] = 42;
	rig_launch(rig, "test_add", (n + TEST_ADD_BLOCK - 1) / TEST_ADD_BLOCK, &args, sizeof(args));
	rig_run(rig);
	for (uint32_t i = 0; i < n; i++)
		assert_true(c[i] == a[i] + b[i]);
	assert_true(c[n] == 42);
	accel_stream_reset(rig->stream);
	rig_free(rig, ba);
	rig_free(rig, bb);
	rig_free(rig, bc);
}

static void vector_add(void **state)
{
	static const uint32_t sizes[] = {1, 63, 64, 65, 127, 1009, 100000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		add(*state, sizes[i], ACCEL_BUFFER_VRAM);
		add(*state, sizes[i], ACCEL_BUFFER_SYSTEM);
	}
}

static void coordinates_and_registers(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info info = {.size = sizeof(info)};
	struct accel_launch launch = {.size = sizeof(launch), .grid = {5, 3, 2}};
	struct test_where *out;
	struct accel_buffer *buf = rig_buffer(rig, 30 * sizeof(*out), ACCEL_BUFFER_SYSTEM, &out);
	struct test_where_args args = {.out = accel_buffer_va(buf)};

	assert_int_equal(accel_device_get_info(rig->dev, &info), 0);
	assert_int_equal(accel_stream_launch(rig->stream, rig_kernel(rig, "test_where"), &launch,
					     &args, sizeof(args)),
			 0);
	rig_run(rig);
	for (uint32_t i = 0; i < 30; i++) {
		assert_int_equal(out[i].x, i % 5);
		assert_int_equal(out[i].y, i / 5 % 3);
		assert_int_equal(out[i].z, i / 15);
		assert_int_equal(out[i].gx, 5);
		assert_int_equal(out[i].gy, 3);
		assert_int_equal(out[i].gz, 2);
		assert_int_equal(out[i].cores, info.num_cores);
		assert_in_range(out[i].core, 0, info.num_cores - 1);
		assert_int_equal(out[i].sram, info.sram_size);
		assert_in_range(out[i].sp, SRAM_BASE, SRAM_BASE + info.sram_size);
		assert_int_equal(out[i].sp % 16, 0);
	}
}

static void grid_limits(void **state)
{
	struct rig *rig = *state;
	const struct accel_kernel *kernel = rig_kernel(rig, "test_step");
	struct accel_launch launch = {.size = sizeof(launch), .grid = {1u << 31, 2}};
	char args[4097] = {0};

	assert_int_equal(accel_stream_launch(rig->stream, kernel, &launch, NULL, 0), -E2BIG);
	launch.grid[0] = launch.grid[1] = launch.grid[2] = UINT32_MAX;
	assert_int_equal(accel_stream_launch(rig->stream, kernel, &launch, NULL, 0), -E2BIG);
	launch = (struct accel_launch){.size = sizeof(launch), .flags = 1u << 31};
	assert_int_equal(accel_stream_launch(rig->stream, kernel, &launch, NULL, 0), -EINVAL);
	launch = (struct accel_launch){.size = sizeof(launch) - 1};
	assert_int_equal(accel_stream_launch(rig->stream, kernel, &launch, NULL, 0), -EINVAL);
	launch.size = sizeof(launch);
	assert_int_equal(accel_stream_launch(rig->stream, kernel, &launch, args, 4097), -E2BIG);
	assert_int_equal(accel_stream_packets(rig->stream), 0);
	assert_int_equal(accel_stream_launch(rig->stream, kernel, &launch, args, 4096), 0);
}

/* The packets stay; what they point at is the caller's. */
static void replay_with_other_arguments(void **state)
{
	struct rig *rig = *state;
	struct accel_launch launch = {.size = sizeof(launch)};
	struct test_step_args *args;
	uint64_t *words, expected = 5;
	struct accel_buffer *args_buf = rig_buffer(rig, sizeof(*args), ACCEL_BUFFER_SYSTEM, &args);
	struct accel_buffer *buf = rig_buffer(rig, 16, ACCEL_BUFFER_SYSTEM, &words);

	args->value = accel_buffer_va(buf);
	args->by = accel_buffer_va(buf) + 8;
	words[0] = 5;
	assert_int_equal(accel_stream_launch_va(rig->stream, rig_kernel(rig, "test_step"), &launch,
						accel_buffer_va(args_buf)),
			 0);
	for (uint64_t i = 0; i < 300; i++) {
		words[1] = i * i;
		expected += i * i;
		rig_run(rig);
		assert_int_equal(words[0], expected);
	}
}

/* Submitted again before the first is done: in order, none lost. */
static void replay_back_to_back(void **state)
{
	struct rig *rig = *state;
	uint64_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 16, ACCEL_BUFFER_SYSTEM, &words);
	struct test_step_args args = {
		.value = accel_buffer_va(buf),
		.by = accel_buffer_va(buf) + 8,
	};

	words[1] = 1;
	for (int i = 0; i < 10; i++)
		rig_launch(rig, "test_step", 1, &args, sizeof(args));
	for (int i = 0; i < 199; i++)
		assert_int_equal(accel_queue_submit(rig->queue, rig->stream, NULL, 0, NULL, 0), 0);
	rig_run(rig);
	assert_int_equal(words[0], 2000);
}

/* More arguments than one chunk holds, all different. */
static void many_arguments(void **state)
{
	enum { N = 3000 };
	struct rig *rig = *state;
	uint64_t *words;
	struct accel_buffer *buf = rig_buffer(rig, (2 * N + 1) * 8, ACCEL_BUFFER_SYSTEM, &words);
	uint64_t va = accel_buffer_va(buf);

	for (int round = 0; round < 2; round++) {
		memset(words, 0, N * 8);
		for (uint64_t i = 0; i < N; i++) {
			struct test_step_args args = {.value = va + i * 8, .by = va + (N + i) * 8};

			words[N + i] = i + 1;
			rig_launch(rig, "test_step", 1, &args, sizeof(args));
		}
		assert_int_equal(accel_stream_packets(rig->stream), N);
		rig_run(rig);
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(words[i], i + 1);
		assert_int_equal(accel_stream_reset(rig->stream), 0);
		assert_int_equal(accel_stream_packets(rig->stream), 0);
	}
}

static void overlapping_launches(void **state)
{
	struct rig *rig = *state;
	struct accel_launch launch = {.size = sizeof(launch), .flags = ACCEL_LAUNCH_OVERLAP};
	uint64_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 101 * 8, ACCEL_BUFFER_SYSTEM, &words);
	uint64_t va = accel_buffer_va(buf);

	words[100] = 3;
	for (uint64_t i = 0; i < 100; i++) {
		struct test_step_args args = {.value = va + i * 8, .by = va + 800};

		assert_int_equal(accel_stream_launch(rig->stream, rig_kernel(rig, "test_step"),
						     &launch, &args, sizeof(args)),
				 0);
	}
	rig_run(rig);
	for (int i = 0; i < 100; i++)
		assert_int_equal(words[i], 3);
}

static void stats_count_the_same_each_time(void **state)
{
	struct rig *rig = *state;
	struct axon_launch_stats *stats;
	uint64_t *words;
	struct accel_buffer *stats_buf =
		rig_buffer(rig, 2 * sizeof(*stats), ACCEL_BUFFER_SYSTEM, &stats);
	struct accel_buffer *buf = rig_buffer(rig, 16, ACCEL_BUFFER_SYSTEM, &words);
	struct test_step_args args = {
		.value = accel_buffer_va(buf),
		.by = accel_buffer_va(buf) + 8,
	};

	for (int i = 0; i < 2; i++) {
		struct accel_launch launch = {
			.size = sizeof(launch),
			.stats_va = accel_buffer_va(stats_buf) + i * sizeof(*stats),
		};

		assert_int_equal(accel_stream_launch(rig->stream, rig_kernel(rig, "test_step"),
						     &launch, &args, sizeof(args)),
				 0);
	}
	rig_run(rig);
	/* ld, ld, ld, ld, add, sd, ret */
	assert_int_equal(stats[0].instret, 7);
	assert_int_equal(stats[1].instret, 7);
	assert_true(stats[0].cycles > 0);
	assert_int_equal(stats[0].cycles, stats[1].cycles);
}

static void kernel_library_memory_functions(void **state)
{
	struct rig *rig = *state;
	uint32_t *errors;
	struct accel_buffer *buf = rig_buffer(rig, 4, ACCEL_BUFFER_SYSTEM, &errors);
	struct test_memory_args args = {.errors = accel_buffer_va(buf)};

	*errors = 1;
	rig_launch(rig, "test_memory", 1, &args, sizeof(args));
	rig_run(rig);
	assert_int_equal(*errors, 0);
}

static void empty_stream(void **state)
{
	rig_run(*state);
}

static void other_address_space_is_refused(void **state)
{
	struct rig *rig = *state;
	struct accel_stream *stream;
	struct accel_vm *vm;

	assert_int_equal(accel_vm_create(rig->dev, &vm), 0);
	assert_int_equal(accel_stream_create(vm, &stream), 0);
	assert_int_equal(accel_queue_run(rig->queue, stream), -EXDEV);
	accel_stream_destroy(stream);
	accel_vm_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_BOTH_TEST(vector_add),
		RIG_BOTH_TEST(coordinates_and_registers),
		RIG_BOTH_TEST(grid_limits),
		RIG_BOTH_TEST(replay_with_other_arguments),
		RIG_BOTH_TEST(replay_back_to_back),
		RIG_BOTH_TEST(many_arguments),
		RIG_BOTH_TEST(overlapping_launches),
		RIG_BOTH_TEST(stats_count_the_same_each_time),
		RIG_BOTH_TEST(kernel_library_memory_functions),
		RIG_BOTH_TEST(empty_stream),
		RIG_BOTH_TEST(other_address_space_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
