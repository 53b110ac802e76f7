// SPDX-License-Identifier: MIT
/*
 * Description: what kernels print arrives whole and is formatted as C's printf does; a full log drops
 * messages, says so, and can be used again.
 */
#include "rig.h"

/* The same calls as kernels/print.c makes, for the host's printf. */
static void expected_formats(char *text, size_t bytes)
{
	int n = 0;

#define LINE(...) n += snprintf(text + n, bytes - n, __VA_ARGS__)
	LINE("%d %i %u\n", -7, 42, 4000000000u);
	LINE("%d %u\n", -2147483647 - 1, 0u);
	LINE("%ld %lu %lld %zu\n", -9223372036854775807l - 1, 18446744073709551615ul, -5ll,
	     sizeof(uint32_t));
	LINE("%x %08x %lx\n", 0xbeefu, 0x1234u, 0x123456789abcul);
	LINE("[%5d] [%-5d] [%05d] [%-5u]\n", 42, 42, -42, 7u);
	LINE("%s [%8s] [%-8s] [%.3s]\n", "text", "right", "left", "cut off");
	LINE("%c%c %%\n", 'o', 'k');
	LINE("%p\n", (void *)0x10000040);
	LINE("%f %.0f %.3f %.9f\n", 1.5, 2.75, -3.14159, 0.000000001);
	LINE("[%8.2f] [%-8.2f] [%08.2f]\n", 9.996, 0.005, -1.0);
	LINE("%f %f %f\n", -0.0, 1e18, 123456789.125);
#undef LINE
}

static void formats_as_the_c_library(void **state)
{
	struct rig *rig = *state;
	char expected[2048], found[2048];

	expected_formats(expected, sizeof(expected));
	assert_int_equal(accel_vm_enable_log(rig->vm, 65536), 0);
	rig_launch(rig, "test_formats", 1, NULL, 0);
	rig_run(rig);
	assert_int_equal(accel_vm_read_log(rig->vm, found, sizeof(found)), strlen(expected));
	assert_string_equal(found, expected);
	assert_int_equal(accel_vm_read_log(rig->vm, found, sizeof(found)), 0);
	assert_string_equal(found, "");
}

static void a_message_is_cut_at_256_bytes(void **state)
{
	struct rig *rig = *state;
	char found[1024];

	assert_int_equal(accel_vm_enable_log(rig->vm, 4096), 0);
	rig_launch(rig, "test_long_message", 1, NULL, 0);
	rig_run(rig);
	assert_int_equal(accel_vm_read_log(rig->vm, found, sizeof(found)), 257);
	assert_int_equal(strspn(found, "0"), 256);
	assert_string_equal(found + 256, "|");
}

/* Lines of different workgroups may mix, but none may be torn, and each workgroup's are in order. */
static void lines_of_many_workgroups(void **state)
{
	enum { GROUPS = 50, LINES = 20 };
	struct rig *rig = *state;
	struct test_print_args args = {.lines = LINES};
	unsigned int next[GROUPS] = {0}, total = 0;
	char *text = malloc(1 << 20), *save, *line;

	assert_non_null(text);
	assert_int_equal(accel_vm_enable_log(rig->vm, 1 << 20), 0);
	rig_launch(rig, "test_print", GROUPS, &args, sizeof(args));
	rig_run(rig);
	assert_true(accel_vm_read_log(rig->vm, text, 1 << 20) > 0);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int group, number;
		char rest;

		assert_int_equal(sscanf(line, "workgroup %u line %u%c", &group, &number, &rest), 2);
		assert_in_range(group, 0, GROUPS - 1);
		assert_int_equal(number, next[group]);
		next[group]++;
		total++;
	}
	assert_int_equal(total, GROUPS * LINES);
	free(text);
}

/* Reads a piece at a time, while more is printed in between, past the log's size several times. */
static void reading_makes_room(void **state)
{
	struct rig *rig = *state;
	struct test_print_args args = {.lines = 100};
	char text[300];
	long n, total = 0;

	assert_int_equal(accel_vm_enable_log(rig->vm, 4000), 0);
	rig_launch(rig, "test_print", 1, &args, sizeof(args));
	for (int i = 0; i < 20; i++) {
		rig_run(rig);
		while ((n = accel_vm_read_log(rig->vm, text, sizeof(text))) > 0) {
			assert_null(strstr(text, "did not fit"));
			total += n;
		}
		assert_int_equal(n, 0);
	}
	/* "workgroup 0 line N\n": 19 bytes for one digit, 20 for two */
	assert_int_equal(total, 20 * (10 * 19 + 90 * 20));
}

static void a_full_log_says_what_it_dropped(void **state)
{
	struct rig *rig = *state;
	struct test_print_args args = {.lines = 1000};
	char text[8192];
	unsigned long lines = 0, dropped;
	const char *last;

	assert_int_equal(accel_vm_enable_log(rig->vm, 4000), 0);
	rig_launch(rig, "test_print", 1, &args, sizeof(args));
	rig_run(rig);
	assert_true(accel_vm_read_log(rig->vm, text, sizeof(text)) > 0);
	for (const char *at = text; (at = strstr(at, "workgroup 0 line")); at++)
		lines++;
	last = strstr(text, "axon: ");
	assert_non_null(last);
	assert_int_equal(sscanf(last, "axon: %lu messages did not fit", &dropped), 1);
	assert_int_equal(lines + dropped, 1000);

	/* and it is empty again */
	accel_stream_reset(rig->stream);
	args.lines = 1;
	rig_launch(rig, "test_print", 1, &args, sizeof(args));
	rig_run(rig);
	assert_true(accel_vm_read_log(rig->vm, text, sizeof(text)) > 0);
	assert_string_equal(text, "workgroup 0 line 0\n");
}

static void arguments_are_checked(void **state)
{
	struct rig *rig = *state;
	char text[64];

	assert_int_equal(accel_vm_read_log(rig->vm, text, sizeof(text)), -ENOENT);
	assert_int_equal(accel_vm_enable_log(rig->vm, 0), -EINVAL);
	assert_int_equal(accel_vm_enable_log(rig->vm, SIZE_MAX), -EINVAL);
	assert_int_equal(accel_vm_enable_log(rig->vm, 4096), 0);
	assert_int_equal(accel_vm_enable_log(rig->vm, 4096), -EEXIST);
	assert_int_equal(accel_vm_read_log(rig->vm, text, 0), -EINVAL);
}

/* Without a log, printing is harmless. */
static void no_log(void **state)
{
	struct rig *rig = *state;
	struct test_print_args args = {.lines = 10};

	rig_launch(rig, "test_print", 4, &args, sizeof(args));
	rig_run(rig);
}

static void a_failed_assertion_prints_and_faults(void **state)
{
	struct rig *rig = *state;
	struct test_fault_args args = {.x = 0};
	char text[512];

	assert_int_equal(accel_vm_enable_log(rig->vm, 4096), 0);
	rig_launch(rig, "test_assert", 1, &args, sizeof(args));
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	assert_true(accel_vm_read_log(rig->vm, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "print.c:"));
	assert_non_null(strstr(text, "expected args->x != 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_BOTH_TEST(formats_as_the_c_library),
		RIG_BOTH_TEST(a_message_is_cut_at_256_bytes),
		RIG_BOTH_TEST(lines_of_many_workgroups),
		RIG_BOTH_TEST(reading_makes_room),
		RIG_BOTH_TEST(a_full_log_says_what_it_dropped),
		RIG_BOTH_TEST(arguments_are_checked),
		RIG_BOTH_TEST(no_log),
		RIG_BOTH_TEST(a_failed_assertion_prints_and_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
