// SPDX-License-Identifier: MIT
/* Discovery, opening, and what a device tells about itself. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The node that one entry of ACCEL_VISIBLE_DEVICES names: an index or a PCI address. */
static int find_node(const struct backend_node *nodes, int count, const char *entry, size_t length)
{
	char text[sizeof(nodes->bdf)], *end;
	unsigned long index;

	if (!length || length >= sizeof(text))
		return -ENXIO;
	memcpy(text, entry, length);
	text[length] = '\0';
	for (int i = 0; i < count; i++)
		if (!strcmp(nodes[i].bdf, text))
			return i;
	index = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || index >= (unsigned long)count)
		return -ENXIO;
	return (int)index;
}

/*
 * The devices this process may use, in the order of ACCEL_VISIBLE_DEVICES ("1,0000:02:00.0"; empty:
 * none; unset: all). An entry that names no device is an error, not a shorter list: silently
 * computing on fewer chips than asked for is worse.
 */
static int visible_nodes(struct backend_node visible[BACKEND_MAX_NODES])
{
	const char *list = getenv("ACCEL_VISIBLE_DEVICES");
	struct backend_node nodes[BACKEND_MAX_NODES];
	int count = backend_enumerate(nodes), found = 0;

	if (count < 0)
		return count;
	if (!list) {
		memcpy(visible, nodes, sizeof(nodes));
		return count;
	}
	while (*list) {
		size_t length = strcspn(list, ",");
		int at = find_node(nodes, count, list, length);

		if (at < 0 || found == BACKEND_MAX_NODES)
			return -ENXIO;
		visible[found++] = nodes[at];
		list += length + (list[length] == ',');
	}
	return found;
}

ACCEL_EXPORT int accel_device_count(void)
{
	struct backend_node nodes[BACKEND_MAX_NODES];

	return visible_nodes(nodes);
}

ACCEL_EXPORT int accel_device_open(unsigned int index, struct accel_device **out)
{
	struct backend_node nodes[BACKEND_MAX_NODES];
	struct drm_axon_query_device query;
	struct accel_device *dev;
	int ret = visible_nodes(nodes);

	if (ret < 0)
		return ret;
	if (index >= (unsigned int)ret)
		return -ENXIO;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->node = nodes[index];
	ret = backend_open(&dev->node, &dev->backend);
	if (ret < 0)
		goto free_dev;
	ret = backend_query_device(dev->backend, &query);
	if (ret < 0)
		goto close;
	if (query.hw_version >> 16 != AXON_HW_VERSION_MAJOR) {
		ret = -EPROTO;
		goto close;
	}
	dev->va_start = query.va_start;
	dev->va_end = query.va_end;
	*out = dev;
	return 0;

close:
	backend_close(dev->backend);
free_dev:
	free(dev);
	return ret;
}

ACCEL_EXPORT void accel_device_close(struct accel_device *dev)
{
	if (!dev)
		return;
	backend_close(dev->backend);
	free(dev);
}

ACCEL_EXPORT int accel_device_fd(struct accel_device *dev)
{
	return backend_fd(dev->backend);
}

ACCEL_EXPORT int accel_device_get_info(struct accel_device *dev, struct accel_device_info *out)
{
	struct accel_device_info info = {0};
	struct drm_axon_query_device query;
	size_t size = out->size;
	int ret;

	if (size < sizeof(out->size))
		return -EINVAL;
	ret = backend_query_device(dev->backend, &query);
	if (ret < 0)
		return ret;
	ret = backend_query_use(dev->backend, &info);
	if (ret < 0)
		return ret;
	snprintf(info.name, sizeof(info.name), "axon%u", dev->node.minor);
	memcpy(info.bdf, dev->node.bdf, sizeof(info.bdf));
	memcpy(info.uuid, query.uuid, sizeof(info.uuid));
	info.hw_version = query.hw_version;
	info.num_cores = query.num_cores;
	info.sram_size = query.sram_size;
	info.clock_hz = query.clock_hz;
	info.features = query.features;
	info.vram_size = query.vram_size;
	info.num_slots = query.num_slots;
	info.free_slots = query.free_slots;
	info.faults = query.faults;
	info.resets = query.resets;
	info.device_resets = query.device_resets;
	info.ecc_corrected = query.ecc_corrected;
	info.ecc_uncorrected = query.ecc_uncorrected;
	info.lost_interrupts = query.lost_interrupts;
	info.throttled = query.throttled;

	/* A program built against a shorter struct gets the fields it knows; a longer one, zeros. */
	if (size > sizeof(info)) {
		memset((char *)out + sizeof(info), 0, size - sizeof(info));
		size = sizeof(info);
	}
	memcpy(out, &info, size);
	out->size = size;
	return 0;
}

_Static_assert((int)ACCEL_NUM_PURPOSES == (int)DRM_AXON_PURPOSE_COUNT, "purposes are the driver's");
_Static_assert((int)ACCEL_NUM_EVENT_KINDS == (int)DRM_AXON_EVENT_KINDS, "kinds are the driver's");
_Static_assert(ACCEL_EVENT_HIDDEN == DRM_AXON_EVENT_HIDDEN, "flags are the driver's");
_Static_assert(ACCEL_EVENT_MEMORY_LOST == DRM_AXON_EVENT_MEMORY_LOST, "flags are the driver's");

static struct accel_event event_of(const struct drm_axon_query_event *q)
{
	struct accel_event event = {
		.number = q->number,
		.time_ns = q->time_ns,
		.client = q->client,
		.kind = q->kind,
		.flags = q->flags,
		.pid = q->pid,
		.queue_id = q->queue_id,
		.slot = q->slot,
		.error = q->error,
		.lost = q->lost,
		.fault = q->fault,
	};

	snprintf(event.process, sizeof(event.process), "%.15s", q->comm);
	return event;
}

ACCEL_EXPORT int accel_device_events(struct accel_device *dev, struct accel_event *events,
				     size_t event_bytes, unsigned int room)
{
	struct drm_axon_query_event *query;
	size_t size = event_bytes < sizeof(*events) ? event_bytes : sizeof(*events);
	int count;

	if (event_bytes < sizeof(events->number))
		return -EINVAL;
	query = calloc(DRM_AXON_MAX_EVENTS, sizeof(*query));
	if (!query)
		return -ENOMEM;
	count = backend_query_events(dev->backend, query,
				     room < DRM_AXON_MAX_EVENTS ? room : DRM_AXON_MAX_EVENTS);
	for (int i = 0; i < count; i++) {
		struct accel_event event = event_of(&query[i]);
		char *to = (char *)events + (size_t)i * event_bytes;

		memset(to, 0, event_bytes);
		memcpy(to, &event, size);
	}
	free(query);
	return count;
}
