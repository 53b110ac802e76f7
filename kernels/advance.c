// SPDX-License-Identifier: MIT
#include "advance_args.h"
#include "step.h"

static bool ends(const struct step *step, const struct step_sequence *sequence, uint32_t token)
{
	if (!sequence->left)
		return true;
	for (uint32_t i = 0; i < step->ends; i++)
		if (step->end[i] == token)
			return true;
	return false;
}

AXON_KERNEL void advance(const struct advance_args *args)
{
	struct step *step = (struct step *)args->step;
	struct step_segment *segment = (struct step_segment *)step->segment;
	uint32_t *tokens = (uint32_t *)step->tokens;
	uint32_t rows = 0;

	for (uint32_t i = 0; i < step->outputs; i++) {
		struct step_chosen chosen = *step_chosen(step, i);
		struct step_sequence *sequence = step_sequence(step, chosen.sequence);

		sequence->left--;
		if (ends(step, sequence, chosen.token))
			continue;
		tokens[rows] = chosen.token;
		segment[rows] = (struct step_segment){rows, 1, sequence->pos++, chosen.sequence};
		*step_output(step, rows) = (struct step_output){rows, chosen.sequence};
		rows++;
	}
	step->sampled[step->serial % STEP_RESULTS] = step->outputs;
	step->serial++;
	step->rows = step->segments = step->outputs = rows;
}
