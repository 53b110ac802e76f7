// SPDX-License-Identifier: MIT
/*
 * Description: random but plausible sequences of everything that the node offers, by several threads
 * of several processes that fork, close and get killed. The kernel's checkers are the judge.
 *
 * usage: ioctl_fuzz [IOCTLS [SEED]]      defaults: 20000, from the clock; the seed is printed
 */
#define _GNU_SOURCE
#include "abi.h"
#include "random.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS	  3
#define PER_CHILD 600 /* ioctls of a process, at most */
#define LIFE_S	  3   /* a wait of chance may have no end */
#define IDS	  12  /* small numbers, so that guesses hit */
#define BO_MAX	  (4 * HUGE)

/* What the processes share. A page for answers follows, then nothing. */
struct shared {
	_Atomic uint64_t done, refused;
	_Atomic uint32_t errors[200]; /* by errno */
};
static struct shared *shared;

struct fuzzer {
	uint64_t seed;
	int fd, eventfd;
	void *map;
	size_t map_size;
	volatile uint32_t *doorbell;
};

static uint64_t random64(struct fuzzer *f)
{
	return random_next(&f->seed);
}

static uint64_t below(struct fuzzer *f, uint64_t n)
{
	return random64(f) % n;
}

static bool one_in(struct fuzzer *f, uint64_t n)
{
	return !below(f, n);
}

static uint32_t id(struct fuzzer *f)
{
	return one_in(f, 50) ? (uint32_t)random64(f) : 1 + below(f, IDS);
}

static uint64_t edge(struct fuzzer *f)
{
	return one_in(f, 2) ? (1ull << below(f, 64)) + below(f, 3) - 1 : random64(f);
}

static uint64_t va(struct fuzzer *f)
{
	return one_in(f, 40) ? edge(f) : TEST_VA + below(f, 16) * (one_in(f, 2) ? PAGE : HUGE);
}

static uint64_t size(struct fuzzer *f)
{
	return one_in(f, 40) ? edge(f) : one_in(f, 8) ? HUGE : PAGE * (1 + below(f, 8));
}

static uint32_t flags(struct fuzzer *f, uint32_t known)
{
	return one_in(f, 40) ? (uint32_t)edge(f) : (uint32_t)random64(f) & known;
}

static int call(struct fuzzer *f, unsigned long request, void *arg)
{
	int ret;

	if (one_in(f, 100)) /* a field of it at random */
		((uint32_t *)arg)[below(f, _IOC_SIZE(request) / 4)] = (uint32_t)edge(f);
	if (one_in(f, 200)) /* another size than ours, as older and newer programs have */
		request = (request & ~(unsigned long)(_IOC_SIZEMASK << _IOC_SIZESHIFT)) |
			  (below(f, _IOC_SIZE(request) + 1) & ~3ul) << _IOC_SIZESHIFT;
	ret = ioctl(f->fd, request, arg) < 0 ? errno : 0;
	shared->done++;
	if (ret) {
		shared->refused++;
		shared->errors[ret < 200 ? ret : 0]++;
	}
	return ret;
}

static void do_query(struct fuzzer *f)
{
	struct drm_axon_query q = {
		.type = below(f, DRM_AXON_QUERY_EVENTS + 2),
		.size = one_in(f, 4) ? 0 : below(f, PAGE),
		.pointer = one_in(f, 20) ? edge(f) : (uintptr_t)shared + PAGE,
	};

	call(f, DRM_IOCTL_AXON_QUERY, &q);
}

static void do_vm(struct fuzzer *f)
{
	struct drm_axon_vm_create create = {.flags = flags(f, DRM_AXON_VM_LONG_RUNNING)};
	struct drm_axon_vm_destroy destroy = {.vm_id = id(f)};

	if (one_in(f, 2))
		call(f, DRM_IOCTL_AXON_VM_CREATE, &create);
	else
		call(f, DRM_IOCTL_AXON_VM_DESTROY, &destroy);
}

static void do_bo(struct fuzzer *f)
{
	struct drm_axon_bo_create create = {
		.size = size(f),
		.flags = flags(f, DRM_AXON_BO_VRAM | DRM_AXON_BO_SYSTEM),
		.purpose = below(f, DRM_AXON_PURPOSE_COUNT + (one_in(f, 20) ? 2 : 0)),
		.vm_id = one_in(f, 3) ? id(f) : 0,
	};
	struct drm_gem_close gone = {.handle = id(f)};

	if (create.size > BO_MAX && !(create.size >> 40))
		create.size = BO_MAX; /* the guest's memory is not what is tested */
	if (one_in(f, 3))
		call(f, DRM_IOCTL_GEM_CLOSE, &gone);
	else
		call(f, DRM_IOCTL_AXON_BO_CREATE, &create);
}

/* Map a buffer and write packets and instructions into it. */
static void do_mmap(struct fuzzer *f)
{
	struct drm_axon_bo_mmap_offset offset = {.handle = id(f)};
	struct axon_packet *packet;

	if (call(f, DRM_IOCTL_AXON_BO_MMAP_OFFSET, &offset))
		return;
	if (f->map)
		munmap(f->map, f->map_size);
	f->map_size = PAGE;
	f->map = mmap(NULL, f->map_size, PROT_READ | PROT_WRITE,
		      one_in(f, 20) ? MAP_PRIVATE : MAP_SHARED, f->fd, (off_t)offset.offset);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return;
	}
	packet = f->map;
	for (unsigned int i = 0; i < PAGE / sizeof(*packet); i++) {
		packet[i] = (struct axon_packet){.op = below(f, AXON_PKT_COUNT)};
		packet[i].raw[0] = va(f);
		packet[i].raw[1] = one_in(f, 2) ? va(f) : below(f, 256) * 4;
		packet[i].raw[2] = packet[i].op == AXON_PKT_LAUNCH ? 1ull << 32 | 1 : 64;
		if (packet[i].op == AXON_PKT_WAIT || packet[i].op == AXON_PKT_BRANCH)
			packet[i].op = one_in(f, 8) ? packet[i].op : AXON_PKT_NOP;
	}
}

static struct drm_axon_array array(struct fuzzer *f, void *first, uint32_t stride, uint32_t count)
{
	struct drm_axon_array a = {.stride = stride, .count = count, .pointer = (uintptr_t)first};

	if (one_in(f, 60))
		a.stride = (uint32_t)edge(f);
	if (one_in(f, 60))
		a.count = (uint32_t)edge(f);
	if (one_in(f, 60))
		a.pointer = edge(f);
	return a;
}

static void do_bind(struct fuzzer *f)
{
	struct drm_axon_bind_op op[4];
	struct drm_axon_vm_bind bind = {.vm_id = id(f), .flags = flags(f, 0)};

	for (unsigned int i = 0; i < 4; i++) {
		op[i] = (struct drm_axon_bind_op){
			.op = one_in(f, 3) ? DRM_AXON_BIND_UNMAP : DRM_AXON_BIND_MAP,
			.va = va(f),
			.size = size(f),
		};
		if (op[i].op == DRM_AXON_BIND_UNMAP)
			continue;
		op[i].flags = flags(f, DRM_AXON_BIND_READONLY | DRM_AXON_BIND_EXEC);
		op[i].bo_handle = id(f);
		op[i].bo_offset = one_in(f, 4) ? below(f, 8) * PAGE : 0;
	}
	bind.ops = array(f, op, sizeof(op[0]), 1 + below(f, 4));
	call(f, DRM_IOCTL_AXON_VM_BIND, &bind);
}

static void do_queue(struct fuzzer *f)
{
	struct drm_axon_queue_create create = {
		.vm_id = id(f),
		.priority = below(f, 3 + one_in(f, 20)),
		.flags = flags(f, DRM_AXON_QUEUE_USER),
	};
	struct drm_axon_queue_destroy destroy = {.queue_id = id(f)};
	struct drm_axon_queue_state state = {.queue_id = id(f)};

	if (create.flags) {
		create.ring_va = va(f);
		create.ring_log2 = AXON_RING_MIN_LOG2 + below(f, 3);
	}
	switch (below(f, 4)) {
	case 0: call(f, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy); break;
	case 1: call(f, DRM_IOCTL_AXON_QUEUE_STATE, &state); break;
	default:
		if (call(f, DRM_IOCTL_AXON_QUEUE_CREATE, &create) || !create.doorbell_offset)
			break;
		if (f->doorbell)
			munmap((void *)f->doorbell, PAGE);
		f->doorbell = mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, f->fd,
				   (off_t)create.doorbell_offset);
		if (f->doorbell == MAP_FAILED)
			f->doorbell = NULL;
	}
}

static void do_submit(struct fuzzer *f)
{
	struct drm_axon_call calls[2] = {{.va = va(f), .count = 1 + below(f, 8)},
					 {.va = va(f), .count = 1 + below(f, 8)}};
	struct drm_axon_sync syncs[2];
	struct drm_axon_submit submit = {.queue_id = id(f), .flags = flags(f, 0)};

	for (unsigned int i = 0; i < 2; i++) {
		syncs[i].handle = id(f);
		syncs[i].flags = one_in(f, 8) ? flags(f, 3) : flags(f, 3) | DRM_AXON_SYNC_SIGNAL;
		syncs[i].point = syncs[i].flags & DRM_AXON_SYNC_TIMELINE ? below(f, 100) : 0;
	}
	submit.calls = array(f, calls, sizeof(calls[0]), 1 + below(f, 2));
	submit.syncs = array(f, syncs, sizeof(syncs[0]), below(f, 3));
	call(f, DRM_IOCTL_AXON_SUBMIT, &submit);
}

static void do_wait(struct fuzzer *f)
{
	struct drm_axon_wait wait = {
		.queue_id = id(f),
		.flags = flags(f, DRM_AXON_WAIT_EVENTFD),
		.handle = id(f),
		.offset = one_in(f, 20) ? edge(f) : below(f, 16) * 8,
		.value = below(f, 3),
	};

	if (wait.flags & DRM_AXON_WAIT_EVENTFD)
		wait.eventfd = one_in(f, 20) ? (int)id(f) : f->eventfd;
	else
		wait.timeout_ns = (int64_t)abi_now_ms() * 1000000 + (int64_t)below(f, 1000000);
	call(f, DRM_IOCTL_AXON_WAIT, &wait);
}

static void do_syncobj(struct fuzzer *f)
{
	struct drm_syncobj_create create = {.flags = below(f, 2)};
	struct drm_syncobj_destroy destroy = {.handle = id(f)};

	if (one_in(f, 3))
		call(f, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
	else
		call(f, DRM_IOCTL_SYNCOBJ_CREATE, &create);
}

static void do_prime(struct fuzzer *f)
{
	struct drm_prime_handle prime = {.handle = id(f), .flags = DRM_CLOEXEC | DRM_RDWR};

	if (call(f, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) || prime.fd < 3)
		return;
	call(f, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
	close(prime.fd);
}

static void do_one(struct fuzzer *f)
{
	static void (*const usual[])(struct fuzzer *) = {
		do_query, do_vm,     do_bo,	do_bo,	    do_mmap, do_bind,  do_bind,
		do_queue, do_submit, do_submit, do_syncobj, do_wait, do_prime,
	};

	if (f->doorbell && one_in(f, 3))
		f->doorbell[0] = below(f, 20);
	usual[below(f, sizeof(usual) / sizeof(usual[0]))](f);
}

/* A file to begin with, as most programs would make it; the rest is chance. */
static void furnish(struct fuzzer *f)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct drm_axon_vm_create vm = {.flags = i == 2 ? DRM_AXON_VM_LONG_RUNNING : 0};
		struct drm_axon_bo_create bo = {.size = HUGE >> i * 4, .flags = 1 + i};
		struct drm_syncobj_create syncobj = {0};

		call(f, DRM_IOCTL_AXON_VM_CREATE, &vm);
		call(f, DRM_IOCTL_AXON_BO_CREATE, &bo);
		call(f, DRM_IOCTL_SYNCOBJ_CREATE, &syncobj);
	}
}

static void *run(void *arg)
{
	struct fuzzer *f = arg;

	for (unsigned int n = 1 + below(f, PER_CHILD / THREADS); n; n--)
		do_one(f);
	return NULL;
}

static void child(uint64_t seed)
{
	struct fuzzer f[THREADS] = {{.seed = seed}};
	pthread_t thread[THREADS];

	f[0].fd = open("/dev/accel/accel0", O_RDWR | O_CLOEXEC);
	f[0].eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f[0].fd < 0)
		_exit(1);
	alarm(LIFE_S);
	furnish(&f[0]);
	for (unsigned int i = 0; i < THREADS; i++) {
		f[i] = f[0];
		f[i].seed = seed + i * 0x123456789ull;
		if (pthread_create(&thread[i], NULL, run, &f[i]))
			_exit(1);
	}
	if (one_in(&f[0], 8)) /* a second process with the same file */
		if (!fork()) {
			alarm(LIFE_S);
			run(&f[1]);
			_exit(0);
		}
	if (one_in(&f[0], 8)) /* under the others' feet */
		close(f[0].fd);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	_exit(0);
}

/* Children, two at a time, every fourth of them killed at some moment. */
static bool run_child(struct fuzzer *f)
{
	pid_t pids[2];
	bool good = true;
	int status;

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t seed = random64(f);

		pids[i] = fork();
		if (!pids[i])
			child(seed);
	}
	for (unsigned int i = 0; i < 2; i++) {
		if (one_in(f, 4)) {
			usleep(below(f, 20000));
			kill(pids[i], SIGKILL);
		}
		good &= waitpid(pids[i], &status, 0) == pids[i];
		/* a pointer of chance may have had the kernel write over the process itself */
		good &= WIFSIGNALED(status) || !WEXITSTATUS(status);
	}
	return good;
}

int main(int argc, char **argv)
{
	uint64_t goal = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000;
	struct fuzzer f = {.seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL)};
	FILE *log = fopen("/dev/kmsg", "w");

	if (access("/dev/accel/accel0", F_OK)) {
		puts("expected /dev/accel/accel0, found none: run this in the VM");
		return 77;
	}
	printf("seed %llu\n", (unsigned long long)f.seed);
	fflush(stdout);
	if (log) { /* jobs of chance hang, and fault */
		fputs("axon-test: expect reset\n", log);
		fclose(log);
	}
	shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || mprotect((char *)shared + 2 * PAGE, PAGE, PROT_NONE))
		return 1;
	while (shared->done < goal)
		if (!run_child(&f)) {
			puts("a process did not end as it should");
			return 1;
		}
	printf("%llu ioctls, %llu of them refused:", (unsigned long long)shared->done,
	       (unsigned long long)shared->refused);
	for (unsigned int e = 0; e < 200; e++)
		if (shared->errors[e])
			printf(" %s %u", strerrorname_np((int)e), shared->errors[e]);
	puts("");
	/* a fuzzer whose every call is refused tests nothing */
	return shared->refused * 10 < shared->done * 9 ? 0 : 1;
}
