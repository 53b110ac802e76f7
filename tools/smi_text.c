// SPDX-License-Identifier: MIT
/* Tables of at most 80 columns for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "smi_diag.h"
#include "smi_event.h"
#include "smi_sensor.h"
#include "smi_topo.h"

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

static void print_heading(const char *text)
{
	bool bold = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

	printf(bold ? "\033[1m%s\033[0m\n" : "%s\n", text);
}

static void print_percents(const double percent[AXON_NUM_ENGINES])
{
	static const int width[AXON_NUM_ENGINES] = {5, 7, 7, 5, 5};

	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		printf("%*.0f%%", width[e] - 1, percent[e]);
	printf("\n");
}

static void print_devices(const struct smi *smi)
{
	print_heading(
		"DEV NAME     ADDRESS      CORES      MEMORY USED  DMA MATRIX VECTOR HART COPY");
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		const struct smi_device *d = &smi->devices[i];
		char memory[48];

		snprintf(memory, sizeof(memory), "%llu/%llu MiB", mib(d->info.vram_used),
			 mib(d->info.vram_size));
		printf("%3u %-8.8s %-12s %5u %16s", d->index, smi_name(d),
		       smi_bdf(d) ? smi_bdf(d) : "in-process", d->info.num_cores, memory);
		print_percents(d->percent);
	}
}

/* What memory is for, on lines of their own. */
static void print_purposes(const uint64_t purpose_bytes[SMI_NUM_PURPOSES], int indent)
{
	int column = 0;

	for (unsigned int i = 0; i < SMI_NUM_PURPOSES; i++) {
		uint64_t bytes = purpose_bytes[i];
		bool small = bytes < 1 << 20;
		char text[48];
		int length = snprintf(text, sizeof(text), "%s %" PRIu64 " %s", smi_purpose_names[i],
				      bytes >> (small ? 10 : 20), small ? "KiB" : "MiB");

		if (!bytes)
			continue;
		if (column && column + 2 + length < 80) {
			printf(", %s", text);
			column += 2 + length;
		} else {
			printf("%s%*s%s", column ? ",\n" : "", indent, "", text);
			column = indent + length;
		}
	}
	if (column)
		printf("\n");
}

static void print_processes(const struct smi *smi, bool purposes)
{
	bool any = false;

	print_heading(
		"DEV     PID PROCESS              MEMORY     SYSTEM  DMA MATRIX VECTOR HART COPY");
	for (unsigned int i = 0; i < smi->num_devices; i++)
		for (size_t j = 0; j < smi->processes.count; j++) {
			const struct smi_process *p = &smi->processes.items[j];

			if (!smi_owns(&smi->devices[i], p))
				continue;
			any = true;
			printf("%3u %7d %-15.15s %7llu MiB %6llu MiB", smi->devices[i].index,
			       (int)p->pid, p->name, mib(p->vram_bytes), mib(p->system_bytes));
			print_percents(p->percent);
			if (purposes)
				print_purposes(p->purpose_bytes, 12);
		}
	if (!any)
		printf("    no process\n");
	if (smi->processes.partial)
		printf("    some processes are hidden from this user; root sees all\n");
}

static void print_list(const struct smi *smi)
{
	print_heading("DEV NAME     ADDRESS      UUID                                  HW   CORES");
	for (unsigned int i = 0; i < smi->num_devices; i++) {
		const struct smi_device *d = &smi->devices[i];
		char uuid[37];

		smi_format_uuid(d->info.uuid, uuid);
		printf("%3u %-8.8s %-12s %-37s %u.%-2u %5u\n", d->index, smi_name(d),
		       smi_bdf(d) ? smi_bdf(d) : "in-process", uuid, d->info.hw_version >> 16,
		       d->info.hw_version & 0xffff, d->info.num_cores);
	}
}

static void print_device_heading(const struct smi_device *d)
{
	char heading[64];

	snprintf(heading, sizeof(heading), "device %u: %s %s", d->index, smi_name(d),
		 smi_bdf(d) ? smi_bdf(d) : "in-process");
	print_heading(heading);
}

static void print_features(uint64_t features)
{
	printf("  features        ");
	for (unsigned int bit = 0; bit < 64; bit++)
		if (features & (1ull << bit) && smi_feature_name(bit))
			printf(" %s", smi_feature_name(bit));
	printf(features ? "\n" : " none\n");
}

static void print_static(const struct smi_device *d)
{
	const struct accel_device_info *info = &d->info;
	struct smi_topo topo;
	char text[64];

	smi_topo_read("/sys", smi_bdf(d), &topo);
	print_device_heading(d);
	smi_format_uuid(info->uuid, text);
	printf("  UUID             %s\n", text);
	printf("  hardware version %u.%u\n", info->hw_version >> 16, info->hw_version & 0xffff);
	printf("  cores            %u\n", info->num_cores);
	printf("  SRAM             %u KiB per core\n", info->sram_size >> 10);
	printf("  modelled clock   %u MHz\n", info->clock_hz / 1000000);
	printf("  device memory    %llu MiB\n", mib(info->vram_size));
	printf("  hardware queues  %u\n", info->num_slots);
	print_features(info->features);
	if (topo.numa_node < 0)
		printf("  NUMA node        none\n");
	else
		printf("  NUMA node        %d\n", topo.numa_node);
	printf("  driver version   %s\n", d->driver[0] ? d->driver : "no driver");
	smi_kernel_release(text, sizeof(text));
	printf("  kernel           %s\n", text);
}

/* The heading goes before the first event; without any there is a word. */
static void print_events(const struct smi *smi)
{
	if (smi->first)
		print_heading("DEV NUMBER  TIME                     EVENT         WHERE");
	if (smi->first && !smi_event_any(smi))
		printf("    no event since the driver took the device\n");
	smi_event_print(smi);
}

static void print_checks(const struct smi_device *d, const struct smi_check checks[],
			 unsigned int count, enum smi_result worst)
{
	print_device_heading(d);
	for (unsigned int i = 0; i < count; i++) {
		printf("  %s  %-13s  ", smi_result_name(checks[i].result), checks[i].name);
		smi_print_wrapped(checks[i].detail, 23);
	}
	printf("  %s\n", smi_result_name(worst));
}

static void print_health(const struct smi_device *d, const struct smi_processes *processes)
{
	struct smi_check checks[SMI_NUM_CHECKS];
	enum smi_result worst = smi_health(d, processes, checks);

	print_checks(d, checks, SMI_NUM_CHECKS, worst);
}

/* Of a chip in this process there is nothing to tell. */
static void print_sensors(const struct smi_device *d)
{
	struct smi_sensors s;

	smi_sensors_read("/sys", smi_bdf(d), &s);
	if (s.temp_mc >= 0)
		printf("  temperature     %10.1f of %.0f C\n", (double)s.temp_mc / 1000,
		       (double)s.temp_crit_mc / 1000);
	if (s.power_uw >= 0)
		printf("  power           %10.1f of %.1f W\n", (double)s.power_uw / 1e6,
		       (double)s.power_max_uw / 1e6);
}

static void print_metric(const struct smi_device *d)
{
	const struct accel_device_info *info = &d->info;

	print_device_heading(d);
	printf("  device memory   %10llu of %llu MiB used\n", mib(info->vram_used),
	       mib(info->vram_size));
	printf("  system memory   %10llu MiB used\n", mib(info->system_used));
	print_purposes(info->purpose_bytes, 18);
	printf("  hardware queues %10u of %u free\n", info->free_slots, info->num_slots);
	print_sensors(d);
	printf("  faults          %10" PRIu64 "\n", info->faults);
	printf("  queue resets    %10" PRIu64 "\n", info->resets);
	printf("  device resets   %10" PRIu64 "\n", info->device_resets);
	printf("  memory errors   %10" PRIu64 " corrected, %" PRIu64 " not\n", info->ecc_corrected,
	       info->ecc_uncorrected);
	printf("  %-8s %8s %16s %20s\n", "engine", "in use", "busy, wall s",
	       "busy, modelled cycles");
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		printf("  %-8s %7.1f%% %16.3f %21" PRIu64 "\n", smi_engine_names[e], d->percent[e],
		       (double)info->busy_ns[e] / 1e9, info->busy_cycles[e]);
}

/* What a verb says of one device in a paragraph. */
static void print_paragraph(const struct smi *smi, const struct smi_device *d, enum smi_verb verb)
{
	if (verb == SMI_STATIC)
		print_static(d);
	else if (verb == SMI_HEALTH)
		print_health(d, &smi->processes);
	else if (verb == SMI_DIAG)
		print_checks(d, d->diags, SMI_NUM_DIAGS, smi_diag_worst(d));
	else
		print_metric(d);
}

void smi_print_text(const struct smi *smi, enum smi_verb verb)
{
	switch (verb) {
	case SMI_LIST: print_list(smi); break;
	case SMI_PROCESS: print_processes(smi, true); break;
	case SMI_EVENT: print_events(smi); break;
	case SMI_TOPO: smi_topo_print(smi); break;
	case SMI_STATIC:
	case SMI_METRIC:
	case SMI_HEALTH:
	case SMI_DIAG:
		for (unsigned int i = 0; i < smi->num_devices; i++)
			print_paragraph(smi, &smi->devices[i], verb);
		break;
	default:
		print_devices(smi);
		printf("\n");
		print_processes(smi, false);
		break;
	}
	fflush(stdout);
}
