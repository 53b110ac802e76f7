// SPDX-License-Identifier: MIT
/*
 * Description: the default model scores tests/data/opticks.txt as llama.cpp's llama-perplexity does,
 * to 0.5 %, in chunks of 512 and of 2,048 tokens (past the sliding window).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "model.h"

/* By llama-perplexity (see docs/performance.md for its version): -f tests/data/opticks.txt -c 512, -c 2048 */
#define PPL_512	 21.0354
#define PPL_2048 17.4577

#define TOLERANCE	0.005
#define SCORED_AT_LEAST 8000

static void check_perplexity(uint32_t context, double expected)
{
	struct evaluation_options options = {.context = context};
	struct evaluation e;
	struct axon_err err;
	int32_t *tokens;
	struct model m;
	size_t n;
	char *text = model_read_data("opticks.txt");

	model_open(&m, context, 32);
	options.bos = tokenizer_bos(m.tokenizer);
	assert_int_equal(tokenizer_encode(m.tokenizer, text, strlen(text), TOKENIZER_ADD_SPECIAL,
					  &tokens, &n, &err),
			 0);
	assert_int_equal(evaluate_perplexity(m.llm, tokens, (uint32_t)n, &options, &e, &err), 0);
	print_message("-c %u: PPL = %.4f over %llu tokens; llama.cpp %.4f\n", context, e.perplexity,
		      (unsigned long long)e.scored, expected);
	assert_true(e.scored >= SCORED_AT_LEAST);
	assert_true(fabs(e.perplexity / expected - 1) <= TOLERANCE);
	free(tokens);
	free(text);
	model_close(&m);
}

static void test_within_the_window(void **state)
{
	(void)state;
	check_perplexity(512, PPL_512);
}

static void test_past_the_window(void **state)
{
	(void)state;
	check_perplexity(2048, PPL_2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within_the_window),
		cmocka_unit_test(test_past_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
