// SPDX-License-Identifier: MIT
/*
 * CSV as RFC 4180 quotes it: a row for each device, process or event. The fields are the JSON's
 * keys, joined with dots where they are nested: engines.matrix.busy_ns. So neither has what the
 * other lacks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smi_event.h"
#include "smi_json.h"

#define MAX_FIELDS 128

struct field {
	char name[72], value[136];
};

struct row {
	struct field fields[MAX_FIELDS];
	unsigned int count;
};

static const char *unit_of(const char *name)
{
	static const char *const units[][2] = {
		{"_bytes", " B"},   {"_percent", " %"}, {"_hz", " Hz"}, {"_ns", " ns"},
		{"_celsius", " C"}, {"_mw", " mW"},	{"_uj", " uJ"}, {"_cycles", " cycles"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		const char *found = strstr(name, units[i][0]);
		size_t length = strlen(units[i][0]);

		if (found && (!found[length] || found[length] == '.'))
			return units[i][1];
	}
	return "";
}

static void add_field(struct row *row, const char *name, struct json_object *value)
{
	struct field *f = &row->fields[row->count];

	if (row->count == MAX_FIELDS)
		return;
	row->count++;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value ? json_object_get_string(value) : "");
}

/* Words of an array of strings, with spaces between. */
static void add_words(struct row *row, const char *name, struct json_object *array)
{
	struct json_object *text;
	char words[128] = "";

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		size_t at = strlen(words);

		snprintf(words + at, sizeof(words) - at, "%s%s", i ? " " : "",
			 json_object_get_string(json_object_array_get_idx(array, i)));
	}
	text = json_object_new_string(words);
	add_field(row, name, text);
	json_object_put(text);
}

static void flatten(struct row *row, const char *prefix, struct json_object *object);

/* Elements that are objects have names, which stand for their places. */
static void flatten_array(struct row *row, const char *name, struct json_object *array)
{
	struct json_object *first = json_object_array_get_idx(array, 0);
	char prefix[72];

	if (!json_object_is_type(first, json_type_object)) {
		add_words(row, name, array);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *element = json_object_array_get_idx(array, i);

		snprintf(prefix, sizeof(prefix), "%.35s.%.32s.", name,
			 json_object_get_string(json_object_object_get(element, "name")));
		json_object_object_del(element, "name");
		flatten(row, prefix, element);
	}
}

static void flatten(struct row *row, const char *prefix, struct json_object *object)
{
	json_object_object_foreach(object, key, value)
	{
		char name[72];

		snprintf(name, sizeof(name) - 1, "%s%s", prefix, key);
		if (json_object_is_type(value, json_type_array)) {
			flatten_array(row, name, value);
		} else if (json_object_is_type(value, json_type_object)) {
			strcat(name, ".");
			flatten(row, name, value);
		} else {
			add_field(row, name, value);
		}
	}
}

static void device_row(struct row *row, const struct smi *smi, const struct smi_device *d,
		       unsigned int parts)
{
	struct json_object *o = smi_json_device(d, &smi->processes,
						parts & ~(SMI_PART_PROCESSES | SMI_PART_HISTORY));

	row->count = 0;
	flatten(row, "", o);
	json_object_put(o);
}

/* One of the things that a device has many of. Puts the object. */
static void element_row(struct row *row, const struct smi_device *d, struct json_object *element)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "index", json_object_new_int64(d->index));
	json_object_object_add(o, "bdf", smi_bdf(d) ? json_object_new_string(smi_bdf(d)) : NULL);
	row->count = 0;
	flatten(row, "", o);
	flatten(row, "", element);
	json_object_put(o);
	json_object_put(element);
}

static const struct field *find(const struct row *row, const char *name, size_t length)
{
	for (unsigned int i = 0; i < row->count; i++)
		if (strlen(row->fields[i].name) == length &&
		    !memcmp(row->fields[i].name, name, length))
			return &row->fields[i];
	return NULL;
}

static void print_quoted(const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text; text++)
		printf(*text == '"' ? "\"\"" : "%c", *text);
	putchar('"');
}

static void print_field(const struct field *f, const struct smi_options *o, bool header)
{
	char text[sizeof(f->value) + 8];

	snprintf(text, sizeof(text), "%s%s", header ? f->name : f->value,
		 header || o->no_units || !f->value[0] ? "" : unit_of(f->name));
	print_quoted(text);
}

/* The fields of the query, or all. */
static void print_row(const struct row *row, const struct smi_options *o, bool header)
{
	if (!o->query)
		for (unsigned int i = 0; i < row->count; i++) {
			if (i)
				putchar(',');
			print_field(&row->fields[i], o, header);
		}
	for (const char *name = o->query; name;) {
		size_t length = strcspn(name, ",");

		print_field(find(row, name, length), o, header);
		name = name[length] ? name + length + 1 : NULL;
		if (name)
			putchar(',');
	}
	putchar('\n');
}

static enum smi_exit check_query(const struct row *row, const struct smi_options *o)
{
	for (const char *name = o->query; name;) {
		size_t length = strcspn(name, ",");

		if (!find(row, name, length)) {
			fprintf(stderr,
				"accel-smi: --query: no field '%.*s'; the first line of accel-smi "
				"%s --csv names them\n",
				(int)length, name,
				o->verb == SMI_PROCESS ? "process"
				: o->verb == SMI_EVENT ? "event"
						       : "VERB");
			return SMI_USAGE;
		}
		name = name[length] ? name + length + 1 : NULL;
	}
	return SMI_OK;
}

static void print_processes(const struct smi *smi, const struct smi_options *o, struct row *row)
{
	for (unsigned int i = 0; i < smi->num_devices; i++)
		for (size_t j = 0; j < smi->processes.count; j++) {
			if (!smi_owns(&smi->devices[i], &smi->processes.items[j]))
				continue;
			element_row(row, &smi->devices[i],
				    smi_json_process(&smi->processes.items[j]));
			print_row(row, o, false);
		}
}

/* Those that were not told yet, oldest first. */
static void print_events(const struct smi *smi, const struct smi_options *o, struct row *row)
{
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		const struct smi_device *d = &smi->devices[i];

		for (unsigned int n = d->num_events; n-- > 0;)
			if (smi_event_is_new(d, &d->events[n])) {
				element_row(row, d, smi_event_object(&d->events[n]));
				print_row(row, o, false);
			}
	}
}

static void print_devices(const struct smi *smi, const struct smi_options *o, struct row *row,
			  unsigned int parts)
{
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		device_row(row, smi, &smi->devices[i], parts);
		print_row(row, o, false);
	}
}

enum smi_exit smi_print_csv(const struct smi *smi, const struct smi_options *o, bool header)
{
	/* A query may ask for what other verbs show; but not for tests that nobody ran, nor a dump. */
	unsigned int parts =
		(o->query ? ~(SMI_PART_DIAG | SMI_PART_REGISTERS) : 0) | smi_json_parts(o->verb);
	struct row *row = malloc(sizeof(*row));
	enum smi_exit ret;

	if (!row) {
		fprintf(stderr, "accel-smi: out of memory\n");
		return SMI_FAILURE;
	}
	/* The names are there even when no process and no event is. */
	if (o->verb == SMI_PROCESS)
		element_row(row, &smi->devices[0], smi_json_process(&(struct smi_process){0}));
	else if (o->verb == SMI_EVENT)
		element_row(row, &smi->devices[0], smi_event_object(&(struct accel_event){0}));
	else
		device_row(row, smi, &smi->devices[0], parts);
	ret = check_query(row, o);
	if (!ret && header)
		print_row(row, o, true);
	if (!ret && o->verb == SMI_PROCESS)
		print_processes(smi, o, row);
	else if (!ret && o->verb == SMI_EVENT)
		print_events(smi, o, row);
	else if (!ret)
		print_devices(smi, o, row, parts);
	fflush(stdout);
	free(row);
	return ret;
}
