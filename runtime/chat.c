// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"

/*
 * A Jinja template is recognised by strings that it holds and strings that it must not hold, which
 * would make it a relative of the template with other markup. Tried in this order.
 */
static const struct {
	const char *name;
	enum chat_template t;
	const char *with[2];
	const char *without[4];
} templates[] = {
	{"chatml", CHAT_CHATML, {"<|im_start|>"}, {"<|im_sep|>", "<end_of_utterance>"}},
	{"gemma", CHAT_GEMMA, {"<start_of_turn>"}, {}},
	{"llama3", CHAT_LLAMA3, {"<|start_header_id|>", "<|end_header_id|>"}, {}},
	{"llama2", CHAT_LLAMA2, {"[INST]", "<<SYS>>"}, {"[AVAILABLE_TOOLS]", "[SYSTEM_PROMPT]"}},
	{"zephyr", CHAT_ZEPHYR, {"<|user|>", "eos_token"}, {"<|end|>", "[gMASK]", "<|im_start|>"}},
};

#define N_TEMPLATES (sizeof(templates) / sizeof(templates[0]))

int chat_template_by_name(const char *name, enum chat_template *t, struct axon_err *err)
{
	for (size_t i = 0; i < N_TEMPLATES; i++)
		if (!strcmp(name, templates[i].name)) {
			*t = templates[i].t;
			return 0;
		}
	return axon_fail(err, -EINVAL,
			 "chat template '%s' is not known; give one of " CHAT_TEMPLATES, name);
}

const char *chat_template_name(enum chat_template t)
{
	for (size_t i = 0; i < N_TEMPLATES; i++)
		if (templates[i].t == t)
			return templates[i].name;
	return "";
}

static bool holds(const char *jinja, size_t len, const char *what)
{
	return what && memmem(jinja, len, what, strlen(what));
}

int chat_template_recognise(const char *jinja, size_t len, enum chat_template *t,
			    struct axon_err *err)
{
	for (size_t i = 0; i < N_TEMPLATES; i++) {
		bool match = true;

		for (size_t j = 0; j < 2 && templates[i].with[j]; j++)
			match &= holds(jinja, len, templates[i].with[j]);
		for (size_t j = 0; j < 4; j++)
			match &= !holds(jinja, len, templates[i].without[j]);
		if (match) {
			*t = templates[i].t;
			return 0;
		}
	}
	return axon_fail(
		err, -EINVAL,
		"the model's chat template, which begins \"%.*s\", is none of " CHAT_TEMPLATES
		": name the one that suits the model, or prompt it without chat",
		len > 80 ? 80 : (int)len, jinja);
}

int chat_template_of(const struct gguf *g, enum chat_template *t, struct axon_err *err)
{
	struct gguf_str jinja;
	int ret;

	if (!gguf_has(g, "tokenizer.chat_template"))
		return axon_fail(
			err, -ENOENT,
			"%s: the model has no chat template, so it is a base model, which "
			"continues a text: prompt it without chat, or name one of " CHAT_TEMPLATES,
			gguf_name(g));
	ret = gguf_str(g, "tokenizer.chat_template", &jinja, err);
	return ret ? ret : chat_template_recognise(jinja.p, jinja.n, t, err);
}

#define BLANKS " \t\n\v\f\r"

/* Jinja's trim filter, as far as it concerns ASCII; only at the end, and at both ends. */
static void put_trimmed_end(FILE *f, const char *s)
{
	size_t n = strlen(s);

	while (n && strchr(BLANKS, s[n - 1]))
		n--;
	fwrite(s, 1, n, f);
}

static void put_trimmed(FILE *f, const char *s)
{
	put_trimmed_end(f, s + strspn(s, BLANKS));
}

static void chatml(FILE *f, const struct chat_message *m, size_t n, bool add_assistant)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, "<|im_start|>%s\n%s<|im_end|>\n", m[i].role, m[i].content);
	if (add_assistant)
		fputs("<|im_start|>assistant\n", f);
}

/* Gemma has no system role: what the system says goes in front of the user's next turn. */
static void gemma(FILE *f, const struct chat_message *m, size_t n, bool add_assistant)
{
	const char *system = NULL;

	for (size_t i = 0; i < n; i++) {
		bool assistant = !strcmp(m[i].role, "assistant");

		if (!strcmp(m[i].role, "system")) {
			system = m[i].content;
			continue;
		}
		fprintf(f, "<start_of_turn>%s\n", assistant ? "model" : m[i].role);
		if (system && !assistant) {
			fprintf(f, "%s\n\n", system);
			system = NULL;
		}
		put_trimmed(f, m[i].content);
		fputs("<end_of_turn>\n", f);
	}
	if (add_assistant)
		fputs("<start_of_turn>model\n", f);
}

static void llama3(FILE *f, const struct chat_message *m, size_t n, bool add_assistant)
{
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "<|start_header_id|>%s<|end_header_id|>\n\n", m[i].role);
		put_trimmed(f, m[i].content);
		fputs("<|eot_id|>", f);
	}
	if (add_assistant)
		fputs("<|start_header_id|>assistant<|end_header_id|>\n\n", f);
}

/*
 * Llama 2: a turn is the user's message in [INST], the assistant's answer and the end token. The
 * system's words stand inside the first turn, and keep the blanks of the message that follows.
 */
static void llama2(FILE *f, const struct chat_message *m, size_t n, const char *eos)
{
	bool open = false;

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(m[i].role, "assistant")) {
			fputc(' ', f);
			put_trimmed(f, m[i].content);
			fprintf(f, " %s", eos);
			open = false;
			continue;
		}
		if (!open)
			fputs(i ? "<s>[INST] " : "[INST] ", f);
		if (!strcmp(m[i].role, "system")) {
			fprintf(f, "<<SYS>>\n%s\n<</SYS>>\n\n", m[i].content);
			open = true;
			continue;
		}
		if (open)
			put_trimmed_end(f, m[i].content);
		else
			put_trimmed(f, m[i].content);
		fputs(" [/INST]", f);
		open = false;
	}
}

static void zephyr(FILE *f, const struct chat_message *m, size_t n, bool add_assistant,
		   const char *eos)
{
	for (size_t i = 0; i < n; i++)
		fprintf(f, "<|%s|>\n%s%s\n", m[i].role, m[i].content, eos);
	if (add_assistant)
		fputs("<|assistant|>\n", f);
}

static int check_roles(const struct chat_message *m, size_t n, struct axon_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].role, "system") && strcmp(m[i].role, "user") &&
		    strcmp(m[i].role, "assistant"))
			return axon_fail(err, -EINVAL,
					 "message %zu has the role '%s'; system, user or assistant "
					 "was expected",
					 i + 1, m[i].role);
	return 0;
}

int chat_apply(enum chat_template t, const struct chat_message *messages, size_t n,
	       bool add_assistant, const char *eos, char **text, struct axon_err *err)
{
	size_t len;
	FILE *f;
	int ret = check_roles(messages, n, err);

	if (ret)
		return ret;
	f = open_memstream(text, &len);
	if (!f)
		return axon_fail(err, -ENOMEM, "no memory for the conversation");
	switch (t) {
	case CHAT_CHATML: chatml(f, messages, n, add_assistant); break;
	case CHAT_GEMMA: gemma(f, messages, n, add_assistant); break;
	case CHAT_LLAMA2: llama2(f, messages, n, eos); break;
	case CHAT_LLAMA3: llama3(f, messages, n, add_assistant); break;
	case CHAT_ZEPHYR: zephyr(f, messages, n, add_assistant, eos); break;
	}
	ret = ferror(f);
	if (fclose(f) || ret) {
		free(*text);
		*text = NULL;
		return axon_fail(err, -ENOMEM, "no memory for the conversation");
	}
	return 0;
}
