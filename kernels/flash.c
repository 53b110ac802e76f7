// SPDX-License-Identifier: MIT
#include "dma_copy.h"
#include "flash_args.h"
#include "vector_program.h"

/* A workgroup's queries of one head, and what it keeps of them in SRAM. */
struct queries {
	const struct flash_args *args;
	uint32_t first, count;
	uint64_t at;   /* floats before the first query's, in q and out */
	uint64_t k, v; /* of the first token */
	uint64_t log_sum;
	uint32_t q, out, scores; /* tiles */
	uint32_t max, sum, shrink;
};

static struct queries find_queries(const struct flash_args *args, uint32_t block, uint32_t y)
{
	uint32_t sequence = y / args->heads, head = y % args->heads;
	uint32_t kv_head = head / (args->heads / args->kv_heads), d = args->head_dim;
	uint64_t token = (uint64_t)sequence * args->tokens;
	struct axon_sram sram = axon_sram_all();
	struct queries q = {.args = args, .first = block * args->queries_per_wg};

	q.count = axon_min(args->queries_per_wg, args->tokens - q.first);
	q.at = ((token + q.first) * args->heads + head) * d;
	q.k = args->k + 4 * (token * args->kv_heads + kv_head) * d;
	q.v = args->v + 4 * (token * args->kv_heads + kv_head) * d;
	q.log_sum = args->log_sum + 4 * ((uint64_t)y * args->tokens + q.first);
	q.q = axon_sram_take(&sram, 4ull * q.count * d);
	q.out = axon_sram_take(&sram, 4ull * q.count * d);
	q.scores = axon_sram_take(&sram, 4ull * q.count * args->keys_per_block);
	q.max = axon_sram_take(&sram, 4ull * q.count);
	q.sum = axon_sram_take(&sram, 4ull * q.count);
	q.shrink = axon_sram_take(&sram, 4ull * q.count);
	return q;
}

static axon_token score(const struct queries *q, uint32_t key, uint32_t keys, axon_token ready)
{
	uint32_t head = 4 * q->args->head_dim;
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d), .wait = {ready}},
		.m = q->count,
		.n = keys,
		.k = q->args->head_dim,
		.a = q->q,
		.a_s0 = (int32_t)head,
		.b = q->k + (uint64_t)key * q->args->kv_heads * head,
		.b_stride = (uint64_t)q->args->kv_heads * head,
		.b_layout = AXON_B_COLS,
		.c = q->scores,
		.c_stride = 4 * (int64_t)keys,
		.scale = q->args->scale,
	};

	return axon_matrix(&d);
}

/*
 * Scores become weights exp(score − max), max being the largest so far; sum is brought up to date, and
 * what was summed of out before has to shrink by exp(old max − max).
 */
static axon_token weights(const struct queries *q, uint32_t key, uint32_t keys, axon_token ready)
{
	enum { SCORES, MAX, SUM, SHRINK };
	const uint8_t max = AXON_R(0), shrink = AXON_R(1), sum = AXON_R(2), old = AXON_R(3);
	bool masked = key + keys > q->first + 1;
	struct vector_program p;

	v_begin(&p, q->count, keys);
	p.d.h.wait[0] = ready;
	v_operand(&p, q->scores, 4 * (int64_t)keys, 4, AXON_F32);
	v_operand(&p, q->max, 4, 0, AXON_F32);
	v_operand(&p, q->sum, 4, 0, AXON_F32);
	v_operand(&p, q->shrink, 4, 0, AXON_F32);

	v_load(&p, 0, SCORES);
	if (masked) {
		v_affine(&p, 1, 1, -1, (int32_t)(q->first - key));
		v_const(&p, 2, -__builtin_inff());
		v3(&p, AXON_V_SELECT, 0, 0, 2, 1);
		v_store(&p, SCORES, 0);
	}
	v1(&p, AXON_V_RMAX, max, 0);
	if (key) {
		v_load(&p, old, MAX);
		v2(&p, AXON_V_MAX, max, max, old);
		v2(&p, AXON_V_SUB, shrink, old, max);
		v1(&p, AXON_V_EXP, shrink, shrink);
		v_store(&p, SHRINK, shrink);
	}
	v_store(&p, MAX, max);
	v_pass(&p);

	v_load(&p, 0, SCORES);
	v2(&p, AXON_V_SUB, 0, 0, max);
	v1(&p, AXON_V_EXP, 0, 0);
	v_store(&p, SCORES, 0);
	v1(&p, AXON_V_RSUM, sum, 0);
	if (key) {
		v_load(&p, old, SUM);
		v3(&p, AXON_V_FMA, sum, old, shrink, sum);
	}
	v_store(&p, SUM, sum);
	return v_run(&p);
}

static axon_token shrink_out(const struct queries *q, axon_token ready)
{
	int64_t head = 4 * (int64_t)q->args->head_dim;
	struct vector_program p;

	v_begin(&p, q->count, q->args->head_dim);
	p.d.h.wait[0] = ready;
	v_operand(&p, q->out, head, 4, AXON_F32);
	v_operand(&p, q->shrink, 4, 0, AXON_F32);
	v_load(&p, 0, 0);
	v_load(&p, 1, 1);
	v2(&p, AXON_V_MUL, 0, 0, 1);
	v_store(&p, 0, 0);
	return v_run(&p);
}

/* out (+)= weights · v */
static axon_token weigh(const struct queries *q, uint32_t key, uint32_t keys, axon_token ready)
{
	uint32_t head = 4 * q->args->head_dim;
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL,
		      .flags = key ? AXON_MATRIX_F_ACCUMULATE : 0,
		      .size = sizeof(d),
		      .wait = {ready}},
		.m = q->count,
		.n = q->args->head_dim,
		.k = keys,
		.a = q->scores,
		.a_s0 = (int32_t)(4 * keys),
		.b = q->v + (uint64_t)key * q->args->kv_heads * head,
		.b_stride = (uint64_t)q->args->kv_heads * head,
		.b_layout = AXON_B_ROWS,
		.c = q->out,
		.c_stride = head,
		.scale = 1.0f,
	};

	return axon_matrix(&d);
}

/* To memory: out / sum, and max + log sum. */
static void finish(const struct queries *q, axon_token ready)
{
	enum { OUT, SUM, MAX, TO, LOG_SUM };
	const uint8_t sum = AXON_R(0), max = AXON_R(1);
	int64_t head = 4 * (int64_t)q->args->head_dim;
	struct vector_program p;

	v_begin(&p, q->count, q->args->head_dim);
	p.d.h.wait[0] = ready;
	v_operand(&p, q->out, head, 4, AXON_F32);
	v_operand(&p, q->sum, 4, 0, AXON_F32);
	v_operand(&p, q->max, 4, 0, AXON_F32);
	v_operand(&p, q->args->y + 4 * q->at, head * q->args->heads, 4, AXON_F32);
	v_operand(&p, q->log_sum, 4, 0, AXON_F32);
	v_load(&p, sum, SUM);
	v_pass(&p);
	v_load(&p, 0, OUT);
	v2(&p, AXON_V_DIV, 0, 0, sum);
	v_store(&p, TO, 0);
	v_load(&p, max, MAX);
	v1(&p, AXON_V_LOG, sum, sum);
	v2(&p, AXON_V_ADD, sum, sum, max);
	v_store(&p, LOG_SUM, sum);
	v_run(&p);
}

AXON_KERNEL void flash(const struct flash_args *args, uint32_t block, uint32_t y)
{
	struct queries q = find_queries(args, block, y);
	uint32_t head = 4 * args->head_dim, end = q.first + q.count;
	axon_token done =
		dma_rows(q.q, head, args->q + 4 * q.at, (int64_t)args->heads * head, q.count, head);

	for (uint32_t key = 0; key < end; key += args->keys_per_block) {
		uint32_t keys = axon_min(args->keys_per_block, end - key);

		done = weights(&q, key, keys, score(&q, key, keys, done));
		if (key)
			done = shrink_out(&q, done);
		done = weigh(&q, key, keys, done);
	}
	finish(&q, done);
}
