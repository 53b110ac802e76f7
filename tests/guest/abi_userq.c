// SPDX-License-Identifier: MIT
/* Description: long-running VMs, user queues, their doorbells and WAIT: what each refuses. */
#include "userq.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;
static uint32_t vm;
static struct userq q;

static int setup(void **state)
{
	(void)state;
	fd = abi_open();
	vm = userq_vm(fd);
	userq_create(&q, fd, vm, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(fd);
	return 0;
}

/* ---- QUEUE_CREATE ---- */

static struct drm_axon_queue_create good_queue(void)
{
	return (struct drm_axon_queue_create){
		.vm_id = vm,
		.flags = DRM_AXON_QUEUE_USER,
		.ring_va = TEST_VA,
		.ring_log2 = AXON_RING_MIN_LOG2,
	};
}

static int create(struct drm_axon_queue_create args)
{
	struct drm_axon_queue_destroy destroy = {0};
	int ret = abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_CREATE, &args);

	destroy.queue_id = args.queue_id;
	if (!ret)
		assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	return ret;
}

/* Nothing has to be mapped at the ring: that would be a fault of the queue's. */
static void a_good_queue_is_created(void **state)
{
	struct drm_axon_queue_create args = good_queue();

	(void)state;
	assert_int_equal(create(args), 0);
	args.ring_log2 = AXON_RING_MAX_LOG2;
	args.ring_va =
		(1ull << (AXON_VA_BITS - 1)) - ((uint64_t)AXON_PACKET_SIZE << args.ring_log2);
	assert_int_equal(create(args), 0);
}

static void create_rejects_kernel_queue_on_a_long_running_vm(void **state)
{
	struct drm_axon_queue_create args = {.vm_id = vm};

	(void)state;
	assert_int_equal(create(args), -EINVAL);
}

static void create_rejects_user_queue_elsewhere(void **state)
{
	struct drm_axon_queue_create args = good_queue();

	(void)state;
	args.vm_id = abi_vm(fd);
	assert_int_equal(create(args), -EINVAL);
}

static void create_rejects_unknown_vm(void **state)
{
	struct drm_axon_queue_create args = good_queue();

	(void)state;
	args.vm_id = 999;
	assert_int_equal(create(args), -ENOENT);
}

static void create_rejects_unknown_flag_and_padding(void **state)
{
	struct drm_axon_queue_create args = good_queue();

	(void)state;
	args.flags |= 1u << 31;
	assert_int_equal(create(args), -EINVAL);
	args = good_queue();
	args.pad = 1;
	assert_int_equal(create(args), -EINVAL);
}

static void create_rejects_ring_size(void **state)
{
	struct drm_axon_queue_create args = good_queue();

	(void)state;
	args.ring_log2 = AXON_RING_MIN_LOG2 - 1;
	assert_int_equal(create(args), -EINVAL);
	args.ring_log2 = AXON_RING_MAX_LOG2 + 1;
	assert_int_equal(create(args), -EINVAL);
	args.ring_log2 = UINT32_MAX;
	assert_int_equal(create(args), -EINVAL);
}

static void create_rejects_ring_address(void **state)
{
	static const uint64_t bad[] = {
		TEST_VA + 32, 0, (1ull << 32) - 64, (1ull << (AXON_VA_BITS - 1)) - 64, -64ull,
	};
	struct drm_axon_queue_create args = good_queue();

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		args.ring_va = bad[i];
		assert_int_equal(create(args), -EINVAL);
	}
}

static void submit_rejects_user_queue(void **state)
{
	(void)state;
	assert_int_equal(abi_submit(fd, q.id, TEST_VA, 1, NULL, 0), -EOPNOTSUPP);
}

/* ---- doorbells ---- */

static int map_doorbell(int file, uint64_t bytes, int prot, int flags, uint64_t offset)
{
	void *page = mmap(NULL, bytes, prot, flags, file, (off_t)offset);

	if (page == MAP_FAILED)
		return -errno;
	munmap(page, bytes);
	return 0;
}

static void doorbell_is_one_shared_page_to_write(void **state)
{
	uint64_t offset = q.doorbell_offset;

	(void)state;
	assert_int_equal(map_doorbell(fd, PAGE, PROT_WRITE, MAP_SHARED, offset), 0);
	assert_int_equal(map_doorbell(fd, 2 * PAGE, PROT_WRITE, MAP_SHARED, offset), -EINVAL);
	assert_int_equal(map_doorbell(fd, PAGE, PROT_WRITE, MAP_PRIVATE, offset), -EACCES);
	assert_int_equal(map_doorbell(fd, PAGE, PROT_READ, MAP_SHARED, offset), -EACCES);
	assert_int_equal(map_doorbell(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, offset),
			 -EACCES);
	assert_int_equal(map_doorbell(fd, PAGE, PROT_WRITE | PROT_EXEC, MAP_SHARED, offset),
			 -EACCES);
	assert_int_equal(mprotect((void *)q.doorbell, PAGE, PROT_WRITE | PROT_EXEC), -1);
	assert_int_equal(errno, EACCES);
}

static void doorbell_belongs_to_its_file(void **state)
{
	int other = abi_open();
	uint32_t kernel = abi_queue(other, abi_vm(other));
	uint64_t base = q.doorbell_offset & ~(AXON_NUM_DOORBELLS * PAGE - 1);

	(void)state;
	assert_int_not_equal(kernel, 0);
	/* Not even its own: the kernel's queues ring for themselves. */
	for (unsigned int i = 0; i <= AXON_NUM_DOORBELLS; i++)
		assert_int_equal(map_doorbell(other, PAGE, PROT_WRITE, MAP_SHARED, base + i * PAGE),
				 -EACCES);
	assert_int_equal(map_doorbell(fd, PAGE, PROT_WRITE, MAP_SHARED, INT64_MAX & ~(PAGE - 1)),
			 -EACCES);
	close(other);
}

static void doorbell_is_not_inherited(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		q.doorbell[0] = 0;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* What is written through an old mapping reaches neither the chip nor the number's next owner. */
static void doorbell_ends_with_its_queue(void **state)
{
	struct drm_axon_queue_destroy destroy;
	struct userq old, next;

	(void)state;
	userq_create(&old, fd, vm, 1);
	old.doorbell[0] = 0;
	destroy = (struct drm_axon_queue_destroy){.queue_id = old.id};
	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	assert_int_equal(map_doorbell(fd, PAGE, PROT_WRITE, MAP_SHARED, old.doorbell_offset),
			 -EACCES);

	userq_create(&next, fd, vm, 2);
	assert_int_equal(next.doorbell_offset, old.doorbell_offset);
	userq_signal(&next, 1);
	old.doorbell[0] = 1;
	assert_int_equal(userq_wait(&next, 1, 200, NULL), -ETIME);
	userq_ring(&next);
	assert_int_equal(userq_wait(&next, 1, 60000, NULL), 0);
	userq_destroy(&next);
	munmap((void *)old.doorbell, PAGE);
}

/* ---- WAIT ---- */

static struct drm_axon_wait good_wait(void)
{
	return (struct drm_axon_wait){
		.queue_id = q.id,
		.handle = q.bo,
		.offset = USERQ_WORD,
	};
}

static int wait_for(struct drm_axon_wait args)
{
	return abi_ioctl(fd, DRM_IOCTL_AXON_WAIT, &args);
}

static void wait_rejects_unknown_flag(void **state)
{
	struct drm_axon_wait args = good_wait();

	(void)state;
	assert_int_equal(wait_for(args), 0);
	args.flags = 1u << 31;
	assert_int_equal(wait_for(args), -EINVAL);
}

static void wait_rejects_offset(void **state)
{
	struct drm_axon_wait args = good_wait();

	(void)state;
	args.offset = USERQ_WORD + 4;
	assert_int_equal(wait_for(args), -EINVAL);
	args.offset = USERQ_BYTES;
	assert_int_equal(wait_for(args), -EINVAL);
	args.offset = UINT64_MAX - 7;
	assert_int_equal(wait_for(args), -EINVAL);
	args.offset = USERQ_BYTES - 8;
	assert_int_equal(wait_for(args), 0);
}

static void wait_rejects_what_does_not_exist(void **state)
{
	struct drm_axon_wait args = good_wait();

	(void)state;
	args.queue_id = 999;
	assert_int_equal(wait_for(args), -ENOENT);
	args = good_wait();
	args.handle = 999;
	assert_int_equal(wait_for(args), -ENOENT);
}

static void wait_rejects_kernel_queue(void **state)
{
	struct drm_axon_wait args = good_wait();

	(void)state;
	args.queue_id = abi_queue(fd, abi_vm(fd));
	assert_int_equal(wait_for(args), -EINVAL);
}

static void wait_rejects_what_is_to_be_zero(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC);
	struct drm_axon_wait args = good_wait();

	(void)state;
	args.fault.cause = 1;
	assert_int_equal(wait_for(args), -EINVAL);
	args = good_wait();
	args.eventfd = event;
	assert_int_equal(wait_for(args), -EINVAL);
	args.flags = DRM_AXON_WAIT_EVENTFD;
	args.timeout_ns = 1;
	assert_int_equal(wait_for(args), -EINVAL);
	close(event);
}

static void wait_rejects_what_is_no_eventfd(void **state)
{
	struct drm_axon_wait args = good_wait();

	(void)state;
	args.flags = DRM_AXON_WAIT_EVENTFD;
	args.eventfd = -1;
	assert_int_equal(wait_for(args), -EBADF);
	args.eventfd = fd;
	assert_int_equal(wait_for(args), -EINVAL);
}

/* As many as are documented, and again as many once those are signalled. */
static void eventfds_are_bounded(void **state)
{
	int event = eventfd(0, EFD_CLOEXEC);
	uint64_t n, total = 0;

	(void)state;
	for (unsigned int i = 0; i < DRM_AXON_MAX_EVENTFDS; i++)
		assert_int_equal(userq_eventfd(&q, 1, event), 0);
	assert_int_equal(userq_eventfd(&q, 1, event), -EBUSY);
	userq_signal(&q, 1);
	userq_ring(&q);
	while (total < DRM_AXON_MAX_EVENTFDS) {
		assert_int_equal(read(event, &n, sizeof(n)), sizeof(n));
		total += n;
	}
	assert_int_equal(total, DRM_AXON_MAX_EVENTFDS);
	for (unsigned int i = 0; i < DRM_AXON_MAX_EVENTFDS; i++)
		assert_int_equal(userq_eventfd(&q, 2, event), 0);
	close(event);
}

/* None of the above did anything to the queue. */
static void queue_is_still_alive(void **state)
{
	struct drm_axon_queue_state queue;

	(void)state;
	userq_signal(&q, 2);
	userq_ring(&q);
	assert_int_equal(userq_wait(&q, 2, 60000, NULL), 0);
	assert_int_equal(abi_queue_state(fd, q.id, &queue), 0);
	assert_int_equal(queue.status, DRM_AXON_QUEUE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_queue_is_created),
		cmocka_unit_test(create_rejects_kernel_queue_on_a_long_running_vm),
		cmocka_unit_test(create_rejects_user_queue_elsewhere),
		cmocka_unit_test(create_rejects_unknown_vm),
		cmocka_unit_test(create_rejects_unknown_flag_and_padding),
		cmocka_unit_test(create_rejects_ring_size),
		cmocka_unit_test(create_rejects_ring_address),
		cmocka_unit_test(submit_rejects_user_queue),
		cmocka_unit_test(doorbell_is_one_shared_page_to_write),
		cmocka_unit_test(doorbell_belongs_to_its_file),
		cmocka_unit_test(doorbell_is_not_inherited),
		cmocka_unit_test(doorbell_ends_with_its_queue),
		cmocka_unit_test(wait_rejects_unknown_flag),
		cmocka_unit_test(wait_rejects_offset),
		cmocka_unit_test(wait_rejects_what_does_not_exist),
		cmocka_unit_test(wait_rejects_kernel_queue),
		cmocka_unit_test(wait_rejects_what_is_to_be_zero),
		cmocka_unit_test(wait_rejects_what_is_no_eventfd),
		cmocka_unit_test(eventfds_are_bounded),
		cmocka_unit_test(queue_is_still_alive),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
