/* SPDX-License-Identifier: MIT */
/*
 * A short self-test of a device, as any program may run it: what the chip does is compared with what
 * plain C does. It takes a queue, an address space and some memory of the device for that time.
 */
#ifndef AXON_TOOLS_SMI_DIAG_H
#define AXON_TOOLS_SMI_DIAG_H

#include "smi_health.h"

/* Runs all tests and keeps their results in the device. */
void smi_diag_run(struct smi_device *d);
/* The worst of them. */
enum smi_result smi_diag_worst(const struct smi_device *d);

#endif
