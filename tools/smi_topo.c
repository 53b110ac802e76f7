// SPDX-License-Identifier: MIT
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smi_topo.h"

/* ---- sysfs ---- */

/* The first line of a file of the device's folder; empty when there is none. */
static void read_text(const char *folder, const char *name, char *text, size_t bytes)
{
	char path[PATH_MAX + 32];
	FILE *f;

	text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
		return;
	if (!fgets(text, (int)bytes, f))
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(f);
}

static int read_number(const char *folder, const char *name, int none)
{
	char text[32], *end;
	long value;

	read_text(folder, name, text, sizeof(text));
	value = strtol(text, &end, 10);
	return end == text || value < 0 || value > INT_MAX ? none : (int)value;
}

/* "…/devices/pci0000:00/0000:00:02.0/0000:01:00.0": the root, then what lies on the way. */
static void split_path(char *folder, struct smi_topo *t)
{
	char *part, *rest = strstr(folder, "/pci");

	for (part = rest ? strtok_r(rest, "/", &rest) : NULL; part;
	     part = strtok_r(NULL, "/", &rest)) {
		if (!strncmp(part, "pci", 3))
			snprintf(t->root, sizeof(t->root), "%.15s", part);
		else if (t->depth < SMI_MAX_DEPTH)
			snprintf(t->path[t->depth++], sizeof(t->path[0]), "%.15s", part);
	}
}

static int iommu_group(const char *folder)
{
	char path[PATH_MAX + 32], target[PATH_MAX];
	const char *base;

	snprintf(path, sizeof(path), "%s/iommu_group", folder);
	if (!realpath(path, target))
		return -1;
	base = strrchr(target, '/');
	return base ? atoi(base + 1) : -1;
}

void smi_topo_read(const char *sysfs, const char *bdf, struct smi_topo *t)
{
	char path[PATH_MAX], folder[PATH_MAX];

	*t = (struct smi_topo){.numa_node = -1, .iommu_group = -1};
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", sysfs, bdf ? bdf : "none");
	if (!bdf || !realpath(path, folder))
		return;
	t->numa_node = read_number(folder, "numa_node", -1);
	read_text(folder, "local_cpulist", t->cpus, sizeof(t->cpus));
	read_text(folder, "current_link_speed", t->link_speed, sizeof(t->link_speed));
	read_text(folder, "max_link_speed", t->max_link_speed, sizeof(t->max_link_speed));
	t->link_width = read_number(folder, "current_link_width", 0);
	t->max_link_width = read_number(folder, "max_link_width", 0);
	t->iommu_group = iommu_group(folder);
	split_path(folder, t);
}

/* ---- distance ---- */

enum smi_distance smi_topo_distance(const struct smi_topo *a, const struct smi_topo *b)
{
	if (!a->depth || !b->depth)
		return SMI_SYSTEM;
	if (!strcmp(a->path[a->depth - 1], b->path[b->depth - 1]))
		return SMI_SELF;
	/* Below one port, and so without the host: a switch is between them. */
	if (!strcmp(a->path[0], b->path[0]) && !strcmp(a->root, b->root))
		return SMI_SWITCH;
	if (!strcmp(a->root, b->root))
		return SMI_HOST_BRIDGE;
	return a->numa_node >= 0 && a->numa_node == b->numa_node ? SMI_NUMA_NODE : SMI_SYSTEM;
}

const char *smi_distance_name(enum smi_distance distance)
{
	static const char *const names[] = {
		[SMI_SELF] = "self",	  [SMI_SWITCH] = "switch", [SMI_HOST_BRIDGE] = "bridge",
		[SMI_NUMA_NODE] = "node", [SMI_SYSTEM] = "system",
	};

	return names[distance];
}

/* ---- text ---- */

static const char *or_none(const char *text)
{
	return text[0] ? text : "unknown";
}

static void print_device(const struct smi_device *d, const struct smi_topo *t)
{
	printf("device %u: %s %s\n", d->index, smi_name(d), smi_bdf(d) ? smi_bdf(d) : "in-process");
	if (!t->depth) {
		printf("  on no bus\n");
		return;
	}
	printf("  PCI path     %s", t->root);
	for (unsigned int i = 0; i < t->depth; i++)
		printf("%s%s", i % 4 == 3 ? "\n               > " : " > ", t->path[i]);
	printf("\n  link         %s x%d, at most %s x%d\n", or_none(t->link_speed), t->link_width,
	       or_none(t->max_link_speed), t->max_link_width);
	if (t->numa_node < 0)
		printf("  NUMA node    none\n");
	else
		printf("  NUMA node    %d\n", t->numa_node);
	printf("  near CPUs    %.60s\n", or_none(t->cpus));
	if (t->iommu_group < 0)
		printf("  IOMMU group  none\n");
	else
		printf("  IOMMU group  %d\n", t->iommu_group);
}

static void print_matrix(const struct smi *smi, const struct smi_topo topos[])
{
	printf("\nDEV ");
	for (unsigned int i = 0; i < smi->num_devices; i++)
		printf(" %6u", smi->devices[i].index);
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		printf("\n%3u ", smi->devices[i].index);
		for (unsigned int k = 0; k < smi->num_devices; k++)
			printf(" %6s", smi_distance_name(smi_topo_distance(&topos[i], &topos[k])));
	}
	printf("\nself: itself; switch: below one port; bridge: through one host bridge;\n"
	       "node: through one NUMA node; system: through more than one\n");
}

void smi_topo_print(const struct smi *smi)
{
	struct smi_topo *topos = calloc(smi->num_devices, sizeof(*topos));

	if (!topos) {
		fprintf(stderr, "accel-smi: out of memory\n");
		return;
	}
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		smi_topo_read("/sys", smi_bdf(&smi->devices[i]), &topos[i]);
		print_device(&smi->devices[i], &topos[i]);
	}
	if (smi->num_devices > 1)
		print_matrix(smi, topos);
	free(topos);
}

/* ---- JSON ---- */

static struct json_object *string_or_null(const char *text)
{
	return text[0] ? json_object_new_string(text) : NULL;
}

static struct json_object *number_or_null(int value, int none)
{
	return value == none ? NULL : json_object_new_int(value);
}

void smi_topo_add(struct json_object *o, const struct smi_device *d)
{
	struct json_object *path = json_object_new_array();
	struct smi_topo t;

	smi_topo_read("/sys", smi_bdf(d), &t);
	for (unsigned int i = 0; i < t.depth; i++)
		json_object_array_add(path, json_object_new_string(t.path[i]));
	json_object_object_add(o, "pci_root", string_or_null(t.root));
	json_object_object_add(o, "pci_path", path);
	json_object_object_add(o, "numa_node", number_or_null(t.numa_node, -1));
	json_object_object_add(o, "near_cpus", string_or_null(t.cpus));
	json_object_object_add(o, "iommu_group", number_or_null(t.iommu_group, -1));
	json_object_object_add(o, "link_speed", string_or_null(t.link_speed));
	json_object_object_add(o, "max_link_speed", string_or_null(t.max_link_speed));
	json_object_object_add(o, "link_lanes", number_or_null(t.link_width, 0));
	json_object_object_add(o, "max_link_lanes", number_or_null(t.max_link_width, 0));
}
