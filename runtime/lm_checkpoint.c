// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lm_checkpoint.h"

#define FORMAT	   "axon-lm-1"
#define VOCABULARY "merges"
/* Each parameter is there three times: itself and AdamW's moments. */
enum { VALUE, MOMENT_M, MOMENT_V, KINDS };

struct tensors {
	size_t n;
	struct safetensor *list;
	char (*names)[GRAPH_NAME + 16];
};

static void free_tensors(struct tensors *t)
{
	free(t->list);
	free(t->names);
}

/* Describes all that a checkpoint holds. */
static int list_tensors(const struct lm *lm, struct tensors *t, struct axon_err *err)
{
	static const char *const prefix[KINDS] = {"", "adamw.m.", "adamw.v."};
	uint32_t parameters = lm_parameters(lm);

	t->n = (size_t)KINDS * parameters;
	t->list = calloc(t->n, sizeof(*t->list));
	t->names = calloc(t->n, sizeof(*t->names));
	if (!t->list || !t->names) {
		free_tensors(t);
		return axon_fail(err, -ENOMEM, "checkpoint: out of memory");
	}
	for (size_t i = 0; i < t->n; i++) {
		struct lm_parameter p = lm_parameter(lm, (uint32_t)(i % parameters));
		float *const data[KINDS] = {p.value, p.m, p.v};
		size_t kind = i / parameters;

		snprintf(t->names[i], sizeof(t->names[i]), "%s%s", prefix[kind], p.name);
		t->list[i] = (struct safetensor){t->names[i], p.dims, p.dim, data[kind]};
	}
	return 0;
}

int lm_checkpoint_save(const struct lm *lm, uint64_t text_hash, const struct bpe_vocab *vocab,
		       const char *path, struct axon_err *err)
{
	const struct lm_settings settings = {lm->config, lm->optimizer, lm->at, text_hash};
	struct safetensors_text texts[LM_SETTINGS + 2];
	char values[LM_SETTINGS][LM_SETTING_TEXT];
	char *merges = bpe_print(vocab);
	struct tensors t;
	int ret;

	if (!merges)
		return axon_fail(err, -ENOMEM, "checkpoint: out of memory");
	ret = list_tensors(lm, &t, err);
	if (!ret) {
		for (int i = 0; i < LM_SETTINGS; i++) {
			lm_setting_print(&settings, i, values[i]);
			texts[i] = (struct safetensors_text){lm_setting_name(i), values[i]};
		}
		texts[LM_SETTINGS] = (struct safetensors_text){"format", FORMAT};
		texts[LM_SETTINGS + 1] = (struct safetensors_text){VOCABULARY, merges};
		ret = safetensors_write(path, t.list, t.n, texts, LM_SETTINGS + 2, err);
		free_tensors(&t);
	}
	free(merges);
	return ret;
}

static int read_settings(struct lm_checkpoint *c, struct axon_err *err)
{
	const char *format = safetensors_text(c->file, "format");
	char expected[64];

	if (!format || strcmp(format, FORMAT))
		return axon_fail(err, -EINVAL,
				 "%s: expected a checkpoint of format " FORMAT ", found '%s'; give "
				 "one that accel-train lm wrote",
				 c->path, format ? format : "none");
	for (int i = 0; i < LM_SETTINGS; i++) {
		const char *text = safetensors_text(c->file, lm_setting_name(i));

		if (!lm_setting_parse(&c->settings, i, text ? text : "", expected))
			return axon_fail(err, -EINVAL,
					 "%s: %s: expected %s, found '%s'" ERR_DAMAGED, c->path,
					 lm_setting_name(i), expected, text ? text : "nothing");
	}
	return 0;
}

static int read_vocabulary(struct lm_checkpoint *c, struct axon_err *err)
{
	const char *merges = safetensors_text(c->file, VOCABULARY);
	struct axon_err why;

	if (!merges)
		return axon_fail(err, -EINVAL, "%s: expected a vocabulary, found none" ERR_DAMAGED,
				 c->path);
	if (bpe_parse(merges, &c->vocab, &why))
		return axon_fail(err, why.code, "%s: %s", c->path, why.msg);
	if (c->vocab.tokens.n != c->settings.config.vocab)
		return axon_fail(err, -EINVAL,
				 "%s: expected a vocabulary of %u tokens, found %u" ERR_DAMAGED,
				 c->path, c->settings.config.vocab, c->vocab.tokens.n);
	return 0;
}

int lm_checkpoint_open(struct lm_checkpoint *c, const char *path, struct axon_err *err)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->path = path;
	ret = safetensors_open(path, &c->file, err);
	if (!ret)
		ret = read_settings(c, err);
	return ret ? ret : read_vocabulary(c, err);
}

void lm_checkpoint_close(struct lm_checkpoint *c)
{
	safetensors_close(c->file);
	bpe_free(&c->vocab);
	memset(c, 0, sizeof(*c));
}

int lm_checkpoint_load(const struct lm_checkpoint *c, struct lm *lm, struct axon_err *err)
{
	struct tensors t;
	int ret = list_tensors(lm, &t, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < t.n && !ret; i++)
		ret = safetensors_read(c->file, &t.list[i], err);
	free_tensors(&t);
	if (!ret)
		lm->at.step = c->settings.at.step;
	return ret;
}
