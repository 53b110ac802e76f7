// SPDX-License-Identifier: MIT
/*
 * Streams: packets recorded once into a command buffer and submitted as often as one likes. The
 * buffer stays one piece, because a BRANCH may not leave it; it doubles when it is full. Arguments
 * lie in chunks that never move, because packets hold their addresses.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PACKETS	(PAGE_BYTES / AXON_PACKET_SIZE)
#define MAX_PACKETS	(1u << 24)
#define ARG_CHUNK_BYTES 65536u
#define ARG_MAX_BYTES	4096u
#define ARG_ALIGN	64u

struct arg_chunk {
	struct arg_chunk *next;
	struct accel_buffer *buffer;
	uint8_t *map;
	uint32_t used;
};

static int create_mapped(struct accel_vm *vm, size_t bytes, struct accel_buffer **buffer,
			 void **map)
{
	int ret =
		accel_buffer_create(vm, bytes, ACCEL_BUFFER_SYSTEM, ACCEL_PURPOSE_COMMANDS, buffer);

	if (ret < 0)
		return ret;
	ret = accel_buffer_map(*buffer, map);
	if (ret < 0)
		accel_buffer_destroy(*buffer);
	return ret;
}

ACCEL_EXPORT int accel_stream_create(struct accel_vm *vm, struct accel_stream **out)
{
	struct accel_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->vm = vm;
	*out = stream;
	return 0;
}

ACCEL_EXPORT void accel_stream_destroy(struct accel_stream *stream)
{
	if (!stream)
		return;
	while (stream->args) {
		struct arg_chunk *chunk = stream->args;

		stream->args = chunk->next;
		accel_buffer_destroy(chunk->buffer);
		free(chunk);
	}
	accel_buffer_destroy(stream->commands);
	free(stream);
}

ACCEL_EXPORT int accel_stream_reset(struct accel_stream *stream)
{
	stream->count = 0;
	for (struct arg_chunk *chunk = stream->args; chunk; chunk = chunk->next)
		chunk->used = 0;
	stream->args_current = stream->args;
	return 0;
}

ACCEL_EXPORT unsigned int accel_stream_packets(const struct accel_stream *stream)
{
	return stream->count;
}

static int grow(struct accel_stream *stream)
{
	unsigned int capacity = stream->capacity ? 2 * stream->capacity : FIRST_PACKETS;
	struct accel_buffer *buffer;
	void *map;
	int ret;

	if (capacity > MAX_PACKETS)
		return -E2BIG;
	ret = create_mapped(stream->vm, (size_t)capacity * AXON_PACKET_SIZE, &buffer, &map);
	if (ret < 0)
		return ret;
	if (stream->count)
		memcpy(map, stream->packets, (size_t)stream->count * AXON_PACKET_SIZE);
	accel_buffer_destroy(stream->commands);
	stream->commands = buffer;
	stream->packets = map;
	stream->capacity = capacity;
	return 0;
}

ACCEL_EXPORT int accel_stream_packet(struct accel_stream *stream, const struct axon_packet *packet)
{
	if (stream->count == stream->capacity) {
		int ret = grow(stream);

		if (ret < 0)
			return ret;
	}
	stream->packets[stream->count++] = *packet;
	return 0;
}

/* Packets of the library's own carry their number as the tag, which fault records repeat. */
static int record(struct accel_stream *stream, struct axon_packet packet)
{
	packet.tag = stream->count;
	return accel_stream_packet(stream, &packet);
}

static int new_chunk(struct accel_stream *stream, struct arg_chunk **out)
{
	struct arg_chunk *chunk = calloc(1, sizeof(*chunk));
	void *map;
	int ret;

	if (!chunk)
		return -ENOMEM;
	ret = create_mapped(stream->vm, ARG_CHUNK_BYTES, &chunk->buffer, &map);
	if (ret < 0) {
		free(chunk);
		return ret;
	}
	chunk->map = map;
	*out = chunk;
	return 0;
}

static int copy_args(struct accel_stream *stream, const void *args, size_t bytes, uint64_t *va)
{
	uint32_t space = (bytes + ARG_ALIGN - 1) & ~(ARG_ALIGN - 1);
	struct arg_chunk **link =
		stream->args_current ? &stream->args_current->next : &stream->args;
	struct arg_chunk *chunk = stream->args_current;

	if (!chunk || chunk->used + space > ARG_CHUNK_BYTES) {
		if (!*link) {
			int ret = new_chunk(stream, link);

			if (ret < 0)
				return ret;
		}
		chunk = *link;
		stream->args_current = chunk;
	}
	memcpy(chunk->map + chunk->used, args, bytes);
	*va = chunk->buffer->va + chunk->used;
	chunk->used += space;
	return 0;
}

ACCEL_EXPORT int accel_stream_launch_va(struct accel_stream *stream,
					const struct accel_kernel *kernel,
					const struct accel_launch *launch, uint64_t args_va)
{
	struct axon_packet packet = {
		.op = AXON_PKT_LAUNCH,
		.launch =
			{
				.entry = kernel->entry,
				.args = args_va,
				.log = stream->vm->log ? stream->vm->log->va : 0,
				.stats = launch->stats_va,
			},
	};
	uint64_t groups = 1;

	if (launch->size < sizeof(*launch) || launch->flags & ~ACCEL_LAUNCH_OVERLAP)
		return -EINVAL;
	if (launch->flags & ACCEL_LAUNCH_OVERLAP)
		packet.flags = AXON_PKT_F_OVERLAP;
	for (int i = 0; i < 3; i++) {
		packet.launch.grid[i] = launch->grid[i] ? launch->grid[i] : 1;
		/* Each factor is below 2^32 and the product so far at most 2^31. */
		groups *= packet.launch.grid[i];
		if (groups > 1u << 31)
			return -E2BIG;
	}
	return record(stream, packet);
}

ACCEL_EXPORT int accel_stream_launch(struct accel_stream *stream, const struct accel_kernel *kernel,
				     const struct accel_launch *launch, const void *args,
				     size_t args_bytes)
{
	uint64_t va = 0;

	if (args_bytes > ARG_MAX_BYTES)
		return -E2BIG;
	if (args_bytes) {
		int ret = copy_args(stream, args, args_bytes, &va);

		if (ret < 0)
			return ret;
	}
	return accel_stream_launch_va(stream, kernel, launch, va);
}

ACCEL_EXPORT int accel_stream_copy(struct accel_stream *stream, uint64_t dst, uint64_t src,
				   uint64_t bytes)
{
	return record(stream, (struct axon_packet){
				      .op = AXON_PKT_COPY,
				      .copy = {.dst = dst, .src = src, .bytes = bytes},
			      });
}

ACCEL_EXPORT int accel_stream_fill(struct accel_stream *stream, uint64_t dst, uint32_t pattern,
				   uint64_t bytes)
{
	if (dst % 4 || bytes % 4)
		return -EINVAL;
	return record(stream, (struct axon_packet){
				      .op = AXON_PKT_FILL,
				      .fill = {.dst = dst, .bytes = bytes, .pattern = pattern},
			      });
}

ACCEL_EXPORT int accel_stream_timestamp(struct accel_stream *stream, uint64_t va)
{
	if (va % sizeof(struct axon_timestamp))
		return -EINVAL;
	return record(stream, (struct axon_packet){
				      .op = AXON_PKT_TIMESTAMP,
				      .timestamp = {.addr = va},
			      });
}

ACCEL_EXPORT int accel_stream_signal(struct accel_stream *stream, uint64_t va, uint64_t value)
{
	if (va % sizeof(struct axon_signal))
		return -EINVAL;
	return record(stream, (struct axon_packet){
				      .op = AXON_PKT_SIGNAL,
				      .signal = {.addr = va, .value = value},
			      });
}

ACCEL_EXPORT int accel_stream_wait(struct accel_stream *stream, uint64_t va, uint64_t value)
{
	if (va % sizeof(uint64_t))
		return -EINVAL;
	return record(stream, (struct axon_packet){
				      .op = AXON_PKT_WAIT,
				      .wait = {.addr = va, .value = value},
			      });
}
