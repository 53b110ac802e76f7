// SPDX-License-Identifier: MIT
/*
 * Sampling without sorting: top-k and top-p are thresholds on the logits, found by bisection over
 * the floats in their own order, each probe being one pass of the vector engine over the
 * vocabulary. A small top_k takes the engine's TOPK list instead and settles the rest on it.
 */
#include "sample_args.h"
#include "step.h"
#include "vector_program.h"

#define SHORT_LIST AXON_V_TOPK_MAX

struct sampler {
	const struct step_sequence *sequence;
	uint64_t logits;
	uint32_t vocabulary;
	float max;	 /* largest logit */
	float threshold; /* logits below are out */
	float result;	 /* where the vector engine leaves a number for the hart */
	struct axon_topk list[SHORT_LIST];
	float kept[SHORT_LIST], weight[SHORT_LIST];
};

static uint64_t va(const void *p)
{
	return (uint64_t)p;
}

static void find_largest(struct sampler *s, uint32_t n)
{
	struct vector_program p;

	v_begin(&p, 1, s->vocabulary);
	v_operand(&p, s->logits, 0, 4, AXON_F32);
	v_operand(&p, va(s->list), 0, 8, AXON_F32);
	v_load(&p, 0, 0);
	v_word(&p, AXON_V_TOPK, 1, 0, 0, 0, n, 0);
	axon_wait(v_run(&p));
	s->max = s->list[0].value;
}

/* A number of [0, 1) that depends on the seed and on how many were drawn before. */
static float draw(struct sampler *s)
{
	struct vector_program p;

	v_begin(&p, 1, 1);
	p.d.seed = s->sequence->seed;
	p.d.counter = s->sequence->counter;
	v_operand(&p, va(&s->result), 0, 4, AXON_F32);
	v1(&p, AXON_V_UNIFORM, 0, 0);
	v_store(&p, 0, 0);
	axon_wait(v_run(&p));
	return s->result;
}

/* v0 = logit, v1 = exp(logit - max), v2 = all ones where the logit reaches `threshold`. */
static void load_logits(struct vector_program *p, const struct sampler *s, float threshold)
{
	v_begin(p, 1, s->vocabulary);
	v_operand(p, s->logits, 0, 4, AXON_F32);
	v_operand(p, va(&s->result), 0, 0, AXON_F32);
	v_load(p, 0, 0);
	vf(p, AXON_V_ADDI, 1, 0, -s->max);
	v1(p, AXON_V_EXP, 1, 1);
	v_const(p, 2, threshold);
	v2(p, AXON_V_LE, 2, 2, 0);
}

static float sum_of(struct vector_program *p, struct sampler *s, uint8_t v)
{
	v1(p, AXON_V_RSUM, AXON_R(0), v);
	v_store(p, 1, AXON_R(0));
	axon_wait(v_run(p));
	return s->result;
}

/* How many logits reach the threshold. */
static float count_at(struct sampler *s, float threshold)
{
	struct vector_program p;

	load_logits(&p, s, threshold);
	v_const(&p, 3, 1.0f);
	v2(&p, AXON_V_AND, 2, 2, 3);
	return sum_of(&p, s, 2);
}

/* Σ exp(logit - max) over the logits that reach the threshold. */
static float mass_at(struct sampler *s, float threshold)
{
	struct vector_program p;

	load_logits(&p, s, threshold);
	v2(&p, AXON_V_AND, 1, 1, 2);
	return sum_of(&p, s, 1);
}

/* Floats as integers of the same order, and back. */
static int32_t to_order(float f)
{
	int32_t i = (int32_t)v_bits(f);

	return i < 0 ? i ^ 0x7fffffff : i;
}

static float from_order(int32_t i)
{
	union {
		int32_t i;
		float f;
	} v = {.i = i < 0 ? i ^ 0x7fffffff : i};

	return v.f;
}

/* The largest threshold not below s->threshold at which measure() reaches `wanted`. */
static float bisect(struct sampler *s, float (*measure)(struct sampler *, float), float wanted)
{
	int64_t low = to_order(s->threshold), high = (int64_t)to_order(s->max) + 1;

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (measure(s, from_order((int32_t)middle)) >= wanted)
			low = middle;
		else
			high = middle;
	}
	return from_order((int32_t)low);
}

/* v0 = running sum of the weights exp((logit - max) / temperature) of what the limits leave. */
static void sum_weights(struct vector_program *p, const struct sampler *s)
{
	load_logits(p, s, s->threshold);
	v_const(p, 3, s->sequence->min_p);
	v2(p, AXON_V_LE, 3, 3, 1);
	v2(p, AXON_V_AND, 2, 2, 3);
	vf(p, AXON_V_ADDI, 0, 0, -s->max);
	vf(p, AXON_V_MULI, 0, 0, 1.0f / s->sequence->temperature);
	v1(p, AXON_V_EXP, 0, 0);
	v2(p, AXON_V_AND, 0, 0, 2);
	v1(p, AXON_V_SCAN, 0, 0);
}

/* The first token whose running sum is above a random part of the whole. */
static uint32_t pick(struct sampler *s)
{
	const uint8_t total = AXON_R(0), chosen = AXON_R(1);
	float u = draw(s) * 0.999999f;
	struct vector_program p;

	sum_weights(&p, s);
	v1(&p, AXON_V_RMAX, total, 0);
	v_store(&p, 1, total);
	axon_wait(v_run(&p));

	sum_weights(&p, s);
	v_const(&p, 1, u * s->result);
	v2(&p, AXON_V_LT, 1, 1, 0);
	v_const(&p, 2, 1.0f);
	v2(&p, AXON_V_AND, 1, 1, 2);
	v1(&p, AXON_V_RARGMAX, chosen, 1);
	p.d.operand[1].type = AXON_I32;
	v_store(&p, 1, chosen);
	axon_wait(v_run(&p));
	return v_bits(s->result);
}

static uint32_t sample_all(struct sampler *s)
{
	const struct step_sequence *q = s->sequence;

	find_largest(s, 1);
	s->threshold = -__FLT_MAX__;
	if (q->top_k && q->top_k < s->vocabulary)
		s->threshold = bisect(s, count_at, (float)q->top_k);
	if (q->top_p < 1.0f)
		s->threshold = bisect(s, mass_at, q->top_p * mass_at(s, s->threshold));
	return pick(s);
}

/* The same on the list of the top_k largest, which is sorted. */
static uint32_t sample_list(struct sampler *s)
{
	const struct step_sequence *q = s->sequence;
	uint32_t n = q->top_k;
	struct vector_program p;

	find_largest(s, n);
	v_begin(&p, 1, n);
	v_operand(&p, va(s->list), 0, sizeof(s->list[0]), AXON_F32);
	v_operand(&p, va(s->kept), 0, 4, AXON_F32);
	v_operand(&p, va(s->weight), 0, 4, AXON_F32);
	v_load(&p, 0, 0);
	vf(&p, AXON_V_ADDI, 0, 0, -s->max);
	v1(&p, AXON_V_EXP, 1, 0);
	v_store(&p, 1, 1);
	vf(&p, AXON_V_MULI, 0, 0, 1.0f / q->temperature);
	v1(&p, AXON_V_EXP, 0, 0);
	v_store(&p, 2, 0);
	axon_wait(v_run(&p));

	float mass = 0, left = 0, total = 0;
	uint32_t end = 0;

	for (uint32_t i = 0; i < n; i++)
		mass += s->kept[i];
	while (end < n && (!end || (left < q->top_p * mass && s->kept[end] >= q->min_p))) {
		left += s->kept[end];
		total += s->weight[end++];
	}

	float u = draw(s) * total;
	uint32_t i = 0;

	for (float sum = s->weight[0]; i + 1 < end && sum <= u; sum += s->weight[i])
		i++;
	return s->list[i].index;
}

static uint32_t choose(struct sampler *s)
{
	const struct step_sequence *q = s->sequence;

	if (q->temperature < SAMPLE_COLD) {
		find_largest(s, 1);
		return s->list[0].index;
	}
	if (q->top_k && q->top_k <= axon_min(SHORT_LIST, s->vocabulary))
		return sample_list(s);
	return sample_all(s);
}

AXON_KERNEL void sample(const struct sample_args *args, uint32_t x)
{
	const struct step *step = (const struct step *)args->step;

	if (x >= step->outputs)
		return;

	uint32_t index = step_output(step, x)->sequence;
	struct step_sequence *sequence = step_sequence(step, index);
	struct sampler s = {
		.sequence = sequence,
		.logits = args->logits + (uint64_t)x * args->vocabulary * 4,
		.vocabulary = args->vocabulary,
	};

	*step_chosen(step, x) = (struct step_chosen){index, choose(&s)};
	sequence->counter++;
}
