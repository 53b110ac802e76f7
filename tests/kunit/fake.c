// SPDX-License-Identifier: GPL-2.0

#include <kunit/device.h>
#include <kunit/resource.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_syncobj.h>

#include "axon_event.h"
#include "axon_fault.h"
#include "axon_mmu.h"
#include "axon_slot.h"
#include "axon_ttm.h"
#include "fake.h"

static void fake_free_regs(struct drm_device *drm, void *regs)
{
	vfree(regs);
}

static void fake_teardown(void *data)
{
	struct axon_device *adev = data;

	axon_watch_fini(adev);
	axon_slot_fini(adev);
	axon_fault_fini(adev);
	axon_mmu_teardown(adev);
}

/**
 * fake_device() - make a device whose chip is plain memory
 * @test: the test, which it goes with
 *
 * Return: the device: locks, TTM, address space 0, fault ring and slot scheduler are up, no slot is
 * in use, and the chip can neither suspend nor run user queues.
 */
struct axon_device *fake_device(struct kunit *test)
{
	struct axon_device *adev;
	struct device *dev;
	void *regs;

	dev = kunit_device_register(test, "axon-kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	adev = devm_drm_dev_alloc(dev, &axon_drm_driver, struct axon_device, drm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, adev);

	regs = vzalloc(AXON_BAR0_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, regs);
	KUNIT_ASSERT_EQ(test, 0, drmm_add_action_or_reset(&adev->drm, fake_free_regs, regs));
	adev->regs = (void __iomem __force *)regs;
	adev->num_slots = AXON_NUM_SLOTS;
	adev->num_cores = 4;
	adev->vram_size = FAKE_VRAM_SIZE;
	fake_write32(adev, AXON_PAGE_GLOBAL + AXON_REG_STATUS, AXON_STATUS_READY);

	axon_device_init_locks(adev);
	KUNIT_ASSERT_EQ(test, 0, axon_event_init(adev));
	KUNIT_ASSERT_EQ(test, 0, axon_ttm_init(adev));
	KUNIT_ASSERT_EQ(test, 0, axon_mmu_setup(adev));
	KUNIT_ASSERT_EQ(test, 0, axon_fault_init(adev));
	KUNIT_ASSERT_EQ(test, 0, axon_slot_init(adev));
	axon_watch_init(adev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fake_teardown, adev));
	return adev;
}

/**
 * fake_read32() - read a register as the chip would
 * @adev: the device
 * @offset: in BAR 0
 *
 * Return: its value.
 */
u32 fake_read32(struct axon_device *adev, u32 offset)
{
	return readl(adev->regs + offset);
}

/**
 * fake_read64() - read a 64-bit register as the chip would
 * @adev: the device
 * @offset: in BAR 0
 *
 * Return: its value.
 */
u64 fake_read64(struct axon_device *adev, u32 offset)
{
	return readq(adev->regs + offset);
}

/**
 * fake_write32() - set a register, as the chip does with those that the driver only reads
 * @adev: the device
 * @offset: in BAR 0
 * @value: the value
 */
void fake_write32(struct axon_device *adev, u32 offset, u32 value)
{
	writel(value, adev->regs + offset);
}

/**
 * fake_walk() - translate an address as docs/hardware.md tells the chip to
 * @test: the test, which fails on a table that the chip would not accept
 * @adev: the device
 * @as: address space
 * @va: the address
 *
 * Return: the entry that ended the walk, and its level.
 */
struct fake_leaf fake_walk(struct kunit *test, struct axon_device *adev, unsigned int as, u64 va)
{
	struct fake_leaf leaf = { .level = 4 };
	u64 entry = fake_read64(adev, AXON_PAGE_AS + 16 * as);

	while (entry & AXON_PTE_V) {
		const __le64 *table = phys_to_virt(entry & AXON_PTE_ADDR);

		/* Tables lie in system memory, and an entry that leads to one says nothing else. */
		KUNIT_ASSERT_EQ(test, entry & ~AXON_PTE_ADDR, AXON_PTE_V | AXON_PTE_SYS);
		leaf.level--;
		entry = le64_to_cpu(table[(va >> (12 + 9 * leaf.level)) & 511]);
		if (!(entry & AXON_PTE_LEAF))
			continue;
		KUNIT_ASSERT_TRUE(test, entry & AXON_PTE_V);
		KUNIT_ASSERT_LE(test, leaf.level, 1);
		leaf.entry = entry;
		return leaf;
	}
	return leaf;
}

static void fake_close(void *data)
{
	struct drm_file *file = data;
	struct drm_syncobj *syncobj;
	struct drm_gem_object *obj;
	int id;

	file->minor->dev->driver->postclose(file->minor->dev, file);
	idr_for_each_entry(&file->object_idr, obj, id)
		drm_gem_handle_delete(file, id);
	idr_for_each_entry(&file->syncobj_idr, syncobj, id)
		drm_syncobj_put(syncobj);
	idr_destroy(&file->object_idr);
	idr_destroy(&file->syncobj_idr);
}

/**
 * fake_open() - open the device
 * @test: the test, at whose end the file is closed
 * @adev: the device
 *
 * Return: a file with which the driver's ioctls work.
 */
struct drm_file *fake_open(struct kunit *test, struct axon_device *adev)
{
	struct drm_file *file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);
	struct drm_device *drm = &adev->drm;

	KUNIT_ASSERT_NOT_NULL(test, file);
	file->minor = drm->accel;
	idr_init_base(&file->object_idr, 1);
	idr_init_base(&file->syncobj_idr, 1);
	spin_lock_init(&file->table_lock);
	spin_lock_init(&file->syncobj_table_lock);
	mutex_init(&file->prime.lock);
	file->prime.dmabufs = RB_ROOT;
	file->prime.handles = RB_ROOT;
	KUNIT_ASSERT_EQ(test, 0, drm->driver->open(drm, file));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fake_close, file));
	return file;
}

/**
 * fake_ioctl() - call one of the driver's ioctls
 * @file: the file
 * @nr: DRM_AXON_*
 * @args: its structure
 *
 * Return: what the ioctl does.
 */
int fake_ioctl(struct drm_file *file, unsigned int nr, void *args)
{
	struct drm_device *drm = file->minor->dev;

	return drm->driver->ioctls[nr].func(drm, args, file);
}

/**
 * fake_vm() - create an address space
 * @test: the test
 * @file: the file
 *
 * Return: its handle. The first VM of a device has address space 1, and so on.
 */
u32 fake_vm(struct kunit *test, struct drm_file *file)
{
	struct drm_axon_vm_create args = {};

	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(file, DRM_AXON_VM_CREATE, &args));
	return args.vm_id;
}

/**
 * fake_bo() - create a buffer in system memory, for nobody would clear device memory
 * @test: the test
 * @file: the file
 * @size: bytes
 * @vm_id: the only VM that it will be bound in, or 0
 *
 * Return: its handle.
 */
u32 fake_bo(struct kunit *test, struct drm_file *file, u64 size, u32 vm_id)
{
	struct drm_axon_bo_create args = {
		.size = size,
		.flags = DRM_AXON_BO_SYSTEM,
		.vm_id = vm_id,
	};

	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(file, DRM_AXON_BO_CREATE, &args));
	return args.handle;
}

/**
 * fake_user() - put data where a program would have it
 * @test: the test
 * @data: the data
 * @size: bytes
 *
 * Return: where it lies in user memory; the page after the last is not mapped.
 */
void __user *fake_user(struct kunit *test, const void *data, size_t size)
{
	size_t room = PAGE_ALIGN(size);
	unsigned long at;

	at = kunit_vm_mmap(test, NULL, 0, room + PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, at, 0);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(at + room, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, data, size));
	return (void __user *)at;
}

MODULE_DESCRIPTION("KUnit suites of the axon driver");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
