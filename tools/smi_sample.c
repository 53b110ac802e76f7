// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "smi.h"

static enum smi_exit exit_of(int err)
{
	switch (err) {
	case -EACCES:
	case -EPERM: return SMI_PERMISSION;
	case -ENXIO: return SMI_NO_DEVICE;
	case -EUNATCH: return SMI_NO_DRIVER;
	case -ENODEV: return SMI_DEVICE_LOST;
	default: return SMI_FAILURE;
	}
}

static enum smi_exit fail(const char *what, int err)
{
	fprintf(stderr, "accel-smi: %s%s\n", what, accel_strerror(err));
	return exit_of(err);
}

unsigned int smi_capacity(const struct accel_device_info *info, unsigned int engine)
{
	return engine == AXON_ENGINE_COPY ? 1 : info->num_cores;
}

const char *smi_bdf(const struct smi_device *d)
{
	return strchr(d->info.bdf, ':') ? d->info.bdf : NULL;
}

const char *smi_name(const struct smi_device *d)
{
	return smi_bdf(d) ? d->info.name : d->info.bdf;
}

void smi_format_uuid(const uint8_t uuid[16], char text[37])
{
	for (int i = 0; i < 16; i++)
		text += sprintf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				uuid[i]);
}

bool smi_owns(const struct smi_device *d, const struct smi_process *p)
{
	return !strcmp(d->info.bdf, p->bdf);
}

static bool is_wanted(const struct smi_device *d, const char *wanted)
{
	char uuid[37], index[16];

	if (!wanted)
		return true;
	snprintf(index, sizeof(index), "%u", d->index);
	smi_format_uuid(d->info.uuid, uuid);
	return !strcmp(wanted, index) || !strcasecmp(wanted, d->info.bdf) ||
	       !strcasecmp(wanted, uuid);
}

/* Opens device `index` into the list if it is the wanted one. */
static enum smi_exit open_device(struct smi *smi, unsigned int index, const char *wanted)
{
	struct smi_device *d = &smi->devices[smi->num_devices];
	char what[32];
	int ret;

	*d = (struct smi_device){.index = index, .info.size = sizeof(d->info)};
	d->events = calloc(SMI_MAX_EVENTS, sizeof(*d->events));
	ret = d->events ? accel_device_open(index, &d->dev) : -ENOMEM;
	if (!ret)
		ret = accel_device_get_info(d->dev, &d->info);
	if (!ret && is_wanted(d, wanted)) {
		smi_read_driver(d);
		smi->num_devices++;
		return SMI_OK;
	}
	free(d->events);
	accel_device_close(d->dev);
	if (!ret)
		return SMI_OK;
	snprintf(what, sizeof(what), "device %u: ", index);
	return fail(what, ret);
}

enum smi_exit smi_open(struct smi *smi, const char *device)
{
	enum smi_exit ret = SMI_OK;
	int count = accel_device_count();

	*smi = (struct smi){0};
	if (count < 0)
		return fail("", count);
	smi->devices = calloc((size_t)count + 1, sizeof(*smi->devices));
	if (!smi->devices)
		return fail("", -ENOMEM);
	for (int i = 0; i < count && !ret; i++)
		ret = open_device(smi, (unsigned int)i, device);
	if (!ret && !smi->num_devices) {
		fprintf(stderr,
			"accel-smi: no device '%s' among the %d visible; see accel-smi list\n",
			device ? device : "all", count);
		ret = SMI_NO_DEVICE;
	}
	if (ret)
		smi_close(smi);
	return ret;
}

void smi_close(struct smi *smi)
{
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		free(smi->devices[i].events);
		accel_device_close(smi->devices[i].dev);
	}
	free(smi->devices);
	smi_processes_free(&smi->processes);
	*smi = (struct smi){0};
}

/* A counter that went backwards was reset in between; nothing is known of that time. */
static double percent(uint64_t before, uint64_t now, uint64_t ns, unsigned int capacity)
{
	double p =
		now > before && ns ? 100.0 * (double)(now - before) / ((double)ns * capacity) : 0;

	return p < 100 ? p : 100;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int sample_events(struct smi_device *d)
{
	int count = accel_device_events(d->dev, d->events, sizeof(*d->events), SMI_MAX_EVENTS);

	if (count < 0)
		return count;
	d->num_events = (unsigned int)count;
	d->now_ns = clock_ns(CLOCK_REALTIME);
	return 0;
}

static enum smi_exit sample_device(struct smi_device *d)
{
	struct accel_device_info before = d->info;
	int ret = accel_device_get_info(d->dev, &d->info);

	if (!ret)
		ret = sample_events(d);
	if (ret) {
		fprintf(stderr, "accel-smi: device %u: lost while it was watched: %s\n", d->index,
			accel_strerror(ret));
		return SMI_DEVICE_LOST;
	}
	d->before_ns = before.timestamp_ns;
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		d->percent[e] = percent(before.busy_ns[e], d->info.busy_ns[e],
					d->info.timestamp_ns - before.timestamp_ns,
					smi_capacity(&d->info, e));
	return SMI_OK;
}

static void sample_process(const struct smi_device *d, struct smi_process *p,
			   const struct smi_process *before, uint64_t ns)
{
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		p->percent[e] = percent(before ? before->busy_ns[e] : 0, p->busy_ns[e], ns,
					smi_capacity(&d->info, e));
}

/* A chip in this process has no node that others could open. */
static bool has_nodes(const struct smi *smi)
{
	for (unsigned int i = 0; i < smi->num_devices; i++)
		if (accel_device_fd(smi->devices[i].dev) >= 0)
			return true;
	return false;
}

enum smi_exit smi_sample(struct smi *smi)
{
	struct smi_processes before = smi->processes;
	uint64_t then = smi->ns;
	int ret = has_nodes(smi) ? smi_processes_read("/proc", &smi->processes) : 0;

	smi->ns = clock_ns(CLOCK_MONOTONIC);
	if (ret) {
		smi->processes = before;
		return fail("/proc: ", ret);
	}
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		struct smi_device *d = &smi->devices[i];
		enum smi_exit lost = sample_device(d);

		if (lost) {
			smi_processes_free(&before);
			return lost;
		}
		for (size_t j = 0; j < smi->processes.count; j++) {
			struct smi_process *p = &smi->processes.items[j];

			if (smi_owns(d, p))
				sample_process(d, p, smi_process_find(&before, p->pid, p->bdf),
					       smi->ns - then);
		}
	}
	smi_processes_free(&before);
	return SMI_OK;
}
