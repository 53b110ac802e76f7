/* SPDX-License-Identifier: MIT */
/*
 * Builds a vector-engine program on the stack: begin, name operands, add instructions, run. A
 * program may be run again with other operand addresses.
 */
#ifndef VECTOR_PROGRAM_H
#define VECTOR_PROGRAM_H

#include "axon.h"

struct vector_program {
	struct axon_vector_desc d;
	struct axon_vinsn insn[AXON_V_INSNS];
};

static inline void v_begin(struct vector_program *p, uint32_t rows, uint32_t cols)
{
	p->d.h = (struct axon_desc){.op = AXON_VECTOR_RUN};
	p->d.rows = rows;
	p->d.cols = cols;
	p->d.insns = 0;
	p->d.operands = 0;
	p->d.reserved0 = 0;
	p->d.reserved1 = 0;
	p->d.seed = 0;
	p->d.counter = 0;
}

/* Names the next operand and returns its number. Strides in bytes, 0 broadcasts. */
static inline uint8_t v_operand(struct vector_program *p, uint64_t addr, int64_t row_stride,
				int32_t col_stride, uint8_t type)
{
	p->d.operand[p->d.operands] = (struct axon_vector_operand){
		.addr = addr, .row_stride = row_stride, .col_stride = col_stride, .type = type};
	return p->d.operands++;
}

static inline void v_word(struct vector_program *p, uint8_t op, uint8_t dst, uint8_t a, uint8_t b,
			  uint8_t c, uint32_t imm, uint32_t imm2)
{
	p->insn[p->d.insns++] = (struct axon_vinsn){
		.op = op, .dst = dst, .a = a, .b = b, .c = c, .imm = imm, .imm2 = imm2};
}

static inline uint32_t v_bits(float f)
{
	union {
		float f;
		uint32_t u;
	} v = {.f = f};

	return v.u;
}

/* One instruction: v1 with one source, v2 with two, v3 with three, vf and vu with an immediate. */
static inline void v1(struct vector_program *p, uint8_t op, uint8_t dst, uint8_t a)
{
	v_word(p, op, dst, a, 0, 0, 0, 0);
}

static inline void v2(struct vector_program *p, uint8_t op, uint8_t dst, uint8_t a, uint8_t b)
{
	v_word(p, op, dst, a, b, 0, 0, 0);
}

static inline void v3(struct vector_program *p, uint8_t op, uint8_t dst, uint8_t a, uint8_t b,
		      uint8_t c)
{
	v_word(p, op, dst, a, b, c, 0, 0);
}

static inline void vf(struct vector_program *p, uint8_t op, uint8_t dst, uint8_t a, float imm)
{
	v_word(p, op, dst, a, 0, 0, v_bits(imm), 0);
}

static inline void v_const(struct vector_program *p, uint8_t dst, float value)
{
	vf(p, AXON_V_CONST, dst, 0, value);
}

static inline void v_load(struct vector_program *p, uint8_t dst, uint8_t operand)
{
	v1(p, AXON_V_LOAD, dst, operand);
}

static inline void v_store(struct vector_program *p, uint8_t operand, uint8_t src)
{
	v_word(p, AXON_V_STORE, operand, 0, src, 0, 0, 0);
}

static inline void v_pass(struct vector_program *p)
{
	v_word(p, AXON_V_PASS, 0, 0, 0, 0, 0, 0);
}

/* dst = all ones where row·a + col·b + c >= 0 */
static inline void v_affine(struct vector_program *p, uint8_t dst, int16_t a, int16_t b, int32_t c)
{
	v_word(p, AXON_V_AFFINE, dst, 0, 0, 0, (uint32_t)c,
	       (uint16_t)a | (uint32_t)(uint16_t)b << 16);
}

static inline axon_token v_run(struct vector_program *p)
{
	p->d.h.size = (uint16_t)(sizeof(p->d) + p->d.insns * sizeof(p->insn[0]));
	return axon_vector(&p->d);
}

#endif
