// SPDX-License-Identifier: MIT
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE	      4096
#define PATIENCE_S    60
#define RETRY_MS      20
#define QUEUE_RETRIES (PATIENCE_S * 1000 / RETRY_MS)

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

int must(int ret, const char *what)
{
	if (ret < 0)
		fail("%s: %s", what, accel_strerror(ret));
	return ret;
}

static void open_queue(struct client *c)
{
	int ret = -EBUSY;

	/* There may be fewer queues than processes. */
	for (unsigned int i = 0; i < QUEUE_RETRIES && ret == -EBUSY; i++) {
		ret = accel_queue_create(c->vm, 1, &c->queue);
		if (ret == -EBUSY)
			usleep(RETRY_MS * 1000);
	}
	must(ret, "accel_queue_create");
}

void client_open(struct client *c)
{
	*c = (struct client){0};
	must(accel_device_open(0, &c->dev), "accel_device_open");
	must(accel_vm_create(c->dev, &c->vm), "accel_vm_create");
	open_queue(c);
	must(accel_program_load_file(c->vm, KERNELS_ELF, &c->program), "accel_program_load_file");
	must(accel_stream_create(c->vm, &c->stream), "accel_stream_create");
	c->words = client_buffer(c, PAGE, ACCEL_BUFFER_SYSTEM);
	must(accel_buffer_map(c->words, (void **)&c->word), "accel_buffer_map");
}

uint64_t client_word_va(const struct client *c, unsigned int n)
{
	return accel_buffer_va(c->words) + n * sizeof(uint64_t);
}

struct accel_buffer *client_buffer(struct client *c, size_t bytes, unsigned int flags)
{
	struct accel_buffer *buf;

	must(accel_buffer_create(c->vm, bytes, flags, ACCEL_PURPOSE_OTHER, &buf),
	     "accel_buffer_create");
	return buf;
}

void client_launch(struct client *c, const char *kernel, uint32_t groups,
		   const struct isolation_args *args)
{
	struct accel_launch launch = {.size = sizeof(launch), .grid = {groups, 1, 1}};
	const struct accel_kernel *k;

	must(accel_program_kernel(c->program, kernel, &k), kernel);
	must(accel_stream_launch(c->stream, k, &launch, args, sizeof(*args)),
	     "accel_stream_launch");
}

void client_packet(struct client *c, const struct axon_packet *packet)
{
	must(accel_stream_packet(c->stream, packet), "accel_stream_packet");
}

void client_run(struct client *c)
{
	must(accel_queue_run(c->queue, c->stream), "accel_queue_run");
	must(accel_stream_reset(c->stream), "accel_stream_reset");
}
