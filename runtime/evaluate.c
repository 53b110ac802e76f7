// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"
#include "evaluate_base.h"

struct run {
	struct evaluation *e;
	double sum, sum_squares; /* of negative log-probabilities */
	double kl_sum;
	struct base *base; /* NULL: perplexity only */
	uint32_t vocabulary;
	struct axon_err *err;
	int failed;
};

static int score_position(void *opaque, uint32_t position, const struct logprob *score,
			  const float *logits)
{
	struct run *r = opaque;
	struct evaluation *e = r->e;

	(void)position;
	r->sum -= score->logprob;
	r->sum_squares += (double)score->logprob * score->logprob;
	e->scored++;
	if (!r->base)
		return 0;

	struct base_row row;

	r->failed = base_next_row(r->base, &row, r->err);
	if (r->failed)
		return r->failed;
	r->kl_sum += base_divergence(&row, logits, score, r->vocabulary);
	e->same_best += row.best == score->best;
	e->clear += row.margin > 0.25f;
	e->clear_same += row.margin > 0.25f && row.best == score->best;
	return 0;
}

static void update(struct run *r)
{
	struct evaluation *e = r->e;
	double n = (double)e->scored, mean = r->sum / n;

	e->perplexity = exp(mean);
	e->perplexity_error =
		n > 1 ? e->perplexity * sqrt(fmax(r->sum_squares / n - mean * mean, 0) / (n - 1))
		      : 0;
	e->kl_mean = r->kl_sum / n;
}

static int run_chunks(struct llm *m, const int32_t *tokens, uint32_t chunks,
		      const struct evaluation_options *o, struct run *r)
{
	int32_t *chunk = malloc(o->context * sizeof(*chunk));
	int ret = 0;

	if (!chunk)
		return axon_fail(r->err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < chunks && !ret; i++) {
		memcpy(chunk, tokens + (uint64_t)i * o->context, o->context * sizeof(*chunk));
		if (o->bos >= 0)
			chunk[0] = o->bos;
		ret = llm_score(m, chunk, o->context, o->context / 2, score_position, r, r->err);
		if (r->failed)
			ret = r->failed;
		if (ret)
			break;
		r->e->chunks = i + 1;
		update(r);
		if (o->progress && o->progress(o->opaque, r->e, chunks))
			ret = axon_fail(r->err, -EINTR, "interrupted while scoring");
	}
	free(chunk);
	return ret;
}

int evaluate_perplexity(struct llm *m, const int32_t *tokens, uint32_t n,
			const struct evaluation_options *o, struct evaluation *e,
			struct axon_err *err)
{
	struct run r = {.e = e, .err = err};
	uint32_t chunks = n / o->context;

	memset(e, 0, sizeof(*e));
	if (chunks < 2)
		return axon_fail(err, -EINVAL,
				 "text: expected at least %u tokens for chunks of %u, found %u; "
				 "give a longer text or a smaller -c",
				 2 * o->context, o->context, n);
	if (o->max_chunks && chunks > o->max_chunks)
		chunks = o->max_chunks;
	return run_chunks(m, tokens, chunks, o, &r);
}

int evaluate_divergence(struct llm *m, const char *path, const struct evaluation_options *o,
			struct evaluation *e, struct axon_err *err)
{
	struct evaluation_options with_base = *o;
	struct run r = {.e = e, .err = err, .vocabulary = llm_config(m)->vocabulary};
	int ret = base_open(path, &r.base, err);

	memset(e, 0, sizeof(*e));
	if (ret)
		return ret;
	if (base_vocabulary(r.base) != r.vocabulary) {
		ret = axon_fail(
			err, -EINVAL,
			"%s: expected a vocabulary of %u, found %u; it was made with another model",
			path, r.vocabulary, base_vocabulary(r.base));
	} else {
		uint32_t chunks = base_chunks(r.base);

		with_base.context = base_context(r.base);
		if (o->max_chunks && chunks > o->max_chunks)
			chunks = o->max_chunks;
		ret = run_chunks(m, base_tokens(r.base), chunks, &with_base, &r);
	}
	base_close(r.base);
	return ret;
}

int evaluate_base_context(const char *path, uint32_t *context, struct axon_err *err)
{
	struct base *b;
	int ret = base_open(path, &b, err);

	if (ret)
		return ret;
	*context = base_context(b);
	base_close(b);
	return 0;
}
