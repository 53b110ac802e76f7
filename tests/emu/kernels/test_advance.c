// SPDX-License-Identifier: MIT
/*
 * Description: advance makes the next step of those sequences that go on, in their order, with the
 * token that each was given, and drops those that have ended, to the point where a step is empty.
 */
#include "advance_args.h"
#include "kernel_rig.h"

#define SEQUENCES 5
#define END_TOKEN 77

struct rig {
	struct step *step;
	uint32_t *tokens;
	struct step_segment *segments;
	struct step_output *outputs;
	struct step_sequence *sequences;
	struct step_chosen *chosen; /* [STEP_RESULTS][SEQUENCES] */
	struct advance_args args;
};

static void make(struct kernel_rig *rig, struct rig *r)
{
	kernel_case(rig, "advance");
	r->args.step = kernel_take(rig, sizeof(*r->step), &r->step);
	*r->step = (struct step){
		.serial = STEP_RESULTS + 3,
		.tokens = kernel_take(rig, SEQUENCES * 4, &r->tokens),
		.segment = kernel_take(rig, SEQUENCES * sizeof(*r->segments), &r->segments),
		.output = kernel_take(rig, SEQUENCES * sizeof(*r->outputs), &r->outputs),
		.sequence = kernel_take(rig, SEQUENCES * sizeof(*r->sequences), &r->sequences),
		.chosen =
			kernel_take(rig, STEP_RESULTS * SEQUENCES * sizeof(*r->chosen), &r->chosen),
		.most_outputs = SEQUENCES,
		.ends = 2,
		.end = {5, END_TOKEN},
	};
	for (uint32_t i = 0; i < SEQUENCES; i++)
		r->sequences[i] = (struct step_sequence){.pos = 100 * i, .left = 10};
}

/* As sample leaves the step: output i is of `sequence`, which was given `token`. */
static void give(struct rig *r, uint32_t sequence, uint32_t token)
{
	uint32_t i = r->step->outputs++, ring = r->step->serial % STEP_RESULTS;

	r->outputs[i] = (struct step_output){40 + i, sequence};
	r->chosen[ring * SEQUENCES + i] = (struct step_chosen){sequence, token};
}

static void check_row(struct rig *r, uint32_t row, uint32_t sequence, uint32_t token, uint32_t pos)
{
	const struct step_segment *s = &r->segments[row];

	assert_int_equal(r->tokens[row], token);
	assert_int_equal(s->row, row);
	assert_int_equal(s->rows, 1);
	assert_int_equal(s->pos, pos);
	assert_int_equal(s->sequence, sequence);
	assert_int_equal(r->outputs[row].row, row);
	assert_int_equal(r->outputs[row].sequence, sequence);
	assert_int_equal(r->sequences[sequence].pos, pos + 1);
}

static void check_rows(struct rig *r, uint32_t rows)
{
	assert_int_equal(r->step->rows, rows);
	assert_int_equal(r->step->segments, rows);
	assert_int_equal(r->step->outputs, rows);
}

static void run(struct kernel_rig *rig, struct rig *r)
{
	uint32_t serial = r->step->serial, outputs = r->step->outputs;

	kernel_launch(rig, CHIP_advance, 1, 1, &r->args, sizeof(r->args));
	kernel_run(rig);
	assert_int_equal(r->step->serial, serial + 1);
	assert_int_equal(r->step->sampled[serial % STEP_RESULTS], outputs);
}

/* A mixed step, of which rows that had no output are gone, to one row of each that goes on. */
static void goes_on(void **state)
{
	struct rig r;

	make(*state, &r);
	r.step->rows = 50;
	r.step->segments = 7;
	give(&r, 3, 11);
	give(&r, 0, 12);
	give(&r, 4, 13);
	run(*state, &r);
	check_rows(&r, 3);
	check_row(&r, 0, 3, 11, 300);
	check_row(&r, 1, 0, 12, 0);
	check_row(&r, 2, 4, 13, 400);
	assert_int_equal(r.sequences[3].left, 9);
	assert_int_equal(r.sequences[1].left, 10);
}

static void ends(void **state)
{
	struct rig r;

	make(*state, &r);
	r.sequences[1].left = 1;
	give(&r, 0, END_TOKEN);
	give(&r, 1, 21);
	give(&r, 2, 22);
	give(&r, 3, 5);
	give(&r, 4, END_TOKEN + 1);
	run(*state, &r);
	check_rows(&r, 2);
	check_row(&r, 0, 2, 22, 200);
	check_row(&r, 1, 4, END_TOKEN + 1, 400);
}

/* Steps submitted ahead of the end find nothing to do. */
static void stays_empty(void **state)
{
	struct rig r;

	make(*state, &r);
	give(&r, 2, END_TOKEN);
	run(*state, &r);
	check_rows(&r, 0);
	run(*state, &r);
	check_rows(&r, 0);
	assert_int_equal(r.sequences[2].left, 9);
	assert_int_equal(r.sequences[2].pos, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(goes_on),
		KERNEL_TEST(ends),
		KERNEL_TEST(stays_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
