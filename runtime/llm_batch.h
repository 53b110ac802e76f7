/* SPDX-License-Identifier: MIT */
/*
 * Several sequences of one model at once. Each step runs one token of every sequence that is being
 * continued and, with the rows that are left, parts of the prompts of those that have just begun;
 * sequences come and go between steps. What a sequence's tokens are does not depend on its company.
 *
 * While nothing but continuations is under way, steps are submitted ahead of their results
 * (llm_options.run_ahead): the chip itself puts each sampled token into the next step.
 */
#ifndef AXON_RUNTIME_LLM_BATCH_H
#define AXON_RUNTIME_LLM_BATCH_H

#include "llm.h"

struct llm_sequence;

/*
 * An empty sequence with room for `positions` tokens of the cache, held until it is freed.
 * -EAGAIN: others hold the room or all sequences are in use, try again when one has been freed;
 * -ENOSPC: more than there ever is.
 */
int llm_sequence_new(struct llm *m, uint32_t positions, const struct llm_sampling *sampling,
		     struct llm_sequence **out, struct axon_err *err);
void llm_sequence_free(struct llm_sequence *q);

/*
 * Has the next steps append n >= 1 tokens, which must stay where they are until a token of this
 * sequence comes, and sample up to `limit` >= 1 tokens, each but the last appended in its turn. It
 * ends early at one of llm_set_ends(). -ENOSPC when they do not fit the sequence's room.
 */
int llm_sequence_run(struct llm_sequence *q, const int32_t *tokens, uint32_t n, uint32_t limit,
		     struct axon_err *err);

/* Tokens in the cache; forgets those from position pos on. */
uint32_t llm_sequence_position(const struct llm_sequence *q);
void llm_sequence_rewind(struct llm_sequence *q, uint32_t pos);

/* The draws start over. */
void llm_sequence_set_sampling(struct llm_sequence *q, const struct llm_sampling *sampling);

struct llm_token {
	struct llm_sequence *sequence;
	int32_t token;
	bool last; /* the sequence has ended */
	/* What it was sampled from, float[vocabulary], until the next step; right only with nothing ahead. */
	const float *logits;
};

/*
 * One step: the tokens that it sampled, one of each sequence at most, go to
 * tokens[llm_options.sequences] and their number, 0 for a part of a prompt, to *n. False in *more
 * when no sequence had anything to do.
 */
int llm_step(struct llm *m, struct llm_token *tokens, uint32_t *n, bool *more,
	     struct axon_err *err);

/* As llm_step(), with nothing ahead and with statistics in every packet. */
int llm_step_traced(struct llm *m, struct llm_token *tokens, uint32_t *n,
		    struct llm_step_trace *trace, struct axon_err *err);

#endif
