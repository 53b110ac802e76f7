// SPDX-License-Identifier: MIT
/*
 * Adds two vectors on the accelerator: vector_add program.elf
 *
 * The same program runs through the kernel driver and, with LD_LIBRARY_PATH=build/emu, in-process.
 */
#include <accel.h>
#include <stdio.h>
#include <stdlib.h>
#include "vector_add.h"

#define N 100000

static void check(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "vector_add: %s: %s\n", what, accel_strerror(ret));
	exit(1);
}

static float *buffer(struct accel_vm *vm, struct accel_buffer **buf)
{
	void *ptr;

	check(accel_buffer_create(vm, N * sizeof(float), ACCEL_BUFFER_VRAM,
				  ACCEL_PURPOSE_ACTIVATIONS, buf),
	      "buffer");
	check(accel_buffer_map(*buf, &ptr), "map");
	return ptr;
}

static int verify(const float *a, const float *b, const float *c)
{
	double sum = 0, expected = 0;

	for (int i = 0; i < N; i++) {
		if (c[i] != a[i] + b[i]) {
			fprintf(stderr, "vector_add: element %d: expected %g, found %g\n", i,
				(double)(a[i] + b[i]), (double)c[i]);
			return 1;
		}
		sum += c[i];
		expected += (double)i + 2.0 * i;
	}
	if (sum != expected) {
		fprintf(stderr, "vector_add: expected the sum %.0f, found %.0f\n", expected, sum);
		return 1;
	}
	printf("%d sums right, %.0f in all\n", N, sum);
	return 0;
}

int main(int argc, char **argv)
{
	struct accel_device *dev;
	struct accel_vm *vm;
	struct accel_queue *queue;
	struct accel_stream *stream;
	struct accel_program *program;
	const struct accel_kernel *kernel;
	struct accel_buffer *buf[3];
	struct accel_launch launch = {
		.size = sizeof(launch),
		.grid = {(N + VECTOR_ADD_BLOCK - 1) / VECTOR_ADD_BLOCK},
	};
	int ret;

	check(accel_device_open(0, &dev), "device");
	check(accel_vm_create(dev, &vm), "address space");
	check(accel_program_load_file(vm, argc > 1 ? argv[1] : "vector_add.elf", &program),
	      "program");
	check(accel_program_kernel(program, "vector_add", &kernel), "kernel");

	float *a = buffer(vm, &buf[0]), *b = buffer(vm, &buf[1]), *c = buffer(vm, &buf[2]);

	for (int i = 0; i < N; i++) {
		a[i] = i;
		b[i] = 2 * i;
	}

	struct vector_add_args args = {
		.a = accel_buffer_va(buf[0]),
		.b = accel_buffer_va(buf[1]),
		.c = accel_buffer_va(buf[2]),
		.n = N,
	};

	check(accel_queue_create(vm, 1, &queue), "queue");
	check(accel_stream_create(vm, &stream), "stream");
	check(accel_stream_launch(stream, kernel, &launch, &args, sizeof(args)), "launch");
	check(accel_queue_run(queue, stream), "run");
	ret = verify(a, b, c);

	accel_stream_destroy(stream);
	accel_queue_destroy(queue);
	for (int i = 0; i < 3; i++)
		accel_buffer_destroy(buf[i]);
	accel_program_destroy(program);
	accel_vm_destroy(vm);
	accel_device_close(dev);
	return ret;
}
