/* SPDX-License-Identifier: MIT */
/*
 * The vector engine's own structures. A descriptor is checked and decoded once into steps
 * (vector_decode.c), then run row by row, pass by pass, strip by strip (vector.c), with its operands
 * reached through windows (vector_operand.c).
 *
 * What the specification leaves to this file:
 *  - a row-register instruction that needs a column (LOAD, GATHER, COL, AFFINE, RANDOM) uses column 0;
 *  - TOPK takes no NaN; QUANT of a block with a NaN gives a NaN scale and 0 for that element;
 *  - RSUM and RSUMSQ lanes start at +0; RMAX and RMIN of nothing but NaN give a NaN;
 *  - the order of accesses within a pass is unspecified where one instruction stores what another
 *    one loads, unless each does so at the same element;
 *  - the sign and payload of a NaN result are unspecified.
 */
#ifndef AXON_VECTOR_H
#define AXON_VECTOR_H

#include <stdbool.h>

#include "engine.h"
#include "vector_kernels.h"
#include "window.h"

#define VECTOR_STRIP_MAX 2048 /* columns run at once at most, */
#define VECTOR_STRIP_MIN 512  /* and with all strip registers in use */
#define VECTOR_REGISTERS 32   /* 16 strip, then 16 row registers */

/* A program that stores what it loads cannot be left half-way and run again, so its work, rows ·
 * cols · instructions, is bounded: the chip must come to rest in reasonable time. A row has its own
 * cost, that of so many columns. */
#define VECTOR_UNSTOPPABLE_MAX (1ull << 30)
#define VECTOR_ROW_WORK	       64

enum vector_kind {
	VECTOR_MAP,
	VECTOR_SPLAT, /* CONST, ROW */
	VECTOR_LOAD,
	VECTOR_STORE,
	VECTOR_QUANT,
	VECTOR_GATHER,
	VECTOR_SCATTER,
	VECTOR_AFFINE,
	VECTOR_RANDOM,
	VECTOR_SCAN,
	VECTOR_REDUCE,
	VECTOR_TOPK,
};

struct vector_step {
	uint8_t kind;
	uint8_t op;
	uint8_t dst; /* register; VECTOR_REDUCE: of 16..31 */
	uint8_t src[3];
	uint8_t operand;
	bool in_place;	/* LOAD: the register may point at the operand itself */
	uint8_t direct; /* MAP: 1 + the STORE step whose operand may take the result at once */
	bool stored;	/* STORE: that happened to this strip */
	uint32_t imm, imm2;
	void (*map)(const struct vector_map *m);
	void (*reduce)(struct vector_acc *acc, const float *a, uint32_t step, size_t n,
		       uint32_t col);
	float splat[VECTOR_LANES] __attribute__((aligned(64)));
};

struct vector_pass {
	uint8_t strip_end, row_end, reduces; /* in strip[] and row[]; begin = previous end */
};

struct vector_program {
	uint64_t rows, cols; /* after merging rows that follow each other */
	unsigned int passes;
	bool stoppable;
	bool row_numbers;	/* has ROW */
	uint16_t row_registers; /* named */
	uint16_t strip_registers;
	uint32_t strip_cols; /* columns run at once */
	struct vector_pass pass[AXON_V_INSNS + 1];
	uint8_t strip[AXON_V_INSNS], row[AXON_V_INSNS]; /* indices of steps */
	struct vector_step step[AXON_V_INSNS];
};

struct vector_operand {
	const struct axon_vector_operand *o;
	uint8_t size; /* bytes of an element */
	bool read, written;
	uint64_t row; /* address of this row's column 0 */
	struct window w;
};

/* A register's values: p[i · step]. */
struct vector_reg {
	const float *p;
	uint32_t step;
};

struct vector_topk {
	uint32_t count;
	struct axon_topk heap[AXON_V_TOPK_MAX]; /* worst first */
};

struct vector_state {
	struct engine *e;
	const struct axon_vector_desc *d;
	const struct vector_kernels *k;
	struct vector_program prog;
	struct vector_operand operand[AXON_V_OPERANDS];
	uint32_t row;
	struct vector_reg reg[VECTOR_REGISTERS];
	float scan[AXON_V_INSNS];	       /* by step */
	struct vector_acc acc[AXON_V_INSNS];   /* by step */
	struct vector_topk topk[AXON_V_INSNS]; /* by step */
	uint32_t words[VECTOR_STRIP_MAX + 64]; /* random */
	float values[VECTOR_STRIP_MAX] __attribute__((aligned(64)));
	uint8_t bytes[VECTOR_STRIP_MAX * 4]; /* an operand's elements */
	float row_reg[16][VECTOR_LANES] __attribute__((aligned(64)));
	float *strip_reg[16]; /* in strips, prog.strip_cols each */
	float strips[16 * VECTOR_STRIP_MIN] __attribute__((aligned(64)));
};

/* Checks the descriptor, fills prog and operand[].{o, size, read, written} and sets the cost. */
int vector_decode(struct vector_state *v, uint64_t desc_va);

/* n elements of the current row from column col on; d and values are padded to VECTOR_LANES. */
int vector_load(struct vector_state *v, struct vector_step *s, uint64_t col, uint32_t n, float *d,
		struct vector_reg *out);
int vector_store(struct vector_state *v, const struct vector_step *s, uint64_t col, uint32_t n);
/* Where a step with `direct` set puts its result: in the operand, else at d. */
float *vector_store_place(struct vector_state *v, const struct vector_step *s, uint64_t col,
			  uint32_t n, float *d);
int vector_gather(struct vector_state *v, const struct vector_step *s, uint32_t n, float *d);
int vector_scatter_add(struct vector_state *v, const struct vector_step *s, uint32_t n);
int vector_quant(struct vector_state *v, const struct vector_step *s, uint64_t col, uint32_t n);
int vector_topk_store(struct vector_state *v, const struct vector_step *s,
		      const struct axon_topk *best);

/* Words of the elements col.. of the current row, in v->words; returns the first. */
const uint32_t *vector_random(struct vector_state *v, uint32_t stream, uint64_t col, uint32_t n);

#endif
