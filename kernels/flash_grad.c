// SPDX-License-Identifier: MIT
#include "dma_copy.h"
#include "flash_args.h"
#include "vector_program.h"

/*
 * Scores are made transposed, a row for each key, since the gradients of k and v sum over queries, which
 * are thus the k of the matrix engine. dq is transposed too, [head_dim][tokens], and is turned at the end.
 */
struct tiles {
	uint32_t k, v;	     /* [keys][head_dim] */
	uint32_t turned;     /* k as [head_dim][keys] */
	uint32_t weight;     /* [keys][queries] */
	uint32_t gradient;   /* of the scores, [keys][queries] */
	uint32_t dq;	     /* [head_dim][tokens] */
	uint32_t correction; /* Σ dy · out of each query, [tokens] */
};

/* One query head; addresses of its first token. */
struct head {
	const struct flash_args *args;
	const struct tiles *t;
	uint64_t q, out, dy, dq, log_sum;
	uint64_t k, v, dk, dv;
	int64_t q_stride, k_stride; /* bytes between tokens */
	bool first;		    /* of its kv head */
};

static struct tiles take_tiles(const struct flash_args *args)
{
	struct axon_sram sram = axon_sram_all();
	uint64_t keys = args->keys_per_block, scores = 4 * keys * args->queries_per_wg;
	uint64_t head = 4 * args->head_dim;
	struct tiles t;

	t.k = axon_sram_take(&sram, keys * head);
	t.v = axon_sram_take(&sram, keys * head);
	t.turned = axon_sram_take(&sram, keys * head);
	t.weight = axon_sram_take(&sram, scores);
	t.gradient = axon_sram_take(&sram, scores);
	t.dq = axon_sram_take(&sram, args->tokens * head);
	t.correction = axon_sram_take(&sram, 4ull * args->tokens);
	return t;
}

static struct head find_head(const struct flash_args *args, const struct tiles *t,
			     uint32_t sequence, uint32_t kv_head, uint32_t i)
{
	uint32_t group = args->heads / args->kv_heads, head = kv_head * group + i;
	uint64_t bytes = 4 * args->head_dim, token = (uint64_t)sequence * args->tokens;
	uint64_t q = (token * args->heads + head) * bytes;
	uint64_t k = (token * args->kv_heads + kv_head) * bytes;

	return (struct head){
		.args = args,
		.t = t,
		.q = args->q + q,
		.out = args->y + q,
		.dy = args->dy + q,
		.dq = args->dq + q,
		.log_sum = args->log_sum +
			   4 * ((uint64_t)sequence * args->heads + head) * args->tokens,
		.k = args->k + k,
		.v = args->v + k,
		.dk = args->dk + k,
		.dv = args->dv + k,
		.q_stride = (int64_t)bytes * args->heads,
		.k_stride = (int64_t)bytes * args->kv_heads,
		.first = i == 0,
	};
}

static axon_token correct(const struct head *h)
{
	const uint8_t sum = AXON_R(0);
	struct vector_program p;

	v_begin(&p, h->args->tokens, h->args->head_dim);
	v_operand(&p, h->out, h->q_stride, 4, AXON_F32);
	v_operand(&p, h->dy, h->q_stride, 4, AXON_F32);
	v_operand(&p, h->t->correction, 4, 0, AXON_F32);
	v_load(&p, 0, 0);
	v_load(&p, 1, 1);
	v2(&p, AXON_V_MUL, 0, 0, 1);
	v1(&p, AXON_V_RSUM, sum, 0);
	v_store(&p, 2, sum);
	return v_run(&p);
}

/* Rows of head_dim floats, turned: [rows][head_dim] to [head_dim][rows], or back. */
static axon_token turn(uint64_t dst, int64_t dst_step, int64_t dst_stride, uint64_t src,
		       int64_t src_step, int64_t src_stride, uint32_t rows, uint32_t cols)
{
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d)},
		.dst = dst,
		.src = src,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 2,
		.extent = {cols, rows},
		.dst_stride = {dst_step, dst_stride},
		.src_stride = {src_step, src_stride},
	};

	return axon_dma(&d);
}

static axon_token load_keys(const struct head *h, uint32_t key, uint32_t keys)
{
	uint32_t bytes = 4 * h->args->head_dim;
	uint64_t k = h->k + (uint64_t)(key * h->k_stride), v = h->v + (uint64_t)(key * h->k_stride);

	dma_rows(h->t->k, bytes, k, h->k_stride, keys, bytes);
	dma_rows(h->t->v, bytes, v, h->k_stride, keys, bytes);
	return turn(h->t->turned, 4 * (int64_t)keys, 4, k, 4, h->k_stride, keys, h->args->head_dim);
}

/* c[m][n] (+)= scale · a[m][k] · b, a's rows lying one behind the other. */
static axon_token product(uint32_t m, uint32_t n, uint32_t k, uint32_t a, uint64_t b,
			  int64_t b_stride, uint8_t b_layout, uint64_t c, int64_t c_stride,
			  float scale, bool add, axon_token ready)
{
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL,
		      .flags = add ? AXON_MATRIX_F_ACCUMULATE : 0,
		      .size = sizeof(d),
		      .wait = {ready}},
		.m = m,
		.n = n,
		.k = k,
		.a = a,
		.a_s0 = (int32_t)(4 * k),
		.b = b,
		.b_stride = (uint64_t)b_stride,
		.b_layout = b_layout,
		.c = c,
		.c_stride = c_stride,
		.scale = scale,
	};

	return axon_matrix(&d);
}

/*
 * weight = exp(score − log_sum), 0 where a key is later than the query; gradient of the scores =
 * weight · (gradient of the weight − correction) · scale.
 */
static axon_token weights_grad(const struct head *h, uint32_t key, uint32_t keys, uint32_t query,
			       uint32_t queries, axon_token ready)
{
	enum { WEIGHT, GRADIENT, LOG_SUM, CORRECTION };
	int64_t row = 4 * (int64_t)queries;
	struct vector_program p;

	v_begin(&p, keys, queries);
	p.d.h.wait[0] = ready;
	v_operand(&p, h->t->weight, row, 4, AXON_F32);
	v_operand(&p, h->t->gradient, row, 4, AXON_F32);
	v_operand(&p, h->log_sum + 4ull * query, 0, 4, AXON_F32);
	v_operand(&p, h->t->correction + 4ull * query, 0, 4, AXON_F32);
	for (uint8_t i = WEIGHT; i <= CORRECTION; i++)
		v_load(&p, i, i);
	v2(&p, AXON_V_SUB, WEIGHT, WEIGHT, LOG_SUM);
	v1(&p, AXON_V_EXP, WEIGHT, WEIGHT);
	if (query < key + keys) {
		v_affine(&p, 4, -1, 1, (int32_t)(query - key));
		v2(&p, AXON_V_AND, WEIGHT, WEIGHT, 4);
	}
	v_store(&p, WEIGHT, WEIGHT);
	v2(&p, AXON_V_SUB, GRADIENT, GRADIENT, CORRECTION);
	v2(&p, AXON_V_MUL, GRADIENT, GRADIENT, WEIGHT);
	vf(&p, AXON_V_MULI, GRADIENT, GRADIENT, h->args->scale);
	v_store(&p, GRADIENT, GRADIENT);
	return v_run(&p);
}

/* What a block of queries and a block of keys give to each other. */
static axon_token block(const struct head *h, uint32_t key, uint32_t keys, uint32_t query,
			uint32_t queries, bool first_query, axon_token ready)
{
	const struct tiles *t = h->t;
	uint32_t d = h->args->head_dim;
	int64_t row = 4 * (int64_t)queries;
	uint64_t q = h->q + (uint64_t)(query * h->q_stride);
	uint64_t dy = h->dy + (uint64_t)(query * h->q_stride);
	uint64_t dk = h->dk + (uint64_t)(key * h->k_stride),
		 dv = h->dv + (uint64_t)(key * h->k_stride);
	bool add = !h->first || !first_query;

	product(keys, queries, d, t->k, q, h->q_stride, AXON_B_COLS, t->weight, row, h->args->scale,
		false, ready);
	ready = product(keys, queries, d, t->v, dy, h->q_stride, AXON_B_COLS, t->gradient, row,
			1.0f, false, 0);
	ready = weights_grad(h, key, keys, query, queries, ready);
	product(keys, d, queries, t->weight, dy, h->q_stride, AXON_B_ROWS, dv, h->k_stride, 1.0f,
		add, ready);
	product(keys, d, queries, t->gradient, q, h->q_stride, AXON_B_ROWS, dk, h->k_stride, 1.0f,
		add, 0);
	return product(d, queries, keys, t->turned, t->gradient, row, AXON_B_ROWS,
		       t->dq + 4ull * query, 4 * (int64_t)h->args->tokens, 1.0f, key != 0, 0);
}

static void head_grad(const struct head *h)
{
	const struct flash_args *args = h->args;

	axon_wait(correct(h));
	for (uint32_t key = 0; key < args->tokens; key += args->keys_per_block) {
		uint32_t keys = axon_min(args->keys_per_block, args->tokens - key);
		axon_token done = load_keys(h, key, keys);

		for (uint32_t query = key; query < args->tokens; query += args->queries_per_wg)
			done = block(h, key, keys, query,
				     axon_min(args->queries_per_wg, args->tokens - query),
				     query == key, done);
		axon_wait(done); /* the tiles are free again */
	}
	axon_wait(turn(h->dq, 4, h->q_stride, h->t->dq, 4 * (int64_t)args->tokens, 4, args->tokens,
		       args->head_dim));
}

AXON_KERNEL void flash_grad(const struct flash_args *args, uint32_t kv_head, uint32_t sequence)
{
	struct tiles t = take_tiles(args);

	for (uint32_t i = 0; i < args->heads / args->kv_heads; i++) {
		struct head h = find_head(args, &t, sequence, kv_head, i);

		head_grad(&h);
	}
}
