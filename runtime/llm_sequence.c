// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "llm_priv.h"

int llm_check_tokens(const struct llm *m, const int32_t *tokens, uint32_t n, struct axon_err *err)
{
	for (uint32_t i = 0; i < n; i++)
		if (tokens[i] < 0 || (uint32_t)tokens[i] >= m->config.vocabulary)
			return axon_fail(
				err, -EINVAL,
				"token %u: expected 0 to %u, found %d; the tokenizer and the "
				"embedding of the file do not match",
				i, m->config.vocabulary - 1, tokens[i]);
	return 0;
}

static struct llm_sequence *find_unused(struct llm *m)
{
	for (uint32_t i = 0; i < m->most_sequences; i++)
		if (!m->sequences[i].used)
			return &m->sequences[i];
	return NULL;
}

int llm_sequence_new(struct llm *m, uint32_t positions, const struct llm_sampling *sampling,
		     struct llm_sequence **out, struct axon_err *err)
{
	struct llm_sequence *q = find_unused(m);
	uint32_t pages = (uint32_t)(((uint64_t)positions + KEY_BLOCK - 1) / KEY_BLOCK);
	uint32_t most = m->table_pages < m->pool.pages ? m->table_pages : m->pool.pages;

	if (positions > m->context || pages > most)
		return axon_fail(err, -ENOSPC,
				 "sequence: expected at most %u tokens, found %u; shorten the text "
				 "or raise the context (-c)",
				 m->context < most * KEY_BLOCK ? m->context : most * KEY_BLOCK,
				 positions);
	if (!q)
		return axon_fail(
			err, -EAGAIN,
			"sequence: all %u are in use; free one or open the model with more",
			m->most_sequences);
	if (llm_pool_take(&m->pool, pages, q->pages))
		return axon_fail(
			err, -EAGAIN,
			"sequence: expected %u free pages of %u tokens of the cache, found "
			"%u; free another sequence or open the model with a larger cache",
			pages, KEY_BLOCK, m->pool.free);
	*q = (struct llm_sequence){.m = m,
				   .used = true,
				   .index = (uint32_t)(q - m->sequences),
				   .pages = q->pages,
				   .n_pages = pages,
				   .valid = m->submitted,
				   .sampling = *sampling};
	*out = q;
	return 0;
}

/* The chip may go on with q as it was until the steps under way are over; their tokens do not count. */
static void leave_steps(struct llm_sequence *q)
{
	if (q->left && !q->n_pending)
		q->m->stale = true;
	q->valid = q->m->submitted;
	q->left = 0;
	q->n_pending = 0;
}

void llm_sequence_free(struct llm_sequence *q)
{
	if (!q)
		return;
	leave_steps(q);
	llm_pool_give_back(&q->m->pool, q->pages, q->n_pages);
	q->used = false;
}

int llm_sequence_run(struct llm_sequence *q, const int32_t *tokens, uint32_t n, uint32_t limit,
		     struct axon_err *err)
{
	uint64_t room = (uint64_t)q->n_pages * KEY_BLOCK;
	int ret = llm_check_tokens(q->m, tokens, n, err);

	if (room > q->m->context)
		room = q->m->context;
	room -= q->pos;
	/* The token that is sampled last is not appended. */
	if (!ret && (uint64_t)n + limit - 1 > room)
		ret = axon_fail(err, -ENOSPC,
				"sequence: expected at most %u more tokens, found %u and %u to "
				"come; shorten the text or raise the context (-c)",
				(uint32_t)room, n, limit - 1);
	if (ret)
		return ret;
	leave_steps(q);
	q->pending = tokens;
	q->n_pending = n;
	q->left = limit;
	q->age = q->m->ages++;
	q->m->stale = true;
	return 0;
}

uint32_t llm_sequence_position(const struct llm_sequence *q)
{
	return q->pos;
}

void llm_sequence_rewind(struct llm_sequence *q, uint32_t pos)
{
	if (pos >= q->pos)
		return;
	leave_steps(q);
	q->pos = pos;
}

void llm_sequence_set_sampling(struct llm_sequence *q, const struct llm_sampling *sampling)
{
	leave_steps(q);
	q->sampling = *sampling;
	q->counter = 0;
}
