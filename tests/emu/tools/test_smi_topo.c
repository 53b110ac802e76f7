// SPDX-License-Identifier: MIT
/* Description: accel-smi topo reads where devices are plugged in, and knows how near they are. */
#define _GNU_SOURCE
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

#include "smi_topo.h"

/* Two behind a switch, one beside it, one on another bridge of the same node, one far away. */
#define SWITCH "devices/pci0000:00/0000:00:02.0/0000:01:00.0"
#define A      "0000:03:00.0"
#define B      "0000:04:00.0"
#define C      "0000:05:00.0"
#define D      "0000:81:00.0"
#define E      "0000:c1:00.0"

static char sysfs[64];

static void make_folders(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", sysfs, name);
	for (char *slash = path + strlen(sysfs) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0755);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", sysfs, folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void add_device(const char *folder, const char *bdf, const char *node)
{
	char path[512], target[1024], link[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, bdf);
	make_folders(path);
	write_file(path, "numa_node", node);
	snprintf(target, sizeof(target), "%s/%s", sysfs, path);
	snprintf(link, sizeof(link), "%s/bus/pci/devices/%s", sysfs, bdf);
	assert_int_equal(symlink(target, link), 0);
}

static int make_sysfs(void **state)
{
	(void)state;
	strcpy(sysfs, "/tmp/test_smi_topo.XXXXXX");
	if (!mkdtemp(sysfs))
		return -1;
	make_folders("bus/pci/devices");
	add_device(SWITCH "/0000:02:00.0", A, "0");
	add_device(SWITCH "/0000:02:01.0", B, "0");
	add_device("devices/pci0000:00/0000:00:03.0", C, "0");
	add_device("devices/pci0000:80/0000:80:01.0", D, "0");
	add_device("devices/pci0000:c0/0000:c0:01.0", E, "1");
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_sysfs(void **state)
{
	(void)state;
	return nftw(sysfs, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static struct smi_topo topo_of(const char *bdf)
{
	struct smi_topo t;

	smi_topo_read(sysfs, bdf, &t);
	return t;
}

static void reads_what_is_there(void **state)
{
	static const char folder[] = SWITCH "/0000:02:00.0/" A;
	char target[128], link[256];
	struct smi_topo t;

	(void)state;
	write_file(folder, "local_cpulist", "0-3,8");
	write_file(folder, "current_link_speed", "8.0 GT/s PCIe");
	write_file(folder, "max_link_speed", "16.0 GT/s PCIe");
	write_file(folder, "current_link_width", "4");
	write_file(folder, "max_link_width", "16");
	make_folders("kernel/iommu_groups/17");
	snprintf(target, sizeof(target), "%s/kernel/iommu_groups/17", sysfs);
	snprintf(link, sizeof(link), "%s/%s/iommu_group", sysfs, folder);
	assert_int_equal(symlink(target, link), 0);
	t = topo_of(A);
	assert_string_equal(t.root, "pci0000:00");
	assert_int_equal(t.depth, 4);
	assert_string_equal(t.path[0], "0000:00:02.0");
	assert_string_equal(t.path[1], "0000:01:00.0");
	assert_string_equal(t.path[2], "0000:02:00.0");
	assert_string_equal(t.path[3], A);
	assert_int_equal(t.numa_node, 0);
	assert_string_equal(t.cpus, "0-3,8");
	assert_string_equal(t.link_speed, "8.0 GT/s PCIe");
	assert_string_equal(t.max_link_speed, "16.0 GT/s PCIe");
	assert_int_equal(t.link_width, 4);
	assert_int_equal(t.max_link_width, 16);
	assert_int_equal(t.iommu_group, 17);
}

static void what_is_missing_is_unknown(void **state)
{
	static const char *const nowhere[] = {NULL, "0000:7f:00.0", "emulator"};
	struct smi_topo t = topo_of(C);

	(void)state;
	assert_int_equal(t.depth, 2);
	assert_string_equal(t.cpus, "");
	assert_string_equal(t.link_speed, "");
	assert_int_equal(t.link_width, 0);
	assert_int_equal(t.iommu_group, -1);
	for (unsigned int i = 0; i < 3; i++) {
		t = topo_of(nowhere[i]);
		assert_int_equal(t.depth, 0);
		assert_int_equal(t.numa_node, -1);
	}
}

static void distances_are_the_same_both_ways(void **state)
{
	static const char *const bdfs[] = {A, B, C, D, E};
	static const enum smi_distance expected[5][5] = {
		{SMI_SELF, SMI_SWITCH, SMI_HOST_BRIDGE, SMI_NUMA_NODE, SMI_SYSTEM},
		{SMI_SWITCH, SMI_SELF, SMI_HOST_BRIDGE, SMI_NUMA_NODE, SMI_SYSTEM},
		{SMI_HOST_BRIDGE, SMI_HOST_BRIDGE, SMI_SELF, SMI_NUMA_NODE, SMI_SYSTEM},
		{SMI_NUMA_NODE, SMI_NUMA_NODE, SMI_NUMA_NODE, SMI_SELF, SMI_SYSTEM},
		{SMI_SYSTEM, SMI_SYSTEM, SMI_SYSTEM, SMI_SYSTEM, SMI_SELF},
	};

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		for (unsigned int k = 0; k < 5; k++) {
			struct smi_topo a = topo_of(bdfs[i]), b = topo_of(bdfs[k]);

			assert_int_equal(smi_topo_distance(&a, &b), expected[i][k]);
		}
}

/* A machine without NUMA says -1 of every device: no two of them share a node for that. */
static void no_node_is_no_common_node(void **state)
{
	struct smi_topo d = topo_of(D), e = topo_of(E);

	(void)state;
	d.numa_node = e.numa_node = -1;
	assert_int_equal(smi_topo_distance(&d, &e), SMI_SYSTEM);
}

#define IN_SYSFS(test) cmocka_unit_test_setup_teardown(test, make_sysfs, remove_sysfs)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SYSFS(reads_what_is_there),
		IN_SYSFS(what_is_missing_is_unknown),
		IN_SYSFS(distances_are_the_same_both_ways),
		IN_SYSFS(no_node_is_no_common_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
