// SPDX-License-Identifier: MIT
/*
 * A process with a queue: at each line of standard input it runs a stream on it, then tells on one line
 * how that ended: an errno's name or 0, the name of the queue's fault, and the library's sentence.
 */
#define _GNU_SOURCE
#include <accel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES (1u << 20)

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	printf("%s: %s\n", what, accel_strerror(ret));
	exit(1);
}

int main(void)
{
	struct accel_device *dev;
	struct accel_vm *vm;
	struct accel_queue *queue;
	struct accel_stream *stream;
	struct accel_buffer *buffer;
	struct axon_fault fault;
	char line[64];

	setlinebuf(stdout);
	must(accel_device_open(0, &dev), "accel_device_open");
	must(accel_vm_create(dev, &vm), "accel_vm_create");
	must(accel_queue_create(vm, 1, &queue), "accel_queue_create");
	must(accel_buffer_create(vm, BYTES, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_OTHER, &buffer),
	     "accel_buffer_create");
	must(accel_stream_create(vm, &stream), "accel_stream_create");
	must(accel_stream_fill(stream, accel_buffer_va(buffer), 0x5a5a5a5a, BYTES), "fill");
	printf("ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		int ret = accel_queue_run(queue, stream);

		must(accel_queue_fault(queue, &fault), "accel_queue_fault");
		printf("%s %s: %s\n", ret ? strerrorname_np(-ret) : "0",
		       accel_fault_name(fault.cause), ret ? accel_strerror(ret) : "done");
	}
	return 0;
}
