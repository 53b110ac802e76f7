// SPDX-License-Identifier: MIT
/* What the host's kernel, and not the device, knows of a device. */
#include <libdrm/drm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "smi.h"

void smi_read_driver(struct smi_device *d)
{
	struct drm_version version = {0};
	int fd = accel_device_fd(d->dev);

	if (fd >= 0 && !ioctl(fd, DRM_IOCTL_VERSION, &version))
		snprintf(d->driver, sizeof(d->driver), "%d.%d.%d", version.version_major,
			 version.version_minor, version.version_patchlevel);
}

void smi_kernel_release(char *text, size_t bytes)
{
	struct utsname name;

	snprintf(text, bytes, "%s", uname(&name) ? "?" : name.release);
}

const char *smi_feature_name(unsigned int bit)
{
	switch (1ull << bit) {
	case AXON_FEAT_USER_QUEUES: return "user_queues";
	case AXON_FEAT_SUSPEND: return "suspend";
	case AXON_FEAT_INJECT: return "inject";
	default: return NULL;
	}
}

FILE *smi_open_registers(const struct smi_device *d)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/registers", d->info.bdf);
	return smi_bdf(d) ? fopen(path, "r") : NULL;
}

bool smi_next_register(FILE *f, char name[64], char value[32])
{
	return fscanf(f, "%63s %31s", name, value) == 2;
}
