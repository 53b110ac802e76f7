// SPDX-License-Identifier: MIT
/*
 * Description: from a text to a language model's batches: a vocabulary worked out by hand, what it
 * encodes decodes to the same bytes, sequences are pieces of the text, and broken texts are refused;
 * settings and vocabularies survive being written.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpe_train.h"
#include "gguf_write.h"
#include "kernel_rig.h"
#include "lm_gguf.h"
#include "lm_settings.h"
#include "new_file.h"
#include "text_data.h"

#define TEXT "tests/data/opticks.txt"

struct learnt {
	struct bpe_vocab vocab;
	struct gguf *g;
	struct tokenizer *tk;
};

static void learn(struct learnt *l, const char *text, size_t len, uint32_t size)
{
	struct axon_err err = {0};

	if (bpe_train(text, len, size, &l->vocab, &err) ||
	    lm_gguf_tokenizer(&l->vocab, &l->g, &l->tk, &err))
		fail_msg("%s", err.msg);
}

static void forget(struct learnt *l)
{
	tokenizer_free(l->tk);
	gguf_close(l->g);
	bpe_free(&l->vocab);
}

static void is_token(const struct bpe_vocab *v, uint32_t token, const char *expected)
{
	assert_true(token < v->tokens.n);
	assert_int_equal(v->tokens.strings[token].len, strlen(expected));
	assert_memory_equal(intern_bytes(&v->tokens, token), expected, strlen(expected));
}

/*
 * "ab" twice, "cab" four times, "cad" once: of the pairs ab has 6, ca 5, ad 1. With ab a token, c and
 * ab have 4, ca 1; then nothing occurs twice. A bar is a word of its own.
 */
static void test_by_hand(void **state)
{
	static const char text[] = "ab|cab|cab|cab|cab|cad|ab";
	static const char *const expected[] = {"ab", "cab"};
	struct learnt l;

	(void)state;
	learn(&l, text, strlen(text), BPE_MAX_SIZE);
	is_token(&l.vocab, 0, "<|endoftext|>");
	is_token(&l.vocab, 1, "!");
	is_token(&l.vocab, 'a' - '!' + 1, "a");
	is_token(&l.vocab, 256, "\xc5\x83"); /* byte ad, the last that does not print */
	assert_int_equal(l.vocab.n_merges, COUNT(expected));
	for (uint32_t i = 0; i < COUNT(expected); i++)
		is_token(&l.vocab, BPE_MIN_SIZE + i, expected[i]);
	forget(&l);
}

static char *read_text(size_t *len)
{
	FILE *f = fopen(TEXT, "rb");
	char *text = malloc(1 << 20);

	if (!f || !text)
		fail_msg("%s: %s", TEXT, strerror(errno));
	*len = fread(text, 1, 1 << 20, f);
	fclose(f);
	return text;
}

static void round_trip(const struct tokenizer *tk, const char *text, size_t len)
{
	struct axon_err err;
	int32_t *ids;
	size_t n, found;
	char *back;

	assert_int_equal(tokenizer_encode(tk, text, len, 0, &ids, &n, &err), 0);
	assert_int_equal(tokenizer_decode(tk, ids, n, 0, &back, &found, &err), 0);
	assert_int_equal(found, len);
	assert_memory_equal(back, text, len);
	free(back);
	free(ids);
}

static void test_round_trip(void **state)
{
	static const char odd[] =
		"\0\t\r\n  <|endoftext|> caf\u00e9 \u4f60\u597d \U0001f600 '' 0123";
	struct learnt l;
	size_t len;
	char *text = read_text(&len);

	(void)state;
	learn(&l, text, len, 1024);
	assert_int_equal(tokenizer_size(l.tk), 1024);
	assert_int_equal(tokenizer_bos(l.tk), BPE_END);
	assert_int_equal(tokenizer_eos(l.tk), BPE_END);
	assert_true(tokenizer_adds_bos(l.tk));
	round_trip(l.tk, text, len);
	round_trip(l.tk, odd, sizeof(odd) - 1);
	round_trip(l.tk, "", 0);
	forget(&l);
	free(text);
}

static void test_vocabulary_as_text(void **state)
{
	static const char *const wrong[] = {"1",     "1 ",	  "0 1",	  "1 257",
					    "257 1", "-1 2",	  "1 2x",	  "1 2 3",
					    "1  2",  "1 2 258 1", "99999999999 1"};
	struct bpe_vocab v, again;
	struct axon_err err;
	size_t len;
	char *text = read_text(&len), *printed;

	(void)state;
	assert_int_equal(bpe_train(text, len, 2000, &v, &err), 0);
	printed = bpe_print(&v);
	assert_int_equal(bpe_parse(printed, &again, &err), 0);
	assert_int_equal(again.n_merges, v.n_merges);
	assert_memory_equal(again.merges, v.merges, v.n_merges * sizeof(*v.merges));
	assert_int_equal(again.tokens.n, 2000);
	assert_int_equal(again.tokens.used, v.tokens.used);
	assert_memory_equal(again.tokens.bytes, v.tokens.bytes, v.tokens.used);
	bpe_free(&v);
	bpe_free(&again);
	free(printed);
	free(text);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (!bpe_parse(wrong[i], &v, &err))
			fail_msg("expected '%s' to be refused", wrong[i]);
		assert_non_null(strstr(err.msg, "vocabulary: expected pairs"));
		bpe_free(&v);
	}
}

/* ---- batches ---- */

static void test_batches(void **state)
{
	enum { BATCH = 3, CONTEXT = 40, ROW = CONTEXT + 1 };
	uint32_t one[BATCH * ROW], two[BATCH * ROW];
	struct text_data d;
	struct learnt l;
	struct axon_err err = {0};
	uint64_t places[2] = {0, 0};

	(void)state;
	assert_int_equal(text_data_open(&d, TEXT, &err), 0);
	assert_true(d.train_len > d.len * 89 / 100 && d.train_len < d.len * 91 / 100);
	assert_int_equal(d.text[d.train_len - 1], '\n');
	learn(&l, d.text, d.train_len, 600);
	assert_int_equal(text_data_tokenize(&d, l.tk, CONTEXT, &err), 0);
	for (uint64_t step = 0; step < 50; step++) {
		text_data_batch(&d, 9, step, BATCH, CONTEXT, one);
		text_data_batch(&d, 9, step, BATCH, CONTEXT, two);
		assert_memory_equal(one, two, sizeof(one));
		for (int row = 0; row < BATCH; row++) {
			const uint32_t *found =
				memmem(d.tokens, d.n_train * 4, one + row * ROW + 1, CONTEXT * 4);

			assert_int_equal(one[row * ROW], BPE_END);
			assert_non_null(found);
			places[(uint64_t)(found - d.tokens) > d.n_train / 2]++;
		}
	}
	assert_true(places[0] > 50 && places[1] > 50);
	text_data_batch(&d, 8, 0, BATCH, CONTEXT, one);
	text_data_batch(&d, 9, 0, BATCH, CONTEXT, two);
	assert_memory_not_equal(one, two, sizeof(one));
	assert_int_equal(text_data_blocks(&d, CONTEXT), d.n_valid / CONTEXT);
	text_data_block(&d, 2, CONTEXT, one);
	assert_int_equal(one[0], BPE_END);
	assert_memory_equal(one + 1, d.tokens + d.n_train + 2 * CONTEXT, CONTEXT * 4);
	text_data_close(&d);
	forget(&l);
}

static const char *temporary(const char *bytes, size_t n)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/axon-text-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	close(fd);
	return path;
}

/* Nine tenths, then up to a line's start; in a text of one line up to a character's. */
static void test_cut(void **state)
{
	char text[200];
	struct axon_err err = {0};
	struct text_data d;
	const char *path;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[185] = text[199] = '\n';
	path = temporary(text, sizeof(text));
	assert_int_equal(text_data_open(&d, path, &err), 0);
	assert_int_equal(d.train_len, 186);
	text_data_close(&d);
	unlink(path);
	text[185] = 'x';
	memcpy(text + 178, "\xf0\x9f\x98\x80", 4);
	path = temporary(text, sizeof(text));
	assert_int_equal(text_data_open(&d, path, &err), 0);
	assert_int_equal(d.train_len, 182);
	text_data_close(&d);
	unlink(path);
}

static void refused(const char *path, const char *words)
{
	struct axon_err err = {0};
	struct text_data d;

	assert_true(text_data_open(&d, path, &err) < 0);
	if (!strstr(err.msg, words) || !strstr(err.msg, path))
		fail_msg("expected '%s' in '%s'", words, err.msg);
	text_data_close(&d);
}

static void test_refused_texts(void **state)
{
	struct axon_err err = {0};
	struct text_data d;
	struct learnt l;
	const char *path;

	(void)state;
	refused("/nonexistent/text", "No such file");
	refused("/tmp", "found something else");
	path = temporary("", 0);
	refused(path, "1 to 1073741824 bytes, found one of 0");
	unlink(path);
	path = temporary("four\xc3(", 6);
	refused(path, "expected UTF-8, found byte 0xc3 at byte 4");
	unlink(path);
	path = temporary("0123456789\n0123456789\n", 22);
	assert_int_equal(text_data_open(&d, path, &err), 0);
	learn(&l, "x", 1, 300);
	assert_int_equal(text_data_tokenize(&d, l.tk, 23, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "training"));
	text_data_close(&d);
	assert_int_equal(text_data_open(&d, path, &err), 0);
	assert_int_equal(text_data_tokenize(&d, l.tk, 11, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "validation"));
	text_data_close(&d);
	forget(&l);
	unlink(path);
}

/* ---- settings and files ---- */

static void test_settings(void **state)
{
	static const char *const values[LM_SETTINGS] = {"300",	"64",	 "2",
							"4",	"2",	 "96",
							"32",	"10000", "9.99999975e-06",
							"1",	"0.001", "0.0001",
							"7",	"90",	 "0.9",
							"0.95", "1e-08", "0.1",
							"1",	"0.75",	 "18446744073709551615",
							"8",	"12",	 "0123456789abcdef"};
	struct lm_settings s = {0};
	char text[LM_SETTING_TEXT], expected[64];
	double third = 1.0 / 3;

	(void)state;
	for (int i = 0; i < LM_SETTINGS; i++) {
		assert_true(lm_setting_parse(&s, i, values[i], expected));
		assert_false(lm_setting_parse(&s, i, "", expected));
		assert_false(lm_setting_parse(&s, i, "-1", expected));
		assert_false(lm_setting_parse(&s, i, "1x", expected));
		assert_false(lm_setting_parse(&s, i, "nan", expected));
		assert_false(lm_setting_parse(&s, i, "99999999999999999999", expected));
	}
	for (int i = 0; i < LM_SETTINGS; i++) {
		lm_setting_print(&s, i, text);
		assert_true(lm_setting_parse(&s, i, text, expected));
	}
	assert_int_equal(s.config.vocab, 300);
	assert_int_equal(s.optimizer.warmup, 7);
	assert_true(s.config.eps == 1e-5f && s.optimizer.beta2 == 0.95 && s.config.tied);
	assert_true(s.at.seed == UINT64_MAX && s.text_hash == 0x123456789abcdef);
	s.optimizer.rate = third;
	lm_setting_print(&s, LM_RATE, text);
	assert_true(lm_setting_parse(&s, LM_RATE, text, expected) && s.optimizer.rate == third);
}

static int half_a_file(void *arg, FILE *f)
{
	fputs("half", f);
	return *(int *)arg;
}

/* A file keeps its bytes when writing its successor fails. */
static void test_new_file(void **state)
{
	const char *path = temporary("whole", 5);
	char copy[64], temp[80], text[8] = "";
	struct axon_err err = {0};
	int result = -ENOSPC;
	FILE *f;

	(void)state;
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(temp, sizeof(temp), "%s.tmp", path);
	assert_int_equal(new_file_write(copy, half_a_file, &result, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "No space left"));
	assert_int_equal(access(temp, F_OK), -1);
	f = fopen(copy, "r");
	assert_int_equal(fread(text, 1, sizeof(text), f), 5);
	fclose(f);
	assert_string_equal(text, "whole");
	result = 0;
	assert_int_equal(new_file_write(copy, half_a_file, &result, &err), 0);
	f = fopen(copy, "r");
	assert_int_equal(fread(text, 1, sizeof(text), f), 4);
	fclose(f);
	unlink(copy);
	assert_int_equal(new_file_write("/nonexistent/file", half_a_file, &result, &err), -ENOENT);
	assert_int_equal(new_file_check("/nonexistent/file", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/file"));
}

/* ---- GGUF ---- */

/* Values and what they are in fp16 and bf16: ties go to the even one, too large is infinite. */
static const struct {
	float value;
	uint16_t f16, bf16;
} halves[] = {
	{1.0f + 0x1p-8f, 0x3c04, 0x3f80},    {1.0f + 0x3p-8f, 0x3c0c, 0x3f82},
	{1.0f + 0x1p-11f, 0x3c00, 0x3f80},   {1.0f + 0x3p-11f, 0x3c02, 0x3f80},
	{-1.0f - 0x1.8p-8f, 0xbc06, 0xbf81}, {65519.0f, 0x7bff, 0x4780},
	{65520.0f, 0x7c00, 0x4780},	     {0x1.fffffep127f, 0x7c00, 0x7f80},
	{-INFINITY, 0xfc00, 0xff80},	     {0x1p-24f, 0x0001, 0x3380},
	{0x1p-25f, 0x0000, 0x3300},
};

static void put_tensors(struct gguf_writer *w, float *values)
{
	const uint32_t dim[] = {1, COUNT(halves)};

	for (size_t i = 0; i < COUNT(halves); i++)
		values[i] = halves[i].value;
	gguf_put_str(w, "general.architecture", "llama");
	gguf_put_f32(w, "llama.third", 1.0f / 3);
	gguf_put_bool(w, "yes", true);
	gguf_put_array(w, "numbers", GGUF_I32, 2);
	gguf_put_item_u32(w, 7);
	gguf_put_item_u32(w, 8);
	gguf_put_tensor(w, "f16", QUANT_F16, 2, dim, values);
	gguf_put_tensor(w, "bf16", QUANT_BF16, 2, dim, values);
	gguf_put_tensor(w, "f32", QUANT_F32, 1, dim + 1, values);
}

static void test_gguf(void **state)
{
	struct gguf_writer *w = gguf_writer_new();
	const char *path = temporary("", 0);
	float values[COUNT(halves)], third, back[COUNT(halves)];
	uint16_t bits[2][COUNT(halves)];
	struct axon_err err = {0};
	struct gguf_array numbers;
	struct gguf *g;
	uint32_t eight;
	bool yes;

	(void)state;
	put_tensors(w, values);
	assert_int_equal(gguf_write(w, path, &err), 0);
	gguf_writer_free(w);
	if (gguf_open(path, &g, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(gguf_arch(g), "llama");
	assert_int_equal(gguf_f32(g, ".third", &third, &err), 0);
	assert_true(third == 1.0f / 3);
	assert_int_equal(gguf_bool(g, "yes", &yes, &err), 0);
	assert_true(yes);
	assert_int_equal(gguf_array(g, "numbers", &numbers, &err), 0);
	assert_true(gguf_array_u32(&numbers, 1, &eight) && eight == 8 && numbers.n == 2);
	for (int i = 0; i < 2; i++) {
		const struct gguf_tensor *t = gguf_tensor(g, (size_t)i);

		assert_int_equal(t->offset % 32, 0);
		assert_int_equal(t->ne[0], COUNT(halves));
		assert_int_equal(gguf_read(g, t, 0, bits[i], sizeof(bits[i]), &err), 0);
	}
	for (size_t i = 0; i < COUNT(halves); i++)
		if (bits[0][i] != halves[i].f16 || bits[1][i] != halves[i].bf16)
			fail_msg("%a: expected %04x and %04x, found %04x and %04x",
				 (double)values[i], halves[i].f16, halves[i].bf16, bits[0][i],
				 bits[1][i]);
	assert_int_equal(gguf_read(g, gguf_find_tensor(g, "f32"), 0, back, sizeof(back), &err), 0);
	assert_memory_equal(back, values, sizeof(back));
	gguf_close(g);
	unlink(path);
}

static void test_gguf_refuses(void **state)
{
	const uint32_t dim[] = {1, 1, 1, 1, 1};
	struct axon_err err = {0};
	float value = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct gguf_writer *w = gguf_writer_new();
		char name[GGUF_MAX_NAME + 1];

		memset(name, 'n', sizeof(name));
		name[i == 0 ? GGUF_MAX_NAME : 5] = 0;
		gguf_put_tensor(w, name, i == 1 ? QUANT_Q8_0 : QUANT_F32, i == 2 ? 5 : 1, dim,
				&value);
		assert_int_equal(gguf_write(w, "/tmp/axon-never.gguf", &err), -EINVAL);
		assert_int_equal(access("/tmp/axon-never.gguf", F_OK), -1);
		gguf_writer_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_vocabulary_as_text),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_refused_texts),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_new_file),
		cmocka_unit_test(test_gguf),
		cmocka_unit_test(test_gguf_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
