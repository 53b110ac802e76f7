// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag_args.h"
#include "smi_diag.h"

#define MEMORY_BYTES (16u << 20)
#define FILL_BYTES   65536u
#define GUARD	     0x5aa5c33cu
/* Enough for every core to get some, whichever is first. */
#define GROUPS_PER_CORE 8u
#define MAX_GROUPS	(GROUPS_PER_CORE * AXON_MAX_CORES)

extern const uint8_t image_diag[], image_diag_end[];

/* What the tests share. */
struct diag {
	struct accel_device *dev;
	const struct accel_device_info *info;
	struct accel_vm *vm;
	struct accel_queue *queue;
	struct accel_stream *stream;
	struct accel_program *program;
	struct accel_buffer *device, *system;
	uint32_t *words; /* of system */
};

typedef int diag_test(struct diag *diag, struct smi_check *check);

static int tell(struct smi_check *check, enum smi_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fills the check in; 0, so that a test can end with it. */
static int tell(struct smi_check *check, enum smi_result result, const char *format, ...)
{
	va_list args;

	check->result = result;
	va_start(args, format);
	vsnprintf(check->detail, sizeof(check->detail), format, args);
	va_end(args);
	return 0;
}

static int wrong(struct smi_check *check, const char *what, uint64_t at, uint32_t expected,
		 uint32_t found)
{
	return tell(check, SMI_FAIL, "%s at byte %llu: expected %#x, found %#x", what,
		    (unsigned long long)at, expected, found);
}

/* Runs what was recorded, once, and forgets it. */
static int run(struct diag *diag)
{
	int ret = accel_queue_run(diag->queue, diag->stream);
	int reset = accel_stream_reset(diag->stream);

	return ret ? ret : reset;
}

static int copy_there_and_back(struct diag *diag)
{
	uint64_t device = accel_buffer_va(diag->device), system = accel_buffer_va(diag->system);
	int ret = accel_stream_copy(diag->stream, device, system, MEMORY_BYTES);

	if (!ret)
		ret = run(diag);
	if (ret)
		return ret;
	memset(diag->words, 0, MEMORY_BYTES);
	ret = accel_stream_copy(diag->stream, system, device, MEMORY_BYTES);
	return ret ? ret : run(diag);
}

/* A number that no other word has, its complement, and both checkerboards. */
static uint32_t pattern(unsigned int pass, uint32_t i)
{
	switch (pass) {
	case 0: return i * 0x9e3779b1u;
	case 1: return ~(i * 0x9e3779b1u);
	case 2: return 0x55555555;
	default: return 0xaaaaaaaa;
	}
}

static int test_memory(struct diag *diag, struct smi_check *check)
{
	for (unsigned int pass = 0; pass < 4; pass++) {
		int ret;

		for (uint32_t i = 0; i < MEMORY_BYTES / 4; i++)
			diag->words[i] = pattern(pass, i);
		ret = copy_there_and_back(diag);
		if (ret)
			return ret;
		for (uint32_t i = 0; i < MEMORY_BYTES / 4; i++)
			if (diag->words[i] != pattern(pass, i))
				return wrong(check, "device memory", 4ull * i, pattern(pass, i),
					     diag->words[i]);
	}
	return tell(check, SMI_PASS, "4 patterns in %u MiB", MEMORY_BYTES >> 20);
}

/* A fill writes its bytes and not those beside them. */
static int test_copy_engine(struct diag *diag, struct smi_check *check)
{
	uint64_t device = accel_buffer_va(diag->device), system = accel_buffer_va(diag->system);
	uint32_t words = FILL_BYTES / 4, first = 3, last = words - 5;
	int ret = accel_stream_fill(diag->stream, device, GUARD, FILL_BYTES);

	if (!ret)
		ret = accel_stream_fill(diag->stream, device + 4 * first, ~GUARD,
					4 * (last - first));
	if (!ret)
		ret = accel_stream_copy(diag->stream, system, device, FILL_BYTES);
	if (!ret)
		ret = run(diag);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < words; i++) {
		uint32_t expected = i >= first && i < last ? ~GUARD : GUARD;

		if (diag->words[i] != expected)
			return wrong(check, "fill", 4ull * i, expected, diag->words[i]);
	}
	return tell(check, SMI_PASS, "fill and copy of %u KiB", FILL_BYTES >> 10);
}

/* Whole numbers of -8 to 7: a sum of 32 products is exact in fp32. */
static float element(uint32_t i, uint32_t k, uint32_t seed)
{
	return (float)((i * 7 + k * 3 + seed + i * k) % 16) - 8;
}

static void fill_operands(float *a, float *b)
{
	for (uint32_t i = 0; i < DIAG_N; i++)
		for (uint32_t k = 0; k < DIAG_N; k++) {
			a[i * DIAG_N + k] = element(i, k, 0);
			b[i * DIAG_N + k] = element(i, k, 5);
		}
}

static float expected_at(const float *a, const float *b, uint32_t row, uint32_t col)
{
	float sum = 0;

	for (uint32_t k = 0; k < DIAG_N; k++)
		sum += a[row * DIAG_N + k] * b[k * DIAG_N + col];
	return 2 * sum + a[row * DIAG_N + col];
}

static int check_group(const struct diag_result *r, uint32_t group, const float *a, const float *b,
		       struct smi_check *check)
{
	uint32_t hash = diag_hash((const uint32_t *)a, DIAG_N * DIAG_N);

	for (uint32_t row = 0; row < DIAG_N; row++)
		for (uint32_t col = 0; col < DIAG_N; col++) {
			float expected = expected_at(a, b, row, col);

			if (!(r->d[row][col] == expected))
				return tell(check, SMI_FAIL,
					    "workgroup %u, D[%u][%u]: expected %g, found %g", group,
					    row, col, (double)expected, (double)r->d[row][col]);
		}
	if (r->hash != hash)
		return tell(check, SMI_FAIL, "workgroup %u, hash: expected %#x, found %#x", group,
			    hash, r->hash);
	return 1;
}

static int check_groups(struct diag *diag, uint32_t groups, const float *a, const float *b,
			const struct diag_result *results, struct smi_check *check)
{
	bool seen[AXON_MAX_CORES] = {false};
	unsigned int cores = 0;

	for (uint32_t g = 0; g < groups; g++) {
		const struct diag_result *r = &results[g];

		if (r->core >= diag->info->num_cores)
			return tell(check, SMI_FAIL,
				    "workgroup %u: expected a core below %u, found %u", g,
				    diag->info->num_cores, r->core);
		if (!check_group(r, g, a, b, check))
			return 0;
		cores += !seen[r->core];
		seen[r->core] = true;
	}
	return tell(check, SMI_PASS, "DMA, matrix, vector and hart of %u of %u cores", cores,
		    diag->info->num_cores);
}

static int test_cores(struct diag *diag, struct smi_check *check)
{
	const size_t matrix = DIAG_N * DIAG_N * sizeof(float);
	uint64_t system = accel_buffer_va(diag->system), device = accel_buffer_va(diag->device);
	uint32_t groups = GROUPS_PER_CORE * diag->info->num_cores;
	struct accel_launch launch = {.size = sizeof(launch), .grid = {groups}};
	struct diag_args args = {.a = system, .b = system + matrix, .out = device};
	size_t bytes = groups * sizeof(struct diag_result);
	float *a = (float *)diag->words, *b = a + DIAG_N * DIAG_N;
	struct diag_result *results = (struct diag_result *)(b + DIAG_N * DIAG_N);
	const struct accel_kernel *kernel;
	int ret = accel_program_kernel(diag->program, "diag", &kernel);

	_Static_assert(2 * DIAG_N * DIAG_N * sizeof(float) +
				       MAX_GROUPS * sizeof(struct diag_result) <=
			       MEMORY_BYTES,
		       "all results fit");
	fill_operands(a, b);
	if (!ret)
		ret = accel_stream_fill(diag->stream, device, GUARD, bytes);
	if (!ret)
		ret = accel_stream_launch(diag->stream, kernel, &launch, &args, sizeof(args));
	if (!ret)
		ret = accel_stream_copy(diag->stream, system + 2 * matrix, device, bytes);
	if (!ret)
		ret = run(diag);
	return ret ? ret : check_groups(diag, groups, a, b, results, check);
}

static const struct {
	const char *name;
	diag_test *run;
} tests[SMI_NUM_DIAGS] = {
	{"memory", test_memory}, {"copy_engine", test_copy_engine}, {"cores", test_cores}};

static int open_diag(struct diag *diag)
{
	void *map;
	int ret = accel_vm_create(diag->dev, &diag->vm);

	if (!ret)
		ret = accel_queue_create(diag->vm, 1, &diag->queue);
	if (!ret)
		ret = accel_stream_create(diag->vm, &diag->stream);
	if (!ret)
		ret = accel_program_load(diag->vm, image_diag,
					 (size_t)(image_diag_end - image_diag), &diag->program);
	if (!ret)
		ret = accel_buffer_create(diag->vm, MEMORY_BYTES, ACCEL_BUFFER_VRAM,
					  ACCEL_PURPOSE_OTHER, &diag->device);
	if (!ret)
		ret = accel_buffer_create(diag->vm, MEMORY_BYTES, ACCEL_BUFFER_SYSTEM,
					  ACCEL_PURPOSE_OTHER, &diag->system);
	if (!ret)
		ret = accel_buffer_map(diag->system, &map);
	if (!ret)
		diag->words = map;
	return ret;
}

static void close_diag(struct diag *diag)
{
	accel_buffer_destroy(diag->system);
	accel_buffer_destroy(diag->device);
	accel_program_destroy(diag->program);
	accel_stream_destroy(diag->stream);
	accel_queue_destroy(diag->queue);
	accel_vm_destroy(diag->vm);
}

/* What a test that could not be run to its end ended with. */
static void tell_error(struct diag *diag, int ret, struct smi_check *check)
{
	struct axon_fault fault = {0};

	if (ret == -EIO && diag->queue && !accel_queue_fault(diag->queue, &fault) &&
	    fault.cause != AXON_FAULT_NONE)
		accel_fault_format(&fault, diag->program, check->detail, sizeof(check->detail));
	else
		snprintf(check->detail, sizeof(check->detail), "%s", accel_strerror(ret));
	/* A device that is full of others' work is not broken. */
	check->result = ret == -EBUSY || ret == -ENOSPC || ret == -EUSERS ? SMI_SKIP : SMI_FAIL;
}

void smi_diag_run(struct smi_device *d)
{
	struct diag diag = {.dev = d->dev, .info = &d->info};
	int ret = open_diag(&diag);

	for (unsigned int i = 0; i < SMI_NUM_DIAGS; i++) {
		struct smi_check *check = &d->diags[i];

		*check = (struct smi_check){.name = tests[i].name};
		/* After an error the queue is dead: what it would do then tells nothing. */
		if (!ret)
			ret = tests[i].run(&diag, check);
		if (ret)
			tell_error(&diag, ret, check);
	}
	close_diag(&diag);
}

enum smi_result smi_diag_worst(const struct smi_device *d)
{
	enum smi_result worst = SMI_SKIP;

	for (unsigned int i = 0; i < SMI_NUM_DIAGS; i++)
		if (d->diags[i].result > worst)
			worst = d->diags[i].result;
	return worst;
}
