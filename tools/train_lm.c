// SPDX-License-Identifier: MIT
/* The task lm. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpe_train.h"
#include "lm_checkpoint.h"
#include "lm_gguf.h"
#include "new_file.h"
#include "text_data.h"
#include "train_lm_options.h"
#include "train_progress.h"

struct training {
	const struct train_lm_options *options;
	struct lm_settings settings;
	struct lm_checkpoint from; /* of --resume or --eval */
	struct bpe_vocab made;	   /* without one */
	const struct bpe_vocab *vocab;
	struct gguf *gguf; /* of the vocabulary, or what --eval scores */
	struct tokenizer *tokenizer;
	struct text_data text;
	struct chip chip;
	struct lm lm;
	uint32_t *tokens; /* of a batch */
	struct train_progress progress;
};

/* ---- preparations ---- */

/* What was asked for and what a checkpoint was made with must agree; only the end may change. */
static int adopt_settings(struct training *t, struct axon_err *err)
{
	const struct train_lm_options *o = t->options;

	t->settings = t->from.settings;
	for (int i = 0; i < LM_SETTINGS; i++) {
		char asked[LM_SETTING_TEXT], found[LM_SETTING_TEXT];

		lm_setting_print(&o->settings, i, asked);
		lm_setting_print(&t->from.settings, i, found);
		if (o->given[i] && i != LM_STEPS && strcmp(asked, found))
			return axon_fail(
				err, -EINVAL,
				"--%s: expected %s, which %s was made with, found %s; leave "
				"the option out to go on with it",
				lm_setting_name(i), found, t->from.path, asked);
	}
	if (o->given[LM_STEPS])
		t->settings.optimizer.steps = o->settings.optimizer.steps;
	return 0;
}

static int open_checkpoint(struct training *t, const char *path, struct axon_err *err)
{
	int ret = lm_checkpoint_open(&t->from, path, err);

	if (ret)
		return ret;
	t->vocab = &t->from.vocab;
	return adopt_settings(t, err);
}

static bool is_gguf(const char *path)
{
	char magic[4] = "";
	FILE *f = fopen(path, "rbe");

	if (!f)
		return false;
	if (fread(magic, 1, sizeof(magic), f) != sizeof(magic))
		magic[0] = 0;
	fclose(f);
	return !memcmp(magic, "GGUF", sizeof(magic));
}

/* The settings, the vocabulary and the tokenizer, from a file or from the text. */
static int open_vocabulary(struct training *t, struct axon_err *err)
{
	const struct train_lm_options *o = t->options;
	const char *from = o->eval ? o->eval : o->resume;
	int ret;

	if (o->eval && is_gguf(o->eval)) {
		ret = gguf_open(o->eval, &t->gguf, err);
		if (!ret)
			ret = lm_gguf_config(t->gguf, &t->settings.config, err);
		return ret ? ret : tokenizer_new(t->gguf, &t->tokenizer, err);
	}
	if (from) {
		ret = open_checkpoint(t, from, err);
	} else {
		ret = bpe_train(t->text.text, t->text.train_len, t->settings.config.vocab, &t->made,
				err);
		t->vocab = &t->made;
		t->settings.config.vocab = t->made.tokens.n;
	}
	return ret ? ret : lm_gguf_tokenizer(t->vocab, &t->gguf, &t->tokenizer, err);
}

static int check_start(const struct training *t, struct axon_err *err)
{
	const struct train_lm_options *o = t->options;

	if (o->resume && t->settings.text_hash != t->text.hash)
		return axon_fail(err, -EINVAL,
				 "%s: expected the text that %s learnt from, found another",
				 o->data, o->resume);
	if (o->resume && t->settings.at.step > t->settings.optimizer.steps)
		return axon_fail(err, -EINVAL,
				 "%s: expected a checkpoint of at most %u steps, found %" PRIu64
				 "; give a later end with --steps",
				 o->resume, t->settings.optimizer.steps, t->settings.at.step);
	return 0;
}

static int open_model(struct training *t, struct axon_err *err)
{
	const struct lm_settings *s = &t->settings;
	int ret = chip_open(&t->chip, t->options->common.device, err);

	if (!ret)
		ret = lm_open(&t->lm, &t->chip, &s->config, &s->optimizer, &s->at, err);
	if (!ret && t->from.file)
		ret = lm_checkpoint_load(&t->from, &t->lm, err);
	else if (!ret && t->options->eval)
		ret = lm_gguf_load(t->gguf, &t->lm, err);
	if (ret)
		return ret;
	t->tokens = calloc((size_t)s->at.batch * (s->config.context + 1), sizeof(*t->tokens));
	return t->tokens ? 0 : axon_fail(err, -ENOMEM, "out of memory");
}

static int prepare(struct training *t, struct axon_err *err)
{
	const struct train_lm_options *o = t->options;
	int ret = text_data_open(&t->text, o->data, err);

	if (!ret && o->out)
		ret = new_file_check(o->out, err);
	if (!ret && o->checkpoint)
		ret = new_file_check(o->checkpoint, err);
	if (!ret)
		ret = open_vocabulary(t, err);
	if (!ret)
		ret = check_start(t, err);
	if (!ret)
		ret = text_data_tokenize(&t->text, t->tokenizer, t->settings.config.context, err);
	return ret ? ret : open_model(t, err);
}

static void close_all(struct training *t)
{
	free(t->tokens);
	lm_close(&t->lm);
	chip_close(&t->chip);
	text_data_close(&t->text);
	tokenizer_free(t->tokenizer);
	gguf_close(t->gguf);
	bpe_free(&t->made);
	lm_checkpoint_close(&t->from);
}

/* ---- training ---- */

static void report(struct training *t)
{
	const struct lm *lm = &t->lm;
	double loss, rate;

	train_progress_report(&t->progress, &loss, &rate);
	printf("step %" PRIu64 "/%u  loss %.5f  rate %.2e  gradient %.3f  %.0f tokens/s\n",
	       lm->at.step, lm->optimizer.steps, loss, lm_rate(&lm->optimizer, lm->at.step),
	       lm_gradient_norm(lm), rate);
	fflush(stdout);
}

static int save(struct training *t, uint64_t *saved, struct axon_err *err)
{
	*saved = t->lm.at.step;
	return lm_checkpoint_save(&t->lm, t->text.hash, t->vocab, t->options->checkpoint, err);
}

static int train(struct training *t, struct axon_err *err)
{
	const struct train_common *common = &t->options->common;
	uint32_t context = t->lm.config.context, batch = t->lm.at.batch;
	uint64_t end = t->lm.optimizer.steps, saved = UINT64_MAX;
	int ret = 0;

	while (!ret && !train_interrupted() && t->lm.at.step < end) {
		double loss = 0;

		text_data_batch(&t->text, t->lm.at.seed, t->lm.at.step, batch, context, t->tokens);
		ret = lm_step(&t->lm, t->tokens, &loss, err);
		if (ret)
			return ret;
		train_progress_step(&t->progress, t->lm.at.step, loss, (double)batch * context);
		if (t->lm.at.step % common->report == 0 || t->lm.at.step == end)
			report(t);
		if (common->save_every && t->lm.at.step % common->save_every == 0)
			ret = save(t, &saved, err);
	}
	if (!ret && t->options->checkpoint && saved != t->lm.at.step)
		ret = save(t, &saved, err);
	if (!ret && t->options->out)
		ret = lm_gguf_write(&t->lm, t->vocab, t->options->type, t->options->out, err);
	return ret;
}

/* ---- validation ---- */

/* Blocks first to first + n; rows beyond them repeat the last and are not counted. */
static int add_losses(struct training *t, uint64_t first, uint32_t n, double *sum,
		      struct axon_err *err)
{
	uint32_t context = t->lm.config.context;
	double mean;
	int ret;

	for (uint32_t row = 0; row < t->lm.at.batch; row++)
		text_data_block(&t->text, first + (row < n ? row : n - 1), context,
				t->tokens + (size_t)row * (context + 1));
	ret = lm_evaluate(&t->lm, t->tokens, &mean, err);
	for (size_t i = 0; i < (size_t)n * context && !ret; i++)
		*sum += (double)lm_losses(&t->lm)[i];
	return ret;
}

static int validate(struct training *t, struct axon_err *err)
{
	uint32_t context = t->lm.config.context, batch = t->lm.at.batch;
	uint64_t blocks = text_data_blocks(&t->text, context), done = 0;
	double sum = 0;
	int ret = 0;

	for (; done < blocks && !ret && !train_interrupted(); done += batch) {
		uint64_t left = blocks - done;

		train_progress_phase(&t->progress, "validation", done, blocks);
		ret = add_losses(t, done, left < batch ? (uint32_t)left : batch, &sum, err);
	}
	train_progress_phase(&t->progress, "validation", blocks, blocks);
	if (!ret && done >= blocks) {
		double loss = sum / (double)(blocks * context);

		printf("validation loss %.5f  perplexity %.3f  over %" PRIu64 " tokens\n", loss,
		       exp(loss), blocks * context);
	}
	return ret;
}

static void introduce(const struct training *t)
{
	printf("%.2f million parameters, %u tokens in the vocabulary, %" PRIu64
	       " in the text to learn from, %" PRIu64 " for validation\n",
	       (double)lm_size(&t->lm) / 1e6, t->lm.config.vocab, t->text.n_train, t->text.n_valid);
	fflush(stdout);
}

int train_lm_main(int argc, char **argv)
{
	struct train_lm_options options;
	struct training t = {.options = &options};
	struct axon_err err = {0};
	int ret;

	train_lm_options_parse(argc, argv, &options);
	t.settings = options.settings;
	ret = prepare(&t, &err);
	if (!ret) {
		introduce(&t);
		train_progress_start(&t.progress, "tokens", t.lm.at.step, t.lm.optimizer.steps,
				     options.common.progress);
		if (!options.eval)
			ret = train(&t, &err);
	}
	if (!ret && !train_interrupted())
		ret = validate(&t, &err);
	close_all(&t);
	return train_status(ret, &err);
}
