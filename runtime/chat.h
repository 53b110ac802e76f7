/* SPDX-License-Identifier: MIT */
/*
 * Chat templates: how a conversation becomes the one text that an instruction-tuned model expects.
 * A GGUF carries its template as a Jinja program; Axon recognises those of a named list by their
 * markers and renders them itself. Any other is refused.
 */
#ifndef AXON_RUNTIME_CHAT_H
#define AXON_RUNTIME_CHAT_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "gguf.h"

enum chat_template {
	CHAT_CHATML,
	CHAT_GEMMA,
	CHAT_LLAMA2,
	CHAT_LLAMA3,
	CHAT_ZEPHYR,
};

/* The names, for help texts and error messages. */
#define CHAT_TEMPLATES "chatml, gemma, llama2, llama3, zephyr"

struct chat_message {
	const char *role; /* "system", "user" or "assistant" */
	const char *content;
};

/* By name, as given on a command line. */
int chat_template_by_name(const char *name, enum chat_template *t, struct axon_err *err);
/* By the text of a Jinja template. */
int chat_template_recognise(const char *jinja, size_t len, enum chat_template *t,
			    struct axon_err *err);
/* The template that a file carries. A file without one holds a base model; that is an error. */
int chat_template_of(const struct gguf *g, enum chat_template *t, struct axon_err *err);
const char *chat_template_name(enum chat_template t);

/*
 * Render @n messages; @add_assistant opens the assistant's turn at the end. @eos is the text of
 * the model's end token ("</s>"), which some templates put after each message. *@text is malloc'ed.
 * Encode it with TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL: it leaves out the beginning token.
 */
int chat_apply(enum chat_template t, const struct chat_message *messages, size_t n,
	       bool add_assistant, const char *eos, char **text, struct axon_err *err);

#endif
