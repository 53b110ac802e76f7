// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "smi_process.h"

const char *const smi_engine_names[AXON_NUM_ENGINES] = {
	[AXON_ENGINE_DMA] = "dma",	 [AXON_ENGINE_MATRIX] = "matrix",
	[AXON_ENGINE_VECTOR] = "vector", [AXON_ENGINE_HART] = "hart",
	[AXON_ENGINE_COPY] = "copy",
};

const char *const smi_purpose_names[SMI_NUM_PURPOSES] = {
	[ACCEL_PURPOSE_OTHER] = "other", [ACCEL_PURPOSE_WEIGHTS] = "weights",
	[ACCEL_PURPOSE_KV] = "kv",	 [ACCEL_PURPOSE_ACTIVATIONS] = "activations",
	[ACCEL_PURPOSE_CODE] = "code",	 [ACCEL_PURPOSE_COMMANDS] = "commands",
};

/* "<number> [KiB|MiB]" in bytes. */
static uint64_t parse_bytes(const char *value)
{
	uint64_t number = 0;
	char unit[4] = "";

	if (sscanf(value, "%" SCNu64 " %3s", &number, unit) == 2)
		number <<= !strcmp(unit, "KiB") ? 10 : !strcmp(unit, "MiB") ? 20 : 0;
	return number;
}

static void parse_engine(const char *name, const char *value, struct smi_fdinfo *info)
{
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		if (!strcmp(name, smi_engine_names[e]))
			sscanf(value, "%" SCNu64, &info->busy_ns[e]);
}

static void parse_purpose(const char *name, const char *value, struct smi_fdinfo *info)
{
	for (unsigned int i = 0; i < SMI_NUM_PURPOSES; i++)
		if (!strcmp(name, smi_purpose_names[i]))
			info->purpose_bytes[i] = parse_bytes(value);
}

/* Takes one key; true when it is the driver's name and that is ours. */
static bool parse_line(const char *key, const char *value, struct smi_fdinfo *info)
{
	static const char engine[] = "drm-engine-", purpose[] = "axon-memory-";

	if (!strcmp(key, "drm-driver"))
		return !strcmp(value, "axon");
	if (!strcmp(key, "drm-pdev"))
		snprintf(info->bdf, sizeof(info->bdf), "%.15s", value);
	else if (!strcmp(key, "drm-client-id"))
		sscanf(value, "%" SCNu64, &info->client);
	else if (!strcmp(key, "drm-resident-vram"))
		info->vram_bytes = parse_bytes(value);
	else if (!strcmp(key, "drm-resident-system"))
		info->system_bytes = parse_bytes(value);
	else if (!strncmp(key, engine, sizeof(engine) - 1))
		parse_engine(key + sizeof(engine) - 1, value, info);
	else if (!strncmp(key, purpose, sizeof(purpose) - 1))
		parse_purpose(key + sizeof(purpose) - 1, value, info);
	return false;
}

bool smi_fdinfo_parse(const char *text, struct smi_fdinfo *info)
{
	bool ours = false;

	*info = (struct smi_fdinfo){0};
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		char key[64], value[64];

		/* "key:\tvalue" */
		if (sscanf(line, "%63[^:\n]:%*[ \t]%63[^\n]", key, value) == 2)
			ours |= parse_line(key, value, info);
		line += length + (line[length] == '\n');
	}
	return ours;
}
