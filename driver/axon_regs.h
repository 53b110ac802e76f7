/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Register access. Each macro pastes the name of the block into that of the register, so that
 * no register can be looked for in another block's page:
 *
 *	axon_read32(adev, FAULT, HEAD)			AXON_REG_FAULT_HEAD in AXON_PAGE_FAULT
 *	axon_write64(adev, AS, ROOT(3), root)		AXON_REG_AS_ROOT(3) in AXON_PAGE_AS
 *	axon_slot_write32(adev, slot, LOG2, 8)		AXON_REG_SLOT_LOG2 of one slot
 */
#ifndef AXON_REGS_H
#define AXON_REGS_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>

#include "axon_device.h"
#include "axon_hw.h"

#define AXON_BLOCK_GLOBAL(reg)	   (AXON_PAGE_GLOBAL + AXON_REG_##reg)
#define AXON_BLOCK_IRQ(reg)	   (AXON_PAGE_IRQ + AXON_REG_IRQ_##reg)
#define AXON_BLOCK_FAULT(reg)	   (AXON_PAGE_FAULT + AXON_REG_FAULT_##reg)
#define AXON_BLOCK_ECC(reg)	   (AXON_PAGE_RAS + AXON_REG_ECC_##reg)
#define AXON_BLOCK_THERMAL(reg)	   (AXON_PAGE_RAS + AXON_REG_THERMAL_##reg)
#define AXON_BLOCK_INJECT(reg)	   (AXON_PAGE_INJECT + AXON_REG_INJECT_##reg)
#define AXON_BLOCK_INV(reg)	   (AXON_PAGE_MMU + AXON_REG_INV_##reg)
#define AXON_BLOCK_AS(reg)	   (AXON_PAGE_AS + AXON_REG_AS_##reg)
#define AXON_BLOCK_DB(reg)	   (AXON_PAGE_DB_VALUE + AXON_REG_DB_##reg)
#define AXON_BLOCK_DB_STATUS(reg)  (AXON_PAGE_DB_STATUS + AXON_REG_DB_##reg)
#define AXON_BLOCK_PERF(reg)	   (AXON_PAGE_PERF + AXON_REG_PERF_##reg)
#define AXON_BLOCK_SENSOR(reg)	   (AXON_PAGE_SENSOR + AXON_REG_SENSOR_##reg)
#define AXON_BLOCK_SLOT(slot, reg) (AXON_PAGE_SLOT(slot) + AXON_REG_SLOT_##reg)

#define axon_read32(adev, block, reg)	    readl((adev)->regs + AXON_BLOCK_##block(reg))
#define axon_read64(adev, block, reg)	    readq((adev)->regs + AXON_BLOCK_##block(reg))
#define axon_write32(adev, block, reg, val) writel(val, (adev)->regs + AXON_BLOCK_##block(reg))
#define axon_write64(adev, block, reg, val) writeq(val, (adev)->regs + AXON_BLOCK_##block(reg))

#define axon_slot_read32(adev, slot, reg) readl((adev)->regs + AXON_BLOCK_SLOT(slot, reg))
#define axon_slot_read64(adev, slot, reg) readq((adev)->regs + AXON_BLOCK_SLOT(slot, reg))
#define axon_slot_write32(adev, slot, reg, val) \
	writel(val, (adev)->regs + AXON_BLOCK_SLOT(slot, reg))
#define axon_slot_write64(adev, slot, reg, val) \
	writeq(val, (adev)->regs + AXON_BLOCK_SLOT(slot, reg))

#define axon_doorbell_write(adev, nr, val) \
	writel(val, (adev)->regs + AXON_PAGE_DOORBELL(nr) + AXON_REG_DOORBELL)

#endif
