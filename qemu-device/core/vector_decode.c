/* SPDX-License-Identifier: MIT */
/* The vector engine's descriptor: every field checked, then decoded into steps. */
#include <string.h>

#include "convert.h"
#include "vector_cost.h"
#include "vector.h"

#define AT(member) offsetof(struct axon_vector_desc, member)
#define AT_OPERAND(i, member)                                     \
	(AT(operand) + (i) * sizeof(struct axon_vector_operand) + \
	 offsetof(struct axon_vector_operand, member))
#define AT_INSN(i, member) \
	(AT(insn) + (i) * sizeof(struct axon_vinsn) + offsetof(struct axon_vinsn, member))

enum dst_kind {
	DST_NONE,
	DST_REGISTER,
	DST_ROW, /* a row register, of a reduction */
	DST_STRIP,
	DST_OPERAND,
};

/* What the decoder must know of an opcode beside its number of sources. */
struct opcode {
	uint8_t kind;
	uint8_t dst;
	uint8_t cost;
	uint8_t types; /* operand types allowed, by bit */
};

#define DENSE                                                                           \
	(1 << AXON_F32 | 1 << AXON_BF16 | 1 << AXON_F16 | 1 << AXON_I8 | 1 << AXON_U8 | \
	 1 << AXON_I32)
#define WORDS		(1 << AXON_F32 | 1 << AXON_I32)
#define HEAVY(name)	[AXON_V_##name] = {VECTOR_MAP, DST_REGISTER, COST_VECTOR_HEAVY, 0}
#define REDUCTION(name) [AXON_V_##name] = {VECTOR_REDUCE, DST_ROW, COST_VECTOR_PLAIN, 0}

/* Opcodes that are not here are plain maps. */
static const struct opcode opcodes[AXON_V_OPCODE_COUNT] = {
	[AXON_V_PASS] = {0, DST_NONE, 0, 0},
	[AXON_V_LOAD] = {VECTOR_LOAD, DST_REGISTER, COST_VECTOR_PLAIN, DENSE},
	[AXON_V_STORE] = {VECTOR_STORE, DST_OPERAND, COST_VECTOR_PLAIN, DENSE},
	[AXON_V_QUANT] = {VECTOR_QUANT, DST_OPERAND, COST_VECTOR_PLAIN, 1 << AXON_Q8A},
	[AXON_V_GATHER] = {VECTOR_GATHER, DST_REGISTER, COST_VECTOR_SERIAL, DENSE},
	[AXON_V_SCATTER_ADD] = {VECTOR_SCATTER, DST_OPERAND, COST_VECTOR_SERIAL, 1 << AXON_F32},
	[AXON_V_CONST] = {VECTOR_SPLAT, DST_REGISTER, COST_VECTOR_PLAIN, 0},
	[AXON_V_ROW] = {VECTOR_SPLAT, DST_REGISTER, COST_VECTOR_PLAIN, 0},
	[AXON_V_AFFINE] = {VECTOR_AFFINE, DST_REGISTER, COST_VECTOR_PLAIN, 0},
	[AXON_V_TOPK] = {VECTOR_TOPK, DST_OPERAND, COST_VECTOR_SERIAL, WORDS},
	[AXON_V_SCAN] = {VECTOR_SCAN, DST_STRIP, COST_VECTOR_SERIAL, 0},
	[AXON_V_RANDOM] = {VECTOR_RANDOM, DST_REGISTER, COST_VECTOR_SERIAL, 0},
	[AXON_V_UNIFORM] = {VECTOR_RANDOM, DST_REGISTER, COST_VECTOR_SERIAL, 0},
	HEAVY(DIV),
	HEAVY(SQRT),
	HEAVY(RSQRT),
	HEAVY(RCP),
	HEAVY(EXP),
	HEAVY(LOG),
	HEAVY(TANH),
	HEAVY(ERF),
	HEAVY(SIGMOID),
	REDUCTION(RSUM),
	REDUCTION(RMAX),
	REDUCTION(RMIN),
	REDUCTION(RSUMSQ),
	REDUCTION(RARGMAX),
};

static const uint8_t source_count[AXON_V_OPCODE_COUNT] = {
#define SOURCES(name, sources, text) [AXON_V_##name] = (sources),
	AXON_V_LIST(SOURCES)
#undef SOURCES
};

static struct opcode opcode_of(unsigned int op)
{
	struct opcode o = opcodes[op];

	if (op != AXON_V_PASS && o.dst == DST_NONE)
		o = (struct opcode){VECTOR_MAP, DST_REGISTER, COST_VECTOR_PLAIN, 0};
	return o;
}

/* ---- header and operands ----------------------------------------------------------------- */
static int check_header(struct engine *e, const struct axon_vector_desc *d, uint64_t va)
{
	if (d->h.op >= AXON_VECTOR_OP_COUNT)
		return engine_bad_desc(e, va, AT(h.op), d->h.op);
	if (d->h.size < sizeof(*d))
		return engine_bad_desc(e, va, AT(h.size), d->h.size);
	if (d->h.flags)
		return engine_bad_desc(e, va, AT(h.flags), d->h.flags);
	if (d->h.reserved)
		return engine_bad_desc(e, va, AT(h.reserved), d->h.reserved);
	if (d->insns < 1 || d->insns > AXON_V_INSNS)
		return engine_bad_desc(e, va, AT(insns), d->insns);
	if (d->h.size != sizeof(*d) + d->insns * sizeof(d->insn[0]))
		return engine_bad_desc(e, va, AT(h.size), d->h.size);
	if (d->operands > AXON_V_OPERANDS)
		return engine_bad_desc(e, va, AT(operands), d->operands);
	if (d->reserved0)
		return engine_bad_desc(e, va, AT(reserved0), d->reserved0);
	if (d->reserved1)
		return engine_bad_desc(e, va, AT(reserved1), d->reserved1);
	if (d->counter >> 32)
		return engine_bad_desc(e, va, AT(counter) + 4, d->counter >> 32);
	return 0;
}

static int check_operands(struct vector_state *v, uint64_t va)
{
	const struct axon_vector_desc *d = v->d;

	for (unsigned int i = 0; i < d->operands; i++) {
		const struct axon_vector_operand *o = &d->operand[i];
		const bool half = o->type == AXON_BF16 || o->type == AXON_F16;

		if (!type_size(o->type) && o->type != AXON_Q8A)
			return engine_bad_desc(v->e, va, AT_OPERAND(i, type), o->type);
		if (o->flags & ~(half ? AXON_VO_STOCHASTIC : 0))
			return engine_bad_desc(v->e, va, AT_OPERAND(i, flags), o->flags);
		if (o->reserved)
			return engine_bad_desc(v->e, va, AT_OPERAND(i, reserved), o->reserved);
		v->operand[i] = (struct vector_operand){.o = o, .size = type_size(o->type)};
	}
	return 0;
}

/* ---- instructions ------------------------------------------------------------------------ */
struct decoder {
	struct vector_state *v;
	uint64_t va;
	uint32_t live; /* registers that hold something: all row ones, strip ones written */
	uint64_t lane_cycles, memory_bytes;
};

static bool names_operand(unsigned int kind)
{
	return kind == VECTOR_LOAD || kind == VECTOR_GATHER || kind == VECTOR_STORE ||
	       kind == VECTOR_QUANT || kind == VECTOR_SCATTER || kind == VECTOR_TOPK;
}

static bool writes_operand(unsigned int kind)
{
	return names_operand(kind) && kind != VECTOR_LOAD && kind != VECTOR_GATHER;
}

static int decode_operand(struct decoder *p, unsigned int i, const struct opcode *o,
			  struct vector_step *s)
{
	const struct axon_vinsn *insn = &p->v->d->insn[i];
	const bool write = o->dst == DST_OPERAND;
	const uint8_t number = write ? insn->dst : insn->a;
	struct vector_operand *op;

	if (number >= p->v->d->operands)
		return engine_bad_desc(p->v->e, p->va, write ? AT_INSN(i, dst) : AT_INSN(i, a),
				       number);
	op = &p->v->operand[number];
	if (!(o->types >> op->o->type & 1))
		return engine_bad_desc(p->v->e, p->va, AT_OPERAND(number, type), op->o->type);
	if (o->kind == VECTOR_QUANT && p->v->d->cols % 32)
		return engine_bad_desc(p->v->e, p->va, AT(cols), p->v->d->cols);
	if (o->kind == VECTOR_TOPK && (insn->imm < 1 || insn->imm > AXON_V_TOPK_MAX))
		return engine_bad_desc(p->v->e, p->va, AT_INSN(i, imm), insn->imm);
	s->operand = number;
	op->written |= write;
	op->read |= !write || o->kind == VECTOR_SCATTER;
	return 0;
}

/* Registers read, in a, b, c or, where those name an operand first, b, c. */
static int decode_sources(struct decoder *p, unsigned int i, const struct opcode *o, bool row_dst,
			  struct vector_step *s)
{
	const struct axon_vinsn *insn = &p->v->d->insn[i];
	const uint8_t number[3] = {insn->a, insn->b, insn->c};
	const unsigned int first = o->dst == DST_OPERAND || o->kind == VECTOR_GATHER;

	for (unsigned int j = 0; j < source_count[s->op]; j++) {
		const uint8_t reg = number[first + j];

		if (reg >= VECTOR_REGISTERS || !(p->live >> reg & 1) ||
		    (row_dst && reg < AXON_R(0)))
			return engine_bad_desc(p->v->e, p->va, AT_INSN(i, a) + first + j, reg);
		if (reg >= AXON_R(0))
			p->v->prog.row_registers |= 1u << (reg - AXON_R(0));
		s->src[j] = reg;
	}
	return 0;
}

static int decode_destination(struct decoder *p, unsigned int i, const struct opcode *o)
{
	const uint8_t dst = p->v->d->insn[i].dst;
	const bool row = dst >= AXON_R(0);

	if (o->dst == DST_OPERAND)
		return 0;
	if (dst >= VECTOR_REGISTERS || (row && o->dst == DST_STRIP) || (!row && o->dst == DST_ROW))
		return engine_bad_desc(p->v->e, p->va, AT_INSN(i, dst), dst);
	if (row) {
		p->v->prog.row_registers |= 1u << (dst - AXON_R(0));
	} else {
		p->v->prog.strip_registers |= 1u << dst;
		p->live |= 1u << dst;
	}
	return 0;
}

/* Adds step i's cost: its lanes' work, and its traffic when its operand is in memory. */
static void count_cost(struct decoder *p, const struct opcode *o, const struct vector_step *s,
		       bool row_dst)
{
	const uint64_t rows = p->v->d->rows, cols = p->v->d->cols;
	const struct axon_vector_operand *operand = &p->v->d->operand[s->operand];
	uint64_t bytes;

	p->lane_cycles = cost_add(
		p->lane_cycles,
		cost_mul(rows * (row_dst ? 1 : cost_units(cols, COST_VECTOR_LANES)), o->cost));
	if (!names_operand(o->kind) || engine_is_local(operand->addr))
		return;
	switch (o->kind) {
	case VECTOR_TOPK: bytes = s->imm * sizeof(struct axon_topk); break;
	case VECTOR_QUANT: bytes = cols / 32 * sizeof(struct axon_q8a); break;
	default:
		bytes = row_dst || (!operand->col_stride && o->kind != VECTOR_GATHER &&
				    o->kind != VECTOR_SCATTER)
				? 1
				: cols;
		bytes *= type_size(operand->type) * (o->kind == VECTOR_SCATTER ? 2 : 1);
	}
	p->memory_bytes = cost_add(p->memory_bytes, cost_mul(rows, bytes));
}

static int decode_insn(struct decoder *p, unsigned int i, struct vector_step *s, bool *row_dst)
{
	const struct axon_vinsn *insn = &p->v->d->insn[i];
	struct opcode o;
	int cause = 0;

	o = opcode_of(insn->op);
	/* a row register is stored once, after the pass */
	*row_dst = (o.dst == DST_REGISTER && insn->dst >= AXON_R(0)) ||
		   (o.kind == VECTOR_STORE && insn->b >= AXON_R(0));
	s->kind = o.kind;
	s->op = insn->op;
	s->dst = insn->dst;
	s->imm = insn->imm;
	s->imm2 = insn->imm2;
	s->operand = 0;
	s->in_place = false;
	s->direct = 0;
	s->stored = false;
	memset(s->src, 0, sizeof(s->src));
	s->map = p->v->k->map[insn->op];
	s->reduce = p->v->k->reduce[insn->op];
	p->v->prog.row_numbers |= insn->op == AXON_V_ROW;
	if (names_operand(o.kind))
		cause = decode_operand(p, i, &o, s);
	if (!cause)
		cause = decode_sources(p, i, &o, *row_dst, s);
	if (!cause)
		cause = decode_destination(p, i, &o);
	if (cause)
		return cause;
	if ((insn->op == AXON_V_SHL || insn->op == AXON_V_SHR || insn->op == AXON_V_SAR) &&
	    insn->imm > 31)
		return engine_bad_desc(p->v->e, p->va, AT_INSN(i, imm), insn->imm);
	for (int lane = 0; lane < VECTOR_LANES; lane++)
		s->splat[lane] = f32_from_bits(insn->imm);
	count_cost(p, &o, s, *row_dst);
	return 0;
}

static int decode_insns(struct decoder *p)
{
	const struct axon_vector_desc *d = p->v->d;
	struct vector_program *prog = &p->v->prog;
	unsigned int strips = 0, rows = 0;
	struct vector_pass *pass = prog->pass;
	bool row_dst;
	int cause;

	*pass = (struct vector_pass){0};
	p->live = ~0u << AXON_R(0);
	for (unsigned int i = 0; i < d->insns; i++) {
		const struct axon_vinsn *insn = &d->insn[i];

		if (insn->op >= AXON_V_OPCODE_COUNT)
			return engine_bad_desc(p->v->e, p->va, AT_INSN(i, op), insn->op);
		if (insn->reserved[0] | insn->reserved[1] | insn->reserved[2])
			return engine_bad_desc(p->v->e, p->va, AT_INSN(i, reserved),
					       insn->reserved[0] | insn->reserved[1] << 8 |
						       insn->reserved[2] << 16);
		if (insn->op == AXON_V_PASS) {
			p->live = ~0u << AXON_R(0);
			*++pass = (struct vector_pass){strips, rows, 0};
			continue;
		}
		cause = decode_insn(p, i, &prog->step[i], &row_dst);
		if (cause)
			return cause;
		if (row_dst)
			prog->row[rows++] = i;
		else
			prog->strip[strips++] = i;
		pass->reduces +=
			prog->step[i].kind == VECTOR_REDUCE || prog->step[i].kind == VECTOR_TOPK;
		pass->strip_end = strips;
		pass->row_end = rows;
	}
	prog->passes = pass - prog->pass + 1;
	return 0;
}

/* ---- what may be taken together ---------------------------------------------------------- */
/* The addresses [lo, hi) that an operand can reach; false when they leave the address space. */
static bool reach(const struct axon_vector_desc *d, const struct axon_vector_operand *o,
		  __int128 *lo, __int128 *hi)
{
	const uint32_t div = o->row_div;
	const __int128 inner = div ? (div < d->rows ? div : d->rows) - 1 : d->rows - 1;
	const __int128 outer = div ? (d->rows - 1) / div : 0;
	const __int128 cols = o->limit > d->cols ? o->limit : d->cols;
	const __int128 part[3] = {
		inner * o->row_stride,
		outer * o->outer_stride,
		/* a row of TOPK reaches no further than this and its length */
		o->type == AXON_Q8A ? cols / 32 * 40 : (cols - 1) * o->col_stride,
	};

	*lo = o->addr;
	*hi = *lo + AXON_V_TOPK_MAX * sizeof(struct axon_topk);
	for (int i = 0; i < 3; i++) {
		if (part[i] < 0)
			*lo += part[i];
		else
			*hi += part[i];
	}
	return *lo >= 0 && *hi <= UINT64_MAX;
}

/* For each operand the set of those that it may share bytes with, itself among them. */
static void find_overlaps(const struct vector_state *v, uint8_t overlap[AXON_V_OPERANDS])
{
	__int128 lo[AXON_V_OPERANDS], hi[AXON_V_OPERANDS];
	bool known[AXON_V_OPERANDS];

	for (unsigned int i = 0; i < v->d->operands; i++) {
		known[i] = reach(v->d, v->operand[i].o, &lo[i], &hi[i]);
		overlap[i] = 1 << i;
		for (unsigned int j = 0; j < i; j++)
			if (!known[i] || !known[j] || (lo[i] < hi[j] && lo[j] < hi[i])) {
				overlap[i] |= 1 << j;
				overlap[j] |= 1 << i;
			}
	}
}

/* Whether some operand that is written shares bytes with one that is read. */
static bool reads_own_output(const struct vector_state *v, const uint8_t overlap[AXON_V_OPERANDS])
{
	unsigned int read = 0;

	for (unsigned int i = 0; i < v->d->operands; i++)
		read |= v->operand[i].read << i;
	for (unsigned int i = 0; i < v->d->operands; i++)
		if (v->operand[i].written && overlap[i] & read)
			return true;
	return false;
}

/* The operands that a step writes, by bit. */
static unsigned int writes(const struct vector_program *prog, const struct vector_step *s)
{
	if (s->kind == VECTOR_MAP && s->direct)
		return 1u << prog->step[s->direct - 1].operand;
	return writes_operand(s->kind) ? 1u << s->operand : 0;
}

/*
 * Whether a register whose values are in an operand from strip step `from` on keeps them there until
 * its last use: nothing that shares bytes with the operand is written before. `own` may write it.
 */
static bool stays(const struct vector_program *prog, unsigned int from, unsigned int end,
		  unsigned int reg, unsigned int shared, const struct vector_step *own)
{
	bool written = false;

	for (unsigned int i = from + 1; i < end; i++) {
		const struct vector_step *s = &prog->step[prog->strip[i]];

		for (unsigned int j = 0; j < source_count[s->op]; j++)
			if (s->src[j] == reg && written)
				return false;
		if (s != own && writes(prog, s) & shared)
			written = true;
		if (!writes_operand(s->kind) && s->kind != VECTOR_REDUCE && s->dst == reg)
			break;
	}
	return true;
}

/* The step in begin..at - 1 that makes reg, if between it and `at` nothing touches the operands. */
static struct vector_step *maker(struct vector_program *prog, unsigned int begin, unsigned int at,
				 unsigned int reg, unsigned int operands, unsigned int *index)
{
	for (unsigned int i = at; i-- > begin;) {
		struct vector_step *s = &prog->step[prog->strip[i]];

		if (names_operand(s->kind) && operands >> s->operand & 1)
			return NULL;
		if (writes_operand(s->kind) || s->kind == VECTOR_REDUCE || s->dst != reg)
			continue;
		*index = i;
		return s->kind == VECTOR_MAP && !s->direct ? s : NULL;
	}
	return NULL;
}

/*
 * Whether a register that is made at strip step `from` serves as indices. Those must be the engine's own:
 * what lies in an operand, others may change between the check of an index and its use.
 */
static bool is_index(const struct vector_program *prog, unsigned int from, unsigned int end,
		     unsigned int reg)
{
	for (unsigned int i = from + 1; i < end; i++) {
		const struct vector_step *s = &prog->step[prog->strip[i]];

		if ((s->kind == VECTOR_GATHER || s->kind == VECTOR_SCATTER) && s->src[0] == reg)
			return true;
		if (!writes_operand(s->kind) && s->kind != VECTOR_REDUCE && s->dst == reg)
			return false;
	}
	return false;
}

/*
 * Saves copies: a STORE of words that lie together may be done by the step that makes them, and a
 * LOAD of such words may leave them where they are.
 */
static void find_in_place(struct vector_state *v, const uint8_t overlap[AXON_V_OPERANDS])
{
	struct vector_program *prog = &v->prog;
	unsigned int begin = 0, at;

	for (unsigned int n = 0; n < prog->passes; begin = prog->pass[n++].strip_end) {
		const unsigned int end = prog->pass[n].strip_end;

		for (unsigned int i = begin; i < end; i++) {
			struct vector_step *store = &prog->step[prog->strip[i]], *from;
			const unsigned int shared = overlap[store->operand];

			if (store->kind != VECTOR_STORE || store->src[0] >= AXON_R(0) ||
			    v->operand[store->operand].size != 4 ||
			    v->d->operand[store->operand].col_stride != 4)
				continue;
			from = maker(prog, begin, i, store->src[0], shared, &at);
			if (from && !is_index(prog, at, end, store->src[0]) &&
			    stays(prog, at, end, store->src[0], shared, store))
				from->direct = store - prog->step + 1;
		}
		for (unsigned int i = begin; i < end; i++) {
			struct vector_step *load = &prog->step[prog->strip[i]];

			if (load->kind == VECTOR_LOAD)
				load->in_place = !is_index(prog, i, end, load->dst) &&
						 stays(prog, i, end, load->dst,
						       overlap[load->operand], NULL);
		}
	}
}

/* Rows that follow each other without a gap are one long row when nothing depends on the row. */
static bool rows_merge(const struct vector_state *v)
{
	const struct axon_vector_desc *d = v->d;

	if (v->prog.passes > 1 || v->prog.row_registers || v->prog.pass[0].reduces)
		return false;
	for (unsigned int i = 0; i < d->insns; i++)
		if (d->insn[i].op == AXON_V_ROW || d->insn[i].op == AXON_V_COL ||
		    d->insn[i].op == AXON_V_AFFINE || d->insn[i].op == AXON_V_SCAN ||
		    d->insn[i].op == AXON_V_GATHER || d->insn[i].op == AXON_V_SCATTER_ADD)
			return false;
	for (unsigned int i = 0; i < d->operands; i++) {
		const struct axon_vector_operand *o = &d->operand[i];
		const int64_t row =
			o->type == AXON_Q8A ? d->cols / 32 * 40 : (int64_t)d->cols * o->col_stride;

		if (o->row_div || o->row_stride != row)
			return false;
	}
	return true;
}

/* Shares half a common L1 cache out among the strip registers in use. */
static void place_strips(struct vector_state *v)
{
	const unsigned int used = __builtin_popcount(v->prog.strip_registers);
	uint32_t cols = used ? 16384 / sizeof(float) / used & ~63u : VECTOR_STRIP_MAX;
	float *strip = v->strips;

	if (cols < VECTOR_STRIP_MIN)
		cols = VECTOR_STRIP_MIN;
	if (cols > VECTOR_STRIP_MAX)
		cols = VECTOR_STRIP_MAX;
	v->prog.strip_cols = cols;
	for (unsigned int i = 0; i < 16; i++) {
		v->strip_reg[i] = strip;
		if (v->prog.strip_registers >> i & 1)
			strip += cols;
	}
}

int vector_decode(struct vector_state *v, uint64_t desc_va)
{
	const struct axon_vector_desc *d = v->d;
	struct decoder p = {.v = v, .va = desc_va};
	uint8_t overlap[AXON_V_OPERANDS];
	uint64_t row_work;
	int cause = check_header(v->e, d, desc_va);

	if (!cause)
		cause = check_operands(v, desc_va);
	v->prog.row_registers = 0;
	v->prog.strip_registers = 0;
	v->prog.row_numbers = false;
	if (!cause)
		cause = decode_insns(&p);
	if (cause)
		return cause;

	find_overlaps(v, overlap);
	find_in_place(v, overlap);
	v->prog.stoppable = !d->rows || !d->cols || !reads_own_output(v, overlap);
	row_work = d->cols > VECTOR_ROW_WORK ? d->cols : VECTOR_ROW_WORK;
	if (!v->prog.stoppable && d->rows * row_work > VECTOR_UNSTOPPABLE_MAX / d->insns)
		return engine_bad_desc(v->e, desc_va, AT(rows), d->rows);
	v->prog.rows = d->rows;
	v->prog.cols = d->cols;
	if (d->rows && d->cols && rows_merge(v)) {
		v->prog.rows = 1;
		v->prog.cols = (uint64_t)d->rows * d->cols;
	}
	place_strips(v);
	for (unsigned int i = 0; i < d->operands; i++)
		window_init(&v->operand[i].w, v->e,
			    v->operand[i].written ? ENGINE_WRITE : ENGINE_READ);
	p.memory_bytes = cost_units(p.memory_bytes, COST_VECTOR_MEMORY_BYTES);
	v->e->cycles = cost_add(COST_VECTOR_START,
				p.lane_cycles > p.memory_bytes ? p.lane_cycles : p.memory_bytes);
	return 0;
}
