// SPDX-License-Identifier: MIT
#include <accel.h>
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chat.h"
#include "llm_config.h"
#include "run_options.h"

enum {
	OPT_TEMP = 256,
	OPT_TOP_K,
	OPT_TOP_P,
	OPT_MIN_P,
	OPT_CHAT,
	OPT_TEMPLATE,
	OPT_PROMPTS,
	OPT_PARALLEL,
	OPT_PERPLEXITY,
	OPT_DIVERGENCE,
	OPT_CHUNKS,
	OPT_IGNORE_EOS,
	OPT_DEVICE,
	OPT_TRACE,
	OPT_PROGRESS,
};

static const struct argp_option options[] = {
	{"model", 'm', "FILE", 0, "GGUF file of the model (required)", 0},
	{"prompt", 'p', "TEXT", 0, "text to continue, or with --chat the first message", 0},
	{"file", 'f', "FILE", 0, "read the text from a file", 0},
	{"n-predict", 'n', "N", 0, "tokens to generate (-1: until the model ends; default 128)", 0},
	{"ctx-size", 'c', "N", 0, "context in tokens (default: the model's, at most 4096)", 0},
	{"batch-size", 'b', "N", 0, "prompt tokens in one step (default 512)", 0},
	{"ignore-eos", OPT_IGNORE_EOS, NULL, 0, "go on after the end of the text", 0},
	{NULL, 0, NULL, 0, "Sampling:", 1},
	{"temp", OPT_TEMP, "T", 0, "temperature (default 0: always the most likely token)", 1},
	{"top-k", OPT_TOP_K, "K", 0, "only the K most likely tokens (0: all; default 40)", 1},
	{"top-p", OPT_TOP_P, "P", 0,
	 "only the most likely tokens that make up P (1: all; default 0.95)", 1},
	{"min-p", OPT_MIN_P, "P", 0,
	 "only tokens at least P times as likely as the best (default 0.05)", 1},
	{"seed", 's', "N", 0, "seed of the draws (default: from the clock)", 1},
	{NULL, 0, NULL, 0, "Conversation:", 2},
	{"chat", OPT_CHAT, NULL, 0, "converse: messages from -p and standard input, a line each",
	 2},
	{"chat-template", OPT_TEMPLATE, "NAME", 0,
	 "one of " CHAT_TEMPLATES " (default: the file's)", 2},
	{NULL, 0, NULL, 0, "Several prompts at once:", 3},
	{"prompts", OPT_PROMPTS, "FILE", 0, "continue each line of a file", 3},
	{"parallel", OPT_PARALLEL, "N", 0, "up to N of them at once (default 8)", 3},
	{NULL, 0, NULL, 0, "Measures:", 4},
	{"perplexity", OPT_PERPLEXITY, NULL, 0, "score the text of -f in chunks of -c tokens", 4},
	{"kl-divergence-base", OPT_DIVERGENCE, "FILE", 0,
	 "compare with the log-probabilities that llama-perplexity wrote to FILE", 4},
	{"chunks", OPT_CHUNKS, "N", 0, "score at most N chunks", 4},
	{NULL, 0, NULL, 0, "Device:", 5},
	{"device", OPT_DEVICE, "N", 0,
	 "accelerator N of those that ACCEL_VISIBLE_DEVICES leaves (default 0)", 5},
	{"trace", OPT_TRACE, NULL, 0, "show one token's way through all layers, with times", 5},
	{"progress", OPT_PROGRESS, NULL, 0, "show progress though standard error is no terminal",
	 5},
	{0}};

static const char doc[] = "Run a language model on the axon accelerator.\n\n"
			  "The text goes to standard output as it is made; a line with the speed "
			  "of prefill and decode to standard "
			  "error. Model architectures: " LLM_ARCHITECTURES ".\v"
			  "Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

static long long number(struct argp_state *state, const char *name, const char *text, long long min,
			long long max)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max)
		argp_error(state, "%s: expected a whole number of %lld to %lld, found '%s'", name,
			   min, max, text);
	return v;
}

static float real(struct argp_state *state, const char *name, const char *text, float min,
		  float max)
{
	char *end;
	float v = strtof(text, &end);

	if (end == text || *end || !(v >= min && v <= max))
		argp_error(state, "%s: expected a number of %g to %g, found '%s'", name,
			   (double)min, (double)max, text);
	return v;
}

static void check(struct argp_state *state, const struct run_options *o)
{
	if (!o->model)
		argp_error(state, "expected a model, found none; give -m FILE");
	if (o->mode == RUN_PERPLEXITY && !o->file)
		argp_error(state, "--perplexity: expected a text, found none; give -f FILE");
	if (o->prompt && o->file)
		argp_error(state, "expected one text, found -p and -f; give one of them");
	if (o->mode == RUN_PROMPTS && (o->prompt || o->file))
		argp_error(state, "--prompts: expected no other text, found -p or -f");
	if (o->mode == RUN_GENERATE && !o->file && (!o->prompt || !*o->prompt))
		argp_error(state, "prompt: expected a text, found none; give -p TEXT or -f FILE");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *o = state->input;

	switch (key) {
	case 'm': o->model = arg; break;
	case 'p': o->prompt = arg; break;
	case 'f': o->file = arg; break;
	case 'n': o->predict = number(state, "-n", arg, -1, INT32_MAX); break;
	case 'c': o->context = (uint32_t)number(state, "-c", arg, 1, INT32_MAX); break;
	case 'b': o->batch = (uint32_t)number(state, "-b", arg, 1, 65536); break;
	case 's': o->sampling.seed = (uint64_t)number(state, "--seed", arg, 0, INT64_MAX); break;
	case OPT_TEMP: o->sampling.temperature = real(state, "--temp", arg, 0, 1000); break;
	case OPT_TOP_K:
		o->sampling.top_k = (uint32_t)number(state, "--top-k", arg, 0, INT32_MAX);
		break;
	case OPT_TOP_P: o->sampling.top_p = real(state, "--top-p", arg, 0, 1); break;
	case OPT_MIN_P: o->sampling.min_p = real(state, "--min-p", arg, 0, 1); break;
	case OPT_CHAT: o->mode = RUN_CHAT; break;
	case OPT_TEMPLATE: o->template = arg; break;
	case OPT_PROMPTS:
		o->mode = RUN_PROMPTS;
		o->prompts = arg;
		break;
	case OPT_PARALLEL: o->parallel = (uint32_t)number(state, "--parallel", arg, 1, 1024); break;
	case OPT_PERPLEXITY: o->mode = RUN_PERPLEXITY; break;
	case OPT_DIVERGENCE:
		o->mode = RUN_DIVERGENCE;
		o->base = arg;
		break;
	case OPT_CHUNKS: o->chunks = (uint32_t)number(state, "--chunks", arg, 1, INT32_MAX); break;
	case OPT_IGNORE_EOS: o->ignore_end = true; break;
	case OPT_DEVICE: o->device = (unsigned int)number(state, "--device", arg, 0, 1023); break;
	case OPT_TRACE: o->trace = true; break;
	case OPT_PROGRESS: o->progress = true; break;
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	case ARGP_KEY_END: check(state, o); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "accel-run %s\n", accel_version());
}

void run_options_parse(int argc, char **argv, struct run_options *o)
{
	static const struct argp argp = {options, parse_option, NULL, doc, NULL, NULL, NULL};

	argp_program_version_hook = print_version;
	argp_err_exit_status = 2;
	*o = (struct run_options){
		.predict = 128,
		.parallel = 8,
		.sampling = {.top_k = 40,
			     .top_p = 0.95f,
			     .min_p = 0.05f,
			     .seed = (uint64_t)time(NULL)},
	};
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
