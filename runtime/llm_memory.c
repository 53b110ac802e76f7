// SPDX-License-Identifier: MIT
#include <errno.h>

#include "arena.h"
#include "axon_isa.h"
#include "llm_priv.h"
#include "rope_table.h"

/* A core's SRAM beside stack and alignment of tiles. */
#define SRAM_RESERVE (AXON_STACK_SIZE + (64u << 10))

static uint64_t q8a_bytes(uint64_t cols)
{
	return cols / 32 * sizeof(struct axon_q8a);
}

static void place_activations(struct arena *a, struct activations *act, uint64_t batch,
			      uint64_t cols)
{
	act->q8a = arena_take(a, batch * q8a_bytes(cols));
	act->dense = arena_take(a, batch * cols * 4);
}

static void place_scratch(struct llm *m, struct arena *a)
{
	const struct llm_config *c = &m->config;
	uint64_t row = 4ull * m->rows;
	uint64_t q_width = (uint64_t)c->heads * c->head_dim,
		 kv_width = (uint64_t)c->kv_heads * c->head_dim;

	m->x = arena_take(a, row * c->width);
	m->y = arena_take(a, row * c->width);
	m->q = arena_take(a, row * q_width);
	m->k = arena_take(a, row * kv_width);
	m->v = arena_take(a, row * kv_width);
	m->attended = arena_take(a, row * q_width);
	place_activations(a, &m->h, m->rows, c->width);
	place_activations(a, &m->heads, m->rows, q_width);
	place_activations(a, &m->gated, m->rows, c->feed_forward);
}

static uint64_t cache_bytes(struct llm *m)
{
	const struct llm_config *c = &m->config;

	m->head_bytes = 2ull * m->pool.pages * KEY_BLOCK * c->head_dim;
	return 2 * m->head_bytes * c->kv_heads * c->layers;
}

static uint64_t rope_bytes(const struct llm *m)
{
	uint64_t table = 4ull * m->context * (m->config.rope_dim / 2);

	return (m->config.window ? 4 : 2) * table;
}

/* The smallest power of two of MiB that holds `bytes` beside what others use. */
static uint64_t wanted_vram(uint64_t bytes)
{
	uint64_t vram = 16ull << 20;

	while (vram < bytes + (bytes >> 5))
		vram *= 2;
	return vram >> 20;
}

int llm_plan_memory(struct llm *m, const struct gguf *g, struct axon_err *err)
{
	struct accel_device_info info = {.size = sizeof(info)};
	struct arena scratch = {0};
	int ret = llm_weights_plan(g, &m->config, &m->memory.weights, err);

	if (ret)
		return ret;
	ret = accel_device_get_info(m->chip->dev, &info);
	if (ret)
		return chip_fail(err, "asking the accelerator for its memory", ret);
	m->sram_budget = info.sram_size - SRAM_RESERVE;
	place_scratch(m, &scratch);
	m->memory.activations = scratch.used + rope_bytes(m);
	m->memory.cache = cache_bytes(m);

	uint64_t needed = m->memory.weights + m->memory.cache + m->memory.activations;
	uint64_t free = info.vram_size - info.vram_used;

	if (needed <= free)
		return 0;
	return axon_fail(
		err, -ENOSPC,
		"device memory: needed %llu MiB (weights %llu, cache %llu, activations %llu), "
		"available %llu MiB of %llu; start the VM with --vram %lluM or use a shorter "
		"context (-c)",
		(unsigned long long)(needed >> 20), (unsigned long long)(m->memory.weights >> 20),
		(unsigned long long)(m->memory.cache >> 20),
		(unsigned long long)(m->memory.activations >> 20), (unsigned long long)(free >> 20),
		(unsigned long long)(info.vram_size >> 20),
		(unsigned long long)wanted_vram(needed + info.vram_used));
}

static int create_ropes(struct llm *m, struct axon_err *err)
{
	const struct llm_config *c = &m->config;
	uint32_t pairs = c->rope_dim / 2;
	uint64_t floats = (uint64_t)m->context * pairs;
	float *table;
	void *p;
	int ret = chip_buffer(m->chip, rope_bytes(m), ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_ACTIVATIONS,
			      &m->ropes, err);

	if (ret)
		return ret;
	ret = accel_buffer_map(m->ropes, &p);
	if (ret)
		return chip_fail(err, "mapping the rotary tables", ret);
	table = p;
	m->cos = accel_buffer_va(m->ropes);
	m->sin = m->cos + 4 * floats;
	ret = rope_table_fill(table, table + floats, m->context, pairs, c->rope_base, c->rope_scale,
			      m->weights.rope_factors);
	if (!ret && c->window) {
		m->cos_local = m->sin + 4 * floats;
		m->sin_local = m->cos_local + 4 * floats;
		ret = rope_table_fill(table + 2 * floats, table + 3 * floats, m->context, pairs,
				      c->rope_base_local, 1.0f, NULL);
	}
	return ret ? axon_fail(err, ret, "out of memory") : 0;
}

/* Rows of logits that are kept. */
static uint64_t output_rows(const struct llm *m)
{
	return m->logit_rows > m->most_sequences ? m->logit_rows : m->most_sequences;
}

/* Where the blocks that host and chip both see lie in their buffer. */
struct control {
	uint64_t step, tokens, segments, outputs, sequences, pages, chosen, targets, scores, logits;
};

static struct control plan_control(const struct llm *m, struct arena *a)
{
	uint64_t n = m->most_sequences, outputs = output_rows(m);

	return (struct control){
		.step = arena_take(a, sizeof(*m->step)),
		.tokens = arena_take(a, sizeof(*m->tokens) * m->rows),
		.segments = arena_take(a, sizeof(*m->segments) * m->rows),
		.outputs = arena_take(a, sizeof(*m->outputs) * outputs),
		.sequences = arena_take(a, sizeof(*m->step_sequences) * n),
		.pages = arena_take(a, sizeof(*m->pages) * n * m->table_pages),
		.chosen = arena_take(a, sizeof(*m->chosen) * n * STEP_RESULTS),
		.targets = arena_take(a, sizeof(*m->targets) * outputs),
		.scores = arena_take(a, sizeof(*m->scores) * outputs),
		.logits = arena_take(a, sizeof(*m->logits) * outputs * m->config.vocabulary),
	};
}

static void place_control(struct llm *m, uint8_t *base, uint64_t va, const struct control *at)
{
	m->step = (struct step *)(base + at->step);
	m->tokens = (uint32_t *)(base + at->tokens);
	m->segments = (struct step_segment *)(base + at->segments);
	m->outputs = (struct step_output *)(base + at->outputs);
	m->step_sequences = (struct step_sequence *)(base + at->sequences);
	m->pages = (uint32_t *)(base + at->pages);
	m->chosen = (struct step_chosen *)(base + at->chosen);
	m->targets = (uint32_t *)(base + at->targets);
	m->scores = (struct logprob *)(base + at->scores);
	m->logits = (float *)(base + at->logits);
	m->step_va = va + at->step;
	m->targets_va = va + at->targets;
	m->scores_va = va + at->scores;
	m->logits_va = va + at->logits;
	*m->step = (struct step){
		.tokens = va + at->tokens,
		.segment = va + at->segments,
		.output = va + at->outputs,
		.sequence = va + at->sequences,
		.pages = va + at->pages,
		.chosen = va + at->chosen,
		.table_pages = m->table_pages,
		.most_outputs = m->most_sequences,
	};
}

static int create_control(struct llm *m, struct axon_err *err)
{
	struct arena arena = {0};
	struct control plan = plan_control(m, &arena);
	void *p;
	int ret = chip_buffer(m->chip, arena.used, ACCEL_BUFFER_SYSTEM, ACCEL_PURPOSE_ACTIVATIONS,
			      &m->control, err);

	if (ret)
		return ret;
	ret = accel_buffer_map(m->control, &p);
	if (ret)
		return chip_fail(err, "mapping the step block", ret);
	place_control(m, p, accel_buffer_va(m->control), &plan);
	return 0;
}

int llm_create_buffers(struct llm *m, struct axon_err *err)
{
	struct arena scratch = {0};
	int ret = chip_buffer(m->chip, m->memory.cache, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_KV,
			      &m->cache, err);

	if (ret)
		return ret;
	place_scratch(m, &scratch);
	ret = chip_buffer(m->chip, scratch.used, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_ACTIVATIONS,
			  &m->scratch, err);
	if (ret)
		return ret;
	scratch = (struct arena){.base = accel_buffer_va(m->scratch)};
	place_scratch(m, &scratch);
	ret = create_ropes(m, err);
	return ret ? ret : create_control(m, err);
}

void llm_destroy_buffers(struct llm *m)
{
	accel_buffer_destroy(m->control);
	accel_buffer_destroy(m->ropes);
	accel_buffer_destroy(m->scratch);
	accel_buffer_destroy(m->cache);
}
