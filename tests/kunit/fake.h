/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device without a chip, for the suites. Its registers are plain memory: what the driver writes
 * stays there to be read, and what it polls for (STATUS, BUSY) is set or 0 already. Without an
 * IOMMU a bus address is a physical address, so page tables are read as the chip would read them.
 */
#ifndef FAKE_H
#define FAKE_H

#include <kunit/test.h>

#include <drm/drm_file.h>

#include "axon_accel.h"
#include "axon_device.h"

#define FAKE_VRAM_SIZE SZ_64M

/* What the chip finds at an address. */
struct fake_leaf {
	/* the entry, 0 where nothing is mapped */
	u64 entry;
	/* level that ended the walk */
	unsigned int level;
};

struct axon_device *fake_device(struct kunit *test);
u32 fake_read32(struct axon_device *adev, u32 offset);
u64 fake_read64(struct axon_device *adev, u32 offset);
void fake_write32(struct axon_device *adev, u32 offset, u32 value);
struct fake_leaf fake_walk(struct kunit *test, struct axon_device *adev, unsigned int as, u64 va);

struct drm_file *fake_open(struct kunit *test, struct axon_device *adev);
int fake_ioctl(struct drm_file *file, unsigned int nr, void *args);
u32 fake_vm(struct kunit *test, struct drm_file *file);
u32 fake_bo(struct kunit *test, struct drm_file *file, u64 size, u32 vm_id);

void __user *fake_user(struct kunit *test, const void *data, size_t size);

#endif
