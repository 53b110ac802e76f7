// SPDX-License-Identifier: MIT
/*
 * Description: fdinfo says what a client uses as the kernel's gpu/drm-usage-stats.rst wants it, key by
 * key, and the device the same of all clients together.
 */
#include "abi.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_KEYS 96

struct key {
	char name[64], value[64];
};

struct fdinfo {
	struct key keys[MAX_KEYS];
	unsigned int count;
};

/* "One key value pair per one line", "colon must be used to delimit". */
static void read_fdinfo(int fd, struct fdinfo *info)
{
	char path[64], line[256];
	FILE *file;

	info->count = 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		struct key *key = &info->keys[info->count++];

		assert_true(info->count < MAX_KEYS);
		assert_int_equal(sscanf(line, "%63[^:]:%*[ \t]%63[^\n]", key->name, key->value), 2);
	}
	fclose(file);
}

static const char *find(const struct fdinfo *info, const char *name)
{
	for (unsigned int i = 0; i < info->count; i++)
		if (!strcmp(info->keys[i].name, name))
			return info->keys[i].value;
	return NULL;
}

static const char *value_of(const struct fdinfo *info, const char *prefix, const char *name)
{
	const char *value;
	char key[64];

	snprintf(key, sizeof(key), "%s%s", prefix, name);
	value = find(info, key);
	if (!value)
		fail_msg("no %s in fdinfo", key);
	return value;
}

/* A number whose unit is one of those, separated by '|'; the unit's place in that list goes to *unit. */
static unsigned long long number(const char *value, const char *units, unsigned int *unit)
{
	char list[64], *name, *rest = list, *end;
	unsigned long long n = strtoull(value, &end, 10);

	assert_true(isdigit((unsigned char)value[0]));
	snprintf(list, sizeof(list), "%s", units);
	for (*unit = 0; (name = strsep(&rest, "|")); ++*unit)
		if (*name ? *end == ' ' && !strcmp(end + 1, name) : !*end)
			return n;
	fail_msg("expected a number with a unit of '%s', found '%s'", units, value);
	return 0;
}

static unsigned long long bytes(const char *value)
{
	unsigned int unit;
	unsigned long long n = number(value, "|KiB|MiB", &unit);

	return n << 10 * unit;
}

/* Every key: known, unique, without white space, with the prefix and the type that it must have. */
static void keys_are_well_formed(void **state)
{
	static const char *const types[][2] = {
		{"drm-engine-capacity-", ""},
		{"drm-engine-", "ns"},
		{"drm-cycles-", ""},
		{"drm-maxfreq-", "Hz"},
		{"drm-total-", "|KiB|MiB"},
		{"drm-shared-", "|KiB|MiB"},
		{"drm-active-", "|KiB|MiB"},
		{"drm-resident-", "|KiB|MiB"},
		{"drm-purgeable-", "|KiB|MiB"},
		{"drm-client-id", ""},
		{"axon-memory-", "KiB"},
	};
	const struct abi *abi = *state;
	struct fdinfo *info = test_malloc(sizeof(*info));

	read_fdinfo(abi->fd, info);
	for (unsigned int i = 0; i < info->count; i++) {
		const struct key *key = &info->keys[i];
		unsigned int t = 0, unit;

		for (const char *c = key->name; *c; c++)
			assert_true(isgraph((unsigned char)*c));
		assert_string_equal(find(info, key->name), key->value);
		if (strncmp(key->name, "drm-", 4) && strncmp(key->name, "axon-", 5))
			continue; /* the file's own: pos, flags, mnt_id, ino */
		if (!strcmp(key->name, "drm-driver") || !strcmp(key->name, "drm-pdev"))
			continue;
		while (t < sizeof(types) / sizeof(*types) &&
		       strncmp(key->name, types[t][0], strlen(types[t][0])))
			t++;
		if (t == sizeof(types) / sizeof(*types))
			fail_msg("%s is no key of the document's", key->name);
		number(key->value, types[t][1], &unit);
	}
	test_free(info);
}

static void client_is_identified(void **state)
{
	const struct abi *abi = *state;
	struct fdinfo *mine = test_malloc(sizeof(*mine)), *other = test_malloc(sizeof(*other));
	unsigned int domain, bus, device, function;
	int end = 0, fd = abi_open(), copy = dup(abi->fd);

	read_fdinfo(abi->fd, mine);
	read_fdinfo(fd, other);
	assert_string_equal(value_of(mine, "drm-", "driver"), "axon");
	sscanf(value_of(mine, "drm-", "pdev"), "%4x:%2x:%2x.%1x%n", &domain, &bus, &device,
	       &function, &end);
	assert_int_equal(end, strlen("0000:00:00.0"));
	assert_string_not_equal(value_of(mine, "drm-", "client-id"),
				value_of(other, "drm-", "client-id"));
	/* A duplicate is the same client, so that it is not counted twice. */
	read_fdinfo(copy, other);
	assert_string_equal(value_of(mine, "drm-", "client-id"),
			    value_of(other, "drm-", "client-id"));
	close(fd);
	close(copy);
	test_free(mine);
	test_free(other);
}

/* Every engine has time, cycles and the rate of those; a group of many has its capacity, not 0. */
static void engines_are_complete(void **state)
{
	static const char *const names[AXON_NUM_ENGINES] = {"dma", "matrix", "vector", "hart",
							    "copy"};
	const struct abi *abi = *state;
	struct fdinfo *info = test_malloc(sizeof(*info));
	struct drm_axon_query_device device;
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};
	unsigned int unit;

	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	read_fdinfo(abi->fd, info);
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++) {
		char capacity[64];

		number(value_of(info, "drm-engine-", names[e]), "ns", &unit);
		number(value_of(info, "drm-cycles-", names[e]), "", &unit);
		assert_int_equal(number(value_of(info, "drm-maxfreq-", names[e]), "Hz", &unit),
				 device.clock_hz);
		snprintf(capacity, sizeof(capacity), "drm-engine-capacity-%s", names[e]);
		if (e == AXON_ENGINE_COPY)
			assert_null(find(info, capacity));
		else
			assert_int_equal(number(find(info, capacity), "", &unit), device.num_cores);
	}
	test_free(info);
}

/* A FILL is 100 + bytes / 32 cycles of the copy engine by docs/hardware.md, and the client keeps them. */
static void cycles_are_the_modelled_ones(void **state)
{
	const struct abi *abi = *state;
	struct fdinfo *info = test_malloc(sizeof(*info));
	const uint64_t size = 1 << 20;
	struct drm_axon_queue_destroy destroy = {.queue_id = abi_queue(abi->fd, abi->vm)};
	uint32_t bo = abi_bo(abi->fd, size, DRM_AXON_BO_VRAM);
	unsigned long long before, during;
	struct abi_stream stream;
	struct axon_packet *packet;
	unsigned int unit;

	read_fdinfo(abi->fd, info);
	before = number(value_of(info, "drm-cycles-", "copy"), "", &unit);
	assert_int_equal(abi_bind_bo(abi->fd, abi->vm, bo, TEST_VA, size), 0);
	abi_stream(&stream, abi->fd, abi->vm, TEST_VA + HUGE);
	packet = abi_packet(&stream, AXON_PKT_FILL);
	packet->fill.dst = TEST_VA;
	packet->fill.bytes = size;
	assert_int_equal(abi_run(&stream, abi->fd, destroy.queue_id), 0);
	read_fdinfo(abi->fd, info);
	during = number(value_of(info, "drm-cycles-", "copy"), "", &unit);
	assert_int_equal(during - before, 100 + size / 32);
	assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_QUEUE_DESTROY, &destroy), 0);
	read_fdinfo(abi->fd, info);
	assert_int_equal(number(value_of(info, "drm-cycles-", "copy"), "", &unit), during);
	abi_unbind(abi->fd, abi->vm, TEST_VA, 2 * HUGE);
	abi_close_bo(abi->fd, bo);
	abi_close_bo(abi->fd, stream.bo);
	test_free(info);
}

struct memory {
	unsigned long long total, shared, resident;
};

static struct memory memory_of(int fd, const char *region)
{
	struct fdinfo *info = test_malloc(sizeof(*info));
	struct memory m;

	read_fdinfo(fd, info);
	m.total = bytes(value_of(info, "drm-total-", region));
	m.shared = bytes(value_of(info, "drm-shared-", region));
	m.resident = bytes(value_of(info, "drm-resident-", region));
	/* drm-memory- is the same as drm-total-, "and only one of the two should be present". */
	for (unsigned int i = 0; i < info->count; i++)
		assert_true(strncmp(info->keys[i].name, "drm-memory-", strlen("drm-memory-")));
	test_free(info);
	return m;
}

/* A buffer counts in one region, whole, and as long as it is there. */
static void memory_is_by_region(void **state)
{
	const struct abi *abi = *state;
	struct memory vram = memory_of(abi->fd, "vram"), system = memory_of(abi->fd, "system"), m;
	uint32_t in_vram = abi_bo(abi->fd, 3 << 20, DRM_AXON_BO_VRAM);
	uint32_t in_system = abi_bo(abi->fd, 5 << 12, DRM_AXON_BO_SYSTEM);

	m = memory_of(abi->fd, "vram");
	assert_int_equal(m.total - vram.total, 3 << 20);
	assert_int_equal(m.resident - vram.resident, 3 << 20);
	assert_int_equal(m.shared, vram.shared);
	assert_true(m.shared <= m.total);
	m = memory_of(abi->fd, "system");
	assert_int_equal(m.total - system.total, 5 << 12);
	assert_int_equal(m.shared, system.shared);
	abi_close_bo(abi->fd, in_vram);
	abi_close_bo(abi->fd, in_system);
	m = memory_of(abi->fd, "vram");
	assert_memory_equal(&m, &vram, sizeof(m));
	m = memory_of(abi->fd, "system");
	assert_memory_equal(&m, &system, sizeof(m));
}

static const char *const purposes[DRM_AXON_PURPOSE_COUNT] = {
	[DRM_AXON_PURPOSE_OTHER] = "other", [DRM_AXON_PURPOSE_WEIGHTS] = "weights",
	[DRM_AXON_PURPOSE_KV] = "kv",	    [DRM_AXON_PURPOSE_ACTIVATIONS] = "activations",
	[DRM_AXON_PURPOSE_CODE] = "code",   [DRM_AXON_PURPOSE_COMMANDS] = "commands",
};

static void read_purposes(int fd, unsigned long long client[], unsigned long long device[])
{
	struct fdinfo *info = test_malloc(sizeof(*info));
	struct drm_axon_query_purpose answer[DRM_AXON_PURPOSE_COUNT];
	struct drm_axon_query query = {
		.type = DRM_AXON_QUERY_PURPOSES,
		.size = sizeof(answer),
		.pointer = (uintptr_t)answer,
	};

	assert_int_equal(abi_ioctl(fd, DRM_IOCTL_AXON_QUERY, &query), 0);
	assert_int_equal(query.size, sizeof(answer));
	read_fdinfo(fd, info);
	for (unsigned int i = 0; i < DRM_AXON_PURPOSE_COUNT; i++) {
		assert_int_equal(answer[i].purpose, i);
		device[i] = answer[i].size;
		client[i] = bytes(value_of(info, "axon-memory-", purposes[i]));
	}
	test_free(info);
}

/* Every purpose, of the client and of the device; what they are is all memory of the client. */
static void memory_is_by_purpose(void **state)
{
	const struct abi *abi = *state;
	unsigned long long client[2][DRM_AXON_PURPOSE_COUNT], device[2][DRM_AXON_PURPOSE_COUNT];
	uint32_t handles[DRM_AXON_PURPOSE_COUNT];
	unsigned long long sum = 0;
	int other = abi_open();

	read_purposes(abi->fd, client[0], device[0]);
	for (unsigned int i = 0; i < DRM_AXON_PURPOSE_COUNT; i++) {
		struct drm_axon_bo_create create = {
			.size = (i + 1) * 8192,
			.flags = i % 2 ? DRM_AXON_BO_VRAM : DRM_AXON_BO_SYSTEM,
			.purpose = i,
		};

		assert_int_equal(abi_ioctl(abi->fd, DRM_IOCTL_AXON_BO_CREATE, &create), 0);
		handles[i] = create.handle;
	}
	read_purposes(abi->fd, client[1], device[1]);
	for (unsigned int i = 0; i < DRM_AXON_PURPOSE_COUNT; i++) {
		assert_int_equal(client[1][i] - client[0][i], (i + 1) * 8192);
		assert_int_equal(device[1][i] - device[0][i], (i + 1) * 8192);
		sum += client[1][i];
	}
	assert_int_equal(sum,
			 memory_of(abi->fd, "vram").total + memory_of(abi->fd, "system").total);

	/* Another client has none of it, and the device still all. */
	read_purposes(other, client[1], device[1]);
	for (unsigned int i = 0; i < DRM_AXON_PURPOSE_COUNT; i++) {
		assert_int_equal(client[1][i], 0);
		assert_int_equal(device[1][i] - device[0][i], (i + 1) * 8192);
		abi_close_bo(abi->fd, handles[i]);
	}
	read_purposes(abi->fd, client[1], device[1]);
	assert_memory_equal(client[1], client[0], sizeof(client[0]));
	assert_memory_equal(device[1], device[0], sizeof(device[0]));
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_well_formed),
		cmocka_unit_test(client_is_identified),
		cmocka_unit_test(engines_are_complete),
		cmocka_unit_test(cycles_are_the_modelled_ones),
		cmocka_unit_test(memory_is_by_region),
		cmocka_unit_test(memory_is_by_purpose),
	};

	return cmocka_run_group_tests(tests, abi_setup, abi_teardown);
}
