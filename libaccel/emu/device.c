// SPDX-License-Identifier: MIT
/*
 * Powering a chip on and off, and the events that pass between its workers, the driver's thread
 * and whoever waits. Sized by AXON_EMU_VRAM (bytes, or with K, M, G) and AXON_EMU_CORES.
 */
#include "emu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define DEFAULT_VRAM  (1ull << 30)
#define DEFAULT_CORES 4

/* ---- handles ---- */

int table_add(struct table *table, void *item, uint32_t *handle)
{
	unsigned int at = 0;

	while (at < table->capacity && table->items[at])
		at++;
	if (at == table->capacity) {
		unsigned int capacity = table->capacity ? 2 * table->capacity : 16;
		void **grown = realloc(table->items, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		memset(grown + table->capacity, 0, (capacity - table->capacity) * sizeof(*grown));
		table->items = grown;
		table->capacity = capacity;
	}
	table->items[at] = item;
	*handle = at + 1;
	return 0;
}

void *table_get(const struct table *table, uint32_t handle)
{
	return handle - 1 < table->capacity ? table->items[handle - 1] : NULL;
}

void table_remove(struct table *table, uint32_t handle)
{
	table->items[handle - 1] = NULL;
}

/* ---- registers ---- */

uint32_t emu_read(struct backend *b, uint64_t reg)
{
	return axon_core_read(b->core, reg, 4);
}

static uint64_t read64(struct backend *b, uint64_t reg)
{
	return axon_core_read(b->core, reg, 8);
}

void emu_write(struct backend *b, uint64_t reg, uint32_t value)
{
	axon_core_write(b->core, reg, value, 4);
}

void emu_write64(struct backend *b, uint64_t reg, uint64_t value)
{
	axon_core_write(b->core, reg, value, 8);
}

/* ---- events ---- */

void emu_event(struct backend *b)
{
	pthread_mutex_lock(&b->event_lock);
	b->events++;
	pthread_cond_broadcast(&b->event_cond);
	pthread_mutex_unlock(&b->event_lock);
}

uint64_t emu_events(struct backend *b)
{
	uint64_t events;

	pthread_mutex_lock(&b->event_lock);
	events = b->events;
	pthread_mutex_unlock(&b->event_lock);
	return events;
}

bool emu_sleep(struct backend *b, uint64_t seen, int64_t deadline_ns)
{
	struct timespec until = {
		.tv_sec = deadline_ns / 1000000000,
		.tv_nsec = deadline_ns % 1000000000,
	};
	int ret = 0;

	pthread_mutex_lock(&b->event_lock);
	while (b->events == seen && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&b->event_cond, &b->event_lock, &until);
	pthread_mutex_unlock(&b->event_lock);
	return ret != ETIMEDOUT;
}

static void *driver_thread(void *opaque)
{
	struct backend *b = opaque;

	while (!atomic_load(&b->stop)) {
		uint64_t seen = emu_events(b);

		pthread_mutex_lock(&b->lock);
		emu_process(b);
		pthread_mutex_unlock(&b->lock);
		/* stop is set before its event, so either is seen. */
		if (!atomic_load(&b->stop))
			emu_sleep(b, seen, INT64_MAX);
	}
	return NULL;
}

/* ---- what the chip asks of its host ---- */

static uint8_t *resolve(void *opaque, uint64_t addr, uint64_t *len, bool write)
{
	struct backend *b = opaque;

	(void)write;
	if (addr >= EMU_SYS_BYTES)
		return NULL;
	if (*len > EMU_SYS_BYTES - addr)
		*len = EMU_SYS_BYTES - addr;
	return b->sys + addr;
}

static void interrupt(void *opaque, unsigned int vector)
{
	(void)vector;
	emu_event(opaque);
}

static const struct axon_core_host host = {
	.resolve = resolve,
	.interrupt = interrupt,
};

/* ---- power ---- */

static int parse_size(const char *name, uint64_t fallback, uint64_t *value)
{
	const char *text = getenv(name), *unit;
	static const char units[] = "KMG";
	char *end;

	*value = fallback;
	if (!text)
		return 0;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return -EINVAL;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		unsigned int shift = 10 * (unit - units + 1);

		if (*value > UINT64_MAX >> shift)
			return -EINVAL;
		*value <<= shift;
		end++;
	}
	return *end ? -EINVAL : 0;
}

static uint8_t *map_memory(uint64_t bytes)
{
	void *ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (ptr == MAP_FAILED)
		return NULL;
	madvise(ptr, bytes, MADV_HUGEPAGE);
	return ptr;
}

static int map_memories(struct backend *b)
{
	int ret;

	b->vram = map_memory(b->vram_bytes);
	b->sys = map_memory(EMU_SYS_BYTES);
	if (!b->vram || !b->sys)
		return -ENOMEM;
	ret = ranges_init(&b->vram_free, 0, b->vram_bytes);
	if (!ret) /* bus address 0 stays free: nothing should ever be found there */
		ret = ranges_init(&b->sys_free, 1ull << AXON_PAGE_SHIFT, EMU_SYS_BYTES);
	return ret;
}

static int create_chip(struct backend *b, uint64_t cores)
{
	struct axon_core_config config = {
		.cores = cores,
		.vram = b->vram,
		.vram_size = b->vram_bytes,
		.uuid = "axon in-process",
	};
	const char *error;

	if (cores > AXON_MAX_CORES)
		return -EINVAL;
	b->core = axon_core_new(&config, &host, b, &error);
	return b->core ? 0 : -EINVAL;
}

static uint64_t area_bytes(void)
{
	return (sizeof(struct kernel_area) + 4095) & ~4095ull;
}

/* The driver's own address space, the fault ring, and go. */
static int bring_up(struct backend *b)
{
	int ret = emu_sys_alloc(b, area_bytes(), &b->area_bus);

	if (ret < 0)
		return ret;
	b->area = (struct kernel_area *)(b->sys + b->area_bus);
	ret = emu_vm_init(b, 0);
	if (!ret)
		ret = emu_map(b, 0, EMU_KERNEL_VA, b->area_bus, area_bytes(),
			      AXON_PTE_V | AXON_PTE_W | AXON_PTE_LEAF | AXON_PTE_SYS);
	if (ret < 0)
		return ret;
	emu_write64(b, AXON_PAGE_FAULT + AXON_REG_FAULT_BASE,
		    b->area_bus + offsetof(struct kernel_area, faults));
	emu_write(b, AXON_PAGE_FAULT + AXON_REG_FAULT_LOG2, EMU_FAULT_LOG2);
	emu_write(b, AXON_PAGE_GLOBAL + AXON_REG_CTRL, AXON_CTRL_ENABLE);
	return 0;
}

static void init_locks(struct backend *b)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&b->lock, NULL);
	pthread_mutex_init(&b->event_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->event_cond, &attr);
	pthread_condattr_destroy(&attr);
}

static void stop_thread(struct backend *b)
{
	atomic_store(&b->stop, true);
	emu_event(b);
	pthread_join(b->thread, NULL);
}

/* As after a process's end: what the program did not free itself goes now. */
static void free_objects(struct backend *b)
{
	for (unsigned int i = 0; i < AXON_NUM_SLOTS; i++)
		if (b->queues[i])
			emu_queue_free(b, b->queues[i]);
	emu_eventfds_free(b);
	for (unsigned int i = 0; i < AXON_NUM_AS; i++)
		if (b->vms[i].root)
			emu_vm_fini(b, i);
	for (unsigned int i = 0; i < b->bos.capacity; i++)
		if (b->bos.items[i])
			emu_bo_unref(b, b->bos.items[i]);
	for (unsigned int i = 0; i < b->syncs.capacity; i++)
		if (b->syncs.items[i])
			emu_sync_unref(b->syncs.items[i]);
}

void backend_close(struct backend *b)
{
	if (b->thread_runs)
		stop_thread(b);
	if (b->core) {
		free_objects(b);
		axon_core_free(b->core);
	}
	ranges_fini(&b->vram_free);
	ranges_fini(&b->sys_free);
	if (b->vram)
		munmap(b->vram, b->vram_bytes);
	if (b->sys)
		munmap(b->sys, EMU_SYS_BYTES);
	free(b->bos.items);
	free(b->syncs.items);
	pthread_cond_destroy(&b->event_cond);
	pthread_mutex_destroy(&b->event_lock);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

int backend_open(const struct backend_node *node, struct backend **out)
{
	struct backend *b = calloc(1, sizeof(*b));
	uint64_t cores;
	int ret;

	(void)node;
	if (!b)
		return -ENOMEM;
	init_locks(b);
	ret = parse_size("AXON_EMU_VRAM", DEFAULT_VRAM, &b->vram_bytes);
	if (!ret)
		ret = parse_size("AXON_EMU_CORES", DEFAULT_CORES, &cores);
	if (!ret)
		ret = map_memories(b);
	if (!ret)
		ret = create_chip(b, cores);
	if (!ret)
		ret = bring_up(b);
	if (!ret)
		ret = -pthread_create(&b->thread, NULL, driver_thread, b);
	if (ret < 0) {
		backend_close(b);
		return ret;
	}
	b->thread_runs = true;
	*out = b;
	return 0;
}

int backend_enumerate(struct backend_node nodes[BACKEND_MAX_NODES])
{
	nodes[0] = (struct backend_node){.bdf = "emulator"};
	return 1;
}

int backend_fd(struct backend *b)
{
	(void)b;
	return -1;
}

static unsigned int free_slots(const struct backend *b)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < AXON_NUM_SLOTS; i++)
		n += !b->queues[i];
	return n;
}

int backend_query_device(struct backend *b, struct drm_axon_query_device *device)
{
	pthread_mutex_lock(&b->lock);
	*device = (struct drm_axon_query_device){
		.hw_version = emu_read(b, AXON_REG_HW_VERSION),
		.num_cores = emu_read(b, AXON_REG_NUM_CORES),
		.sram_size = emu_read(b, AXON_REG_SRAM_SIZE),
		.clock_hz = emu_read(b, AXON_REG_CLOCK_HZ),
		.features = read64(b, AXON_REG_FEATURES),
		.vram_size = read64(b, AXON_REG_VRAM_SIZE),
		.va_start = EMU_VA_START,
		.va_end = EMU_VA_END,
		.num_slots = AXON_NUM_SLOTS,
		.free_slots = free_slots(b),
		.faults = b->num_faults,
		.resets = b->num_resets,
	};
	for (unsigned int i = 0; i < sizeof(device->uuid); i += 4) {
		uint32_t word = emu_read(b, AXON_REG_UUID + i);

		memcpy(device->uuid + i, &word, sizeof(word));
	}
	pthread_mutex_unlock(&b->lock);
	return 0;
}

int backend_query_use(struct backend *b, struct accel_device_info *info)
{
	pthread_mutex_lock(&b->lock);
	info->vram_used = b->vram_free.used;
	info->system_used = b->bo_system_bytes;
	memcpy(info->purpose_bytes, b->purpose_bytes, sizeof(info->purpose_bytes));
	info->timestamp_ns = read64(b, AXON_REG_TIMESTAMP);
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++) {
		info->busy_cycles[e] = read64(b, AXON_PAGE_PERF + AXON_REG_PERF_CYCLES(e));
		info->busy_ns[e] = read64(b, AXON_PAGE_PERF + AXON_REG_PERF_NS(e));
	}
	pthread_mutex_unlock(&b->lock);
	return 0;
}
