// SPDX-License-Identifier: MIT
/*
 * Uses the device until it is gone, and looks whether everything says so: jobs, fences, waits,
 * ioctls; and whether its memory can still be touched. Says "ready" once all of it is under way.
 * Ends with 0, or with the line of what was not as it should be.
 */
#include "../userq.h"

#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EXPECT(condition)                                                               \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                        \
		}                                                                       \
	} while (0)

#define FOREVER_MS 600000

struct client {
	struct abi abi;
	uint32_t bo[2]; /* in device memory, in system memory */
	volatile uint32_t *words[2];
	int pending; /* sync_file of a job that waits for ever */
	struct abi_stream stream;
	struct userq user[2]; /* one waits for a word, one runs without an end */
	int event;
};

static int export_sync_file(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle export = {
		.handle = syncobj,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	EXPECT(abi_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export) == 0);
	return export.fd;
}

/* A job on a queue of its own that waits for a word which nobody writes. */
static void start_pending(struct client *c)
{
	struct drm_axon_sync sync = {.handle = abi_syncobj(c->abi.fd),
				     .flags = DRM_AXON_SYNC_SIGNAL};
	uint32_t queue = abi_queue(c->abi.fd, c->abi.vm);
	struct abi_stream stream;
	struct axon_packet *packet;

	abi_stream(&stream, c->abi.fd, c->abi.vm, TEST_VA + 3 * HUGE);
	packet = abi_packet(&stream, AXON_PKT_WAIT);
	packet->wait.addr = stream.va + 64;
	packet->wait.value = 1;
	EXPECT(abi_submit(c->abi.fd, queue, stream.va, 1, &sync, 1) == 0);
	c->pending = export_sync_file(c->abi.fd, sync.handle);
}

static void start_users(struct client *c)
{
	uint32_t vm = userq_vm(c->abi.fd);

	for (unsigned int i = 0; i < 2; i++) {
		userq_create(&c->user[i], c->abi.fd, vm, i);
		if (i)
			userq_launch(&c->user[i], userq_map_hog(c->abi.fd, vm));
		else
			userq_wait_word(&c->user[i], c->user[i].va + USERQ_MEMORY, 1);
		userq_ring(&c->user[i]);
	}
	c->event = eventfd(0, EFD_CLOEXEC);
	EXPECT(userq_eventfd(&c->user[1], 1, c->event) == 0);
}

static void start(struct client *c)
{
	static const uint32_t where[] = {DRM_AXON_BO_VRAM, DRM_AXON_BO_SYSTEM};
	struct axon_packet *packet;

	c->abi.fd = abi_open();
	c->abi.vm = abi_vm(c->abi.fd);
	c->abi.queue = abi_queue(c->abi.fd, c->abi.vm);
	abi_stream(&c->stream, c->abi.fd, c->abi.vm, TEST_VA + 2 * HUGE);
	for (unsigned int i = 0; i < 2; i++) {
		c->bo[i] = abi_bo(c->abi.fd, HUGE, where[i]);
		c->words[i] = abi_map(c->abi.fd, c->bo[i], HUGE);
		EXPECT(abi_bind_bo(c->abi.fd, c->abi.vm, c->bo[i], TEST_VA + i * HUGE, HUGE) == 0);
		packet = abi_packet(&c->stream, AXON_PKT_FILL);
		packet->fill.dst = TEST_VA + i * HUGE;
		packet->fill.bytes = HUGE;
	}
	start_pending(c);
	start_users(c);
}

/* One job whose result is looked at; 0 or the error. */
static int job(struct client *c, uint32_t syncobj, uint32_t n)
{
	struct drm_axon_sync sync = {
		.handle = syncobj,
		.flags = DRM_AXON_SYNC_SIGNAL | DRM_AXON_SYNC_TIMELINE,
		.point = n,
	};
	int ret;

	for (unsigned int i = 0; i < 2; i++)
		c->stream.packets[i].fill.pattern = n;
	ret = abi_submit(c->abi.fd, c->abi.queue, c->stream.va, c->stream.count, &sync, 1);
	if (!ret)
		ret = abi_wait(c->abi.fd, syncobj, n, FOREVER_MS);
	return ret;
}

/* What the driver has not noticed yet it does soon; a job that it ends ends the wait for it as well. */
static bool goes_away(struct client *c, uint32_t syncobj, uint32_t n)
{
	for (unsigned int i = 0; i < 600; i++) {
		if (job(c, syncobj, ++n) == -ENODEV)
			return true;
		usleep(100000);
	}
	return false;
}

static void work_until_gone(struct client *c)
{
	uint32_t syncobj = abi_syncobj(c->abi.fd), n = 0, seen[2];
	int ret;

	for (;;) {
		ret = job(c, syncobj, ++n);
		for (unsigned int i = 0; i < 2; i++)
			seen[i] = c->words[i][HUGE / 4 - 1];
		if (ret)
			break;
		if (seen[0] != n || seen[1] != n) {
			EXPECT(goes_away(c, syncobj, n));
			return;
		}
		if (n == 3) {
			puts("ready");
			fflush(stdout);
		}
	}
	EXPECT(ret == -ENODEV);
}

static void check_gone(struct client *c)
{
	struct drm_axon_bo_create bo = {.size = PAGE, .flags = DRM_AXON_BO_SYSTEM};
	struct drm_axon_vm_create vm = {0};
	struct drm_axon_query query = {0};
	struct sync_file_info info = {0};
	struct pollfd poll_fd = {.fd = c->pending, .events = POLLIN};
	uint64_t count;

	EXPECT(poll(&poll_fd, 1, FOREVER_MS) == 1);
	EXPECT(ioctl(c->pending, SYNC_IOC_FILE_INFO, &info) == 0);
	EXPECT(info.status == -ENODEV);
	EXPECT(read(c->event, &count, sizeof(count)) == sizeof(count) && count == 1);
	EXPECT(userq_wait(&c->user[0], 1, FOREVER_MS, NULL) == -ENODEV);
	EXPECT(abi_ioctl(c->abi.fd, DRM_IOCTL_AXON_VM_CREATE, &vm) == -ENODEV);
	EXPECT(abi_ioctl(c->abi.fd, DRM_IOCTL_AXON_BO_CREATE, &bo) == -ENODEV);
	EXPECT(abi_ioctl(c->abi.fd, DRM_IOCTL_AXON_QUERY, &query) == -ENODEV);
	EXPECT(job(c, 1, 1) == -ENODEV);
}

/* None of this may end in SIGBUS, and what is written can be read again. */
static void touch_memory(struct client *c)
{
	for (unsigned int i = 0; i < 2; i++) {
		for (uint32_t w = 0; w < HUGE / 4; w += PAGE / 4)
			c->words[i][w] = w + 1;
		EXPECT(c->words[i][0] != 0);
		userq_ring(&c->user[i]);
		c->user[i].memory[0] = 1;
	}
}

int main(void)
{
	struct client c = {0};

	start(&c);
	work_until_gone(&c);
	check_gone(&c);
	touch_memory(&c);
	return 0;
}
