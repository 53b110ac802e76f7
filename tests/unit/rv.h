/* SPDX-License-Identifier: MIT */
/* RISC-V instruction words for hand-written test programs (RISC-V unprivileged ISA, chapter 35). */
#ifndef RV_H
#define RV_H

#include <stdint.h>

enum { ZERO, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3, A4, A5 };

#define RV_R(op, f3, f7, rd, rs1, rs2) \
	((uint32_t)(f7) << 25 | (uint32_t)(rs2) << 20 | (rs1) << 15 | (f3) << 12 | (rd) << 7 | (op))
#define RV_I(op, f3, rd, rs1, imm) \
	(((uint32_t)(imm)&0xfff) << 20 | (rs1) << 15 | (f3) << 12 | (rd) << 7 | (op))
#define RV_S(f3, rs2, rs1, imm)                                                                   \
	(((uint32_t)(imm) >> 5 & 0x7f) << 25 | (uint32_t)(rs2) << 20 | (rs1) << 15 | (f3) << 12 | \
	 ((uint32_t)(imm)&0x1f) << 7 | 0x23)
#define RV_B(f3, rs1, rs2, off)                                                                 \
	(((uint32_t)(off) >> 12 & 1) << 31 | ((uint32_t)(off) >> 5 & 0x3f) << 25 |              \
	 (uint32_t)(rs2) << 20 | (rs1) << 15 | (f3) << 12 | ((uint32_t)(off) >> 1 & 0xf) << 8 | \
	 ((uint32_t)(off) >> 11 & 1) << 7 | 0x63)

#define RV_LUI(rd, imm20)		((uint32_t)(imm20) << 12 | (rd) << 7 | 0x37)
#define RV_ADDI(rd, rs1, imm)		RV_I(0x13, 0, rd, rs1, imm)
#define RV_SLLI(rd, rs1, n)		RV_I(0x13, 1, rd, rs1, n)
#define RV_ADD(rd, rs1, rs2)		RV_R(0x33, 0, 0, rd, rs1, rs2)
#define RV_MUL(rd, rs1, rs2)		RV_R(0x33, 0, 1, rd, rs1, rs2)
#define RV_LD(rd, rs1, imm)		RV_I(0x03, 3, rd, rs1, imm)
#define RV_LW(rd, rs1, imm)		RV_I(0x03, 2, rd, rs1, imm)
#define RV_SD(rs2, rs1, imm)		RV_S(3, rs2, rs1, imm)
#define RV_SW(rs2, rs1, imm)		RV_S(2, rs2, rs1, imm)
#define RV_BNE(rs1, rs2, off)		RV_B(1, rs1, rs2, off)
#define RV_BEQ(rs1, rs2, off)		RV_B(0, rs1, rs2, off)
#define RV_JALR(rd, rs1, imm)		RV_I(0x67, 0, rd, rs1, imm)
#define RV_RET				RV_JALR(ZERO, RA, 0)
#define RV_LOOP				RV_BEQ(ZERO, ZERO, 0) /* for (;;); */
#define RV_ECALL			0x00000073u
#define RV_EBREAK			0x00100073u
#define RV_CSRR(rd, csr)		RV_I(0x73, 2, rd, ZERO, csr)
#define RV_CUSTOM(f3, f7, rd, rs1, rs2) RV_R(0x0b, f3, f7, rd, rs1, rs2)

#endif
