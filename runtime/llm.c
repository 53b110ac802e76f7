// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llm_priv.h"

#define DEFAULT_CONTEXT 4096
#define DEFAULT_BATCH	512

const struct llm_config *llm_config(const struct llm *m)
{
	return &m->config;
}

struct llm_memory llm_memory(const struct llm *m)
{
	return m->memory;
}

uint32_t llm_context(const struct llm *m)
{
	return m->context;
}

uint32_t llm_position(const struct llm *m)
{
	return m->pos;
}

void llm_rewind(struct llm *m, uint32_t pos)
{
	if (pos < m->pos)
		m->pos = pos;
}

const float *llm_logits(const struct llm *m)
{
	return m->logits;
}

static int choose_sizes(struct llm *m, const struct llm_options *o, struct axon_err *err)
{
	m->context = o->context;
	if (!m->context)
		m->context =
			m->config.context < DEFAULT_CONTEXT ? m->config.context : DEFAULT_CONTEXT;
	if (m->context > m->config.context)
		return axon_fail(
			err, -EINVAL,
			"context: expected at most the %u tokens that the model was trained for, "
			"found %u; lower -c",
			m->config.context, m->context);
	m->batch = o->batch ? o->batch : DEFAULT_BATCH;
	if (m->batch > m->context)
		m->batch = m->context;
	m->logit_rows = o->logit_rows < m->batch ? o->logit_rows : m->batch;
	return 0;
}

static int create_streams(struct llm *m, struct axon_err *err)
{
	int ret = accel_stream_create(m->chip->vm, &m->decode);

	if (!ret)
		ret = accel_stream_create(m->chip->vm, &m->prefill);
	if (!ret)
		ret = accel_stream_create(m->chip->vm, &m->head);
	return ret ? chip_fail(err, "creating command streams", ret) : 0;
}

int llm_open(struct chip *chip, const struct gguf *g, const struct llm_options *options,
	     struct llm **out, struct axon_err *err)
{
	const struct llm_sampling greedy = {.top_p = 1.0f};
	struct llm *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return axon_fail(err, -ENOMEM, "out of memory");
	m->chip = chip;
	ret = llm_config_read(g, &m->config, err);
	if (!ret)
		ret = choose_sizes(m, options, err);
	if (!ret)
		ret = llm_plan_memory(m, g, err);
	if (!ret)
		ret = llm_check_attention(m, err);
	if (!ret)
		ret = llm_weights_load(chip, g, &m->config, options->progress, options->opaque,
				       &m->weights, err);
	if (!ret)
		ret = llm_create_buffers(m, err);
	if (!ret)
		ret = create_streams(m, err);
	if (!ret)
		ret = llm_set_sampling(m, &greedy, err);
	if (ret) {
		llm_close(m);
		return ret;
	}
	m->memory.file = m->weights.file_bytes;
	*out = m;
	return 0;
}

void llm_close(struct llm *m)
{
	if (!m)
		return;
	accel_stream_destroy(m->decode);
	accel_stream_destroy(m->prefill);
	accel_stream_destroy(m->head);
	llm_destroy_buffers(m);
	llm_weights_free(&m->weights);
	free(m);
}

static int reset(struct accel_stream *s, struct axon_err *err)
{
	int ret = accel_stream_reset(s);

	return ret ? chip_fail(err, "recording", ret) : 0;
}

int llm_record_step(struct llm *m, struct accel_stream *s, uint32_t rows, bool sample,
		    struct axon_err *err)
{
	int ret = llm_record_layers(m, s, rows, err);

	if (!ret && sample)
		ret = llm_record_head(m, s, rows - 1, 1, err);
	if (!ret && sample)
		ret = llm_record_sample(m, s, err);
	return ret;
}

int llm_set_sampling(struct llm *m, const struct llm_sampling *s, struct axon_err *err)
{
	m->sampling = *s;
	m->step->counter = 0;
	m->prefill_rows = 0;

	int ret = reset(m->decode, err);

	return ret ? ret : llm_record_step(m, m->decode, 1, true, err);
}

static int prepare_prefill(struct llm *m, uint32_t rows, bool sample, struct axon_err *err)
{
	int ret;

	if (m->prefill_rows == rows && m->prefill_samples == sample)
		return 0;
	m->prefill_rows = 0;
	ret = reset(m->prefill, err);
	if (!ret)
		ret = llm_record_step(m, m->prefill, rows, sample, err);
	if (ret)
		return ret;
	m->prefill_rows = rows;
	m->prefill_samples = sample;
	return 0;
}

static int check_tokens(const struct llm *m, const int32_t *tokens, uint32_t n,
			struct axon_err *err)
{
	if (n > m->context - m->pos)
		return axon_fail(err, -ENOSPC,
				 "context: expected at most %u more tokens, found %u; "
				 "shorten the text or raise the context (-c)",
				 m->context - m->pos, n);
	for (uint32_t i = 0; i < n; i++)
		if (tokens[i] < 0 || (uint32_t)tokens[i] >= m->config.vocabulary)
			return axon_fail(
				err, -EINVAL,
				"token %u: expected 0 to %u, found %d; the tokenizer and the "
				"embedding of the file do not match",
				i, m->config.vocabulary - 1, tokens[i]);
	return 0;
}

/* Puts rows tokens into the step block. */
static void begin_step(struct llm *m, const int32_t *tokens, uint32_t rows)
{
	m->step->rows = rows;
	m->step->pos = m->pos;
	m->head_step->rows = 1;
	memcpy(m->step->tokens, tokens, rows * sizeof(*tokens));
}

int llm_prompt(struct llm *m, const int32_t *tokens, uint32_t n, int32_t *next,
	       struct axon_err *err)
{
	int ret = n ? check_tokens(m, tokens, n, err)
		    : axon_fail(err, -EINVAL,
				"prompt: expected at least one token, found none; give a text");

	for (uint32_t done = 0; done < n && !ret;) {
		uint32_t rows = n - done < m->batch ? n - done : m->batch;
		bool last = done + rows == n;

		ret = prepare_prefill(m, rows, last, err);
		if (ret)
			break;
		begin_step(m, tokens + done, rows);
		ret = chip_run(m->chip, m->prefill, err);
		if (ret)
			break;
		m->pos += rows;
		done += rows;
	}
	if (!ret)
		*next = (int32_t)m->step->tokens[0];
	return ret;
}

int llm_next(struct llm *m, int32_t *next, struct axon_err *err)
{
	int ret;

	if (m->pos >= m->context)
		return axon_fail(err, -ENOSPC,
				 "context: all %u tokens are used; raise the context (-c)",
				 m->context);
	ret = chip_run(m->chip, m->decode, err);
	if (ret)
		return ret;
	m->pos++;
	*next = (int32_t)m->step->tokens[0];
	return 0;
}

/* Logits and scores of rows first .. first + n of the step that has just run, the text at `tokens`. */
static int score_rows(struct llm *m, const int32_t *tokens, uint32_t first, uint32_t n,
		      uint32_t base, llm_scored scored, void *opaque, struct axon_err *err)
{
	int ret = reset(m->head, err);

	m->head_step->rows = n;
	for (uint32_t i = 0; i < n; i++)
		m->targets[i] = (uint32_t)tokens[base + first + i + 1];
	if (!ret)
		ret = llm_record_head(m, m->head, first, n, err);
	if (!ret)
		ret = llm_record_logprobs(m, m->head, n, err);
	if (!ret)
		ret = chip_run(m->chip, m->head, err);
	for (uint32_t i = 0; i < n && !ret; i++)
		if (scored(opaque, base + first + i, &m->scores[i],
			   m->logits + (uint64_t)i * m->config.vocabulary))
			ret = axon_fail(err, -EINTR, "interrupted while scoring");
	return ret;
}

int llm_score(struct llm *m, const int32_t *tokens, uint32_t n, uint32_t first, llm_scored scored,
	      void *opaque, struct axon_err *err)
{
	int ret;

	m->pos = 0;
	ret = m->logit_rows
		      ? check_tokens(m, tokens, n, err)
		      : axon_fail(
				err, -EINVAL,
				"scoring: expected a model opened with rows of logits, found none");
	for (uint32_t base = 0; base < n && !ret; base = m->pos) {
		uint32_t rows = n - base < m->batch ? n - base : m->batch;

		ret = prepare_prefill(m, rows, false, err);
		if (ret)
			break;
		begin_step(m, tokens + base, rows);
		ret = chip_run(m->chip, m->prefill, err);
		if (ret)
			break;
		m->pos += rows;

		uint32_t end = m->pos < n ? rows : rows - 1;
		uint32_t row = first > base ? first - base : 0;

		for (; row < end && !ret; row += m->logit_rows)
			ret = score_rows(m, tokens, row,
					 end - row < m->logit_rows ? end - row : m->logit_rows,
					 base, scored, opaque, err);
	}
	return ret;
}
