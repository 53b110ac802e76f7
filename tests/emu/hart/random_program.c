// SPDX-License-Identifier: MIT
#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "hart_fp.h"
#include "hart_insn.h"
#include "random_program.h"

/* Registers with a fixed meaning; random instructions write x0..x28 only. */
enum {
	NUM_FREE = 29,
	LOOP = 27, /* counts a loop while in one */
	SRAM = 29,
	SCRATCH = 30,
	STATE = 31,
};

struct writer {
	struct program *program;
	struct random *random;
	bool in_loop; /* LOOP must not be written */
};

static void emit(struct writer *w, uint32_t word)
{
	w->program->image.code[w->program->num_words++] = word;
}

static uint32_t match(enum hart_insn_id id)
{
	return hart_insns[id].match;
}

static void emit_i(struct writer *w, enum hart_insn_id id, unsigned rd, unsigned rs1, int32_t imm)
{
	emit(w, match(id) | (uint32_t)imm << 20 | rs1 << 15 | rd << 7);
}

static uint32_t s_fields(unsigned rs1, unsigned rs2, int32_t imm)
{
	return ((uint32_t)imm >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | (imm & 31) << 7;
}

static void emit_s(struct writer *w, enum hart_insn_id id, unsigned rs1, unsigned rs2, int32_t imm)
{
	emit(w, match(id) | s_fields(rs1, rs2, imm));
}

static uint32_t b_fields(unsigned rs1, unsigned rs2, int32_t offset)
{
	uint32_t o = offset;

	return (o >> 12 & 1) << 31 | (o >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 |
	       (o >> 1 & 15) << 8 | (o >> 11 & 1) << 7;
}

static uint32_t j_fields(unsigned rd, int32_t offset)
{
	uint32_t o = offset;

	return (o >> 20 & 1) << 31 | (o >> 1 & 1023) << 21 | (o >> 11 & 1) << 20 |
	       (o >> 12 & 255) << 12 | rd << 7;
}

/* rd = the address of what is @offset bytes into the image */
static void emit_address(struct writer *w, unsigned rd, uint64_t offset)
{
	uint64_t pc = offsetof(struct program_image, code) + w->program->num_words * 4ull;
	int32_t distance = (int32_t)(offset - pc);
	int32_t low = (int32_t)((uint32_t)distance << 20) >> 20;

	emit(w, match(HART_INSN_auipc) | (uint32_t)(distance - low) | rd << 7);
	emit_i(w, HART_INSN_addi, rd, rd, low);
}

static void emit_load_state(struct writer *w, unsigned snippet)
{
	emit_address(w, STATE, offsetof(struct program_image, in[snippet]));
	emit_i(w, HART_INSN_ld, 1, STATE, offsetof(struct snippet_state, fcsr));
	emit(w, match(HART_INSN_csrrw) | 0x003u << 20 | 1 << 15);
	for (unsigned i = 0; i < 32; i++)
		emit_i(w, HART_INSN_fld, i, STATE, offsetof(struct snippet_state, f[i]));
	for (unsigned i = 1; i < 31; i++)
		emit_i(w, HART_INSN_ld, i, STATE, offsetof(struct snippet_state, x[i]));
}

static void emit_store_state(struct writer *w, unsigned snippet)
{
	emit_address(w, STATE, offsetof(struct program_image, out[snippet]));
	for (unsigned i = 0; i < 31; i++)
		emit_s(w, HART_INSN_sd, STATE, i, offsetof(struct snippet_state, x[i]));
	for (unsigned i = 0; i < 32; i++)
		emit_s(w, HART_INSN_fsd, STATE, i, offsetof(struct snippet_state, f[i]));
	emit(w, match(HART_INSN_csrrs) | 0x003u << 20 | 1 << 7);
	emit_s(w, HART_INSN_sd, STATE, 1, offsetof(struct snippet_state, fcsr));
}

static unsigned any_rd(struct writer *w)
{
	unsigned rd = random_below(w->random, NUM_FREE);

	return w->in_loop && rd == LOOP ? 1 : rd;
}

static unsigned any_reg(struct writer *w)
{
	return random_below(w->random, 32);
}

/* The offset of an access: anywhere, or close to the page boundary at the base. */
static int32_t any_offset(struct writer *w)
{
	if (random_below(w->random, 3) == 0)
		return (int32_t)random_below(w->random, 16) - 8;
	return (int32_t)random_below(w->random, 4096) - 2048;
}

static unsigned any_base(struct writer *w)
{
	return random_below(w->random, 2) ? SRAM : SCRATCH;
}

static uint32_t any_rm(struct writer *w)
{
	unsigned rm = random_below(w->random, 8);

	return rm < HART_NUM_RM ? rm : HART_RM_DYN;
}

/* A CSR instruction on fflags, frm or fcsr. Afterwards frm is valid again. */
static void emit_csr(struct writer *w, const struct hart_insn *insn)
{
	uint32_t csr = 1 + random_below(w->random, 3);

	emit(w, insn->match | csr << 20 | any_reg(w) << 15 | any_rd(w) << 7);
	emit(w, match(HART_INSN_csrrs) | 0x003u << 20 | any_rd(w) << 7);
	emit(w,
	     match(HART_INSN_csrrwi) | 0x002u << 20 | random_below(w->random, HART_NUM_RM) << 15);
}

/* Half the time rs1, rs2 and rs3 are a triple that random_state() has related. */
static void emit_fp(struct writer *w, const struct hart_insn *insn, unsigned rd)
{
	unsigned rs1 = any_reg(w), rs2 = any_reg(w), rs3 = any_reg(w);
	uint32_t word = insn->match | rd << 7;

	if (random_below(w->random, 2)) {
		rs1 = random_below(w->random, 10) * 3;
		rs2 = rs1 + 1;
		rs3 = rs1 + 2;
	}
	word |= ~insn->mask & (rs3 << 27 | rs2 << 20 | rs1 << 15 | any_rm(w) << 12);
	emit(w, word);
}

/* One random instruction that goes on to the next. */
static void emit_plain(struct writer *w)
{
	const struct hart_insn *insn;
	unsigned rd;

	do
		insn = &hart_insns[random_below(w->random, HART_NUM_INSNS)];
	while (insn->format == HART_FMT_B || insn->format == HART_FMT_J ||
	       insn->format == HART_FMT_NONE || insn->match == match(HART_INSN_jalr) ||
	       insn->match == match(HART_INSN_custom0));

	rd = any_rd(w);
	switch ((enum hart_format)insn->format) {
	case HART_FMT_R:
		emit(w, insn->match | any_reg(w) << 20 | any_reg(w) << 15 | rd << 7);
		break;
	case HART_FMT_I:
		if (insn->cost == HART_COST_LOAD)
			emit_i(w, insn - hart_insns, rd, any_base(w), any_offset(w));
		else
			emit_i(w, insn - hart_insns, rd, any_reg(w), any_offset(w));
		break;
	case HART_FMT_FLOAD:
		emit_i(w, insn - hart_insns, any_reg(w), any_base(w), any_offset(w));
		break;
	case HART_FMT_SH64:
		emit(w,
		     insn->match | random_below(w->random, 64) << 20 | any_reg(w) << 15 | rd << 7);
		break;
	case HART_FMT_SH32:
		emit(w, insn->match | any_reg(w) << 20 | any_reg(w) << 15 | rd << 7);
		break;
	case HART_FMT_S:
		emit_s(w, insn - hart_insns, any_base(w), any_reg(w), any_offset(w));
		break;
	case HART_FMT_U:
		emit(w, insn->match | ((uint32_t)random_u64(w->random) & 0xfffff000) | rd << 7);
		break;
	case HART_FMT_F: emit_fp(w, insn, any_reg(w)); break;
	case HART_FMT_FX: emit_fp(w, insn, rd); break;
	default: emit_csr(w, insn);
	}
}

/* A branch, jal or auipc and jalr over a few instructions. */
static void emit_forward(struct writer *w)
{
	struct program *p = w->program;
	unsigned kind = random_below(w->random, 8);
	unsigned link = any_rd(w);
	uint32_t at;

	if (kind == 7) {
		unsigned base = 1 + random_below(w->random, 26);

		emit(w, match(HART_INSN_auipc) | base << 7);
		at = p->num_words;
		emit(w, match(HART_INSN_jalr) | base << 15 | link << 7);
	} else {
		at = p->num_words;
		emit(w, 0);
	}
	for (unsigned n = random_below(w->random, 5); n; n--)
		emit_plain(w);

	uint32_t distance = (p->num_words - at) * 4;

	if (kind == 7) /* from the auipc; bit 0 of the target is dropped */
		p->image.code[at] |= (distance + 4 + random_below(w->random, 2)) << 20;
	else if (kind == 6)
		p->image.code[at] = match(HART_INSN_jal) | j_fields(link, distance);
	else
		p->image.code[at] = match(HART_INSN_beq + random_below(w->random, 6)) |
				    b_fields(any_reg(w), any_reg(w), distance);
}

/* A few instructions, repeated. */
static void emit_loop(struct writer *w)
{
	uint32_t start;

	emit_i(w, HART_INSN_addi, LOOP, 0, 1 + random_below(w->random, 4));
	start = w->program->num_words;
	w->in_loop = true;
	for (unsigned n = 1 + random_below(w->random, 4); n; n--)
		emit_plain(w);
	w->in_loop = false;
	emit_i(w, HART_INSN_addi, LOOP, LOOP, -1);
	emit(w, match(HART_INSN_bne) |
			b_fields(LOOP, 0, (int32_t)(start - w->program->num_words) * 4));
}

static void emit_snippet(struct writer *w)
{
	for (unsigned n = 8 + random_below(w->random, 16); n; n--) {
		switch (random_below(w->random, 12)) {
		case 0: emit_forward(w); break;
		case 1: emit_loop(w); break;
		default: emit_plain(w);
		}
	}
	if (random_below(w->random, 50) == 0)
		emit(w, match(HART_INSN_fence_i));
	if (random_below(w->random, 20) == 0)
		emit(w, match(HART_INSN_fence) | 0x0ff << 20);
}

/*
 * Relate f[at], f[at + 1] and f[at + 2], a, b and c, so that a * b + c cancels, or so that a * b is
 * about the least normal number, where underflow begins.
 */
static void relate_f64(uint64_t *f, bool cancel, struct random *r)
{
	double a, b, c;

	memcpy(&a, &f[0], sizeof(a));
	memcpy(&b, &f[1], sizeof(b));
	b = cancel ? b : DBL_MIN / a;
	c = -(a * b);
	memcpy(&f[1], &b, sizeof(b));
	memcpy(&f[2], &c, sizeof(c));
	f[cancel ? 2 : 1] += (uint64_t)random_below(r, 3) - 1;
}

static void relate_f32(uint64_t *f, bool cancel, struct random *r)
{
	uint32_t bits[3] = {f[0], f[1]};
	float a, b, c;

	memcpy(&a, &bits[0], sizeof(a));
	memcpy(&b, &bits[1], sizeof(b));
	b = cancel ? b : FLT_MIN / a;
	c = -(a * b);
	memcpy(&bits[1], &b, sizeof(b));
	memcpy(&bits[2], &c, sizeof(c));
	bits[cancel ? 2 : 1] += random_below(r, 3) - 1;
	for (unsigned i = 0; i < 3; i++)
		f[i] = 0xffffffff00000000ull | bits[i];
}

static void relate(uint64_t *f, struct random *r)
{
	bool cancel = random_below(r, 2);

	if (random_below(r, 2))
		relate_f64(f, cancel, r);
	else
		relate_f32(f, cancel, r);
}

static void random_state(struct snippet_state *s, struct random *r)
{
	for (unsigned i = 1; i < NUM_FREE; i++)
		s->x[i] = random_x(r);
	s->x[SRAM] = AXON_SRAM_BASE + HART_HOST_SRAM / 2;
	s->x[SCRATCH] = HART_HOST_VA + sizeof(((struct program_image *)0)->scratch) / 2;
	for (unsigned i = 0; i < 32; i++)
		s->f[i] = random_f(r);
	for (unsigned i = 0; i < 30; i += 3)
		if (random_below(r, 2))
			relate(&s->f[i], r);
	s->fcsr = random_below(r, HART_NUM_RM) << 5 | random_below(r, 32);
	if (random_below(r, 2))
		s->fcsr = HART_RNE << 5 | HART_FP_NX; /* what a running program has */
}

/* Linux: a7 = number, a0.. = arguments */
static void emit_syscall(struct writer *w, int number)
{
	emit_i(w, HART_INSN_addi, 17, 0, number);
	emit(w, match(HART_INSN_ecall));
}

static void emit_end(struct writer *w)
{
	enum { LINUX_WRITE = 64, LINUX_EXIT = 93 };

	emit_address(w, 11, 0);
	emit_address(w, 12, PROGRAM_DUMP);
	emit(w, match(HART_INSN_sub) | 11 << 20 | 12 << 15 | 12 << 7);
	emit_i(w, HART_INSN_addi, 10, 0, 1);
	emit_syscall(w, LINUX_WRITE);
	emit(w, match(HART_INSN_lui) | AXON_SRAM_BASE | 11 << 7);
	emit(w, match(HART_INSN_lui) | HART_HOST_SRAM | 12 << 7);
	emit_i(w, HART_INSN_addi, 10, 0, 1);
	emit_syscall(w, LINUX_WRITE);
	emit_i(w, HART_INSN_addi, 10, 0, 0);
	emit_syscall(w, LINUX_EXIT);
}

void random_program(struct program *program, struct random *random)
{
	struct writer w = {.program = program, .random = random};
	uint32_t fixed;

	memset(program, 0, sizeof(*program));
	for (unsigned i = 0; i < PROGRAM_SNIPPETS; i++) {
		random_state(&program->image.in[i], random);
		fixed = program->num_words;
		emit_load_state(&w, i);
		program->overhead += program->num_words - fixed;

		program->snippets[i].first = program->num_words;
		emit_snippet(&w);
		program->snippets[i].count = program->num_words - program->snippets[i].first;

		fixed = program->num_words;
		emit_store_state(&w, i);
		program->overhead += program->num_words - fixed;
	}
	emit_end(&w);
	for (unsigned i = 0; i + 8 <= sizeof(program->image.scratch); i += 8)
		memcpy(&program->image.scratch[i], &(uint64_t){random_f(random)}, 8);
	for (unsigned i = 0; i + 8 <= sizeof(program->sram); i += 8)
		memcpy(&program->sram[i], &(uint64_t){random_f(random)}, 8);
}
