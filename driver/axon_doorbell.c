// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Doorbells in processes
 *
 * A process that owns a user queue maps the page of its doorbell. The page is put there by a fault
 * and taken away when the chip goes to sleep, from which the next fault wakes it, and for good when
 * the queue dies, goes or loses its chip; what the process writes then reaches a page of memory
 * that nobody reads. A number is given to another queue only after that.
 *
 * The offsets of doorbells on the node lie above all that DRM hands out for buffers, one page for
 * each number.
 */

#include <linux/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#include "axon_device.h"
#include "axon_doorbell.h"
#include "axon_pm.h"
#include "axon_queue.h"

#define AXON_DOORBELL_PGOFF (1ull << (44 - PAGE_SHIFT))
static_assert(DRM_FILE_PAGE_OFFSET_START + DRM_FILE_PAGE_OFFSET_SIZE <= AXON_DOORBELL_PGOFF);

static vm_fault_t axon_doorbell_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct axon_queue *q = vma->vm_private_data;
	struct axon_device *adev = q->ring.adev;
	phys_addr_t page = adev->regs_base + AXON_PAGE_DOORBELL(q->ring.doorbell);
	bool awake = !axon_pm_get(adev);
	vm_fault_t ret;
	int idx;

	/* Whoever zaps the page has closed the queue, or ended it, before. */
	mutex_lock(&q->lock);
	if (awake && !q->closed && !axon_queue_error(q) && drm_dev_enter(&adev->drm, &idx)) {
		ret = vmf_insert_pfn(vma, vmf->address, PHYS_PFN(page));
		drm_dev_exit(idx);
	} else {
		ret = vmf_insert_pfn_prot(vma, vmf->address, page_to_pfn(q->dummy),
					  vm_get_page_prot(vma->vm_flags));
	}
	mutex_unlock(&q->lock);
	if (awake)
		axon_pm_put(adev);
	return ret;
}

static void axon_doorbell_open(struct vm_area_struct *vma)
{
	axon_queue_get(vma->vm_private_data);
}

static void axon_doorbell_close(struct vm_area_struct *vma)
{
	axon_queue_put(vma->vm_private_data);
}

static const struct vm_operations_struct axon_doorbell_vm_ops = {
	.open = axon_doorbell_open,
	.close = axon_doorbell_close,
	.fault = axon_doorbell_fault,
};

/* The file's user queue behind a doorbell, referenced, or NULL. */
static struct axon_queue *axon_doorbell_lookup(struct axon_file *afile, unsigned long doorbell)
{
	struct axon_queue *q;
	unsigned long id;

	xa_lock(&afile->queues);
	xa_for_each(&afile->queues, id, q)
		if (q->ring.user && q->ring.doorbell == doorbell) {
			axon_queue_get(q);
			break;
		}
	xa_unlock(&afile->queues);
	return q;
}

static int axon_doorbell_mmap(struct drm_file *client, struct vm_area_struct *vma)
{
	const vm_flags_t access = VM_READ | VM_WRITE | VM_EXEC | VM_SHARED;
	struct axon_queue *q;

	if (vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if ((vma->vm_flags & access) != (VM_WRITE | VM_SHARED))
		return -EACCES;

	q = axon_doorbell_lookup(to_axon_file(client), vma->vm_pgoff - AXON_DOORBELL_PGOFF);
	if (!q)
		return -EACCES;

	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP,
		     VM_MAYREAD | VM_MAYEXEC);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = q;
	vma->vm_ops = &axon_doorbell_vm_ops;
	return 0;
}

/**
 * axon_mmap() - &file_operations.mmap: of a buffer or of a doorbell
 * @file: the node
 * @vma: the mapping
 *
 * Return: 0; -ENODEV after an unplug; for a doorbell -EINVAL for more than its page and -EACCES for
 * one that belongs to no queue of this file, and for a mapping that is not shared and write-only;
 * another negative error.
 */
int axon_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct drm_file *client = file->private_data;

	if (vma->vm_pgoff < AXON_DOORBELL_PGOFF)
		return drm_gem_mmap(file, vma);
	if (drm_dev_is_unplugged(client->minor->dev))
		return -ENODEV;
	return axon_doorbell_mmap(client, vma);
}

/**
 * axon_doorbell_offset() - tell where a doorbell can be mapped
 * @q: the user queue
 *
 * Return: its offset on the node, in bytes.
 */
u64 axon_doorbell_offset(const struct axon_queue *q)
{
	return (AXON_DOORBELL_PGOFF + q->ring.doorbell) << PAGE_SHIFT;
}

/**
 * axon_doorbell_zap() - take the doorbell away from the process
 * @q: the user queue, closed or dead
 */
void axon_doorbell_zap(struct axon_queue *q)
{
	/* A fault that still saw the queue alive is over, and what it put there goes now. */
	mutex_lock(&q->lock);
	mutex_unlock(&q->lock);
	unmap_mapping_range(q->ring.adev->drm.anon_inode->i_mapping, axon_doorbell_offset(q),
			    PAGE_SIZE, 1);
}
