// SPDX-License-Identifier: MIT
/*
 * The published patterns, run by PCRE2, whose Unicode tables say what a letter and a digit is: a
 * character assigned after its Unicode version (14 in PCRE2 10.42) counts as neither.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer_pre.h"

#define MAX_PATTERNS 2

/* Unicode's White_Space property, spelled out: PCRE2's \s counts U+180E, which left it. */
#define WS                                                                                      \
	"\\x09-\\x0d\\x20\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}" \
	"\\x{205f}\\x{3000}"
#define S     "[" WS "]"
#define NOT_S "[^" WS "]"

#define CONTRACTION	   "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
#define NEWLINES_OR_SPACES S "*[\\r\\n]+|" S "+(?!" NOT_S ")|" S "+"

#define GPT2                                                                                   \
	"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" WS "\\p{L}\\p{N}]+|" S "+(?!" NOT_S \
	")|" S "+"

/* The pattern that came with Llama 3; its descendants differ in how many digits make a word. */
#define LLAMA3(digits)                                                  \
	CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?[^" WS \
		    "\\p{L}\\p{N}]+[\\r\\n]*|" NEWLINES_OR_SPACES

/* Runs of letters that are not a–z, then of letters that are not A–Z. */
#define TEKKEN                                                              \
	"[^\\r\\n\\p{L}\\p{N}]?(?:(?=\\p{L})[^a-z])*(?:(?=\\p{L})[^A-Z])+|" \
	"[^\\r\\n\\p{L}\\p{N}]?(?:(?=\\p{L})[^a-z])+(?:(?=\\p{L})[^A-Z])*|" \
	"\\p{N}| ?[^" WS "\\p{L}\\p{N}]+[\\r\\n/]*|" NEWLINES_OR_SPACES

static const struct definition {
	const char *name;
	const char *patterns[MAX_PATTERNS]; /* each cuts the words of the one before it */
	struct pretokenizer_traits traits;
} definitions[] = {
	{"gpt-2", {GPT2}, {}},
	{"phi-2", {GPT2}, {}},
	{"mpt", {GPT2}, {}},
	{"olmo", {GPT2}, {}},
	{"smollm", {"\\p{N}", GPT2}, {}},
	{"starcoder", {"\\p{N}", GPT2}, {}},
	{"refact", {"\\p{N}", GPT2}, {}},
	{"command-r", {"\\p{N}", GPT2}, {}},
	{"llama-bpe", {LLAMA3("\\p{N}{1,3}")}, {.ignore_merges = true, .add_bos = true}},
	{"llama3", {LLAMA3("\\p{N}{1,3}")}, {.ignore_merges = true, .add_bos = true}},
	{"llama-v3", {LLAMA3("\\p{N}{1,3}")}, {.ignore_merges = true, .add_bos = true}},
	{"dbrx", {LLAMA3("\\p{N}{1,3}")}, {}},
	{"smaug-bpe", {LLAMA3("\\p{N}{1,3}")}, {}},
	{"qwen2", {LLAMA3("\\p{N}")}, {}},
	{"deepseek-r1-qwen", {LLAMA3("\\p{N}")}, {}},
	{"megrez", {LLAMA3("\\p{N}")}, {}},
	{"stablelm2", {LLAMA3("\\p{N}")}, {}},
	{"tekken", {TEKKEN}, {.ignore_merges = true, .add_bos = true}},
};

#define N_DEFINITIONS (sizeof(definitions) / sizeof(definitions[0]))

struct pretokenizer {
	pcre2_code *code[MAX_PATTERNS];
	size_t n;
};

struct split {
	const struct pretokenizer *p;
	pcre2_match_data *match;
	int (*word)(void *arg, const char *s, size_t len);
	void *arg;
};

static int refuse(const char *name, size_t len, struct axon_err *err)
{
	char list[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < N_DEFINITIONS; i++) {
		size_t need = strlen(definitions[i].name) + 2;

		if (n + need >= sizeof(list))
			break;
		memcpy(list + n, i ? ", " : "", i ? 2 : 0);
		n += i ? 2 : 0;
		memcpy(list + n, definitions[i].name, need - 2);
		n += need - 2;
	}
	return axon_fail(err, -EINVAL,
			 "pre-tokenizer '%.*s' (tokenizer.ggml.pre) is not supported; supported "
			 "are %s: use a model with one of these",
			 len > 64 ? 64 : (int)len, name, list);
}

int pretokenizer_new(const char *name, size_t len, struct pretokenizer **out,
		     struct pretokenizer_traits *traits, struct axon_err *err)
{
	const struct definition *d = NULL;
	struct pretokenizer *p;

	for (size_t i = 0; i < N_DEFINITIONS && !d; i++)
		if (strlen(definitions[i].name) == len && !memcmp(definitions[i].name, name, len))
			d = &definitions[i];
	if (!d)
		return refuse(name, len, err);
	p = calloc(1, sizeof(*p));
	if (!p)
		return axon_fail(err, -ENOMEM, "no memory for the pre-tokenizer");
	for (; p->n < MAX_PATTERNS && d->patterns[p->n]; p->n++) {
		PCRE2_SIZE where;
		int error;

		p->code[p->n] = pcre2_compile((PCRE2_SPTR)d->patterns[p->n], PCRE2_ZERO_TERMINATED,
					      PCRE2_UTF, &error, &where, NULL);
		if (!p->code[p->n]) {
			pretokenizer_free(p);
			return axon_fail(err, -ENOMEM,
					 "PCRE2 refuses the pattern of pre-tokenizer '%s' with "
					 "error %d at %zu",
					 d->name, error, where);
		}
	}
	*traits = d->traits;
	*out = p;
	return 0;
}

void pretokenizer_free(struct pretokenizer *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		pcre2_code_free(p->code[i]);
	free(p);
}

/* Hand the text to pattern @i, its matches and what lies between them to the next one. */
static int split(struct split *s, size_t i, const char *text, size_t len)
{
	size_t at = 0;
	int ret = 0;

	if (!len)
		return 0;
	if (i == s->p->n)
		return s->word(s->arg, text, len);
	while (!ret && at < len) {
		size_t from = len, to = len;
		int found = pcre2_match(s->p->code[i], (PCRE2_SPTR)text, len, at,
					PCRE2_NO_UTF_CHECK, s->match, NULL);

		if (found < 0 && found != PCRE2_ERROR_NOMATCH)
			return found == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -E2BIG;
		if (found > 0) {
			from = pcre2_get_ovector_pointer(s->match)[0];
			to = pcre2_get_ovector_pointer(s->match)[1];
		}
		ret = split(s, i + 1, text + at, from - at);
		if (!ret)
			ret = split(s, i + 1, text + from, to - from);
		at = to;
	}
	return ret;
}

int pretokenizer_split(const struct pretokenizer *p, const char *text, size_t len,
		       int (*word)(void *arg, const char *s, size_t len), void *arg)
{
	struct split s = {.p = p, .word = word, .arg = arg};
	int ret;

	s.match = pcre2_match_data_create(1, NULL);
	if (!s.match)
		return -ENOMEM;
	ret = split(&s, 0, text, len);
	pcre2_match_data_free(s.match);
	return ret;
}
