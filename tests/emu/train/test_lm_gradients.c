// SPDX-License-Identifier: MIT
/*
 * Description: the kernels of language models in training against plain C in fp64, and each backward
 * kernel against central differences of that plain C: of loss = Σ y · dy for a random dy.
 */
#include <math.h>

#include "cross_entropy_args.h"
#include "embed_grad_args.h"
#include "flash_args.h"
#include "kernel_rig.h"
#include "norm_grad_args.h"
#include "reduce_args.h"
#include "rotate_args.h"
#include "swiglu_args.h"

#define STEP 1e-4

static double *doubles(const float *v, size_t n)
{
	double *d = calloc(n + 1, sizeof(*d));

	for (size_t i = 0; i < n; i++)
		d[i] = (double)v[i];
	return d;
}

static double derivative(double (*loss)(const void *of), const void *of, double *element)
{
	double at = *element, up, down;

	*element = at + STEP;
	up = loss(of);
	*element = at - STEP;
	down = loss(of);
	*element = at;
	return (up - down) / (2 * STEP);
}

/* ---- RMSNorm ---- */

struct norm {
	double *x, *w;
	const float *dy;
	uint32_t rows, cols;
	double eps;
};

static double norm_loss(const void *of)
{
	const struct norm *n = of;
	double loss = 0;

	for (uint32_t r = 0; r < n->rows; r++) {
		const double *x = n->x + (size_t)r * n->cols;
		double squares = 0, sum = 0;

		for (uint32_t i = 0; i < n->cols; i++) {
			squares += x[i] * x[i];
			sum += x[i] * n->w[i] * (double)n->dy[(size_t)r * n->cols + i];
		}
		loss += sum / sqrt(squares / n->cols + n->eps);
	}
	return loss;
}

static void norm_case(struct kernel_rig *rig, uint32_t rows, uint32_t cols, uint32_t rows_per_wg,
		      bool add)
{
	uint32_t parts = div_up(rows, rows_per_wg);
	struct norm n = {.rows = rows, .cols = cols, .eps = 1e-3};
	struct norm_grad_args args = {.rows = rows,
				      .cols = cols,
				      .rows_per_wg = rows_per_wg,
				      .eps = 1e-3f,
				      .flags = add ? NORM_GRAD_ADD : 0};
	struct reduce_args sum = {.n = cols, .n_per_wg = 100, .parts = parts, .stride = cols * 4};
	size_t count = (size_t)rows * cols;
	float *x, *w, *dy, *dx, *part, *dw, *before = calloc(count + 1, sizeof(float));

	kernel_case(rig, "norm_grad %ux%u in %u%s", rows, cols, rows_per_wg, add ? ", added" : "");
	args.x = kernel_random(rig, count, &x);
	args.w = kernel_random(rig, cols, &w);
	args.dy = kernel_random(rig, count, &dy);
	args.dx = add ? kernel_random(rig, count, &dx) : kernel_take(rig, count * 4, &dx);
	sum.x = args.part = kernel_take(rig, (size_t)parts * cols * 4, &part);
	sum.y = kernel_take(rig, cols * 4, &dw);
	if (add)
		memcpy(before, dx, count * 4);
	n.x = doubles(x, count);
	n.w = doubles(w, cols);
	n.dy = dy;
	kernel_launch(rig, CHIP_norm_grad, parts, 1, &args, sizeof(args));
	kernel_launch(rig, CHIP_reduce, div_up(cols, 100), 1, &sum, sizeof(sum));
	kernel_run(rig);
	for (size_t i = 0; i < count; i++)
		check_near(rig, i, (double)dx[i] - (double)before[i],
			   derivative(norm_loss, &n, &n.x[i]), 2e-5);
	for (uint32_t i = 0; i < cols; i++)
		check_near(rig, i, (double)dw[i], derivative(norm_loss, &n, &n.w[i]), 2e-5);
	free(n.x);
	free(n.w);
	free(before);
}

static void test_norm(void **state)
{
	for (int add = 0; add < 2; add++) {
		norm_case(*state, 1, 1, 1, add);
		norm_case(*state, 3, 7, 2, add);
		norm_case(*state, 37, 33, 16, add);
		norm_case(*state, 2, 700, 64, add);
	}
}

/* No rows: nothing but an empty sum is written. */
static void test_norm_of_nothing(void **state)
{
	struct kernel_rig *rig = *state;
	struct norm_grad_args args = {.cols = 5, .rows_per_wg = 4, .eps = 1};
	float *w, *part;

	kernel_case(rig, "norm_grad 0x5");
	args.x = args.dy = args.dx = args.w = kernel_random(rig, 5, &w);
	args.part = kernel_take(rig, 5 * 4, &part);
	kernel_launch(rig, CHIP_norm_grad, 1, 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < 5; i++)
		check_near(rig, i, (double)part[i], 0, 0);
}

/* ---- the rotary embedding ---- */

/* Pair i at position p, turned by p · 100^(-i / pairs of a head); the tables are the chip's. */
static void rotate_case(struct kernel_rig *rig, uint32_t sequences, uint32_t tokens, uint32_t heads,
			uint32_t head_pairs, uint32_t wider)
{
	uint32_t pairs = heads * head_pairs, width = pairs + wider;
	size_t count = 2ull * sequences * tokens * pairs;
	struct rotate_args args = {
		.table_stride = width * 4, .tokens = tokens, .pairs = pairs, .tokens_per_wg = 3};
	float *x, *cosine, *sine;

	kernel_case(rig, "rotate %u of %u tokens, %u heads of %u pairs", sequences, tokens, heads,
		    head_pairs);
	args.x = kernel_random(rig, count, &x);
	args.cos = kernel_take(rig, tokens * width * 4, &cosine);
	args.sin = kernel_take(rig, tokens * width * 4, &sine);

	double *before = doubles(x, count);
	float *turned = calloc(count + 1, sizeof(*turned));

	for (uint32_t i = 0; i < tokens * width; i++) {
		double angle = i / width * pow(100, -(double)(i % width % head_pairs) / head_pairs);

		cosine[i] = (float)cos(angle);
		sine[i] = (float)sin(angle);
	}
	kernel_launch(rig, CHIP_rotate, div_up(tokens, 3), sequences, &args, sizeof(args));
	kernel_run(rig);
	for (size_t i = 0; i < count; i += 2) {
		size_t at = i / 2 % pairs, p = i / 2 / pairs % tokens;
		double angle = (double)p * pow(100, -(double)(at % head_pairs) / head_pairs);
		double a = before[i], b = before[i + 1];

		check_near(rig, i, (double)x[i], a * cos(angle) - b * sin(angle), 3e-7);
		check_near(rig, i + 1, (double)x[i + 1], a * sin(angle) + b * cos(angle), 3e-7);
	}
	/* A rotation's gradient is the way back. */
	memcpy(turned, x, count * 4);
	args.flags = ROTATE_BACK;
	kernel_launch(rig, CHIP_rotate, div_up(tokens, 3), sequences, &args, sizeof(args));
	kernel_run(rig);
	for (size_t i = 0; i < count; i++)
		check_near(rig, i, (double)x[i], before[i], 4e-7);
	free(before);
	free(turned);
}

static void test_rotate(void **state)
{
	rotate_case(*state, 1, 1, 1, 1, 0);
	rotate_case(*state, 2, 7, 3, 5, 0);
	rotate_case(*state, 3, 6, 1, 8, 8);
	rotate_case(*state, 1, 600, 2, 32, 0);
}

/* ---- SwiGLU ---- */

static double swiglu_of(double gate, double up)
{
	return gate / (1 + exp(-gate)) * up;
}

static void swiglu_case(struct kernel_rig *rig, uint32_t n, float spread)
{
	struct swiglu_args args = {.n = n};
	float *gate, *up, *y, *dy;
	uint64_t dy_va;

	kernel_case(rig, "swiglu %u, up to %g", n, (double)spread);
	args.gate = kernel_random(rig, n, &gate);
	args.up = kernel_random(rig, n, &up);
	args.y = kernel_take(rig, n * 4ull, &y);
	dy_va = kernel_random(rig, n, &dy);
	for (uint32_t i = 0; i < n; i++)
		gate[i] *= spread;

	double *g = doubles(gate, n), *u = doubles(up, n), wide = 1e-6 * (double)spread;

	kernel_launch(rig, CHIP_swiglu, div_up(n, SWIGLU_CHUNK), 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < n; i++)
		check_near(rig, i, (double)y[i], swiglu_of(g[i], u[i]), wide);
	args.dy = dy_va;
	args.y = 0;
	kernel_launch(rig, CHIP_swiglu, div_up(n, SWIGLU_CHUNK), 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < n; i++) {
		double by_gate = swiglu_of(g[i] + STEP, u[i]) - swiglu_of(g[i] - STEP, u[i]);
		double by_up = swiglu_of(g[i], u[i] + STEP) - swiglu_of(g[i], u[i] - STEP);

		check_near(rig, i, (double)gate[i], by_gate / (2 * STEP) * (double)dy[i], wide);
		check_near(rig, i, (double)up[i], by_up / (2 * STEP) * (double)dy[i], wide);
	}
	free(g);
	free(u);
}

static void test_swiglu(void **state)
{
	swiglu_case(*state, 0, 1);
	swiglu_case(*state, 1, 1);
	swiglu_case(*state, 1003, 4);
	swiglu_case(*state, 1003, 100);
	swiglu_case(*state, 2 * SWIGLU_CHUNK + 5, 8);
}

/* ---- embedding ---- */

/* Sums are exact, in the order of the rows: the gradient of a sum of rows is how often each was taken. */
static void embed_case(struct kernel_rig *rig, uint32_t rows, uint32_t cols, uint32_t vocab,
		       bool add)
{
	struct embed_grad_args args = {.rows = rows,
				       .cols = cols,
				       .vocab = vocab,
				       .cols_per_wg = 16,
				       .flags = add ? EMBED_GRAD_ADD : 0};
	size_t count = (size_t)vocab * cols;
	float *dy, *grad, *expected = calloc(count + 1, sizeof(float));
	int32_t *id;

	kernel_case(rig, "embed_grad %ux%u of %u%s", rows, cols, vocab, add ? ", added" : "");
	args.id = kernel_take(rig, rows * 4, &id);
	args.dy = kernel_random(rig, (size_t)rows * cols, &dy);
	args.grad = add ? kernel_random(rig, count, &grad) : kernel_take(rig, count * 4, &grad);
	if (add)
		memcpy(expected, grad, count * 4);
	for (uint32_t i = 0; i < rows; i++) {
		id[i] = (int32_t)(i % 3 ? random_bits(rig) % vocab : vocab - 1);
		for (uint32_t j = 0; j < cols; j++)
			expected[(size_t)id[i] * cols + j] += dy[(size_t)i * cols + j];
	}
	kernel_launch(rig, CHIP_embed_grad, div_up(cols, 16), 1, &args, sizeof(args));
	kernel_run(rig);
	check_floats(rig, grad, expected, count);
	free(expected);
}

static void test_embed(void **state)
{
	struct kernel_rig *rig = *state;
	struct embed_grad_args args = {.rows = 1, .cols = 1, .vocab = 4, .cols_per_wg = 16};
	float *grad;
	int32_t *id;

	for (int add = 0; add < 2; add++) {
		embed_case(rig, 0, 3, 2, add);
		embed_case(rig, 1, 1, 1, add);
		embed_case(rig, 50, 37, 9, add);
		embed_case(rig, 2000, 16, 5000, add);
	}
	kernel_case(rig, "embed_grad of an id that is none");
	args.id = kernel_take(rig, 4, &id);
	args.dy = args.grad = kernel_random(rig, 4, &grad);
	*id = 4;
	kernel_launch(rig, CHIP_embed_grad, 1, 1, &args, sizeof(args));
	kernel_run_to_fault(rig, AXON_FAULT_BAD_INDEX);
}

/* ---- attention ---- */

struct attention {
	double *q, *k, *v;
	const float *dy;
	uint32_t sequences, tokens, heads, kv_heads, head_dim;
	double scale;
};

/* Output of one token and head, and log Σ exp of its scores. */
static double attend(const struct attention *a, uint32_t sequence, uint32_t token, uint32_t head,
		     double *out)
{
	uint32_t d = a->head_dim, kv = head / (a->heads / a->kv_heads);
	size_t first = (size_t)sequence * a->tokens;
	const double *q = a->q + ((first + token) * a->heads + head) * d;
	double sum = 0;

	memset(out, 0, d * sizeof(*out));
	for (uint32_t t = 0; t <= token; t++) {
		const double *k = a->k + ((first + t) * a->kv_heads + kv) * d;
		const double *v = a->v + ((first + t) * a->kv_heads + kv) * d;
		double dot = 0, weight;

		for (uint32_t i = 0; i < d; i++)
			dot += q[i] * k[i];
		weight = exp(dot * a->scale);
		sum += weight;
		for (uint32_t i = 0; i < d; i++)
			out[i] += weight * v[i];
	}
	for (uint32_t i = 0; i < d; i++)
		out[i] /= sum;
	return log(sum);
}

static double attention_loss(const void *of)
{
	const struct attention *a = of;
	const float *dy = a->dy;
	double loss = 0, *out = calloc(a->head_dim, sizeof(*out));

	for (uint32_t s = 0; s < a->sequences; s++)
		for (uint32_t t = 0; t < a->tokens; t++)
			for (uint32_t h = 0; h < a->heads; h++) {
				attend(a, s, t, h, out);
				for (uint32_t i = 0; i < a->head_dim; i++)
					loss += out[i] * (double)*dy++;
			}
	free(out);
	return loss;
}

static void check_attention(struct kernel_rig *rig, const struct attention *a, const float *y,
			    const float *log_sum)
{
	double *out = calloc(a->head_dim, sizeof(*out));

	for (uint32_t s = 0; s < a->sequences; s++)
		for (uint32_t t = 0; t < a->tokens; t++)
			for (uint32_t h = 0; h < a->heads; h++) {
				double sum = attend(a, s, t, h, out);

				check_near(rig, (s * a->heads + h) * a->tokens + t,
					   (double)log_sum[(s * a->heads + h) * a->tokens + t], sum,
					   3e-6);
				for (uint32_t i = 0; i < a->head_dim; i++, y++)
					check_near(rig, i, (double)*y, out[i], 2e-6);
			}
	free(out);
}

/* Looks at every `skip`-th element of each gradient. */
static void attention_case(struct kernel_rig *rig, struct attention a, uint32_t queries,
			   uint32_t keys, float spread, size_t skip)
{
	size_t nq = (size_t)a.sequences * a.tokens * a.heads * a.head_dim,
	       nk = nq / a.heads * a.kv_heads;
	struct flash_args args = {.tokens = a.tokens,
				  .heads = a.heads,
				  .kv_heads = a.kv_heads,
				  .head_dim = a.head_dim,
				  .queries_per_wg = queries,
				  .keys_per_block = keys,
				  .scale = spread / sqrtf((float)a.head_dim)};
	float *q, *k, *v, *y, *log_sum, *dy, *dq, *dk, *dv;

	kernel_case(rig, "attention %u of %u tokens, %u heads to %u of %u, in %ux%u", a.sequences,
		    a.tokens, a.heads, a.kv_heads, a.head_dim, queries, keys);
	a.scale = (double)args.scale;
	args.q = kernel_random(rig, nq, &q);
	args.k = kernel_random(rig, nk, &k);
	args.v = kernel_random(rig, nk, &v);
	args.y = kernel_take(rig, nq * 4, &y);
	args.log_sum = kernel_take(rig, nq / a.head_dim * 4, &log_sum);
	args.dy = kernel_random(rig, nq, &dy);
	args.dq = kernel_take(rig, nq * 4, &dq);
	args.dk = kernel_take(rig, nk * 4, &dk);
	args.dv = kernel_take(rig, nk * 4, &dv);
	a.q = doubles(q, nq);
	a.k = doubles(k, nk);
	a.v = doubles(v, nk);
	a.dy = dy;
	kernel_launch(rig, CHIP_flash, div_up(a.tokens, queries), a.sequences * a.heads, &args,
		      sizeof(args));
	kernel_launch(rig, CHIP_flash_grad, a.kv_heads, a.sequences, &args, sizeof(args));
	kernel_run(rig);
	check_attention(rig, &a, y, log_sum);
	for (size_t i = 0; i < nq; i += skip)
		check_near(rig, i, (double)dq[i], derivative(attention_loss, &a, &a.q[i]), 1e-5);
	for (size_t i = 0; i < nk; i += skip) {
		check_near(rig, i, (double)dk[i], derivative(attention_loss, &a, &a.k[i]), 1e-5);
		check_near(rig, i, (double)dv[i], derivative(attention_loss, &a, &a.v[i]), 1e-5);
	}
	free(a.q);
	free(a.k);
	free(a.v);
}

static void test_attention(void **state)
{
	static const struct attention shapes[] = {
		{.sequences = 1, .tokens = 1, .heads = 1, .kv_heads = 1, .head_dim = 2},
		{.sequences = 2, .tokens = 9, .heads = 2, .kv_heads = 2, .head_dim = 6},
		{.sequences = 2, .tokens = 17, .heads = 6, .kv_heads = 2, .head_dim = 4},
		{.sequences = 1, .tokens = 13, .heads = 3, .kv_heads = 1, .head_dim = 10},
	};

	for (size_t i = 0; i < COUNT(shapes); i++) {
		attention_case(*state, shapes[i], 4, 4, 1, 1);
		attention_case(*state, shapes[i], 3, 8, 20, 1);
		attention_case(*state, shapes[i], 8, 5, 1, 1);
		attention_case(*state, shapes[i], 32, 32, 1, 1);
	}
}

/* Blocks of the size that the runtime takes, several of them and a rest. */
static void test_long_attention(void **state)
{
	const struct attention shape = {
		.sequences = 1, .tokens = 530, .heads = 2, .kv_heads = 1, .head_dim = 8};

	attention_case(*state, shape, 128, 256, 4, 401);
	attention_case(*state, shape, 256, 128, 4, 401);
}

/* ---- loss ---- */

/* Of a vocabulary in the place of its scores: the probabilities, less one at the label, sum to nothing. */
static void test_wide_cross_entropy(void **state)
{
	enum { ROWS = 5, COLS = 40003 };
	struct kernel_rig *rig = *state;
	struct cross_entropy_args args = {
		.rows = ROWS, .cols = COLS, .rows_per_wg = 2, .scale = 0.25f};
	float *x, *loss, *correct;
	int32_t *label;

	kernel_case(rig, "cross_entropy %dx%d", ROWS, COLS);
	args.x = args.dx = kernel_random(rig, (size_t)ROWS * COLS, &x);
	args.label = kernel_take(rig, ROWS * 4, &label);
	args.loss = kernel_take(rig, ROWS * 4, &loss);
	args.correct = kernel_take(rig, ROWS * 4, &correct);

	double *before = doubles(x, (size_t)ROWS * COLS);

	for (int i = 0; i < ROWS; i++)
		label[i] = i ? (int32_t)(random_bits(rig) % COLS) : COLS - 1;
	kernel_launch(rig, CHIP_cross_entropy, div_up(ROWS, 2), 1, &args, sizeof(args));
	kernel_run(rig);
	for (int i = 0; i < ROWS; i++) {
		const double *row = before + (size_t)i * COLS;
		double sum = 0;

		for (int j = 0; j < COLS; j++)
			sum += exp(row[j]);
		check_near(rig, (size_t)i, (double)loss[i], log(sum) - row[label[i]], 5e-6);
		for (int j = 0; j < COLS; j++)
			check_near(rig, (size_t)j, (double)x[i * COLS + j],
				   0.25 * (exp(row[j]) / sum - (j == label[i])), 1e-7);
	}
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_norm),		  KERNEL_TEST(test_norm_of_nothing),
		KERNEL_TEST(test_rotate),	  KERNEL_TEST(test_swiglu),
		KERNEL_TEST(test_embed),	  KERNEL_TEST(test_attention),
		KERNEL_TEST(test_long_attention), KERNEL_TEST(test_wide_cross_entropy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
