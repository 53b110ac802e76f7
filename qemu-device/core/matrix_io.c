/* SPDX-License-Identifier: MIT */
/* The matrix engine's operands: where they are in host memory, and the drain to C. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "matrix_impl.h"

#define RUN_MAX (1ull << 30)

static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static pthread_key_t scratch_key;
static bool scratch_ready;

static void scratch_init(void)
{
	scratch_ready = pthread_key_create(&scratch_key, free) == 0;
}

struct matrix_scratch *matrix_scratch_get(void)
{
	struct matrix_scratch *scratch;

	pthread_once(&scratch_once, scratch_init);
	if (!scratch_ready)
		return NULL;
	scratch = pthread_getspecific(scratch_key);
	if (scratch)
		return scratch;
	scratch = aligned_alloc(_Alignof(struct matrix_scratch), sizeof(*scratch));
	if (scratch && pthread_setspecific(scratch_key, scratch)) {
		free(scratch);
		scratch = NULL;
	}
	return scratch;
}

const uint8_t *matrix_a_row(const struct matrix_op *op, unsigned int m)
{
	const struct axon_matrix_desc *d = op->d;
	uint32_t m0 = d->a_m0 ? d->a_m0 : d->m;
	int64_t at = (int64_t)d->a + (int64_t)(m / m0) * d->a_s1 + (int64_t)(m % m0) * d->a_s0;

	return op->e->sram + (at - AXON_SRAM_BASE);
}

int matrix_resolve(struct matrix_op *op, struct matrix_run *cache, uint64_t va, uint64_t bytes,
		   enum engine_access access, uint8_t **host, uint64_t *run)
{
	uint64_t skip = va - cache->va;

	if (va < cache->va || skip >= cache->bytes || cache->bytes - skip < bytes) {
		/* of memory as much as there is, so that the next look-ups are answered here */
		uint64_t most = engine_is_local(va) || bytes > RUN_MAX ? bytes : RUN_MAX;
		int rc = engine_resolve(op->e, va, most, access, &cache->host, &cache->bytes);

		if (rc) {
			cache->bytes = 0;
			return rc;
		}
		cache->va = va;
		skip = 0;
	}
	*host = cache->host + skip;
	*run = cache->bytes - skip;
	return 0;
}

/* [va, va + bytes) for reading: in place, else copied to bounce. */
static int view(struct matrix_op *op, struct matrix_run *cache, uint64_t va, uint64_t bytes,
		void *bounce, const uint8_t **host)
{
	uint8_t *at;
	uint64_t run;
	int rc = matrix_resolve(op, cache, va, bytes, ENGINE_READ, &at, &run);

	*host = at;
	if (rc || run >= bytes)
		return rc;
	*host = bounce;
	return engine_read(op->e, bounce, va, bytes);
}

int matrix_rect(struct matrix_op *op, uint64_t va, uint64_t stride, unsigned int count,
		uint64_t bytes, uint8_t *bounce, const uint8_t **view_out, size_t *view_stride)
{
	uint64_t span = stride * (count - 1) + bytes, run;
	uint8_t *host;
	int rc = 0;

	/* A strided piece of SRAM need not lie in it between the rows, so look at the span first. */
	if (!engine_is_local(va) || va - AXON_SRAM_BASE + span <= op->e->sram_size) {
		rc = matrix_resolve(op, &op->b_run, va, span, ENGINE_READ, &host, &run);
		if (rc)
			return rc;
		if (run >= span) {
			*view_out = host;
			*view_stride = stride;
			return 0;
		}
	}
	for (unsigned int i = 0; i < count && !rc; i++)
		rc = engine_read(op->e, bounce + i * bytes, va + i * stride, bytes);
	*view_out = bounce;
	*view_stride = bytes;
	return rc;
}

int matrix_load(struct matrix_op *op, unsigned int m, unsigned int rows, unsigned int n,
		unsigned int cols, uint32_t *acc, size_t acc_stride)
{
	const struct axon_matrix_desc *d = op->d;
	unsigned int padded = rows == 1 ? 1 : (rows + MATRIX_SMALL - 1) & ~(MATRIX_SMALL - 1);
	unsigned int whole = (cols + MATRIX_COLS - 1) & ~(MATRIX_COLS - 1);
	int rc = 0;

	for (unsigned int i = 0; i < padded; i++)
		memset(acc + i * acc_stride, 0, whole * sizeof(*acc));
	if (!(d->h.flags & AXON_MATRIX_F_ACCUMULATE))
		return 0;
	for (unsigned int i = 0; i < rows && !rc; i++)
		rc = engine_read(op->e, acc + i * acc_stride,
				 d->c + (uint64_t)d->c_stride * (m + i) +
					 (uint64_t)n * sizeof(*acc),
				 cols * sizeof(*acc));
	return rc;
}

static int load_addend(struct matrix_op *op, unsigned int m, unsigned int n, unsigned int cols,
		       const float **addend)
{
	const struct axon_matrix_desc *d = op->d;
	unsigned int size = type_size(d->addend_type);
	uint64_t va = d->addend + (uint64_t)n * size;
	const uint8_t *from;
	int rc;

	if (!(d->h.flags & AXON_MATRIX_F_ADDEND_ROW))
		va += (uint64_t)d->addend_stride * m;
	rc = view(op, &op->addend_run, va, cols * size, op->scratch->row, &from);
	if (rc)
		return rc;
	convert_to_f32(op->scratch->addend, from, d->addend_type, cols);
	*addend = op->scratch->addend;
	return 0;
}

void matrix_flush_written(struct matrix_op *op)
{
	if (op->written_bytes)
		op->e->written(op->e->opaque, op->written_va, op->written_bytes);
	op->written_bytes = 0;
}

static void note_written(struct matrix_op *op, uint64_t va, uint64_t bytes)
{
	if (engine_is_local(va))
		return;
	if (va != op->written_va + op->written_bytes) {
		matrix_flush_written(op);
		op->written_va = va;
	}
	op->written_bytes += bytes;
}

int matrix_store(struct matrix_op *op, unsigned int m, unsigned int rows, unsigned int n,
		 unsigned int cols, const uint32_t *acc, size_t acc_stride)
{
	const struct axon_matrix_desc *d = op->d;
	uint64_t bytes = (uint64_t)cols * type_size(d->c_type), run;
	struct matrix_drain drain = {
		.acc_int = op->rule == MATRIX_I8,
		.c_type = d->c_type,
		.cols = cols,
		.scale = d->scale,
	};
	bool addend_row = d->h.flags & AXON_MATRIX_F_ADDEND_ROW;
	uint8_t *host;
	int rc = 0;

	for (unsigned int i = 0; i < rows; i++) {
		uint64_t va =
			d->c + (uint64_t)d->c_stride * (m + i) + (uint64_t)n * type_size(d->c_type);

		if ((d->h.flags & AXON_MATRIX_F_ADDEND) && !(addend_row && i))
			rc = load_addend(op, m + i, n, cols, &drain.addend);
		if (!rc)
			rc = matrix_resolve(op, &op->c_run, va, bytes, ENGINE_WRITE, &host, &run);
		if (rc)
			return rc;
		drain.acc = acc + i * acc_stride;
		drain.c = run >= bytes ? host : op->scratch->row;
		op->path->drain(&drain);
		if (run >= bytes)
			note_written(op, va, bytes);
		else
			rc = engine_write(op->e, va, op->scratch->row, bytes);
		if (rc)
			return rc;
	}
	return 0;
}
