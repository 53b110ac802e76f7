// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_vocab.h"

#define MAX_TOKENS 512

struct vocab {
	char text[MAX_TOKENS][24];
	int32_t type[MAX_TOKENS];
	float score[MAX_TOKENS];
	size_t n;
};

enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE };

static void add(struct vocab *v, const char *text, int32_t type, float score)
{
	snprintf(v->text[v->n], sizeof(v->text[0]), "%s", text);
	v->type[v->n] = type;
	v->score[v->n++] = score;
}

static void build_vocab(struct builder *b, const struct vocab *v)
{
	build_kv_array(b, "tokenizer.ggml.tokens", GGUF_STRING, v->n);
	for (size_t i = 0; i < v->n; i++)
		build_str(b, v->text[i]);
	build_kv_array(b, "tokenizer.ggml.token_type", GGUF_I32, v->n);
	for (size_t i = 0; i < v->n; i++)
		build_int(b, (uint64_t)v->type[i], 4);
	build_kv_array(b, "tokenizer.ggml.scores", GGUF_F32, v->n);
	for (size_t i = 0; i < v->n; i++)
		build_bytes(b, &v->score[i], 4);
}

void build_spm(struct builder *b, bool space_prefix)
{
	static const struct {
		const char *text;
		float score;
	} pieces[] = {
		{"he", -1},  {"ll", -2},     {"lo", -2},     {"hell", -4},  {"hello", -5},
		{"▁h", -3},  {"▁hello", -6}, {"or", -2},     {"ld", -7},    {"▁w", -3},
		{"wor", -4}, {"▁wor", -5},   {"▁world", -9}, {"world", -8}, {"▁▁", -10},
		{"é", -11},  {"aa", -3},     {"aaa", -3},    {"aaaa", -1},  {"▁", -20},
		{"h", -21},  {"e", -22},     {"l", -23},     {"o", -24},    {"w", -25},
		{"r", -26},  {"d", -27},     {"a", -28},     {".", -29},    {"!", -30},
	};
	struct vocab *v = calloc(1, sizeof(*v));
	char name[8];

	add(v, "<unk>", UNKNOWN, 0);
	add(v, "<s>", CONTROL, 0);
	add(v, "</s>", CONTROL, 0);
	for (int byte = 0; byte < 256; byte++) {
		snprintf(name, sizeof(name), "<0x%02X>", byte);
		add(v, name, BYTE, 0);
	}
	add(v, "<end_of_turn>", CONTROL, 0);
	add(v, "<b>", USER_DEFINED, 0);
	add(v, "\n\n", USER_DEFINED, 0);
	add(v, "\n\n\n", USER_DEFINED, 0);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		add(v, pieces[i].text, NORMAL, pieces[i].score);

	build_header(b, 0, 8);
	build_kv_str(b, "general.architecture", "llama");
	build_kv_str(b, "tokenizer.ggml.model", "llama");
	build_vocab(b, v);
	build_kv_u32(b, "tokenizer.ggml.bos_token_id", 1);
	build_kv_u32(b, "tokenizer.ggml.eos_token_id", 2);
	build_kv_bool(b, "tokenizer.ggml.add_space_prefix", space_prefix);
	free(v);
}

/* The printable stand-in for a byte: itself, or the next of those from U+0100 on. */
static void add_byte_alphabet(struct vocab *v)
{
	int extra = 0x100;

	for (int byte = 0; byte < 256; byte++) {
		bool prints = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
		int code = prints ? byte : extra++;
		char utf8[3] = {(char)code};

		if (code >= 0x80) {
			utf8[0] = (char)(0xc0 | code >> 6);
			utf8[1] = (char)(0x80 | (code & 63));
		}
		add(v, utf8, NORMAL, 0);
	}
}

void build_bpe(struct builder *b, const char *pre)
{
	static const char *const merges[] = {
		"h e", "l l",	  "he ll", "hell o", "Ġ w",  "o r",	"Ġw or",
		"l d", "Ġwor ld", "Ġ Ġ",   "1 2",    "12 3", "' s",	"' S",
		"Ċ Ċ", "a a",	  "aa a",  "Ã ©",    "Ġ h",  "Ġh ello",
	};
	struct vocab *v = calloc(1, sizeof(*v));

	add_byte_alphabet(v);
	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		const char *space = strchr(merges[i] + 1, ' ');
		char joined[24];

		snprintf(joined, sizeof(joined), "%.*s%s", (int)(space - merges[i]), merges[i],
			 space + 1);
		add(v, joined, NORMAL, 0);
	}
	add(v, "Ġjumps", NORMAL, 0); /* no merge makes it */
	add(v, "<|endoftext|>", CONTROL, 0);
	add(v, "<b>", USER_DEFINED, 0);
	add(v, "<|im_end|>", USER_DEFINED, 0); /* control by its name, whatever the file says */

	build_header(b, 0, 9);
	build_kv_str(b, "general.architecture", "llama");
	build_kv_str(b, "tokenizer.ggml.model", "gpt2");
	build_kv_str(b, "tokenizer.ggml.pre", pre);
	build_vocab(b, v);
	build_kv_strs(b, "tokenizer.ggml.merges", merges, sizeof(merges) / sizeof(merges[0]));
	build_kv_u32(b, "tokenizer.ggml.bos_token_id", (uint32_t)v->n - 3);
	build_kv_u32(b, "tokenizer.ggml.eos_token_id", (uint32_t)v->n - 3);
	free(v);
}
