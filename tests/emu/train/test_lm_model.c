// SPDX-License-Identifier: MIT
/*
 * Description: a language model in training refuses what cannot be by name, has the parameters of a llama
 * GGUF, evaluates without a change, and goes on to the bit in another model that is given its
 * parameters and moments.
 */
#include <math.h>

#include "kernel_rig.h"
#include "lm.h"

#define BATCH	3
#define CONTEXT 21
#define VOCAB	50

static const struct lm_config small = {.vocab = VOCAB,
				       .embed = 24,
				       .layers = 2,
				       .heads = 4,
				       .kv_heads = 2,
				       .ff = 40,
				       .context = CONTEXT,
				       .rope_base = 10000.0f,
				       .eps = 1e-5f};
static const struct lm_optimizer adamw = {
	.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .clip = 1};
static const struct lm_state start = {.seed = 9, .batch = BATCH};

static void open_model(struct kernel_rig *rig, struct lm *lm, const struct lm_config *config)
{
	struct axon_err err;

	if (lm_open(lm, &rig->chip, config, &adamw, &start, &err))
		fail_msg("%s", err.msg);
}

static void refused(struct kernel_rig *rig, const struct lm_config *config,
		    const struct lm_optimizer *optimizer, const struct lm_state *at,
		    const char *words)
{
	struct axon_err err = {0};
	struct lm lm;

	assert_int_equal(lm_open(&lm, &rig->chip, config, optimizer, at, &err), -EINVAL);
	if (!strstr(err.msg, words))
		fail_msg("expected '%s' in '%s'", words, err.msg);
	lm_close(&lm);
}

#define REFUSED(field, value, words)                             \
	do {                                                     \
		struct lm_config config = small;                 \
		config.field = value;                            \
		refused(*state, &config, &adamw, &start, words); \
	} while (0)

static void test_refusals(void **state)
{
	struct lm_optimizer optimizer = adamw;
	struct lm_state at = start;

	REFUSED(vocab, 1, "vocab: expected 2 to 16777216, found 1");
	REFUSED(embed, 28, "embed: expected a multiple of twice the 4 heads, found 28");
	REFUSED(layers, 0, "layers: expected 1 to 1024, found 0");
	REFUSED(heads, 0, "heads: expected 1 to 4096, found 0");
	REFUSED(kv_heads, 3, "kv_heads: expected a divisor of the 4 heads, found 3");
	REFUSED(kv_heads, 8, "kv_heads: expected 1 to 4, found 8");
	REFUSED(ff, 0, "ff: expected 1 to 262144, found 0");
	REFUSED(context, 0, "context: expected 1 to 1048576, found 0");
	REFUSED(rope_base, 1.0f, "rope_base: expected more than 1, found 1");
	REFUSED(rope_base, NAN, "rope_base: expected more than 1, found ");
	REFUSED(eps, -1.0f, "eps: expected 0 or more, found -1");
	REFUSED(context, 1 << 20, "attention: expected sizes that need at most ");
	at.batch = 0;
	refused(*state, &small, &adamw, &at, "batch: expected 1 to 1024, found 0");
	optimizer.beta1 = 1;
	refused(*state, &small, &optimizer, &start, "beta1: expected a number from 0 to below 1");
}

static void check_parameter(const struct lm *lm, uint32_t i, const char *name, uint32_t dims,
			    uint32_t rows, uint32_t cols)
{
	struct lm_parameter p = lm_parameter(lm, i);

	assert_string_equal(p.name, name);
	assert_int_equal(p.dims, dims);
	assert_int_equal(p.dim[0], rows);
	assert_int_equal(p.elements, (uint64_t)rows * cols);
	if (dims == 2)
		assert_int_equal(p.dim[1], cols);
}

/* Names and shapes as convert_hf_to_gguf.py of llama.cpp gives them; starts as lm.h says. */
static void test_parameters(void **state)
{
	struct lm_config config = small;
	double sum = 0, squares = 0;
	struct lm_parameter p;
	struct lm lm;

	open_model(*state, &lm, &small);
	assert_int_equal(lm_parameters(&lm), 1 + 2 * 9 + 2);
	assert_int_equal(lm_size(&lm), 2 * VOCAB * 24 + 5 * 24 + 2 * (2 * 24 * 24 + 2 * 12 * 24) +
					       2 * 3 * 40 * 24);
	check_parameter(&lm, 0, "token_embd.weight", 2, VOCAB, 24);
	check_parameter(&lm, 1, "blk.0.attn_norm.weight", 1, 24, 1);
	check_parameter(&lm, 11, "blk.1.attn_q.weight", 2, 24, 24);
	check_parameter(&lm, 12, "blk.1.attn_k.weight", 2, 12, 24);
	check_parameter(&lm, 13, "blk.1.attn_v.weight", 2, 12, 24);
	check_parameter(&lm, 14, "blk.1.attn_output.weight", 2, 24, 24);
	check_parameter(&lm, 15, "blk.1.ffn_norm.weight", 1, 24, 1);
	check_parameter(&lm, 16, "blk.1.ffn_gate.weight", 2, 40, 24);
	check_parameter(&lm, 17, "blk.1.ffn_up.weight", 2, 40, 24);
	check_parameter(&lm, 18, "blk.1.ffn_down.weight", 2, 24, 40);
	check_parameter(&lm, 19, "output_norm.weight", 1, 24, 1);
	check_parameter(&lm, 20, "output.weight", 2, VOCAB, 24);
	p = lm_parameter(&lm, 1);
	for (uint64_t i = 0; i < p.elements; i++)
		assert_true(p.value[i] == 1.0f && p.m[i] == 0.0f && p.v[i] == 0.0f);
	p = lm_parameter(&lm, 18);
	for (uint64_t i = 0; i < p.elements; i++) {
		sum += (double)p.value[i];
		squares += (double)p.value[i] * (double)p.value[i];
	}
	/* of 960 numbers: within four standard errors */
	assert_true(fabs(sum / 960) < 4 * 0.01 / sqrt(960));
	assert_true(fabs(sqrt(squares / 960) / 0.01 - 1) < 0.06);
	lm_close(&lm);
	config.tied = true;
	open_model(*state, &lm, &config);
	assert_int_equal(lm_parameters(&lm), 1 + 2 * 9 + 1);
	lm_close(&lm);
}

static void make_tokens(struct kernel_rig *rig, uint32_t *tokens)
{
	for (int i = 0; i < BATCH * (CONTEXT + 1); i++)
		tokens[i] = random_bits(rig) % VOCAB;
}

static double step(struct lm *lm, const uint32_t *tokens)
{
	struct axon_err err;
	double loss;

	if (lm_step(lm, tokens, &loss, &err))
		fail_msg("%s", err.msg);
	return loss;
}

/* Copies what a checkpoint holds. */
static void copy_model(struct lm *to, const struct lm *from)
{
	for (uint32_t i = 0; i < lm_parameters(from); i++) {
		struct lm_parameter a = lm_parameter(from, i), b = lm_parameter(to, i);

		memcpy(b.value, a.value, a.elements * sizeof(float));
		memcpy(b.m, a.m, a.elements * sizeof(float));
		memcpy(b.v, a.v, a.elements * sizeof(float));
	}
	to->at.step = from->at.step;
}

static void check_same(const struct lm *a, const struct lm *b)
{
	assert_int_equal(a->at.step, b->at.step);
	for (uint32_t i = 0; i < lm_parameters(a); i++) {
		struct lm_parameter x = lm_parameter(a, i), y = lm_parameter(b, i);

		assert_memory_equal(x.value, y.value, x.elements * sizeof(float));
		assert_memory_equal(x.m, y.m, x.elements * sizeof(float));
		assert_memory_equal(x.v, y.v, x.elements * sizeof(float));
	}
}

static void test_going_on(void **state)
{
	struct kernel_rig *rig = *state;
	uint32_t tokens[BATCH * (CONTEXT + 1)];
	struct axon_err err = {0};
	double loss, mean = 0;
	struct lm a, b;

	kernel_case(rig, "going on");
	open_model(rig, &a, &small);
	open_model(rig, &b, &small);
	for (int i = 0; i < 5; i++) {
		make_tokens(rig, tokens);
		step(&a, tokens);
	}
	copy_model(&b, &a);
	make_tokens(rig, tokens);
	assert_int_equal(lm_evaluate(&b, tokens, &loss, &err), 0);
	check_same(&a, &b);
	for (int i = 0; i < BATCH * CONTEXT; i++)
		mean += (double)lm_losses(&b)[i] / (BATCH * CONTEXT);
	assert_true(fabs(mean - loss) < 1e-12 && fabs(loss - log(VOCAB)) < 0.5);
	assert_true(step(&a, tokens) == loss);
	assert_true(step(&b, tokens) == loss);
	check_same(&a, &b);
	assert_true(lm_gradient_norm(&a) == lm_gradient_norm(&b) && lm_gradient_norm(&a) > 0);
	tokens[CONTEXT] = VOCAB;
	assert_int_equal(lm_step(&a, tokens, &loss, &err), -EINVAL);
	assert_string_equal(err.msg, "tokens: expected numbers below 50, found 50");
	check_same(&a, &b);
	lm_close(&a);
	lm_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_refusals),
		KERNEL_TEST(test_parameters),
		KERNEL_TEST(test_going_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
