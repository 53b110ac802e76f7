/* SPDX-License-Identifier: MIT */
/*
 * Checks of a device from what was seen of it already: nothing is run on it. What happened is a warning
 * for SMI_RECENT_SECONDS; counters keep it longer.
 */
#ifndef AXON_TOOLS_SMI_HEALTH_H
#define AXON_TOOLS_SMI_HEALTH_H

#include "smi.h"

#define SMI_RECENT_SECONDS 3600

enum smi_check_id {
	SMI_CHECK_DRIVER,
	SMI_CHECK_DEVICE,
	SMI_CHECK_MEMORY,
	SMI_CHECK_QUEUES,
	SMI_CHECK_FAULTS,
	SMI_CHECK_RESETS,
	SMI_CHECK_DEVICE_RESETS,
	SMI_CHECK_ECC,
	SMI_CHECK_CHIP,
	SMI_NUM_CHECKS
};

/* Returns the worst result. */
enum smi_result smi_health(const struct smi_device *d, const struct smi_processes *processes,
			   struct smi_check checks[SMI_NUM_CHECKS]);
/* "PASS" */
const char *smi_result_name(enum smi_result result);
bool smi_failed(const struct smi *smi);

#endif
