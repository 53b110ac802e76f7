/* SPDX-License-Identifier: MIT */
/* Devices and processes as JSON objects; the caller puts what it gets. */
#ifndef AXON_TOOLS_SMI_JSON_H
#define AXON_TOOLS_SMI_JSON_H

#include <json-c/json.h>

#include "smi.h"

/* Which keys of a device. EVENTS are the counters, HISTORY each event. */
#define SMI_PART_IDENTITY  (1u << 0)
#define SMI_PART_STATIC	   (1u << 1)
#define SMI_PART_METRIC	   (1u << 2)
#define SMI_PART_PROCESSES (1u << 3)
#define SMI_PART_EVENTS	   (1u << 4)
#define SMI_PART_HEALTH	   (1u << 5)
#define SMI_PART_HISTORY   (1u << 6)
#define SMI_PART_TOPO	   (1u << 7)
#define SMI_PART_DIAG	   (1u << 8)
#define SMI_PART_REGISTERS (1u << 9)

unsigned int smi_json_parts(enum smi_verb verb);
struct json_object *smi_json_device(const struct smi_device *d, const struct smi_processes *list,
				    unsigned int parts);
struct json_object *smi_json_process(const struct smi_process *p);
/* The whole document around an array of devices, which it takes over. */
struct json_object *smi_json_root(struct json_object *devices);
/* Prints and puts it. */
void smi_json_put(struct json_object *root, bool one_line);

#endif
