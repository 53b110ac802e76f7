/* SPDX-License-Identifier: MIT */
/* How far training is: a bar on a terminal, and means since the last line of a report. */
#ifndef AXON_TOOLS_TRAIN_PROGRESS_H
#define AXON_TOOLS_TRAIN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct train_progress {
	const char *unit; /* what a step has some of */
	uint64_t first, end;
	bool show;
	double start, drawn; /* seconds: of training and of the last bar */
	double units;	     /* since the start */
	/* since the last report */
	double since, since_units, since_loss;
	uint32_t since_steps;
};

/* From step @first to @end; a bar only when asked for or when standard error is a terminal. */
void train_progress_start(struct train_progress *p, const char *unit, uint64_t first, uint64_t end,
			  bool show);
void train_progress_step(struct train_progress *p, uint64_t step, double loss, double units);
/* Mean loss, and units per second, since the last report; removes the bar. */
void train_progress_report(struct train_progress *p, double *loss, double *rate);
/* A phase behind the steps, when a bar is shown; done == all removes it. */
void train_progress_phase(const struct train_progress *p, const char *name, uint64_t done,
			  uint64_t all);

#endif
