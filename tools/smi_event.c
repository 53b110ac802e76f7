// SPDX-License-Identifier: MIT
/* The history of faults and resets, for people and for programs. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "smi_event.h"

#define INDENT 8

static const char *const kinds[ACCEL_NUM_EVENT_KINDS] = {
	[ACCEL_EVENT_FAULT] = "fault",
	[ACCEL_EVENT_QUEUE_RESET] = "queue_reset",
	[ACCEL_EVENT_DEVICE_RESET] = "device_reset",
	[ACCEL_EVENT_DEVICE_LOST] = "device_lost",
	[ACCEL_EVENT_FAULTS_LOST] = "faults_lost",
	[ACCEL_EVENT_THROTTLED] = "throttled",
};

const char *smi_event_kind(const struct accel_event *e)
{
	return e->kind < ACCEL_NUM_EVENT_KINDS ? kinds[e->kind] : "unknown";
}

const struct accel_event *smi_event_newest(const struct smi_device *d, unsigned int kind)
{
	for (unsigned int i = 0; i < d->num_events; i++)
		if (d->events[i].kind == kind)
			return &d->events[i];
	return NULL;
}

bool smi_event_is_new(const struct smi_device *d, const struct accel_event *e)
{
	return e->number > d->told;
}

/* ---- text ---- */

static void print_time(uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[32] = "?";

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s.%03u", text, (unsigned int)(ns / 1000000 % 1000));
}

static void print_client(const struct accel_event *e)
{
	if (e->flags & ACCEL_EVENT_HIDDEN)
		printf("of another user");
	else if (e->client)
		printf("%s (%u), queue %u", e->process[0] ? e->process : "?", e->pid, e->queue_id);
	else
		printf("of the driver");
}

static void print_fault(const struct accel_event *e)
{
	const struct axon_fault *fault = &e->fault;
	char text[400];

	if (e->flags & ACCEL_EVENT_HIDDEN)
		snprintf(text, sizeof(text), "%s: %s", accel_fault_name(fault->cause),
			 accel_fault_text(fault->cause));
	else
		accel_fault_format(fault, NULL, text, sizeof(text));
	printf("%*s", INDENT, "");
	smi_print_wrapped(text, INDENT);
}

static const char *error_name(const struct accel_event *e)
{
	const char *name = strerrorname_np((int)e->error);

	return name ? name : "an unknown error";
}

static void print_event(const struct smi_device *d, const struct accel_event *e)
{
	printf("%3u %6" PRIu64 "  ", d->index, e->number);
	print_time(e->time_ns);
	printf("  %-12s  ", smi_event_kind(e));
	switch (e->kind) {
	case ACCEL_EVENT_FAULT:
	case ACCEL_EVENT_QUEUE_RESET:
		printf("slot %2u\n%*s", e->slot, INDENT, "");
		print_client(e);
		putchar('\n');
		if (e->kind == ACCEL_EVENT_FAULT)
			print_fault(e);
		else
			printf("%*sits work ended with %s\n", INDENT, "", error_name(e));
		break;
	case ACCEL_EVENT_FAULTS_LOST: printf("%u records did not fit\n", e->lost); break;
	case ACCEL_EVENT_THROTTLED: printf("the chip stood still until it had cooled\n"); break;
	default:
		printf("all queues%s\n",
		       e->flags & ACCEL_EVENT_MEMORY_LOST ? ", and what was in device memory" : "");
		break;
	}
}

/* Oldest first, as a log. */
void smi_event_print(const struct smi *smi)
{
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		const struct smi_device *d = &smi->devices[i];
		uint64_t oldest = d->num_events ? d->events[d->num_events - 1].number : 0;

		if (oldest > d->told + 1)
			printf("%3u %6" PRIu64 " older events are no longer kept\n", d->index,
			       oldest - d->told - 1);
		for (unsigned int n = d->num_events; n-- > 0;)
			if (smi_event_is_new(d, &d->events[n]))
				print_event(d, &d->events[n]);
	}
}

bool smi_event_any(const struct smi *smi)
{
	for (unsigned int i = 0; i < smi->num_devices; i++)
		if (smi->devices[i].num_events &&
		    smi_event_is_new(&smi->devices[i], &smi->devices[i].events[0]))
			return true;
	return false;
}

void smi_event_told(struct smi *smi)
{
	for (unsigned int i = 0; i < smi->num_devices; i++)
		if (smi->devices[i].num_events)
			smi->devices[i].told = smi->devices[i].events[0].number;
}

/* ---- JSON ---- */

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

static struct json_object *number_or_null(bool is, uint64_t value)
{
	return is ? json_object_new_uint64(value) : NULL;
}

/* An address is text: not every reader of JSON keeps 64 bits. */
static struct json_object *address_or_null(bool is, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return is ? json_object_new_string(text) : NULL;
}

static struct json_object *string_or_null(bool is, const char *text)
{
	return is ? json_object_new_string(text) : NULL;
}

static struct json_object *workgroup(bool is, const uint32_t wg[3])
{
	char text[40];

	snprintf(text, sizeof(text), "%u,%u,%u", wg[0], wg[1], wg[2]);
	return string_or_null(is, text);
}

static void add_fault(struct json_object *o, const struct accel_event *e, bool whole)
{
	const struct axon_fault *fault = &e->fault;
	bool is = fault->cause != AXON_FAULT_NONE;
	bool core = is && whole && fault->core != AXON_FAULT_NO_CORE;

	add(o, "cause", string_or_null(is, accel_fault_name(fault->cause)));
	add(o, "engine",
	    string_or_null(is, fault->engine < AXON_NUM_ENGINES ? smi_engine_names[fault->engine]
								: "command_processor"));
	add(o, "core", number_or_null(core, fault->core));
	add(o, "address", address_or_null(is && whole, fault->addr));
	add(o, "pc", address_or_null(core, fault->pc));
	add(o, "workgroup", workgroup(core, fault->wg));
	add(o, "packet_address", address_or_null(is && whole, fault->packet));
	add(o, "packet_tag", number_or_null(is && whole, fault->tag));
	add(o, "info", address_or_null(is && whole, fault->info));
	add(o, "device_timestamp_ns", number_or_null(is, fault->ns));
}

struct json_object *smi_event_object(const struct accel_event *e)
{
	struct json_object *o = json_object_new_object();
	bool whole = !(e->flags & ACCEL_EVENT_HIDDEN), client = whole && e->client;
	const char *error = e->error ? strerrorname_np((int)e->error) : NULL;

	add(o, "number", json_object_new_uint64(e->number));
	add(o, "time_ns", json_object_new_uint64(e->time_ns));
	add(o, "kind", json_object_new_string(smi_event_kind(e)));
	add(o, "hidden", json_object_new_boolean(!whole));
	add(o, "slot", number_or_null(e->slot != ACCEL_EVENT_NO_SLOT, e->slot));
	add(o, "memory_lost", json_object_new_boolean(e->flags & ACCEL_EVENT_MEMORY_LOST));
	add(o, "errno", string_or_null(error, error));
	add(o, "lost", number_or_null(e->kind == ACCEL_EVENT_FAULTS_LOST, e->lost));
	add(o, "client", number_or_null(client, e->client));
	add(o, "pid", number_or_null(client && e->pid, e->pid));
	add(o, "process", string_or_null(client, e->process));
	add(o, "queue", number_or_null(client, e->queue_id));
	add_fault(o, e, whole);
	return o;
}
