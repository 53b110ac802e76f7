// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/accel/PCI-ADDRESS/registers: what the chip's registers hold, a name and a value
 * on each line, for reports of what went wrong. Root's alone, as all of debugfs: there are bus
 * addresses among them.
 */

#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_print.h>

#include "axon_debugfs.h"
#include "axon_device.h"
#include "axon_inject.h"
#include "axon_pm.h"
#include "axon_regs.h"

/**
 * struct axon_debugfs_reg - a register that can be read without a consequence
 */
struct axon_debugfs_reg {
	/** @name: of the register */
	const char *name;
	/** @offset: in BAR 0, or in the page of a slot */
	u32 offset;
	/** @wide: 64 bits */
	bool wide;
};

#define AXON_REG_NARROW(block, reg)                             \
	{                                                       \
#block "." #reg, AXON_BLOCK_##block(reg), false \
	}
#define AXON_REG_WIDE(block, reg)                              \
	{                                                      \
#block "." #reg, AXON_BLOCK_##block(reg), true \
	}

static const struct axon_debugfs_reg axon_debugfs_regs[] = {
	AXON_REG_NARROW(GLOBAL, ID),	    AXON_REG_NARROW(GLOBAL, HW_VERSION),
	AXON_REG_NARROW(GLOBAL, NUM_CORES), AXON_REG_NARROW(GLOBAL, SRAM_SIZE),
	AXON_REG_NARROW(GLOBAL, NUM_SLOTS), AXON_REG_NARROW(GLOBAL, NUM_DOORBELLS),
	AXON_REG_NARROW(GLOBAL, NUM_AS),    AXON_REG_NARROW(GLOBAL, CLOCK_HZ),
	AXON_REG_WIDE(GLOBAL, VRAM_SIZE),   AXON_REG_WIDE(GLOBAL, FEATURES),
	AXON_REG_NARROW(GLOBAL, CTRL),	    AXON_REG_NARROW(GLOBAL, STATUS),
	AXON_REG_WIDE(GLOBAL, TIMESTAMP),   AXON_REG_NARROW(IRQ, STATUS),
	AXON_REG_NARROW(IRQ, MASK),	    AXON_REG_WIDE(FAULT, BASE),
	AXON_REG_NARROW(FAULT, LOG2),	    AXON_REG_NARROW(FAULT, HEAD),
	AXON_REG_NARROW(FAULT, TAIL),	    AXON_REG_NARROW(FAULT, LOST),
	AXON_REG_WIDE(INV, START),	    AXON_REG_WIDE(INV, END),
	AXON_REG_NARROW(INV, BUSY),	    AXON_REG_NARROW(ECC, CORRECTED),
	AXON_REG_NARROW(ECC, UNCORRECTED),  AXON_REG_WIDE(ECC, ADDR),
	AXON_REG_NARROW(THERMAL, STATUS),   AXON_REG_NARROW(THERMAL, COUNT),
};

#define AXON_SLOT_REG_NARROW(reg)                \
	{                                        \
#reg, AXON_REG_SLOT_##reg, false \
	}
#define AXON_SLOT_REG_WIDE(reg)                 \
	{                                       \
#reg, AXON_REG_SLOT_##reg, true \
	}

static const struct axon_debugfs_reg axon_debugfs_slot_regs[] = {
	AXON_SLOT_REG_NARROW(CTRL),	 AXON_SLOT_REG_NARROW(STATUS),
	AXON_SLOT_REG_WIDE(RING),	 AXON_SLOT_REG_NARROW(LOG2),
	AXON_SLOT_REG_NARROW(AS),	 AXON_SLOT_REG_NARROW(DOORBELL),
	AXON_SLOT_REG_NARROW(PRIORITY),	 AXON_SLOT_REG_NARROW(RPTR),
	AXON_SLOT_REG_NARROW(WPTR),	 AXON_SLOT_REG_WIDE(HANG),
	AXON_SLOT_REG_WIDE(LIMIT),	 AXON_SLOT_REG_NARROW(WALL_MS),
	AXON_SLOT_REG_WIDE(COUNTERS),	 AXON_SLOT_REG_WIDE(SAVE),
	AXON_SLOT_REG_NARROW(SAVE_SIZE),
};

static u64 axon_debugfs_read(struct axon_device *adev, const struct axon_debugfs_reg *reg, u32 page)
{
	void __iomem *at = adev->regs + page + reg->offset;

	return reg->wide ? readq(at) : readl(at);
}

static void axon_debugfs_print_slot(struct drm_printer *p, struct axon_device *adev,
				    unsigned int slot)
{
	const struct axon_debugfs_reg *reg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(axon_debugfs_slot_regs); i++) {
		reg = &axon_debugfs_slot_regs[i];
		drm_printf(p, "SLOT%u.%s %#llx\n", slot, reg->name,
			   axon_debugfs_read(adev, reg, AXON_PAGE_SLOT(slot)));
	}
}

/**
 * axon_debugfs_print_registers() - print all registers that can be read without a consequence
 * @adev: the device, in a drm_dev_enter() section
 * @p: where to
 */
void axon_debugfs_print_registers(struct axon_device *adev, struct drm_printer *p)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(axon_debugfs_regs); i++)
		drm_printf(p, "%s %#llx\n", axon_debugfs_regs[i].name,
			   axon_debugfs_read(adev, &axon_debugfs_regs[i], 0));
	for (i = 0; i < AXON_NUM_ENGINES; i++)
		drm_printf(p, "PERF.CYCLES%u %#llx\nPERF.NS%u %#llx\n", i,
			   axon_read64(adev, PERF, CYCLES(i)), i, axon_read64(adev, PERF, NS(i)));
	for (i = 0; i < adev->num_slots; i++)
		axon_debugfs_print_slot(p, adev, i);
}

static int axon_debugfs_registers(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct axon_device *adev = to_axon_device(entry->dev);
	struct drm_printer p = drm_seq_file_printer(m);
	int idx;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;
	axon_debugfs_print_registers(adev, &p);
	axon_pm_exit(adev, idx);
	return 0;
}

/**
 * axon_debugfs_init() - add the driver's files
 * @adev: the device
 *
 * In 6.12 accel devices have no use for &drm_driver.debugfs_init. The files go with the device.
 */
void axon_debugfs_init(struct axon_device *adev)
{
	drm_debugfs_add_file(&adev->drm, "registers", axon_debugfs_registers, NULL);
	axon_debugfs_init_tables(adev);
	axon_inject_init(adev);
}
