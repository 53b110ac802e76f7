// SPDX-License-Identifier: MIT
/* Entries of the error catalogue, for people who met one. It needs no device and no driver. */
#define _GNU_SOURCE
#include <axon_errors.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smi_json.h"

struct entry {
	const char *kind; /* "error", "fault" or "errno" */
	const char *name;
	int number; /* of the catalogue; the errno itself for one that is not in it */
	int err;
	const char *meaning, *action;
};

/* Entry `index`, errors first; false behind the last. */
static bool entry_at(unsigned int index, struct entry *e)
{
	static const struct entry errors[] = {
#define ERROR(name, number, err, meaning, action) {"error", #name, number, err, meaning, action},
		AXON_ERR_LIST(ERROR)
#undef ERROR
	};
	const unsigned int count = sizeof(errors) / sizeof(*errors);
	unsigned int cause = index - count;

	if (index < count) {
		*e = errors[index];
		return true;
	}
	if (cause >= AXON_FAULT_COUNT)
		return false;
	/* Work behind a fault ends with the error of a dead queue. */
	*e = (struct entry){
		"fault",	 accel_fault_name(cause), AXON_ERR_FAULT_BASE + (int)cause,
		cause ? EIO : 0, accel_fault_text(cause), accel_fault_action(cause)};
	return true;
}

/* "NAME", "AXON_FAULT_NAME" and "axon_err_name" are the same, as far as kinds agree. */
static bool has_name(const struct entry *e, const char *text)
{
	static const char error[] = "AXON_ERR_", fault[] = "AXON_FAULT_";

	if (!strncasecmp(text, error, sizeof(error) - 1))
		return e->kind[0] == 'e' && !strcasecmp(text + sizeof(error) - 1, e->name);
	if (!strncasecmp(text, fault, sizeof(fault) - 1))
		return e->kind[0] == 'f' && !strcasecmp(text + sizeof(fault) - 1, e->name);
	return !strcasecmp(text, e->name);
}

/* Numbers are the catalogue's; those below zero, and names like EIO, are what functions return. */
static bool matches(const struct entry *e, const char *text)
{
	const char *err = e->err ? strerrorname_np(e->err) : NULL;
	char *end;
	long number = strtol(text, &end, 10);

	if (!text[0] || *end)
		return has_name(e, text) || (e->kind[0] == 'e' && err && !strcasecmp(text, err));
	return number < 0 ? e->kind[0] == 'e' && number == -(long)e->err : number == e->number;
}

/* What functions return for their caller's mistakes, as EINVAL, has no entry but a sentence. */
static bool errno_entry(const char *text, struct entry *e)
{
	static char meaning[128];
	const char *sentence, *action;
	int err = 1;

	while (err < 200 && (!strerrorname_np(err) || strcasecmp(strerrorname_np(err), text)) &&
	       atoi(text) != -err)
		err++;
	sentence = accel_strerror(-err);
	action = strstr(sentence, "; ");
	if (err == 200 || !action || sentence == accel_strerror(-200))
		return false;
	snprintf(meaning, sizeof(meaning), "%.*s", (int)(action - sentence), sentence);
	*e = (struct entry){"errno", strerrorname_np(err), err, err, meaning, action + 2};
	return true;
}

/* How many letters two names differ by: Levenshtein's distance, case aside. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[33], length = (unsigned int)strnlen(b, 32);

	for (unsigned int j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= length; j++) {
			bool differ = toupper((unsigned char)a[i - 1]) !=
				      toupper((unsigned char)b[j - 1]);
			unsigned int best = diagonal + differ;

			diagonal = row[j];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

static bool is_near(const char *text, const char *name)
{
	size_t length = strlen(text);

	return length >= 2 && (distance(text, name) <= 1 + length / 4 || strcasestr(name, text));
}

static enum smi_exit refuse(const char *text)
{
	struct entry e;
	bool any = false;

	fprintf(stderr,
		"accel-smi: explain: expected a name or a number of the catalogue, found '");
	for (size_t i = 0; i < 40 && text[i]; i++)
		fputc(isprint((unsigned char)text[i]) ? text[i] : '?', stderr);
	fputc('\'', stderr);
	for (unsigned int i = 0; entry_at(i, &e); i++) {
		if (!is_near(text, e.name))
			continue;
		fprintf(stderr, "%s%s", any ? ", " : "; near it: ", e.name);
		any = true;
	}
	fprintf(stderr, any ? "\n" : "; accel-smi explain lists all\n");
	return SMI_USAGE;
}

static void print_entry(const struct entry *e)
{
	printf("%s (%s %d", e->name, e->kind, e->number);
	if (e->err)
		printf(", %s", strerrorname_np(e->err));
	printf(")\n  meaning: %s\n  what to do: %s\n", e->meaning, e->action);
}

static struct json_object *entry_object(const struct entry *e)
{
	struct json_object *o = json_object_new_object();
	const char *err = e->err ? strerrorname_np(e->err) : NULL;

	json_object_object_add(o, "kind", json_object_new_string(e->kind));
	json_object_object_add(o, "name", json_object_new_string(e->name));
	json_object_object_add(o, "number", json_object_new_int(e->number));
	json_object_object_add(o, "errno", err ? json_object_new_string(err) : NULL);
	json_object_object_add(o, "meaning", json_object_new_string(e->meaning));
	json_object_object_add(o, "action", json_object_new_string(e->action));
	return o;
}

static void tell(const struct entry *e, const struct smi_options *o, struct json_object *entries)
{
	if (o->json)
		json_object_array_add(entries, entry_object(e));
	else if (o->entry)
		print_entry(e);
	else
		printf("%5d %-13s %s\n", e->number, e->name, e->meaning);
}

enum smi_exit smi_explain(const struct smi_options *o)
{
	struct json_object *root = smi_json_root(json_object_new_array());
	struct json_object *entries = json_object_new_array();
	struct entry e;
	bool any = false;

	json_object_object_add(root, "entries", entries);
	for (unsigned int i = 0; entry_at(i, &e); i++) {
		if (o->entry && !matches(&e, o->entry))
			continue;
		any = true;
		tell(&e, o, entries);
	}
	if (!any && errno_entry(o->entry, &e)) {
		any = true;
		tell(&e, o, entries);
	}
	if (any && o->json)
		smi_json_put(root, false);
	else
		json_object_put(root);
	return any ? SMI_OK : refuse(o->entry);
}
