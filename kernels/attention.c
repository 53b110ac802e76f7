// SPDX-License-Identifier: MIT
#include "attention_args.h"
#include "step.h"
#include "vector_program.h"

/* One workgroup's part: `tokens` tokens from position pos on, `heads` heads that share a kv head. */
struct part {
	uint32_t tokens, pos, heads;
	uint32_t first_key, keys;
	uint32_t score_stride; /* bytes */
	uint64_t q, out;       /* first token, first head */
	uint64_t k, v;	       /* this kv head's page 0 */
	const uint32_t *pages; /* that of first_key, and on */
};

/* Ranges of keys start at absolute multiples of KEY_BLOCK, so that sums do not depend on how a prompt was cut. */
static struct part find_part(const struct attention_args *args, const struct step *step,
			     const struct step_segment *segment, uint32_t head, uint32_t first)
{
	uint32_t kv_head = head / (args->heads / args->kv_heads);
	uint64_t row = segment->row + first;
	uint64_t at = (row * args->heads + head) * args->head_dim * 4;
	struct part p = {
		.tokens = axon_min(args->rows_per_wg, segment->rows - first),
		.pos = segment->pos + first,
		.heads = args->heads_per_wg,
		.q = args->q + at,
		.out = args->out + at,
		.k = args->k_cache + kv_head * args->k_head_bytes,
		.v = args->v_cache + kv_head * args->v_head_bytes,
		.pages = step_pages(step, segment->sequence),
	};

	if (args->window && p.pos >= args->window)
		p.first_key = (p.pos - args->window + 1) / KEY_BLOCK * KEY_BLOCK;
	p.keys = p.pos + p.tokens - p.first_key;
	p.score_stride = axon_div_up(p.keys, 16) * 64;
	p.pages += p.first_key / KEY_BLOCK;
	return p;
}

/* How many of the keys from number `key` of the part on lie in pages that follow each other. */
static uint32_t run_keys(const struct part *part, uint32_t key)
{
	const uint32_t *pages = part->pages + key / KEY_BLOCK;
	uint32_t left = part->keys - key, n = 1;

	while (n * KEY_BLOCK < left && pages[n] == pages[0] + n)
		n++;
	return axon_min(left, n * KEY_BLOCK);
}

/* The offset of key number `key`, the first of a page, in the cache of one kv head. */
static uint64_t key_offset(const struct attention_args *args, const struct part *part, uint32_t key)
{
	return part->pages[key / KEY_BLOCK] * 2ull * KEY_BLOCK * args->head_dim;
}

/* Moves heads between memory [token][head][head_dim] and SRAM [head][token][head_dim]. */
static axon_token move_heads(const struct attention_args *args, const struct part *part,
			     uint64_t memory, uint32_t sram, bool to_memory, axon_token after)
{
	int64_t head_bytes = 4 * (int64_t)args->head_dim;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d), .wait = {after}},
		.dst = to_memory ? memory : sram,
		.src = to_memory ? sram : memory,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 3,
		.extent = {args->head_dim, part->tokens, part->heads},
	};
	int64_t *local = to_memory ? d.src_stride : d.dst_stride;
	int64_t *remote = to_memory ? d.dst_stride : d.src_stride;

	local[0] = 4;
	local[1] = head_bytes;
	local[2] = head_bytes * part->tokens;
	remote[0] = 4;
	remote[1] = head_bytes * args->heads;
	remote[2] = head_bytes;
	return axon_dma(&d);
}

/* scores[head][token][key] = scale · q · k */
static axon_token score(const struct attention_args *args, const struct part *part, uint32_t q,
			uint32_t scores, axon_token after)
{
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d), .wait = {after}},
		.m = part->heads * part->tokens,
		.k = args->head_dim,
		.a = q,
		.a_s0 = 4 * (int32_t)args->head_dim,
		.c_stride = part->score_stride,
		.a_type = AXON_F32,
		.b_type = AXON_F16,
		.c_type = AXON_F32,
		.b_layout = AXON_B_PACKED,
		.scale = args->scale,
	};
	axon_token done = 0;

	for (uint32_t key = 0; key < part->keys; key += d.n) {
		d.n = run_keys(part, key);
		d.b = part->k + key_offset(args, part, key);
		d.c = scores + 4 * key;
		done = axon_matrix(&d);
	}
	return done;
}

/* v0 = -inf where the key may not be seen: later than the token or out of its window. */
static void mask(struct vector_program *p, const struct attention_args *args,
		 const struct part *part)
{
	int16_t row = part->tokens > 1;
	int32_t ahead = (int32_t)(part->pos - part->first_key);

	v_affine(p, 1, row, -1, ahead);
	if (args->window) {
		v_affine(p, 2, (int16_t)-row, 1, (int32_t)args->window - 1 - ahead);
		v2(p, AXON_V_AND, 1, 1, 2);
	}
	v_const(p, 2, -__builtin_inff());
	v3(p, AXON_V_SELECT, 0, 0, 2, 1);
	v_store(p, 0, 0);
}

/* Softmax over the keys of `rows` rows of scores, in place. */
static axon_token softmax(const struct attention_args *args, const struct part *part,
			  uint32_t scores, uint32_t rows, axon_token after)
{
	const uint8_t max = AXON_R(0), sum = AXON_R(1);
	struct vector_program p;

	v_begin(&p, rows, part->keys);
	p.d.h.wait[0] = after;
	v_operand(&p, scores, part->score_stride, 4, AXON_F32);
	v_load(&p, 0, 0);
	mask(&p, args, part);
	v1(&p, AXON_V_RMAX, max, 0);
	v_pass(&p);
	v_load(&p, 0, 0);
	v2(&p, AXON_V_SUB, 0, 0, max);
	v1(&p, AXON_V_EXP, 0, 0);
	v_store(&p, 0, 0);
	v1(&p, AXON_V_RSUM, sum, 0);
	v1(&p, AXON_V_RCP, sum, sum);
	v_pass(&p);
	v_load(&p, 0, 0);
	v2(&p, AXON_V_MUL, 0, 0, sum);
	v_store(&p, 0, 0);
	return v_run(&p);
}

/* out[head][token] = Σ weight[key] · v[key], one sum however many runs of pages the keys lie in. */
static axon_token weigh(const struct attention_args *args, const struct part *part,
			uint32_t weights, uint32_t out, axon_token after)
{
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d), .wait = {after}},
		.m = part->heads * part->tokens,
		.n = args->head_dim,
		.a_s0 = (int32_t)part->score_stride,
		.b_stride = 2ull * args->head_dim,
		.c = out,
		.c_stride = 4 * (int64_t)args->head_dim,
		.a_type = AXON_F32,
		.b_type = AXON_F16,
		.c_type = AXON_F32,
		.b_layout = AXON_B_ROWS,
		.scale = 1.0f,
	};
	axon_token done = 0;

	for (uint32_t key = 0; key < part->keys; key += d.k) {
		d.k = run_keys(part, key);
		d.a = weights + 4 * key;
		d.b = part->v + key_offset(args, part, key);
		done = axon_matrix(&d);
		d.h.flags = AXON_MATRIX_F_ACCUMULATE;
	}
	return done;
}

AXON_KERNEL void attention(const struct attention_args *args, uint32_t x, uint32_t y)
{
	const struct step *step = (const struct step *)args->step;
	uint32_t parts = axon_div_up(SEGMENT_ROWS, args->rows_per_wg);
	const struct step_segment *segment = step_segment(step, x / parts);
	uint32_t first = x % parts * args->rows_per_wg;

	if (x / parts >= step->segments || first >= segment->rows)
		return;

	struct part part = find_part(args, step, segment, y * args->heads_per_wg, first);
	uint32_t rows = part.heads * part.tokens;
	uint32_t head_bytes = 4 * args->head_dim;
	struct axon_sram sram = axon_sram_all();
	uint32_t q = axon_sram_take(&sram, (uint64_t)rows * head_bytes);
	uint32_t out = axon_sram_take(&sram, (uint64_t)rows * head_bytes);
	uint32_t scores = axon_sram_take(&sram, (uint64_t)rows * part.score_stride);
	axon_token done =
		score(args, &part, q, scores, move_heads(args, &part, part.q, q, false, 0));

	/* The mask is affine in the token, so a descriptor takes one head, or one token of all heads. */
	if (part.tokens == 1) {
		done = softmax(args, &part, scores, part.heads, done);
	} else {
		uint32_t head_scores = part.tokens * part.score_stride;

		for (uint32_t h = 0; h < part.heads; h++)
			done = softmax(args, &part, scores + h * head_scores, part.tokens, done);
	}
	done = weigh(args, &part, scores, out, done);
	move_heads(args, &part, part.out, out, true, done);
}
