// SPDX-License-Identifier: MIT
/* The GGUF reader on right files and on every kind of wrong one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gguf_builder.h"
#include "quant.h"
#include "unit.h"

/* A small right file: 9 keys, 2 tensors whose bytes count up. */
static void build_valid(struct builder *b)
{
	static const char *const strs[] = {"one", "", "three"};
	static const uint64_t ne_a[] = {4, 2}, ne_b[] = {64};

	build_header(b, 2, 9);
	build_kv_str(b, "general.architecture", "llama");
	build_kv_u32(b, "general.alignment", 64);
	build_kv_u32(b, "llama.block_count", 22);
	build_kv_f32(b, "llama.epsilon", 1e-5f);
	build_kv_bool(b, "flag", 1);
	build_kv_strs(b, "strings", strs, 3);
	build_kv_array(b, "llama.heads", GGUF_I32, 3);
	for (uint32_t i = 0; i < 3; i++)
		build_int(b, 4 + i, 4);
	build_str(b, "negative");
	build_int(b, GGUF_I64, 4);
	build_int(b, (uint64_t)-5, 8);
	build_str(b, "double");
	build_int(b, GGUF_F64, 4);
	build_bytes(b, &(double){0.5}, 8);
	build_tensor(b, "a.weight", 2, ne_a, QUANT_F32, 0);
	build_tensor(b, "b.weight", 1, ne_b, QUANT_Q8_0, 64);
	build_align(b, 64);
	for (int i = 0; i < 64 + 2 * 34; i++)
		build_int(b, (uint64_t)i, 1);
}

static void check_valid(const struct gguf *g)
{
	const struct gguf_tensor *t;
	struct gguf_array a;
	struct gguf_str s;
	struct axon_err err;
	uint8_t bytes[8];
	uint32_t u;
	float f;
	bool flag;

	assert_string_equal(gguf_arch(g), "llama");
	assert_int_equal(gguf_u32(g, ".block_count", &u, &err), 0);
	assert_int_equal(u, 22);
	assert_int_equal(gguf_f32(g, "llama.epsilon", &f, &err), 0);
	assert_true(f == 1e-5f);
	assert_int_equal(gguf_f32(g, "double", &f, &err), 0);
	assert_true(f == 0.5f);
	assert_int_equal(gguf_bool(g, "flag", &flag, &err), 0);
	assert_true(flag);
	assert_int_equal(gguf_array(g, "strings", &a, &err), 0);
	assert_true(gguf_array_next(&a, &s) && s.n == 3 && !memcmp(s.p, "one", 3));
	assert_true(gguf_array_next(&a, &s) && s.n == 0);
	assert_true(gguf_array_next(&a, &s) && s.n == 5 && !memcmp(s.p, "three", 5));
	assert_false(gguf_array_next(&a, &s));
	assert_int_equal(gguf_u32_at(g, ".heads", 2, &u, &err), 0);
	assert_int_equal(u, 6);
	assert_int_equal(gguf_u32_at(g, ".heads", 3, &u, &err), -EINVAL);
	assert_int_equal(gguf_u32_at(g, ".block_count", 3, &u, &err), 0);
	assert_int_equal(u, 22);

	assert_int_equal(gguf_n_tensors(g), 2);
	assert_int_equal(gguf_get_tensor(g, "b.weight", &t, &err), 0);
	assert_int_equal(t->type, QUANT_Q8_0);
	assert_int_equal(t->ne[0], 64);
	assert_int_equal(t->ne[1], 1);
	assert_int_equal(t->size, 68);
	assert_int_equal(t->offset % 64, 0);
	assert_int_equal(gguf_read(g, t, 2, bytes, 8, &err), 0);
	assert_int_equal(bytes[0], 66);
	assert_int_equal(bytes[7], 73);
	assert_int_equal(gguf_read(g, t, 61, bytes, 8, &err), -EINVAL);
	assert_int_equal(gguf_read(g, t, UINT64_MAX, bytes, 8, &err), -EINVAL);
	t = gguf_find_tensor(g, "a.weight");
	assert_non_null(t);
	assert_int_equal(t->size, 32);
	assert_null(gguf_find_tensor(g, "c.weight"));
}

static void test_valid(void **state)
{
	struct builder b = {};
	struct axon_err err = {};
	struct gguf *g;

	(void)state;
	build_valid(&b);
	assert_int_equal(build_open(&b, &g, &err), 0);
	check_valid(g);
	gguf_close(g);
	build_free(&b);
}

static void test_values(void **state)
{
	struct builder b = {};
	struct axon_err err = {};
	struct gguf *g;
	struct gguf_str s;
	uint32_t u;
	float f;
	bool flag;

	(void)state;
	build_valid(&b);
	assert_int_equal(build_open(&b, &g, &err), 0);
	assert_int_equal(gguf_u32(g, ".absent", &u, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "llama.absent"));
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(gguf_u32_or(g, ".absent", 7, &u, &err), 0);
	assert_int_equal(u, 7);
	assert_int_equal(gguf_u32(g, "negative", &u, &err), -EINVAL);
	assert_int_equal(gguf_u32_or(g, "flag", 7, &u, &err), -EINVAL);
	assert_int_equal(gguf_f32(g, "flag", &f, &err), -EINVAL);
	assert_int_equal(gguf_bool(g, "negative", &flag, &err), -EINVAL);
	assert_int_equal(gguf_str(g, "flag", &s, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "bool"));
	assert_false(gguf_has(g, "negativ"));
	gguf_close(g);
	build_free(&b);
}

/* The file may be longer than its contents, as a block device is. */
static void test_padded(void **state)
{
	struct builder b = {};
	struct axon_err err = {};
	struct gguf *g;

	(void)state;
	build_valid(&b);
	build_zeros(&b, 100000);
	build_align(&b, 512);
	assert_int_equal(build_open(&b, &g, &err), 0);
	check_valid(g);
	gguf_close(g);
	build_free(&b);
}

/* Wherever the file is cut, opening it fails and says that the file is cut. */
static void test_truncated(void **state)
{
	struct builder b = {};
	size_t full;

	(void)state;
	build_valid(&b);
	full = b.n;
	for (b.n = 0; b.n < full; b.n++) {
		struct axon_err err = {};
		struct gguf *g;

		assert_int_not_equal(build_open(&b, &g, &err), 0);
		assert_non_null(strstr(err.msg, "truncated"));
		assert_non_null(strstr(err.msg, "test.gguf"));
	}
	build_free(&b);
}

/* Metadata longer than the first read makes the reader's buffer move while it parses. */
static void test_long_metadata(void **state)
{
	struct builder b = {};
	struct axon_err err = {};
	struct gguf *g;
	struct gguf_array a;
	struct gguf_str s;
	uint32_t u;
	char text[64];

	(void)state;
	build_header(&b, 0, 3);
	build_kv_u32(&b, "first", 1);
	build_kv_array(&b, "many", GGUF_STRING, 300000);
	for (int i = 0; i < 300000; i++) {
		snprintf(text, sizeof(text), "string %d", i);
		build_str(&b, text);
	}
	build_kv_u32(&b, "last", 2);
	assert_int_equal(build_open(&b, &g, &err), 0);
	assert_int_equal(gguf_u32(g, "first", &u, &err), 0);
	assert_int_equal(u, 1);
	assert_int_equal(gguf_u32(g, "last", &u, &err), 0);
	assert_int_equal(u, 2);
	assert_int_equal(gguf_array(g, "many", &a, &err), 0);
	for (int i = 0; i < 300000; i++) {
		snprintf(text, sizeof(text), "string %d", i);
		assert_true(gguf_array_next(&a, &s));
		assert_int_equal(s.n, strlen(text));
		assert_memory_equal(s.p, text, s.n);
	}
	gguf_close(g);
	build_free(&b);
}

/* The file must be refused with a line that holds @expected. */
static void refused(struct builder *b, const char *expected)
{
	struct axon_err err = {};
	struct gguf *g = NULL;
	int ret = build_open(b, &g, &err);

	if (!ret || !strstr(err.msg, expected))
		fail_msg("returned %d, \"%s\"; a refusal with \"%s\" was expected", ret, err.msg,
			 expected);
	assert_int_equal(err.code, ret);
	assert_null(strchr(err.msg, '\n'));
	assert_null(g);
	build_free(b);
}

static void test_bad_header(void **state)
{
	struct builder b = {};

	(void)state;
	build_zeros(&b, 100);
	refused(&b, "not a GGUF file");
	build_bytes(&b, "GGUF", 4);
	build_int(&b, 1, 4);
	build_zeros(&b, 100);
	refused(&b, "version 1");
	build_bytes(&b, "GGUF", 4);
	build_int(&b, 0x03000000, 4);
	build_zeros(&b, 100);
	refused(&b, "big-endian");
	build_header(&b, 1ull << 40, 0);
	build_zeros(&b, 100);
	refused(&b, "counts 1099511627776 tensors");
	build_header(&b, 0, UINT64_MAX);
	build_zeros(&b, 100);
	refused(&b, "18446744073709551615 keys");
	build_header(&b, 0, 5);
	refused(&b, "truncated");
}

static void test_bad_keys(void **state)
{
	struct builder b = {};

	(void)state;
	build_header(&b, 0, 2);
	build_kv_u32(&b, "same", 1);
	build_kv_u32(&b, "same", 2);
	refused(&b, "key 'same' stands twice");
	build_header(&b, 0, 1);
	build_kv_u32(&b, "", 1);
	refused(&b, "a key of 0 bytes");
	build_header(&b, 0, 1);
	build_int(&b, UINT64_MAX, 8);
	build_zeros(&b, 100);
	refused(&b, "a key at byte");
	build_header(&b, 0, 1);
	build_str(&b, "k");
	build_int(&b, 13, 4);
	build_zeros(&b, 100);
	refused(&b, "key 'k' has type 13");
	build_header(&b, 0, 1);
	build_str(&b, "k");
	build_int(&b, GGUF_STRING, 4);
	build_int(&b, UINT64_MAX - 3, 8);
	build_zeros(&b, 100);
	refused(&b, "a string at byte");
	build_header(&b, 0, 1);
	build_kv_array(&b, "k", GGUF_ARRAY, 1);
	build_zeros(&b, 100);
	refused(&b, "array of arrays");
	build_header(&b, 0, 1);
	build_kv_array(&b, "k", (enum gguf_kind)77, 1);
	build_zeros(&b, 100);
	refused(&b, "unknown type 77");
	build_header(&b, 0, 1);
	build_kv_array(&b, "k", GGUF_F64, 1ull << 61);
	build_zeros(&b, 100);
	refused(&b, "an array at byte");
	build_header(&b, 0, 1);
	build_kv_array(&b, "k", GGUF_STRING, UINT64_MAX);
	build_zeros(&b, 100);
	refused(&b, "truncated");
	build_header(&b, 0, 1);
	build_kv_u32(&b, "general.architecture", 1);
	refused(&b, "holds a u32");
	build_header(&b, 0, 1);
	build_kv_str(&b, "general.architecture", "");
	refused(&b, "general.architecture has 0 bytes");
}

static void bad_alignment(uint32_t alignment)
{
	struct builder b = {};
	char text[64];

	build_header(&b, 0, 1);
	build_kv_u32(&b, "general.alignment", alignment);
	snprintf(text, sizeof(text), "general.alignment is %u;", alignment);
	refused(&b, text);
}

static void test_bad_alignment(void **state)
{
	(void)state;
	bad_alignment(0);
	bad_alignment(33);
	bad_alignment(1u << 31);
}

struct bad_tensor {
	const char *name;
	uint32_t n_dims;
	uint64_t ne[5];
	uint32_t type;
	uint64_t offset;
	const char *expected;
};

static void test_bad_tensors(void **state)
{
	static const char long_name[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	static const struct bad_tensor bad[] = {
		{"", 1, {4}, QUANT_F32, 0, "name at byte"},
		{long_name, 1, {4}, QUANT_F32, 0, "64 bytes"},
		{"t", 0, {4}, QUANT_F32, 0, "tensor 't' has 0 dimensions"},
		{"t", 5, {1, 1, 1, 1, 1}, QUANT_F32, 0, "tensor 't' has 5 dimensions"},
		{"t", 2, {4, 0}, QUANT_F32, 0, "empty dimension 1"},
		{"t", 1, {256}, 10, 0, "tensor 't' has type Q2_K (10); supported are F32"},
		{"t", 1, {256}, 12345, 0, "type unknown (12345)"},
		{"t",
		 1,
		 {640},
		 QUANT_Q6_K,
		 0,
		 "rows of 640 elements; Q6_K needs a multiple of 256"},
		{"t", 2, {1ull << 32, 1ull << 32}, QUANT_F32, 0, "overflows"},
		{"t",
		 4,
		 {1ull << 16, 1ull << 16, 1ull << 16, 1ull << 16},
		 QUANT_F16,
		 0,
		 "overflows"},
		{"t", 1, {1ull << 62}, QUANT_F32, 0, "overflows"},
		{"t", 1, {4}, QUANT_F32, 16, "no multiple of the alignment 32"},
		{"t", 1, {4}, QUANT_F32, 1 << 20, "has only"},
		{"t", 1, {4}, QUANT_F32, UINT64_MAX - 31, "has only"},
		{"t", 1, {100}, QUANT_F32, 0, "tensor 't' needs 400 bytes at offset 0"},
		{"t\033[2J", 1, {100}, QUANT_F32, 0, "tensor 't?[2J'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct builder b = {};

		build_header(&b, 1, 0);
		build_tensor(&b, bad[i].name, bad[i].n_dims, bad[i].ne, bad[i].type, bad[i].offset);
		build_align(&b, 32);
		build_zeros(&b, 64);
		refused(&b, bad[i].expected);
	}
}

static void test_duplicate_tensors(void **state)
{
	static const uint64_t ne[] = {4};
	struct builder b = {};

	(void)state;
	build_header(&b, 3, 0);
	build_tensor(&b, "x", 1, ne, QUANT_F32, 0);
	build_tensor(&b, "y", 1, ne, QUANT_F32, 32);
	build_tensor(&b, "x", 1, ne, QUANT_F32, 32);
	build_align(&b, 32);
	build_zeros(&b, 64);
	refused(&b, "tensor 'x' stands twice");
}

static void test_no_file(void **state)
{
	struct axon_err err = {};
	struct gguf *g;

	(void)state;
	assert_int_equal(gguf_open("/nonexistent/model.gguf", &g, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/model.gguf"));
	assert_int_equal(gguf_open("/dev/null", &g, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "neither a file nor a block device"));
	assert_int_equal(gguf_open("/", &g, NULL), -EINVAL);
}

/* The tensor's bytes vanish after the file was opened: reading says so. */
static void test_shrinks(void **state)
{
	struct builder b = {};
	struct axon_err err = {};
	struct gguf *g;
	uint8_t byte;
	int fd = memfd_create("shrinks", MFD_CLOEXEC);

	(void)state;
	build_valid(&b);
	assert_int_equal(write(fd, b.p, b.n), b.n);
	assert_int_equal(gguf_open_fd(fd, "shrinks", &g, &err), 0);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(gguf_read(g, gguf_tensor(g, 0), 0, &byte, 1, &err), -EIO);
	assert_non_null(strstr(err.msg, "a.weight"));
	gguf_close(g);
	close(fd);
	build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),	      cmocka_unit_test(test_values),
		cmocka_unit_test(test_padded),	      cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_long_metadata), cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_bad_keys),      cmocka_unit_test(test_bad_alignment),
		cmocka_unit_test(test_bad_tensors),   cmocka_unit_test(test_duplicate_tensors),
		cmocka_unit_test(test_no_file),	      cmocka_unit_test(test_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
