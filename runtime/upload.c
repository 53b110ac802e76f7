// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "axon_isa.h"
#include "pack_args.h"
#include "quant.h"
#include "upload.h"

#define STAGING_BYTES (8u << 20)
#define STAGES	      2
/* Pieces of staging start at multiples of this. */
#define STAGING_ALIGN 64

struct stage {
	struct accel_buffer *buffer;
	uint8_t *bytes;
	size_t used;
	struct accel_stream *stream;
	uint64_t value; /* of the timeline when the chip is through with it */
};

struct upload {
	struct chip *chip;
	const struct gguf *gguf;
	struct stage stages[STAGES], *stage;
	upload_progress progress;
	void *opaque;
	uint64_t done, total;
};

/* How a GGUF type looks on the chip. */
static const struct device_type {
	uint32_t gguf, type, format;
} device_types[] = {
	{QUANT_F32, AXON_F32, 0},
	{QUANT_F16, AXON_F16, 0},
	{QUANT_BF16, AXON_BF16, 0},
	{QUANT_Q4_0, AXON_BLOCK, AXON_FMT_Q4_0},
	{QUANT_Q4_1, AXON_BLOCK, AXON_FMT_Q4_1},
	{QUANT_Q5_0, AXON_BLOCK, AXON_FMT_Q5_0},
	{QUANT_Q5_1, AXON_BLOCK, AXON_FMT_Q5_1},
	{QUANT_Q8_0, AXON_BLOCK, AXON_FMT_Q8_0},
	{QUANT_Q4_K, AXON_BLOCK, AXON_FMT_Q4_K},
	{QUANT_Q5_K, AXON_BLOCK, AXON_FMT_Q5_K},
	{QUANT_Q6_K, AXON_BLOCK, AXON_FMT_Q6_K},
};

static const struct device_type *device_type(uint32_t gguf_type)
{
	for (size_t i = 0; i < sizeof(device_types) / sizeof(device_types[0]); i++)
		if (device_types[i].gguf == gguf_type)
			return &device_types[i];
	return NULL;
}

uint32_t upload_activation_type(const struct weight *w)
{
	switch (w->type) {
	case AXON_BLOCK: return AXON_Q8A;
	case AXON_BF16: return AXON_BF16;
	default: return AXON_F32;
	}
}

uint64_t upload_matrix_bytes(const struct gguf_tensor *t, struct weight *w)
{
	const struct device_type *type = device_type(t->type);
	uint32_t k = (uint32_t)t->ne[0];

	*w = (struct weight){
		.format = type->format, .type = type->type, .n = (uint32_t)t->ne[1], .k = k};
	if (type->type == AXON_BLOCK)
		w->tile_bytes = AXON_TILE_BYTES(type->format, k);
	else if (type->type == AXON_F32)
		w->tile_bytes = 4ull * AXON_TILE_COLS * k;
	else
		w->tile_bytes = 2ull * AXON_TILE_COLS * ((k + 1) & ~1u);
	return (w->n + AXON_TILE_COLS - 1) / AXON_TILE_COLS * w->tile_bytes;
}

static const char loading[] = "loading the model";

static int stage_new(struct chip *chip, struct stage *s, struct axon_err *err)
{
	void *p;
	int ret = chip_buffer(chip, STAGING_BYTES, ACCEL_BUFFER_SYSTEM, ACCEL_PURPOSE_OTHER,
			      &s->buffer, err);

	if (ret)
		return ret;
	ret = accel_buffer_map(s->buffer, &p);
	if (!ret)
		ret = accel_stream_create(chip->vm, &s->stream);
	if (ret)
		return chip_fail(err, loading, ret);
	s->bytes = p;
	return 0;
}

int upload_new(struct chip *chip, const struct gguf *g, struct upload **out, struct axon_err *err)
{
	struct upload *u = calloc(1, sizeof(*u));
	int ret = 0;

	if (!u)
		return axon_fail(err, -ENOMEM, "out of memory");
	u->chip = chip;
	u->gguf = g;
	u->stage = &u->stages[0];
	for (int i = 0; i < STAGES && !ret; i++)
		ret = stage_new(chip, &u->stages[i], err);
	if (ret) {
		upload_free(u);
		return ret;
	}
	*out = u;
	return 0;
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	for (int i = 0; i < STAGES; i++) {
		/* An error here has been told already, or will be to the next who waits. */
		if (u->stages[i].value)
			chip_wait(u->chip, u->stages[i].value, NULL);
		accel_stream_destroy(u->stages[i].stream);
		accel_buffer_destroy(u->stages[i].buffer);
	}
	free(u);
}

void upload_set_progress(struct upload *u, upload_progress progress, void *opaque, uint64_t total)
{
	u->progress = progress;
	u->opaque = opaque;
	u->total = total;
}

/* Hands the current stage to the chip and goes on with the other, once that is free. */
static int next_stage(struct upload *u, struct axon_err *err)
{
	struct stage *s = u->stage;
	int ret = 0;

	if (s->used) {
		ret = chip_submit(u->chip, s->stream, &s->value, err);
		if (ret)
			return ret;
	}
	s = u->stage = s == &u->stages[0] ? &u->stages[1] : &u->stages[0];
	if (s->value)
		ret = chip_wait(u->chip, s->value, err);
	if (ret)
		return ret;
	s->used = 0;
	ret = accel_stream_reset(s->stream);
	return ret ? chip_fail(err, loading, ret) : 0;
}

/* Room for `bytes` in the current stage, its offset in *at. */
static int reserve(struct upload *u, size_t bytes, size_t *at, struct axon_err *err)
{
	if (u->stage->used + bytes > STAGING_BYTES) {
		int ret = next_stage(u, err);

		if (ret)
			return ret;
	}
	*at = u->stage->used;
	u->stage->used += (bytes + STAGING_ALIGN - 1) & ~(size_t)(STAGING_ALIGN - 1);
	return 0;
}

static int advance(struct upload *u, size_t bytes, struct axon_err *err)
{
	u->done += bytes;
	if (u->progress && u->progress(u->opaque, u->done, u->total))
		return axon_fail(err, -EINTR, "interrupted while loading the model");
	return 0;
}

static int pack_rows(struct upload *u, const struct weight *w, uint32_t first, uint32_t rows,
		     size_t at, size_t row_bytes, struct axon_err *err)
{
	struct pack_args args = {
		.dst = w->addr + first / AXON_TILE_COLS * w->tile_bytes,
		.src = accel_buffer_va(u->stage->buffer) + at,
		.src_stride = row_bytes,
		.dst_tile_bytes = w->tile_bytes,
		.rows = rows,
		.k = w->k,
		.rows_per_wg = 4 * AXON_TILE_COLS,
		.format = w->format,
		.src_type = w->type,
		.dst_type = w->type,
	};
	struct accel_launch launch = {
		.size = sizeof(launch),
		.grid = {(rows + args.rows_per_wg - 1) / args.rows_per_wg},
		.flags = ACCEL_LAUNCH_OVERLAP,
	};
	int ret = accel_stream_launch(u->stage->stream, u->chip->kernels[CHIP_pack], &launch, &args,
				      sizeof(args));

	return ret ? chip_fail(err, loading, ret) : 0;
}

int upload_matrix(struct upload *u, const struct gguf_tensor *t, const struct weight *w,
		  struct axon_err *err)
{
	size_t row_bytes = t->size / t->ne[1];
	size_t tile_rows = AXON_TILE_COLS * row_bytes;

	if (tile_rows > STAGING_BYTES)
		return axon_fail(err, -ENOTSUP,
				 "%s: expected rows of at most %u bytes, found %zu; "
				 "wider matrices do not run",
				 t->name, STAGING_BYTES / AXON_TILE_COLS, row_bytes);
	for (uint32_t first = 0; first < w->n;) {
		size_t at, room = STAGING_BYTES - u->stage->used;

		if (room < tile_rows)
			room = STAGING_BYTES;

		uint64_t rows = room / tile_rows * AXON_TILE_COLS;

		if (rows > w->n - first)
			rows = w->n - first;

		int ret = reserve(u, rows * row_bytes, &at, err);

		if (!ret)
			ret = gguf_read(u->gguf, t, first * row_bytes, u->stage->bytes + at,
					rows * row_bytes, err);
		if (!ret)
			ret = pack_rows(u, w, first, (uint32_t)rows, at, row_bytes, err);
		if (!ret)
			ret = advance(u, rows * row_bytes, err);
		if (ret)
			return ret;
		first += (uint32_t)rows;
	}
	return 0;
}

static int copy_out(struct upload *u, size_t at, size_t bytes, uint64_t va, struct axon_err *err)
{
	int ret = accel_stream_copy(u->stage->stream, va, accel_buffer_va(u->stage->buffer) + at,
				    bytes);

	return ret ? chip_fail(err, loading, ret) : 0;
}

int upload_vector(struct upload *u, const struct gguf_tensor *t, uint64_t va, struct axon_err *err)
{
	size_t at;
	int ret;

	if (t->size > STAGING_BYTES)
		return axon_fail(err, -EINVAL,
				 "%s: expected a vector, found %llu bytes; the file is damaged",
				 t->name, (unsigned long long)t->size);
	ret = reserve(u, t->size, &at, err);
	if (!ret)
		ret = gguf_read(u->gguf, t, 0, u->stage->bytes + at, t->size, err);
	if (!ret)
		ret = copy_out(u, at, t->size, va, err);
	return ret ? ret : advance(u, t->size, err);
}

int upload_bytes(struct upload *u, const void *data, size_t bytes, uint64_t va,
		 struct axon_err *err)
{
	for (size_t done = 0; done < bytes;) {
		size_t at, part = bytes - done < STAGING_BYTES ? bytes - done : STAGING_BYTES;
		int ret = reserve(u, part, &at, err);

		if (ret)
			return ret;
		memcpy(u->stage->bytes + at, (const uint8_t *)data + done, part);
		ret = copy_out(u, at, part, va + done, err);
		if (ret)
			return ret;
		done += part;
	}
	return 0;
}

int upload_finish(struct upload *u, struct axon_err *err)
{
	int ret = next_stage(u, err);

	for (int i = 0; i < STAGES && !ret; i++)
		if (u->stages[i].value)
			ret = chip_wait(u->chip, u->stages[i].value, err);
	return ret;
}
