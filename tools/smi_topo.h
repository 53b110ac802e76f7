/* SPDX-License-Identifier: MIT */
/* Where devices are plugged in, from sysfs. A chip in this process is nowhere: all is empty. */
#ifndef AXON_TOOLS_SMI_TOPO_H
#define AXON_TOOLS_SMI_TOPO_H

#include <json-c/json.h>

#include "smi.h"

#define SMI_MAX_DEPTH 16

struct smi_topo {
	unsigned int depth;
	char path[SMI_MAX_DEPTH][16]; /* PCI addresses from the root port to the device itself */
	char root[16];		      /* host bridge: "pci0000:00" */
	int numa_node;		      /* -1: none */
	char cpus[128];		      /* near it: "0-3" */
	char link_speed[32], max_link_speed[32]; /* "8.0 GT/s PCIe" */
	int link_width, max_link_width;		 /* lanes, 0: unknown */
	int iommu_group;			 /* -1: none */
};

/* How near two devices are, from near to far. */
enum smi_distance { SMI_SELF, SMI_SWITCH, SMI_HOST_BRIDGE, SMI_NUMA_NODE, SMI_SYSTEM };

/* `sysfs` is the mount point of sysfs, "/sys". */
void smi_topo_read(const char *sysfs, const char *bdf, struct smi_topo *t);
enum smi_distance smi_topo_distance(const struct smi_topo *a, const struct smi_topo *b);
const char *smi_distance_name(enum smi_distance distance);

void smi_topo_print(const struct smi *smi);
/* Adds the keys of topo to a device. */
void smi_topo_add(struct json_object *o, const struct smi_device *d);

#endif
