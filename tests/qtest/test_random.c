// SPDX-License-Identifier: MIT
/*
 * A guest without sense: anything is written anywhere in the device's BARs and its command register,
 * with resets, stops and an unplug in between. QEMU must live on and the device come back from a
 * reset. The seed is printed; AXON_FUZZ_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "axon_hw.h"
#include "machine.h"
#include "random.h"

#define PORT	 (3 << 3)
#define DEVICE	 (1 << 8)
#define REGS	 0xe0000000ull
#define VECTORS	 0xe1000000ull
#define VRAM	 0x1000000000ull
#define ROUNDS	 4
#define ACCESSES 1500

#define PCI_COMMAND	0x04
#define PCI_BAR(n)	(0x10 + 4 * (n))
#define PCI_ALL		0x6 /* memory and bus master */
#define PCI_CAP_EXPRESS 0x10

static uint64_t seed;

static uint64_t random64(void)
{
	return random_next(&seed);
}

static uint64_t below(uint64_t n)
{
	return random64() % n;
}

/* As firmware would: bus 1 behind the port, windows for the BARs, the BARs. */
static void map(struct machine *m)
{
	machine_config_w32(m, PORT, 0x18, 0x010100);
	machine_config_w32(m, PORT, 0x20, 0xe1f0e000);
	machine_config_w32(m, PORT, 0x24, 0xfff10001);
	machine_config_w32(m, PORT, 0x28, VRAM >> 32);
	machine_config_w32(m, PORT, 0x2c, VRAM >> 32);
	machine_config_w32(m, PORT, PCI_COMMAND, PCI_ALL);
	machine_config_w32(m, DEVICE, PCI_BAR(AXON_BAR_REGS), (uint32_t)REGS);
	machine_config_w32(m, DEVICE, PCI_BAR(AXON_BAR_VRAM), (uint32_t)VRAM);
	machine_config_w32(m, DEVICE, PCI_BAR(AXON_BAR_VRAM) + 4, VRAM >> 32);
	machine_config_w32(m, DEVICE, PCI_BAR(AXON_BAR_MSIX), (uint32_t)VECTORS);
	machine_config_w32(m, DEVICE, PCI_COMMAND, PCI_ALL);
}

static uint64_t any_number(void)
{
	switch (below(5)) {
	case 0: return below(64);
	case 1: return (1ull << below(64)) + below(3) - 1;
	case 2: return 0x100000000 + below(1 << 22);
	case 3: return (below(1 << 14) << 12) | below(512); /* a page table's entry */
	default: return random64();
	}
}

static uint64_t any_register(void)
{
	static const uint32_t pages[] = {
		AXON_PAGE_GLOBAL,      AXON_PAGE_IRQ,	   AXON_PAGE_FAULT,
		AXON_PAGE_MMU,	       AXON_PAGE_AS,	   AXON_PAGE_DB_VALUE,
		AXON_PAGE_DB_STATUS,   AXON_PAGE_PERF,	   AXON_PAGE_SLOT(0),
		AXON_PAGE_SLOT(1),     AXON_PAGE_SLOT(15), AXON_PAGE_DOORBELL(0),
		AXON_PAGE_DOORBELL(1),
	};
	uint64_t page = below(10) ? pages[below(sizeof(pages) / sizeof(pages[0]))]
				  : below(AXON_BAR0_SIZE) & ~0xfffull;

	return REGS + page + 8 * (below(8) ? below(16) : below(512));
}

static void access_any(struct machine *m)
{
	uint64_t at = below(4) ? any_register() : VRAM + 8 * below(1 << 12);

	switch (below(8)) {
	case 0: machine_r64(m, at); break;
	case 1: machine_r32(m, at + 4); break;
	case 2: machine_w32(m, at + 4, (uint32_t)any_number()); break;
	case 3: machine_w32(m, VECTORS + 4 * below(1024), (uint32_t)any_number()); break;
	case 4: machine_w64(m, REGS + AXON_REG_CTRL, AXON_CTRL_ENABLE); break;
	default: machine_w64(m, at, any_number()); break;
	}
}

static void function_reset(struct machine *m)
{
	unsigned int express = machine_capability(m, DEVICE, PCI_CAP_EXPRESS);

	machine_config_w32(m, DEVICE, express + 8, 0x8000);
	map(m);
}

static void disturb(struct machine *m)
{
	switch (below(4)) {
	case 0: function_reset(m); break;
	case 1:
		machine_qmp(m, "stop", NULL);
		access_any(m);
		machine_qmp(m, "cont", NULL);
		break;
	case 2:
		machine_qmp(m, "system_reset", NULL);
		map(m);
		break;
	default:
		machine_config_w32(m, DEVICE, PCI_COMMAND, below(8));
		access_any(m);
		machine_config_w32(m, DEVICE, PCI_COMMAND, PCI_ALL);
		break;
	}
}

static void unplug(struct machine *m)
{
	unsigned int control = machine_capability(m, PORT, PCI_CAP_EXPRESS) + 0x18;

	machine_qmp(m, "device_del", "{ \"id\": \"one\" }");
	machine_config_w32(m, PORT, control, 0x0700);
	assert_int_equal(machine_config_r32(m, DEVICE, 0), ~0u);
}

static void one_machine(void)
{
	static const char *const args[] = {
		"-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
		"-device", "pcie-root-port,id=rp,addr=3",
		"-device", "axon,id=one,bus=rp,vram=64M,cores=2,threads=2",
		NULL};
	struct machine *m = machine_new(args);

	map(m);
	for (unsigned int i = 0; i < ACCESSES; i++)
		if (below(100))
			access_any(m);
		else
			disturb(m);
	function_reset(m);
	assert_int_equal(machine_r32(m, REGS + AXON_REG_ID), AXON_ID_VALUE);
	for (unsigned int i = 0; i < ACCESSES / 10; i++)
		access_any(m);
	unplug(m);
	machine_free(m);
}

static void test_random(void **state)
{
	const char *given = getenv("AXON_FUZZ_SEED");

	(void)state;
	seed = given ? strtoull(given, NULL, 0) : 1;
	for (unsigned int n = 0; n < ROUNDS; n++) {
		print_message("AXON_FUZZ_SEED=%llu\n", (unsigned long long)seed);
		one_machine();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	if (!machine_available())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
