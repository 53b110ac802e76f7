// SPDX-License-Identifier: MIT
/* accel-train: trains a network on the accelerator, from the command line. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "classifier.h"
#include "train_options.h"

static volatile sig_atomic_t interrupted;

/* The first Ctrl-C ends the work in order, with a checkpoint; a second one kills. */
static void on_interrupt(int signal_number)
{
	interrupted = 1;
	signal(signal_number, SIG_DFL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct training {
	const struct train_options *options;
	struct classifier net;
	uint64_t end; /* the step to stop behind */
	bool show_progress;
	/* since the last report */
	double start, loss;
	uint32_t steps;
};

static void report(struct training *t)
{
	const struct classifier_state *at = &t->net.at;
	double images = (double)t->steps * at->batch;

	printf("step %" PRIu64 "/%" PRIu64 "  epoch %.2f  loss %.4f  %.0f images/s\n", at->step,
	       t->end, (double)at->step / classifier_epoch(&t->net), t->loss / t->steps,
	       images / (now() - t->start));
	fflush(stdout);
	t->start = now();
	t->loss = 0;
	t->steps = 0;
}

static void show(const struct training *t, double loss)
{
	if (t->show_progress)
		fprintf(stderr, "\r%3u %%  step %" PRIu64 "  loss %.4f \r",
			(unsigned int)(100 * t->net.at.step / t->end), t->net.at.step, loss);
}

static bool save_due(const struct training *t)
{
	uint64_t every = t->options->save_every, step = t->net.at.step;

	return t->options->out && step % (every ? every : classifier_epoch(&t->net)) == 0;
}

static int train(struct training *t, struct axon_err *err)
{
	uint64_t saved = UINT64_MAX;
	int ret = 0;

	t->start = now();
	while (!ret && !interrupted && t->net.at.step < t->end) {
		double loss = 0;

		ret = classifier_step(&t->net, &loss, err);
		if (ret)
			return ret;
		t->loss += loss;
		t->steps++;
		show(t, loss);
		if (t->net.at.step % t->options->report == 0 || t->net.at.step == t->end)
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
	const struct train_options *o = t->options;
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

int main(int argc, char **argv)
{
	struct sigaction interrupt = {.sa_handler = on_interrupt};
	struct train_options options;
	struct training t = {.options = &options};
	struct axon_err err = {0};
	struct chip chip = {0};
	int ret;

	train_options_parse(argc, argv, &options);
	t.show_progress = options.progress || isatty(STDERR_FILENO);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);

	ret = chip_open(&chip, options.device, &err);
	if (!ret)
		ret = open_network(&t, &chip, &err);
	if (!ret && !options.eval)
		ret = train(&t, &err);
	if (!ret && !interrupted)
		ret = test(&t, &err);
	classifier_close(&t.net);
	chip_close(&chip);
	if (ret)
		fprintf(stderr, "accel-train: %s\n", err.msg);
	return ret ? 1 : interrupted ? 130 : 0;
}
