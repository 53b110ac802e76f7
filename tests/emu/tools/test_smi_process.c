// SPDX-License-Identifier: MIT
/*
 * Description: accel-smi finds the users of a device in /proc: fdinfo as
 * Documentation/gpu/drm-usage-stats.rst has it, other drivers' files left out, an open file that is
 * shared or duplicated counted once, names made harmless.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "smi_process.h"

/* An fdinfo file as the kernel prints it; the DRM core writes whole KiB, MiB or plain bytes. */
#define FDINFO(driver, client, bdf, matrix, vram, system)                                 \
	"pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t1\n"                               \
	"drm-driver:\t" driver "\ndrm-client-id:\t" client "\ndrm-pdev:\t" bdf "\n"       \
	"drm-engine-dma:\t7 ns\ndrm-engine-capacity-dma:\t4\n"                            \
	"drm-engine-matrix:\t" matrix " ns\ndrm-engine-capacity-matrix:\t4\n"             \
	"drm-total-vram:\t99 MiB\ndrm-shared-vram:\t0\ndrm-resident-vram:\t" vram "\n"    \
	"drm-total-system:\t99 MiB\ndrm-resident-system:\t" system "\n"                   \
	"axon-memory-weights:\t5 KiB\naxon-memory-kv:\t2 MiB\naxon-memory-code:\t0 KiB\n" \
	"axon-memory-gossip:\t7 KiB\n"

#define FIRST  "0000:01:00.0"
#define SECOND "0000:02:00.0"

static void parses_a_file(void **state)
{
	struct smi_fdinfo info;

	(void)state;
	assert_true(smi_fdinfo_parse(FDINFO("axon", "12", FIRST, "5000000000", "3 MiB", "20 KiB"),
				     &info));
	assert_string_equal(info.bdf, FIRST);
	assert_int_equal(info.client, 12);
	assert_int_equal(info.busy_ns[AXON_ENGINE_DMA], 7);
	assert_int_equal(info.busy_ns[AXON_ENGINE_MATRIX], 5000000000);
	assert_int_equal(info.busy_ns[AXON_ENGINE_VECTOR], 0);
	assert_int_equal(info.vram_bytes, 3 << 20);
	assert_int_equal(info.system_bytes, 20 << 10);
	assert_int_equal(info.purpose_bytes[ACCEL_PURPOSE_WEIGHTS], 5 << 10);
	assert_int_equal(info.purpose_bytes[ACCEL_PURPOSE_KV], 2 << 20);
	assert_int_equal(info.purpose_bytes[ACCEL_PURPOSE_CODE], 0);
	assert_int_equal(info.purpose_bytes[ACCEL_PURPOSE_OTHER], 0);
}

static void takes_bytes_without_a_unit(void **state)
{
	struct smi_fdinfo info;

	(void)state;
	assert_true(smi_fdinfo_parse(FDINFO("axon", "1", FIRST, "1", "4096", "0"), &info));
	assert_int_equal(info.vram_bytes, 4096);
	assert_int_equal(info.system_bytes, 0);
}

static void leaves_out_other_files(void **state)
{
	struct smi_fdinfo info;

	(void)state;
	assert_false(smi_fdinfo_parse(FDINFO("amdgpu", "1", FIRST, "1", "1 MiB", "0"), &info));
	assert_false(smi_fdinfo_parse(FDINFO("axonic", "1", FIRST, "1", "1 MiB", "0"), &info));
	assert_false(smi_fdinfo_parse("pos:\t0\nflags:\t0100000\n", &info));
	assert_false(smi_fdinfo_parse("", &info));
}

static void survives_damaged_text(void **state)
{
	struct smi_fdinfo info;
	char line[9000];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_false(smi_fdinfo_parse(line, &info));
	assert_false(smi_fdinfo_parse(":::\n\n:\t\ndrm-driver\ndrm-driver:\n", &info));
	assert_true(smi_fdinfo_parse("drm-driver:\taxon\ndrm-pdev:\t0000:01:00.0-and-much-more\n"
				     "drm-client-id:\tminus one\ndrm-resident-vram:\tlots\n",
				     &info));
	assert_string_equal(info.bdf, "0000:01:00.0-an");
	assert_int_equal(info.client, 0);
	assert_int_equal(info.vram_bytes, 0);
}

/* ---- a /proc of our own ---- */

static char proc[64];

static void write_file(int pid, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d", proc, pid);
	assert_true(!mkdir(path, 0755) || errno == EEXIST);
	strcat(path, "/fdinfo");
	assert_true(!mkdir(path, 0755) || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%d/%s", proc, pid, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int make_proc(void **state)
{
	(void)state;
	strcpy(proc, "/tmp/test_smi.XXXXXX");
	return !mkdtemp(proc);
}

static int remove_proc(void **state)
{
	(void)state;
	return nftw(proc, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void sums_the_files_of_a_process(void **state)
{
	struct smi_processes list;
	const struct smi_process *p;

	(void)state;
	write_file(100, "comm", "trainer\n");
	write_file(100, "fdinfo/0", "pos:\t0\n");
	write_file(100, "fdinfo/3", FDINFO("axon", "1", FIRST, "10", "1 MiB", "8 KiB"));
	write_file(100, "fdinfo/4", FDINFO("axon", "2", FIRST, "30", "2 MiB", "0"));
	write_file(100, "fdinfo/5", FDINFO("axon", "1", SECOND, "50", "4 MiB", "0"));
	write_file(200, "comm", "other\n");
	write_file(200, "fdinfo/3", FDINFO("amdgpu", "9", FIRST, "10", "1 MiB", "8 KiB"));
	assert_int_equal(smi_processes_read(proc, &list), 0);
	assert_int_equal(list.count, 2);
	assert_false(list.partial);

	p = smi_process_find(&list, 100, FIRST);
	assert_non_null(p);
	assert_string_equal(p->name, "trainer");
	assert_int_equal(p->vram_bytes, 3 << 20);
	assert_int_equal(p->system_bytes, 8 << 10);
	assert_int_equal(p->purpose_bytes[ACCEL_PURPOSE_WEIGHTS], 10 << 10);
	assert_int_equal(p->busy_ns[AXON_ENGINE_MATRIX], 40);

	p = smi_process_find(&list, 100, SECOND);
	assert_non_null(p);
	assert_int_equal(p->vram_bytes, 4 << 20);
	assert_null(smi_process_find(&list, 200, FIRST));
	smi_processes_free(&list);
}

/* dup(2) and fork(2) give more descriptors of one open file: same client, same numbers. */
static void counts_a_shared_file_once(void **state)
{
	static const char file[] = FDINFO("axon", "1", FIRST, "10", "1 MiB", "0");
	struct smi_processes list;

	(void)state;
	write_file(100, "comm", "parent\n");
	write_file(100, "fdinfo/3", file);
	write_file(100, "fdinfo/4", file);
	write_file(101, "comm", "child\n");
	write_file(101, "fdinfo/3", file);
	assert_int_equal(smi_processes_read(proc, &list), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].vram_bytes, 1 << 20);
	assert_int_equal(list.items[0].busy_ns[AXON_ENGINE_MATRIX], 10);
	smi_processes_free(&list);
}

static void finds_many(void **state)
{
	struct smi_processes list;
	char text[1024];

	(void)state;
	for (int pid = 1000; pid < 1050; pid++) {
		snprintf(text, sizeof(text), FDINFO("axon", "%d", FIRST, "%d", "1 MiB", "0"), pid,
			 2 * pid);
		write_file(pid, "comm", "one of many\n");
		write_file(pid, "fdinfo/7", text);
	}
	assert_int_equal(smi_processes_read(proc, &list), 0);
	assert_int_equal(list.count, 50);
	for (int pid = 1000; pid < 1050; pid++) {
		const struct smi_process *p = smi_process_find(&list, pid, FIRST);

		assert_non_null(p);
		assert_int_equal(p->busy_ns[AXON_ENGINE_MATRIX], 2 * pid);
	}
	smi_processes_free(&list);
}

static void makes_names_harmless(void **state)
{
	struct smi_processes list;

	(void)state;
	write_file(100, "comm", "\033[2Jgone\t\x7f\x9b.\n");
	write_file(100, "fdinfo/3", FDINFO("axon", "1", FIRST, "1", "0", "0"));
	assert_int_equal(smi_processes_read(proc, &list), 0);
	assert_string_equal(list.items[0].name, "?[2Jgone???.");
	smi_processes_free(&list);
}

static void leaves_itself_out(void **state)
{
	struct smi_processes list;

	(void)state;
	write_file(getpid(), "comm", "accel-smi\n");
	write_file(getpid(), "fdinfo/3", FDINFO("axon", "1", FIRST, "1", "0", "0"));
	assert_int_equal(smi_processes_read(proc, &list), 0);
	assert_int_equal(list.count, 0);
	smi_processes_free(&list);
}

static void tells_that_there_is_no_proc(void **state)
{
	struct smi_processes list;

	(void)state;
	assert_int_equal(smi_processes_read("/nonexistent", &list), -ENOENT);
}

#define IN_PROC(test) cmocka_unit_test_setup_teardown(test, make_proc, remove_proc)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_a_file),
		cmocka_unit_test(takes_bytes_without_a_unit),
		cmocka_unit_test(leaves_out_other_files),
		cmocka_unit_test(survives_damaged_text),
		IN_PROC(sums_the_files_of_a_process),
		IN_PROC(counts_a_shared_file_once),
		IN_PROC(finds_many),
		IN_PROC(makes_names_harmless),
		IN_PROC(leaves_itself_out),
		cmocka_unit_test(tells_that_there_is_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
