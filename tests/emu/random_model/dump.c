// SPDX-License-Identifier: MIT
/*
 * usage: dump MODEL TOKENS BATCH > LOGITS
 *
 * Runs the int32 tokens of a file as one text, BATCH at a time, and writes the logits that follow
 * each but the last: float[n - 1][vocabulary].
 */
#include <stdio.h>
#include <stdlib.h>

#include "llm.h"

#define MAX_TOKENS 4096

static void require(int ret, const struct axon_err *err)
{
	if (!ret)
		return;
	fprintf(stderr, "dump: %s\n", err->msg);
	exit(1);
}

static uint32_t read_tokens(const char *path, int32_t *tokens)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		exit(1);
	}
	n = fread(tokens, sizeof(*tokens), MAX_TOKENS, f);
	fclose(f);
	return (uint32_t)n;
}

static int write_row(void *opaque, uint32_t position, const struct logprob *score,
		     const float *logits)
{
	const uint32_t *vocabulary = opaque;

	(void)position;
	(void)score;
	return fwrite(logits, sizeof(*logits), *vocabulary, stdout) != *vocabulary;
}

int main(int argc, char **argv)
{
	struct llm_options options = {.logit_rows = 32};
	static int32_t tokens[MAX_TOKENS];
	struct axon_err err = {0};
	uint32_t n, vocabulary;
	struct chip chip;
	struct gguf *gguf;
	struct llm *llm;

	if (argc != 4) {
		fprintf(stderr, "usage: dump MODEL TOKENS BATCH > LOGITS\n");
		return 2;
	}
	n = read_tokens(argv[2], tokens);
	options.batch = (uint32_t)atoi(argv[3]);
	require(gguf_open(argv[1], &gguf, &err), &err);
	require(chip_open(&chip, 0, &err), &err);
	require(llm_open(&chip, gguf, &options, &llm, &err), &err);
	vocabulary = llm_config(llm)->vocabulary;
	require(llm_score(llm, tokens, n, 0, write_row, &vocabulary, &err), &err);
	llm_close(llm);
	chip_close(&chip);
	gguf_close(gguf);
	return fflush(stdout) ? 1 : 0;
}
