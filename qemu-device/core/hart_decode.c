// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "hart_decode.h"
#include "hart_insn.h"

const struct hart_insn hart_insns[HART_NUM_INSNS] = {
#define HART_INSN_ROW(name, match, mask, format, cost) \
	{#name, match, mask, HART_FMT_##format, HART_COST_##cost},
	HART_INSN_LIST(HART_INSN_ROW)
#undef HART_INSN_ROW
};

/* The list by major opcode (bits 6:2): by_opcode[start[o]..start[o + 1] - 1]. */
static struct {
	uint8_t start[33];
	uint8_t by_opcode[HART_NUM_INSNS];
} opcodes;
static pthread_once_t opcodes_once = PTHREAD_ONCE_INIT;

static void index_opcodes(void)
{
	unsigned n = 0;

	for (unsigned o = 0; o < 32; o++) {
		opcodes.start[o] = n;
		for (unsigned i = 0; i < HART_NUM_INSNS; i++)
			if ((hart_insns[i].match >> 2 & 31) == o)
				opcodes.by_opcode[n++] = i;
	}
	opcodes.start[32] = n;
}

const struct hart_insn *hart_insn_find(uint32_t word)
{
	unsigned o = word >> 2 & 31;

	pthread_once(&opcodes_once, index_opcodes);
	for (unsigned i = opcodes.start[o]; i < opcodes.start[o + 1]; i++) {
		const struct hart_insn *insn = &hart_insns[opcodes.by_opcode[i]];

		if ((word & insn->mask) == insn->match)
			return insn;
	}
	return NULL;
}

static int32_t sign_extend(uint32_t value, unsigned bits)
{
	uint32_t sign = 1u << (bits - 1);

	return (int32_t)(((value & (2 * sign - 1)) ^ sign) - sign);
}

static int32_t imm_i(uint32_t w)
{
	return sign_extend(w >> 20, 12);
}

static int32_t imm_s(uint32_t w)
{
	return sign_extend((w >> 25) << 5 | (w >> 7 & 31), 12);
}

static int32_t imm_b(uint32_t w)
{
	return sign_extend((w >> 31) << 12 | (w >> 7 & 1) << 11 | (w >> 25 & 63) << 5 |
				   (w >> 8 & 15) << 1,
			   13);
}

static int32_t imm_j(uint32_t w)
{
	return sign_extend((w >> 31) << 20 | (w >> 12 & 255) << 12 | (w >> 20 & 1) << 11 |
				   (w >> 21 & 1023) << 1,
			   21);
}

/* A branch or jump from @index that no op of its page can be the target of. */
static bool leaves_page(unsigned index, int32_t offset)
{
	int32_t target = (int32_t)index * 4 + offset;

	return target < 0 || target >= (int32_t)HART_PAGE_SIZE || offset & 3;
}

struct decoder {
	struct hart_page *page;
	const void *const *handlers;
	unsigned trampolines;
};

static void decode_jump(struct decoder *d, unsigned index, int32_t offset, bool conditional)
{
	struct hart_op *ops = d->page->ops;
	struct hart_op *op = &ops[index];
	struct hart_op *far;

	if (!leaves_page(index, offset)) {
		op->imm = offset / 4;
		return;
	}
	if (!conditional && offset & 3) {
		op->handler = d->handlers[HART_INSN_jal_misaligned];
		op->imm = (int32_t)index * 4 + offset;
		return;
	}
	far = &ops[HART_PAGE_INSNS + 1 + d->trampolines++];
	far->handler = d->handlers[offset & 3 ? HART_INSN_branch_misaligned : HART_INSN_branch_far];
	far->imm = (int32_t)index * 4 + offset;
	far->before = 0;
	far->rd = index & 255;
	far->rs1 = index >> 8;
	op->imm = (int32_t)(far - op);
}

static void decode_insn(struct decoder *d, unsigned index, uint32_t w)
{
	const struct hart_insn *insn = hart_insn_find(w);
	struct hart_op *op = &d->page->ops[index];

	op->imm = (int32_t)w;
	op->rs1 = w >> 15 & 31;
	op->rd = w >> 7 & 31;
	op[1].before = op->before;
	if (!insn) {
		op->handler = d->handlers[HART_INSN_illegal];
		return;
	}
	op->handler = d->handlers[insn - hart_insns];
	op[1].before += insn->cost;

	switch ((enum hart_format)insn->format) {
	case HART_FMT_R: op->rs2 = w >> 20 & 31; break;
	case HART_FMT_I:
	case HART_FMT_FLOAD: op->imm = imm_i(w); break;
	case HART_FMT_SH64: op->imm = w >> 20 & 63; break;
	case HART_FMT_SH32: op->imm = w >> 20 & 31; break;
	case HART_FMT_S:
		op->imm = imm_s(w);
		op->rd = w >> 20 & 31;
		return;
	case HART_FMT_B:
		op->rd = w >> 20 & 31;
		decode_jump(d, index, imm_b(w), true);
		return;
	case HART_FMT_U:
		op->imm = (int32_t)(w & 0xfffff000);
		if (insn - hart_insns == HART_INSN_auipc)
			op->imm += (int32_t)index * 4;
		break;
	case HART_FMT_J: decode_jump(d, index, imm_j(w), false); break;
	case HART_FMT_F:
	case HART_FMT_FX:
		op->rs2 = w >> 20 & 31;
		op->rs3 = w >> 27;
		op->rm = w >> 12 & 7;
		break;
	case HART_FMT_WORD:
	case HART_FMT_NONE: break;
	}
	if (op->rd == 0 && insn->format != HART_FMT_F && insn->format != HART_FMT_FLOAD)
		op->rd = HART_X_SINK;
}

/* As many as decode_jump() may make. */
static unsigned count_trampolines(const uint32_t words[HART_PAGE_INSNS])
{
	const uint32_t branch = hart_insns[HART_INSN_beq].match & 127;
	const uint32_t jal = hart_insns[HART_INSN_jal].match;
	unsigned n = 0;

	for (unsigned i = 0; i < HART_PAGE_INSNS; i++) {
		uint32_t opcode = words[i] & 127;

		if (opcode == branch)
			n += leaves_page(i, imm_b(words[i]));
		else if (opcode == jal)
			n += leaves_page(i, imm_j(words[i]));
	}
	return n;
}

struct hart_page *hart_decode_page(const uint32_t words[HART_PAGE_INSNS], uint64_t va,
				   const void *const *handlers)
{
	size_t num_ops = HART_PAGE_INSNS + 1 + count_trampolines(words);
	struct hart_page *page = malloc(sizeof(*page) + num_ops * sizeof(page->ops[0]));
	struct decoder d = {.page = page, .handlers = handlers};

	if (!page)
		return NULL;
	page->va = va;
	page->ops[0].before = 0;
	for (unsigned i = 0; i < HART_PAGE_INSNS; i++)
		decode_insn(&d, i, words[i]);
	page->ops[HART_PAGE_INSNS].handler = handlers[HART_INSN_page_end];
	return page;
}
