// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "random.h"
#include "text_data.h"
#include "tokenizer_priv.h"
#include "utf8.h"

#define VALIDATION 10 /* one part in so many */

static int map_file(struct text_data *d, int fd, struct axon_err *err)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st))
		return axon_fail(err, -errno, "%s: %s", d->path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)TEXT_DATA_MAX)
		return axon_fail(err, -EINVAL,
				 "%s: expected a text file of 1 to %llu bytes, found %s of %lld",
				 d->path, TEXT_DATA_MAX,
				 S_ISREG(st.st_mode) ? "one" : "something else",
				 (long long)st.st_size);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return axon_fail(err, -errno, "%s: mapping: %s", d->path, strerror(errno));
	d->text = p;
	d->len = (size_t)st.st_size;
	return 0;
}

static void unmap(struct text_data *d)
{
	if (d->text)
		munmap((void *)d->text, d->len);
	d->text = NULL;
}

static int check_utf8(const struct text_data *d, struct axon_err *err)
{
	uint32_t code;
	size_t bytes;

	for (size_t at = 0; at < d->len; at += bytes) {
		bytes = utf8_decode(d->text + at, d->len - at, &code);
		if (!bytes)
			return axon_fail(err, -EINVAL,
					 "%s: expected UTF-8, found byte 0x%02x at byte %zu; "
					 "convert the text with iconv",
					 d->path, (uint8_t)d->text[at], at);
	}
	return 0;
}

/* The start of a line, or where none is near of a character. */
static size_t cut(const struct text_data *d)
{
	size_t tail = d->len / VALIDATION, at = d->len - tail;
	const char *line = memchr(d->text + at, '\n', tail / 2);

	if (line)
		return (size_t)(line + 1 - d->text);
	while (at < d->len && ((uint8_t)d->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

int text_data_open(struct text_data *d, const char *path, struct axon_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;

	*d = (struct text_data){.path = path};
	if (fd < 0)
		return axon_fail(err, -errno, "%s: %s", path, strerror(errno));
	ret = map_file(d, fd, err);
	close(fd);
	if (!ret)
		ret = check_utf8(d, err);
	if (ret)
		return ret;
	d->train_len = cut(d);
	d->hash = strtab_hash(d->text, d->len, 0);
	return 0;
}

void text_data_close(struct text_data *d)
{
	unmap(d);
	free(d->tokens);
	memset(d, 0, sizeof(*d));
}

static int encode(const struct text_data *d, const struct tokenizer *tk, size_t from, size_t to,
		  int32_t **ids, uint64_t *count, uint32_t context, struct axon_err *err)
{
	size_t n;
	int ret = tokenizer_encode(tk, d->text + from, to - from, 0, ids, &n, err);

	if (ret)
		return ret;
	*count = n;
	if (n < context)
		return axon_fail(err, -EINVAL,
				 "%s: expected a text whose part for %s has at least one sequence "
				 "of %u tokens, found %zu tokens; give a longer text or a smaller "
				 "--context",
				 d->path, from ? "validation" : "training", context, n);
	return 0;
}

int text_data_tokenize(struct text_data *d, const struct tokenizer *tk, uint32_t context,
		       struct axon_err *err)
{
	int32_t *train = NULL, *valid = NULL;
	int32_t begin = tokenizer_bos(tk);
	int ret = encode(d, tk, 0, d->train_len, &train, &d->n_train, context, err);

	if (!ret)
		ret = encode(d, tk, d->train_len, d->len, &valid, &d->n_valid, context, err);
	if (!ret && begin < 0)
		ret = axon_fail(err, -EINVAL,
				"expected a tokenizer with a token that begins a text, found none");
	if (!ret) {
		d->begin = (uint32_t)begin;
		d->tokens = malloc((d->n_train + d->n_valid) * sizeof(*d->tokens));
		if (!d->tokens)
			ret = axon_fail(err, -ENOMEM, "%s: no memory for the tokens", d->path);
	}
	if (!ret) {
		memcpy(d->tokens, train, d->n_train * sizeof(*d->tokens));
		memcpy(d->tokens + d->n_train, valid, d->n_valid * sizeof(*d->tokens));
		unmap(d);
	}
	free(train);
	free(valid);
	return ret;
}

static void sequence(const struct text_data *d, uint64_t at, uint32_t context, uint32_t *tokens)
{
	tokens[0] = d->begin;
	memcpy(tokens + 1, d->tokens + at, context * sizeof(*tokens));
}

void text_data_batch(const struct text_data *d, uint64_t seed, uint64_t step, uint32_t batch,
		     uint32_t context, uint32_t *tokens)
{
	uint64_t state = random_stream(seed, ~step);

	for (uint32_t row = 0; row < batch; row++)
		sequence(d, random_below(&state, (uint32_t)(d->n_train - context + 1)), context,
			 tokens + (size_t)row * (context + 1));
}

uint64_t text_data_blocks(const struct text_data *d, uint32_t context)
{
	return d->n_valid / context;
}

void text_data_block(const struct text_data *d, uint64_t i, uint32_t context, uint32_t *tokens)
{
	sequence(d, d->n_train + i * context, context, tokens);
}
