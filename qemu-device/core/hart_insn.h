/* SPDX-License-Identifier: MIT */
/*
 * The instruction set of the hart: RV64IMFD, Zicsr, Zifencei and custom-0, one instruction per
 * line, and the modelled cost of each class.
 *
 * Modelled cycles per instruction (docs/hardware.md copies this table):
 *
 *   class    cycles  instructions
 *   ALU      1       integer arithmetic, logic, shifts, lui, auipc, jumps, branches (taken or not)
 *   LOAD     2       loads from SRAM; 8 from memory (at and above 4 GiB)
 *   STORE    1       stores to SRAM; 2 to memory
 *   MUL      3       mul, mulh, mulhu, mulhsu, mulw
 *   DIV      20      div, rem and their variants
 *   FP       4       add, subtract, multiply, fused multiply-add, min, max, compare, convert
 *   FMOVE    1       fsgnj*, fmv*, fclass
 *   FDIV_S   16      fdiv.s
 *   FDIV_D   28      fdiv.d
 *   FSQRT_S  20      fsqrt.s
 *   FSQRT_D  35      fsqrt.d
 *   CSR      1       csrr*
 *   SYSTEM   1       fence, fence.i, ecall, ebreak
 *   CUSTOM   1       issue of a custom-0 instruction; the engine adds its own
 *
 * An instruction that faults costs nothing and does not retire.
 */
#ifndef AXON_HART_INSN_H
#define AXON_HART_INSN_H

#include <stddef.h>
#include <stdint.h>

/* X(class, cycles) */
#define HART_COST_LIST(X) \
	X(ALU, 1)         \
	X(LOAD, 2)        \
	X(STORE, 1)       \
	X(MUL, 3)         \
	X(DIV, 20)        \
	X(FP, 4)          \
	X(FMOVE, 1)       \
	X(FDIV_S, 16)     \
	X(FDIV_D, 28)     \
	X(FSQRT_S, 20)    \
	X(FSQRT_D, 35)    \
	X(CSR, 1)         \
	X(SYSTEM, 1)      \
	X(CUSTOM, 1)

enum hart_cost {
#define HART_COST_ENUM(name, cycles) HART_COST_##name = cycles,
	HART_COST_LIST(HART_COST_ENUM)
#undef HART_COST_ENUM
	/* What an access to memory costs beyond the same access to SRAM. */
	HART_COST_LOAD_MEMORY = 6,
	HART_COST_STORE_MEMORY = 1,
};

/* Where the operands of an instruction are. F formats name f registers in rd. */
enum hart_format {
	HART_FMT_R,	/* rd, rs1, rs2 */
	HART_FMT_I,	/* rd, rs1, 12-bit immediate */
	HART_FMT_SH64,	/* rd, rs1, 6-bit shift */
	HART_FMT_SH32,	/* rd, rs1, 5-bit shift */
	HART_FMT_S,	/* rs1, rs2, 12-bit immediate */
	HART_FMT_B,	/* rs1, rs2, branch offset */
	HART_FMT_U,	/* rd, upper 20 bits */
	HART_FMT_J,	/* rd, jump offset */
	HART_FMT_FLOAD, /* f rd, rs1, 12-bit immediate */
	HART_FMT_F,	/* f rd, rs1, rs2, rs3, rounding mode where the mask leaves one */
	HART_FMT_FX,	/* rd, rs1, rs2, rounding mode where the mask leaves one */
	HART_FMT_WORD,	/* rd, rs1, the whole word: CSR and custom-0 instructions */
	HART_FMT_NONE,
};

/* X(name, match, mask, format, cost class) */
#define HART_INSN_LIST(X)                                \
	X(lui, 0x00000037, 0x0000007f, U, ALU)           \
	X(auipc, 0x00000017, 0x0000007f, U, ALU)         \
	X(jal, 0x0000006f, 0x0000007f, J, ALU)           \
	X(jalr, 0x00000067, 0x0000707f, I, ALU)          \
	X(beq, 0x00000063, 0x0000707f, B, ALU)           \
	X(bne, 0x00001063, 0x0000707f, B, ALU)           \
	X(blt, 0x00004063, 0x0000707f, B, ALU)           \
	X(bge, 0x00005063, 0x0000707f, B, ALU)           \
	X(bltu, 0x00006063, 0x0000707f, B, ALU)          \
	X(bgeu, 0x00007063, 0x0000707f, B, ALU)          \
	X(lb, 0x00000003, 0x0000707f, I, LOAD)           \
	X(lh, 0x00001003, 0x0000707f, I, LOAD)           \
	X(lw, 0x00002003, 0x0000707f, I, LOAD)           \
	X(ld, 0x00003003, 0x0000707f, I, LOAD)           \
	X(lbu, 0x00004003, 0x0000707f, I, LOAD)          \
	X(lhu, 0x00005003, 0x0000707f, I, LOAD)          \
	X(lwu, 0x00006003, 0x0000707f, I, LOAD)          \
	X(sb, 0x00000023, 0x0000707f, S, STORE)          \
	X(sh, 0x00001023, 0x0000707f, S, STORE)          \
	X(sw, 0x00002023, 0x0000707f, S, STORE)          \
	X(sd, 0x00003023, 0x0000707f, S, STORE)          \
	X(addi, 0x00000013, 0x0000707f, I, ALU)          \
	X(slti, 0x00002013, 0x0000707f, I, ALU)          \
	X(sltiu, 0x00003013, 0x0000707f, I, ALU)         \
	X(xori, 0x00004013, 0x0000707f, I, ALU)          \
	X(ori, 0x00006013, 0x0000707f, I, ALU)           \
	X(andi, 0x00007013, 0x0000707f, I, ALU)          \
	X(slli, 0x00001013, 0xfc00707f, SH64, ALU)       \
	X(srli, 0x00005013, 0xfc00707f, SH64, ALU)       \
	X(srai, 0x40005013, 0xfc00707f, SH64, ALU)       \
	X(add, 0x00000033, 0xfe00707f, R, ALU)           \
	X(sub, 0x40000033, 0xfe00707f, R, ALU)           \
	X(sll, 0x00001033, 0xfe00707f, R, ALU)           \
	X(slt, 0x00002033, 0xfe00707f, R, ALU)           \
	X(sltu, 0x00003033, 0xfe00707f, R, ALU)          \
	X(xor, 0x00004033, 0xfe00707f, R, ALU)           \
	X(srl, 0x00005033, 0xfe00707f, R, ALU)           \
	X(sra, 0x40005033, 0xfe00707f, R, ALU)           \
	X(or, 0x00006033, 0xfe00707f, R, ALU)            \
	X(and, 0x00007033, 0xfe00707f, R, ALU)           \
	X(addiw, 0x0000001b, 0x0000707f, I, ALU)         \
	X(slliw, 0x0000101b, 0xfe00707f, SH32, ALU)      \
	X(srliw, 0x0000501b, 0xfe00707f, SH32, ALU)      \
	X(sraiw, 0x4000501b, 0xfe00707f, SH32, ALU)      \
	X(addw, 0x0000003b, 0xfe00707f, R, ALU)          \
	X(subw, 0x4000003b, 0xfe00707f, R, ALU)          \
	X(sllw, 0x0000103b, 0xfe00707f, R, ALU)          \
	X(srlw, 0x0000503b, 0xfe00707f, R, ALU)          \
	X(sraw, 0x4000503b, 0xfe00707f, R, ALU)          \
	X(fence, 0x0000000f, 0x0000707f, NONE, SYSTEM)   \
	X(fence_i, 0x0000100f, 0x0000707f, NONE, SYSTEM) \
	X(ecall, 0x00000073, 0xffffffff, NONE, SYSTEM)   \
	X(ebreak, 0x00100073, 0xffffffff, NONE, SYSTEM)  \
	X(csrrw, 0x00001073, 0x0000707f, WORD, CSR)      \
	X(csrrs, 0x00002073, 0x0000707f, WORD, CSR)      \
	X(csrrc, 0x00003073, 0x0000707f, WORD, CSR)      \
	X(csrrwi, 0x00005073, 0x0000707f, WORD, CSR)     \
	X(csrrsi, 0x00006073, 0x0000707f, WORD, CSR)     \
	X(csrrci, 0x00007073, 0x0000707f, WORD, CSR)     \
	X(mul, 0x02000033, 0xfe00707f, R, MUL)           \
	X(mulh, 0x02001033, 0xfe00707f, R, MUL)          \
	X(mulhsu, 0x02002033, 0xfe00707f, R, MUL)        \
	X(mulhu, 0x02003033, 0xfe00707f, R, MUL)         \
	X(div, 0x02004033, 0xfe00707f, R, DIV)           \
	X(divu, 0x02005033, 0xfe00707f, R, DIV)          \
	X(rem, 0x02006033, 0xfe00707f, R, DIV)           \
	X(remu, 0x02007033, 0xfe00707f, R, DIV)          \
	X(mulw, 0x0200003b, 0xfe00707f, R, MUL)          \
	X(divw, 0x0200403b, 0xfe00707f, R, DIV)          \
	X(divuw, 0x0200503b, 0xfe00707f, R, DIV)         \
	X(remw, 0x0200603b, 0xfe00707f, R, DIV)          \
	X(remuw, 0x0200703b, 0xfe00707f, R, DIV)         \
	X(flw, 0x00002007, 0x0000707f, FLOAD, LOAD)      \
	X(fld, 0x00003007, 0x0000707f, FLOAD, LOAD)      \
	X(fsw, 0x00002027, 0x0000707f, S, STORE)         \
	X(fsd, 0x00003027, 0x0000707f, S, STORE)         \
	X(fmadd_s, 0x00000043, 0x0600007f, F, FP)        \
	X(fmsub_s, 0x00000047, 0x0600007f, F, FP)        \
	X(fnmsub_s, 0x0000004b, 0x0600007f, F, FP)       \
	X(fnmadd_s, 0x0000004f, 0x0600007f, F, FP)       \
	X(fadd_s, 0x00000053, 0xfe00007f, F, FP)         \
	X(fsub_s, 0x08000053, 0xfe00007f, F, FP)         \
	X(fmul_s, 0x10000053, 0xfe00007f, F, FP)         \
	X(fdiv_s, 0x18000053, 0xfe00007f, F, FDIV_S)     \
	X(fsqrt_s, 0x58000053, 0xfff0007f, F, FSQRT_S)   \
	X(fsgnj_s, 0x20000053, 0xfe00707f, F, FMOVE)     \
	X(fsgnjn_s, 0x20001053, 0xfe00707f, F, FMOVE)    \
	X(fsgnjx_s, 0x20002053, 0xfe00707f, F, FMOVE)    \
	X(fmin_s, 0x28000053, 0xfe00707f, F, FP)         \
	X(fmax_s, 0x28001053, 0xfe00707f, F, FP)         \
	X(fcvt_w_s, 0xc0000053, 0xfff0007f, FX, FP)      \
	X(fcvt_wu_s, 0xc0100053, 0xfff0007f, FX, FP)     \
	X(fcvt_l_s, 0xc0200053, 0xfff0007f, FX, FP)      \
	X(fcvt_lu_s, 0xc0300053, 0xfff0007f, FX, FP)     \
	X(fmv_x_w, 0xe0000053, 0xfff0707f, FX, FMOVE)    \
	X(fclass_s, 0xe0001053, 0xfff0707f, FX, FMOVE)   \
	X(feq_s, 0xa0002053, 0xfe00707f, FX, FP)         \
	X(flt_s, 0xa0001053, 0xfe00707f, FX, FP)         \
	X(fle_s, 0xa0000053, 0xfe00707f, FX, FP)         \
	X(fcvt_s_w, 0xd0000053, 0xfff0007f, F, FP)       \
	X(fcvt_s_wu, 0xd0100053, 0xfff0007f, F, FP)      \
	X(fcvt_s_l, 0xd0200053, 0xfff0007f, F, FP)       \
	X(fcvt_s_lu, 0xd0300053, 0xfff0007f, F, FP)      \
	X(fmv_w_x, 0xf0000053, 0xfff0707f, F, FMOVE)     \
	X(fmadd_d, 0x02000043, 0x0600007f, F, FP)        \
	X(fmsub_d, 0x02000047, 0x0600007f, F, FP)        \
	X(fnmsub_d, 0x0200004b, 0x0600007f, F, FP)       \
	X(fnmadd_d, 0x0200004f, 0x0600007f, F, FP)       \
	X(fadd_d, 0x02000053, 0xfe00007f, F, FP)         \
	X(fsub_d, 0x0a000053, 0xfe00007f, F, FP)         \
	X(fmul_d, 0x12000053, 0xfe00007f, F, FP)         \
	X(fdiv_d, 0x1a000053, 0xfe00007f, F, FDIV_D)     \
	X(fsqrt_d, 0x5a000053, 0xfff0007f, F, FSQRT_D)   \
	X(fsgnj_d, 0x22000053, 0xfe00707f, F, FMOVE)     \
	X(fsgnjn_d, 0x22001053, 0xfe00707f, F, FMOVE)    \
	X(fsgnjx_d, 0x22002053, 0xfe00707f, F, FMOVE)    \
	X(fmin_d, 0x2a000053, 0xfe00707f, F, FP)         \
	X(fmax_d, 0x2a001053, 0xfe00707f, F, FP)         \
	X(fcvt_s_d, 0x40100053, 0xfff0007f, F, FP)       \
	X(fcvt_d_s, 0x42000053, 0xfff0007f, F, FP)       \
	X(fcvt_w_d, 0xc2000053, 0xfff0007f, FX, FP)      \
	X(fcvt_wu_d, 0xc2100053, 0xfff0007f, FX, FP)     \
	X(fcvt_l_d, 0xc2200053, 0xfff0007f, FX, FP)      \
	X(fcvt_lu_d, 0xc2300053, 0xfff0007f, FX, FP)     \
	X(fmv_x_d, 0xe2000053, 0xfff0707f, FX, FMOVE)    \
	X(fclass_d, 0xe2001053, 0xfff0707f, FX, FMOVE)   \
	X(feq_d, 0xa2002053, 0xfe00707f, FX, FP)         \
	X(flt_d, 0xa2001053, 0xfe00707f, FX, FP)         \
	X(fle_d, 0xa2000053, 0xfe00707f, FX, FP)         \
	X(fcvt_d_w, 0xd2000053, 0xfff0007f, F, FP)       \
	X(fcvt_d_wu, 0xd2100053, 0xfff0007f, F, FP)      \
	X(fcvt_d_l, 0xd2200053, 0xfff0007f, F, FP)       \
	X(fcvt_d_lu, 0xd2300053, 0xfff0007f, F, FP)      \
	X(fmv_d_x, 0xf2000053, 0xfff0707f, F, FMOVE)     \
	X(custom0, 0x0000000b, 0x0000007f, WORD, CUSTOM)

enum hart_insn_id {
#define HART_INSN_ENUM(name, match, mask, format, cost) HART_INSN_##name,
	HART_INSN_LIST(HART_INSN_ENUM)
#undef HART_INSN_ENUM
		HART_NUM_INSNS,
	/* What the decoder makes beside instructions. */
	HART_INSN_illegal = HART_NUM_INSNS,
	HART_INSN_jal_misaligned,
	HART_INSN_branch_misaligned, /* trampoline */
	HART_INSN_branch_far,	     /* trampoline */
	HART_INSN_page_end,
	HART_NUM_HANDLERS,
};

/* One line of the list above, as data: for the decoder, disassembly in traces and tests. */
struct hart_insn {
	const char *name;
	uint32_t match;
	uint32_t mask;
	uint8_t format;
	uint8_t cost;
};

extern const struct hart_insn hart_insns[HART_NUM_INSNS];

/* The entry that @word matches, or NULL: such a word is an illegal instruction. */
const struct hart_insn *hart_insn_find(uint32_t word);

#endif
