// SPDX-License-Identifier: MIT
/* Description: logprob against log-softmax in double, with its first best column. */
#include <math.h>

#include "kernel_rig.h"
#include "logprob_args.h"

struct shape {
	uint32_t rows, vocabulary;
	float size, shift; /* logits of shift ± size */
};

static void check_row(struct kernel_rig *rig, const float *logits, const struct shape *s,
		      uint32_t target, const struct logprob *found)
{
	uint32_t best = 0;
	double sum = 0, tolerance;

	for (uint32_t i = 1; i < s->vocabulary; i++)
		if (logits[i] > logits[best])
			best = i;
	for (uint32_t i = 0; i < s->vocabulary; i++)
		sum += exp((double)logits[i] - (double)logits[best]);
	assert_int_equal(found->best, best);
	check_floats(rig, &found->max, &logits[best], 1);
	/* Relative to the sum: exp's 2 ulp, a rounding for each element of a lane; then LOG's 4 ulp. */
	tolerance = (s->vocabulary / 16 + 8) * 0x1p-24 + 4 * 0x1p-23 * log(sum);
	check_near(rig, 0, (double)found->log_sum, log(sum), tolerance);
	if (target >= s->vocabulary) {
		check_untouched(rig, &found->logprob, sizeof(found->logprob));
		return;
	}
	/* Two subtractions more, of numbers as large as the logits are apart. */
	tolerance += 0x1p-23 * (2 * (double)s->size + log(sum));
	check_near(rig, 1, (double)found->logprob,
		   (double)logits[target] - (double)logits[best] - log(sum), tolerance);
}

static void logprob_case(struct kernel_rig *rig, const struct shape *s)
{
	float *logits;
	uint32_t *rows, *targets;
	struct logprob *out;
	struct logprob_args args = {.vocabulary = s->vocabulary};

	kernel_case(rig, "%u rows of %u, %g ± %g", s->rows, s->vocabulary, (double)s->shift,
		    (double)s->size);
	args.rows = kernel_take(rig, sizeof(*rows), &rows);
	*rows = s->rows;
	args.logits = kernel_random(rig, (size_t)s->rows * s->vocabulary, &logits);
	args.targets = kernel_take(rig, s->rows * sizeof(*targets), &targets);
	args.out = kernel_take(rig, s->rows * sizeof(*out), &out);
	for (size_t i = 0; i < (size_t)s->rows * s->vocabulary; i++)
		logits[i] = logits[i] * s->size + s->shift;
	for (uint32_t r = 0; r < s->rows; r++)
		targets[r] = random_bits(rig) % s->vocabulary;
	targets[0] = s->vocabulary - 1;
	targets[s->rows - 1] = s->rows > 1 ? s->vocabulary : targets[0];
	kernel_launch(rig, CHIP_logprob, s->rows + 1, 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t r = 0; r < s->rows; r++)
		check_row(rig, logits + (size_t)r * s->vocabulary, s, targets[r], &out[r]);
}

static void shapes(void **state)
{
	static const struct shape all[] = {
		{1, 1, 3, 0},	  {2, 2, 1, 50},      {3, 17, 10, -80},
		{5, 1000, 20, 0}, {2, 32003, 30, 12}, {4, 257, 0, 4}, /* all equal: best is 0 */
	};

	for (size_t i = 0; i < COUNT(all); i++)
		logprob_case(*state, &all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
