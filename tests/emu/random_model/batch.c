// SPDX-License-Identifier: MIT
/*
 * usage: batch MODEL TOKENS
 *
 * Runs sixteen prompts, cut from the int32 tokens of a file, each alone on one core with its prompt
 * in one step. Then in batches of 1, 2, 4, 8 and 16, some beginning while others go on, with prompts
 * in parts, pages that do not follow each other, on 1, 2 and 4 cores, and on every path of the matrix
 * engine that the host can. Tokens and logits must be the same to the bit; with steps run ahead, too,
 * where the host breaks in on the one sequence of llm.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm_batch.h"
#include "matrix_impl.h"

#define MAX_TOKENS 4096
#define SEQUENCES  16
#define NEW_TOKENS 4
/* One-page sequences that come first, every other one of which then makes room. */
#define PLUGS 8
#define PAGE  64

struct prompt {
	int32_t tokens[256];
	uint32_t n;
	struct llm_sampling sampling;
};

/* What a prompt gave. */
struct answer {
	uint32_t n;
	int32_t tokens[NEW_TOKENS];
	float *logits[NEW_TOKENS];
};

struct way {
	const char *cores;
	enum matrix_path_id path;
	uint32_t batch, run_ahead;
};

static struct prompt prompts[SEQUENCES];
static struct answer expected[SEQUENCES];
static const char *model_path, *where;

static void require(int ret, const struct axon_err *err)
{
	if (!ret)
		return;
	fprintf(stderr, "batch: %s\n", err->msg);
	exit(1);
}

static void make_prompts(const char *path)
{
	static int32_t tokens[MAX_TOKENS];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		exit(1);
	}
	n = fread(tokens, sizeof(*tokens), MAX_TOKENS, f);
	fclose(f);
	for (uint32_t i = 0; i < SEQUENCES; i++) {
		struct prompt *p = &prompts[i];

		p->n = 1 + i * 37 % 140;
		for (uint32_t t = 0; t < p->n; t++)
			p->tokens[t] = tokens[(7 * i + t) % n];
		p->sampling = (struct llm_sampling){
			.temperature = i % 2 ? 0.8f : 0, .top_k = i % 4 > 1, .top_p = 1, .seed = i};
		p->sampling.top_k *= 100;
	}
}

static uint32_t positions(const struct prompt *p)
{
	return p->n + NEW_TOKENS - 1;
}

static uint32_t pages(uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += (positions(&prompts[i]) + PAGE - 1) / PAGE;
	return sum;
}

static struct llm *open_model(struct chip *chip, const struct gguf *gguf, const struct way *w)
{
	struct axon_err err = {0};
	struct llm_options options = {
		.context = 256,
		.batch = w->batch,
		.sequences = SEQUENCES,
		.cache = (pages(SEQUENCES / 2) + PLUGS / 2) * PAGE,
		.run_ahead = w->run_ahead,
	};
	struct llm *m;

	setenv("AXON_EMU_CORES", w->cores, 1);
	require(chip_open(chip, 0, &err), &err);
	if (!matrix_select(w->path)) {
		chip_close(chip);
		return NULL;
	}
	require(llm_open(chip, gguf, &options, &m, &err), &err);
	return m;
}

/* Leaves only single pages free in the first part of the pool. */
static void plug(struct llm *m, struct llm_sequence *plugs[PLUGS])
{
	struct axon_err err;

	for (uint32_t i = 0; i < PLUGS; i++)
		require(llm_sequence_new(m, PAGE, &prompts[0].sampling, &plugs[i], &err), &err);
	for (uint32_t i = 0; i < PLUGS; i += 2) {
		llm_sequence_free(plugs[i]);
		plugs[i] = NULL;
	}
}

static void unplug(struct llm_sequence *plugs[PLUGS])
{
	for (uint32_t i = 0; i < PLUGS; i++)
		llm_sequence_free(plugs[i]);
}

static bool begin(struct llm *m, uint32_t i, struct llm_sequence **q)
{
	struct axon_err err = {0};
	int ret = llm_sequence_new(m, positions(&prompts[i]), &prompts[i].sampling, q, &err);

	if (ret == -EAGAIN)
		return false;
	require(ret, &err);
	require(llm_sequence_run(*q, prompts[i].tokens, prompts[i].n, NEW_TOKENS, &err), &err);
	return true;
}

static void keep(struct answer *a, const struct llm_token *t, uint32_t vocabulary)
{
	a->logits[a->n] = malloc(vocabulary * sizeof(float));
	memcpy(a->logits[a->n], t->logits, vocabulary * sizeof(float));
	a->tokens[a->n++] = t->token;
}

static void compare(uint32_t i, uint32_t at, const struct llm_token *t, bool logits,
		    uint32_t vocabulary, uint32_t n)
{
	const struct answer *e = &expected[i];

	if (at < e->n && t->token == e->tokens[at] &&
	    (!logits || !memcmp(t->logits, e->logits[at], vocabulary * sizeof(float))))
		return;
	printf("%s, %u at once: sequence %u, token %u: expected the same as alone, found %s\n",
	       where, n, i, at,
	       at < e->n && t->token == e->tokens[at] ? "other logits" : "another");
	exit(1);
}

/* Runs prompts first .. first + n together: a new one each step while there is room. */
static void run(struct llm *m, uint32_t first, uint32_t n, bool record, bool logits)
{
	struct llm_sequence *q[SEQUENCES] = {NULL};
	uint32_t started = 0, ended = 0, got[SEQUENCES] = {0};
	uint32_t vocabulary = llm_config(m)->vocabulary, count;
	struct llm_token tokens[SEQUENCES];
	struct axon_err err = {0};
	bool more;

	while (ended < n) {
		if (started < n && begin(m, first + started, &q[started]))
			started++;
		require(llm_step(m, tokens, &count, &more, &err), &err);
		for (uint32_t t = 0; t < count; t++) {
			uint32_t i = 0;

			while (q[i] != tokens[t].sequence)
				i++;
			if (record)
				keep(&expected[first + i], &tokens[t], vocabulary);
			else
				compare(first + i, got[i]++, &tokens[t], logits, vocabulary, n);
			if (!tokens[t].last)
				continue;
			llm_sequence_free(q[i]);
			q[i] = NULL;
			ended++;
		}
	}
	for (uint32_t i = 0; i < n && !record; i++)
		if (got[i] != expected[first + i].n) {
			printf("%s: sequence %u: expected %u tokens, found %u\n", where, first + i,
			       expected[first + i].n, got[i]);
			exit(1);
		}
}

static void record_alone(const struct gguf *gguf)
{
	struct way w = {.cores = "1", .path = MATRIX_NUM_PATHS, .batch = 256, .run_ahead = 1};
	struct chip chip;
	struct llm *m;

	while (!matrix_select(--w.path))
		;
	m = open_model(&chip, gguf, &w);
	for (uint32_t i = 0; i < SEQUENCES; i++)
		run(m, i, 1, true, true);
	llm_close(m);
	chip_close(&chip);
}

static void check_way(const struct gguf *gguf, const struct way *w)
{
	struct llm_sequence *plugs[PLUGS];
	char text[128];
	struct chip chip;
	struct llm *m = open_model(&chip, gguf, w);

	if (!m)
		return;
	snprintf(text, sizeof(text), "%s: %s cores, matrix path %u, %u rows, %u steps ahead",
		 model_path, w->cores, w->path, w->batch, w->run_ahead);
	where = text;
	for (uint32_t n = 1; n <= SEQUENCES; n *= 2) {
		bool plugged = n <= SEQUENCES - PLUGS;

		if (plugged)
			plug(m, plugs);
		run(m, 0, n, false, w->run_ahead == 1);
		if (plugged)
			unplug(plugs);
	}
	llm_close(m);
	chip_close(&chip);
}

static void expect(int32_t found, const struct answer *e, uint32_t at)
{
	if (found == e->tokens[at])
		return;
	printf("%s, one sequence, steps ahead: token %u: expected %d, found %d\n", model_path, at,
	       e->tokens[at], found);
	exit(1);
}

/* With steps under way that nobody asks for: a prompt, a way back, an end of text and what follows it. */
static void check_single(const struct gguf *gguf)
{
	const struct llm_options options = {.context = 256, .run_ahead = 4};
	const struct answer *e = &expected[4]; /* of the likeliest tokens */
	const struct prompt *p = &prompts[4];
	struct axon_err err = {0};
	struct chip chip;
	struct llm *m;
	int32_t token;

	require(chip_open(&chip, 0, &err), &err);
	require(llm_open(&chip, gguf, &options, &m, &err), &err);
	for (int ends = 0; ends < 2; ends++) {
		llm_set_ends(m, &e->tokens[1], (uint32_t)ends);
		llm_rewind(m, ends ? p->n - 1 : 0);
		require(llm_prompt(m, p->tokens + llm_position(m), p->n - llm_position(m), &token,
				   &err),
			&err);
		expect(token, e, 0);
		for (uint32_t i = 1; i < NEW_TOKENS; i++) {
			require(llm_next(m, &token, &err), &err);
			expect(token, e, i);
		}
		if (llm_position(m) != p->n + NEW_TOKENS - 1) {
			printf("%s: expected position %u, found %u\n", model_path,
			       p->n + NEW_TOKENS - 1, llm_position(m));
			exit(1);
		}
	}
	llm_close(m);
	chip_close(&chip);
}

int main(int argc, char **argv)
{
	struct axon_err err = {0};
	struct gguf *gguf;

	if (argc != 3) {
		fprintf(stderr, "usage: batch MODEL TOKENS\n");
		return 2;
	}
	model_path = argv[1];
	make_prompts(argv[2]);
	require(gguf_open(argv[1], &gguf, &err), &err);
	record_alone(gguf);
	for (unsigned int path = 0; path < MATRIX_NUM_PATHS; path++)
		check_way(gguf, &(struct way){"2", path, 20, 1});
	for (unsigned int path = MATRIX_NUM_PATHS; path-- > 0;)
		if (matrix_select(path)) {
			check_way(gguf, &(struct way){"1", path, 32, 1});
			check_way(gguf, &(struct way){"4", path, 256, 1});
			check_way(gguf, &(struct way){"2", path, 64, 4});
			break;
		}
	check_single(gguf);
	gguf_close(gguf);
	printf("%s: the same alone and in batches\n", model_path);
	return 0;
}
