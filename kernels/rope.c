// SPDX-License-Identifier: MIT
#include "rope_args.h"
#include "step.h"
#include "vector_program.h"

/* In place: each of `rows` heads of `cols` elements becomes head / rms(head) · weight. */
static void normalise(uint64_t heads, uint32_t rows, uint32_t cols, uint64_t weight, float eps)
{
	const uint8_t r = AXON_R(0);
	struct vector_program p;

	v_begin(&p, rows, cols);
	v_operand(&p, heads, 4 * (int64_t)cols, 4, AXON_F32);
	v_operand(&p, weight, 0, 4, AXON_F32);
	v_load(&p, 0, 0);
	v1(&p, AXON_V_RSUMSQ, r, 0);
	vf(&p, AXON_V_MULI, r, r, 1.0f / (float)cols);
	vf(&p, AXON_V_ADDI, r, r, eps);
	v1(&p, AXON_V_RSQRT, r, r);
	v_pass(&p);
	v_load(&p, 0, 0);
	v2(&p, AXON_V_MUL, 0, 0, r);
	v_load(&p, 1, 1);
	v2(&p, AXON_V_MUL, 0, 0, 1);
	v_store(&p, 0, 0);
	v_run(&p);
}

/* In place: rotates the pairs of `heads` heads of each of `tokens` tokens, the first at position pos. */
static axon_token rotate(const struct rope_args *args, uint64_t at, uint32_t tokens, uint32_t heads,
			 uint32_t pos)
{
	enum { X0, X1, COS, SIN };
	int64_t head_bytes = 4 * (int64_t)args->head_dim, row = 2 * (int64_t)args->rope_dim;
	int32_t step = args->interleaved ? 8 : 4;
	uint64_t second = at + (args->interleaved ? 4 : 2 * args->rope_dim);
	struct vector_program p;

	v_begin(&p, tokens * heads, args->rope_dim / 2);
	v_operand(&p, at, head_bytes, step, AXON_F32);
	v_operand(&p, second, head_bytes, step, AXON_F32);
	for (uint32_t i = COS; i <= SIN; i++) {
		v_operand(&p, (i == COS ? args->cos : args->sin) + pos * row, 0, 4, AXON_F32);
		p.d.operand[i].row_div = heads;
		p.d.operand[i].outer_stride = row;
	}
	for (uint8_t i = 0; i < 4; i++)
		v_load(&p, i, i);
	v2(&p, AXON_V_MUL, 4, X1, SIN);
	v1(&p, AXON_V_NEG, 4, 4);
	v3(&p, AXON_V_FMA, 4, X0, COS, 4);
	v2(&p, AXON_V_MUL, 5, X0, SIN);
	v3(&p, AXON_V_FMA, 5, X1, COS, 5);
	v_store(&p, X0, 4);
	v_store(&p, X1, 5);
	return v_run(&p);
}

/* A 3-D conversion from fp32 rows [token][kv head][head_dim] into one of the caches. */
static struct axon_dma_copy cache_copy(const struct rope_args *args, uint64_t src, uint32_t tokens)
{
	int64_t head_bytes = 4 * (int64_t)args->head_dim;

	return (struct axon_dma_copy){
		.h = {.op = AXON_DMA_COPY, .size = sizeof(struct axon_dma_copy)},
		.src = src,
		.dst_type = AXON_F16,
		.src_type = AXON_F32,
		.dims = 3,
		.extent = {args->head_dim, tokens, args->kv_heads},
		.src_stride = {4, head_bytes * args->kv_heads, head_bytes},
	};
}

/* Keys lie in tiles of 16 positions: each tile that the tokens touch is one copy. */
static void append_keys(const struct rope_args *args, uint64_t src,
			const struct step_segment *segment, const uint32_t *pages, axon_token ready)
{
	uint64_t tile_bytes = 2ull * AXON_TILE_COLS * args->head_dim;

	for (uint32_t done = 0; done < segment->rows;) {
		uint32_t at = segment->pos + done, slot = at % AXON_TILE_COLS;
		uint32_t tile =
			(pages[at / KEY_BLOCK] * KEY_BLOCK + at % KEY_BLOCK) / AXON_TILE_COLS;
		uint32_t n = axon_min(segment->rows - done, AXON_TILE_COLS - slot);
		struct axon_dma_copy d =
			cache_copy(args, src + done * 4ull * args->head_dim * args->kv_heads, n);

		d.dst = args->k_cache + tile * tile_bytes + 2 * slot;
		d.dst_stride[0] = 2 * AXON_TILE_COLS;
		d.dst_stride[1] = 2;
		d.dst_stride[2] = (int64_t)args->k_head_bytes;
		d.h.wait[0] = ready;
		axon_dma(&d);
		done += n;
	}
}

/* Values are rows: each page that the tokens touch is one copy. */
static void append_values(const struct rope_args *args, uint64_t src,
			  const struct step_segment *segment, const uint32_t *pages)
{
	int64_t row = 2 * (int64_t)args->head_dim;

	for (uint32_t done = 0; done < segment->rows;) {
		uint32_t at = segment->pos + done, slot = at % KEY_BLOCK;
		uint32_t n = axon_min(segment->rows - done, KEY_BLOCK - slot);
		struct axon_dma_copy d =
			cache_copy(args, src + done * 4ull * args->head_dim * args->kv_heads, n);

		d.dst = args->v_cache + (pages[at / KEY_BLOCK] * (uint64_t)KEY_BLOCK + slot) * row;
		d.dst_stride[0] = 2;
		d.dst_stride[1] = row;
		d.dst_stride[2] = (int64_t)args->v_head_bytes;
		axon_dma(&d);
		done += n;
	}
}

AXON_KERNEL void rope(const struct rope_args *args, uint32_t x)
{
	const struct step *step = (const struct step *)args->step;

	if (x >= step->segments)
		return;

	const struct step_segment *segment = step_segment(step, x);
	const uint32_t *pages = step_pages(step, segment->sequence);
	uint32_t tokens = segment->rows, pos = segment->pos;
	uint64_t head_bytes = 4ull * args->head_dim;
	uint64_t q = args->q + segment->row * head_bytes * args->heads;
	uint64_t k = args->k + segment->row * head_bytes * args->kv_heads;
	uint64_t v = args->v + segment->row * head_bytes * args->kv_heads;

	append_values(args, v, segment, pages);
	if (args->k_norm)
		normalise(k, tokens * args->kv_heads, args->head_dim, args->k_norm, args->eps);
	append_keys(args, k, segment, pages, rotate(args, k, tokens, args->kv_heads, pos));
	if (args->q_norm)
		normalise(q, tokens * args->heads, args->head_dim, args->q_norm, args->eps);
	rotate(args, q, tokens, args->heads, pos);
}
