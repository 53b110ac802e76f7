// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's side of the axon accelerator: a PCIe endpoint around the chip of axon_core.h.
 *
 * The chip's workers never take the big QEMU lock. They reach guest RAM through the flat view that
 * RCU keeps alive, and interrupts through a bottom half. What changes under the big lock and
 * concerns them (the memory map, run state, reset) quiesces the chip first, which is bounded.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/madvise.h"
#include "qemu/module.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "qemu/uuid.h"
#include "hw/pci/msix.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/pci/pcie_port.h"
#include "hw/qdev-properties.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/system.h"

#include "axon_core.h"
#include "axon_hw.h"
#include "axon_isa.h"

#define TYPE_AXON "axon"
OBJECT_DECLARE_SIMPLE_TYPE(AxonState, AXON)

#define AXON_PM_OFFSET	 0x60
#define AXON_EXP_OFFSET	 0x80
#define AXON_AER_OFFSET	 0x100
#define AXON_RESOLVE_MAX (1 * GiB)

struct AxonState {
	PCIDevice pdev;

	uint64_t vram_size;
	uint32_t cores;
	uint32_t threads;
	uint32_t sram_size;
	bool inject_page;

	MemoryRegion regs;
	MemoryRegion vram;
	MemoryRegion vram_bar; /* vram, and behind it what is seen when that is gone */
	MemoryRegion nothing;
	MemoryListener listener;
	Notifier machine_done;
	VMChangeStateEntry *vm_state;
	QEMUBH *interrupt_bh;
	uint32_t pending;  /* vectors to raise; atomic */
	bool stopped;	   /* quiesced because the VM does not run */
	bool asleep;	   /* quiesced because the function is not in D0 */
	bool map_changing; /* quiesced until the memory map is committed */
	bool removed;	   /* quiesced because the card was pulled out */
	struct axon_core *core;
};

/* ---- what the chip asks of its host, on the chip's own threads ---------------------------- */

static uint8_t *axon_resolve(void *opaque, uint64_t addr, uint64_t *len, bool write)
{
	AxonState *s = opaque;
	MemoryRegionCache cache;
	hwaddr found;
	uint8_t *host;

	if (*len == 0 || addr + *len < addr)
		return NULL;
	found = address_space_cache_init(&cache, pci_get_address_space(&s->pdev), addr,
					 MIN(*len, AXON_RESOLVE_MAX), write);
	host = cache.ptr;
	*len = found;
	/* the listener takes the pointer back before the memory can go */
	address_space_cache_destroy(&cache);
	return host;
}

static void axon_written(void *opaque, uint64_t addr, uint64_t len)
{
	AxonState *s = opaque;

	while (len) {
		MemoryRegionCache cache;
		hwaddr found = address_space_cache_init(&cache, pci_get_address_space(&s->pdev),
							addr, len, true);

		address_space_cache_invalidate(&cache, 0, found);
		address_space_cache_destroy(&cache);
		if (found == 0)
			return;
		addr += found;
		len -= found;
	}
}

static void axon_interrupt(void *opaque, unsigned int vector)
{
	AxonState *s = opaque;

	qatomic_or(&s->pending, 1u << vector);
	qemu_bh_schedule(s->interrupt_bh);
}

static bool axon_bus_error(void *opaque, unsigned int kind)
{
	AxonState *s = opaque;
	PCIEAERErr error = {.source_id = pci_requester_id(&s->pdev)};

	switch (kind) {
	case AXON_INJECT_AER_CORRECTABLE:
		error.status = PCI_ERR_COR_RCVR;
		error.flags = PCIE_AER_ERR_IS_CORRECTABLE;
		break;
	case AXON_INJECT_AER_NONFATAL: error.status = PCI_ERR_UNC_COMP_TIME; break;
	default: error.status = PCI_ERR_UNC_MALF_TLP; break;
	}
	return pcie_aer_inject_error(&s->pdev, &error) >= 0;
}

static void axon_thread_start(void *opaque)
{
	rcu_register_thread();
}

static void axon_thread_end(void *opaque)
{
	rcu_unregister_thread();
}

static const struct axon_core_host axon_host = {
	.resolve = axon_resolve,
	.written = axon_written,
	.interrupt = axon_interrupt,
	.bus_error = axon_bus_error,
	.thread_start = axon_thread_start,
	.thread_end = axon_thread_end,
};

/* ---- under the big lock ------------------------------------------------------------------ */

static void axon_raise(void *opaque)
{
	AxonState *s = opaque;
	uint32_t vectors;

	/* A function that is not in D0 sends no messages: they wait until it is. */
	if (s->asleep || s->removed)
		return;
	vectors = qatomic_xchg(&s->pending, 0);
	for (unsigned int v = 0; v < AXON_NUM_VECTORS; v++)
		if (vectors >> v & 1)
			msix_notify(&s->pdev, v);
}

static uint64_t axon_regs_read(void *opaque, hwaddr addr, unsigned int size)
{
	AxonState *s = opaque;

	return s->removed ? UINT64_MAX : axon_core_read(s->core, addr, size);
}

static void axon_regs_write(void *opaque, hwaddr addr, uint64_t value, unsigned int size)
{
	AxonState *s = opaque;

	if (!s->removed)
		axon_core_write(s->core, addr, value, size);
}

static uint64_t axon_nothing_read(void *opaque, hwaddr addr, unsigned int size)
{
	return UINT64_MAX;
}

static void axon_nothing_write(void *opaque, hwaddr addr, uint64_t value, unsigned int size)
{
}

static const MemoryRegionOps axon_nothing_ops = {
	.read = axon_nothing_read,
	.write = axon_nothing_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
};

static const MemoryRegionOps axon_regs_ops = {
	.read = axon_regs_read,
	.write = axon_regs_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = {.min_access_size = 4, .max_access_size = 8},
	.impl = {.min_access_size = 4, .max_access_size = 8},
};

/* RAM leaves the device's view of memory: nobody may hold a pointer to it, or get one, until commit. */
static void axon_region_del(MemoryListener *listener, MemoryRegionSection *section)
{
	AxonState *s = container_of(listener, AxonState, listener);

	if (s->map_changing || !memory_region_is_ram(section->mr))
		return;
	s->map_changing = true;
	axon_core_quiesce(s->core);
}

static void axon_map_commit(MemoryListener *listener)
{
	AxonState *s = container_of(listener, AxonState, listener);

	if (!s->map_changing)
		return;
	axon_core_invalidate_bus(s->core, 0, UINT64_MAX);
	s->map_changing = false;
	axon_core_resume(s->core);
}

static void axon_vm_state(void *opaque, bool running, RunState state)
{
	AxonState *s = opaque;

	if (s->stopped == !running)
		return;
	s->stopped = !running;
	if (running)
		axon_core_resume(s->core);
	else
		axon_core_quiesce(s->core);
}

/* Enter or leave D3hot, in which the chip keeps all but its translations. */
static void axon_sleep(AxonState *s, bool asleep)
{
	if (s->asleep == asleep)
		return;
	s->asleep = asleep;
	if (asleep) {
		axon_core_quiesce(s->core);
		return;
	}
	axon_core_invalidate_bus(s->core, 0, UINT64_MAX);
	axon_core_resume(s->core);
	qemu_bh_schedule(s->interrupt_bh);
}

/* What the last owner left in it is nobody's to read; its pages go back to the host. */
static void axon_clear_vram(AxonState *s)
{
	if (ram_block_discard_range(s->vram.ram_block, 0, s->vram_size))
		memset(memory_region_get_ram_ptr(&s->vram), 0, s->vram_size);
	memory_region_set_dirty(&s->vram, 0, s->vram_size);
}

/* The PCI core puts the function into D0 after this. */
static void axon_reset_hold(Object *obj, ResetType type)
{
	AxonState *s = AXON(obj);

	axon_core_reset(s->core);
	/* The machine wakes from S3, in which power was cut. */
	if (type == RESET_TYPE_WAKEUP)
		ram_block_discard_range(s->vram.ram_block, 0, s->vram_size);
	qatomic_set(&s->pending, 0);
	axon_clear_vram(s);
	pcie_cap_deverr_reset(&s->pdev);
	axon_sleep(s, false);
}

static uint32_t axon_config_read(PCIDevice *pdev, uint32_t addr, int len)
{
	if (AXON(pdev)->removed || axon_core_is_cut_off(AXON(pdev)->core))
		return UINT32_MAX >> (32 - 8 * len);
	return pci_default_read_config(pdev, addr, len);
}

static void axon_config_write(PCIDevice *pdev, uint32_t addr, uint32_t value, int len)
{
	if (AXON(pdev)->removed || axon_core_is_cut_off(AXON(pdev)->core))
		return;
	pci_default_write_config(pdev, addr, value, len);
	pcie_cap_flr_write_config(pdev, addr, value, len);
	pcie_aer_write_config(pdev, addr, value, len);
	axon_sleep(AXON(pdev), pci_get_word(pdev->config + AXON_PM_OFFSET + PCI_PM_CTRL) &
				       PCI_PM_CTRL_STATE_MASK);
}

/* ---- surprise removal -------------------------------------------------------------------- */

/* The port sees an empty slot and tells the guest, as pcie_cap_slot_plug_cb() does of a full one. */
static void axon_leave_slot(AxonState *s)
{
	PCIDevice *port = pci_bridge_get_device(pci_get_bus(&s->pdev));
	uint8_t *cap;

	if (!port || !object_dynamic_cast(OBJECT(port), TYPE_PCIE_SLOT))
		return;
	cap = port->config + port->exp.exp_cap;
	pci_word_test_and_clear_mask(cap + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDS);
	pci_word_test_and_clear_mask(cap + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_DLLLA);
	pci_word_test_and_set_mask(cap + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDC);
	/* A guest may have asked for the link's event, which QEMU's port has not, and not for this. */
	if (!(pci_get_word(cap + PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_HPIE))
		return;
	port->exp.hpev_notified = true;
	if (msix_enabled(port))
		msix_notify(port, pcie_cap_flags_get_vector(port));
	else if (msi_enabled(port))
		msi_notify(port, pcie_cap_flags_get_vector(port));
	else
		pci_irq_assert(port);
}

static bool axon_get_removed(Object *obj, Error **errp)
{
	return AXON(obj)->removed;
}

/* Pull the card out of the running machine: nothing answers, nothing reaches memory any more. */
static void axon_set_removed(Object *obj, bool removed, Error **errp)
{
	AxonState *s = AXON(obj);

	if (s->removed == removed)
		return;
	if (!removed || !DEVICE(s)->realized) {
		error_setg(errp, "axon: expected removed=on for a device that is plugged in: use "
				 "device_add for one that is not");
		return;
	}
	s->removed = true;
	axon_core_reset(s->core);
	axon_core_quiesce(s->core);
	memory_region_set_enabled(&s->vram, false);
	memory_region_set_enabled(&s->pdev.msix_exclusive_bar, false);
	axon_leave_slot(s);
}

/* ---- life -------------------------------------------------------------------------------- */

static bool axon_is_behind_iommu(AxonState *s)
{
	return pci_device_iommu_address_space(&s->pdev) != &address_space_memory;
}

#define AXON_IOMMU_REFUSED                                                                \
	"axon: expected a device without a virtual IOMMU in front, found one: its "       \
	"translations are not supported; drop the IOMMU or put the device on a bus with " \
	"bypass_iommu=on"

/* An IOMMU may have been made after the device. */
static void axon_machine_done(Notifier *notifier, void *data)
{
	AxonState *s = container_of(notifier, AxonState, machine_done);

	if (axon_is_behind_iommu(s)) {
		error_report(AXON_IOMMU_REFUSED);
		exit(EXIT_FAILURE);
	}
}

static bool axon_check_properties(AxonState *s, Error **errp)
{
	if (!is_power_of_2(s->vram_size) || s->vram_size < 16 * MiB) {
		error_setg(errp,
			   "axon: vram is %" PRIu64 " bytes, expected a power of two and at least "
			   "16M: try vram=%" PRIu64 "M",
			   s->vram_size, MAX(16, pow2floor(s->vram_size) / MiB));
		return false;
	}
	if (!pci_bus_is_express(pci_get_bus(&s->pdev))) {
		error_setg(errp, "axon: expected a PCI Express bus, found conventional PCI: use "
				 "-machine q35");
		return false;
	}
	if (axon_is_behind_iommu(s)) {
		error_setg(errp, AXON_IOMMU_REFUSED);
		return false;
	}
	return true;
}

static bool axon_init_capabilities(PCIDevice *pdev, Error **errp)
{
	if (pci_pm_init(pdev, AXON_PM_OFFSET, errp) < 0)
		return false;
	pci_set_word(pdev->config + AXON_PM_OFFSET + PCI_PM_PMC, 3); /* version 1.2 */
	pci_set_word(pdev->config + AXON_PM_OFFSET + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	pci_set_word(pdev->wmask + AXON_PM_OFFSET + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
	if (pcie_endpoint_cap_init(pdev, AXON_EXP_OFFSET) < 0) {
		error_setg(errp, "axon: QEMU refused the PCI Express capability");
		return false;
	}
	pcie_cap_deverr_init(pdev);
	pcie_cap_flr_init(pdev);
	if (pcie_aer_init(pdev, PCI_ERR_VER, AXON_AER_OFFSET, PCI_ERR_SIZEOF, errp) < 0)
		return false;
	return msix_init_exclusive_bar(pdev, AXON_NUM_VECTORS, AXON_BAR_MSIX, errp) == 0;
}

static bool axon_init_core(AxonState *s, Error **errp)
{
	struct axon_core_config config = {
		.cores = s->cores,
		.threads = s->threads,
		.sram_size = s->sram_size,
		.vram = memory_region_get_ram_ptr(&s->vram),
		.vram_size = s->vram_size,
		.inject = s->inject_page,
	};
	const char *error;
	QemuUUID uuid;

	qemu_uuid_generate(&uuid);
	memcpy(config.uuid, uuid.data, sizeof(config.uuid));
	qemu_madvise(config.vram, s->vram_size, QEMU_MADV_HUGEPAGE);
	s->core = axon_core_new(&config, &axon_host, s, &error);
	if (!s->core)
		error_setg(errp, "axon: %s", error);
	return s->core;
}

static void axon_realize(PCIDevice *pdev, Error **errp)
{
	AxonState *s = AXON(pdev);

	if (!axon_check_properties(s, errp))
		return;
	if (!memory_region_init_ram(&s->vram, OBJECT(s), "axon.vram", s->vram_size, errp))
		return;
	if (!axon_init_capabilities(pdev, errp))
		return;
	s->interrupt_bh = qemu_bh_new_guarded(axon_raise, s, &DEVICE(s)->mem_reentrancy_guard);
	if (!axon_init_core(s, errp)) {
		qemu_bh_delete(s->interrupt_bh);
		pcie_aer_exit(pdev);
		pcie_cap_exit(pdev);
		msix_uninit_exclusive_bar(pdev);
		return;
	}
	memory_region_init_io(&s->regs, OBJECT(s), &axon_regs_ops, s, "axon.regs", AXON_BAR0_SIZE);
	pci_register_bar(pdev, AXON_BAR_REGS, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->regs);
	memory_region_init(&s->vram_bar, OBJECT(s), "axon.vram-bar", s->vram_size);
	memory_region_init_io(&s->nothing, OBJECT(s), &axon_nothing_ops, s, "axon.nothing",
			      s->vram_size);
	memory_region_add_subregion(&s->vram_bar, 0, &s->vram);
	memory_region_add_subregion_overlap(&s->vram_bar, 0, &s->nothing, -1);
	pci_register_bar(pdev, AXON_BAR_VRAM,
			 PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 |
				 PCI_BASE_ADDRESS_MEM_PREFETCH,
			 &s->vram_bar);
	for (unsigned int v = 0; v < AXON_NUM_VECTORS; v++)
		msix_vector_use(pdev, v);

	s->listener = (MemoryListener){
		.name = "axon",
		.region_del = axon_region_del,
		.commit = axon_map_commit,
	};
	memory_listener_register(&s->listener, pci_get_address_space(pdev));
	s->vm_state = qdev_add_vm_change_state_handler(DEVICE(s), axon_vm_state, s);
	if (!runstate_is_running())
		axon_vm_state(s, false, RUN_STATE_PRELAUNCH);
	s->machine_done.notify = axon_machine_done;
	qemu_add_machine_init_done_notifier(&s->machine_done);
}

static void axon_exit(PCIDevice *pdev)
{
	AxonState *s = AXON(pdev);

	qemu_remove_machine_init_done_notifier(&s->machine_done);
	qemu_del_vm_change_state_handler(s->vm_state);
	memory_listener_unregister(&s->listener);
	/* each holds the device */
	memory_region_del_subregion(&s->vram_bar, &s->vram);
	memory_region_del_subregion(&s->vram_bar, &s->nothing);
	axon_core_free(s->core);
	qemu_bh_delete(s->interrupt_bh);
	pcie_aer_exit(pdev);
	pcie_cap_exit(pdev);
	msix_uninit_exclusive_bar(pdev);
}

/* "KIND" or "KIND=VALUE" */
static void axon_set_inject(Object *obj, const char *text, Error **errp)
{
	static const char *const kinds[] = {
#define AXON_INJECT_NAME(name, number, text) [number] = text,
		AXON_INJECT_LIST(AXON_INJECT_NAME)
#undef AXON_INJECT_NAME
	};
	AxonState *s = AXON(obj);
	size_t length = strcspn(text, "=");
	uint64_t value = 0;

	if (!s->core) {
		error_setg(errp, "axon: expected a device that is plugged in for 'inject'");
		return;
	}
	if (text[length] && parse_uint_full(text + length + 1, 0, &value)) {
		error_setg(errp, "axon: expected KIND or KIND=NUMBER for 'inject', found '%s'",
			   text);
		return;
	}
	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (strlen(kinds[k]) != length || strncmp(kinds[k], text, length))
			continue;
		if (!axon_core_inject(s->core, k, value))
			error_setg(errp, "axon: the device could not signal '%s' on its bus", text);
		return;
	}
	error_setg(errp, "axon: expected a kind of docs/hardware.md for 'inject', found '%s'",
		   text);
}

static const Property axon_properties[] = {
	DEFINE_PROP_SIZE("vram", AxonState, vram_size, 1 * GiB),
	DEFINE_PROP_UINT32("cores", AxonState, cores, 8),
	DEFINE_PROP_UINT32("threads", AxonState, threads, 0),
	DEFINE_PROP_SIZE32("sram", AxonState, sram_size, AXON_SRAM_DEFAULT),
	DEFINE_PROP_BOOL("inject-page", AxonState, inject_page, false),
};

static const VMStateDescription axon_vmstate = {
	.name = TYPE_AXON,
	.unmigratable = 1,
};

static void axon_class_init(ObjectClass *class, void *data)
{
	DeviceClass *dc = DEVICE_CLASS(class);
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(class);
	ResettableClass *rc = RESETTABLE_CLASS(class);

	pc->realize = axon_realize;
	pc->exit = axon_exit;
	pc->config_read = axon_config_read;
	pc->config_write = axon_config_write;
	pc->vendor_id = AXON_PCI_VENDOR_ID;
	pc->device_id = AXON_PCI_DEVICE_ID;
	pc->class_id = AXON_PCI_CLASS >> 8;
	pc->revision = AXON_PCI_REVISION;
	rc->phases.hold = axon_reset_hold;
	dc->desc = "Axon AI accelerator";
	dc->vmsd = &axon_vmstate;
	device_class_set_props(dc, axon_properties);
	object_class_property_add_bool(class, "removed", axon_get_removed, axon_set_removed);
	object_class_property_set_description(class, "removed",
					      "pull the card out of the running machine");
	object_class_property_add_str(class, "inject", NULL, axon_set_inject);
	object_class_property_set_description(class, "inject",
					      "KIND or KIND=VALUE: make something go wrong");
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo axon_info = {
	.name = TYPE_AXON,
	.parent = TYPE_PCI_DEVICE,
	.instance_size = sizeof(AxonState),
	.class_init = axon_class_init,
	.interfaces = (InterfaceInfo[]){{INTERFACE_PCIE_DEVICE}, {}},
};

static void axon_register_types(void)
{
	type_register_static(&axon_info);
}
type_init(axon_register_types)
