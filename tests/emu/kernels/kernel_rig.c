// SPDX-License-Identifier: MIT
#include <math.h>

#include "kernel_rig.h"

#define MEMORY_BYTES (24u << 20)
#define GUARD_BYTES  64
#define FRESH	     0xff
#define GUARD	     0xa5

int kernel_setup(void **state)
{
	struct kernel_rig *rig = calloc(1, sizeof(*rig));
	struct axon_err err;
	void *p = NULL;
	int ret;

	if (!rig)
		return -1;
	*state = rig;
	ret = chip_open(&rig->chip, 0, &err);
	if (ret == -EUNATCH)
		exit(77);
	if (!ret)
		ret = chip_buffer(&rig->chip, MEMORY_BYTES, ACCEL_BUFFER_SYSTEM,
				  ACCEL_PURPOSE_OTHER, &rig->memory, &err);
	if (ret) {
		print_error("%s\n", err.msg);
		return ret;
	}
	ret = accel_buffer_map(rig->memory, &p);
	rig->bytes = p;
	return ret ? ret : accel_stream_create(rig->chip.vm, &rig->stream);
}

int kernel_teardown(void **state)
{
	struct kernel_rig *rig = *state;

	accel_stream_destroy(rig->stream);
	accel_buffer_destroy(rig->memory);
	chip_close(&rig->chip);
	free(rig);
	return 0;
}

void kernel_case(struct kernel_rig *rig, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(rig->label, sizeof(rig->label), format, list);
	va_end(list);
	rig->used = 0;
	rig->pieces = 0;
	rig->random = 2463534242u;
}

uint64_t kernel_take(struct kernel_rig *rig, size_t bytes, void *ptr)
{
	size_t at = rig->used, guard = at + bytes;

	rig->used = (guard + 2 * GUARD_BYTES - 1) & ~(size_t)(GUARD_BYTES - 1);
	if (rig->used > MEMORY_BYTES || rig->pieces == KERNEL_PIECES)
		fail_msg("%s: takes more memory than the rig has", rig->label);
	memset(rig->bytes + at, FRESH, bytes);
	memset(rig->bytes + guard, GUARD, rig->used - guard);
	rig->guards[rig->pieces++] = guard;
	*(void **)ptr = rig->bytes + at;
	return accel_buffer_va(rig->memory) + at;
}

uint64_t kernel_random(struct kernel_rig *rig, size_t n, float **ptr)
{
	uint64_t va = kernel_take(rig, n * sizeof(float), ptr);

	for (size_t i = 0; i < n; i++)
		(*ptr)[i] = random_float(rig);
	return va;
}

void *kernel_host(struct kernel_rig *rig, uint64_t va)
{
	return rig->bytes + (va - accel_buffer_va(rig->memory));
}

/* `bytes` bytes of zeros. */
static uint64_t take_zeros(struct kernel_rig *rig, size_t bytes)
{
	void *p;
	uint64_t va = kernel_take(rig, bytes, &p);

	memset(p, 0, bytes);
	return va;
}

void kernel_cut(struct kernel_rig *rig, struct step *step, uint32_t rows, uint32_t pos,
		uint32_t most)
{
	struct step_segment *segment = kernel_host(rig, step->segment);
	struct step_output *output = kernel_host(rig, step->output);
	struct step_sequence *sequence = kernel_host(rig, step->sequence);

	step->segments = 0;
	for (uint32_t done = 0; done < rows; done += most)
		segment[step->segments++] = (struct step_segment){
			done, rows - done < most ? rows - done : most, pos + done, 0};
	step->rows = rows;
	step->outputs = rows > 0;
	*output = (struct step_output){rows - 1, 0};
	*sequence = (struct step_sequence){.pos = pos + rows, .left = 100, .top_p = 1};
}

uint64_t kernel_step(struct kernel_rig *rig, uint32_t rows, uint32_t pos, struct step **step)
{
	uint32_t room = rows ? rows : 1;
	uint64_t va = kernel_take(rig, sizeof(**step), step);
	uint32_t *pages;

	**step = (struct step){
		.tokens = take_zeros(rig, room * sizeof(uint32_t)),
		.segment = take_zeros(rig, room * sizeof(struct step_segment)),
		.output = take_zeros(rig, sizeof(struct step_output)),
		.sequence = take_zeros(rig, sizeof(struct step_sequence)),
		.pages = take_zeros(rig, KERNEL_PAGES * sizeof(uint32_t)),
		.chosen = take_zeros(rig, STEP_RESULTS * sizeof(struct step_chosen)),
		.table_pages = KERNEL_PAGES,
		.most_outputs = 1,
	};
	pages = kernel_host(rig, (*step)->pages);
	for (uint32_t i = 0; i < KERNEL_PAGES; i++)
		pages[i] = i;
	kernel_cut(rig, *step, rows, pos, SEGMENT_ROWS);
	return va;
}

void kernel_launch(struct kernel_rig *rig, enum chip_kernel kernel, uint32_t x, uint32_t y,
		   const void *args, size_t args_bytes)
{
	struct axon_err err;

	if (chip_launch(&rig->chip, rig->stream, kernel, x, y, args, args_bytes, &err))
		fail_msg("%s: %s", rig->label, err.msg);
}

void kernel_run(struct kernel_rig *rig)
{
	struct axon_err err;

	if (chip_run(&rig->chip, rig->stream, &err))
		fail_msg("%s: %s", rig->label, err.msg);
	assert_int_equal(accel_stream_reset(rig->stream), 0);
	for (unsigned int i = 0; i < rig->pieces; i++)
		for (size_t at = rig->guards[i]; at % GUARD_BYTES || at == rig->guards[i]; at++)
			if (rig->bytes[at] != GUARD)
				fail_msg("%s: wrote %zu bytes behind piece %u", rig->label,
					 at - rig->guards[i] + 1, i);
}

void kernel_run_to_fault(struct kernel_rig *rig, unsigned int cause)
{
	struct axon_fault fault;

	if (accel_device_fd(rig->chip.dev) >= 0) { /* in the VM, whose runner reads this */
		FILE *kmsg = fopen("/dev/kmsg", "w");

		assert_non_null(kmsg);
		fputs("axon-test: expect reset\n", kmsg);
		fclose(kmsg);
	}
	assert_int_equal(accel_queue_run(rig->chip.queue, rig->stream), -EIO);
	assert_int_equal(accel_queue_fault(rig->chip.queue, &fault), 0);
	assert_string_equal(accel_fault_name(fault.cause), accel_fault_name(cause));
}

/* Marsaglia's xorshift32 */
uint32_t random_bits(struct kernel_rig *rig)
{
	rig->random ^= rig->random << 13;
	rig->random ^= rig->random >> 17;
	rig->random ^= rig->random << 5;
	return rig->random;
}

float random_float(struct kernel_rig *rig)
{
	return (float)(random_bits(rig) >> 8) * 0x1p-23f - 1.0f;
}

void check_bytes(struct kernel_rig *rig, const void *found, const void *expected, size_t bytes)
{
	const uint8_t *f = found, *e = expected;

	for (size_t i = 0; i < bytes; i++)
		if (f[i] != e[i])
			fail_msg("%s: byte %zu: expected %02x, found %02x", rig->label, i, e[i],
				 f[i]);
}

void check_untouched(struct kernel_rig *rig, const void *found, size_t bytes)
{
	const uint8_t *f = found;

	for (size_t i = 0; i < bytes; i++)
		if (f[i] != FRESH)
			fail_msg("%s: byte %zu: expected untouched, found %02x", rig->label, i,
				 f[i]);
}

void check_floats(struct kernel_rig *rig, const float *found, const float *expected, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&found[i], &expected[i], sizeof(float)))
			fail_msg("%s: element %zu: expected %a, found %a", rig->label, i,
				 (double)expected[i], (double)found[i]);
}

void check_near(struct kernel_rig *rig, size_t index, double found, double expected,
		double tolerance)
{
	if (!(fabs(found - expected) <= tolerance))
		fail_msg("%s: element %zu: expected %.9g within %.2g, found %.9g", rig->label,
			 index, expected, tolerance, found);
}

float lane_sum(const float *v, uint32_t n, bool squares)
{
	float lane[16] = {0};

	for (uint32_t i = 0; i < n; i++)
		lane[i % 16] += squares ? v[i] * v[i] : v[i];
	for (uint32_t half = 8; half; half /= 2)
		for (uint32_t i = 0; i < half; i++)
			lane[i] += lane[i + half];
	return lane[0];
}

void q8a_of(const float *v, uint32_t n, struct axon_q8a *out)
{
	for (uint32_t block = 0; block < n / 32; block++, v += 32, out++) {
		float most = 0;

		*out = (struct axon_q8a){0};
		for (int i = 0; i < 32; i++)
			most = fmaxf(most, fabsf(v[i]));
		if (most == 0)
			continue;
		out->scale = most / 127.0f;
		for (int i = 0; i < 32; i++) {
			float q = rintf(v[i] * (127.0f / most));

			out->q[i] = (int8_t)fmaxf(-127.0f, fminf(127.0f, q));
			out->sum[i / 16] += out->q[i];
		}
	}
}
