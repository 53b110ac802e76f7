// SPDX-License-Identifier: MIT
/*
 * Description: programs load from memory and files, name their kernels and their source lines; files
 * that are no programs are refused with a reason.
 */
#include "rig.h"

/* libdw itself leaks when it meets damaged line tables, as this test makes on purpose. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libdw.so\n";
}

static void *read_elf(size_t *bytes)
{
	FILE *file = fopen(rig_elf(), "rb");
	void *elf;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*bytes = ftell(file);
	rewind(file);
	elf = malloc(*bytes);
	assert_non_null(elf);
	assert_int_equal(fread(elf, 1, *bytes, file), *bytes);
	fclose(file);
	return elf;
}

static void kernels_by_name(void **state)
{
	struct rig *rig = *state;
	const struct accel_kernel *a, *b;

	assert_int_equal(accel_program_kernel(rig->program, "test_add", &a), 0);
	assert_int_equal(accel_program_kernel(rig->program, "test_add", &b), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(accel_program_kernel(rig->program, "test_step", &b), 0);
	assert_ptr_not_equal(a, b);
	assert_int_equal(accel_program_kernel(rig->program, "test_", &a), -ENOENT);
	assert_int_equal(accel_program_kernel(rig->program, "", &a), -ENOENT);
	/* there, but not global */
	assert_int_equal(accel_program_kernel(rig->program, "memcpy", &a), -ENOENT);
}

static void from_memory_and_twice(void **state)
{
	struct rig *rig = *state;
	struct accel_launch launch = {.size = sizeof(launch)};
	const struct accel_kernel *kernel;
	struct accel_program *program[2];
	uint64_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 64, ACCEL_BUFFER_SYSTEM, &words);
	struct test_step_args args = {
		.value = accel_buffer_va(buf),
		.by = accel_buffer_va(buf) + 8,
	};
	size_t bytes;
	void *elf = read_elf(&bytes);

	words[1] = 21;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(accel_program_load(rig->vm, elf, bytes, &program[i]), 0);
		assert_int_equal(accel_program_kernel(program[i], "test_step", &kernel), 0);
		assert_int_equal(
			accel_stream_launch(rig->stream, kernel, &launch, &args, sizeof(args)), 0);
	}
	memset(elf, 0, bytes); /* it was copied */
	free(elf);
	rig_run(rig);
	assert_int_equal(words[0], 42);
	accel_program_destroy(program[0]);
	accel_program_destroy(program[1]);
}

static void lines_of_source(void **state)
{
	struct rig *rig = *state;
	struct test_fault_args args = {0};
	struct axon_fault fault;
	char text[256], small[8];
	unsigned int offset, line;

	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	fault = rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	assert_int_equal(accel_program_symbolize(rig->program, fault.pc, text, sizeof(text)), 0);
	/* axon_abort() is inlined into the kernel */
	assert_int_equal(sscanf(text, "fault_ebreak+0x%x (axon.h:%u from fault.c:%u)", &offset,
				&line, &line),
			 3);
	assert_int_equal(accel_program_symbolize(rig->program, fault.pc, small, sizeof(small)),
			 -E2BIG);
	assert_int_equal(accel_program_symbolize(rig->program, 0, text, sizeof(text)), -ENOENT);
	assert_int_equal(accel_program_symbolize(rig->program, ~0ull, text, sizeof(text)), -ENOENT);
}

static void what_is_no_program(void **state)
{
	struct rig *rig = *state;
	struct accel_program *program;
	size_t bytes;
	char *elf = read_elf(&bytes), why[200];

	assert_int_equal(accel_program_load(rig->vm, elf, 0, &program), -ENOEXEC);
	assert_int_equal(accel_program_load(rig->vm, elf, 100, &program), -ENOEXEC);
	assert_int_equal(accel_program_check(elf, bytes, why, sizeof(why)), 0);
	elf[18] = 62; /* e_machine: x86-64 */
	assert_int_equal(accel_program_load(rig->vm, elf, bytes, &program), -ENOEXEC);
	assert_int_equal(accel_program_check(elf, bytes, why, sizeof(why)), -ENOEXEC);
	assert_non_null(strstr(why, "expected 64-bit little-endian RISC-V"));
	free(elf);
	assert_non_null(strstr(accel_strerror(-ENOEXEC), "no program for this chip"));

	assert_int_equal(accel_program_load_file(rig->vm, "/nonexistent.elf", &program), -ENOENT);
	assert_int_equal(accel_program_load_file(rig->vm, "/dev/zero", &program), -ENOEXEC);
	assert_int_equal(accel_program_load_file(rig->vm, "/proc/self/exe", &program), -ENOEXEC);
	assert_int_equal(accel_program_load_file(rig->vm, "/", &program), -ENOEXEC);
}

/* A program may be damaged where nobody looks when it is loaded: symbols and line tables. */
static void damaged_debug_information(void **state)
{
	struct rig *rig = *state;
	size_t bytes;
	char *elf = read_elf(&bytes), text[256];
	uint64_t loaded = 0;

	srand(1);
	for (int round = 0; round < 60; round++) {
		struct accel_program *program;
		char *copy = malloc(bytes);

		assert_non_null(copy);
		memcpy(copy, elf, bytes);
		for (int n = 0; n < 200; n++)
			copy[bytes / 4 + rand() % (bytes - bytes / 4)] = (char)rand();
		if (!accel_program_load(rig->vm, copy, bytes, &program)) {
			loaded++;
			for (uint64_t pc = 0x100000000; pc < 0x100010000; pc += 0x40)
				accel_program_symbolize(program, pc, text, sizeof(text));
			accel_program_destroy(program);
		}
		free(copy);
	}
	free(elf);
	assert_true(loaded > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(kernels_by_name),	     RIG_TEST(from_memory_and_twice),
		RIG_TEST(lines_of_source),	     RIG_TEST(what_is_no_program),
		RIG_TEST(damaged_debug_information),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
