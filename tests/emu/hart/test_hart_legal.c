// SPDX-License-Identifier: MIT
/*
 * Which instruction words are legal: the hart against qemu-riscv64, over every combination of the
 * fields that select an instruction. Under qemu a SIGILL handler notes the word and skips it.
 * Atomics are left out: qemu 7.2 has the 64-bit ones even without extension A.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hart_host.h"
#include "hart_insn.h"
#include "qemu_run.h"

#define MAX_WORDS  0x40000
#define NUM_BEFORE ARRAY_SIZE(before)
#define NUM_AFTER  ARRAY_SIZE(after)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What lies at HART_HOST_VA; illegal[i] is of the word 4 * i bytes into the image. */
struct image {
	uint8_t illegal[MAX_WORDS];
	uint64_t sigaction[3]; /* handler, flags, mask */
	uint8_t data[4096 - 24];
	uint32_t code[MAX_WORDS / 2];
};

/* rt_sigaction(SIGILL, ...), and t5 in the middle of data */
static const uint32_t before[] = {
	0x00100337, /* lui t1, 0x100 */
	0x00c31313, /* slli t1, t1, 12 */
	0x000403b7, /* lui t2, 0x40 */
	0x007305b3, /* add a1, t1, t2 */
	0x00400513, /* addi a0, zero, 4 */
	0x00000613, /* addi a2, zero, 0 */
	0x00800693, /* addi a3, zero, 8 */
	0x08600893, /* addi a7, zero, 134 */
	0x40058f13, /* addi t5, a1, 1024 */
	0x00000073, /* ecall */
};

/* write(1, illegal, sizeof(illegal)), exit(0); then the signal handler */
static const uint32_t after[] = {
	0x00100513, /* addi a0, zero, 1 */
	0x00100337, /* lui t1, 0x100 */
	0x00c31593, /* slli a1, t1, 12 */
	0x00040637, /* lui a2, 0x40 */
	0x04000893, /* addi a7, zero, 64 */
	0x00000073, /* ecall */
	0x00000513, /* addi a0, zero, 0 */
	0x05d00893, /* addi a7, zero, 93 */
	0x00000073, /* ecall */
	/* handler: a2 = ucontext, with the pc at 176; illegal[] starts at 4 GiB */
	0x0b063283, /* ld t0, 176(a2) */
	0x00428313, /* addi t1, t0, 4 */
	0x0a663823, /* sd t1, 176(a2) */
	0x00100337, /* lui t1, 0x100 */
	0x00c31313, /* slli t1, t1, 12 */
	0x406282b3, /* sub t0, t0, t1 */
	0x0022d293, /* srli t0, t0, 2 */
	0x006282b3, /* add t0, t0, t1 */
	0x00100313, /* addi t1, zero, 1 */
	0x00628023, /* sb t1, 0(t0) */
	0x00008067, /* jalr zero, 0(ra) */
};

#define AFTER_ECALL   5 /* the first ecall in after[] */
#define AFTER_HANDLER 9

enum {
	OP_LOAD = 0x03,
	OP_LOAD_FP = 0x07,
	OP_CUSTOM0 = 0x0b,
	OP_MISC_MEM = 0x0f,
	OP_IMM = 0x13,
	OP_IMM32 = 0x1b,
	OP_STORE = 0x23,
	OP_STORE_FP = 0x27,
	OP_AMO = 0x2f,
	OP_REG = 0x33,
	OP_REG32 = 0x3b,
	OP_MADD = 0x43,
	OP_NMADD = 0x4f,
	OP_FP = 0x53,
	OP_BRANCH = 0x63,
	OP_JALR = 0x67,
	OP_SYSTEM = 0x73,
	T5 = 30,
};

struct words {
	struct image *image;
	uint32_t count;
};

static void add(struct words *w, uint32_t word)
{
	w->image->code[w->count++] = word;
}

/* All of funct3 and funct7, with @rs1 and each rs2 below @num_rs2. */
static void add_opcode(struct words *w, uint32_t opcode, uint32_t rs1, uint32_t num_rs2)
{
	for (uint32_t i = 0; i < 8 * 128 * num_rs2; i++)
		add(w, opcode | (i & 7) << 12 | (i >> 3 & 127) << 25 | (i >> 10) << 20 | rs1 << 15);
}

/* All of funct3 with the other fields zero: x0, f0, offsets 0. */
static void add_funct3(struct words *w, uint32_t opcode, uint32_t rest)
{
	for (uint32_t funct3 = 0; funct3 < 8; funct3++)
		add(w, opcode | funct3 << 12 | rest);
}

static void add_system(struct words *w)
{
	const uint32_t ecall = OP_SYSTEM, ebreak = OP_SYSTEM | 1 << 20;

	for (uint32_t imm = 0; imm < 4096; imm++) {
		for (uint32_t funct3 = 0; funct3 < 8; funct3++) {
			uint32_t word = OP_SYSTEM | funct3 << 12 | imm << 20;

			if (word != ecall && word != ebreak)
				add(w, word);
		}
	}
}

/* Has any instruction of the hart this major opcode? */
static bool is_major_opcode(uint32_t opcode)
{
	for (unsigned i = 0; i < HART_NUM_INSNS; i++)
		if ((hart_insns[i].match & 127) == opcode)
			return true;
	return false;
}

static void add_words(struct words *w)
{
	static const uint8_t plain[] = {OP_IMM, OP_IMM32, OP_REG, OP_REG32, OP_CUSTOM0};
	static const uint8_t memory[] = {OP_LOAD, OP_LOAD_FP, OP_STORE, OP_STORE_FP};

	for (unsigned i = 0; i < ARRAY_SIZE(plain); i++)
		add_opcode(w, plain[i], 0, 2);
	for (uint32_t opcode = OP_MADD; opcode <= OP_NMADD; opcode += 4)
		add_opcode(w, opcode, 0, 1);
	add_opcode(w, OP_FP, 0, 32);
	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		add_funct3(w, memory[i], T5 << 15);
	add_funct3(w, OP_MISC_MEM, 0);
	add_funct3(w, OP_BRANCH, 4 << 7); /* to the next instruction, taken or not */
	for (uint32_t funct3 = 1; funct3 < 8; funct3++)
		add(w, OP_JALR | funct3 << 12);
	add_system(w);
	/* reserved major opcodes, and words that are no 32-bit instruction */
	for (uint32_t opcode = 0; opcode < 128; opcode++)
		if (opcode != OP_AMO && !is_major_opcode(opcode))
			add_funct3(w, opcode, 0x10000000);
}

static void run_on_qemu(const struct image *image, uint8_t illegal[MAX_WORDS])
{
	const struct riscv_segment segment = {
		HART_HOST_VA,
		image,
		(sizeof(*image) + 4095) & ~4095ull,
	};

	qemu_run(&segment, 1, HART_HOST_VA + offsetof(struct image, code), illegal, MAX_WORDS);
}

/* Run the words; @end is the address of the ecall behind them. */
static void run_on_hart(const struct image *image, uint64_t end, uint8_t illegal[MAX_WORDS])
{
	struct hart_host host;

	hart_host_init(&host, sizeof(*image));
	memcpy(host.memory, image, sizeof(*image));
	hart_host_start(&host, HART_HOST_VA + offsetof(struct image, code[NUM_BEFORE]));
	host.hart.x[T5] = HART_HOST_VA + offsetof(struct image, data[1000]);
	memset(illegal, 0, MAX_WORDS);
	while (host.hart.pc != end) {
		if (hart_run(&host.hart, &host.env, UINT64_MAX) != HART_EXIT_FAULT ||
		    (host.hart.fault.cause != AXON_FAULT_ILLEGAL_INSN && host.hart.pc != end)) {
			printf("hart: cause %u at pc %#" PRIx64 "; expected an illegal word\n",
			       host.hart.fault.cause, host.hart.pc);
			exit(QEMU_FAIL);
		}
		if (host.hart.pc != end) {
			illegal[(host.hart.pc - HART_HOST_VA) / 4] = 1;
			host.hart.pc += 4;
		}
	}
	hart_host_fini(&host);
}

static unsigned compare(const struct words *words, const uint8_t *hart, const uint8_t *qemu)
{
	const size_t first = offsetof(struct image, code) / 4;
	unsigned differences = 0;

	for (uint32_t i = NUM_BEFORE; i < words->count; i++) {
		uint32_t word = words->image->code[i];
		const struct hart_insn *insn = hart_insn_find(word);

		if (hart[first + i] == qemu[first + i])
			continue;
		if (differences++ < 20)
			printf("%08x (%s): %s on the hart, %s on qemu\n", word,
			       insn ? insn->name : "unknown", hart[first + i] ? "illegal" : "legal",
			       qemu[first + i] ? "illegal" : "legal");
	}
	return differences;
}

int main(void)
{
	struct image *image = calloc(1, sizeof(*image));
	uint8_t *hart = malloc(MAX_WORDS), *qemu = malloc(MAX_WORDS);
	struct words words = {.image = image};
	unsigned differences;
	uint64_t behind; /* address of after[] */

	if (!image || !hart || !qemu)
		return QEMU_FAIL;
	for (unsigned i = 0; i < NUM_BEFORE; i++)
		add(&words, before[i]);
	add_words(&words);
	behind = HART_HOST_VA + offsetof(struct image, code) + words.count * 4ull;
	memcpy(&image->code[words.count], after, sizeof(after));
	image->sigaction[0] = behind + AFTER_HANDLER * 4;
	image->sigaction[1] = 4; /* SA_SIGINFO */

	run_on_qemu(image, qemu);
	run_on_hart(image, behind + AFTER_ECALL * 4, hart);
	differences = compare(&words, hart, qemu);
	printf("%s: %zu words, %u differences\n", differences ? "not ok" : "ok",
	       words.count - NUM_BEFORE, differences);
	free(qemu);
	free(hart);
	free(image);
	return differences ? QEMU_FAIL : 0;
}
