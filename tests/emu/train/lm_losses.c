// SPDX-License-Identifier: MIT
/*
 * What test_lm.py compares with PyTorch: trains a small language model on random tokens and writes
 * its initial parameters, then the loss, gradient norm and rate of each step, to files in a folder.
 *   lm_losses FOLDER STEPS vocab embed layers heads kv_heads ff context tied batch seed
 * FOLDER/tokens holds uint32[batch][context + 1] for each step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lm.h"

static const struct lm_optimizer optimizer = {
	.rate = 1e-3,
	.min_rate = 1e-4,
	.warmup = 10,
	.steps = 300,
	.beta1 = 0.9,
	.beta2 = 0.95,
	.eps = 1e-8,
	.decay = 0.1,
	.clip = 1.0,
};

static int fail(const char *what)
{
	fprintf(stderr, "lm_losses: %s\n", what);
	return 1;
}

static FILE *open_in(const char *folder, const char *name, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, mode);
}

static int write_parameters(const struct lm *lm, const char *folder)
{
	FILE *f = open_in(folder, "parameters", "wb");

	if (!f)
		return fail("parameters");
	for (uint32_t i = 0; i < lm_parameters(lm); i++) {
		struct lm_parameter p = lm_parameter(lm, i);

		fwrite(p.value, sizeof(float), p.elements, f);
	}
	return fclose(f) ? fail("parameters") : 0;
}

static int train(struct lm *lm, const char *folder, uint64_t steps)
{
	size_t n = (size_t)lm->at.batch * (lm->config.context + 1);
	uint32_t *tokens = malloc(n * sizeof(*tokens));
	FILE *f = open_in(folder, "tokens", "rb");
	struct axon_err err = {0};
	struct timespec a, b;

	if (!f || !tokens)
		return fail("tokens");
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (lm->at.step < steps) {
		double loss;

		if (fread(tokens, sizeof(*tokens), n, f) != n)
			return fail("tokens: too few");
		if (lm_step(lm, tokens, &loss, &err))
			return fail(err.msg);
		printf("%.9g %.9g %.9g\n", loss, lm_gradient_norm(lm),
		       lm_rate(&lm->optimizer, lm->at.step));
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	fprintf(stderr, "%.3f s a step\n",
		((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9) /
			(double)steps);
	fclose(f);
	free(tokens);
	return 0;
}

int main(int argc, char **argv)
{
	struct axon_err err = {0};
	struct chip chip;
	struct lm lm;
	uint32_t a[10];
	int ret;

	if (argc != 13)
		return fail("expected 12 arguments");
	for (int i = 0; i < 10; i++)
		a[i] = (uint32_t)strtoul(argv[3 + i], NULL, 10);

	struct lm_config config = {.vocab = a[0],
				   .embed = a[1],
				   .layers = a[2],
				   .heads = a[3],
				   .kv_heads = a[4],
				   .ff = a[5],
				   .context = a[6],
				   .rope_base = 10000.0f,
				   .eps = 1e-5f,
				   .tied = a[7]};
	struct lm_state at = {.batch = a[8], .seed = a[9]};

	if (chip_open(&chip, 0, &err))
		return fail(err.msg);
	ret = lm_open(&lm, &chip, &config, &optimizer, &at, &err) ? fail(err.msg) : 0;
	if (!ret)
		ret = write_parameters(&lm, argv[1]);
	if (!ret)
		ret = train(&lm, argv[1], strtoul(argv[2], NULL, 10));
	lm_close(&lm);
	chip_close(&chip);
	return ret;
}
