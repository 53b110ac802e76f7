// SPDX-License-Identifier: MIT
/*
 * Matrix products through the whole stack, C = A · W, from submission to completion. Weights are
 * random blocks as a GGUF file would hold them, packed by the chip; results are checked at
 * sampled places against a sum in double precision of the same numbers, dequantised in plain C.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "axon_isa.h"
#include "bench.h"
#include "bench_data.h"
#include "bench_matmul_args.h"
#include "pack_args.h"

#define DEFAULT_SHAPES "1024x1024x1024,2048x2048x2048,4096x4096x4096,512x640x2048,1x2048x8192"
#define DEFAULT_TYPES  "f32,bf16,int8,q8_0,q4_0,q4_k"
#define MAX_LIST       16
#define MAX_SIZE       65536
#define SAMPLES	       256
/*
 * With enough rows a workgroup takes some of them and all of W, so that each row is brought to SRAM once; what
 * is read of W then lasts for a workgroup's rows.
 */
#define MANY_ROWS 64
#define MAX_ROWS  240
#define ROW_GROUP 4
/* With fewer it takes columns: each core gets so many workgroups where the matrix is wide enough. */
#define CHUNKS_PER_CORE 4
#define MAX_COLS	1024
/* A sample is a stream of as many products as take so long, but not more than MAX_LAUNCHES. */
#define SAMPLE_NS    20000000u
#define MAX_LAUNCHES 64u
/* SRAM that a kernel keeps for other things than rows of A. */
#define SRAM_RESERVE (2 * AXON_STACK_SIZE)
/* A result that the chip never wrote is a quiet NaN. */
#define UNWRITTEN 0x7fc0dead

struct shape {
	uint32_t m, n, k;
};

struct matmul_options {
	struct bench_options common;
	unsigned int num_shapes, num_types;
	struct shape shapes[MAX_LIST];
	const struct bench_type *types[MAX_LIST];
};

struct matmul_bench {
	const struct matmul_options *options;
	struct chip chip;
	struct bench_program program;
	uint32_t cores, sram;
	struct accel_stream *stream;
	struct accel_buffer *stats;
	struct axon_launch_stats *stats_map;
	uint64_t *samples;
	uint32_t launches; /* in a sample */

	/* The product under way. */
	const struct bench_type *type;
	struct shape shape;
	uint64_t w_row, a_row;
	struct accel_buffer *staging, *w, *a, *c, *result;
	uint8_t *w_host, *a_host; /* in staging */
	float *c_host;
};

static const struct argp_option options[] = {
	{"shapes", 's', "MxNxK[,...]", 0,
	 "rows of A, columns and depth of W (default " DEFAULT_SHAPES ")", 0},
	{"types", 't', "TYPE[,...]", 0, "of " BENCH_TYPE_NAMES " (default " DEFAULT_TYPES ")", 0},
	{0}};

static void parse_shapes(struct matmul_options *o, char *list, struct argp_state *state)
{
	char *item;

	for (o->num_shapes = 0; (item = bench_next_item(&list)); o->num_shapes++) {
		struct shape *s = &o->shapes[o->num_shapes];
		int end = 0;

		if (o->num_shapes == MAX_LIST)
			argp_error(state, "-s: expected at most %d shapes", MAX_LIST);
		if (sscanf(item, "%ux%ux%u%n", &s->m, &s->n, &s->k, &end) != 3 || item[end] ||
		    !s->m || !s->n || !s->k || s->m > MAX_SIZE || s->n > MAX_SIZE ||
		    s->k > MAX_SIZE)
			argp_error(state, "-s: expected MxNxK of 1 to %d each, found '%s'",
				   MAX_SIZE, item);
	}
	if (!o->num_shapes)
		argp_error(state, "-s: expected shapes, found none");
}

static void parse_types(struct matmul_options *o, char *list, struct argp_state *state)
{
	char *item;

	for (o->num_types = 0; (item = bench_next_item(&list)); o->num_types++) {
		if (o->num_types == MAX_LIST)
			argp_error(state, "-t: expected at most %d types", MAX_LIST);
		o->types[o->num_types] = bench_type(item);
		if (!o->types[o->num_types])
			argp_error(state, "-t: expected one of %s, found '%s'", BENCH_TYPE_NAMES,
				   item);
	}
	if (!o->num_types)
		argp_error(state, "-t: expected types, found none");
}

static void check_options(const struct matmul_options *o, struct argp_state *state)
{
	for (unsigned int t = 0; t < o->num_types; t++)
		for (unsigned int s = 0; s < o->num_shapes; s++) {
			uint32_t block = bench_type_block(o->types[t]);

			if (o->shapes[s].k % block)
				argp_error(state, "%s: expected K to be a multiple of %u, found %u",
					   o->types[t]->name, block, o->shapes[s].k);
		}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct matmul_options *o = state->input;

	switch (key) {
	case 's': parse_shapes(o, arg, state); break;
	case 't': parse_types(o, arg, state); break;
	case ARGP_KEY_INIT: {
		char shapes[] = DEFAULT_SHAPES, types[] = DEFAULT_TYPES;

		state->child_inputs[0] = &o->common;
		parse_shapes(o, shapes, state);
		parse_types(o, types, state);
		break;
	}
	case ARGP_KEY_ARG: argp_error(state, "expected options only, found '%s'", arg); break;
	case ARGP_KEY_END: check_options(o, state); break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- operands ---- */

static uint32_t div_up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int create_operands(struct matmul_bench *b, struct axon_err *err)
{
	const struct shape s = b->shape;
	uint64_t w_bytes = (b->w_row * s.n + 63) & ~63ull, a_bytes = b->a_row * s.m;
	uint64_t c_bytes = 4ull * s.m * s.n;
	void *staging, *result;
	int ret = bench_buffer(&b->chip, w_bytes + a_bytes, ACCEL_BUFFER_SYSTEM, &b->staging,
			       &staging, err);

	if (!ret)
		ret = bench_buffer(&b->chip, c_bytes, ACCEL_BUFFER_SYSTEM, &b->result, &result,
				   err);
	if (!ret)
		ret = chip_buffer(&b->chip,
				  bench_tile_bytes(b->type, s.k) * div_up(s.n, AXON_TILE_COLS),
				  ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_WEIGHTS, &b->w, err);
	if (!ret)
		ret = chip_buffer(&b->chip, a_bytes, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_ACTIVATIONS,
				  &b->a, err);
	if (!ret)
		ret = chip_buffer(&b->chip, c_bytes, ACCEL_BUFFER_VRAM, ACCEL_PURPOSE_ACTIVATIONS,
				  &b->c, err);
	if (ret)
		return ret;
	b->w_host = staging;
	b->a_host = b->w_host + w_bytes;
	b->c_host = result;
	return 0;
}

static void destroy_operands(struct matmul_bench *b)
{
	accel_buffer_destroy(b->staging);
	accel_buffer_destroy(b->result);
	accel_buffer_destroy(b->w);
	accel_buffer_destroy(b->a);
	accel_buffer_destroy(b->c);
	b->staging = b->result = b->w = b->a = b->c = NULL;
}

static void fill_operands(struct matmul_bench *b)
{
	struct bench_random random = BENCH_RANDOM;

	for (uint32_t n = 0; n < b->shape.n; n++)
		bench_fill_weights(b->type, &random, b->w_host + n * b->w_row, b->shape.k);
	for (uint32_t m = 0; m < b->shape.m; m++)
		bench_fill_activations(b->type, &random, b->a_host + m * b->a_row, b->shape.k);
}

/* Packs W, copies A, and makes C something that no product is. */
static int upload_operands(struct matmul_bench *b, struct axon_err *err)
{
	const struct bench_type *t = b->type;
	uint64_t staging = accel_buffer_va(b->staging);
	struct pack_args args = {
		.dst = accel_buffer_va(b->w),
		.src = staging,
		.src_stride = b->w_row,
		.dst_tile_bytes = bench_tile_bytes(t, b->shape.k),
		.rows = b->shape.n,
		.k = b->shape.k,
		.rows_per_wg = 4 * AXON_TILE_COLS,
		.format = t->format,
		.src_type = t->type,
		.dst_type = t->type,
	};
	int ret = accel_stream_reset(b->stream);

	if (ret)
		return chip_fail(err, "recording", ret);
	ret = chip_launch(&b->chip, b->stream, CHIP_pack, div_up(args.rows, args.rows_per_wg), 1,
			  &args, sizeof(args), err);
	if (ret)
		return ret;
	ret = accel_stream_copy(b->stream, accel_buffer_va(b->a),
				staging + (uint64_t)(b->a_host - b->w_host), b->a_row * b->shape.m);
	if (!ret)
		ret = accel_stream_fill(b->stream, accel_buffer_va(b->c), UNWRITTEN,
					4ull * b->shape.m * b->shape.n);
	return ret ? chip_fail(err, "recording", ret) : chip_run(&b->chip, b->stream, err);
}

/* ---- the product ---- */

/* Rows and columns of a workgroup; rows 0: not one row fits. */
static void cut(const struct matmul_bench *b, uint32_t *rows, uint32_t *cols)
{
	const struct shape s = b->shape;
	uint32_t most = (b->sram - SRAM_RESERVE) / (uint32_t)b->a_row;
	uint32_t each = div_up(s.n, CHUNKS_PER_CORE * b->cores);
	uint32_t rounds = div_up(s.m, min_u32(MAX_ROWS, most ? most : 1) * b->cores);

	if (s.m < MANY_ROWS) {
		*rows = min_u32(s.m, most);
		*cols = min_u32(MAX_COLS, div_up(each, AXON_TILE_COLS) * AXON_TILE_COLS);
		return;
	}
	*rows = min_u32(most, div_up(div_up(s.m, rounds * b->cores), ROW_GROUP) * ROW_GROUP);
	*cols = div_up(s.n, AXON_TILE_COLS) * AXON_TILE_COLS;
}

static int record_product(struct matmul_bench *b, struct axon_err *err)
{
	const struct bench_type *t = b->type;
	const struct shape s = b->shape;
	struct bench_matmul_args args = {
		.w = {.addr = accel_buffer_va(b->w),
		      .tile_bytes = bench_tile_bytes(t, s.k),
		      .format = t->format,
		      .type = t->type,
		      .n = s.n,
		      .k = s.k},
		.a = accel_buffer_va(b->a),
		.c = accel_buffer_va(b->c),
		.m = s.m,
		.a_type = t->a_type,
		.a_row_bytes = (uint32_t)b->a_row,
	};
	struct accel_launch launch = {
		.size = sizeof(launch),
		.stats_va = accel_buffer_va(b->stats),
	};
	int ret;

	cut(b, &args.rows_per_wg, &args.cols_per_wg);
	if (!args.rows_per_wg)
		return axon_fail(err, -EINVAL,
				 "%s: expected a row of A of at most %u bytes, which fits into a "
				 "core's SRAM, found %llu; give a smaller K",
				 t->name, b->sram - SRAM_RESERVE, (unsigned long long)b->a_row);
	launch.grid[0] = div_up(s.n, args.cols_per_wg);
	launch.grid[1] = div_up(s.m, args.rows_per_wg);
	ret = accel_stream_reset(b->stream);
	for (uint32_t i = 0; i < b->launches && !ret; i++)
		ret = accel_stream_launch(b->stream, b->program.kernel, &launch, &args,
					  sizeof(args));
	return ret ? chip_fail(err, "recording", ret) : 0;
}

/* ---- the check ---- */

/*
 * One element against the exact sum. The chip rounds in fp32 after each of k steps; what remains
 * of that grows as the square root of k, with room for the parts of a block format that cancel.
 */
static int check_element(const struct matmul_bench *b, uint32_t m, uint32_t n, float *a, float *w,
			 struct axon_err *err)
{
	double sum = 0, scale = 0, tolerance;
	float found = b->c_host[(uint64_t)m * b->shape.n + n];

	bench_read_activations(b->type, b->a_host + m * b->a_row, a, b->shape.k);
	bench_read_weights(b->type, b->w_host + n * b->w_row, w, b->shape.k);
	for (uint32_t k = 0; k < b->shape.k; k++) {
		double product = (double)a[k] * (double)w[k];

		sum += product;
		scale += fabs(product);
	}
	tolerance = 32 * sqrt(b->shape.k) * 0x1p-24 * scale;
	if (fabs(found - sum) <= tolerance)
		return 0;
	return axon_fail(err, BENCH_WRONG,
			 "%s %ux%ux%u, C[%u][%u]: expected %.9g within %.2g, found %.9g",
			 b->type->name, b->shape.m, b->shape.n, b->shape.k, m, n, sum, tolerance,
			 (double)found);
}

/* C in c_host; on the chip it becomes what no product is. */
static int fetch_result(struct matmul_bench *b, struct axon_err *err)
{
	const uint64_t bytes = 4ull * b->shape.m * b->shape.n;
	int ret = accel_stream_reset(b->stream);

	if (!ret)
		ret = accel_stream_copy(b->stream, accel_buffer_va(b->result),
					accel_buffer_va(b->c), bytes);
	if (!ret)
		ret = accel_stream_fill(b->stream, accel_buffer_va(b->c), UNWRITTEN, bytes);
	return ret ? chip_fail(err, "recording", ret) : chip_run(&b->chip, b->stream, err);
}

/* All elements were written; the corners and random others are right. */
static int check_product(struct matmul_bench *b, struct axon_err *err)
{
	struct bench_random random = BENCH_RANDOM;
	const struct shape s = b->shape;
	float *a = malloc(2 * (size_t)s.k * sizeof(*a));
	int ret = a ? fetch_result(b, err) : axon_fail(err, -ENOMEM, "out of memory");

	for (uint64_t i = 0; i < (uint64_t)s.m * s.n && !ret; i++)
		if (isnan(b->c_host[i]))
			ret = axon_fail(err, BENCH_WRONG,
					"%s %ux%ux%u, C[%llu][%llu]: expected a number, found NaN",
					b->type->name, s.m, s.n, s.k, (unsigned long long)i / s.n,
					(unsigned long long)i % s.n);
	for (int i = 0; i < 4 && !ret; i++)
		ret = check_element(b, i & 1 ? s.m - 1 : 0, i & 2 ? s.n - 1 : 0, a, a + s.k, err);
	for (int i = 0; i < SAMPLES && !ret; i++)
		ret = check_element(b, (uint32_t)((bench_random(&random) >> 32) % s.m),
				    (uint32_t)((bench_random(&random) >> 32) % s.n), a, a + s.k,
				    err);
	free(a);
	return ret;
}

/* ---- time ---- */

static int run_sample(struct matmul_bench *b, uint64_t *ns, struct axon_err *err)
{
	uint64_t start = bench_now_ns();
	int ret = chip_run(&b->chip, b->stream, err);

	*ns = (bench_now_ns() - start) / b->launches;
	return ret;
}

/* One product alone, which also warms up, says how many make a sample. It and the last one are checked. */
static int time_product(struct matmul_bench *b, double *ns, struct axon_err *err)
{
	unsigned int n = b->options->common.repetitions;
	uint64_t first;
	int ret;

	b->launches = 1;
	ret = record_product(b, err);
	if (!ret)
		ret = run_sample(b, &first, err);
	if (!ret)
		ret = check_product(b, err);
	if (ret)
		return ret;
	b->launches = first > SAMPLE_NS
			      ? 1
			      : min_u32(MAX_LAUNCHES, SAMPLE_NS / (uint32_t)(first + 1) + 1);
	ret = record_product(b, err);
	for (unsigned int i = 0; i < n && !ret; i++)
		ret = run_sample(b, &b->samples[i], err);
	if (ret)
		return ret;
	*ns = bench_median(b->samples, n);
	return check_product(b, err);
}

/* ---- the whole ---- */

static void add_row(struct matmul_bench *b, struct report *report, double ns)
{
	const struct shape s = b->shape;
	const struct axon_launch_stats *stats = b->stats_map;
	double ops = 2.0 * s.m * s.n * s.k;
	double use = (double)stats->engine_cycles[AXON_ENGINE_MATRIX] /
		     ((double)stats->cycles * b->cores);
	struct report_row row = report_row();

	report_string(&row, "type", b->type->name);
	report_number(&row, "m", s.m);
	report_number(&row, "n", s.n);
	report_number(&row, "k", s.k);
	report_number(&row, "repetitions", b->options->common.repetitions);
	report_real(&row, "median_ns", ns);
	report_real(&row, "gop_per_s", ops / ns);
	report_number(&row, "modelled_cycles", stats->cycles);
	report_real(&row, "modelled_matrix_utilization", use);
	report_cell(&row, "%s", b->type->name);
	report_cell(&row, "%ux%ux%u", s.m, s.n, s.k);
	report_cell(&row, "%.3f", ns / 1e6);
	report_cell(&row, "%.1f", ops / ns);
	report_cell(&row, "%llu", (unsigned long long)stats->cycles);
	report_cell(&row, "%.1f %%", 100 * use);
	report_add(report, &row);
}

static int measure_product(struct matmul_bench *b, const struct bench_type *type,
			   const struct shape *shape, struct report *report, struct axon_err *err)
{
	double ns = 0;
	int ret;

	b->type = type;
	b->shape = *shape;
	b->w_row = bench_weight_bytes(type, shape->k);
	b->a_row = bench_activation_bytes(type, shape->k);
	ret = create_operands(b, err);
	if (!ret) {
		fill_operands(b);
		ret = upload_operands(b, err);
	}
	if (!ret)
		ret = time_product(b, &ns, err);
	if (!ret)
		add_row(b, report, ns);
	destroy_operands(b);
	return ret;
}

static int measure(struct matmul_bench *b, struct axon_err *err)
{
	static const struct report_column columns[] = {
		{"type", 5, true},
		{"M x N x K", 15, true},
		{"wall ms", 9, false},
		{"wall GOP/s", 10, false},
		{"modelled cycles", 15, false},
		{"modelled matrix use", 10, false},
	};
	const struct matmul_options *o = b->options;
	struct report report;
	int ret = 0;

	report_begin(&report, o->common.format, columns, sizeof(columns) / sizeof(*columns));
	for (unsigned int s = 0; s < o->num_shapes; s++)
		for (unsigned int t = 0; t < o->num_types && !ret; t++)
			ret = measure_product(b, o->types[t], &o->shapes[s], &report, err);
	report_end(&report);
	return ret;
}

static int prepare(struct matmul_bench *b, struct axon_err *err)
{
	struct accel_device_info info = {.size = sizeof(info)};
	void *stats;
	int ret = chip_open(&b->chip, b->options->common.device, err);

	if (!ret)
		ret = BENCH_PROGRAM_LOAD(&b->chip, &b->program, bench_matmul, err);
	if (!ret)
		ret = bench_buffer(&b->chip, sizeof(*b->stats_map), ACCEL_BUFFER_SYSTEM, &b->stats,
				   &stats, err);
	if (ret)
		return ret;
	b->stats_map = stats;
	ret = accel_device_get_info(b->chip.dev, &info);
	b->cores = info.num_cores;
	b->sram = info.sram_size;
	if (!ret)
		ret = accel_stream_create(b->chip.vm, &b->stream);
	b->samples = calloc(b->options->common.repetitions, sizeof(*b->samples));
	if (!ret && !b->samples)
		ret = -ENOMEM;
	return ret ? chip_fail(err, "preparing", ret) : 0;
}

int bench_matmul(int argc, char **argv, struct axon_err *err)
{
	static const struct argp_child children[] = {{&bench_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		options,
		parse_option,
		NULL,
		"Measure products C = A * W on the matrix engine, from submission to completion, "
		"and check samples of C. For block types A is quantised to 8 bits.",
		children,
		NULL,
		NULL};
	struct matmul_options o = {.common = BENCH_DEFAULTS};
	struct matmul_bench b = {.options = &o};
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	ret = prepare(&b, err);
	if (!ret)
		ret = measure(&b, err);
	accel_stream_destroy(b.stream);
	accel_buffer_destroy(b.stats);
	accel_program_destroy(b.program.program);
	free(b.samples);
	chip_close(&b.chip);
	return ret;
}
