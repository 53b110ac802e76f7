// SPDX-License-Identifier: MIT
/*
 * Description: when any one allocation between opening a device and closing it fails, the function
 * that needed it says so, nothing crashes and nothing is left behind.
 */
#include <stdatomic.h>
#include "rig.h"

#ifdef __SANITIZE_ADDRESS__

/* The sanitizer has an allocator of its own, which cannot be made to fail here. */
int main(void)
{
	return 77;
}

#else

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *ptr, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *ptr);

static _Thread_local long countdown = -1; /* allocations until one fails; < 0: none does */
static _Thread_local bool failed;
static atomic_long live;

static bool fails(void)
{
	if (countdown < 0 || countdown-- > 0)
		return false;
	failed = true;
	return true;
}

static void *count(void *ptr)
{
	if (ptr)
		atomic_fetch_add(&live, 1);
	return ptr;
}

void *malloc(size_t bytes)
{
	return fails() ? NULL : count(__libc_malloc(bytes));
}

void *calloc(size_t n, size_t bytes)
{
	return fails() ? NULL : count(__libc_calloc(n, bytes));
}

void *realloc(void *ptr, size_t bytes)
{
	if (fails())
		return NULL;
	if (!ptr)
		return count(__libc_realloc(NULL, bytes));
	return __libc_realloc(ptr, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return fails() ? NULL : count(__libc_memalign(align, bytes));
}

void free(void *ptr)
{
	if (ptr)
		atomic_fetch_sub(&live, 1);
	__libc_free(ptr);
}

struct life {
	struct accel_device *dev;
	struct accel_vm *vm;
	struct accel_queue *queue;
	struct accel_stream *stream;
	struct accel_program *program;
	struct accel_timeline *timeline;
	struct accel_buffer *buffer;
};

static int record_and_run(struct life *life)
{
	struct accel_launch launch = {.size = sizeof(launch)};
	const struct accel_kernel *kernel;
	struct test_step_args args;
	struct accel_sync done = {life->timeline, 1};
	void *ptr;
	int ret = accel_program_kernel(life->program, "test_step", &kernel);

	if (!ret)
		ret = accel_buffer_map(life->buffer, &ptr);
	args.value = accel_buffer_va(life->buffer);
	args.by = args.value + 8;
	/* more than the first command buffer holds */
	for (int i = 0; i < 100 && !ret; i++)
		ret = accel_stream_launch(life->stream, kernel, &launch, &args, sizeof(args));
	if (!ret)
		ret = accel_queue_submit(life->queue, life->stream, NULL, 0, &done, 1);
	if (!ret)
		ret = accel_timeline_wait(life->timeline, 1, -1);
	if (!ret)
		ret = accel_queue_run(life->queue, life->stream);
	return ret;
}

/* Fails allocation number `nth` once the device is open. */
static int live_once(long nth)
{
	struct life life = {0};
	int ret = accel_device_open(0, &life.dev);

	if (ret < 0)
		return ret;
	countdown = nth;
	failed = false;
	ret = accel_vm_create(life.dev, &life.vm);
	if (!ret)
		ret = accel_vm_enable_log(life.vm, 4096);
	if (!ret)
		ret = accel_queue_create(life.vm, 1, &life.queue);
	if (!ret)
		ret = accel_stream_create(life.vm, &life.stream);
	if (!ret)
		ret = accel_timeline_create(life.dev, &life.timeline);
	if (!ret)
		ret = accel_program_load_file(life.vm, rig_elf(), &life.program);
	if (!ret)
		ret = accel_buffer_create(life.vm, 4096, ACCEL_BUFFER_VRAM, 0, &life.buffer);
	if (!ret)
		ret = record_and_run(&life);
	countdown = -1;
	accel_queue_destroy(life.queue);
	accel_stream_destroy(life.stream);
	accel_timeline_destroy(life.timeline);
	accel_program_destroy(life.program);
	accel_buffer_destroy(life.buffer);
	accel_vm_destroy(life.vm);
	accel_device_close(life.dev);
	return ret;
}

static void every_allocation_fails_once(void **state)
{
	long before, n;
	int ret;

	(void)state;
	ret = live_once(-1); /* what the C library keeps from now on is not ours */
	if (ret == -EUNATCH)
		exit(77);
	assert_int_equal(ret, 0);
	before = atomic_load(&live);
	for (n = 0;; n++) {
		ret = live_once(n);
		assert_int_equal(atomic_load(&live), before);
		if (!failed)
			break;
		assert_int_equal(ret, -ENOMEM);
	}
	assert_int_equal(ret, 0);
	assert_true(n > 15);
	print_message("%ld allocations\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
