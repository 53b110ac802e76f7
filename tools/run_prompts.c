// SPDX-License-Identifier: MIT
/* accel-run --prompts: the lines of a file, several at once, answered in the file's order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm_batch.h"
#include "run.h"
#include "step_args.h"

/* One line: its tokens, and the text that was made so far. */
struct line {
	const char *text;
	size_t len;
	int32_t *tokens;
	size_t n;
	uint32_t limit;
	struct llm_sequence *sequence;
	struct tokenizer_stream *stream;
	char *made;
	size_t made_len;
	bool done;
};

struct prompts {
	struct run *r;
	char *text; /* of the file */
	struct line *lines;
	size_t n, started, printed;
	uint64_t prompt_tokens, made_tokens;
};

static int append(struct line *l, const char *bytes, size_t n, struct axon_err *err)
{
	char *more = realloc(l->made, l->made_len + n + 1);

	if (!more)
		return axon_fail(err, -ENOMEM, "out of memory");
	memcpy(more + l->made_len, bytes, n);
	l->made = more;
	l->made_len += n;
	return 0;
}

/* ---- before anything runs ---- */

static int add_line(struct prompts *p, const char *text, size_t len, struct axon_err *err)
{
	struct line *more = realloc(p->lines, (p->n + 1) * sizeof(*more));
	struct line *l;

	if (!more)
		return axon_fail(err, -ENOMEM, "out of memory");
	p->lines = more;
	l = &more[p->n++];
	*l = (struct line){.text = text, .len = len};
	return tokenizer_encode(p->r->tokenizer, text, len,
				TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL, &l->tokens, &l->n,
				err);
}

/* Empty lines are none. */
static int read_lines(struct prompts *p, struct axon_err *err)
{
	size_t len;
	int ret = run_read_file(p->r->options->prompts, &p->text, &len, err);
	char *end = p->text + len;

	for (char *at = p->text; !ret && at < end;) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		char *stop = newline ? newline : end;

		if (stop > at)
			ret = add_line(p, at, (size_t)(stop - at), err);
		at = stop + 1;
	}
	if (!ret && !p->n)
		ret = axon_fail(err, -EINVAL, "%s: expected prompts, one a line, found none",
				p->r->options->prompts);
	return ret;
}

int run_prompts_load(struct run *r, struct llm_options *options, struct axon_err *err)
{
	struct prompts *p = calloc(1, sizeof(*p));
	uint64_t longest = 0, most;
	int ret;

	if (!p)
		return axon_fail(err, -ENOMEM, "out of memory");
	r->prompts = p;
	p->r = r;
	ret = read_lines(p, err);
	if (ret)
		return ret;
	options->sequences = r->options->parallel < p->n ? r->options->parallel : (uint32_t)p->n;
	if (r->options->predict < 0)
		return 0;
	for (size_t i = 0; i < p->n; i++)
		longest = p->lines[i].n > longest ? p->lines[i].n : longest;
	longest += (uint64_t)r->options->predict + KEY_BLOCK;
	most = options->sequences * longest;
	if (!options->context || longest <= options->context)
		options->cache = most < UINT32_MAX ? (uint32_t)most : 0;
	return 0;
}

/* How much each may make: what the context leaves, or what was asked for. */
static int set_limits(struct prompts *p, struct axon_err *err)
{
	uint32_t context = llm_context(p->r->llm);
	int64_t predict = p->r->options->predict;

	for (size_t i = 0; i < p->n; i++) {
		struct line *l = &p->lines[i];

		if (l->n > context)
			return axon_fail(err, -ENOSPC,
					 "prompt %zu: expected at most %u tokens, found %zu; "
					 "shorten it or raise the context with -c",
					 i + 1, context, l->n);
		l->limit = context - (uint32_t)l->n + 1;
		if (predict >= 0 && predict < l->limit)
			l->limit = (uint32_t)predict;
		l->done = !l->limit;
	}
	return 0;
}

/* ---- while it runs ---- */

/* Starts lines in their order while there is room for them. */
static int start_lines(struct prompts *p, struct axon_err *err)
{
	for (; p->started < p->n; p->started++) {
		struct line *l = &p->lines[p->started];
		int ret;

		if (l->done)
			continue;
		ret = llm_sequence_new(p->r->llm, (uint32_t)l->n + l->limit - 1,
				       &p->r->options->sampling, &l->sequence, err);
		if (ret == -EAGAIN)
			return 0;
		if (!ret)
			ret = tokenizer_stream_new(p->r->tokenizer, 0, &l->stream, err);
		if (!ret)
			ret = llm_sequence_run(l->sequence, l->tokens, (uint32_t)l->n, l->limit,
					       err);
		if (ret)
			return ret;
		p->prompt_tokens += l->n;
	}
	return 0;
}

static int finish_line(struct line *l, struct axon_err *err)
{
	const char *bytes;
	size_t n = tokenizer_stream_end(l->stream, &bytes);

	l->done = true;
	llm_sequence_free(l->sequence);
	l->sequence = NULL;
	return append(l, bytes, n, err);
}

static int take_token(struct prompts *p, const struct llm_token *t, struct axon_err *err)
{
	struct line *l = p->lines;
	const char *bytes;
	size_t n;
	int ret;

	while (l->sequence != t->sequence)
		l++;
	if (!p->r->options->ignore_end && tokenizer_is_eog(p->r->tokenizer, t->token))
		return finish_line(l, err);
	p->made_tokens++;
	n = tokenizer_stream_push(l->stream, t->token, &bytes);
	ret = append(l, bytes, n, err);
	return ret || !t->last ? ret : finish_line(l, err);
}

/* Each prompt with its text and an empty line, as soon as all before it are done. */
static int print_done(struct prompts *p, struct axon_err *err)
{
	for (; p->printed < p->n && p->lines[p->printed].done; p->printed++) {
		const struct line *l = &p->lines[p->printed];

		fwrite(l->text, 1, l->len, stdout);
		fwrite(l->made, 1, l->made_len, stdout);
		fputs("\n\n", stdout);
	}
	return fflush(stdout) ? axon_fail(err, -EIO, "standard output: %s", strerror(errno)) : 0;
}

static int run_lines(struct prompts *p, struct axon_err *err)
{
	uint32_t most = llm_sequences(p->r->llm), n;
	struct llm_token tokens[most];
	bool more = true;
	int ret = 0;

	while (!ret && more && !run_interrupted()) {
		ret = start_lines(p, err);
		if (!ret)
			ret = llm_step(p->r->llm, tokens, &n, &more, err);
		for (uint32_t i = 0; !ret && i < n; i++)
			ret = take_token(p, &tokens[i], err);
		if (!ret)
			ret = print_done(p, err);
	}
	return ret;
}

void run_prompts_free(struct prompts *p)
{
	for (size_t i = 0; p && i < p->n; i++) {
		struct line *l = &p->lines[i];

		tokenizer_stream_free(l->stream);
		free(l->tokens);
		free(l->made);
	}
	if (p) {
		free(p->lines);
		free(p->text);
	}
	free(p);
}

int run_prompts(struct run *r, struct axon_err *err)
{
	struct prompts *p = r->prompts;
	double start = run_now(), seconds;
	int ret = set_limits(p, err);

	if (!ret)
		ret = run_lines(p, err);
	seconds = run_now() - start;
	if (!ret && !run_interrupted())
		fprintf(stderr,
			"%zu prompts, up to %u at once: %llu + %llu tokens in %.2f s, "
			"%.1f tok/s made, %.1f tok/s in all\n",
			p->n, llm_sequences(r->llm), (unsigned long long)p->prompt_tokens,
			(unsigned long long)p->made_tokens, seconds,
			(double)p->made_tokens / seconds,
			(double)(p->prompt_tokens + p->made_tokens) / seconds);
	return ret ? ret : run_interrupted() ? -EINTR : 0;
}
