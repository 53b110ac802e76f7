// SPDX-License-Identifier: MIT
/*
 * JSON for programs, as accel-smi.schema.json describes it: it only ever grows. Units are in the
 * keys; null is what a device does not have.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "smi.h"

#define SCHEMA_VERSION 1

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

static void add_u64(struct json_object *o, const char *key, uint64_t value)
{
	add(o, key, json_object_new_uint64(value));
}

/* A tenth of a percent is finer than what was sampled. */
static struct json_object *percent(double value)
{
	char text[16];

	snprintf(text, sizeof(text), "%.1f", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *string_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static void add_identity(struct json_object *o, const struct smi_device *d)
{
	const struct accel_device_info *info = &d->info;
	char text[37];

	snprintf(text, sizeof(text), "%u.%u", info->hw_version >> 16, info->hw_version & 0xffff);
	add(o, "hw_version", json_object_new_string(text));
	smi_format_uuid(info->uuid, text);
	add(o, "uuid", json_object_new_string(text));
	add_u64(o, "num_cores", info->num_cores);
	add_u64(o, "sram_per_core_bytes", info->sram_size);
	add_u64(o, "modelled_clock_hz", info->clock_hz);
	add_u64(o, "memory_total_bytes", info->vram_size);
	add_u64(o, "num_queues", info->num_slots);
}

static struct json_object *engine(const struct smi_device *d, unsigned int e)
{
	struct json_object *o = json_object_new_object();

	add(o, "name", json_object_new_string(smi_engine_names[e]));
	add_u64(o, "count", smi_capacity(&d->info, e));
	add(o, "utilization_percent", percent(d->percent[e]));
	add_u64(o, "busy_ns", d->info.busy_ns[e]);
	add_u64(o, "busy_modelled_cycles", d->info.busy_cycles[e]);
	return o;
}

static void add_metric(struct json_object *o, const struct smi_device *d)
{
	struct json_object *engines = json_object_new_array();

	add_u64(o, "memory_used_bytes", d->info.vram_used);
	add_u64(o, "system_memory_used_bytes", d->info.system_used);
	add_u64(o, "free_queues", d->info.free_slots);
	add_u64(o, "faults", d->info.faults);
	add_u64(o, "queue_resets", d->info.resets);
	add_u64(o, "timestamp_ns", d->info.timestamp_ns);
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		json_object_array_add(engines, engine(d, e));
	add(o, "engines", engines);
}

static struct json_object *process(const struct smi_process *p)
{
	struct json_object *o = json_object_new_object();
	struct json_object *use = json_object_new_object();

	add(o, "pid", json_object_new_int64(p->pid));
	add(o, "name", json_object_new_string(p->name));
	add_u64(o, "memory_used_bytes", p->vram_bytes);
	add_u64(o, "system_memory_used_bytes", p->system_bytes);
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		add(use, smi_engine_names[e], percent(p->percent[e]));
	add(o, "utilization_percent", use);
	return o;
}

static void add_processes(struct json_object *o, const struct smi_device *d,
			  const struct smi_processes *list)
{
	struct json_object *processes = json_object_new_array();

	for (size_t i = 0; i < list->count; i++)
		if (smi_owns(d, &list->items[i]))
			json_object_array_add(processes, process(&list->items[i]));
	add(o, "processes", processes);
	add(o, "processes_complete", json_object_new_boolean(!list->partial));
}

static struct json_object *device(const struct smi_device *d, const struct smi *smi,
				  enum smi_verb verb)
{
	struct json_object *o = json_object_new_object();

	add_u64(o, "index", d->index);
	add(o, "name", json_object_new_string(smi_name(d)));
	add(o, "bdf", string_or_null(smi_bdf(d)));
	if (verb == SMI_ALL || verb == SMI_LIST)
		add_identity(o, d);
	if (verb == SMI_METRIC)
		add_u64(o, "memory_total_bytes", d->info.vram_size);
	if (verb == SMI_ALL || verb == SMI_METRIC)
		add_metric(o, d);
	if (verb == SMI_ALL || verb == SMI_PROCESS)
		add_processes(o, d, &smi->processes);
	return o;
}

void smi_print_json(const struct smi *smi, enum smi_verb verb, bool one_line)
{
	struct json_object *root = json_object_new_object();
	struct json_object *devices = json_object_new_array();

	add_u64(root, "schema_version", SCHEMA_VERSION);
	add(root, "tool_version", json_object_new_string(accel_version()));
	for (unsigned int i = 0; i < smi->num_devices; i++)
		json_object_array_add(devices, device(&smi->devices[i], smi, verb));
	add(root, "devices", devices);
	puts(json_object_to_json_string_ext(
		root, one_line ? JSON_C_TO_STRING_PLAIN
			       : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					 JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(root);
}
