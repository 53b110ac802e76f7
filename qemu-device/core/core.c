// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "core.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring.h"
#include "save.h"
#include "worker.h"

#define VRAM_MIN (16ull << 20)
#define SRAM_MIN (256u << 10)
#define SRAM_MAX (256u << 20)

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t core_now(struct axon_core *core)
{
	return monotonic_ns() - core->power_on;
}

void core_interrupt(struct axon_core *core, unsigned int vector)
{
	uint32_t bit = 1u << vector;

	atomic_fetch_or(&core->irq_status, bit);
	if (!(atomic_load(&core->irq_mask) & bit) && !inject_loses_interrupt(core, vector))
		core->host.interrupt(core->opaque, vector);
}

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* Returns NULL, or what is wrong. */
static const char *check_config(const struct axon_core_config *config,
				const struct axon_core_host *host)
{
	if (config->cores < 1 || config->cores > AXON_MAX_CORES)
		return "cores must be 1 to 64";
	if (config->threads > CORE_MAX_WORKERS)
		return "threads must be 0 (one for each physical core) to 256";
	if (config->sram_size && (!is_power_of_two(config->sram_size) ||
				  config->sram_size < SRAM_MIN || config->sram_size > SRAM_MAX))
		return "SRAM must be a power of two from 256 KiB to 256 MiB";
	if (!is_power_of_two(config->vram_size) || config->vram_size < VRAM_MIN)
		return "device memory must be a power of two and at least 16 MiB";
	if (!config->vram || (uintptr_t)config->vram & (MMU_PAGE_SIZE - 1))
		return "device memory must be given, page-aligned";
	if (!host->resolve || !host->interrupt)
		return "the host must offer resolve and interrupt";
	return NULL;
}

static void init_registers(struct axon_core *core)
{
	atomic_store(&core->ctrl, 0);
	atomic_store(&core->irq_status, 0);
	atomic_store(&core->irq_mask, 0);
	core->inv_start = 0;
	core->inv_end = 0;
	memset(core->db_value, 0, sizeof(core->db_value));
	memset(core->db_rung, 0, sizeof(core->db_rung));
	for (unsigned int n = 0; n < AXON_NUM_AS; n++) {
		atomic_store(&core->as[n].root, 0);
		atomic_fetch_add(&core->as[n].generation, 1);
		atomic_fetch_add(&core->as[n].owner, 1);
	}
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++) {
		atomic_store(&core->perf_cycles[e], 0);
		atomic_store(&core->perf_ns[e], 0);
	}
	atomic_store(&core->fault_base, 0);
	atomic_store(&core->fault_log2, 0);
	atomic_store(&core->fault_head, 0);
	atomic_store(&core->fault_tail, 0);
	atomic_store(&core->fault_lost, 0);
	inject_reset(core);

	for (unsigned int s = 0; s < AXON_NUM_SLOTS; s++) {
		struct slot *slot = &core->slot[s];

		slot->ring = 0;
		for (unsigned int i = 0; core->worker && i < core->num_workers; i++)
			atomic_store(&core->worker[i].progress[s], 0);
		slot->log2 = slot->as = slot->doorbell = 0;
		slot->save = 0;
		slot->user = slot->listens = slot->off = false;
		atomic_store(&slot->priority, 0);
		atomic_store(&slot->wall_ms, 0);
		atomic_store(&slot->hang, 0);
		atomic_store(&slot->limit, 0);
		atomic_store(&slot->counters, 0);
		slot_clear(core, slot);
	}
	atomic_store(&core->level[0], (1u << AXON_NUM_SLOTS) - 1);
	for (unsigned int p = 1; p < 4; p++)
		atomic_store(&core->level[p], 0);
	atomic_store(&core->ready, 0);
	atomic_store(&core->waiting, 0);
}

static void init_sync(struct axon_core *core)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&core->lock, NULL);
	pthread_mutex_init(&core->fault_lock, NULL);
	pthread_mutex_init(&core->log_lock, NULL);
	sensor_init(&core->sensor);
	pthread_cond_init(&core->work, NULL);
	pthread_cond_init(&core->rested, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&core->ticked, &monotonic);
	pthread_condattr_destroy(&monotonic);
	for (unsigned int s = 0; s < AXON_NUM_SLOTS; s++) {
		core->slot[s].index = s;
		pthread_mutex_init(&core->slot[s].shelf.lock, NULL);
		for (unsigned int i = 0; i < SLOT_JOBS; i++) {
			core->slot[s].job[i].slot = &core->slot[s];
			pthread_mutex_init(&core->slot[s].job[i].lock, NULL);
		}
	}
}

struct axon_core *axon_core_new(const struct axon_core_config *config,
				const struct axon_core_host *host, void *opaque, const char **error)
{
	struct axon_core *core;

	*error = check_config(config, host);
	if (*error)
		return NULL;
	*error = "the host refused memory or threads";
	core = calloc(1, sizeof(*core));
	if (!core)
		return NULL;
	core->host = *host;
	core->opaque = opaque;
	core->vram = config->vram;
	core->vram_size = config->vram_size;
	core->sram_size = config->sram_size ? config->sram_size : AXON_SRAM_DEFAULT;
	core->cores = config->cores;
	core->num_workers = config->threads ? config->threads : worker_default_count();
	if (core->num_workers > CORE_MAX_WORKERS)
		core->num_workers = CORE_MAX_WORKERS;
	if (core->num_workers > save_max_workers(core))
		core->num_workers = save_max_workers(core);
	memcpy(core->uuid, config->uuid, sizeof(core->uuid));
	core->inject.offered = config->inject;
	core->power_on = monotonic_ns();
	init_sync(core);
	init_registers(core);
	if (!worker_start_all(core)) {
		axon_core_free(core);
		return NULL;
	}
	*error = NULL;
	return core;
}

/* Stop every slot and wait until no worker is inside anything; they stay parked. */
static void stop_all(struct axon_core *core)
{
	atomic_fetch_add(&core->parks, 1);
	for (unsigned int s = 0; s < AXON_NUM_SLOTS; s++) {
		atomic_store(&core->slot[s].stop, SLOT_STOP_RESET);
		slot_close_jobs(core, &core->slot[s]);
	}
	worker_wait_rested(core, true);
}

void axon_core_free(struct axon_core *core)
{
	if (!core)
		return;
	stop_all(core);
	worker_stop_all(core);
	for (unsigned int s = 0; s < AXON_NUM_SLOTS; s++) {
		pthread_mutex_destroy(&core->slot[s].shelf.lock);
		for (unsigned int i = 0; i < SLOT_JOBS; i++)
			pthread_mutex_destroy(&core->slot[s].job[i].lock);
	}
	pthread_cond_destroy(&core->ticked);
	pthread_cond_destroy(&core->rested);
	pthread_cond_destroy(&core->work);
	pthread_mutex_destroy(&core->log_lock);
	sensor_fini(&core->sensor);
	pthread_mutex_destroy(&core->fault_lock);
	pthread_mutex_destroy(&core->lock);
	free(core);
}

void core_reset(struct axon_core *core)
{
	stop_all(core);
	init_registers(core);
	axon_core_resume(core);
}

void axon_core_reset(struct axon_core *core)
{
	core_reset(core);
	inject_flr(core);
}

void axon_core_quiesce(struct axon_core *core)
{
	atomic_fetch_add(&core->parks, 1);
	worker_wait_rested(core, false);
}

void axon_core_resume(struct axon_core *core)
{
	if (atomic_fetch_sub(&core->parks, 1) != 1)
		return;
	pthread_mutex_lock(&core->lock);
	pthread_cond_broadcast(&core->work);
	pthread_cond_signal(&core->ticked);
	pthread_mutex_unlock(&core->lock);
}

void axon_core_invalidate_bus(struct axon_core *core, uint64_t addr, uint64_t len)
{
	(void)addr;
	(void)len;
	axon_core_quiesce(core);
	atomic_fetch_add(&core->bus_generation, 1);
	axon_core_resume(core);
}
