/* SPDX-License-Identifier: MIT */
/* The history of faults and resets. With -w each event is told once: see smi_device.told. */
#ifndef AXON_TOOLS_SMI_EVENT_H
#define AXON_TOOLS_SMI_EVENT_H

#include <json-c/json.h>

#include "smi.h"

/* "fault" */
const char *smi_event_kind(const struct accel_event *e);
/* The newest of that kind that the driver still has, or NULL. */
const struct accel_event *smi_event_newest(const struct smi_device *d, unsigned int kind);
bool smi_event_is_new(const struct smi_device *d, const struct accel_event *e);
/* Whether there is something to tell. */
bool smi_event_any(const struct smi *smi);
/* All that there is now has been told. */
void smi_event_told(struct smi *smi);

void smi_event_print(const struct smi *smi);
/* Every key is there in each event; null is what that one does not have. */
struct json_object *smi_event_object(const struct accel_event *e);

#endif
