// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_base.h"

#define MAX_CONTEXT    (1 << 20)
#define MAX_VOCABULARY (1 << 24)

struct base {
	FILE *file;
	const char *path;
	int32_t context, vocabulary, chunks;
	int32_t *tokens;
	uint16_t *row;
	size_t row_values;
};

static int truncated(const struct base *b, struct axon_err *err)
{
	return axon_fail(err, -EINVAL,
			 "%s: expected more data, found its end; write it again with "
			 "llama-perplexity --kl-divergence-base",
			 b->path);
}

static int read_header(struct base *b, struct axon_err *err)
{
	char magic[8];
	int32_t header[3];

	if (fread(magic, sizeof(magic), 1, b->file) != 1 ||
	    memcmp(magic, "_logits_", sizeof(magic)))
		return axon_fail(err, -EINVAL,
				 "%s: expected a file of llama-perplexity --kl-divergence-base, "
				 "found something else",
				 b->path);
	if (fread(header, sizeof(header), 1, b->file) != 1)
		return truncated(b, err);
	b->context = header[0];
	b->vocabulary = header[1];
	b->chunks = header[2];
	if (b->context < 4 || b->context > MAX_CONTEXT || b->vocabulary < 2 ||
	    b->vocabulary > MAX_VOCABULARY || b->chunks < 1 || b->chunks > MAX_CONTEXT)
		return axon_fail(
			err, -EINVAL,
			"%s: expected sensible sizes, found context %d, vocabulary %d, chunks %d; "
			"the file is damaged",
			b->path, b->context, b->vocabulary, b->chunks);

	size_t tokens = (size_t)b->chunks * (size_t)b->context;

	b->row_values = 2 * (((size_t)b->vocabulary + 1) / 2) + 4;
	b->tokens = malloc(tokens * sizeof(*b->tokens));
	b->row = malloc(b->row_values * sizeof(*b->row));
	if (!b->tokens || !b->row)
		return axon_fail(err, -ENOMEM, "out of memory");
	return fread(b->tokens, sizeof(*b->tokens), tokens, b->file) == tokens ? 0
									       : truncated(b, err);
}

int base_open(const char *path, struct base **out, struct axon_err *err)
{
	struct base *b = calloc(1, sizeof(*b));
	int ret;

	if (!b)
		return axon_fail(err, -ENOMEM, "out of memory");
	b->path = path;
	b->file = fopen(path, "rb");
	ret = b->file ? read_header(b, err)
		      : axon_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (ret) {
		base_close(b);
		return ret;
	}
	*out = b;
	return 0;
}

void base_close(struct base *b)
{
	if (b->file)
		fclose(b->file);
	free(b->tokens);
	free(b->row);
	free(b);
}

uint32_t base_context(const struct base *b)
{
	return (uint32_t)b->context;
}

uint32_t base_vocabulary(const struct base *b)
{
	return (uint32_t)b->vocabulary;
}

uint32_t base_chunks(const struct base *b)
{
	return (uint32_t)b->chunks;
}

const int32_t *base_tokens(const struct base *b)
{
	return b->tokens;
}

int base_next_row(struct base *b, struct base_row *row, struct axon_err *err)
{
	uint16_t best = 0, second = 0;

	if (fread(b->row, sizeof(*b->row), b->row_values, b->file) != b->row_values)
		return truncated(b, err);
	memcpy(&row->scale, b->row, sizeof(row->scale));
	memcpy(&row->minimum, b->row + 2, sizeof(row->minimum));
	row->values = b->row + 4;
	row->best = 0;
	for (int32_t i = 0; i < b->vocabulary; i++) {
		if (row->values[i] > best) {
			second = best;
			best = row->values[i];
			row->best = (uint32_t)i;
		} else if (row->values[i] > second) {
			second = row->values[i];
		}
	}
	row->margin = row->scale * (float)(best - second);
	return 0;
}

double base_divergence(const struct base_row *row, const float *logits, const struct logprob *score,
		       uint32_t vocabulary)
{
	double normal = (double)score->max + score->log_sum, sum = 0;

	for (uint32_t i = 0; i < vocabulary; i++) {
		float p_log = row->scale * row->values[i] + row->minimum;

		/* The format's floor: what lies there has no mass that it could tell. */
		if (p_log > -16.0f)
			sum += expf(p_log) * (p_log - (logits[i] - normal));
	}
	return sum;
}
