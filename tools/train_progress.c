// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "train_progress.h"

#define BAR	 20  /* characters */
#define INTERVAL 0.1 /* seconds between two bars */
#define WIDTH	 79  /* of a line */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void train_progress_start(struct train_progress *p, const char *unit, uint64_t first, uint64_t end,
			  bool show)
{
	double t = now();

	*p = (struct train_progress){.unit = unit,
				     .first = first,
				     .end = end,
				     .show = show || isatty(STDERR_FILENO),
				     .start = t,
				     .since = t};
}

static void draw(struct train_progress *p, uint64_t step, double loss, double t)
{
	double seconds = t - p->start;
	uint64_t left = (uint64_t)(seconds / (double)(step - p->first) * (double)(p->end - step));
	unsigned int filled = (unsigned int)(BAR * step / p->end);

	p->drawn = t;
	fprintf(stderr,
		"\r[%.*s%.*s] %" PRIu64 " %%  step %" PRIu64 "  loss %.4f  %.0f %s/s  %" PRIu64
		":%02u left ",
		(int)filled, "####################", (int)(BAR - filled), "....................",
		100 * step / p->end, step, loss, p->units / seconds, p->unit, left / 60,
		(unsigned int)(left % 60));
}

void train_progress_step(struct train_progress *p, uint64_t step, double loss, double units)
{
	double t = now();

	p->units += units;
	p->since_units += units;
	p->since_loss += loss;
	p->since_steps++;
	if (p->show && (t - p->drawn >= INTERVAL || step == p->end))
		draw(p, step, loss, t);
}

void train_progress_report(struct train_progress *p, double *loss, double *rate)
{
	double t = now();

	if (p->show)
		fprintf(stderr, "\r%*s\r", WIDTH, "");
	*loss = p->since_loss / p->since_steps;
	*rate = p->since_units / (t - p->since);
	p->since = t;
	p->since_units = p->since_loss = 0;
	p->since_steps = 0;
}

void train_progress_phase(const struct train_progress *p, const char *name, uint64_t done,
			  uint64_t all)
{
	if (p->show && done < all)
		fprintf(stderr, "\r%s %" PRIu64 " %% ", name, 100 * done / all);
	else if (p->show)
		fprintf(stderr, "\r%*s\r", WIDTH, "");
}
