// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llm_priv.h"

#define DEFAULT_CONTEXT	  4096
#define DEFAULT_BATCH	  512
#define DEFAULT_RUN_AHEAD 4
#define MAX_SEQUENCES	  4096

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

uint32_t llm_sequences(const struct llm *m)
{
	return m->most_sequences;
}

const float *llm_logits(const struct llm *m)
{
	return m->logits;
}

static int choose_sizes(struct llm *m, const struct llm_options *o, struct axon_err *err)
{
	uint64_t cache = o->cache;

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
	m->most_sequences = o->sequences ? o->sequences : 1;
	if (m->most_sequences > MAX_SEQUENCES)
		return axon_fail(err, -EINVAL, "sequences: expected at most %u, found %u",
				 MAX_SEQUENCES, m->most_sequences);
	m->batch = o->batch ? o->batch : DEFAULT_BATCH;
	if (m->batch > m->context)
		m->batch = m->context;
	m->rows = m->batch > m->most_sequences ? m->batch : m->most_sequences;
	m->logit_rows = o->logit_rows < m->batch ? o->logit_rows : m->batch;
	m->run_ahead = o->run_ahead ? o->run_ahead : DEFAULT_RUN_AHEAD;
	if (m->run_ahead > STEP_RESULTS)
		m->run_ahead = STEP_RESULTS;
	m->table_pages = (m->context + KEY_BLOCK - 1) / KEY_BLOCK;
	if (!cache)
		cache = (uint64_t)m->table_pages * KEY_BLOCK * m->most_sequences;
	cache = (cache + KEY_BLOCK - 1) / KEY_BLOCK;
	if (cache > INT32_MAX / KEY_BLOCK)
		return axon_fail(err, -EINVAL,
				 "cache: expected at most %u tokens, found %llu; use fewer "
				 "sequences or a shorter context (-c)",
				 INT32_MAX, (unsigned long long)cache * KEY_BLOCK);
	m->pool.pages = (uint32_t)cache;
	return 0;
}

static int create_sequences(struct llm *m, struct axon_err *err)
{
	int ret = llm_pool_init(&m->pool, m->pool.pages);

	m->sequences = calloc(m->most_sequences, sizeof(*m->sequences));
	if (ret || !m->sequences)
		return axon_fail(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < m->most_sequences; i++) {
		m->sequences[i].pages = calloc(m->table_pages, sizeof(*m->sequences[i].pages));
		if (!m->sequences[i].pages)
			return axon_fail(err, -ENOMEM, "out of memory");
	}
	return 0;
}

int llm_open(struct chip *chip, const struct gguf *g, const struct llm_options *options,
	     struct llm **out, struct axon_err *err)
{
	struct llm *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return axon_fail(err, -ENOMEM, "out of memory");
	m->chip = chip;
	m->sampling.top_p = 1.0f;
	ret = llm_config_read(g, &m->config, err);
	if (!ret)
		ret = choose_sizes(m, options, err);
	if (!ret)
		ret = create_sequences(m, err);
	if (!ret)
		ret = llm_plan_memory(m, g, err);
	if (!ret)
		ret = llm_check_attention(m, err);
	if (!ret)
		ret = llm_weights_load(chip, g, &m->config, options->progress, options->opaque,
				       &m->weights, err);
	if (!ret)
		ret = llm_create_buffers(m, err);
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
	struct axon_err unheard;

	if (!m)
		return;
	llm_settle(m, &unheard);
	for (uint32_t i = 0; i < LLM_STREAMS; i++)
		accel_stream_destroy(m->steps[i]);
	accel_stream_destroy(m->head);
	llm_destroy_buffers(m);
	llm_weights_free(&m->weights);
	for (uint32_t i = 0; m->sequences && i < m->most_sequences; i++)
		free(m->sequences[i].pages);
	free(m->sequences);
	llm_pool_destroy(&m->pool);
	free(m);
}

void llm_set_ends(struct llm *m, const int32_t *tokens, uint32_t n)
{
	m->step->ends = n < LLM_ENDS ? n : LLM_ENDS;
	for (uint32_t i = 0; i < m->step->ends; i++)
		m->step->end[i] = (uint32_t)tokens[i];
}

/* ---- one sequence ---- */

uint32_t llm_position(const struct llm *m)
{
	return m->single ? m->single->pos : 0;
}

void llm_rewind(struct llm *m, uint32_t pos)
{
	if (m->single)
		llm_sequence_rewind(m->single, pos);
}

void llm_set_sampling(struct llm *m, const struct llm_sampling *s)
{
	m->sampling = *s;
	if (m->single)
		llm_sequence_set_sampling(m->single, s);
}

void llm_set_limit(struct llm *m, uint32_t n)
{
	m->limit = n;
}

/* What may be sampled when n more tokens are in the cache. */
static uint32_t limit_behind(const struct llm *m, uint32_t n)
{
	uint32_t room = m->context - m->single->pos - n + 1;

	return m->limit && m->limit < room ? m->limit : room;
}

/* Steps until the single sequence has its next token. */
static int next_token(struct llm *m, uint32_t ahead, int32_t *next, struct axon_err *err)
{
	struct llm_token tokens[1];
	uint32_t n = 0;
	bool more = true;
	int ret = 0;

	while (!ret && !n && more)
		ret = llm_step_ahead(m, ahead, tokens, &n, &more, err);
	if (!ret)
		*next = tokens[0].token;
	return ret;
}

int llm_prompt(struct llm *m, const int32_t *tokens, uint32_t n, int32_t *next,
	       struct axon_err *err)
{
	int ret = 0;

	if (!n)
		return axon_fail(err, -EINVAL,
				 "prompt: expected at least one token, found none; give a text");
	if (!m->single)
		ret = llm_sequence_new(m, m->context, &m->sampling, &m->single, err);
	if (ret)
		return ret;
	if (n > m->context - m->single->pos)
		return axon_fail(err, -ENOSPC,
				 "context: expected at most %u more tokens, found %u; "
				 "shorten the text or raise the context (-c)",
				 m->context - m->single->pos, n);
	ret = llm_sequence_run(m->single, tokens, n, limit_behind(m, n), err);
	return ret ? ret : next_token(m, 1, next, err);
}

/* Has the sequence go on after it ended at a token of llm_set_ends() or at the limit. */
static int go_on(struct llm *m, struct axon_err *err)
{
	struct llm_sequence *q = m->single;

	if (!q || q->pos >= m->context)
		return axon_fail(err, -ENOSPC,
				 "context: all %u tokens are used; raise the context (-c)",
				 m->context);
	return q->left ? 0 : llm_sequence_run(q, &q->last, 1, limit_behind(m, 1), err);
}

int llm_next(struct llm *m, int32_t *next, struct axon_err *err)
{
	int ret = go_on(m, err);

	return ret ? ret : next_token(m, m->run_ahead, next, err);
}

int llm_next_traced(struct llm *m, int32_t *next, struct llm_step_trace *trace,
		    struct axon_err *err)
{
	struct llm_token token;
	uint32_t n;
	int ret = go_on(m, err);

	if (!ret)
		ret = llm_step_traced(m, &token, &n, trace, err);
	if (!ret)
		*next = token.token;
	return ret;
}
