// SPDX-License-Identifier: MIT
/* Model files that nobody checked: header, tensors, configuration, chat template, tokenizer. */
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "gguf_builder.h"
#include "llm_config.h"
#include "tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_tensors(const struct gguf *g)
{
	static uint8_t bytes[256];
	struct axon_err err;

	for (size_t i = 0; i < gguf_n_tensors(g); i++) {
		const struct gguf_tensor *t = gguf_tensor(g, i);
		size_t n = t->size < sizeof(bytes) ? t->size : sizeof(bytes);

		if (gguf_find_tensor(g, t->name) != t ||
		    gguf_read(g, t, t->size - n, bytes, n, &err))
			abort(); /* accepted, yet not inside the file */
	}
}

static void use_tokenizer(const struct gguf *g)
{
	static const char text[] = "hello world's <b>aaaa</s>\n\n\n 123\xc3\xa9\xff\xe2\x96";
	struct tokenizer *tk;
	struct axon_err err;
	int32_t *ids;
	char *back, piece[4];
	size_t n, len;

	if (tokenizer_new(g, &tk, &err))
		return;
	if (!tokenizer_encode(tk, text, sizeof(text),
			      TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL, &ids, &n, &err)) {
		for (size_t i = 0; i < n; i++)
			if (ids[i] < 0 || (size_t)ids[i] >= tokenizer_size(tk))
				abort();
		if (!tokenizer_decode(tk, ids, n, TOKENIZER_SHOW_SPECIAL, &back, &len, &err))
			free(back);
		free(ids);
	}
	tokenizer_piece(tk, tokenizer_eos(tk), 0, piece, sizeof(piece));
	tokenizer_free(tk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct builder b = {.p = (uint8_t *)(uintptr_t)data, .n = size};
	struct axon_err err = {0};
	struct llm_config config;
	enum chat_template chat;
	struct gguf *g;

	if (build_open(&b, &g, &err)) {
		if (err.code >= 0 || !err.msg[0])
			abort(); /* refused, but not told why */
		return 0;
	}
	use_tensors(g);
	if (!llm_config_read(g, &config, &err) && (!config.layers || !config.heads))
		abort();
	chat_template_of(g, &chat, &err);
	use_tokenizer(g);
	gguf_close(g);
	return 0;
}
