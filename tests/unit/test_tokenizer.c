// SPDX-License-Identifier: MIT
/*
 * Tokenizers against llama.cpp's tokens. Given a folder, writes the small vocabularies there
 * instead, so that llama-tokenize can be asked about them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "small_vocab.h"
#include "tokenizer.h"
#include "tokenizer_golden.h"
#include "unit.h"
#include "utf8.h"

#define BOTH (TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL)

static const char *const vocabs[] = {
	"spm", "spm-prefix", "gpt-2", "llama-bpe", "qwen2", "smollm", "tekken",
};

#define N_VOCABS (sizeof(vocabs) / sizeof(vocabs[0]))

static void build_named(struct builder *b, const char *name)
{
	if (strncmp(name, "spm", 3))
		build_bpe(b, name);
	else
		build_spm(b, !strcmp(name, "spm-prefix"));
}

struct open_vocab {
	struct gguf *g;
	struct tokenizer *tk;
};

static struct open_vocab open_built(struct builder *b)
{
	struct open_vocab v;
	struct axon_err err = {};

	if (build_open(b, &v.g, &err) || tokenizer_new(v.g, &v.tk, &err))
		fail_msg("%s", err.msg);
	build_free(b);
	return v;
}

static struct open_vocab open_named(const char *name)
{
	struct builder b = {};

	build_named(&b, name);
	return open_built(&b);
}

static void close_vocab(struct open_vocab *v)
{
	tokenizer_free(v->tk);
	gguf_close(v->g);
}

static char *print_ids(const int32_t *ids, size_t n)
{
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	fputc('[', f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%d", i ? ", " : "", ids[i]);
	fputc(']', f);
	fclose(f);
	return text;
}

static void encodes(const struct tokenizer *tk, const char *text, size_t len, unsigned int flags,
		    const char *expected)
{
	struct axon_err err = {};
	int32_t *ids;
	size_t n;
	char *found;

	if (tokenizer_encode(tk, text, len, flags, &ids, &n, &err))
		fail_msg("%s", err.msg);
	found = print_ids(ids, n);
	assert_string_equal(found, expected);
	free(found);
	free(ids);
}

static void check_golden(const char *vocab, const struct tokenizer *tk)
{
	size_t checked = 0;

	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		if (strcmp(golden[i].vocab, vocab))
			continue;
		encodes(tk, golden[i].text, strlen(golden[i].text), golden[i].plain ? 0 : BOTH,
			golden[i].ids);
		checked++;
	}
	assert_true(checked >= 8);
}

static void test_small(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VOCABS; i++) {
		struct open_vocab v = open_named(vocabs[i]);

		print_message("%s\n", vocabs[i]);
		check_golden(vocabs[i], v.tk);
		close_vocab(&v);
	}
}

static void model_path(char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	snprintf(path, size, "%s%s/axon/models/gemma3-270m-q4_k_m.gguf",
		 cache && *cache ? cache
		 : home		 ? home
				 : "",
		 cache && *cache ? "" : "/.cache");
}

static void test_default_model(void **state)
{
	struct axon_err err = {};
	struct open_vocab v;
	char path[512];

	(void)state;
	model_path(path, sizeof(path));
	if (access(path, R_OK)) {
		print_message("%s is not there\n", path);
		skip();
	}
	assert_int_equal(gguf_open(path, &v.g, &err), 0);
	assert_int_equal(tokenizer_new(v.g, &v.tk, &err), 0);
	check_golden("model", v.tk);
	assert_true(tokenizer_is_eog(v.tk, tokenizer_find(v.tk, "<end_of_turn>", 13)));
	assert_true(tokenizer_is_eog(v.tk, tokenizer_eos(v.tk)));
	assert_false(tokenizer_is_eog(v.tk, tokenizer_bos(v.tk)));
	close_vocab(&v);
}

/* The empty text: the beginning token if it is asked for and nothing else. */
static void test_empty(void **state)
{
	struct open_vocab spm = open_named("spm-prefix"), bpe = open_named("qwen2");

	(void)state;
	encodes(spm.tk, "", 0, BOTH, "[1]");
	encodes(spm.tk, "", 0, 0, "[]");
	encodes(bpe.tk, NULL, 0, BOTH, "[]");
	close_vocab(&spm);
	close_vocab(&bpe);
}

/* Decode the ids of @text one by one and as a whole; both must give the text back. */
static void round_trip(const struct tokenizer *tk, const char *text, unsigned int flags)
{
	struct tokenizer_stream *s;
	struct axon_err err = {};
	size_t n, len, at = 0, got;
	const char *bytes;
	char *whole, streamed[512];
	int32_t *ids;

	assert_int_equal(tokenizer_encode(tk, text, strlen(text), BOTH, &ids, &n, &err), 0);
	assert_int_equal(tokenizer_decode(tk, ids, n, flags, &whole, &len, &err), 0);
	assert_string_equal(whole, text);
	assert_int_equal(len, strlen(text));
	assert_int_equal(tokenizer_stream_new(tk, flags, &s, &err), 0);
	for (size_t i = 0; i < n; i++) {
		got = tokenizer_stream_push(s, ids[i], &bytes);
		memcpy(streamed + at, bytes, got);
		at += got;
		/* Only whole characters come out. */
		for (size_t c = 0, step; c < got; c += step) {
			uint32_t code;

			step = utf8_decode(bytes + c, got - c, &code);
			assert_int_not_equal(step, 0);
		}
	}
	assert_int_equal(tokenizer_stream_end(s, &bytes), 0);
	assert_int_equal(at, len);
	assert_memory_equal(streamed, text, len);
	tokenizer_stream_free(s);
	free(whole);
	free(ids);
}

static void test_round_trip(void **state)
{
	static const char *const texts[] = {
		"",
		"hello world",
		"  hello  world!",
		"é你好 👨‍👩‍👧 ¡ÿ\xc2\x80",
		/* A vocabulary that puts a space in front of text does so after every special token. */
		"a\n\n\nb\n\n c",
		"<b>hello</b>",
		/* SentencePiece's stand-in for the space comes back as a space. */
		"▁ x",
	};

	(void)state;
	for (size_t i = 0; i < N_VOCABS; i++) {
		struct open_vocab v = open_named(vocabs[i]);
		size_t n = !strcmp(vocabs[i], "spm-prefix") ? 4 : !strcmp(vocabs[i], "spm") ? 6 : 7;

		for (size_t j = 0; j < n; j++)
			round_trip(v.tk, texts[j], TOKENIZER_TEXT_START);
		close_vocab(&v);
	}
}

/* A character in pieces is held until it is whole, and handed over as it is at the end. */
static void test_stream(void **state)
{
	struct open_vocab v = open_named("spm");
	struct tokenizer_stream *s;
	struct axon_err err = {};
	const char *bytes;

	(void)state;
	assert_int_equal(tokenizer_stream_new(v.tk, 0, &s, &err), 0);
	assert_int_equal(tokenizer_stream_push(s, 3 + 0xf0, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, 3 + 0x9f, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, 3 + 0x98, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, 3 + 0x80, &bytes), 4);
	assert_memory_equal(bytes, "\xf0\x9f\x98\x80", 4);
	/* A byte that cannot be completed comes out with what follows it. */
	assert_int_equal(tokenizer_stream_push(s, 3 + 0xe2, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, 3 + 'x', &bytes), 2);
	assert_memory_equal(bytes, "\xe2x", 2);
	assert_int_equal(tokenizer_stream_push(s, 3 + 0xff, &bytes), 1);
	/* Control tokens and ids outside the vocabulary are nothing. */
	assert_int_equal(tokenizer_stream_push(s, 2, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, -1, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, 1 << 30, &bytes), 0);
	assert_int_equal(tokenizer_stream_push(s, 3 + 0xc3, &bytes), 0);
	assert_int_equal(tokenizer_stream_end(s, &bytes), 1);
	assert_memory_equal(bytes, "\xc3", 1);
	assert_int_equal(tokenizer_stream_end(s, &bytes), 0);
	tokenizer_stream_free(s);
	close_vocab(&v);
}

static void test_pieces(void **state)
{
	struct open_vocab v = open_named("spm");
	int32_t world = tokenizer_find(v.tk, "▁world", strlen("▁world"));
	char buf[16] = "";

	(void)state;
	assert_int_equal(tokenizer_piece(v.tk, world, 0, buf, sizeof(buf)), 6);
	assert_string_equal(buf, " world");
	assert_int_equal(tokenizer_piece(v.tk, world, 0, NULL, 0), 6);
	memset(buf, '-', sizeof(buf));
	assert_int_equal(tokenizer_piece(v.tk, world, 0, buf, 3), 6);
	assert_memory_equal(buf, " wo-", 4);
	assert_int_equal(tokenizer_piece(v.tk, 2, 0, buf, sizeof(buf)), 0);
	assert_int_equal(tokenizer_piece(v.tk, 2, TOKENIZER_SHOW_SPECIAL, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "</s>", 4);
	assert_int_equal(tokenizer_size(v.tk), 263 + 30);
	assert_int_equal(tokenizer_text(v.tk, 2).n, 4);
	assert_int_equal(tokenizer_text(v.tk, -1).n, 0);
	assert_int_equal(tokenizer_find(v.tk, "absent", 6), TOKENIZER_NONE);
	assert_true(tokenizer_is_control(v.tk, 2));
	assert_false(tokenizer_is_control(v.tk, world));
	assert_false(tokenizer_is_eog(v.tk, 1 << 30));
	assert_true(tokenizer_adds_bos(v.tk));
	close_vocab(&v);
}

/* 200,000 bytes of the worst kinds encode in well under the test's time limit. */
static void test_long_texts(void **state)
{
	static const char *const units[] = {"a", " ", "\n", "\xff", "hello ", "▁"};
	struct axon_err err = {};
	char *text = malloc(200000);
	int32_t *ids;
	size_t n;

	(void)state;
	for (size_t i = 0; i < N_VOCABS; i++) {
		struct open_vocab v = open_named(vocabs[i]);

		for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
			size_t len = strlen(units[u]);

			for (size_t at = 0; at < 200000; at++)
				text[at] = units[u][at % len];
			assert_int_equal(tokenizer_encode(v.tk, text, 200000, BOTH, &ids, &n, &err),
					 0);
			assert_true(n > 200000 / 32);
			free(ids);
		}
		close_vocab(&v);
	}
	free(text);
}

/* A vocabulary of the given keys must be refused with a line that holds @expected. */
static void refused(struct builder *b, const char *expected)
{
	struct axon_err err = {};
	struct tokenizer *tk;
	struct gguf *g;
	int ret;

	assert_int_equal(build_open(b, &g, &err), 0);
	ret = tokenizer_new(g, &tk, &err);
	if (!ret || !strstr(err.msg, expected))
		fail_msg("returned %d, \"%s\"; a refusal with \"%s\" was expected", ret, err.msg,
			 expected);
	gguf_close(g);
	build_free(b);
}

static void test_refusals(void **state)
{
	static const char *const tokens[] = {"a", "b", "c"}, *const twice[] = {"a", "b", "a"};
	struct builder b = {};

	(void)state;
	build_header(&b, 0, 0);
	refused(&b, "tokenizer.ggml.model");
	build_header(&b, 0, 1);
	build_kv_str(&b, "tokenizer.ggml.model", "bert");
	refused(&b,
		"tokenizer 'bert' (tokenizer.ggml.model) is not supported; supported are llama");
	build_header(&b, 0, 1);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	refused(&b, "tokenizer.ggml.tokens");
	build_header(&b, 0, 2);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", twice, 3);
	refused(&b, "tokens 0 and 2 of tokenizer.ggml.tokens are both 'a'");
	build_header(&b, 0, 2);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_array(&b, "tokenizer.ggml.tokens", GGUF_U32, 1);
	build_int(&b, 0, 4);
	refused(&b, "no array of 1 to");
	build_header(&b, 0, 3);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	build_kv_array(&b, "tokenizer.ggml.scores", GGUF_F32, 2);
	build_zeros(&b, 8);
	refused(&b, "tokenizer.ggml.scores");
	build_header(&b, 0, 3);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	build_kv_array(&b, "tokenizer.ggml.token_type", GGUF_I32, 2);
	build_zeros(&b, 8);
	refused(&b, "tokenizer.ggml.token_type");
	build_header(&b, 0, 3);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	build_kv_u32(&b, "tokenizer.ggml.eos_token_id", 3);
	refused(&b, "tokenizer.ggml.eos_token_id is 3, but there are only 3 tokens");
	build_header(&b, 0, 4);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	build_kv_u32(&b, "tokenizer.ggml.bos_token_id", UINT32_MAX);
	build_kv_bool(&b, "tokenizer.ggml.add_bos_token", 1);
	refused(&b, "add_bos_token is true");
}

static void test_bpe_refusals(void **state)
{
	static const char *const tokens[] = {"a", "b", "c"};
	struct builder b = {};

	(void)state;
	build_bpe(&b, "default");
	refused(&b, "pre-tokenizer 'default' (tokenizer.ggml.pre) is not supported; supported are");
	build_header(&b, 0, 2);
	build_kv_str(&b, "tokenizer.ggml.model", "gpt2");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	refused(&b, "tokenizer.ggml.pre");
	build_header(&b, 0, 3);
	build_kv_str(&b, "tokenizer.ggml.model", "gpt2");
	build_kv_str(&b, "tokenizer.ggml.pre", "gpt-2");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	refused(&b, "tokenizer.ggml.merges");
}

/* Without byte tokens the unknown token stands in; without that the text is refused. */
static void test_no_bytes(void **state)
{
	static const char *const tokens[] = {"<unk>", "a", "b"};
	struct builder b = {};
	struct open_vocab v;
	struct axon_err err = {};
	int32_t *ids;
	size_t n;

	(void)state;
	build_header(&b, 0, 2);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	v = open_built(&b);
	encodes(v.tk, "axb", 3, 0, "[0, 0, 0, 1, 0, 2]"); /* the prefixed space is 3 bytes */
	close_vocab(&v);
	build_header(&b, 0, 3);
	build_kv_str(&b, "tokenizer.ggml.model", "llama");
	build_kv_strs(&b, "tokenizer.ggml.tokens", tokens, 3);
	build_kv_u32(&b, "tokenizer.ggml.unknown_token_id", UINT32_MAX);
	v = open_built(&b);
	assert_int_equal(tokenizer_encode(v.tk, "axb", 3, 0, &ids, &n, &err), -EILSEQ);
	assert_non_null(strstr(err.msg, "unknown token"));
	close_vocab(&v);
}

static void *encode_often(void *arg)
{
	const struct tokenizer *tk = arg;
	struct axon_err err;
	int32_t *ids;
	size_t n, wrong = 0;

	for (int i = 0; i < 200; i++) {
		if (tokenizer_encode(tk, "hello world 123", 15, BOTH, &ids, &n, &err))
			return (void *)1;
		wrong += ids[0] != 259 || ids[1] != 264;
		free(ids);
	}
	return (void *)wrong;
}

static void test_threads(void **state)
{
	struct open_vocab v = open_named("gpt-2");
	pthread_t threads[4];
	void *wrong;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, encode_often, v.tk), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	close_vocab(&v);
}

static int write_vocabs(const char *folder)
{
	for (size_t i = 0; i < N_VOCABS; i++) {
		struct builder b = {};
		char path[512];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s.gguf", folder, vocabs[i]);
		build_named(&b, vocabs[i]);
		f = fopen(path, "wb");
		if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f)) {
			perror(path);
			return 1;
		}
		build_free(&b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),	     cmocka_unit_test(test_default_model),
		cmocka_unit_test(test_empty),	     cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_stream),	     cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_texts),   cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bpe_refusals), cmocka_unit_test(test_no_bytes),
		cmocka_unit_test(test_threads),
	};

	if (argc > 1)
		return write_vocabs(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
