// SPDX-License-Identifier: MIT
#include "inject.h"

#include "core.h"
#include "mmu.h"
#include "packet.h"
#include "worker.h"

#define FOREVER	    UINT64_MAX
#define LATE_MS	    500
#define OVERHEAT_MS 500
#define DRIVER_SLOT 0 /* what befalls queues leaves this one alone */
#define MS	    1000000ull

static uint32_t bit(enum axon_inject_kind kind)
{
	return 1u << kind;
}

static bool is_armed(struct axon_core *core, enum axon_inject_kind kind)
{
	return atomic_load_explicit(&core->inject.armed, memory_order_relaxed) & bit(kind);
}

static uint64_t value_of(struct axon_core *core, enum axon_inject_kind kind)
{
	return atomic_load(&core->inject.value[kind]);
}

/* Let it strike: true for the one that comes first. */
static bool take(struct axon_core *core, enum axon_inject_kind kind)
{
	return is_armed(core, kind) &&
	       atomic_fetch_and(&core->inject.armed, ~bit(kind)) & bit(kind);
}

/* ---- memory errors ----------------------------------------------------------------------- */

static void count_error(struct axon_core *core, _Atomic uint32_t *count, uint64_t addr)
{
	atomic_store(&core->inject.error_addr, addr);
	atomic_fetch_add(count, 1);
}

int inject_extent(struct axon_core *core, unsigned int as, uint64_t va, struct mmu_extent *extent)
{
	uint64_t page = va & ~(uint64_t)(MMU_PAGE_SIZE - 1);
	uint64_t wanted, offset;

	if (!is_armed(core, AXON_INJECT_ECC_UNCORRECTED) || as == 0 || extent->sys ||
	    extent->host < core->vram || extent->host >= core->vram + core->vram_size)
		return 0;
	/* each page is to be looked at */
	extent->host += page - extent->va;
	extent->va = page;
	extent->len = MMU_PAGE_SIZE;
	offset = (uint64_t)(extent->host - core->vram);
	wanted = value_of(core, AXON_INJECT_ECC_UNCORRECTED);
	if (wanted < core->vram_size && wanted / MMU_PAGE_SIZE != offset / MMU_PAGE_SIZE)
		return 0;
	if (!take(core, AXON_INJECT_ECC_UNCORRECTED))
		return 0;
	count_error(core, &core->inject.uncorrected, wanted < core->vram_size ? wanted : offset);
	return AXON_FAULT_ECC;
}

/* ---- queues ------------------------------------------------------------------------------ */

bool inject_holds_for_ever(const struct slot *slot)
{
	return slot->held_until == FOREVER;
}

bool inject_holds(struct axon_core *core, struct slot *slot)
{
	if (!slot->held_until)
		return false;
	if (core_now(core) < slot->held_until)
		return true;
	slot->held_until = 0;
	if (!atomic_load(&slot->wait_since))
		atomic_fetch_and(&core->waiting, ~slot_bit(slot));
	return false;
}

/* The tick thread has the slot looked at as if it waited. */
static int hold(struct axon_core *core, struct slot *slot, uint64_t until)
{
	slot->held_until = until;
	atomic_fetch_or(&core->waiting, slot_bit(slot));
	return PACKET_BLOCKED;
}

int inject_packet(struct packet_context *ctx)
{
	struct worker *worker = ctx->worker;
	struct axon_core *core = worker->core;
	struct slot *slot = ctx->slot;

	if (!atomic_load_explicit(&core->inject.armed, memory_order_relaxed) ||
	    slot->index == DRIVER_SLOT)
		return 0;
	worker->fault_addr = ctx->va;
	worker->fault_info = 0;
	if (take(core, AXON_INJECT_PAGE_FAULT))
		return AXON_FAULT_PAGE_READ;
	if (take(core, AXON_INJECT_DMA_ERROR))
		return AXON_FAULT_BUS;
	if (!slot->depth && take(core, AXON_INJECT_RING_INDEX)) {
		/* the next look at the ring finds more packets than it holds */
		atomic_fetch_sub(&slot->rptr, 2u << AXON_RING_MAX_LOG2);
		return hold(core, slot, core_now(core));
	}
	if (take(core, AXON_INJECT_HANG))
		return hold(core, slot, FOREVER);
	if (ctx->packet.op == AXON_PKT_SIGNAL && take(core, AXON_INJECT_LATE_COMPLETION)) {
		uint64_t ms = value_of(core, AXON_INJECT_LATE_COMPLETION);

		return hold(core, slot, core_now(core) + (ms ? ms : LATE_MS) * MS);
	}
	return 0;
}

bool inject_loses_interrupt(struct axon_core *core, unsigned int vector)
{
	uint64_t vectors;

	if (!is_armed(core, AXON_INJECT_LOST_INTERRUPT))
		return false;
	vectors = value_of(core, AXON_INJECT_LOST_INTERRUPT);
	if (vectors ? !(vectors >> vector & 1) : vector <= AXON_VEC_SLOT(DRIVER_SLOT))
		return false;
	return take(core, AXON_INJECT_LOST_INTERRUPT);
}

bool inject_loses_fault(struct axon_core *core)
{
	return take(core, AXON_INJECT_LOST_FAULT);
}

/* ---- temperature ------------------------------------------------------------------------- */

bool inject_is_hot(struct axon_core *core)
{
	return atomic_load_explicit(&core->inject.hot_until, memory_order_relaxed);
}

static void overheat(struct axon_core *core, uint64_t ms)
{
	atomic_store(&core->inject.hot_until, core_now(core) + (ms ? ms : OVERHEAT_MS) * MS);
	atomic_fetch_add(&core->inject.overheated, 1);
	core_interrupt(core, AXON_VEC_FAULT);
	pthread_mutex_lock(&core->lock);
	pthread_cond_signal(&core->ticked);
	pthread_mutex_unlock(&core->lock);
}

bool inject_cools(struct axon_core *core)
{
	uint64_t until = atomic_load(&core->inject.hot_until);

	return until && core_now(core) >= until &&
	       atomic_compare_exchange_strong(&core->inject.hot_until, &until, 0);
}

/* ---- reset and link ---------------------------------------------------------------------- */

bool inject_fails_reset(struct axon_core *core, uint32_t which)
{
	return is_armed(core, AXON_INJECT_FAILED_RESET) &&
	       value_of(core, AXON_INJECT_FAILED_RESET) & which;
}

bool axon_core_is_cut_off(struct axon_core *core)
{
	return is_armed(core, AXON_INJECT_LINK_DOWN);
}

void inject_reset(struct axon_core *core)
{
	struct inject *inject = &core->inject;

	inject->reg_value = 0;
	atomic_store(&inject->hot_until, 0);
	atomic_store(&inject->corrected, 0);
	atomic_store(&inject->uncorrected, 0);
	atomic_store(&inject->error_addr, 0);
	atomic_store(&inject->overheated, 0);
}

/* What a reset has mended fails no more. */
static void mend(struct axon_core *core, uint32_t which)
{
	if (!(atomic_fetch_and(&core->inject.value[AXON_INJECT_FAILED_RESET], ~(uint64_t)which) &
	      ~(uint64_t)which))
		atomic_fetch_and(&core->inject.armed, ~bit(AXON_INJECT_FAILED_RESET));
}

void inject_flr(struct axon_core *core)
{
	core->inject.stuck = inject_fails_reset(core, AXON_INJECT_RESET_FLR);
	if (!core->inject.stuck)
		mend(core, AXON_INJECT_RESET_SLOT | AXON_INJECT_RESET_CTRL);
}

void inject_ctrl_reset(struct axon_core *core)
{
	if (inject_fails_reset(core, AXON_INJECT_RESET_CTRL))
		core->inject.stuck = true;
	else if (!core->inject.stuck)
		mend(core, AXON_INJECT_RESET_SLOT);
}

static void set_link(struct axon_core *core, bool down)
{
	if (down == axon_core_is_cut_off(core))
		return;
	if (down) {
		axon_core_quiesce(core);
		atomic_fetch_or(&core->inject.armed, bit(AXON_INJECT_LINK_DOWN));
	} else {
		atomic_fetch_and(&core->inject.armed, ~bit(AXON_INJECT_LINK_DOWN));
		axon_core_reset(core);
		axon_core_resume(core);
	}
}

bool axon_core_inject(struct axon_core *core, unsigned int kind, uint64_t value)
{
	struct inject *inject = &core->inject;

	if (kind >= AXON_INJECT_COUNT)
		return false;
	switch (kind) {
	case AXON_INJECT_ECC_CORRECTED:
		count_error(core, &inject->corrected, value < core->vram_size ? value : 0);
		core_interrupt(core, AXON_VEC_FAULT);
		return true;
	case AXON_INJECT_TEMPERATURE: overheat(core, value); return true;
	case AXON_INJECT_LINK_DOWN: set_link(core, value); return true;
	case AXON_INJECT_AER_CORRECTABLE:
	case AXON_INJECT_AER_NONFATAL:
	case AXON_INJECT_AER_FATAL:
		return core->host.bus_error && core->host.bus_error(core->opaque, kind);
	default: break;
	}
	atomic_store(&inject->value[kind], value);
	if (kind == AXON_INJECT_FAILED_RESET && !value)
		atomic_fetch_and(&inject->armed, ~bit(AXON_INJECT_FAILED_RESET));
	else
		atomic_fetch_or(&inject->armed, bit(kind));
	/* no access may go by what was translated before */
	if (kind == AXON_INJECT_ECC_UNCORRECTED)
		axon_core_invalidate_bus(core, 0, UINT64_MAX);
	return true;
}

/* ---- registers --------------------------------------------------------------------------- */

bool inject_read64(struct axon_core *core, uint64_t page, uint32_t offset, uint64_t *value)
{
	if (page == AXON_PAGE_RAS && offset == AXON_REG_ECC_ADDR) {
		*value = atomic_load(&core->inject.error_addr);
		return true;
	}
	if (page == AXON_PAGE_INJECT && offset == AXON_REG_INJECT_VALUE) {
		*value = core->inject.reg_value;
		return true;
	}
	return false;
}

uint32_t inject_read(struct axon_core *core, uint64_t page, uint32_t offset)
{
	struct inject *inject = &core->inject;

	if (page == AXON_PAGE_INJECT)
		return offset == AXON_REG_INJECT_ARMED && inject->offered
			       ? atomic_load(&inject->armed)
			       : 0;
	switch (offset) {
	case AXON_REG_ECC_CORRECTED: return atomic_load(&inject->corrected);
	case AXON_REG_ECC_UNCORRECTED: return atomic_load(&inject->uncorrected);
	case AXON_REG_THERMAL_STATUS: return inject_is_hot(core) ? AXON_THERMAL_HOT : 0;
	case AXON_REG_THERMAL_COUNT: return atomic_load(&inject->overheated);
	default: return 0;
	}
}

void inject_write(struct axon_core *core, uint32_t offset, uint32_t value)
{
	if (offset == AXON_REG_INJECT_KIND && core->inject.offered)
		axon_core_inject(core, value, core->inject.reg_value);
}
