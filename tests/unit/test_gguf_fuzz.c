// SPDX-License-Identifier: MIT
/*
 * Damages small right files at random and opens them: whatever the damage, the reader, the
 * tokenizer and the chat template must answer or refuse, never crash. Meant for SAN=1 above all.
 * The seed is printed; AXON_FUZZ_SEED repeats a run, AXON_FUZZ_SECONDS sets its length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chat.h"
#include "quant.h"
#include "small_vocab.h"
#include "tokenizer.h"
#include "unit.h"
#include "random.h"

static uint64_t random_state;

static uint64_t random_u64(void)
{
	return random_next(&random_state);
}

static size_t below(size_t n)
{
	return n ? random_u64() % n : 0;
}

static void build_model(struct builder *b)
{
	static const uint64_t ne[] = {256, 2};

	build_header(b, 3, 5);
	build_kv_str(b, "general.architecture", "llama");
	build_kv_u32(b, "general.alignment", 32);
	build_kv_u32(b, "llama.block_count", 1);
	build_kv_array(b, "llama.head_count_kv", GGUF_U16, 4);
	build_zeros(b, 8);
	build_kv_str(b, "tokenizer.chat_template", "<|im_start|>");
	build_tensor(b, "a", 2, ne, QUANT_Q6_K, 0);
	build_tensor(b, "b", 1, ne, QUANT_F16, 448);
	build_tensor(b, "c", 2, ne, QUANT_Q4_0, 960);
	build_align(b, 32);
	build_zeros(b, 960 + 288);
}

/* One to four damages: a byte, a length or count replaced, a stretch repeated, the end cut. */
static void damage(struct builder *b)
{
	static const uint64_t telling[] = {
		0,	    1,		0x7f,	    0xff,      0xffff,	   0x7fffffff,
		0xffffffff, 1ull << 32, 1ull << 61, INT64_MAX, UINT64_MAX, UINT64_MAX - 7,
	};

	for (size_t n = 1 + below(4); n && b->n > 8; n--) {
		size_t at = below(b->n - 8), len;
		uint64_t v;

		if (below(2)) /* the structure is mostly in front */
			at = below(at < 600 ? at : 600);
		switch (below(5)) {
		case 0: b->p[at] = (uint8_t)random_u64(); break;
		case 1: b->p[at] ^= (uint8_t)(1 << below(8)); break;
		case 2:
			v = telling[below(sizeof(telling) / sizeof(telling[0]))];
			memcpy(b->p + at, &v, below(2) ? 8 : 4);
			break;
		case 3:
			len = below(b->n - at);
			memmove(b->p + below(b->n - len), b->p + at, len);
			break;
		case 4:
			if (!below(4))
				b->n -= below(b->n - 8);
			break;
		}
	}
}

static void use_tensors(const struct gguf *g)
{
	static uint8_t data[1 << 12];
	struct axon_err err;

	for (size_t i = 0; i < gguf_n_tensors(g); i++) {
		const struct gguf_tensor *t = gguf_tensor(g, i);
		size_t len = t->size < sizeof(data) ? t->size : sizeof(data);

		assert_ptr_equal(gguf_find_tensor(g, t->name), t);
		assert_int_equal(gguf_read(g, t, t->size - len, data, len, &err), 0);
	}
}

static void use_keys(const struct gguf *g)
{
	enum chat_template t;
	struct axon_err err;
	uint32_t u;

	for (uint32_t i = 0; i < 5; i++)
		gguf_u32_at(g, ".head_count_kv", i, &u, &err);
	gguf_u32_or(g, ".block_count", 0, &u, &err);
	chat_template_of(g, &t, &err);
}

static void use_tokenizer(const struct gguf *g)
{
	static const char text[] = "hello world's <b>aaaa</s>\n\n\n 123é\xff\xe2\x96";
	struct tokenizer *tk;
	struct axon_err err;
	int32_t *ids;
	char *back;
	size_t n, len;

	if (tokenizer_new(g, &tk, &err))
		return;
	if (!tokenizer_encode(tk, text, sizeof(text),
			      TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL, &ids, &n, &err)) {
		for (size_t i = 0; i < n; i++)
			assert_true(ids[i] >= 0 && (size_t)ids[i] < tokenizer_size(tk));
		if (!tokenizer_decode(tk, ids, n, TOKENIZER_SHOW_SPECIAL, &back, &len, &err))
			free(back);
		free(ids);
	}
	for (size_t i = 0; i < 8; i++) {
		char piece[8];

		tokenizer_piece(tk, (int32_t)random_u64(), 0, piece, sizeof(piece));
		tokenizer_piece(tk, (int32_t)below(tokenizer_size(tk)), 0, piece, 3);
	}
	tokenizer_free(tk);
}

/* Returns whether the damaged file was still opened. */
static bool one_file(const struct builder *whole)
{
	struct builder b = {};
	struct axon_err err = {};
	struct gguf *g;
	bool opened;

	build_bytes(&b, whole->p, whole->n);
	damage(&b);
	opened = !build_open(&b, &g, &err);
	if (opened) {
		use_tensors(g);
		use_keys(g);
		use_tokenizer(g);
		gguf_close(g);
	} else {
		assert_true(err.code < 0 && err.msg[0]);
	}
	build_free(&b);
	return opened;
}

static void test_damaged(void **state)
{
	const char *seed = getenv("AXON_FUZZ_SEED"), *seconds = getenv("AXON_FUZZ_SECONDS");
	time_t end = time(NULL) + (seconds ? atoi(seconds) : 5);
	struct builder whole[4] = {};
	size_t files = 0, opened = 0;

	(void)state;
	random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)random_state);
	build_model(&whole[0]);
	build_spm(&whole[1], true);
	build_bpe(&whole[2], "llama-bpe");
	build_bpe(&whole[3], "smollm");
	for (; time(NULL) < end; files++)
		opened += one_file(&whole[files % 4]);
	print_message("%zu files, %zu of them opened all the same\n", files, opened);
	assert_true(opened > 0 && opened < files);
	for (size_t i = 0; i < 4; i++)
		build_free(&whole[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
