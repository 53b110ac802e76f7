// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "llm_priv.h"

/* Launches of a step: nine of each layer, and a few around them. */
#define MAX_LAUNCHES(layers) (10 * (layers) + 16)

struct tracer {
	struct accel_buffer *buffer; /* two timestamps, then the launches' statistics */
	struct accel_stream *stream;
	struct chip_trace launches;
	const struct axon_timestamp *stamps;
	const struct axon_launch_stats *stats;
	uint64_t submit, submitted; /* CLOCK_MONOTONIC */
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int create(struct llm *m, struct tracer *t, struct axon_err *err)
{
	uint64_t stamps = 2 * sizeof(struct axon_timestamp);
	void *p;
	int ret;

	t->launches.max = MAX_LAUNCHES(m->config.layers);
	t->launches.kernels = malloc(t->launches.max * sizeof(*t->launches.kernels));
	if (!t->launches.kernels)
		return axon_fail(err, -ENOMEM, "out of memory");
	ret = chip_buffer(m->chip, stamps + t->launches.max * sizeof(struct axon_launch_stats),
			  ACCEL_BUFFER_SYSTEM, ACCEL_PURPOSE_OTHER, &t->buffer, err);
	if (ret)
		return ret;
	ret = accel_buffer_map(t->buffer, &p);
	if (!ret)
		ret = accel_stream_create(m->chip->vm, &t->stream);
	if (ret)
		return chip_fail(err, "tracing", ret);
	t->launches.stats_va = accel_buffer_va(t->buffer) + stamps;
	t->stamps = p;
	t->stats = (const void *)(t->stamps + 2);
	return 0;
}

static int record(struct llm *m, struct tracer *t, uint32_t rows, struct axon_err *err)
{
	uint64_t va = accel_buffer_va(t->buffer);
	int ret = accel_stream_timestamp(t->stream, va);

	if (ret)
		return chip_fail(err, "tracing", ret);
	m->chip->trace = &t->launches;
	ret = llm_record_step(m, t->stream, rows, err);
	m->chip->trace = NULL;
	if (ret)
		return ret;
	ret = accel_stream_timestamp(t->stream, va + sizeof(struct axon_timestamp));
	return ret ? chip_fail(err, "tracing", ret) : 0;
}

static void add_launch(struct llm_step_trace *trace, const char *name,
		       const struct axon_launch_stats *s)
{
	struct llm_kernel_cost *k = trace->kernel;

	while (k < trace->kernel + trace->kernels && strcmp(k->name, name))
		k++;
	if (k == trace->kernel + trace->kernels)
		trace->kernels++;
	k->name = name;
	k->launches++;
	k->ns += s->ns;
	k->cycles += s->cycles;
	k->instret += s->instret;
	for (int i = 0; i < AXON_NUM_ENGINES; i++)
		trace->busy[i] += s->engine_cycles[i];
}

int llm_tracer_submit(struct llm *m, uint32_t rows, uint64_t *value, struct axon_err *err)
{
	struct tracer *t = m->tracer;
	int ret = record(m, t, rows, err);

	t->submit = now();
	if (!ret)
		ret = chip_submit(m->chip, t->stream, value, err);
	t->submitted = now();
	return ret;
}

static void read_statistics(const struct llm *m, const struct tracer *t,
			    struct llm_step_trace *trace)
{
	trace->packets = accel_stream_packets(t->stream);
	trace->user_queue = m->chip->user_queue;
	trace->submit = t->submit;
	trace->submitted = t->submitted;
	trace->first = t->stamps[0].ns;
	trace->last = t->stamps[1].ns;
	trace->cycles = t->stamps[1].cycles - t->stamps[0].cycles;
	for (uint32_t i = 0; i < t->launches.n; i++)
		add_launch(trace, chip_kernel_name(t->launches.kernels[i]), &t->stats[i]);
}

int llm_step_traced(struct llm *m, struct llm_token *tokens, uint32_t *n,
		    struct llm_step_trace *trace, struct axon_err *err)
{
	struct tracer t = {0};
	bool more;
	int ret = llm_settle(m, err);

	memset(trace, 0, sizeof(*trace));
	if (!ret)
		ret = create(m, &t, err);
	if (!ret) {
		m->tracer = &t;
		ret = llm_step_ahead(m, 1, tokens, n, &more, err);
		m->tracer = NULL;
		trace->woken = now();
	}
	if (!ret)
		read_statistics(m, &t, trace);
	accel_stream_destroy(t.stream);
	accel_buffer_destroy(t.buffer);
	free(t.launches.kernels);
	return ret;
}
