/* SPDX-License-Identifier: MIT */
/* Reading the step block on the chip. */
#ifndef STEP_H
#define STEP_H

#include "axon.h"
#include "step_args.h"

static inline const struct step_segment *step_segment(const struct step *step, uint32_t i)
{
	return (const struct step_segment *)step->segment + i;
}

static inline struct step_output *step_output(const struct step *step, uint32_t i)
{
	return (struct step_output *)step->output + i;
}

static inline struct step_sequence *step_sequence(const struct step *step, uint32_t i)
{
	return (struct step_sequence *)step->sequence + i;
}

static inline struct step_chosen *step_chosen(const struct step *step, uint32_t output)
{
	return (struct step_chosen *)step->chosen +
	       (uint64_t)(step->serial % STEP_RESULTS) * step->most_outputs + output;
}

/* The table of a sequence: entry i is the page of positions i · KEY_BLOCK on. */
static inline const uint32_t *step_pages(const struct step *step, uint32_t sequence)
{
	return (const uint32_t *)step->pages + (uint64_t)sequence * step->table_pages;
}

#endif
