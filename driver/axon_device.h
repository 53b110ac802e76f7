/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_DEVICE_H
#define AXON_DEVICE_H

#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/ttm/ttm_device.h>

#include "axon_accel.h"
#include "axon_coredump.h"
#include "axon_event.h"
#include "axon_fault.h"
#include "axon_hw.h"
#include "axon_mmu.h"
#include "axon_ras.h"
#include "axon_slot.h"
#include "axon_vram.h"
#include "axon_watch.h"

struct axon_migrate;

/* The part of every address space that user space may map; see the DOC comment in axon_vm.c. */
#define AXON_VA_START 0x100000000ull
#define AXON_VA_END   (1ull << (AXON_VA_BITS - 1))

/* Handles of a file's objects; 0 is none. */
#define AXON_HANDLES XA_LIMIT(1, S32_MAX)

/* Registers that report an action as done must do so within this time. */
#define AXON_REG_TIMEOUT_US (5 * USEC_PER_SEC)

/**
 * struct axon_device - one accelerator
 */
struct axon_device {
	/** @drm: base class */
	struct drm_device drm;
	/** @regs: BAR 0 */
	void __iomem *regs;
	/** @regs_base: bus address of BAR 0, for mappings of doorbells */
	resource_size_t regs_base;
	/** @vram_io: BAR 2, write-combined */
	void __iomem *vram_io;
	/** @vram_base: bus address of BAR 2, for CPU mappings */
	resource_size_t vram_base;

	/** @hw_version: major << 16 | minor */
	u32 hw_version;
	/** @num_cores: cores of the chip */
	u32 num_cores;
	/** @sram_size: bytes of local memory of each core */
	u32 sram_size;
	/** @clock_hz: rate of the modelled clock */
	u32 clock_hz;
	/** @num_slots: hardware queues in all */
	u32 num_slots;
	/** @features: AXON_FEAT_* */
	u64 features;
	/** @vram_size: bytes of device memory */
	u64 vram_size;
	/** @uuid: identity of the chip */
	u8 uuid[16];

	/** @ttm: buffer placement */
	struct ttm_device ttm;
	/** @vram: manager of TTM_PL_VRAM */
	struct axon_vram_mgr vram;
	/** @tt: manager of TTM_PL_TT */
	struct ttm_resource_manager tt;

	/** @place_lock: shared by those who bring buffers to their places: see axon_place() */
	struct rw_semaphore place_lock;

	/** @inv_lock: serialises use of the invalidation registers and the address-space table */
	struct mutex inv_lock;
	/** @mmu_lock: protects @mmu */
	struct mutex mmu_lock;
	/** @mmu: address space 0, which no user program can name */
	struct axon_mmu mmu;
	/** @as_ida: address spaces in use, from 1 */
	struct ida as_ida;
	/** @as_root: contents of the address-space table, to restore after a reset */
	u64 as_root[AXON_NUM_AS];

	/** @slots: hardware queue slots, and who gets them */
	struct axon_slots slots;
	/** @save_size: bytes that a ring's save area needs, 0 if the chip cannot suspend */
	u32 save_size;

	/** @faults: fault ring */
	struct axon_fault_ring faults;
	/** @num_faults: fault records seen */
	atomic64_t num_faults;
	/** @num_resets: queues reset for what they did, not because they were closed */
	atomic64_t num_resets;
	/** @num_device_resets: resets of the whole chip */
	atomic64_t num_device_resets;
	/** @ras: memory errors, temperature */
	struct axon_ras ras;
	/** @watch: looks for what no interrupt tells of */
	struct axon_watch watch;
	/** @coredump: state of what failed last */
	struct axon_coredump coredump;
	/** @events: history of faults and resets */
	struct axon_events events;
	/** @purpose_bytes: buffers by enum drm_axon_purpose */
	atomic64_t purpose_bytes[DRM_AXON_PURPOSE_COUNT];
	/** @reset_lock: serialises whole-device resets */
	struct mutex reset_lock;
	/** @asleep: the chip is in D3hot: see axon_pm.c for who may look */
	bool asleep;
	/** @lost: the chip did not come out of a reset, until one helps; under @reset_lock */
	bool lost;

	/** @migrate: the driver's own queue, or NULL before it is up */
	struct axon_migrate *migrate;
};

/**
 * struct axon_file - one open file
 */
struct axon_file {
	/** @adev: the device */
	struct axon_device *adev;
	/** @vms: address spaces by handle */
	struct xarray vms;
	/** @queues: queues by handle */
	struct xarray queues;
	/** @lock: protects @busy_ns and @busy_cycles */
	spinlock_t lock;
	/** @busy_ns: engine time of queues that are gone */
	u64 busy_ns[AXON_NUM_ENGINES];
	/** @busy_cycles: the same in modelled cycles */
	u64 busy_cycles[AXON_NUM_ENGINES];
};

static inline struct axon_device *to_axon_device(struct drm_device *drm)
{
	return container_of(drm, struct axon_device, drm);
}

static inline struct axon_file *to_axon_file(struct drm_file *file)
{
	return file->driver_priv;
}

/* Module-wide: resets, time-outs and the release of queues. */
extern struct workqueue_struct *axon_wq;

int axon_device_init(struct axon_device *adev);
void axon_device_fini(struct axon_device *adev);
void axon_device_start(struct axon_device *adev);
void axon_device_restore_roots(struct axon_device *adev);
void axon_device_set_root(struct axon_device *adev, unsigned int as, u64 root);

#if IS_ENABLED(CONFIG_KUNIT)
extern const struct drm_driver axon_drm_driver;
void axon_device_init_locks(struct axon_device *adev);
#endif

#endif
