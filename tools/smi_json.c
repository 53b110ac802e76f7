// SPDX-License-Identifier: MIT
/*
 * JSON for programs, as accel-smi.schema.json describes it: it only ever grows. Units are in the
 * keys; null is what a device does not have.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "smi_diag.h"
#include "smi_event.h"
#include "smi_json.h"
#include "smi_sensor.h"
#include "smi_topo.h"

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

static struct json_object *features(uint64_t bits)
{
	struct json_object *names = json_object_new_array();

	for (unsigned int bit = 0; bit < 64; bit++)
		if (bits & (1ull << bit) && smi_feature_name(bit))
			json_object_array_add(names, json_object_new_string(smi_feature_name(bit)));
	return names;
}

static void add_static(struct json_object *o, const struct smi_device *d)
{
	struct smi_topo topo;
	char release[64];

	smi_topo_read("/sys", smi_bdf(d), &topo);
	smi_kernel_release(release, sizeof(release));
	add(o, "features", features(d->info.features));
	add(o, "numa_node", topo.numa_node < 0 ? NULL : json_object_new_int(topo.numa_node));
	add(o, "driver_version", string_or_null(d->driver[0] ? d->driver : NULL));
	add(o, "kernel_release", json_object_new_string(release));
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

static void add_events(struct json_object *o, const struct smi_device *d)
{
	add_u64(o, "faults", d->info.faults);
	add_u64(o, "queue_resets", d->info.resets);
	add_u64(o, "device_resets", d->info.device_resets);
	add_u64(o, "ecc_corrected", d->info.ecc_corrected);
	add_u64(o, "ecc_uncorrected", d->info.ecc_uncorrected);
	add_u64(o, "lost_interrupts", d->info.lost_interrupts);
	add_u64(o, "throttled", d->info.throttled);
}

/* Those that were not told yet, oldest first, and how many were before them that nobody told. */
static void add_history(struct json_object *o, const struct smi_device *d)
{
	struct json_object *events = json_object_new_array();
	uint64_t oldest = d->num_events ? d->events[d->num_events - 1].number : 0;

	for (unsigned int n = d->num_events; n-- > 0;)
		if (smi_event_is_new(d, &d->events[n]))
			json_object_array_add(events, smi_event_object(&d->events[n]));
	add_u64(o, "events_no_longer_kept", oldest > d->told + 1 ? oldest - d->told - 1 : 0);
	add(o, "events", events);
}

static struct json_object *purposes(const uint64_t bytes[SMI_NUM_PURPOSES])
{
	struct json_object *o = json_object_new_object();

	for (unsigned int i = 0; i < SMI_NUM_PURPOSES; i++)
		add_u64(o, smi_purpose_names[i], bytes[i]);
	return o;
}

static struct json_object *value_or_null(int64_t value, int64_t unit)
{
	return value < 0 ? NULL : json_object_new_int64(value / unit);
}

static void add_sensors(struct json_object *o, const struct smi_device *d)
{
	struct smi_sensors s;
	char text[32];

	smi_sensors_read("/sys", smi_bdf(d), &s);
	snprintf(text, sizeof(text), "%.1f", (double)s.temp_mc / 1000);
	add(o, "temperature_celsius",
	    s.temp_mc < 0 ? NULL : json_object_new_double_s((double)s.temp_mc / 1000, text));
	add(o, "power_mw", value_or_null(s.power_uw, 1000));
	add(o, "power_max_mw", value_or_null(s.power_max_uw, 1000));
	add(o, "energy_uj", value_or_null(s.energy_uj, 1));
}

static void add_metric(struct json_object *o, const struct smi_device *d)
{
	struct json_object *engines = json_object_new_array();

	add_u64(o, "memory_used_bytes", d->info.vram_used);
	add_u64(o, "system_memory_used_bytes", d->info.system_used);
	add(o, "memory_by_purpose_bytes", purposes(d->info.purpose_bytes));
	add_u64(o, "free_queues", d->info.free_slots);
	add_events(o, d);
	add_sensors(o, d);
	add_u64(o, "timestamp_ns", d->info.timestamp_ns);
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		json_object_array_add(engines, engine(d, e));
	add(o, "engines", engines);
}

struct json_object *smi_json_process(const struct smi_process *p)
{
	struct json_object *o = json_object_new_object();
	struct json_object *use = json_object_new_object();

	add(o, "pid", json_object_new_int64(p->pid));
	add(o, "name", json_object_new_string(p->name));
	add_u64(o, "memory_used_bytes", p->vram_bytes);
	add_u64(o, "system_memory_used_bytes", p->system_bytes);
	add(o, "memory_by_purpose_bytes", purposes(p->purpose_bytes));
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
			json_object_array_add(processes, smi_json_process(&list->items[i]));
	add(o, "processes", processes);
	add(o, "processes_complete", json_object_new_boolean(!list->partial));
}

static struct json_object *checks(const struct smi_check list[], unsigned int count)
{
	struct json_object *results = json_object_new_array();

	for (unsigned int i = 0; i < count; i++) {
		struct json_object *check = json_object_new_object();

		add(check, "name", json_object_new_string(list[i].name));
		add(check, "result", json_object_new_string(smi_result_name(list[i].result)));
		add(check, "detail", json_object_new_string(list[i].detail));
		json_object_array_add(results, check);
	}
	return results;
}

static void add_health(struct json_object *o, const struct smi_device *d,
		       const struct smi_processes *list)
{
	struct smi_check results[SMI_NUM_CHECKS];
	enum smi_result worst = smi_health(d, list, results);

	add(o, "health", json_object_new_string(smi_result_name(worst)));
	add(o, "checks", checks(results, SMI_NUM_CHECKS));
}

static void add_diag(struct json_object *o, const struct smi_device *d)
{
	add(o, "diag", json_object_new_string(smi_result_name(smi_diag_worst(d))));
	add(o, "tests", checks(d->diags, SMI_NUM_DIAGS));
}

/* null without the right to see them. */
static struct json_object *registers(const struct smi_device *d)
{
	FILE *f = smi_open_registers(d);
	struct json_object *o;
	char name[64], value[32];

	if (!f)
		return NULL;
	o = json_object_new_object();
	while (smi_next_register(f, name, value))
		add(o, name, json_object_new_string(value));
	fclose(f);
	return o;
}

unsigned int smi_json_parts(enum smi_verb verb)
{
	static const unsigned int parts[SMI_NUM_VERBS] = {
		[SMI_ALL] = SMI_PART_IDENTITY | SMI_PART_METRIC | SMI_PART_PROCESSES,
		[SMI_LIST] = SMI_PART_IDENTITY,
		[SMI_STATIC] = SMI_PART_IDENTITY | SMI_PART_STATIC,
		[SMI_METRIC] = SMI_PART_METRIC,
		[SMI_PROCESS] = SMI_PART_PROCESSES,
		[SMI_EVENT] = SMI_PART_EVENTS | SMI_PART_HISTORY,
		[SMI_HEALTH] = SMI_PART_HEALTH,
		[SMI_TOPO] = SMI_PART_TOPO,
		[SMI_TOP] = SMI_PART_METRIC | SMI_PART_PROCESSES,
		[SMI_DIAG] = SMI_PART_DIAG,
		[SMI_DUMP] = ~SMI_PART_DIAG,
	};

	return parts[verb];
}

struct json_object *smi_json_device(const struct smi_device *d, const struct smi_processes *list,
				    unsigned int parts)
{
	struct json_object *o = json_object_new_object();

	add_u64(o, "index", d->index);
	add(o, "name", json_object_new_string(smi_name(d)));
	add(o, "bdf", string_or_null(smi_bdf(d)));
	if (parts & SMI_PART_IDENTITY)
		add_identity(o, d);
	if (parts & SMI_PART_STATIC)
		add_static(o, d);
	if (parts & SMI_PART_METRIC) {
		add_u64(o, "memory_total_bytes", d->info.vram_size);
		add_metric(o, d);
	}
	if (parts & SMI_PART_EVENTS)
		add_events(o, d);
	if (parts & SMI_PART_TOPO)
		smi_topo_add(o, d);
	if (parts & SMI_PART_HISTORY)
		add_history(o, d);
	if (parts & SMI_PART_PROCESSES)
		add_processes(o, d, list);
	if (parts & SMI_PART_HEALTH)
		add_health(o, d, list);
	if (parts & SMI_PART_DIAG)
		add_diag(o, d);
	if (parts & SMI_PART_REGISTERS)
		add(o, "registers", registers(d));
	return o;
}

struct json_object *smi_json_root(struct json_object *devices)
{
	struct json_object *root = json_object_new_object();

	add_u64(root, "schema_version", SCHEMA_VERSION);
	add(root, "tool_version", json_object_new_string(accel_version()));
	add(root, "devices", devices);
	return root;
}

void smi_json_put(struct json_object *root, bool one_line)
{
	puts(json_object_to_json_string_ext(
		root, one_line ? JSON_C_TO_STRING_PLAIN
			       : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					 JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(root);
}

void smi_print_json(const struct smi *smi, enum smi_verb verb, bool one_line)
{
	struct json_object *devices = json_object_new_array();

	for (unsigned int i = 0; i < smi->num_devices; i++)
		json_object_array_add(devices, smi_json_device(&smi->devices[i], &smi->processes,
							       smi_json_parts(verb)));
	smi_json_put(smi_json_root(devices), one_line);
}
