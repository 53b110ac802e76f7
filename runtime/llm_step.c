// SPDX-License-Identifier: MIT
/*
 * Steps: which rows the next one has, submitting it, and reading what it sampled. The host writes
 * (composes) a step only where the chip cannot make it from the one before: when a prompt has
 * tokens left, or a sequence was changed from outside.
 */
#include <errno.h>
#include <string.h>

#include "llm_priv.h"

static uint32_t under_way(const struct llm *m)
{
	return m->submitted - m->seen;
}

/* ---- composing ---- */

void llm_begin_step(struct llm *m)
{
	m->step->rows = 0;
	m->step->segments = 0;
	m->step->outputs = 0;
}

void llm_add_rows(struct llm *m, struct llm_sequence *q, const int32_t *tokens, uint32_t n)
{
	struct step *step = m->step;

	memcpy(m->pages + (uint64_t)q->index * m->table_pages, q->pages,
	       q->n_pages * sizeof(*q->pages));
	memcpy(m->tokens + step->rows, tokens, n * sizeof(*tokens));
	while (n) {
		uint32_t rows = n < SEGMENT_ROWS ? n : SEGMENT_ROWS;

		m->segments[step->segments++] =
			(struct step_segment){step->rows, rows, q->pos, q->index};
		step->rows += rows;
		q->pos += rows;
		n -= rows;
	}
}

/* The row added last is sampled from. */
static void add_output(struct llm *m, const struct llm_sequence *q)
{
	struct step *step = m->step;

	m->outputs[step->outputs++] = (struct step_output){step->rows - 1, q->index};
	m->step_sequences[q->index] = (struct step_sequence){
		.seed = q->sampling.seed,
		.counter = q->counter,
		.pos = q->pos,
		.left = q->left,
		.top_k = q->sampling.top_k,
		.temperature = q->sampling.temperature,
		.top_p = q->sampling.top_p,
		.min_p = q->sampling.min_p,
	};
}

/* The oldest sequence with tokens of its prompt left. */
static struct llm_sequence *oldest_prompt(struct llm *m)
{
	struct llm_sequence *oldest = NULL;

	for (uint32_t i = 0; i < m->most_sequences; i++) {
		struct llm_sequence *q = &m->sequences[i];

		if (q->used && q->n_pending && (!oldest || q->age < oldest->age))
			oldest = q;
	}
	return oldest;
}

/* First every sequence that goes on, then prompts in the order they came. */
static void compose(struct llm *m)
{
	struct llm_sequence *q;

	llm_begin_step(m);
	for (uint32_t i = 0; i < m->most_sequences; i++) {
		q = &m->sequences[i];
		if (q->used && q->left && !q->n_pending) {
			llm_add_rows(m, q, &q->last, 1);
			add_output(m, q);
		}
	}
	while (m->step->rows < m->rows && (q = oldest_prompt(m))) {
		uint32_t room = m->rows - m->step->rows;
		uint32_t n = q->n_pending < room ? q->n_pending : room;

		llm_add_rows(m, q, q->pending, n);
		q->pending += n;
		q->n_pending -= n;
		if (!q->n_pending)
			add_output(m, q);
	}
	m->composed = m->submitted;
	m->stale = oldest_prompt(m) != NULL;
}

/* ---- submitting ---- */

/* The stream for a step of up to `rows` rows. */
static int stream_for(struct llm *m, uint32_t rows, struct accel_stream **out, struct axon_err *err)
{
	uint32_t class = 0, most;
	int ret;

	while (1u << class < rows)
		class ++;
	*out = m->steps[class];
	if (*out)
		return 0;
	most = 1u << class < m->rows ? 1u << class : m->rows;
	ret = accel_stream_create(m->chip->vm, &m->steps[class]);
	if (ret)
		return chip_fail(err, "creating a command stream", ret);
	ret = llm_record_step(m, m->steps[class], most, err);
	if (ret) {
		accel_stream_destroy(m->steps[class]);
		m->steps[class] = NULL;
	}
	*out = m->steps[class];
	return ret;
}

int llm_submit_step(struct llm *m, uint32_t rows, struct axon_err *err)
{
	uint64_t *value = &m->values[m->submitted % STEP_RESULTS];
	struct accel_stream *stream;
	int ret;

	if (m->tracer) {
		ret = llm_tracer_submit(m, rows, value, err);
	} else {
		ret = stream_for(m, rows, &stream, err);
		if (!ret)
			ret = chip_submit(m->chip, stream, value, err);
	}
	if (!ret)
		m->submitted++;
	return ret;
}

/* Rows of the step that the chip makes next, and for how many steps there is something to do. */
static uint32_t going_on(const struct llm *m, uint32_t *steps)
{
	uint32_t rows = 0;

	*steps = 0;
	for (uint32_t i = 0; i < m->most_sequences; i++) {
		const struct llm_sequence *q = &m->sequences[i];

		if (!q->used || !q->left || q->n_pending)
			continue;
		rows++;
		*steps = q->left > *steps ? q->left : *steps;
	}
	return rows;
}

/* Composes where that is needed and possible, and fills up the steps under way. */
static int submit(struct llm *m, uint32_t ahead, struct axon_err *err)
{
	uint32_t rows, steps;
	int ret = 0;

	if (m->stale && !under_way(m)) {
		compose(m);
		if (m->step->rows)
			ret = llm_submit_step(m, m->step->rows, err);
	}
	if (m->stale || ret)
		return ret;
	rows = going_on(m, &steps);
	while (under_way(m) < ahead && under_way(m) < steps && !ret)
		ret = llm_submit_step(m, rows, err);
	return ret;
}

/* ---- results ---- */

/* What the chip sampled for q in a step; false when it no longer counts. */
static bool take_token(struct llm *m, struct llm_sequence *q, uint32_t serial, uint32_t token)
{
	if (!q->used || !q->left || (int32_t)(serial - q->valid) < 0)
		return false;
	if (serial != m->composed)
		q->pos++;
	q->last = (int32_t)token;
	q->counter++;
	q->left--;
	for (uint32_t i = 0; i < m->step->ends; i++)
		if (m->step->end[i] == token)
			q->left = 0;
	return true;
}

/* Waits for the oldest step under way and reads its tokens. */
static int collect(struct llm *m, struct llm_token *tokens, uint32_t *n, struct axon_err *err)
{
	uint32_t serial = m->seen, at = serial % STEP_RESULTS;
	const struct step_chosen *chosen = m->chosen + (uint64_t)at * m->step->most_outputs;
	int ret = chip_wait(m->chip, m->values[at], err);

	if (ret) {
		m->seen = m->submitted;
		return ret;
	}
	m->seen++;
	for (uint32_t i = 0; i < m->step->sampled[at]; i++) {
		struct llm_sequence *q = &m->sequences[chosen[i].sequence];

		if (take_token(m, q, serial, chosen[i].token))
			tokens[(*n)++] = (struct llm_token){
				.sequence = q,
				.token = q->last,
				.last = !q->left,
				.logits = m->logits + (uint64_t)i * m->config.vocabulary,
			};
	}
	return 0;
}

int llm_settle(struct llm *m, struct axon_err *err)
{
	int ret = 0;

	if (!under_way(m))
		return 0;
	ret = chip_wait(m->chip, m->values[(m->submitted - 1) % STEP_RESULTS], err);
	m->seen = m->submitted;
	m->stale = true;
	return ret;
}

int llm_step_ahead(struct llm *m, uint32_t ahead, struct llm_token *tokens, uint32_t *n, bool *more,
		   struct axon_err *err)
{
	int ret = submit(m, ahead, err);

	*n = 0;
	*more = under_way(m);
	return ret || !*more ? ret : collect(m, tokens, n, err);
}

int llm_step(struct llm *m, struct llm_token *tokens, uint32_t *n, bool *more, struct axon_err *err)
{
	return llm_step_ahead(m, m->run_ahead, tokens, n, more, err);
}
