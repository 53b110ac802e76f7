// SPDX-License-Identifier: MIT
#include <errno.h>

#include "llm_priv.h"

/* Logits and scores of rows first .. first + n of the step that has just run, the text at `tokens`. */
static int score_rows(struct llm *m, const int32_t *tokens, uint32_t first, uint32_t n,
		      uint32_t base, llm_scored scored, void *opaque, struct axon_err *err)
{
	int ret;

	m->step->outputs = n;
	for (uint32_t i = 0; i < n; i++) {
		m->outputs[i] = (struct step_output){.row = first + i};
		m->targets[i] = (uint32_t)tokens[base + first + i + 1];
	}
	ret = chip_run(m->chip, m->head, err);
	for (uint32_t i = 0; i < n && !ret; i++)
		if (scored(opaque, base + first + i, &m->scores[i],
			   m->logits + (uint64_t)i * m->config.vocabulary))
			ret = axon_fail(err, -EINTR, "interrupted while scoring");
	return ret;
}

/* Rows base .. base + rows of the text through the layers, no more. */
static int run_rows(struct llm *m, struct llm_sequence *q, const int32_t *tokens, uint32_t rows,
		    struct axon_err *err)
{
	int ret;

	llm_begin_step(m);
	llm_add_rows(m, q, tokens, rows);
	ret = llm_submit_step(m, rows, err);
	return ret ? ret : llm_settle(m, err);
}

static int prepare(struct llm *m, const int32_t *tokens, uint32_t n, struct llm_sequence **q,
		   struct axon_err *err)
{
	int ret = llm_check_tokens(m, tokens, n, err);

	if (ret)
		return ret;
	if (!m->logit_rows)
		return axon_fail(
			err, -EINVAL,
			"scoring: expected a model opened with rows of logits, found none");
	if (!m->head) {
		ret = accel_stream_create(m->chip->vm, &m->head);
		ret = ret ? chip_fail(err, "creating a command stream", ret)
			  : llm_record_score(m, m->head, err);
	}
	if (!ret)
		ret = llm_settle(m, err);
	return ret ? ret : llm_sequence_new(m, n, &m->sampling, q, err);
}

int llm_score(struct llm *m, const int32_t *tokens, uint32_t n, uint32_t first, llm_scored scored,
	      void *opaque, struct axon_err *err)
{
	struct llm_sequence *q = NULL;
	int ret = prepare(m, tokens, n, &q, err);

	for (uint32_t base = 0, rows; base < n && !ret; base += rows) {
		rows = n - base < m->batch ? n - base : m->batch;
		ret = run_rows(m, q, tokens + base, rows, err);

		uint32_t end = base + rows < n ? rows : rows - 1;
		uint32_t row = first > base ? first - base : 0;

		for (; row < end && !ret; row += m->logit_rows)
			ret = score_rows(m, tokens, row,
					 end - row < m->logit_rows ? end - row : m->logit_rows,
					 base, scored, opaque, err);
	}
	llm_sequence_free(q);
	return ret;
}
