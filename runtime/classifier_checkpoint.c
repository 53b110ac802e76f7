// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "safetensors.h"

#define FORMAT "axon-classifier-1"
/* Each parameter is there three times: itself and AdamW's moments. */
enum { VALUE, MOMENT_M, MOMENT_V, KINDS };
#define PARAMETERS 6 /* weights and biases of three layers */

struct names {
	char text[KINDS * PARAMETERS][GRAPH_NAME + 16];
};

/* Describes all that a checkpoint holds; returns how many tensors. */
static size_t list_tensors(struct graph *g, struct names *names, struct safetensor *out)
{
	static const char *const prefix[KINDS] = {"", "adamw.m.", "adamw.v."};
	float *const base[KINDS] = {g->value, g->m, g->v};
	size_t n = 0;

	for (int kind = 0; kind < KINDS; kind++)
		for (uint32_t i = 0; i < g->count; i++) {
			const struct graph_tensor *t = &g->tensors[i];

			if (t->op != GRAPH_PARAMETER)
				continue;
			snprintf(names->text[n], sizeof(names->text[n]), "%s%s", prefix[kind],
				 t->name);
			out[n] = (struct safetensor){names->text[n], t->dims, t->dim,
						     base[kind] + t->at};
			n++;
		}
	return n;
}

int classifier_save(struct classifier *c, const char *path, struct axon_err *err)
{
	struct safetensor tensors[KINDS * PARAMETERS];
	struct names names;
	size_t n = list_tensors(&c->graph, &names, tensors);
	char seed[24], batch[24], step[24];
	const struct safetensors_text texts[] = {
		{"format", FORMAT}, {"seed", seed}, {"batch", batch}, {"step", step}};

	snprintf(seed, sizeof(seed), "%" PRIu64, c->at.seed);
	snprintf(batch, sizeof(batch), "%" PRIu32, c->at.batch);
	snprintf(step, sizeof(step), "%" PRIu64, c->at.step);
	return safetensors_write(path, tensors, n, texts, sizeof(texts) / sizeof(texts[0]), err);
}

static int number(const struct safetensors *file, const char *path, const char *key, uint64_t max,
		  uint64_t *value, struct axon_err *err)
{
	const char *text = safetensors_text(file, key);
	char *end;

	errno = 0;
	*value = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
	if (!text || *text < '0' || *text > '9' || errno || *end || *value > max)
		return axon_fail(err, -EINVAL,
				 "%s: %s: expected a number of at most %" PRIu64
				 ", found '%s'" ERR_DAMAGED,
				 path, key, max, text ? text : "nothing");
	return 0;
}

static int read_state(const struct safetensors *file, const char *path, struct classifier_state *at,
		      struct axon_err *err)
{
	const char *format = safetensors_text(file, "format");
	uint64_t batch;
	int ret;

	if (!format || strcmp(format, FORMAT))
		return axon_fail(err, -EINVAL,
				 "%s: expected a checkpoint of format " FORMAT ", found '%s'; give "
				 "one that accel-train wrote",
				 path, format ? format : "none");
	ret = number(file, path, "seed", UINT64_MAX, &at->seed, err);
	if (!ret)
		ret = number(file, path, "batch", CLASSIFIER_MAX_BATCH, &batch, err);
	if (!ret)
		ret = number(file, path, "step", UINT32_MAX, &at->step, err);
	if (!ret && !batch)
		ret = axon_fail(err, -EINVAL, "%s: batch: expected at least 1, found 0" ERR_DAMAGED,
				path);
	at->batch = ret ? 0 : (uint32_t)batch;
	return ret;
}

int classifier_peek(const char *path, struct classifier_state *at, struct axon_err *err)
{
	struct safetensors *file;
	int ret = safetensors_open(path, &file, err);

	if (ret)
		return ret;
	ret = read_state(file, path, at, err);
	safetensors_close(file);
	return ret;
}

int classifier_load(struct classifier *c, const char *path, struct axon_err *err)
{
	struct safetensor tensors[KINDS * PARAMETERS];
	struct names names;
	size_t n = list_tensors(&c->graph, &names, tensors);
	struct classifier_state at;
	struct safetensors *file;
	int ret = safetensors_open(path, &file, err);

	if (ret)
		return ret;
	ret = read_state(file, path, &at, err);
	if (!ret && (at.seed != c->at.seed || at.batch != c->at.batch))
		ret = axon_fail(err, -EINVAL,
				"%s: expected seed %" PRIu64 " and batch %u, found %" PRIu64
				" and %u; leave --seed and --batch out to go on with it",
				path, c->at.seed, c->at.batch, at.seed, at.batch);
	for (size_t i = 0; !ret && i < n; i++)
		ret = safetensors_read(file, &tensors[i], err);
	if (!ret)
		c->at.step = at.step;
	safetensors_close(file);
	return ret;
}
