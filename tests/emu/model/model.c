// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define DEFAULT_MODEL "axon/models/gemma3-270m-q4_k_m.gguf"

static void require(int ret, const struct axon_err *err)
{
	if (!ret)
		return;
	fprintf(stderr, "%s\n", err->msg);
	exit(1);
}

static const char *model_path(char *buffer, size_t size)
{
	const char *path = getenv("AXON_TEST_MODEL"), *cache = getenv("XDG_CACHE_HOME"),
		   *home = getenv("HOME");

	if (path)
		return path;
	if (cache && *cache)
		snprintf(buffer, size, "%s/%s", cache, DEFAULT_MODEL);
	else
		snprintf(buffer, size, "%s/.cache/%s", home ? home : "", DEFAULT_MODEL);
	return buffer;
}

void model_open(struct model *m, uint32_t context, uint32_t logit_rows)
{
	struct llm_options options = {.context = context, .logit_rows = logit_rows};
	struct axon_err err;
	char buffer[4096];
	const char *path = model_path(buffer, sizeof(buffer));

	if (access(path, R_OK)) {
		printf("skipped: no model at %s\n", path);
		exit(77);
	}
	require(gguf_open(path, &m->gguf, &err), &err);
	require(tokenizer_new(m->gguf, &m->tokenizer, &err), &err);
	require(chip_open(&m->chip, 0, &err), &err);
	require(llm_open(&m->chip, m->gguf, &options, &m->llm, &err), &err);
}

void model_close(struct model *m)
{
	llm_close(m->llm);
	chip_close(&m->chip);
	tokenizer_free(m->tokenizer);
	gguf_close(m->gguf);
}

char *model_read_data(const char *name)
{
	char path[4096];
	size_t size = 1 << 20, n;
	char *text = malloc(size);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	f = fopen(path, "r");
	if (!f || !text) {
		perror(path);
		exit(1);
	}
	n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}
