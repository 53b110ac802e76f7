// SPDX-License-Identifier: MIT
/*
 * BAR0. A 64-bit register is read and written through reg64_*(), whichever half is accessed; all
 * others are 32-bit words.
 */
#include <string.h>

#include "core.h"
#include "ring.h"
#include "save.h"
#include "sensor.h"
#include "suspend.h"
#include "worker.h"

#define PAGE_MASK      0xfffu
#define FAULT_LOG2_MAX 12

static const uint64_t full_mask = UINT64_MAX;

static bool slot_of_page(struct axon_core *core, uint64_t page, struct slot **slot)
{
	if (page < AXON_PAGE_SLOT(0) || page >= AXON_PAGE_SLOT(AXON_NUM_SLOTS))
		return false;
	*slot = &core->slot[(page - AXON_PAGE_SLOT(0)) >> 12];
	return true;
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool global_read64(struct axon_core *core, uint32_t offset, uint64_t *value)
{
	switch (offset) {
	case AXON_REG_VRAM_SIZE: *value = core->vram_size; return true;
	case AXON_REG_FEATURES:
		*value = AXON_FEAT_USER_QUEUES | AXON_FEAT_SUSPEND |
			 (core->inject.offered ? AXON_FEAT_INJECT : 0);
		return true;
	case AXON_REG_TIMESTAMP: *value = core_now(core); return true;
	case AXON_REG_UUID:
	case AXON_REG_UUID + 8:
		memcpy(value, core->uuid + (offset - AXON_REG_UUID), sizeof(*value));
		return true;
	default: return false;
	}
}

static bool hart_read(struct slot *slot, uint32_t offset, uint64_t *value)
{
	if (offset < AXON_REG_SLOT_HART(0) || offset >= AXON_REG_SLOT_HART(32))
		return false;
	*value = atomic_load(&slot->state) == AXON_SLOT_FAULTED
			 ? slot->hart[(offset - AXON_REG_SLOT_HART(0)) / 8]
			 : 0;
	return true;
}

static bool slot_read64(struct slot *slot, uint32_t offset, uint64_t *value)
{
	switch (offset) {
	case AXON_REG_SLOT_RING: *value = slot->ring; return true;
	case AXON_REG_SLOT_HANG: *value = atomic_load(&slot->hang); return true;
	case AXON_REG_SLOT_LIMIT: *value = atomic_load(&slot->limit); return true;
	case AXON_REG_SLOT_COUNTERS: *value = atomic_load(&slot->counters); return true;
	case AXON_REG_SLOT_SAVE: *value = slot->save; return true;
	default: return hart_read(slot, offset, value);
	}
}

static const struct sensor_reading *sense(struct axon_core *core, struct sensor_reading *reading)
{
	uint64_t busy_ns[AXON_NUM_ENGINES];

	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		busy_ns[e] = atomic_load(&core->perf_ns[e]);
	sensor_read(&core->sensor, core->cores, core_now(core), busy_ns, reading);
	return reading;
}

/* offset: a multiple of 8. False when no 64-bit register is there. */
static bool reg64_read(struct axon_core *core, uint64_t page, uint32_t offset, uint64_t *value)
{
	struct sensor_reading reading;
	struct slot *slot;

	if (slot_of_page(core, page, &slot))
		return slot_read64(slot, offset, value);
	switch (page) {
	case AXON_PAGE_GLOBAL: return global_read64(core, offset, value);
	case AXON_PAGE_FAULT: *value = core->fault_base; return offset == AXON_REG_FAULT_BASE;
	case AXON_PAGE_MMU:
		*value = offset == AXON_REG_INV_START ? core->inv_start : core->inv_end;
		return offset == AXON_REG_INV_START || offset == AXON_REG_INV_END;
	case AXON_PAGE_AS:
		*value = offset & 8 ? 0 : atomic_load(&core->as[offset / 16].root);
		return true;
	case AXON_PAGE_PERF:
		if (offset >= AXON_NUM_ENGINES * 16)
			return false;
		*value = atomic_load(offset & 8 ? &core->perf_ns[offset / 16]
						: &core->perf_cycles[offset / 16]);
		return true;
	case AXON_PAGE_SENSOR:
		if (offset != AXON_REG_SENSOR_ENERGY)
			return false;
		*value = sense(core, &reading)->energy_uj;
		return true;
	default: return inject_read64(core, page, offset, value);
	}
}

static uint32_t global_read(struct axon_core *core, uint32_t offset)
{
	switch (offset) {
	case AXON_REG_ID: return AXON_ID_VALUE;
	case AXON_REG_HW_VERSION: return AXON_HW_VERSION_MAJOR << 16 | AXON_HW_VERSION_MINOR;
	case AXON_REG_NUM_CORES: return core->cores;
	case AXON_REG_SRAM_SIZE: return core->sram_size;
	case AXON_REG_NUM_SLOTS: return AXON_NUM_SLOTS;
	case AXON_REG_NUM_DOORBELLS: return AXON_NUM_DOORBELLS;
	case AXON_REG_NUM_AS: return AXON_NUM_AS;
	case AXON_REG_CLOCK_HZ: return AXON_CLOCK_HZ;
	case AXON_REG_CTRL: return atomic_load(&core->ctrl);
	case AXON_REG_STATUS: return core->inject.stuck ? AXON_STATUS_RESETTING : AXON_STATUS_READY;
	default: return 0;
	}
}

static uint32_t irq_read(struct axon_core *core, uint32_t offset)
{
	switch (offset) {
	case AXON_REG_IRQ_STATUS: return atomic_load(&core->irq_status);
	case AXON_REG_IRQ_MASK: return atomic_load(&core->irq_mask);
	default: return 0;
	}
}

static uint32_t fault_read(struct axon_core *core, uint32_t offset)
{
	switch (offset) {
	case AXON_REG_FAULT_LOG2: return atomic_load(&core->fault_log2);
	case AXON_REG_FAULT_HEAD: return atomic_load(&core->fault_head);
	case AXON_REG_FAULT_TAIL: return atomic_load(&core->fault_tail);
	case AXON_REG_FAULT_LOST: return atomic_load(&core->fault_lost);
	default: return 0;
	}
}

static uint32_t sensor_reg(struct axon_core *core, uint32_t offset)
{
	struct sensor_reading reading;

	switch (offset) {
	case AXON_REG_SENSOR_TEMP:
		return inject_is_hot(core) ? SENSOR_TEMP_CRIT_MC : sense(core, &reading)->temp_mc;
	case AXON_REG_SENSOR_TEMP_CRIT: return SENSOR_TEMP_CRIT_MC;
	case AXON_REG_SENSOR_POWER: return sense(core, &reading)->power_mw;
	case AXON_REG_SENSOR_POWER_MAX: return sensor_power_max(core->cores);
	default: return 0;
	}
}

static uint32_t slot_read(struct axon_core *core, struct slot *slot, uint32_t offset)
{
	switch (offset) {
	case AXON_REG_SLOT_CTRL: return atomic_load(&slot->ctrl);
	case AXON_REG_SLOT_STATUS: return slot_state(core, slot);
	case AXON_REG_SLOT_LOG2: return slot->log2;
	case AXON_REG_SLOT_AS: return slot->as;
	case AXON_REG_SLOT_DOORBELL: return slot->doorbell;
	case AXON_REG_SLOT_PRIORITY: return atomic_load(&slot->priority);
	case AXON_REG_SLOT_RPTR: return atomic_load(&slot->rptr);
	case AXON_REG_SLOT_WPTR: return atomic_load(&slot->wptr);
	case AXON_REG_SLOT_WALL_MS: return atomic_load(&slot->wall_ms);
	case AXON_REG_SLOT_SAVE_SIZE: return (uint32_t)save_record(core, core->num_workers);
	case AXON_REG_SLOT_PROGRESS: return worker_progress(core, slot);
	default: return 0;
	}
}

static uint32_t doorbell_summary(struct axon_core *core)
{
	uint32_t summary = 0;

	for (unsigned int w = 0; w < AXON_NUM_DOORBELLS / 32; w++)
		summary |= (uint32_t)(core->db_rung[w] != 0) << w;
	return summary;
}

static uint32_t doorbell_status_read(struct axon_core *core, uint32_t offset)
{
	if (offset < sizeof(core->db_rung))
		return core->db_rung[offset / 4];
	return offset == AXON_REG_DB_SUMMARY ? doorbell_summary(core) : 0;
}

static uint32_t reg_read(struct axon_core *core, uint64_t page, uint32_t offset)
{
	struct slot *slot;
	uint64_t value;

	if (reg64_read(core, page, offset & ~7u, &value))
		return (uint32_t)(value >> 8 * (offset & 4));
	if (slot_of_page(core, page, &slot))
		return slot_read(core, slot, offset);
	switch (page) {
	case AXON_PAGE_GLOBAL: return global_read(core, offset);
	case AXON_PAGE_IRQ: return irq_read(core, offset);
	case AXON_PAGE_FAULT: return fault_read(core, offset);
	case AXON_PAGE_MMU: return offset == AXON_REG_INV_BUSY && !worker_all_invalidated(core);
	case AXON_PAGE_DB_VALUE: return core->db_value[offset / 4];
	case AXON_PAGE_DB_STATUS: return doorbell_status_read(core, offset);
	case AXON_PAGE_RAS:
	case AXON_PAGE_INJECT: return inject_read(core, page, offset);
	case AXON_PAGE_SENSOR: return sensor_reg(core, offset);
	default: return 0;
	}
}

static bool access_is_valid(uint64_t addr, unsigned int size)
{
	return (size == 4 || size == 8) && !(addr & (size - 1)) && addr <= AXON_BAR0_SIZE - size;
}

uint64_t axon_core_read(struct axon_core *core, uint64_t addr, unsigned int size)
{
	uint64_t page = addr & ~(uint64_t)PAGE_MASK;
	uint32_t offset = addr & PAGE_MASK;
	uint64_t value;

	if (!access_is_valid(addr, size))
		return 0;
	if (axon_core_is_cut_off(core))
		return full_mask >> 8 * (8 - size);
	if (size == 4)
		return reg_read(core, page, offset);
	if (reg64_read(core, page, offset, &value))
		return value;
	return reg_read(core, page, offset) | (uint64_t)reg_read(core, page, offset + 4) << 32;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* Registers that only change while nothing of the slot runs. */
static bool slot_is_fixed(struct axon_core *core, struct slot *slot)
{
	return slot_state(core, slot) != AXON_SLOT_DISABLED;
}

static bool slot_write64(struct axon_core *core, struct slot *slot, uint32_t offset, uint64_t value)
{
	switch (offset) {
	case AXON_REG_SLOT_RING:
		if (!slot_is_fixed(core, slot))
			slot->ring = value;
		return true;
	case AXON_REG_SLOT_HANG: atomic_store(&slot->hang, value); return true;
	case AXON_REG_SLOT_LIMIT: atomic_store(&slot->limit, value); return true;
	case AXON_REG_SLOT_COUNTERS: atomic_store(&slot->counters, value & ~7ull); return true;
	case AXON_REG_SLOT_SAVE:
		if (!slot_is_fixed(core, slot))
			slot->save = value & ~(uint64_t)(MMU_PAGE_SIZE - 1);
		return true;
	default: return false;
	}
}

static void as_write(struct axon_core *core, unsigned int as, uint64_t root)
{
	atomic_store(&core->as[as].root, root);
	atomic_fetch_add(&core->as[as].owner, 1);
}

static bool reg64_write(struct axon_core *core, uint64_t page, uint32_t offset, uint64_t value)
{
	struct slot *slot;

	if (slot_of_page(core, page, &slot))
		return slot_write64(core, slot, offset, value);
	switch (page) {
	case AXON_PAGE_FAULT:
		if (offset != AXON_REG_FAULT_BASE)
			return false;
		atomic_store(&core->fault_base, value & ~63ull);
		return true;
	case AXON_PAGE_MMU:
		if (offset == AXON_REG_INV_START)
			core->inv_start = value;
		else if (offset == AXON_REG_INV_END)
			core->inv_end = value;
		else
			return false;
		return true;
	case AXON_PAGE_AS:
		if (!(offset & 8))
			as_write(core, offset / 16, value);
		return true;
	case AXON_PAGE_INJECT:
		if (offset != AXON_REG_INJECT_VALUE)
			return false;
		core->inject.reg_value = value;
		return true;
	default: return false;
	}
}

static void irq_write(struct axon_core *core, uint32_t offset, uint32_t value)
{
	uint32_t pending;

	switch (offset) {
	case AXON_REG_IRQ_STATUS: atomic_fetch_and(&core->irq_status, ~value); break;
	case AXON_REG_IRQ_MASK:
		/* what came up while it was masked is raised now */
		pending = atomic_exchange(&core->irq_mask, value) & ~value;
		pending &= atomic_load(&core->irq_status);
		for (unsigned int v = 0; v < AXON_NUM_VECTORS; v++)
			if (pending >> v & 1)
				core->host.interrupt(core->opaque, v);
		break;
	default: break;
	}
}

static void fault_write(struct axon_core *core, uint32_t offset, uint32_t value)
{
	if (offset == AXON_REG_FAULT_LOG2 && value <= FAULT_LOG2_MAX)
		atomic_store(&core->fault_log2, value);
	else if (offset == AXON_REG_FAULT_TAIL)
		atomic_store(&core->fault_tail, value);
}

/* All of the address space goes: the range registers only promise to drop at least that much. */
static void invalidate(struct axon_core *core, uint32_t as)
{
	if (as < AXON_NUM_AS)
		worker_invalidate(core, as);
}

static void serve(struct axon_core *core, uint32_t slots)
{
	atomic_fetch_or(&core->ready, slots);
	worker_wake(core, core->num_workers);
}

static void ctrl_write(struct axon_core *core, uint32_t value)
{
	uint32_t slots = 0;

	if (value & AXON_CTRL_RESET) {
		core_reset(core);
		inject_ctrl_reset(core);
		return;
	}
	atomic_store(&core->ctrl, value & AXON_CTRL_ENABLE);
	for (unsigned int s = 0; s < AXON_NUM_SLOTS; s++)
		if (atomic_load(&core->slot[s].ctrl))
			slots |= 1u << s;
	if (value & AXON_CTRL_ENABLE)
		serve(core, slots);
}

static void slot_ctrl_write(struct axon_core *core, struct slot *slot, uint32_t value)
{
	enum axon_slot_state state = slot_state(core, slot);
	uint32_t user = value & AXON_SLOT_CTRL_USER;

	if (state == AXON_SLOT_SWITCHING)
		return;
	if (!(value & AXON_SLOT_CTRL_ENABLE)) {
		slot->listens = false;
		atomic_store(&slot->ctrl, user);
		if (state == AXON_SLOT_SUSPENDED)
			suspend_discard(slot);
		return;
	}
	if (state == AXON_SLOT_FAULTED || state == AXON_SLOT_RESETTING ||
	    state == AXON_SLOT_SUSPENDED)
		return;
	if (state == AXON_SLOT_DISABLED) {
		atomic_store(&slot->clock, 0);
		slot->user = user;
	}
	if (!slot->listens)
		slot_listen(core, slot);
	atomic_store(&slot->ctrl, AXON_SLOT_CTRL_ENABLE | (slot->user ? AXON_SLOT_CTRL_USER : 0));
	serve(core, slot_bit(slot));
}

static void priority_write(struct axon_core *core, struct slot *slot, uint32_t value)
{
	value = value < 3 ? value : 3;
	atomic_fetch_or(&core->level[value], slot_bit(slot));
	for (unsigned int p = 0; p < 4; p++)
		if (p != value)
			atomic_fetch_and(&core->level[p], ~slot_bit(slot));
	atomic_store(&slot->priority, value);
}

static void slot_write(struct axon_core *core, struct slot *slot, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case AXON_REG_SLOT_CTRL: slot_ctrl_write(core, slot, value); break;
	case AXON_REG_SLOT_LOG2:
		if (!slot_is_fixed(core, slot))
			slot->log2 = value;
		break;
	case AXON_REG_SLOT_AS:
		if (!slot_is_fixed(core, slot))
			slot->as = value;
		break;
	case AXON_REG_SLOT_DOORBELL:
		if (!slot_is_fixed(core, slot))
			slot->doorbell = value;
		break;
	case AXON_REG_SLOT_PRIORITY: priority_write(core, slot, value); break;
	case AXON_REG_SLOT_WALL_MS: atomic_store(&slot->wall_ms, value); break;
	case AXON_REG_SLOT_RESET:
		if (value == 1)
			slot_reset_begin(core, slot);
		break;
	case AXON_REG_SLOT_SUSPEND:
		if (value == 1)
			suspend_begin(core, slot);
		break;
	case AXON_REG_SLOT_RESUME:
		if (value == 1)
			resume_begin(core, slot);
		break;
	default: break;
	}
}

static void doorbell_write(struct axon_core *core, uint32_t doorbell, uint32_t value)
{
	uint32_t bit = 1u << doorbell % 32;

	core->db_value[doorbell] = value;
	for (unsigned int s = 0; s < AXON_NUM_SLOTS; s++) {
		struct slot *slot = &core->slot[s];

		if (slot->listens && slot->doorbell == doorbell) {
			atomic_store(&slot->wptr, value);
			serve(core, slot_bit(slot));
			return;
		}
	}
	if (core->db_rung[doorbell / 32] & bit)
		return;
	core->db_rung[doorbell / 32] |= bit;
	core_interrupt(core, AXON_VEC_DOORBELL);
}

static void reg_write(struct axon_core *core, uint64_t page, uint32_t offset, uint32_t value)
{
	struct slot *slot;
	uint64_t old;

	if (reg64_read(core, page, offset & ~7u, &old)) {
		uint64_t mask = offset & 4 ? full_mask << 32 : full_mask >> 32;

		reg64_write(core, page, offset & ~7u,
			    (old & ~mask) | ((uint64_t)value << 8 * (offset & 4)));
		return;
	}
	if (slot_of_page(core, page, &slot)) {
		slot_write(core, slot, offset, value);
		return;
	}
	if (page >= AXON_PAGE_DOORBELL(0)) {
		if (offset == AXON_REG_DOORBELL)
			doorbell_write(core, (uint32_t)((page - AXON_PAGE_DOORBELL(0)) >> 12),
				       value);
		return;
	}
	switch (page) {
	case AXON_PAGE_GLOBAL:
		if (offset == AXON_REG_CTRL)
			ctrl_write(core, value);
		break;
	case AXON_PAGE_IRQ: irq_write(core, offset, value); break;
	case AXON_PAGE_FAULT: fault_write(core, offset, value); break;
	case AXON_PAGE_MMU:
		if (offset == AXON_REG_INV_CMD)
			invalidate(core, value);
		break;
	case AXON_PAGE_DB_VALUE: core->db_value[offset / 4] = value; break;
	case AXON_PAGE_INJECT: inject_write(core, offset, value); break;
	case AXON_PAGE_DB_STATUS:
		if (offset < sizeof(core->db_rung))
			core->db_rung[offset / 4] &= ~value;
		break;
	default: break;
	}
}

void axon_core_write(struct axon_core *core, uint64_t addr, uint64_t value, unsigned int size)
{
	uint64_t page = addr & ~(uint64_t)PAGE_MASK;
	uint32_t offset = addr & PAGE_MASK;

	if (!access_is_valid(addr, size) || axon_core_is_cut_off(core))
		return;
	if (core->inject.stuck && page != AXON_PAGE_GLOBAL && page != AXON_PAGE_INJECT)
		return;
	if (size == 8 && reg64_write(core, page, offset, value))
		return;
	reg_write(core, page, offset, (uint32_t)value);
	if (size == 8)
		reg_write(core, page, offset + 4, (uint32_t)(value >> 32));
}
