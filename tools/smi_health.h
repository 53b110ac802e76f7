/* SPDX-License-Identifier: MIT */
/* Checks of a device from what was seen of it already: nothing is run on it. */
#ifndef AXON_TOOLS_SMI_HEALTH_H
#define AXON_TOOLS_SMI_HEALTH_H

#include "smi.h"

/* From best to worst. SKIP: there is nothing to check, as the driver of a chip in this process. */
enum smi_result { SMI_SKIP, SMI_PASS, SMI_WARN, SMI_FAIL };

enum smi_check_id {
	SMI_CHECK_DRIVER,
	SMI_CHECK_DEVICE,
	SMI_CHECK_MEMORY,
	SMI_CHECK_QUEUES,
	SMI_CHECK_FAULTS,
	SMI_CHECK_RESETS,
	SMI_NUM_CHECKS
};

struct smi_check {
	const char *name;
	enum smi_result result;
	char detail[128];
};

/* Returns the worst result. */
enum smi_result smi_health(const struct smi_device *d, const struct smi_processes *processes,
			   struct smi_check checks[SMI_NUM_CHECKS]);
/* "PASS" */
const char *smi_result_name(enum smi_result result);
bool smi_failed(const struct smi *smi);

#endif
