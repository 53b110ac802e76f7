/* SPDX-License-Identifier: MIT */
/*
 * A text that a language model learns from: checked, cut into a part for training and one for
 * validation, and as tokens. Sequences begin with the token `begin`, as llama-perplexity's chunks do.
 */
#ifndef AXON_RUNTIME_TEXT_DATA_H
#define AXON_RUNTIME_TEXT_DATA_H

#include "tokenizer.h"

#define TEXT_DATA_MAX (1ull << 30) /* bytes */

struct text_data {
	const char *path;
	const char *text; /* the file, mapped */
	size_t len, train_len;
	uint64_t hash; /* of the file */
	uint32_t begin;
	uint32_t *tokens; /* of the part for training, then of that for validation */
	uint64_t n_train, n_valid;
};

/*
 * Maps the file, which must be UTF-8. Its last tenth, from the start of a line on, is for validation.
 * The path must stay valid. Close it also after an error.
 */
int text_data_open(struct text_data *d, const char *path, struct axon_err *err);
void text_data_close(struct text_data *d);

/* Makes the tokens; each part must have at least @context of them. The file is unmapped then. */
int text_data_tokenize(struct text_data *d, const struct tokenizer *tk, uint32_t context,
		       struct axon_err *err);

/*
 * The sequences of a step, as lm_step() takes them: each from a place in the training part that is a
 * function of the seed, the step and its row.
 */
void text_data_batch(const struct text_data *d, uint64_t seed, uint64_t step, uint32_t batch,
		     uint32_t context, uint32_t *tokens);
/* Sequences of the validation part, none overlapping; the tokens of number @i. */
uint64_t text_data_blocks(const struct text_data *d, uint32_t context);
void text_data_block(const struct text_data *d, uint64_t i, uint32_t context, uint32_t *tokens);

#endif
