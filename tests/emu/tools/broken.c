// SPDX-License-Identifier: MIT
/*
 * A library that does not do all of its work, put before the real one by the linker (--wrap):
 * AXON_BROKEN_LAUNCH=N forgets the N-th launch that is recorded, AXON_BROKEN_COPY=N the last byte of the
 * N-th copy.
 */
#include <accel.h>
#include <stdbool.h>
#include <stdlib.h>

int __real_accel_stream_launch(struct accel_stream *stream, const struct accel_kernel *kernel,
			       const struct accel_launch *launch, const void *args,
			       size_t args_bytes);
int __real_accel_stream_copy(struct accel_stream *stream, uint64_t dst, uint64_t src,
			     uint64_t bytes);
int __wrap_accel_stream_launch(struct accel_stream *stream, const struct accel_kernel *kernel,
			       const struct accel_launch *launch, const void *args,
			       size_t args_bytes);
int __wrap_accel_stream_copy(struct accel_stream *stream, uint64_t dst, uint64_t src,
			     uint64_t bytes);

static bool is_broken(const char *variable, unsigned long call)
{
	const char *number = getenv(variable);

	return number && strtoul(number, NULL, 10) == call;
}

int __wrap_accel_stream_launch(struct accel_stream *stream, const struct accel_kernel *kernel,
			       const struct accel_launch *launch, const void *args,
			       size_t args_bytes)
{
	static unsigned long calls;

	if (is_broken("AXON_BROKEN_LAUNCH", ++calls))
		return 0;
	return __real_accel_stream_launch(stream, kernel, launch, args, args_bytes);
}

int __wrap_accel_stream_copy(struct accel_stream *stream, uint64_t dst, uint64_t src,
			     uint64_t bytes)
{
	static unsigned long calls;

	if (is_broken("AXON_BROKEN_COPY", ++calls))
		bytes--;
	return __real_accel_stream_copy(stream, dst, src, bytes);
}
