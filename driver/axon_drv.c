// SPDX-License-Identifier: GPL-2.0

#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

#include "axon_accel.h"
#include "axon_aer.h"
#include "axon_debugfs.h"
#include "axon_device.h"
#include "axon_doorbell.h"
#include "axon_gem.h"
#include "axon_hwmon.h"
#include "axon_job.h"
#include "axon_pm.h"
#include "axon_query.h"
#include "axon_queue.h"
#include "axon_sysfs.h"
#include "axon_vm.h"
#include "axon_wait.h"

struct workqueue_struct *axon_wq;

static int axon_open(struct drm_device *drm, struct drm_file *file)
{
	struct axon_file *afile = kzalloc(sizeof(*afile), GFP_KERNEL);

	if (!afile)
		return -ENOMEM;

	afile->adev = to_axon_device(drm);
	xa_init_flags(&afile->vms, XA_FLAGS_ALLOC);
	xa_init_flags(&afile->queues, XA_FLAGS_ALLOC);
	spin_lock_init(&afile->lock);
	file->driver_priv = afile;
	return 0;
}

static void axon_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct axon_file *afile = to_axon_file(file);
	struct axon_device *adev = afile->adev;
	bool awake = !axon_pm_get(adev);

	axon_queue_close(afile);
	axon_vm_close(afile);
	kfree(afile);
	if (awake)
		axon_pm_put(adev);
}

/* What a chip that is lost cannot do. What tells of it, and what gives back, works still. */
static bool axon_ioctl_needs_chip(unsigned int nr)
{
	switch (nr) {
	case DRM_COMMAND_BASE + DRM_AXON_VM_CREATE:
	case DRM_COMMAND_BASE + DRM_AXON_VM_BIND:
	case DRM_COMMAND_BASE + DRM_AXON_BO_CREATE:
	case DRM_COMMAND_BASE + DRM_AXON_QUEUE_CREATE:
	case DRM_COMMAND_BASE + DRM_AXON_SUBMIT:
	case DRM_COMMAND_BASE + DRM_AXON_WAIT:
		return true;
	default:
		return false;
	}
}

/* The chip is awake in all ioctls of the driver's own; those of DRM do not need it. */
static long axon_ioctl_awake(struct file *node, unsigned int cmd, unsigned long arg,
			     long (*ioctl)(struct file *node, unsigned int cmd, unsigned long arg))
{
	struct drm_file *file = node->private_data;
	struct axon_device *adev = to_axon_device(file->minor->dev);
	unsigned int nr = _IOC_NR(cmd);
	long ret;

	if (nr < DRM_COMMAND_BASE || nr >= DRM_COMMAND_END)
		return ioctl(node, cmd, arg);
	if (READ_ONCE(adev->lost))
		return axon_ioctl_needs_chip(nr) ? -ENODEV : ioctl(node, cmd, arg);

	ret = axon_pm_get(adev);
	if (ret)
		return ret;
	ret = ioctl(node, cmd, arg);
	axon_pm_put(adev);
	return ret;
}

static long axon_ioctl(struct file *node, unsigned int cmd, unsigned long arg)
{
	return axon_ioctl_awake(node, cmd, arg, drm_ioctl);
}

#ifdef CONFIG_COMPAT
static long axon_compat_ioctl(struct file *node, unsigned int cmd, unsigned long arg)
{
	return axon_ioctl_awake(node, cmd, arg, drm_compat_ioctl);
}
#else
#define axon_compat_ioctl NULL
#endif

#define AXON_IOCTL(name, func) DRM_IOCTL_DEF_DRV(AXON_##name, func, DRM_RENDER_ALLOW)

static const struct drm_ioctl_desc axon_ioctls[] = {
	AXON_IOCTL(QUERY, axon_query_ioctl),
	AXON_IOCTL(VM_CREATE, axon_vm_create_ioctl),
	AXON_IOCTL(VM_DESTROY, axon_vm_destroy_ioctl),
	AXON_IOCTL(VM_BIND, axon_vm_bind_ioctl),
	AXON_IOCTL(BO_CREATE, axon_bo_create_ioctl),
	AXON_IOCTL(BO_MMAP_OFFSET, axon_bo_mmap_offset_ioctl),
	AXON_IOCTL(QUEUE_CREATE, axon_queue_create_ioctl),
	AXON_IOCTL(QUEUE_DESTROY, axon_queue_destroy_ioctl),
	AXON_IOCTL(QUEUE_STATE, axon_queue_state_ioctl),
	AXON_IOCTL(SUBMIT, axon_submit_ioctl),
	AXON_IOCTL(WAIT, axon_wait_ioctl),
};

static const struct file_operations axon_fops = {
	.owner = THIS_MODULE,
	.open = accel_open,
	.release = drm_release,
	.unlocked_ioctl = axon_ioctl,
	.compat_ioctl = axon_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = axon_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

VISIBLE_IF_KUNIT const struct drm_driver axon_drm_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_GEM_GPUVA | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = axon_open,
	.postclose = axon_postclose,
	.show_fdinfo = axon_show_fdinfo,
	.ioctls = axon_ioctls,
	.num_ioctls = ARRAY_SIZE(axon_ioctls),
	.fops = &axon_fops,
	.name = "axon",
	.desc = "Axon AI accelerator",
	.date = "20250601",
	.major = 1,
	.minor = 0,
};
EXPORT_SYMBOL_IF_KUNIT(axon_drm_driver);

static int axon_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct axon_device *adev;
	int ret;

	adev = devm_drm_dev_alloc(&pdev->dev, &axon_drm_driver, struct axon_device, drm);
	if (IS_ERR(adev))
		return PTR_ERR(adev);

	pci_set_drvdata(pdev, adev);
	ret = axon_device_init(adev);
	if (ret)
		return ret;

	axon_debugfs_init(adev);
	ret = drm_dev_register(&adev->drm, 0);
	if (ret) {
		axon_device_fini(adev);
		return ret;
	}
	axon_hwmon_init(adev);
	axon_pm_init(adev);
	return 0;
}

static void axon_pci_remove(struct pci_dev *pdev)
{
	struct axon_device *adev = pci_get_drvdata(pdev);

	axon_pm_fini(adev);
	drm_dev_unplug(&adev->drm);
	axon_device_fini(adev);
}

static const struct pci_device_id axon_pci_ids[] = {
	{ PCI_DEVICE(AXON_PCI_VENDOR_ID, AXON_PCI_DEVICE_ID) }, {}
};
MODULE_DEVICE_TABLE(pci, axon_pci_ids);

static struct pci_driver axon_pci_driver = {
	.name = "axon",
	.id_table = axon_pci_ids,
	.probe = axon_pci_probe,
	.remove = axon_pci_remove,
	.dev_groups = axon_sysfs_groups,
	/* A machine that reboots must not find the chip writing to memory. */
	.shutdown = axon_pci_remove,
	.driver.pm = pm_ptr(&axon_pm_ops),
	.err_handler = &axon_aer_handlers,
};

static int __init axon_init(void)
{
	int ret;

	/* Fences depend on what runs here: it must go on when memory is short. */
	axon_wq = alloc_workqueue("axon", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!axon_wq)
		return -ENOMEM;

	ret = pci_register_driver(&axon_pci_driver);
	if (ret)
		destroy_workqueue(axon_wq);
	return ret;
}

static void __exit axon_exit(void)
{
	pci_unregister_driver(&axon_pci_driver);
	destroy_workqueue(axon_wq);
}

module_init(axon_init);
module_exit(axon_exit);

MODULE_DESCRIPTION("Axon AI accelerator");
MODULE_AUTHOR("The Axon authors");
MODULE_LICENSE("GPL");
