/* SPDX-License-Identifier: MIT */
/* The processes that hold accel nodes open, from the fdinfo that the driver writes for each. */
#ifndef AXON_TOOLS_SMI_PROCESS_H
#define AXON_TOOLS_SMI_PROCESS_H

#include <accel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Names of the engines in fdinfo, by enum axon_engine. */
extern const char *const smi_engine_names[AXON_NUM_ENGINES];

/* What memory is for, by enum accel_purpose; names as in fdinfo. */
#define SMI_NUM_PURPOSES ACCEL_NUM_PURPOSES
extern const char *const smi_purpose_names[SMI_NUM_PURPOSES];

/* One process on one device. */
struct smi_process {
	pid_t pid;
	char name[32];
	char bdf[16];
	uint64_t vram_bytes, system_bytes;	  /* resident */
	uint64_t purpose_bytes[SMI_NUM_PURPOSES]; /* of its buffers, wherever they are */
	uint64_t busy_ns[AXON_NUM_ENGINES];
	double percent[AXON_NUM_ENGINES];
};

struct smi_client {
	char bdf[16];
	uint64_t id;
};

struct smi_processes {
	struct smi_process *items;
	size_t count;
	bool partial; /* some processes belong to others, who may use the device too */
	struct smi_client *clients; /* seen already: one open file may have many descriptors */
	size_t num_clients;
};

/* `proc` is the mount point of procfs. This process is left out. 0 or a negative errno. */
int smi_processes_read(const char *proc, struct smi_processes *list);
void smi_processes_free(struct smi_processes *list);
/* The one of that pid and device, or NULL. */
struct smi_process *smi_process_find(const struct smi_processes *list, pid_t pid, const char *bdf);

/* What one fdinfo file says. */
struct smi_fdinfo {
	char bdf[16];
	uint64_t client;
	uint64_t vram_bytes, system_bytes;
	uint64_t purpose_bytes[SMI_NUM_PURPOSES];
	uint64_t busy_ns[AXON_NUM_ENGINES];
};

/* False when the text is not from the axon driver. Keys as in Documentation/gpu/drm-usage-stats.rst. */
bool smi_fdinfo_parse(const char *text, struct smi_fdinfo *info);

#endif
