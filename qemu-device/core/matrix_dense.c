/* SPDX-License-Identifier: MIT */
/*
 * Dense products, in panels of at most DENSE_ROWS × MATRIX_PANEL accumulators. For each chunk of k, A's
 * rows are put together in the form that the rule wants, which is why a panel is wide: it is done once for
 * all its columns. B is used in place when it is packed in that form already, else brought into it
 * GROUP_COLS at a time.
 */
#include <string.h>

#include "convert.h"
#include "matrix_impl.h"

#define DENSE_ROWS 240u /* a multiple of every kernel's height */
/* Between rows of accumulators, lest all of them fall into the same cache sets. */
#define ACC_STRIDE  (MATRIX_PANEL + MATRIX_COLS)
#define GROUP_COLS  256u
#define STEPS_LARGE 256u  /* a chunk of k: A's and B's stay in the second-level cache */
#define STEPS_SMALL 4096u /* with few rows: B streams */
/* What is brought into form at a time with few rows: first-level cache, and B in the order it lies in. */
#define STEPS_ROWS  16u /* B_ROWS: the panel's columns */
#define TILES_COLS  2u	/* B_COLS, B_PACKED: STEPS_LARGE of k */
#define TILES_LARGE 4u	/* between two looks at the stop flag */

_Static_assert(DENSE_ROWS *(STEPS_LARGE * 4 + 64) <= MATRIX_A_QUANTS, "A, many rows");
_Static_assert(MATRIX_SMALL *(STEPS_SMALL * 4 + 64) <= MATRIX_A_QUANTS, "A, few rows");
_Static_assert(GROUP_COLS / MATRIX_COLS * STEPS_LARGE * 64 <= MATRIX_B_BYTES, "B in form");
_Static_assert((DENSE_ROWS + MATRIX_SMALL) * ACC_STRIDE <= MATRIX_ACC, "accumulators");
/* ROWS of I8 are the longest rectangle: 4 k per step, one byte for each column of the panel. */
_Static_assert(STEPS_LARGE * 4 * GROUP_COLS <= 2 * MATRIX_B_BYTES, "B bounced");
_Static_assert(STEPS_SMALL * 64 <= 2 * MATRIX_B_BYTES, "a tile bounced");

struct dense {
	struct matrix_op *op;
	unsigned int per_step; /* k in a step */
	bool small;
	bool direct; /* B is in form already */
	size_t a_stride;
	bool a_packed; /* scratch.a holds rows from a_m, k from a_k */
	unsigned int a_m, a_k;
};

static unsigned int min_u(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int steps_of(const struct dense *s, unsigned int k)
{
	return (k + s->per_step - 1) / s->per_step;
}

/* Rows m.. and k elements from k0 of A, each row padded with zeros to a whole step. */
static void pack_a(struct dense *s, unsigned int m, unsigned int rows, unsigned int k0,
		   unsigned int k)
{
	const struct matrix_op *op = s->op;
	unsigned int size = type_size(op->d->a_type);
	unsigned int tail = steps_of(s, k) * s->per_step - k;
	const uint8_t bias = op->rule == MATRIX_I8 ? op->path->a_bias : 0;

	if (s->a_packed && s->a_m == m && s->a_k == k0)
		return;
	for (unsigned int i = 0; i < rows; i++) {
		const uint8_t *from = matrix_a_row(op, m + i) + (size_t)k0 * size;
		uint8_t *to = op->scratch->a + i * s->a_stride;

		if (op->rule == MATRIX_F32) {
			convert_to_f32((float *)to, from, op->d->a_type, k);
			continue;
		}
		memcpy(to, from, (size_t)k * size);
		memset(to + (size_t)k * size, 0, (size_t)tail * size);
		for (unsigned int x = 0; x < k + tail && bias; x++)
			to[x] ^= bias;
	}
	s->a_packed = true;
	s->a_m = m;
	s->a_k = k0;
}

/* acc += A[.., `step`..] · b; b's tiles start at column tile `tile` of the panel. */
static int multiply(struct dense *s, unsigned int rows, unsigned int step, const uint8_t *b,
		    size_t b_stride, unsigned int tile, unsigned int tiles, unsigned int steps)
{
	struct matrix_op *op = s->op;
	struct matrix_scratch *scratch = op->scratch;
	struct matrix_dense t = {.a_stride = s->a_stride,
				 .a = scratch->a + (size_t)step * 4,
				 .b_stride = b_stride,
				 .acc_stride = ACC_STRIDE,
				 .rows = rows,
				 .steps = steps};

	for (unsigned int j = 0; j < tiles; j += TILES_LARGE) {
		t.b = b + j * b_stride;
		t.tiles = min_u(tiles - j, TILES_LARGE);
		t.acc = scratch->acc + (tile + j) * MATRIX_COLS;
		if (matrix_stopped(op))
			return ENGINE_STOPPED;
		op->path->dense[op->rule](&t);
	}
	return 0;
}

/* B is packed in the kernels' form: groups of tiles in place, one at a time when it streams. */
static int chunk_direct(struct dense *s, unsigned int rows, unsigned int n, unsigned int cols,
			unsigned int k0, unsigned int k)
{
	struct matrix_op *op = s->op;
	unsigned int tiles = (cols + MATRIX_COLS - 1) / MATRIX_COLS, steps = steps_of(s, k);
	unsigned int group = s->small ? 1 : TILES_LARGE;
	uint64_t va =
		op->d->b + op->b_stride * (n / MATRIX_COLS) + (uint64_t)(k0 / s->per_step) * 64;
	const uint8_t *b;
	size_t stride;
	int rc = 0;

	for (unsigned int j = 0; j < tiles && !rc; j += group) {
		unsigned int count = min_u(tiles - j, group);

		rc = matrix_rect(op, va + op->b_stride * j, op->b_stride, count,
				 (uint64_t)steps * 64, op->scratch->bounce, &b, &stride);
		if (!rc)
			rc = multiply(s, rows, 0, b, stride, j, count, steps);
	}
	return rc;
}

/* A rectangle of B, columns n.. and k elements from k0, to scratch.b. */
static int pack_b(struct dense *s, unsigned int n, unsigned int cols, unsigned int k0,
		  unsigned int k)
{
	struct matrix_op *op = s->op;
	const struct axon_matrix_desc *d = op->d;
	unsigned int size = type_size(d->b_type), count;
	unsigned int wide = d->b_type == AXON_BF16 ? 2 : d->b_type == AXON_I8 ? 4 : 1;
	uint64_t va, bytes;
	struct matrix_pack p = {.rule = op->rule,
				.type = d->b_type,
				.dst = op->scratch->b,
				.dst_stride = (size_t)steps_of(s, k) * 64,
				.cols = cols,
				.k = k};
	int rc;

	if (d->b_layout == AXON_B_ROWS) {
		count = k;
		bytes = (uint64_t)cols * size;
		va = d->b + op->b_stride * k0 + (uint64_t)n * size;
	} else if (d->b_layout == AXON_B_COLS) {
		count = cols;
		bytes = (uint64_t)k * size;
		va = d->b + op->b_stride * n + (uint64_t)k0 * size;
	} else {
		count = (cols + MATRIX_COLS - 1) / MATRIX_COLS;
		bytes = (uint64_t)(k + wide - 1) / wide * wide * MATRIX_COLS * size;
		va = d->b + op->b_stride * (n / MATRIX_COLS) + (uint64_t)k0 * MATRIX_COLS * size;
	}
	rc = matrix_rect(op, va, op->b_stride, count, bytes, op->scratch->bounce, &p.src,
			 &p.src_stride);
	if (!rc)
		op->path->pack[d->b_layout](&p);
	return rc;
}

static int chunk_packed(struct dense *s, unsigned int rows, unsigned int n, unsigned int cols,
			unsigned int k0, unsigned int k)
{
	bool by_rows = s->op->d->b_layout == AXON_B_ROWS;
	unsigned int piece = (s->small && by_rows ? STEPS_ROWS : STEPS_LARGE) * s->per_step;
	unsigned int group = s->small && !by_rows ? TILES_COLS * MATRIX_COLS : GROUP_COLS;
	int rc = 0;

	for (unsigned int j = 0; j < cols; j += group)
		for (unsigned int i = 0; i < k && !rc; i += piece) {
			unsigned int width = min_u(cols - j, group), count = min_u(k - i, piece);
			unsigned int steps = steps_of(s, count);

			rc = pack_b(s, n + j, width, k0 + i, count);
			if (!rc)
				rc = multiply(s, rows, i / s->per_step, s->op->scratch->b,
					      (size_t)steps * 64, j / MATRIX_COLS,
					      (width + MATRIX_COLS - 1) / MATRIX_COLS, steps);
		}
	return rc;
}

static int panel(struct dense *s, unsigned int m, unsigned int rows, unsigned int n,
		 unsigned int cols)
{
	struct matrix_op *op = s->op;
	unsigned int chunk = (s->small ? STEPS_SMALL : STEPS_LARGE) * s->per_step;
	int rc = matrix_load(op, m, rows, n, cols, op->scratch->acc, ACC_STRIDE);

	for (unsigned int k = 0; k < op->d->k && !rc; k += chunk) {
		unsigned int count = min_u(op->d->k - k, chunk);

		pack_a(s, m, rows, k, count);
		rc = s->direct ? chunk_direct(s, rows, n, cols, k, count)
			       : chunk_packed(s, rows, n, cols, k, count);
	}
	return rc ? rc : matrix_store(op, m, rows, n, cols, op->scratch->acc, ACC_STRIDE);
}

int matrix_dense_run(struct matrix_op *op)
{
	static const unsigned int form[] = {
		[MATRIX_F32] = AXON_F32, [MATRIX_BF16] = AXON_BF16, [MATRIX_I8] = AXON_I8};
	const struct axon_matrix_desc *d = op->d;
	struct dense s = {
		.op = op,
		.per_step = op->rule == MATRIX_F32    ? 1
			    : op->rule == MATRIX_BF16 ? 2
						      : 4,
		.small = d->m <= MATRIX_SMALL,
		.direct = d->b_layout == AXON_B_PACKED && d->b_type == form[op->rule],
	};
	unsigned int height = s.small ? MATRIX_SMALL : DENSE_ROWS;
	int rc = 0;

	/* one cache line more than the chunk, lest all rows fall into the same cache sets */
	s.a_stride = (s.small ? STEPS_SMALL : STEPS_LARGE) * 4 + 64;
	for (unsigned int m = 0; m < d->m && !rc; m += height)
		for (unsigned int n = 0; n < d->n && !rc; n += MATRIX_PANEL)
			rc = panel(&s, m, min_u(d->m - m, height), n,
				   min_u(d->n - n, MATRIX_PANEL));
	return rc;
}
