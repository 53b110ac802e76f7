// SPDX-License-Identifier: MIT
/* accel-run: a language model on the accelerator, from the command line. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "evaluate.h"
#include "run.h"

/* Rows of logits that scoring computes at once. */
#define SCORE_ROWS 32

static volatile sig_atomic_t interrupted;

/* The first Ctrl-C ends the work in order; a second one kills. */
static void on_interrupt(int signal_number)
{
	interrupted = 1;
	signal(signal_number, SIG_DFL);
}

bool run_interrupted(void)
{
	return interrupted;
}

double run_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* By /proc/self/stat, whose 22nd field counts clock ticks since the machine's start. */
double run_age(void)
{
	unsigned long long start = 0;
	FILE *f = fopen("/proc/self/stat", "r");
	struct timespec t;

	if (!f)
		return 0;
	/* the name in parentheses is this program's */
	if (fscanf(f,
		   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
		   "%*d %*d %*d %*d %llu",
		   &start) != 1)
		start = 0;
	fclose(f);
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9 -
	       (double)start / (double)sysconf(_SC_CLK_TCK);
}

int run_read_file(const char *path, char **text, size_t *len, struct axon_err *err)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	int ret = 0;

	if (!f || fstat(fileno(f), &st)) {
		ret = axon_fail(err, -errno, "%s: %s", path, strerror(errno));
		goto out;
	}
	*text = malloc((size_t)st.st_size + 1);
	if (!*text) {
		ret = axon_fail(err, -ENOMEM, "%s: out of memory", path);
		goto out;
	}
	*len = fread(*text, 1, (size_t)st.st_size, f);
	(*text)[*len] = '\0';
out:
	if (f)
		fclose(f);
	return ret;
}

static int show_loading(void *opaque, uint64_t done, uint64_t total)
{
	const struct run *r = opaque;

	if (r->show_progress)
		fprintf(stderr, "\rloading %s: %3u %% of %llu MiB%s", r->options->model,
			(unsigned int)(100 * done / total), (unsigned long long)(total >> 20),
			done == total ? "\n" : "");
	return interrupted;
}

/* Has the chip stop by itself at the tokens that end a text. */
static void set_ends(struct run *r)
{
	uint32_t vocabulary = llm_config(r->llm)->vocabulary, n = 0;
	int32_t ends[LLM_ENDS];

	for (uint32_t i = 0; i < vocabulary && n < LLM_ENDS; i++)
		if (tokenizer_is_eog(r->tokenizer, (int32_t)i))
			ends[n++] = (int32_t)i;
	llm_set_ends(r->llm, ends, n);
}

static int open_model(struct run *r, struct axon_err *err)
{
	const struct run_options *o = r->options;
	struct llm_options options = {
		.context = o->context, .batch = o->batch, .progress = show_loading, .opaque = r};
	int ret;

	if (o->mode == RUN_PERPLEXITY || o->mode == RUN_DIVERGENCE)
		options.logit_rows = SCORE_ROWS;
	ret = o->mode == RUN_DIVERGENCE ? evaluate_base_context(o->base, &options.context, err) : 0;
	if (!ret)
		ret = gguf_open(o->model, &r->gguf, err);
	if (!ret)
		ret = tokenizer_new(r->gguf, &r->tokenizer, err);
	if (!ret && o->mode == RUN_PROMPTS)
		ret = run_prompts_load(r, &options, err);
	if (!ret)
		ret = chip_open(&r->chip, o->device, err);
	if (!ret)
		ret = llm_open(&r->chip, r->gguf, &options, &r->llm, err);
	if (ret)
		return ret;
	llm_set_sampling(r->llm, &o->sampling);
	if (!o->ignore_end)
		set_ends(r);
	return 0;
}

static int run_mode(struct run *r, struct axon_err *err)
{
	switch (r->options->mode) {
	case RUN_CHAT: return run_chat(r, err);
	case RUN_PROMPTS: return run_prompts(r, err);
	case RUN_PERPLEXITY: return run_perplexity(r, err);
	case RUN_DIVERGENCE: return run_divergence(r, err);
	default: return run_generate(r, err);
	}
}

static void close_model(struct run *r)
{
	llm_close(r->llm);
	run_prompts_free(r->prompts);
	chip_close(&r->chip);
	tokenizer_free(r->tokenizer);
	gguf_close(r->gguf);
}

int main(int argc, char **argv)
{
	struct sigaction interrupt = {.sa_handler = on_interrupt};
	struct run_options options;
	struct axon_err err = {0};
	struct run r = {.options = &options};
	int ret;

	run_options_parse(argc, argv, &options);
	r.show_progress = options.progress || isatty(STDERR_FILENO);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);

	ret = open_model(&r, &err);
	if (!ret)
		ret = run_mode(&r, &err);
	close_model(&r);
	if (interrupted)
		return 130;
	if (ret)
		fprintf(stderr, "accel-run: %s\n", err.msg);
	return ret ? 1 : 0;
}
