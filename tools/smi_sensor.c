// SPDX-License-Identifier: MIT
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "smi_sensor.h"

static int64_t read_value(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int64_t value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%" SCNd64, &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

void smi_sensors_read(const char *sysfs, const char *bdf, struct smi_sensors *s)
{
	char pattern[PATH_MAX];
	glob_t found;

	*s = (struct smi_sensors){-1, -1, -1, -1, -1};
	snprintf(pattern, sizeof(pattern), "%s/bus/pci/devices/%s/hwmon/hwmon*", sysfs,
		 bdf ? bdf : "none");
	if (!bdf || glob(pattern, 0, NULL, &found))
		return;
	s->temp_mc = read_value(found.gl_pathv[0], "temp1_input");
	s->temp_crit_mc = read_value(found.gl_pathv[0], "temp1_crit");
	s->power_uw = read_value(found.gl_pathv[0], "power1_input");
	s->power_max_uw = read_value(found.gl_pathv[0], "power1_rated_max");
	s->energy_uj = read_value(found.gl_pathv[0], "energy1_input");
	globfree(&found);
}
