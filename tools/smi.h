/* SPDX-License-Identifier: MIT */
/* What accel-smi's parts share: exit codes, the command line, and what was seen of the devices. */
#ifndef AXON_TOOLS_SMI_H
#define AXON_TOOLS_SMI_H

#include <accel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "smi_process.h"

enum smi_exit {
	SMI_OK = 0,
	SMI_FAILURE = 1,
	SMI_USAGE = 2,
	SMI_PERMISSION = 4,
	SMI_NO_DEVICE = 6,
	SMI_NO_DRIVER = 9,
	SMI_DEVICE_LOST = 15,
};

enum smi_verb {
	SMI_ALL,
	SMI_LIST,
	SMI_STATIC,
	SMI_METRIC,
	SMI_PROCESS,
	SMI_EVENT,
	SMI_HEALTH,
	SMI_TOPO,
	SMI_TOP,
	SMI_DIAG,
	SMI_DUMP,
	SMI_EXPLAIN,
	SMI_NUM_VERBS
};

struct smi_options {
	enum smi_verb verb;
	const char *device; /* index, PCI address or UUID; NULL: all */
	const char *entry;  /* to explain; NULL: the whole catalogue */
	const char *output; /* file, or NULL: standard output */
	const char *query;  /* fields of the CSV, separated by commas; NULL: all of the verb */
	bool json, csv, no_header, no_units;
	double interval;	  /* seconds between outputs, 0: one output */
	unsigned long iterations; /* 0: until interrupted */
};

/* Exits with a message and status 2 on a wrong command line, as argp does. */
void smi_options_parse(int argc, char **argv, struct smi_options *o);

/* From best to worst. SKIP: there is nothing to check, as the driver of a chip in this process. */
enum smi_result { SMI_SKIP, SMI_PASS, SMI_WARN, SMI_FAIL };

struct smi_check {
	const char *name;
	enum smi_result result;
	char detail[128];
};

#define SMI_NUM_DIAGS 3

struct smi_device {
	unsigned int index; /* among those that ACCEL_VISIBLE_DEVICES leaves */
	struct accel_device *dev;
	struct accel_device_info info;
	double percent[AXON_NUM_ENGINES]; /* of the time between the last two samples */
	uint64_t before_ns;		  /* the device's clock at the sample before the last */
	char driver[32]; /* its version, "1.0.0"; empty for a chip in this process */

	struct accel_event *events; /* the newest first; room for SMI_MAX_EVENTS */
	unsigned int num_events;
	uint64_t now_ns; /* CLOCK_REALTIME when they were read */
	uint64_t told;	 /* number of the newest event that was printed already */

	struct smi_check diags[SMI_NUM_DIAGS]; /* of smi_diag_run() */
};
/* More than any driver keeps. */
#define SMI_MAX_EVENTS 256

struct smi {
	struct smi_device *devices;
	unsigned int num_devices;
	struct smi_processes processes;
	uint64_t ns; /* CLOCK_MONOTONIC of the last sample */
	bool first;  /* of the outputs that go to one place */
};

/* An output, which goes to a file once it is whole, or as it comes to standard output. */
struct smi_output {
	const char *path; /* NULL: standard output */
	char *scratch;	  /* where standard output goes meanwhile */
};
enum smi_exit smi_output_begin(struct smi_output *out, const char *path);
/* Without `keep` the file stays as it was. */
enum smi_exit smi_output_end(struct smi_output *out, bool keep);

/* These say on standard error what failed and return an enum smi_exit. */
enum smi_exit smi_open(struct smi *smi, const char *device);
/* Reads everything anew; percentages are of the time since the sample before. */
enum smi_exit smi_sample(struct smi *smi);
void smi_close(struct smi *smi);

/* Cores of an engine: how many of it can be busy at once. */
unsigned int smi_capacity(const struct accel_device_info *info, unsigned int engine);
/* "0000:01:00.0", or NULL for a chip in this process, which no bus has. */
const char *smi_bdf(const struct smi_device *d);
const char *smi_name(const struct smi_device *d);
void smi_format_uuid(const uint8_t uuid[16], char text[37]);
bool smi_owns(const struct smi_device *d, const struct smi_process *p);

void smi_read_driver(struct smi_device *d);
/* Release of the running kernel. */
void smi_kernel_release(char *text, size_t bytes);
/* What the driver lists in debugfs, or NULL: that is root's alone. */
FILE *smi_open_registers(const struct smi_device *d);
/* The next of them, false behind the last. */
bool smi_next_register(FILE *f, char name[64], char value[32]);
/* Name of bit `bit` of the features, or NULL. */
const char *smi_feature_name(unsigned int bit);

void smi_print_text(const struct smi *smi, enum smi_verb verb);
/* Words from column `indent` on, where the cursor is, in lines of at most 80 columns. */
void smi_print_wrapped(const char *text, int indent);
void smi_print_json(const struct smi *smi, enum smi_verb verb, bool one_line);
/* The field names go first if `header`. SMI_USAGE, said on standard error, for an unknown field. */
enum smi_exit smi_print_csv(const struct smi *smi, const struct smi_options *o, bool header);
/* The catalogue's entries of that name or number. */
enum smi_exit smi_explain(const struct smi_options *o);

#endif
