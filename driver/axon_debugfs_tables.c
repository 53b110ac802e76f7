// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/accel/PCI-ADDRESS/queues, vms, memory: who has what, for people. The columns
 * may change; programs read fdinfo and sysfs.
 */

#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>

#include "axon_debugfs.h"
#include "axon_device.h"
#include "axon_pm.h"
#include "axon_regs.h"
#include "axon_ring.h"
#include "axon_vm.h"

static const char *const axon_ring_state_names[] = {
	[AXON_RING_OFF] = "off",
	[AXON_RING_RUNNABLE] = "runnable",
	[AXON_RING_ON] = "on",
	[AXON_RING_DEAD] = "dead",
};

/* Under &axon_slots.lock, in an axon_pm_enter() section. */
static void axon_debugfs_show_ring(struct seq_file *m, struct axon_ring *ring)
{
	struct axon_device *adev = ring->adev;
	u32 rung = axon_read32(adev, DB, VALUE(ring->doorbell));
	pid_t pid = 0;

	spin_lock_irq(&adev->slots.irq_lock);
	if (ring->owner) {
		rcu_read_lock();
		pid = pid_nr(rcu_dereference(ring->owner->pid));
		rcu_read_unlock();
	}
	spin_unlock_irq(&adev->slots.irq_lock);

	seq_printf(m, "%5u %7d %3u %4u %-6s %-8s ", ring->doorbell, pid, ring->as, ring->priority,
		   ring->user ? "user" : "kernel", axon_ring_state_names[ring->state]);
	if (ring->slot)
		seq_printf(m, "%4u %10u", ring->slot->id,
			   axon_slot_read32(adev, ring->slot->id, RPTR));
	else
		seq_printf(m, "%4s %10s", "-", "-");
	seq_printf(m, " %10u\n", rung);
}

static int axon_debugfs_queues(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct axon_device *adev = to_axon_device(entry->dev);
	struct axon_ring *ring;
	unsigned long doorbell;
	int idx;

	if (!axon_pm_enter(adev, &idx))
		return -ENODEV;

	seq_puts(m, "queue     pid  as prio kind   state    slot   consumed       rung\n");
	mutex_lock(&adev->slots.lock);
	xa_for_each(&adev->slots.rings, doorbell, ring)
		axon_debugfs_show_ring(m, ring);
	mutex_unlock(&adev->slots.lock);
	axon_pm_exit(adev, idx);
	return 0;
}

static void axon_debugfs_show_vms(struct seq_file *m, struct axon_file *afile)
{
	struct axon_vm *vm;
	unsigned long id;

	xa_for_each(&afile->vms, id, vm) {
		vm = axon_vm_lookup(afile, id);
		if (!vm)
			continue;
		mutex_lock(&vm->lock);
		seq_printf(m, "vm %lu: address space %u%s\n", id, vm->mmu.as,
			   vm->long_running ? ", long-running" : "");
		drm_debugfs_gpuva_info(m, &vm->base);
		mutex_unlock(&vm->lock);
		axon_vm_put(vm);
	}
}

/* A file leaves the list before its VMs go. */
static int axon_debugfs_vms(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct drm_file *file;

	mutex_lock(&entry->dev->filelist_mutex);
	list_for_each_entry(file, &entry->dev->filelist, lhead) {
		seq_printf(m, "client %llu\n", file->client_id);
		axon_debugfs_show_vms(m, to_axon_file(file));
	}
	mutex_unlock(&entry->dev->filelist_mutex);
	return 0;
}

static int axon_debugfs_memory(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct axon_device *adev = to_axon_device(entry->dev);
	struct drm_printer p = drm_seq_file_printer(m);

	seq_puts(m, "device memory\n");
	ttm_resource_manager_debug(&adev->vram.base, &p);
	seq_puts(m, "system memory\n");
	ttm_resource_manager_debug(&adev->tt, &p);
	return 0;
}

/**
 * axon_debugfs_init_tables() - add the files
 * @adev: the device
 */
void axon_debugfs_init_tables(struct axon_device *adev)
{
	drm_debugfs_add_file(&adev->drm, "queues", axon_debugfs_queues, NULL);
	drm_debugfs_add_file(&adev->drm, "vms", axon_debugfs_vms, NULL);
	drm_debugfs_add_file(&adev->drm, "memory", axon_debugfs_memory, NULL);
}
