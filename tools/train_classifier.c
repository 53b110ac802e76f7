// SPDX-License-Identifier: MIT
/* The task fashion-mnist. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "classifier.h"
#include "train_classifier_options.h"
#include "train_progress.h"

struct training {
	const struct train_classifier_options *options;
	struct classifier net;
	uint64_t end; /* the step to stop behind */
	struct train_progress progress;
};

static void report(struct training *t)
{
	const struct classifier_state *at = &t->net.at;
	double loss, rate;

	train_progress_report(&t->progress, &loss, &rate);
	printf("step %" PRIu64 "/%" PRIu64 "  epoch %.2f  loss %.4f  %.0f images/s\n", at->step,
	       t->end, (double)at->step / classifier_epoch(&t->net), loss, rate);
	fflush(stdout);
}

static bool save_due(const struct training *t)
{
	uint64_t every = t->options->common.save_every, step = t->net.at.step;

	return t->options->out && step % (every ? every : classifier_epoch(&t->net)) == 0;
}

static int train(struct training *t, struct axon_err *err)
{
	uint64_t saved = UINT64_MAX;
	int ret = 0;

	train_progress_start(&t->progress, "images", t->net.at.step, t->end,
			     t->options->common.progress);
	while (!ret && !train_interrupted() && t->net.at.step < t->end) {
		double loss = 0;

		ret = classifier_step(&t->net, &loss, err);
		if (ret)
			return ret;
		train_progress_step(&t->progress, t->net.at.step, loss, t->net.at.batch);
		if (t->net.at.step % t->options->common.report == 0 || t->net.at.step == t->end)
			report(t);
		if (save_due(t)) {
			ret = classifier_save(&t->net, t->options->out, err);
			saved = t->net.at.step;
		}
	}
	if (!ret && t->options->out && saved != t->net.at.step)
		ret = classifier_save(&t->net, t->options->out, err);
	return ret;
}

static int test(struct training *t, struct axon_err *err)
{
	uint32_t correct;
	int ret = classifier_test(&t->net, &correct, err);

	if (!ret)
		printf("test accuracy %.1f %%\n", 100.0 * correct / t->net.test_images);
	return ret;
}

/* With a checkpoint its seed and batch hold, unless others were asked for, which classifier_load() refuses. */
static int open_network(struct training *t, struct chip *chip, struct axon_err *err)
{
	const struct train_classifier_options *o = t->options;
	const char *checkpoint = o->eval ? o->eval : o->resume;
	struct classifier_state at = {.seed = o->seed, .batch = o->batch};
	int ret = checkpoint ? classifier_peek(checkpoint, &at, err) : 0;

	if (ret)
		return ret;
	if (o->seed_given)
		at.seed = o->seed;
	if (o->batch_given)
		at.batch = o->batch;
	ret = classifier_open(&t->net, chip, o->data, &at, err);
	if (!ret && checkpoint)
		ret = classifier_load(&t->net, checkpoint, err);
	if (ret)
		return ret;
	t->end = o->steps ? o->steps : o->epochs * classifier_epoch(&t->net);
	if (!o->eval && t->net.at.step > t->end)
		return axon_fail(err, -EINVAL,
				 "%s: expected a checkpoint of at most %" PRIu64
				 " steps, found %" PRIu64
				 "; give a later end with --steps or --epochs",
				 checkpoint, t->end, t->net.at.step);
	return 0;
}

int train_classifier_main(int argc, char **argv)
{
	struct train_classifier_options options;
	struct training t = {.options = &options};
	struct axon_err err = {0};
	struct chip chip = {0};
	int ret;

	train_classifier_options_parse(argc, argv, &options);
	ret = chip_open(&chip, options.common.device, &err);
	if (!ret)
		ret = open_network(&t, &chip, &err);
	if (!ret && !options.eval)
		ret = train(&t, &err);
	if (!ret && !train_interrupted())
		ret = test(&t, &err);
	classifier_close(&t.net);
	chip_close(&chip);
	return train_status(ret, &err);
}
