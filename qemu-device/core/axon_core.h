/* SPDX-License-Identifier: MIT */
/*
 * The axon chip as a library. Its host (QEMU's device, libaccel's in-process backend, a test)
 * owns the memory and the interrupts; the chip owns everything behind BAR0.
 *
 * Threads: every function may be called from one host thread at a time (QEMU: under the big
 * lock). Callbacks marked [worker] come from the chip's own threads, at any time between
 * axon_core_start() and axon_core_stop(), and must neither block on the host thread nor call
 * back into the chip.
 */
#ifndef AXON_CORE_H
#define AXON_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct axon_core;

struct axon_core_host {
	/*
	 * [worker] Host address of the bus address range [addr, addr + *len), for reading, or for
	 * writing too. Shortens *len to what is contiguous. NULL when no RAM is there. The pointer is
	 * kept until axon_core_invalidate_bus() for that range has returned.
	 */
	uint8_t *(*resolve)(void *opaque, uint64_t addr, uint64_t *len, bool write);
	/* [worker] The chip wrote this bus range (dirty tracking). May be NULL. */
	void (*written)(void *opaque, uint64_t addr, uint64_t len);
	/* [worker] Raise MSI-X vector `vector`. */
	void (*interrupt)(void *opaque, unsigned int vector);
	/* An error of kind AXON_INJECT_AER_* is to be signalled on the bus. May be NULL. */
	bool (*bus_error)(void *opaque, unsigned int kind);
	/* [worker] Around a worker thread's life (RCU registration). May be NULL. */
	void (*thread_start)(void *opaque);
	void (*thread_end)(void *opaque);
};

struct axon_core_config {
	unsigned int cores;   /* modelled, 1 to AXON_MAX_CORES */
	unsigned int threads; /* host worker threads, 0 = chosen from the host's physical cores */
	uint32_t sram_size; /* per core; 0 = AXON_SRAM_DEFAULT; power of two, 256 KiB to 256 MiB */
	uint8_t *vram;	    /* host memory, owned by the host, page-aligned */
	uint64_t vram_size; /* power of two, at least 16 MiB */
	uint8_t uuid[16];
	bool inject; /* offer the INJECT page: the guest may break the chip on purpose */
};

/* Returns NULL and a sentence in *error (static storage) when the configuration is refused. */
struct axon_core *axon_core_new(const struct axon_core_config *config,
				const struct axon_core_host *host, void *opaque,
				const char **error);
void axon_core_free(struct axon_core *core);

/* BAR0. size is 4 or 8, addr aligned to it and inside the BAR; anything else reads 0, is ignored. */
uint64_t axon_core_read(struct axon_core *core, uint64_t addr, unsigned int size);
void axon_core_write(struct axon_core *core, uint64_t addr, uint64_t value, unsigned int size);

/*
 * Whole-device reset (FLR, PCI reset): stops everything, registers to their reset values. Device
 * memory is the host's to clear.
 */
void axon_core_reset(struct axon_core *core);

/*
 * Something goes wrong: enum axon_inject_kind, see the table in docs/hardware.md. False for what is
 * no kind, and for one that the host has no bus for.
 */
bool axon_core_inject(struct axon_core *core, unsigned int kind, uint64_t value);

/* Is the link down: no access reaches the chip, not even one to configuration space? */
bool axon_core_is_cut_off(struct axon_core *core);

/* Workers park at their next check and stay parked (vm_stop, memory listener, savevm). Bounded. */
void axon_core_quiesce(struct axon_core *core);
void axon_core_resume(struct axon_core *core);

/* Bus mappings in [addr, addr + len) changed: forget host addresses. Quiesces internally. */
void axon_core_invalidate_bus(struct axon_core *core, uint64_t addr, uint64_t len);

#endif
