/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The hardware contract of the axon accelerator: PCI identity, registers, page tables, rings,
 * packets and fault records. docs/hardware.md explains each; this file is the only copy of the
 * numbers. All structures are little-endian.
 */
#ifndef AXON_HW_H
#define AXON_HW_H

#include <linux/types.h>

/* ---- PCI --------------------------------------------------------------------------------- */
#define AXON_PCI_VENDOR_ID	0x1234
#define AXON_PCI_DEVICE_ID	0xa1a1
#define AXON_PCI_CLASS		0x120000	/* processing accelerator */
#define AXON_PCI_REVISION	0x01

#define AXON_BAR_REGS		0		/* registers and doorbells, 32-bit memory */
#define AXON_BAR_VRAM		2		/* device memory, 64-bit prefetchable */
#define AXON_BAR_MSIX		4

#define AXON_BAR0_SIZE		0x800000

/* MSI-X vectors. A vector is raised after the memory it speaks of has been written. */
#define AXON_VEC_FAULT		0		/* fault ring advanced, or the RAS page changed */
#define AXON_VEC_DOORBELL	1		/* a bit of DB_RUNG was set */
#define AXON_VEC_SLOT(s)	(2 + (s))	/* SIGNAL with AXON_PKT_F_IRQ, or suspended or resumed */
#define AXON_NUM_VECTORS	18

/* ---- sizes the hardware fixes ------------------------------------------------------------ */
#define AXON_NUM_SLOTS		16
#define AXON_NUM_DOORBELLS	1024
#define AXON_NUM_AS		256		/* address spaces; 0 is the driver's own */
#define AXON_MAX_CORES		64
#define AXON_CALL_DEPTH		8		/* nested CALLs below the ring */
#define AXON_RING_MIN_LOG2	4		/* packets */
#define AXON_RING_MAX_LOG2	16
#define AXON_CLOCK_HZ		1000000000	/* of modelled cycles */

/* ---- BAR0 map: one 4 KiB page for each function and privilege ---------------------------- */
#define AXON_PAGE_GLOBAL	0x000000
#define AXON_PAGE_IRQ		0x001000
#define AXON_PAGE_FAULT		0x002000
#define AXON_PAGE_MMU		0x003000
#define AXON_PAGE_AS		0x004000	/* 256 entries of 16 bytes */
#define AXON_PAGE_DB_VALUE	0x006000	/* 1,024 words */
#define AXON_PAGE_DB_STATUS	0x007000
#define AXON_PAGE_PERF		0x008000
#define AXON_PAGE_RAS		0x009000	/* memory errors, temperature */
#define AXON_PAGE_INJECT	0x00a000	/* needs AXON_FEAT_INJECT */
#define AXON_PAGE_SENSOR	0x00b000
#define AXON_PAGE_SLOT(s)	(0x010000 + (s) * 0x1000)
#define AXON_PAGE_DOORBELL(d)	(0x400000 + (d) * 0x1000)

/* Registers are 32 bits wide and read or written as aligned 32-bit words. A 64-bit register is
 * a pair, low word first; an aligned 64-bit access to it is allowed. Reads of undefined offsets
 * give 0, writes to them are ignored.
 */

/* global page */
#define AXON_REG_ID		0x000	/* RO AXON_ID_VALUE */
#define AXON_REG_HW_VERSION	0x004	/* RO major << 16 | minor */
#define AXON_REG_NUM_CORES	0x008	/* RO */
#define AXON_REG_SRAM_SIZE	0x00c	/* RO bytes per core */
#define AXON_REG_NUM_SLOTS	0x010	/* RO */
#define AXON_REG_NUM_DOORBELLS	0x014	/* RO */
#define AXON_REG_NUM_AS		0x018	/* RO */
#define AXON_REG_CLOCK_HZ	0x01c	/* RO modelled */
#define AXON_REG_VRAM_SIZE	0x020	/* RO 64-bit, bytes */
#define AXON_REG_FEATURES	0x028	/* RO 64-bit AXON_FEAT_* */
#define AXON_REG_CTRL		0x030	/* RW AXON_CTRL_* */
#define AXON_REG_STATUS		0x034	/* RO AXON_STATUS_* */
#define AXON_REG_TIMESTAMP	0x038	/* RO 64-bit, wall ns since power-on */
#define AXON_REG_UUID		0x040	/* RO 16 bytes */

#define AXON_ID_VALUE		0x4e4f5841	/* "AXON" */
#define AXON_HW_VERSION_MAJOR	1
#define AXON_HW_VERSION_MINOR	0

#define AXON_FEAT_USER_QUEUES	(1u << 0)	/* SLOT_CTRL_USER honoured */
#define AXON_FEAT_SUSPEND	(1u << 1)	/* SLOT_SUSPEND, SLOT_RESUME honoured */
#define AXON_FEAT_INJECT	(1u << 2)	/* INJECT page honoured */

#define AXON_CTRL_ENABLE	(1u << 0)	/* slots are served */
#define AXON_CTRL_RESET		(1u << 1)	/* WO: whole-device reset; device memory is kept */

#define AXON_STATUS_READY	(1u << 0)
#define AXON_STATUS_RESETTING	(1u << 1)

/* interrupt page: a bit for each vector */
#define AXON_REG_IRQ_STATUS	0x000	/* W1C bit v: vector v was raised */
#define AXON_REG_IRQ_MASK	0x004	/* RW bit v set: vector v is not raised (status still sets) */

/* fault page */
#define AXON_REG_FAULT_BASE	0x000	/* RW 64-bit bus address, 64-byte aligned */
#define AXON_REG_FAULT_LOG2	0x008	/* RW records, log2, 0 = ring off, at most 12 */
#define AXON_REG_FAULT_HEAD	0x00c	/* RO records written, modulo 2^32 */
#define AXON_REG_FAULT_TAIL	0x010	/* RW records consumed by the driver, modulo 2^32 */
#define AXON_REG_FAULT_LOST	0x014	/* RO records dropped because the ring was full */

/* MMU page: invalidate [START, END) of one address space; END = 0 means all of it */
#define AXON_REG_INV_START	0x000	/* RW 64-bit VA */
#define AXON_REG_INV_END	0x008	/* RW 64-bit VA */
#define AXON_REG_INV_CMD	0x010	/* WO address space number: starts the invalidation */
#define AXON_REG_INV_BUSY	0x014	/* RO 1 until no access can use an old translation */

/* address-space table: entry n at AXON_PAGE_AS + 16 n */
#define AXON_REG_AS_ROOT(n)	((n) * 16)	/* RW 64-bit: a PDE (AXON_PTE_V, _SYS, address) */
#define AXON_REG_AS_FLAGS(n)	((n) * 16 + 8)	/* RW reserved, zero */

/* doorbell values: the last write to each doorbell */
#define AXON_REG_DB_VALUE(d)	((d) * 4)	/* RW */

/* doorbell status: who rang while no slot listened */
#define AXON_REG_DB_RUNG(w)	((w) * 4)	/* W1C bit b: doorbell 32 w + b */
#define AXON_REG_DB_SUMMARY	0x080		/* RO bit w: DB_RUNG(w) is not zero */

/* performance page: counters of the whole chip, 64-bit, never cleared but by reset */
#define AXON_REG_PERF_CYCLES(e)	((e) * 16)	/* RO modelled busy cycles of engine e */
#define AXON_REG_PERF_NS(e)	((e) * 16 + 8)	/* RO wall ns for which engine e was busy, summed over cores */
enum axon_engine {
	AXON_ENGINE_DMA,
	AXON_ENGINE_MATRIX,
	AXON_ENGINE_VECTOR,
	AXON_ENGINE_HART,
	AXON_ENGINE_COPY,
	AXON_NUM_ENGINES
};

/* sensor page: what the model makes of how busy the engines are; never cleared but by power-on */
#define AXON_REG_SENSOR_TEMP	0x000	/* RO millidegrees Celsius */
#define AXON_REG_SENSOR_TEMP_CRIT 0x004	/* RO what it must stay below */
#define AXON_REG_SENSOR_POWER	0x008	/* RO mW, mean of the last AXON_SENSOR_PERIOD_NS or longer */
#define AXON_REG_SENSOR_POWER_MAX 0x00c	/* RO mW with all engines busy */
#define AXON_REG_SENSOR_ENERGY	0x010	/* RO 64-bit uJ since power-on */
#define AXON_SENSOR_PERIOD_NS	100000000

/* RAS page: reliability, availability, serviceability */
#define AXON_REG_ECC_CORRECTED	0x000	/* RO memory errors put right, modulo 2^32 */
#define AXON_REG_ECC_UNCORRECTED 0x004	/* RO memory errors that cost a queue, modulo 2^32 */
#define AXON_REG_ECC_ADDR	0x008	/* RO 64-bit offset in device memory of the newest of either */
#define AXON_REG_THERMAL_STATUS	0x010	/* RO AXON_THERMAL_* */
#define AXON_REG_THERMAL_COUNT	0x014	/* RO times that the limit was reached, modulo 2^32 */

#define AXON_THERMAL_HOT	(1u << 0)	/* over the limit: no packet is begun */

/* injection page: something goes wrong on purpose */
#define AXON_REG_INJECT_VALUE	0x000	/* RW 64-bit, what it means depends on the kind */
#define AXON_REG_INJECT_KIND	0x008	/* WO enum axon_inject_kind: arms it with INJECT_VALUE */
#define AXON_REG_INJECT_ARMED	0x00c	/* RO bit k: kind k has not struck yet, or lasts */

/* X(name, number, name for people): docs/hardware.md tells what each does, and what shows then. */
#define AXON_INJECT_LIST(X) \
	X(ECC_CORRECTED, 0, "ecc-corrected") \
	X(ECC_UNCORRECTED, 1, "ecc-uncorrected") \
	X(PAGE_FAULT, 2, "page-fault") \
	X(DMA_ERROR, 3, "dma-error") \
	X(RING_INDEX, 4, "ring-index") \
	X(HANG, 5, "hang") \
	X(LATE_COMPLETION, 6, "late-completion") \
	X(LOST_INTERRUPT, 7, "lost-interrupt") \
	X(LOST_FAULT, 8, "lost-fault") \
	X(TEMPERATURE, 9, "temperature") \
	X(FAILED_RESET, 10, "failed-reset") \
	X(LINK_DOWN, 11, "link-down") \
	X(AER_CORRECTABLE, 12, "aer-correctable") \
	X(AER_NONFATAL, 13, "aer-nonfatal") \
	X(AER_FATAL, 14, "aer-fatal")

enum axon_inject_kind {
#define AXON_INJECT_ENUM(name, number, text) AXON_INJECT_##name = number,
	AXON_INJECT_LIST(AXON_INJECT_ENUM)
#undef AXON_INJECT_ENUM
	AXON_INJECT_COUNT
};

/* FAILED_RESET: which resets do not come to an end */
#define AXON_INJECT_RESET_SLOT	(1u << 0)
#define AXON_INJECT_RESET_CTRL	(1u << 1)
#define AXON_INJECT_RESET_FLR	(1u << 2)

/* slot page: one hardware queue */
#define AXON_REG_SLOT_CTRL	0x000	/* RW AXON_SLOT_CTRL_* */
#define AXON_REG_SLOT_STATUS	0x004	/* RO enum axon_slot_state */
#define AXON_REG_SLOT_RING	0x008	/* RW 64-bit VA of the ring, 64-byte aligned */
#define AXON_REG_SLOT_LOG2	0x010	/* RW ring size in packets, log2 */
#define AXON_REG_SLOT_AS	0x014	/* RW address space of CALLed buffers */
#define AXON_REG_SLOT_DOORBELL	0x018	/* RW doorbell number that feeds this slot */
#define AXON_REG_SLOT_PRIORITY	0x01c	/* RW 0 (low) to 3 (realtime) */
#define AXON_REG_SLOT_RPTR	0x020	/* RO packets consumed, modulo 2^32 */
#define AXON_REG_SLOT_WPTR	0x024	/* RO the doorbell's value while the slot listens */
#define AXON_REG_SLOT_HANG	0x028	/* RW 64-bit modelled cycles without progress, 0 = no limit */
#define AXON_REG_SLOT_LIMIT	0x030	/* RW 64-bit modelled cycles for one ring packet, 0 = no limit */
#define AXON_REG_SLOT_WALL_MS	0x038	/* RW wall-clock backstop for no progress, ms, 0 = none */
#define AXON_REG_SLOT_RESET	0x03c	/* WO 1: drop all work, disable, RPTR = WPTR = 0 */
#define AXON_REG_SLOT_COUNTERS	0x040	/* RW 64-bit VA in address space 0 of struct axon_counters, 0 = none */
#define AXON_REG_SLOT_SUSPEND	0x048	/* WO 1: suspend to SAVE (needs AXON_FEAT_SUSPEND) */
#define AXON_REG_SLOT_RESUME	0x04c	/* WO 1: resume from SAVE (needs AXON_FEAT_SUSPEND) */
#define AXON_REG_SLOT_SAVE	0x050	/* RW 64-bit VA in address space 0 of the save area */
#define AXON_REG_SLOT_SAVE_SIZE	0x058	/* RO bytes that a save area needs, 0 without the feature */
#define AXON_REG_SLOT_PROGRESS	0x05c	/* RO packets, workgroups, engine operations done; modulo 2^32 */

#define AXON_REG_SLOT_HART(n)	(0x100 + (n) * 8)	/* RO 64-bit, while FAULTED in a workgroup: 0 pc, n x<n> */

#define AXON_SLOT_CTRL_ENABLE	(1u << 0)
#define AXON_SLOT_CTRL_USER	(1u << 1)	/* ring lives in SLOT_AS (needs AXON_FEAT_USER_QUEUES) */

enum axon_slot_state {
	AXON_SLOT_DISABLED,
	AXON_SLOT_IDLE,
	AXON_SLOT_RUNNING,
	AXON_SLOT_WAITING,	/* in a WAIT packet */
	AXON_SLOT_FAULTED,	/* stopped; a fault record was written; reset to use it again */
	AXON_SLOT_SUSPENDED,
	AXON_SLOT_RESETTING,	/* reset asked for, cores still leaving */
	AXON_SLOT_SWITCHING,	/* suspend or resume under way */
};

/* doorbell page: the new write pointer, packets modulo 2^32, at offset 0 */
#define AXON_REG_DOORBELL	0x000

/* The head of a save area: what the driver may know of a suspended queue. The chip's own follows. */
struct axon_save {
	__u32 version;		/* AXON_SAVE_VERSION */
	__u32 bytes;		/* of the whole state */
	__u32 rptr;		/* packets consumed */
	__u32 busy;		/* 1: in the middle of a packet, whatever rptr says */
	__u32 state;		/* enum axon_slot_state when it was suspended: IDLE, RUNNING or WAITING */
	__u32 as;
	__u32 log2;
	__u32 ctrl;		/* AXON_SLOT_CTRL_USER or 0 */
	__u64 ring;
	__u64 wait_addr;	/* WAITING: of the word, */
	__u64 wait_value;	/* and what it is to reach */
	__u64 clock;		/* modelled cycles since enable */
};
_Static_assert(sizeof(struct axon_save) == 64, "axon_save");
#define AXON_SAVE_VERSION	1

/* Busy time of one context, kept by the device in memory; survives the slot. */
struct axon_counters {
	__u64 cycles[AXON_NUM_ENGINES];	/* modelled */
	__u64 ns[AXON_NUM_ENGINES];	/* wall */
	__u64 packets;
	__u64 workgroups;
	__u64 reserved[4];
};
_Static_assert(sizeof(struct axon_counters) == 128, "axon_counters");

/* ---- page tables ------------------------------------------------------------------------- */
/*
 * Virtual addresses have 48 bits: four levels of 512 entries over 4 KiB pages. The address in
 * an entry is an offset into device memory, or with AXON_PTE_SYS a bus address. A level-1 entry
 * with AXON_PTE_LEAF maps 2 MiB; level-0 entries are always leaves and carry the bit too.
 */
#define AXON_VA_BITS		48
#define AXON_PAGE_SHIFT		12
#define AXON_HUGE_SHIFT		21
#define AXON_PT_ENTRIES		512
#define AXON_PT_LEVELS		4
#define AXON_PT_SHIFT(level)	(AXON_PAGE_SHIFT + 9 * (level))

#define AXON_PTE_V		(1ull << 0)	/* valid */
#define AXON_PTE_W		(1ull << 1)	/* writable */
#define AXON_PTE_X		(1ull << 2)	/* executable */
#define AXON_PTE_SYS		(1ull << 3)	/* system memory: a bus address */
#define AXON_PTE_LEAF		(1ull << 4)
#define AXON_PTE_A		(1ull << 5)	/* reserved: accessed */
#define AXON_PTE_D		(1ull << 6)	/* reserved: dirty */
#define AXON_PTE_RETRY		(1ull << 7)	/* reserved: fault is retryable */
#define AXON_PTE_NULL		(1ull << 8)	/* leaf: reads give zero, writes are dropped */
#define AXON_PTE_ADDR		0x000ffffffffff000ull

/* ---- packets ----------------------------------------------------------------------------- */
#define AXON_PACKET_SIZE	64

enum axon_packet_op {
	AXON_PKT_NOP,
	AXON_PKT_LAUNCH,
	AXON_PKT_COPY,
	AXON_PKT_FILL,
	AXON_PKT_WAIT,
	AXON_PKT_SIGNAL,
	AXON_PKT_TIMESTAMP,
	AXON_PKT_CALL,
	AXON_PKT_BRANCH,
	AXON_PKT_COUNT
};

#define AXON_PKT_F_OVERLAP	(1u << 0)	/* LAUNCH: the next LAUNCH may start before this ends */
#define AXON_PKT_F_IRQ		(1u << 1)	/* SIGNAL: raise AXON_VEC_SLOT */

enum axon_cond {
	AXON_COND_ALWAYS,
	AXON_COND_EQ,		/* (word & mask) == value, unsigned throughout */
	AXON_COND_NE,
	AXON_COND_LT,
	AXON_COND_GE,
};

struct axon_pkt_launch {
	__u64 entry;		/* VA of the kernel's first instruction, 4-byte aligned, >= 4 GiB */
	__u64 args;		/* VA handed to the kernel in a0 */
	__u32 grid[3];		/* workgroups; the product is 1 to 2^31 */
	__u32 reserved0;
	__u64 log;		/* VA of struct axon_log, 0 = none */
	__u64 stats;		/* VA of struct axon_launch_stats, 0 = none */
	__u64 reserved1;
};

struct axon_pkt_copy {
	__u64 dst;
	__u64 src;
	__u64 bytes;
	__u64 reserved[4];
};

struct axon_pkt_fill {
	__u64 dst;		/* 4-byte aligned */
	__u64 bytes;		/* multiple of 4 */
	__u32 pattern;
	__u32 reserved0;
	__u64 reserved1[4];
};

struct axon_pkt_wait {
	__u64 addr;		/* 8-byte aligned */
	__u64 value;		/* waits until *addr >= value, unsigned */
	__u64 reserved[5];
};

struct axon_pkt_signal {
	__u64 addr;		/* of struct axon_signal, 16-byte aligned */
	__u64 value;
	__u64 reserved[5];
};

struct axon_pkt_timestamp {
	__u64 addr;		/* of struct axon_timestamp, 16-byte aligned */
	__u64 reserved[6];
};

struct axon_pkt_call {
	__u64 addr;		/* of the first packet, 64-byte aligned, in the queue's address space */
	__u32 count;		/* packets */
	__u32 reserved0;
	__u64 reserved[5];
};

struct axon_pkt_branch {
	__u64 addr;		/* of a 64-bit word, 8-byte aligned; unused for AXON_COND_ALWAYS */
	__u64 mask;
	__u64 value;
	__u32 cond;		/* enum axon_cond */
	__s32 target;		/* packets relative to this one; must stay in this buffer */
	__u64 reserved[3];
};

struct axon_packet {
	__u8 op;		/* enum axon_packet_op */
	__u8 flags;		/* AXON_PKT_F_*; others must be zero */
	__u16 reserved;
	__u32 tag;		/* the submitter's own; copied into fault records */
	union {
		struct axon_pkt_launch launch;
		struct axon_pkt_copy copy;
		struct axon_pkt_fill fill;
		struct axon_pkt_wait wait;
		struct axon_pkt_signal signal;
		struct axon_pkt_timestamp timestamp;
		struct axon_pkt_call call;
		struct axon_pkt_branch branch;
		__u64 raw[7];
	};
};
_Static_assert(sizeof(struct axon_packet) == AXON_PACKET_SIZE, "axon_packet");

/* ---- what packets write ------------------------------------------------------------------ */
struct axon_signal {
	__u64 value;
	__u64 ns;		/* AXON_REG_TIMESTAMP when it was written; stored before the value */
};
_Static_assert(sizeof(struct axon_signal) == 16, "axon_signal");

struct axon_timestamp {
	__u64 ns;		/* wall */
	__u64 cycles;		/* modelled, of this slot since its enable */
};
_Static_assert(sizeof(struct axon_timestamp) == 16, "axon_timestamp");

struct axon_launch_stats {
	__u64 cycles;		/* modelled, grid list-scheduled over the cores */
	__u64 ns;		/* wall */
	__u64 instret;		/* hart instructions of all workgroups */
	__u64 engine_cycles[AXON_NUM_ENGINES];	/* modelled busy cycles of all workgroups */
};
_Static_assert(sizeof(struct axon_launch_stats) == 64, "axon_launch_stats");

/* A kernel's text output: bytes follow the header. The device adds whole messages or drops them. */
struct axon_log {
	__u64 size;		/* bytes after the header */
	__u64 head;		/* bytes written so far */
	__u64 dropped;		/* messages that did not fit */
	__u64 reserved;
};
_Static_assert(sizeof(struct axon_log) == 32, "axon_log");

/* ---- faults ------------------------------------------------------------------------------ */
/* X(name, number, text, what to do): the one list that device, driver, library and tools read. */
#define AXON_FAULT_LIST(X) \
	X(NONE, 0, "no fault", \
	  "nothing while the queue lives; a dead one went down with the chip or was given up: " \
	  "accel-smi event tells which") \
	X(PAGE_READ, 1, "read of an address that is not mapped", \
	  "compare the address in the record with the buffers that the kernel was given, " \
	  "and the index with their sizes") \
	X(PAGE_WRITE, 2, "write to an address that is not mapped writable", \
	  "as for PAGE_READ; check too that the buffer was not made with ACCEL_BUFFER_READONLY") \
	X(PAGE_EXEC, 3, "instruction fetch from an address that is not mapped executable", \
	  "check the function pointer or return address that led there; " \
	  "code is mapped by accel_program_load alone") \
	X(BUS, 4, "page table or mapping points at no memory", \
	  "report it with the kernel's log: the driver wrote a page table that the chip cannot follow") \
	X(ILLEGAL_INSN, 5, "illegal instruction", \
	  "build the program with tools/axon-cc: " \
	  "RV64IMFD and the chip's own instructions, nothing else") \
	X(ECALL, 6, "ecall: the core has no operating system", \
	  "use no system call in a kernel; axon_printf prints") \
	X(EBREAK, 7, "ebreak: the kernel gave up (abort or failed assertion)", \
	  "read the kernel's log with accel_vm_read_log, and the line that the record's pc names") \
	X(LOCAL_ADDR, 8, "access below 4 GiB that is not in SRAM", \
	  "look for a null or cut pointer at the record's pc; buffers begin at 4 GiB") \
	X(PC_MISALIGNED, 9, "jump to an address that is not a multiple of 4", \
	  "look for a damaged function pointer or return address") \
	X(BAD_PACKET, 10, "malformed packet", \
	  "compare the field that the record names with the packet in docs/hardware.md") \
	X(CALL_DEPTH, 11, "CALL nested too deeply", \
	  "nest fewer CALL packets; a buffer may not call itself") \
	X(BAD_DESC, 12, "malformed engine descriptor", \
	  "compare the field that the record names with the descriptor in docs/hardware.md") \
	X(SRAM_RANGE, 13, "engine operand reaches outside SRAM", \
	  "check offset and size of the operand against the SRAM that accel-smi static shows") \
	X(BAD_TOKEN, 14, "wait for a token that was never issued", \
	  "wait only for tokens that a descriptor of this workgroup was given") \
	X(BAD_INDEX, 15, "index list entry is out of bounds", \
	  "check the index list against the rows that the descriptor states") \
	X(HANG, 16, "no progress within the queue's limit", \
	  "look for a loop or a wait without an end at the record's pc") \
	X(TIMEOUT, 17, "job exceeded its limit", \
	  "split the job into smaller ones or raise the queue's limit") \
	X(STACK, 18, "stack pointer left SRAM", \
	  "use smaller local arrays and less recursion") \
	X(ECC, 19, "uncorrectable memory error", \
	  "run the job again; data in device memory may be wrong") \
	X(BAD_SAVE, 20, "resumed from memory that holds no such queue", \
	  "report it with the kernel's log: the driver resumed a queue from memory that was not its own")

enum axon_fault_cause {
#define AXON_FAULT_ENUM(name, number, text, action) AXON_FAULT_##name = number,
	AXON_FAULT_LIST(AXON_FAULT_ENUM)
#undef AXON_FAULT_ENUM
	AXON_FAULT_COUNT
};

#define AXON_FAULT_NO_CORE	0xffff

struct axon_fault {
	__u16 cause;		/* enum axon_fault_cause */
	__u8 slot;
	__u8 engine;		/* enum axon_engine; AXON_NUM_ENGINES = command processor */
	__u16 core;		/* AXON_FAULT_NO_CORE outside a workgroup */
	__u16 as;		/* address space that the access used */
	__u64 addr;		/* faulting address; for BAD_DESC and BAD_PACKET that of the structure */
	__u64 pc;		/* hart pc, 0 outside a workgroup */
	__u64 packet;		/* VA of the packet being executed */
	__u64 ns;		/* AXON_REG_TIMESTAMP */
	__u32 wg[3];		/* workgroup of the grid */
	__u32 tag;		/* of the packet */
	__u64 info;		/* BAD_DESC, BAD_PACKET: byte offset of the offending field << 32 | low 32 bits found */
};
_Static_assert(sizeof(struct axon_fault) == 64, "axon_fault");

#endif
