// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "run.h"
#include "trace.h"

/* One answer's cost, for the line at its end. */
struct speed {
	uint32_t prompt_tokens, decoded;
	double prefill, decode; /* seconds */
	double first_token;	/* seconds since the process was started */
};

static void print_speed(const struct run *r, const struct speed *s)
{
	fprintf(stderr, "prefill %.1f tok/s, decode %.1f tok/s",
		s->prefill > 0 ? s->prompt_tokens / s->prefill : 0.0,
		s->decode > 0 ? s->decoded / s->decode : 0.0);
	/* in a conversation it would be the user's time */
	if (r->options->mode == RUN_GENERATE)
		fprintf(stderr, ", first token after %.0f ms", s->first_token * 1e3);
	fputc('\n', stderr);
}

static int write_out(const char *bytes, size_t n, struct axon_err *err)
{
	if (fwrite(bytes, 1, n, stdout) == n && !fflush(stdout))
		return 0;
	return axon_fail(err, -EIO, "standard output: %s", strerror(errno));
}

/* Decodes and prints until the model, the limit, the context or the user ends it. */
static int decode(struct run *r, int32_t token, uint32_t limit, struct tokenizer_stream *text,
		  struct speed *s, int32_t *made, uint32_t *n, struct axon_err *err)
{
	double start = run_now();
	int ret = 0;

	for (*n = 0; *n < limit && !run_interrupted();) {
		const char *bytes;
		size_t size;

		if (!r->options->ignore_end && tokenizer_is_eog(r->tokenizer, token))
			break;
		made[(*n)++] = token;
		size = tokenizer_stream_push(text, token, &bytes);
		ret = write_out(bytes, size, err);
		if (ret || *n == limit || llm_position(r->llm) == llm_context(r->llm))
			break;
		ret = llm_next(r->llm, &token, err);
		if (ret)
			break;
		s->decoded++;
	}
	s->decode = run_now() - start;
	return ret;
}

/* Whether n more tokens fit the context. */
static int check_room(struct run *r, size_t n, struct axon_err *err)
{
	uint32_t room = llm_context(r->llm) - llm_position(r->llm);

	if (n > room)
		return axon_fail(err, -ENOSPC,
				 "prompt: expected at most %u tokens, found %zu; "
				 "shorten it or raise the context with -c",
				 room, n);
	return 0;
}

/* Appends the prompt's tokens and prints what follows; the tokens made go to *made, which the caller frees. */
static int answer(struct run *r, const int32_t *prompt, size_t n_prompt, int32_t **made,
		  uint32_t *n_made, struct axon_err *err)
{
	uint32_t room = llm_context(r->llm) - llm_position(r->llm);
	struct tokenizer_stream *text;
	struct speed speed = {.prompt_tokens = (uint32_t)n_prompt};
	int32_t token;
	uint32_t limit;
	int ret;

	*made = NULL;
	*n_made = 0;
	limit = room - (uint32_t)n_prompt + 1;
	if (r->options->predict >= 0 && r->options->predict < limit)
		limit = (uint32_t)r->options->predict;
	*made = malloc((limit + 1) * sizeof(**made));
	if (!*made)
		return axon_fail(err, -ENOMEM, "out of memory");
	ret = tokenizer_stream_new(r->tokenizer, 0, &text, err);
	if (ret)
		return ret;

	double start = run_now();

	llm_set_limit(r->llm, limit);
	ret = llm_prompt(r->llm, prompt, (uint32_t)n_prompt, &token, err);
	speed.prefill = run_now() - start;
	speed.first_token = run_age();
	if (!ret)
		ret = decode(r, token, limit, text, &speed, *made, n_made, err);
	if (!ret) {
		const char *bytes;
		size_t size = tokenizer_stream_end(text, &bytes);

		ret = write_out(bytes, size, err);
	}
	tokenizer_stream_free(text);
	if (ret)
		return ret;
	printf("\n");
	fflush(stdout);
	print_speed(r, &speed);
	return run_interrupted() ? -EINTR : 0;
}

int run_generate(struct run *r, struct axon_err *err)
{
	const char *prompt = r->options->prompt;
	char *file = NULL;
	size_t len = prompt ? strlen(prompt) : 0, n = 0;
	int32_t *tokens = NULL, *made = NULL;
	uint32_t n_made;
	int ret = 0;

	if (!prompt) {
		ret = run_read_file(r->options->file, &file, &len, err);
		prompt = file;
	}
	if (!ret && !len)
		ret = axon_fail(
			err, -EINVAL,
			"prompt: expected a text, found an empty one; give -p TEXT or -f FILE");
	if (!ret)
		ret = tokenizer_encode(r->tokenizer, prompt, len,
				       TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL, &tokens, &n,
				       err);
	if (!ret)
		ret = check_room(r, n, err);
	if (!ret)
		ret = write_out(prompt, len, err);
	if (!ret && r->options->trace)
		ret = trace_token(r, tokens, n, err);
	else if (!ret)
		ret = answer(r, tokens, n, &made, &n_made, err);
	free(made);
	free(tokens);
	free(file);
	return ret;
}

/* ---- conversation ---- */

struct conversation {
	struct chat_message *messages;
	size_t n;
	int32_t *cached; /* tokens in the cache */
	size_t n_cached;
};

static int add_message(struct conversation *c, const char *role, char *content,
		       struct axon_err *err)
{
	struct chat_message *more = realloc(c->messages, (c->n + 1) * sizeof(*more));

	if (!more || !content)
		return axon_fail(err, -ENOMEM, "out of memory");
	c->messages = more;
	c->messages[c->n++] = (struct chat_message){role, content};
	return 0;
}

static void free_conversation(struct conversation *c)
{
	for (size_t i = 0; i < c->n; i++)
		free((char *)c->messages[i].content);
	free(c->messages);
	free(c->cached);
}

/* The cache keeps what the new text shares with the old. */
static size_t common_prefix(const struct conversation *c, const int32_t *tokens, size_t n)
{
	size_t i = 0;

	while (i < c->n_cached && i + 1 < n && c->cached[i] == tokens[i])
		i++;
	return i;
}

static int reply(struct run *r, struct conversation *c, enum chat_template template,
		 struct axon_err *err)
{
	int32_t eos = tokenizer_eos(r->tokenizer);
	struct gguf_str end = tokenizer_text(r->tokenizer, eos);
	char eos_text[64], *text = NULL, *content = NULL;
	int32_t *tokens = NULL, *made = NULL;
	size_t n, len;
	uint32_t n_made;
	int ret;

	snprintf(eos_text, sizeof(eos_text), "%.*s", (int)end.n, end.p);
	ret = chat_apply(template, c->messages, c->n, true, eos_text, &text, err);
	if (!ret)
		ret = tokenizer_encode(r->tokenizer, text, strlen(text),
				       TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL, &tokens, &n,
				       err);
	free(text);
	if (ret)
		return ret;

	size_t kept = common_prefix(c, tokens, n);

	llm_rewind(r->llm, (uint32_t)kept);
	ret = check_room(r, n - kept, err);
	if (!ret)
		ret = answer(r, tokens + kept, n - kept, &made, &n_made, err);
	if (!ret)
		ret = tokenizer_decode(r->tokenizer, made, n_made, 0, &content, &len, err);
	if (!ret)
		ret = add_message(c, "assistant", content, err);
	free(made);
	free(c->cached);
	c->cached = tokens;
	c->n_cached = n;
	return ret;
}

int run_chat(struct run *r, struct axon_err *err)
{
	struct conversation c = {0};
	enum chat_template template;
	char *line = NULL;
	size_t cap = 0;
	int ret = r->options->template ? chat_template_by_name(r->options->template, &template, err)
				       : chat_template_of(r->gguf, &template, err);

	if (!ret && r->options->prompt) {
		ret = add_message(&c, "user", strdup(r->options->prompt), err);
		if (!ret)
			ret = reply(r, &c, template, err);
	}
	while (!ret && !run_interrupted()) {
		if (r->show_progress) {
			fputs("> ", stderr);
			fflush(stderr);
		}

		ssize_t len = getline(&line, &cap, stdin);

		if (len < 0)
			break;
		if (len && line[len - 1] == '\n')
			line[--len] = '\0';
		if (!len)
			continue;
		ret = add_message(&c, "user", strdup(line), err);
		if (!ret)
			ret = reply(r, &c, template, err);
	}
	free(line);
	free_conversation(&c);
	return ret;
}
