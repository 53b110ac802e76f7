// SPDX-License-Identifier: MIT
/* The device in QEMU, seen from the bus: configuration, BARs, DMA, MSI-X, run state, resets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "axon_hw.h"
#include "machine.h"

#define PORT	  (3 << 3)
#define REGS	  0xe0000000ull
#define VECTORS	  0xe1000000ull
#define VRAM	  0x1000000000ull
#define VRAM_SIZE (64u << 20)
#define SLOT	  1
#define DOORBELL  9

/* device memory: page tables, ring, code */
#define TABLE(n)   (0x1000ull * (1 + (n)))
#define RING	   0x10000ull
#define CODE	   0x20000ull
#define SAVE	   0x1000000ull
#define SAVE_BYTES (32u << 20)
/* virtual addresses of all device memory, and of the first 2 MiB of RAM */
#define VRAM_VA 0x100000000ull
#define RAM_VA	0x104000000ull
/* RAM */
#define RAM_OUT	  0x100000ull
#define RAM_MSI	  0x140000ull
#define RAM_FAULT 0x180000ull

#define PCI_COMMAND	0x04
#define PCI_BAR(n)	(0x10 + 4 * (n))
#define PCI_MEMORY	0x2
#define PCI_MASTER	0x4
#define PCI_CAP_PM	0x01
#define PCI_CAP_EXPRESS 0x10
#define PCI_CAP_MSIX	0x11

/* the device under test */
static unsigned int bdf = 4 << 3;

static const char *const args[] = {"-device", "axon,addr=4,vram=64M,cores=2,threads=2", NULL};

static uint32_t reg(struct machine *m, uint64_t offset)
{
	return machine_r32(m, REGS + offset);
}

static void set_reg(struct machine *m, uint64_t offset, uint32_t value)
{
	machine_w32(m, REGS + offset, value);
}

static void set_reg64(struct machine *m, uint64_t offset, uint64_t value)
{
	machine_w64(m, REGS + offset, value);
}

static void map_bars(struct machine *m)
{
	machine_config_w32(m, bdf, PCI_BAR(AXON_BAR_REGS), (uint32_t)REGS);
	machine_config_w32(m, bdf, PCI_BAR(AXON_BAR_VRAM), (uint32_t)VRAM);
	machine_config_w32(m, bdf, PCI_BAR(AXON_BAR_VRAM) + 4, VRAM >> 32);
	machine_config_w32(m, bdf, PCI_BAR(AXON_BAR_MSIX), (uint32_t)VECTORS);
	machine_config_w32(m, bdf, PCI_COMMAND, PCI_MEMORY | PCI_MASTER);
}

/* Vector v writes 0x100 + v to its word at RAM_MSI. */
static void set_vectors(struct machine *m)
{
	unsigned int msix = machine_capability(m, bdf, PCI_CAP_MSIX);

	for (unsigned int v = 0; v < AXON_NUM_VECTORS; v++) {
		machine_w32(m, VECTORS + 16 * v, RAM_MSI + 4 * v);
		machine_w32(m, VECTORS + 16 * v + 8, 0x100 + v);
		machine_w32(m, VECTORS + 16 * v + 12, 0);
	}
	machine_config_w32(m, bdf, msix, machine_config_r32(m, bdf, msix) | 0x80000000u);
}

static void set_tables(struct machine *m)
{
	uint64_t leaf = AXON_PTE_V | AXON_PTE_W | AXON_PTE_X | AXON_PTE_LEAF;

	machine_w64(m, VRAM + TABLE(0), TABLE(1) | AXON_PTE_V);
	machine_w64(m, VRAM + TABLE(1) + 8 * 4, TABLE(2) | AXON_PTE_V);
	for (uint64_t i = 0; i < VRAM_SIZE >> AXON_HUGE_SHIFT; i++)
		machine_w64(m, VRAM + TABLE(2) + 8 * i, i << AXON_HUGE_SHIFT | leaf);
	machine_w64(m, VRAM + TABLE(2) + 8 * 32, leaf | AXON_PTE_SYS);
	set_reg64(m, AXON_PAGE_AS + AXON_REG_AS_ROOT(0), TABLE(0) | AXON_PTE_V);
}

static void enable(struct machine *m)
{
	uint64_t slot = AXON_PAGE_SLOT(SLOT);

	set_reg64(m, AXON_PAGE_FAULT + AXON_REG_FAULT_BASE, RAM_FAULT);
	set_reg(m, AXON_PAGE_FAULT + AXON_REG_FAULT_LOG2, 4);
	set_reg(m, AXON_REG_CTRL, AXON_CTRL_ENABLE);
	set_reg64(m, slot + AXON_REG_SLOT_RING, VRAM_VA + RING);
	set_reg(m, slot + AXON_REG_SLOT_LOG2, 4);
	set_reg(m, slot + AXON_REG_SLOT_DOORBELL, DOORBELL);
	set_reg64(m, slot + AXON_REG_SLOT_SAVE, VRAM_VA + SAVE);
	set_reg(m, slot + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
}

static void set_up(struct machine *m)
{
	map_bars(m);
	set_vectors(m);
	set_tables(m);
	enable(m);
}

static struct machine *machine_ready(void)
{
	struct machine *m = machine_new(args);

	set_up(m);
	return m;
}

static void push(struct machine *m, unsigned int n, struct axon_packet packet)
{
	machine_write(m, VRAM + RING + n * AXON_PACKET_SIZE, &packet, sizeof(packet));
}

static void ring(struct machine *m, uint32_t wptr)
{
	set_reg(m, AXON_PAGE_DOORBELL(DOORBELL) + AXON_REG_DOORBELL, wptr);
}

/* Wait until the word in RAM has the value. */
static void expect_word(struct machine *m, uint64_t addr, uint32_t value)
{
	for (unsigned int i = 0; i < 20000 && machine_r32(m, addr) != value; i++)
		usleep(500);
	assert_int_equal(machine_r32(m, addr), value);
}

static void test_configuration(void **state)
{
	struct machine *m = machine_new(args);
	unsigned int express;

	(void)state;
	assert_int_equal(machine_config_r32(m, bdf, 0), 0xa1a11234);
	assert_int_equal(machine_config_r32(m, bdf, 8), 0x12000001);
	for (unsigned int bar = 0; bar < 6; bar++)
		machine_config_w32(m, bdf, PCI_BAR(bar), ~0u);
	assert_int_equal(machine_config_r32(m, bdf, PCI_BAR(0)), (uint32_t) ~(AXON_BAR0_SIZE - 1));
	assert_int_equal(machine_config_r32(m, bdf, PCI_BAR(2)), (uint32_t) ~(VRAM_SIZE - 1) | 0xc);
	assert_int_equal(machine_config_r32(m, bdf, PCI_BAR(3)), ~0u);
	assert_int_equal(machine_capability(m, bdf, PCI_CAP_PM) != 0, 1);
	assert_int_equal(
		machine_config_r32(m, bdf, machine_capability(m, bdf, PCI_CAP_MSIX)) >> 16 & 0x7ff,
		AXON_NUM_VECTORS - 1);
	express = machine_capability(m, bdf, PCI_CAP_EXPRESS);
	/* function-level reset */
	assert_int_equal(machine_config_r32(m, bdf, express + 4) >> 28 & 1, 1);
	map_bars(m);
	assert_int_equal(reg(m, AXON_REG_ID), AXON_ID_VALUE);
	assert_int_equal(machine_r64(m, REGS + AXON_REG_VRAM_SIZE), VRAM_SIZE);
	assert_int_equal(reg(m, AXON_REG_NUM_CORES), 2);
	machine_w64(m, VRAM + VRAM_SIZE - 8, 0x1122334455667788);
	assert_int_equal(machine_r64(m, VRAM + VRAM_SIZE - 8), 0x1122334455667788);
	machine_free(m);
}

static void test_dma_and_interrupts(void **state)
{
	struct machine *m = machine_ready();
	struct axon_packet copy = {.op = AXON_PKT_COPY,
				   .copy = {RAM_VA + RAM_OUT + 64, VRAM_VA + CODE, 4096, {0}}};
	struct axon_packet signal = {.op = AXON_PKT_SIGNAL,
				     .flags = AXON_PKT_F_IRQ,
				     .signal = {.addr = RAM_VA + RAM_OUT, .value = 42}};

	(void)state;
	machine_w64(m, VRAM + CODE + 4088, 0xabcdef);
	push(m, 0, copy);
	push(m, 1, signal);
	ring(m, 2);
	/* the interrupt comes after what it speaks of */
	expect_word(m, RAM_MSI + 4 * AXON_VEC_SLOT(SLOT), 0x100 + AXON_VEC_SLOT(SLOT));
	assert_int_equal(machine_r64(m, RAM_OUT), 42);
	assert_int_equal(machine_r64(m, RAM_OUT + 64 + 4088), 0xabcdef);
	assert_int_equal(reg(m, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_RPTR), 2);
	/* a doorbell without a slot: told once, until it is cleared */
	set_reg(m, AXON_PAGE_DOORBELL(DOORBELL + 1), 7);
	expect_word(m, RAM_MSI + 4 * AXON_VEC_DOORBELL, 0x100 + AXON_VEC_DOORBELL);
	assert_int_equal(reg(m, AXON_PAGE_DB_VALUE + AXON_REG_DB_VALUE(DOORBELL + 1)), 7);
	assert_int_equal(reg(m, AXON_PAGE_DB_STATUS + AXON_REG_DB_SUMMARY), 1);
	assert_int_equal(reg(m, AXON_PAGE_DB_STATUS + AXON_REG_DB_RUNG(0)), 1 << (DOORBELL + 1));
	set_reg(m, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS, 1 << AXON_VEC_DOORBELL);
	set_reg(m, AXON_PAGE_DOORBELL(DOORBELL + 1), 8);
	assert_int_equal(reg(m, AXON_PAGE_IRQ + AXON_REG_IRQ_STATUS) >> AXON_VEC_DOORBELL & 1, 0);
	set_reg(m, AXON_PAGE_DB_STATUS + AXON_REG_DB_RUNG(0), 1 << (DOORBELL + 1));
	machine_w32(m, RAM_MSI + 4 * AXON_VEC_DOORBELL, 0);
	set_reg(m, AXON_PAGE_DOORBELL(DOORBELL + 1), 9);
	expect_word(m, RAM_MSI + 4 * AXON_VEC_DOORBELL, 0x100 + AXON_VEC_DOORBELL);
	machine_free(m);
}

static void test_no_bus_master(void **state)
{
	struct machine *m = machine_ready();
	struct axon_packet signal = {.op = AXON_PKT_SIGNAL,
				     .signal = {.addr = RAM_VA + RAM_OUT, .value = 1}};
	uint64_t slot = AXON_PAGE_SLOT(SLOT);

	(void)state;
	push(m, 0, signal);
	ring(m, 1);
	expect_word(m, RAM_OUT, 1);
	/* RAM leaves the device's view although its address is in the chip's caches */
	machine_config_w32(m, bdf, PCI_COMMAND, PCI_MEMORY);
	signal.signal.value = 2;
	push(m, 1, signal);
	ring(m, 2);
	expect_word(m, REGS + slot + AXON_REG_SLOT_STATUS, AXON_SLOT_FAULTED);
	expect_word(m, REGS + AXON_PAGE_FAULT + AXON_REG_FAULT_LOST, 1);
	assert_int_equal(machine_r32(m, RAM_OUT), 1);
	/* and comes back; so does a record of the fault to come: a device register is no target */
	machine_config_w32(m, bdf, PCI_COMMAND, PCI_MEMORY | PCI_MASTER);
	set_reg(m, slot + AXON_REG_SLOT_RESET, 1);
	expect_word(m, REGS + slot + AXON_REG_SLOT_STATUS, AXON_SLOT_DISABLED);
	machine_w64(m, VRAM + TABLE(2) + 8 * 33,
		    REGS | AXON_PTE_V | AXON_PTE_W | AXON_PTE_LEAF | AXON_PTE_SYS);
	set_reg(m, slot + AXON_REG_SLOT_CTRL, AXON_SLOT_CTRL_ENABLE);
	push(m, 0, signal);
	signal.signal.addr = VRAM_VA + (33ull << AXON_HUGE_SHIFT);
	push(m, 1, signal);
	ring(m, 2);
	expect_word(m, RAM_MSI + 4 * AXON_VEC_FAULT, 0x100 + AXON_VEC_FAULT);
	assert_int_equal(machine_r32(m, RAM_OUT), 2);
	assert_int_equal(machine_r32(m, RAM_FAULT) & 0xffff, AXON_FAULT_BUS);
	assert_int_equal(machine_r64(m, RAM_FAULT + 8), signal.signal.addr);
	machine_free(m);
}

/* A kernel that counts up at RAM_OUT for ever. */
static void start_counting(struct machine *m)
{
	static const uint32_t code[] = {
		0x00053283, /* ld t0, 0(a0) */
		0x00128293, /* addi t0, t0, 1 */
		0x00553023, /* sd t0, 0(a0) */
		0xfe000ae3, /* beq zero, zero, -12 */
	};
	struct axon_packet launch = {
		.op = AXON_PKT_LAUNCH,
		.launch = {.entry = VRAM_VA + CODE, .args = RAM_VA + RAM_OUT, .grid = {1, 1, 1}}};

	machine_write(m, VRAM + CODE, code, sizeof(code));
	push(m, 0, launch);
	ring(m, 1);
}

static void expect_counting(struct machine *m)
{
	uint64_t before = machine_r64(m, RAM_OUT);

	for (unsigned int i = 0; i < 20000 && machine_r64(m, RAM_OUT) == before; i++)
		usleep(500);
	assert_int_not_equal(machine_r64(m, RAM_OUT), before);
}

static void expect_stillness(struct machine *m)
{
	uint64_t before = machine_r64(m, RAM_OUT);

	usleep(50000);
	assert_int_equal(machine_r64(m, RAM_OUT), before);
}

static void test_run_state(void **state)
{
	struct machine *m = machine_ready();

	(void)state;
	start_counting(m);
	for (unsigned int i = 0; i < 3; i++) {
		expect_counting(m);
		machine_qmp(m, "stop", NULL);
		expect_stillness(m);
		machine_qmp(m, "cont", NULL);
	}
	/* ends in the middle of it */
	machine_free(m);
}

/* D3hot in the middle of a kernel: registers, device memory and the kernel itself are kept. */
static void test_power(void **state)
{
	struct machine *m = machine_ready();
	unsigned int pm = machine_capability(m, bdf, PCI_CAP_PM);

	(void)state;
	/* No_Soft_Reset */
	assert_int_equal(machine_config_r32(m, bdf, pm + 4) & 0xb, 0x8);
	start_counting(m);
	expect_counting(m);
	machine_w32(m, VRAM + SAVE, 0x1234567);
	machine_config_w32(m, bdf, pm + 4, 3);
	assert_int_equal(machine_config_r32(m, bdf, pm + 4) & 3, 3);
	expect_stillness(m);
	assert_int_not_equal(reg(m, AXON_REG_ID), AXON_ID_VALUE);
	set_reg(m, AXON_REG_CTRL, 0);
	machine_config_w32(m, bdf, pm + 4, 0);
	assert_int_equal(reg(m, AXON_REG_CTRL), AXON_CTRL_ENABLE);
	assert_int_equal(machine_r32(m, VRAM + SAVE), 0x1234567);
	expect_counting(m);
	/* a reset ends it */
	machine_config_w32(m, bdf, pm + 4, 3);
	machine_qmp(m, "system_reset", NULL);
	set_up(m);
	start_counting(m);
	expect_counting(m);
	machine_free(m);
}

/* The card is pulled out in the middle of a kernel. */
static void test_removed(void **state)
{
	static const char *const named[] = {"-device",
					    "axon,id=one,addr=4,vram=64M,cores=2,threads=2", NULL};
	struct machine *m = machine_new(named);

	(void)state;
	set_up(m);
	start_counting(m);
	expect_counting(m);
	machine_qmp(m, "qom-set",
		    "{ \"path\": \"/machine/peripheral/one\", \"property\": \"removed\", "
		    "\"value\": true }");
	expect_stillness(m);
	assert_int_equal(machine_config_r32(m, bdf, 0), ~0u);
	assert_int_equal(reg(m, AXON_REG_ID), ~0u);
	assert_int_equal(machine_r32(m, VRAM + CODE), ~0u);
	ring(m, 2);
	machine_w64(m, VRAM + CODE, 0);
	machine_config_w32(m, bdf, PCI_COMMAND, 0);
	assert_int_equal(machine_r32(m, VRAM + CODE), ~0u);
	machine_qmp(m, "stop", NULL);
	machine_qmp(m, "cont", NULL);
	expect_stillness(m);
	machine_free(m);
}

/* A program that counts goes on counting on another slot. */
static void test_suspend(void **state)
{
	struct machine *m = machine_ready();
	uint64_t from = AXON_PAGE_SLOT(SLOT), to = AXON_PAGE_SLOT(SLOT + 1);

	(void)state;
	assert_true(reg(m, from + AXON_REG_SLOT_SAVE_SIZE) <= SAVE_BYTES);
	start_counting(m);
	expect_counting(m);
	set_reg(m, from + AXON_REG_SLOT_SUSPEND, 1);
	expect_word(m, RAM_MSI + 4 * AXON_VEC_SLOT(SLOT), 0x100 + AXON_VEC_SLOT(SLOT));
	assert_int_equal(reg(m, from + AXON_REG_SLOT_STATUS), AXON_SLOT_SUSPENDED);
	assert_int_equal(machine_r32(m, VRAM + SAVE), AXON_SAVE_VERSION);
	expect_stillness(m);

	set_reg(m, from + AXON_REG_SLOT_CTRL, 0);
	set_reg64(m, to + AXON_REG_SLOT_RING, VRAM_VA + RING);
	set_reg(m, to + AXON_REG_SLOT_LOG2, 4);
	set_reg(m, to + AXON_REG_SLOT_DOORBELL, DOORBELL);
	set_reg64(m, to + AXON_REG_SLOT_SAVE, VRAM_VA + SAVE);
	set_reg(m, to + AXON_REG_SLOT_RESUME, 1);
	expect_word(m, RAM_MSI + 4 * AXON_VEC_SLOT(SLOT + 1), 0x100 + AXON_VEC_SLOT(SLOT + 1));
	assert_int_equal(reg(m, to + AXON_REG_SLOT_STATUS), AXON_SLOT_RUNNING);
	expect_counting(m);
	machine_free(m);
}

static void test_resets(void **state)
{
	struct machine *m = machine_ready();
	unsigned int express = machine_capability(m, bdf, PCI_CAP_EXPRESS);

	(void)state;
	start_counting(m);
	expect_counting(m);
	machine_config_w32(m, bdf, express + 8, 0x8000);
	expect_stillness(m);
	map_bars(m);
	assert_int_equal(reg(m, AXON_REG_CTRL), 0);
	assert_int_equal(reg(m, AXON_PAGE_SLOT(SLOT) + AXON_REG_SLOT_STATUS), AXON_SLOT_DISABLED);
	set_vectors(m);
	set_tables(m);
	enable(m);
	start_counting(m);
	expect_counting(m);
	machine_qmp(m, "stop", NULL);
	machine_qmp(m, "system_reset", NULL);
	machine_qmp(m, "cont", NULL);
	expect_stillness(m);
	map_bars(m);
	assert_int_equal(machine_r64(m, REGS + AXON_PAGE_AS + AXON_REG_AS_ROOT(0)), 0);
	machine_free(m);
}

/* One device writes into the other's memory. */
static void test_two_devices(void **state)
{
	static const char *const two[] = {"-device", "axon,addr=4,vram=64M", "-device",
					  "axon,addr=5,vram=64M", NULL};
	uint64_t other = VRAM + (1ull << 32);
	struct machine *m = machine_new(two);
	struct axon_packet copy = {
		.op = AXON_PKT_COPY,
		.copy = {VRAM_VA + (33ull << AXON_HUGE_SHIFT), VRAM_VA + CODE, 4096, {0}}};

	(void)state;
	set_up(m);
	machine_config_w32(m, 5 << 3, PCI_BAR(AXON_BAR_VRAM), (uint32_t)other);
	machine_config_w32(m, 5 << 3, PCI_BAR(AXON_BAR_VRAM) + 4, other >> 32);
	machine_config_w32(m, 5 << 3, PCI_COMMAND, PCI_MEMORY);
	machine_w64(m, VRAM + TABLE(2) + 8 * 33,
		    other | AXON_PTE_V | AXON_PTE_W | AXON_PTE_LEAF | AXON_PTE_SYS);
	machine_w64(m, VRAM + CODE + 4088, 0x5eed);
	push(m, 0, copy);
	ring(m, 1);
	expect_word(m, other + 4088, 0x5eed);
	machine_free(m);
}

/* The guest's part of plugging: the slot's power and its indicator. */
static void set_slot_power(struct machine *m, bool on)
{
	unsigned int control = machine_capability(m, PORT, PCI_CAP_EXPRESS) + 0x18;

	machine_config_w32(m, PORT, control, on ? 0x0100 : 0x0700);
}

/* The device is unplugged with a kernel running; another one takes its place. */
static void test_unplug(void **state)
{
	static const char *const behind_port[] = {
		"-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
		"-device", "pcie-root-port,id=rp,addr=3",
		"-device", "axon,id=one,bus=rp,vram=64M",
		NULL};
	struct machine *m = machine_new(behind_port);

	(void)state;
	/* secondary bus 1; windows for the BARs */
	machine_config_w32(m, PORT, 0x18, 0x010100);
	machine_config_w32(m, PORT, 0x20, 0xe1f0e000);
	machine_config_w32(m, PORT, 0x24, 0xfff10001);
	machine_config_w32(m, PORT, 0x28, VRAM >> 32);
	machine_config_w32(m, PORT, 0x2c, VRAM >> 32);
	machine_config_w32(m, PORT, PCI_COMMAND, PCI_MEMORY | PCI_MASTER);
	bdf = 1 << 8;
	set_up(m);
	start_counting(m);
	expect_counting(m);
	machine_qmp(m, "device_del", "{ \"id\": \"one\" }");
	set_slot_power(m, false);
	expect_stillness(m);
	assert_int_equal(machine_config_r32(m, bdf, 0), ~0u);
	/* QEMU lets go of the first device's memory, and its name, in an RCU callback later on. */
	sleep(2);
	machine_qmp(
		m, "device_add",
		"{ \"driver\": \"axon\", \"id\": \"two\", \"bus\": \"rp\", \"vram\": 67108864 }");
	set_slot_power(m, true);
	set_up(m);
	start_counting(m);
	expect_counting(m);
	machine_free(m);
	bdf = 4 << 3;
}

static void test_refusals(void **state)
{
	static const char *const bad[][2] = {
		{"axon,vram=48M", "expected a power of two and at least 16M: try vram=32M"},
		{"axon,vram=1M", "try vram=16M"},
		{"axon,cores=65", "cores must be 1 to 64"},
		{"axon,sram=3M", "SRAM must be a power of two from 256 KiB to 256 MiB"},
	};
	char text[4096];

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const device[] = {"-device", bad[i][0], NULL};

		assert_int_equal(machine_refuses(device, text, sizeof(text)), 1);
		assert_non_null(strstr(text, bad[i][1]));
		/* one line */
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
	for (unsigned int i = 0; i < 2; i++) {
		const char *const iommu[] = {"-device", i ? "axon" : "intel-iommu", "-device",
					     i ? "intel-iommu" : "axon", NULL};

		assert_int_equal(machine_refuses(iommu, text, sizeof(text)), 1);
		assert_non_null(strstr(text, "without a virtual IOMMU"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration), cmocka_unit_test(test_dma_and_interrupts),
		cmocka_unit_test(test_no_bus_master), cmocka_unit_test(test_run_state),
		cmocka_unit_test(test_suspend),	      cmocka_unit_test(test_resets),
		cmocka_unit_test(test_two_devices),   cmocka_unit_test(test_unplug),
		cmocka_unit_test(test_power),	      cmocka_unit_test(test_removed),
		cmocka_unit_test(test_refusals),
	};

	if (!machine_available()) {
		fprintf(stderr, "no QEMU at QTEST_QEMU_BINARY: build it with make qemu\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
