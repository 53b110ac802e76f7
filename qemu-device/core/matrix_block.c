/* SPDX-License-Identifier: MIT */
/*
 * Products of quantised activations and packed blocks. A is put together once for as many rows and as
 * much k as scratch holds, in groups of rows that one kernel call takes. B streams past them record by
 * record, one tile after the other; or, with many rows and where the path has kernels for it, a
 * few tiles of B at a time are unpacked to 8 bits for all groups.
 */
#include <string.h>

#include "block.h"
#include "convert.h"
#include "matrix_impl.h"

#define FEW_ROWS    32u	   /* beyond, unpacking B once pays */
#define CHUNK_FEW   16384u /* k kept at once with few rows */
#define CHUNK_MANY  8192u  /* and with many */
#define BLOCK_ROWS  528u   /* rows whose accumulators are kept at once, a multiple of every group */
#define BLOCK_PANEL 256u   /* and columns */
#define PANEL_MANY  64u	   /* columns whose accumulators are kept when k is taken whole */

_Static_assert((BLOCK_ROWS + MATRIX_SMALL) * BLOCK_PANEL <= MATRIX_ACC, "accumulators");
_Static_assert(FEW_ROWS *CHUNK_FEW <= MATRIX_A_QUANTS, "A, few rows");
_Static_assert(2 * CHUNK_MANY / 256 * BLOCK_RECORD_MAX <= 2 * MATRIX_B_BYTES,
	       "two tiles, bounced or wide");

struct block {
	struct matrix_op *op;
	uint32_t format;
	unsigned int record; /* bytes */
	unsigned int super;  /* k in a record */
	unsigned int words;
	bool wide;     /* tiles in 8 bits, several at a time */
	bool a_packed; /* scratch holds rows from a_m, k from a_k */
	unsigned int a_m, a_k;
};

static unsigned int min_u(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Height of the next group when `rows` rows are left: few heights, hence few kernels. */
static unsigned int group_rows(const struct block *s, unsigned int rows)
{
	const struct matrix_path *path = s->op->path;
	unsigned int height = 1;

	if (s->wide)
		return min_u(path->wide_rows, (rows + 1) & ~1u);
	while (height < rows && height < path->block_rows)
		height *= 2;
	return height;
}

static void pack_words(const struct block *s, const struct axon_q8a *from, uint32_t *to)
{
	unsigned int halves = matrix_block_halves(s->format), min = AXON_FMT_MIN(s->format);
	int32_t zero = AXON_FMT_ZERO(s->format), sum = from->sum[0] + from->sum[1];

	*to++ = f32_bits(from->scale);
	if (halves == 1) {
		*to++ = (uint32_t)(-zero * sum);
	} else {
		*to++ = (uint32_t)(-zero * from->sum[0]);
		*to++ = (uint32_t)(-zero * from->sum[1]);
	}
	if (min == AXON_MIN_F16)
		*to = f32_bits((float)sum);
	else if (min == AXON_MIN_U6)
		memcpy(to, from->sum, sizeof(*to));
}

/* Rows m.. and k elements from k0 of A; rows that fill up a group repeat the last one. */
static void pack_a(struct block *s, unsigned int m, unsigned int rows, unsigned int k0,
		   unsigned int k)
{
	struct matrix_scratch *scratch = s->op->scratch;
	unsigned int blocks = k / 32;

	if (s->a_packed && s->a_m == m && s->a_k == k0)
		return;
	for (unsigned int i = 0; i < rows;) {
		unsigned int height = group_rows(s, rows - i);
		uint8_t *q = scratch->a + (size_t)i * k;
		uint32_t *words = scratch->words + (size_t)i * blocks * s->words;

		for (unsigned int r = 0; r < height; r++) {
			const struct axon_q8a *from =
				(const void *)(matrix_a_row(s->op, m + min_u(i + r, rows - 1)) +
					       (size_t)k0 / 32 * sizeof(*from));

			for (unsigned int b = 0; b < blocks; b++) {
				memcpy(q + (size_t)(b * height + r) * 32, from[b].q, 32);
				pack_words(s, &from[b],
					   words + (size_t)(b * height + r) * s->words);
			}
		}
		i += height;
	}
	s->a_packed = true;
	s->a_m = m;
	s->a_k = k0;
}

/* One group, one tile, from wherever its records are; only one that straddles two runs is copied. */
static int stream(struct block *s, struct matrix_block *t, uint64_t va, unsigned int records)
{
	struct matrix_op *op = s->op;
	matrix_block_fn kernel = op->path->block(t->format, t->rows);

	if (!kernel)
		kernel = matrix_block_portable;
	while (records) {
		uint8_t *host;
		uint64_t run;
		int rc = matrix_resolve(op, &op->b_run, va, (uint64_t)records * s->record,
					ENGINE_READ, &host, &run);

		if (rc)
			return rc;
		t->b = host;
		t->records = run / s->record < records ? run / s->record : records;
		if (!t->records) {
			rc = engine_read(op->e, op->scratch->bounce, va, s->record);
			if (rc)
				return rc;
			t->b = op->scratch->bounce;
			t->records = 1;
		}
		kernel(t);
		records -= t->records;
		va += (uint64_t)t->records * s->record;
		t->q += (size_t)t->records * s->super * t->rows;
		t->words += (size_t)t->records * s->super / 32 * t->rows * s->words;
	}
	return 0;
}

static int streamed(struct block *s, unsigned int rows, unsigned int n, unsigned int cols,
		    unsigned int k0, unsigned int k)
{
	struct matrix_op *op = s->op;
	unsigned int tiles = (cols + MATRIX_COLS - 1) / MATRIX_COLS;
	uint64_t va =
		op->d->b + op->b_stride * (n / MATRIX_COLS) + (uint64_t)k0 / s->super * s->record;
	int rc = 0;

	for (unsigned int j = 0; j < tiles; j++) {
		for (unsigned int i = 0; i < rows && !rc;) {
			struct matrix_block t = {
				.format = s->format,
				.q = (const int8_t *)op->scratch->a + (size_t)i * k,
				.words = op->scratch->words + (size_t)i * (k / 32) * s->words,
				.acc = (float *)op->scratch->acc + i * BLOCK_PANEL +
				       j * MATRIX_COLS,
				.acc_stride = BLOCK_PANEL,
				.rows = group_rows(s, rows - i),
				.tiles = 1,
			};

			if (matrix_stopped(op))
				return ENGINE_STOPPED;
			rc = stream(s, &t, va + op->b_stride * j, k / s->super);
			i += t.rows;
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* A few tiles in 8 bits: in place, copied or unpacked. */
static int load_tiles(struct block *s, uint64_t va, struct matrix_block *t)
{
	struct matrix_op *op = s->op;
	size_t wide = (size_t)t->records * AXON_FMT_RECORD(MATRIX_WIDE(s->format));
	int rc = matrix_rect(op, va, op->b_stride, t->tiles, (uint64_t)t->records * s->record,
			     op->scratch->bounce, &t->b, &t->b_stride);

	if (rc || AXON_FMT_BITS(s->format) == 8)
		return rc;
	for (unsigned int j = 0; j < t->tiles; j++)
		op->path->widen(s->format, op->scratch->b + j * wide, t->b + j * t->b_stride,
				t->records);
	t->b = op->scratch->b;
	t->b_stride = wide;
	return 0;
}

static int widened(struct block *s, unsigned int rows, unsigned int n, unsigned int cols,
		   unsigned int k0, unsigned int k)
{
	struct matrix_op *op = s->op;
	unsigned int tiles = (cols + MATRIX_COLS - 1) / MATRIX_COLS;
	uint64_t va =
		op->d->b + op->b_stride * (n / MATRIX_COLS) + (uint64_t)k0 / s->super * s->record;
	struct matrix_block t = {
		.format = MATRIX_WIDE(s->format),
		.acc_stride = BLOCK_PANEL,
		.records = k / s->super,
	};

	for (unsigned int j = 0; j < tiles; j += t.tiles) {
		int rc;

		t.tiles = min_u(tiles - j, op->path->wide_tiles);
		rc = load_tiles(s, va + op->b_stride * j, &t);
		if (rc)
			return rc;
		for (unsigned int i = 0; i < rows; i += t.rows) {
			if (matrix_stopped(op))
				return ENGINE_STOPPED;
			t.rows = group_rows(s, rows - i);
			t.q = (const int8_t *)op->scratch->a + (size_t)i * k;
			t.words = op->scratch->words + (size_t)i * (k / 32) * s->words;
			t.acc = (float *)op->scratch->acc + i * BLOCK_PANEL + j * MATRIX_COLS;
			op->path->wide(t.format, t.rows, t.tiles)(&t);
		}
	}
	return 0;
}

static int panel(struct block *s, unsigned int m, unsigned int rows, unsigned int n,
		 unsigned int cols, unsigned int chunk)
{
	struct matrix_op *op = s->op;
	int rc = matrix_load(op, m, rows, n, cols, op->scratch->acc, BLOCK_PANEL);

	for (unsigned int k = 0; k < op->d->k && !rc; k += chunk) {
		unsigned int count = min_u(op->d->k - k, chunk);

		pack_a(s, m, rows, k, count);
		rc = s->wide ? widened(s, rows, n, cols, k, count)
			     : streamed(s, rows, n, cols, k, count);
	}
	return rc ? rc : matrix_store(op, m, rows, n, cols, op->scratch->acc, BLOCK_PANEL);
}

/* Whether there are kernels for the format's wide form. */
static bool has_wide(const struct matrix_path *path, uint32_t format)
{
	return path->wide && path->wide(MATRIX_WIDE(format), path->wide_rows, path->wide_tiles);
}

int matrix_block_run(struct matrix_op *op)
{
	const struct axon_matrix_desc *d = op->d;
	const struct matrix_path *path = op->path;
	bool many = d->m > FEW_ROWS;
	struct block s = {
		.op = op,
		.format = d->b_format,
		.record = AXON_FMT_RECORD(d->b_format),
		.super = AXON_FMT_SUPER(d->b_format),
		.words = matrix_block_words(d->b_format),
		.wide = many && has_wide(path, d->b_format),
	};
	unsigned int chunk = min_u(d->k, many ? CHUNK_MANY : CHUNK_FEW);
	unsigned int width = many && chunk == d->k ? PANEL_MANY : BLOCK_PANEL;
	unsigned int group = s.wide ? path->wide_rows : path->block_rows, height, shares;
	int rc = 0;

	/* as many rows as scratch holds, in whole groups and equal shares */
	height = chunk ? min_u(MATRIX_A_QUANTS / chunk, BLOCK_ROWS) : BLOCK_ROWS;
	height -= height % group;
	shares = (d->m + height - 1) / height;
	height = (d->m + shares * group - 1) / (shares * group) * group;
	for (unsigned int m = 0; m < d->m && !rc; m += height)
		for (unsigned int n = 0; n < d->n && !rc; n += width)
			rc = panel(&s, m, min_u(d->m - m, height), n, min_u(d->n - n, width),
				   chunk);
	return rc;
}
