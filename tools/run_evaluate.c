// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "evaluate.h"
#include "run.h"

static int show(void *opaque, const struct evaluation *e, uint32_t chunks)
{
	const struct run *r = opaque;

	printf("[%u]%.4f%s", e->chunks, e->perplexity, e->chunks == chunks ? "\n" : ",");
	fflush(stdout);
	if (r->show_progress)
		fprintf(stderr, "\rchunk %u of %u ", e->chunks, chunks);
	return run_interrupted();
}

static struct evaluation_options evaluation_options(struct run *r)
{
	return (struct evaluation_options){
		.context = llm_context(r->llm),
		.max_chunks = r->options->chunks,
		.bos = tokenizer_adds_bos(r->tokenizer) ? tokenizer_bos(r->tokenizer) : -1,
		.progress = show,
		.opaque = r,
	};
}

int run_perplexity(struct run *r, struct axon_err *err)
{
	struct evaluation_options o = evaluation_options(r);
	struct evaluation e;
	int32_t *tokens = NULL;
	size_t len, n;
	char *text;
	int ret = run_read_file(r->options->file, &text, &len, err);

	if (ret)
		return ret;
	ret = tokenizer_encode(r->tokenizer, text, len, TOKENIZER_ADD_SPECIAL, &tokens, &n, err);
	free(text);
	if (!ret && n > INT32_MAX)
		ret = axon_fail(err, -E2BIG,
				"text: expected at most %d tokens, found %zu; give a shorter one",
				INT32_MAX, n);
	if (!ret)
		ret = evaluate_perplexity(r->llm, tokens, (uint32_t)n, &o, &e, err);
	free(tokens);
	if (ret)
		return ret;
	printf("%llu tokens scored in %u chunks of %u, standard error %.5f\nPPL = %.4f\n",
	       (unsigned long long)e.scored, e.chunks, o.context, e.perplexity_error, e.perplexity);
	return 0;
}

int run_divergence(struct run *r, struct axon_err *err)
{
	struct evaluation_options o = evaluation_options(r);
	struct evaluation e;
	int ret = evaluate_divergence(r->llm, r->options->base, &o, &e, err);

	if (ret)
		return ret;
	printf("%llu tokens scored in %u chunks\nPPL = %.4f\nmean KL divergence = %.6f\n"
	       "same most likely token = %.3f %%; where the base's two best are over 0.25 apart: "
	       "%llu of %llu\n",
	       (unsigned long long)e.scored, e.chunks, e.perplexity, e.kl_mean,
	       100.0 * (double)e.same_best / (double)e.scored, (unsigned long long)e.clear_same,
	       (unsigned long long)e.clear);
	return 0;
}
